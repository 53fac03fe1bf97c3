/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include "pl.h"

uint64_t pl_number(const char *name, uint64_t standard)
{
	const char *text = getenv(name);
	uint64_t n = text ? strtoull(text, NULL, 0) : standard;

	print_message("%s=%llu\n", name, (unsigned long long)n);
	return n;
}

uint64_t pl_below(uint64_t *seed, uint64_t n)
{
	uint64_t x = *seed += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return (x ^ x >> 31) % n;
}

void pl_init(struct pl *p, uint32_t bodies, uint64_t time_ns)
{
	memset(p, 0, sizeof(*p));
	p->net.body = p->body;
	p->net.edge = p->edge;
	p->net.lane = p->lane;
	p->net.group = p->group;
	p->net.room = p->room;
	p->room[0] = (struct weft_net_room) { "card 0", UINT64_MAX };
	p->room[1] = (struct weft_net_room) { "card 1", UINT64_MAX };
	p->net.num_rooms = 2;
	p->net.num_bodies = bodies;
	for (uint32_t b = 0; b < bodies; b++) {
		snprintf(p->name[b], sizeof(p->name[b]), "%c", 'a' + (int)b);
		p->body[b] = (struct weft_net_body) { .name = p->name[b], .group = WEFT_NET_NONE, .lane = WEFT_NET_NONE,
						      .time_ns = time_ns };
		p->q[b] = 1;
	}
}

uint32_t pl_edge_rates(struct pl *p, uint32_t from, uint32_t produce, uint32_t to, uint32_t consume, uint32_t depth,
		       uint32_t initial)
{
	uint32_t i = p->net.num_edges++;
	char *name = p->name[PL_BODIES + i];

	assert_true(i < PL_EDGES);
	snprintf(name, sizeof(p->name[0]), "x%u", i);
	p->edge[i] = (struct weft_net_edge) { .name = name, .from = from, .produce = produce, .depth = depth,
					      .initial = initial, .block_bytes = 4096, .consumer = p->consumer[i] };
	if (to != WEFT_NET_NONE)
		pl_consumer(p, i, to, consume);
	return i;
}

uint32_t pl_edge(struct pl *p, uint32_t from, uint32_t to, uint32_t depth, uint32_t initial)
{
	return pl_edge_rates(p, from, 1, to, 1, depth, initial);
}

void pl_consumer(struct pl *p, uint32_t edge, uint32_t to, uint32_t consume)
{
	p->consumer[edge][p->edge[edge].num_consumers++] = (struct weft_net_consumer) { to, consume };
}

void pl_lane(struct pl *p, uint32_t num, const uint32_t *body, const int32_t *skew)
{
	uint32_t i = p->net.num_lanes++;

	p->lane[i] = (struct weft_net_lane) { p->in_lane[i], num, 0 };
	for (uint32_t k = 0; k < num; k++) {
		p->in_lane[i][k] = body[k];
		p->body[body[k]].lane = i;
		p->body[body[k]].skew = skew ? skew[k] : 0;
	}
}

void pl_chain(struct pl *p, uint32_t bodies, uint64_t time_ns, uint32_t depth)
{
	pl_init(p, bodies, time_ns);
	for (uint32_t b = 0; b + 1 < bodies; b++)
		pl_edge(p, b, b + 1, depth, 0);
}

static void random_lanes(struct pl *p, uint64_t *seed)
{
	uint32_t lanes = (uint32_t)pl_below(seed, 4);

	for (uint32_t i = 0; i < lanes; i++) {
		uint32_t body[PL_BODIES], num = 0, rate = 1 + (uint32_t)pl_below(seed, 3);
		int32_t skew[PL_BODIES], at = 0;
		bool skewed = pl_below(seed, 2);

		for (uint32_t b = 0; b < p->net.num_bodies; b++)
			if (p->body[b].lane == WEFT_NET_NONE && p->q[b] == rate && pl_below(seed, 2))
				body[num++] = b;
		if (!num)
			continue;
		/* mostly in the order of the edges; two of them swapped now and then */
		if (num > 1 && pl_below(seed, 8) == 0) {
			uint32_t k = (uint32_t)pl_below(seed, num - 1), b = body[k];

			body[k] = body[k + 1];
			body[k + 1] = b;
		}
		for (uint32_t k = 0; k < num; k++) {
			skew[k] = at;
			at = skewed ? (pl_below(seed, 8) ? at + (int32_t)pl_below(seed, 2) : (int32_t)pl_below(seed, 3)) : 0;
		}
		pl_lane(p, num, body, skew);
	}
}

/* Smallest integers for each part that edges connect. */
static void lowest_rates(struct pl *p)
{
	uint32_t part[PL_BODIES];

	pl_parts(p, part);
	for (uint32_t d = 3; d > 1; d--)
		for (uint32_t c = 0; c < p->net.num_bodies; c++) {
			bool all = true;

			for (uint32_t b = 0; b < p->net.num_bodies; b++)
				all = all && (part[b] != c || p->q[b] % d == 0);
			for (uint32_t b = 0; all && b < p->net.num_bodies; b++)
				if (part[b] == c)
					p->q[b] /= d;
		}
}

