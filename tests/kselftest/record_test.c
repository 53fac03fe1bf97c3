// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Trace records: a user queue made with TRACE appends one for each packet, by the card, to the ring that the program names in
 * its ring control. What the records say is the contract's test; here it is that the driver lets a program have them, and
 * what becomes of them when the ring's memory or the queue goes.
 */
#include "ks_uq.h"

#include "../../firmware/abi/trace.h"

#define RING_AT		0x80000ULL	/* in the queue's data */
#define LIST_AT		0x40000ULL
#define OWN_VA	0x800000000ULL
#define RW		(DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE)

struct ring {
	volatile struct weft_trace_ring *h;
	volatile struct weft_trace_record *rec;
};

static struct ring ring_at(void *p, uint32_t log2)
{
	struct ring r = { .h = p, .rec = (void *)((uint8_t *)p + sizeof(struct weft_trace_ring)) };

	memset(p, 0, sizeof(struct weft_trace_ring) + (sizeof(struct weft_trace_record) << log2));
	r.h->log2 = log2;
	return r;
}

/* A queue that traces into the ring at `va`, or does not trace although it names one. */
static int start(struct ks_uq *q, bool trace, uint64_t va)
{
	struct drm_weft_user_queue_create args = ks_uq_args(q);

	args.flags = trace ? DRM_WEFT_USER_QUEUE_TRACE : 0;
	KS_OK(ks_uq_start_with(q, &args));
	q->ctl->trace = va;
	return 0;
}

/* A record is stored after its packet has retired. */
static int reaches(volatile uint64_t *count, uint64_t want)
{
	int64_t until = ks_now_ns() + 10 * KS_SECOND;

	while (*count != want)
		KS_CHECK(ks_now_ns() < until, "is %llu, wanted %llu", (unsigned long long)*count, (unsigned long long)want);
	return 0;
}

static int is(struct ring *t, unsigned int i, uint32_t lane, uint32_t packet, uint32_t seq)
{
	struct weft_trace_record r = *(struct weft_trace_record *)(uintptr_t)&t->rec[i];

	KS_CHECK(r.lane == lane && r.packet == packet && r.seq == seq,
		 "record %u: lane %u (wanted %u) packet %u (%u) seq %u (%u)", i, r.lane, lane, r.packet, packet, r.seq, seq);
	KS_CHECK(r.ready_ns && r.ready_ns <= r.start_ns && r.start_ns <= r.end_ns, "record %u", i);
	return 0;
}

static uint32_t lane_of(struct ks_uq *q)
{
	struct drm_weft_queue_state state = { .card_queue = ~0u };

	ks_queue_state(q->fd, q->queue, &state);
	return state.card_queue;
}

/* Packets and a loop, in order, with times that do not overlap. */
static int run_and_check(struct ks_uq *q, struct ring *t)
{
	union weft_packet fill = ks_pkt_fill(KS_UDATA_VA, 4096, 7), loop = { .word = { 0 } };
	union weft_packet *list = (union weft_packet *)(q->data + LIST_AT);
	uint32_t lane = lane_of(q), n = 0;

	list[0] = ks_pkt_fill(KS_UDATA_VA + 8192, 4096, 8);
	list[1] = ks_pkt_copy(KS_UDATA_VA + 4096, KS_UDATA_VA, 4096);
	loop.call.op = WEFT_PKT_LOOP;
	loop.call.npackets = 2;
	loop.call.count = 3;
	loop.call.list = KS_UDATA_VA + LIST_AT;
	for (int i = 0; i < 3; i++)
		ks_uq_put(q, &fill);
	ks_uq_put(q, &loop);
	KS_OK(ks_uq_drain(q));
	KS_DO(reaches(&t->h->written, 10));
	for (; n < 3; n++)
		KS_DO(is(t, n, lane, n, n));
	for (uint32_t it = 0; it < 3; it++)
		for (uint32_t k = 0; k < 2; k++)
			KS_DO(is(t, n++, lane, k, it));
	KS_DO(is(t, n, lane, 3, 3));		/* the LOOP, when it has ended */
	for (uint32_t i = 1; i < 9; i++)
		KS_CHECK(t->rec[i].start_ns >= t->rec[i - 1].end_ns, "record %u began before the one before it ended", i);
	KS_IS(t->h->dropped, 0);
	return 0;
}

