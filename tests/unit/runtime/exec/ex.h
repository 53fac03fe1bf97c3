/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Plans on fake cards that say they have everything: what is decided before a card is touched. */
#ifndef EX_H
#define EX_H

#include "../rt.h"

#include "runtime/core/device.h"
#include "runtime/exec/exec.h"

#define EX_CARDS	2u
#define BLOCK		256u

struct ex {
	struct weft *weft;
	struct weft_device *card[EX_CARDS];
	struct weft_plan *plan;
};

static inline void ex_open(struct ex *x, const struct weft_plan_config *config)
{
	x->weft = rt_open(EX_CARDS);
	for (uint32_t i = 0; i < EX_CARDS; i++) {
		ok(weft_device_open(x->weft, "card", i, &x->card[i]));
		x->card[i]->info.caps = UINT64_MAX;
		x->card[i]->info.user_bytes = 1 << 30;
	}
	ok(weft_plan_create(x->card, EX_CARDS, config, &x->plan));
}

static inline void ex_close(struct ex *x)
{
	if (x->plan)
		ok(weft_plan_destroy(x->plan));
	for (uint32_t i = 0; i < EX_CARDS; i++)
		ok(weft_device_close(x->card[i]));
	ok(weft_close(x->weft));
}

static inline struct weft_edge *ex_edge(struct ex *x, const char *name, uint32_t depth, uint32_t initial, uint32_t flags)
{
	const struct weft_edge_desc d = {
		.size = sizeof(d), .name = name, .depth = depth, .initial = initial, .flags = flags,
		.block_bytes = flags & WEFT_EDGE_CONTROL ? 0 : BLOCK };
	struct weft_edge *e;

	ok(weft_edge_create(x->plan, &d, &e));
	return e;
}

static inline struct weft_body *ex_body(struct ex *x, const char *name, uint32_t device, const char *lane, uint32_t skew)
{
	const struct weft_body_desc d = { .size = sizeof(d), .name = name, .device = device, .lane = lane, .skew = skew };
	struct weft_body *b;

	ok(weft_body_create(x->plan, &d, &b));
	return b;
}

/* @from gives @edge to @to. */
static inline void ex_join(struct weft_body *from, struct weft_edge *edge, struct weft_body *to)
{
	ok(weft_body_output(from, edge, 1));
	ok(weft_body_input(to, edge, 1));
}

#define refused(call, want, text) ex_refused((call), (want), (text), #call, __LINE__)
static inline void ex_refused(int64_t got, int64_t want, const char *text, const char *call, int line)
{
	if (got != want)
		fail_msg("line %d: %s is %lld, wanted %lld; %s", line, call, (long long)got, (long long)want, weft_last_error());
	if (!strstr(weft_last_error(), text))
		fail_msg("line %d: %s: the text is \"%s\", without \"%s\"", line, call, weft_last_error(), text);
}

#endif
