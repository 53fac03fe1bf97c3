/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: seeing what a plan does
 *
 * What it consists of once it is prepared, what its bodies wait for now, when they fired, and what the planner makes of the
 * times that were measured. Bodies and edges are numbered from 0 in the order in which they were made.
 */
#ifndef WEFT_LOOK_H
#define WEFT_LOOK_H

#include "body.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct weft_body_info - a body of a prepared plan
 * @size: sizeof
 * @device: index of its card in the plan
 * @name: text of the plan
 * @lane_name: of its lane, which is also the name of the queue; text of the plan
 * @lane: number of it, from 0
 * @position: among the bodies of the lane
 * @skew: the lane runs sequence i - skew of it in iteration i
 * @firings: in one sequence
 * @time_ns: of one firing, as the planner has it
 */
struct weft_body_info {
	uint32_t size;
	uint32_t device;
	const char *name;
	const char *lane_name;
	uint32_t lane;
	uint32_t position;
	uint32_t skew;
	uint32_t firings;
	uint64_t time_ns;
};

/** weft_plan_body_info() - look at body @body of a prepared plan. 0, -EINVAL (not prepared, no such body), -ENOTCONN */
int weft_plan_body_info(const struct weft_plan *plan, uint32_t body, struct weft_body_info *info);

/**
 * struct weft_edge_info - an edge of a prepared plan
 * @size: sizeof
 * @flags: WEFT_EDGE_*
 * @name: text of the plan
 * @producer: number of the body that produces it
 * @rate: tokens of one of its firings
 * @depth: blocks, as chosen
 * @initial: tokens before the first firing
 * @consumers: bodies that consume it; weft_plan_edge_consumer()
 * @pad: 0
 */
struct weft_edge_info {
	uint32_t size;
	uint32_t flags;
	const char *name;
	uint32_t producer;
	uint32_t rate;
	uint32_t depth;
	uint32_t initial;
	uint32_t consumers;
	uint32_t pad;
};

/** weft_plan_edge_info() - look at edge @edge of a prepared plan. 0, -EINVAL, -ENOTCONN */
int weft_plan_edge_info(const struct weft_plan *plan, uint32_t edge, struct weft_edge_info *info);

/** weft_plan_edge_consumer() - number of consumer @consumer of an edge, and tokens that a firing of it takes. 0, -EINVAL, -ENOTCONN */
int weft_plan_edge_consumer(const struct weft_plan *plan, uint32_t edge, uint32_t consumer, uint32_t *body, uint32_t *rate);

/**
 * struct weft_plan_record - one firing; times are CLOCK_MONOTONIC in ns, put there by one look at each card's clock at load
 * @body: number of the body
 * @lane: number of its lane
 * @device: index of its card
 * @firing: of the sequence, below weft_body_info.firings
 * @seq: sequence
 * @ready_ns: all that it waited for was there
 * @start_ns: its queue went on; commands follow
 * @end_ns: its last packet, which tells others, retired
 * @wait_ns: that its lane slept for it before @ready_ns
 *
 * It has no size: it does not change. Firings of one lane do not overlap.
 */
struct weft_plan_record {
	uint32_t body;
	uint32_t lane;
	uint32_t device;
	uint32_t firing;
	uint64_t seq;
	uint64_t ready_ns;
	uint64_t start_ns;
	uint64_t end_ns;
	uint64_t wait_ns;
};

/**
 * weft_plan_trace() - take the oldest firings out, of all cards, without a system call
 * @plan: loaded, and made with WEFT_PLAN_TRACE
 * @records: room for @max; those of a lane in order, lanes one after the other
 * @max: 0 only asks for @dropped
 * @dropped: out, packets so far whose record was lost because 65,536 of the lane waited; may be NULL
 *
 * One thread takes at a time; others may run the plan and wait for it. A firing that a loss cut into is left out, and so are
 * bubbles. Each body leaves about three to five records in a firing: who runs more than some ten thousand sequences takes in
 * between. The last firing of a body that tells nobody comes with the one after it. What was not taken is lost at unload.
 *
 * Return: number of records, 0 when none waits; -EINVAL (also a plan that does not trace), -ENOTCONN.
 */
int weft_plan_trace(struct weft_plan *plan, struct weft_plan_record *records, uint32_t max, uint64_t *dropped);

#ifdef __cplusplus
}
#endif
#endif
