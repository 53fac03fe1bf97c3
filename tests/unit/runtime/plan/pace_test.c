/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Times of runs by hand; periods at random are compared in cycle_test.c. */
#include "pl.h"

#include "runtime/plan/arcs.h"
#include "runtime/plan/pace.h"

#define T	5000000u

static struct weft_why why;
static uint64_t start[PL_BODIES * 64];

static uint64_t run(struct pl *p, uint64_t sequences)
{
	struct weft_arcs arcs;
	uint64_t end;

	ok(weft_arcs_init(&arcs, &p->net, p->q, NULL, 0, &why));
	ok(weft_pace_run(&p->net, &arcs, sequences, start, &end, &why));
	weft_arcs_fini(&arcs);
	return end;
}

static struct weft_pace pace_of(struct pl *p, uint64_t most)
{
	struct weft_pace pace;
	struct weft_arcs arcs;

	ok(weft_arcs_init(&arcs, &p->net, p->q, NULL, 0, &why));
	ok(weft_pace(&p->net, &arcs, most, &pace, &why));
	weft_arcs_fini(&arcs);
	return pace;
}

static void sixteen_batches(void **state)
{
	struct pl p;

	(void)state;
	pl_chain(&p, 4, T, 1);
	assert_int_equal(run(&p, 16), 34ull * T);
	pl_chain(&p, 4, T, 2);
	assert_int_equal(run(&p, 16), 19ull * T);
	assert_int_equal(start[0 * 16 + 3], 3ull * T);
	assert_int_equal(start[3 * 16 + 15], 18ull * T);
	pl_lane(&p, 4, (const uint32_t[]) { 0, 1, 2, 3 }, NULL);
	assert_int_equal(run(&p, 16), 64ull * T);
}

/* One queue two sequences deep: the skipped firings at both ends cost nothing. */
static void skewed(void **state)
{
	struct pl p;

	(void)state;
	pl_chain(&p, 2, T, 3);
	pl_lane(&p, 2, (const uint32_t[]) { 0, 1 }, (const int32_t[]) { 0, 2 });
	assert_int_equal(run(&p, 4), 8ull * T);
	assert_int_equal(start[0 * 4 + 1], 1ull * T);
	assert_int_equal(start[1 * 4 + 0], 3ull * T);
	assert_int_equal(start[1 * 4 + 3], 7ull * T);
}

static void rates(void **state)
{
	struct pl p;

	(void)state;
	/* four small ones to one that adds them up */
	pl_init(&p, 2, T);
	pl_edge_rates(&p, 0, 1, 1, 4, 4, 0);
	p.q[0] = 4;
	assert_int_equal(run(&p, 2), 10ull * T);
	assert_int_equal(start[0 * 2 + 4], 5ull * T);
	assert_int_equal(start[4 * 2 + 1], 9ull * T);
	p.edge[0].depth = 8;
	assert_int_equal(run(&p, 2), 9ull * T);
	assert_int_equal(pace_of(&p, 10000).period.num, 4ull * T);
}

/* Not taken from a firing: a short body waits for a long one, and the bound is missed. */
static void group(void **state)
{
	struct weft_pace pace;
	struct pl p;

	(void)state;
	pl_init(&p, 3, T);
	p.net.num_groups = 1;
	p.group[0] = (struct weft_net_group) { "engine", 1 };
	p.body[0].group = p.body[1].group = 0;
	p.body[0].time_ns = 3 * T;
	pl_edge(&p, 1, 2, 1, 0);
	pace = pace_of(&p, 100000);
	assert_true(pace.exact);
	assert_int_equal(pace.period.num, 4ull * T);
	assert_int_equal(pace.period.den, 1);
	/* in the order of becoming ready, then of index */
	run(&p, 2);
	assert_int_equal(start[0 * 2 + 0], 0);
	assert_int_equal(start[1 * 2 + 0], 3ull * T);
	assert_int_equal(start[0 * 2 + 1], 4ull * T);
	/* too few firings to see it come back */
	assert_false(pace_of(&p, 3).exact);
}

static void no_time(void **state)
{
	struct pl p;

	(void)state;
	pl_chain(&p, 3, 0, 1);
	assert_int_equal(pace_of(&p, 1000).period.num, 0);
	assert_int_equal(run(&p, 5), 0);
	p.body[1].time_ns = T;
	assert_int_equal(pace_of(&p, 1000).period.num, T);
	assert_int_equal(run(&p, 5), 5ull * T);
	/* a plan that stops says where */
	pl_edge(&p, 1, 0, 1, 0);
	{
		struct weft_arcs arcs;
		uint64_t end;

		ok(weft_arcs_init(&arcs, &p.net, p.q, NULL, 0, &why));
		refuses(weft_pace_run(&p.net, &arcs, 2, NULL, &end, &why), -EDEADLK, "body a stops after 0 of 2");
		weft_arcs_fini(&arcs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sixteen_batches), cmocka_unit_test(skewed), cmocka_unit_test(rates), cmocka_unit_test(group),
		cmocka_unit_test(no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
