// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * The streamer: fetches packets of one queue and executes them, one abortable unit at a time. Between units it looks
 * whether the queue is to stop, and whether others wait for the engine.
 */
#include <stddef.h>
#include <string.h>

#include "defect.h"
#include "engine.h"

/* Packets so short that many fit in a unit without a look at the clock. A WAIT that is not satisfied ends its unit. */
#define LIGHT_OPS (1u << WEFT_PKT_NOP | 1u << WEFT_PKT_TIMESTAMP | 1u << WEFT_PKT_CALL | 1u << WEFT_PKT_LOOP | \
		   1u << WEFT_PKT_RANGE | 1u << WEFT_PKT_PRED | 1u << WEFT_PKT_BREAK | 1u << WEFT_PKT_WAIT)

enum fetch { FETCH_OK, FETCH_IDLE, FETCH_FAULT };

enum wcard_step wcard_fail(struct wcard_run *r, int fault, uint64_t va)
{
	wcard_acc_fault(&r->acc, fault, va);
	return WCARD_FAULT;
}

/* A word of the ring control of a user queue; NULL: failed. */
static void *ctl_word(struct wcard_run *r, uint64_t at, unsigned int bytes, unsigned int access)
{
	return wcard_acc_word(&r->acc, r->q->desc.ctl + at, bytes, access);
}

/* The words the ring control is read and written by; for a user queue they are found each time, as any operand. */
struct ctl {
	const uint64_t *tail;
	uint32_t *armed;
};

static bool find_ctl(struct wcard_run *r, struct ctl *c)
{
	struct wcard_queue *q = r->q;

	if (q->ctl) {
		c->tail = &q->ctl->tail;
		c->armed = &q->ctl->armed;
		return true;
	}
	c->tail = ctl_word(r, offsetof(struct weft_ring_ctl, tail), 8, WCARD_ACC_READ);
	c->armed = c->tail ? ctl_word(r, offsetof(struct weft_ring_ctl, armed), 4, WCARD_ACC_READ | WCARD_ACC_WRITE) : NULL;
	/* Before the packet takes effect, not after. */
	return c->armed && ctl_word(r, offsetof(struct weft_ring_ctl, head), 8, WCARD_ACC_WRITE);
}

bool wcard_head_store(struct wcard_run *r, uint64_t head)
{
	struct wcard_queue *q = r->q;
	uint64_t *word = q->ctl ? &q->ctl->head : ctl_word(r, offsetof(struct weft_ring_ctl, head), 8, WCARD_ACC_WRITE);

	if (word)
		__atomic_store_n(word, head, __ATOMIC_RELEASE);
	return word;
}

static enum fetch fetch_ring(struct wcard_run *r)
{
	struct wcard_queue *q = r->q;
	uint64_t size = UINT64_C(1) << q->desc.ring_log2, slot = q->head & (size - 1), tail;
	struct ctl c;

	if (!find_ctl(r, &c))
		return FETCH_FAULT;
	tail = __atomic_load_n(c.tail, __ATOMIC_ACQUIRE);
	if (tail == q->head) {
		if (WCARD_BROKEN(ring_no_second_look))
			wcard_defect_dawdle();
		/* Before looking away: announce it, then look once more. */
		__atomic_store_n(c.armed, 1, __ATOMIC_RELAXED);
		atomic_thread_fence(memory_order_seq_cst);
		tail = __atomic_load_n(c.tail, __ATOMIC_ACQUIRE);
		if (tail == q->head || WCARD_BROKEN(ring_no_second_look))
			return FETCH_IDLE;
	}
	if (__atomic_load_n(c.armed, __ATOMIC_RELAXED))
		__atomic_store_n(c.armed, 0, __ATOMIC_RELAXED);
	if (tail - q->head > size && !WCARD_BROKEN(ring_overrun)) {
		wcard_acc_fault(&r->acc, WEFT_FAULT_RING, 0);
		return FETCH_FAULT;
	}
	if (q->ring)
		memcpy(&q->pkt, &q->ring[slot], sizeof(q->pkt));
	else if (wcard_acc_fetch(&r->acc, &r->list[0], q->desc.ring + slot * sizeof(q->pkt), &q->pkt, sizeof(q->pkt)))
		return FETCH_FAULT;
	q->ring_op = q->pkt.hdr.op;
	return FETCH_OK;
}

/* Inside a unit. */
static enum fetch fetch(struct wcard_run *r)
{
	struct wcard_queue *q = r->q;
	struct weft_frame *f = wcard_top(q);
	enum fetch got = FETCH_OK;

	if (q->depth == 1)
		got = fetch_ring(r);
	else if (wcard_acc_fetch(&r->acc, &r->list[q->depth - 1], f->list + (uint64_t)f->pc * WEFT_PACKET_BYTES, &q->pkt,
				 sizeof(q->pkt)))
		got = FETCH_FAULT;
	q->cur.active = got == FETCH_OK;
	q->cur.started = false;
	return got;
}

