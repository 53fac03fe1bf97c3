/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * A long run reads no stale block. A chain on one or two cards, its blocks overwritten as soon as their producer has them, every
 * firing of every body delayed at random; each body folds each block it reads into a state, in order, so that one wrong word in
 * any firing is seen at the end.
 */
#include "plan_rig.h"

#define WORDS	1024u			/* of a block: 4 KiB */
#define BYTES	(WORDS * 4)
#define ENTRIES	31u			/* of the source's table */
#define BODIES	5u
#define DELAYS	13u
#define ODD	0x9e3779b1u

struct steady {
	struct rig r;
	struct weft_edge *state[BODIES];
	struct weft_constant *table, *odd, *delay;
};

static const uint32_t looked_at[] = { 0, 1, 511, 777, WORDS - 1 };

static uint32_t word_of(uint32_t entry, uint32_t word)
{
	uint64_t rnd = (uint64_t)entry * WORDS + word;

	return (uint32_t)rt_random(&rnd);
}

static int edge(struct steady *s, const char *name, uint32_t depth, uint32_t flags, struct weft_edge **e)
{
	const struct weft_edge_desc d = {
		.size = sizeof(d), .name = name, .block_bytes = BYTES, .depth = depth, .flags = flags | WEFT_EDGE_NO_SHARE };

	RT_OK(weft_edge_create(s->r.plan, &d, e));
	return 0;
}

/* 0 to 7 us, by the word of this firing. */
static int delays(struct steady *s, struct weft_body *b)
{
	for (uint32_t i = 0; i < 3; i++) {
		RT_OK(weft_body_pred(b, WEFT_COMPARE_GE, weft_body_table(b, s->delay, 4, DELAYS, 1), 1u << (29 + i)));
		RT_OK(weft_body_timed(b, 1000u << i));
	}
	RT_OK(weft_body_pred(b, WEFT_COMPARE_ALWAYS, 0, 0));
	return 0;
}

/* state = state * ODD + block, wrapping */
static int fold(struct steady *s, struct weft_body *b, struct weft_edge *state, uint64_t block)
{
	const uint64_t h = weft_body_out(b, state, 0), times[2] = { h, weft_body_constant(b, s->odd) }, plus[2] = { h, block };

	RT_OK(weft_body_reduce(b, WEFT_TYPE_I32, WEFT_REDUCTION_PROD, times, 2, &h, 1, WORDS));
	RT_OK(weft_body_reduce(b, WEFT_TYPE_I32, WEFT_REDUCTION_SUM, plus, 2, &h, 1, WORDS));
	return 0;
}

static int make(struct weft *weft, struct steady *s, uint32_t cards, uint32_t depth, uint64_t base)
{
	const struct weft_plan_config config = { .size = sizeof(config), .flags = WEFT_PLAN_POISON, .cell_base = base };
	struct weft_edge *x[BODIES];
	char name[16], state[16];

	if (rig_open(weft, &s->r, cards, &config))
		return -1;
	RT_OK(weft_constant_create(s->r.plan, "table", ENTRIES * BYTES, NULL, &s->table));
	RT_OK(weft_constant_create(s->r.plan, "odd", BYTES, NULL, &s->odd));
	RT_OK(weft_constant_create(s->r.plan, "delay", DELAYS * 4, NULL, &s->delay));
	for (uint32_t i = 0; i < BODIES; i++) {
		struct weft_body *b;
		uint64_t in;

		snprintf(name, sizeof(name), "b%u", i);
		snprintf(state, sizeof(state), "h%u", i);
		b = body_of(s->r.plan, name, i % cards, NULL, 0);
		RT_CHECK(b, "%s", rt_text);
		if ((i + 1 < BODIES && edge(s, name, depth, 0, &x[i])) || edge(s, state, 1, WEFT_EDGE_STATE, &s->state[i]) ||
		    delays(s, b))
			return -1;
		RT_OK(weft_body_output(b, s->state[i], 1));
		if (i)
			RT_OK(weft_body_input(b, x[i - 1], 1));
		in = i ? weft_body_in(b, x[i - 1], 0) : weft_body_table(b, s->table, BYTES, ENTRIES, 1);
		if (fold(s, b, s->state[i], in))
			return -1;
		if (i + 1 == BODIES)
			continue;
		RT_OK(weft_body_output(b, x[i], 1));
		RT_OK(weft_body_copy(b, weft_body_out(b, x[i], 0), in, BYTES));
	}
	return 0;
}

