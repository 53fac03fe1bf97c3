// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* BAR0, safe operations included. One table says which registers there are, how wide, and whether the host writes them. */
#include <string.h>

#include <firmware/abi/boot.h>
#include <firmware/abi/pte.h>
#include <firmware/abi/safe.h>

#include "mini.h"

enum { RO = 1, RW = 2, WO = 4, WIDE = 8 };

static const struct {
	uint32_t at;
	unsigned int how;
} table[] = {
	{ WEFT_REG_MAGIC, RO },
	{ WEFT_REG_CONTRACT_MAX, RO },
	{ WEFT_REG_CONTRACT_MIN, RO },
	{ WEFT_REG_SERIAL, RO },
	{ WEFT_REG_CAPS, RO | WIDE },
	{ WEFT_REG_LMEM_BYTES, RO | WIDE },
	{ WEFT_REG_USER_LIMIT, RW | WIDE },
	{ WEFT_REG_NUM_ASIDS, RO },
	{ WEFT_REG_NUM_QUEUES, RO },
	{ WEFT_REG_NUM_SLOTS, RO },
	{ WEFT_REG_NUM_ENGINES, RO },
	{ WEFT_REG_NUM_LINKS, RO },
	{ WEFT_REG_RESET_GEN, RO | WIDE },
	{ WEFT_REG_HANG_MS, RW },
	{ WEFT_REG_BOOT_CTRL, WO },
	{ WEFT_REG_BOOT_STATUS, RO },
	{ WEFT_REG_BOOT_IMAGE, RW | WIDE },
	{ WEFT_REG_BOOT_BYTES, RW | WIDE },
	{ WEFT_REG_FW_VERSION, RO },
	{ WEFT_REG_FW_HEARTBEAT, RO },
	{ WEFT_REG_FW_WATCHDOG_MS, RW },
	{ WEFT_REG_MBOX_BASE, RW | WIDE },
	{ WEFT_REG_MBOX_REQ_TAIL, RW },
	{ WEFT_REG_MBOX_REQ_HEAD, RO },
	{ WEFT_REG_MBOX_RSP_TAIL, RO },
	{ WEFT_REG_MBOX_RSP_HEAD, RW },
	{ WEFT_REG_LOG_BASE, RW | WIDE },
	{ WEFT_REG_LOG_BYTES, RW },
	{ WEFT_REG_LOG_TAIL, RO },
	{ WEFT_REG_EVT_BASE, RW | WIDE },
	{ WEFT_REG_EVT_LOG2, RW },
	{ WEFT_REG_EVT_ENABLE, RW },
	{ WEFT_REG_EVT_TAIL, RO },
	{ WEFT_REG_EVT_HEAD, RW },
	{ WEFT_REG_EVT_STATUS, RW },
	{ WEFT_REG_IRQ_VECTORS, RW },
	{ WEFT_REG_SAFE_ARG0, RW | WIDE },
	{ WEFT_REG_SAFE_ARG1, RW | WIDE },
	{ WEFT_REG_SAFE_ARG2, RW | WIDE },
	{ WEFT_REG_SAFE_CMD, WO | WIDE },
	{ WEFT_REG_CLOCK_NOW, RO | WIDE },
};

uint64_t mini_reg64(const struct mini_card *c, uint32_t at)
{
	return c->reg[at / 4] | (uint64_t)c->reg[at / 4 + 1] << 32;
}

static void set64(struct mini_card *c, uint32_t at, uint64_t v)
{
	c->reg[at / 4] = (uint32_t)v;
	c->reg[at / 4 + 1] = v >> 32;
}

bool mini_carveout(const struct mini_card *c, uint64_t at, uint64_t bytes)
{
	uint64_t limit = mini_reg64(c, WEFT_REG_USER_LIMIT);

	return limit && at >= limit && at <= c->lmem_bytes && bytes <= c->lmem_bytes - at;
}

