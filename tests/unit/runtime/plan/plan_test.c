/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* All of it at once, what is refused and how, and that nothing is left behind. COUNT plans from SEED. */
#include "pl.h"

#include "runtime/plan/plan.h"

static struct weft_why why;
static struct weft_plan_answer answer;

static int solve(struct pl *p, const struct weft_plan_options *options)
{
	return weft_plan_solve(&p->net, options, &answer, &why);
}

static void whole(void **state)
{
	struct pl p;

	(void)state;
	pl_chain(&p, 4, 5000000, 0);
	pl_edge(&p, 0, 3, 0, 0);
	ok(solve(&p, NULL));
	assert_int_equal(answer.period.num, 5000000);
	assert_int_equal(answer.pace.period.num, 5000000);
	assert_true(answer.pace.exact && answer.minimal);
	assert_int_equal(p.edge[0].depth, 2);
	assert_int_equal(p.edge[3].depth, 4);
	assert_int_equal(answer.bytes_unshared[0], (2 + 2 + 2 + 4) * 4096);
	assert_int_equal(answer.bytes[0], answer.bytes_unshared[0]);
	assert_int_equal(answer.bytes[1], 0);
	assert_int_equal(answer.lanes.num_lanes, 4);
	assert_int_equal(answer.lag, 0);
	assert_true(answer.gated[0] && !answer.gated[1]);
	assert_non_null(strstr(answer.critical.text.text, " -(its next firing)-> body "));
	weft_plan_answer_free(&answer);
	assert_null(answer.q);

	/* on one lane, slower and smaller */
	pl_chain(&p, 4, 5000000, 0);
	ok(solve(&p, &(struct weft_plan_options) { .max_lanes = 1 }));
	assert_int_equal(answer.period.num, 20000000);
	assert_int_equal(answer.bytes_unshared[0], 3 * 4096);
	assert_int_equal(answer.bytes[0], 2 * 4096);
	assert_int_equal(answer.lanes.lane[0].num_bodies, 4);
	weft_plan_answer_free(&answer);
	for (uint32_t b = 0; b < 4; b++)
		p.body[b].lane = WEFT_NET_NONE;
	ok(solve(&p, &(struct weft_plan_options) { .max_lanes = 1, .flags = WEFT_SOLVE_NO_SHARE | WEFT_SOLVE_NO_PACE }));
	assert_int_equal(answer.bytes[0], 3 * 4096);
	assert_int_equal(answer.pace.firings, 0);
	weft_plan_answer_free(&answer);

	/* engines that are too few set the period, and play says what comes of it */
	pl_chain(&p, 4, 5000000, 0);
	p.net.num_groups = 1;
	p.group[0] = (struct weft_net_group) { "compute", 3 };
	for (uint32_t b = 0; b < 4; b++)
		p.body[b].group = 0;
	ok(solve(&p, NULL));
	assert_int_equal(answer.period.num, 20000000);
	assert_int_equal(answer.period.den, 3);
	assert_int_equal(answer.critical.group, 0);
	assert_string_equal(answer.critical.text.text, "engines of group compute");
	assert_true(weft_ratio_compare(answer.pace.period, answer.period) >= 0);
	weft_plan_answer_free(&answer);
}

static void base(struct pl *p)
{
	pl_chain(p, 3, 1000, 0);
	p->net.num_groups = 1;
	p->group[0] = (struct weft_net_group) { "compute", 1 };
}

#define bad(change, err, text) do { \
	base(&p); \
	change; \
	refuses(solve(&p, NULL), (err), (text)); \
	assert_null(answer.q); \
} while (0)

