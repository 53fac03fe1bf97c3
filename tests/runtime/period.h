/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Three plans whose period is known to nobody, and what it is: measured, and played by the planner with the times of the run. */
#ifndef PERIOD_H
#define PERIOD_H

#include <weft/look.h>

#include "plan_rig.h"

#define PERIOD_COUNT	60u

static inline int period_join(struct weft_plan *p, struct weft_body *from, const char *name, uint32_t depth, struct weft_body *to)
{
	struct weft_edge *e = edge_of(p, name, depth, 0, 0, NULL);

	RT_CHECK(e, "%s", rt_text);
	RT_OK(weft_body_output(from, e, 1));
	RT_OK(weft_body_input(to, e, 1));
	return 0;
}

static inline struct weft_body *period_timed(struct weft_plan *p, const char *name, const char *lane, uint64_t ns)
{
	struct weft_body *b = body_of(p, name, 0, lane, 0);

	return b && !weft_body_timed(b, ns) ? b : NULL;
}

/* Four in a row of unlike times, two blocks between them. */
static inline int period_chain(struct weft_plan *p)
{
	static const char *const names[] = { "a", "b", "c", "d" }, *const edges[] = { "e", "f", "g" };
	static const uint64_t ns[] = { 2 * MS, 3 * MS, 4 * MS, MS };
	struct weft_body *b[4];

	for (int i = 0; i < 4; i++) {
		b[i] = period_timed(p, names[i], NULL, ns[i]);
		RT_CHECK(b[i], "%s", rt_text);
		if (i && period_join(p, b[i - 1], edges[i - 1], 2, b[i]))
			return -1;
	}
	return 0;
}

/* Two ways from one to another; the long one has too few blocks beside it. */
static inline int period_diamond(struct weft_plan *p)
{
	struct weft_body *a = period_timed(p, "a", NULL, 2 * MS), *b = period_timed(p, "b", NULL, 3 * MS);
	struct weft_body *c = period_timed(p, "c", NULL, 3 * MS), *d = period_timed(p, "d", NULL, 2 * MS);

	RT_CHECK(a && b && c && d, "%s", rt_text);
	if (period_join(p, a, "ab", 2, b) || period_join(p, b, "bc", 2, c) || period_join(p, c, "cd", 2, d))
		return -1;
	return period_join(p, a, "ad", 2, d);
}

/* Forward and backward on one lane, an update of weights that both read, and input that is staged meanwhile. */
static inline int period_train(struct weft_plan *p)
{
	struct weft_body *stage = period_timed(p, "stage", NULL, 2 * MS), *update = period_timed(p, "update", NULL, MS);
	struct weft_body *forward = period_timed(p, "forward", "model", 2 * MS);
	struct weft_body *backward = period_timed(p, "backward", "model", 3 * MS);
	struct weft_edge *weights;

	RT_CHECK(stage && forward && backward && update, "%s", rt_text);
	if (period_join(p, stage, "rows", 2, forward) || period_join(p, forward, "kept", 1, backward) ||
	    period_join(p, backward, "gradients", 1, update))
		return -1;
	weights = edge_of(p, "weights", 1, WEFT_EDGE_STATE, 1, NULL);
	RT_CHECK(weights, "%s", rt_text);
	RT_OK(weft_body_output(update, weights, 1));
	RT_OK(weft_body_input(forward, weights, 1));
	RT_OK(weft_body_input(backward, weights, 1));
	return 0;
}

/* One run of one of them, traced. */
static inline int period_measure(struct weft *weft, int (*build)(struct weft_plan *p), struct weft_plan_measure *m)
{
	static const struct weft_plan_config traced = { .size = sizeof(traced), .flags = WEFT_PLAN_TRACE };
	static struct weft_plan_record r[16 * PERIOD_COUNT];
	struct weft_plan_report report = { .size = sizeof(report) };
	uint32_t have = 0;
	struct rig rig;

	if (rig_open(weft, &rig, 1, &traced) || build(rig.plan))
		return -1;
	m->size = sizeof(*m);
	RT_IS(weft_plan_measured(rig.plan, r, 0, m), -EINVAL);		/* it is not prepared */
	RT_OK(weft_plan_prepare(rig.plan, &report));
	/* without records it says what the planner said */
	RT_OK(weft_plan_measured(rig.plan, NULL, 0, m));
	RT_CHECK(m->period_ns == report.period_ns && m->pace_ns == report.pace_ns && !m->measured_ns && !m->sequences,
		 "T* %.0f and %.0f ns, pace %.0f and %.0f ns", m->period_ns, report.period_ns, m->pace_ns, report.pace_ns);
	RT_CHECK(!strcmp(m->critical, report.critical), "%s, but %s", m->critical, report.critical);
	RT_OK(weft_plan_load(rig.plan));
	RT_OK(weft_plan_run(rig.plan, PERIOD_COUNT, NULL));
	RT_OK(weft_plan_drain(rig.plan, 60 * RT_SECOND));
	for (int i = 0; i < 1000 && have < PERIOD_COUNT * report.num_bodies; i++) {
		int more = weft_plan_trace(rig.plan, r + have, 16 * PERIOD_COUNT - have, NULL);

		RT_OK(more);
		have += (uint32_t)more;
		usleep(more ? 0 : 1000);
	}
	RT_OK(weft_plan_measured(rig.plan, r, have, m));
	RT_CHECK(m->sequences == PERIOD_COUNT, "%u sequences", m->sequences);
	RT_CHECK(m->period_ns >= report.period_ns * 0.99, "T* %.0f ns by measured times, %.0f ns by the plan", m->period_ns,
		 report.period_ns);
	r[0].body = 99;
	RT_IS(weft_plan_measured(rig.plan, r, have, m), -EINVAL);
	return rig_close(&rig);
}

#endif
