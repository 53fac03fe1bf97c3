/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What a call takes, by its schedules played with times: for the choice of an algorithm, and to explain it. */
#ifndef WEFT_COLL_COST_H
#define WEFT_COLL_COST_H

#include "schedule.h"

/**
 * struct weft_coll_cost - what is known of the cards
 * @step_ns: of any command
 * @hop_ns: from a signal to the waiter that goes on
 * @read_ns: of a byte, by member [from] of memory of member [to]
 * @write_ns: the same
 * @engines: that members share, all of them: as many work at a time; 0 = each has its own
 */
struct weft_coll_cost {
	double step_ns, hop_ns;
	double read_ns[WEFT_COLL_RANKS][WEFT_COLL_RANKS], write_ns[WEFT_COLL_RANKS][WEFT_COLL_RANKS];
	uint32_t engines;
};

/* Bytes that member [by] reads and writes in memory of member [of] in one call */
struct weft_coll_traffic {
	uint64_t read[WEFT_COLL_RANKS][WEFT_COLL_RANKS], written[WEFT_COLL_RANKS][WEFT_COLL_RANKS];
};

/* Of the emulated card, where nothing else was measured */
void weft_coll_cost_default(struct weft_coll_cost *cost, uint32_t ranks);
/* Time of a call from when all have come, ns, and its traffic, either of which may be NULL. 0, -EINVAL (!weft_coll_can()), -ENOMEM */
int weft_coll_predict(const struct weft_coll_cost *cost, const struct weft_coll_call *call, double *ns,
		      struct weft_coll_traffic *traffic);
/* Sets the algorithm to that which takes the shortest of those that keep the order of sums. 0, -EINVAL (none can), -ENOMEM */
int weft_coll_choose(const struct weft_coll_cost *cost, struct weft_coll_call *call);

#endif
