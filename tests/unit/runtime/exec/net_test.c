/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Random plans, those that run on cards in tests/runtime/plan_test.c, prepared on cards of this process and played by what their
 * lanes would wait for and signal, in any interleaving: all get through, and every token is where its consumers look from the
 * begin of a firing to its end. COUNT plans from SEED.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../fake_sys.h"

#include "runtime/core/device.h"
#include "runtime/exec/exec.h"
#include "tests/runtime/plan_net.h"

#define CARDS		3u
#define SEQUENCES	12u
#define BLOCKS		(1u << 16)
#define NOBODY		UINT32_MAX

void weft_sys_set(const struct weft_sys *sys);

struct block {
	uint64_t at;			/* place and offset, one more; 0: none */
	uint32_t edge, token;		/* what lies there */
};

struct play {
	const struct weft_plan *p;
	int64_t *cell;
	struct { uint32_t at, iteration; bool runs; } *lane;
	uint32_t ended[NET_BODIES];
	struct block *block;
	uint64_t rnd;
};

static const char *broken;
static uint32_t broken_body, broken_edge;

static uint32_t below(uint64_t *rnd, uint32_t n)
{
	return (uint32_t)(rt_random(rnd) >> 32) % n;
}

static struct block *block_of(struct play *y, const struct weft_edge *e, uint32_t token)
{
	const uint64_t at = ((uint64_t)e->place << 48 | (e->offset + token % e->depth * e->stride)) + 1;
	uint32_t k = (uint32_t)(at * 0x9e3779b97f4a7c15ull >> 48) % BLOCKS;

	while (y->block[k].at && y->block[k].at != at)
		k = (k + 1) % BLOCKS;
	y->block[k].at = at;
	return &y->block[k];
}

static void wrong(const char *what, const struct weft_body *b, const struct weft_edge *e)
{
	broken = broken ? broken : what;
	broken_body = b->id;
	broken_edge = e ? e->id : NOBODY;
}

/* What the firing reads is there. */
static void reads(struct play *y, const struct weft_body *b, uint32_t firing, const char *what)
{
	for (uint32_t i = 0; i < y->p->num_edges; i++) {
		const struct weft_edge *e = y->p->edge[i];

		for (uint32_t j = 0; j < e->num_consumers; j++) {
			const uint32_t rate = e->consumer[j].rate;

			if (e->consumer[j].body != b)
				continue;
			if (e->initial + y->ended[e->producer->id] * e->rate < (firing + 1) * rate)
				wrong("takes what is not made", b, e);
			for (uint32_t t = firing * rate; t < (firing + 1) * rate && !weft_edge_blockless(e); t++)
				if (block_of(y, e, t)->edge != i || block_of(y, e, t)->token != t)
					wrong(what, b, e);
		}
	}
}

static void writes(struct play *y, const struct weft_body *b, uint32_t firing)
{
	for (uint32_t i = 0; i < y->p->num_edges; i++) {
		const struct weft_edge *e = y->p->edge[i];

		if (e->producer != b)
			continue;
		for (uint32_t j = 0; j < e->num_consumers; j++)
			if ((int64_t)y->ended[e->consumer[j].body->id] * e->consumer[j].rate <
			    (int64_t)e->initial + (firing + 1) * e->rate - e->depth)
				wrong("makes what has no idle block", b, e);
		for (uint32_t t = e->initial + firing * e->rate; t < e->initial + (firing + 1) * e->rate && !weft_edge_blockless(e); t++) {
			block_of(y, e, t)->edge = i;
			block_of(y, e, t)->token = t;
		}
	}
}

/* The next firing of a lane: of the body that is on, and after those that have none yet. */
static const struct weft_body *turn(struct play *y, uint32_t lane, uint32_t *firing)
{
	const struct weft_plan_lane *l = &y->p->lane[lane];

	while (y->lane[lane].iteration < l->body[y->lane[lane].at]->skew)
		if (++y->lane[lane].at == l->num_bodies) {
			y->lane[lane].at = 0;
			y->lane[lane].iteration++;
		}
	*firing = y->lane[lane].iteration - l->body[y->lane[lane].at]->skew;
	return l->body[y->lane[lane].at];
}

/* A firing of the lane begins, or the one that runs ends. False: it waits */
static bool step(struct play *y, uint32_t lane)
{
	uint32_t firing;
	const struct weft_body *b = turn(y, lane, &firing);

	if (!y->lane[lane].runs) {
		for (uint32_t i = 0; i < b->waits.count; i++)
			if (y->cell[b->waits.tie[i].cell] < (int64_t)(b->waits.tie[i].base + firing * b->waits.tie[i].step))
				return false;
		reads(y, b, firing, "finds another block than it takes");
		writes(y, b, firing);
		y->lane[lane].runs = true;
		return true;
	}
	/* but for what it writes in place itself */
	for (uint32_t i = 0; i < b->signals.count; i++)
		y->cell[b->signals.tie[i].cell] = (int64_t)(b->signals.tie[i].base + firing * b->signals.tie[i].step);
	reads(y, b, firing, "had a block taken away while it ran");
	y->ended[b->id]++;
	y->lane[lane].runs = false;
	if (++y->lane[lane].at == y->p->lane[lane].num_bodies) {
		y->lane[lane].at = 0;
		y->lane[lane].iteration++;
	}
	return true;
}

