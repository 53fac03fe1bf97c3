/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

#define NONE	WEFT_NET_NONE
#define SIZES	64	/* free pools by power of two of their slots */
#define TRIES	8	/* free pools of one size that are looked at */

/* Edges that share; by the edge that is last in each. */
struct chain {
	uint32_t first, last;
	uint64_t slot_bytes;
	weft_wide end;			/* of the last, in firing 0 */
	weft_wide expires;		/* when the first needs its slot again */
	uint32_t next_free;
};

struct entry {
	uint32_t class[4];		/* place, depth, tokens of a firing, firings */
	uint32_t edge;
	weft_wide begin, end;		/* of firing 0 */
};

struct busy {
	weft_wide end;
	uint32_t chain;
};

struct sharing {
	const struct weft_net *net;
	const uint32_t *q;
	const struct weft_arcs *arcs;
	struct weft_ratio period;
	struct weft_potential p;
	struct entry *entry;		/* edges that may share, by class and begin */
	uint32_t num;
	uint32_t *follow;		/* of an edge: the next in its chain */
	struct chain *chain;
	uint32_t num_chains;
	struct busy *busy;		/* heap of chains by end */
	uint32_t num_busy;
	uint32_t size_head[SIZES];
	uint32_t *in_at, *in;		/* of a body: those that hand something to it in each sequence */
	bool plain;			/* each body fires once in a sequence, and takes time */
};

static weft_wide begins(const struct sharing *s, uint32_t edge, uint32_t r)
{
	return s->p.start[s->arcs->first[s->net->edge[edge].from] + r];
}

/* Firing @r of @next waits for what it overwrites of @edge, @tokens blocks before. Does the schedule have it so? */
static bool follows(const struct sharing *s, uint32_t edge, uint32_t next, uint32_t tokens)
{
	const struct weft_net_edge *e = &s->net->edge[edge];

	for (uint32_t j = 0; j < e->num_consumers; j++) {
		const struct weft_net_consumer *c = &e->consumer[j];

		for (uint32_t r = 0; r < s->q[e->from]; r++) {
			int32_t turns;
			uint32_t x = weft_arcs_node(s->arcs->first[c->body], s->q[c->body],
						    weft_arcs_return(r, c->consume, e->produce, 0, tokens), &turns);
			weft_wide back = s->p.start[x] + (weft_wide)s->arcs->time[x] * s->period.den -
					 (weft_wide)turns * s->period.num;

			/* just in time is too late after a firing that takes none: a cycle of such has no time and no token */
			if (back > begins(s, next, r) || (back == begins(s, next, r) && !s->arcs->time[x]))
				return false;
		}
	}
	return true;
}

static bool may_share(const struct weft_net_edge *e)
{
	return e->from != NONE && e->num_consumers && !e->initial &&
	       !(e->flags & (WEFT_NET_STATE | WEFT_NET_CONTROL | WEFT_NET_NO_SHARE));
}

static int by_class(const struct entry *x, const struct entry *y)
{
	for (uint32_t k = 0; k < 4; k++)
		if (x->class[k] != y->class[k])
			return x->class[k] < y->class[k] ? -1 : 1;
	return 0;
}

static int by_begin(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int class = by_class(x, y);

	if (class)
		return class;
	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return (x->edge > y->edge) - (x->edge < y->edge);
}

static weft_wide ends(const struct sharing *s, uint32_t edge)
{
	const struct weft_net_edge *e = &s->net->edge[edge];
	weft_wide end = 0;

	for (uint32_t j = 0; j < e->num_consumers; j++) {
		const struct weft_net_consumer *c = &e->consumer[j];
		uint32_t x = s->arcs->first[c->body] + (uint32_t)weft_arcs_return(0, c->consume, e->produce, 0, 0);
		weft_wide at = s->p.start[x] + (weft_wide)s->arcs->time[x] * s->period.den;

		end = at > end ? at : end;
	}
	return end;
}

/* --- chains in use, and chains whose last edge has given its slots back --- */

static void busy_push(struct sharing *s, uint32_t chain)
{
	const struct busy new = { s->chain[chain].end, chain };
	uint32_t i = s->num_busy++;

	for (; i && new.end < s->busy[(i - 1) / 2].end; i = (i - 1) / 2)
		s->busy[i] = s->busy[(i - 1) / 2];
	s->busy[i] = new;
}

static uint32_t busy_pop(struct sharing *s)
{
	const struct busy last = s->busy[--s->num_busy];
	uint32_t top = s->busy[0].chain, i = 0, c;

	while ((c = 2 * i + 1) < s->num_busy) {
		c += c + 1 < s->num_busy && s->busy[c + 1].end < s->busy[c].end;
		if (s->busy[c].end >= last.end)
			break;
		s->busy[i] = s->busy[c];
		i = c;
	}
	s->busy[i] = last;
	return top;
}

