// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Safe operations: what they end, how soon by the card's clock, and what they promise about memory. */
#include "cell.h"
#include "stopwatch.h"

#include <string.h>
#include <unistd.h>

static void stop_idle(void)
{
	struct card *c = CARD;
	uint64_t ns[20];
	unsigned take = 0;

	card_need(c);
	struct rig r = rig_open(c);
	do {
		for (unsigned i = 0; i < 20; i++) {
			uint32_t from = c->nevt;

			ns[i] = timed_op(c, WEFT_SAFE_QUEUE_STOP, r.q->id, 0, 0);
			const struct weft_event *e = evt_wait(c, from, WEFT_EVT_SAFE, WEFT_SAFE_QUEUE_STOP, 1000);
			CHECK_EQ(e->value, c->safe_seq, "value of the SAFE event");
			union weft_packet p = pkt_fill(RIG_LOCAL, 64, 4, i + 1);
			uint64_t f = rig_start(&r, &p, 1);
			queue_ring(r.q);
			usleep(1000);
			CHECK(queue_fence(r.q) != f, "a stopped queue ran");
			renew_stopped(&r, f);
			rig_run(&r, &p, 1);
			CHECK_EQ(*(uint32_t *)(void *)r.local, i + 1, "word from the queue created anew");
		}
	} while (!judge(ns, 20, "QUEUE_STOP of an idle queue", ++take));
}

static void stop_running(struct rig *r, const union weft_packet *p, unsigned n, unsigned rounds, const char *what)
{
	stop_inside(r, &(struct stop){ .what = what, .p = p, .n = n, .rounds = rounds, .late_us = 3000, .mem = r->local,
				       .bytes = RIG_BYTES });
}

static void stop_copy(void)
{
	static union weft_packet p[2000];

	card_need(CARD);
	struct rig r = rig_open(CARD);
	unsigned n = r.call ? 2000 : 50;
	for (unsigned i = 0; i < n; i++)
		p[i] = pkt_copy(RIG_LOCAL, RIG_HOST, RIG_BYTES);
	stop_running(&r, p, n, 15, "QUEUE_STOP inside COPY of 4 MiB");
	p[0] = pkt_fill(RIG_LOCAL, RIG_BYTES, 1, 7);
	for (unsigned i = 1; i < n; i++)
		p[i] = p[0];
	stop_running(&r, p, n, SERIES_MIN, "QUEUE_STOP inside FILL of 4 MiB by bytes");
}

static void stop_suspended(void)
{
	struct card *c = CARD;
	struct weft_mbox_msg m = { .op = WEFT_MBOX_SUSPEND };
	struct weft_queue_state st;
	union weft_packet p = pkt_fill(RIG_LOCAL, 64, 4, 1);

	card_need(c);
	struct rig r = rig_open(c);
	m.u.arg[0] = r.q->id;
	if (mbox_call(c, &m) == WEFT_MBOX_NO_CAP)
		ct_skip("the card cannot SUSPEND");
	queue_wait_run(r.q, WEFT_QS_SUSPENDED, 5000, NULL);
	rig_start(&r, &p, 1);
	CHECK_EQ(safe_call(c, WEFT_SAFE_QUEUE_STOP, r.q->id, 0, 0), WEFT_SAFE_OK, "status of QUEUE_STOP");
	queue_state(r.q, &st);
	CHECK_EQ(st.run, WEFT_QS_STOPPED, "state after QUEUE_STOP");
	CHECK_EQ(st.cause, WEFT_FAULT_STOPPED, "cause");
	m = (struct weft_mbox_msg){ .op = WEFT_MBOX_RESUME, .u.arg = { r.q->id } };
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_STATE, "status of RESUME of a stopped queue");
	rig_renew(&r);
	rig_run(&r, &p, 1);
}

