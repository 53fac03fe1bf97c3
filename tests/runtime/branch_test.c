/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Many branches that only the card knows of. Three kinds, each folded into a state, so that one wrong way in any sequence is seen
 * at the end: an operand chosen by a word that another body made; a command that such a word suppresses; and an operand chosen by
 * what was chosen the last time.
 */
#include <string.h>

#include "plan_rig.h"

#define PERIOD	1009u	/* of the words */
#define WAYS	3u
#define PLACES	7u

struct branch_plan {
	struct rig r;
	struct weft_constant *words, *values, *one, *places;
	struct weft_edge *chosen, *counted, *place, *walked;
};

static uint32_t word_of(uint64_t s)
{
	uint64_t rnd = s % PERIOD;

	return (uint32_t)(rt_random(&rnd) % WAYS);
}

/* Where one goes on from a place, and what is there. */
static uint32_t next_of(uint32_t place)
{
	return (3 * place + 1) % PLACES;
}

static int state_of(struct branch_plan *p, struct weft_body *b, const char *name, struct weft_edge **e)
{
	*e = edge_of(p->r.plan, name, 1, WEFT_EDGE_STATE, 1, NULL);
	RT_CHECK(*e, "%s", rt_text);
	RT_OK(weft_body_output(b, *e, 1));
	return 0;
}

static int make(struct weft *weft, struct branch_plan *p)
{
	struct weft_body *source, *pick, *only, *walk;
	uint64_t ways[WAYS], places[PLACES], at;
	struct weft_edge *which;

	if (rig_open(weft, &p->r, 1, NULL))
		return -1;
	source = body_of(p->r.plan, "source", 0, NULL, 0);
	pick = body_of(p->r.plan, "pick", 0, "two", 0);
	only = body_of(p->r.plan, "only", 0, "two", 3);
	walk = body_of(p->r.plan, "walk", 0, NULL, 0);
	which = edge_of(p->r.plan, "which", 6, 0, 0, NULL);
	RT_CHECK(source && pick && only && walk && which, "%s", rt_text);
	RT_OK(weft_constant_create(p->r.plan, "words", 4 * PERIOD, NULL, &p->words));
	RT_OK(weft_constant_create(p->r.plan, "values", WAYS * BLOCK, NULL, &p->values));
	RT_OK(weft_constant_create(p->r.plan, "one", BLOCK, NULL, &p->one));
	RT_OK(weft_constant_create(p->r.plan, "places", PLACES * BLOCK, NULL, &p->places));
	RT_OK(weft_body_output(source, which, 1));
	RT_OK(weft_body_copy(source, weft_body_out(source, which, 0), weft_body_table(source, p->words, 4, PERIOD, 1), 4));
	RT_OK(weft_body_input(pick, which, 1));
	RT_OK(weft_body_input(only, which, 1));
	if (state_of(p, pick, "chosen", &p->chosen) || state_of(p, only, "counted", &p->counted) ||
	    state_of(p, walk, "place", &p->place) || state_of(p, walk, "walked", &p->walked))
		return -1;
	for (uint32_t i = 0; i < WAYS; i++)
		ways[i] = weft_body_constant(pick, p->values) + i * BLOCK;
	RT_OK(body_add(pick, weft_body_out(pick, p->chosen, 0), weft_body_out(pick, p->chosen, 0),
		       weft_body_choice(pick, weft_body_in(pick, which, 0), ways, WAYS)));
	RT_OK(weft_body_pred(only, WEFT_COMPARE_EQ, weft_body_in(only, which, 0), 1));
	RT_OK(body_add(only, weft_body_out(only, p->counted, 0), weft_body_out(only, p->counted, 0), weft_body_constant(only, p->one)));
	at = weft_body_out(walk, p->place, 0);
	for (uint32_t i = 0; i < PLACES; i++)
		places[i] = weft_body_constant(walk, p->places) + i * BLOCK;
	RT_OK(weft_body_copy(walk, at, weft_body_choice(walk, at, places, PLACES), BLOCK));
	RT_OK(body_add(walk, weft_body_out(walk, p->walked, 0), weft_body_out(walk, p->walked, 0), at));
	return 0;
}

