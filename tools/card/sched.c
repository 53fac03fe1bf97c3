// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * One engine thread per core, shared by all cards. A free thread takes the next queue round robin over cards, then
 * over the card's address spaces, then over their queues. A queue keeps its slot from the moment it is taken until it
 * gives up the engine, over a TIMED packet too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bus.h"
#include "engine.h"

static inline void wcard_pause(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

static void as_push(struct wcard_as *as, struct wcard_queue *q)
{
	q->next = NULL;
	if (as->ready)
		as->ready_last->next = q;
	else
		as->ready = q;
	as->ready_last = q;
}

static void card_push(struct wcard_card *c, struct wcard_as *as)
{
	as->next_ready = NULL;
	if (c->ready)
		c->ready_last->next_ready = as;
	else
		c->ready = as;
	c->ready_last = as;
}

static void card_unlink(struct wcard_card *c, struct wcard_as *as)
{
	struct wcard_as **pos = &c->ready, *prev = NULL;

	while (*pos != as) {
		prev = *pos;
		pos = &prev->next_ready;
	}
	*pos = as->next_ready;
	if (c->ready_last == as)
		c->ready_last = prev;
}

void wcard_sched_ready(struct wcard_queue *q)
{
	struct wcard_machine *m = q->c->m;

	if (q->queued)
		return;
	if (!q->as->ready)
		card_push(q->c, q->as);
	as_push(q->as, q);
	q->queued = true;
	if (q->run != WEFT_QS_READY && !q->timed_over)
		wcard_queue_publish(q, WEFT_QS_READY);
	atomic_fetch_add(&m->nready, 1);
	if (m->idle)
		pthread_cond_signal(&m->work);
}

static void release_slot(struct wcard_queue *q)
{
	if (q->holds_slot) {
		q->holds_slot = false;
		q->c->slots_used--;
		/* Someone may have waited for the slot only. */
		if (q->c->ready && q->c->m->idle)
			pthread_cond_signal(&q->c->m->work);
	}
}

/* Out of the ready list and the timed list, wherever it is; gives up its slot. */
void wcard_sched_remove(struct wcard_queue *q)
{
	if (q->queued) {
		struct wcard_queue **pos = &q->as->ready, *prev = NULL;

		while (*pos != q) {
			prev = *pos;
			pos = &prev->next;
		}
		*pos = q->next;
		if (q->as->ready_last == q)
			q->as->ready_last = prev;
		if (!q->as->ready)
			card_unlink(q->c, q->as);
		q->queued = false;
		atomic_fetch_sub(&q->c->m->nready, 1);
	}
	if (q->timed) {
		struct wcard_queue **pos = &q->c->m->timed;

		while (*pos != q)
			pos = &(*pos)->next;
		*pos = q->next;
		q->timed = false;
	}
	release_slot(q);
}

void wcard_sched_timed(struct wcard_queue *q)
{
	struct wcard_queue **pos = &q->c->m->timed;

	while (*pos && (*pos)->deadline_ns <= q->deadline_ns)
		pos = &(*pos)->next;
	q->next = *pos;
	*pos = q;
	q->timed = true;
	if (q->c->m->timed == q)
		pthread_cond_signal(&q->c->m->timed_cond);
}

static struct wcard_queue *pick_card(struct wcard_card *c)
{
	struct wcard_as *as = c->ready;

	/* All slots taken: only a queue that still holds one (its TIMED packet ended) may go on. */
	for (; as; as = as->next_ready) {
		for (struct wcard_queue *q = as->ready; q; q = q->next) {
			bool more;

			if (!q->holds_slot && c->slots_used >= c->m->slots)
				continue;
			if (!q->holds_slot) {
				q->holds_slot = true;
				c->slots_used++;
			}
			/* Unlink without giving the slot back; the address space goes to the end of the round. */
			q->holds_slot = false;
			wcard_sched_remove(q);
			q->holds_slot = true;
			more = as->ready != NULL;
			if (more) {
				card_unlink(c, as);
				card_push(c, as);
			}
			return q;
		}
	}
	return NULL;
}

static struct wcard_queue *pick(struct wcard_machine *m)
{
	for (unsigned int i = 0; i < m->ncards; i++) {
		unsigned int at = (m->rr_card + i) % m->ncards;
		struct wcard_queue *q = pick_card(m->card[at]);

		if (q) {
			m->rr_card = at + 1;
			q->on_engine = true;
			return q;
		}
	}
	return NULL;
}

/* After wcard_stream(): decides what the queue is now. `run` says how it left, set by the streamer. */
static void put(struct wcard_queue *q)
{
	struct wcard_machine *m = q->c->m;

	q->on_engine = false;
	pthread_cond_broadcast(&m->off);
	if (q->run == WEFT_QS_RUNNING && q->deadline_ns && !atomic_load(&q->stop)) {
		wcard_sched_timed(q);
		return;
	}
	release_slot(q);
	if (q->run != WEFT_QS_FAULTED && atomic_load(&q->stop)) {
		if (q->run != WEFT_QS_STOPPED) {
			q->cause = WEFT_FAULT_STOPPED;
			wcard_queue_publish(q, WEFT_QS_STOPPED);
		}
	} else if (q->suspend && !q->cur.active && q->run != WEFT_QS_FAULTED) {
		wcard_queue_publish(q, WEFT_QS_SUSPENDED);
	} else if (q->run == WEFT_QS_READY || q->run == WEFT_QS_SUSPENDED || (q->run == WEFT_QS_IDLE && q->kicked)) {
		/* SUSPENDED: and resumed before it was off the engine. */
		wcard_sched_ready(q);
	}
	q->kicked = false;
}

static void *engine_main(void *arg)
{
	struct wcard_engine *e = arg;
	struct wcard_machine *m = e->m;
	char name[16];
	cpu_set_t set;

	snprintf(name, sizeof(name), "engine-%u", (unsigned int)e->core % 10000);
	pthread_setname_np(pthread_self(), name);
	CPU_ZERO(&set);
	CPU_SET((unsigned int)e->core, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	pthread_mutex_lock(&m->lock);
	while (!m->quit) {
		struct wcard_queue *q = pick(m);
		uint64_t until;

		if (q) {
			q->kicked = false;
			pthread_mutex_unlock(&m->lock);
			wcard_stream(e, q);
			pthread_mutex_lock(&m->lock);
			put(q);
			if (m->quit || atomic_load(&m->nready))
				continue;
			/* Work often comes in a row; sleeping and waking costs more than this look. */
			pthread_mutex_unlock(&m->lock);
			until = wcard_now(m) + WCARD_SPIN_NS;
			while (!atomic_load_explicit(&m->nready, memory_order_relaxed) && wcard_now(m) < until)
				wcard_pause();
			pthread_mutex_lock(&m->lock);
			if (atomic_load(&m->nready))
				continue;
		}
		m->idle++;
		pthread_cond_wait(&m->work, &m->lock);
		m->idle--;
	}
	pthread_mutex_unlock(&m->lock);
	return NULL;
}

static void *timed_main(void *arg)
{
	struct wcard_machine *m = arg;

	pthread_mutex_lock(&m->lock);
	while (!m->quit) {
		struct wcard_queue *q = m->timed;
		struct timespec ts;

		if (!q) {
			pthread_cond_wait(&m->timed_cond, &m->lock);
			continue;
		}
		if (wcard_now(m) < q->deadline_ns) {
			wcard_deadline(m, q->deadline_ns, &ts);
			pthread_cond_timedwait(&m->timed_cond, &m->lock, &ts);
			continue;
		}
		m->timed = q->next;
		q->timed = false;
		q->timed_over = true;
		q->deadline_ns = 0;
		wcard_sched_ready(q);
	}
	pthread_mutex_unlock(&m->lock);
	return NULL;
}

int wcard_sched_init(struct wcard_machine *m)
{
	cpu_set_t set;
	int core = -1;

	m->engine = calloc(m->nengines, sizeof(*m->engine));
	if (!m->engine)
		return -ENOMEM;
	pthread_mutex_init(&m->lock, NULL);
	wcard_cond_init(&m->work);
	wcard_cond_init(&m->off);
	wcard_cond_init(&m->timed_cond);
	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	for (unsigned int i = 0; i < m->nengines; i++) {
		struct wcard_engine *e = &m->engine[i];

		do
			core = (core + 1) % CPU_SETSIZE;
		while (!CPU_ISSET((unsigned int)core, &set));
		e->m = m;
		e->index = i;
		e->core = core;
		if (wcard_tlb_init(&e->tlb))
			return -ENOMEM;
	}
	if (pthread_create(&m->timed_thread, NULL, timed_main, m))
		return -EAGAIN;
	for (unsigned int i = 0; i < m->nengines; i++)
		if (pthread_create(&m->engine[i].thread, NULL, engine_main, &m->engine[i]))
			return -EAGAIN;
	return 0;
}

void wcard_sched_fini(struct wcard_machine *m)
{
	pthread_mutex_lock(&m->lock);
	m->quit = true;
	pthread_cond_broadcast(&m->work);
	pthread_cond_broadcast(&m->timed_cond);
	pthread_mutex_unlock(&m->lock);
	pthread_join(m->timed_thread, NULL);
	for (unsigned int i = 0; i < m->nengines; i++) {
		pthread_join(m->engine[i].thread, NULL);
		wcard_tlb_fini(&m->engine[i].tlb);
	}
	free(m->engine);
}
