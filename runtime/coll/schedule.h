/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * What each member of a communicator does in one collective call, as steps: no device, no address, no memory. schedule.c makes
 * them, one function for each algorithm; emit.c makes commands of a member's steps; cost.c tells what they take.
 *
 * Every call begins with the same arrival: the member signals all others that it is there, with a tag of what it is about to do,
 * and waits for theirs. Nothing but the inbox is written before that. After it members signal each other's progress: the k-th
 * signal from a to b in a call is number k from 1 on, and b waits for numbers.
 */
#ifndef WEFT_COLL_SCHEDULE_H
#define WEFT_COLL_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/coll.h>

#define WEFT_COLL_RANKS		WEFT_COMM_MEMBERS
#define WEFT_COLL_SLOT_BYTES	16384u	/* where none are asked for */

/**
 * struct weft_coll_call - what is to be done
 * @op: of it
 * @algorithm: of it; not AUTO
 * @ranks: members, 1 … WEFT_COLL_RANKS
 * @element: bytes of one, 1, 2 or 4
 * @root: of BROADCAST, REDUCE and SEND
 * @peer: of SEND: who receives
 * @averages: it reduces to the average; that is not a sum of sums
 * @in_place: the input lies where the output does: of ALL_GATHER it is the member's own block of the output, of REDUCE_SCATTER
 *	the output is the member's own block of the input
 * @count: elements: of ALL_REDUCE, BROADCAST, REDUCE and SEND all of the buffer; of the others one block, of which the buffer on
 *	the many side has one for each member
 * @slot_bytes: of the inbox, for each member that sends into it
 */
struct weft_coll_call {
	enum weft_coll_op op;
	enum weft_coll_algorithm algorithm;
	uint32_t ranks, element, root, peer;
	bool averages, in_place;
	uint64_t count, slot_bytes;
};

enum weft_coll_part {
	WEFT_COLL_IN,
	WEFT_COLL_OUT,
	WEFT_COLL_INBOX,	/* offset 0 is member 0's slot; a call and the next one have different inboxes */
};

/* Where something is: byte @offset of a buffer of member @rank */
struct weft_coll_place {
	uint8_t part, rank;
	uint64_t offset;
};

enum weft_coll_kind {
	WEFT_COLL_STEP_ARRIVE,		/* signal with the tag to all in @ranks */
	WEFT_COLL_STEP_ARRIVED,		/* wait for theirs */
	WEFT_COLL_STEP_SIGNAL,		/* the next number to all in @ranks */
	WEFT_COLL_STEP_WAIT,		/* for number[r] of each r in @ranks */
	WEFT_COLL_STEP_REDUCE,		/* num_src sources combined, to num_dst destinations, @count elements; one source: a copy */
};

struct weft_coll_step {
	uint8_t kind, num_src, num_dst;
	uint16_t ranks;			/* a bit for each; never the member itself */
	uint16_t number[WEFT_COLL_RANKS];
	struct weft_coll_place src[WEFT_COLL_RANKS], dst[WEFT_COLL_RANKS];
	uint64_t count;
};

/* The steps of one member, and how often it signals each other in a call; freed by weft_coll_steps_free() */
struct weft_coll_steps {
	struct weft_coll_step *step;
	uint32_t num, room;
	uint16_t signals[WEFT_COLL_RANKS];	/* to each */
	uint16_t expects[WEFT_COLL_RANKS];	/* from each, of which the last is waited for, so that calls do not mix */
};

/* Can the algorithm do this? Some cannot in place, or not more than an inbox holds. Whether the call is one at all, too. */
bool weft_coll_can(const struct weft_coll_call *call);
/* Are sums in the order of the fixed tree by member, so that bits do not depend on the algorithm? */
bool weft_coll_in_order(const struct weft_coll_call *call);
/* Bytes of the two buffers of a member; 0 where it has none */
uint64_t weft_coll_in_bytes(const struct weft_coll_call *call, uint32_t rank);
uint64_t weft_coll_out_bytes(const struct weft_coll_call *call, uint32_t rank);
/* What member @rank does. 0, -EINVAL (!weft_coll_can()), -ENOMEM. A member without a part in it has no steps */
int weft_coll_schedule(const struct weft_coll_call *call, uint32_t rank, struct weft_coll_steps *steps);
void weft_coll_steps_free(struct weft_coll_steps *steps);

/* Elements of @count that are slice @i of @n, at whole lines of 64 bytes from a buffer's beginning */
void weft_coll_slice(uint64_t count, uint32_t element, uint32_t n, uint32_t i, uint64_t *first, uint64_t *elements);

#endif
