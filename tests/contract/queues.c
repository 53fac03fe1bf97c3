// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Rings: many at once, wrap, the doorbell and ARMED protocol, fault RING. */
#include "rig.h"

#include <string.h>
#include <unistd.h>

static void many(void)
{
	struct card *c = CARD;
	unsigned n = c->nqueues < 256 ? c->nqueues : 256;
	static struct queue *q[256];

	card_need(c);
	struct rig a = rig_open(c), b = rig_open(c);
	for (unsigned i = 0; i < n - 2; i++)
		q[i] = queue_create(i & 1 ? b.s : a.s, ~0u, 4);
	memset(a.local, 0, 1 << 20);
	memset(b.local, 0, 1 << 20);
	for (unsigned round = 1; round <= 3; round++) {
		for (unsigned i = 0; i < n - 2; i++) {
			union weft_packet p = pkt_fill(RIG_LOCAL + i * 64, 64, 4, i * 16 + round);

			queue_push(q[i], &p);
			queue_push_fence(q[i], true);
			queue_kick(q[i]);
		}
		for (unsigned i = 0; i < n - 2; i++) {
			queue_wait(q[i], round, 10000);
			CHECK_EQ(*(uint32_t *)(void *)((i & 1 ? b.local : a.local) + i * 64 + 60), i * 16 + round, "word of a queue");
		}
		evt_poll(c);
		c->nevt = 0;
	}
}

static void wrap(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	for (unsigned log2 = WEFT_RING_LOG2_MIN; log2 <= 8; log2 += 2) {
		struct queue *q = queue_create(r.s, ~0u, log2);
		unsigned size = 1u << log2, total = 5 * size + 3;

		memset(r.local, 0, 16384);
		for (unsigned i = 0; i < total; i++) {
			union weft_packet p = pkt_fill(RIG_LOCAL + 4 * i, 4, 4, i + 1);

			queue_push(q, &p);
			if (ct_below(5) == 0)
				queue_kick(q);
		}
		uint64_t f = queue_push_fence(q, false);
		queue_kick(q);
		queue_wait(q, f, 5000);
		for (unsigned i = 0; i < total; i++)
			CHECK_EQ(((uint32_t *)(void *)r.local)[i], i + 1, "word of a packet across the wrap");
		CHECK_EQ(queue_head(q), total + 1, "head");
		/* exactly full */
		uint64_t before = q->tail;
		union weft_packet nop = { 0 };
		for (unsigned i = 0; i < size - 1; i++)
			queue_push(q, &nop);
		f = queue_push_fence(q, false);
		queue_kick(q);
		queue_wait(q, f, 5000);
		CHECK_EQ(queue_head(q), before + size, "head after a full ring");
	}
}

static void largest(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	struct queue *q = queue_create(r.s, c->nqueues - 1, WEFT_RING_LOG2_MAX);
	union weft_packet nop = { 0 };
	uint64_t f = 0;

	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < (1u << WEFT_RING_LOG2_MAX) - 1; i++)
			queue_push(q, &nop);
		f = queue_push_fence(q, false);
		queue_kick(q);
		queue_wait(q, f, 10000);
	}
	CHECK_EQ(queue_head(q), 2u << WEFT_RING_LOG2_MAX, "head");
}

static void armed(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	WAIT_FOR(queue_armed(r.q), 1000, "ARMED of an idle queue");
	/* without a doorbell an armed queue may sleep; with it it must run */
	uint64_t f = queue_push_fence(r.q, false);
	queue_tail(r.q);
	queue_ring(r.q);
	queue_wait(r.q, f, 1000);
	WAIT_FOR(queue_armed(r.q), 1000, "ARMED again");
	/* the submitter's protocol, many times, racing the card's decision to stop looking */
	long n = ct_count(3000);
	for (long i = 0; i < (n ? n : 100000); i++) {
		f = queue_push_fence(r.q, false);
		queue_kick(r.q);
		if (ct_below(4) == 0)
			queue_wait(r.q, f, 2000);
	}
	queue_wait(r.q, f, 2000);
}

