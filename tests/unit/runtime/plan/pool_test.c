/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Shared blocks against play that knows who holds each slot. COUNT plans from SEED. */
#include "pl.h"

#include "runtime/plan/cycle.h"
#include "runtime/plan/depth.h"
#include "runtime/plan/pool.h"
#include "runtime/plan/room.h"

#define MAX_SLOTS	64
#define ROUNDS		12	/* sequences that each random play runs */

static struct weft_why why;

struct slots {
	const struct weft_pools *pools;
	/* of a pool's slot: consumers that have not returned it, and who it belongs to */
	uint32_t held[PL_EDGES][MAX_SLOTS];
};

/* Guards as they are meant for the card: a wait for a number of returned blocks. */
static bool guarded(const struct pl *p, const struct pl_state *s, uint32_t body, void *data)
{
	const struct weft_pools *pools = data;

	(void)p;
	for (uint32_t i = 0; i < pools->num_guards; i++) {
		const struct weft_guard *g = &pools->guard[i];

		if (g->to == body && (int64_t)s->done[g->from] * g->consume <
		    (int64_t)(s->done[body] + 1) * g->produce - g->tokens)
			return true;
	}
	return false;
}

static void begin(const struct pl *p, const struct pl_state *s, struct slots *at, uint32_t body)
{
	for (uint32_t i = 0; i < p->net.num_edges; i++) {
		const struct weft_net_edge *e = &p->edge[i];
		uint32_t pool = at->pools->of[i];

		if (e->from != body || pool == WEFT_NET_NONE || at->pools->pool[pool].num_edges < 2)
			continue;
		for (uint32_t n = 0; n < e->produce; n++) {
			uint32_t *held = &at->held[pool][(s->done[body] * e->produce + n) % e->depth];

			if (*held)
				fail_msg("edge %s writes a slot that is in use", e->name);
			*held = e->num_consumers;
		}
	}
}

static void end(const struct pl *p, const struct pl_state *s, struct slots *at, uint32_t body)
{
	for (uint32_t i = 0; i < p->net.num_edges; i++) {
		const struct weft_net_edge *e = &p->edge[i];
		uint32_t pool = at->pools->of[i];

		for (uint32_t j = 0; pool != WEFT_NET_NONE && at->pools->pool[pool].num_edges > 1 && j < e->num_consumers; j++)
			for (uint32_t n = 0; e->consumer[j].body == body && n < e->consumer[j].consume; n++) {
				uint32_t *held = &at->held[pool][(s->done[body] * e->consumer[j].consume + n) % e->depth];

				assert_true(*held);
				--*held;
			}
	}
}

/* Firings begin and end in any order that the rules allow. False: it stopped */
static bool play(const struct pl *p, struct weft_pools *pools, uint64_t *seed)
{
	struct slots at = { .pools = pools };
	struct pl_state s;

	pl_start(p, &s);
	for (;;) {
		uint32_t can[2 * PL_BODIES], num = 0, body;
		bool all = true;

		for (uint32_t b = 0; b < p->net.num_bodies; b++) {
			all = all && s.done[b] >= ROUNDS * p->q[b];
			if (s.rest[b] || (pl_can(p, &s, b) && s.done[b] < 2 * ROUNDS * p->q[b] && !guarded(p, &s, b, pools)))
				can[num++] = b;
		}
		if (all)
			return true;
		if (!num)
			return false;
		body = can[pl_below(seed, num)];
		if (!s.rest[body]) {
			begin(p, &s, &at, body);
			s.rest[body] = 1;
			continue;
		}
		end(p, &s, &at, body);
		s.rest[body] = 0;
		pl_fire(p, &s, body);
	}
}

static void well_formed(const struct pl *p, const struct weft_pools *pools)
{
	uint32_t seen[PL_EDGES] = { 0 };

	for (uint32_t i = 0; i < pools->num_pools; i++) {
		const struct weft_pool *pool = &pools->pool[i];
		const struct weft_net_edge *first = &p->edge[pool->edge[0]];

		for (uint32_t k = 0; k < pool->num_edges; k++) {
			const struct weft_net_edge *e = &p->edge[pool->edge[k]];

			assert_int_equal(pools->of[pool->edge[k]], i);
			assert_int_equal(seen[pool->edge[k]]++, 0);
			assert_int_equal(e->depth, pool->depth);
			assert_int_equal(e->place, pool->place);
			assert_true(e->block_bytes <= pool->slot_bytes);
			if (pool->num_edges == 1)
				continue;
			assert_int_equal(e->produce, first->produce);
			assert_int_equal(p->q[e->from], p->q[first->from]);
			assert_int_equal(e->initial, 0);
			assert_int_equal(e->flags & (WEFT_NET_STATE | WEFT_NET_CONTROL | WEFT_NET_NO_SHARE), 0);
		}
	}
	for (uint32_t i = 0; i < p->net.num_edges; i++)
		assert_int_equal(seen[i], !(p->edge[i].flags & WEFT_NET_CONTROL));
}

