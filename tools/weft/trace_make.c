// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* From records to bars: who waited for whom, and how long a sequence takes. */
#include "trace.h"

#include <stdlib.h>
#include <string.h>

static int by_body(const void *a, const void *b)
{
	const struct weft_plan_record *x = a, *y = b;

	if (x->body != y->body)
		return x->body < y->body ? -1 : 1;
	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	return x->firing < y->firing ? -1 : x->firing > y->firing;
}

uint32_t trace_bar_of(const struct trace *t, uint32_t body, uint64_t firing)
{
	uint32_t low, high;
	uint64_t seq;

	if (body == WEFT_STUCK_NOBODY)		/* the host */
		return TRACE_NONE;
	seq = firing / t->body[body].firings;
	low = t->first[body];
	high = t->first[body + 1];
	while (low < high) {
		const uint32_t mid = low + (high - low) / 2;
		const struct weft_plan_record *r = &t->bar[mid].record;
		const uint64_t at = r->seq * t->body[body].firings + r->firing;

		if (at == firing)
			return mid;
		if (r->seq > seq || at > firing)
			high = mid;
		else
			low = mid + 1;
	}
	return TRACE_NONE;
}

int64_t trace_source(const struct trace_edge *e, uint64_t firing, uint32_t rate)
{
	const int64_t token = (int64_t)((firing + 1) * rate) - 1 - e->info.initial;

	return token < 0 ? -1 : token / e->info.rate;
}

/* The firing of a consumer that gave back the last block which firing @firing of the producer took; -1: it was idle */
static int64_t returned(const struct trace_edge *e, uint64_t firing, uint32_t rate)
{
	const int64_t need = (int64_t)e->info.initial + (int64_t)((firing + 1) * e->info.rate) - e->info.depth;

	return need <= 0 ? -1 : (need + rate - 1) / rate - 1;
}

/* What ended last, of all that the bar needed. */
static void cause(struct trace *t, struct trace_bar *bar, uint32_t edge, uint32_t body, int64_t firing, bool credit)
{
	const uint32_t from = firing < 0 ? TRACE_NONE : trace_bar_of(t, body, (uint64_t)firing);

	if (from == TRACE_NONE || (bar->cause != TRACE_NONE &&
				   t->bar[from].record.end_ns <= t->bar[bar->cause].record.end_ns))
		return;
	bar->cause = from;
	bar->edge = edge;
	bar->credit = credit;
}

static void causes(struct trace *t)
{
	for (uint32_t i = 0; i < t->num_bars; i++)
		t->bar[i].cause = TRACE_NONE;
	for (uint32_t e = 0; e < t->num_edges; e++) {
		const struct trace_edge *edge = &t->edge[e];
		const uint32_t from = edge->info.producer;

		for (uint32_t c = 0; c < edge->info.consumers; c++) {
			const struct trace_consumer *to = &edge->consumer[c];

			for (uint32_t i = t->first[to->body]; i < t->first[to->body + 1]; i++) {
				const struct weft_plan_record *r = &t->bar[i].record;
				const uint64_t n = r->seq * t->body[to->body].firings + r->firing;

				cause(t, &t->bar[i], e, from, trace_source(edge, n, to->rate), false);
			}
			for (uint32_t i = from == WEFT_STUCK_NOBODY ? 0 : t->first[from];
			     from != WEFT_STUCK_NOBODY && i < t->first[from + 1]; i++) {
				const struct weft_plan_record *r = &t->bar[i].record;
				const uint64_t n = r->seq * t->body[from].firings + r->firing;

				cause(t, &t->bar[i], e, to->body, returned(edge, n, to->rate), true);
			}
		}
	}
	/* what ended well before the wait was over is not what it waited for; the gate may be, or the lane was busy */
	for (uint32_t i = 0; i < t->num_bars; i++) {
		struct trace_bar *b = &t->bar[i];

		if (b->cause != TRACE_NONE && t->bar[b->cause].record.end_ns + b->record.wait_ns < b->record.ready_ns)
			b->cause = TRACE_NONE;
	}
}

