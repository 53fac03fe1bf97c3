// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Counters of programs and cells: what each packet of a lane moves, against a count made here. */
#include "lane.h"

#include <string.h>
#include <unistd.h>

enum { LOCAL, GUEST, PEER, LINKS };
enum { READ, WRITE, CELL_READ, CELL_WRITE, FETCH, KINDS };
static const unsigned kind_of[KINDS] = {
	WEFT_CNT_READ_BYTES, WEFT_CNT_WRITE_BYTES, WEFT_CNT_CELL_READS, WEFT_CNT_CELL_WRITES, WEFT_CNT_FETCH_BYTES,
};
static const char *const kind_name[KINDS] = { "bytes read", "bytes written", "cell reads", "cell writes", "bytes fetched" };
static const unsigned link_of[LINKS] = { WEFT_CNT_LINK_LOCAL, 0, 2 };

struct counts { uint64_t n[KINDS][LINKS], packets; };

static struct counts take(struct lane *l)
{
	struct counts k = { .packets = counter(l->c, WEFT_CNT_PACKETS, 0, 0) };

	for (unsigned i = 0; i < KINDS; i++)
		for (unsigned j = 0; j < LINKS; j++)
			if (j != PEER || l->c->nlinks > 2)
				k.n[i][j] = counter(l->c, kind_of[i], link_of[j], l->s->asid);
	return k;
}

/*
 * Runs the lane's list as a LOOP of n iterations and compares. Fetches are a range: a card may read list and table of a
 * LOOP once or each time, and an entry more than once; want.n[FETCH] is what the list and the entries of one iteration take,
 * each use of an entry once. The ring packet and reads of the whole table when the LOOP starts and ends come on top.
 */
static void expect(struct lane *l, uint64_t n, struct counts want, const char *what)
{
	struct counts a = take(l);

	lane_loop(l, n);
	queue_wait_done(l->q, 10000);
	queue_wait_run(l->q, WEFT_QS_IDLE, 1000, NULL);
	struct counts b = take(l);
	for (unsigned j = 0; j < LINKS; j++) {
		for (unsigned i = 0; i < FETCH; i++) {
			ct_about("%s, link %#x, %s", what, link_of[j], kind_name[i]);
			EXPECT_EQ(b.n[i][j] - a.n[i][j], want.n[i][j], "count");
		}
		ct_about("%s, link %#x", what, link_of[j]);
		uint64_t got = b.n[FETCH][j] - a.n[FETCH][j], once = want.n[FETCH][j];
		uint64_t ring = j == LOCAL ? 64 : 0, ends = j == LOCAL ? 64u * l->nops : 0;
		uint64_t least = (j == LOCAL ? 64u * l->n : 0) + ring;
		uint64_t most = n * (2 * once - (j == LOCAL ? 64u * l->n : 0)) + ring + ends;
		CHECK(got >= least && got <= most, "%llu bytes fetched, not %llu … %llu", (unsigned long long)got,
		      (unsigned long long)least, (unsigned long long)most);
	}
	ct_about("%s", what);
	EXPECT_EQ(b.packets - a.packets, want.packets, "packets retired");
	ct_about("%s", "");
	lane_clear(l);
}

#define FETCHED(packets, entries) [FETCH] = { [LOCAL] = 64 * (packets) + 32 * (entries) }

