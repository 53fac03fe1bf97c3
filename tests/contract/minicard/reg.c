// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* BAR0, safe operations included. */
#include <string.h>

#include <firmware/abi/boot.h>
#include <firmware/abi/pte.h>
#include <firmware/abi/safe.h>

#include "mini.h"

enum { READ = 1, WRITE = 2, WIDE = 4, RO = READ, RW = READ | WRITE };

/* Runs of registers that are accessed alike, from the first to the last. */
static const struct {
	uint32_t first, last;
	unsigned int how;
} table[] = {
	{ WEFT_REG_MAGIC, WEFT_REG_SERIAL, RO },
	{ WEFT_REG_CAPS, WEFT_REG_LMEM_BYTES, RO | WIDE },
	{ WEFT_REG_USER_LIMIT, WEFT_REG_USER_LIMIT, RW | WIDE },
	{ WEFT_REG_NUM_ASIDS, WEFT_REG_NUM_LINKS, RO },
	{ WEFT_REG_RESET_GEN, WEFT_REG_RESET_GEN, RO | WIDE },
	{ WEFT_REG_HANG_MS, WEFT_REG_HANG_MS, RW },
	{ WEFT_REG_BOOT_STATUS, WEFT_REG_BOOT_STATUS, RO },
	{ WEFT_REG_BOOT_IMAGE, WEFT_REG_BOOT_BYTES, RW | WIDE },
	{ WEFT_REG_FW_VERSION, WEFT_REG_FW_HEARTBEAT, RO },
	{ WEFT_REG_FW_WATCHDOG_MS, WEFT_REG_FW_WATCHDOG_MS, RW },
	{ WEFT_REG_MBOX_BASE, WEFT_REG_MBOX_BASE, RW | WIDE },
	{ WEFT_REG_MBOX_REQ_TAIL, WEFT_REG_MBOX_REQ_TAIL, RW },
	{ WEFT_REG_MBOX_REQ_HEAD, WEFT_REG_MBOX_RSP_TAIL, RO },
	{ WEFT_REG_MBOX_RSP_HEAD, WEFT_REG_MBOX_RSP_HEAD, RW },
	{ WEFT_REG_LOG_BASE, WEFT_REG_LOG_BASE, RW | WIDE },
	{ WEFT_REG_LOG_BYTES, WEFT_REG_LOG_BYTES, RW },
	{ WEFT_REG_LOG_TAIL, WEFT_REG_LOG_TAIL, RO },
	{ WEFT_REG_EVT_BASE, WEFT_REG_EVT_BASE, RW | WIDE },
	{ WEFT_REG_EVT_LOG2, WEFT_REG_EVT_ENABLE, RW },
	{ WEFT_REG_EVT_TAIL, WEFT_REG_EVT_TAIL, RO },
	{ WEFT_REG_EVT_HEAD, WEFT_REG_IRQ_VECTORS, RW },
	{ WEFT_REG_SAFE_ARG0, WEFT_REG_SAFE_ARG2, RW | WIDE },
	{ WEFT_REG_SAFE_CMD, WEFT_REG_SAFE_CMD, WRITE | WIDE },
	{ WEFT_REG_SAFE_DONE(0), WEFT_REG_SAFE_STATUS(7), RO },
	{ WEFT_REG_CLOCK_NOW, WEFT_REG_CLOCK_NOW, RO | WIDE },
	{ WEFT_REG_ENGINES, WEFT_REG_ENGINES + 12, RO },
};

/* What is not 0 after reset and the same for all cards. */
static const uint32_t initial[] = {
	[WEFT_REG_MAGIC / 4] = WEFT_MAGIC,
	[WEFT_REG_CONTRACT_MAX / 4] = WEFT_CONTRACT_VERSION,
	[WEFT_REG_CONTRACT_MIN / 4] = WEFT_CONTRACT_VERSION,
	[WEFT_REG_CAPS / 4] = WEFT_CAP_FW_RESIDENT | WEFT_CAP_CALL,
	[WEFT_REG_NUM_ASIDS / 4] = MINI_ASIDS,
	[WEFT_REG_NUM_QUEUES / 4] = MINI_QUEUES,
	[WEFT_REG_NUM_SLOTS / 4] = 1,
	[WEFT_REG_NUM_ENGINES / 4] = 1,
	[WEFT_REG_NUM_LINKS / 4] = MINI_LINKS,
	[WEFT_REG_HANG_MS / 4] = 2000,
	[WEFT_REG_BOOT_STATUS / 4] = WEFT_BOOT_RUNNING | WEFT_BOOT_OK << 8,
	[WEFT_REG_FW_VERSION / 4] = MINI_FW_VERSION,
	[WEFT_REG_IRQ_VECTORS / 4] = 1,
	[WEFT_REG_ENGINES / 4] = WEFT_ENGINE_COPY,
	[(WEFT_REG_ENGINES + 8) / 4] = 1,
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

void mini_reg_reset(struct mini_card *c, uint64_t generation)
{
	memset(c->reg, 0, sizeof(c->reg));
	memset(c->low, 0, sizeof(c->low));
	memcpy(c->reg, initial, sizeof(initial));
	c->reg[WEFT_REG_SERIAL / 4] = c->index + 1;
	c->reg[WEFT_REG_ENGINES / 4 + 1] = c->index;	/* a group of its own: no engine is shared */
	set64(c, WEFT_REG_LMEM_BYTES, c->lmem_bytes);
	set64(c, WEFT_REG_RESET_GEN, generation);
}

bool mini_carveout(const struct mini_card *c, uint64_t at, uint64_t bytes)
{
	uint64_t limit = mini_reg64(c, WEFT_REG_USER_LIMIT);

	return limit && !(at % WEFT_PAGE_BYTES) && at >= limit && at <= c->lmem_bytes && bytes <= c->lmem_bytes - at;
}

/* How an access of `bytes` at `at` may be made, and the start of the register; 0: not at all. */
static unsigned int find(uint64_t at, uint32_t bytes, uint32_t *start)
{
	if ((bytes != 4 && bytes != 8) || at % bytes)
		return 0;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		unsigned int how = table[i].how;

		*start = (uint32_t)(how & WIDE ? at & ~UINT64_C(7) : at);
		if (*start >= table[i].first && *start <= table[i].last)
			return bytes == 8 && !(how & WIDE) ? 0 : how;
	}
	return 0;
}