/* How the register of which [at, at + 4) is a part may be accessed, and where it starts. */
static unsigned int find(uint32_t at, uint32_t *start)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (at == table[i].at || ((table[i].how & WIDE) && at == table[i].at + 4)) {
			*start = table[i].at;
			return table[i].how;
		}
	*start = at;
	if (at >= WEFT_REG_SAFE_DONE(0) && at < WEFT_REG_SAFE_STATUS(8))
		return RO;
	if (at >= WEFT_REG_ENGINES && at < WEFT_REG_ENGINES + sizeof(struct weft_engine_info))
		return RO;
	return 0;
}

static uint64_t value(struct mini_card *c, uint32_t at)
{
	switch (at) {
	case WEFT_REG_MAGIC:
		return WEFT_MAGIC;
	case WEFT_REG_CONTRACT_MAX:
	case WEFT_REG_CONTRACT_MIN:
		return WEFT_CONTRACT_VERSION;
	case WEFT_REG_SERIAL:
		return c->index + 1;
	case WEFT_REG_CAPS:
		return MINI_CAPS;
	case WEFT_REG_LMEM_BYTES:
		return c->lmem_bytes;
	case WEFT_REG_NUM_ASIDS:
		return MINI_ASIDS;
	case WEFT_REG_NUM_QUEUES:
		return MINI_QUEUES;
	case WEFT_REG_NUM_SLOTS:
	case WEFT_REG_NUM_ENGINES:
		return 1;
	case WEFT_REG_NUM_LINKS:
		return MINI_LINKS;
	case WEFT_REG_RESET_GEN:
		return c->reset_gen;
	case WEFT_REG_BOOT_STATUS:
		return WEFT_BOOT_RUNNING | WEFT_BOOT_OK << 8;
	case WEFT_REG_FW_VERSION:
		return MINI_FW_VERSION;
	case WEFT_REG_FW_HEARTBEAT:	/* the firmware lives whenever this is answered */
		return (uint32_t)(mini_clock(c) / 50000000);
	case WEFT_REG_IRQ_VECTORS:
		return c->reg[at / 4] ? c->reg[at / 4] : 1;
	case WEFT_REG_CLOCK_NOW:
		return mini_clock(c);
	case WEFT_REG_ENGINES:
		return WEFT_ENGINE_COPY;
	case WEFT_REG_ENGINES + 4:	/* a group of its own: no other card's engine waits for this one */
		return c->index;
	case WEFT_REG_ENGINES + 8:
		return 1;
	}
	return mini_reg64(c, at);
}

void mini_reg_read(struct mini_card *c, uint64_t at, void *data, uint32_t bytes)
{
	uint32_t start;
	unsigned int how;
	uint64_t v = 0;

	memset(data, 0, bytes);
	if (at % bytes || at >= WEFT_BAR_REGS_BYTES || (bytes != 4 && bytes != 8))
		return;
	how = find((uint32_t)at, &start);
	if (!(how & (RO | RW)) || (bytes == 8 && !(how & WIDE)))
		return;
	if (at != start) {	/* the high half, of the same moment as the low one before it */
		v = c->high_read_at == start ? c->high_read : value(c, start) >> 32;
		c->high_read_at = 0;
	} else {
		v = value(c, start);
		c->high_read = v >> 32;
		c->high_read_at = (how & WIDE) && bytes == 4 ? start : 0;
	}
	memcpy(data, &v, bytes);
}

static enum weft_safe_status safe(struct mini_card *c, unsigned int op)
{
	uint64_t arg0 = mini_reg64(c, WEFT_REG_SAFE_ARG0), arg1 = mini_reg64(c, WEFT_REG_SAFE_ARG1);
	uint64_t arg2 = mini_reg64(c, WEFT_REG_SAFE_ARG2), end = UINT64_C(1) << WEFT_VA_BITS;

