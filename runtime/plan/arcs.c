/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arcs.h"
#include "rates.h"

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
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

struct maker {
	struct weft_arcs *arcs;
	const struct weft_net *net;
	const uint32_t *q;
	struct weft_arc *out;
	uint64_t num;
};

/* Firing @r of @to waits for firing @n of @from. */
static void put(struct maker *m, uint32_t from, int64_t n, uint32_t to, uint32_t r, enum weft_arc_kind kind, uint32_t id,
		uint32_t consumer)
{
	struct weft_arc *a = &m->out[m->num++];

	a->from = weft_arcs_node(m->arcs->first[from], m->q[from], n, &a->tokens);
	a->to = m->arcs->first[to] + r;
	a->id = id;
	a->consumer = consumer & 0x1fffffff;
	a->kind = kind;
	m->arcs->negative |= a->tokens < 0;
}

static uint64_t count(const struct weft_net *net, const uint32_t *q, const struct weft_guard *guard, uint32_t num_guards)
{
	uint64_t n = 0;

	for (uint32_t b = 0; b < net->num_bodies; b++)
		n += q[b];
	for (uint32_t i = 0; i < net->num_edges; i++) {
		const struct weft_net_edge *e = &net->edge[i];

		for (uint32_t j = 0; e->from != WEFT_NET_NONE && j < e->num_consumers; j++)
			n += q[e->consumer[j].body] + (uint64_t)(e->depth ? q[e->from] : 0);
	}
	for (uint32_t i = 0; i < net->num_lanes; i++)
		n += (uint64_t)net->lane[i].num_bodies * q[net->lane[i].body[0]];
	for (uint32_t i = 0; i < num_guards; i++)
		n += q[guard[i].to];
	return n;
}

static void put_edge(struct maker *m, uint32_t i)
{
	const struct weft_net_edge *e = &m->net->edge[i];

	for (uint32_t j = 0; j < e->num_consumers; j++) {
		const struct weft_net_consumer *c = &e->consumer[j];

		for (uint32_t r = 0; r < m->q[c->body]; r++)
			put(m, e->from, weft_arcs_source(r, c->consume, e->produce, e->initial), c->body, r,
			    WEFT_ARC_DATA, i, j);
		for (uint32_t r = 0; e->depth && r < m->q[e->from]; r++)
			put(m, c->body, weft_arcs_return(r, c->consume, e->produce, e->initial, e->depth), e->from, r,
			    WEFT_ARC_CREDIT, i, j);
	}
}

static void put_lane(struct maker *m, uint32_t i)
{
	const struct weft_net_lane *lane = &m->net->lane[i];

	/* one body alone is what its own arc says already */
	for (uint32_t k = 0; lane->num_bodies > 1 && k < lane->num_bodies; k++) {
		bool last = k + 1 == lane->num_bodies;
		uint32_t from = lane->body[k], to = lane->body[last ? 0 : k + 1];
		int64_t tokens = (int64_t)m->net->body[from].skew - m->net->body[to].skew + last;

		for (uint32_t r = 0; r < m->q[to]; r++)
			put(m, from, (int64_t)r - tokens, to, r, WEFT_ARC_LANE, i, 0);
	}
}

static void put_all(struct maker *m, const struct weft_guard *guard, uint32_t num_guards)
{
	m->num = 0;
	for (uint32_t b = 0; b < m->net->num_bodies; b++)
		for (uint32_t r = 0; r < m->q[b]; r++)
			put(m, b, (int64_t)r - 1, b, r, WEFT_ARC_SELF, 0, 0);
	for (uint32_t i = 0; i < m->net->num_edges; i++)
		if (m->net->edge[i].from != WEFT_NET_NONE)
			put_edge(m, i);
	for (uint32_t i = 0; i < m->net->num_lanes; i++)
		put_lane(m, i);
	for (uint32_t i = 0; i < num_guards; i++)
		for (uint32_t r = 0; r < m->q[guard[i].to]; r++)
			put(m, guard[i].from, weft_arcs_return(r, guard[i].consume, guard[i].produce, 0, guard[i].tokens),
			    guard[i].to, r, WEFT_ARC_GUARD, i, 0);
}

