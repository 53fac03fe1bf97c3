/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The gate: run, wait, drain, end. On the cards a sequence has a number that counts bubbles, too. */
#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "exec.h"

#define RUN_NS		(60 * 1000000000ull)
#define NO_VALUE	(1ull << 61)		/* no cell gets so far */
#define LOOK_US		200

static int check(struct weft_plan *p, const char *call)
{
	int ret = weft_plan_check(p, false, call);

	if (!ret && !p->loaded)
		ret = weft_fail(-EINVAL, "%s: plan %s is not loaded", call, p->name);
	return ret;
}

uint64_t weft_plan_to_card(const struct weft_plan *p, uint64_t seq)
{
	for (uint32_t i = p->num_spans; i && p->num_spans - i < WEFT_PLAN_SPANS; i--)
		if (seq >= p->span[(i - 1) % WEFT_PLAN_SPANS].first)
			return seq + p->span[(i - 1) % WEFT_PLAN_SPANS].bubbles;
	return seq;	/* before the oldest known drain, which it was done at */
}

uint64_t weft_plan_from_card(const struct weft_plan *p, uint64_t seq)
{
	for (uint32_t i = p->num_spans; i && p->num_spans - i < WEFT_PLAN_SPANS; i--) {
		const struct weft_plan_span *s = &p->span[(i - 1) % WEFT_PLAN_SPANS];

		if (seq >= s->first + s->bubbles)
			return seq - s->bubbles;
	}
	return seq;
}

static int late(struct weft_plan *p, const struct weft_plan_cell *c, uint64_t sequences)
{
	const struct weft_body *b = c->body;
	struct weft_cell_state s = { 0 };
	char why[256];

	weft_cell_read(weft_cell_here(p, c), c->index, &s);
	weft_plan_stuck_why(p, why, sizeof(why));
	return weft_fail(-ETIME, "plan %s: body %s in lane %s has fired %llu times, wanted %llu%s%s", p->name, b->name,
			 p->lane[b->lane].name, (unsigned long long)(s.value - p->config.cell_base),
			 (unsigned long long)(sequences * b->q), *why ? "; " : "", why);
}

static int ended(struct weft_plan *p, const struct weft_plan_cell *c, uint64_t sequences)
{
	const struct weft_edge *e = weft_peer_ended(p);
	struct weft_cell_state s = { 0 };

	weft_cell_read(weft_cell_here(p, c), c->index, &s);
	return weft_fail(-EPIPE, "plan %s: body %s ended when it had fired %llu times, wanted %llu%s%s", p->name, c->body->name,
			 (unsigned long long)(s.value - p->config.cell_base), (unsigned long long)(sequences * c->body->q),
			 e ? "; the other process has ended edge " : "", e ? e->name : "");
}

/* The card with the cell is none any more. */
static int lost(struct weft_plan *p, const struct weft_plan_cell *c)
{
	char why[256];

	p->faulted = true;
	weft_plan_stuck_why(p, why, sizeof(why));
	return weft_fail(-EOWNERDEAD, "plan %s: device %u of body %s was reset or is gone%s%s", p->name, c->waiter, c->body->name,
			 *why ? "; " : "", why);
}

int weft_plan_wait_all(struct weft_plan *p, uint64_t sequences, uint64_t deadline_ns)
{
	for (uint32_t i = p->first_done; i < p->num_cells; i++) {
		const struct weft_plan_cell *c = &p->cell[i];
		const uint64_t now = weft_now_ns();
		int ret;

		ret = weft_cell_wait(weft_cell_here(p, c), c->index, p->config.cell_base + sequences * c->body->q,
				     deadline_ns > now ? deadline_ns - now : 0, NULL);
		if (ret == -ETIME)
			ret = weft_plan_blame(p, late(p, c, sequences));
		else if (ret == -EPIPE)
			ret = ended(p, c, sequences);
		else if (ret == -EOWNERDEAD)
			ret = weft_plan_blame(p, ret);
		else if (ret == -ECANCELED || ret == -ENODEV)
			ret = lost(p, c);
		if (ret)
			return ret;
	}
	return 0;
}

