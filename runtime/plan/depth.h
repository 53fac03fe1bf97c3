/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* How many blocks each edge needs for the period that is wanted, and not one step more. */
#ifndef WEFT_PLAN_DEPTH_H
#define WEFT_PLAN_DEPTH_H

#include "potential.h"

/* Is the depth the planner's to choose? */
static inline bool weft_depth_free(const struct weft_net_edge *e)
{
	return !(e->flags & (WEFT_NET_FIXED | WEFT_NET_STATE));
}

/* Multiple of the produced and of every consumed number, so that the blocks of one firing lie together. 0: above 2^20 */
uint32_t weft_depth_step(const struct weft_net_edge *e);
/* Least multiple of the step that holds the initial tokens and what one firing moves. 0: above 2^20 */
uint32_t weft_depth_least(const struct weft_net_edge *e);

/**
 * weft_depth_choose() - set the depth of every edge that is the planner's
 * @net: lanes assigned
 * @target: the period wanted, {0, 1}: the best that lanes, states, engine groups and depths of the user allow
 * @period: what is kept: the target, or that best
 * @minimal: no single depth can be lowered by its step, but for that least of the host; false when the search was cut short in a large plan
 * @arcs: NULL, or gets the graph with those depths, the caller's until weft_arcs_fini(). It is live: start times that keep the
 *	period were there at every step
 *
 * A body that takes no time counts as one of 1 ns, for depths only. An edge that the host feeds or reads gets its least beyond
 * what its consumers need of each other, so that one half can be filled while the other is used.
 *
 * Return: 0, -EDEADLK: the plan stops whatever they are, -ERANGE: the target is below the best; both with the cycle,
 * -EINVAL: no depth fits the rates of an edge, -ENOMEM.
 */
int weft_depth_choose(struct weft_net *net, const uint32_t *q, struct weft_ratio target, struct weft_ratio *period,
		      bool *minimal, struct weft_arcs *arcs, struct weft_why *why);

#endif
