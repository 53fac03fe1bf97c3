/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The calls of MPI that a program makes, by the profiling interface: MPI_X() is ours and PMPI_X() is MPI's. What is not taken goes on
 * with the arguments as they came, wrong ones too, so that MPI says so.
 */
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "node.h"
#include "types.h"

static uint32_t size_of(MPI_Comm comm)
{
	const struct wmpi_comm *c = wmpi_comm_of(comm);

	return c ? (uint32_t)c->size : 1;
}

static uint64_t at_least_0(MPI_Count count)
{
	return count > 0 ? (uint64_t)count : 0;
}

/* Bytes of what is only moved; 0 for what is nothing, and for types that weft cannot move, of which *plain is false */
static uint64_t bytes_of(int count, MPI_Datatype type, bool *plain)
{
	const uint64_t bytes = wmpi_type_plain(type);
	MPI_Count size = 0;

	if (!bytes)
		*plain = false;
	/* whether there is anything is the same at all ranks, whatever types they say it with */
	if (!bytes && type != MPI_DATATYPE_NULL)
		PMPI_Type_size_x(type, &size);
	return at_least_0(count) * (bytes ? bytes : at_least_0(size));
}

int MPI_Allreduce(const void *in, void *out, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
	const struct wmpi_call call = {
		.kind = WMPI_ALLREDUCE, .mpi = comm, .in = in == MPI_IN_PLACE ? NULL : in, .out = out, .in_place = in == MPI_IN_PLACE,
		.out_matters = true, .count = at_least_0(count), .in_blocks = 1, .out_blocks = 1, .same_type = true, .reduces = true,
		.type = type, .op = op,
	};
	bool taken;
	int ret = wmpi_call_run(&call, &taken);

	return taken ? ret : PMPI_Allreduce(in, out, count, type, op, comm);
}

int MPI_Reduce(const void *in, void *out, int count, MPI_Datatype type, MPI_Op op, int root, MPI_Comm comm)
{
	const struct wmpi_call call = {
		.kind = WMPI_REDUCE, .mpi = comm, .in = in == MPI_IN_PLACE ? out : in, .out = out, .root = root,
		.out_matters = wmpi_comm_of(comm) && wmpi_comm_of(comm)->rank == root, .count = at_least_0(count), .in_blocks = 1,
		.out_blocks = 1, .same_type = true, .reduces = true, .type = type, .op = op,
	};
	bool taken;
	int ret = wmpi_call_run(&call, &taken);

	return taken ? ret : PMPI_Reduce(in, out, count, type, op, root, comm);
}

int MPI_Bcast(void *buffer, int count, MPI_Datatype type, int root, MPI_Comm comm)
{
	struct wmpi_call call = {
		.kind = WMPI_BCAST, .mpi = comm, .out = buffer, .in_place = true, .out_matters = true, .out_blocks = 1, .same_type = true,
		.root = root,
	};
	bool taken;
	int ret;

	call.count = bytes_of(count, type, &call.same_type);
	ret = wmpi_call_run(&call, &taken);
	return taken ? ret : PMPI_Bcast(buffer, count, type, root, comm);
}

/* Of a call that only moves data: both types have the same bytes, or it is not one of ours. */
static void count_moved(struct wmpi_call *call, int in_count, MPI_Datatype in_type, int out_count, MPI_Datatype out_type)
{
	call->count = bytes_of(out_count, out_type, &call->same_type);
	if (!call->in_place && bytes_of(in_count, in_type, &call->same_type) != call->count)
		call->same_type = false;
}

int MPI_Allgather(const void *in, int in_count, MPI_Datatype in_type, void *out, int out_count, MPI_Datatype out_type, MPI_Comm comm)
{
	struct wmpi_call call = {
		.kind = WMPI_ALLGATHER, .mpi = comm, .in = in == MPI_IN_PLACE ? NULL : in, .out = out, .in_place = in == MPI_IN_PLACE,
		.out_matters = true, .in_blocks = 1, .out_blocks = size_of(comm), .same_type = true,
	};
	bool taken;
	int ret;

	count_moved(&call, in_count, in_type, out_count, out_type);
	ret = wmpi_call_run(&call, &taken);
	return taken ? ret : PMPI_Allgather(in, in_count, in_type, out, out_count, out_type, comm);
}

