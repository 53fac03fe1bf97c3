// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * OpenMP tasks of the compiler's own run time, on this machine's processors: a chain, each task after the one before it and after
 * itself of the sequence before.
 */
#include "tasks.h"

static double sample(uint64_t fired[TASKS], uint32_t sequences)
{
	const double from = tasks_now_us();

#pragma omp parallel
#pragma omp single
	for (uint32_t s = 0; s < sequences; s++) {
#pragma omp task depend(inout : fired[0])
		fired[0]++;
		for (int i = 1; i < TASKS; i++) {
#pragma omp task depend(in : fired[i - 1]) depend(inout : fired[i]) firstprivate(i)
			fired[i]++;
		}
	}
	return (tasks_now_us() - from) / TASKS / sequences;
}

int main(int argc, char **argv)
{
	return tasks_bench(argc, argv, "peer.openmp_us", sample);
}
