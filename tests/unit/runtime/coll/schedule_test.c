/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Schedules, played: values, races, arrivals that run ahead. COUNT sequences of calls from SEED. */
#include "co.h"

#include <errno.h>

static const struct co_hole none = { .step = UINT32_MAX };

static const char *say(const struct weft_coll_call *c)
{
	static char text[160];

	snprintf(text, sizeof(text), "operation %d by %d, %u members, root %u, peer %u, %llu elements of %u, %s", (int)c->op,
		 (int)c->algorithm, c->ranks, c->root, c->peer, (unsigned long long)c->count, c->element, c->in_place ? "in place" : "not in place");
	return text;
}

/* Buffers have room for one block of each member. */
static bool fits(const struct weft_coll_call *c)
{
	return weft_coll_can(c) && c->count * c->ranks <= CO_ELEMENTS && c->slot_bytes * c->ranks <= CO_ELEMENTS;
}

static void random_call(struct weft_coll_call *c, uint32_t ranks, uint64_t *seed)
{
	static const uint64_t counts[] = { 0, 1, 2, 3, 15, 16, 17, 33, 64 };

	do {
		*c = (struct weft_coll_call) {
			.op = (enum weft_coll_op)co_below(seed, WEFT_COLL_OPS),
			.algorithm = (enum weft_coll_algorithm)co_below(seed, WEFT_COLL_ALGORITHMS),
			.ranks = ranks, .element = 1u << co_below(seed, 3), .root = (uint32_t)co_below(seed, ranks),
			.peer = (uint32_t)co_below(seed, ranks), .in_place = co_below(seed, 2),
			.count = counts[co_below(seed, sizeof(counts) / sizeof(counts[0]))], .slot_bytes = 64,
		};
		if (c->op == WEFT_COLL_BARRIER)
			c->count = 0;
	} while (!fits(c) || (c->op == WEFT_COLL_SEND && c->in_place));
}

static void sequences(void **state)
{
	uint64_t count = co_number("COUNT", 3000), seed = co_number("SEED", 1);

	(void)state;
	for (uint64_t i = 0; i < count; i++) {
		struct weft_coll_call calls[CO_CALLS];
		const uint32_t num = 1 + (uint32_t)co_below(&seed, CO_CALLS), ranks = 1 + (uint32_t)co_below(&seed, co_below(&seed, 4) ? 5 : 16);
		const char *wrong;

		for (uint32_t k = 0; k < num; k++)
			random_call(&calls[k], ranks, &seed);
		wrong = co_play(calls, num, none, &seed);
		for (uint32_t k = 0; wrong && k < num; k++)
			printf("# call %u: %s\n", k, say(&calls[k]));
		if (wrong)
			fail_msg("sequence %llu: %s", (unsigned long long)i, wrong);
	}
}

/* Every operation by everything that can do it, three times in a row, so that what one leaves behind meets the next. */
static void each(void (*fn)(const struct weft_coll_call *calls))
{
	for (uint32_t i = 0; i < WEFT_COLL_OPS * WEFT_COLL_ALGORITHMS * 2 * 5; i++) {
		struct weft_coll_call calls[3];
		struct weft_coll_call c = {
			.op = (enum weft_coll_op)(i / 10 / WEFT_COLL_ALGORITHMS), .algorithm = (enum weft_coll_algorithm)(i / 10 % WEFT_COLL_ALGORITHMS),
			.in_place = i & 1, .ranks = 1 + i / 2 % 5, .element = 4, .slot_bytes = 132,
		};

		c.root = c.ranks > 1;
		c.count = c.op == WEFT_COLL_BARRIER ? 0 : c.algorithm == WEFT_COLL_PUSH ? 33 : 16 * c.ranks + 16;
		calls[0] = calls[1] = calls[2] = c;
		if (fits(&c) && !(c.in_place && (c.op == WEFT_COLL_SEND || c.op == WEFT_COLL_BARRIER)))
			fn(calls);
	}
}

static uint32_t played, needed;

static void whole(const struct weft_coll_call *calls)
{
	uint64_t seed = 1;

	for (int i = 0; i < 20; i++) {
		const char *wrong = co_play(calls, 3, none, &seed);

		if (wrong)
			fail_msg("%s: %s", say(calls), wrong);
	}
	played++;
}

