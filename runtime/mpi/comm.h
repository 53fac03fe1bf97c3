/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* MPI's communicators, and weft's for them. */
#ifndef WEFT_MPI_COMM_H
#define WEFT_MPI_COMM_H

#include <mpi.h>
#include <stdbool.h>

#include <weft/weft.h>

struct wmpi_comm {
	MPI_Comm mpi;
	struct wmpi_comm *next;
	int rank, size;
	bool fits;			/* all its ranks are of this machine, and there can be a communicator of weft */
	bool refused;			/* there could not; all ranks know */
	bool own;			/* of the two that follow; else they are the node's */
	struct weft_comm *comm;		/* NULL: not made yet. All ranks have one, or none */
	struct weft_window *heap;	/* the node's, for this communicator */
	bool used;			/* a call was taken; all ranks know */
	bool broken;			/* a call failed, and so do all that would be taken; other ranks may not know */
	char why[MPI_MAX_ERROR_STRING];
};

/* After wmpi_node_open() */
void wmpi_comm_open(void);
/* Of @mpi, which is valid; NULL: nothing is taken, or no memory */
struct wmpi_comm *wmpi_comm_of(MPI_Comm mpi);
/* The same, if it is there already */
struct wmpi_comm *wmpi_comm_known(MPI_Comm mpi);
/* Makes ->comm, of all its ranks together. 0; else ->refused, with a line on standard error */
int wmpi_comm_join(struct wmpi_comm *c);
/* Of all ranks, before MPI frees it */
void wmpi_comm_leave(MPI_Comm mpi);
/* All that are left, before MPI ends; by all ranks together */
void wmpi_comm_close(void);
/* A taken call has failed with @status, -errno, and text: @c is broken, and nobody waits for this rank any more */
void wmpi_comm_break(struct wmpi_comm *c, int status);
/* What happened, to the communicator's error handler; its error code */
int wmpi_comm_raise(struct wmpi_comm *c);

#endif