static void loops(void)
{
	struct arena a = arena_open(1);
	struct lane l = lane_open(&a, 0);
	uint16_t from, to;

	lane_nops(&l, 7);
	expect(&l, 13, (struct counts){ .n = { FETCHED(7, 0) }, .packets = 13 * 7 + 1 }, "LOOP of NOPs");
	from = lane_operand(&l, LANE_PLACE(HOST), 100, 50);
	to = lane_operand(&l, LANE_OWN, 100, 60);
	lane_copy(&l, to, from, 96);
	lane_copy(&l, from, to, 10);
	expect(&l, 37, (struct counts){ .n = { [READ] = { 37 * 10, 37 * 96 }, [WRITE] = { 37 * 96, 37 * 10 }, FETCHED(2, 4) },
					.packets = 37 * 2 + 1 }, "LOOP of COPY with rotating operands");
	/* a LOOP in a LOOP */
	union weft_packet in = pkt_copy(LANE_OWN, LANE_PLACE(HOST), 33);
	memcpy(l.own + 0x8000, &in, 64);
	lane_add(&l, pkt_loop(LANE_OWN + 0x8000, 1, 0, 0, 5));
	lane_nops(&l, 1);
	expect(&l, 9, (struct counts){ .n = { [READ] = { 0, 9 * 5 * 33 }, [WRITE] = { 9 * 5 * 33 }, FETCHED(2 + 5, 0) },
				       .packets = 9 * (5 + 2) + 1 }, "LOOP in a LOOP");
	lane_add(&l, pkt_timestamp(LANE_PLACE(HOST)));
	lane_add(&l, pkt_fill(LANE_PLACE(HOST) + 64, 1000, 8, 1));
	expect(&l, 3, (struct counts){ .n = { [WRITE] = { 0, 3 * 1008 }, FETCHED(2, 0) }, .packets = 7 }, "TIMESTAMP and FILL");
	lane_add(&l, pkt_copy(LANE_OWN, LANE_PLACE(HOST), 8));
	lane_add(&l, pkt_break(0));
	lane_add(&l, pkt_copy(LANE_OWN, LANE_PLACE(HOST), 8));
	/* the list ends early: at most its first two packets each time */
	struct counts before = take(&l);
	lane_loop(&l, 100);
	queue_wait_done(l.q, 1000);
	struct counts after = take(&l);
	CHECK_EQ(after.n[READ][GUEST] - before.n[READ][GUEST], 8, "bytes read by a LOOP left by BREAK");
	lane_clear(&l);
}

static void skips(void)
{
	struct arena a = arena_open(1);
	struct lane l = lane_open(&a, 0);
	struct weft_queue_state st0, st1;

	/* RANGE: iterations 3 … 9 of 20 copy */
	queue_state(l.q, &st0);
	lane_add(&l, pkt_range(3, 7));
	lane_add(&l, pkt_copy(LANE_OWN, LANE_PLACE(HOST), 50));
	expect(&l, 20, (struct counts){ .n = { [READ] = { 0, 7 * 50 }, [WRITE] = { 7 * 50 }, FETCHED(2, 0) },
					.packets = 20 * 2 + 1 }, "RANGE");
	queue_wait_run(l.q, WEFT_QS_IDLE, 1000, &st1);
	CHECK_EQ(st1.retired - st0.retired, 41, "retired of the queue state, skipped packets too");
	/* PRED: a word of host memory, 4 bytes each time, suppresses */
	lane_add(&l, pkt_pred(LANE_PLACE(HOST), WEFT_CMP_EQ, 1));
	lane_add(&l, pkt_copy(LANE_OWN, LANE_PLACE(HOST), 50));
	expect(&l, 6, (struct counts){ .n = { [READ] = { 0, 6 * 4 }, FETCHED(2, 0) }, .packets = 6 * 2 + 1 }, "PRED that suppresses");
	*(uint32_t *)(void *)arena_at(&a, HOST) = 1;
	lane_add(&l, pkt_pred(LANE_PLACE(HOST), WEFT_CMP_EQ, 1));
	lane_add(&l, pkt_copy(LANE_OWN, LANE_PLACE(HOST), 50));
	lane_add(&l, pkt_pred(0, WEFT_CMP_ALWAYS, 0));
	expect(&l, 6, (struct counts){ .n = { [READ] = { 0, 6 * 54 }, [WRITE] = { 6 * 50 }, FETCHED(3, 0) }, .packets = 6 * 3 + 1 },
	       "PRED that does not");
}

static void indirect(void)
{
	struct arena a = arena_open(1);
	struct lane l = lane_open(&a, 0);
	uint16_t index = lane_operand(&l, LANE_PLACE(HOST), 4, 4), to, first;

	for (uint32_t i = 0; i < 4; i++)
		((uint32_t *)(void *)arena_at(&a, HOST))[i] = i & 1;
	to = lane_operand(&l, LANE_OWN, 64, 16);
	first = lane_operand(&l, LANE_PLACE(HOST) + 4096, 0, 1);
	lane_operand(&l, LANE_OWN + 8192, 0, 1);
	struct weft_operand_indirect sel = { .index = index, .first = first, .count = 2 };
	uint16_t either = lane_operand(&l, 0, 0, 1);
	memcpy(&l.table[either].base, &sel, sizeof(sel));
	l.table[either].flags = WEFT_OPND_INDIRECT;
	lane_copy(&l, to, either, 64);
	expect(&l, 8, (struct counts){ .n = { [READ] = { 4 * 64, 8 * 4 + 4 * 64 }, [WRITE] = { 8 * 64 }, FETCHED(1, 4) }, .packets = 9 },
	       "an indirect operand: 4 bytes for its index");
}

