/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Chosen depths keep the period, none can be lowered, and small plans come near the least of all. COUNT plans from SEED. */
#include "pl.h"

#include "runtime/plan/cycle.h"
#include "runtime/plan/depth.h"
#include "runtime/plan/rates.h"

#define BEST	((struct weft_ratio) { 0, 1 })

static struct weft_why why;

static bool keeps(const struct pl *p, struct weft_ratio t)
{
	uint64_t num, den;

	return pl_explore(p) == PL_LIVE && pl_period(p, false, NULL, NULL, &num, &den) && num * t.den <= t.num * den;
}

/* That verdict is checked in cycle_test.c; with such depths play has too many states. */
static bool stops(const struct pl *p)
{
	struct weft_arcs arcs;
	int ret;

	ok(weft_arcs_init(&arcs, &p->net, p->q, NULL, 0, &why));
	ret = weft_cycle_dead(&p->net, &arcs, NULL, NULL, NULL, &why);
	weft_arcs_fini(&arcs);
	return ret;
}

static uint64_t bytes_of(const struct pl *p)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < p->net.num_edges; i++)
		sum += p->edge[i].depth * p->edge[i].block_bytes;
	return sum;
}

/* The least bytes of all depths up to those chosen and two steps more. */
static uint64_t least_bytes(const struct pl *p, struct weft_ratio t)
{
	uint64_t least = bytes_of(p);
	struct pl try = *p;
	uint32_t i;

	try.net.body = try.body;
	try.net.edge = try.edge;
	try.net.lane = try.lane;
	for (i = 0; i < p->net.num_edges; i++) {
		if (weft_depth_free(&p->edge[i]))
			try.edge[i].depth = weft_depth_least(&p->edge[i]);
	}
	for (;;) {
		if (bytes_of(&try) < least && keeps(&try, t))
			least = bytes_of(&try);
		for (i = 0; i < p->net.num_edges; i++) {
			if (!weft_depth_free(&p->edge[i]))
				continue;
			try.edge[i].depth += weft_depth_step(&p->edge[i]);
			if (try.edge[i].depth <= p->edge[i].depth + 2 * weft_depth_step(&p->edge[i]))
				break;
			try.edge[i].depth = weft_depth_least(&p->edge[i]);
		}
		if (i == p->net.num_edges)
			return least;
	}
}

static void random_free(struct pl *p, uint64_t *seed)
{
	pl_random(p, seed, 6);
	pl_feed(p, seed);
	for (uint32_t i = 0; i < p->net.num_edges; i++) {
		p->edge[i].block_bytes = 64 << pl_below(seed, 4);
		if (pl_below(seed, 6) == 0)
			p->edge[i].flags |= WEFT_NET_FIXED;
	}
	p->net.num_groups = 0;
	for (uint32_t b = 0; b < p->net.num_bodies; b++)
		p->body[b].group = WEFT_NET_NONE;
}

