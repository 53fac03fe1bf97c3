/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "depth.h"
#include "links.h"

#define NONE	WEFT_NET_NONE

static void put_link(struct weft_links *l, struct weft_link *out, uint32_t from, uint32_t to, double tokens)
{
	if (from == to) {
		l->loops = true;
		return;
	}
	l->loops |= tokens > 0;
	if (out)
		out[l->num_links] = (struct weft_link) { from, to, tokens };
	l->num_links++;
}

static void put_links(struct weft_links *l, struct weft_link *out)
{
	const struct weft_net *net = l->net;

	l->num_links = 0;
	for (uint32_t i = 0; i < net->num_edges; i++) {
		const struct weft_net_edge *e = &net->edge[i];

		for (uint32_t j = 0; e->from != NONE && j < e->num_consumers; j++) {
			const struct weft_net_consumer *c = &e->consumer[j];
			double all = (double)l->q[e->from] * e->produce;

			put_link(l, out, e->from, c->body, ((double)e->initial + 1 - c->consume) / all);
			if (!weft_depth_free(e))
				put_link(l, out, c->body, e->from, ((double)e->depth - e->initial + 1 - e->produce) / all);
		}
	}
	for (uint32_t i = 0; i < net->num_lanes; i++) {
		const struct weft_net_lane *lane = &net->lane[i];

		for (uint32_t k = 0; k < lane->num_bodies; k++) {
			bool last = k + 1 == lane->num_bodies;
			uint32_t from = lane->body[k], next = lane->body[last ? 0 : k + 1];

			put_link(l, out, from, next, (double)(net->body[from].skew - net->body[next].skew + last) / l->q[from]);
		}
	}
}

static int find_links(struct weft_links *l)
{
	size_t n = (size_t)l->net->num_bodies + 2;
	struct weft_link *raw;

	put_links(l, NULL);
	raw = malloc(((size_t)l->num_links + 1) * sizeof(*raw));
	l->link = malloc(((size_t)l->num_links + 1) * sizeof(*l->link));
	l->in_at = calloc(n, sizeof(*l->in_at));
	l->out_at = calloc(n, sizeof(*l->out_at));
	l->out = malloc(((size_t)l->num_links + 1) * sizeof(*l->out));
	if (!raw || !l->link || !l->in_at || !l->out_at || !l->out) {
		free(raw);
		return -ENOMEM;
	}
	put_links(l, raw);
	for (uint32_t i = 0; i < l->num_links; i++) {
		l->in_at[raw[i].to + 2]++;
		l->out_at[raw[i].from + 2]++;
	}
	for (uint32_t b = 0; b < l->net->num_bodies; b++) {
		l->in_at[b + 2] += l->in_at[b + 1];
		l->out_at[b + 2] += l->out_at[b + 1];
	}
	for (uint32_t i = 0; i < l->num_links; i++) {
		uint32_t at = l->in_at[raw[i].to + 1]++;

		l->link[at] = raw[i];
		l->out[l->out_at[raw[i].from + 1]++] = at;
	}
	free(raw);
	return 0;
}

double weft_links_earliest(const struct weft_links *l, uint32_t body)
{
	double at = 0;

	for (uint32_t k = l->in_at[body]; k < l->in_at[body + 1]; k++) {
		const struct weft_link *in = &l->link[k];
		double t = l->start[in->from] + l->time[in->from] - in->tokens * l->period;

		/* what lies back in the plan binds only the sequences to come */
		if (in->tokens <= 0 && t > at)
			at = t;
	}
	return at;
}

struct order {
	double start, tail;
	uint32_t body, at;
};

static int by_start(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->tail != y->tail)
		return x->tail > y->tail ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

int weft_links_rank(struct weft_links *l)
{
	uint32_t n = l->net->num_bodies, num = 0, *waits = calloc((size_t)n + 1, sizeof(*waits));
	struct order *o = calloc((size_t)n + 1, sizeof(*o));

	if (!waits || !o) {
		free(waits);
		free(o);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < l->num_links; i++)
		waits[l->link[i].to] += l->link[i].tokens <= 0;
	for (uint32_t b = 0; b < n; b++)
		if (!waits[b])
			l->rank[num++] = b;
	for (uint32_t k = 0; k < num; k++) {
		uint32_t b = l->rank[k];

		l->start[b] = weft_links_earliest(l, b);
		for (uint32_t i = l->out_at[b]; i < l->out_at[b + 1]; i++)
			if (l->link[l->out[i]].tokens <= 0 && !--waits[l->link[l->out[i]].to])
				l->rank[num++] = l->link[l->out[i]].to;
	}
	l->loops |= num < n;
	for (uint32_t b = 0; b < n && num < n; b++)
		if (waits[b])
			l->rank[num++] = b;
	for (uint32_t k = n; k--; ) {
		uint32_t b = l->rank[k];

		l->tail[b] = 0;
		for (uint32_t i = l->out_at[b]; i < l->out_at[b + 1]; i++)
			if (l->link[l->out[i]].tokens <= 0 && l->tail[l->link[l->out[i]].to] > l->tail[b])
				l->tail[b] = l->tail[l->link[l->out[i]].to];
		l->tail[b] += l->time[b];
		o[k] = (struct order) { l->start[b], l->tail[b], b, k };
	}
	qsort(o, n, sizeof(*o), by_start);
	for (uint32_t k = 0; k < n; k++)
		l->rank[k] = o[k].body;
	free(waits);
	free(o);
	return 0;
}

int weft_links_init(struct weft_links *l, const struct weft_net *net, const uint32_t *q)
{
	size_t n = (size_t)net->num_bodies + 1;

	*l = (struct weft_links) { .net = net, .q = q };
	l->rank = calloc(n, sizeof(*l->rank));
	l->start = calloc(n, sizeof(*l->start));
	l->tail = calloc(n, sizeof(*l->tail));
	l->time = calloc(n, sizeof(*l->time));
	if (!l->rank || !l->start || !l->tail || !l->time || find_links(l)) {
		weft_links_fini(l);
		return -ENOMEM;
	}
	for (uint32_t b = 0; b < net->num_bodies; b++)
		l->time[b] = (double)net->body[b].time_ns;
	return 0;
}

void weft_links_fini(struct weft_links *l)
{
	free(l->link);
	free(l->in_at);
	free(l->out_at);
	free(l->out);
	free(l->rank);
	free(l->start);
	free(l->tail);
	free(l->time);
	memset(l, 0, sizeof(*l));
}
