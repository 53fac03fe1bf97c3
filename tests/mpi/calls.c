/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * An MPI program that knows nothing of weft: mpi_calls FILE MEMORY [TASK]. What rank 0 writes into FILE is the same wherever its
 * calls are carried out.
 *
 * MEMORY  alloc: buffers are of MPI_Alloc_mem(); plain: of malloc(); mixed: of malloc() at rank 1 alone; shift: of MPI_Alloc_mem(),
 *         at rank 1 with another one before them
 * TASK    none: all calls of many kinds, with a line for each of a hash of every rank's buffers, and how many calls of a kind there
 *         were; few: not so many; large: types that are no cards' in large messages; send: a call while something is sent; time: how
 *         long an MPI_Allreduce() takes; loop: one after the other until one fails; die: rank 1 is killed in the middle of them; late:
 *         it sleeps there
 */
#include <mpi.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_COUNT	9999
#define MOST_BYTES	8
#define RANKS		4
#define GUARD		64		/* bytes behind a buffer that nobody writes */
#define ROOM		(RANKS * MOST_COUNT * MOST_BYTES + GUARD)
#define RECORDS		4000

enum { ALLREDUCE, REDUCE, BCAST, ALLGATHER, REDUCE_SCATTER_BLOCK, ALLTOALL, KINDS };

static const char *const kind_name[KINDS] = { "Allreduce", "Reduce", "Bcast", "Allgather", "Reduce_scatter_block", "Alltoall" };
static const int counts[] = { 1, 1000, MOST_COUNT };
static int rank, ranks;
static char *in, *out, *copy;
static const char *memory;
static FILE *to;

static struct {
	MPI_Datatype type;
	const char *name;
	int bytes;
} types[7];
#define TYPES	((int)(sizeof(types) / sizeof(types[0])))

static struct {
	MPI_Op op;
	const char *name;
} ops[4];

static struct {
	char name[RECORDS][64];
	uint64_t hash[RECORDS];
	int num;
} records;
static const char *const comm_name[] = { "world", "dup", "half" };
static int made[KINDS][TYPES][3];

static void fail(const char *what)
{
	fprintf(stderr, "mpi_calls: rank %d: %s\n", rank, what);
	MPI_Abort(MPI_COMM_WORLD, 1);
}

static char *get(size_t bytes)
{
	char *p = NULL;

	if (!strcmp(memory, "plain") || (!strcmp(memory, "mixed") && rank == 1))
		p = malloc(bytes);
	else if (MPI_Alloc_mem((MPI_Aint)bytes, MPI_INFO_NULL, &p))
		fail("MPI_Alloc_mem");
	return p;
}

static void put(char *p)
{
	if (!strcmp(memory, "plain") || (!strcmp(memory, "mixed") && rank == 1))
		free(p);
	else
		MPI_Free_mem(p);
}

static uint64_t mix(uint64_t h)
{
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdull;
	return h ^ h >> 29;
}

/*
 * Small integers, of which all results are exact in any order, and none overflows: then MPI is free, and Open MPI does not do the same
 * on all processors. Behind them a pattern.
 */
static void fill(char *buffer, int type, int count, int seed)
{
	const int bytes = types[type].bytes;

	for (int i = 0; i < count; i++) {
		const int v = (int)(mix((uint64_t)(seed * 7919 + i)) % 4) - (types[type].type == MPI_UINT8_T ? 0 : 1);

		if (types[type].type == MPI_FLOAT)
			((float *)(void *)copy)[i] = (float)v;
		else if (types[type].type == MPI_DOUBLE)
			((double *)(void *)copy)[i] = (double)v;
		else if (bytes == 4)
			((int32_t *)(void *)copy)[i] = v;
		else
			copy[i] = (char)v;
	}
	memset(copy + count * bytes, 0xa5, GUARD);
	memcpy(buffer, copy, (size_t)(count * bytes) + GUARD);
}