static void cur_done(struct wcard_queue *q)
{
	if (q->cur.op)
		for (unsigned int i = 0; i < WEFT_EXEC_OPERANDS; i++) {
			wcard_view_drop(&q->cur.view[i]);
			wcard_stage_drop(&q->cur.stage[i]);
		}
	q->cur.op = NULL;
	q->cur.active = false;
	q->cur.started = false;
	q->cur.fetched = false;
}

static enum wcard_step step(struct wcard_run *r)
{
	const struct wcard_pkt_row *row;
	uint8_t op = r->q->pkt.hdr.op;

	if (op >= WEFT_PKT_OP_COUNT && WCARD_BROKEN(opcode_unknown)) {
		r->data = r->suppressed = false;
		return WCARD_DONE;
	}
	if (op >= WEFT_PKT_OP_COUNT)
		return wcard_fail(r, WEFT_FAULT_OPCODE, 0);
	r->data = false;
	r->suppressed = !r->q->cur.started && wcard_flow_skips(r->q);
	if (r->suppressed)
		return WCARD_DONE;
	r->data = !(LIGHT_OPS >> op & 1);
	row = &wcard_pkt_table[op];
	if (!row->fn || (row->cap & ~r->e->m->caps))
		return wcard_fail(r, WEFT_FAULT_CAP, 0);
	return row->fn(r);
}

/* The unit pauses: nothing it looked up is used until it goes on. */
static void pause_unit(struct wcard_run *r)
{
	for (unsigned int i = 0; i < WEFT_FRAMES; i++) {
		wcard_window_close(&r->acc, &r->list[i]);
		wcard_window_close(&r->acc, &r->table[i]);
	}
	r->trace.ring = NULL;
	r->trace.page = NULL;
	wcard_acc_end(&r->acc);
}

/* What was injected for this packet, before it runs. DONE: nothing. */
static enum wcard_step injected(struct wcard_run *r)
{
	uint32_t cause = 0;
	bool hung;

	pause_unit(r);
	hung = wcard_inject_stuck(r) || wcard_inject_hang(r, &cause);
	wcard_acc_begin(&r->acc);
	if (cause)
		return wcard_fail(r, (int)cause, 0);
	/* Only a stop or a reset ended it: the packet does not run. */
	return hung ? WCARD_MORE : WCARD_DONE;
}

/* The packet did `s`, having moved data: it took its time, which is limited. */
static enum wcard_step timed_step(struct wcard_run *r, enum wcard_step s)
{
	uint64_t now = wcard_now(r->e->m);
	uint32_t cause = 0;

	if (wcard_injecting(r->q->c)) {
		pause_unit(r);
		wcard_inject_slow(r, now - r->last_ns);
		wcard_acc_begin(&r->acc);
		now = wcard_now(r->e->m);
	}
	if (now - r->last_ns > wcard_limits_of(r->q))
		cause = wcard_limits_unit(r, now - r->last_ns);
	/* A turn may have begun before the thread was looked at, while it waited for a lock. */
	r->last_ns = now > r->e->look_ns ? now : r->e->look_ns;
	return cause ? wcard_fail(r, (int)cause, 0) : s;
}

uint64_t wcard_charge(struct wcard_run *r)
{
	uint64_t now = wcard_now(r->e->m), spent = now - r->e->since;

	if (spent > WCARD_SUSPECT_NS)
		spent = wcard_limits_ran(r->e, spent);
	if (!WCARD_BROKEN(progress_still))
		r->q->progress_ns = now;
	r->q->busy_ns += spent;
	atomic_fetch_add_explicit(&r->q->c->engine_busy_ns[r->e->index], spent, memory_order_relaxed);
	r->e->since = now;
	return now;
}

static void faulted(struct wcard_run *r)
{
	struct wcard_queue *q = r->q;

	wcard_charge(r);
	q->cause = (uint32_t)r->acc.fault;
	q->fault_va = r->acc.fault_va;
	pthread_mutex_lock(&q->c->m->lock);
	wcard_queue_publish(q, WEFT_QS_FAULTED);
	pthread_mutex_unlock(&q->c->m->lock);
	cur_done(q);
	wcard_event(q->c, WEFT_EVT_FAULT, q->desc.id, q->desc.asid, q->cause, q->fault_va);
	wcard_cp_fault(q->c, q->desc.id, q->cause, q->fault_va);
}

/*
 * One unit: as many packets as fit in one, or a part of one packet. What it looked up stays good until it ends, and who
 * waits for it to end does not wait long.
 */
