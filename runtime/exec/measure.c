/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The plan as it was prepared, asked again for its period with the times that its bodies took. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <weft/look.h>

#include "decided.h"

#include "runtime/plan/cycle.h"
#include "runtime/plan/pace.h"

#define PLAY	(1u << 17)		/* firings that the play may take, as when it was prepared */
#define HOUR_NS	3600000000000ull

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

static int solve(struct weft_plan *p, const struct weft_decided *d, struct weft_plan_measure *m)
{
	struct weft_pace pace = { .period = { 0, 1 } };
	struct weft_ratio t = { 0, 1 };
	struct weft_critical critical;
	struct weft_arcs arcs = { 0 };
	struct weft_why why = { "" };
	uint32_t group;
	int ret = weft_arcs_init(&arcs, &d->net, d->q, p->guard, p->num_guards, &why);

	critical.text = (struct weft_why) { "" };
	if (!ret)
		ret = weft_cycle_period(&d->net, &arcs, p->guard, weft_cycle_groups(&d->net, d->q, &group), &t, &critical, &why);
	if (!ret && arcs.num_nodes * 4ull <= PLAY)
		ret = weft_pace(&d->net, &arcs, PLAY, &pace, &why);
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
	struct weft_decided d;
	uint64_t *time_ns;
	int ret = weft_plan_check(plan, false, __func__);

	if (ret)
		return ret;
	if (!plan->prepared || (count && !records))
		return weft_fail(-EINVAL, "weft_plan_measured: plan %s", plan->prepared ? "without records" : "is not prepared");
	time_ns = calloc(plan->num_bodies, sizeof(*time_ns));
	ret = time_ns ? medians(plan, records, count, time_ns) : weft_fail(-ENOMEM, "plan %s: times", plan->name);
	if (!ret) {
		ret = weft_decided_init(&d, plan);
		for (uint32_t i = 0; i < plan->num_bodies && !ret; i++)
			d.net.body[i].time_ns = time_ns[i];
		if (!ret)
			ret = solve(plan, &d, &m);
		weft_decided_fini(&d);
	}
	free(time_ns);
	if (ret)
		return ret;
	period(records, count, &m);
	return weft_give(measure, &m, sizeof(m), sizeof(m), __func__);
}