/* Arcs by source, so that a walk over the nodes is one over memory too. */
static void sort(struct weft_arcs *a, const struct weft_arc *from)
{
	uint32_t at = 0;

	memset(a->head, 0, a->num_nodes * sizeof(*a->head));
	for (uint32_t i = 0; i < a->num_arcs; i++)
		a->head[from[i].from]++;
	for (uint32_t x = 0; x < a->num_nodes; x++) {
		uint32_t n = a->head[x];

		a->head[x] = at;
		at += n;
	}
	for (uint32_t i = 0; i < a->num_arcs; i++)
		a->arc[a->head[from[i].from]++] = from[i];
	for (uint32_t x = 0; x < a->num_nodes; x++)
		a->head[x] = WEFT_NET_NONE;
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

static int put_in_order(struct weft_arcs *a)
{
	uint32_t *waits = calloc((size_t)a->num_nodes + 1, sizeof(*waits)), n = 0;
	uint32_t *level = calloc((size_t)a->num_nodes + 1, sizeof(*level));

	if (!waits || !level) {
		free(waits);
		free(level);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < a->num_arcs; i++)
		waits[a->arc[i].to] += a->arc[i].tokens <= 0;
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
	free(waits);
	free(level);
	return 0;
}

static int make_nodes(struct weft_arcs *a, const struct weft_net *net, const uint32_t *q)
{
	uint64_t nodes = 0;
	uint32_t at = 0;

	for (uint32_t b = 0; b < net->num_bodies; b++)
		nodes += q[b];
	if (nodes > WEFT_MAX_NODES)
		return -EOVERFLOW;
	a->num_nodes = (uint32_t)nodes;
	a->first = calloc((size_t)net->num_bodies + 1, sizeof(*a->first));
	a->body = calloc(nodes + 1, sizeof(*a->body));
	a->time = calloc(nodes + 1, sizeof(*a->time));
	a->head = calloc(nodes + 1, sizeof(*a->head));
	a->order = calloc(nodes + 1, sizeof(*a->order));
	if (!a->first || !a->body || !a->time || !a->head || !a->order)
		return -ENOMEM;
	for (uint32_t b = 0; b < net->num_bodies; b++) {
		a->first[b] = at;
		for (uint32_t r = 0; r < q[b]; r++, at++) {
			a->body[at] = b;
			a->time[at] = net->body[b].time_ns;
		}
	}
	a->first[net->num_bodies] = at;
	return 0;
}

int weft_arcs_init(struct weft_arcs *arcs, const struct weft_net *net, const uint32_t *q, const struct weft_guard *guard,
		   uint32_t num_guards, struct weft_why *why)
{
	struct maker m = { .arcs = arcs, .net = net, .q = q };
	uint64_t most;
	int ret;

	memset(arcs, 0, sizeof(*arcs));
	ret = make_nodes(arcs, net, q);
	if (ret)
		goto fail;
	most = count(net, q, guard, num_guards);
	if (most >= WEFT_NET_NONE / 2) {
		ret = -EOVERFLOW;
		goto fail;
	}
	arcs->arc = malloc((most + 1) * sizeof(*arcs->arc));
	m.out = malloc((most + 1) * sizeof(*m.out));
	ret = -ENOMEM;
	if (arcs->arc && m.out) {
		put_all(&m, guard, num_guards);
		arcs->num_arcs = (uint32_t)m.num;
		sort(arcs, m.out);
		ret = put_in_order(arcs);
	}
	free(m.out);
	if (!ret)
		return 0;
fail:
	weft_arcs_fini(arcs);
	return weft_why(why, ret, ret == -ENOMEM ? "plan graph: no memory" : "plan graph: too many firings in a sequence");
}

void weft_arcs_fini(struct weft_arcs *a)
{
	free(a->arc);
	free(a->head);
	free(a->first);
	free(a->body);
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
