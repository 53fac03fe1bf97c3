/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A plan of many lanes: a chain of bodies, each in a lane of its own on the card after that of the one before, that add one. */
#ifndef WIDE_H
#define WIDE_H

#include <time.h>

#include "plan_rig.h"

#define WIDE_SEQUENCES	3u
#define WIDE_NS		(300 * RT_SECOND)	/* only ends what hangs */

struct wide {
	struct rig rig;
	uint32_t lanes;				/* on all cards */
	struct weft_constant *start, *one;
	struct weft_edge *log;
};

static inline uint64_t wide_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static inline int wide_open(struct weft *weft, struct wide *w, uint32_t cards, uint32_t lanes)
{
	const struct weft_plan_config config = { .size = sizeof(config), .name = "wide" };
	struct weft_edge *in = NULL;

	*w = (struct wide) { .lanes = lanes };
	if (rig_open(weft, &w->rig, cards, &config))
		return -1;
	RT_OK(weft_constant_create(w->rig.plan, "start", WIDE_SEQUENCES * BLOCK, NULL, &w->start));
	RT_OK(weft_constant_create(w->rig.plan, "one", BLOCK, NULL, &w->one));
	for (uint32_t i = 0; i < lanes; i++) {
		const bool last = i + 1 == lanes;
		struct weft_edge *out;
		struct weft_body *b;
		char name[16];

		snprintf(name, sizeof(name), "b%u", i);
		b = body_of(w->rig.plan, name, i % cards, name, 0);
		snprintf(name, sizeof(name), "e%u", i);
		out = edge_of(w->rig.plan, last ? "log" : name, last ? WIDE_SEQUENCES : 2, last ? WEFT_EDGE_NO_SHARE : 0, 0, NULL);
		RT_CHECK(b && out, "%s", rt_text);
		if (in)
			RT_OK(weft_body_input(b, in, 1));
		RT_OK(weft_body_output(b, out, 1));
		if (body_add(b, weft_body_out(b, out, 0), in ? weft_body_in(b, in, 0) :
			     weft_body_table(b, w->start, BLOCK, WIDE_SEQUENCES, 1), weft_body_constant(b, w->one)))
			return rt_say(-1, "%s", weft_last_error());
		in = out;
	}
	w->log = in;
	return 0;
}

/* A loaded one: each of its lanes has added one to each sequence. */
static inline int wide_run(struct wide *w)
{
	if (table_fill(w->start, WIDE_SEQUENCES, 5) || table_fill(w->one, 1, 1))
		return -1;
	RT_OK(weft_plan_run(w->rig.plan, WIDE_SEQUENCES, NULL));
	RT_OK(weft_plan_drain(w->rig.plan, WIDE_NS));
	for (uint32_t s = 0; s < WIDE_SEQUENCES; s++)
		if (log_is(w->log, s, (float)(5 + s) + (float)w->lanes))
			return -1;
	return 0;
}

static inline int wide_close(struct wide *w)
{
	return rig_close(&w->rig);
}

#endif