/* Is @name one of the bodies in the text of the planner, "body a -(…)-> body b …"? */
static bool named(const char *text, const char *name)
{
	const size_t n = strlen(name);

	for (const char *at = text; (at = strstr(at, "body ")); at++)
		if (!strncmp(at + 5, name, n) && (!at[5 + n] || at[5 + n] == ' ' || at[5 + n] == ',' || at[5 + n] == ':'))
			return true;
	return false;
}

static int structure(struct trace *t, const char *command, const struct weft_plan *plan)
{
	for (uint32_t i = 0; i < t->num_bodies; i++) {
		t->body[i].size = sizeof(t->body[i]);
		if (weft_plan_body_info(plan, i, &t->body[i]))
			return cmd_weft_error(command, "body", -1);
		t->critical[i] = named(t->measure.critical, t->body[i].name);
		if (t->body[i].lane >= t->num_lanes)
			t->num_lanes = t->body[i].lane + 1;
		if (t->body[i].device >= t->num_devices)
			t->num_devices = t->body[i].device + 1;
	}
	for (uint32_t i = 0; i < t->num_edges; i++) {
		struct trace_edge *e = &t->edge[i];

		e->info.size = sizeof(e->info);
		if (weft_plan_edge_info(plan, i, &e->info))
			return cmd_weft_error(command, "edge", -1);
		e->consumer = calloc(e->info.consumers + 1, sizeof(e->consumer[0]));
		if (!e->consumer)
			return cmd_error(command, "no memory");
		for (uint32_t c = 0; c < e->info.consumers; c++)
			if (weft_plan_edge_consumer(plan, i, c, &e->consumer[c].body, &e->consumer[c].rate))
				return cmd_weft_error(command, "edge", -1);
	}
	return 0;
}

static void bars(struct trace *t, struct weft_plan_record *record, uint32_t count)
{
	uint64_t from = UINT64_MAX;

	qsort(record, count, sizeof(*record), by_body);
	for (uint32_t i = 0; i < count; i++) {
		/* the time before the first firing is none of the run's */
		const uint64_t at = record[i].seq ? record[i].start_ns : record[i].ready_ns;

		from = at < from ? at : from;
	}
	for (uint32_t i = 0, b = 0; i <= count; i++)
		for (; b <= t->num_bodies && (i == count || b <= record[i].body); b++)
			t->first[b] = i;
	for (uint32_t i = 0; i < count; i++) {
		struct weft_plan_record *r = &t->bar[i].record;

		*r = record[i];
		r->ready_ns -= from < r->ready_ns ? from : r->ready_ns;
		r->start_ns -= from < r->start_ns ? from : r->start_ns;
		r->end_ns -= from;
		r->wait_ns = r->wait_ns < r->ready_ns ? r->wait_ns : r->ready_ns;
		t->span_ns = r->end_ns > t->span_ns ? r->end_ns : t->span_ns;
		t->sequences = r->seq >= t->sequences ? r->seq + 1 : t->sequences;
	}
}

int trace_make(struct trace *t, const char *command, struct weft_plan *plan, const char *name,
	       const struct weft_plan_report *report, struct weft_plan_record *record, uint32_t count)
{
	*t = (struct trace) {
		.name = name, .report = *report, .measure.size = sizeof(t->measure), .num_bodies = report->num_bodies,
		.num_edges = report->num_edges, .num_bars = count,
	};
	t->body = calloc(t->num_bodies, sizeof(t->body[0]));
	t->critical = calloc(t->num_bodies, sizeof(t->critical[0]));
	t->edge = calloc(t->num_edges + 1, sizeof(t->edge[0]));
	t->bar = calloc((size_t)count + 1, sizeof(t->bar[0]));
	t->first = calloc((size_t)t->num_bodies + 1, sizeof(t->first[0]));
	if (!t->body || !t->critical || !t->edge || !t->bar || !t->first)
		return cmd_error(command, "no memory");
	if (weft_plan_measured(plan, record, count, &t->measure))
		return cmd_weft_error(command, "times", -1);
	if (structure(t, command, plan))
		return -1;
	bars(t, record, count);
	causes(t);
	return 0;
}

void trace_free(struct trace *t)
{
	for (uint32_t i = 0; t->edge && i < t->num_edges; i++)
		free(t->edge[i].consumer);
	free(t->body);
	free(t->critical);
	free(t->edge);
	free(t->bar);
	free(t->first);
	*t = (struct trace) { 0 };
}
