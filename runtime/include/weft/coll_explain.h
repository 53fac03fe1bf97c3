/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/** DOC: what a collective call would do, without cards: for people, and for who places work */
#ifndef WEFT_COLL_EXPLAIN_H
#define WEFT_COLL_EXPLAIN_H

#include "coll.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct weft_coll_case - a call; what is in struct weft_coll_desc too means the same
 * @size: sizeof
 * @op: enum weft_coll_op
 * @algorithm: enum weft_coll_algorithm; AUTO: as weft_coll_prepare() chooses
 * @type: enum weft_type
 * @reduction: enum weft_reduction
 * @root: a member
 * @peer: a member
 * @members: 1 … WEFT_COMM_MEMBERS; member i is card i of @topology
 * @count: elements
 * @slot_bytes: of struct weft_comm_config; 0 = its default
 * @in_place: 1: inputs lie where outputs do; else 0
 * @topology: NULL: weft_coll_topology_default()
 */
struct weft_coll_case {
	uint32_t size;
	uint32_t op, algorithm, type, reduction, root, peer, members;
	uint64_t count;
	uint32_t slot_bytes;
	uint32_t in_place;
	const struct weft_coll_topology *topology;
};

/**
 * enum weft_coll_fitness - whether an algorithm can do a call
 * @WEFT_COLL_CANNOT: no: it knows no such operation, not in place, or the slots are too small
 * @WEFT_COLL_REORDERS: it can, and is never chosen by itself, because its sums have another order
 * @WEFT_COLL_FITS: it can, and is chosen if it is the fastest
 */
enum weft_coll_fitness {
	WEFT_COLL_CANNOT = 0,
	WEFT_COLL_REORDERS = 1,
	WEFT_COLL_FITS = 2,
};

/**
 * struct weft_coll_explanation - what would happen
 * @size: sizeof
 * @algorithm: that is taken
 * @ns: predicted, from when all members have come
 * @fitness: enum weft_coll_fitness, by algorithm
 * @pad: 0
 * @predicted_ns: by algorithm; 0 for one that cannot
 * @read_bytes: that [a member] reads from memory of [a member]
 * @written_bytes: that [a member] writes to memory of [a member]
 */
struct weft_coll_explanation {
	uint32_t size;
	uint32_t algorithm;
	double ns;
	uint8_t fitness[WEFT_COLL_ALGORITHMS];
	uint8_t pad[2];
	double predicted_ns[WEFT_COLL_ALGORITHMS];
	uint64_t read_bytes[WEFT_COMM_MEMBERS][WEFT_COMM_MEMBERS];
	uint64_t written_bytes[WEFT_COMM_MEMBERS][WEFT_COMM_MEMBERS];
};

/** weft_coll_explain() - 0, -EINVAL, -EOPNOTSUPP (the algorithm cannot do it), -ENOTCONN, -ENOMEM */
int weft_coll_explain(const struct weft_coll_case *what, struct weft_coll_explanation *explanation);

/** weft_coll_explain_steps() - what @member does, a line for each step. As weft_coll_explain(); -EIO (of @out) */
int weft_coll_explain_steps(const struct weft_coll_case *what, uint32_t member, FILE *out);

#ifdef __cplusplus
}
#endif
#endif
