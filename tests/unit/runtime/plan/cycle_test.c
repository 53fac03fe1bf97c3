/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Verdict and period against every interleaving and against play with times. COUNT plans from SEED. */
#include "pl.h"

#include "runtime/plan/cycle.h"
#include "runtime/plan/depth.h"
#include "runtime/plan/pace.h"
#include "runtime/plan/rates.h"

static struct weft_why why;

static int dead(struct pl *p)
{
	struct weft_arcs arcs;
	uint32_t q[PL_BODIES];
	int ret;

	ok(weft_rates(&p->net, q, &why));
	ok(weft_arcs_init(&arcs, &p->net, q, NULL, 0, &why));
	ret = weft_cycle_dead(&p->net, &arcs, NULL, NULL, NULL, &why);
	weft_arcs_fini(&arcs);
	return ret;
}

static struct weft_ratio period(struct pl *p, struct weft_critical *critical)
{
	struct weft_ratio t = { 0, 1 };
	struct weft_arcs arcs;
	uint32_t q[PL_BODIES];

	ok(weft_rates(&p->net, q, &why));
	ok(weft_arcs_init(&arcs, &p->net, q, NULL, 0, &why));
	ok(weft_cycle_dead(&p->net, &arcs, NULL, NULL, NULL, &why));
	ok(weft_cycle_period(&p->net, &arcs, NULL, (struct weft_ratio) { 0, 1 }, &t, critical, &why));
	weft_arcs_fini(&arcs);
	return t;
}

/* The depth that a refusal names is the least: with a step less play stops still. Was there one that helps alone? */
static bool helped(struct pl *p, uint64_t seed)
{
	const char *at = strstr(why.text, "; depth ");
	uint32_t depth, edge, step;
	enum pl_verdict v;

	if (!at || sscanf(at, "; depth %u of edge x%u would break it", &depth, &edge) != 2)
		return false;
	step = weft_depth_step(&p->edge[edge]);
	assert_int_equal(depth % step, 0);
	assert_true(depth > p->edge[edge].depth);
	p->edge[edge].depth = depth;
	if (dead(p)) {
		char credit[32];

		/* for another reason */
		snprintf(credit, sizeof(credit), "(credit of edge x%u,", edge);
		if (strstr(why.text, credit))
			fail_msg("SEED=%#llx COUNT=1: depth %u: %s", (unsigned long long)seed, depth, why.text);
		return false;
	}
	if (depth > step && depth - step >= p->edge[edge].initial) {
		p->edge[edge].depth = depth - step;
		v = pl_explore(p);
		p->edge[edge].depth = depth;
		if (v == PL_LIVE)
			fail_msg("SEED=%#llx COUNT=1: depth %u of edge x%u is not the least", (unsigned long long)seed, depth, edge);
	}
	if (pl_explore(p) == PL_DEAD)
		fail_msg("SEED=%#llx COUNT=1: depth %u of edge x%u does not help", (unsigned long long)seed, depth, edge);
	return true;
}

static void against_play(void **state)
{
	uint64_t count = pl_number("COUNT", 2000), seed = pl_number("SEED", 1), stopped = 0, unknown = 0, fast = 0, help = 0;

	(void)state;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t start = seed, num, den;
		struct weft_ratio t, groups;
		struct weft_arcs arcs;
		enum pl_verdict v;
		uint32_t group;
		struct weft_pace pace;
		struct pl p;
		int ret;

		pl_random(&p, &seed, PL_BODIES);
		pl_feed(&p, &seed);
		v = pl_explore(&p);
		ret = dead(&p);
		if (v == PL_UNKNOWN) {
			unknown++;
			continue;
		}
		if ((v == PL_DEAD) != (ret == -EDEADLK) || (ret && ret != -EDEADLK))
			fail_msg("SEED=%#llx COUNT=1: play says %s, the planner %d %s", (unsigned long long)start,
				 v == PL_DEAD ? "dead" : "live", ret, why.text);
		stopped += v == PL_DEAD;
		if (ret) {
			help += helped(&p, start);
			continue;
		}
		t = period(&p, NULL);
		assert_true(pl_period(&p, false, NULL, NULL, &num, &den));
		if (t.num * den != num * t.den)
			pl_print(&p);
		if (t.num * den != num * t.den)
			fail_msg("SEED=%#llx COUNT=1: period %llu/%llu, played %llu/%llu", (unsigned long long)start,
				 (unsigned long long)t.num, (unsigned long long)t.den, (unsigned long long)num,
				 (unsigned long long)den);
		/* with engines: play by the same rule is equal, and nothing beats the bound */
		groups = weft_cycle_groups(&p.net, p.q, &group);
		if (weft_ratio_compare(groups, t) > 0)
			t = groups;
		ok(weft_arcs_init(&arcs, &p.net, p.q, NULL, 0, &why));
		ok(weft_pace(&p.net, &arcs, 1u << 20, &pace, &why));
		weft_arcs_fini(&arcs);
		assert_true(pace.exact);
		if (weft_ratio_compare(pace.period, t) < 0)
			fail_msg("SEED=%#llx COUNT=1: paced %llu/%llu is less than the bound %llu/%llu",
				 (unsigned long long)start, (unsigned long long)pace.period.num,
				 (unsigned long long)pace.period.den, (unsigned long long)t.num, (unsigned long long)t.den);
		fast += !weft_ratio_compare(pace.period, t);
		if (pl_period(&p, true, NULL, NULL, &num, &den) && pace.period.num * den != num * pace.period.den)
			fail_msg("SEED=%#llx COUNT=1: paced %llu/%llu, played %llu/%llu", (unsigned long long)start,
				 (unsigned long long)pace.period.num, (unsigned long long)pace.period.den,
				 (unsigned long long)num, (unsigned long long)den);
	}
	print_message("%llu dead, %llu of them by one depth, %llu at the bound with engines, %llu not explored\n",
		      (unsigned long long)stopped, (unsigned long long)help, (unsigned long long)fast, (unsigned long long)unknown);
	if (count < 100)
		return;
	assert_true(stopped * 10 >= count * 3 && stopped * 10 <= count * 8);
	assert_true(unknown * 50 <= count);
	assert_true(help * 10 > stopped);
}

