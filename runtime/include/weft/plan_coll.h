/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: collectives in plans
 *
 * A collective call as bodies of a plan, one for each member, so that it takes what other bodies made, and they take what it
 * made, by the firing rule: nothing but edges orders it, it overlaps with whatever it does not wait for, and the planner sees its
 * order and its memory. coll.h is for calls that a program posts.
 */
#ifndef WEFT_PLAN_COLL_H
#define WEFT_PLAN_COLL_H

#include "body.h"
#include "coll.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct weft_plan_coll_desc - a call
 * @size: sizeof
 * @op: enum weft_coll_op: ALL_REDUCE, REDUCE_SCATTER, ALL_GATHER, BROADCAST, REDUCE, ALL_TO_ALL. Between two bodies an edge sends,
 *	and control edges are a barrier
 * @type: enum weft_type, not U32
 * @reduction: enum weft_reduction; 0 where nothing is reduced
 * @root: a member; 0 where there is none
 * @num_members: 1 … WEFT_REDUCTION_WIDTH
 * @depth: blocks of each output, 1 … 65535
 * @priority: enum weft_priority, of the bodies
 * @name: bodies are "@name m", outputs "@name out m", their parts "@name out m.p"; at most 200 bytes, not NULL
 * @lane: that of member m is "@lane m", as in struct weft_body_desc; NULL = chosen
 * @count: elements, > 0, as enum weft_coll_op counts them
 * @device: index in the plan of the card of each member, where its body runs and its output lies; several may have the same. NULL:
 *	member m is on card m
 * @in: of each member the edge that its input is a block of; one may be so for several, and for several calls. Of BROADCAST only the
 *	root's is looked at
 * @in_offset: bytes from the beginning of the block, a multiple of the element's
 * @time_ns: of a body, estimated; 0 = as struct weft_body_desc has it
 */
struct weft_plan_coll_desc {
	uint32_t size;
	uint32_t op;
	uint32_t type, reduction;
	uint32_t root, num_members;
	uint32_t depth, priority;
	const char *name, *lane;
	uint64_t count;
	const uint32_t *device;
	struct weft_edge *const *in;
	uint64_t in_offset;
	uint64_t time_ns;
};

/**
 * weft_plan_coll() - add it to a plan that is being built
 * @out: out, @num_members edges: of each member its output, to be consumed by bodies at rate 1; NULL where it has none
 * @body: out, @num_members bodies; NULL where a member has nothing to do. More commands may be given to them, which then run when
 *	the member's part is done; may be NULL
 *
 * A member combines its share of all inputs and stores it wherever it is wanted, in one pass. Sums are made by member in a balanced
 * tree, as those of coll.h. After a failure the plan is good for weft_plan_destroy() alone.
 *
 * Return: 0, -EINVAL, -EOPNOTSUPP (an operation that is none here), and as the calls of body.h.
 */
int weft_plan_coll(struct weft_plan *plan, const struct weft_plan_coll_desc *desc, struct weft_edge **out, struct weft_body **body);

#ifdef __cplusplus
}
#endif
#endif
