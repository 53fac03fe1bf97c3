// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "lane.h"

#include <string.h>

#define LIST_BYTES	(64u << 10)

struct arena arena_open(unsigned n)
{
	struct arena a = { .n = n, .data[HOST] = host_alloc(LANE_BYTES), .host_cells = host_alloc(4096) };

	cards_open(n);
	for (unsigned i = 0; i < n; i++)
		card_need(&ct_cards[i]);
	for (unsigned i = 0; i < n; i++) {
		struct card *c = &ct_cards[i];

		card_flush_words(c);
		a.cells[i] = sem_create(c, c->caps & WEFT_CAP_CELLS);
		a.data[i] = user_alloc(c, LANE_BYTES, 4096);
		memset(c->lmem + a.data[i], 0, LANE_BYTES);
	}
	return a;
}

uint8_t *arena_at(struct arena *a, unsigned place)
{
	return place == HOST ? host_ptr(a->data[HOST]) : ct_cards[place].lmem + a->data[place];
}

volatile struct weft_cell *arena_cell(struct arena *a, unsigned place, unsigned i)
{
	return place == HOST ? (volatile struct weft_cell *)host_ptr(a->host_cells) + i : sem_cell(a->cells[place], i);
}

struct lane lane_open(struct arena *a, unsigned card)
{
	struct card *c = &ct_cards[card];
	struct lane l = { .a = a, .c = c, .s = space_create_as(c, ~0u, WEFT_AS_LR) };
	uint64_t list = user_alloc(c, LIST_BYTES, 4096), table = user_alloc(c, LIST_BYTES, 4096);
	uint64_t own = user_alloc(c, LANE_BYTES, 4096);

	l.list = (void *)(c->lmem + list);
	l.table = (void *)(c->lmem + table);
	l.own = c->lmem + own;
	memset(l.own, 0, LANE_BYTES);
	space_map(l.s, LANE_LIST, list, LIST_BYTES, WEFT_PTE_R);
	space_map(l.s, LANE_TABLE, table, LIST_BYTES, PTE_RW);
	space_map(l.s, LANE_OWN, own, LANE_BYTES, PTE_RW);
	space_map(l.s, LANE_PLACE(HOST), a->data[HOST], LANE_BYTES, PTE_RW | PTE_BUS(0));
	space_map(l.s, LANE_CELL(HOST, 0), a->host_cells, 4096, PTE_SEM | PTE_BUS(0));
	for (unsigned i = 0; i < a->n; i++) {
		if (i == card)
			space_map(l.s, LANE_PLACE(i), a->data[i], LANE_BYTES, PTE_RW);
		else
			space_map(l.s, LANE_PLACE(i), ct_cards[i].bus2 + a->data[i], LANE_BYTES, PTE_RW | PTE_BUS(i + 1));
		sem_map(a->cells[i], l.s, LANE_CELL(i, 0), PTE_SEM);
	}
	l.q = queue_create(l.s, ~0u, 4);
	return l;
}

void lane_clear(struct lane *l)
{
	l->n = l->nops = 0;
}

void lane_add(struct lane *l, union weft_packet p)
{
	CHECK(l->n < LIST_BYTES / 64, "a longer list than a lane has");
	l->list[l->n++] = p;
}

uint16_t lane_operand(struct lane *l, uint64_t base, uint64_t stride, uint16_t depth)
{
	CHECK(l->nops < LIST_BYTES / 32, "more operands than a lane has");
	l->table[l->nops] = (struct weft_operand){ .base = base, .stride = stride, .depth = depth, .mul = 1, .div = 1 };
	return (uint16_t)l->nops++;
}

void lane_copy(struct lane *l, uint16_t dst, uint16_t src, uint64_t bytes)
{
	union weft_packet p = pkt_copy(dst, src, bytes);

	p.hdr.flags = WEFT_PKT_TABLE;
	lane_add(l, p);
}

void lane_loop(struct lane *l, uint64_t count)
{
	union weft_packet p = pkt_loop(LANE_LIST, l->n, l->nops ? LANE_TABLE : 0, l->nops, count);

	queue_push(l->q, &p);
	queue_kick(l->q);
}

void lane_nops(struct lane *l, unsigned n)
{
	while (n--)
		lane_add(l, (union weft_packet){ 0 });
}

void card_slice(struct card *c, uint32_t ns)
{
	struct weft_mbox_msg m = { .op = WEFT_MBOX_POLICY };

	if (!(c->caps & WEFT_CAP_BANDS))
		return;
	m.u.arg[0] = WEFT_BAND_NORMAL;
	m.u.arg[1] = 100;
	m.u.arg[2] = ns;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_OK, "status of POLICY");
}

static bool at_rest(struct lane *l)
{
	return !l || queue_head(l->q) == l->q->tail;
}

static bool ended(struct lane *l)
{
	uint32_t run = l ? queue_run(l->q) : 0;

	return run == WEFT_QS_FAULTED || run == WEFT_QS_STOPPED;
}

void lanes_wait(unsigned ms, struct lane *a, struct lane *b, struct lane *c)
{
	struct lane *l[3] = { a, b, c };
	uint64_t end = ct_now_ns() + ms * UINT64_C(1000000);

	for (unsigned round = 0; !at_rest(a) || !at_rest(b) || !at_rest(c); ct_nap(&round))
		for (unsigned i = 0; i < 3; i++)
			if (ended(l[i]) || (!at_rest(l[i]) && ct_now_ns() > end))
				queue_wait_done(l[i]->q, 0);	/* says what is wrong */
}