/* The timing law on a chain of four, and with an edge that skips two of them. */
static void chain(void **state)
{
	static const uint64_t want[][2] = { { 2, 1 }, { 1, 1 }, { 1, 1 } }, skip[][2] = { { 2, 1 }, { 4, 3 }, { 1, 1 } };
	struct weft_critical critical;
	struct weft_ratio t;
	struct pl p;

	(void)state;
	for (uint32_t d = 1; d <= 3; d++) {
		pl_chain(&p, 4, 3000, d);
		t = period(&p, NULL);
		assert_int_equal(t.num, 3000 * want[d - 1][0]);
		assert_int_equal(t.den, want[d - 1][1]);
	}
	for (uint32_t d = 2; d <= 4; d++) {
		pl_chain(&p, 4, 3000, d);
		pl_edge(&p, 0, 3, d, 0);
		t = period(&p, &critical);
		assert_int_equal(t.num * skip[d - 2][1], 3000 * skip[d - 2][0] * t.den);
		if (d == 3)
			assert_string_equal(critical.text.text, "body a -(edge x0)-> body b -(edge x1)-> body c -(edge x2)-> "
					    "body d -(credit of edge x3, depth 3)-> body a");
	}
}

/* A buffer of the backward pass on the stream of the forward one, with one block. */
static void backward_buffer(void **state)
{
	static const uint32_t stream[] = { 0, 1 };
	struct pl p;

	(void)state;
	pl_init(&p, 3, 1000);
	p.body[0].name = "forward";
	p.body[1].name = "backward";
	p.body[2].name = "loss";
	pl_edge(&p, 0, 2, 1, 0);
	pl_edge(&p, 2, 1, 1, 0);
	p.edge[0].name = "activations";
	p.edge[1].name = "gradients";
	pl_consumer(&p, 0, 1, 1);
	assert_int_equal(dead(&p), 0);
	/* forward of the next batch is asked to run before backward of this one */
	pl_lane(&p, 2, stream, (const int32_t[]) { 0, 1 });
	refuses(dead(&p), -EDEADLK, "body forward -(order of lane 0)-> body backward "
		"-(credit of edge activations, depth 1)-> body forward; depth 2 of edge activations would break it");
	p.edge[0].depth = 2;
	assert_int_equal(dead(&p), 0);
}

/* Collectives in two orders: each lane waits for room in a queue that the other empties later. */
static void two_orders(void **state)
{
	struct pl p;

	(void)state;
	pl_init(&p, 4, 1000);
	p.body[0].name = "reduce1@0";
	p.body[1].name = "reduce2@0";
	p.body[2].name = "reduce1@1";
	p.body[3].name = "reduce2@1";
	pl_edge(&p, 0, 2, 1, 0);
	pl_edge(&p, 1, 3, 1, 0);
	pl_lane(&p, 2, (const uint32_t[]) { 0, 1 }, NULL);
	pl_lane(&p, 2, (const uint32_t[]) { 3, 2 }, NULL);
	assert_int_equal(dead(&p), 0);
	pl_edge(&p, 2, 0, 1, 1);
	pl_edge(&p, 2, 1, 1, 0);
	refuses(dead(&p), -EDEADLK, "body reduce2@0 -(edge x1)-> body reduce2@1 -(order of lane 1)-> body reduce1@1 "
		"-(edge x3)-> body reduce2@0; another order of lane 1 would break it");
}

