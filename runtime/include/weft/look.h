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
 * @producer: number of the body that produces it; WEFT_STUCK_NOBODY: the host does
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

/** weft_plan_tracing() - as WEFT_PLAN_TRACE of its making, or not, from the next load on. 0, -EINVAL, -EBUSY (loaded), -ENOTCONN */
int weft_plan_tracing(struct weft_plan *plan, int on);

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

/**
 * struct weft_plan_measure - what a run was, beside what the planner makes of its times
 * @size: sizeof
 * @sequences: that the records are of
 * @measured_ns: of a sequence, from the end of the middle one to that of the last; 0: fewer than 4
 * @period_ns: T*, if each firing takes what the median of its body's took
 * @pace_ns: the same played with engines as wide as they are
 * @critical: what sets @period_ns
 */
struct weft_plan_measure {
	uint32_t size;
	uint32_t sequences;
	double measured_ns;
	double period_ns;
	double pace_ns;
	char critical[512];
};

/**
 * weft_plan_measured() - ask the planner again, about the plan as it was prepared, with times that were measured
 * @records: of weft_plan_trace(); they may lack some. A body without any keeps the planner's time
 * @count: of them
 * @measure: out
 *
 * The plan is not changed. A firing counts from its start to its end, so what a command waited for an engine is in it. Return:
 * 0, -EINVAL (not prepared), -EOVERFLOW (a time above an hour), -ENOTCONN, -ENOMEM.
 */
int weft_plan_measured(struct weft_plan *plan, const struct weft_plan_record *records, uint32_t count,
		       struct weft_plan_measure *measure);

/** enum weft_stuck_kind - what holds a body up, from what is no fault to what stops the plan */
enum weft_stuck_kind {
	WEFT_STUCK_GATE = 1,		/* nothing is opened, or all that was is done: normal */
	WEFT_STUCK_WORKS = 2,		/* only as a root: the body that all wait for is at work, and not for too long */
	WEFT_STUCK_CREDIT = 3,		/* a consumer keeps a block */
	WEFT_STUCK_STARVED = 4,		/* an input has not been produced */
	WEFT_STUCK_HUNG = 5,		/* in one command for too long, or stopped for that by its card */
	WEFT_STUCK_DEAD_PEER = 6,	/* who should act is no more: its card was reset or is gone, its process died, it was stopped */
	WEFT_STUCK_FAULT = 7,		/* stopped by a fault of its own */
	WEFT_STUCK_MISMATCH = 8,	/* two sides of one arrival have different tags */
};
#define WEFT_STUCK_NOBODY	UINT32_MAX
#define WEFT_STUCK_TIMES	16		/* HUNG: a packet takes more than so many times the estimate of its body … */
#define WEFT_STUCK_LEAST_NS	500000000ull	/* … and than this */

/**
 * struct weft_stuck - a lane that stands still, or the body that it stands at
 * @size: sizeof
 * @kind: enum weft_stuck_kind
 * @body: number of the body, WEFT_STUCK_NOBODY: it cannot be told
 * @lane: number of its lane
 * @device: index of its card
 * @peer: body that it waits for, WEFT_STUCK_NOBODY: none of the plan
 * @root: body at the end of the chain of those that wait for each other; its own number: itself
 * @root_kind: enum weft_stuck_kind of that one
 * @cause: weft_fault_name() of what stopped the lane, 0: nothing did
 * @pad: 0
 * @name: of the body, "" for none; text of the plan, as all others
 * @lane_name: of its lane
 * @edge: that it waits on; "gate"; of other cells the name they were given; of a dead peer, the edge to another process that died;
 *	"" when it does not wait
 * @seq: sequence of the body
 * @wanted: value of the cell, less the plan's cell_base: tokens or firings; of a MISMATCH the tag
 * @actual: the same as it is
 * @since_ns: card clock; 0: not known, of a card that was reset
 * @age_ns: since then, by the clocks as they were related at load
 */
struct weft_stuck {
	uint32_t size;
	uint32_t kind;
	uint32_t body;
	uint32_t lane;
	uint32_t device;
	uint32_t peer;
	uint32_t root;
	uint32_t root_kind;
	uint32_t cause;
	uint32_t pad;
	const char *name;
	const char *lane_name;
	const char *edge;
	uint64_t seq;
	uint64_t wanted;
	uint64_t actual;
	uint64_t since_ns;
	uint64_t age_ns;
};

/**
 * weft_plan_stuck() - who waits for what, now, without a system call
 * @plan: loaded
 * @reports: room for @max, each @stride bytes apart (sizeof(struct weft_stuck)); NULL with @max 0
 *
 * The worst comes first: roots of the worst kind, then those that wait for them. It is a look at lanes one after the other, so
 * while a plan runs some may be told to wait for what has just come; what stays the same in two looks is so.
 *
 * Return: number of lanes that wait or stand (at most @max are written), -EINVAL, -ENOTCONN, -ENOMEM.
 */
int weft_plan_stuck(struct weft_plan *plan, struct weft_stuck *reports, uint32_t max, size_t stride);

/** weft_plan_stuck_text() - the same as lines of text, cut at @bytes. Return: bytes without the end, or as weft_plan_stuck() */
int weft_plan_stuck_text(struct weft_plan *plan, char *text, size_t bytes);

/** weft_stuck_name() - "starved", "hung" …, "?" for an unknown number */
const char *weft_stuck_name(uint32_t kind);

#ifdef __cplusplus
}
#endif
#endif