void mini_reg_read(struct mini_card *c, uint64_t at, void *data, uint32_t bytes)
{
	uint32_t start;
	unsigned int how = find(at, bytes, &start);
	uint64_t v;

	memset(data, 0, bytes);
	if (!(how & READ))
		return;
	if (at == WEFT_REG_CLOCK_NOW)	/* its high half, read next, is then of the same moment */
		set64(c, WEFT_REG_CLOCK_NOW, mini_clock(c));
	c->reg[WEFT_REG_FW_HEARTBEAT / 4] = (uint32_t)(mini_clock(c) / 50000000);
	v = mini_reg64(c, (uint32_t)at);
	memcpy(data, &v, bytes);
}

static enum weft_safe_status safe(struct mini_card *c, unsigned int op)
{
	uint64_t arg0 = mini_reg64(c, WEFT_REG_SAFE_ARG0), arg1 = mini_reg64(c, WEFT_REG_SAFE_ARG1);
	uint64_t arg2 = mini_reg64(c, WEFT_REG_SAFE_ARG2), end = UINT64_C(1) << WEFT_VA_BITS;
	bool one = op == WEFT_SAFE_QUEUE_STOP, drop = op == WEFT_SAFE_AS_INVALIDATE;

	if (op > WEFT_SAFE_AS_INVALIDATE)
		return WEFT_SAFE_BAD_OP;
	if (one ? arg0 >= MINI_QUEUES || !c->queue[arg0].s.run : arg0 >= MINI_ASIDS || !c->root[arg0])
		return WEFT_SAFE_BAD_ARG;
	if (drop && arg2 && ((arg1 | arg2) % WEFT_PAGE_BYTES || arg1 > end || arg2 > end - arg1))
		return WEFT_SAFE_BAD_ARG;
	if (drop)	/* no translation is kept */
		return WEFT_SAFE_OK;
	for (unsigned int i = 0; i < MINI_QUEUES; i++)
		if (c->queue[i].s.run && arg0 == (one ? i : c->queue[i].d.asid))
			mini_queue_stop(c, &c->queue[i]);
	return WEFT_SAFE_OK;
}

static void command(struct mini_card *c, uint64_t v)
{
	struct weft_event e = { .type = WEFT_EVT_SAFE, .queue = v & 0xff, .value = v >> 32 };

	if (e.queue > 7)
		return;
	e.cause = safe(c, e.queue);
	c->reg[WEFT_REG_SAFE_STATUS(e.queue) / 4] = e.cause;
	c->reg[WEFT_REG_SAFE_DONE(e.queue) / 4] = (uint32_t)e.value;
	mini_event(c, e);
}

static bool limit_ok(const struct mini_card *c, uint64_t v)
{
	for (unsigned int i = 0; i < MINI_ASIDS; i++)
		if (c->root[i])
			return false;
	return v % WEFT_PAGE2M_BYTES == 0 && v <= c->lmem_bytes;
}

/* A whole register is written; those that do not simply keep it come first. */
static void act(struct mini_card *c, uint32_t at, uint64_t v, bool wide)
{
	uint32_t *reg = &c->reg[at / 4];

	if ((at == WEFT_REG_USER_LIMIT && !limit_ok(c, v)) ||
	    ((at == WEFT_REG_EVT_BASE || at == WEFT_REG_EVT_LOG2) && c->reg[WEFT_REG_EVT_ENABLE / 4]))
		return;
	if (at == WEFT_REG_SAFE_CMD)
		command(c, v);
	else if (at == WEFT_REG_EVT_STATUS)
		*reg &= ~(uint32_t)v;
	else if (at == WEFT_REG_EVT_ENABLE)
		mini_event_enable(c, v == 1);
	else if (at == WEFT_REG_IRQ_VECTORS)
		*reg = v ? (uint32_t)v : 1;
	else if (wide)
		set64(c, at, v);
	else
		*reg = (uint32_t)v;
	if (at == WEFT_REG_MBOX_BASE)
		memset(&c->reg[WEFT_REG_MBOX_REQ_TAIL / 4], 0, 4 * sizeof(uint32_t));	/* the indices */
	mini_mbox_serve(c);
}

void mini_reg_write(struct mini_card *c, uint64_t at, const void *data, uint32_t bytes)
{
	uint32_t start;
	unsigned int how = find(at, bytes, &start);
	uint64_t v = 0;

	if (!(how & WRITE))
		return;
	memcpy(&v, data, bytes);
	if ((how & WIDE) && at != start)
		v = v << 32 | c->low[start / 4];
	if (how & WIDE)
		c->low[start / 4] = (uint32_t)v;
	if (!(how & WIDE) || bytes == 8 || at != start)
		act(c, start, v, how & WIDE);
}