static void play(const struct weft_plan *p, uint64_t seed)
{
	struct play y = { .p = p, .rnd = seed };

	y.cell = calloc(p->num_cells + 1ull, sizeof(y.cell[0]));
	y.lane = calloc(p->num_lanes, sizeof(y.lane[0]));
	y.block = calloc(BLOCKS, sizeof(y.block[0]));
	for (uint32_t i = 0; i < p->num_cells; i++)
		y.cell[i] = (int64_t)p->cell[i].initial + (p->cell[i].role == WEFT_ROLE_GATE ? (SEQUENCES + p->lag) * p->cell[i].q : 0);
	for (uint32_t i = 0; i < p->num_edges; i++)
		for (uint32_t t = 0; t < p->edge[i]->initial && !weft_edge_blockless(p->edge[i]); t++) {
			block_of(&y, p->edge[i], t)->edge = i;
			block_of(&y, p->edge[i], t)->token = t;
		}
	broken = NULL;
	for (uint32_t still = 0; still < p->num_lanes && !broken; ) {
		const uint32_t first = below(&y.rnd, p->num_lanes);

		for (still = 0; still < p->num_lanes && !step(&y, (first + still) % p->num_lanes); still++)
			;
	}
	for (uint32_t i = 0; i < p->num_bodies && !broken; i++)
		if (y.ended[i] < SEQUENCES * p->body[i]->q)
			wrong("stands still", p->body[i], NULL);
	free(y.cell);
	free(y.lane);
	free(y.block);
}

static struct weft_plan *prepared(struct weft_device **card, uint32_t cards, struct net *net, uint64_t *rnd, uint64_t *dead)
{
	struct weft_plan_config config = { .size = sizeof(config), .flags = below(rnd, 2) ? WEFT_PLAN_FEW_QUEUES : 0,
					   .period_ns = below(rnd, 2) ? 0 : RT_SECOND };
	struct weft_plan *p;
	int ret = -EDEADLK;

	for (uint32_t tries = 0; tries < 8; tries++) {
		assert_int_equal(weft_plan_create(card, cards, &config, &p), 0);
		ret = net_plan(net, p, cards, rt_random(rnd), tries < 6);
		if (!ret)
			return p;
		if (ret != -EDEADLK)
			fail_msg("%d: %s; %s", ret, net_why(), weft_last_error());
		(*dead)++;
		assert_int_equal(weft_plan_destroy(p), 0);
	}
	return NULL;
}

static void random_plans(void **state)
{
	const uint64_t count = rt_number("COUNT", 1000), seed = rt_number("SEED", 1);
	uint64_t plans = 0, dead = 0, shared = 0, lagging = 0;
	struct weft_device *card[CARDS];
	struct weft *weft;

	(void)state;
	fake_reset(CARDS);
	weft_sys_set(&fake_sys);
	weft = weft_open();
	for (uint32_t i = 0; i < CARDS; i++) {
		assert_int_equal(weft_device_open(weft, "card", i, &card[i]), 0);
		card[i]->info.caps = UINT64_MAX;
		card[i]->info.user_bytes = 1 << 30;
		card[i]->info.num_slots = 12;
	}
	for (uint64_t i = 0; i < count; i++) {
		uint64_t number = (seed - 1) * count + i, rnd = number;
		struct weft_plan *p;
		struct net net;

		net_graph(&net, rt_random(&rnd));
		p = prepared(card, 1 + below(&rnd, CARDS), &net, &rnd, &dead);
		if (!p)
			continue;
		plans++;
		shared += p->num_guards > 0;
		lagging += p->lag > 0;
		for (uint32_t n = 0; n < 3; n++) {
			play(p, rt_random(&rnd));
			if (broken)
				fail_msg("COUNT=1 SEED=%llu: body %s %s, edge %s", (unsigned long long)number + 1, p->body[broken_body]->name, broken,
					 broken_edge == NOBODY ? "none" : p->edge[broken_edge]->name);
		}
		assert_int_equal(weft_plan_destroy(p), 0);
	}
	for (uint32_t i = 0; i < CARDS; i++)
		assert_int_equal(weft_device_close(card[i]), 0);
	assert_int_equal(weft_close(weft), 0);
	printf("%llu plans, %llu refused as dead, %llu with shared blocks, %llu with a lag\n", (unsigned long long)plans,
	       (unsigned long long)dead, (unsigned long long)shared, (unsigned long long)lagging);
	assert_true(count < 100 || (plans * 10 > count * 9 && shared * 20 > count && lagging * 20 > count));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(random_plans) };

	return cmocka_run_group_tests_name("exec/net", tests, NULL, NULL);
}
