// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SEQUENCES	20000
#define RUNS		9

double tasks_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int tasks_bench(int argc, char **argv, const char *name, tasks_sample *sample)
{
	const uint32_t sequences = argc > 1 && !strcmp(argv[1], "--check") ? 100 : SEQUENCES;
	double us[RUNS];

	for (int i = 0; i < RUNS; i++) {
		uint64_t fired[TASKS] = { 0 };

		us[i] = sample(fired, sequences);
		for (int k = 0; k < TASKS; k++)
			if (fired[k] != sequences) {
				fprintf(stderr, "%s: task %d ran %llu times of %u\n", name, k, (unsigned long long)fired[k], sequences);
				return 1;
			}
	}
	qsort(us, RUNS, sizeof(us[0]), by_value);
	printf("[{\"name\":\"%s\",\"value\":%.5g,\"median\":%.5g,\"p10\":%.5g,\"runs\":%d}]\n", name, us[RUNS / 2], us[RUNS / 2],
	       us[RUNS / 10], RUNS);
	return 0;
}
