// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Trace records, written into a ring of the queue's own address space. What does not translate there ends tracing and
 * nothing else: the queue's work does not depend on who reads its trace.
 */
#include <stddef.h>

#include "defect.h"
#include "engine.h"

/* Where the ring is; read when the queue is taken up, inside the first unit that needs it. */
static bool find_ring(struct wcard_run *r)
{
	struct wcard_trace *t = &r->q->trace;
	const uint64_t *word = r->q->ctl ? &r->q->ctl->trace :
		wcard_acc_word(&r->acc, r->q->desc.ctl + offsetof(struct weft_ring_ctl, trace), 8, WCARD_ACC_READ);

	t->known = true;
	t->ring = word ? __atomic_load_n(word, __ATOMIC_RELAXED) : 0;
	return word;
}

static bool find_header(struct wcard_run *r)
{
	struct wcard_trace *t = &r->q->trace;
	struct weft_trace_ring *h;
	uint32_t log2;

	h = wcard_acc_word(&r->acc, t->ring, sizeof(*h), WCARD_ACC_READ | WCARD_ACC_WRITE);
	if (!h)
		return false;
	log2 = __atomic_load_n(&h->log2, __ATOMIC_RELAXED);
	if (log2 < WCARD_TRACE_LOG2_MIN || log2 > WCARD_TRACE_LOG2_MAX)
		return false;
	r->trace.ring = h;
	r->trace.mask = (UINT64_C(1) << log2) - 1;
	return true;
}

static struct weft_trace_record *find_record(struct wcard_run *r, uint64_t i)
{
	uint64_t va = r->q->trace.ring + sizeof(struct weft_trace_ring) + (i & r->trace.mask) * sizeof(struct weft_trace_record);
	uint64_t in_page = va & (WEFT_PAGE_BYTES - 1);

	if (!r->trace.page || r->trace.page_va != va - in_page) {
		r->trace.page = wcard_acc_word(&r->acc, va - in_page, WEFT_PAGE_BYTES, WCARD_ACC_WRITE);
		r->trace.page_va = va - in_page;
	}
	return r->trace.page ? (struct weft_trace_record *)(void *)(r->trace.page + in_page) : NULL;
}

/* Low 32 bits of the innermost LOOP's iteration; outside LOOP of the ring index. */
static uint32_t seq_of(const struct wcard_queue *q)
{
	for (unsigned int i = q->depth; i-- > 1;)
		if (q->frame[i].is_loop)
			return (uint32_t)q->frame[i].it + (q->frame[i - 1].is_loop && WCARD_BROKEN(trace_seq_nested));
	return (uint32_t)q->head;
}

static bool append(struct wcard_run *r, uint64_t ready, uint64_t start, uint64_t end)
{
	struct wcard_queue *q = r->q;
	struct weft_trace_ring *h = r->trace.ring;
	struct weft_trace_record *rec;
	uint64_t written;

	if (!q->trace.known && !find_ring(r))
		return false;
	if (!q->trace.ring)
		return true;
	if (!h && !find_header(r))
		return false;
	h = r->trace.ring;
	written = __atomic_load_n(&h->written, __ATOMIC_RELAXED);
	if (written - __atomic_load_n(&h->taken, __ATOMIC_ACQUIRE) > r->trace.mask) {
		if (!WCARD_BROKEN(trace_drop_uncounted))
			__atomic_store_n(&h->dropped, h->dropped + 1, __ATOMIC_RELAXED);
		return true;
	}
	rec = find_record(r, written);
	if (!rec)
		return false;
	*rec = (struct weft_trace_record){
		.lane = (uint16_t)q->desc.id, .packet = (uint16_t)(q->depth == 1 ? q->head : wcard_top(q)->pc),
		.seq = seq_of(q), .ready_ns = ready, .start_ns = start, .end_ns = end,
	};
	__atomic_store_n(&h->written, written + 1, __ATOMIC_RELEASE);
	return true;
}

void wcard_trace_packet(struct wcard_run *r, uint64_t ready, uint64_t start, uint64_t end)
{
	if (append(r, ready, start, end))
		return;
	/* No fault of the queue's: whatever the accessor noted is forgotten. */
	r->acc.fault = WEFT_FAULT_NONE;
	r->acc.fault_va = 0;
	r->q->trace.on = WCARD_BROKEN(trace_bad_ring_goes_on);
}

void wcard_trace_turn(struct wcard_run *r, uint64_t now)
{
	struct wcard_trace *t = &r->q->trace;

	t->known = t->known && WCARD_BROKEN(trace_word_once);
	/* In the middle of a packet it began earlier; a WAIT begins again when it is woken. */
	if (!r->q->cur.active || !t->start_ns)
		t->start_ns = now;
	if (!t->ready_ns)
		t->ready_ns = now;
}

void wcard_trace_enter(struct wcard_run *r)
{
	struct wcard_trace *t = &r->q->trace;
	unsigned int opener = r->q->depth - 2;

	t->opened[opener].ready_ns = t->ready_ns;
	t->opened[opener].start_ns = t->start_ns;
	t->top = r->q->depth;
	t->start_ns = wcard_now(r->e->m);
}

void wcard_trace_level(struct wcard_run *r)
{
	struct wcard_trace *t = &r->q->trace;
	unsigned int level = r->q->depth - 1;
	uint64_t now, ready = t->ready_ns, start = t->start_ns;

	if (r->suppressed && !WCARD_BROKEN(trace_suppressed)) {
		r->suppressed = false;
		return;
	}
	now = wcard_now(r->e->m);
	if (t->top > r->q->depth) {
		/* The CALL or LOOP whose list is over. */
		ready = t->opened[level].ready_ns;
		start = t->opened[level].start_ns;
		t->top = r->q->depth;
	}
	wcard_trace_packet(r, ready, start, now);
	t->ready_ns = t->start_ns = now;
}