/* While ARMED is 0 a tail store alone must be seen: the card looks again before it stops. */
static void unarmed(void)
{
	struct card *c = CARD;
	unsigned silent = 0;

	card_need(c);
	struct rig r = rig_open(c);
	for (int i = 0; i < 200; i++) {
		union weft_packet p = pkt_copy(RIG_LOCAL, RIG_HOST, ct_between(1, 200000));

		queue_push(r.q, &p);
		queue_kick(r.q);
		uint64_t f = 0;
		for (int k = 0; k < 6; k++) {
			f = queue_push_fence(r.q, false);
			queue_tail(r.q);
			if (queue_armed(r.q))
				queue_ring(r.q);
			else
				silent++;
			usleep((useconds_t)ct_below(60));
		}
		queue_wait(r.q, f, 2000);
	}
	ct_note("%u of 1200 tail stores met ARMED = 0", silent);
}

static void stray(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	/* doorbells of idle and of missing queues, other offsets, other widths */
	for (int i = 0; i < 50; i++)
		queue_ring(r.q);
	for (uint32_t q = r.q->id + 1; q < c->nqueues; q += 1 + c->nqueues / 17)
		vu_write(&c->vu, VU_BAR4, (uint64_t)q * 4096, 1, 4);
	for (unsigned off = 0x10; off < 4096; off += 508) {
		vu_write(&c->vu, VU_BAR4, (uint64_t)r.q->id * 4096 + off, ~0u, 4);
		CHECK_EQ(vu_read(&c->vu, VU_BAR4, (uint64_t)r.q->id * 4096 + off, 4), 0, "read of a doorbell page");
	}
	CHECK_EQ(vu_read(&c->vu, VU_BAR4, (uint64_t)r.q->id * 4096, 4), 0, "read of the doorbell");
	vu_write(&c->vu, VU_BAR4, (uint64_t)r.q->id * 4096 + WEFT_DB_KICK, RIG_LOCAL, 8);
	vu_write(&c->vu, VU_BAR4, (uint64_t)r.q->id * 4096 + WEFT_DB_KICK, ~UINT64_C(0), 8);
	union weft_packet p = pkt_fill(RIG_LOCAL, 64, 4, 1);
	rig_run(&r, &p, 1);
	CHECK_EQ(queue_run(r.q) == WEFT_QS_FAULTED, 0, "the queue faulted");
}

static void ring_fault(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	static const int64_t excess[] = { 65, 66, 1000, -1, INT64_MIN };
	for (unsigned i = 0; i < ARRAY_LEN(excess); i++) {
		union weft_packet p = pkt_fill(RIG_LOCAL, 64, 4, i + 1);

		rig_run(&r, &p, 1);
		uint32_t from = c->nevt;
		r.q->tail += (uint64_t)excess[i];
		ct_about("tail = head + %lld in a ring of 64", (long long)excess[i]);
		queue_tail(r.q);
		queue_ring(r.q);
		struct weft_queue_state st;
		queue_wait_run(r.q, WEFT_QS_FAULTED, 2000, &st);
		CHECK_EQ(st.cause, WEFT_FAULT_RING, "cause");
		CHECK_EQ(st.fault_va, 0, "fault_va");
		evt_wait(c, from, WEFT_EVT_FAULT, r.q->id, 1000);
		rig_renew(&r);
	}
}

static void state_record(void)
{
	struct card *c = CARD;
	struct weft_queue_state st;

	card_need(c);
	struct rig r = rig_open(c);
	queue_state(r.q, &st);
	CHECK_EQ(st.run, WEFT_QS_IDLE, "state of a new queue");
	CHECK_EQ(st.fence | st.retired | st.head | st.cause | st.fault_va, 0, "counts of a new queue");
	union weft_packet p[8];
	for (unsigned i = 0; i < 8; i++)
		p[i] = pkt_copy(RIG_LOCAL, RIG_HOST, RIG_BYTES);
	uint64_t before = rd64(c, WEFT_REG_CLOCK_NOW);
	uint64_t f = rig_start(&r, p, 8);
	queue_wait(r.q, f, 5000);
	WAIT_FOR(queue_run(r.q) == WEFT_QS_IDLE, 1000, "the queue IDLE");
	queue_state(r.q, &st);
	CHECK(st.progress_ns >= before && st.progress_ns <= rd64(c, WEFT_REG_CLOCK_NOW), "progress_ns %llu",
	      (unsigned long long)st.progress_ns);
	CHECK(st.busy_ns > 0, "busy_ns 0 after copying 32 MiB");
	CHECK(st.busy_ns <= UINT64_C(8000000000), "busy_ns %llu", (unsigned long long)st.busy_ns);
	CHECK_EQ(st.depth, 1, "depth of an idle queue");
	/* fences are stored as they are, also downwards and 2^64 - 1 */
	union weft_packet fence = { .fence = { .op = WEFT_PKT_FENCE, .value = ~UINT64_C(0) } };
	queue_push(r.q, &fence);
	queue_kick(r.q);
	WAIT_FOR(queue_fence(r.q) == ~UINT64_C(0), 1000, "fence value 2^64 - 1");
}