static int fill(struct steady *s)
{
	uint32_t block[WORDS];
	uint64_t rnd = 1;

	for (uint32_t i = 0; i < ENTRIES; i++) {
		for (uint32_t w = 0; w < WORDS; w++)
			block[w] = word_of(i, w);
		RT_OK(weft_constant_write(s->table, (uint64_t)i * BYTES, block, BYTES));
	}
	for (uint32_t w = 0; w < WORDS; w++)
		block[w] = ODD;
	RT_OK(weft_constant_write(s->odd, 0, block, BYTES));
	for (uint32_t i = 0; i < DELAYS; i++)
		block[i] = (uint32_t)rt_random(&rnd);
	RT_OK(weft_constant_write(s->delay, 0, block, DELAYS * 4));
	return 0;
}

static int one(struct weft *weft, uint32_t cards, uint32_t depth, uint64_t base, uint64_t sequences)
{
	uint32_t got[WORDS], want[sizeof(looked_at) / sizeof(looked_at[0])] = { 0 };
	struct weft_plan_report report = { .size = sizeof(report) };
	struct steady s;

	if (make(weft, &s, cards, depth, base))
		return -1;
	RT_OK(weft_plan_prepare(s.r.plan, &report));
	/* blocks are those of the edges, and there are no others */
	RT_CHECK(report.unshared_bytes == ((BODIES - 1) * depth + BODIES) * (uint64_t)BYTES, "%llu bytes",
		 (unsigned long long)report.unshared_bytes);
	RT_OK(weft_plan_load(s.r.plan));
	if (fill(&s))
		return -1;
	RT_OK(weft_plan_run(s.r.plan, sequences, NULL));
	RT_OK(weft_plan_drain(s.r.plan, 600 * RT_SECOND));
	for (uint64_t i = 0; i < sequences; i++)
		for (size_t w = 0; w < sizeof(looked_at) / sizeof(looked_at[0]); w++)
			want[w] = want[w] * ODD + word_of((uint32_t)(i % ENTRIES), looked_at[w]);
	for (uint32_t i = 0; i < BODIES; i++) {
		RT_OK(weft_edge_get(s.state[i], got, BYTES));
		for (size_t w = 0; w < sizeof(looked_at) / sizeof(looked_at[0]); w++)
			RT_CHECK(got[looked_at[w]] == want[w], "body %u, word %u is %#x, wanted %#x", i, looked_at[w], got[looked_at[w]],
				 want[w]);
	}
	RT_OK(weft_plan_end(s.r.plan, 60 * RT_SECOND));
	return rig_close(&s.r);
}

static int stale(struct weft *weft)
{
	static const uint64_t bases[] = { 0, (1ull << 32) - 2, (1ull << 63) - 2, UINT64_MAX - 1 };
	static const uint32_t depths[] = { 1, 2, 3, 5 };
	const uint64_t count = rt_number("COUNT", 16000);
	const uint32_t cards = rig_reach(weft, 2) ? 1 : 2;

	for (uint32_t i = 0; i < 16; i++)
		if (one(weft, i % 2 ? cards : 1, depths[i / 4], bases[i % 4], count / 16 / BODIES + 1))
			return -1;
	printf("# %llu firings, on %u cards\n", (unsigned long long)count, cards);
	return 0;
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "no stale block: depths, cell values that wrap, delays at random", stale },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
