// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Figures of the planner, which needs no card: how long a plan of 100,000 bodies takes, how that grows, and what depths and
 * sharing save. plan-bench [--check | --json] [FIGURE...]
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/plan/plan.h"
#include "runtime/plan/room.h"
#include "tools/weft/train.h"

#define CARDS		4
#define MAX_RUNS	31
#define BODIES_A_LANE	25	/* so that plans of all sizes are as crowded: 4,000 lanes for 100,000 */

struct made {
	struct weft_net net;
	struct weft_net_consumer *consumer;
	uint32_t num_consumers, room;
	char *names;
	struct weft_net_group group[2 * CARDS];
	struct weft_net_room memory[CARDS];
	struct weft_net_lane lane[2 * CARDS];
	uint32_t member[5 * CARDS];
};

struct shape {
	const char *name;
	void (*make)(struct made *m, uint32_t bodies, uint64_t *seed);
};

static uint64_t below(uint64_t *seed, uint64_t n)
{
	uint64_t x = *seed += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return (x ^ x >> 31) % n;
}

static void *need(void *p)
{
	if (!p) {
		fprintf(stderr, "plan-bench: no memory\n");
		exit(1);
	}
	return p;
}

static void make(struct made *m, uint32_t bodies, uint32_t edges, uint32_t consumers)
{
	*m = (struct made) { .room = consumers };
	m->net.body = need(calloc(bodies, sizeof(*m->net.body)));
	m->net.edge = need(calloc(edges, sizeof(*m->net.edge)));
	m->consumer = need(calloc(consumers, sizeof(*m->consumer)));
	m->names = need(malloc(16 * (size_t)bodies));
	m->net.num_bodies = bodies;
	for (uint32_t c = 0; c < CARDS; c++) {
		m->group[2 * c] = (struct weft_net_group) { "compute", 2 };
		m->group[2 * c + 1] = (struct weft_net_group) { "copy", 1 };
		m->memory[c] = (struct weft_net_room) { "card", UINT64_MAX };
	}
	m->net.group = m->group;
	m->net.num_groups = 2 * CARDS;
	m->net.room = m->memory;
	m->net.num_rooms = CARDS;
	for (uint32_t b = 0; b < bodies; b++) {
		snprintf(m->names + 16 * (size_t)b, 16, "body%u", b);
		m->net.body[b] = (struct weft_net_body) { .name = m->names + 16 * (size_t)b, .group = WEFT_NET_NONE,
							  .lane = WEFT_NET_NONE };
	}
}

static void drop(struct made *m)
{
	free(m->net.body);
	free(m->net.edge);
	free(m->consumer);
	free(m->names);
}

static void body(struct made *m, uint32_t b, uint32_t card, uint64_t time_ns)
{
	m->net.body[b].card = card;
	m->net.body[b].group = 2 * card;
	m->net.body[b].time_ns = time_ns;
}

static struct weft_net_edge *edge(struct made *m, uint32_t from, uint64_t bytes)
{
	struct weft_net_edge *e = &m->net.edge[m->net.num_edges++];

	*e = (struct weft_net_edge) { .name = m->net.body[from].name, .from = from, .produce = 1, .block_bytes = bytes,
				      .place = m->net.body[from].card, .consumer = &m->consumer[m->num_consumers] };
	return e;
}

/* Of the edge made last. */
static void to(struct made *m, uint32_t b)
{
	struct weft_net_edge *e = &m->net.edge[m->net.num_edges - 1];

	for (uint32_t j = 0; j < e->num_consumers; j++)
		if (e->consumer[j].body == b)
			return;
	m->consumer[m->num_consumers++] = (struct weft_net_consumer) { b, 1 };
	e->num_consumers++;
}

static void make_chain(struct made *m, uint32_t n, uint64_t *seed)
{
	make(m, n, n, n);
	for (uint32_t b = 0; b < n; b++) {
		body(m, b, (uint32_t)((uint64_t)b * CARDS / n), 1000 + below(seed, 4000));
		if (!b)
			continue;
		edge(m, b - 1, 4096 << below(seed, 4));
		to(m, b);
	}
}

