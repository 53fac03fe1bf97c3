/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Random plans on cards against a serial program, bit for bit: rates, delays, states, branches, lanes with skews, on one to four
 * cards; with drains, a snapshot that goes on in a plan with other lanes and depths, and an end.
 */
#include <time.h>

#include "plan_net.h"
#include "plan_rig.h"

#define TRIES	60
#define WILD	40	/* of them with lanes and depths as it comes */

/* Where the time of a run goes. */
enum phase { SERIAL, BUILD, LOAD, RUN, COMPARE, UNLOAD, PHASES };
static const char *const phases[PHASES] = { "serial program", "build", "load", "run", "compare", "unload" };

struct counts {
	uint64_t plans, dead, drains, snapshots, cards, shared, bubbles;
	uint64_t ns[PHASES], calls[PHASES], since, calls_since;
	struct weft *weft;
};

/* What has passed since the last call was @phase. */
static void spent(struct counts *c, enum phase phase)
{
	struct weft_stats stats = { .size = sizeof(stats) };
	struct timespec t;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC, &t);
	weft_stats_get(c->weft, &stats);
	c->calls[phase] += c->since ? stats.ioctls + stats.mmaps - c->calls_since : 0;
	c->calls_since = stats.ioctls + stats.mmaps;
	now = (uint64_t)t.tv_sec * RT_SECOND + (uint64_t)t.tv_nsec;
	c->ns[phase] += c->since ? now - c->since : 0;
	c->since = now;
}

struct site {
	struct weft_device *card[4];
	uint32_t cards;
	struct weft_plan *plan;
};

static uint32_t below(uint64_t *rnd, uint32_t n)
{
	return (uint32_t)(rt_random(rnd) >> 32) % n;
}

static int open_site(struct weft *weft, struct site *s, uint32_t cards)
{
	s->cards = cards;
	for (uint32_t i = 0; i < cards; i++)
		RT_OK(weft_device_open(weft, "card", i, &s->card[i]));
	return 0;
}

static int close_site(struct site *s)
{
	for (uint32_t i = 0; i < s->cards; i++)
		RT_OK(weft_device_close(s->card[i]));
	return 0;
}

/* Of the cards that have bodies, and choices. */
static uint64_t constant_bytes(const struct net *net, uint32_t cards)
{
	uint64_t bytes = 0;

	for (uint32_t card = 0; card < cards; card++) {
		bool salts = false, numbers = false;

		for (uint32_t i = 0; i < net->num_bodies; i++) {
			salts |= net->body[i].card == card;
			numbers |= net->body[i].card == card && net->body[i].choice;
		}
		bytes += salts ? (net->num_bodies * sizeof(net->body[0].salt) + 4095) / 4096 * 4096 : 0;
		bytes += numbers ? 4096 : 0;
	}
	return bytes;
}

/* A plan of the graph that is live, loaded and filled. */
static int begin(struct net *net, struct site *s, uint64_t *rnd, const void *saved, uint64_t bytes, struct counts *c)
{
	struct weft_plan_config config = { .size = sizeof(config), .flags = below(rnd, 2) ? WEFT_PLAN_POISON : 0 };
	struct weft_plan_report report = { .size = sizeof(report) };
	uint64_t constants;
	int ret = -EDEADLK;

	config.flags |= below(rnd, 2) ? WEFT_PLAN_FEW_QUEUES : 0;
	config.period_ns = below(rnd, 2) ? 0 : RT_SECOND;	/* with time to spare blocks are shared */
	config.cell_base = below(rnd, 2) ? 0 : 0 - (uint64_t)below(rnd, 30);
	for (int tries = 0; ret == -EDEADLK && tries < TRIES; tries++) {
		RT_OK(weft_plan_create(s->card, s->cards, &config, &s->plan));
		ret = net_plan(net, s->plan, s->cards, rt_random(rnd), tries < WILD);
		c->plans++;
		if (ret == -EDEADLK) {
			c->dead++;
			RT_OK(weft_plan_destroy(s->plan));
		}
	}
	if (ret == -1)
		return ret;
	RT_OK(ret);
	RT_OK(weft_plan_prepare(s->plan, &report));
	constants = constant_bytes(net, s->cards);
	c->shared += report.memory_bytes < report.unshared_bytes + constants;
	c->bubbles += report.lag;
	if (saved)
		RT_OK(weft_plan_restore(s->plan, saved, bytes));
	spent(c, BUILD);
	RT_OK(weft_plan_load(s->plan));
	if (net_fill(net))
		return -1;
	spent(c, LOAD);
	return 0;
}

