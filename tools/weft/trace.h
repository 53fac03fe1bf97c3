/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A plan and the firings of a run of it, as the writers of pictures take it. Times are in ns from the first thing that happened. */
#ifndef WEFT_TOOL_TRACE_H
#define WEFT_TOOL_TRACE_H

#include "cmd.h"

#define TRACE_NONE	UINT32_MAX

struct trace_consumer {
	uint32_t body, rate;
};

struct trace_edge {
	struct weft_edge_info info;
	struct trace_consumer *consumer;
};

/* One firing. What it waited for last is a firing of another body, through @edge. */
struct trace_bar {
	struct weft_plan_record record;
	uint32_t cause;			/* bar, or TRACE_NONE */
	uint32_t edge;			/* of the cause */
	bool credit;			/* it gave a block back; else it made one */
};

struct trace {
	const char *name;
	struct weft_plan_report report;	/* of the planner */
	struct weft_body_info *body;
	bool *critical;			/* of a body: named in report.critical */
	struct trace_edge *edge;
	uint32_t num_bodies, num_edges, num_lanes, num_devices, num_bars;
	struct trace_bar *bar;		/* sorted by body, then sequence and firing */
	uint32_t *first;		/* of a body: its first bar; one more at the end */
	uint64_t sequences;
	uint64_t span_ns;		/* until the last thing ended */
	struct weft_plan_measure measure;
	uint64_t dropped;
};

/*
 * Everything of @plan, prepared, and of @count records of it, which get sorted; the text of names stays the plan's.
 * 0, or -1 with a message of @command. Freed by trace_free() in either case.
 */
int trace_make(struct trace *t, const char *command, struct weft_plan *plan, const char *name,
	       const struct weft_plan_report *report, struct weft_plan_record *record, uint32_t count);
void trace_free(struct trace *t);
/* Firing @firing, counted from the first sequence, of a body; TRACE_NONE: it is not there */
uint32_t trace_bar_of(const struct trace *t, uint32_t body, uint64_t firing);
/* The firing of its producer that gave the last token which firing @firing of a consumer took; -1: an initial one */
int64_t trace_source(const struct trace_edge *e, uint64_t firing, uint32_t rate);

/* trace_demo.c: the example, not yet prepared; 0 or -1 with a message */
int trace_demo(struct weft_device *const *cards, uint32_t count, struct weft_plan **plan);

/* trace_json.c, trace_svg.c: 0, or -1 without memory; whether it arrived in the file is the caller's to find out */
int trace_write_json(FILE *out, const struct trace *t);
int trace_write_svg(FILE *out, const struct trace *t);

#endif
