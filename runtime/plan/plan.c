/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "depth.h"
#include "lag.h"
#include "plan.h"
#include "rates.h"
#include "room.h"

#define FIRINGS		(UINT64_C(1) << 17)	/* of the play with engines, where the caller sets none */
#define TURNS		4			/* of each body, less than which says nothing of a steady state */
#define SLOWER		24			/* periods that are tried for what would fit, each half as long again */

struct solve {
	struct weft_net net;		/* the caller's, with all lanes */
	const struct weft_plan_options *options;
	struct weft_plan_answer *answer;
	struct weft_ratio keep;		/* the period that depths were chosen for */
	struct weft_why *why;
};

static int allocate(struct solve *s)
{
	struct weft_plan_answer *a = s->answer;
	size_t bodies = s->net.num_bodies, rooms = (size_t)s->net.num_rooms + 1;

	a->q = calloc(bodies, sizeof(*a->q));
	a->gated = calloc(bodies, sizeof(*a->gated));
	a->bytes = calloc(rooms, sizeof(*a->bytes));
	a->bytes_unshared = calloc(rooms, sizeof(*a->bytes_unshared));
	if (!a->q || !a->gated || !a->bytes || !a->bytes_unshared)
		return weft_why(s->why, -ENOMEM, "plan: no memory");
	return 0;
}

/* Depths of everything and what they need, without sharing; for looking where there would be room. */
static bool fits(struct solve *s, struct weft_ratio target)
{
	struct weft_ratio period;
	uint32_t tight;
	bool minimal;

	if (weft_depth_choose(&s->net, s->answer->q, target, &period, &minimal, NULL, NULL))
		return false;
	weft_room_bytes(&s->net, NULL, s->answer->bytes);
	return !weft_room_check(&s->net, s->answer->bytes, &tight, NULL);
}

/* Too little memory: would it do for a slower plan? If not, how low can the depth of the largest edge there go? */
static void advise(struct solve *s, uint32_t tight)
{
	struct weft_ratio slower = s->keep, best = s->keep;
	uint64_t least = 0;
	uint32_t tries = 0;

	for (uint32_t i = 0; i < s->net.num_edges; i++) {
		struct weft_net_edge e = s->net.edge[i];

		if ((e.flags & WEFT_NET_CONTROL) || e.place != tight)
			continue;
		if (weft_depth_free(&e))
			e.depth = weft_depth_least(&e) * (e.from == WEFT_NET_NONE || !e.num_consumers ? 2 : 1);
		least += weft_room_edge(&e);
	}
	if (least > s->net.room[tight].bytes) {
		weft_why_add(s->why, "; at its smallest depths it needs %" PRIu64 " bytes", least);
		return;
	}
	do {
		best = slower;
		slower = weft_ratio_lowest((struct weft_ratio) { slower.num + (slower.num + 1) / 2, slower.den });
	} while (++tries <= SLOWER && slower.num < UINT64_MAX / 4 && !fits(s, slower));
	if (tries > SLOWER)
		return;
	/* between what does not fit and what does */
	for (tries = 0; tries < 6; tries++) {
		struct weft_ratio half = { best.num + (slower.num * best.den / slower.den - best.num) / 2, best.den };

		if (slower.den != best.den)
			break;
		*(fits(s, half) ? &slower : &best) = half;
	}
	weft_why_add(s->why, "; a period of %.0f ns in place of %.0f would fit", weft_ratio_ns(slower) + 0.5,
		     weft_ratio_ns(s->keep));
}

/* Back to blocks of its own for every edge. */
static int unshare(struct solve *s, struct weft_arcs *arcs)
{
	struct weft_plan_answer *a = s->answer;
	int ret;

	weft_pools_fini(&a->pools);
	weft_arcs_fini(arcs);
	ret = weft_pools_init(&a->pools, &s->net, a->q, arcs, s->keep, false, s->why);
	return ret ? ret : weft_arcs_init(arcs, &s->net, a->q, NULL, 0, s->why);
}

/* Is the play with engines wanted, and what it takes allowed? */
static bool plays(const struct solve *s, const struct weft_arcs *arcs)
{
	const uint64_t most = s->options->max_firings ? s->options->max_firings : FIRINGS;

	return !(s->options->flags & WEFT_SOLVE_NO_PACE) && most / TURNS >= arcs->num_nodes;
}

/* Pools, and, unless all is @known that it would tell, the graph with their guards. */
static int share(struct solve *s, struct weft_arcs *arcs, bool known)
{
	struct weft_plan_answer *a = s->answer;
	bool wanted = !(s->options->flags & WEFT_SOLVE_NO_SHARE);
	int ret = weft_pools_init(&a->pools, &s->net, a->q, arcs, s->keep, wanted, s->why);

	if (ret || !a->pools.num_guards || known)
		return ret;
	weft_arcs_fini(arcs);
	ret = weft_arcs_init(arcs, &s->net, a->q, a->pools.guard, a->pools.num_guards, s->why);
	if (ret)
		return ret;
	ret = weft_cycle_dead(&s->net, arcs, a->pools.guard, NULL, NULL, NULL);
	return ret == -EDEADLK ? unshare(s, arcs) : ret;
}