static int fill(struct branch_plan *p)
{
	uint32_t words[PERIOD], places[PLACES][N] = { 0 };
	float block[N];

	for (uint32_t i = 0; i < PERIOD; i++)
		words[i] = word_of(i);
	RT_OK(weft_constant_write(p->words, 0, words, sizeof(words)));
	for (uint32_t i = 0; i < PLACES; i++) {
		const float value = (float)i;

		places[i][0] = next_of(i);		/* an index, and as a float too small to count */
		for (uint32_t k = 1; k < N; k++)
			memcpy(&places[i][k], &value, 4);
	}
	RT_OK(weft_constant_write(p->places, 0, places, sizeof(places)));
	for (uint32_t k = 0; k < N; k++)
		block[k] = 1;
	RT_OK(weft_constant_write(p->one, 0, block, BLOCK));
	return table_fill(p->values, WAYS, 1);
}

static int state_is(struct weft_edge *e, const char *name, uint64_t want)
{
	float got[N];

	RT_OK(weft_edge_get(e, got, BLOCK));
	for (uint32_t k = 1; k < N; k++)
		RT_CHECK(got[k] == (float)want, "%s, element %u is %.9g, wanted %llu", name, k, (double)got[k], (unsigned long long)want);
	return 0;
}

/* In parts, since a float counts to 2^24. */
static int part(struct branch_plan *p, uint64_t from, uint64_t to, uint32_t *place)
{
	static const float zero[N];
	uint64_t chosen = 0, counted = 0, walked = 0;

	RT_OK(weft_edge_put(p->chosen, zero, BLOCK));
	RT_OK(weft_edge_put(p->counted, zero, BLOCK));
	RT_OK(weft_edge_put(p->walked, zero, BLOCK));
	RT_OK(weft_plan_run(p->r.plan, to - from, NULL));
	RT_OK(weft_plan_drain(p->r.plan, 300 * RT_SECOND));
	for (uint64_t s = from; s < to; s++) {
		chosen += 1 + word_of(s);
		counted += word_of(s) == 1;
		/* it was at a place that names the next; what is there says where it goes then */
		walked += *place;
		*place = next_of(*place);
	}
	return state_is(p->chosen, "chosen", chosen) || state_is(p->counted, "counted", counted) ||
	       state_is(p->walked, "walked", walked) ? -1 : 0;
}

static int branches(struct weft *weft)
{
	enum { WAYS_A_SEQUENCE = 3, PART = 500000 };
	const uint64_t count = rt_number("COUNT", 30000) / WAYS_A_SEQUENCE + 1;
	struct weft_stats before = { .size = sizeof(before) }, after = before;
	struct branch_plan p;
	uint32_t place = 0;

	if (make(weft, &p))
		return -1;
	RT_OK(weft_plan_load(p.r.plan));
	if (fill(&p))
		return -1;
	RT_OK(weft_stats_get(weft, &before));
	for (uint64_t from = 0; from < count; from += PART)
		if (part(&p, from, from + PART < count ? from + PART : count, &place))
			return -1;
	RT_OK(weft_stats_get(weft, &after));
	printf("# %llu branches, %llu system calls of the library\n", (unsigned long long)count * WAYS_A_SEQUENCE,
	       (unsigned long long)(after.ioctls - before.ioctls));
	/* nothing is read back for them: calls are those of a part */
	RT_CHECK(after.ioctls - before.ioctls <= 100 * (count / PART + 1), "see above");
	/* no block was lost on the ways not taken: an edge gives as many as it has */
	RT_OK(weft_plan_end(p.r.plan, 60 * RT_SECOND));
	return rig_close(&p.r);
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "branches that only the card knows of", branches },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