static void bad_input(void **state)
{
	struct pl p;

	(void)state;
	bad(p.net.num_bodies = 0, -EINVAL, "the plan has no bodies");
	bad(p.net.num_bodies = 1048577, -E2BIG, "too many bodies: 1048577, at most 1048576");
	bad(p.net.num_edges = 4194305, -E2BIG, "too many edges: 4194305, at most 4194304");
	bad(p.net.num_lanes = 4, -EINVAL, "4 lanes for 3 bodies");
	bad(p.group[0].name = NULL, -EINVAL, "engine group 0 has no name");
	bad(p.group[0].width = 0, -EINVAL, "engine group compute has no engines");
	bad(p.room[1].name = NULL, -EINVAL, "memory 1 has no name");
	bad(p.body[1].name = NULL, -EINVAL, "body 1 has no name");
	bad(p.body[1].group = 7, -EINVAL, "body b: no engine group 7");
	bad(p.body[1].lane = 7, -EINVAL, "body b: no lane 7");
	bad(p.body[1].skew = 1048577, -EINVAL, "body b: skew 1048577, at most 1048576 either way");
	bad(p.body[1].time_ns = UINT64_MAX, -EINVAL, "body b: 18446744073709551615 ns make the times of all too long");
	bad(p.edge[1].name = NULL, -EINVAL, "edge 1 has no name");
	bad(p.edge[1].from = 3, -EINVAL, "edge x1: no body 3 to come from");
	bad(p.edge[1].from = WEFT_NET_NONE; p.edge[1].num_consumers = 0, -EINVAL, "edge x1 connects nothing");
	bad(p.edge[1].produce = 0, -EINVAL, "edge x1: its producer gives 0 tokens");
	bad(p.edge[1].flags = 0x80, -EINVAL, "edge x1: unknown flags 0x80");
	bad(p.edge[1].place = 2, -EINVAL, "edge x1: no memory 2");
	bad(p.edge[1].block_bytes = 0, -EINVAL, "edge x1: blocks of 0 bytes");
	bad(p.edge[1].consumer = NULL, -EINVAL, "edge x1: no consumers given");
	bad(p.consumer[1][0].body = 3, -EINVAL, "edge x1: no body 3 to go to");
	bad(p.consumer[1][0].consume = 0, -EINVAL, "edge x1: body c takes 0 tokens");
	bad(pl_consumer(&p, 1, 2, 1), -EINVAL, "edge x1: body c takes it twice");
	bad(p.edge[1].flags = WEFT_NET_FIXED, -EINVAL, "edge x1: depth 0, it needs a block at least");
	bad(p.edge[1].depth = 1048577, -EINVAL, "edge x1: depth 1048577 with 0 initial tokens, at most 1048576");
	bad(p.edge[1].flags = WEFT_NET_FIXED; p.edge[1].depth = 2; p.edge[1].initial = 3, -EINVAL,
	    "edge x1: 3 initial tokens do not fit depth 2");
	bad(p.edge[1].flags = WEFT_NET_STATE; p.edge[1].depth = 1, -EINVAL,
	    "edge x1 is state: depth 1 and 0 initial tokens, both must be 1, what a firing gives");
	bad(p.edge[1].flags = WEFT_NET_STATE; p.edge[1].from = WEFT_NET_NONE, -EINVAL,
	    "edge x1 is state, and no body writes it");
	bad(pl_lane(&p, 0, NULL, NULL), -EINVAL, "lane 0 is empty");
	bad(pl_lane(&p, 1, (const uint32_t[]) { 0 }, NULL); p.in_lane[0][0] = 3, -EINVAL, "lane 0: no body 3");
	bad(pl_lane(&p, 2, (const uint32_t[]) { 1, 1 }, NULL), -EINVAL, "lane 0: body b is in it and in another place too");
	bad(pl_lane(&p, 1, (const uint32_t[]) { 1 }, NULL); p.body[1].card = 1, -EINVAL,
	    "lane 0 is on card 0, body b on card 1");
	bad(pl_lane(&p, 1, (const uint32_t[]) { 1 }, NULL); p.body[2].lane = 0, -EINVAL, "body c: lane 0 does not have it");
	bad(p.consumer[1][0].consume = 2; pl_lane(&p, 2, (const uint32_t[]) { 1, 2 }, NULL), -EINVAL,
	    "lane 0: body b fires 2 times in a sequence, body c 1 times");
	bad(pl_edge_rates(&p, 0, 2, 2, 1, 0, 0), -EINVAL, "rates do not balance: body b gives 1 tokens in a sequence, body c takes 2");
	bad(p.consumer[1][0].consume = 4096; p.body[1].time_ns = 1ull << 50, -EINVAL,
	    "body b: 4096 times 1125899906842624 ns make");
	bad(p.edge[1].produce = 4194304, -EOVERFLOW, "more than 4194304 firings");
	bad(pl_edge(&p, 2, 0, 0, 0), -EDEADLK, "body a -(edge x0)-> body b -(edge x1)-> body c -(edge x2)-> body a");
	/* a net that was refused is as it came */
	base(&p);
	pl_edge(&p, 2, 0, 0, 0);
	refuses(solve(&p, NULL), -EDEADLK, "no token");
	assert_int_equal(p.body[0].lane, WEFT_NET_NONE);
	p.edge[2].initial = 1;
	ok(solve(&p, NULL));
	weft_plan_answer_free(&answer);
	base(&p);
	refuses(solve(&p, &(struct weft_plan_options) { .target = { 500, 1 } }), -ERANGE,
		"a period of 500 ns cannot be kept: body a -(its next firing)-> body a need 1000 ns");
}

