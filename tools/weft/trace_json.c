// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Chrome's JSON of trace events, which Perfetto opens: a process for each card, a thread for each lane, a complete event
 * for each firing and for each wait, a flow along each edge. Times there are in microseconds.
 */
#include "trace.h"

static void us(struct json *j, const char *key, uint64_t ns)
{
	json_key(j, key);
	fprintf(j->out, "%llu.%03llu", (unsigned long long)(ns / 1000), (unsigned long long)(ns % 1000));
}

static void event(struct json *j, const char *ph, const char *name, const char *cat, uint32_t device, uint32_t lane)
{
	json_open(j, NULL, '{');
	json_text(j, "ph", ph);
	json_text(j, "name", name);
	if (cat)
		json_text(j, "cat", cat);
	json_u64(j, "pid", device + 1);
	json_u64(j, "tid", lane + 1);
}

static void meta(struct json *j, const char *what, uint32_t device, uint32_t lane, const char *name)
{
	event(j, "M", what, NULL, device, lane);
	json_open(j, "args", '{');
	json_text(j, "name", name);
	json_close(j, '}');
	json_close(j, '}');
}

static void names(struct json *j, const struct trace *t)
{
	char text[64];

	for (uint32_t i = 0; i < t->num_devices; i++) {
		snprintf(text, sizeof(text), "card %u", i);
		meta(j, "process_name", i, 0, text);
	}
	for (uint32_t i = 0; i < t->num_bodies; i++) {
		const struct weft_body_info *b = &t->body[i];

		if (b->position)
			continue;
		meta(j, "thread_name", b->device, b->lane, b->lane_name);
		event(j, "M", "thread_sort_index", NULL, b->device, b->lane);
		json_open(j, "args", '{');
		json_u64(j, "sort_index", b->lane);
		json_close(j, '}');
		json_close(j, '}');
	}
}

static void bar(struct json *j, const struct trace *t, const struct trace_bar *b)
{
	const struct weft_plan_record *r = &b->record;
	const char *name = t->body[r->body].name;

	if (r->wait_ns) {
		event(j, "X", "wait", "wait", r->device, r->lane);
		us(j, "ts", r->ready_ns - r->wait_ns);
		us(j, "dur", r->wait_ns);
		json_text(j, "cname", "grey");
		json_open(j, "args", '{');
		json_text(j, "body", name);
		json_u64(j, "seq", r->seq);
		if (b->cause != TRACE_NONE) {
			json_text(j, "edge", t->edge[b->edge].info.name);
			json_text(j, "for", b->credit ? "an idle block" : "data");
			json_text(j, "from", t->body[t->bar[b->cause].record.body].name);
		}
		json_close(j, '}');
		json_close(j, '}');
	}
	event(j, "X", name, "body", r->device, r->lane);
	us(j, "ts", r->start_ns);
	us(j, "dur", r->end_ns - r->start_ns);
	json_open(j, "args", '{');
	json_u64(j, "seq", r->seq);
	json_u64(j, "firing", r->firing);
	us(j, "queued_us", r->start_ns - r->ready_ns);
	json_close(j, '}');
	json_close(j, '}');
}

/* An end of an arrow lies inside the bar it belongs to, which ends at end_ns and does not hold it. */
static uint64_t inside(const struct weft_plan_record *r)
{
	return r->end_ns > r->start_ns ? r->end_ns - 1 : r->end_ns;
}

static void flow(struct json *j, const struct trace *t, uint32_t edge, uint32_t from, uint32_t to, uint64_t id)
{
	const struct weft_plan_record *a = &t->bar[from].record, *b = &t->bar[to].record;

	event(j, "s", t->edge[edge].info.name, "edge", a->device, a->lane);
	us(j, "ts", inside(a));
	json_u64(j, "id", id);
	json_close(j, '}');
	event(j, "f", t->edge[edge].info.name, "edge", b->device, b->lane);
	us(j, "ts", b->start_ns);
	json_u64(j, "id", id);
	json_text(j, "bp", "e");
	json_close(j, '}');
}

static void flows(struct json *j, const struct trace *t)
{
	uint64_t id = 0;

	for (uint32_t e = 0; e < t->num_edges; e++)
		for (uint32_t c = 0; c < t->edge[e].info.consumers; c++) {
			const struct trace_consumer *to = &t->edge[e].consumer[c];

			for (uint32_t i = t->first[to->body]; i < t->first[to->body + 1]; i++) {
				const struct weft_plan_record *r = &t->bar[i].record;
				const int64_t n = trace_source(&t->edge[e], r->seq * t->body[to->body].firings + r->firing, to->rate);
				const uint32_t from = n < 0 ? TRACE_NONE : trace_bar_of(t, t->edge[e].info.producer, (uint64_t)n);

				if (from != TRACE_NONE)
					flow(j, t, e, from, i, ++id);
			}
		}
}

int trace_write_json(FILE *out, const struct trace *t)
{
	struct json j;

	json_begin(&j, out, '{');
	json_text(&j, "displayTimeUnit", "ns");
	json_open(&j, "otherData", '{');
	json_text(&j, "plan", t->name);
	json_u64(&j, "sequences", t->sequences);
	json_number(&j, "t_star_ns", t->report.period_ns, 12);
	json_number(&j, "pace_ns", t->report.pace_ns, 12);
	json_number(&j, "t_star_of_measured_times_ns", t->measure.period_ns, 12);
	json_number(&j, "pace_of_measured_times_ns", t->measure.pace_ns, 12);
	if (t->measure.measured_ns > 0)
		json_number(&j, "measured_ns", t->measure.measured_ns, 12);
	json_text(&j, "critical", t->measure.critical);
	json_u64(&j, "dropped", t->dropped);
	json_close(&j, '}');
	json_open(&j, "traceEvents", '[');
	names(&j, t);
	for (uint32_t i = 0; i < t->num_bars; i++)
		bar(&j, t, &t->bar[i]);
	flows(&j, t);
	json_close(&j, ']');
	json_end(&j, '}');
	return 0;
}
