/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * What a call takes, by its schedules played with times: for the choice of an algorithm, and to explain it. Cards of a topology are
 * members here.
 */
#ifndef WEFT_COLL_COST_H
#define WEFT_COLL_COST_H

#include "schedule.h"

/* Bytes that member [by] reads and writes in memory of member [of] in one call */
struct weft_coll_traffic {
	uint64_t read[WEFT_COLL_RANKS][WEFT_COLL_RANKS], written[WEFT_COLL_RANKS][WEFT_COLL_RANKS];
};

/* Time of a call from when all have come, ns, and its traffic, either of which may be NULL. 0, -EINVAL (!weft_coll_can()), -ENOMEM */
int weft_coll_predict(const struct weft_coll_topology *cost, const struct weft_coll_call *call, double *ns,
		      struct weft_coll_traffic *traffic);
/* Sets the algorithm to that which takes the shortest of those that keep the order of sums. 0, -EINVAL (none can), -ENOMEM */
int weft_coll_choose(const struct weft_coll_topology *cost, struct weft_coll_call *call);

#endif
