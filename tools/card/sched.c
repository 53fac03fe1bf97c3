// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * One engine thread per core, shared by all cards in turn by engine time; band.c says who is next on a card. A queue
 * keeps its slot from the moment it is taken until it gives up the engine, over a TIMED packet too. Engine time of a
 * queue is all of an engine's from the end of the turn before: who costs the scheduler much pays for it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bus.h"
#include "defect.h"
#include "engine.h"

void wcard_timer_set(struct wcard_queue *q, uint64_t deadline_ns)
{
	struct wcard_machine *m = q->c->m;

	q->timer.key = deadline_ns;
	wcard_heap_insert(&m->timers, &q->timer);
	q->timer_on = true;
	if (m->timers.root == &q->timer)
		pthread_cond_signal(&m->timed_cond);
}

void wcard_timer_clear(struct wcard_queue *q)
{
	if (q->timer_on)
		wcard_heap_remove(&q->c->m->timers, &q->timer);
	q->timer_on = false;
	q->timed = false;
}

/* @slept: see wcard_bands_push(). */
static void ready(struct wcard_queue *q, bool slept)
{
	struct wcard_machine *m = q->c->m;

	if (q->on_engine) {
		q->woken = true;
		return;
	}
	if (q->queued)
		return;
	wcard_timer_clear(q);
	if (q->trace.on && (q->run == WEFT_QS_PARKED ||
			    (q->run == WEFT_QS_SUSPENDED && q->wait_since_ns && !WCARD_BROKEN(trace_resumed)))) {
		if (!WCARD_BROKEN(trace_ready_parked))
			q->trace.ready_ns = wcard_now(m);
		q->trace.start_ns = 0;
	}
	wcard_bands_push(q, slept);
	q->queued = true;
	if (q->run != WEFT_QS_READY && !q->timed_over)
		wcard_queue_publish(q, WEFT_QS_READY);
	atomic_fetch_add(&m->nready, 1);
	if (m->idle)
		pthread_cond_signal(&m->work);
}

void wcard_sched_ready(struct wcard_queue *q)
{
	ready(q, true);
}

static void release_slot(struct wcard_queue *q)
{
	if (!q->holds_slot)
		return;
	wcard_bands_slot_free(q);
	/* Someone may have waited for the slot only. */
	if (q->c->bands.nready && q->c->m->idle)
		pthread_cond_signal(&q->c->m->work);
}

/* Neither ready nor timed any more, wherever it was; gives up its slot. */
void wcard_sched_remove(struct wcard_queue *q)
{
	if (q->queued) {
		wcard_bands_remove(q);
		q->queued = false;
		atomic_fetch_sub(&q->c->m->nready, 1);
	}
	wcard_timer_clear(q);
	release_slot(q);
}

void wcard_sched_timed(struct wcard_queue *q)
{
	q->timed = true;
	wcard_timer_set(q, q->deadline_ns);
}

/* The card that had least of the engines goes first. */
static struct wcard_queue *pick(struct wcard_machine *m, uint64_t now)
{
	uint32_t tried = 0;

	for (;;) {
		struct wcard_card *c = NULL;
		struct wcard_queue *q;

		for (unsigned int i = 0; i < m->ncards; i++)
			if (m->card[i]->bands.nready && !(tried >> i & 1) &&
			    (!c || m->card[i]->bands.time < c->bands.time))
				c = m->card[i];
		if (!c)
			return NULL;
		tried |= UINT32_C(1) << c->index;
		q = wcard_bands_pick(c, now);
		if (!q)
			continue;
		q->queued = false;
		q->on_engine = true;
		q->woken = false;
		atomic_store(&c->rung[q->desc.id], 0);
		atomic_fetch_sub(&m->nready, 1);
		return q;
	}
}

/* A queue whose turn does not end, because nobody waits for it to, pays as it goes. */
void wcard_sched_slice(struct wcard_queue *q)
{
	pthread_mutex_lock(&q->c->m->lock);
	wcard_bands_charge(q, q->busy_ns - q->charged_ns);
	pthread_mutex_unlock(&q->c->m->lock);
	if (!WCARD_BROKEN(alone_on_credit))
		q->charged_ns = q->busy_ns;
}

/* After wcard_stream(): decides what the queue is now. `run` says how it left, set by the streamer. */
static void put(struct wcard_queue *q)
{
	struct wcard_machine *m = q->c->m;

	q->on_engine = false;
	wcard_bands_put(q, q->busy_ns - q->charged_ns);
	pthread_cond_broadcast(&m->off);
	if (q->run == WEFT_QS_RUNNING && q->deadline_ns && !atomic_load(&q->stop)) {
		wcard_sched_timed(q);
		return;
	}
	if (!WCARD_BROKEN(parked_keeps_slot) || q->run != WEFT_QS_PARKED)
		release_slot(q);
	if (q->run != WEFT_QS_FAULTED && atomic_load(&q->stop)) {
		wcard_cell_unpark(q);
		if (q->run != WEFT_QS_STOPPED) {
			q->cause = WEFT_FAULT_STOPPED;
			wcard_queue_publish(q, WEFT_QS_STOPPED);
		}
	} else if (q->suspend && (!q->cur.active || q->run == WEFT_QS_PARKED) && q->run != WEFT_QS_FAULTED) {
		wcard_cell_unpark(q);
		wcard_limits_suspend(q);
		wcard_queue_publish(q, WEFT_QS_SUSPENDED);
	} else if (q->run == WEFT_QS_READY || q->run == WEFT_QS_SUSPENDED ||
		   (q->run == WEFT_QS_IDLE && atomic_load(&q->c->rung[q->desc.id])) ||
		   ((q->run == WEFT_QS_IDLE || q->run == WEFT_QS_PARKED) && q->woken)) {
		/* SUSPENDED: and resumed before it was off the engine. */
		wcard_cell_unpark(q);
		ready(q, false);
	} else if (q->run == WEFT_QS_PARKED) {
		wcard_limits_park(q);
	}
	q->woken = false;
}

