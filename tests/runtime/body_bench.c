/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Figures of bodies, as `make bench` reports them: body_bench [FIGURE...] writes a JSON array.
 *
 *	body.fire_us	a chain of eight bodies without work, two blocks on each edge, on a card that may have one lane: time by
 *			the card's clock over firings
 *	body.fire_d1_us	the same with one block
 *	body.lanes_us	the same with two blocks, each body in a lane of its own
 *	body.hop_us	two bodies on two cards with one block between them: half a sequence, which is a hop there or back
 *	period.*	measured over what the planner plays with the times of the same run
 *	load.1k_s	weft_plan_load() of a plan of 1,000 lanes on all cards, up to four; it is run and unloaded each time
 *	load.16k_s	the same of 16,000 lanes
 *	load.linear	time per lane of the second over that of the first
 */
#include <string.h>

#include "period.h"
#include "wide.h"

#define BODIES		8
#define RUNS		9
#define WIDE_RUNS	3		/* the largest takes minutes where there is no hardware virtualisation: once */
#define FIRINGS		20000
#define WARM		100

struct shape {
	uint32_t depth, cards, bodies;
	bool own_lanes;
};

static int make(struct weft_plan *p, const struct shape *s)
{
	struct weft_body *before = NULL;

	for (uint32_t i = 0; i < s->bodies; i++) {
		struct weft_body *b;
		char name[16], edge[16];

		snprintf(name, sizeof(name), "b%u", i);
		snprintf(edge, sizeof(edge), "e%u", i);
		b = body_of(p, name, i % s->cards, s->own_lanes ? name : NULL, 0);
		RT_CHECK(b, "%s", rt_text);
		RT_OK(weft_body_timed(b, 0));
		if (before && period_join(p, before, edge, s->depth, b))
			return -1;
		before = b;
	}
	return 0;
}

/* us of one firing */
static int fire(struct weft *weft, const struct shape *s, double *us)
{
	const struct weft_plan_config few = { .size = sizeof(few), .flags = s->own_lanes ? 0 : WEFT_PLAN_FEW_QUEUES,
					      .lanes = s->own_lanes ? 0 : 1 };
	struct weft_clock from = { .size = sizeof(from) }, to = { .size = sizeof(to) };
	struct rig r;

	if (rig_open(weft, &r, s->cards, &few) || make(r.plan, s))
		return -1;
	RT_OK(weft_plan_load(r.plan));
	RT_OK(weft_plan_run(r.plan, WARM, NULL));
	RT_OK(weft_plan_wait(r.plan, WARM - 1, 10 * RT_SECOND));
	RT_OK(weft_device_clock(r.card[0], &from));
	RT_OK(weft_plan_run(r.plan, FIRINGS, NULL));
	RT_OK(weft_plan_wait(r.plan, WARM + FIRINGS - 1, 60 * RT_SECOND));
	RT_OK(weft_device_clock(r.card[0], &to));
	*us = (double)(to.device_ns - from.device_ns) / 1000 / s->bodies / FIRINGS;
	return rig_close(&r);
}

static int fire_us(struct weft *weft, double *us)
{
	return fire(weft, &(struct shape) { 2, 1, BODIES, false }, us);
}

static int fire_d1_us(struct weft *weft, double *us)
{
	return fire(weft, &(struct shape) { 1, 1, BODIES, false }, us);
}

static int lanes_us(struct weft *weft, double *us)
{
	return fire(weft, &(struct shape) { 2, 1, BODIES, true }, us);
}

/* Of two bodies with a block between them one fires at a time: a sequence is the way there and the way back. */
static int hop_us(struct weft *weft, double *us)
{
	if (rig_reach(weft, 2))
		return -1;
	return fire(weft, &(struct shape) { 1, 2, 2, true }, us);
}

static int period(struct weft *weft, int (*build)(struct weft_plan *p), double *ratio)
{
	struct weft_plan_measure m;

	if (period_measure(weft, build, &m))
		return -1;
	*ratio = m.measured_ns / m.pace_ns;
	return 0;
}

static int of_chain(struct weft *weft, double *ratio)
{
	return period(weft, period_chain, ratio);
}