static void memory(void **state)
{
	struct pl p;

	(void)state;
	/* ten blocks at the best period, and room for five */
	pl_chain(&p, 4, 1000, 0);
	pl_edge(&p, 0, 3, 0, 0);
	p.room[0].bytes = 5 * 4096;
	refuses(solve(&p, NULL), -ENOSPC, "memory card 0: 40960 bytes needed, 20480 free, 20480 missing; largest is edge x3, "
		"depth 4 of 4096 bytes; a period of ");
	{
		const char *at = strstr(why.text, "a period of ");
		double period = at ? atof(at + 12) : 0;

		/* what it says would fit does */
		assert_true(period >= 1500 && period <= 2500);
		ok(solve(&p, &(struct weft_plan_options) { .target = { (uint64_t)period, 1 } }));
		assert_true(answer.bytes[0] <= p.room[0].bytes);
		weft_plan_answer_free(&answer);
		for (uint32_t b = 0; b < 4; b++)
			p.body[b].lane = WEFT_NET_NONE;
	}
	p.room[0].bytes = 2 * 4096;
	refuses(solve(&p, NULL), -ENOSPC, "at its smallest depths it needs 16384 bytes");
	/* the user's depth, and who is in the way */
	p.edge[1].flags = WEFT_NET_FIXED;
	p.edge[1].depth = 64;
	p.room[0].bytes = 32 * 4096;
	refuses(solve(&p, NULL), -ENOSPC, "largest is edge x1, depth 64 of 4096 bytes");
	/* more than any number holds */
	p.edge[1].block_bytes = UINT64_MAX / 2;
	refuses(solve(&p, NULL), -ENOSPC, "18446744073709551615 bytes needed");
}

/*
 * Without the play the planner need not look at guards where engines set the period: with and without a look it is the same
 * plan. Is this one of those?
 */
static bool unplayed(struct pl *p, struct weft_plan_options *options, uint64_t seed)
{
	struct weft_plan_answer with = answer;
	bool same;

	for (uint32_t b = 0; b < p->net.num_bodies; b++)
		if (p->body[b].lane >= p->net.num_lanes) {
			p->body[b].lane = WEFT_NET_NONE;
			p->body[b].skew = 0;
		}
	options->flags = WEFT_SOLVE_NO_PACE;
	ok(solve(p, options));
	same = !weft_ratio_compare(answer.period, with.period) && answer.lag == with.lag &&
	       answer.pools.num_guards == with.pools.num_guards && answer.pools.num_pools == with.pools.num_pools &&
	       !memcmp(answer.bytes, with.bytes, p->net.num_rooms * sizeof(*with.bytes)) &&
	       answer.critical.group == with.critical.group && !strcmp(answer.critical.text.text, with.critical.text.text);
	for (uint32_t i = 0; same && i < with.pools.num_guards; i++)
		same = !memcmp(&answer.pools.guard[i], &with.pools.guard[i], sizeof(with.pools.guard[i]));
	if (!same)
		fail_msg("SEED=%#llx COUNT=1: T* %g with the play and %g without", (unsigned long long)seed,
			 weft_ratio_ns(with.period), weft_ratio_ns(answer.period));
	weft_plan_answer_free(&answer);
	answer = with;
	return answer.pools.num_guards && answer.critical.group != WEFT_NET_NONE;
}

/* The parts agree with each other and with play. */
static void at_random(void **state)
{
	uint64_t count = pl_number("COUNT", 1000), seed = pl_number("SEED", 1), done = 0, known = 0;

	(void)state;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t start = seed;
		struct weft_plan_options options = { .max_lanes = (uint32_t)pl_below(&seed, 4) };
		struct pl p;
		int ret;

		pl_random(&p, &seed, PL_BODIES);
		pl_feed(&p, &seed);
		for (uint32_t k = 0; k < p.net.num_edges; k++)
			if (pl_below(&seed, 4) == 0)
				p.edge[k].flags |= WEFT_NET_FIXED;
		/* one engine for all, so that there is time to share blocks in */
		if (pl_below(&seed, 2)) {
			p.group[0].width = 1;
			for (uint32_t b = 0; b < p.net.num_bodies; b++)
				p.body[b].group = 0;
		}
		ret = solve(&p, &options);
		if (ret) {
			assert_true(ret == -EDEADLK || ret == -ENOSPC);
			assert_true(why.text[0]);
			continue;
		}
		done++;
		assert_memory_equal(answer.q, p.q, p.net.num_bodies * sizeof(*answer.q));
		if (!answer.minimal || !answer.pace.exact || weft_ratio_compare(answer.pace.period, answer.period) < 0 ||
		    answer.bytes[0] > answer.bytes_unshared[0] || !answer.critical.text.text[0])
			fail_msg("SEED=%#llx COUNT=1: T* %g, played %g, %s", (unsigned long long)start,
				 weft_ratio_ns(answer.period), weft_ratio_ns(answer.pace.period), answer.critical.text.text);
		for (uint32_t b = 0; b < p.net.num_bodies; b++)
			assert_true(p.body[b].lane < answer.lanes.num_lanes);
		known += unplayed(&p, &options, start);
		weft_plan_answer_free(&answer);
	}
	assert_true(known || count < 100);
	assert_true(done * 2 > count || count < 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole), cmocka_unit_test(bad_input), cmocka_unit_test(memory), cmocka_unit_test(at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
