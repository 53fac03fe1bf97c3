/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Which queue runs which bodies. */
#ifndef WEFT_PLAN_LANES_H
#define WEFT_PLAN_LANES_H

#include "potential.h"

struct weft_lanes {
	struct weft_net_lane *lane;	/* the user's first, as they are */
	uint32_t num_lanes;
	uint32_t *member;		/* what the lists of the others lie in */
};

/**
 * weft_lanes_assign() - put every body that is in no lane into one
 * @net: its bodies get lane and skew; those that have a lane keep it; net.lane is not changed
 * @max_lanes: of a card, the user's counted; 0: as many as there are bodies
 * @target: the period to keep, {0, 1}: the best
 *
 * With enough lanes each body gets its own. With fewer, bodies are laid one after the other into the period, the most
 * critical first, on the lane that delays them least; one that would have to wait for its turn runs an older sequence
 * instead (its skew). Bodies of different rate never share a lane.
 *
 * Return: 0, -ENOSPC: fewer lanes than cards and rates need, -EDEADLK: the plan stops whatever the lanes are, -ENOMEM.
 */
int weft_lanes_assign(struct weft_net *net, const uint32_t *q, uint32_t max_lanes, struct weft_ratio target,
		      struct weft_lanes *lanes, struct weft_why *why);
void weft_lanes_fini(struct weft_lanes *lanes);

#endif
