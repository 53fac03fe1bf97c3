/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The period that is measured, beside the planner's for the times of the same run. */
#include "period.h"

#define WANTED	1.05
#define LIMIT	2.0	/* who waits for more than the plan's reasons; how near the cards come on a quiet machine is a figure */

/* Of several tries the last, which is a good one where there is one: time goes on while an emulated card waits for its processor. */
static int law(struct weft *weft, const char *name, int (*build)(struct weft_plan *p))
{
	struct weft_plan_measure m;
	double ratio = 0;

	for (int tries = 0; tries < 8; tries++) {
		if (period_measure(weft, build, &m))
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

static int of_chain(struct weft *weft)
{
	return law(weft, "period.chain", period_chain);
}

static int of_diamond(struct weft *weft)
{
	return law(weft, "period.diamond", period_diamond);
}

static int of_train(struct weft *weft)
{
	return law(weft, "period.train", period_train);
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "the period of a chain", of_chain },
		{ "the period of a diamond", of_diamond },
		{ "the period of a training step", of_train },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