/* Engines may be shared by cards; what another card has there stays. */
static void reset_others(void)
{
	struct card *c = CARD, *o = &ct_cards[1];
	uint32_t engines = rd32(c, WEFT_REG_NUM_ENGINES);
	union weft_packet p[64];

	cards_open(2);
	card_need(c);
	card_need(o);
	struct rig r = rig_open(o);
	for (unsigned i = 0; i < ARRAY_LEN(p); i++)
		p[i] = pkt_fill(RIG_LOCAL, RIG_BYTES, 1, i);
	uint64_t f = rig_start(&r, p, ARRAY_LEN(p));
	WAIT_FOR(queue_run(r.q) == WEFT_QS_RUNNING, 5000, "the other card's queue RUNNING");
	for (unsigned round = 0; round < 20 && queue_fence(r.q) != f; round++) {
		for (uint32_t e = 0; e < engines; e++)
			CHECK_EQ(safe_call(c, WEFT_SAFE_ENGINE_RESET, e, 0, 0), WEFT_SAFE_OK, "status of ENGINE_RESET");
		CHECK(queue_run(r.q) != WEFT_QS_STOPPED, "ENGINE_RESET stopped the queue of another card");
	}
	queue_wait(r.q, f, 5000);
}

/* As much as one REDUCE can name, of the types whose arithmetic takes longest. */
static void stop_reduce(void)
{
	static union weft_packet p[200];
	static const struct { uint8_t type, op, size; } kind[] = {
		{ WEFT_F32, WEFT_AVG, 4 }, { WEFT_F16, WEFT_SUM, 2 }, { WEFT_BF16, WEFT_PROD, 2 }, { WEFT_I8, WEFT_AVG, 1 },
	};

	card_need(CARD);
	struct rig r = rig_open(CARD);
	for (unsigned i = 0; i < 16; i++)
		rig_operand(&r, i, i & 1 ? RIG_HOST : RIG_LOCAL);
	rig_operand(&r, 16, RIG_LOCAL);
	for (unsigned k = 0; k < ARRAY_LEN(kind); k++) {
		for (unsigned i = 0; i < ARRAY_LEN(p); i++)
			p[i] = pkt_reduce(kind[k].type, kind[k].op, 16, 1, 0, 16, RIG_BYTES / kind[k].size);
		stop_running(&r, p, ARRAY_LEN(p), SERIES_MIN, "QUEUE_STOP inside REDUCE of 16 times 4 MiB");
	}
}

/* Host memory that a queue writes all the time, is the host's again when the stop has completed: also what is under way. */
static void posted(void)
{
	static union weft_packet p[2000];
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	unsigned n = r.call ? 2000 : 50;
	uint32_t engines = rd32(c, WEFT_REG_NUM_ENGINES);
	uint8_t *at = rig_at(&r, RIG_HOST);
	for (unsigned i = 0; i < n; i++)
		p[i] = pkt_fill(RIG_HOST + (i % 8 * RIG_BYTES / 8), RIG_BYTES / 8, 4, 0x77777777);
	for (unsigned i = 0; i < 60; i++) {
		uint64_t f = rig_start(&r, p, n);
		unsigned op = i % 3;

		WAIT_FOR(queue_run(r.q) == WEFT_QS_RUNNING || queue_fence(r.q) == f, 2000, "queue %u RUNNING", r.q->id);
		usleep((useconds_t)ct_below(3000));
		if (op == 2 && c->caps & WEFT_CAP_ENGINE_RESET)
			for (uint32_t e = 0; e < engines && queue_run(r.q) != WEFT_QS_STOPPED; e++)
				timed_op(c, WEFT_SAFE_ENGINE_RESET, e, 0, 0);
		/* of a queue that was between two engines nothing was promised yet */
		if (queue_run(r.q) != WEFT_QS_STOPPED)
			timed_op(c, op ? WEFT_SAFE_QUEUE_STOP : WEFT_SAFE_AS_STOP, op ? r.q->id : r.s->asid, 0, 0);
		for (uint64_t o = 0; o < RIG_BYTES; o += 4096)
			at[o] = 0x22;
		usleep(2000);
		for (uint64_t o = 0; o < RIG_BYTES; o += 4096)
			CHECK_EQ(at[o], 0x22, "byte of host memory after the stop had completed");
		rig_renew(&r);
	}
}

