// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Trace records: what they say, a full ring, rings that cannot be used, and with them who started when. */
#include "cell.h"
#include "load.h"
#include "tracing.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RING_VA		UINT64_C(0x74000000)
#define CELLS_VA	UINT64_C(0x76000000)

static void records(void)
{
	struct card *c = CARD;
	union weft_packet nop = { 0 }, list[4] = { nop, pkt_fill(RIG_LOCAL, 64, 4, 1), nop, pkt_timestamp(RIG_LOCAL + 64) };

	card_need(c);
	struct rig r = rig_open(c);
	struct queue *q = traced(r.s);
	struct ring t = ring_open(q, RING_VA, 6);
	uint64_t before = rd64(c, WEFT_REG_CLOCK_NOW), now;

	memcpy(r.list, list, sizeof(list));
	queue_wait(q, queue_submit(q, RIG_LIST, 4, RIG_TABLE, 16), 1000);
	now = rd64(c, WEFT_REG_CLOCK_NOW);
	WAIT_FOR(t.h->written == 6, 1000, "six records (are %llu)", (unsigned long long)t.h->written);
	for (unsigned i = 0; i < 4; i++)
		record_is(&t, i, q, i, 0);
	record_is(&t, 4, q, 0, 0);		/* the CALL */
	record_is(&t, 5, q, 1, 1);		/* the FENCE */
	CHECK(t.rec[0].start_ns >= before && t.rec[5].end_ns <= now + 1000000, "times outside of the test");
	CHECK(t.rec[4].start_ns <= t.rec[0].start_ns && t.rec[4].end_ns >= t.rec[3].end_ns, "the CALL does not span its list");
	for (unsigned i = 1; i < 4; i++)
		CHECK(t.rec[i].ready_ns == t.rec[i - 1].end_ns, "ready is not when the packet before had retired");
	CHECK_EQ(*(uint64_t *)(void *)(r.local + 64) >= t.rec[3].start_ns && *(uint64_t *)(void *)(r.local + 64) <= t.rec[3].end_ns, 1,
		 "TIMESTAMP inside its record");
	CHECK_EQ(t.h->dropped, 0, "records dropped");
	if (c->caps & WEFT_CAP_TIMED) {
		union weft_packet p = pkt_timed(3000000);

		queue_push(q, &p);
		queue_kick(q);
		WAIT_FOR(t.h->written == 7, 1000, "a seventh record");
		record_is(&t, 6, q, 2, 2);
		CHECK(t.rec[6].end_ns - t.rec[6].start_ns >= 3000000, "TIMED of 3 ms lasted %llu ns",
		      (unsigned long long)(t.rec[6].end_ns - t.rec[6].start_ns));
	}
}

/* Iterations, a suppressed packet, the LOOP itself. */
static void loops(void)
{
	struct card *c = CARD;
	union weft_packet nop = { 0 }, list[4] = { nop, pkt_pred(RIG_LOCAL, WEFT_CMP_EQ, 1), pkt_fill(RIG_LOCAL + 64, 64, 4, 1), nop };
	union weft_packet loop = pkt_loop(RIG_LIST, 4, 0, 0, 5);

	card_need(c);
	struct rig r = rig_open(c);
	struct queue *q = traced(r.s);
	struct ring t = ring_open(q, RING_VA, 6);

	memcpy(r.list, list, sizeof(list));
	queue_push(q, &loop);
	queue_kick(q);
	queue_wait_done(q, 1000);
	WAIT_FOR(t.h->written >= 16, 1000, "16 records (are %llu)", (unsigned long long)t.h->written);
	for (unsigned it = 0; it < 5; it++) {
		record_is(&t, 3 * it, q, 0, it);
		record_is(&t, 3 * it + 1, q, 1, it);
		record_is(&t, 3 * it + 2, q, 3, it);	/* packet 2 was suppressed */
	}
	record_is(&t, 15, q, 0, 0);
	CHECK_EQ(t.h->written, 16, "records");
	CHECK(t.rec[15].start_ns <= t.rec[0].start_ns && t.rec[15].end_ns >= t.rec[14].end_ns, "the LOOP does not span its iterations");
}

