// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* WAIT_ALL and SIGNAL_ALL, element by element: who is woken, and what a LOOP around makes of their operands and values. */
#include "cell.h"
#include "rig.h"

#include <string.h>

#define CELLS		UINT64_C(0x90000000)
#define CELL(i)		(CELLS + 32u * (i))
#define REF(va, b, s)	((struct weft_cell_ref){ .cell = (va), .base = (b), .step = (s) })
#define REFS_AT		0x8000u		/* of RIG_LIST: lists of cells, 1 KiB each */
#define REFS(i)		(RIG_LIST + REFS_AT + 1024 * (uint64_t)(i))

static struct rig r;
static struct sem *p;
static struct queue *kicker;

static void open(void)
{
	card_need(CARD);
	r = rig_open_on(space_create_as(CARD, ~0u, WEFT_AS_LR));
	p = sem_create(CARD, true);
	sem_map(p, r.s, CELLS, PTE_SEM);
	kicker = queue_create(r.s, ~0u, 4);
}

static void put_refs(unsigned i, const struct weft_cell_ref *ref, unsigned n)
{
	memcpy(r.list + REFS_AT + 1024 * i, ref, n * sizeof(*ref));
}

static union weft_packet wait_all(unsigned i, uint32_t count)
{
	return (union weft_packet){
		.wait = { .op = WEFT_PKT_WAIT_ALL, .end_level = WEFT_WAIT_NO_LOOP, .count = count, .u.list = REFS(i) },
	};
}

static union weft_packet signal_all(unsigned i, uint32_t count)
{
	return (union weft_packet){
		.signal = { .op = WEFT_PKT_SIGNAL_ALL, .words = WEFT_SIG_VALUE, .count = count, .u.list = REFS(i) },
	};
}

static void start(struct queue *q, union weft_packet k)
{
	queue_push(q, &k);
	queue_kick(q);
}

static void parked(struct queue *q, unsigned cell, uint64_t wanted)
{
	struct weft_queue_state st;

	WAIT_FOR(({ queue_state(q, &st); st.run == WEFT_QS_PARKED && st.wait_va == CELL(cell) && st.wait_value == wanted; }), 2000,
		 "queue parked on cell %u for %llu (run %u, on %#llx for %llu)", cell, (unsigned long long)wanted, st.run,
		 (unsigned long long)st.wait_va, (unsigned long long)st.wait_value);
}

static void all_woken(void)
{
	struct weft_cell_ref ref[4];
	struct queue *q[4];

	open();
	for (unsigned i = 0; i < 4; i++) {
		ref[i] = REF(CELL(3 * i), 5 + i, 0);
		q[i] = queue_create(r.s, ~0u, 4);
		start(q[i], pkt_wait(CELL(3 * i), 5 + i, 0));
		parked(q[i], 3 * i, 5 + i);
	}
	put_refs(0, ref, 4);
	start(r.q, signal_all(0, 4));
	queue_wait_done(r.q, 2000);
	for (unsigned i = 0; i < 4; i++) {
		ct_about("waiter of element %u", i);
		queue_wait_done(q[i], 2000);
	}
}

static void put_operand(unsigned i, unsigned cell, uint16_t depth)
{
	rig_bare_operand(&r, i, (struct weft_operand){ .base = CELL(cell), .stride = 32, .depth = depth, .mul = 1, .div = 1 });
}

/* A LOOP whose lists name table entries; END, in an element that is not the first, goes on behind the LOOP around it. */
static void in_loop(void)
{
	enum { ROUNDS = 6 };
	union weft_packet body[2] = { wait_all(0, 2), signal_all(1, 2) }, k;

	open();
	put_operand(0, 8, 4);
	put_operand(1, 16, 3);
	put_operand(2, 24, 3);
	put_operand(3, 32, 5);
	put_refs(0, (struct weft_cell_ref[]){ REF(0, 1, 1), REF(1, 10, 10) }, 2);
	put_refs(1, (struct weft_cell_ref[]){ REF(2, 3, 1), REF(3, 7, 2) }, 2);
	body[0].wait.flags = body[1].wait.flags = WEFT_PKT_TABLE;
	body[0].wait.end_level = 0;
	memcpy(r.list, body, sizeof(body));
	start(r.q, pkt_loop(RIG_LIST, 2, RIG_TABLE, 4, 0));
	start(r.q, pkt_signal(CELL(63), 77, 0, WEFT_SCOPE_QUEUE));
	for (unsigned i = 0; i < ROUNDS; i++) {
		ct_about("iteration %u", i);
		parked(r.q, 8 + i % 4, 1 + i);
		sem_signal(p, 8 + i % 4, 1 + i, kicker, CELL(8 + i % 4));
		parked(r.q, 16 + i % 3, 10 + 10 * i);
		sem_signal(p, 16 + i % 3, 10 + 10 * i, kicker, CELL(16 + i % 3));
		WAIT_FOR(sem_cell(p, 32 + i % 5)->value == 7 + 2 * i, 2000, "the second element signalled");
		CHECK_EQ(sem_cell(p, 24 + i % 3)->value, 3 + i, "value of the first element signalled");
	}
	ct_about("%s", "");
	parked(r.q, 8 + ROUNDS % 4, 1 + ROUNDS);
	sem_signal(p, 8 + ROUNDS % 4, 1 + ROUNDS, kicker, CELL(8 + ROUNDS % 4));
	parked(r.q, 16 + ROUNDS % 3, 10 + 10 * ROUNDS);
	sem_cell(p, 16 + ROUNDS % 3)->end = 1;
	__sync_synchronize();
	queue_kick_cell(kicker, CELL(16 + ROUNDS % 3));
	WAIT_FOR(queue_head(r.q) == r.q->tail, 2000, "END of a WAIT_ALL leaves its LOOP");
	CHECK_EQ(sem_cell(p, 63)->value, 77, "cell signalled behind the LOOP");
	CHECK_EQ(sem_cell(p, 32 + ROUNDS % 5)->value, 7 + 2 * (ROUNDS - 5), "cell of the iteration that END broke off");
	/* outside every LOOP skew alone counts, for a list too */
	put_refs(2, (struct weft_cell_ref[]){ REF(CELL(40), 100, 7), REF(CELL(41), 200, 3) }, 2);
	k = signal_all(2, 2);
	k.signal.skew = -2;
	start(r.q, k);
	queue_wait_done(r.q, 2000);
	CHECK_EQ(sem_cell(p, 40)->value, 114, "value of the first element with a skew");
	CHECK_EQ(sem_cell(p, 41)->value, 206, "value of the second element with a skew");
}

static const struct ct_test tests[] = {
	{ "SIGNAL_ALL wakes the waiters of every element", all_woken, 0, 0, false },
	{ "lists in a LOOP: operands, growing values, END", in_loop, WEFT_CAP_LOOP | WEFT_CAP_CALL, 0, false },
};
CT_SECTION_OF(lists, WEFT_CAP_LR | WEFT_CAP_CELLS | WEFT_CAP_CELL_LISTS);
