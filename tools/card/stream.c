// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * The streamer: fetches packets of one queue and executes them, one abortable unit at a time. Between units it looks
 * whether the queue is to stop, and whether others wait for the engine.
 */
#include <string.h>

#include "engine.h"

enum fetch { FETCH_OK, FETCH_IDLE, FETCH_FAULT };

enum wcard_step wcard_fail(struct wcard_run *r, int fault, uint64_t va)
{
	wcard_acc_fault(&r->acc, fault, va);
	return WCARD_FAULT;
}

static enum fetch fetch_ring(struct wcard_run *r)
{
	struct wcard_queue *q = r->q;
	uint64_t size = UINT64_C(1) << q->desc.ring_log2;
	uint64_t tail = __atomic_load_n(&q->ctl->tail, __ATOMIC_ACQUIRE);

	if (tail == q->head) {
		/* Before looking away: announce it, then look once more. */
		__atomic_store_n(&q->ctl->armed, 1, __ATOMIC_RELAXED);
		atomic_thread_fence(memory_order_seq_cst);
		tail = __atomic_load_n(&q->ctl->tail, __ATOMIC_ACQUIRE);
		if (tail == q->head)
			return FETCH_IDLE;
	}
	if (q->ctl->armed)
		__atomic_store_n(&q->ctl->armed, 0, __ATOMIC_RELAXED);
	if (tail - q->head > size) {
		wcard_acc_fault(&r->acc, WEFT_FAULT_RING, 0);
		return FETCH_FAULT;
	}
	memcpy(&q->pkt, &q->ring[q->head & (size - 1)], sizeof(q->pkt));
	return FETCH_OK;
}

/* Inside a unit. */
static enum fetch fetch(struct wcard_run *r)
{
	struct wcard_queue *q = r->q;
	struct weft_frame *f = &q->frame[q->depth - 1];
	enum fetch got = FETCH_OK;

	if (q->depth == 1)
		got = fetch_ring(r);
	else if (wcard_acc_load(&r->acc, f->list + (uint64_t)f->pc * WEFT_PACKET_BYTES, &q->pkt, sizeof(q->pkt),
			    WCARD_CNT_FETCH))
		got = FETCH_FAULT;
	if (got == FETCH_OK) {
		q->cur.active = true;
		q->cur.started = false;
	}
	return got;
}

static void cur_done(struct wcard_queue *q)
{
	if (q->cur.op)
		for (unsigned int i = 0; i < WEFT_EXEC_OPERANDS; i++)
			wcard_view_drop(&q->cur.view[i]);
	q->cur.op = NULL;
	q->cur.active = false;
	q->cur.started = false;
}

/* The packet is over; so are the lists it was the last of, and the CALLs that opened them. */
static void retire(struct wcard_queue *q)
{
	uint64_t n = 0;

	cur_done(q);
	for (;;) {
		struct weft_frame *f = &q->frame[q->depth - 1];

		q->retired++;
		n++;
		if (q->depth == 1) {
			q->head++;
			__atomic_store_n(&q->ctl->head, q->head, __ATOMIC_RELEASE);
			break;
		}
		if (++f->pc < f->npackets)
			break;
		memset(f, 0, sizeof(*f));
		q->depth--;
	}
	atomic_fetch_add_explicit(&q->c->packets, n, memory_order_relaxed);
}

static enum wcard_step step(struct wcard_run *r)
{
	const struct wcard_pkt_row *row;
	uint8_t op = r->q->pkt.hdr.op;

	if (op >= WEFT_PKT_OP_COUNT)
		return wcard_fail(r, WEFT_FAULT_OPCODE, 0);
	row = &wcard_pkt_table[op];
	if (!row->fn || (row->cap & ~r->e->m->caps))
		return wcard_fail(r, WEFT_FAULT_CAP, 0);
	return row->fn(r);
}

static void faulted(struct wcard_run *r)
{
	struct wcard_queue *q = r->q;

	q->cause = (uint32_t)r->acc.fault;
	q->fault_va = r->acc.fault_va;
	pthread_mutex_lock(&q->c->m->lock);
	wcard_queue_publish(q, WEFT_QS_FAULTED);
	pthread_mutex_unlock(&q->c->m->lock);
	cur_done(q);
	wcard_event(q->c, WEFT_EVT_FAULT, q->desc.id, q->desc.asid, q->cause, q->fault_va);
	wcard_cp_fault(q->c, q->desc.id, q->cause, q->fault_va);
}

/* One packet, or one unit of it. False: the queue leaves the engine, `run` says as what. */
static bool advance(struct wcard_run *r)
{
	struct wcard_queue *q = r->q;
	enum wcard_step s = WCARD_DONE;
	enum fetch got = FETCH_OK;

	wcard_acc_begin(&r->acc);
	if (!q->cur.active)
		got = fetch(r);
	if (got == FETCH_OK)
		s = step(r);
	wcard_acc_end(&r->acc);
	if (got == FETCH_IDLE) {
		wcard_queue_publish(q, WEFT_QS_IDLE);
		return false;
	}
	if (got == FETCH_FAULT && q->depth > 1) {
		/* What could not be fetched has no opcode: the CALL that named the list is the packet to blame. */
		q->depth--;
		q->pkt.hdr.op = WEFT_PKT_CALL;
		q->cur.active = true;
	}
	if (got == FETCH_FAULT || s == WCARD_FAULT) {
		faulted(r);
		return false;
	}
	if (s == WCARD_TIMED) {
		wcard_queue_publish(q, WEFT_QS_RUNNING);
		return false;
	}
	if (s == WCARD_DONE) {
		bool fence = q->pkt.hdr.op == WEFT_PKT_FENCE;
		bool irq = fence && q->pkt.fence.irq;

		retire(q);
		if (fence) {
			q->progress_ns = wcard_now(r->e->m);
			wcard_queue_publish(q, WEFT_QS_RUNNING);
			if (irq)
				wcard_event(q->c, WEFT_EVT_FENCE, q->desc.id, q->desc.asid, 0, q->fence);
		}
	} else if (s == WCARD_ENTER) {
		q->cur.active = false;
	}
	return true;
}

void wcard_stream(struct wcard_engine *e, struct wcard_queue *q)
{
	struct wcard_run r = { .e = e, .q = q, .acc = { .e = e, .c = q->c, .as = q->as } };
	uint64_t start = wcard_now(e->m), last = start, published = start, now;

	q->deadline_ns = 0;
	q->run = WEFT_QS_RUNNING;
	wcard_queue_publish(q, WEFT_QS_RUNNING);
	for (;;) {
		bool go = !atomic_load(&q->stop);

		if (go && q->suspend && !q->cur.active) {
			wcard_queue_publish(q, WEFT_QS_SUSPENDED);
			go = false;
		} else if (go) {
			go = advance(&r);
		}
		now = wcard_now(e->m);
		q->progress_ns = now;
		q->busy_ns += now - last;
		atomic_fetch_add_explicit(&q->c->engine_busy_ns[e->index], now - last, memory_order_relaxed);
		last = now;
		if (!go)
			break;
		if (now - start > WCARD_SLICE_NS && atomic_load_explicit(&e->m->nready, memory_order_relaxed)) {
			wcard_queue_publish(q, WEFT_QS_READY);
			break;
		}
		if (now - published > WCARD_PUBLISH_NS) {
			wcard_queue_publish(q, WEFT_QS_RUNNING);
			published = now;
		}
	}
}
