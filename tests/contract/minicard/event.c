// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* The event ring, and interrupt messages. */
#include <string.h>
#include <unistd.h>

#include "mini.h"

void mini_event_enable(struct mini_card *c, bool on)
{
	uint32_t log2 = c->reg[WEFT_REG_EVT_LOG2 / 4];
	uint64_t base = mini_reg64(c, WEFT_REG_EVT_BASE);

	c->reg[WEFT_REG_EVT_ENABLE / 4] = on && log2 >= 5 && log2 <= 16 && !(base & 0xfff);
	if (c->reg[WEFT_REG_EVT_ENABLE / 4])
		memset(&c->reg[WEFT_REG_EVT_TAIL / 4], 0, 3 * sizeof(uint32_t));	/* and head and status */
}

void mini_event(struct mini_card *c, struct weft_event e)
{
	uint32_t last = (UINT32_C(1) << (c->reg[WEFT_REG_EVT_LOG2 / 4] & 31)) - 1, vector = 0;
	uint32_t tail = c->reg[WEFT_REG_EVT_TAIL / 4];
	uint64_t at = mini_reg64(c, WEFT_REG_EVT_BASE) + sizeof(e) * (tail & last);
	struct mini_piece p;
	uint64_t one = 1;

	if (!c->reg[WEFT_REG_EVT_ENABLE / 4])
		return;
	if (tail - c->reg[WEFT_REG_EVT_HEAD / 4] >= last) {
		c->reg[WEFT_REG_EVT_STATUS / 4] |= WEFT_EVT_STATUS_OVERFLOW;
		return;
	}
	if (!mini_bus_find(c, at, true, &p) || p.bytes < sizeof(e)) {
		c->reg[WEFT_REG_EVT_STATUS / 4] |= WEFT_EVT_STATUS_DMA;
		return;
	}
	memcpy(p.host, &e, offsetof(struct weft_event, seq));
	__atomic_store_n((uint32_t *)(p.host + offsetof(struct weft_event, seq)), tail + 1, __ATOMIC_RELEASE);
	c->reg[WEFT_REG_EVT_TAIL / 4] = tail + 1;
	if (e.type == WEFT_EVT_FENCE || e.type == WEFT_EVT_FAULT)
		vector = e.queue % c->reg[WEFT_REG_IRQ_VECTORS / 4];
	if (vector < MINI_VECTORS && c->irq_fd[vector] >= 0 && write(c->irq_fd[vector], &one, sizeof(one)) < 0)
		return;		/* a full counter is an interrupt all the same */
}