static uint64_t hash(uint64_t h, const char *of, size_t bytes)
{
	memset(copy + bytes, 0, 8);
	memcpy(copy, of, bytes);
	for (size_t i = 0; i < bytes; i += 8)
		h = mix(h ^ *(uint64_t *)(void *)(copy + i));
	return h;
}

/* One call, and a record of it. */
static void one(int kind, int type, int op, int count, int in_place, MPI_Comm comm, int which)
{
	const int reduces = kind == ALLREDUCE || kind == REDUCE || kind == REDUCE_SCATTER_BLOCK, bytes = types[type].bytes;
	int n, me, root, in_count, out_count, ret = MPI_SUCCESS;
	const MPI_Datatype t = types[type].type;
	const MPI_Op o = ops[op].op;
	const void *from = in;
	uint64_t h = 1;

	MPI_Comm_size(comm, &n);
	MPI_Comm_rank(comm, &me);
	root = count % n;
	in_count = kind == REDUCE_SCATTER_BLOCK || kind == ALLTOALL ? n * count : count;
	out_count = kind == ALLGATHER || kind == ALLTOALL ? n * count : count;
	fill(in, type, in_count, 1 + me + count);
	fill(out, type, in_place && kind == REDUCE_SCATTER_BLOCK ? in_count : out_count, 100 + me + count);
	if (in_place && (kind != REDUCE || me == root))
		from = MPI_IN_PLACE;
	switch (kind) {
	case ALLREDUCE:
		ret = MPI_Allreduce(from, out, count, t, o, comm);
		break;
	case REDUCE:
		/* its root's output is where the others' input is */
		ret = MPI_Reduce(in_place && me != root ? out : from, out, count, t, o, root, comm);
		break;
	case BCAST:
		ret = MPI_Bcast(out, count, t, root, comm);
		break;
	case ALLGATHER:
		ret = MPI_Allgather(from, count, t, out, count, t, comm);
		break;
	case REDUCE_SCATTER_BLOCK:
		ret = MPI_Reduce_scatter_block(from, out, count, t, o, comm);
		break;
	case ALLTOALL:
		ret = MPI_Alltoall(from, count, t, out, count, t, comm);
		break;
	}
	if (ret)
		fail(kind_name[kind]);
	made[kind][type][which]++;
	if (records.num == RECORDS)
		fail("too many calls");
	snprintf(records.name[records.num], sizeof(records.name[0]), "%s %s %s %d%s %s", kind_name[kind], types[type].name,
		 reduces ? ops[op].name : "-", count, in_place ? " in place" : "", comm_name[which]);
	h = hash(h, in, (size_t)(in_count * bytes) + GUARD);
	if (kind == REDUCE_SCATTER_BLOCK && in_place)	/* what is between is anything */
		h = hash(hash(h, out, (size_t)(count * bytes)), out + in_count * bytes, GUARD);
	else if (kind != REDUCE || me == root || in_place)
		h = hash(h, out, (size_t)(out_count * bytes) + GUARD);
	records.hash[records.num++] = h;
}

static void kinds_on(MPI_Comm comm, int which, int stride)
{
	int turn = 0;

	for (int kind = 0; kind < KINDS; kind++)
		for (int type = 0; type < TYPES; type++)
			for (int op = 0; op < 4; op++)
				for (int c = 0; c < 3; c++)
					for (int in_place = 0; in_place < 2; in_place++) {
						const int reduces = kind == ALLREDUCE || kind == REDUCE || kind == REDUCE_SCATTER_BLOCK;

						/* a broadcast is in place, and a type is enough of what has no operation */
						if ((!reduces && op) || (kind == BCAST && in_place) || turn++ / 2 % stride)
							continue;
						one(kind, type, op, counts[c], in_place, comm, which);
					}
}