int MPI_Reduce_scatter_block(const void *in, void *out, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
	const bool in_place = in == MPI_IN_PLACE;
	const struct wmpi_call call = {
		.kind = WMPI_REDUCE_SCATTER_BLOCK, .mpi = comm, .in = in_place ? out : in, .out = in_place ? NULL : out, .in_place = in_place,
		.out_matters = true, .count = at_least_0(count), .in_blocks = size_of(comm), .out_blocks = 1, .same_type = true, .reduces = true,
		.type = type, .op = op,
	};
	bool taken;
	int ret = wmpi_call_run(&call, &taken);

	return taken ? ret : PMPI_Reduce_scatter_block(in, out, count, type, op, comm);
}

int MPI_Alltoall(const void *in, int in_count, MPI_Datatype in_type, void *out, int out_count, MPI_Datatype out_type, MPI_Comm comm)
{
	struct wmpi_call call = {
		.kind = WMPI_ALLTOALL, .mpi = comm, .in = in == MPI_IN_PLACE ? NULL : in, .out = out, .in_place = in == MPI_IN_PLACE,
		.out_matters = true, .in_blocks = size_of(comm), .out_blocks = size_of(comm), .same_type = true,
	};
	bool taken;
	int ret;

	count_moved(&call, in_count, in_type, out_count, out_type);
	ret = wmpi_call_run(&call, &taken);
	return taken ? ret : PMPI_Alltoall(in, in_count, in_type, out, out_count, out_type, comm);
}

int MPI_Barrier(MPI_Comm comm)
{
	bool taken;
	int ret = wmpi_call_barrier(comm, &taken);

	return taken ? ret : PMPI_Barrier(comm);
}

/* --- memory --- */

/* The key weft = false asks for ordinary memory. */
static bool wanted(MPI_Info info)
{
	char value[8] = "";
	int found = 0;

	return info == MPI_INFO_NULL || PMPI_Info_get(info, "weft", sizeof(value) - 1, value, &found) || !found || strcmp(value, "false") != 0;
}

int MPI_Alloc_mem(MPI_Aint bytes, MPI_Info info, void *pointer)
{
	void *block = NULL;

	if (wmpi_node.mpi == MPI_COMM_NULL) {
		wmpi_count(WMPI_ALLOC_MEM, WMPI_OFF);
	} else {
		if (bytes > 0 && pointer && wanted(info))
			block = wmpi_node_take((uint64_t)bytes);
		wmpi_count(WMPI_ALLOC_MEM, block ? WMPI_TAKEN : WMPI_MEMORY);
	}
	if (!block)
		return PMPI_Alloc_mem(bytes, info, pointer);
	*(void **)pointer = block;
	return MPI_SUCCESS;
}

int MPI_Free_mem(void *pointer)
{
	return wmpi_node_give(pointer) ? MPI_SUCCESS : PMPI_Free_mem(pointer);
}

/* --- life --- */

int MPI_Init(int *argc, char ***argv)
{
	const int ret = PMPI_Init(argc, argv);

	if (!ret) {
		wmpi_node_open();
		wmpi_comm_open();
	}
	return ret;
}

int MPI_Init_thread(int *argc, char ***argv, int required, int *provided)
{
	const int ret = PMPI_Init_thread(argc, argv, required, provided);

	if (!ret) {
		wmpi_node_open();
		wmpi_comm_open();
	}
	return ret;
}

int MPI_Comm_free(MPI_Comm *comm)
{
	if (comm)
		wmpi_comm_leave(*comm);
	return PMPI_Comm_free(comm);
}

int MPI_Comm_disconnect(MPI_Comm *comm)
{
	if (comm)
		wmpi_comm_leave(*comm);
	return PMPI_Comm_disconnect(comm);
}

int MPI_Finalize(void)
{
	int rank = 0;

	if (getenv("WEFT_MPI_STATS")) {
		PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
		wmpi_count_print(rank, wmpi_node.card);
	}
	wmpi_comm_close();
	wmpi_node_close();
	return PMPI_Finalize();
}
