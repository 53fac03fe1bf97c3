// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Tasks of Taskflow: a graph that is a chain, run once for each sequence, as its executor repeats a graph. Sequences are one after
 * the other there.
 */
#include "tasks.h"

#include <taskflow/taskflow.hpp>

static double sample(uint64_t fired[TASKS], uint32_t sequences)
{
	static tf::Executor executor;
	tf::Taskflow chain;
	tf::Task before;

	for (int i = 0; i < TASKS; i++) {
		tf::Task task = chain.emplace([fired, i] { fired[i]++; });

		if (i)
			before.precede(task);
		before = task;
	}

	const double from = tasks_now_us();

	executor.run_n(chain, sequences).wait();
	return (tasks_now_us() - from) / TASKS / sequences;
}

int main(int argc, char **argv)
{
	return tasks_bench(argc, argv, "peer.taskflow_us", sample);
}
