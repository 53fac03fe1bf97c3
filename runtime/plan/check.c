/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "check.h"

#define MAX_TIME_NS	(UINT64_C(1) << 60)	/* of all bodies: sums of times and their products stay exact */

static int check_sizes(const struct weft_net *net, struct weft_why *why)
{
	if (!net->num_bodies)
		return weft_why(why, -EINVAL, "the plan has no bodies");
	if (net->num_bodies > WEFT_MAX_BODIES)
		return weft_why(why, -E2BIG, "too many bodies: %u, at most %u", net->num_bodies, WEFT_MAX_BODIES);
	if (net->num_edges > WEFT_MAX_EDGES)
		return weft_why(why, -E2BIG, "too many edges: %u, at most %u", net->num_edges, WEFT_MAX_EDGES);
	if (net->num_lanes > net->num_bodies)
		return weft_why(why, -EINVAL, "%u lanes for %u bodies: some are empty", net->num_lanes, net->num_bodies);
	for (uint32_t g = 0; g < net->num_groups; g++) {
		if (!net->group[g].name)
			return weft_why(why, -EINVAL, "engine group %u has no name", g);
		if (!net->group[g].width)
			return weft_why(why, -EINVAL, "engine group %s has no engines", net->group[g].name);
	}
	for (uint32_t r = 0; r < net->num_rooms; r++)
		if (!net->room[r].name)
			return weft_why(why, -EINVAL, "memory %u has no name", r);
	return 0;
}

static int check_bodies(const struct weft_net *net, struct weft_why *why)
{
	uint64_t sum = 0;

	for (uint32_t b = 0; b < net->num_bodies; b++) {
		const struct weft_net_body *body = &net->body[b];

		if (!body->name)
			return weft_why(why, -EINVAL, "body %u has no name", b);
		if (body->group != WEFT_NET_NONE && body->group >= net->num_groups)
			return weft_why(why, -EINVAL, "body %s: no engine group %u", body->name, body->group);
		if (body->lane != WEFT_NET_NONE && body->lane >= net->num_lanes)
			return weft_why(why, -EINVAL, "body %s: no lane %u", body->name, body->lane);
		if (body->skew > WEFT_MAX_SKEW || body->skew < -WEFT_MAX_SKEW)
			return weft_why(why, -EINVAL, "body %s: skew %d, at most %d either way", body->name, body->skew,
					WEFT_MAX_SKEW);
		if (body->time_ns > MAX_TIME_NS || (sum += body->time_ns) > MAX_TIME_NS)
			return weft_why(why, -EINVAL, "body %s: %" PRIu64 " ns make the times of all too long", body->name,
					body->time_ns);
	}
	return 0;
}

static int check_depth(const struct weft_net_edge *e, struct weft_why *why)
{
	if (e->depth > WEFT_MAX_DEPTH || e->initial > WEFT_MAX_DEPTH)
		return weft_why(why, -EINVAL, "edge %s: depth %u with %u initial tokens, at most %u", e->name, e->depth,
				e->initial, WEFT_MAX_DEPTH);
	if (e->flags & WEFT_NET_STATE) {
		if (e->depth != e->produce || e->initial != e->produce)
			return weft_why(why, -EINVAL, "edge %s is state: depth %u and %u initial tokens, both must be %u, "
					"what a firing gives", e->name, e->depth, e->initial, e->produce);
		return 0;
	}
	if (!(e->flags & WEFT_NET_FIXED))
		return 0;
	if (!e->depth)
		return weft_why(why, -EINVAL, "edge %s: depth 0, it needs a block at least", e->name);
	if (e->initial > e->depth)
		return weft_why(why, -EINVAL, "edge %s: %u initial tokens do not fit depth %u", e->name, e->initial, e->depth);
	return 0;
}