static void stop_timed(void)
{
	union weft_packet p = pkt_timed(UINT64_C(30000000000));

	card_need(CARD);
	struct rig r = rig_open(CARD);
	stop_running(&r, &p, 1, 15, "QUEUE_STOP inside TIMED of 30 s");
}

static void as_stop(void)
{
	struct card *c = CARD;
	struct queue *q[8];
	uint64_t ns[SERIES_MIN];
	unsigned take = 0;
	union weft_packet p[64];

	card_need(c);
	struct rig other = rig_open(c);
	for (unsigned i = 0; i < 64; i++)
		p[i] = pkt_copy(RIG_LOCAL, RIG_HOST, RIG_BYTES / 2);
	do {
		for (unsigned round = 0; round < SERIES_MIN; round++) {
			uint64_t user = c->user_next, carve = c->carve_next;
			struct rig r = rig_open(c);

			q[0] = r.q;
			for (unsigned i = 1; i < 8; i++)
				q[i] = queue_create(r.s, ~0u, 6);
			for (unsigned i = 0; i < 8; i++)
				for (unsigned k = 0; k < 20; k++)
					queue_push(q[i], &p[k]);
			uint64_t of = rig_start(&other, p, 4);
			for (unsigned i = 0; i < 8; i++) {
				q[i]->fence = 0;
				queue_push_fence(q[i], true);
				queue_kick(q[i]);
			}
			usleep((useconds_t)ct_below(2000));
			ns[round] = timed_op(c, WEFT_SAFE_AS_STOP, r.s->asid, 0, 0);
			for (unsigned i = 0; i < 8; i++) {
				uint32_t run = queue_run(q[i]);

				CHECK(run == WEFT_QS_STOPPED, "queue %u is in state %u after AS_STOP completed", q[i]->id, run);
			}
			/* nothing may still be written: the promise that lets memory be reused */
			memset(r.local, 0x11, RIG_BYTES);
			usleep(2000);
			for (uint64_t o = 0; o < RIG_BYTES; o += 509)
				CHECK_EQ(r.local[o], 0x11, "byte of memory reused after AS_STOP");
			queue_wait(other.q, of, 5000);
			for (unsigned i = 0; i < 8; i++)
				queue_destroy(q[i]);
			space_destroy(r.s);
			/* everything the round took, but for the first rig's, is free again */
			c->user_next = user;
			c->carve_next = carve;
		}
	} while (!judge(ns, SERIES_MIN, "AS_STOP of 8 busy queues", ++take));
}

/* Pages are swapped under a queue that writes them all the time; after completion the old page stays untouched. */
#define TRAFFIC	(UINT64_C(2) << 20)	/* a unit is under way long enough to be met by a client on a socket */

