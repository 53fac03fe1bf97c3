// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * What a firing of a body costs elsewhere: OpenMP tasks of the compiler's own run time, on this machine's processors. A chain
 * of eight tasks without work, each after the one before it and after itself of the sequence before, as body.fire_us has bodies.
 * openmp-bench [--check] writes a JSON array.
 */
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TASKS		8
#define SEQUENCES	20000
#define RUNS		9

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* us of one task; each counts, so that none is left out */
static double sample(uint32_t sequences)
{
	static uint64_t fired[TASKS + 1];
	double from;

	memset(fired, 0, sizeof(fired));
	from = omp_get_wtime();
#pragma omp parallel
#pragma omp single
	for (uint32_t s = 0; s < sequences; s++)
		for (int i = 1; i <= TASKS; i++) {
#pragma omp task depend(in : fired[i - 1]) depend(inout : fired[i]) firstprivate(i)
			fired[i]++;
		}
	for (int i = 1; i <= TASKS; i++)
		if (fired[i] != sequences) {
			fprintf(stderr, "openmp-bench: task %d ran %llu times of %u\n", i, (unsigned long long)fired[i], sequences);
			exit(1);
		}
	return (omp_get_wtime() - from) * 1e6 / TASKS / sequences;
}

int main(int argc, char **argv)
{
	const uint32_t sequences = argc > 1 && !strcmp(argv[1], "--check") ? 100 : SEQUENCES;
	double us[RUNS];

	for (int i = 0; i < RUNS; i++)
		us[i] = sample(sequences);
	qsort(us, RUNS, sizeof(us[0]), by_value);
	printf("[{\"name\":\"peer.openmp_us\",\"value\":%.5g,\"median\":%.5g,\"p10\":%.5g,\"runs\":%d}]\n", us[RUNS / 2], us[RUNS / 2],
	       us[RUNS / 10], RUNS);
	return 0;
}
