// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bus.h"
#include "defect.h"
#include "engine.h"

int wcard_as_create(struct wcard_card *c, uint32_t asid, uint32_t type, uint64_t root)
{
	struct wcard_as *as;
	int status = WEFT_MBOX_OK;

	if (asid >= WCARD_NUM_ASIDS || type > WEFT_AS_LR || (root & 4095) || !wcard_carveout(c, root, 4096))
		return WEFT_MBOX_BAD_ARG;
	if (type == WEFT_AS_LR && !(c->m->caps & WEFT_CAP_LR))
		return WEFT_MBOX_NO_CAP;
	pthread_mutex_lock(&c->m->lock);
	as = &c->as[asid];
	if (c->resetting) {
		status = WEFT_MBOX_STATE;
	} else if (as->live) {
		status = WEFT_MBOX_EXISTS;
	} else {
		if (!as->cnt)
			as->cnt = calloc(1, sizeof(*as->cnt));
		if (!as->cnt) {
			status = WEFT_MBOX_BUSY;
		} else {
			memset(as->cnt, 0, sizeof(*as->cnt));
			as->id = WCARD_BROKEN(tlb_no_space) ? 0 : asid;
			as->type = type;
			as->root = root;
			as->nqueues = 0;
			wcard_bands_space(as);
			if (!WCARD_BROKEN(as_number_stale))
				atomic_fetch_add(&as->gen, 1);
			as->live = true;
		}
	}
	pthread_mutex_unlock(&c->m->lock);
	return status;
}

int wcard_as_destroy(struct wcard_card *c, uint32_t asid)
{
	struct wcard_as *as;
	int status = WEFT_MBOX_OK;

	if (asid >= WCARD_NUM_ASIDS)
		return WEFT_MBOX_BAD_ARG;
	pthread_mutex_lock(&c->m->lock);
	as = &c->as[asid];
	if (!as->live)
		status = WEFT_MBOX_NOT_FOUND;
	else if (as->nqueues)
		status = WEFT_MBOX_BUSY;
	else
		as->live = false;
	pthread_mutex_unlock(&c->m->lock);
	if (status == WEFT_MBOX_OK && !WCARD_BROKEN(as_number_stale))
		wcard_as_invalidate(c, asid);
	return status;
}

void wcard_as_invalidate(struct wcard_card *c, uint32_t asid)
{
	if (!WCARD_BROKEN(invalidate_skipped))
		atomic_fetch_add(&c->as[asid].gen, 1);
	if (!WCARD_BROKEN(invalidate_no_wait))
		wcard_quiesce(c->m);
}

static bool user_range(uint64_t va, uint64_t bytes)
{
	return va < UINT64_C(1) << WEFT_VA_BITS && bytes <= (UINT64_C(1) << WEFT_VA_BITS) - va;
}

static int check_desc(struct wcard_card *c, const struct weft_queue_desc *d)
{
	uint64_t ring_bytes = (uint64_t)WEFT_PACKET_BYTES << (d->ring_log2 & 31);
	bool user = d->kind == WEFT_QUEUE_USER;

	if (d->id >= WCARD_NUM_QUEUES || d->asid >= WCARD_NUM_ASIDS || d->kind > WEFT_QUEUE_USER ||
	    d->band > WEFT_BAND_LOW || d->ring_log2 < WEFT_RING_LOG2_MIN || d->ring_log2 > WEFT_RING_LOG2_MAX ||
	    d->weight < 1 || d->weight > 1000 || d->reserved || (d->flags & ~(WEFT_QUEUE_F_WAIT_STOPS | WEFT_QUEUE_F_TRACE)))
		return WEFT_MBOX_BAD_ARG;
	if ((user && !(c->m->caps & WEFT_CAP_LR)) || ((d->flags & WEFT_QUEUE_F_TRACE) && !(c->m->caps & WEFT_CAP_TRACE)))
		return WEFT_MBOX_NO_CAP;
	if (((d->ring | d->ctl | d->state) & 4095) || !wcard_carveout(c, d->state, sizeof(struct weft_queue_state)))
		return WEFT_MBOX_BAD_ARG;
	/* What a user queue names is looked up when it runs, and is the queue's own loss. */
	if (user ? !user_range(d->ring, ring_bytes) || !user_range(d->ctl, sizeof(struct weft_ring_ctl))
		 : !wcard_carveout(c, d->ring, ring_bytes) || !wcard_carveout(c, d->ctl, sizeof(struct weft_ring_ctl)))
		return WEFT_MBOX_BAD_ARG;
	return WEFT_MBOX_OK;
}

/* A job queue is armed from the start; a submitter may have been quicker than us. The owner of a user queue does it. */
static void arm(struct wcard_queue *q)
{
	__atomic_store_n(&q->ctl->head, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&q->ctl->armed, 1, __ATOMIC_RELAXED);
	atomic_thread_fence(memory_order_seq_cst);
	if (__atomic_load_n(&q->ctl->tail, __ATOMIC_ACQUIRE))
		wcard_sched_ready(q);
}