static void invalidate_traffic(void)
{
	struct card *c = CARD;
	uint64_t va = UINT64_C(0x470000400000), page[2], ns[30];
	unsigned take = 0;
	union weft_packet p[40];

	card_need(c);
	struct rig r = rig_open(c);
	page[0] = user_alloc(c, TRAFFIC, WEFT_PAGE2M_BYTES);
	page[1] = user_alloc(c, TRAFFIC, WEFT_PAGE2M_BYTES);
	memset(r.local, 0xab, TRAFFIC);
	for (unsigned i = 0; i < 40; i++)
		p[i] = pkt_copy(va, RIG_LOCAL, TRAFFIC);
	memcpy(r.list, p, sizeof(p));
	space_map_2m(r.s, va, page[0], TRAFFIC, PTE_RW);
	do {
		for (unsigned i = 1; i <= 30; i++) {
			if (r.call) {
				for (int k = 0; k < 3; k++) {
					union weft_packet call = pkt_call(RIG_LIST, 40, 0, 0);

					queue_push(r.q, &call);
				}
				queue_kick(r.q);
			} else {
				for (int k = 0; k < 40; k++)
					queue_push(r.q, &p[k]);
				queue_kick(r.q);
			}
			usleep((useconds_t)ct_below(500));
			space_map_2m(r.s, va, page[i & 1], TRAFFIC, PTE_RW);
			ns[i - 1] = timed_op(c, WEFT_SAFE_AS_INVALIDATE, r.s->asid, i % 4 ? va : 0, i % 4 ? TRAFFIC : 0);
			uint8_t *old = c->lmem + page[(i + 1) & 1];
			/* few and fast: a unit in flight writes for microseconds more */
			for (unsigned o = 0; o < TRAFFIC; o += 8191)
				old[o] = 0x22;
			usleep(1000);
			for (unsigned o = 0; o < TRAFFIC; o += 8191)
				CHECK(old[o] == 0x22, "round %u: byte %u of the old page was written after AS_INVALIDATE completed", i, o);
			CHECK(queue_run(r.q) != WEFT_QS_FAULTED, "the queue faulted");
		}
		uint64_t f = queue_push_fence(r.q, true);
		queue_kick(r.q);
		queue_wait(r.q, f, 10000);
	} while (!judge(ns, 30, "AS_INVALIDATE under traffic", ++take));
	/* and with the mapping gone: the queue faults, the page is free at completion */
	for (int k = 0; k < 3; k++)
		for (int j = 0; j < 2; j++)
			queue_push(r.q, &p[k]);
	queue_kick(r.q);
	pte_set(space_entry(r.s, va, 1), 0);
	timed_op(c, WEFT_SAFE_AS_INVALIDATE, r.s->asid, va, TRAFFIC);
	memset(c->lmem + page[0], 0x33, TRAFFIC);
	usleep(1000);
	for (unsigned o = 0; o < TRAFFIC; o++)
		CHECK(c->lmem[page[0] + o] == 0x33, "byte %u of an unmapped page was written", o);
}

/* The longest list, of as many cells. */
static void fault_list(void)
{
	struct card *c = CARD;
	const unsigned n = WEFT_SAFE_FAULTS_MAX;
	uint64_t ns[20], cells, at;
	unsigned take = 0;

	card_need(c);
	cells = user_alloc(c, n * sizeof(struct weft_cell), 4096);
	at = carve_alloc(c, n * sizeof(struct weft_safe_fault));
	struct weft_cell *cell = (void *)(c->lmem + cells);
	struct weft_safe_fault *list = (void *)(c->lmem + at);
	do {
		for (unsigned round = 0; round < 20; round++) {
			memset(cell, 0, n * sizeof(*cell));
			for (unsigned i = 0; i < n; i++)
				list[i] = (struct weft_safe_fault){ cells + i * sizeof(*cell), 1 + i + UINT64_C(1000) * round };
			ns[round] = timed_op(c, WEFT_SAFE_CELL_FAULTS, at, n, 0);
			for (unsigned i = 0; i < n; i++)
				CHECK(cell[i].fault == list[i].word && !cell[i].value && !cell[i].end && !cell[i].tag, "cell %u", i);
		}
	} while (!judge(ns, 20, "CELL_FAULTS of 4,096 cells", ++take));
}

