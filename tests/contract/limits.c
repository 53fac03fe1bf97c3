// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Limits of queues and units at the ends of their ranges, and when they change. */
#include "cell.h"
#include "load.h"

#include <unistd.h>

#define CELL_VA		UINT64_C(0x90000000)

/* What the clock does not reach is no limit. */
static void no_end(void)
{
	static const uint64_t limit[] = { UINT64_MAX, UINT64_MAX - 1000000, UINT64_C(1) << 63, UINT64_C(3600000000000) };
	struct card *c = CARD;
	struct weft_queue_state st;

	card_need(c);
	struct space *s = space_create_as(c, ~0u, WEFT_AS_LR);
	struct sem *cells = sem_create(c, true);
	sem_map(cells, s, CELL_VA, PTE_SEM);
	for (unsigned i = 0; i < ARRAY_LEN(limit); i++) {
		struct queue *q = queue_create_how(s, ~0u, 4, &(struct weft_queue_desc){
			.band = WEFT_BAND_NORMAL, .weight = 100, .wait_limit_ns = limit[i], .flags = WEFT_QUEUE_F_WAIT_STOPS });
		union weft_packet p = pkt_wait(CELL_VA, i + 1, 0);
		uint32_t from = c->nevt;

		ct_about("wait_limit_ns %#llx", (unsigned long long)limit[i]);
		queue_push(q, &p);
		queue_kick(q);
		queue_wait_run(q, WEFT_QS_PARKED, 1000, NULL);
		usleep(30000);
		queue_state(q, &st);
		CHECK_EQ(st.run, WEFT_QS_PARKED, "run state");
		evt_poll(c);
		CHECK(!evt_find(c, from, WEFT_EVT_WAIT_LIMIT, q->id), "an event WAIT_LIMIT");
		sem_signal(cells, 0, i + 1, q, CELL_VA);
		queue_wait_done(q, 1000);
	}
	ct_about("%s", "");
}

/* A queue that has been on its engine for long; then HANG_MS is another; then a unit of it hangs. */
static void another_limit(void)
{
	static const uint32_t ms[2][2] = { { 2000, 50 }, { 20, 200 } };
	struct card *c = CARD;
	struct weft_queue_state st;

	card_need(c);
	struct load l = load_open(c, WEFT_AS_LR);
	for (unsigned i = 0; i < 2; i++) {
		struct queue *q = load_queue(&l, NULL);
		uint64_t start, took;

		ct_about("HANG_MS from %u to %u", ms[i][0], ms[i][1]);
		wr32(c, WEFT_REG_HANG_MS, ms[i][0]);
		load_start(&l, q);
		queue_wait_run(q, WEFT_QS_RUNNING, 1000, NULL);
		usleep(30000);
		wr32(c, WEFT_REG_HANG_MS, ms[i][1]);
		start = ct_now_ns();
		inject(c, WEFT_INJECT_HANG, q->id);
		queue_wait_run(q, WEFT_QS_FAULTED, 1000, &st);
		took = ct_now_ns() - start;
		CHECK_EQ(st.cause, WEFT_FAULT_HANG, "cause");
		CHECK(took >= ms[i][1] * UINT64_C(1000000), "it ended after %llu us", (unsigned long long)took / 1000);
		queue_destroy(q);
	}
	ct_about("%s", "");
	wr32(c, WEFT_REG_HANG_MS, 2000);
}

/* The same while the unit hangs already. */
static void while_it_hangs(void)
{
	struct card *c = CARD;
	struct weft_queue_state st;
	uint64_t start;

	card_need(c);
	struct load l = load_open(c, WEFT_AS_LR);
	struct queue *q = load_queue(&l, NULL);
	wr32(c, WEFT_REG_HANG_MS, 60000);
	inject(c, WEFT_INJECT_HANG, q->id);
	load_start(&l, q);
	queue_wait_run(q, WEFT_QS_RUNNING, 1000, NULL);
	usleep(30000);
	start = ct_now_ns();
	wr32(c, WEFT_REG_HANG_MS, 100);
	queue_wait_run(q, WEFT_QS_FAULTED, 2000, &st);
	CHECK_EQ(st.cause, WEFT_FAULT_HANG, "cause");
	CHECK(ct_now_ns() - start >= 50000000, "it ended after %llu us", (unsigned long long)(ct_now_ns() - start) / 1000);
	wr32(c, WEFT_REG_HANG_MS, 2000);
}

static const struct ct_test tests[] = {
	{ "wait_limit_ns near and beyond the end of the clock", no_end, WEFT_CAP_CELLS, 0, false },
	{ "HANG_MS is another when a unit hangs", another_limit, WEFT_CAP_INJECT | WEFT_CAP_LOOP | WEFT_CAP_CALL, 0, false },
	{ "HANG_MS becomes another while a unit hangs", while_it_hangs, WEFT_CAP_INJECT | WEFT_CAP_LOOP | WEFT_CAP_CALL, 0, false },
};
CT_SECTION_OF(limits, WEFT_CAP_LR);