int wcard_queue_create(struct wcard_card *c, const struct weft_queue_desc *d)
{
	struct wcard_queue *q;
	int status = check_desc(c, d);

	if (status)
		return status;
	pthread_mutex_lock(&c->m->lock);
	if (c->resetting)
		status = WEFT_MBOX_STATE;
	else if (c->queue[d->id])
		status = WEFT_MBOX_EXISTS;
	else if (!c->as[d->asid].live)
		status = WEFT_MBOX_NOT_FOUND;
	else if (c->as[d->asid].type != (d->kind == WEFT_QUEUE_USER ? WEFT_AS_LR : WEFT_AS_FENCE))
		status = WEFT_MBOX_BAD_ARG;
	q = status ? NULL : calloc(1, sizeof(*q));
	if (!status && !q)
		status = WEFT_MBOX_BUSY;
	if (q) {
		q->c = c;
		q->as = &c->as[d->asid];
		q->as->nqueues++;
		q->desc = *d;
		if (d->kind == WEFT_QUEUE_JOB) {
			q->ctl = wcard_carveout(c, d->ctl, sizeof(*q->ctl));
			q->ring = wcard_carveout(c, d->ring, (uint64_t)WEFT_PACKET_BYTES << d->ring_log2);
		}
		q->state = wcard_carveout(c, d->state, sizeof(*q->state));
		q->depth = 1;
		q->trace.on = d->flags & WEFT_QUEUE_F_TRACE;
		q->progress_ns = wcard_now(c->m);
		if (!WCARD_BROKEN(record_keeps))
			memset(q->state, 0, sizeof(*q->state));
		c->queue[d->id] = q;
		if (d->id >= c->queue_end)
			c->queue_end = d->id + 1;
		atomic_store(&c->rung[d->id], 0);
		wcard_queue_publish(q, WEFT_QS_IDLE);
		if (q->ctl)
			arm(q);
	}
	pthread_mutex_unlock(&c->m->lock);
	return status;
}

static void queue_free(struct wcard_queue *q)
{
	q->as->nqueues--;
	q->c->queue[q->desc.id] = NULL;
	for (unsigned int i = 0; i < WEFT_EXEC_OPERANDS; i++) {
		wcard_view_drop(&q->cur.view[i]);
		wcard_stage_drop(&q->cur.stage[i]);
	}
	free(q);
}

/* Looks a queue up and does something to it. */
static int with_queue(struct wcard_card *c, uint32_t id, int (*act)(struct wcard_queue *q))
{
	int status = WEFT_MBOX_NOT_FOUND;

	if (id >= WCARD_NUM_QUEUES)
		return WEFT_MBOX_BAD_ARG;
	pthread_mutex_lock(&c->m->lock);
	if (c->queue[id])
		status = act(c->queue[id]);
	pthread_mutex_unlock(&c->m->lock);
	return status;
}

static bool has_ended(const struct wcard_queue *q)
{
	return q->run == WEFT_QS_FAULTED || q->run == WEFT_QS_STOPPED;
}

static bool at_rest(const struct wcard_queue *q)
{
	return has_ended(q) || q->run == WEFT_QS_IDLE ||
	       (q->run == WEFT_QS_SUSPENDED && !WCARD_BROKEN(destroy_suspended));
}

static int destroy(struct wcard_queue *q)
{
	/* It said so already, and is about to leave its engine. (Reset stops the control processor, us, first.) */
	while (q->on_engine && at_rest(q))
		pthread_cond_wait(&q->c->m->off, &q->c->m->lock);
	if (q->on_engine || !at_rest(q))
		return WEFT_MBOX_BUSY;
	wcard_queue_publish(q, WEFT_QS_NONE);
	queue_free(q);
	return WEFT_MBOX_OK;
}

static int suspend(struct wcard_queue *q)
{
	if (has_ended(q) && !WCARD_BROKEN(suspend_ended))
		return WEFT_MBOX_STATE;
	/* In the middle of a packet the streamer suspends at its end. */
	q->suspend = true;
	if (!q->on_engine && (!q->cur.active || q->waiter.linked || (q->timed && WCARD_BROKEN(suspend_in_timed)))) {
		wcard_cell_unpark(q);
		wcard_sched_remove(q);
		wcard_limits_suspend(q);
		wcard_queue_publish(q, WEFT_QS_SUSPENDED);
	}
	return WEFT_MBOX_OK;
}

static int resume(struct wcard_queue *q)
{
	/* One that was suspended when it was stopped has ended. */
	if (has_ended(q) || (!q->suspend && !WCARD_BROKEN(resume_running)))
		return WEFT_MBOX_STATE;
	q->suspend = false;
	wcard_limits_resume(q);
	if (q->run == WEFT_QS_SUSPENDED && !q->on_engine && !WCARD_BROKEN(resume_lost))
		wcard_sched_ready(q);
	return WEFT_MBOX_OK;
}

int wcard_queue_destroy(struct wcard_card *c, uint32_t id)
{
	return with_queue(c, id, destroy);
}

int wcard_queue_suspend(struct wcard_card *c, uint32_t id)
{
	return with_queue(c, id, suspend);
}

int wcard_queue_resume(struct wcard_card *c, uint32_t id)
{
	return with_queue(c, id, resume);
}

