/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A member's steps as commands of a list that its queue runs as a loop, once for each repetition. */
#ifndef WEFT_COLL_EMIT_H
#define WEFT_COLL_EMIT_H

#include "comm.h"

enum weft_coll_count { WEFT_COLL_OF_ARRIVALS, WEFT_COLL_OF_SENT, WEFT_COLL_OF_GOT };

/* What the list has to go on from when it is posted: a cell's value from a count, an operand's turn from arrivals with a member */
struct weft_coll_from {
	uint8_t count, rank;
};

/* A list, and for each element of its lists of cells and each of its operands, in their order, what they go on from. */
struct weft_coll_program {
	struct weft_list *list;
	struct weft_coll_from *cell;
	uint32_t num_cells, room_cells;
	uint8_t *turn;			/* a member, or WEFT_COLL_TIMED */
	uint32_t num_turns, room_turns;
	bool timed;			/* it notes the times of its arrival */
};
#define WEFT_COLL_TIMED		WEFT_COLL_RANKS		/* of a turn: from arrivals whose times are taken */

/* Where the buffers are: address of member @rank's, the same in all address spaces */
struct weft_coll_buffers {
	uint64_t in[WEFT_COLL_RANKS], out[WEFT_COLL_RANKS];
};

/* 0, -ENOMEM, -E2BIG with text; what was made is freed by the caller either way */
int weft_coll_emit(const struct weft_comm *comm, uint32_t rank, const struct weft_coll_call *call,
		   const struct weft_coll_steps *steps, enum weft_type type, enum weft_reduction reduction,
		   const struct weft_coll_buffers *buffers, uint64_t tag, struct weft_coll_program *program);
void weft_coll_program_free(struct weft_coll_program *program);

#endif
