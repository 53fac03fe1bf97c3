// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Tasks of StarPU, measured as its own tasks_overhead does: one chain, each task declared to be after the tag of the one before,
 * all submitted and then the first; from the first declaration to the end of the last task.
 */
#include "tasks.h"

#include <starpu.h>
#include <stdio.h>
#include <stdlib.h>

static void task(void *buffers[], void *fired)
{
	(void)buffers;
	++*(uint64_t *)fired;
}

static struct starpu_codelet codelet = { .cpu_funcs = { task }, .cpu_funcs_name = { "task" } };

static void need(int ret, const char *what)
{
	if (!ret)
		return;
	fprintf(stderr, "starpu-bench: %s: %d\n", what, ret);
	exit(1);
}

static double sample(uint64_t fired[TASKS], uint32_t sequences)
{
	static starpu_tag_t next;	/* a tag that was reached stays so */
	const uint32_t n = TASKS * sequences;
	struct starpu_task *chain = calloc(n, sizeof(*chain));
	double us;

	need(!chain, "no memory");
	for (uint32_t i = 0; i < n; i++) {
		starpu_task_init(&chain[i]);
		chain[i].cl = &codelet;
		chain[i].cl_arg = &fired[i % TASKS];
		chain[i].use_tag = 1;
		chain[i].tag_id = next + i;
	}
	chain[n - 1].detach = 0;	/* is waited for */
	us = tasks_now_us();
	for (uint32_t i = 1; i < n; i++) {
		starpu_tag_declare_deps(next + i, 1, next + i - 1);
		need(starpu_task_submit(&chain[i]), "starpu_task_submit");
	}
	need(starpu_task_submit(&chain[0]), "starpu_task_submit");
	need(starpu_task_wait(&chain[n - 1]), "starpu_task_wait");
	us = tasks_now_us() - us;
	need(starpu_task_wait_for_all(), "starpu_task_wait_for_all");
	for (uint32_t i = 0; i < n; i++) {
		starpu_task_clean(&chain[i]);
		starpu_tag_remove(next + i);
	}
	free(chain);
	next += n;
	return us / n;
}

int main(int argc, char **argv)
{
	struct starpu_conf conf;
	int ret;

	need(starpu_conf_init(&conf), "starpu_conf_init");
	conf.nopencl = 0;
	conf.bus_calibrate = 0;
	need(starpu_init(&conf), "starpu_init");
	ret = tasks_bench(argc, argv, "peer.starpu_us", sample);
	starpu_shutdown();
	return ret;
}