/* with lock, which others may have meanwhile: one thread at a time changes what it guards */
static int sleep_for(struct weft_plan *p, uint64_t sequences, uint64_t deadline)
{
	int ret;

	pthread_mutex_unlock(&p->lock);
	ret = weft_plan_wait_all(p, sequences, deadline);
	pthread_mutex_lock(&p->lock);
	return ret;
}

/* with lock: one store for each card and rate, and at most one kick each */
static int open_gate(struct weft_plan *p, uint64_t count)
{
	int ret = 0;

	p->opened += count;
	for (uint32_t i = 0; i < p->num_cells && p->cell[i].role == WEFT_ROLE_GATE; i++) {
		int r = weft_cell_signal(weft_cell_here(p, &p->cell[i]), p->cell[i].index, p->config.cell_base + p->opened * p->cell[i].q);

		ret = ret ? ret : r;
	}
	return ret;
}

static void mark(struct weft_plan *p, uint64_t from, uint64_t to, uint32_t bubble)
{
	for (uint32_t d = 0; d < p->num_devices; d++)
		for (uint64_t s = from; s < to; s++)
			__atomic_store_n(&p->card[d].bubble[s % WEFT_BUBBLES], bubble, __ATOMIC_RELAXED);
	atomic_thread_fence(memory_order_seq_cst);	/* seen before the gate is */
}

/* with lock; sequences below @done are done everywhere */
static void unmark(struct weft_plan *p, uint64_t done)
{
	const uint64_t to = done < p->marks_to ? done : p->marks_to;

	if (to <= p->marks_from)
		return;
	mark(p, p->marks_from, to, 0);
	p->marks_from = to;
}

/* with lock */
static int open_real(struct weft_plan *p, uint64_t count, uint64_t deadline)
{
	int ret = 0;

	/* a word may still say of an older sequence that it is a bubble */
	while (!ret && p->marks_to > p->marks_from && p->opened + count > p->marks_from + WEFT_BUBBLES) {
		const uint64_t most = p->marks_from + WEFT_BUBBLES - p->opened, now = count < most ? count : most;

		ret = open_gate(p, now);
		count -= now;
		if (!ret)
			ret = sleep_for(p, p->marks_to, deadline);
		if (!ret)
			unmark(p, p->marks_to);
	}
	return ret || !count ? ret : open_gate(p, count);
}

int weft_plan_run(struct weft_plan *plan, uint64_t count, uint64_t *first)
{
	int ret = check(plan, __func__);

	if (ret)
		return ret;
	if (!count || count > 1ull << 40)
		return weft_fail(-EINVAL, "weft_plan_run: %llu sequences", (unsigned long long)count);
	if (weft_feed_opens(plan))
		return weft_fail(-EINVAL, "weft_plan_run: the host feeds all that plan %s starts with: weft_edge_commit() opens its "
				 "sequences, which end with weft_edge_finish() or weft_plan_end()", plan->name);
	if (plan->faulted)
		return weft_plan_blame(plan, -EOWNERDEAD);
	pthread_mutex_lock(&plan->lock);
	if (plan->ended) {
		ret = weft_fail(-EPIPE, "weft_plan_run: plan %s has ended", plan->name);
	} else {
		if (first)
			*first = plan->opened - plan->bubbles;
		plan->idle = false;
		ret = plan->marks_to > plan->marks_from ? open_real(plan, count, weft_deadline_ns(RUN_NS)) : open_gate(plan, count);
	}
	pthread_mutex_unlock(&plan->lock);
	return ret;
}

int weft_plan_sequences(struct weft_plan *plan, uint64_t seq, const char *call, uint64_t *sequences)
{
	int ret = check(plan, call);

	if (ret)
		return ret;
	pthread_mutex_lock(&plan->lock);
	if (seq >= plan->opened - plan->bubbles)
		ret = weft_fail(-EINVAL, "%s: plan %s: sequence %llu was not opened", call, plan->name, (unsigned long long)seq);
	*sequences = weft_plan_to_card(plan, seq) + 1;
	pthread_mutex_unlock(&plan->lock);
	return ret;
}

int weft_plan_wait(struct weft_plan *plan, uint64_t seq, uint64_t timeout_ns)
{
	const uint64_t deadline = weft_deadline_ns(timeout_ns);
	uint64_t sequences;
	int ret = weft_plan_sequences(plan, seq, __func__, &sequences);

	return ret ? ret : weft_plan_wait_all(plan, sequences, deadline);
}