static void cells(void)
{
	struct arena a = arena_open(1);
	struct lane l = lane_open(&a, 0);

	lane_add(&l, pkt_signal(LANE_CELL(0, 0), 1, 1, WEFT_SCOPE_QUEUE));
	lane_add(&l, pkt_wait(LANE_CELL(0, 0), 1, 1));
	expect(&l, 11, (struct counts){ .n = { [CELL_READ] = { 11 }, [CELL_WRITE] = { 11 }, FETCHED(2, 0) }, .packets = 23 },
	       "SIGNAL and a satisfied WAIT");
	union weft_packet all = pkt_signal(LANE_CELL(HOST, 0), 1, 1, WEFT_SCOPE_QUEUE);
	all.signal.words = WEFT_SIG_VALUE | WEFT_SIG_TAG | WEFT_SIG_END;
	lane_add(&l, all);
	expect(&l, 5, (struct counts){ .n = { [CELL_WRITE] = { 0, 5 }, FETCHED(1, 0) }, .packets = 6 }, "SIGNAL of three words, host");
	/* a WAIT that parks reads its cell at least twice, and no other memory */
	struct counts before = take(&l);
	union weft_packet p = pkt_wait(LANE_CELL(0, 5), 1, 0);
	queue_push(l.q, &p);
	queue_kick(l.q);
	queue_wait_run(l.q, WEFT_QS_PARKED, 1000, NULL);
	sem_signal(a.cells[0], 5, 1, l.q, LANE_CELL(0, 5));
	queue_wait_done(l.q, 1000);
	struct counts after = take(&l);
	CHECK(after.n[CELL_READ][LOCAL] > before.n[CELL_READ][LOCAL], "a WAIT that parked read no cell");
	CHECK_EQ(after.n[READ][LOCAL], before.n[READ][LOCAL], "bytes read by a WAIT");
	CHECK_EQ(after.n[CELL_WRITE][LOCAL], before.n[CELL_WRITE][LOCAL], "cells written by a WAIT");
}

static void lists(void)
{
	struct arena a = arena_open(1);
	struct lane l = lane_open(&a, 0);
	struct weft_cell_ref *ref = (void *)(l.own + 4096);
	union weft_packet s = { .signal = { .op = WEFT_PKT_SIGNAL_ALL, .words = WEFT_SIG_VALUE, .count = 9,
					    .u.list = LANE_OWN + 4096 } };
	union weft_packet w = { .wait = { .op = WEFT_PKT_WAIT_ALL, .end_level = WEFT_WAIT_NO_LOOP, .count = 9,
					  .u.list = LANE_OWN + 4096 } };

	for (unsigned i = 0; i < 9; i++)
		ref[i] = (struct weft_cell_ref){ .cell = LANE_CELL(0, i), .base = 1, .step = 1 };
	lane_add(&l, s);
	lane_add(&l, w);
	expect(&l, 7, (struct counts){ .n = { [CELL_READ] = { 63 }, [CELL_WRITE] = { 63 }, [FETCH] = { 2 * 64 + 18 * 32 } },
				       .packets = 15 }, "SIGNAL_ALL and WAIT_ALL of nine");
}

static void peer(void)
{
	struct arena a = arena_open(2);
	struct lane l = lane_open(&a, 0);

	lane_add(&l, pkt_signal(LANE_CELL(1, 0), 1, 1, WEFT_SCOPE_QUEUE));
	lane_add(&l, pkt_copy(LANE_PLACE(1), LANE_OWN, 500));
	expect(&l, 6, (struct counts){ .n = { [READ] = { 3000 }, [WRITE] = { 0, 0, 3000 }, [CELL_WRITE] = { 0, 0, 6 }, FETCHED(2, 0) },
				       .packets = 13 }, "SIGNAL and COPY to a peer");
	if (!(l.c->caps & WEFT_CAP_SYSTEM_SCOPE))
		return;
	/* the read that flushes a link is no payload */
	lane_add(&l, pkt_copy(LANE_PLACE(1), LANE_OWN, 500));
	lane_add(&l, pkt_signal(LANE_CELL(0, 1), 1, 1, WEFT_SCOPE_SYSTEM));
	expect(&l, 6, (struct counts){ .n = { [READ] = { 3000 }, [WRITE] = { 0, 0, 3000 }, [CELL_WRITE] = { 6 }, FETCHED(2, 0) },
				       .packets = 13 }, "COPY to a peer and a flush");
}

