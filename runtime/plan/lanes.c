/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Times here are estimates in floating point, and firings of a body are taken to be evenly apart; depths, liveness and the
 * period are found exactly from whatever lanes come out, so an error here costs speed and nothing else.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cycle.h"
#include "depth.h"
#include "lanes.h"
#include "links.h"
#include "pack.h"

#define NONE	WEFT_NET_NONE
#define TRIES	6	/* longer periods, where a loop does not leave the room that a schedule without lanes has */

/* Bodies of one rate on one card that need lanes. */
struct class {
	uint32_t card, q, num_bodies;
	uint32_t most, num_lanes, first;	/* lanes it may have, has, and the first of them */
	double load, longest;		/* ns of a sequence; of one firing */
	struct weft_pack pack;
};

struct assign {
	struct weft_net *net;
	struct weft_links links;
	const uint32_t *q;
	struct weft_lanes *lanes;
	struct class *class;
	uint32_t num_classes;
	uint32_t *class_of;		/* of a body; NONE: it has a lane */
	uint32_t *lane;			/* of a body: its lane in its class */
	int32_t *skew;
	bool bounded;			/* some consumers may be only so far apart, which links do not say */
};

/* --- classes --- */

struct unassigned {
	uint32_t card, q, body;
};

static int by_class(const void *a, const void *b)
{
	const struct unassigned *x = a, *y = b;

	if (x->card != y->card)
		return x->card < y->card ? -1 : 1;
	if (x->q != y->q)
		return x->q < y->q ? -1 : 1;
	return (x->body > y->body) - (x->body < y->body);
}

static int find_classes(struct assign *a)
{
	struct unassigned *u = calloc((size_t)a->net->num_bodies + 1, sizeof(*u));
	uint32_t n = 0;

	a->class = calloc((size_t)a->net->num_bodies + 1, sizeof(*a->class));
	if (!u || !a->class) {
		free(u);
		return -ENOMEM;
	}
	for (uint32_t b = 0; b < a->net->num_bodies; b++) {
		a->class_of[b] = NONE;
		if (a->net->body[b].lane == NONE)
			u[n++] = (struct unassigned) { a->net->body[b].card, a->q[b], b };
	}
	qsort(u, n, sizeof(*u), by_class);
	for (uint32_t k = 0; k < n; k++) {
		uint64_t time = a->net->body[u[k].body].time_ns;
		struct class *c;

		if (!k || u[k].card != u[k - 1].card || u[k].q != u[k - 1].q)
			a->class[a->num_classes++] = (struct class) { .card = u[k].card, .q = u[k].q };
		c = &a->class[a->num_classes - 1];
		a->class_of[u[k].body] = a->num_classes - 1;
		a->lane[u[k].body] = c->num_bodies++;
		c->load += (double)time * c->q;
		c->longest = (double)time > c->longest ? (double)time : c->longest;
	}
	free(u);
	return 0;
}

/* Lanes of one card over its classes: one each, then where a lane has most to do. */
static int share_out(struct assign *a, struct class *c, uint32_t num, uint32_t max_lanes, struct weft_why *why)
{
	uint32_t left = max_lanes, bodies = 0;

	for (uint32_t i = 0; i < a->net->num_lanes; i++)
		left -= left && a->net->lane[i].card == c->card;
	for (uint32_t i = 0; i < num; i++)
		bodies += c[i].num_bodies;
	if (!max_lanes || bodies <= left) {
		for (uint32_t i = 0; i < num; i++)
			c[i].most = c[i].num_bodies;
		return 0;
	}
	if (num > left)
		return weft_why(why, -ENOSPC, "card %u: bodies in no lane have %u different rates and need as many lanes, "
				"%u of %u are left", c->card, num, left, max_lanes);
	for (uint32_t i = 0; i < num; i++)
		c[i].most = 1;
	for (left -= num; left; left--) {
		uint32_t best = NONE;

		for (uint32_t i = 0; i < num; i++)
			if (c[i].most < c[i].num_bodies &&
			    (best == NONE || c[i].load / c[i].most > c[best].load / c[best].most))
				best = i;
		c[best].most++;
	}
	return 0;
}

static bool crowded(const struct class *c)
{
	return c->most < c->num_bodies;
}

/* --- lanes of classes --- */

static bool pack_all(struct assign *a, double period)
{
	a->links.period = period;
	/* the same again for the same period, also where rates make a loop and nothing comes first */
	for (uint32_t b = 0; b < a->net->num_bodies; b++)
		a->links.start[b] = 0;
	for (uint32_t i = 0; i < a->num_classes; i++)
		if (crowded(&a->class[i]))
			weft_pack_begin(&a->class[i].pack, period / a->class[i].q, a->class[i].load / a->class[i].q);
	for (uint32_t k = 0; k < a->net->num_bodies; k++) {
		uint32_t b = a->links.rank[k], i = a->class_of[b];

		a->links.start[b] = weft_links_earliest(&a->links, b);
		if (i != NONE && crowded(&a->class[i]) &&
		    !weft_pack_place(&a->class[i].pack, a->links.time[b], a->links.start[b], &a->lane[b],
				     &a->links.start[b], &a->skew[b]))
			return false;
	}
	return true;
}