/* Twelve layers; each body takes from one to three of the layers before, mostly the last. */
static void make_layered(struct made *m, uint32_t n, uint64_t *seed)
{
	uint32_t width = (n + 11) / 12, *in = need(calloc(3 * (size_t)n, sizeof(*in))), *at = need(calloc(n + 2, sizeof(*at)));
	uint32_t *out;

	make(m, n, n, 3 * n);
	for (uint32_t b = 0; b < n; b++) {
		uint32_t layer = b / width;

		body(m, b, (uint32_t)below(seed, CARDS), 1000 + below(seed, 4000));
		for (uint32_t k = 0; k < 3; k++) {
			uint32_t back = below(seed, 8) ? 1 : 1 + (uint32_t)below(seed, layer ? layer : 1);

			in[3 * b + k] = layer && k <= below(seed, 3) ? (layer - back) * width + (uint32_t)below(seed, width) :
					WEFT_NET_NONE;
			if (in[3 * b + k] != WEFT_NET_NONE)
				at[in[3 * b + k] + 2]++;
		}
	}
	for (uint32_t b = 0; b < n; b++)
		at[b + 2 > n + 1 ? n + 1 : b + 2] += at[b + 1];
	out = need(calloc(3 * (size_t)n + 1, sizeof(*out)));
	for (uint32_t i = 0; i < 3 * n; i++)
		if (in[i] != WEFT_NET_NONE)
			out[at[in[i] + 1]++] = i / 3;
	for (uint32_t b = 0; b < n; b++) {
		if (at[b] == at[b + 1])
			continue;
		edge(m, b, 4096 << below(seed, 6));
		for (uint32_t k = at[b]; k < at[b + 1]; k++)
			to(m, out[k]);
	}
	free(in);
	free(at);
	free(out);
}

/* One source, many strands of eight, one sink for each card's. */
static void make_wide(struct made *m, uint32_t n, uint64_t *seed)
{
	make(m, n, 2 * n, 2 * n);
	for (uint32_t b = 0; b < n; b++)
		body(m, b, b / 8 % CARDS, 1000 + below(seed, 4000));
	edge(m, 0, 4096);
	for (uint32_t b = 8; b < n; b += 8)
		to(m, b);
	for (uint32_t b = 9; b < n; b++)
		if (b % 8) {
			edge(m, b - 1, 4096 << below(seed, 6));
			to(m, b);
		}
}

/*
 * A transformer of twelve layers and its backward pass: activations of each layer are kept for the backward one, weights are
 * state, and updates of one step run beside the backward pass.
 */
static void make_transformer(struct made *m, uint32_t layers, uint64_t *seed)
{
	enum { PARTS = 6 };	/* norm, qkv, attention, projection, up, down */
	static const uint32_t work[PARTS] = { 1, 6, 4, 2, 8, 8 }, size[PARTS] = { 1, 3, 1, 1, 4, 1 };
	uint32_t n = layers * PARTS;

	(void)seed;
	make(m, 3 * n + 1, 4 * n + 4, 8 * n + 8);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t f = i, b = 2 * n - i, u = 2 * n + 1 + i, card = i * CARDS / n;

		body(m, f, card, 10000ull * work[i % PARTS]);
		body(m, b, card, 20000ull * work[i % PARTS]);
		body(m, u, card, 4000ull * work[i % PARTS]);
		m->net.body[u].group = 2 * card + 1;
		/* activation: to the next and to its own backward */
		edge(m, f, 1ull << 20 << (size[i % PARTS] / 2));
		to(m, f + 1);
		to(m, b);
		/* gradient of the activation, of the weights, and the weights */
		if (b < 2 * n) {
			edge(m, b, 1ull << 20 << (size[i % PARTS] / 2));
			to(m, b + 1);
		}
		edge(m, b, (1ull << 20) * work[i % PARTS]);
		to(m, u);
		edge(m, u, (1ull << 20) * work[i % PARTS]);
		to(m, f);
		to(m, b);
		m->net.edge[m->net.num_edges - 1].flags = WEFT_NET_STATE;
		m->net.edge[m->net.num_edges - 1].depth = m->net.edge[m->net.num_edges - 1].initial = 1;
	}
	body(m, n, CARDS - 1, 5000);
	edge(m, n, 1u << 20);
	to(m, n + 1);
}

/*
 * What weft run fashion-mnist makes of its job on four cards (tools/weft/train_plan.c): on each a lane with the passes of its
 * shard and one that updates its quarter of the weights. Weights lie in the trainer's memory and are named by address, so that
 * control edges carry their order; losses of all steps stay for the host.
 */