/* The period of the graph as it is, and of engines. */
static int find_period(struct solve *s, struct weft_arcs *arcs, struct weft_ratio groups)
{
	struct weft_plan_answer *a = s->answer;
	int ret = weft_cycle_period(&s->net, arcs, a->pools.guard, groups, &a->period, &a->critical, s->why);

	/* the schedule that pools are made from keeps the period; if ever it did not, blocks are worth less */
	if (!ret && a->pools.num_guards && weft_ratio_compare(a->period, s->keep) > 0) {
		ret = unshare(s, arcs);
		if (!ret)
			ret = weft_cycle_period(&s->net, arcs, NULL, groups, &a->period, &a->critical, s->why);
	}
	return ret;
}

static int share_and_find_period(struct solve *s, struct weft_arcs *arcs)
{
	struct weft_plan_answer *a = s->answer;
	uint32_t group;
	struct weft_ratio groups = weft_cycle_groups(&s->net, a->q, &group);
	/*
	 * The period is no less than engines need, and no more than the one of the schedule that pools are made from. Who else
	 * asks for the graph with guards is the play, and the lag of lanes that run ahead.
	 */
	bool known = group != WEFT_NET_NONE && !weft_ratio_compare(groups, s->keep) && !plays(s, arcs) && !arcs->negative;
	int ret = share(s, arcs, known);

	a->period = s->keep;
	if (!ret && !known)
		ret = find_period(s, arcs, groups);
	if (!ret && group != WEFT_NET_NONE && !a->critical.text.text[0]) {
		a->critical.group = group;
		weft_why(&a->critical.text, 0, "engines of group %s", s->net.group[group].name);
	}
	return ret;
}

static int find_pace(struct solve *s, const struct weft_arcs *arcs)
{
	struct weft_plan_answer *a = s->answer;
	int ret;

	a->pace = (struct weft_pace) { .period = a->period };
	if (!plays(s, arcs))
		return 0;
	ret = weft_pace(&s->net, arcs, s->options->max_firings ? s->options->max_firings : FIRINGS, &a->pace, s->why);
	if (!ret && weft_ratio_compare(a->pace.period, a->period) < 0)
		a->pace.period = a->period;
	return ret;
}

static int check_room(struct solve *s)
{
	struct weft_plan_answer *a = s->answer;
	uint32_t tight;
	int ret;

	weft_room_bytes(&s->net, NULL, a->bytes_unshared);
	weft_room_bytes(&s->net, &a->pools, a->bytes);
	ret = weft_room_check(&s->net, a->bytes, &tight, s->why);
	if (ret)
		advise(s, tight);
	return ret;
}

static int solve(struct solve *s)
{
	struct weft_ratio target = s->options->target.den && s->options->target.num ? s->options->target :
				   (struct weft_ratio) { 0, 1 };
	struct weft_plan_answer *a = s->answer;
	struct weft_arcs arcs = { 0 };
	int ret = weft_rates(&s->net, a->q, s->why);

	if (!ret)
		ret = weft_net_check_rates(&s->net, a->q, s->why);
	if (!ret)
		ret = weft_lanes_assign(&s->net, a->q, s->options->max_lanes, target, &a->lanes, s->why);
	if (ret)
		return ret;
	s->net.lane = a->lanes.lane;
	s->net.num_lanes = a->lanes.num_lanes;
	ret = weft_depth_choose(&s->net, a->q, target, &s->keep, &a->minimal, &arcs, s->why);
	if (!ret)
		ret = share_and_find_period(s, &arcs);
	if (!ret)
		ret = check_room(s);
	if (!ret)
		ret = weft_lag(&arcs, &a->lag, s->why);
	if (!ret)
		ret = find_pace(s, &arcs);
	if (!ret)
		weft_lag_gates(&s->net, a->gated);
	weft_arcs_fini(&arcs);
	return ret;
}

int weft_plan_solve(struct weft_net *net, const struct weft_plan_options *options, struct weft_plan_answer *answer,
		    struct weft_why *why)
{
	static const struct weft_plan_options standard;
	struct solve s = { .net = *net, .options = options ? options : &standard, .answer = answer, .why = why };
	int ret;

	memset(answer, 0, sizeof(*answer));
	ret = weft_net_check(net, why);
	if (ret)
		return ret;
	ret = allocate(&s);
	if (!ret)
		ret = solve(&s);
	if (!ret)
		return 0;
	for (uint32_t b = 0; b < net->num_bodies; b++)
		if (net->body[b].lane != WEFT_NET_NONE && net->body[b].lane >= net->num_lanes) {
			net->body[b].lane = WEFT_NET_NONE;
			net->body[b].skew = 0;
		}
	weft_plan_answer_free(answer);
	return ret;
}

void weft_plan_answer_free(struct weft_plan_answer *a)
{
	free(a->q);
	free(a->gated);
	free(a->bytes);
	free(a->bytes_unshared);
	weft_lanes_fini(&a->lanes);
	weft_pools_fini(&a->pools);
	memset(a, 0, sizeof(*a));
}