/* Without a queue yet; a skip on a card that does not trace. */
static int open_tracing(struct ks_uq *q)
{
	struct drm_weft_user_queue_create args;

	KS_OK(ks_uq_open(q, 0));
	if (q->caps & WEFT_CAP_TRACE)
		return 0;
	args = ks_uq_args(q);
	args.flags = DRM_WEFT_USER_QUEUE_TRACE;
	KS_IS(ks_uq_start_with(q, &args), -EOPNOTSUPP);
	return ks_skip("trace");
}

/* Memory of its own for a ring, bound at OWN_VA; NULL when it cannot be had. */
static void *ring_memory(struct ks_uq *q, uint32_t placement, uint64_t bytes)
{
	uint32_t handle;
	void *p;

	if (ks_gem_create(q->fd, bytes, placement, 0, &handle) || ks_bind(q->fd, q->vm, handle, OWN_VA, bytes, RW))
		return NULL;
	p = ks_gem_map(q->fd, handle, PROT_READ | PROT_WRITE);
	return p == MAP_FAILED ? NULL : p;
}

static int records(void)
{
	struct ks_uq q;
	struct ring t;
	void *p;
	int r;

	r = open_tracing(&q);
	if (r)
		return r;
	t = ring_at(q.data + RING_AT, 6);
	KS_DO(start(&q, true, KS_UDATA_VA + RING_AT));
	KS_DO(run_and_check(&q, &t));
	KS_OK(ks_uq_stop(&q));
	/* In host memory as well. */
	p = ring_memory(&q, DRM_WEFT_PLACE_SYSTEM, 8192);
	KS_CHECK(p);
	t = ring_at(p, 6);
	KS_DO(start(&q, true, OWN_VA));
	KS_DO(run_and_check(&q, &t));
	KS_OK(ks_uq_stop(&q));
	/* Without the flag nothing is written. */
	t = ring_at(p, 6);
	KS_DO(start(&q, false, OWN_VA));
	for (int i = 0; i < 3; i++)
		ks_uq_put(&q, &(union weft_packet){ .word = { 0 } });
	KS_OK(ks_uq_drain(&q));
	usleep(20000);
	KS_IS(t.h->written, 0);
	munmap(p, 8192);
	ks_uq_close(&q);
	return 0;
}

static int full(void)
{
	struct ks_uq q;
	struct ring t;
	int r;

	r = open_tracing(&q);
	if (r)
		return r;
	t = ring_at(q.data + RING_AT, 4);
	KS_DO(start(&q, true, KS_UDATA_VA + RING_AT));
	for (uint32_t round = 0; round < 3; round++) {
		for (int i = 0; i < 40; i++)
			ks_uq_put(&q, &(union weft_packet){ .word = { 0 } });
		KS_OK(ks_uq_drain(&q));
		KS_DO(reaches(&t.h->dropped, 24 * (round + 1)));
		KS_IS(t.h->written, 16 * (round + 1));
		for (uint32_t i = 0; i < 16; i++)
			KS_CHECK(t.rec[i].seq == 40 * round + i, "record %u has seq %u", i, t.rec[i].seq);
		t.h->taken = t.h->written;
	}
	ks_uq_close(&q);
	return 0;
}

/* The ring's memory is taken from under a queue that runs: tracing ends, the work does not. */
static int ring_goes(void)
{
	struct ks_uq q;
	struct ring t;
	void *p;
	int r;

	r = open_tracing(&q);
	if (r)
		return r;
	p = ring_memory(&q, DRM_WEFT_PLACE_LOCAL, 4096);
	KS_CHECK(p);
	t = ring_at(p, 4);
	KS_DO(start(&q, true, OWN_VA));
	ks_uq_put(&q, &(union weft_packet){ .word = { 0 } });
	KS_OK(ks_uq_drain(&q));
	KS_DO(reaches(&t.h->written, 1));
	KS_OK(ks_unbind(q.fd, q.vm, OWN_VA, 4096));
	for (int i = 0; i < 30; i++)
		ks_uq_put(&q, &(union weft_packet){ .word = { 0 } });
	KS_OK(ks_uq_drain(&q));
	KS_OK(ks_uq_reach(&q, WEFT_QS_IDLE));
	KS_IS(q.state->cause, 0);
	KS_IS(t.h->written, 1);
	munmap(p, 4096);
	ks_uq_close(&q);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "a program reads the records of its queue", records },
		{ "a full ring drops and counts", full },
		{ "a ring that is unbound ends the records only", ring_goes },
	};

	return ks_main("record", tests, sizeof(tests) / sizeof(tests[0]));
}
