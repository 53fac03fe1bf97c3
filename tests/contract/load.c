// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "load.h"

#include <string.h>

#define LIST_VA		UINT64_C(0x10000000)
#define TABLE_VA	UINT64_C(0x10010000)
#define FILLS		16u
#define OPERANDS	2u

uint32_t lr_or_fence(struct card *c)
{
	return c->caps & WEFT_CAP_LR ? WEFT_AS_LR : WEFT_AS_FENCE;
}

static struct load open_as(struct card *c, uint32_t asid, uint32_t type, union weft_packet p)
{
	struct load l = { .c = c, .s = space_create_as(c, asid, type), .list_off = user_alloc(c, 4096, 4096) };
	uint64_t data = user_alloc(c, LOAD_BYTES, 4096), table = user_alloc(c, 4096, 4096);

	for (unsigned i = 0; i < FILLS; i++)
		memcpy(c->lmem + l.list_off + 64 * i, &p, sizeof(p));
	for (unsigned i = 0; i < OPERANDS; i++) {
		struct weft_operand o = { .base = LOAD_VA + i * LOAD_BYTES / OPERANDS, .depth = 1, .mul = 1, .div = 1 };

		memcpy(c->lmem + table + i * sizeof(o), &o, sizeof(o));
	}
	space_map(l.s, LIST_VA, l.list_off, 4096, WEFT_PTE_R);
	space_map(l.s, TABLE_VA, table, 4096, PTE_RW);
	space_map(l.s, LOAD_VA, data, LOAD_BYTES, PTE_RW);
	return l;
}

struct load load_open_of(struct card *c, uint32_t type, union weft_packet p)
{
	return open_as(c, ~0u, type, p);
}

struct load load_open_as(struct card *c, uint32_t asid, uint32_t type)
{
	return open_as(c, asid, type, pkt_fill(LOAD_VA, LOAD_BYTES, 4, 0x10ad));
}

struct load load_open(struct card *c, uint32_t type)
{
	return load_open_as(c, ~0u, type);
}

struct queue *load_queue_soon(struct load *l, const struct weft_queue_desc *how)
{
	struct weft_queue_desc d = how ? *how : (struct weft_queue_desc){ .band = WEFT_BAND_NORMAL };

	if (!d.weight)
		d.weight = 100;
	if (l->s->type == WEFT_AS_FENCE)
		d.run_limit_ns = d.wait_limit_ns = UINT64_C(60000000000);
	return queue_create_soon(l->s, ~0u, 4, &d);
}

struct queue *load_queue(struct load *l, const struct weft_queue_desc *how)
{
	struct queue *q = load_queue_soon(l, how);

	queue_created(l->c);
	return q;
}

void load_start(struct load *l, struct queue *q)
{
	union weft_packet p = pkt_call(LIST_VA, FILLS, TABLE_VA, OPERANDS);

	p.call.op = WEFT_PKT_LOOP;
	p.call.count = l->s->type == WEFT_AS_FENCE ? 4096 : 0;
	/* A FENCE space may not loop for ever: as often as a test can be long. */
	for (unsigned i = 0; i < (l->s->type == WEFT_AS_FENCE ? 14 : 1); i++)
		queue_push(q, &p);
	queue_kick(q);
}

uint64_t load_busy(struct queue *q)
{
	struct weft_queue_state st;

	queue_state(q, &st);
	return st.busy_ns;
}

uint64_t card_busy(struct card *c)
{
	uint32_t n = rd32(c, WEFT_REG_NUM_ENGINES);
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += counter(c, WEFT_CNT_ENGINE_BUSY_NS, 0, i);
	return sum;
}

unsigned policy(struct card *c, uint32_t band, uint32_t floor, uint32_t slice_ns)
{
	struct weft_mbox_msg m = { .op = WEFT_MBOX_POLICY, .u.arg = { band, floor, slice_ns } };

	return mbox_call(c, &m);
}