/* @slower: times the best period */
static bool make_pools(struct pl *p, struct weft_pools *pools, struct weft_ratio *t, uint32_t slower, bool share)
{
	struct weft_arcs arcs;
	bool minimal;

	if (weft_depth_choose(&p->net, p->q, (struct weft_ratio) { 0, 1 }, t, &minimal, NULL, &why))
		return false;
	t->num *= slower;
	ok(weft_depth_choose(&p->net, p->q, *t, t, &minimal, NULL, &why));
	ok(weft_arcs_init(&arcs, &p->net, p->q, NULL, 0, &why));
	ok(weft_pools_init(pools, &p->net, p->q, &arcs, *t, share, &why));
	weft_arcs_fini(&arcs);
	return true;
}

static void against_play(void **state)
{
	uint64_t count = pl_number("COUNT", 1000), seed = pl_number("SEED", 1), shared = 0, done = 0, unplayed = 0;

	(void)state;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t start = seed, num, den, with[2], without[2];
		struct weft_pools pools;
		struct weft_ratio t;
		struct pl p;

		pl_random(&p, &seed, PL_BODIES);
		p.net.num_groups = 0;
		for (uint32_t b = 0; b < p.net.num_bodies; b++)
			p.body[b].group = WEFT_NET_NONE;
		for (uint32_t k = 0; k < p.net.num_edges; k++) {
			p.edge[k].block_bytes = 64 << pl_below(&seed, 4);
			p.edge[k].place = pl_below(&seed, 8) == 0;
			if (pl_below(&seed, 12) == 0)
				p.edge[k].flags |= pl_below(&seed, 2) ? WEFT_NET_CONTROL : WEFT_NET_NO_SHARE;
		}
		if (!make_pools(&p, &pools, &t, 1 + (uint32_t)pl_below(&seed, 4), true))
			continue;
		done++;
		well_formed(&p, &pools);
		for (uint32_t r = 0; r < 4; r++)
			if (!play(&p, &pools, &seed))
				fail_msg("SEED=%#llx COUNT=1: it stops", (unsigned long long)start);
		/* parts that nothing connects may take very long until all of them come back at once */
		if (!pl_period(&p, false, guarded, &pools, &num, &den)) {
			unplayed++;
			num = 0;
		}
		if (num * t.den > t.num * den)
			fail_msg("SEED=%#llx COUNT=1: period %llu/%llu with sharing, %llu/%llu to keep",
				 (unsigned long long)start, (unsigned long long)num, (unsigned long long)den,
				 (unsigned long long)t.num, (unsigned long long)t.den);
		weft_room_bytes(&p.net, &pools, with);
		weft_room_bytes(&p.net, NULL, without);
		assert_true(with[0] <= without[0] && with[1] <= without[1]);
		shared += with[0] < without[0];
		weft_pools_fini(&pools);
	}
	print_message("%llu live, %llu share, %llu without a period\n", (unsigned long long)done, (unsigned long long)shared,
		      (unsigned long long)unplayed);
	assert_true(count < 100 || (shared * 30 > done && unplayed * 1000 <= done));
}

/* What is read by the next but one is free when that one writes. */
static void chain(void **state)
{
	struct weft_pools pools;
	struct weft_ratio t;
	uint64_t bytes[2];
	struct pl p;

	(void)state;
	pl_chain(&p, 7, 1000, 0);
	pl_lane(&p, 7, (const uint32_t[]) { 0, 1, 2, 3, 4, 5, 6 }, NULL);
	p.edge[3].block_bytes = 8192;
	assert_true(make_pools(&p, &pools, &t, 1, true));
	assert_int_equal(t.num, 7000);
	assert_int_equal(pools.num_pools, 2);
	weft_room_bytes(&p.net, &pools, bytes);
	assert_int_equal(bytes[0], 8192 + 4096);
	assert_int_equal(pools.of[0], pools.of[2]);
	assert_int_equal(pools.of[0], pools.of[4]);
	assert_int_equal(pools.of[1], pools.of[3]);
	assert_int_equal(pools.pool[pools.of[1]].slot_bytes, 8192);
	/* edges hand on in order, so only the way back to the first is waited for */
	assert_int_equal(pools.num_guards, 2);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(pools.guard[i].tokens, 1);
		assert_int_equal(pools.guard[i].from, pools.guard[i].edge + 1);
		assert_int_equal(pools.guard[i].to, pools.guard[i].next_edge);
	}
	weft_pools_fini(&pools);
	assert_true(make_pools(&p, &pools, &t, 1, false));
	assert_int_equal(pools.num_pools, 6);
	assert_int_equal(pools.num_guards, 0);
	weft_pools_fini(&pools);
	/* one block in all bodies' hands at once cannot be another's */
	p.net.num_lanes = 0;
	for (uint32_t b = 0; b < 7; b++)
		p.body[b].lane = WEFT_NET_NONE;
	assert_true(make_pools(&p, &pools, &t, 1, true));
	assert_int_equal(t.num, 1000);
	assert_int_equal(pools.num_pools, 6);
	weft_pools_fini(&pools);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(against_play), cmocka_unit_test(chain) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