static int of_diamond(struct weft *weft, double *ratio)
{
	return period(weft, period_diamond, ratio);
}

static int of_train(struct weft *weft, double *ratio)
{
	return period(weft, period_train, ratio);
}

/* s; what the unload has to give back is tests/runtime/wide_test.c's to look at */
static int load(struct weft *weft, uint32_t lanes, double *s)
{
	const int cards = weft_device_count(weft, "card");
	struct wide w;
	uint64_t from;

	if (rig_reach(weft, 2) || wide_open(weft, &w, cards < CARDS ? (uint32_t)cards : CARDS, lanes))
		return -1;
	RT_OK(weft_plan_prepare(w.rig.plan, NULL));
	from = wide_now_us();
	RT_OK(weft_plan_load(w.rig.plan));
	*s = (double)(wide_now_us() - from) / 1e6;
	if (wide_run(&w))
		return -1;
	RT_OK(weft_plan_unload(w.rig.plan));
	return wide_close(&w);
}

static double least_1k, least_16k;

static int load_1k(struct weft *weft, double *s)
{
	int ret = load(weft, 1000, s);

	if (!ret && (!least_1k || *s < least_1k))
		least_1k = *s;
	return ret;
}

static int load_16k(struct weft *weft, double *s)
{
	int ret = load(weft, 16000, s);

	if (!ret && (!least_16k || *s < least_16k))
		least_16k = *s;
	return ret;
}

/* Of the quickest loads of each, as they were taken above. */
static int load_linear(struct weft *weft, double *ratio)
{
	double s;

	if ((!least_1k && load_1k(weft, &s)) || (!least_16k && load_16k(weft, &s)))
		return -1;
	*ratio = least_16k / 16 / least_1k;
	return 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name, *against;
		int runs;
		int (*take)(struct weft *weft, double *value);
	} figures[] = {
		{ "body.fire_us", NULL, RUNS, fire_us },
		{ "body.fire_d1_us", NULL, RUNS, fire_d1_us },
		{ "body.lanes_us", NULL, RUNS, lanes_us },
		{ "body.hop_us", NULL, RUNS, hop_us },
		{ "period.chain", "the planner's, with the times of the run", RUNS, of_chain },
		{ "period.diamond", "the planner's, with the times of the run", RUNS, of_diamond },
		{ "period.train", "the planner's, with the times of the run", RUNS, of_train },
		{ "load.1k_s", NULL, WIDE_RUNS, load_1k },
		{ "load.16k_s", NULL, 1, load_16k },
		{ "load.linear", "time per lane of load.1k_s", 1, load_linear },
	};
	struct weft *weft = weft_open();
	const char *comma = "";

	if (!weft || weft_device_count(weft, "card") < 1) {
		fprintf(stderr, "body_bench: no card\n");
		return 1;
	}
	printf("[");
	for (size_t f = 0; f < sizeof(figures) / sizeof(figures[0]); f++) {
		bool wanted = argc == 1;
		const int runs = figures[f].runs;
		double v[RUNS];
		int ret = 0;

		for (int i = 1; i < argc; i++)
			wanted |= !strcmp(argv[i], figures[f].name);
		for (int i = 0; wanted && i < runs && !ret; i++)
			ret = figures[f].take(weft, &v[i]);
		if (!wanted)
			continue;
		if (ret) {
			for (char *c = rt_text; *c; c++)
				*c = *c == '"' || *c == '\\' || *c < ' ' ? ' ' : *c;
			printf("%s{\"name\":\"%s\",\"value\":null,\"reason\":\"%s\"}", comma, figures[f].name, rt_text);
		} else {
			qsort(v, (size_t)runs, sizeof(v[0]), by_value);
			printf("%s{\"name\":\"%s\",\"value\":%.5g,\"median\":%.5g,\"p10\":%.5g,\"runs\":%d", comma, figures[f].name,
			       v[runs / 2], v[runs / 2], v[runs / 10], runs);
			if (figures[f].against)
				printf(",\"against\":\"%s\",\"ratio\":%.5g", figures[f].against, v[runs / 2]);
			printf("}");
		}
		comma = ",";
	}
	printf("]\n");
	weft_close(weft);
	return 0;
}