static void all(void **state)
{
	(void)state;
	each(whole);
	printf("# %u kinds of calls\n", played);
	assert_in_range(played, 100, 1000);
}

/* No step can be left out: not a wait that only costs time, nor a signal that only tells what is known. */
static void without(const struct weft_coll_call *calls)
{
	for (uint32_t rank = 0; rank < calls->ranks; rank++) {
		struct weft_coll_steps s;

		assert_int_equal(weft_coll_schedule(calls, rank, &s), 0);
		for (uint32_t i = 0; i < s.num; i++) {
			const char *wrong = NULL;
			uint64_t seed = 1;

			for (int k = 0; k < 50 && !wrong; k++)
				wrong = co_play(calls, 3, (struct co_hole) { .rank = rank, .step = i }, &seed);
			if (!wrong)
				fail_msg("%s: nothing is wrong without step %u of member %u, kind %u", say(calls), i, rank, s.step[i].kind);
			needed++;
		}
		weft_coll_steps_free(&s);
	}
}

static void holes(void **state)
{
	(void)state;
	each(without);
	printf("# %u steps\n", needed);
	assert_in_range(needed, 1000, 100000);
}

static void slices(void **state)
{
	(void)state;
	for (uint64_t count = 0; count < 1000; count++)
		for (uint32_t n = 1; n <= WEFT_COLL_RANKS; n++) {
			uint64_t at = 0, least = UINT64_MAX, most = 0;

			for (uint32_t i = 0; i < n; i++) {
				uint64_t first, elements;

				weft_coll_slice(count, 4, n, i, &first, &elements);
				assert_true(first == at && (i == n - 1 || !elements || (first + elements) % 16 == 0 || first + elements == count));
				at += elements;
				least = elements < least ? elements : least;
				most = elements > most ? elements : most;
			}
			assert_int_equal(at, count);
			assert_true(most - least <= 31);
		}
}

static void refusals(void **state)
{
	const struct weft_coll_call good = { .op = WEFT_COLL_ALL_REDUCE, .algorithm = WEFT_COLL_DIRECT, .ranks = 4, .element = 4, .count = 5,
					     .slot_bytes = 64 };
	struct weft_coll_call c;
	struct weft_coll_steps s;

	(void)state;
	assert_true(weft_coll_can(&good));
	assert_int_equal(weft_coll_schedule(&good, 4, &s), -EINVAL);
	c = good, c.op = WEFT_COLL_OPS, assert_false(weft_coll_can(&c));
	c = good, c.algorithm = WEFT_COLL_ALGORITHMS, assert_false(weft_coll_can(&c));
	c = good, c.algorithm = WEFT_COLL_AUTO, assert_false(weft_coll_can(&c));
	c = good, c.ranks = 0, assert_false(weft_coll_can(&c));
	c = good, c.ranks = WEFT_COLL_RANKS + 1, assert_false(weft_coll_can(&c));
	c = good, c.element = 3, assert_false(weft_coll_can(&c));
	c = good, c.root = 4, assert_false(weft_coll_can(&c));
	c = good, c.peer = 4, assert_false(weft_coll_can(&c));
	c = good, c.count = UINT64_MAX / 16, assert_false(weft_coll_can(&c));
	c = good, c.algorithm = WEFT_COLL_PULL, assert_false(weft_coll_can(&c));
	c = good, c.algorithm = WEFT_COLL_PUSH, c.count = 17, assert_false(weft_coll_can(&c));
	c.count = 16, assert_true(weft_coll_can(&c));
	c = good, c.algorithm = WEFT_COLL_RING, assert_true(weft_coll_can(&c) && !weft_coll_in_order(&c));
	c.averages = true, assert_false(weft_coll_can(&c));
	assert_int_equal(weft_coll_schedule(&c, 0, &s), -EINVAL);
	c = good, c.op = WEFT_COLL_ALL_TO_ALL, assert_true(weft_coll_can(&c));
	c.in_place = true, assert_false(weft_coll_can(&c));
	c.algorithm = WEFT_COLL_STAGED, assert_true(weft_coll_can(&c));
	c.slot_bytes = 3, assert_false(weft_coll_can(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all), cmocka_unit_test(holes), cmocka_unit_test(sequences), cmocka_unit_test(slices),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