/* with lock */
static int drain(struct weft_plan *p, uint64_t deadline)
{
	const uint64_t to = p->opened;
	int ret = 0;

	if (p->idle)
		return 0;
	ret = weft_feed_even(p);
	if (ret)
		return ret;
	/* words of these bubbles may belong to sequences that are not done */
	if (p->lag && to + p->lag > WEFT_BUBBLES)
		ret = sleep_for(p, to + p->lag - WEFT_BUBBLES, deadline);
	if (!ret && p->lag) {
		mark(p, to, to + p->lag, 1);
		if (p->marks_from == p->marks_to)
			p->marks_from = to;
		p->marks_to = to + p->lag;
		p->bubbles += p->lag;
		p->span[p->num_spans++ % WEFT_PLAN_SPANS] = (struct weft_plan_span) {
			.first = to + p->lag - p->bubbles, .bubbles = p->bubbles };
		ret = open_gate(p, p->lag);
	}
	if (!ret)
		ret = sleep_for(p, to, deadline);
	if (!ret)
		unmark(p, to);
	/* the host may have committed more meanwhile */
	p->idle = !ret && p->opened == to + p->lag && !weft_feed_even(p);
	return ret;
}

int weft_plan_drain(struct weft_plan *plan, uint64_t timeout_ns)
{
	const uint64_t deadline = weft_deadline_ns(timeout_ns);
	int ret = check(plan, __func__);

	if (ret)
		return ret;
	pthread_mutex_lock(&plan->lock);
	ret = plan->ended ? weft_fail(-EPIPE, "weft_plan_drain: plan %s has ended", plan->name) : drain(plan, deadline);
	pthread_mutex_unlock(&plan->lock);
	return ret;
}

/* Every lane has left its loop and put END everywhere; cells that the host waits for say so, others are looked at. */
static int wait_end(struct weft_plan *p, uint64_t deadline)
{
	for (uint32_t i = p->first_done; i < p->num_cells; i++) {
		const struct weft_plan_cell *c = &p->cell[i];
		const uint64_t now = weft_now_ns();
		int ret;

		ret = weft_cell_wait(weft_cell_here(p, c), c->index, p->config.cell_base + NO_VALUE, deadline > now ? deadline - now : 0, NULL);
		if (ret != -EPIPE)
			return weft_plan_blame(p, ret);
	}
	for (uint32_t i = 0; i < p->num_lanes; i++) {
		struct weft_user_queue_state s = { .size = sizeof(s) };

		while (weft_user_queue_state(p->lane[i].queue, &s) || s.ended < p->lane[i].posted) {
			if (s.cause)
				return weft_plan_blame(p, -EOWNERDEAD);
			if (weft_now_ns() > deadline)
				return weft_fail(-ETIME, "plan %s: lane %s has not ended", p->name, p->lane[i].name);
			usleep(LOOK_US);
		}
	}
	return 0;
}

int weft_plan_end(struct weft_plan *plan, uint64_t timeout_ns)
{
	const uint64_t deadline = weft_deadline_ns(timeout_ns);
	int ret = check(plan, __func__);

	if (ret)
		return ret;
	pthread_mutex_lock(&plan->lock);
	ret = plan->ended ? 0 : drain(plan, deadline);
	/*
	 * What the host feeds may be too little for some, or have ended, or another process has ended an edge: what can run runs out
	 * without a drain.
	 */
	if ((plan->num_host_edges || plan->peer_edge) && (ret == -EAGAIN || ret == -EPIPE))
		ret = 0;
	if (!ret && !plan->ended)
		ret = weft_feed_end(plan);
	for (uint32_t i = 0; i < plan->num_cells && !ret && !plan->ended && plan->cell[i].role == WEFT_ROLE_GATE; i++)
		ret = weft_cell_end(weft_cell_here(plan, &plan->cell[i]), plan->cell[i].index);
	plan->ended |= !ret;
	pthread_mutex_unlock(&plan->lock);
	return ret ? ret : wait_end(plan, deadline);
}

int weft_plan_check_idle(struct weft_plan *p, const char *call)
{
	int ret = check(p, call);

	if (!ret && !p->idle)
		ret = weft_fail(-EBUSY, "%s: plan %s is not drained", call, p->name);
	return ret;
}
