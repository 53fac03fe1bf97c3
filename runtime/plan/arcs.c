/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arcs.h"
#include "rates.h"

static int64_t floor_div(int64_t a, int64_t b)
{
	return b == 1 ? a : a / b - (a % b < 0);
}

static int64_t ceil_div(int64_t a, int64_t b)
{
	return -floor_div(-a, b);
}

int64_t weft_arcs_source(int64_t s, uint32_t c, uint32_t p, uint32_t k)
{
	return ceil_div((s + 1) * c - k, p) - 1;
}

int64_t weft_arcs_return(int64_t s, uint32_t c, uint32_t p, uint32_t k, uint32_t depth)
{
	return ceil_div((s + 1) * p + k - depth, c) - 1;
}

uint32_t weft_arcs_node(uint32_t first, uint32_t q, int64_t n, int32_t *tokens)
{
	int64_t turn = q == 1 ? n : floor_div(n, q);

	*tokens = (int32_t)-turn;
	return first + (uint32_t)(n - turn * q);
}

uint32_t weft_arcs_giver(const struct weft_arcs *arcs, const struct weft_net *net, uint32_t edge)
{
	uint32_t feeder = net->num_bodies + edge;

	if (net->edge[edge].from != WEFT_NET_NONE)
		return net->edge[edge].from;
	return feeder < arcs->num_givers && weft_arcs_firings(arcs, feeder) ? feeder : WEFT_NET_NONE;
}

struct maker {
	struct weft_arcs *arcs;
	const struct weft_net *net;
	const struct weft_guard *guard;
	uint32_t num_guards;
	uint32_t *out, *at;		/* at: of a giver, where the next arc out of it goes; part of out */
	uint32_t *waits;		/* of a node: arcs without tokens into it */
};

static uint32_t firings(const struct maker *m, uint32_t giver)
{
	return weft_arcs_firings(m->arcs, giver);
}

/* Firing @r of @to waits for firing @n of @from. */
static void put(struct maker *m, uint32_t from, int64_t n, uint32_t to, uint32_t r, enum weft_arc_kind kind, uint32_t id,
		uint32_t consumer)
{
	uint32_t i = m->at[from]++;
	struct weft_arc *a = &m->arcs->arc[i];

	a->from = weft_arcs_node(m->arcs->first[from], firings(m, from), n, &a->tokens);
	a->to = m->arcs->first[to] + r;
	m->arcs->cause[i] = (struct weft_arc_cause) { .id = id, .consumer = consumer & 0x1fffffff, .kind = kind };
	m->arcs->negative |= a->tokens < 0;
	m->waits[a->to] += a->tokens <= 0;
}

/* Arcs out of each giver, two further on, so that filling leaves each start where it belongs; the sum. */
static uint64_t count(const struct maker *m)
{
	uint32_t *out = m->out;
	const struct weft_net *net = m->net;
	uint64_t n = 0;

	for (uint32_t b = 0; b < net->num_bodies; b++)
		n += out[b + 2] = firings(m, b);
	for (uint32_t i = 0; i < net->num_edges; i++) {
		const struct weft_net_edge *e = &net->edge[i];
		const uint32_t from = weft_arcs_giver(m->arcs, net, i);

		for (uint32_t j = 0; from != WEFT_NET_NONE && j < e->num_consumers; j++) {
			const uint32_t data = firings(m, e->consumer[j].body), credits = e->depth ? firings(m, from) : 0;

			out[from + 2] += data;
			out[e->consumer[j].body + 2] += credits;
			n += (uint64_t)data + credits;
		}
	}
	for (uint32_t i = 0; i < net->num_lanes; i++)
		for (uint32_t k = 0; net->lane[i].num_bodies > 1 && k < net->lane[i].num_bodies; k++) {
			out[net->lane[i].body[k] + 2] += firings(m, net->lane[i].body[k]);
			n += firings(m, net->lane[i].body[k]);
		}
	for (uint32_t i = 0; i < m->num_guards; i++) {
		out[m->guard[i].from + 2] += firings(m, m->guard[i].to);
		n += firings(m, m->guard[i].to);
	}
	return n;
}

