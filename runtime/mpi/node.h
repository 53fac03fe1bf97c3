/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The ranks of this machine: each has a card, they are members of one communicator, and it has one window, the *heap*, of which
 * MPI_Alloc_mem() gives out blocks. All of it is made in MPI_Init(), where all ranks are: MPI_Alloc_mem() is nothing that they do
 * together.
 */
#ifndef WEFT_MPI_NODE_H
#define WEFT_MPI_NODE_H

#include <mpi.h>
#include <stdbool.h>

#include <weft/weft.h>

struct wmpi_node {
	MPI_Comm mpi;			/* MPI_COMM_NULL: nothing is taken */
	MPI_Group group;		/* of it */
	struct weft *weft;
	struct weft_device *device;
	int card;
	struct weft_comm *comm;
	struct weft_window *heap;
	const char *map;		/* of this rank's heap */
	uint64_t bytes;			/* of it */
	uint64_t address;		/* of member 0's heap: what a place in it is called by all ranks */
	uint64_t timeout_ns;		/* for whatever is waited for */
	bool symmetric;			/* ranks' buffers always match, says the user */
};

extern struct wmpi_node wmpi_node;

/* Of all ranks, after MPI_Init(); if that is not possible a rank says why, and nothing is taken */
void wmpi_node_open(void);
/* Of all ranks, before MPI_Finalize() */
void wmpi_node_close(void);

/* The lowest that any rank of @mpi comes with, at all of them */
int wmpi_node_lowest(MPI_Comm mpi, int status);
/* A communicator of weft for all ranks of @mpi, each with one member. 0, -errno with text */
int wmpi_node_join(MPI_Comm mpi, const char *name, struct weft_comm **comm);

/* A block of the heap; NULL: there is none that large */
void *wmpi_node_take(uint64_t bytes);
/* false: none of the heap's */
bool wmpi_node_give(void *pointer);

#endif
