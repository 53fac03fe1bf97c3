/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The plan as it was prepared, asked again for its period with the times that its bodies took. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <weft/look.h>

#include "exec.h"

#include "runtime/plan/cycle.h"
#include "runtime/plan/pace.h"

#define PLAY	(1u << 17)		/* firings that the play may take, as when it was prepared */
#define HOUR_NS	3600000000000ull

struct again {
	struct weft_net net;
	struct weft_net_group group[2 * WEFT_PLAN_DEVICES];
	struct weft_net_consumer *consumer;
	uint32_t *member, *q;
};

static void again_fini(struct again *a)
{
	free(a->net.body);
	free(a->net.edge);
	free(a->net.lane);
	free(a->consumer);
	free(a->member);
	free(a->q);
}

static void edges_again(const struct weft_plan *p, struct again *a)
{
	struct weft_net_consumer *c = a->consumer;

	for (uint32_t i = 0; i < p->num_edges; i++) {
		const struct weft_edge *e = p->edge[i];

		a->net.edge[i] = (struct weft_net_edge) {
			.name = e->name, .from = e->producer ? e->producer->id : WEFT_NET_NONE, .produce = e->rate, .depth = e->depth, .initial = e->initial,
			.place = e->place, .block_bytes = e->stride, .consumer = c, .num_consumers = e->num_consumers,
			.flags = WEFT_NET_FIXED | (e->flags & WEFT_EDGE_STATE ? WEFT_NET_STATE : 0) |
				 (e->flags & WEFT_EDGE_CONTROL ? WEFT_NET_CONTROL : 0),
		};
		for (uint32_t j = 0; j < e->num_consumers; j++, c++)
			*c = (struct weft_net_consumer) { .body = e->consumer[j].body->id, .consume = e->consumer[j].rate };
	}
	a->net.num_edges = p->num_edges;
}

static void lanes_again(const struct weft_plan *p, struct again *a)
{
	uint32_t *m = a->member;

	for (uint32_t i = 0; i < p->num_lanes; i++) {
		a->net.lane[i] = (struct weft_net_lane) {
			.body = m, .num_bodies = p->lane[i].num_bodies, .card = p->lane[i].device };
		for (uint32_t j = 0; j < p->lane[i].num_bodies; j++)
			*m++ = p->lane[i].body[j]->id;
	}
	a->net.num_lanes = p->num_lanes;
}

static int again_init(const struct weft_plan *p, struct again *a, const uint64_t *time_ns)
{
	uint32_t consumers = 0;

	for (uint32_t i = 0; i < p->num_edges; i++)
		consumers += p->edge[i]->num_consumers;
	a->net.body = calloc(p->num_bodies, sizeof(a->net.body[0]));
	a->net.edge = calloc(p->num_edges + 1, sizeof(a->net.edge[0]));
	a->net.lane = calloc(p->num_lanes, sizeof(a->net.lane[0]));
	a->consumer = calloc(consumers + 1, sizeof(a->consumer[0]));
	a->member = calloc(p->num_bodies, sizeof(a->member[0]));
	a->q = calloc(p->num_bodies, sizeof(a->q[0]));
	if (!a->net.body || !a->net.edge || !a->net.lane || !a->consumer || !a->member || !a->q)
		return weft_fail(-ENOMEM, "plan %s: times", p->name);
	for (uint32_t i = 0; i < p->num_bodies; i++) {
		const struct weft_body *b = p->body[i];

		a->net.body[i] = (struct weft_net_body) {
			.name = b->name, .card = b->device, .lane = b->lane, .skew = (int32_t)b->skew, .group = b->group,
			.time_ns = time_ns[i],
		};
		a->q[i] = b->q;
	}
	a->net.num_bodies = p->num_bodies;
	for (uint32_t i = 0; i < p->num_groups; i++)
		a->group[i] = (struct weft_net_group) { .name = "engines", .width = p->group_width[i] };
	a->net.group = a->group;
	a->net.num_groups = p->num_groups;
	edges_again(p, a);
	lanes_again(p, a);
	return 0;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Of each body the median of its firings; the planner's where there is none. */
static int medians(const struct weft_plan *p, const struct weft_plan_record *r, uint32_t count, uint64_t *time_ns)
{
	uint32_t *first = calloc(p->num_bodies + 2, sizeof(*first));
	uint64_t *all = calloc(count + 1, sizeof(*all));
	int ret = first && all ? 0 : weft_fail(-ENOMEM, "plan %s: times", p->name);

	for (uint32_t i = 0; i < count && !ret; i++) {
		if (r[i].body >= p->num_bodies || r[i].end_ns < r[i].start_ns)
			ret = weft_fail(-EINVAL, "weft_plan_measured: record %u is none of plan %s", i, p->name);
		else
			first[r[i].body + 2]++;
	}
	for (uint32_t b = 2; b < p->num_bodies + 2 && !ret; b++)
		first[b] += first[b - 1];
	for (uint32_t i = 0; i < count && !ret; i++)
		all[first[r[i].body + 1]++] = r[i].end_ns - r[i].start_ns;
	for (uint32_t b = 0; b < p->num_bodies && !ret; b++) {
		const uint32_t n = first[b + 1] - first[b];

		qsort(all + first[b], n, sizeof(*all), by_value);
		time_ns[b] = n ? all[first[b] + n / 2] : weft_body_time_ns(p->body[b]);
		if (time_ns[b] > HOUR_NS)
			ret = weft_fail(-EOVERFLOW, "weft_plan_measured: body %s takes more than an hour", p->body[b]->name);
	}
	free(first);
	free(all);
	return ret;
}

/* When the last body of the middle sequence and of the last one ended. */
static void period(const struct weft_plan_record *r, uint32_t count, struct weft_plan_measure *m)
{
	uint64_t first = UINT64_MAX, last = 0, middle, end[2] = { 0 };

	for (uint32_t i = 0; i < count; i++) {
		first = r[i].seq < first ? r[i].seq : first;
		last = r[i].seq > last ? r[i].seq : last;
	}
	m->sequences = count ? (uint32_t)(last - first + 1) : 0;
	if (m->sequences < 4)
		return;
	middle = first + (last - first) / 2;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t *e = r[i].seq == last ? &end[1] : r[i].seq == middle ? &end[0] : NULL;

		if (e && r[i].end_ns > *e)
			*e = r[i].end_ns;
	}
	if (end[0] && end[1] > end[0])
		m->measured_ns = (double)(end[1] - end[0]) / (double)(last - middle);
}

