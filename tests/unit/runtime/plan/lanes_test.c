/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Bodies on few lanes: every rule of lanes kept, no plan stopped, and the period near the bound. COUNT plans from SEED. */
#include "pl.h"

#include "runtime/plan/cycle.h"
#include "runtime/plan/depth.h"
#include "runtime/plan/lanes.h"
#include "runtime/plan/plan.h"

#define BEST	((struct weft_ratio) { 0, 1 })

static struct weft_why why;

/* What came out, into the plan, for the player. */
static void adopt(struct pl *p, const struct weft_lanes *lanes)
{
	p->net.num_lanes = lanes->num_lanes;
	for (uint32_t i = 0; i < lanes->num_lanes; i++) {
		memmove(p->in_lane[i], lanes->lane[i].body, lanes->lane[i].num_bodies * sizeof(uint32_t));
		p->lane[i] = (struct weft_net_lane) { p->in_lane[i], lanes->lane[i].num_bodies, lanes->lane[i].card };
	}
}

static void well_formed(const struct pl *p, const struct pl *before, uint32_t most)
{
	uint32_t seen[PL_BODIES] = { 0 }, of_card[2] = { 0 }, users[2] = { 0 };

	for (uint32_t i = 0; i < p->net.num_lanes; i++) {
		const struct weft_net_lane *l = &p->lane[i];

		assert_true(l->num_bodies > 0);
		of_card[l->card]++;
		for (uint32_t k = 0; k < l->num_bodies; k++) {
			const struct weft_net_body *b = &p->body[l->body[k]];

			seen[l->body[k]]++;
			assert_int_equal(b->lane, i);
			assert_int_equal(b->card, l->card);
			assert_int_equal(p->q[l->body[k]], p->q[l->body[0]]);
		}
	}
	for (uint32_t b = 0; b < p->net.num_bodies; b++) {
		assert_int_equal(seen[b], 1);
		if (before->body[b].lane != WEFT_NET_NONE) {
			assert_int_equal(p->body[b].lane, before->body[b].lane);
			assert_int_equal(p->body[b].skew, before->body[b].skew);
		}
	}
	for (uint32_t i = 0; i < before->net.num_lanes; i++)
		users[before->lane[i].card]++;
	for (uint32_t c = 0; c < 2; c++)
		assert_true(!most || of_card[c] <= most || of_card[c] == users[c]);
}

static void at_random(void **state)
{
	uint64_t count = pl_number("COUNT", 1000), seed = pl_number("SEED", 1), crowded = 0, refused = 0, skewed = 0;
	double over = 0;

	(void)state;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t start = seed, num, den;
		uint32_t most = (uint32_t)pl_below(&seed, 5);
		struct weft_ratio t, alone;
		struct weft_lanes lanes;
		bool minimal, cards = pl_below(&seed, 2), own;
		struct pl p, before;
		int ret;

		pl_random(&p, &seed, PL_BODIES);
		p.net.num_groups = 0;
		if (pl_below(&seed, 3)) {
			p.net.num_lanes = 0;
			for (uint32_t b = 0; b < p.net.num_bodies; b++) {
				p.body[b].lane = WEFT_NET_NONE;
				p.body[b].skew = 0;
			}
		}
		for (uint32_t b = 0; b < p.net.num_bodies; b++) {
			p.body[b].group = WEFT_NET_NONE;
			p.body[b].card = cards && p.body[b].lane == WEFT_NET_NONE && pl_below(&seed, 2);
		}
		for (uint32_t k = 0; k < p.net.num_edges; k++)
			if (pl_below(&seed, 5) == 0)
				p.edge[k].flags |= WEFT_NET_FIXED;
		if (weft_depth_choose(&p.net, p.q, BEST, &alone, &minimal, NULL, &why))
			continue;
		before = p;
		ret = weft_lanes_assign(&p.net, p.q, most, BEST, &lanes, &why);
		if (ret == -ENOSPC) {
			refused++;
			assert_non_null(strstr(why.text, "lanes"));
			assert_true(most > 0);
			continue;
		}
		if (ret)
			fail_msg("SEED=%#llx COUNT=1: %s", (unsigned long long)start, why.text);
		own = lanes.num_lanes == p.net.num_bodies;
		adopt(&p, &lanes);
		weft_lanes_fini(&lanes);
		well_formed(&p, &before, most);
		ret = weft_depth_choose(&p.net, p.q, BEST, &t, &minimal, NULL, &why);
		if (ret)
			fail_msg("SEED=%#llx COUNT=1: %s", (unsigned long long)start, why.text);
		if (pl_explore(&p) == PL_DEAD || !pl_period(&p, false, NULL, NULL, &num, &den))
			fail_msg("SEED=%#llx COUNT=1: it stops", (unsigned long long)start);
		assert_true(num * t.den <= t.num * den);
		if (own)
			continue;
		/* the bound: without lanes, and what each card's lanes have to do */
		if (most)
			for (uint32_t c = 0; c < 2; c++) {
				struct weft_ratio load = { 0, most };

				for (uint32_t b = 0; b < p.net.num_bodies; b++)
					load.num += p.body[b].card == c ? p.q[b] * p.body[b].time_ns : 0;
				if (weft_ratio_compare(load, alone) > 0)
					alone = load;
			}
		crowded++;
		over += weft_ratio_ns(t) / weft_ratio_ns(alone);
		for (uint32_t b = 0; b < p.net.num_bodies; b++)
			if (p.body[b].skew && before.body[b].lane == WEFT_NET_NONE) {
				skewed++;
				break;
			}
	}
	print_message("%llu crowded, %llu with skews, %llu refused, period %.3f of the bound\n", (unsigned long long)crowded,
		      (unsigned long long)skewed, (unsigned long long)refused, over / (double)(crowded ? crowded : 1));
	if (count < 100)
		return;
	assert_true(crowded * 10 > count && refused * 3 < count);
	assert_true(over < 1.25 * (double)crowded);
}

