// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Peer of collective calls: the same operations by MPI, each rank a process of its own. Built in the peers' root by each MPI's own
 * compiler. mpi_bench [OPERATION:BYTES …] prints "OPERATION BYTES MICROSECONDS" for each, bytes as nccl-tests count; f32.
 *
 * A call's results are checked once. Then it is called in a row as often as takes RUN_S; the time is that of the slowest rank.
 */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUN_S		0.04
#define MOST_TIMES	20000
#define MOST_BYTES	(64l << 20)

enum op { ALL_REDUCE, ALL_GATHER, REDUCE_SCATTER, BROADCAST, ALL_TO_ALL, OPS };

static const char *const names[OPS] = { "all-reduce", "all-gather", "reduce-scatter", "broadcast", "all-to-all" };
static float *in, *out;
static int ranks, rank;

static void fail(const char *what)
{
	fprintf(stderr, "mpi_bench: %s\n", what);
	MPI_Abort(MPI_COMM_WORLD, 1);
}

/* Elements of what MPI counts: all of it, or a block of each rank */
static void call(enum op op, int count)
{
	switch (op) {
	case ALL_REDUCE:
		MPI_Allreduce(in, out, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
		break;
	case ALL_GATHER:
		MPI_Allgather(in, count, MPI_FLOAT, out, count, MPI_FLOAT, MPI_COMM_WORLD);
		break;
	case REDUCE_SCATTER:
		MPI_Reduce_scatter_block(in, out, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
		break;
	case BROADCAST:
		MPI_Bcast(rank ? out : in, count, MPI_FLOAT, 0, MPI_COMM_WORLD);
		break;
	default:
		MPI_Alltoall(in, count, MPI_FLOAT, out, count, MPI_FLOAT, MPI_COMM_WORLD);
		break;
	}
}

/* Element @i of block @block of what a rank gives: small, so that sums are exact */
static float given(int of, long block, long i)
{
	return (float)((of * 3 + block * 7 + i) % 5);
}

static float wanted(enum op op, long block, long i)
{
	float sum = 0;

	if (op == ALL_GATHER)
		return given((int)block, 0, i);
	if (op == ALL_TO_ALL)
		return given((int)block, rank, i);
	if (op == BROADCAST)
		return given(0, 0, i);
	for (int r = 0; r < ranks; r++)
		sum += given(r, op == REDUCE_SCATTER ? rank : 0, i);
	return sum;
}

static void check(enum op op, long count)
{
	const long in_blocks = op == REDUCE_SCATTER || op == ALL_TO_ALL ? ranks : 1;
	const long out_blocks = op == ALL_GATHER || op == ALL_TO_ALL ? ranks : 1;

	for (long b = 0; b < in_blocks; b++)
		for (long i = 0; i < count; i++)
			in[b * count + i] = given(rank, b, i);
	memset(out, 0xff, (size_t)(out_blocks * count) * sizeof(float));
	call(op, (int)count);
	for (long b = 0; b < out_blocks && (op != BROADCAST || rank); b++)
		for (long i = 0; i < count; i++)
			if (out[b * count + i] != wanted(op, b, i))
				fail("a wrong result");
}

/* s of one of @times, of the slowest rank */
static double row(enum op op, int count, int times)
{
	double start, s;

	MPI_Barrier(MPI_COMM_WORLD);
	start = MPI_Wtime();
	for (int i = 0; i < times; i++)
		call(op, count);
	s = (MPI_Wtime() - start) / times;
	MPI_Allreduce(MPI_IN_PLACE, &s, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
	return s;
}

static void take(enum op op, long bytes)
{
	const long count = bytes / (long)sizeof(float) / (op == ALL_REDUCE || op == BROADCAST ? 1 : ranks);
	int times = 1;
	double s;

	if (count) {
		check(op, count);
		for (s = row(op, (int)count, 1); s * times < RUN_S / 2 && times < MOST_TIMES; s = row(op, (int)count, times))
			times = RUN_S / s < 8 * times ? (int)(RUN_S / s) + 1 : 8 * times;
		if (times == 1)
			s = row(op, (int)count, 1);
		if (!rank)
			printf("%s %ld %.4f\n", names[op], bytes, s * 1e6);
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	MPI_Init(&argc, &argv);
	MPI_Comm_size(MPI_COMM_WORLD, &ranks);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	in = malloc(MOST_BYTES);
	out = malloc(MOST_BYTES);
	if (!in || !out)
		fail("out of memory");
	memset(in, 0, MOST_BYTES);
	memset(out, 0, MOST_BYTES);
	for (int i = 1; i < argc; i++) {
		const char *colon = strchr(argv[i], ':');
		const long bytes = colon ? strtol(colon + 1, NULL, 10) : 0;
		int op = 0;

		while (op < OPS && (!colon || strncmp(argv[i], names[op], (size_t)(colon - argv[i])) || names[op][colon - argv[i]]))
			op++;
		if (op == OPS || bytes <= 0 || bytes > MOST_BYTES)
			fail("want OPERATION:BYTES");
		take((enum op)op, bytes);
	}
	MPI_Finalize();
	return 0;
}