static void against_play(void **state)
{
	uint64_t count = pl_number("COUNT", 1000), seed = pl_number("SEED", 1), searched = 0, chosen = 0, least = 0, done = 0;

	(void)state;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t start = seed, num, den;
		struct weft_ratio t, target = BEST;
		struct pl p, wide;
		uint32_t steps = 0;
		bool minimal;
		int ret;

		random_free(&p, &seed);
		wide = p;
		for (uint32_t k = 0; k < p.net.num_edges; k++)
			if (weft_depth_free(&p.edge[k])) {
				wide.edge[k].depth = 24 * weft_depth_step(&p.edge[k]);
				p.edge[k].depth = 0;
			}
		wide.net.edge = wide.edge;
		wide.net.body = wide.body;
		wide.net.lane = wide.lane;
		if (stops(&wide) || !pl_period(&wide, false, NULL, NULL, &num, &den))
			num = 0;
		if (pl_below(&seed, 3) == 0 && num)
			target = (struct weft_ratio) { num * (4 + pl_below(&seed, 4)), den * 4 };
		ret = weft_depth_choose(&p.net, p.q, target, &t, &minimal, NULL, &why);
		if (!num) {
			assert_int_equal(ret, -EDEADLK);
			continue;
		}
		done++;
		if (ret)
			fail_msg("SEED=%#llx COUNT=1: %s", (unsigned long long)start, why.text);
		assert_true(minimal);
		if (target.num)
			assert_int_equal(weft_ratio_compare(t, target), 0);
		else if (t.num * den != num * t.den)
			fail_msg("SEED=%#llx COUNT=1: period %llu/%llu, played %llu/%llu", (unsigned long long)start,
				 (unsigned long long)t.num, (unsigned long long)t.den, (unsigned long long)num,
				 (unsigned long long)den);
		/* what the host fills while the other half is used, nobody else needs */
		for (uint32_t k = 0; k < p.net.num_edges; k++)
			if (weft_depth_free(&p.edge[k]) && p.edge[k].from == WEFT_NET_NONE)
				p.edge[k].depth -= weft_depth_least(&p.edge[k]);
		if (!keeps(&p, t))
			fail_msg("SEED=%#llx COUNT=1: the depths do not keep the period", (unsigned long long)start);
		for (uint32_t k = 0; k < p.net.num_edges; k++) {
			struct weft_net_edge *e = &p.edge[k];
			uint32_t step = weft_depth_step(e);

			if (!weft_depth_free(e))
				continue;
			assert_int_equal(e->depth % step, 0);
			steps += e->depth / step;
			if (e->depth < weft_depth_least(e) + step)
				continue;
			e->depth -= step;
			if (keeps(&p, t))
				fail_msg("SEED=%#llx COUNT=1: edge %s can be lowered to %u", (unsigned long long)start,
					 e->name, e->depth);
			e->depth += step;
		}
		if (steps > 8)
			continue;
		searched++;
		chosen += bytes_of(&p);
		least += least_bytes(&p, t);
	}
	print_message("%llu live; of %llu searched, bytes %.4f of the least\n", (unsigned long long)done,
		      (unsigned long long)searched, (double)chosen / (double)(least ? least : 1));
	assert_true(count < 100 || (searched * 10 > count && chosen * 20 <= least * 21));
}

static void chain(void **state)
{
	static const struct weft_ratio want[] = { { 2000, 1 }, { 4000, 3 }, { 1000, 1 } };
	struct weft_ratio t;
	bool minimal;
	struct pl p;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		pl_chain(&p, 4, 1000, 0);
		pl_edge(&p, 0, 3, 0, 0);
		ok(weft_depth_choose(&p.net, p.q, want[i], &t, &minimal, NULL, &why));
		for (uint32_t k = 0; k < 3; k++)
			assert_int_equal(p.edge[k].depth, i ? 2 : 1);
		assert_int_equal(p.edge[3].depth, 2 + i);
		assert_true(minimal);
	}
	ok(weft_depth_choose(&p.net, p.q, BEST, &t, &minimal, NULL, &why));
	assert_int_equal(p.edge[3].depth, 4);
	assert_int_equal(t.num, 1000);
	refuses(weft_depth_choose(&p.net, p.q, (struct weft_ratio) { 999, 1 }, &t, &minimal, NULL, &why), -ERANGE,
		"a period of 999 ns cannot be kept: body a -(its next firing)-> body a need 1000 ns");
	/* an engine that all need makes more blocks useless */
	p.net.num_groups = 1;
	p.group[0] = (struct weft_net_group) { "compute", 1 };
	for (uint32_t b = 0; b < 4; b++)
		p.body[b].group = 0;
	ok(weft_depth_choose(&p.net, p.q, BEST, &t, &minimal, NULL, &why));
	assert_int_equal(t.num, 4000);
	for (uint32_t k = 0; k < 4; k++)
		assert_int_equal(p.edge[k].depth, 1);
	refuses(weft_depth_choose(&p.net, p.q, (struct weft_ratio) { 3999, 1 }, &t, &minimal, NULL, &why), -ERANGE,
		"engines of group compute need 4000 ns");
	/* the user's stays, and sets the period */
	p.net.num_groups = 0;
	for (uint32_t b = 0; b < 4; b++)
		p.body[b].group = WEFT_NET_NONE;
	p.edge[3].flags = WEFT_NET_FIXED;
	p.edge[3].depth = 3;
	ok(weft_depth_choose(&p.net, p.q, BEST, &t, &minimal, NULL, &why));
	assert_int_equal(t.num, 4000);
	assert_int_equal(t.den, 3);
	assert_int_equal(p.edge[3].depth, 3);
}