/* @seen: of a body, the edge that was its input last, one more */
static int check_edge(const struct weft_net *net, uint32_t i, uint32_t *seen, struct weft_why *why)
{
	const struct weft_net_edge *e = &net->edge[i];

	if (!e->name)
		return weft_why(why, -EINVAL, "edge %u has no name", i);
	if (e->from != WEFT_NET_NONE && e->from >= net->num_bodies)
		return weft_why(why, -EINVAL, "edge %s: no body %u to come from", e->name, e->from);
	if (e->from == WEFT_NET_NONE && !e->num_consumers)
		return weft_why(why, -EINVAL, "edge %s connects nothing", e->name);
	if (!e->produce)
		return weft_why(why, -EINVAL, "edge %s: its producer gives 0 tokens", e->name);
	if (e->flags & ~(WEFT_NET_STATE | WEFT_NET_CONTROL | WEFT_NET_FIXED | WEFT_NET_NO_SHARE))
		return weft_why(why, -EINVAL, "edge %s: unknown flags %#x", e->name, e->flags);
	if (!(e->flags & WEFT_NET_CONTROL) && e->place >= net->num_rooms)
		return weft_why(why, -EINVAL, "edge %s: no memory %u", e->name, e->place);
	if (!(e->flags & WEFT_NET_CONTROL) && !e->block_bytes)
		return weft_why(why, -EINVAL, "edge %s: blocks of 0 bytes", e->name);
	if ((e->flags & WEFT_NET_STATE) && e->from == WEFT_NET_NONE)
		return weft_why(why, -EINVAL, "edge %s is state, and no body writes it", e->name);
	if (e->num_consumers && !e->consumer)
		return weft_why(why, -EINVAL, "edge %s: no consumers given", e->name);
	for (uint32_t j = 0; j < e->num_consumers; j++) {
		const struct weft_net_consumer *c = &e->consumer[j];

		if (c->body >= net->num_bodies)
			return weft_why(why, -EINVAL, "edge %s: no body %u to go to", e->name, c->body);
		if (!c->consume)
			return weft_why(why, -EINVAL, "edge %s: body %s takes 0 tokens", e->name, net->body[c->body].name);
		if (seen[c->body] == i + 1)
			return weft_why(why, -EINVAL, "edge %s: body %s takes it twice", e->name, net->body[c->body].name);
		seen[c->body] = i + 1;
	}
	return check_depth(e, why);
}

static int check_lane(const struct weft_net *net, uint32_t i, uint32_t *seen, struct weft_why *why)
{
	const struct weft_net_lane *lane = &net->lane[i];

	if (!lane->num_bodies || !lane->body)
		return weft_why(why, -EINVAL, "lane %u is empty", i);
	for (uint32_t k = 0; k < lane->num_bodies; k++) {
		const struct weft_net_body *body;

		if (lane->body[k] >= net->num_bodies)
			return weft_why(why, -EINVAL, "lane %u: no body %u", i, lane->body[k]);
		body = &net->body[lane->body[k]];
		if (body->lane != i || seen[lane->body[k]])
			return weft_why(why, -EINVAL, "lane %u: body %s is in it and in another place too", i, body->name);
		if (body->card != lane->card)
			return weft_why(why, -EINVAL, "lane %u is on card %u, body %s on card %u", i, lane->card, body->name,
					body->card);
		seen[lane->body[k]] = 1;
	}
	return 0;
}

int weft_net_check(const struct weft_net *net, struct weft_why *why)
{
	int ret = check_sizes(net, why);
	uint32_t *seen;

	if (!ret)
		ret = check_bodies(net, why);
	if (ret)
		return ret;
	seen = calloc(net->num_bodies, sizeof(*seen));
	if (!seen)
		return weft_why(why, -ENOMEM, "plan: no memory");
	for (uint32_t i = 0; !ret && i < net->num_edges; i++)
		ret = check_edge(net, i, seen, why);
	for (uint32_t b = 0; b < net->num_bodies; b++)
		seen[b] = 0;
	for (uint32_t i = 0; !ret && i < net->num_lanes; i++)
		ret = check_lane(net, i, seen, why);
	for (uint32_t b = 0; !ret && b < net->num_bodies; b++)
		if (net->body[b].lane != WEFT_NET_NONE && !seen[b])
			ret = weft_why(why, -EINVAL, "body %s: lane %u does not have it", net->body[b].name,
				       net->body[b].lane);
	free(seen);
	return ret;
}

int weft_net_check_rates(const struct weft_net *net, const uint32_t *q, struct weft_why *why)
{
	uint64_t sum = 0, time;

	for (uint32_t b = 0; b < net->num_bodies; b++)
		if (__builtin_mul_overflow(net->body[b].time_ns, q[b], &time) || time > MAX_TIME_NS ||
		    (sum += time) > MAX_TIME_NS)
			return weft_why(why, -EINVAL, "body %s: %u times %" PRIu64 " ns make the times of all too long",
					net->body[b].name, q[b], net->body[b].time_ns);
	for (uint32_t i = 0; i < net->num_lanes; i++) {
		const struct weft_net_lane *lane = &net->lane[i];

		for (uint32_t k = 1; k < lane->num_bodies; k++)
			if (q[lane->body[k]] != q[lane->body[0]])
				return weft_why(why, -EINVAL, "lane %u: body %s fires %u times in a sequence, body %s %u times", i,
						net->body[lane->body[0]].name, q[lane->body[0]],
						net->body[lane->body[k]].name, q[lane->body[k]]);
	}
	return 0;
}
