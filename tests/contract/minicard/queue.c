// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Queues: rings, states, and whose turn it is. The card has one slot. */
#include <string.h>

#include "mini.h"

#define SLICE_NS	1000000		/* of running time, while others wait */
#define TURN_NS		50000		/* then the client's messages are looked at */

static struct weft_ring_ctl *ctl(struct mini_card *c, const struct mini_queue *q)
{
	return (struct weft_ring_ctl *)(c->lmem + q->d.ctl);
}

void mini_queue_publish(struct mini_card *c, struct mini_queue *q)
{
	struct weft_queue_state *s = (struct weft_queue_state *)(c->lmem + q->d.state);
	uint64_t version = s->version | 1;

	__atomic_store_n(&s->version, version, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	s->run = q->run;
	s->cause = q->cause;
	s->fence = q->fence;
	s->retired = q->retired;
	s->head = q->level[0].pc;
	s->progress_ns = q->progress_ns;
	s->busy_ns = q->busy_ns;
	s->fault_va = q->fault_va;
	s->fault_list = q->fault_list;
	s->fault_packet = q->fault_packet;
	s->fault_op = q->fault_op;
	s->depth = q->depth + 1;
	for (unsigned int i = 0; i < WEFT_FRAMES; i++) {
		const struct mini_level *l = &q->level[i];

		memset(&s->frame[i], 0, sizeof(s->frame[i]));
		if (i > q->depth)
			continue;
		s->frame[i] = (struct weft_frame){ .list = i ? l->list : l->pc, .table = l->table, .npackets = l->npackets,
						   .pc = (uint32_t)l->pc, .ntable = l->ntable, .count = 1 };
	}
	__atomic_store_n(&s->version, version + 1, __ATOMIC_SEQ_CST);
}

void mini_queue_create(struct mini_card *c, const struct weft_queue_desc *d)
{
	struct mini_queue *q = &c->queue[d->id];
	struct weft_queue_state *s = (struct weft_queue_state *)(c->lmem + d->state);

	memset(q, 0, sizeof(*q));
	q->d = *d;
	q->run = WEFT_QS_IDLE;
	memset(s, 0, sizeof(*s));
	mini_queue_publish(c, q);
	__atomic_store_n(&ctl(c, q)->head, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&ctl(c, q)->armed, 1, __ATOMIC_SEQ_CST);
}

static void leave(struct mini_card *c, struct mini_queue *q, uint32_t run)
{
	q->run = run;
	if (c->running == q)
		c->running = NULL;
	mini_queue_publish(c, q);
}

void mini_queue_destroy(struct mini_card *c, struct mini_queue *q)
{
	struct weft_queue_state *s = (struct weft_queue_state *)(c->lmem + q->d.state);

	s->version |= 1;
	__atomic_store_n(&s->run, WEFT_QS_NONE, __ATOMIC_SEQ_CST);
	__atomic_store_n(&s->version, s->version + 1, __ATOMIC_SEQ_CST);
	q->run = WEFT_QS_NONE;
}

void mini_queue_stop(struct mini_card *c, struct mini_queue *q)
{
	if (q->run == WEFT_QS_FAULTED || q->run == WEFT_QS_STOPPED)
		return;
	q->cause = WEFT_FAULT_STOPPED;
	leave(c, q, WEFT_QS_STOPPED);
}

void mini_queue_fault(struct mini_card *c, struct mini_queue *q, enum weft_fault cause, uint64_t va, uint32_t op)
{
	const struct mini_level *l = &q->level[q->depth];

	q->cause = cause;
	q->fault_va = cause < 16 ? va : 0;
	q->fault_list = q->depth ? l->list : 0;
	q->fault_packet = (uint32_t)l->pc;
	q->fault_op = op;
	leave(c, q, WEFT_QS_FAULTED);
	mini_event(c, (struct weft_event){ .type = WEFT_EVT_FAULT, .queue = q->d.id, .asid = q->d.asid, .cause = cause,
					   .value = q->fault_va });
}

void mini_queue_doorbell(struct mini_card *c, unsigned int id)
{
	struct mini_queue *q = &c->queue[id];

	if (id >= MINI_QUEUES || q->run != WEFT_QS_IDLE ||
	    __atomic_load_n(&ctl(c, q)->tail, __ATOMIC_SEQ_CST) == q->level[0].pc)
		return;
	__atomic_store_n(&ctl(c, q)->armed, 0, __ATOMIC_SEQ_CST);
	q->run = WEFT_QS_READY;
	q->turn = ++c->turns;
	mini_queue_publish(c, q);
}

/* The next packet into q->pkt. False: the ring is empty, or the queue faulted. */
static bool fetch(struct mini_card *c, struct mini_queue *q)
{
	struct mini_level *l = &q->level[q->depth];
	uint64_t size = UINT64_C(1) << q->d.ring_log2, tail;

	if (q->depth) {
		uint64_t va = l->list + WEFT_PACKET_BYTES * l->pc;
		struct mini_piece p;
		enum weft_fault cause = mini_translate(c, &c->as[q->d.asid], va, WEFT_PACKET_BYTES, false, &p);

		if (!cause && p.bytes < WEFT_PACKET_BYTES) {
			va += p.bytes;
			cause = WEFT_FAULT_BUS;
		}
		if (cause) {	/* of the CALL, which has not retired */
			q->depth--;
			mini_queue_fault(c, q, cause, va, WEFT_PKT_CALL);
			return false;
		}
		if (p.host)
			memcpy(&q->pkt, p.host, sizeof(q->pkt));
		else
			memset(&q->pkt, 0, sizeof(q->pkt));
		return true;
	}
	tail = __atomic_load_n(&ctl(c, q)->tail, __ATOMIC_ACQUIRE);
	if (tail == l->pc) {
		__atomic_store_n(&ctl(c, q)->armed, 1, __ATOMIC_SEQ_CST);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		tail = __atomic_load_n(&ctl(c, q)->tail, __ATOMIC_SEQ_CST);
		if (tail == l->pc) {
			leave(c, q, WEFT_QS_IDLE);
			return false;
		}
		__atomic_store_n(&ctl(c, q)->armed, 0, __ATOMIC_SEQ_CST);
	}
	if (tail - l->pc > size) {
		mini_queue_fault(c, q, WEFT_FAULT_RING, 0, 0);
		return false;
	}
	memcpy(&q->pkt, c->lmem + q->d.ring + WEFT_PACKET_BYTES * (l->pc & (size - 1)), sizeof(q->pkt));
	return true;
}

/* The packet is done; so are the lists that end with it. */
static void retire(struct mini_card *c, struct mini_queue *q)
{
	for (;;) {
		struct mini_level *l = &q->level[q->depth];

		q->retired++;
		l->pc++;
		if (!q->depth) {
			__atomic_store_n(&ctl(c, q)->head, l->pc, __ATOMIC_RELEASE);
			return;
		}
		if (l->pc < l->npackets)
			return;
		q->depth--;
	}
}

static struct mini_queue *next(struct mini_card *c)
{
	struct mini_queue *best = NULL;

	for (unsigned int i = 0; i < MINI_QUEUES; i++)
		if (c->queue[i].run == WEFT_QS_READY && (!best || c->queue[i].turn < best->turn))
			best = &c->queue[i];
	return best;
}

/* One unit of the running queue. False: it runs no more. */
static bool unit(struct mini_card *c, struct mini_queue *q, uint64_t *now)
{
	bool fresh = q->work.phase == MINI_IDLE;
	enum mini_step step;
	uint64_t start = *now;

	if (fresh && !fetch(c, q))
		return false;
	step = mini_packet(c, q, fresh);
	*now = mini_clock(c);
	if (q->pkt.hdr.op == WEFT_PKT_COPY || q->pkt.hdr.op == WEFT_PKT_FILL)
		q->busy_ns += *now - start;
	q->slice_ns += *now - start;
	if (step == MINI_FAULTED)
		return false;
	q->progress_ns = *now;
	if (step == MINI_RETIRE)
		retire(c, q);
	return true;
}

bool mini_queue_run(struct mini_card *c)
{
	uint64_t now = mini_clock(c), until = now + TURN_NS;
	struct mini_queue *q = c->running, *other;

	if (c->gone_to_sleep)
		return false;
	if (!q) {
		q = next(c);
		if (!q)
			return false;
		c->running = q;
		q->run = WEFT_QS_RUNNING;
		q->slice_ns = 0;
		mini_queue_publish(c, q);
	}
	do {
		if (!unit(c, q, &now))
			return true;
	} while (now < until);
	other = next(c);
	if (other && q->slice_ns >= SLICE_NS) {
		q->turn = ++c->turns;
		leave(c, q, WEFT_QS_READY);
	} else {
		mini_queue_publish(c, q);
	}
	return true;
}
