// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* The event ring, and interrupt messages. */
#include <string.h>
#include <unistd.h>

#include "mini.h"

static uint32_t *reg(struct mini_card *c, uint32_t at)
{
	return &c->reg[at / 4];
}

void mini_event_enable(struct mini_card *c, bool on)
{
	uint32_t log2 = *reg(c, WEFT_REG_EVT_LOG2);
	uint64_t base = mini_reg64(c, WEFT_REG_EVT_BASE);

	c->evt_on = on && log2 >= 5 && log2 <= 16 && !(base & 0xfff);
	*reg(c, WEFT_REG_EVT_ENABLE) = c->evt_on;
	if (!c->evt_on)
		return;
	c->evt_base = base;
	c->evt_log2 = log2;
	*reg(c, WEFT_REG_EVT_TAIL) = 0;
	*reg(c, WEFT_REG_EVT_HEAD) = 0;
	*reg(c, WEFT_REG_EVT_STATUS) = 0;
}

static void interrupt(struct mini_card *c, const struct weft_event *e)
{
	uint32_t vectors = *reg(c, WEFT_REG_IRQ_VECTORS), vector = 0;
	bool of_queue = e->type == WEFT_EVT_FENCE || e->type == WEFT_EVT_FAULT;
	uint64_t one = 1;

	if (of_queue && vectors)
		vector = e->queue % vectors;
	if (vector < MINI_VECTORS && c->irq_fd[vector] >= 0 && mini_bus_master(c) &&
	    write(c->irq_fd[vector], &one, sizeof(one)) < 0)
		return;		/* a full counter is an interrupt all the same */
}

void mini_event(struct mini_card *c, struct weft_event e)
{
	uint32_t tail = *reg(c, WEFT_REG_EVT_TAIL), size = UINT32_C(1) << c->evt_log2;
	struct mini_piece p;

	if (!c->evt_on)
		return;
	if (tail - *reg(c, WEFT_REG_EVT_HEAD) >= size - 1) {
		*reg(c, WEFT_REG_EVT_STATUS) |= WEFT_EVT_STATUS_OVERFLOW;
		return;
	}
	if (!mini_bus_find(c, c->evt_base + sizeof(e) * (tail & (size - 1)), true, &p) || p.bytes < sizeof(e)) {
		*reg(c, WEFT_REG_EVT_STATUS) |= WEFT_EVT_STATUS_DMA;
		return;
	}
	memcpy(p.host, &e, offsetof(struct weft_event, seq));
	__atomic_store_n((uint32_t *)(p.host + offsetof(struct weft_event, seq)), tail + 1, __ATOMIC_RELEASE);
	*reg(c, WEFT_REG_EVT_TAIL) = tail + 1;
	interrupt(c, &e);
}