static void full_ring(void)
{
	struct card *c = CARD;
	union weft_packet nop = { 0 };

	card_need(c);
	struct rig r = rig_open(c);
	struct queue *q = traced(r.s);
	struct ring t = ring_open(q, RING_VA, 4);

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 40; i++)
			queue_push(q, &nop);
		queue_kick(q);
		queue_wait_done(q, 1000);
		WAIT_FOR(t.h->dropped == 24 * (round + 1), 1000, "24 records more dropped (are %llu)", (unsigned long long)t.h->dropped);
		CHECK_EQ(t.h->written, 16 * (round + 1), "records written");
		for (unsigned i = 0; i < 16; i++)
			record_is(&t, i, q, 40 * round + i, 40 * round + i);
		t.h->taken = t.h->written;
	}
}

/* Rings that cannot be used end tracing, and nothing else. */
static void bad_rings(void)
{
	struct card *c = CARD;
	static const struct { const char *what; uint64_t va; uint32_t log2; } bad[] = {
		{ "unmapped", RIG_HOLE, 6 }, { "read-only", RIG_LIST, 6 }, { "log2 3", RING_VA, 3 }, { "log2 21", RING_VA, 21 },
		{ "misaligned", RING_VA + 32, 6 }, { "beyond 48 bits", UINT64_C(1) << 48, 6 }, { "records unmapped", RING_VA, 8 },
		{ "none", 0, 6 },
	};
	union weft_packet p = pkt_fill(RIG_LOCAL, 64, 4, 1);

	card_need(c);
	struct rig r = rig_open(c);
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		struct queue *q = traced(r.s);
		struct ring t = ring_open(q, RING_VA, 6);

		ct_about("%s", bad[i].what);
		t.h->log2 = bad[i].log2;
		queue_ctl(q)->trace = bad[i].va;
		if (bad[i].va == RING_VA && bad[i].log2 == 8)
			t.h->written = t.h->taken = 200;
		for (unsigned k = 0; k < 3; k++) {
			queue_push(q, &p);
			queue_wait(q, queue_submit(q, RIG_LIST, 1, 0, 0), 1000);
		}
		CHECK_EQ(t.h->dropped, 0, "records dropped");
		CHECK_EQ(t.h->written, bad[i].log2 == 8 ? 200 : 0, "records written");
		WAIT_FOR(queue_run(q) == WEFT_QS_IDLE, 1000, "the queue IDLE");
		queue_destroy(q);
		CHECK_EQ(space_invalidate(r.s, 0, 0), WEFT_SAFE_OK, "status of AS_INVALIDATE");
	}
	ct_about("%s", "");
}