static void busy(void)
{
	struct arena a = arena_open(1);
	struct lane l = lane_open(&a, 0);
	uint32_t engines = rd32(l.c, WEFT_REG_NUM_ENGINES);
	struct weft_queue_state st;
	uint64_t before = 0, after = 0;

	for (uint32_t i = 0; i < engines; i++)
		before += counter(l.c, WEFT_CNT_ENGINE_BUSY_NS, 0, i);
	lane_add(&l, pkt_copy(LANE_OWN, LANE_PLACE(HOST), 0x80000));
	lane_loop(&l, 200);
	queue_wait_done(l.q, 10000);
	queue_wait_run(l.q, WEFT_QS_IDLE, 1000, &st);
	for (uint32_t i = 0; i < engines; i++)
		after += counter(l.c, WEFT_CNT_ENGINE_BUSY_NS, 0, i);
	/* the engines worked for nobody else */
	CHECK(st.busy_ns && after - before <= st.busy_ns * 5 / 4 + 1000000 && (after - before) * 5 / 4 + 1000000 >= st.busy_ns,
	      "engines were busy for %llu us, the only queue was charged %llu us", (unsigned long long)(after - before) / 1000,
	      (unsigned long long)st.busy_ns / 1000);
}

/* 40 ms that a queue waits for a timer; what it takes to start and end one is some microseconds. */
static void timed(void)
{
	enum { N = 40, NS = 1000000 };
	struct arena a = arena_open(1);
	struct lane l = lane_open(&a, 0);
	struct weft_queue_state st;

	lane_add(&l, pkt_timed(NS));
	lane_loop(&l, N);
	queue_wait_done(l.q, 10000);
	queue_wait_run(l.q, WEFT_QS_IDLE, 1000, &st);
	CHECK(st.busy_ns < N * (uint64_t)NS / 2, "a queue was charged %llu us for %u ms of TIMED", (unsigned long long)st.busy_ns / 1000,
	      N * NS / 1000000);
}

/* A record of a queue that runs is 5 ms old at most, here within a packet and without a FENCE. */
static void progress(void)
{
	struct arena a = arena_open(1);
	struct lane l = lane_open(&a, 0);
	struct weft_queue_state st;
	uint64_t first, moved = 0, last;

	lane_add(&l, pkt_copy(LANE_OWN, LANE_PLACE(HOST), 0x80000));
	lane_loop(&l, 2000);
	WAIT_FOR(queue_run(l.q) == WEFT_QS_RUNNING, 5000, "the queue RUNNING");
	queue_state(l.q, &st);
	first = last = st.progress_ns;
	while (st.run != WEFT_QS_IDLE) {
		usleep(1000);
		queue_state(l.q, &st);
		if (st.run != WEFT_QS_RUNNING)
			continue;
		CHECK(st.progress_ns >= last, "progress_ns went back");
		moved += st.progress_ns != last;
		last = st.progress_ns;
	}
	queue_wait_done(l.q, 10000);
	ct_note("progress_ns moved %llu times in %llu us", (unsigned long long)moved, (unsigned long long)(last - first) / 1000);
	CHECK(moved >= 3, "progress_ns moved %llu times while the queue ran", (unsigned long long)moved);
}

#define C WEFT_CAP_CELLS
static const struct ct_test tests[] = {
	{ "LOOP: payload, fetches, packets", loops, 0, 0, false },
	{ "RANGE and PRED: what is skipped moves nothing", skips, WEFT_CAP_PRED, 0, false },
	{ "indirect operands", indirect, WEFT_CAP_INDIRECT, 0, false },
	{ "WAIT and SIGNAL", cells, C, 0, false },
	{ "WAIT_ALL and SIGNAL_ALL", lists, C | WEFT_CAP_CELL_LISTS, 0, false },
	{ "a peer's cells and memory, flushes", peer, C, 2, false },
	{ "busy time of engines and of the queue", busy, 0, 0, false },
	{ "TIMED is no engine time", timed, WEFT_CAP_TIMED, 0, false },
	{ "progress_ns of a queue that runs", progress, 0, 0, false },
};
CT_SECTION_OF(counted, WEFT_CAP_COUNTERS | WEFT_CAP_LR | WEFT_CAP_LOOP | WEFT_CAP_CALL);
