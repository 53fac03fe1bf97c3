/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The table that a loaded plan keeps of its names (weft/plan_table.h): any process's, so nothing in it is believed. */
#ifndef WEFT_TOOL_TOP_PLAN_H
#define WEFT_TOOL_TOP_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include <weft/plan_table.h>

struct top_plan {
	uint64_t base;
	const char *name;		/* this and all others are without control characters, and last as long as the data */
	uint32_t num_bodies, num_cells;
	const struct weft_plan_table_body *body;
	const struct weft_plan_table_cell *cell;
	const char *text;
};

/* What a lane sleeps in; of a communicator its name, its member that sleeps, no edge, and the member that it waits for */
struct top_wait {
	const char *plan, *body, *edge, *peer;	/* edge, peer: "": none */
	enum weft_plan_table_role role;		/* 0: only the body is known */
	uint64_t base;				/* to be taken off the cell's values */
};

/* @data, 8-byte aligned, is changed: what a terminal should not get becomes '?'. false: no table of this version, or unsound */
bool top_plan_parse(void *data, size_t bytes, struct top_plan *plan);
/* Packet @packet of list @list on card @pci sleeps in the cell at @address; false: it is none of the plan's */
bool top_plan_wait(const struct top_plan *plan, uint32_t pci, uint64_t list, uint32_t packet, uint64_t address,
		   struct top_wait *wait);
/* "produced", "credit", "gate", "cell"; of a communicator "arrival", "progress" */
const char *top_plan_role(enum weft_plan_table_role role);

#endif
