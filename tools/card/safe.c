// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Safe operations, done by a thread of each card that needs neither firmware nor engines of its own: it marks, waits for
 * the units in flight, and reports. A unit that does not end holds up the operations of its own card alone. Stops of a
 * whole round are asked for before the first is waited for.
 */
#include <errno.h>
#include <string.h>

#include "bus.h"
#include "defect.h"
#include "engine.h"
#include "weak.h"

static void mark(struct wcard_card *c, const struct wcard_safe_req *q)
{
	pthread_mutex_lock(&c->m->lock);
	if (q->op == WEFT_SAFE_QUEUE_STOP && q->arg[0] < WCARD_NUM_QUEUES) {
		if (c->queue[q->arg[0]] && !(c->queue[q->arg[0]]->suspend && WCARD_BROKEN(stop_not_suspended)))
			wcard_queue_stop(c->queue[q->arg[0]]);
	} else if (q->op == WEFT_SAFE_ENGINE_RESET && q->arg[0] < c->m->nengines) {
		struct wcard_queue *on = c->m->engine[q->arg[0]].q;

		/* The engine may be at work for another card, whose queue is not ours to stop. */
		if (on && (on->c == c || WCARD_BROKEN(engine_reset_anybody)) && !WCARD_BROKEN(engine_reset_nothing)) {
			uint32_t stuck = WEFT_INJECT_STUCK;

			wcard_queue_stop(on);
			atomic_compare_exchange_strong(&on->stuck, &stuck, 0);
		}
	} else if (q->op == WEFT_SAFE_ENGINE_RESET && q->arg[0] == c->m->nengines) {
		for (unsigned int i = 0; i < c->queue_end; i++)
			if (c->queue[i] && c->queue[i]->timed)
				wcard_queue_stop(c->queue[i]);
	} else if (q->op == WEFT_SAFE_AS_STOP && q->arg[0] < WCARD_NUM_ASIDS) {
		for (unsigned int i = 0; i < c->queue_end; i++)
			if (c->queue[i] && c->queue[i]->desc.asid == q->arg[0]) {
				wcard_queue_stop(c->queue[i]);
				if (WCARD_BROKEN(as_stop_first))
					break;
			}
	}
	pthread_mutex_unlock(&c->m->lock);
}

static bool exists(struct wcard_card *c, const struct wcard_safe_req *q)
{
	bool found = false;

	pthread_mutex_lock(&c->m->lock);
	if (q->op == WEFT_SAFE_QUEUE_STOP)
		found = q->arg[0] < WCARD_NUM_QUEUES && c->queue[q->arg[0]];
	else
		found = q->arg[0] < WCARD_NUM_ASIDS && c->as[q->arg[0]].live;
	pthread_mutex_unlock(&c->m->lock);
	return found;
}

static bool bad_range(const struct wcard_safe_req *q)
{
	const uint64_t end = UINT64_C(1) << WEFT_VA_BITS;

	return q->arg[2] && !WCARD_BROKEN(invalidate_any_range) && (((q->arg[1] | q->arg[2]) & (WEFT_PAGE_BYTES - 1)) || q->arg[1] >= end ||
			     q->arg[2] > end - q->arg[1]);
}

/* Nothing that was posted is under way any more. */
static void arrived(struct wcard_card *c)
{
	if (c->m->weak && !WCARD_BROKEN(stop_leaves_posted))
		wcard_weak_flush_card(c);
}

static uint32_t stop_wait(struct wcard_card *c, const struct wcard_safe_req *q)
{
	bool one = q->op == WEFT_SAFE_QUEUE_STOP;

	if (!exists(c, q))
		return WEFT_SAFE_BAD_ARG;
	mark(c, q);		/* again: queues may have come since */
	if (WCARD_BROKEN(stop_early))
		return WEFT_SAFE_OK;
	pthread_mutex_lock(&c->m->lock);
	for (unsigned int i = one ? (unsigned int)q->arg[0] : 0; i < c->queue_end; i++) {
		while (c->queue[i] && (one || c->queue[i]->desc.asid == q->arg[0]) && c->queue[i]->on_engine &&
		       atomic_load(&c->queue[i]->stop))
			pthread_cond_wait(&c->m->off, &c->m->lock);
		if (one)
			break;
	}
	pthread_mutex_unlock(&c->m->lock);
	arrived(c);
	return WEFT_SAFE_OK;
}

/* Whoever was on the engine when the operation was given was told then; who came since is none of its business. */
static uint32_t engine_wait(struct wcard_card *c, uint64_t engine)
{
	struct wcard_queue *on;

	if (engine > c->m->nengines)
		return WEFT_SAFE_BAD_ARG;
	if (engine == c->m->nengines) {
		arrived(c);
		return WEFT_SAFE_OK;
	}
	pthread_mutex_lock(&c->m->lock);
	while ((on = c->m->engine[engine].q) && on->c == c && atomic_load(&on->stop))
		pthread_cond_wait(&c->m->off, &c->m->lock);
	pthread_mutex_unlock(&c->m->lock);
	arrived(c);
	return WEFT_SAFE_OK;
}