static void make_train(struct made *m, uint32_t steps, uint64_t *seed)
{
	enum { FIRST, UPPER_PASS, LOWER_PASS, PASSES, UPDATES = PASSES * CARDS };	/* bodies: passes of all cards, then updates */
	static const uint64_t half_bytes[2] = { 4 * MODEL_UPPER, 4 * (MODEL_COUNT - MODEL_UPPER) };
	const uint64_t lower_ns = 2ull * TRAIN_ROWS * MODEL_IN * MODEL_HIDDEN / 40, align = 256;
	const uint64_t upper_ns = TRAIN_ROWS * (uint64_t)MODEL_FLOP_PER_ROW / 40 - 2 * lower_ns;

	(void)seed;
	make(m, UPDATES + 2 * CARDS, 7 * CARDS, (2 + 4 * CARDS) * CARDS);
	for (uint32_t w = 0; w < CARDS; w++) {
		const uint32_t pass = PASSES * w, update = UPDATES + 2 * w;	/* update: the upper half's, then the lower one's */
		uint32_t *member = &m->member[5 * w];
		struct weft_net_edge *e;

		body(m, pass + FIRST, w, lower_ns);
		body(m, pass + UPPER_PASS, w, upper_ns);
		body(m, pass + LOWER_PASS, w, lower_ns);
		for (uint32_t half = 0; half < 2; half++)
			body(m, update + !half, w, half_bytes[half] / 4 / CARDS);
		for (uint32_t k = 0; k < 5; k++) {
			member[k] = k < PASSES ? pass + k : update + k - PASSES;
			m->net.body[member[k]].lane = 2 * w + (k >= PASSES);
		}
		m->lane[2 * w] = (struct weft_net_lane) { member, PASSES, w };
		m->lane[2 * w + 1] = (struct weft_net_lane) { member + PASSES, 2, w };
		e = edge(m, pass + UPPER_PASS, align);		/* losses */
		e->flags = WEFT_NET_FIXED | WEFT_NET_NO_SHARE;
		e->depth = steps;
		for (uint32_t k = 0; k < 2; k++) {		/* activations, deltas */
			e = edge(m, pass + k, 0);
			e->flags = WEFT_NET_FIXED | WEFT_NET_CONTROL;
			e->depth = 1;
			to(m, pass + k + 1);
		}
		for (uint32_t half = 0; half < 2; half++) {
			e = edge(m, pass + (half ? UPPER_PASS : LOWER_PASS), (half_bytes[half] + align - 1) / align * align);
			e->flags = WEFT_NET_FIXED | WEFT_NET_NO_SHARE;	/* gradients */
			e->depth = 1;
			for (uint32_t v = 0; v < CARDS; v++)
				to(m, UPDATES + 2 * v + !half);
			e = edge(m, update + !half, 0);		/* weights */
			e->flags = WEFT_NET_FIXED | WEFT_NET_CONTROL;
			e->depth = e->initial = 1;
			for (uint32_t v = 0; v < CARDS; v++)
				to(m, PASSES * v + (half ? UPPER_PASS : FIRST));
		}
	}
	m->net.lane = m->lane;
	m->net.num_lanes = 2 * CARDS;
}

/* Of this process: one thread that waits for nothing, so on an idle machine that is what a clock on the wall shows. */
static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double solve(struct made *m, struct weft_plan_answer *answer, uint32_t flags)
{
	struct weft_plan_options options = { .max_lanes = m->net.num_bodies / (CARDS * BODIES_A_LANE) + 1, .flags = flags };
	struct weft_why why;
	double t = now_s();

	if (weft_plan_solve(&m->net, &options, answer, &why)) {
		fprintf(stderr, "plan-bench: %s\n", why.text);
		exit(1);
	}
	return now_s() - t;
}

/* Seconds of one solve of a new plan. */
static double seconds(const struct shape *shape, uint32_t bodies, uint64_t seed, uint32_t flags, bool tell)
{
	struct weft_plan_answer a;
	struct made m;
	double t;

	shape->make(&m, bodies, &seed);
	t = solve(&m, &a, flags);
	if (tell)
		fprintf(stderr, "%-8s %7u bodies: %.3f s, %u lanes, period %.0f, lag %u, %u guards, depths %s; "
			"critical: %.60s\n", shape->name, bodies, t, a.lanes.num_lanes, weft_ratio_ns(a.period),
			a.lag, a.pools.num_guards,
			a.minimal ? "least" : "not proved least", a.critical.text.text);
	weft_plan_answer_free(&a);
	drop(&m);
	return t;
}

static const struct shape shapes[] = {
	{ "layered", make_layered }, { "chain", make_chain }, { "wide", make_wide },
};

#define SHAPES	(sizeof(shapes) / sizeof(shapes[0]))

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static uint64_t all_bytes(const uint64_t *bytes)
{
	uint64_t sum = 0;

	for (uint32_t r = 0; r < CARDS; r++)
		sum += bytes[r];
	return sum;
}

/* A figure of memory: of a plan of a size, against two blocks for every edge or against the same depths without sharing. */
struct memory {
	const char *name;
	void (*make)(struct made *m, uint32_t size, uint64_t *seed);
	uint32_t size;
	bool against_two;
};

