/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What a firing of a body costs elsewhere: tasks without work, of programs that bring their own run time of tasks. */
#ifndef BENCH_TASKS_H
#define BENCH_TASKS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TASKS	8	/* in a row, as body.fire_us has bodies */

/* Runs TASKS tasks for each of `sequences`; each adds one to its own of `fired`, so that none is left out. us of one task. */
typedef double tasks_sample(uint64_t fired[TASKS], uint32_t sequences);

double tasks_now_us(void);
/* NAME-bench [--check]: samples, looks whether every task ran, writes the row of figure `name`. Return: for main(). */
int tasks_bench(int argc, char **argv, const char *name, tasks_sample *sample);

#ifdef __cplusplus
}
#endif
#endif
