/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* All of the planner in order: what a net needs, takes and waits for, before anything runs. */
#ifndef WEFT_PLAN_PLAN_H
#define WEFT_PLAN_PLAN_H

#include "cycle.h"
#include "lanes.h"
#include "pace.h"
#include "pool.h"

/* weft_plan_options.flags */
#define WEFT_SOLVE_NO_SHARE	0x1	/* every edge its own blocks */
#define WEFT_SOLVE_NO_PACE	0x2	/* no play with engines */

struct weft_plan_options {
	struct weft_ratio target;	/* period to keep; den or num 0: the best there is */
	uint32_t max_lanes;		/* of a card; 0: one for each body */
	uint32_t flags;
	uint64_t max_firings;		/* that the play with engines takes at most; 0: 2^17. Too few for 4 of each body: none is played */
};

struct weft_plan_answer {
	uint32_t *q;			/* of a body: firings in a sequence */
	bool *gated;			/* of a body: its firing n waits on the gate for sequence n / q, see weft_lag_gated() */
	struct weft_lanes lanes;	/* of all bodies, with body[].lane and .skew */
	struct weft_pools pools;
	uint32_t lag;			/* sequences to open beyond one so that it gets through */
	struct weft_ratio period;	/* T*: no plan is faster; exact with unlimited engines */
	struct weft_critical critical;	/* what sets it */
	struct weft_pace pace;		/* with engines as they are; without play, firings 0, its period is the bound */
	bool minimal;			/* no single depth can be lowered, see weft_depth_choose() */
	uint64_t *bytes, *bytes_unshared;	/* of a memory */
};

/**
 * weft_plan_solve() - verify and plan
 * @net: bodies get lane and skew, edges that are the planner's get depth. After an error bodies have the lanes they came with
 * @options: NULL: all 0
 * @answer: zeroed when an error is returned, else owned by the caller until weft_plan_answer_free(); its lane lists point into
 *	@net too
 * @why: text of an error
 *
 * No state is kept; any number of calls may run at once on different nets.
 *
 * Return: 0, or with text -EINVAL: the net is wrong in itself or its rates do not balance, -E2BIG: too many bodies or edges,
 * -EOVERFLOW: too many firings in a sequence, -EDEADLK: it would stop, the cycle named, -ERANGE: the target cannot be kept,
 * -ENOSPC: too little memory or too few lanes, with what would fit, -ENOMEM.
 */
int weft_plan_solve(struct weft_net *net, const struct weft_plan_options *options, struct weft_plan_answer *answer,
		    struct weft_why *why);
void weft_plan_answer_free(struct weft_plan_answer *answer);

#endif
