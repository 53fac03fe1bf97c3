// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * What goes on: a queue in its LOOP while neighbours are stopped, fault and are taken away, and every queue while the
 * firmware is dead or started anew. Each iteration leaves its mark in memory, in a cell and in the queue state.
 */
#include "lane.h"

#include <string.h>
#include <unistd.h>

#define DEPTH	4096

static uint64_t iterations(void)
{
	long n = ct_count(200000);

	return n ? (uint64_t)n : 200000;
}

/* Copies word `it` of a rotating source onto one of a rotating destination, counts by REDUCE, and signals. */
static void body(struct lane *l, uint64_t n)
{
	uint32_t *src = (void *)l->own;

	for (unsigned i = 0; i < DEPTH; i++)
		src[i] = 0x1000000u + i;
	lane_clear(l);
	uint16_t from = lane_operand(l, LANE_OWN, 4, DEPTH);
	uint16_t to = lane_operand(l, LANE_OWN + 0x20000, 4, DEPTH - 1);
	uint16_t sum = lane_operand(l, LANE_OWN + 0x40000, 0, 1), one = lane_operand(l, LANE_OWN + 0x40040, 0, 1);
	*(uint32_t *)(void *)(l->own + 0x40040) = 1;
	lane_copy(l, to, from, 4);
	if (l->c->caps & WEFT_CAP_REDUCE) {
		CHECK(one == sum + 1, "operands in a row");
		lane_add(l, pkt_reduce(WEFT_I32, WEFT_SUM, 2, 1, sum, sum, 1));
	}
	if (l->c->caps & WEFT_CAP_CELLS)
		lane_add(l, pkt_signal(LANE_CELL(0, 3), 1, 1, WEFT_SCOPE_QUEUE));
	lane_loop(l, n);
}

static void undisturbed(struct lane *l, uint64_t n)
{
	const uint32_t *dst = (void *)(l->own + 0x20000);
	struct weft_queue_state st;

	queue_wait_done(l->q, 60000);
	queue_wait_run(l->q, WEFT_QS_IDLE, 1000, &st);
	CHECK_EQ(st.retired, n * l->n + 1, "packets retired by the LOOP");
	if (l->c->caps & WEFT_CAP_REDUCE)
		CHECK_EQ(*(uint32_t *)(void *)(l->own + 0x40000), (uint32_t)n, "iterations counted by REDUCE");
	if (l->c->caps & WEFT_CAP_CELLS)
		CHECK_EQ(sem_cell(l->a->cells[0], 3)->value, n, "value of the cell");
	for (unsigned i = 0; i < DEPTH - 1; i++) {
		uint64_t last = n - 1 - (n - 1 - i) % (DEPTH - 1);	/* the last iteration that wrote word i */

		CHECK_EQ(dst[i], 0x1000000u + last % DEPTH, "word of the destination");
	}
}

/* A neighbour busy with something that never ends; a new lane in the memory of the last one. */
static struct lane victim(struct arena *a, uint64_t user, uint64_t carve, unsigned kind)
{
	CARD->user_next = user;
	CARD->carve_next = carve;
	struct lane v = lane_open(a, 0);

	lane_copy(&v, lane_operand(&v, LANE_OWN, 0, 1), lane_operand(&v, LANE_OWN + 0x80000, 0, 1), kind & 1 ? 0x80000 : 64);
	if (kind & 2)
		lane_add(&v, pkt_fill(kind & 4 ? LANE_OWN : UINT64_C(0x7f0000000000), 64, 8, 1));	/* faults, or not */
	lane_loop(&v, 0);
	return v;
}

static void neighbour_killed(void)
{
	struct arena a = arena_open(1);
	struct lane l = lane_open(&a, 0);
	uint64_t user = CARD->user_next, carve = CARD->carve_next, n = iterations();
	unsigned kills = 0;

	body(&l, n);
	for (; queue_head(l.q) != l.q->tail || kills < 8; kills++) {
		struct lane v = victim(&a, user, carve, kills);

		usleep((useconds_t)ct_below(1500));
		if ((kills & 6) == 2)
			queue_wait_run(v.q, WEFT_QS_FAULTED, 5000, NULL);
		else if (kills & 8)
			CHECK_EQ(safe_call(CARD, WEFT_SAFE_AS_STOP, v.s->asid, 0, 0), WEFT_SAFE_OK, "status of AS_STOP");
		else
			CHECK_EQ(safe_call(CARD, WEFT_SAFE_QUEUE_STOP, v.q->id, 0, 0), WEFT_SAFE_OK, "status of QUEUE_STOP");
		CHECK_EQ(space_invalidate(l.s, 0, 0), WEFT_SAFE_OK, "status of AS_INVALIDATE of the neighbour's space");
		queue_destroy(v.q);
		space_destroy(v.s);
		CHECK(queue_run(l.q) != WEFT_QS_FAULTED && queue_run(l.q) != WEFT_QS_STOPPED, "the neighbour ended in state %u",
		      queue_run(l.q));
		CHECK(kills < 100000, "the LOOP does not end");
		evt_poll(CARD);
		CARD->nevt = 0;
	}
	undisturbed(&l, n);
	ct_note("%u queues killed in %llu iterations", kills, (unsigned long long)n);
}