static int less(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/*
 * The lengths of the turns in a ring, shortest first. A turn is what lies between two records that do not touch. A thread that
 * lost its core inside a packet makes that one longer than it was: no packet, all being equal, counts for more than three.
 */
static unsigned turns(struct ring *t, uint64_t turn[4096])
{
	static uint64_t each[1 << 14];
	unsigned end = (unsigned)t->h->written, n = 0;
	uint64_t usual, sum = 0;

	for (unsigned i = 0; i < end; i++)
		each[i] = t->rec[i].end_ns - t->rec[i].start_ns;
	qsort(each, end, sizeof(each[0]), less);
	usual = end ? each[end / 2] : 0;
	for (unsigned i = 0; i < end && n < 4096; i++) {
		uint64_t took = t->rec[i].end_ns - t->rec[i].start_ns;

		if (i && t->rec[i].start_ns != t->rec[i - 1].end_ns) {
			turn[n++] = sum;
			sum = 0;
		}
		sum += took > 3 * usual ? 3 * usual : took;
	}
	qsort(turn, n, sizeof(turn[0]), less);
	return n;
}

/*
 * Engine time of a turn of one queue among eight, all of it over the turns that its records show: what a slice counts, however
 * often the engine's thread lost its core meanwhile. 0: fewer than four turns.
 */
static uint64_t mean_turn(struct card *c, uint32_t slice)
{
	static uint64_t turn[4096];
	struct load l = load_open(c, WEFT_AS_FENCE);
	struct queue *q = load_queue(&l, &(struct weft_queue_desc){ .band = WEFT_BAND_NORMAL, .flags = WEFT_QUEUE_F_TRACE });
	struct ring t = ring_open(q, RING_VA, 14);
	unsigned n;

	CHECK_EQ(policy(c, WEFT_BAND_NORMAL, 100, slice), WEFT_MBOX_OK, "status of POLICY");
	for (unsigned i = 0; i < 7; i++)
		load_start(&l, load_queue(&l, NULL));
	load_start(&l, q);
	/* Not so many that the ring is full: a packet takes some 3 µs. */
	for (unsigned tries = 0; tries < 300 && turns(&t, turn) < (slice > 2000000 ? 5 : 12); tries++)
		usleep(10000);
	CHECK_EQ(safe_call(c, WEFT_SAFE_AS_STOP, l.s->asid, 0, 0), WEFT_SAFE_OK, "status of AS_STOP");
	n = turns(&t, turn) + 1;	/* the last one was stopped */
	ct_note("slice %u us: %u turns, %llu us each, the middle one with packets of %llu us", slice / 1000, n,
		(unsigned long long)load_busy(q) / n / 1000, (unsigned long long)turn[(n - 1) / 2] / 1000);
	CHECK_EQ(t.h->dropped, 0, "records dropped");
	return n < 4 ? 0 : load_busy(q) / n;
}

static void slices(void)
{
	static const uint32_t slice[] = { 1000000, 4000000 };
	struct card *c = CARD;

	card_need(c);
	for (unsigned round = 0; round < 2; round++) {
		uint64_t low = slice[round] * UINT64_C(4) / 10, high = slice[round] * UINT64_C(14) / 10 + 200000, turn = 0;

		/* Engines of a crowded machine lose their cores inside turns: the best of three. */
		for (unsigned take = 0; take < 3 && (turn < low || turn > high); take++)
			turn = mean_turn(c, slice[round]);
		CHECK(turn >= low && turn <= high, "a turn lasts %llu ns with a slice of %u ns", (unsigned long long)turn,
		      slice[round]);
	}
	CHECK_EQ(policy(c, WEFT_BAND_NORMAL, 100, 1000000), WEFT_MBOX_OK, "status of POLICY");
}

struct start {
	uint64_t ns;
	unsigned n;		/* of the queue: the order in which doorbells rang */
};

static int earlier(const void *a, const void *b)
{
	const struct start *x = a, *y = b;

	return x->ns < y->ns ? -1 : x->ns > y->ns;
}

/* All queues of a card with few slots, but those that are needed otherwise; where there are many slots some do. */
static unsigned crowd(struct card *c, unsigned others)
{
	unsigned slots = rd32(c, WEFT_REG_NUM_SLOTS);

	if (slots > 64 || c->nqueues > 4096)
		ct_skip("%u slots, %u queues", slots, c->nqueues);
	return slots > 16 && c->nqueues - others > 1024 ? 1024 : c->nqueues - others;
}

/* Every slot is held by a TIMED packet until the space is stopped. */
static void hold_slots(struct rig *block, unsigned slots)
{
	union weft_packet hold = pkt_timed(UINT64_C(1) << 40);

	for (unsigned i = 0; i < slots; i++) {
		struct queue *b = queue_create(block->s, ~0u, 4);

		queue_push(b, &hold);
		queue_kick(b);
		WAIT_FOR(queue_run(b) == WEFT_QS_RUNNING, 2000, "slot %u taken", i);
	}
}

/*
 * Every slot is held while all other queues of the card become ready; when the holders are stopped, they start by
 * band, in a band by turns over spaces, and in a space in the order of their doorbells.
 */
static void start_order(void)
{
	enum { SPACES = 4, BANDS = 4 };
	struct card *c = CARD;
	unsigned slots = rd32(c, WEFT_REG_NUM_SLOTS);
	unsigned n = crowd(c, slots + SPACES + 1), late = 0, late_band = 0, changes = 0, top = 0;
	static struct queue *q[4096];
	static struct ring t[4096];
	static struct start at[4096];
	unsigned last[SPACES][BANDS] = { 0 };
	union weft_packet p = pkt_fill(RIG_LOCAL, 4096, 4, 1);

	card_need(c);
	struct rig block = rig_open(c), s[SPACES];
	for (unsigned i = 0; i < SPACES; i++)
		s[i] = rig_open(c);
	for (unsigned i = 0; i < BANDS; i++)
		CHECK_EQ(policy(c, i, 0, 1000000), WEFT_MBOX_OK, "status of POLICY");
	for (unsigned i = 0; i < n; i++) {
		/* bands in no order, spaces in turn */
		struct weft_queue_desc how = { .band = (uint8_t)(i * 7 / SPACES % BANDS), .weight = 100, .flags = WEFT_QUEUE_F_TRACE,
					       .run_limit_ns = 1000000000, .wait_limit_ns = 1000000000 };

		q[i] = queue_create_soon(s[i % SPACES].s, ~0u, 4, &how);
		t[i] = ring_open(q[i], RING_VA + 4096 * i, 4);
	}
	queue_created(c);
	for (unsigned i = 0; i < n; i++) {
		queue_push(q[i], &p);
		queue_tail(q[i]);
	}
	hold_slots(&block, slots);
	for (unsigned i = 0; i < n; i++) {
		queue_ring(q[i]);
		late += t[i].h->written != 0;
	}
	CHECK_EQ(late, 0, "queues that ran though every slot was taken");
	CHECK_EQ(safe_call(c, WEFT_SAFE_AS_STOP, block.s->asid, 0, 0), WEFT_SAFE_OK, "status of AS_STOP");
	for (unsigned i = 0; i < n; i++) {
		queue_wait_done(q[i], 5000);
		WAIT_FOR(t[i].h->written == 1, 1000, "the record of queue %u", q[i]->id);
		at[i] = (struct start){ t[i].rec[0].start_ns, i };
	}
	qsort(at, n, sizeof(at[0]), earlier);
	/*
	 * A queue is late when one that comes after it began before it. As many as there are engines may be, and whatever an engine
	 * thread that lost its core had just taken up.
	 */
	for (unsigned i = 0; i < n; i++) {
		struct queue *this = q[at[i].n];
		unsigned band = this->how.band, space = at[i].n % SPACES;

		late_band += band < top;
		top = band > top ? band : top;
		late += at[i].n + 1 < last[space][band];
		last[space][band] = at[i].n + 1 > last[space][band] ? at[i].n + 1 : last[space][band];
		changes += i && this->s != q[at[i - 1].n]->s;
	}
	ct_note("%u queues on %u slots: %u out of band, %u out of order, %u changes of space", n, slots, late_band, late, changes);
	CHECK(late_band <= n / 50, "%u of %u queues started after one of a lower band", late_band, n);
	CHECK(late <= n / 50, "%u of %u queues started after one of their space whose doorbell rang later", late, n);
	CHECK(changes >= n / 4, "spaces do not take turns: %u changes in %u starts", changes, n);
	static const uint32_t floors[BANDS] = { 0, 200, 100, 50 };
	for (unsigned i = 0; i < BANDS; i++)
		CHECK_EQ(policy(c, i, floors[i], 1000000), WEFT_MBOX_OK, "status of POLICY");
}

/* What one queue's ring says of its turns: where the first and the second began, and how long the whole ones lasted. */
static unsigned whole_turns(struct ring *t, unsigned fills, uint64_t begin[2], uint64_t *length)
{
	unsigned n = 0;
	uint64_t sum = 0;

	begin[0] = t->rec[0].start_ns;
	begin[1] = ~UINT64_C(0);
	for (unsigned i = 0; i < fills; i++) {
		if (i && t->rec[i].start_ns != t->rec[i - 1].end_ns) {
			if (!n)
				begin[1] = t->rec[i].start_ns;
			length[n++] = sum;
			sum = 0;
		}
		sum += t->rec[i].end_ns - t->rec[i].start_ns;
	}
	return n;	/* the last one ended with the work, not with its slice */
}

/* Queues that have work for four slices each: every one gets its first before any its second, and they end when they should. */
static void crowd_slices(void)
{
	enum { FILLS = 32, TURNS = 4 };
	struct card *c = CARD;
	unsigned slots = rd32(c, WEFT_REG_NUM_SLOTS), n = crowd(c, slots + 3), turns = 0, early = 0;	/* 3: of rigs, alone */
	static struct queue *q[4096];
	static struct ring t[4096];
	static uint64_t begin[4096][2], length[4096 * FILLS];
	uint64_t last = 0, fill, slice;
	struct weft_queue_desc how = { .band = WEFT_BAND_NORMAL, .weight = 100, .flags = WEFT_QUEUE_F_TRACE,
				       .run_limit_ns = 60000000000, .wait_limit_ns = 60000000000 };
	union weft_packet p = pkt_fill(RIG_LOCAL, UINT64_C(1) << 20, 4, 1);

	card_need(c);
	struct rig block = rig_open(c), r = rig_open(c);
	for (unsigned i = 0; i < FILLS; i++)
		memcpy(r.list + 64 * i, &p, sizeof(p));
	p = pkt_call(RIG_LIST, FILLS, 0, 0);
	for (unsigned i = 0; i <= n; i++) {
		q[i] = queue_create_soon(r.s, ~0u, 4, &how);
		t[i] = ring_open(q[i], RING_VA + 8192 * i, 6);
		queue_push(q[i], &p);
	}
	queue_created(c);
	/* alone, the last one tells how long a FILL takes */
	queue_kick(q[n]);
	queue_wait_done(q[n], 5000);
	WAIT_FOR(t[n].h->written == FILLS + 1, 1000, "the records of the queue alone");
	for (unsigned i = 0; i < FILLS; i++)
		length[i] = t[n].rec[i].end_ns - t[n].rec[i].start_ns;
	qsort(length, FILLS, sizeof(length[0]), less);
	fill = length[FILLS / 2];
	slice = fill * FILLS / TURNS;
	CHECK_EQ(policy(c, WEFT_BAND_NORMAL, 100, (uint32_t)slice), WEFT_MBOX_OK, "status of POLICY");
	hold_slots(&block, slots);
	for (unsigned i = 0; i < n; i++)
		queue_kick(q[i]);
	CHECK_EQ(safe_call(c, WEFT_SAFE_AS_STOP, block.s->asid, 0, 0), WEFT_SAFE_OK, "status of AS_STOP");
	for (unsigned i = 0; i < n; i++) {
		queue_wait_done(q[i], 20000);
		WAIT_FOR(t[i].h->written == FILLS + 1, 1000, "the records of queue %u", q[i]->id);
		turns += whole_turns(&t[i], FILLS, begin[i], length + turns);
		last = begin[i][0] > last ? begin[i][0] : last;
	}
	for (unsigned i = 0; i < n; i++)
		early += begin[i][1] < last;
	qsort(length, turns, sizeof(length[0]), less);
	ct_note("%u queues on %u slots: slice %llu us, %u turns ended by it, the middle one %llu us; %u began their second early", n,
		slots, (unsigned long long)slice / 1000, turns, turns ? (unsigned long long)length[turns / 2] / 1000 : 0, early);
	/* a machine that fills fast has some queues done before their first slice is over */
	CHECK(turns >= n / 2, "only %u turns of %u queues were ended by their slice", turns, n);
	CHECK(length[turns / 2] >= slice / 2 && length[turns / 2] <= slice * 3 / 2 + fill,
	      "a turn lasts %llu ns with a slice of %llu ns", (unsigned long long)length[turns / 2], (unsigned long long)slice);
	/* As many as there are slots may be, and whoever an engine thread that lost its core had just taken up. */
	CHECK(early <= n / 50, "%u of %u queues had their second turn before others their first", early, n);
	CHECK_EQ(policy(c, WEFT_BAND_NORMAL, 100, 1000000), WEFT_MBOX_OK, "status of POLICY");
}

/* It was ready when it could go on: not when the packet before had retired, which is 5 ms earlier. */
static void woken(void)
{
	struct card *c = CARD;
	union weft_packet k = pkt_wait(CELLS_VA, 1, 0);

	card_need(c);
	struct space *s = space_create_as(c, ~0u, WEFT_AS_LR);
	struct sem *p = sem_create(c, true);
	struct queue *q = traced(s);
	struct ring t = ring_open(q, RING_VA, 4);
	sem_map(p, s, CELLS_VA, PTE_SEM);
	for (unsigned i = 0; i < 10; i++) {
		k.wait.u.one.base = i + 1;
		queue_push(q, &k);
		queue_kick(q);
		queue_wait_run(q, WEFT_QS_PARKED, 5000, NULL);
		usleep(5000);
		uint64_t before = rd64(c, WEFT_REG_CLOCK_NOW);
		CHECK(sem_signal(p, 0, i + 1, q, CELLS_VA), "the cell of a PARKED queue is not armed");
		queue_wait_done(q, 5000);
		WAIT_FOR(t.h->written == i + 1, 1000, "a record");
		record_is(&t, i, q, (uint16_t)i, i);
		CHECK(t.rec[i].ready_ns >= before, "a WAIT was ready %llu us before it was woken",
		      (unsigned long long)(before - t.rec[i].ready_ns) / 1000);
	}
}

/* Signalled while it was suspended: it was ready, and began, when it went on. */
static void resumed(void)
{
	struct card *c = CARD;
	union weft_packet k = pkt_wait(CELLS_VA, 1, 0), nop = { 0 };
	unsigned status;

	card_need(c);
	struct space *s = space_create_as(c, ~0u, WEFT_AS_LR);
	struct sem *p = sem_create(c, true);
	struct queue *q = traced(s);
	struct ring t = ring_open(q, RING_VA, 4);
	sem_map(p, s, CELLS_VA, PTE_SEM);
	queue_push(q, &nop);
	queue_push(q, &k);
	queue_kick(q);
	queue_wait_run(q, WEFT_QS_PARKED, 5000, NULL);
	usleep(5000);
	status = queue_ask(q, WEFT_MBOX_SUSPEND);
	if (status == WEFT_MBOX_NO_CAP)
		ct_skip("the card cannot SUSPEND");
	CHECK_EQ(status, WEFT_MBOX_OK, "status of SUSPEND");
	usleep(5000);
	sem_signal(p, 0, 1, q, CELLS_VA);
	usleep(5000);
	uint64_t before = rd64(c, WEFT_REG_CLOCK_NOW);
	CHECK_EQ(queue_ask(q, WEFT_MBOX_RESUME), WEFT_MBOX_OK, "status of RESUME");
	queue_wait_done(q, 5000);
	WAIT_FOR(t.h->written == 2, 1000, "records");
	CHECK(t.rec[1].ready_ns >= before && t.rec[1].start_ns >= before, "ready %lld us, begun %lld us after RESUME",
	      (long long)(t.rec[1].ready_ns - before) / 1000, (long long)(t.rec[1].start_ns - before) / 1000);
}

static const struct ct_test tests[] = {
	{ "records of a list, CALL, FENCE, TIMED", records, WEFT_CAP_CALL, 0, false },
	{ "records of a LOOP, suppressed packets", loops, WEFT_CAP_LOOP | WEFT_CAP_PRED, 0, false },
	{ "a full ring drops and counts", full_ring, 0, 0, false },
	{ "rings that cannot be used", bad_rings, WEFT_CAP_CALL, 0, false },
	{ "slices end as POLICY says", slices, WEFT_CAP_BANDS | WEFT_CAP_LOOP, 0, false },
	{ "start order of thousands of queues", start_order, WEFT_CAP_BANDS | WEFT_CAP_TIMED, 0, true },
	{ "slice ends of thousands of queues", crowd_slices, WEFT_CAP_BANDS | WEFT_CAP_TIMED | WEFT_CAP_CALL, 0, true },
	{ "a WAIT that parked is ready when it was woken", woken, WEFT_CAP_CELLS | WEFT_CAP_LR, 0, false },
	{ "a WAIT that was suspended is ready when it went on", resumed, WEFT_CAP_CELLS | WEFT_CAP_LR, 0, false },
};
CT_SECTION_OF(trace, WEFT_CAP_TRACE);
