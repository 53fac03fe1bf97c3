/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Gate and drain lag against play that stops at a gate. COUNT plans from SEED. */
#include "pl.h"

#include "runtime/plan/cycle.h"
#include "runtime/plan/lag.h"
#include "runtime/plan/rates.h"

static struct weft_why why;

static bool is_fed(const struct pl *p, uint32_t body)
{
	for (uint32_t i = 0; i < p->net.num_edges; i++)
		for (uint32_t j = 0; p->edge[i].from == WEFT_NET_NONE && j < p->edge[i].num_consumers; j++)
			if (p->consumer[i][j].body == body)
				return true;
	return false;
}

/* Fires all that can while the gate stands at @opened; the sequences that every body has run, and that any has begun. */
static void run_to_gate(const struct pl *p, uint32_t opened, uint32_t *all, uint32_t *any)
{
	struct pl_state s;
	bool again = true;

	pl_start(p, &s);
	while (again) {
		again = false;
		for (uint32_t b = 0; b < p->net.num_bodies; b++) {
			if ((weft_lag_gated(&p->net, b) || is_fed(p, b)) && s.done[b] >= opened * p->q[b])
				continue;
			if (!pl_can(p, &s, b))
				continue;
			pl_fire(p, &s, b);
			again = true;
			assert_true(s.done[b] < 1000);		/* no body escapes the gate */
		}
	}
	*all = UINT32_MAX;
	*any = 0;
	for (uint32_t b = 0; b < p->net.num_bodies; b++) {
		uint32_t full = s.done[b] / p->q[b], begun = (s.done[b] + p->q[b] - 1) / p->q[b];

		*all = full < *all ? full : *all;
		*any = begun > *any ? begun : *any;
	}
}

static uint32_t lag_of(struct pl *p)
{
	struct weft_arcs arcs;
	uint32_t lag;

	ok(weft_arcs_init(&arcs, &p->net, p->q, NULL, 0, &why));
	lag = (uint32_t)weft_cycle_dead(&p->net, &arcs, NULL, NULL, NULL, &why);
	if (!lag)
		ok(weft_lag(&arcs, &lag, &why));
	weft_arcs_fini(&arcs);
	return lag;
}

static void against_play(void **state)
{
	uint64_t count = pl_number("COUNT", 2000), seed = pl_number("SEED", 1), lagging = 0;

	(void)state;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t start = seed;
		uint32_t lag, all, any, s;
		bool gated[PL_BODIES];
		struct pl p;

		pl_random(&p, &seed, PL_BODIES);
		if (pl_below(&seed, 3) == 0)
			pl_feed(&p, &seed);
		lag = lag_of(&p);
		if (lag == (uint32_t)-EDEADLK)
			continue;
		weft_lag_gates(&p.net, gated);
		for (uint32_t b = 0; b < p.net.num_bodies; b++)
			assert_int_equal(gated[b], weft_lag_gated(&p.net, b));
		for (s = 1; s <= 12; s++) {
			run_to_gate(&p, s + lag, &all, &any);
			if (all < s || any > s + lag)
				fail_msg("SEED=%#llx COUNT=1: with %u + %u opened all ran %u, one began %u",
					 (unsigned long long)start, s, lag, all, any);
		}
		lagging += lag > 0;
		if (!lag)
			continue;
		run_to_gate(&p, 12 + lag - 1, &all, &any);
		if (all >= 12)
			fail_msg("SEED=%#llx COUNT=1: lag %u is too much", (unsigned long long)start, lag);
	}
	print_message("%llu with a lag\n", (unsigned long long)lagging);
	assert_true(lagging * 100 >= count || count < 100);
}

static void lanes(void **state)
{
	struct pl p;

	(void)state;
	/* one queue whose second half works on the sequence before: that one waits behind the gate */
	pl_chain(&p, 2, 1, 2);
	assert_int_equal(lag_of(&p), 0);
	pl_lane(&p, 2, (const uint32_t[]) { 0, 1 }, (const int32_t[]) { 0, 1 });
	assert_int_equal(lag_of(&p), 1);
	/* two such queues one behind the other add up */
	pl_chain(&p, 4, 1, 3);
	pl_lane(&p, 2, (const uint32_t[]) { 0, 1 }, (const int32_t[]) { 0, 1 });
	pl_lane(&p, 2, (const uint32_t[]) { 2, 3 }, (const int32_t[]) { 0, 2 });
	assert_int_equal(lag_of(&p), 3);
	/* two firings of a skew are one sequence where a body fires twice in each */
	pl_init(&p, 3, 1);
	pl_edge_rates(&p, 0, 1, 1, 1, 4, 0);
	pl_edge_rates(&p, 1, 1, 2, 2, 4, 0);
	p.q[0] = p.q[1] = 2;
	pl_lane(&p, 2, (const uint32_t[]) { 0, 1 }, (const int32_t[]) { 0, 2 });
	assert_int_equal(lag_of(&p), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(against_play), cmocka_unit_test(lanes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
