// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "tracing.h"

#include <string.h>

struct ring ring_open(struct queue *q, uint64_t va, uint32_t log2)
{
	uint64_t bytes = (sizeof(struct weft_trace_ring) + (sizeof(struct weft_trace_record) << log2) + 4095) & ~UINT64_C(4095);
	uint64_t off = user_alloc(q->c, bytes, 4096);
	struct ring r = { .h = (volatile void *)(q->c->lmem + off), .size = 1u << log2 };

	memset(q->c->lmem + off, 0, bytes);
	r.h->log2 = log2;
	r.rec = (volatile void *)(q->c->lmem + off + sizeof(struct weft_trace_ring));
	space_map(q->s, va, off, bytes, PTE_RW);
	queue_ctl(q)->trace = va;
	return r;
}

struct queue *traced(struct space *s)
{
	return queue_create_how(s, ~0u, 6, &(struct weft_queue_desc){
		.band = WEFT_BAND_NORMAL, .weight = 100, .flags = WEFT_QUEUE_F_TRACE,
		.run_limit_ns = UINT64_C(60000000000), .wait_limit_ns = UINT64_C(60000000000) });
}

void record_is(struct ring *t, unsigned i, struct queue *q, unsigned packet, uint32_t seq)
{
	struct weft_trace_record r = *(struct weft_trace_record *)(uintptr_t)&t->rec[i];

	ct_about("record %u", i);
	CHECK_EQ(r.lane, q->id, "lane");
	CHECK_EQ(r.packet, packet, "packet");
	CHECK_EQ(r.seq, seq, "seq");
	CHECK(r.ready_ns && r.ready_ns <= r.start_ns && r.start_ns <= r.end_ns, "times %llu %llu %llu", (unsigned long long)r.ready_ns,
	      (unsigned long long)r.start_ns, (unsigned long long)r.end_ns);
	ct_about("%s", "");
}