static enum wcard_step unit(struct wcard_run *r, uint64_t now, enum fetch *got)
{
	struct wcard_queue *q = r->q;
	enum wcard_step s = WCARD_DONE;

	*got = FETCH_OK;
	r->budget = WCARD_UNIT_PACKETS;
	r->fence = false;
	/* A turn may have begun before the thread was looked at, while it waited for a lock. */
	r->last_ns = now > r->e->look_ns ? now : r->e->look_ns;
	wcard_acc_begin(&r->acc);
	do {
		if (!q->cur.active)
			*got = fetch(r);
		if (*got != FETCH_OK)
			break;
		s = WCARD_DONE;
		if (wcard_injecting(q->c))
			s = injected(r);
		if (s != WCARD_DONE)
			break;
		s = step(r);
		if (r->data && (s == WCARD_DONE || s == WCARD_MORE))
			s = timed_step(r, s);
		if (s == WCARD_ENTER) {
			q->cur.active = false;
			if (q->trace.on)
				wcard_trace_enter(r);
		} else if (s == WCARD_DONE) {
			wcard_acc_settle(&r->acc);
			cur_done(q);
			if (!wcard_flow_retire(r))
				s = WCARD_FAULT;
			/* Its event is for the world outside of units. */
			if (s == WCARD_FAULT || r->fence)
				break;
		} else {
			break;
		}
		if (r->data && r->last_ns - now > WCARD_UNIT_NS)
			break;
	} while (--r->budget > 0 && !atomic_load_explicit(&q->stop, memory_order_relaxed) &&
		 !atomic_load_explicit(&q->suspend, memory_order_relaxed));
	pause_unit(r);
	if (r->packets)
		atomic_fetch_add_explicit(&q->c->packets, r->packets, memory_order_relaxed);
	r->packets = 0;
	return s;
}

/* False: the queue leaves the engine, `run` says as what. */
static bool advance(struct wcard_run *r, uint64_t now)
{
	struct wcard_queue *q = r->q;
	enum fetch got;
	enum wcard_step s = unit(r, now, &got);

	if (got == FETCH_IDLE) {
		wcard_charge(r);
		wcard_queue_publish(q, WEFT_QS_IDLE);
		return false;
	}
	/* What could not be fetched has no opcode: the packet that named the list is to blame. */
	if (got == FETCH_FAULT && q->depth > 1)
		wcard_flow_blame(q);
	if (got == FETCH_FAULT || s == WCARD_FAULT) {
		faulted(r);
		return false;
	}
	if (s == WCARD_TIMED) {
		wcard_charge(r);
		if (!WCARD_BROKEN(timed_on_engine))
			q->engine = 0;
		wcard_queue_publish(q, WEFT_QS_RUNNING);
		return false;
	}
	if (s == WCARD_PARK)
		return false;
	if (r->fence) {
		q->progress_ns = wcard_now(r->e->m);
		wcard_queue_publish(q, WEFT_QS_RUNNING);
		if (q->pkt.fence.irq)
			wcard_event(q->c, WEFT_EVT_FENCE, q->desc.id, q->desc.asid, 0, q->fence);
	}
	return true;
}

/* `now`: when it was picked */
void wcard_stream(struct wcard_engine *e, struct wcard_queue *q, uint64_t now)
{
	struct wcard_run r = { .e = e, .q = q, .acc = { .e = e, .c = q->c, .as = q->as, .dirty = &q->dirty_links } };
	uint64_t last, published, slice = q->busy_ns;

	wcard_limits_turn(e, now);
	last = published = e->since;
	if (q->trace.on)
		wcard_trace_turn(&r, wcard_now(e->m));
	q->deadline_ns = 0;
	q->run = WEFT_QS_RUNNING;
	q->engine = e->index + 1;
	wcard_queue_publish(q, WEFT_QS_RUNNING);
	for (;;) {
		bool go = !atomic_load(&q->stop);

		if (go && atomic_load(&q->suspend) && !q->cur.active) {
			wcard_queue_publish(q, WEFT_QS_SUSPENDED);
			go = false;
		} else if (go) {
			go = advance(&r, last);
		}
		now = last = wcard_charge(&r);
		if (!go)
			break;
		if (q->busy_ns - slice > q->slice_ns) {
			if ((atomic_load_explicit(&e->m->nready, memory_order_relaxed) || e->m->by_hand) &&
			    !WCARD_BROKEN(slice_endless)) {
				wcard_queue_publish(q, WEFT_QS_READY);
				break;
			}
			wcard_sched_slice(q);
			slice = q->busy_ns;
		}
		if (now - published > WCARD_PUBLISH_NS) {
			wcard_queue_publish(q, WEFT_QS_RUNNING);
			published = now;
		}
	}
	if (atomic_load_explicit(&e->m->memory_errors, memory_order_relaxed))
		wcard_inject_tell(e->m);
}
