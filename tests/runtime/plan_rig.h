/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Cards and a plan on them, as tests of bodies begin; blocks are of N floats. */
#ifndef PLAN_RIG_H
#define PLAN_RIG_H

#include "rt_tap.h"

#define N		64u
#define BLOCK		(N * sizeof(float))
#define MS		1000000ull
#define CARDS		4

struct rig {
	struct weft_device *card[CARDS];
	uint32_t num_cards;
	struct weft_plan *plan;
};

static inline int rig_open(struct weft *weft, struct rig *r, uint32_t cards, const struct weft_plan_config *config)
{
	*r = (struct rig) { .num_cards = cards };
	for (uint32_t i = 0; i < cards; i++)
		RT_OK(weft_device_open(weft, "card", i, &r->card[i]));
	RT_OK(weft_plan_create(r->card, cards, config, &r->plan));
	return 0;
}

static inline int rig_close(struct rig *r)
{
	if (r->plan)
		RT_OK(weft_plan_destroy(r->plan));
	for (uint32_t i = 0; i < r->num_cards; i++)
		RT_OK(weft_device_close(r->card[i]));
	return 0;
}

/* 1: this machine has fewer cards, or they do not reach each other */
static inline int rig_reach(struct weft *weft, uint32_t cards)
{
	struct weft_device *d[2];
	struct weft_memory *m, *far;
	int ret;

	if (weft_device_count(weft, "card") < (int)cards)
		return rt_say(RT_SKIP, "two-cards");
	for (uint32_t i = 0; i < 2; i++)
		RT_OK(weft_device_open(weft, "card", i, &d[i]));
	RT_OK(weft_memory_alloc(d[0], 4096, WEFT_PLACE_LOCAL, &m));
	ret = weft_memory_import(d[1], m, WEFT_ACCESS_READ, &far);
	if (!ret)
		RT_OK(weft_memory_destroy(far));
	RT_OK(weft_memory_destroy(m));
	for (uint32_t i = 0; i < 2; i++)
		RT_OK(weft_device_close(d[i]));
	return ret == -EOPNOTSUPP ? rt_say(RT_SKIP, "p2pdma") : ret;
}

static inline struct weft_edge *edge_of(struct weft_plan *p, const char *name, uint32_t depth, uint32_t flags, uint32_t initial,
					const void *contents)
{
	const struct weft_edge_desc d = {
		.size = sizeof(d), .name = name, .depth = depth, .flags = flags, .initial = initial, .contents = contents,
		.block_bytes = flags & WEFT_EDGE_CONTROL ? 0 : BLOCK,
	};
	struct weft_edge *e = NULL;

	if (weft_edge_create(p, &d, &e))
		rt_say(-1, "edge %s: %s", name, weft_last_error());
	return e;
}

static inline struct weft_body *body_of(struct weft_plan *p, const char *name, uint32_t device, const char *lane, uint32_t skew)
{
	const struct weft_body_desc d = { .size = sizeof(d), .name = name, .device = device, .lane = lane, .skew = skew };
	struct weft_body *b = NULL;

	if (weft_body_create(p, &d, &b))
		rt_say(-1, "body %s: %s", name, weft_last_error());
	return b;
}

/* dst = a + b, whole blocks */
static inline int body_add(struct weft_body *b, uint64_t dst, uint64_t x, uint64_t y)
{
	const struct weft_exec e = { .size = sizeof(e), .num_operands = 3, .operands = { dst, x, y }, .dims = { N } };

	return weft_body_exec(b, "add", WEFT_TYPE_F32, &e);
}

/* An edge that keeps the last @depth blocks for the test to look at: its producer copies @from there. */
static inline struct weft_edge *log_of(struct weft_plan *p, struct weft_body *b, const char *name, uint32_t depth)
{
	struct weft_edge *e = edge_of(p, name, depth, WEFT_EDGE_NO_SHARE, 0, NULL);

	return e && !weft_body_output(b, e, 1) ? e : NULL;
}

/* A table with @entries blocks, entry i all of first + i, of a loaded plan. */
static inline int table_fill(struct weft_constant *c, uint32_t entries, float first)
{
	float block[N];

	for (uint32_t i = 0; i < entries; i++) {
		for (uint32_t j = 0; j < N; j++)
			block[j] = first + (float)i;
		RT_OK(weft_constant_write(c, i * BLOCK, block, BLOCK));
	}
	return 0;
}

static inline int log_is(struct weft_edge *e, uint64_t seq, float want)
{
	float got[N];

	RT_OK(weft_edge_read(e, seq, 0, got, BLOCK));
	for (uint32_t j = 0; j < N; j++)
		RT_CHECK(got[j] == want, "sequence %llu, element %u is %g, wanted %g", (unsigned long long)seq, j, (double)got[j],
			 (double)want);
	return 0;
}

/* The two time stamps, or whatever, at the beginning of a block. */
static inline int log_words(struct weft_edge *e, uint64_t seq, uint64_t word[2])
{
	RT_OK(weft_edge_read(e, seq, 0, word, 2 * sizeof(word[0])));
	return 0;
}

#endif
