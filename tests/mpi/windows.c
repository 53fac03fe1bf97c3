/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* An MPI program that has windows of weft itself: MPI's calls on their memory are weft's, too. mpi_windows ends with 1 if one is wrong. */
#include <errno.h>
#include <stdio.h>
#include <weft-mpi.h>
#include <weft/weft.h>

#define COUNT	5000

static int rank, ranks;

static int wrong(const char *what)
{
	fprintf(stderr, "mpi_windows: rank %d: %s: %s\n", rank, what, weft_last_error());
	return 1;
}

static int calls(struct weft_comm *comm)
{
	struct weft_window *window;
	int32_t *data, *sum, all = ranks * (ranks + 1) / 2;
	void *map;

	if (weft_window_create(comm, 2 * COUNT * sizeof(*data), &window))
		return wrong("a window");
	if (weft_memory_map(weft_window_memory(window, (uint32_t)rank), &map))
		return wrong("mapping it");
	data = map;
	sum = data + COUNT;
	for (int i = 0; i < COUNT; i++)
		data[i] = rank + 1;
	MPI_Allreduce(data, sum, COUNT, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
	for (int i = 0; i < COUNT; i++)
		if (sum[i] != all)
			return wrong("MPI_Allreduce");
	MPI_Bcast(data, COUNT, MPI_INT, ranks - 1, MPI_COMM_WORLD);
	if (data[0] != ranks || data[COUNT - 1] != ranks)
		return wrong("MPI_Bcast");
	MPI_Reduce(data, sum, COUNT, MPI_INT, MPI_PROD, 1, MPI_COMM_WORLD);
	if (sum[COUNT - 1] != (rank == 1 ? ranks * ranks : all))
		return wrong("MPI_Reduce");
	return weft_window_destroy(window) ? wrong("destroying it") : 0;
}

int main(int argc, char **argv)
{
	struct weft_comm *comm;
	int ret = 1;

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &ranks);
	if (weft_mpi_comm(MPI_COMM_SELF, &comm) != -EOPNOTSUPP)
		wrong("a communicator of one rank");
	else if (weft_mpi_comm(MPI_COMM_WORLD, &comm))
		wrong("no communicator");
	else
		ret = calls(comm);
	MPI_Finalize();
	return ret;
}
