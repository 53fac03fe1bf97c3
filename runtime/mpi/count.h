/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What became of a rank's calls. */
#ifndef WEFT_MPI_COUNT_H
#define WEFT_MPI_COUNT_H

#include <stdint.h>

enum wmpi_kind {
	WMPI_ALLREDUCE,
	WMPI_REDUCE,
	WMPI_BCAST,
	WMPI_ALLGATHER,
	WMPI_REDUCE_SCATTER_BLOCK,
	WMPI_ALLTOALL,
	WMPI_BARRIER,
	WMPI_ALLOC_MEM,
	WMPI_KINDS,
};

/* Why one was passed on to MPI; the first of these that holds */
enum wmpi_why {
	WMPI_TAKEN,		/* it was not */
	WMPI_FAILED,		/* taken, and an error of MPI */
	WMPI_OFF,		/* nothing is taken in this run */
	WMPI_COMMUNICATOR,	/* between communicators, of one rank, of too many, or of several machines; of a barrier: no call was taken */
	WMPI_COUNT,		/* nothing to do */
	WMPI_TYPE,
	WMPI_OPERATION,
	WMPI_MEMORY,		/* a buffer here is not weft's, or not aligned to its elements; of MPI_Alloc_mem(): told not to, or none left */
	WMPI_ELSEWHERE,		/* the same, or another type, at another rank */
	WMPI_PLACE,		/* ranks' buffers are at different places of the memory */
	WMPI_WHYS,
};

void wmpi_count(enum wmpi_kind kind, enum wmpi_why why);
/* Ranks have agreed on one call, which took @ns */
void wmpi_count_agreed(uint64_t ns);
/* A line on standard error. @rank: of MPI_COMM_WORLD; @card: < 0: none */
void wmpi_count_print(int rank, int card);

#endif