void pl_random(struct pl *p, uint64_t *seed, uint32_t max_bodies)
{
	uint32_t n = 1 + (uint32_t)pl_below(seed, max_bodies), edges = n - 1 + (uint32_t)pl_below(seed, n);
	bool rates = pl_below(seed, 3) == 0;

	pl_init(p, n, 0);
	for (uint32_t b = 0; b < n; b++) {
		p->body[b].time_ns = 1 + pl_below(seed, 9);
		p->q[b] = rates ? 1 + (uint32_t)pl_below(seed, 3) : 1;
		if (pl_below(seed, 2))
			p->body[b].group = (uint32_t)pl_below(seed, 3);
	}
	for (uint32_t g = 0; g < 3; g++)
		p->group[g] = (struct weft_net_group) { "engines", 1 + (uint32_t)pl_below(seed, 2) };
	p->net.num_groups = 3;
	for (uint32_t i = 0; i < edges && i < PL_EDGES; i++) {
		uint32_t u = (uint32_t)pl_below(seed, n), v = (uint32_t)pl_below(seed, n), l, k;
		bool back;

		if (u > v) {
			uint32_t t = u;

			u = v;
			v = t;
		}
		if (u == v && pl_below(seed, 4))
			v = (v + 1) % n;
		back = u >= v || pl_below(seed, 6) == 0;
		if (back) {
			uint32_t t = u;

			u = v;
			v = t;
		}
		l = p->q[u] * p->q[v] / (p->q[u] == p->q[v] ? p->q[u] : 1);
		k = pl_edge_rates(p, u, l / p->q[u], v, l / p->q[v], 1 + (uint32_t)pl_below(seed, 3), 0);
		/* enough to be live, mostly: a loop has tokens, rates have the blocks to meet */
		if (pl_below(seed, 12)) {
			uint32_t least = p->edge[k].produce + p->consumer[k][0].consume - 1;

			if (p->edge[k].depth < least)
				p->edge[k].depth = least;
			p->edge[k].depth += back && p->edge[k].depth == 1 && u == v;
			if (back)
				p->edge[k].initial = p->edge[k].depth - (u == v);
		} else if (back || pl_below(seed, 5) == 0)
			p->edge[k].initial = (uint32_t)pl_below(seed, p->edge[k].depth + 1);
		if (p->edge[k].produce == 1 && p->q[u] == p->q[v] && pl_below(seed, 12) == 0) {
			p->edge[k].flags = WEFT_NET_STATE;
			p->edge[k].depth = p->edge[k].initial = 1;
		}
		for (uint32_t w = 0; w < n; w++)
			if (w != v && w != u && p->q[w] == p->q[v] && pl_below(seed, 2 * n) == 0)
				pl_consumer(p, k, w, l / p->q[w]);
	}
	lowest_rates(p);
	random_lanes(p, seed);
}

void pl_feed(struct pl *p, uint64_t *seed)
{
	uint32_t n = p->net.num_bodies, edges = (uint32_t)pl_below(seed, 3);

	for (uint32_t i = 0; i < edges && p->net.num_edges < PL_EDGES; i++) {
		uint32_t all = 6 << pl_below(seed, 2), gives = 1 + (uint32_t)pl_below(seed, 3), most = gives, k;

		if (pl_below(seed, 2))
			gives = 1;
		k = pl_edge_rates(p, WEFT_NET_NONE, gives, WEFT_NET_NONE, 0, 0, 0);
		for (uint32_t b = 0, first = (uint32_t)pl_below(seed, n); b < n && p->edge[k].num_consumers < 3; b++)
			if (!b || !pl_below(seed, 3)) {
				uint32_t body = (first + b) % n;

				pl_consumer(p, k, body, all / p->q[body]);
			}
		/* where all take all at once, tokens are that many */
		for (uint32_t d = 3; d > 1; d--) {
			bool divides = p->edge[k].produce == 1 || p->edge[k].produce % d == 0;

			for (uint32_t j = 0; j < p->edge[k].num_consumers; j++)
				divides = divides && p->consumer[k][j].consume % d == 0;
			for (uint32_t j = 0; divides && j < p->edge[k].num_consumers; j++)
				p->consumer[k][j].consume /= d;
			if (divides && p->edge[k].produce > 1)
				p->edge[k].produce /= d;
		}
		for (uint32_t j = 0; j < p->edge[k].num_consumers; j++)
			most = p->consumer[k][j].consume > most ? p->consumer[k][j].consume : most;
		p->edge[k].depth = most - !pl_below(seed, 8) + (uint32_t)pl_below(seed, 2 * most);
		p->edge[k].depth += !p->edge[k].depth;
		if (!pl_below(seed, 3))
			p->edge[k].initial = (uint32_t)pl_below(seed, p->edge[k].depth + 1);
	}
}

void pl_print(const struct pl *p)
{
	for (uint32_t b = 0; b < p->net.num_bodies; b++)
		print_message("body %s time %llu q %u group %d lane %d skew %d\n", p->body[b].name,
			      (unsigned long long)p->body[b].time_ns, p->q[b], (int)p->body[b].group, (int)p->body[b].lane,
			      p->body[b].skew);
	for (uint32_t i = 0; i < p->net.num_edges; i++) {
		const struct weft_net_edge *e = &p->edge[i];

		print_message("edge %s from %d gives %u depth %u initial %u flags %u to", e->name, (int)e->from, e->produce,
			      e->depth, e->initial, e->flags);
		for (uint32_t j = 0; j < e->num_consumers; j++)
			print_message(" %u/%u", e->consumer[j].body, e->consumer[j].consume);
		print_message("\n");
	}
	for (uint32_t i = 0; i < p->net.num_lanes; i++)
		for (uint32_t k = 0; k < p->lane[i].num_bodies; k++)
			print_message("%s%u%s", k ? " " : "lane: ", p->lane[i].body[k], k + 1 == p->lane[i].num_bodies ? "\n" : "");
}