static void help(void **state)
{
	struct pl p;

	(void)state;
	/* a loop with no token in it */
	pl_chain(&p, 2, 1000, 1);
	pl_edge(&p, 1, 0, 1, 0);
	refuses(dead(&p), -EDEADLK, "no token on the cycle body");
	refuses(dead(&p), -EDEADLK, "initial tokens on edge x0 would break it");
	/* full from the start, and nobody takes before it is given */
	pl_init(&p, 2, 1000);
	pl_edge(&p, 0, 1, 1, 1);
	pl_edge(&p, 0, 1, 1, 0);
	refuses(dead(&p), -EDEADLK, "body a -(edge x1)-> body b -(credit of edge x0, depth 1)-> body a; depth 2 of edge x0");
	p.edge[0].depth = 2;
	assert_int_equal(dead(&p), 0);
	/* rates: a block at a time for one who takes three */
	pl_init(&p, 2, 1000);
	pl_edge_rates(&p, 0, 1, 1, 3, 2, 0);
	refuses(dead(&p), -EDEADLK, "depth 3 of edge x0 would break it");
	refuses(dead(&p), -EDEADLK, "body a[2] -(edge x0)-> body b");
	p.edge[0].depth = 3;
	assert_int_equal(dead(&p), 0);
}

/* Consumers of what the host gives are so far apart as it is deep, and no further. */
static void fed(void **state)
{
	struct pl p;

	(void)state;
	/* one is two sequences ahead of the other */
	pl_init(&p, 2, 1000);
	pl_edge(&p, WEFT_NET_NONE, 0, 2, 0);
	pl_consumer(&p, 0, 1, 1);
	pl_lane(&p, 2, (const uint32_t[]) { 0, 1 }, (const int32_t[]) { 0, 2 });
	refuses(dead(&p), -EDEADLK, "body a -(order of lane 0)-> body b -(credit of edge x0, depth 2)-> who feeds edge x0 "
		"-(edge x0)-> body a; depth 3 of edge x0 would break it");
	assert_int_equal(pl_explore(&p), PL_DEAD);
	p.edge[0].depth = 3;
	assert_int_equal(dead(&p), 0);
	assert_int_equal(pl_explore(&p), PL_LIVE);
	/* one behind a body that gathers six */
	pl_init(&p, 3, 1000);
	pl_edge_rates(&p, WEFT_NET_NONE, 1, 0, 1, 4, 0);
	pl_consumer(&p, 0, 2, 2);
	pl_edge_rates(&p, 0, 1, 1, 6, 6, 0);
	pl_edge_rates(&p, 1, 3, 2, 1, 3, 0);
	refuses(dead(&p), -EDEADLK, "-(credit of edge x0, depth 4)-> who feeds edge x0");
	refuses(dead(&p), -EDEADLK, "depth 6 of edge x0 would break it");
	p.edge[0].depth = 6;
	assert_int_equal(dead(&p), 0);
	/* of a path of two bodies with one block each, two are out when it comes to its end */
	pl_chain(&p, 3, 1000, 1);
	pl_edge(&p, WEFT_NET_NONE, 0, 1, 0);
	pl_consumer(&p, 2, 2, 1);
	assert_int_equal(dead(&p), 0);
	assert_int_equal(period(&p, NULL).num, 3000);
	p.edge[2].depth = 2;
	assert_int_equal(period(&p, NULL).num, 2000);
	/* more than fits, and what comes many at a time */
	pl_init(&p, 1, 1000);
	pl_edge_rates(&p, WEFT_NET_NONE, 1, 0, 3, 2, 0);
	refuses(dead(&p), -EDEADLK, "depth 3 of edge x0 would break it");
	p.edge[0].produce = 3;
	p.edge[0].initial = 1;
	p.edge[0].depth = 3;
	refuses(dead(&p), -EDEADLK, "depth 6 of edge x0 would break it");
}

static void groups(void **state)
{
	uint32_t q[2] = { 2, 1 }, group;
	struct weft_ratio t;
	struct pl p;

	(void)state;
	pl_init(&p, 2, 1000);
	p.net.num_groups = 2;
	p.group[0] = (struct weft_net_group) { "compute", 4 };
	p.group[1] = (struct weft_net_group) { "copy", 1 };
	t = weft_cycle_groups(&p.net, q, &group);
	assert_int_equal(group, WEFT_NET_NONE);
	assert_int_equal(t.num, 0);
	p.body[0].group = p.body[1].group = 0;
	t = weft_cycle_groups(&p.net, q, &group);
	assert_int_equal(group, 0);
	assert_int_equal(t.num, 750);
	p.body[1].group = 1;
	t = weft_cycle_groups(&p.net, q, &group);
	assert_int_equal(group, 1);
	assert_int_equal(t.num, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(against_play), cmocka_unit_test(chain), cmocka_unit_test(backward_buffer),
		cmocka_unit_test(two_orders), cmocka_unit_test(help), cmocka_unit_test(fed), cmocka_unit_test(groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