static void put_edge(struct maker *m, uint32_t i)
{
	const struct weft_net_edge *e = &m->net->edge[i];
	const uint32_t from = weft_arcs_giver(m->arcs, m->net, i);

	for (uint32_t j = 0; from != WEFT_NET_NONE && j < e->num_consumers; j++) {
		const struct weft_net_consumer *c = &e->consumer[j];

		for (uint32_t r = 0; r < firings(m, c->body); r++)
			put(m, from, weft_arcs_source(r, c->consume, e->produce, e->initial), c->body, r, WEFT_ARC_DATA, i, j);
		for (uint32_t r = 0; e->depth && r < firings(m, from); r++)
			put(m, c->body, weft_arcs_return(r, c->consume, e->produce, e->initial, e->depth), from, r,
			    WEFT_ARC_CREDIT, i, j);
	}
}

static void put_lane(struct maker *m, uint32_t i)
{
	const struct weft_net_lane *lane = &m->net->lane[i];
	int32_t skew = m->net->body[lane->body[0]].skew;

	/* one body alone is what its own arc says already */
	for (uint32_t k = 0; lane->num_bodies > 1 && k < lane->num_bodies; k++) {
		bool last = k + 1 == lane->num_bodies;
		uint32_t from = lane->body[k], to = lane->body[last ? 0 : k + 1];
		int32_t next = m->net->body[to].skew;
		int64_t tokens = (int64_t)skew - next + last;

		for (uint32_t r = 0; r < firings(m, to); r++)
			put(m, from, (int64_t)r - tokens, to, r, WEFT_ARC_LANE, i, 0);
		skew = next;
	}
}

static void put_all(struct maker *m)
{
	for (uint32_t b = 0; b < m->net->num_bodies; b++)
		for (uint32_t r = 0; r < firings(m, b); r++)
			put(m, b, (int64_t)r - 1, b, r, WEFT_ARC_SELF, 0, 0);
	for (uint32_t i = 0; i < m->net->num_edges; i++)
		put_edge(m, i);
	for (uint32_t i = 0; i < m->net->num_lanes; i++)
		put_lane(m, i);
	for (uint32_t i = 0; i < m->num_guards; i++) {
		const struct weft_guard *g = &m->guard[i];

		for (uint32_t r = 0; r < firings(m, g->to); r++)
			put(m, g->from, weft_arcs_return(r, g->consume, g->produce, 0, g->tokens), g->to, r,
			    WEFT_ARC_GUARD, i, 0);
	}
}

static void link_up(struct weft_arcs *a)
{
	for (uint32_t i = a->num_arcs; i--; ) {
		a->arc[i].next = a->head[a->arc[i].from];
		a->head[a->arc[i].from] = i;
	}
}

/* By level, and within one by index: what lies near each other is also walked together. */
static void by_level(struct weft_arcs *a, const uint32_t *level, uint32_t *at)
{
	for (uint32_t x = 0; x <= a->num_ordered; x++)
		at[x] = 0;
	for (uint32_t x = 0; x < a->num_nodes; x++)
		if (level[x] != WEFT_NET_NONE)
			at[level[x] + 1]++;
	for (uint32_t x = 0; x < a->num_ordered; x++)
		at[x + 1] += at[x];
	for (uint32_t x = 0; x < a->num_nodes; x++)
		if (level[x] != WEFT_NET_NONE)
			a->order[at[level[x]]++] = x;
}

static int put_in_order(struct weft_arcs *a, uint32_t *waits)
{
	uint32_t *level = calloc((size_t)a->num_nodes + 1, sizeof(*level)), n = 0;

	if (!level)
		return -ENOMEM;
	for (uint32_t x = 0; x < a->num_nodes; x++)
		if (!waits[x])
			a->order[n++] = x;
	for (uint32_t k = 0; k < n; k++)
		for (uint32_t i = a->head[a->order[k]]; i != WEFT_NET_NONE; i = a->arc[i].next) {
			uint32_t to = a->arc[i].to;

			if (a->arc[i].tokens > 0)
				continue;
			if (level[to] <= level[a->order[k]])
				level[to] = level[a->order[k]] + 1;
			if (!--waits[to])
				a->order[n++] = to;
		}
	a->num_ordered = n;
	/* the others follow: a walk in this order still meets every node */
	for (uint32_t x = 0; x < a->num_nodes && n < a->num_nodes; x++)
		if (waits[x]) {
			a->order[n++] = x;
			level[x] = WEFT_NET_NONE;
		}
	by_level(a, level, waits);
	free(level);
	return 0;
}

/* A feeder gives all that a sequence takes. */
static uint32_t firings_of(const struct weft_net *net, const uint32_t *q, uint32_t giver)
{
	const struct weft_net_edge *e;

	if (giver < net->num_bodies)
		return q[giver];
	e = &net->edge[giver - net->num_bodies];
	return weft_arcs_fed(e) ? (uint32_t)((uint64_t)q[e->consumer[0].body] * e->consumer[0].consume / e->produce) : 0;
}