static uint32_t size_of(uint64_t bytes)
{
	return bytes ? 63 - (uint32_t)__builtin_clzll(bytes) : 0;
}

static void release(struct sharing *s, weft_wide now)
{
	while (s->num_busy && s->busy[0].end <= now) {
		uint32_t c = busy_pop(s), size = size_of(s->chain[c].slot_bytes);

		s->chain[c].next_free = s->size_head[size];
		s->size_head[size] = c;
	}
}

/* The edge after the last of a chain that was released, and all of its own before the first. In plain plans the ends say so. */
static bool suits(const struct sharing *s, const struct chain *c, const struct entry *entry)
{
	if (entry->end > c->expires)
		return false;
	return s->plain || (follows(s, c->last, entry->edge, 0) &&
			    follows(s, entry->edge, c->first, s->net->edge[entry->edge].depth));
}

/* The first chain of one size that takes the edge, taken out; those that can take nothing more go too. */
static uint32_t take(struct sharing *s, uint32_t size, const struct entry *entry)
{
	uint32_t *at = &s->size_head[size];

	for (uint32_t tries = 0; *at != NONE && tries < TRIES; ) {
		uint32_t c = *at;

		if (s->chain[c].expires <= entry->begin) {
			*at = s->chain[c].next_free;
			continue;
		}
		if (suits(s, &s->chain[c], entry)) {
			*at = s->chain[c].next_free;
			return c;
		}
		tries++;
		at = &s->chain[c].next_free;
	}
	return NONE;
}

static void place(struct sharing *s, const struct entry *entry)
{
	const struct weft_net_edge *e = &s->net->edge[entry->edge];
	uint32_t own = size_of(e->block_bytes), found = NONE;

	release(s, entry->begin);
	/* slots as large first: what is shared is the smaller of the two */
	for (uint32_t size = own; size < SIZES && found == NONE; size++)
		found = take(s, size, entry);
	for (uint32_t size = own; size-- && found == NONE; )
		found = take(s, size, entry);
	if (found == NONE) {
		uint32_t tokens = e->depth / e->produce;

		found = s->num_chains++;
		s->chain[found] = (struct chain) {
			.first = entry->edge, .expires = entry->begin + (weft_wide)tokens * s->period.num / s->q[e->from],
		};
		/* a rough bound where firings are not evenly apart; follows() is the exact one */
		if (s->q[e->from] > 1)
			s->chain[found].expires = entry->begin + ((weft_wide)tokens / s->q[e->from] + 1) * s->period.num;
	} else {
		s->follow[s->chain[found].last] = entry->edge;
	}
	s->chain[found].last = entry->edge;
	s->chain[found].end = entry->end;
	if (e->block_bytes > s->chain[found].slot_bytes)
		s->chain[found].slot_bytes = e->block_bytes;
	busy_push(s, found);
}

static void make_chains(struct sharing *s)
{
	for (uint32_t i = 0; i < s->net->num_edges; i++) {
		const struct weft_net_edge *e = &s->net->edge[i];

		if (may_share(e))
			s->entry[s->num++] = (struct entry) { { e->place, e->depth, e->produce, s->q[e->from] }, i,
							      begins(s, i, 0), ends(s, i) };
	}
	qsort(s->entry, s->num, sizeof(*s->entry), by_begin);
	for (uint32_t k = 0; k < s->num; k++) {
		if (!k || by_class(&s->entry[k - 1], &s->entry[k])) {
			s->num_busy = 0;
			memset(s->size_head, 0xff, sizeof(s->size_head));
		}
		place(s, &s->entry[k]);
	}
}

/* --- the result --- */

/* @from hands something to @to in each sequence: its order needs no wait more. */
static bool given(const struct sharing *s, uint32_t from, uint32_t to)
{
	for (uint32_t k = s->in_at[to]; k < s->in_at[to + 1]; k++)
		if (s->in[k] == from)
			return true;
	return false;
}

static void put_guards(const struct sharing *s, struct weft_pools *pools, uint32_t edge, uint32_t next, uint32_t tokens)
{
	const struct weft_net_edge *e = &s->net->edge[edge], *n = &s->net->edge[next];

	for (uint32_t j = 0; j < e->num_consumers; j++) {
		const struct weft_net_consumer *c = &e->consumer[j];

		if (!tokens && given(s, c->body, n->from))
			continue;
		pools->guard[pools->num_guards++] = (struct weft_guard) { c->body, n->from, edge, next, c->consume,
									  e->produce, tokens };
	}
}

static void all_guards(const struct sharing *s, struct weft_pools *pools)
{
	pools->num_guards = 0;
	for (uint32_t i = 0; i < s->num_chains; i++) {
		const struct chain *c = &s->chain[i];

		for (uint32_t e = c->first; e != c->last; e = s->follow[e])
			put_guards(s, pools, e, s->follow[e], 0);
		if (c->first != c->last)
			put_guards(s, pools, c->last, c->first, s->net->edge[c->first].depth);
	}
}

