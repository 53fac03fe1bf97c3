// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Queues: rings, states, and whose turn it is. The card has one slot. */
#include <string.h>

#include "mini.h"

#define TURN_NS	200000		/* then others have their turn, the client's messages too */

static struct weft_ring_ctl *ctl(struct mini_card *c, const struct mini_queue *q)
{
	return (struct weft_ring_ctl *)(c->lmem + q->d.ctl);
}

void mini_queue_publish(struct mini_card *c, struct mini_queue *q)
{
	struct weft_queue_state *to = (struct weft_queue_state *)(c->lmem + q->d.state);
	size_t from = sizeof(to->version), end = offsetof(struct weft_queue_state, save);

	q->s.version += 2;
	__atomic_store_n(&to->version, q->s.version - 1, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	memcpy((char *)to + from, (char *)&q->s + from, end - from);
	__atomic_store_n(&to->version, q->s.version, __ATOMIC_SEQ_CST);
}

void mini_queue_create(struct mini_card *c, const struct weft_queue_desc *d)
{
	struct mini_queue *q = &c->queue[d->id];

	*q = (struct mini_queue){ .d = *d, .s = { .run = WEFT_QS_IDLE, .depth = 1, .frame[0].count = 1 } };
	memset(c->lmem + d->state, 0, sizeof(q->s));
	mini_queue_publish(c, q);
	__atomic_store_n(&ctl(c, q)->head, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&ctl(c, q)->armed, 1, __ATOMIC_SEQ_CST);
}

void mini_queue_leave(struct mini_card *c, struct mini_queue *q, uint32_t run)
{
	q->s.run = run;
	if (c->running == q)
		c->running = NULL;
	mini_queue_publish(c, q);
}

void mini_queue_stop(struct mini_card *c, struct mini_queue *q)
{
	if (q->s.run == WEFT_QS_FAULTED || q->s.run == WEFT_QS_STOPPED)
		return;
	q->s.cause = WEFT_FAULT_STOPPED;
	mini_queue_leave(c, q, WEFT_QS_STOPPED);
}

enum mini_step mini_queue_fault(struct mini_card *c, struct mini_queue *q, enum weft_fault cause, uint64_t va)
{
	const struct weft_frame *f = &q->s.frame[q->s.depth - 1];

	q->s.cause = cause;
	q->s.fault_va = cause < 16 ? va : 0;
	q->s.fault_list = q->s.depth > 1 ? f->list : 0;
	q->s.fault_packet = f->pc;
	q->s.fault_op = q->pkt.hdr.op;
	if (q->pkt.hdr.op == WEFT_PKT_EXEC)
		q->s.fault_op |= (uint32_t)q->pkt.exec.oper << 8;
	mini_queue_leave(c, q, WEFT_QS_FAULTED);
	mini_event(c, (struct weft_event){ .type = WEFT_EVT_FAULT, .queue = q->d.id, .asid = q->d.asid,
					   .cause = cause, .value = q->s.fault_va });
	return MINI_FAULTED;
}

void mini_queue_doorbell(struct mini_card *c, struct mini_queue *q)
{
	if (q->s.run != WEFT_QS_IDLE || __atomic_load_n(&ctl(c, q)->tail, __ATOMIC_SEQ_CST) == q->s.head)
		return;
	__atomic_store_n(&ctl(c, q)->armed, 0, __ATOMIC_SEQ_CST);
	mini_queue_leave(c, q, WEFT_QS_READY);
}

/* The next packet of the ring into q->pkt. False: there is none, or the queue faulted. */
static bool fetch_ring(struct mini_card *c, struct mini_queue *q)
{
	uint64_t size = UINT64_C(1) << q->d.ring_log2;
	uint64_t tail = __atomic_load_n(&ctl(c, q)->tail, __ATOMIC_ACQUIRE);

	if (tail == q->s.head) {
		__atomic_store_n(&ctl(c, q)->armed, 1, __ATOMIC_SEQ_CST);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		tail = __atomic_load_n(&ctl(c, q)->tail, __ATOMIC_SEQ_CST);
		if (tail == q->s.head) {
			mini_queue_leave(c, q, WEFT_QS_IDLE);
			return false;
		}
		__atomic_store_n(&ctl(c, q)->armed, 0, __ATOMIC_SEQ_CST);
	}
	if (tail - q->s.head > size) {
		q->pkt.hdr.op = 0;		/* no packet of its own is at fault */
		return mini_queue_fault(c, q, WEFT_FAULT_RING, 0);
	}
	memcpy(&q->pkt, c->lmem + q->d.ring + WEFT_PACKET_BYTES * (q->s.head & (size - 1)), sizeof(q->pkt));
	return true;
}

static bool fetch(struct mini_card *c, struct mini_queue *q)
{
	const struct weft_frame *f = &q->s.frame[q->s.depth - 1];

	if (q->s.depth == 1)
		return fetch_ring(c, q);
	q->s.depth--;		/* what faults here is the CALL, which has not retired */
	q->pkt.hdr.op = WEFT_PKT_CALL;
	if (!mini_access(c, q, f->list + (uint64_t)WEFT_PACKET_BYTES * f->pc, &q->pkt, WEFT_PACKET_BYTES, false))
		return false;
	q->s.depth++;
	return true;
}

/* The packet is done; so are the lists that end with it. */
static void retire(struct mini_card *c, struct mini_queue *q)
{
	struct weft_frame *f = &q->s.frame[q->s.depth - 1];

	q->work.rows = 0;
	q->s.retired++;
	f->pc++;
	while (q->s.depth > 1 && f->pc == f->npackets) {
		f = &q->s.frame[--q->s.depth - 1];
		q->s.retired++;
		f->pc++;
	}
	if (q->s.depth > 1)
		return;
	f->list = ++q->s.head;
	__atomic_store_n(&ctl(c, q)->head, q->s.head, __ATOMIC_RELEASE);
	if (q->pkt.hdr.op != WEFT_PKT_FENCE)		/* whose record counts it, and is there before its event */
		return;
	mini_queue_publish(c, q);
	if (q->pkt.fence.irq)
		mini_event(c, (struct weft_event){ .type = WEFT_EVT_FENCE, .queue = q->d.id, .value = q->s.fence });
}

/* Queues take turns by number. */
static struct mini_queue *next(struct mini_card *c)
{
	for (unsigned int i = 1; i <= MINI_QUEUES; i++) {
		struct mini_queue *q = &c->queue[(c->last + i) % MINI_QUEUES];

		if (q->s.run == WEFT_QS_READY)
			return q;
	}
	return NULL;
}

/* One unit of the running queue. False: it runs no more. */
static bool unit(struct mini_card *c, struct mini_queue *q, uint64_t *now)
{
	uint64_t start = *now;
	enum mini_step step;

	if (!q->work.rows && !fetch(c, q))
		return false;
	step = mini_packet(c, q);
	*now = mini_clock(c);
	if (q->pkt.hdr.op == WEFT_PKT_COPY || q->pkt.hdr.op == WEFT_PKT_FILL)
		q->s.busy_ns += *now - start;
	if (step == MINI_FAULTED)
		return false;
	q->s.progress_ns = *now;
	if (step == MINI_RETIRE)
		retire(c, q);
	return true;
}

bool mini_queue_run(struct mini_card *c)
{
	uint64_t now = mini_clock(c), until = now + TURN_NS;
	struct mini_queue *q = c->running;

	if (!q) {
		q = next(c);
		if (!q)
			return false;
		c->running = q;
		c->last = q->d.id;
		q->s.run = WEFT_QS_RUNNING;
		mini_queue_publish(c, q);
	}
	while (now < until)
		if (!unit(c, q, &now))
			return true;
	if (next(c))
		mini_queue_leave(c, q, WEFT_QS_READY);
	else
		mini_queue_publish(c, q);
	return true;
}