/*
 * Links that lead back may not hold any more: bodies were put off, and a loop became longer than its tokens allow. Nor do all
 * that lead forward where rates make a loop of them.
 */
static bool loops_hold(const struct assign *a)
{
	for (uint32_t i = 0; i < a->links.num_links; i++) {
		const struct weft_link *l = &a->links.link[i];
		double need = a->links.start[l->from] + a->links.time[l->from] - l->tokens * a->links.period;

		if (need > a->links.start[l->to] + 1e-6 * a->links.period)
			return false;
	}
	return true;
}

/* The lists as packed, or each lane without skew in the order of the plan: that is never a deadlock where all rates are 1. */
static void fill_lanes(struct assign *a, bool skewed)
{
	struct weft_net_lane *lane = a->lanes->lane;
	uint32_t at = 0, n = a->net->num_lanes;

	for (uint32_t i = 0; i < a->num_classes; i++) {
		struct class *c = &a->class[i];

		c->first = n;
		c->num_lanes = crowded(c) ? c->pack.num_open : c->num_bodies;
		for (uint32_t l = 0; l < c->num_lanes; l++, n++) {
			lane[n] = (struct weft_net_lane) { &a->lanes->member[at], 0, c->card };
			at += crowded(c) ? c->pack.lane[l].num_bodies : 1;
		}
	}
	a->lanes->num_lanes = n;
	/* placed in this order, so each list comes out in its own */
	for (uint32_t k = 0; k < a->net->num_bodies; k++) {
		uint32_t b = a->links.rank ? a->links.rank[k] : k, i = a->class_of[b];
		struct weft_net_lane *l;

		if (i == NONE)
			continue;
		a->net->body[b].lane = a->class[i].first + a->lane[b];
		a->net->body[b].skew = skewed && crowded(&a->class[i]) ? a->skew[b] : 0;
		l = &lane[a->net->body[b].lane];
		a->lanes->member[(l->body - a->lanes->member) + l->num_bodies++] = b;
	}
	/* no list begins before sequence 0 */
	for (uint32_t i = a->net->num_lanes; i < n; i++) {
		int32_t least = INT32_MAX;

		for (uint32_t k = 0; k < lane[i].num_bodies; k++)
			if (a->net->body[lane[i].body[k]].skew < least)
				least = a->net->body[lane[i].body[k]].skew;
		for (uint32_t k = 0; k < lane[i].num_bodies; k++)
			a->net->body[lane[i].body[k]].skew -= least;
	}
}

/* The period that the lanes keep, exactly. 0, -EDEADLK, -ENOMEM */
static int judge(const struct assign *a, bool with_lanes, struct weft_ratio *period, struct weft_why *why)
{
	struct weft_net net = *a->net;
	struct weft_ratio groups;
	struct weft_arcs arcs;
	uint32_t group;
	int ret;

	if (with_lanes) {
		net.lane = a->lanes->lane;
		net.num_lanes = a->lanes->num_lanes;
	}
	ret = weft_arcs_init(&arcs, &net, a->q, NULL, 0, why);
	if (ret)
		return ret;
	ret = weft_cycle_dead(&net, &arcs, NULL, NULL, NULL, why);
	groups = weft_cycle_groups(&net, a->q, &group);
	if (!ret)
		ret = weft_cycle_period(&net, &arcs, NULL, groups, period, NULL, why);
	weft_arcs_fini(&arcs);
	return ret;
}

/* What all lanes together need, with so much of the longest body to spare on each that order does not matter. */
static double room_for(const struct assign *a, double at_least, double part)
{
	for (uint32_t i = 0; i < a->num_classes; i++) {
		const struct class *c = &a->class[i];
		double need = c->load / c->most + part * c->longest * c->q;

		if (crowded(c) && need > at_least)
			at_least = need;
	}
	return at_least;
}

static int pack_from(struct assign *a, double least, struct weft_why *why)
{
	static const double part[] = { 0, 0.05, 0.1, 0.25, 0.5, 1 };
	struct weft_ratio best = { 0, 0 }, t;
	double period = 0, best_period = 0;
	bool best_skewed = false;
	uint32_t at = 0;

	for (uint32_t n = 0; n < TRIES; n++, least = period * 1.15) {
		do
			period = at < 6 ? room_for(a, least, part[at++]) : period * 1.03;
		while (!pack_all(a, period));
		fill_lanes(a, true);
		if (loops_hold(a) && !n && !a->bounded)
			return 0;
		for (int skewed = 1; skewed >= 0; skewed--) {
			int ret;

			fill_lanes(a, skewed);
			ret = judge(a, true, &t, NULL);
			if (ret == -ENOMEM)
				return ret;
			if (ret || (best.den && weft_ratio_compare(t, best) >= 0))
				continue;
			best = t;
			best_period = period;
			best_skewed = skewed;
		}
		if (best.den && weft_ratio_ns(best) <= period)
			break;
	}
	if (!best.den)
		return weft_why(why, -ENOSPC, "lanes: no order of so few keeps the plan running; it needs more");
	pack_all(a, best_period);
	fill_lanes(a, best_skewed);
	return 0;
}