void wcard_queue_doorbell(struct wcard_card *c, uint32_t id)
{
	struct wcard_queue *q;

	static _Atomic unsigned int nth;

	if (WCARD_BROKEN(doorbell_lost) && atomic_fetch_add(&nth, 1) % 64 == 63)
		return;
	atomic_fetch_add_explicit(&c->doorbells, 1, memory_order_relaxed);
	/* One that nobody has looked at yet stands for this one too: a flood takes no lock. */
	if (id >= WCARD_NUM_QUEUES || atomic_exchange(&c->rung[id], 1))
		return;
	pthread_mutex_lock(&c->m->lock);
	q = c->resetting ? NULL : c->queue[id];
	if (q && !q->on_engine && (q->run == WEFT_QS_IDLE || (q->run == WEFT_QS_FAULTED && WCARD_BROKEN(fault_goes_on))))
		wcard_sched_ready(q);
	pthread_mutex_unlock(&c->m->lock);
}

/* Writer: who owns the queue's execution state (engine thread, else machine.lock). `run` itself: machine.lock. */
void wcard_queue_publish(struct wcard_queue *q, enum weft_queue_run run)
{
	struct weft_queue_state *s = q->state;
	struct weft_frame *f = &q->frame[q->depth - 1];
	uint64_t version = WCARD_BROKEN(version_still) ? s->version - 1 : s->version | 1;
	bool ended = q->cause && !s->cause;

	q->run = run;
	if (!WCARD_BROKEN(version_still))
		__atomic_store_n(&s->version, version, __ATOMIC_RELAXED);
	atomic_thread_fence(memory_order_seq_cst);
	s->run = run;
	s->cause = q->cause;
	s->fence = q->fence;
	s->retired = q->retired + WCARD_BROKEN(retired_plus_one);
	s->head = q->head;
	s->progress_ns = q->progress_ns;
	s->busy_ns = q->busy_ns;
	s->fault_va = WCARD_BROKEN(fault_va_page) ? q->fault_va & ~(WEFT_PAGE_BYTES - 1) : q->fault_va;
	s->wait_va = q->wait_va;
	s->wait_value = q->wait_value;
	s->wait_since_ns = q->wait_since_ns;
	s->origin = q->origin;
	s->dirty_links = q->dirty_links;
	s->depth = q->depth;
	s->engine = run == WEFT_QS_RUNNING ? q->engine : 0;
	q->frame[0].pc = (uint32_t)q->head;
	q->frame[0].list = q->head;
	/* Once: the packet is forgotten afterwards, and the record outlives the queue. */
	if (ended) {
		s->fault_list = q->depth > 1 ? f->list : 0;
		s->fault_packet = f->pc + WCARD_BROKEN(fault_next_packet);
		s->fault_op = q->cur.active ? q->pkt.hdr.op : 0;
		if (q->cur.active && q->pkt.hdr.op == WEFT_PKT_EXEC)
			s->fault_op |= (uint32_t)q->pkt.exec.oper << 8;
	}
	memcpy(s->frame, q->frame, sizeof(q->frame));
	__atomic_store_n(&s->version, version + 1, __ATOMIC_RELEASE);
}

bool wcard_queue_stop(struct wcard_queue *q)
{
	atomic_store(&q->stop, true);
	if (q->on_engine)
		return false;
	if (has_ended(q))
		return true;
	wcard_sched_remove(q);
	wcard_cell_unpark(q);
	q->cause = WEFT_FAULT_STOPPED;
	wcard_queue_publish(q, WEFT_QS_STOPPED);
	return true;
}

void wcard_queue_fault(struct wcard_queue *q, enum weft_fault cause)
{
	wcard_sched_remove(q);
	wcard_cell_unpark(q);
	q->cause = cause;
	q->fault_va = 0;
	wcard_queue_publish(q, WEFT_QS_FAULTED);
	wcard_event(q->c, WEFT_EVT_FAULT, q->desc.id, q->desc.asid, cause, 0);
	wcard_cp_fault(q->c, q->desc.id, cause, 0);
}

void wcard_queues_reset(struct wcard_card *c)
{
	pthread_mutex_lock(&c->m->lock);
	c->resetting = true;
	for (unsigned int i = 0; i < c->queue_end; i++)
		if (c->queue[i]) {
			wcard_queue_stop(c->queue[i]);
			atomic_store(&c->queue[i]->stuck, 0);
		}
	for (unsigned int i = 0; i < c->queue_end; i++) {
		while (c->queue[i] && c->queue[i]->on_engine)
			pthread_cond_wait(&c->m->off, &c->m->lock);
		if (c->queue[i])
			queue_free(c->queue[i]);
	}
	c->queue_end = 0;
	for (unsigned int i = 0; i < WCARD_NUM_ASIDS; i++) {
		c->as[i].live &= WCARD_BROKEN(flr_keeps_spaces);
		atomic_fetch_add(&c->as[i].gen, 1);
	}
	if (!WCARD_BROKEN(flr_keeps_policy))
		wcard_bands_init(c);
	pthread_mutex_unlock(&c->m->lock);
}