static int solve(struct weft_plan *p, struct again *a, struct weft_plan_measure *m)
{
	struct weft_pace pace = { .period = { 0, 1 } };
	struct weft_ratio t = { 0, 1 };
	struct weft_critical critical;
	struct weft_arcs arcs = { 0 };
	struct weft_why why = { "" };
	uint32_t group;
	int ret = weft_arcs_init(&arcs, &a->net, a->q, p->guard, p->num_guards, &why);

	critical.text = (struct weft_why) { "" };
	if (!ret)
		ret = weft_cycle_period(&a->net, &arcs, p->guard, weft_cycle_groups(&a->net, a->q, &group), &t, &critical, &why);
	if (!ret && arcs.num_nodes * 4ull <= PLAY)
		ret = weft_pace(&a->net, &arcs, PLAY, &pace, &why);
	weft_arcs_fini(&arcs);
	if (ret)
		return weft_fail(ret, "plan %s: %s", p->name, why.text);
	m->period_ns = weft_ratio_ns(t);
	m->pace_ns = weft_ratio_ns(pace.period) > m->period_ns ? weft_ratio_ns(pace.period) : m->period_ns;
	if (group != WEFT_NET_NONE && !critical.text.text[0])
		snprintf(m->critical, sizeof(m->critical), "engines, %u at a time", p->group_width[group]);
	else
		snprintf(m->critical, sizeof(m->critical), "%.*s", (int)sizeof(m->critical) - 1, critical.text.text);
	return 0;
}

int weft_plan_measured(struct weft_plan *plan, const struct weft_plan_record *records, uint32_t count,
		       struct weft_plan_measure *measure)
{
	struct weft_plan_measure m = { 0 };
	struct again a = { 0 };
	uint64_t *time_ns;
	int ret = weft_plan_check(plan, false, __func__);

	if (ret)
		return ret;
	if (!plan->prepared || (count && !records))
		return weft_fail(-EINVAL, "weft_plan_measured: plan %s", plan->prepared ? "without records" : "is not prepared");
	time_ns = calloc(plan->num_bodies, sizeof(*time_ns));
	ret = time_ns ? medians(plan, records, count, time_ns) : weft_fail(-ENOMEM, "plan %s: times", plan->name);
	if (!ret)
		ret = again_init(plan, &a, time_ns);
	if (!ret)
		ret = solve(plan, &a, &m);
	again_fini(&a);
	free(time_ns);
	if (ret)
		return ret;
	period(records, count, &m);
	return weft_give(measure, &m, sizeof(m), sizeof(m), __func__);
}