/*
 * FENCE i is packet i: in every consistent copy of the record fence, head and retired are the same number. The copy is
 * made slowly, so that updates fall into it.
 */
/* Of a queue that faulted, with its record where that was. */
static void fresh_record(void)
{
	struct card *c = CARD;
	struct weft_queue_state st;
	union weft_packet p = pkt_fill(RIG_HOLE, 64, 4, 1);

	card_need(c);
	struct rig r = rig_open(c);
	union weft_packet good = pkt_fill(RIG_LOCAL, 64, 4, 1);
	rig_run(&r, &good, 1);
	queue_wait_run(r.q, WEFT_QS_IDLE, 1000, NULL);
	rig_start(&r, &p, 1);
	queue_wait_run(r.q, WEFT_QS_FAULTED, 1000, &st);
	CHECK(st.fault_va && st.fault_op && st.retired && st.fence, "the record of the fault is empty");
	struct weft_mbox_msg m = { .op = WEFT_MBOX_QUEUE_CREATE }, d = { .op = WEFT_MBOX_QUEUE_DESTROY };
	queue_desc(r.q, &m.u.queue);
	d.u.arg[0] = r.q->id;
	CHECK_EQ(mbox_call(c, &d), WEFT_MBOX_OK, "status of QUEUE_DESTROY");
	queue_ctl(r.q)->tail = 0;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_OK, "status of QUEUE_CREATE");
	queue_state(r.q, &st);
	CHECK_EQ(st.run, WEFT_QS_IDLE, "run");
	CHECK_EQ(st.depth, 1, "depth");
	CHECK_EQ(st.cause | st.fault_va | st.fault_list | st.fault_packet | st.fault_op, 0, "what a new queue says of a fault");
	CHECK_EQ(st.wait_va | st.wait_value | st.wait_since_ns | st.origin | st.dirty_links, 0, "what a new queue says of cells and links");
	CHECK_EQ(st.fence | st.retired | st.head | st.busy_ns, 0, "what a new queue says it has done");
}

static void never_torn(void)
{
	struct card *c = CARD;
	unsigned good = 0, in_update = 0;

	card_need(c);
	struct rig r = rig_open(c);
	volatile struct weft_queue_state *s = (volatile void *)(c->lmem + r.q->state);
	uint64_t end = ct_now_ns() + UINT64_C(3000000000), last = s->version;
	while (good < 2000 && ct_now_ns() < end) {
		for (unsigned i = 0; i < 64; i++)
			queue_push_fence(r.q, false);
		queue_kick(r.q);
		for (unsigned i = 0; i < 64; i++) {
			uint64_t version = __atomic_load_n(&s->version, __ATOMIC_ACQUIRE);
			uint64_t fence = s->fence, at = ct_now_ns() + 2000;

			while (ct_now_ns() < at)
				;
			uint64_t head = s->head, retired = s->retired;
			__atomic_thread_fence(__ATOMIC_ACQUIRE);
			CHECK(version >= last, "version went back");
			last = version;
			if ((version & 1) || s->version != version) {
				in_update++;
				continue;
			}
			CHECK(fence == head && head == retired, "version %llu: fence %llu, head %llu, retired %llu", (unsigned long long)version,
			      (unsigned long long)fence, (unsigned long long)head, (unsigned long long)retired);
			good++;
		}
	}
	CHECK(last, "version is still 0");
	CHECK(good >= 100, "%u consistent copies, %u in an update", good, in_update);
}

static const struct ct_test tests[] = {
	{ "256 queues at once", many, 0, 0, false },
	{ "ring wrap, exactly full", wrap, 0, 0, false },
	{ "the largest ring, the last queue", largest, 0, 0, false },
	{ "ARMED and doorbell, 3,000 races", armed, 0, 0, false },
	{ "tail stores without doorbell while ARMED is 0", unarmed, 0, 0, false },
	{ "stray doorbells and kicks", stray, 0, 0, false },
	{ "fault RING", ring_fault, 0, 0, false },
	{ "queue state record", state_record, 0, 0, false },
	{ "a new queue's record says nothing of the one before", fresh_record, 0, 0, false },
	{ "the record is never torn", never_torn, 0, 0, false },
};
CT_SECTION(queues);