static void bad_args(void)
{
	struct card *c = CARD;
	static const struct { unsigned op; uint64_t cap; } behind[] = {
		{ WEFT_SAFE_LINK_MASK, WEFT_CAP_LINK_MASK }, { WEFT_SAFE_LINK_UNMASK, WEFT_CAP_LINK_MASK },
		{ WEFT_SAFE_ENGINE_RESET, WEFT_CAP_ENGINE_RESET }, { WEFT_SAFE_CELL_FAULT, WEFT_CAP_CELL_FAULT },
		{ WEFT_SAFE_CELL_FAULTS, WEFT_CAP_CELL_FAULTS },
	};

	card_need(c);
	struct rig r = rig_open(c);
	EXPECT_EQ(safe_call(c, WEFT_SAFE_QUEUE_STOP, c->nqueues, 0, 0), WEFT_SAFE_BAD_ARG, "QUEUE_STOP beyond NUM_QUEUES");
	EXPECT_EQ(safe_call(c, WEFT_SAFE_QUEUE_STOP, UINT64_C(1) << 32, 0, 0), WEFT_SAFE_BAD_ARG, "QUEUE_STOP of 2^32");
	EXPECT_EQ(safe_call(c, WEFT_SAFE_AS_STOP, c->nasids, 0, 0), WEFT_SAFE_BAD_ARG, "AS_STOP beyond NUM_ASIDS");
	EXPECT_EQ(safe_call(c, WEFT_SAFE_AS_INVALIDATE, c->nasids, 0, 0), WEFT_SAFE_BAD_ARG, "AS_INVALIDATE beyond NUM_ASIDS");
	EXPECT_EQ(safe_call(c, WEFT_SAFE_AS_INVALIDATE, UINT64_C(1) << 40, 0, 0), WEFT_SAFE_BAD_ARG, "AS_INVALIDATE of 2^40");
	EXPECT_EQ(safe_call(c, WEFT_SAFE_QUEUE_STOP, r.q->id + 1, 0, 0), WEFT_SAFE_BAD_ARG, "QUEUE_STOP of no queue");
	EXPECT_EQ(safe_call(c, WEFT_SAFE_AS_STOP, r.s->asid + 1, 0, 0), WEFT_SAFE_BAD_ARG, "AS_STOP of no space");
	EXPECT_EQ(safe_call(c, WEFT_SAFE_AS_INVALIDATE, r.s->asid + 1, 0, 0), WEFT_SAFE_BAD_ARG, "AS_INVALIDATE of no space");
	EXPECT_EQ(space_invalidate(r.s, 8, 4096), WEFT_SAFE_BAD_ARG, "AS_INVALIDATE at 8");
	EXPECT_EQ(space_invalidate(r.s, 4096, 4097), WEFT_SAFE_BAD_ARG, "AS_INVALIDATE of 4097 bytes");
	EXPECT_EQ(space_invalidate(r.s, (UINT64_C(1) << 48) - 4096, 8192), WEFT_SAFE_BAD_ARG, "AS_INVALIDATE across 2^48");
	EXPECT_EQ(space_invalidate(r.s, ~UINT64_C(4095), 8192), WEFT_SAFE_BAD_ARG, "AS_INVALIDATE across 2^64");
	EXPECT_EQ(space_invalidate(r.s, (UINT64_C(1) << 48) - 4096, 4096), WEFT_SAFE_OK, "AS_INVALIDATE of the last page");
	EXPECT_EQ(space_invalidate(r.s, 8, 0), WEFT_SAFE_OK, "AS_INVALIDATE of all, ARG1 ignored");
	EXPECT_EQ(safe_call(c, WEFT_SAFE_AS_INVALIDATE, r.s->asid, 0, 4096), WEFT_SAFE_OK, "AS_INVALIDATE then");
	for (unsigned i = 0; i < ARRAY_LEN(behind); i++)
		if (!(c->caps & behind[i].cap)) {
			ct_about("SAFE operation %u without its capability", behind[i].op);
			EXPECT_EQ(safe_call(c, behind[i].op, 0, 0, 0), WEFT_SAFE_BAD_OP, "status");
			ct_about("%s", "");
		}
	uint32_t from = c->nevt;
	for (unsigned bad = 0; bad < 2; bad++) {
		unsigned status = safe_call(c, WEFT_SAFE_AS_INVALIDATE, bad ? c->nasids : r.s->asid, 0, 0);

		WAIT_FOR(({ evt_poll(c); c->nevt && c->evt[c->nevt - 1].value == c->safe_seq; }), 1000, "event SAFE, status %u", status);
		EXPECT_EQ(c->evt[c->nevt - 1].type, WEFT_EVT_SAFE, "type of the event");
		EXPECT_EQ(c->evt[c->nevt - 1].queue, WEFT_SAFE_AS_INVALIDATE, "operation in event SAFE");
		EXPECT_EQ(c->evt[c->nevt - 1].cause, bad ? WEFT_SAFE_BAD_ARG : WEFT_SAFE_OK, "status in event SAFE");
	}
	CHECK(c->nevt >= from + 2, "%u events of two operations", c->nevt - from);
	safe_start(c, 0x80, 0, 0, 0);	/* no DONE register: must do nothing, and harm nothing */
	union weft_packet p = pkt_fill(RIG_LOCAL, 64, 4, 1);
	rig_run(&r, &p, 1);
}

