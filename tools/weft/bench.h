/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Figures of `weft bench`: a table of measurements, each with its own row. */
#ifndef WEFT_BENCH_H
#define WEFT_BENCH_H

#include <weft/weft.h>

#define BENCH_MAX_RUNS	1000

struct bench {
	struct weft *weft;
	struct weft_device *device;	/* card 0 */
	struct weft_queue *queue;
	uint32_t runs;
	uint32_t nap_us;		/* before a list is posted to a user queue */
};

struct figure {
	const char *name, *unit, *clock, *against, *what;
	/*
	 * Fills sample[0 … runs-1], and ratio[] where the row names something to hold it against, measured in turn
	 * with it. Returns 0, or -1 with one line in why[].
	 */
	int (*measure)(struct bench *bench, double *sample, double *ratio, char why[160]);
	int larger_is_better;
};

/* What has options of its own; as cmd_bench() */
int bench_topo(int argc, char **argv);
int bench_coll(int argc, char **argv);

extern const struct figure figures[];
extern const unsigned int num_figures;

#endif
