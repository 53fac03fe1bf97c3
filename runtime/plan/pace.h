/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The plan played event by event: engines are not taken from a firing, a group serves its bodies in the order in which they
 * became ready, lanes are queues. Within an instant everything that ends then ends first; bodies that become ready in the
 * same instant are served in the order of their index. A body that takes no time ends in the instant it starts, and what
 * becomes ready by that comes after those before it.
 */
#ifndef WEFT_PLAN_PACE_H
#define WEFT_PLAN_PACE_H

#include "potential.h"

struct weft_pace {
	struct weft_ratio period;	/* ns for a sequence in the steady state */
	bool exact;			/* the state came back; else measured over the later half */
	uint64_t firings;		/* played */
};

/**
 * weft_pace() - the period with engines as they are
 * @arcs: of a live plan with all depths
 * @max_firings: to play at most
 *
 * Parts of the plan that nothing connects run each at their own rate; the period is that of the slowest.
 *
 * Return: 0, -ENOMEM.
 */
int weft_pace(const struct weft_net *net, const struct weft_arcs *arcs, uint64_t max_firings, struct weft_pace *pace,
	      struct weft_why *why);

/**
 * weft_pace_run() - the times of a run of so many sequences, from an empty plan
 * @start: NULL, or num_nodes * sequences times in ns: firing n of body b at [first[b] * sequences + n]
 * @makespan_ns: when the last firing ends
 *
 * A skewed lane runs to its end, as if what it needs of later sequences were opened too and ran nothing.
 *
 * Return: 0, -EDEADLK: it does not end, -ENOMEM.
 */
int weft_pace_run(const struct weft_net *net, const struct weft_arcs *arcs, uint64_t sequences, uint64_t *start,
		  uint64_t *makespan_ns, struct weft_why *why);

#endif