/* Bodies that take no time must not make a plan of one block each stop. */
static void no_time(void **state)
{
	struct weft_ratio t;
	bool minimal;
	struct pl p;

	(void)state;
	pl_chain(&p, 4, 0, 0);
	pl_edge(&p, 0, 3, 0, 1);
	ok(weft_depth_choose(&p.net, p.q, BEST, &t, &minimal, NULL, &why));
	assert_int_equal(pl_explore(&p), PL_LIVE);
	p.body[1].time_ns = 1000;
	ok(weft_depth_choose(&p.net, p.q, (struct weft_ratio) { 1000, 1 }, &t, &minimal, NULL, &why));
	assert_int_equal(pl_explore(&p), PL_LIVE);
}

static void rates(void **state)
{
	struct weft_ratio t;
	bool minimal;
	struct pl p;

	(void)state;
	pl_init(&p, 2, 1000);
	pl_edge_rates(&p, 0, 2, 1, 3, 0, 1);
	pl_edge_rates(&p, WEFT_NET_NONE, 1, 0, 1, 0, 0);
	pl_edge_rates(&p, 1, 1, WEFT_NET_NONE, 1, 0, 0);
	ok(weft_rates(&p.net, p.q, &why));
	ok(weft_depth_choose(&p.net, p.q, BEST, &t, &minimal, NULL, &why));
	assert_int_equal(t.num, 3000);
	assert_int_equal(p.edge[0].depth % 6, 0);
	assert_int_equal(p.edge[1].depth, 2);
	assert_int_equal(p.edge[2].depth, 2);
	/* primes beyond what a block ring can be */
	pl_init(&p, 2, 1000);
	pl_edge_rates(&p, 0, 1031, 1, 1033, 0, 0);
	ok(weft_rates(&p.net, p.q, &why));
	refuses(weft_depth_choose(&p.net, p.q, BEST, &t, &minimal, NULL, &why), -EINVAL, "edge x0: its rates need more than 1048576");
	/* nothing helps a loop without a token */
	pl_chain(&p, 2, 1000, 0);
	pl_edge(&p, 1, 0, 0, 0);
	refuses(weft_depth_choose(&p.net, p.q, BEST, &t, &minimal, NULL, &why), -EDEADLK, "no token on the cycle");
}

/* What the host fills is as deep as its consumers are apart, and one more for the host. */
static void fed(void **state)
{
	struct weft_ratio t;
	bool minimal;
	struct pl p;

	(void)state;
	for (uint32_t bodies = 2; bodies <= 4; bodies++) {
		pl_chain(&p, bodies, 1000, 0);
		pl_edge(&p, WEFT_NET_NONE, 0, 0, 0);
		pl_consumer(&p, bodies - 1, bodies - 1, 1);
		ok(weft_depth_choose(&p.net, p.q, BEST, &t, &minimal, NULL, &why));
		assert_int_equal(t.num, 1000);
		assert_int_equal(p.edge[bodies - 1].depth, bodies + 1);
		ok(weft_depth_choose(&p.net, p.q, (struct weft_ratio) { 1000 * bodies, 1 }, &t, &minimal, NULL, &why));
		assert_int_equal(p.edge[bodies - 1].depth, 2);
		p.edge[bodies - 1].flags = WEFT_NET_FIXED;
		p.edge[bodies - 1].depth = 1;
		refuses(weft_depth_choose(&p.net, p.q, (struct weft_ratio) { 1000, 1 }, &t, &minimal, NULL, &why), -ERANGE,
			"-(credit of edge x");
		ok(weft_depth_choose(&p.net, p.q, BEST, &t, &minimal, NULL, &why));
		assert_int_equal(t.num, 1000 * bodies);
	}
	/* skews of one lane */
	pl_init(&p, 2, 1000);
	pl_edge(&p, WEFT_NET_NONE, 0, 0, 0);
	pl_consumer(&p, 0, 1, 1);
	pl_lane(&p, 2, (const uint32_t[]) { 0, 1 }, (const int32_t[]) { 0, 2 });
	ok(weft_depth_choose(&p.net, p.q, BEST, &t, &minimal, NULL, &why));
	assert_int_equal(p.edge[0].depth, 3 + 1);
	p.edge[0].flags = WEFT_NET_FIXED;
	p.edge[0].depth = 2;
	refuses(weft_depth_choose(&p.net, p.q, BEST, &t, &minimal, NULL, &why), -EDEADLK, "depth 3 of edge x0 would break it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(against_play), cmocka_unit_test(chain), cmocka_unit_test(no_time), cmocka_unit_test(rates),
		cmocka_unit_test(fed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