static void report(void)
{
	uint64_t *all = calloc((size_t)(ranks * RECORDS), sizeof(*all));

	MPI_Gather(records.hash, RECORDS, MPI_UINT64_T, all, RECORDS, MPI_UINT64_T, 0, MPI_COMM_WORLD);
	for (int i = 0; i < records.num && !rank; i++) {
		fprintf(to, "%s:", records.name[i]);
		for (int r = 0; r < ranks; r++)
			fprintf(to, " %016llx", (unsigned long long)all[r * RECORDS + i]);
		fprintf(to, "\n");
	}
	for (int k = 0; k < KINDS && !rank; k++)
		for (int t = 0; t < TYPES; t++)
			for (int c = 0; c < 3; c++)
				fprintf(to, "made %s %s %s %d\n", kind_name[k], types[t].name, comm_name[c], made[k][t][c]);
	free(all);
}

/* Communicators of all, of all again, and of every second one; of the first once more when they are gone. */
static void everything(int stride)
{
	MPI_Comm again, half;

	kinds_on(MPI_COMM_WORLD, 0, stride);
	MPI_Comm_dup(MPI_COMM_WORLD, &again);
	kinds_on(again, 1, 3 * stride + 1);
	MPI_Comm_split(MPI_COMM_WORLD, rank % 2, -rank, &half);	/* in the opposite order */
	kinds_on(half, 2, 3 * stride + 1);
	MPI_Barrier(half);
	MPI_Comm_free(&half);
	MPI_Comm_free(&again);
	one(ALLREDUCE, 0, 0, 1000, 0, MPI_COMM_WORLD, 0);
	MPI_Barrier(MPI_COMM_WORLD);
	report();
}

