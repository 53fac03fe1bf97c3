// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Supervision: how long a unit may take (HANG_MS, run_limit_ns) and how long a queue may be parked (wait_limit_ns).
 *
 * An engine thread can be off its core in the middle of a unit, which is no fault of the queue. Where the clock on the
 * wall says too long, the time the thread did not run since its last look is taken off. Nothing can interrupt a unit,
 * which is bounded anyway; it is judged when it ends. Only an injected hang is ended by its deadline. Nor is a queue
 * charged for time in which its engine's thread could not run.
 */
#define _GNU_SOURCE
#include <time.h>

#include "defect.h"
#include "engine.h"

#define LOOK_NS		10000000	/* age of the last look at the thread's own clock when a turn begins */

static uint64_t cpu_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t hang_ns(const struct wcard_queue *q)
{
	uint64_t ms = atomic_load_explicit(&q->c->hang_ms, memory_order_relaxed);

	return ms && !WCARD_BROKEN(hang_off) ? ms * 1000000 : UINT64_MAX;
}

static uint64_t run_ns(const struct wcard_queue *q)
{
	return q->desc.run_limit_ns && !WCARD_BROKEN(run_limit_off) ? q->desc.run_limit_ns : UINT64_MAX;
}

static void look(struct wcard_engine *e)
{
	e->slept = false;
	e->look_ns = wcard_now(e->m);
	e->look_cpu_ns = cpu_now();
	e->waited_ns = 0;
}

/* Time since the last look in which the thread could not run. */
static uint64_t off_ns(const struct wcard_engine *e)
{
	uint64_t ran = cpu_now() - e->look_cpu_ns + e->waited_ns, wall = wcard_now(e->m) - e->look_ns;

	return wall > ran ? wall - ran : 0;
}

uint64_t wcard_limits_ran(struct wcard_engine *e, uint64_t ns)
{
	uint64_t off = off_ns(e);

	look(e);
	return ns > off ? ns - off : 0;
}

uint64_t wcard_limits_of(const struct wcard_queue *q)
{
	uint64_t hang = hang_ns(q), run = run_ns(q);

	return hang < run ? hang : run;
}

void wcard_limits_turn(struct wcard_engine *e, uint64_t now)
{
	if (e->slept) {
		look(e);
		now = e->look_ns;
	}
	/* Taking the queue up is part of its turn, waiting for a core to do it on is not. */
	if (now - e->since > WCARD_SUSPECT_NS || now - e->look_ns > LOOK_NS)
		e->since = now - wcard_limits_ran(e, now - e->since);
}

uint32_t wcard_limits_fault(const struct wcard_queue *q, uint64_t ns)
{
	uint64_t hang = hang_ns(q), run = run_ns(q);

	if (ns > run && run <= hang)
		return WEFT_FAULT_RUN_LIMIT;
	return ns > hang ? WEFT_FAULT_HANG : ns > run ? WEFT_FAULT_RUN_LIMIT : 0;
}

uint32_t wcard_limits_unit(struct wcard_run *r, uint64_t ns)
{
	uint64_t off = off_ns(r->e);

	return wcard_limits_fault(r->q, ns > off ? ns - off : 0);
}

void wcard_limits_park(struct wcard_queue *q)
{
	uint64_t until = q->wait_since_ns + q->desc.wait_limit_ns;

	if (until < q->wait_since_ns && !WCARD_BROKEN(wait_limit_wraps))
		return;
	/* Once for one WAIT, however often it parks again. */
	if (q->desc.wait_limit_ns && q->wait_told_ns != q->wait_since_ns && !WCARD_BROKEN(wait_limit_off))
		wcard_timer_set(q, until);
}

void wcard_limits_suspend(struct wcard_queue *q)
{
	if (q->wait_since_ns)
		q->suspended_ns = wcard_now(q->c->m);
}

void wcard_limits_resume(struct wcard_queue *q)
{
	uint64_t ns = wcard_now(q->c->m) - q->suspended_ns;

	/* Else an engine may have the queue. */
	if (!q->suspended_ns)
		return;
	q->suspended_ns = 0;
	if (WCARD_BROKEN(wait_limit_suspended))
		return;
	/* Told of stays told of. */
	if (q->wait_told_ns == q->wait_since_ns)
		q->wait_told_ns += ns;
	q->wait_since_ns += ns;
}

void wcard_limits_waited(struct wcard_queue *q)
{
	if (q->run != WEFT_QS_PARKED)
		return;
	if (!WCARD_BROKEN(wait_limit_again))
		q->wait_told_ns = q->wait_since_ns;
	wcard_event(q->c, WEFT_EVT_WAIT_LIMIT, q->desc.id, q->desc.asid, 0, 0);
	if ((q->desc.flags & WEFT_QUEUE_F_WAIT_STOPS) && !WCARD_BROKEN(wait_limit_event_only))
		wcard_queue_fault(q, WEFT_FAULT_WAIT_LIMIT);
}