static uint32_t perform(struct wcard_card *c, const struct wcard_safe_req *q)
{
	switch (q->op) {
	case WEFT_SAFE_QUEUE_STOP:
	case WEFT_SAFE_AS_STOP:
		return stop_wait(c, q);
	case WEFT_SAFE_AS_INVALIDATE:
		if (!exists(c, q) || bad_range(q))
			return WEFT_SAFE_BAD_ARG;
		/* The range is a hint: dropping more than asked for is always right. */
		wcard_as_invalidate(c, (uint32_t)q->arg[0]);
		wcard_cell_recheck(c, (uint32_t)q->arg[0], q->arg[1], q->arg[2]);
		return WEFT_SAFE_OK;
	case WEFT_SAFE_ENGINE_RESET:
		return engine_wait(c, q->arg[0]);
	case WEFT_SAFE_LINK_MASK:
	case WEFT_SAFE_LINK_UNMASK:
		if (q->arg[0] >= WCARD_NUM_LINKS)
			return WEFT_SAFE_BAD_ARG;
		if (!WCARD_BROKEN(link_mask_nothing))
			wcard_link_mask(c, (unsigned int)q->arg[0], q->op == WEFT_SAFE_LINK_MASK);
		return WEFT_SAFE_OK;
	case WEFT_SAFE_CELL_FAULT:
		return wcard_cell_fault(c, q->arg[0], q->arg[1]);
	case WEFT_SAFE_CELL_FAULTS:
		return c->m->caps & WEFT_CAP_CELL_FAULTS ? wcard_cell_faults(c, q->arg[0], q->arg[1]) : WEFT_SAFE_BAD_OP;
	default:
		return WEFT_SAFE_BAD_OP;
	}
}

/* safe_lock held, given up meanwhile: the next one of the card. */
static void turn(struct wcard_card *c)
{
	struct wcard_machine *m = c->m;
	struct wcard_safe_req q = c->safe[0];
	uint32_t status;

	pthread_mutex_unlock(&m->safe_lock);
	status = perform(c, &q);
	pthread_mutex_lock(&m->safe_lock);
	memmove(c->safe, c->safe + 1, --c->safe_n * sizeof(q));
	c->safe_status[q.op] = status;
	c->safe_done[q.op] = q.seq;
	pthread_cond_broadcast(&m->safe_idle);
	pthread_mutex_unlock(&m->safe_lock);
	wcard_event(c, WEFT_EVT_SAFE, q.op, 0, WCARD_BROKEN(safe_event_ok) ? WEFT_SAFE_OK : status, q.seq);
	pthread_mutex_lock(&m->safe_lock);
}

static void *safe_main(void *arg)
{
	struct wcard_card *c = arg;
	struct wcard_machine *m = c->m;

	pthread_mutex_lock(&m->safe_lock);
	while (!m->quit)
		if (c->safe_n)
			turn(c);
		else
			pthread_cond_wait(&c->safe_cond, &m->safe_lock);
	pthread_mutex_unlock(&m->safe_lock);
	return NULL;
}

bool wcard_safe_turn(struct wcard_machine *m)
{
	bool did = false;

	pthread_mutex_lock(&m->safe_lock);
	for (unsigned int i = 0; i < m->ncards && !did; i++) {
		did = m->card[i]->safe_n;
		if (did)
			turn(m->card[i]);
	}
	pthread_mutex_unlock(&m->safe_lock);
	return did;
}

void wcard_safe_cmd(struct wcard_card *c, uint64_t cmd)
{
	struct wcard_safe_req q = { .op = cmd & 0xff, .seq = (uint32_t)(cmd >> 32) };
	bool room;

	if (q.op > 7)
		return;
	memcpy(q.arg, c->r.safe_arg, sizeof(q.arg));
	/* One thread gives a card its operations, so room that is there stays. */
	pthread_mutex_lock(&c->m->safe_lock);
	room = c->safe_n < (WCARD_BROKEN(safe_full_silent) ? 2 : WCARD_SAFE_MAX);
	if (!room && !WCARD_BROKEN(safe_full_silent))
		c->safe_status[q.op] = WEFT_SAFE_FULL;
	pthread_mutex_unlock(&c->m->safe_lock);
	if (!room)
		return;
	/* Stop at once, and before the thread above can find nothing left to wait for. */
	mark(c, &q);
	pthread_mutex_lock(&c->m->safe_lock);
	c->safe[c->safe_n++] = q;
	pthread_cond_signal(&c->safe_cond);
	pthread_mutex_unlock(&c->m->safe_lock);
}

void wcard_safe_drain(struct wcard_card *c)
{
	while (c->m->by_hand && wcard_safe_turn(c->m))
		;
	pthread_mutex_lock(&c->m->safe_lock);
	while (c->safe_n)
		pthread_cond_wait(&c->m->safe_idle, &c->m->safe_lock);
	memset(c->safe_done, 0, sizeof(c->safe_done));
	memset(c->safe_status, 0, sizeof(c->safe_status));
	pthread_mutex_unlock(&c->m->safe_lock);
}

int wcard_safe_init(struct wcard_machine *m)
{
	pthread_mutex_init(&m->safe_lock, NULL);
	wcard_cond_init(&m->safe_idle);
	for (unsigned int i = 0; i < m->ncards; i++) {
		wcard_cond_init(&m->card[i]->safe_cond);
		if (!m->by_hand && pthread_create(&m->card[i]->safe_thread, NULL, safe_main, m->card[i]))
			return -EAGAIN;
	}
	return 0;
}

void wcard_safe_fini(struct wcard_machine *m)
{
	pthread_mutex_lock(&m->safe_lock);
	m->quit = true;
	for (unsigned int i = 0; i < m->ncards; i++)
		pthread_cond_signal(&m->card[i]->safe_cond);
	pthread_mutex_unlock(&m->safe_lock);
	for (unsigned int i = 0; i < m->ncards && !m->by_hand; i++)
		pthread_join(m->card[i]->safe_thread, NULL);
}