/* What no plan is faster than, whatever its edges: a body after itself, and engines. */
static struct weft_ratio longest(const struct assign *a)
{
	uint32_t group;
	struct weft_ratio most = weft_cycle_groups(a->net, a->q, &group);

	for (uint32_t b = 0; b < a->net->num_bodies; b++) {
		struct weft_ratio r = { a->q[b] * a->net->body[b].time_ns, 1 };

		if (weft_ratio_compare(r, most) > 0)
			most = r;
	}
	return most;
}

static int rank(struct assign *a, struct weft_ratio target, struct weft_ratio best, double *least)
{
	*least = weft_ratio_compare(target, best) > 0 ? weft_ratio_ns(target) : weft_ratio_ns(best);
	*least = room_for(a, *least > 1 ? *least : 1, 0);
	a->links.period = *least;
	return weft_links_rank(&a->links);
}

static int pack_crowded(struct assign *a, struct weft_ratio target, struct weft_why *why)
{
	struct weft_ratio best = longest(a);
	double least;
	int ret;

	/* what the depths will be is not known yet: those that are free bind nothing */
	for (uint32_t i = 0; i < a->net->num_edges; i++) {
		if (weft_depth_free(&a->net->edge[i]))
			a->net->edge[i].depth = 0;
		else
			a->bounded = a->bounded || weft_arcs_fed(&a->net->edge[i]);
	}
	ret = weft_links_init(&a->links, a->net, a->q);
	for (uint32_t i = 0; !ret && i < a->num_classes; i++)
		if (crowded(&a->class[i]))
			ret = weft_pack_init(&a->class[i].pack, a->class[i].most);
	if (!ret)
		ret = rank(a, target, best, &least);
	/* without a loop that is the period, and nothing stops: no need to look at the exact graph */
	if (!ret && a->links.loops) {
		ret = judge(a, false, &best, why);
		if (!ret)
			ret = rank(a, target, best, &least);
	}
	return ret ? ret : pack_from(a, least, why);
}

static int assign(struct assign *a, uint32_t max_lanes, struct weft_ratio target, struct weft_why *why)
{
	bool any = false;
	int ret = find_classes(a);

	for (uint32_t i = 0, k; !ret && i < a->num_classes; i = k) {
		for (k = i; k < a->num_classes && a->class[k].card == a->class[i].card; k++)
			;
		ret = share_out(a, &a->class[i], k - i, max_lanes, why);
	}
	for (uint32_t i = 0; !ret && i < a->num_classes; i++)
		any = any || crowded(&a->class[i]);
	if (ret)
		return ret;
	if (any)
		return pack_crowded(a, target, why);
	fill_lanes(a, false);
	return 0;
}

int weft_lanes_assign(struct weft_net *net, const uint32_t *q, uint32_t max_lanes, struct weft_ratio target,
		      struct weft_lanes *lanes, struct weft_why *why)
{
	struct assign a = { .net = net, .q = q, .lanes = lanes };
	size_t n = (size_t)net->num_bodies + 1;
	int ret = -ENOMEM;

	memset(lanes, 0, sizeof(*lanes));
	lanes->lane = calloc(n + net->num_lanes, sizeof(*lanes->lane));
	lanes->member = calloc(n, sizeof(*lanes->member));
	a.class_of = calloc(n, sizeof(*a.class_of));
	a.lane = calloc(n, sizeof(*a.lane));
	a.skew = calloc(n, sizeof(*a.skew));
	if (lanes->lane && lanes->member && a.class_of && a.lane && a.skew) {
		for (uint32_t i = 0; i < net->num_lanes; i++)
			lanes->lane[i] = net->lane[i];
		ret = assign(&a, max_lanes, target, why);
	}
	for (uint32_t i = 0; i < a.num_classes; i++)
		weft_pack_fini(&a.class[i].pack);
	free(a.class);
	free(a.class_of);
	weft_links_fini(&a.links);
	free(a.lane);
	free(a.skew);
	if (ret)
		weft_lanes_fini(lanes);
	return ret == -ENOMEM ? weft_why(why, ret, "lanes: no memory") : ret;
}

void weft_lanes_fini(struct weft_lanes *lanes)
{
	free(lanes->lane);
	free(lanes->member);
	memset(lanes, 0, sizeof(*lanes));
}
