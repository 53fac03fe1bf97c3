/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include "count.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

static const char *const kinds[WMPI_KINDS] = {
	[WMPI_ALLREDUCE] = "Allreduce", [WMPI_REDUCE] = "Reduce", [WMPI_BCAST] = "Bcast", [WMPI_ALLGATHER] = "Allgather",
	[WMPI_REDUCE_SCATTER_BLOCK] = "Reduce_scatter_block", [WMPI_ALLTOALL] = "Alltoall", [WMPI_BARRIER] = "Barrier",
	[WMPI_ALLOC_MEM] = "Alloc_mem",
};
static const char *const whys[WMPI_WHYS] = {
	[WMPI_TAKEN] = "taken", [WMPI_FAILED] = "failed", [WMPI_OFF] = "off", [WMPI_COMMUNICATOR] = "communicator",
	[WMPI_COUNT] = "count", [WMPI_TYPE] = "type", [WMPI_OPERATION] = "operation", [WMPI_MEMORY] = "memory",
	[WMPI_ELSEWHERE] = "elsewhere", [WMPI_PLACE] = "place",
};

static atomic_uint_fast64_t counts[WMPI_KINDS][WMPI_WHYS], agreed, agreed_ns;

void wmpi_count(enum wmpi_kind kind, enum wmpi_why why)
{
	atomic_fetch_add_explicit(&counts[kind][why], 1, memory_order_relaxed);
}

void wmpi_count_agreed(uint64_t ns)
{
	atomic_fetch_add_explicit(&agreed, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&agreed_ns, ns, memory_order_relaxed);
}

void wmpi_count_print(int rank, int card)
{
	const uint64_t n = atomic_load(&agreed);
	char line[2048], on[32] = "no card";
	int at;

	if (card >= 0)
		snprintf(on, sizeof(on), "card %d", card);
	at = snprintf(line, sizeof(line), "weft-mpi: rank %d, %s", rank, on);
	for (int k = 0; k < WMPI_KINDS; k++) {
		const char *between = "passed on:";
		uint64_t all = 0;

		for (int w = 0; w < WMPI_WHYS; w++)
			all += atomic_load(&counts[k][w]);
		if (!all)
			continue;
		at += snprintf(line + at, sizeof(line) - (size_t)at, "; %s %" PRIuFAST64 " taken", kinds[k], atomic_load(&counts[k][WMPI_TAKEN]));
		if (atomic_load(&counts[k][WMPI_FAILED]))
			at += snprintf(line + at, sizeof(line) - (size_t)at, " %" PRIuFAST64 " failed", atomic_load(&counts[k][WMPI_FAILED]));
		for (int w = WMPI_OFF; w < WMPI_WHYS; w++)
			if (atomic_load(&counts[k][w])) {
				at += snprintf(line + at, sizeof(line) - (size_t)at, " %s %s %" PRIuFAST64, between, whys[w],
					       atomic_load(&counts[k][w]));
				between = "";
			}
	}
	if (n)
		at += snprintf(line + at, sizeof(line) - (size_t)at, "; agreed %" PRIu64 " times, %.1f us each", n,
			       (double)atomic_load(&agreed_ns) / (double)n / 1e3);
	/* one write, so that lines of ranks do not mix */
	snprintf(line + at, sizeof(line) - (size_t)at, "\n");
	fputs(line, stderr);
}