static struct weft_ratio assigned(struct pl *p, uint32_t most)
{
	struct weft_lanes lanes;
	struct weft_ratio t;
	bool minimal;

	ok(weft_lanes_assign(&p->net, p->q, most, BEST, &lanes, &why));
	adopt(p, &lanes);
	weft_lanes_fini(&lanes);
	ok(weft_depth_choose(&p->net, p->q, BEST, &t, &minimal, NULL, &why));
	return t;
}

static void chain(void **state)
{
	struct weft_lanes lanes;
	struct pl p;

	(void)state;
	for (uint32_t n = 1; n <= 4; n++) {
		pl_chain(&p, 4, 1000, 0);
		assert_int_equal(assigned(&p, n).num, n == 1 ? 4000 : n == 4 ? 1000 : 2000);
	}
	/* a body that feeds itself through another: on one lane in the order of the plan */
	pl_chain(&p, 3, 1000, 0);
	pl_edge(&p, 2, 0, 1, 1);
	p.edge[2].flags = WEFT_NET_STATE;
	assert_int_equal(assigned(&p, 1).num, 3000);
	/* rates */
	pl_init(&p, 3, 1000);
	pl_edge_rates(&p, 0, 1, 1, 4, 0, 0);
	pl_edge_rates(&p, 1, 4, 2, 1, 0, 0);
	p.q[0] = p.q[2] = 4;
	refuses(weft_lanes_assign(&p.net, p.q, 1, BEST, &lanes, &why), -ENOSPC,
		"card 0: bodies in no lane have 2 different rates and need as many lanes, 1 of 1 are left");
	/* the last of four comes after all first of them: on one lane it works a sequence behind */
	assert_int_equal(assigned(&p, 2).num, 8000);
	assert_int_equal(p.body[0].lane, p.body[2].lane);
	assert_true(p.body[2].skew >= 3);
	/* the user's lane counts */
	pl_chain(&p, 4, 1000, 0);
	pl_lane(&p, 2, (const uint32_t[]) { 1, 0 }, (const int32_t[]) { 1, 0 });
	assert_int_equal(assigned(&p, 2).num, 2000);
	assert_int_equal(p.net.num_lanes, 2);
	assert_int_equal(p.lane[0].body[0], 1);
}

/* Lanes and skews do not take apart whom an edge of the host holds together: a plan that stops on few would on many. */
static void bounded(void **state)
{
	uint64_t count = pl_number("COUNT", 1000), seed = pl_number("SEED", 1), live = 0;

	(void)state;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t start = seed;
		struct weft_plan_options few = { .flags = WEFT_SOLVE_NO_PACE };
		struct weft_plan_answer answer;
		struct pl p, many;

		pl_random(&p, &seed, PL_BODIES);
		pl_feed(&p, &seed);
		few.max_lanes = 1 + (uint32_t)pl_below(&seed, 3);
		p.net.num_lanes = 0;
		for (uint32_t b = 0; b < p.net.num_bodies; b++) {
			p.body[b].lane = WEFT_NET_NONE;
			p.body[b].skew = 0;
		}
		for (uint32_t k = 0; k < p.net.num_edges; k++)
			p.edge[k].flags |= p.edge[k].from == WEFT_NET_NONE ? WEFT_NET_FIXED : 0;
		many = p;
		many.net.body = many.body;
		many.net.edge = many.edge;
		if (weft_plan_solve(&p.net, &few, &answer, &why) == -EDEADLK) {
			few.max_lanes = 0;
			if (!weft_plan_solve(&many.net, &few, &answer, &why))
				fail_msg("SEED=%#llx COUNT=1: stops on few lanes, and not on many", (unsigned long long)start);
		} else {
			live++;
		}
		weft_plan_answer_free(&answer);
	}
	assert_true(live * 2 > count || count < 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(at_random), cmocka_unit_test(chain), cmocka_unit_test(bounded) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