static void many(void)
{
	struct card *c = CARD;
	struct rig r[8];
	uint32_t seq = 0;
	uint64_t fence[8];
	unsigned refused = 0;

	card_need(c);
	for (unsigned i = 0; i < 8; i++)
		r[i] = rig_open(c);
	/* up to 16 unfinished: none may be refused while fewer are open; each completes in order */
	for (int round = 0; round < 5; round++) {
		for (unsigned i = 0; i < 16; i++)
			seq = safe_start(c, WEFT_SAFE_AS_INVALIDATE, r[i % 8].s->asid, 0, 0);
		CHECK_EQ(safe_wait(c, WEFT_SAFE_AS_INVALIDATE, seq, 1000), WEFT_SAFE_OK, "status of 16 at once");
	}
	/* Far more, with engines that keep them waiting: one of another kind is done, or says FULL and does not move DONE. */
	for (unsigned round = 0; round < 25; round++) {
		union weft_packet p[8];

		CHECK_EQ(safe_call(c, WEFT_SAFE_QUEUE_STOP, ~0u, 0, 0), WEFT_SAFE_BAD_ARG, "status of QUEUE_STOP of no queue");
		for (unsigned k = 0; k < 8; k++)
			p[k] = pkt_fill(RIG_LOCAL, RIG_BYTES, 1, round);
		for (unsigned i = 0; i < 8; i++)
			fence[i] = rig_start(&r[i], p, 8);
		for (unsigned i = 0; i < 40; i++)
			safe_start(c, WEFT_SAFE_AS_INVALIDATE, r[i % 8].s->asid, 0, 0);
		seq = safe_start(c, WEFT_SAFE_QUEUE_STOP, ~0u, 0, 0);
		bool full = rd32(c, WEFT_REG_SAFE_STATUS(WEFT_SAFE_QUEUE_STOP)) == WEFT_SAFE_FULL;
		refused += full;
		if (!full)
			CHECK_EQ(safe_wait(c, WEFT_SAFE_QUEUE_STOP, seq, 1000), WEFT_SAFE_BAD_ARG, "status of one that was not refused");
		for (unsigned i = 0; i < 8; i++)
			queue_wait(r[i].q, fence[i], 5000);
		if (full)
			CHECK(rd32(c, WEFT_REG_SAFE_DONE(WEFT_SAFE_QUEUE_STOP)) != seq, "DONE moved to a refused operation");
	}
	ct_note("%u of 25 were refused", refused);
	usleep(50000);
	CHECK_EQ(safe_call(c, WEFT_SAFE_AS_INVALIDATE, r[0].s->asid, 0, 0), WEFT_SAFE_OK, "status afterwards");
	for (unsigned i = 0; i < 8; i++) {
		union weft_packet p = pkt_fill(RIG_LOCAL, 64, 4, i);

		rig_run(&r[i], &p, 1);
	}
}

static const struct ct_test tests[] = {
	{ "QUEUE_STOP of an idle queue, again and again", stop_idle, 0, 0, false },
	{ "QUEUE_STOP inside COPY and FILL", stop_copy, 0, 0, false },
	{ "QUEUE_STOP of a SUSPENDED queue", stop_suspended, 0, 0, false },
	{ "ENGINE_RESET stops no queue of another card", reset_others, WEFT_CAP_ENGINE_RESET, 2, false },
	{ "QUEUE_STOP inside REDUCE", stop_reduce, WEFT_CAP_REDUCE | WEFT_CAP_CALL, 0, false },
	{ "nothing posted arrives after a stop", posted, 0, 0, false },
	{ "QUEUE_STOP inside TIMED", stop_timed, WEFT_CAP_TIMED, 0, false },
	{ "AS_STOP: all queues, memory free at completion", as_stop, 0, 0, false },
	{ "AS_INVALIDATE under traffic", invalidate_traffic, 0, 0, false },
	{ "CELL_FAULTS of 4,096 cells", fault_list, WEFT_CAP_CELL_FAULTS, 0, false },
	{ "bad arguments, operations without capability", bad_args, 0, 0, false },
	{ "16 at once, and too many", many, 0, 0, false },
};
CT_SECTION(safe);