/* Messages that MPI would rather not copy. */
static void large(void)
{
	const int count = 100000;
	double *a = (double *)(void *)get((size_t)count * 8), *b = (double *)(void *)get((size_t)count * 8);
	double sum = 0;

	for (int i = 0; i < count; i++)
		a[i] = i + rank;
	MPI_Allreduce(a, b, count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
	for (int i = 0; i < count; i++)
		sum += b[i];
	MPI_Sendrecv(a, count, MPI_DOUBLE, (rank + 1) % ranks, 0, b, count, MPI_DOUBLE, (rank + ranks - 1) % ranks, 0, MPI_COMM_WORLD,
		     MPI_STATUS_IGNORE);
	for (int i = 0; i < count; i++)
		sum += b[i];
	MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
	if (!rank)
		fprintf(to, "large %.0f\n", sum);
	put((char *)a);
	put((char *)b);
}

/* Rank 1 comes to each call when it has what rank 0 sends while it is in it. */
static void sending(void)
{
	const int bytes = 4 << 20;
	MPI_Request request = MPI_REQUEST_NULL;
	char *message = calloc(1, (size_t)bytes);

	for (int i = 0; i < 6; i++) {
		if (!rank)
			MPI_Isend(message, bytes, MPI_CHAR, 1, i, MPI_COMM_WORLD, &request);
		if (rank == 1)
			MPI_Recv(message, bytes, MPI_CHAR, 0, i, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		if (i % 2)
			MPI_Barrier(MPI_COMM_WORLD);
		else
			one(ALLREDUCE, 0, 0, 1000, 0, MPI_COMM_WORLD, 0);
		MPI_Wait(&request, MPI_STATUS_IGNORE);
	}
	free(message);
	report();
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Medians, since others use the machine, too. */
static void times(void)
{
	enum { CALLS = 300 };
	static const int sizes[] = { 8, 4096, 65536, 262144 };
	static double us[CALLS];

	for (int s = 0; s < 4; s++) {
		fill(in, 0, sizes[s] / 4, 1);
		for (int i = 0; i < CALLS; i++) {
			us[i] = MPI_Wtime();
			MPI_Allreduce(in, out, sizes[s] / 4, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
			us[i] = (MPI_Wtime() - us[i]) * 1e6;
		}
		qsort(us, CALLS, sizeof(us[0]), by_value);
		if (!rank)
			fprintf(to, "time %d %.1f us, a tenth %.1f\n", sizes[s], us[CALLS / 2], us[CALLS / 10]);
	}
}

/*
 * Calls until some fail; each rank prints the text of its first one. All make the same number of calls, since not all need to see the
 * same ones fail.
 */
static void loop(const char *task)
{
	enum { CALLS = 80, GOING = 20, THERE = 40 };
	char text[MPI_MAX_ERROR_STRING];
	int failures = 0, after = 0, bytes;

	MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
	fill(in, 0, 5000, 1);
	for (int i = 0; i < CALLS; i++) {
		double began;
		int ret;

		if (rank == 1 && i == THERE && !strcmp(task, "die"))
			raise(SIGKILL);
		if (rank == 1 && i == THERE && !strcmp(task, "late"))
			sleep(6);
		if (!rank && i == GOING)
			fclose(fopen("/tmp/mpi_calls.going", "w"));
		if (i >= GOING)
			usleep(20000);
		began = MPI_Wtime();
		ret = MPI_Allreduce(in, out, 5000, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
		after += failures && !ret;
		if (!ret || failures++)
			continue;
		MPI_Error_string(ret, text, &bytes);
		printf("rank %d failed after %.1f s: %s\n", rank, MPI_Wtime() - began, text);
		fflush(stdout);
	}
	printf("rank %d again: %s\n", rank, failures > 1 && !after ? "failed" : "no error");
	/* ordinary memory goes on, by MPI */
	after = rank;
	if (strcmp(task, "die") && MPI_Allreduce(MPI_IN_PLACE, &after, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD) == MPI_SUCCESS)
		printf("rank %d has the sum %d\n", rank, after);
	fflush(stdout);
	if (!strcmp(task, "die"))	/* MPI_Finalize() would wait for rank 1 */
		_exit(0);
}

int main(int argc, char **argv)
{
	const char *task = argc > 3 ? argv[3] : "";
	char *before = NULL;

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &ranks);
	if (argc < 3)
		fail("usage: mpi_calls FILE MEMORY [TASK]");
	memory = argv[2];
	to = rank ? NULL : fopen(argv[1], "w");
	if (!rank && !to)
		fail(argv[1]);
	types[0].type = MPI_FLOAT, types[0].name = "float", types[0].bytes = 4;
	types[1].type = MPI_INT, types[1].name = "int", types[1].bytes = 4;
	types[2].type = MPI_INT32_T, types[2].name = "int32_t", types[2].bytes = 4;
	types[3].type = MPI_SIGNED_CHAR, types[3].name = "signed char", types[3].bytes = 1;
	types[4].type = MPI_INT8_T, types[4].name = "int8_t", types[4].bytes = 1;
	types[5].type = MPI_UINT8_T, types[5].name = "uint8_t", types[5].bytes = 1;
	types[6].type = MPI_DOUBLE, types[6].name = "double", types[6].bytes = 8;
	ops[0].op = MPI_SUM, ops[0].name = "sum";
	ops[1].op = MPI_PROD, ops[1].name = "prod";
	ops[2].op = MPI_MAX, ops[2].name = "max";
	ops[3].op = MPI_MIN, ops[3].name = "min";
	if (ranks > RANKS)
		fail("too many ranks");
	if (!strcmp(memory, "shift") && rank == 1)
		before = get(4096);
	in = get(ROOM);
	out = get(ROOM);
	copy = malloc(ROOM + 8);
	if (!in || !out || !copy)
		fail("no memory");
	if (!strcmp(task, "large"))
		large();
	else if (!strcmp(task, "time"))
		times();
	else if (!strcmp(task, "send"))
		sending();
	else if (!*task || !strcmp(task, "few"))
		everything(*task ? 10 : 2);
	else
		loop(task);
	put(in);
	put(out);
	if (before)
		put(before);
	free(copy);
	if (to && fclose(to))
		fail("writing");
	return MPI_Finalize();
}
