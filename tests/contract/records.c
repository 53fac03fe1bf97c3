// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Trace records of nested lists, and rings that change, or fail, in the life of a queue. */
#include "cell.h"
#include "rig.h"
#include "tracing.h"

#include <string.h>

#define RING_VA		UINT64_C(0x74000000)
#define OTHER_VA	UINT64_C(0x75000000)
#define INNER		(RIG_LIST + 4096)
#define CALLED		(RIG_LIST + 8192)

/* `seq` is the iteration of the innermost LOOP around the packet, through CALLs; a LOOP is a packet of the list it is in. */
static void nested(void)
{
	enum { OUTER = 3, ROUNDS = 2 };
	struct card *c = CARD;
	union weft_packet nop = { 0 }, outer[3] = { nop, pkt_loop(INNER, 2, 0, 0, ROUNDS), pkt_call(CALLED, 1, 0, 0) };
	union weft_packet inner[2] = { nop, pkt_call(CALLED, 1, 0, 0) }, loop = pkt_loop(RIG_LIST, 3, 0, 0, OUTER);
	unsigned n = 0;

	card_need(c);
	struct rig r = rig_open(c);
	struct queue *q = traced(r.s);
	struct ring t = ring_open(q, RING_VA, 6);

	memcpy(r.list, outer, sizeof(outer));
	memcpy(r.list + 4096, inner, sizeof(inner));
	memcpy(r.list + 8192, &nop, sizeof(nop));
	queue_push(q, &nop);
	queue_push(q, &loop);
	queue_kick(q);
	queue_wait_done(q, 1000);
	WAIT_FOR(t.h->written >= 2 + 10 * OUTER, 1000, "32 records (are %llu)", (unsigned long long)t.h->written);
	record_is(&t, n++, q, 0, 0);
	for (unsigned it = 0; it < OUTER; it++) {
		record_is(&t, n++, q, 0, it);
		for (unsigned k = 0; k < ROUNDS; k++) {
			record_is(&t, n++, q, 0, k);
			record_is(&t, n++, q, 0, k);	/* in the list that the next one called */
			record_is(&t, n++, q, 1, k);
		}
		record_is(&t, n++, q, 1, it);		/* the inner LOOP */
		record_is(&t, n++, q, 0, it);
		record_is(&t, n++, q, 2, it);
	}
	record_is(&t, n++, q, 1, 1);			/* the outer LOOP */
	CHECK_EQ(t.h->written, n, "records");
}

/* One NOP; the queue is taken up for it, and has given its engine up afterwards. */
static void step(struct queue *q)
{
	union weft_packet nop = { 0 };

	queue_push(q, &nop);
	queue_kick(q);
	queue_wait_done(q, 1000);
	queue_wait_run(q, WEFT_QS_IDLE, 1000, NULL);
}

/* The word that names the ring is read each time the queue is taken up. */
static void moved(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	struct queue *q = traced(r.s);
	struct ring one = ring_open(q, RING_VA, 4), two = ring_open(q, OTHER_VA, 4);
	const struct { uint64_t va; unsigned one, two; } rounds[] = {
		{ RING_VA, 1, 0 }, { OTHER_VA, 1, 1 }, { 0, 1, 1 }, { OTHER_VA, 1, 2 }, { RING_VA, 2, 2 },
	};

	for (unsigned i = 0; i < ARRAY_LEN(rounds); i++) {
		queue_ctl(q)->trace = rounds[i].va;
		step(q);
		ct_about("ring %#llx in round %u", (unsigned long long)rounds[i].va, i);
		WAIT_FOR(one.h->written + two.h->written >= rounds[i].one + rounds[i].two, 1000, "a record");
		CHECK_EQ(one.h->written, rounds[i].one, "records in the first ring");
		CHECK_EQ(two.h->written, rounds[i].two, "records in the second ring");
	}
	ct_about("%s", "");
	record_is(&one, 1, q, 4, 4);
	record_is(&two, 1, q, 3, 3);
}

/* Once a ring could not be used its queue is traced no more, in that ring or another; the next queue is. */
static void ended(void)
{
	static const struct { const char *what; uint64_t va; uint32_t log2; } bad[] = {
		{ "log2 3", RING_VA, 3 }, { "unmapped", RIG_HOLE, 6 }, { "read-only", RIG_LIST, 6 },
	};
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		struct queue *q = traced(r.s), *next;
		struct ring t = ring_open(q, RING_VA + 8192 * i, 6), other = ring_open(q, OTHER_VA + 8192 * i, 6);

		ct_about("%s", bad[i].what);
		t.h->log2 = bad[i].log2;
		queue_ctl(q)->trace = bad[i].va == RING_VA ? RING_VA + 8192 * i : bad[i].va;
		step(q);
		t.h->log2 = 6;
		step(q);
		queue_ctl(q)->trace = RING_VA + 8192 * i;
		step(q);
		queue_ctl(q)->trace = OTHER_VA + 8192 * i;
		step(q);
		CHECK_EQ(t.h->written | t.h->dropped, 0, "records in the ring once it was good");
		CHECK_EQ(other.h->written | other.h->dropped, 0, "records in another ring");
		next = traced(r.s);
		queue_ctl(next)->trace = OTHER_VA + 8192 * i;
		step(next);
		WAIT_FOR(other.h->written == 1, 1000, "a record of another queue");
	}
	ct_about("%s", "");
}

static const struct ct_test tests[] = {
	{ "seq in nested LOOPs and CALLs", nested, WEFT_CAP_CALL | WEFT_CAP_LOOP, 0, false },
	{ "the ring is looked up whenever the queue is taken up", moved, 0, 0, false },
	{ "a ring that cannot be used ends tracing for good", ended, 0, 0, false },
};
CT_SECTION_OF(records, WEFT_CAP_TRACE);
