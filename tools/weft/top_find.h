/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Processes that have cards open, and the tables of their plans. */
#ifndef WEFT_TOOL_TOP_FIND_H
#define WEFT_TOOL_TOP_FIND_H

#include "top_plan.h"

#define TOP_CLIENTS	64
#define TOP_PLANS	64

/* What is beyond this many is not shown, nor what is beyond TOP_FIND_BYTES of all tables. */
struct top_process {
	uint64_t client[TOP_CLIENTS];	/* the driver's numbers of its open cards */
	uint32_t num_clients, num_plans;
	struct {
		struct top_plan plan;
		void *data;
	} plan[TOP_PLANS];
};

#define TOP_PROCESSES	1024
#define TOP_FIND_BYTES	(64u << 20)

struct top_find {
	struct top_process *process[TOP_PROCESSES];
	uint32_t count;
	size_t bytes;
};

/* Looks at all processes that the caller may look at, in @proc, "/proc"; what goes away meanwhile is passed over */
void top_find(struct top_find *find, const char *proc);
void top_find_free(struct top_find *find);
/* As top_plan_wait(), of those processes that have the card open as @client, 0: nobody's */
bool top_find_wait(const struct top_find *find, uint64_t client, uint32_t pci, uint64_t list, uint32_t packet, uint64_t address,
		   struct top_wait *wait);

#endif
