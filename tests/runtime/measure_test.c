/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The period that is measured, beside the planner's for the times of the same run. */
#include <weft/look.h>

#include "plan_rig.h"

#define COUNT	60u
#define ROOM	(COUNT * 16u)
#define WANTED	1.05
#define LIMIT	2.0	/* who waits for more than the plan's reasons; how near the cards come on a quiet machine is a figure */

static const struct weft_plan_config traced = { .size = sizeof(traced), .flags = WEFT_PLAN_TRACE };

static int join(struct weft_plan *p, struct weft_body *from, const char *name, uint32_t depth, struct weft_body *to)
{
	struct weft_edge *e = edge_of(p, name, depth, 0, 0, NULL);

	RT_CHECK(e, "%s", rt_text);
	RT_OK(weft_body_output(from, e, 1));
	RT_OK(weft_body_input(to, e, 1));
	return 0;
}

static struct weft_body *timed(struct weft_plan *p, const char *name, const char *lane, uint64_t ns)
{
	struct weft_body *b = body_of(p, name, 0, lane, 0);

	return b && !weft_body_timed(b, ns) ? b : NULL;
}

/* Four in a row of unlike times, two blocks between them. */
static int chain(struct weft_plan *p)
{
	static const char *const names[] = { "a", "b", "c", "d" }, *const edges[] = { "e", "f", "g" };
	static const uint64_t ns[] = { 2 * MS, 3 * MS, 4 * MS, MS };
	struct weft_body *b[4];

	for (int i = 0; i < 4; i++) {
		b[i] = timed(p, names[i], NULL, ns[i]);
		RT_CHECK(b[i], "%s", rt_text);
		if (i && join(p, b[i - 1], edges[i - 1], 2, b[i]))
			return -1;
	}
	return 0;
}

/* Two ways from one to another; the long one has too few blocks beside it. */
static int diamond(struct weft_plan *p)
{
	struct weft_body *a = timed(p, "a", NULL, 2 * MS), *b = timed(p, "b", NULL, 3 * MS), *c = timed(p, "c", NULL, 3 * MS),
			 *d = timed(p, "d", NULL, 2 * MS);

	RT_CHECK(a && b && c && d, "%s", rt_text);
	if (join(p, a, "ab", 2, b) || join(p, b, "bc", 2, c) || join(p, c, "cd", 2, d))
		return -1;
	return join(p, a, "ad", 2, d);
}

/* Forward and backward on one lane, an update of weights that both read, and input that is staged meanwhile. */
static int train(struct weft_plan *p)
{
	struct weft_body *stage = timed(p, "stage", NULL, 2 * MS), *forward = timed(p, "forward", "model", 2 * MS),
			 *backward = timed(p, "backward", "model", 3 * MS), *update = timed(p, "update", NULL, MS);
	struct weft_edge *weights;

	RT_CHECK(stage && forward && backward && update, "%s", rt_text);
	if (join(p, stage, "rows", 2, forward) || join(p, forward, "kept", 1, backward) || join(p, backward, "gradients", 1, update))
		return -1;
	weights = edge_of(p, "weights", 1, WEFT_EDGE_STATE, 1, NULL);
	RT_CHECK(weights, "%s", rt_text);
	RT_OK(weft_body_output(update, weights, 1));
	RT_OK(weft_body_input(forward, weights, 1));
	RT_OK(weft_body_input(backward, weights, 1));
	return 0;
}

static int measure(struct weft *weft, int (*build)(struct weft_plan *p), struct weft_plan_measure *m)
{
	static struct weft_plan_record r[ROOM];
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
	RT_OK(weft_plan_run(rig.plan, COUNT, NULL));
	RT_OK(weft_plan_drain(rig.plan, 60 * RT_SECOND));
	for (int i = 0; i < 1000 && have < COUNT * report.num_bodies; i++) {
		int more = weft_plan_trace(rig.plan, r + have, ROOM - have, NULL);

		RT_OK(more);
		have += (uint32_t)more;
		usleep(more ? 0 : 1000);
	}
	RT_OK(weft_plan_measured(rig.plan, r, have, m));
	RT_CHECK(m->sequences == COUNT, "%u sequences", m->sequences);
	RT_CHECK(m->period_ns >= report.period_ns * 0.99, "T* %.0f ns by measured times, %.0f ns by the plan", m->period_ns,
		 report.period_ns);
	r[0].body = 99;
	RT_IS(weft_plan_measured(rig.plan, r, have, m), -EINVAL);
	return rig_close(&rig);
}

/* Of several tries the last, which is a good one where there is one: time goes on while an emulated card waits for its processor. */
static int law(struct weft *weft, const char *name, int (*build)(struct weft_plan *p))
{
	struct weft_plan_measure m;
	double ratio = 0;

	for (int tries = 0; tries < 8; tries++) {
		if (measure(weft, build, &m))
			return -1;
		ratio = m.measured_ns / m.pace_ns;
		printf("# %s: measured %.3f ms, played %.3f ms, T* %.3f ms: %.3f times\n", name, m.measured_ns / MS, m.pace_ns / MS,
		       m.period_ns / MS, ratio);
		if (ratio <= WANTED)
			break;
	}
	RT_CHECK(ratio > 0.95 && ratio <= LIMIT, "%.3f times", ratio);
	return 0;
}

static int period_chain(struct weft *weft)
{
	return law(weft, "period.chain", chain);
}

static int period_diamond(struct weft *weft)
{
	return law(weft, "period.diamond", diamond);
}

static int period_train(struct weft *weft)
{
	return law(weft, "period.train", train);
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "the period of a chain", period_chain },
		{ "the period of a diamond", period_diamond },
		{ "the period of a training step", period_train },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
