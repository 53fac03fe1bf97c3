/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: for MPI programs that know weft
 *
 * The others need nothing of this: see Documentation/runtime/mpi.rst.
 */
#ifndef WEFT_MPI_H
#define WEFT_MPI_H

#include <mpi.h>

#include <weft/coll_window.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * weft_mpi_comm() - the communicator of weft that an MPI communicator's calls are carried out by; all its ranks call it
 * @mpi: of ranks of one machine; rank r is member r
 * @comm: out; the library's, until MPI_Comm_free(@mpi) or MPI_Finalize(). Windows that the caller makes of it (weft_window_create())
 *	and maps (weft_memory_map()) are memory whose calls are taken, too; the caller destroys them before
 *
 * Return: 0; -EOPNOTSUPP (nothing is taken in this run, or of this communicator), -EINVAL; what it failed with at the rank that has
 * the lowest, the same at all.
 */
int weft_mpi_comm(MPI_Comm mpi, struct weft_comm **comm);

#ifdef __cplusplus
}
#endif
#endif