/* Two more lanes that park and wake each other all the time. */
static void ping_pong(struct lane *x, struct lane *y, uint64_t n)
{
	lane_clear(x);
	lane_add(x, pkt_signal(LANE_CELL(0, 1), 1, 1, WEFT_SCOPE_QUEUE));
	lane_add(x, pkt_wait(LANE_CELL(0, 0), 1, 1));
	lane_clear(y);
	lane_add(y, pkt_wait(LANE_CELL(0, 1), 1, 1));
	lane_add(y, pkt_signal(LANE_CELL(0, 0), 1, 1, WEFT_SCOPE_QUEUE));
	lane_loop(y, n);
	lane_loop(x, n);
}

static void firmware_dead(void)
{
	struct card *c = CARD;

	card_bringup(c);
	card_forget(c);
	struct arena a = arena_open(1);
	struct lane l = lane_open(&a, 0), x = lane_open(&a, 0), y = lane_open(&a, 0), z = lane_open(&a, 0);
	uint64_t n = iterations();
	bool cells = c->caps & WEFT_CAP_CELLS;
	struct weft_mbox_msg m = { .op = WEFT_MBOX_PING };

	body(&l, n);
	if (cells)
		ping_pong(&x, &y, n / 8);
	wr32(c, WEFT_REG_BOOT_CTRL, WEFT_BOOT_CTRL_HALT);
	WAIT_FOR(BOOT_STATE(rd32(c, WEFT_REG_BOOT_STATUS)) == WEFT_BOOT_HALTED, 500, "BOOT_STATUS HALTED");
	if (cells) {	/* doorbell, park, KICK, CELL_FAULT */
		union weft_packet p = pkt_wait(LANE_CELL(0, 8), 1, 0);
		struct weft_queue_state st;

		queue_push(z.q, &p);
		queue_kick(z.q);
		queue_wait_run(z.q, WEFT_QS_PARKED, 2000, NULL);
		sem_signal(a.cells[0], 8, 1, z.q, LANE_CELL(0, 8));
		queue_wait_done(z.q, 2000);
		p = pkt_wait(LANE_CELL(0, 8), 2, 0);
		queue_push(z.q, &p);
		queue_kick(z.q);
		queue_wait_run(z.q, WEFT_QS_PARKED, 2000, NULL);
		if (c->caps & WEFT_CAP_CELL_FAULT) {
			uint64_t word = WEFT_CELL_FAULT(WEFT_CELL_POISON, WEFT_FAULT_HANG, WEFT_CELL_ORIGIN(3, 77));

			CHECK_EQ(safe_call(c, WEFT_SAFE_CELL_FAULT, a.cells[0]->off + 8 * 32, word, 0), WEFT_SAFE_OK,
				 "status of CELL_FAULT without firmware");
			queue_wait_run(z.q, WEFT_QS_FAULTED, 1000, &st);
			CHECK_EQ(st.cause, WEFT_FAULT_POISON, "cause");
			CHECK_EQ(st.origin, word, "origin");
		}
	}
	CHECK_EQ(space_invalidate(l.s, 0, 0), WEFT_SAFE_OK, "AS_INVALIDATE without firmware");
	usleep(5000);
	/* started anew under the running queues */
	uint64_t t = ct_now_ns();
	CHECK_EQ(BOOT_STATE(card_boot(c, ct_fw, ct_fw_bytes)), WEFT_BOOT_RUNNING, "state after START");
	c->req_tail = c->rsp_head = 0;
	mbox_hello(c);
	t = ct_now_ns() - t;
	CHECK(t < UINT64_C(500000000), "the firmware took %llu ms to start again", (unsigned long long)t / 1000000);
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_OK, "status of PING after the restart");
	undisturbed(&l, n);
	if (cells) {
		lanes_wait(60000, &x, &y, NULL);
		CHECK_EQ(sem_cell(a.cells[0], 0)->value, n / 8, "value of a cell after the restart");
	}
	queue_destroy(l.q);	/* by firmware that never created it */
	struct lane fresh = lane_open(&a, 0);
	union weft_packet nop = { 0 };
	queue_push(fresh.q, &nop);
	queue_kick(fresh.q);
	queue_wait_done(fresh.q, 2000);
	ct_note("started again in %llu ms", (unsigned long long)t / 1000000);
}

static const struct ct_test tests[] = {
	{ "a neighbour is killed inside its LOOP, again and again", neighbour_killed, 0, 0, false },
	{ "firmware halted and started again under running queues", firmware_dead, WEFT_CAP_ROM_BOOT, 0, true },
};
CT_SECTION_OF(survive, WEFT_CAP_LR | WEFT_CAP_LOOP | WEFT_CAP_CALL);