/*
 * Asks the kernel for long slices: a thread that wakes up beside a computing engine (protocol threads, the VMM, whose
 * processors wait for them with interrupts off) then runs at once and not milliseconds later. The share of the core
 * stays the same. Kernels before 6.12 do not know it and refuse; then nothing changes.
 */
static void long_slices(void)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr = { .size = sizeof(attr), .policy = SCHED_OTHER, .nice = getpriority(PRIO_PROCESS, 0),
		   .runtime = WCARD_HOST_SLICE_NS };

	syscall(SYS_sched_setattr, 0, &attr, 0);
}

/* No longer one that takes what is ready: it has something, or goes to sleep. */
static void looked(struct wcard_engine *e)
{
	if (e->looking)
		atomic_fetch_sub(&e->m->looking, 1);
	e->looking = false;
}

/* Work often comes in a row; sleeping and waking costs more than this look. Lock held, given up meanwhile. */
static void look_for_work(struct wcard_engine *e)
{
	struct wcard_machine *m = e->m;
	uint64_t until;

	pthread_mutex_unlock(&m->lock);
	e->looking = true;
	atomic_fetch_add(&m->looking, 1);
	until = wcard_now(m) + WCARD_SPIN_NS;
	while (!atomic_load_explicit(&m->nready, memory_order_relaxed) && wcard_now(m) < until)
		wcard_pause();
	pthread_mutex_lock(&m->lock);
	e->since = wcard_now(m);
}

/* Lock held, given up meanwhile: whoever is next has a turn. False: nobody is. */
static bool turn(struct wcard_engine *e)
{
	struct wcard_machine *m = e->m;
	struct wcard_queue *q;
	uint64_t now;

	if (!atomic_load_explicit(&m->nready, memory_order_relaxed))
		return false;
	now = wcard_now(m);
	q = pick(m, now);
	if (!q)
		return false;
	looked(e);
	q->charged_ns = q->busy_ns;
	e->q = q;
	pthread_mutex_unlock(&m->lock);
	wcard_stream(e, q, now);
	pthread_mutex_lock(&m->lock);
	e->q = NULL;
	put(q);
	return true;
}

static void *engine_main(void *arg)
{
	struct wcard_engine *e = arg;
	struct wcard_machine *m = e->m;
	bool look = false;
	char name[16];
	cpu_set_t set;

	snprintf(name, sizeof(name), "engine-%u", (unsigned int)e->core % 10000);
	pthread_setname_np(pthread_self(), name);
	CPU_ZERO(&set);
	CPU_SET((unsigned int)e->core, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	long_slices();
	pthread_mutex_lock(&m->lock);
	while (!m->quit) {
		if (turn(e)) {
			look = true;
		} else if (look) {
			look_for_work(e);
			look = false;
		} else {
			looked(e);
			m->idle++;
			pthread_cond_wait(&m->work, &m->lock);
			m->idle--;
			e->since = wcard_now(m);
			e->slept = true;
			/* What it was woken for may be done already, by an engine that was awake; more of its kind is likely. */
			look = true;
		}
	}
	pthread_mutex_unlock(&m->lock);
	return NULL;
}

/* Lock held: the first timer, when its time has come. */
static bool expire(struct wcard_machine *m)
{
	struct wcard_queue *q;

	if (!m->timers.root || wcard_now(m) < m->timers.root->key)
		return false;
	q = (struct wcard_queue *)(void *)((char *)m->timers.root - offsetof(struct wcard_queue, timer));
	if (!q->timed) {
		wcard_timer_clear(q);
		wcard_limits_waited(q);
		return true;
	}
	wcard_timer_clear(q);
	q->timed_over = true;
	if (WCARD_BROKEN(timed_busy))
		q->busy_ns += 1000000;
	q->deadline_ns = 0;
	/* TIMED uses no engine, but the slot: others may wait for that. */
	if (q->c->bands.nready && wcard_now(m) - q->slot_since_ns > q->slice_ns && !WCARD_BROKEN(timed_keeps_slot))
		release_slot(q);
	wcard_sched_ready(q);
	return true;
}

static void *timed_main(void *arg)
{
	struct wcard_machine *m = arg;

	pthread_mutex_lock(&m->lock);
	while (!m->quit) {
		struct timespec ts;

		if (expire(m))
			continue;
		if (!m->timers.root) {
			pthread_cond_wait(&m->timed_cond, &m->lock);
			continue;
		}
		wcard_deadline(m, m->timers.root->key, &ts);
		pthread_cond_timedwait(&m->timed_cond, &m->lock, &ts);
	}
	pthread_mutex_unlock(&m->lock);
	return NULL;
}

bool wcard_sched_turn(struct wcard_machine *m)
{
	bool did;

	pthread_mutex_lock(&m->lock);
	did = expire(m) || turn(&m->engine[0]);
	pthread_mutex_unlock(&m->lock);
	return did;
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
	if (m->by_hand)
		return 0;
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
	if (!m->by_hand)
		pthread_join(m->timed_thread, NULL);
	for (unsigned int i = 0; i < m->nengines; i++) {
		if (!m->by_hand)
			pthread_join(m->engine[i].thread, NULL);
		wcard_tlb_fini(&m->engine[i].tlb);
	}
	free(m->engine);
}