#define LAYERS	12
#define STEPS	(2 * ((60000 + TRAIN_BATCH - 1) / TRAIN_BATCH))	/* two epochs */

static const struct memory memories[] = {
	{ "mem.vs_d2", make_transformer, LAYERS, true }, { "mem.vs_noshare", make_transformer, LAYERS, false },
	{ "mem.train.vs_d2", make_train, STEPS, true }, { "mem.train.vs_noshare", make_train, STEPS, false },
};

/* Planned bytes over the others: both at the best period. */
static double memory(const struct memory *of)
{
	struct weft_plan_answer a;
	uint64_t planned, other, seed = 1;
	struct made m;

	of->make(&m, of->size, &seed);
	solve(&m, &a, WEFT_SOLVE_NO_PACE);
	planned = all_bytes(a.bytes);
	other = all_bytes(a.bytes_unshared);
	for (uint32_t i = 0; of->against_two && i < m.net.num_edges; i++)
		if (!(m.net.edge[i].flags & WEFT_NET_STATE))
			m.net.edge[i].depth = 2;
	if (of->against_two) {
		uint64_t bytes[CARDS];

		weft_room_bytes(&m.net, NULL, bytes);
		other = all_bytes(bytes);
	}
	weft_plan_answer_free(&a);
	drop(&m);
	return (double)planned / (double)other;
}

static double sample(const char *figure, uint32_t large, bool tell)
{
	double worst = 0, t;

	for (uint32_t i = 0; i < sizeof(memories) / sizeof(memories[0]); i++)
		if (!strcmp(figure, memories[i].name))
			return memory(&memories[i]);
	for (uint32_t i = 0; i < SHAPES; i++) {
		/* plans as large are not played; a smaller one beside them must not be either */
		t = seconds(&shapes[i], large, 1, WEFT_SOLVE_NO_PACE, tell);
		if (!strcmp(figure, "plan.linear"))
			t /= 10 * seconds(&shapes[i], large / 10, 1, WEFT_SOLVE_NO_PACE, tell);
		worst = t > worst ? t : worst;
	}
	return worst;
}

static void report(const char *name, const char *unit, double target, const char *against, double *value, uint32_t runs,
		   bool json, bool first)
{
	qsort(value, runs, sizeof(*value), by_value);
	if (!json) {
		printf("%-20s %10.3f %-6s p10 %.3f, target <= %.2f, %u runs\n", name, value[runs / 2], unit, value[runs / 10],
		       target, runs);
		return;
	}
	printf("%s{\"name\":\"%s\",\"unit\":\"%s\",\"value\":%.4g,\"median\":%.4g,\"p10\":%.4g,\"runs\":%u,\"against\":%s%s%s,"
	       "\"ratio\":", first ? "[" : ",\n", name, unit, value[runs / 2], value[runs / 2], value[runs / 10], runs,
	       against ? "\"" : "", against ? against : "null", against ? "\"" : "");
	if (against)
		printf("%.4g", value[runs / 2]);
	else
		printf("null");
	printf(",\"target\":%.2f,\"clock\":\"bench\"}", target);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name, *unit, *against;
		double target;
		uint32_t runs;
	} figures[] = {
		{ "plan.100k_s", "s", NULL, 1.0, 7 },
		{ "plan.linear", "x", "time per body of 10,000", 1.3, 7 },
		{ "mem.vs_d2", "x", "two blocks for every edge", 1.0, 1 },
		{ "mem.vs_noshare", "x", "no sharing", 1.0, 1 },
		{ "mem.train.vs_d2", "x", "two blocks for every edge", 1.0, 1 },
		{ "mem.train.vs_noshare", "x", "no sharing", 1.0, 1 },
	};
	bool check = argc > 1 && !strcmp(argv[1], "--check"), json = argc > 1 && !strcmp(argv[1], "--json"), first = true;
	int names = 1 + (check || json);

	for (uint32_t f = 0; f < sizeof(figures) / sizeof(figures[0]); f++) {
		uint32_t runs = check ? 1 : figures[f].runs;
		bool wanted = argc == names;
		double value[MAX_RUNS];

		for (int i = names; i < argc; i++)
			wanted = wanted || !strcmp(argv[i], figures[f].name);
		if (!wanted)
			continue;
		for (uint32_t r = 0; r < runs; r++)
			value[r] = sample(figures[f].name, check ? 2000 : 100000, !json && !r);
		report(figures[f].name, figures[f].unit, figures[f].target, figures[f].against, value, runs, json, first);
		first = false;
	}
	if (json)
		printf("%s]\n", first ? "[" : "");
	return 0;
}