/* Sequences @from … @to - 1 of a plan that began at @start, in runs with and without drains between. */
static int advance(const struct net *net, const struct net_result *result, struct site *s, uint64_t *rnd, uint32_t from, uint32_t to,
		   uint32_t start, struct counts *c)
{
	uint32_t seen = from;

	while (from < to) {
		const uint32_t n = 1 + below(rnd, to - from);

		RT_OK(weft_plan_run(s->plan, n, NULL));
		from += n;
		if (from < to && below(rnd, 2))
			continue;
		RT_OK(weft_plan_drain(s->plan, 60 * RT_SECOND));
		c->drains++;
		spent(c, RUN);
		if (net_compare(net, result, seen, from, start))
			return -1;
		spent(c, COMPARE);
		seen = from;
	}
	return 0;
}

/* On some of the cards that are open: opening them for each plan would take longer than the plan. */
static int one(const struct site *all, uint64_t seed, struct net_result *result, struct counts *c)
{
	const uint32_t cards = 1 + (uint32_t)(seed % all->cards);
	uint64_t rnd = seed, bytes;
	uint32_t cut, start = 0;
	struct site s = *all;
	struct net net;
	void *saved;

	net_graph(&net, rt_random(&rnd));
	net_serial(&net, NET_SEQUENCES, result);
	spent(c, SERIAL);
	cut = below(&rnd, 2) ? 1 + below(&rnd, NET_SEQUENCES - 1) : 0;
	s.cards = cards;
	if (begin(&net, &s, &rnd, NULL, 0, c))
		return -1;
	c->cards += cards;
	if (cut) {
		if (advance(&net, result, &s, &rnd, 0, cut, 0, c))
			return -1;
		bytes = weft_plan_snapshot_bytes(s.plan);
		saved = malloc(bytes);
		RT_OK(weft_plan_save(s.plan, saved, bytes));
		if (below(&rnd, 2))
			RT_OK(weft_plan_end(s.plan, 60 * RT_SECOND));
		RT_OK(weft_plan_destroy(s.plan));
		spent(c, UNLOAD);
		if (begin(&net, &s, &rnd, saved, bytes, c))
			return -1;
		free(saved);
		start = cut;
		c->snapshots++;
	}
	if (advance(&net, result, &s, &rnd, start, NET_SEQUENCES, start, c))
		return -1;
	if (below(&rnd, 2)) {
		RT_OK(weft_plan_end(s.plan, 60 * RT_SECOND));
		if (net_compare(&net, result, NET_SEQUENCES - 1, NET_SEQUENCES, start))
			return -1;
	}
	RT_OK(weft_plan_destroy(s.plan));
	spent(c, UNLOAD);
	return 0;
}

static int random_plans(struct weft *weft)
{
	const uint64_t count = rt_number("COUNT", 60), seed = rt_number("SEED", 1);
	struct net_result *result = malloc(sizeof(*result));
	int have = weft_device_count(weft, "card"), reach = rig_reach(weft, 2), ret = 0;
	/* one by one where they do not reach each other */
	const uint32_t most = reach ? 1 : have > 4 ? 4 : (uint32_t)have;
	struct counts c = { .weft = weft };
	struct site all;

	if (reach && reach != RT_SKIP)
		return reach;
	if (open_site(weft, &all, most))
		return -1;
	for (uint64_t i = 0; i < count && !ret; i++) {
		/* runs of as many plans with the next seeds have the next plans */
		const uint64_t number = (seed - 1) * count + i;

		ret = one(&all, number, result, &c);
		if (ret) {
			char text[sizeof(rt_text)];

			snprintf(text, sizeof(text), "%s", *rt_text ? rt_text : net_why());
			rt_say(ret, "COUNT=1 SEED=%llu: %.400s", (unsigned long long)number + 1, text);
		}
	}
	free(result);
	if (!ret)
		ret = close_site(&all);
	printf("# %llu plans, %llu of them refused as dead, %llu with shared blocks, lag %llu in all; %llu drains, %llu snapshots, "
	       "%llu cards\n", (unsigned long long)c.plans, (unsigned long long)c.dead, (unsigned long long)c.shared,
	       (unsigned long long)c.bubbles, (unsigned long long)c.drains, (unsigned long long)c.snapshots,
	       (unsigned long long)c.cards);
	for (int i = 0; i < PHASES; i++)
		printf("# %s: %.2f s, %llu calls\n", phases[i], (double)c.ns[i] / 1e9, (unsigned long long)c.calls[i]);
	return ret;
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "random plans against a serial program", random_plans },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
