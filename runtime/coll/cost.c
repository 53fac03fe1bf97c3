/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include "cost.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* From one member to another: when each of its signals was given. */
struct line {
	double arrival;
	double *signal;
	uint32_t num;
	bool arrived;
};

struct play {
	const struct weft_coll_topology *cost;
	const struct weft_coll_call *call;
	struct weft_coll_steps steps[WEFT_COLL_RANKS];
	struct line line[WEFT_COLL_RANKS][WEFT_COLL_RANKS];
	double now[WEFT_COLL_RANKS], engine[WEFT_COLL_ENGINES];
	uint32_t at[WEFT_COLL_RANKS];
	struct weft_coll_traffic traffic;
};

/*
 * A byte that is read or written, ns. A copy moves each byte twice. Rates of several sources or destinations are known of the card's
 * own memory; they are taken to be as much less elsewhere as a copy's.
 */
static double byte_ns(const struct weft_coll_topology *c, uint32_t by, uint32_t of, double gbs, const struct weft_coll_step *s)
{
	const double own_gbs = s->num_src + s->num_dst > 2 ? c->reduce_gbs[by] : 2 * c->write_gbs[by][by];

	return by == of ? 1 / own_gbs : c->write_gbs[by][by] / gbs / own_gbs;
}

static double work(struct play *p, uint32_t me, const struct weft_coll_step *s)
{
	const uint64_t bytes = s->count * p->call->element;
	double ns = 0;

	for (uint32_t i = 0; i < s->num_src; i++) {
		p->traffic.read[me][s->src[i].rank] += bytes;
		ns += byte_ns(p->cost, me, s->src[i].rank, p->cost->read_gbs[me][s->src[i].rank], s) * (double)bytes;
	}
	for (uint32_t i = 0; i < s->num_dst; i++) {
		p->traffic.written[me][s->dst[i].rank] += bytes;
		ns += byte_ns(p->cost, me, s->dst[i].rank, p->cost->write_gbs[me][s->dst[i].rank], s) * (double)bytes;
	}
	return ns;
}

/* When a step can begin; less than 0: not yet known */
static double ready(const struct play *p, uint32_t me, const struct weft_coll_step *s)
{
	double when = p->now[me];

	for (uint32_t r = 0; r < p->call->ranks; r++) {
		const struct line *l = &p->line[r][me];
		double then;

		if (!(s->ranks >> r & 1) || (s->kind != WEFT_COLL_STEP_ARRIVED && s->kind != WEFT_COLL_STEP_WAIT))
			continue;
		if (s->kind == WEFT_COLL_STEP_ARRIVED ? !l->arrived : l->num < s->number[r])
			return -1;
		then = (s->kind == WEFT_COLL_STEP_ARRIVED ? l->arrival : l->signal[s->number[r] - 1]) + p->cost->hop_ns[r][me];
		when = then > when ? then : when;
	}
	return when;
}

static void take(struct play *p, uint32_t me, const struct weft_coll_step *s, double when)
{
	double *engine = &p->engine[0];

	if (s->kind == WEFT_COLL_STEP_REDUCE && p->cost->engines) {
		for (uint32_t i = 1; i < p->cost->engines && i < WEFT_COLL_ENGINES; i++)
			if (p->engine[i] < *engine)
				engine = &p->engine[i];
		when = *engine > when ? *engine : when;
	}
	/* signals and waits are in the hops */
	if (s->kind == WEFT_COLL_STEP_REDUCE) {
		when += p->cost->step_ns[me] + work(p, me, s);
		*engine = when;
	}
	p->now[me] = when;
	for (uint32_t r = 0; r < p->call->ranks; r++) {
		struct line *l = &p->line[me][r];

		if (!(s->ranks >> r & 1))
			continue;
		if (s->kind == WEFT_COLL_STEP_ARRIVE) {
			l->arrival = when;
			l->arrived = true;
		} else if (s->kind == WEFT_COLL_STEP_SIGNAL) {
			l->signal[l->num++] = when;
		}
	}
}

/* The step that can begin first, of the member whose it is; UINT32_MAX: none */
static uint32_t first(const struct play *p, double *when)
{
	uint32_t best = UINT32_MAX;

	for (uint32_t r = 0; r < p->call->ranks; r++) {
		const double t = p->at[r] < p->steps[r].num ? ready(p, r, &p->steps[r].step[p->at[r]]) : -1;

		if (t >= 0 && (best == UINT32_MAX || t < *when)) {
			best = r;
			*when = t;
		}
	}
	return best;
}

static int begin(struct play *p)
{
	for (uint32_t r = 0; r < p->call->ranks; r++) {
		int ret = weft_coll_schedule(p->call, r, &p->steps[r]);

		if (ret)
			return ret;
		for (uint32_t s = 0; s < p->call->ranks; s++) {
			p->line[r][s].signal = malloc((p->steps[r].signals[s] + 1u) * sizeof(double));
			if (!p->line[r][s].signal)
				return -ENOMEM;
		}
	}
	return 0;
}

int weft_coll_predict(const struct weft_coll_topology *cost, const struct weft_coll_call *call, double *ns,
		      struct weft_coll_traffic *traffic)
{
	struct play *p = weft_coll_can(call) ? calloc(1, sizeof(*p)) : NULL;
	double when = 0, end = 0;
	uint32_t r;
	int ret;

	if (!p)
		return weft_coll_can(call) ? -ENOMEM : -EINVAL;
	p->cost = cost;
	p->call = call;
	ret = begin(p);
	while (!ret && (r = first(p, &when)) != UINT32_MAX) {
		take(p, r, &p->steps[r].step[p->at[r]++], when);
		end = p->now[r] > end ? p->now[r] : end;
	}
	if (!ret && ns)
		*ns = end;
	if (!ret && traffic)
		*traffic = p->traffic;
	for (r = 0; r < call->ranks; r++) {
		weft_coll_steps_free(&p->steps[r]);
		for (uint32_t s = 0; s < call->ranks; s++)
			free(p->line[r][s].signal);
	}
	free(p);
	return ret;
}

int weft_coll_choose(const struct weft_coll_topology *cost, struct weft_coll_call *call)
{
	struct weft_coll_call c = *call;
	double best = -1;

	call->algorithm = WEFT_COLL_AUTO;
	for (c.algorithm = WEFT_COLL_PUSH; (unsigned int)c.algorithm < WEFT_COLL_ALGORITHMS; c.algorithm++) {
		double ns;
		int ret;

		if (!weft_coll_can(&c) || !weft_coll_in_order(&c))
			continue;
		ret = weft_coll_predict(cost, &c, &ns, NULL);
		if (ret)
			return ret;
		if (best < 0 || ns < best) {
			best = ns;
			call->algorithm = c.algorithm;
		}
	}
	return best < 0 ? -EINVAL : 0;
}
