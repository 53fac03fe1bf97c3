/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "rates.h"

/* Firings of a body for one of the body that its part was entered by. */
struct share {
	uint64_t num, den;	/* lowest terms; num 0: not reached yet */
};

struct search {
	const struct weft_net *net;
	struct share *share;
	uint32_t *edge_at, *edge_of;	/* edges that touch each body */
	uint32_t *part;			/* bodies of the part, in the order they are reached */
	uint32_t num;
};

uint64_t weft_gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

static int multiply(struct share *s, uint64_t num, uint64_t den)
{
	uint64_t a, b;

	a = weft_gcd(num, s->den);
	num /= a;
	s->den /= a;
	b = weft_gcd(s->num, den);
	s->num /= b;
	den /= b;
	if (__builtin_mul_overflow(s->num, num, &s->num) || __builtin_mul_overflow(s->den, den, &s->den))
		return -EOVERFLOW;
	return 0;
}

static int too_many(struct weft_why *why)
{
	return weft_why(why, -EOVERFLOW, "rates: more than %u firings in one sequence", WEFT_MAX_NODES);
}

/* A body is reached from another over an edge: both move the same number of tokens over it. */
static int reach(struct search *s, uint32_t body, struct share tokens, uint32_t per_firing)
{
	if (s->share[body].num)
		return 0;
	s->share[body] = tokens;
	s->part[s->num++] = body;
	return multiply(&s->share[body], 1, per_firing);
}

static int over_edge(struct search *s, uint32_t from_body, const struct weft_net_edge *e)
{
	struct share tokens = s->share[from_body];
	uint32_t per = e->produce;
	int ret;

	for (uint32_t j = 0; e->from != from_body && j < e->num_consumers; j++)
		if (e->consumer[j].body == from_body)
			per = e->consumer[j].consume;
	ret = multiply(&tokens, per, 1);
	if (!ret && e->from != WEFT_NET_NONE)
		ret = reach(s, e->from, tokens, e->produce);
	for (uint32_t j = 0; !ret && j < e->num_consumers; j++)
		ret = reach(s, e->consumer[j].body, tokens, e->consumer[j].consume);
	return ret;
}

/* All bodies connected to @root, in smallest integers. */
static int part(struct search *s, uint32_t root, uint32_t *q)
{
	uint64_t all = 1, common = 0, n;
	int ret;

	s->num = 0;
	s->part[s->num++] = root;
	s->share[root] = (struct share) { 1, 1 };
	for (uint32_t i = 0; i < s->num; i++) {
		uint32_t b = s->part[i];

		for (uint32_t k = s->edge_at[b]; k < s->edge_at[b + 1]; k++) {
			ret = over_edge(s, b, &s->net->edge[s->edge_of[k]]);
			if (ret)
				return ret;
		}
	}
	for (uint32_t i = 0; i < s->num; i++) {
		uint64_t den = s->share[s->part[i]].den;

		if (__builtin_mul_overflow(all, den / weft_gcd(all, den), &all))
			return -EOVERFLOW;
	}
	for (uint32_t i = 0; i < s->num; i++) {
		struct share *f = &s->share[s->part[i]];

		if (__builtin_mul_overflow(f->num, all / f->den, &n))
			return -EOVERFLOW;
		common = weft_gcd(n, common);
	}
	for (uint32_t i = 0; i < s->num; i++) {
		struct share *f = &s->share[s->part[i]];

		n = f->num * (all / f->den) / common;
		if (n > WEFT_MAX_NODES)
			return -EOVERFLOW;
		q[s->part[i]] = (uint32_t)n;
	}
	return 0;
}

static void touch(const struct weft_net *net, uint32_t *at, uint32_t *of)
{
	for (uint32_t i = 0; i < net->num_edges; i++) {
		const struct weft_net_edge *e = &net->edge[i];

		for (uint32_t j = 0; j <= e->num_consumers; j++) {
			uint32_t b = j ? e->consumer[j - 1].body : e->from;

			if (b == WEFT_NET_NONE)
				continue;
			if (of)
				of[at[b]] = i;
			at[b]++;
		}
	}
}

static int balance(const struct weft_net *net, const uint32_t *q, struct weft_why *why)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < net->num_edges; i++) {
		const struct weft_net_edge *e = &net->edge[i];
		bool fed = e->from == WEFT_NET_NONE;
		const struct weft_net_consumer *first = e->consumer;
		uint64_t given;

		if (fed && !e->num_consumers)
			continue;
		given = fed ? (uint64_t)q[first->body] * first->consume : (uint64_t)q[e->from] * e->produce;
		if (fed && given % e->produce)
			return weft_why(why, -EINVAL, "edge %s: rates do not balance: %u tokens come at once, body %s takes %" PRIu64
					" in a sequence", e->name, e->produce, net->body[first->body].name, given);
		for (uint32_t j = 0; j < e->num_consumers; j++) {
			const struct weft_net_consumer *c = &e->consumer[j];
			uint64_t taken = (uint64_t)q[c->body] * c->consume;

			if (taken == given)
				continue;
			return weft_why(why, -EINVAL, "edge %s: rates do not balance: body %s %s %" PRIu64
					" tokens in a sequence, body %s takes %" PRIu64, e->name,
					net->body[fed ? first->body : e->from].name, fed ? "takes" : "gives", given,
					net->body[c->body].name, taken);
		}
	}
	for (uint32_t b = 0; b < net->num_bodies; b++)
		sum += q[b];
	return sum > WEFT_MAX_NODES ? too_many(why) : 0;
}

static bool all_one(const struct weft_net *net)
{
	for (uint32_t i = 0; i < net->num_edges; i++) {
		const struct weft_net_edge *e = &net->edge[i];

		for (uint32_t j = 0; j < e->num_consumers; j++)
			if (e->consumer[j].consume != (e->from == WEFT_NET_NONE ? e->consumer[0].consume : e->produce))
				return false;
	}
	return true;
}

int weft_rates(const struct weft_net *net, uint32_t *q, struct weft_why *why)
{
	struct search s = { .net = net };
	uint32_t n = net->num_bodies;
	int ret = 0;

	for (uint32_t b = 0; b < n; b++)
		q[b] = 1;
	if (all_one(net))
		return balance(net, q, why);
	s.share = calloc(n, sizeof(*s.share));
	s.part = calloc(n, sizeof(*s.part));
	s.edge_at = calloc((size_t)n + 2, sizeof(*s.edge_at));
	if (!s.share || !s.part || !s.edge_at) {
		ret = -ENOMEM;
		goto out;
	}
	/* counts, shifted by one so that filling leaves each start where it belongs */
	touch(net, s.edge_at + 2, NULL);
	for (uint32_t b = 0; b < n; b++)
		s.edge_at[b + 2] += s.edge_at[b + 1];
	s.edge_of = calloc((size_t)s.edge_at[n + 1] + 1, sizeof(*s.edge_of));
	if (!s.edge_of) {
		ret = -ENOMEM;
		goto out;
	}
	touch(net, s.edge_at + 1, s.edge_of);
	for (uint32_t b = 0; !ret && b < n; b++)
		if (!s.share[b].num)
			ret = part(&s, b, q);
	if (ret == -EOVERFLOW)
		too_many(why);
	if (!ret)
		ret = balance(net, q, why);
out:
	free(s.share);
	free(s.part);
	free(s.edge_at);
	free(s.edge_of);
	return ret == -ENOMEM ? weft_why(why, ret, "rates: no memory") : ret;
}