	switch (op) {
	case WEFT_SAFE_QUEUE_STOP:
		if (arg0 >= MINI_QUEUES || !c->queue[arg0].run)
			return WEFT_SAFE_BAD_ARG;
		mini_queue_stop(c, &c->queue[arg0]);
		return WEFT_SAFE_OK;
	case WEFT_SAFE_AS_STOP:
		if (arg0 >= MINI_ASIDS || !c->as[arg0].exists)
			return WEFT_SAFE_BAD_ARG;
		for (unsigned int i = 0; i < MINI_QUEUES; i++)
			if (c->queue[i].run && c->queue[i].d.asid == arg0)
				mini_queue_stop(c, &c->queue[i]);
		return WEFT_SAFE_OK;
	case WEFT_SAFE_AS_INVALIDATE:	/* no translation is kept */
		if (arg0 >= MINI_ASIDS || !c->as[arg0].exists || arg2 % WEFT_PAGE_BYTES ||
		    (arg2 && (arg1 % WEFT_PAGE_BYTES || arg1 > end || arg2 > end - arg1)))
			return WEFT_SAFE_BAD_ARG;
		return WEFT_SAFE_OK;
	}
	return WEFT_SAFE_BAD_OP;
}

static void command(struct mini_card *c, uint64_t v)
{
	unsigned int op = v & 0xff;
	uint32_t seq = v >> 32;

	if (op > 7)
		return;
	c->reg[WEFT_REG_SAFE_STATUS(op) / 4] = safe(c, op);
	c->reg[WEFT_REG_SAFE_DONE(op) / 4] = seq;
	mini_event(c, (struct weft_event){ .type = WEFT_EVT_SAFE, .queue = op, .value = seq,
					   .cause = c->reg[WEFT_REG_SAFE_STATUS(op) / 4] });
}

static void user_limit(struct mini_card *c, uint64_t v)
{
	for (unsigned int i = 0; i < MINI_ASIDS; i++)
		if (c->as[i].exists)
			return;
	if (v % WEFT_PAGE2M_BYTES == 0 && v <= c->lmem_bytes)
		set64(c, WEFT_REG_USER_LIMIT, v);
}

static void act(struct mini_card *c, uint32_t at, uint64_t v)
{
	switch (at) {
	case WEFT_REG_USER_LIMIT:
		user_limit(c, v);
		mini_mbox_serve(c);
		return;
	case WEFT_REG_BOOT_CTRL:	/* there is no processor to start or stop */
		return;
	case WEFT_REG_SAFE_CMD:
		command(c, v);
		return;
	case WEFT_REG_EVT_STATUS:
		c->reg[at / 4] &= ~(uint32_t)v;
		return;
	case WEFT_REG_EVT_ENABLE:
		mini_event_enable(c, v == 1);
		return;
	}
	c->reg[at / 4] = (uint32_t)v;
	switch (at) {
	case WEFT_REG_MBOX_BASE:
		c->reg[WEFT_REG_MBOX_REQ_TAIL / 4] = c->reg[WEFT_REG_MBOX_REQ_HEAD / 4] = 0;
		c->reg[WEFT_REG_MBOX_RSP_TAIL / 4] = c->reg[WEFT_REG_MBOX_RSP_HEAD / 4] = 0;
		break;
	case WEFT_REG_MBOX_REQ_TAIL:
	case WEFT_REG_MBOX_RSP_HEAD:
		mini_mbox_serve(c);
		break;
	}
}

void mini_reg_write(struct mini_card *c, uint64_t at, const void *data, uint32_t bytes)
{
	uint32_t start;
	unsigned int how;
	uint64_t v = 0;

	if ((bytes != 4 && bytes != 8) || at % bytes || at >= WEFT_BAR_REGS_BYTES)
		return;
	how = find((uint32_t)at, &start);
	if (!(how & (RW | WO)) || (bytes == 8 && !(how & WIDE)))
		return;
	memcpy(&v, data, bytes);
	if ((how & WIDE) && bytes == 4) {
		if (at == start) {
			c->low[at / 4] = (uint32_t)v;
			return;
		}
		v = v << 32 | c->low[start / 4];
	}
	if (how & WIDE) {
		c->low[start / 4] = (uint32_t)v;
		if (start != WEFT_REG_USER_LIMIT && start != WEFT_REG_SAFE_CMD)
			set64(c, start, v);
	}
	act(c, start, v);
}
