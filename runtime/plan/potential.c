/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "potential.h"

#define NONE	WEFT_NET_NONE

/* What arcs cost: time * den - tokens * num, or a constant in place of the time. */
struct law {
	uint64_t num, den, cost;
	bool constant;
};

int weft_ratio_compare(struct weft_ratio a, struct weft_ratio b)
{
	unsigned __int128 l = (unsigned __int128)a.num * b.den, r = (unsigned __int128)b.num * a.den;

	return (l > r) - (l < r);
}

struct weft_ratio weft_ratio_lowest(struct weft_ratio a)
{
	uint64_t x = a.num, y = a.den;

	while (y) {
		uint64_t r = x % y;

		x = y;
		y = r;
	}
	return x ? (struct weft_ratio) { a.num / x, a.den / x } : a;
}

int weft_potential_init(struct weft_potential *p, const struct weft_arcs *arcs)
{
	size_t n = (size_t)arcs->num_nodes + 1;

	memset(p, 0, sizeof(*p));
	p->arcs = arcs;
	p->start = calloc(n, sizeof(*p->start));
	p->cycle = calloc(n, sizeof(*p->cycle));
	p->by = calloc(n, sizeof(*p->by));
	p->mark = calloc(n, sizeof(*p->mark));
	p->raised = calloc(n, sizeof(*p->raised));
	if (p->start && p->cycle && p->by && p->mark && p->raised)
		return 0;
	weft_potential_fini(p);
	return -ENOMEM;
}

void weft_potential_fini(struct weft_potential *p)
{
	free(p->start);
	free(p->cycle);
	free(p->by);
	free(p->mark);
	free(p->raised);
	memset(p, 0, sizeof(*p));
}

/* Raises what arcs out of @x ask for; nodes that it raised and that are to be relaxed in their turn. */
static uint32_t relax(struct weft_potential *p, const struct law *law, uint32_t x)
{
	const struct weft_arcs *a = p->arcs;
	weft_wide end = p->start[x] + (law->constant ? (weft_wide)law->cost : (weft_wide)a->time[x] * law->den);
	uint32_t n = 0;

	p->raised[x] = 0;
	for (uint32_t i = a->head[x]; i != NONE; i = a->arc[i].next) {
		const struct weft_arc *arc = &a->arc[i];
		weft_wide at = end - (weft_wide)arc->tokens * law->num;

		if (at > p->start[arc->to]) {
			p->start[arc->to] = at;
			p->by[arc->to] = i;
			n += !p->raised[arc->to];
			p->raised[arc->to] = 1;
		}
	}
	return n;
}

void weft_potential_cycle(const struct weft_potential *p, uint64_t *time, int64_t *tokens)
{
	*time = 0;
	*tokens = 0;
	for (uint32_t k = 0; k < p->cycle_length; k++) {
		const struct weft_arc *arc = &p->arcs->arc[p->cycle[k]];

		*time += p->arcs->time[arc->from];
		*tokens += arc->tokens;
	}
}

/* Is the cycle through @x, of the arcs that raised last, one that needs a longer period than the one kept? */
static void keep_longest(struct weft_potential *p, uint32_t x)
{
	const struct weft_arcs *a = p->arcs;
	uint64_t time = 0, kept_time;
	int64_t tokens = 0, kept_tokens;
	uint32_t y = x, n = 0;

	do {
		const struct weft_arc *arc = &a->arc[p->by[y]];

		time += a->time[arc->from];
		tokens += arc->tokens;
		y = arc->from;
		n++;
	} while (y != x);
	weft_potential_cycle(p, &kept_time, &kept_tokens);
	if (p->cycle_length && (kept_tokens <= 0 || (tokens > 0 &&
	    weft_ratio_compare((struct weft_ratio) { time, (uint64_t)tokens },
			       (struct weft_ratio) { kept_time, (uint64_t)kept_tokens }) <= 0)))
		return;
	p->cycle_length = n;
	do {
		p->cycle[--n] = p->by[y];
		y = a->arc[p->by[y]].from;
	} while (y != x);
}

/* Nodes raised round a cycle of arcs: only a cycle that no start times satisfy does that. */
static bool find_cycle(struct weft_potential *p)
{
	const struct weft_arcs *a = p->arcs;
	uint32_t walk = 0;

	p->cycle_length = 0;
	memset(p->mark, 0, a->num_nodes * sizeof(*p->mark));
	for (uint32_t x = 0; x < a->num_nodes; x++) {
		uint32_t y = x;

		walk++;
		while (!p->mark[y] && p->by[y] != NONE) {
			p->mark[y] = walk;
			y = a->arc[p->by[y]].from;
		}
		if (p->mark[y] == walk && p->by[y] != NONE)
			keep_longest(p, y);
		else if (!p->mark[y])
			p->mark[y] = walk;
	}
	return p->cycle_length;
}

/* Bellman and Ford over the nodes in order, to and fro: arcs without tokens lead forward, credits mostly back. */
static int solve(struct weft_potential *p, const struct law *law)
{
	const struct weft_arcs *a = p->arcs;
	uint32_t n = a->num_nodes, next_look = 1, left = n;

	memset(p->raised, 1, n);
	for (uint32_t x = 0; x < n; x++)
		p->by[x] = NONE;
	p->cycle_length = 0;
	for (uint32_t sweep = 1; ; sweep++) {
		for (uint32_t k = 0; k < n; k++) {
			uint32_t x = a->order[sweep & 1 ? k : n - 1 - k];

			if (p->raised[x])
				left += relax(p, law, x) - 1;
		}
		/* what was raised was ahead of its turn, mostly in the first sweep already */
		if (!left)
			return 0;
		/* looks cost as much as sweeps: fewer as they go on */
		if (sweep >= next_look) {
			if (find_cycle(p))
				return 1;
			next_look = sweep + 1 + sweep / 8;
		}
	}
}

int weft_potential_solve(struct weft_potential *p, struct weft_ratio period)
{
	struct law law = { .num = period.num, .den = period.den };

	return solve(p, &law);
}

int weft_potential_count(struct weft_potential *p, uint64_t cost, uint64_t num)
{
	struct law law = { .num = num, .den = 1, .cost = cost, .constant = true };

	return solve(p, &law);
}
