/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* One call: is it taken, and what is done then. */
#ifndef WEFT_MPI_CALLS_H
#define WEFT_MPI_CALLS_H

#include "comm.h"
#include "count.h"

/* What ranks agree on: the lowest of each. A place is the device address of member 0's, so that equal ones mean the same bytes */
struct wmpi_words {
	int64_t state;			/* enum wmpi_state */
	int64_t in, not_in;		/* a place, and its negative */
	int64_t out, not_out;
};

/* The lowest wins */
enum wmpi_state {
	WMPI_STATE_NO = -1,
	WMPI_STATE_BROKEN = 0,		/* it could be, but a call failed here */
	WMPI_STATE_YES = 1,
};

#define WMPI_ANYWHERE	INT64_MAX	/* a place that does not matter here */

static inline void wmpi_words_place(int64_t *place, int64_t *not_place, uint64_t address)
{
	*place = (int64_t)address;
	*not_place = -(int64_t)address;
}

/* Is a place the same at all ranks to whom it matters? */
static inline bool wmpi_words_same(int64_t place, int64_t not_place)
{
	return place == -not_place || place == WMPI_ANYWHERE;
}

/* A call as MPI_X() sees it. Bytes of buffers are of the whole of it at this rank */
struct wmpi_call {
	enum wmpi_kind kind;
	MPI_Comm mpi;
	const void *in, *out;		/* NULL: none, or in place. That of a rank to whom it does not matter is not looked at */
	bool in_place;			/* the input is where the output is, or of MPI_Reduce_scatter_block() the output in the input */
	bool out_matters;		/* of MPI_Reduce() at the root alone */
	uint64_t count;			/* elements, or bytes where nothing is reduced, as weft counts: all of it, or a block */
	uint32_t in_blocks, out_blocks;	/* of them */
	bool same_type;			/* here: it is one that weft has, or moves */
	bool reduces;
	MPI_Datatype type;		/* of what is reduced */
	MPI_Op op;
	int root;
};

/*
 * Carries a call out. *taken: it was, or failed; else MPI has to. Return: MPI_SUCCESS, or an error code that the communicator's error
 * handler has been given.
 */
int wmpi_call_run(const struct wmpi_call *call, bool *taken);
/* The same of a barrier: taken of communicators that had a call taken before */
int wmpi_call_barrier(MPI_Comm mpi, bool *taken);

#endif