/* Feeders have nodes behind those of bodies. */
static uint64_t count_nodes(struct weft_arcs *a, const struct weft_net *net, const uint32_t *q)
{
	uint64_t nodes = 0;

	a->num_givers = net->num_bodies;
	for (uint32_t b = 0; b < net->num_bodies; b++)
		nodes += q[b];
	for (uint32_t i = 0; i < net->num_edges; i++) {
		if (!weft_arcs_fed(&net->edge[i]))
			continue;
		a->num_givers = net->num_bodies + net->num_edges;
		nodes += firings_of(net, q, net->num_bodies + i);
	}
	return nodes;
}

static int make_nodes(struct weft_arcs *a, const struct weft_net *net, const uint32_t *q)
{
	uint64_t nodes = count_nodes(a, net, q);
	uint32_t at = 0;

	if (nodes > WEFT_MAX_NODES)
		return -EOVERFLOW;
	a->num_nodes = (uint32_t)nodes;
	a->first = calloc((size_t)a->num_givers + 1, sizeof(*a->first));
	a->giver = calloc(nodes + 1, sizeof(*a->giver));
	a->time = calloc(nodes + 1, sizeof(*a->time));
	a->head = malloc((nodes + 1) * sizeof(*a->head));
	a->order = calloc(nodes + 1, sizeof(*a->order));
	if (!a->first || !a->giver || !a->time || !a->head || !a->order)
		return -ENOMEM;
	memset(a->head, 0xff, (nodes + 1) * sizeof(*a->head));
	for (uint32_t g = 0; g < a->num_givers; g++) {
		uint32_t n = firings_of(net, q, g);

		a->first[g] = at;
		for (uint32_t r = 0; r < n; r++, at++) {
			a->giver[at] = g;
			a->time[at] = g < net->num_bodies ? net->body[g].time_ns : 0;
		}
	}
	a->first[a->num_givers] = at;
	return 0;
}

/* Straight to where they stay: by body, so that a walk over the nodes is one over memory too. */
static int make_arcs(struct maker *m)
{
	struct weft_arcs *a = m->arcs;
	uint64_t most;

	m->out = calloc((size_t)a->num_givers + 2, sizeof(*m->out));
	m->waits = calloc((size_t)a->num_nodes + 1, sizeof(*m->waits));
	if (!m->out || !m->waits)
		return -ENOMEM;
	most = count(m);
	if (most >= WEFT_NET_NONE / 2)
		return -EOVERFLOW;
	for (uint32_t g = 0; g < a->num_givers; g++)
		m->out[g + 2] += m->out[g + 1];
	m->at = m->out + 1;
	a->num_arcs = (uint32_t)most;
	a->arc = malloc((most + 1) * sizeof(*a->arc));
	a->cause = malloc((most + 1) * sizeof(*a->cause));
	if (!a->arc || !a->cause)
		return -ENOMEM;
	put_all(m);
	link_up(a);
	return put_in_order(a, m->waits);
}

int weft_arcs_init(struct weft_arcs *arcs, const struct weft_net *net, const uint32_t *q, const struct weft_guard *guard,
		   uint32_t num_guards, struct weft_why *why)
{
	struct maker m = { .arcs = arcs, .net = net, .guard = guard, .num_guards = num_guards };
	int ret;

	memset(arcs, 0, sizeof(*arcs));
	ret = make_nodes(arcs, net, q);
	if (!ret)
		ret = make_arcs(&m);
	free(m.out);
	free(m.waits);
	if (!ret)
		return 0;
	weft_arcs_fini(arcs);
	return weft_why(why, ret, ret == -ENOMEM ? "plan graph: no memory" : "plan graph: too many firings in a sequence");
}

void weft_arcs_fini(struct weft_arcs *a)
{
	free(a->arc);
	free(a->cause);
	free(a->head);
	free(a->first);
	free(a->giver);
	free(a->time);
	free(a->order);
	memset(a, 0, sizeof(*a));
}

void weft_arcs_move(struct weft_arcs *a, uint32_t arc, uint32_t from, int32_t tokens)
{
	struct weft_arc *moved = &a->arc[arc];
	uint32_t *at;

	moved->tokens = tokens;
	if (moved->from == from)
		return;
	for (at = &a->head[moved->from]; *at != arc; at = &a->arc[*at].next)
		;
	*at = moved->next;
	moved->from = from;
	moved->next = a->head[from];
	a->head[from] = arc;
}