static void fill(const struct sharing *s, struct weft_pools *pools)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < s->num_chains; i++) {
		const struct chain *c = &s->chain[i];
		struct weft_pool *p = &pools->pool[pools->num_pools];

		*p = (struct weft_pool) { &pools->member[at], 0, s->net->edge[c->first].depth, s->net->edge[c->first].place,
					  c->slot_bytes };
		for (uint32_t e = c->first; ; e = s->follow[e]) {
			pools->member[at++] = e;
			pools->of[e] = pools->num_pools;
			p->num_edges++;
			if (e == c->last)
				break;
		}
		pools->num_pools++;
	}
	for (uint32_t i = 0; i < s->net->num_edges; i++) {
		const struct weft_net_edge *e = &s->net->edge[i];

		if (pools->of[i] != NONE || (e->flags & WEFT_NET_CONTROL))
			continue;
		pools->member[at] = i;
		pools->of[i] = pools->num_pools;
		pools->pool[pools->num_pools++] = (struct weft_pool) { &pools->member[at++], 1, e->depth, e->place,
								       e->block_bytes };
	}
}

/* One pass counts, shifted by one so that the other, which fills, leaves each start where it belongs. */
static void inputs(const struct sharing *s, uint32_t *at, uint32_t *from)
{
	for (uint32_t i = 0; i < s->net->num_edges; i++) {
		const struct weft_net_edge *e = &s->net->edge[i];

		for (uint32_t j = 0; e->from != NONE && !e->initial && j < e->num_consumers; j++) {
			const uint32_t to = e->consumer[j].body;

			if (s->q[e->from] != s->q[to])
				continue;
			if (from)
				from[at[to]] = e->from;
			at[to]++;
		}
	}
}

static int find_inputs(struct sharing *s)
{
	const uint32_t n = s->net->num_bodies;

	s->in_at = calloc((size_t)n + 2, sizeof(*s->in_at));
	if (!s->in_at)
		return -ENOMEM;
	inputs(s, s->in_at + 2, NULL);
	for (uint32_t b = 0; b < n; b++)
		s->in_at[b + 2] += s->in_at[b + 1];
	s->in = malloc(((size_t)s->in_at[n + 1] + 1) * sizeof(*s->in));
	if (!s->in)
		return -ENOMEM;
	inputs(s, s->in_at + 1, s->in);
	return 0;
}

static int share_all(struct sharing *s, struct weft_pools *pools)
{
	size_t n = (size_t)s->net->num_edges + 1, most = 0;

	s->entry = calloc(n, sizeof(*s->entry));
	s->follow = calloc(n, sizeof(*s->follow));
	s->chain = calloc(n, sizeof(*s->chain));
	s->busy = calloc(n, sizeof(*s->busy));
	if (!s->entry || !s->follow || !s->chain || !s->busy || find_inputs(s) || weft_potential_init(&s->p, s->arcs))
		return -ENOMEM;
	/* without a schedule everybody is alone */
	if (weft_potential_solve(&s->p, s->period))
		return 0;
	make_chains(s);
	for (uint32_t k = 0; k < s->num; k++)
		most += s->net->edge[s->entry[k].edge].num_consumers;
	pools->guard = malloc((most + 1) * sizeof(*pools->guard));
	if (!pools->guard)
		return -ENOMEM;
	all_guards(s, pools);
	return 0;
}

int weft_pools_init(struct weft_pools *pools, const struct weft_net *net, const uint32_t *q, const struct weft_arcs *arcs,
		    struct weft_ratio period, bool share, struct weft_why *why)
{
	struct sharing s = { .net = net, .q = q, .arcs = arcs, .period = period, .plain = arcs->first[net->num_bodies] == net->num_bodies };
	size_t n = (size_t)net->num_edges + 1;
	int ret = 0;

	for (uint32_t x = 0; s.plain && x < net->num_bodies; x++)
		s.plain = arcs->time[x];
	memset(pools, 0, sizeof(*pools));
	pools->pool = calloc(n, sizeof(*pools->pool));
	pools->of = malloc(n * sizeof(*pools->of));
	pools->member = calloc(n, sizeof(*pools->member));
	if (!pools->pool || !pools->of || !pools->member)
		ret = -ENOMEM;
	else
		memset(pools->of, 0xff, n * sizeof(*pools->of));
	if (!ret && share)
		ret = share_all(&s, pools);
	if (!ret)
		fill(&s, pools);
	weft_potential_fini(&s.p);
	free(s.entry);
	free(s.follow);
	free(s.chain);
	free(s.busy);
	free(s.in_at);
	free(s.in);
	if (ret) {
		weft_pools_fini(pools);
		return weft_why(why, ret, "block sharing: no memory");
	}
	return 0;
}

void weft_pools_fini(struct weft_pools *pools)
{
	free(pools->pool);
	free(pools->of);
	free(pools->guard);
	free(pools->member);
	memset(pools, 0, sizeof(*pools));
}
