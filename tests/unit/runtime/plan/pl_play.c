/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The firing rule as it is written down, played; so that the planner's graph is checked by something that has no graph. */
#include "pl.h"

#define MAX_STATES	30000u
#define MAX_STEPS	2000000u	/* parts that do not meet come back together after the product of their periods */

static int32_t turn_firing(const struct pl *p, const struct pl_state *s, uint32_t lane)
{
	return s->turn[lane] - p->body[p->lane[lane].body[s->at[lane]]].skew;
}

/* To the next body of a lane; those that have no sequence yet are skipped. */
static void turn_skip(const struct pl *p, struct pl_state *s, uint32_t lane, bool forward)
{
	while (forward || turn_firing(p, s, lane) < 0) {
		forward = false;
		if (++s->at[lane] == p->lane[lane].num_bodies) {
			s->at[lane] = 0;
			s->turn[lane]++;
		}
	}
}

void pl_start(const struct pl *p, struct pl_state *s)
{
	memset(s, 0, sizeof(*s));
	for (uint32_t i = 0; i < p->net.num_lanes; i++)
		turn_skip(p, s, i, false);
}

/* What the host has given that always gives when there is room. */
static int64_t fed(const struct weft_net_edge *e, const struct pl_state *s)
{
	int64_t least = INT64_MAX, times;

	for (uint32_t j = 0; j < e->num_consumers; j++)
		if ((int64_t)s->done[e->consumer[j].body] * e->consumer[j].consume < least)
			least = (int64_t)s->done[e->consumer[j].body] * e->consumer[j].consume;
	times = (least + e->depth - e->initial) / e->produce;
	return e->initial + times * e->produce;
}

bool pl_can(const struct pl *p, const struct pl_state *s, uint32_t body)
{
	uint32_t lane = p->body[body].lane;

	if (lane != WEFT_NET_NONE && (p->lane[lane].body[s->at[lane]] != body ||
				      turn_firing(p, s, lane) != (int32_t)s->done[body]))
		return false;
	for (uint32_t i = 0; i < p->net.num_edges; i++) {
		const struct weft_net_edge *e = &p->edge[i];

		for (uint32_t j = 0; j < e->num_consumers; j++) {
			const struct weft_net_consumer *c = &e->consumer[j];
			int64_t produced = e->from == WEFT_NET_NONE ? fed(e, s) :
					   (int64_t)e->initial + (int64_t)s->done[e->from] * e->produce;

			if (c->body == body && produced < (int64_t)(s->done[body] + 1) * c->consume)
				return false;
			if (e->from == body && (int64_t)s->done[c->body] * c->consume <
			    e->initial + (int64_t)(s->done[body] + 1) * e->produce - e->depth)
				return false;
		}
	}
	return true;
}

void pl_fire(const struct pl *p, struct pl_state *s, uint32_t body)
{
	s->done[body]++;
	if (p->body[body].lane != WEFT_NET_NONE)
		turn_skip(p, s, p->body[body].lane, true);
}

uint32_t pl_parts(const struct pl *p, uint32_t *part)
{
	uint32_t num = 0;
	bool again = true;

	for (uint32_t b = 0; b < p->net.num_bodies; b++)
		part[b] = b;
	while (again) {
		again = false;
		for (uint32_t i = 0; i < p->net.num_edges; i++)
			for (uint32_t j = 0; j < p->edge[i].num_consumers; j++) {
				uint32_t u = p->edge[i].from, v = p->edge[i].consumer[j].body;
				uint32_t m;

				/* who is fed by one edge is so far apart at most */
				if (u == WEFT_NET_NONE)
					u = p->edge[i].consumer[0].body;
				if (part[u] == part[v])
					continue;
				m = part[u] < part[v] ? part[u] : part[v];
				part[u] = part[v] = m;
				again = true;
			}
		for (uint32_t i = 0; i < p->net.num_lanes; i++)
			for (uint32_t k = 1; k < p->lane[i].num_bodies; k++) {
				uint32_t u = p->lane[i].body[0], v = p->lane[i].body[k];

				if (part[u] == part[v])
					continue;
				part[u] = part[v] = part[u] < part[v] ? part[u] : part[v];
				again = true;
			}
	}
	for (uint32_t b = 0; b < p->net.num_bodies; b++)
		num += part[b] == b;
	return num;
}

/* The state counted from the sequence that all of a part have finished. */
static void normal(const struct pl *p, const uint32_t *part, struct pl_state *s)
{
	uint32_t base[PL_BODIES];

	for (uint32_t b = 0; b < p->net.num_bodies; b++)
		base[b] = UINT32_MAX;
	for (uint32_t b = 0; b < p->net.num_bodies; b++)
		if (s->done[b] / p->q[b] < base[part[b]])
			base[part[b]] = s->done[b] / p->q[b];
	for (uint32_t i = 0; i < p->net.num_lanes; i++) {
		uint32_t b = p->lane[i].body[0];

		s->turn[i] -= (int32_t)(base[part[b]] * p->q[b]);
	}
	for (uint32_t b = 0; b < p->net.num_bodies; b++)
		s->done[b] -= base[part[b]] * p->q[b];
}

static uint64_t hash_of(const struct pl_state *s)
{
	const uint8_t *at = (const uint8_t *)s;
	uint64_t h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < sizeof(*s); i += 4) {
		uint32_t w;

		memcpy(&w, at + i, 4);
		h = (h ^ w) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 29;
	}
	return h;
}

static struct pl_state *states;
static uint32_t *table, num_states;

static bool known(const struct pl_state *s)
{
	uint32_t at = (uint32_t)(hash_of(s) >> 8) % (4 * MAX_STATES);

	for (; table[at]; at = (at + 1) % (4 * MAX_STATES))
		if (!memcmp(&states[table[at] - 1], s, sizeof(*s)))
			return true;
	if (num_states < MAX_STATES) {
		states[num_states++] = *s;
		table[at] = num_states;
	}
	return false;
}

/* All interleavings of one part: it stops when in some state it reaches nothing can fire. */
static enum pl_verdict explore(const struct pl *p, const uint32_t *part, uint32_t which)
{
	struct pl_state s;

	memset(table, 0, 4 * MAX_STATES * sizeof(*table));
	num_states = 0;
	pl_start(p, &s);
	known(&s);
	for (uint32_t i = 0; i < num_states; i++) {
		bool any = false;

		for (uint32_t b = 0; b < p->net.num_bodies; b++) {
			if (part[b] != which || !pl_can(p, &states[i], b))
				continue;
			any = true;
			s = states[i];
			pl_fire(p, &s, b);
			normal(p, part, &s);
			known(&s);
			if (num_states == MAX_STATES)
				return PL_UNKNOWN;
		}
		if (!any)
			return PL_DEAD;
	}
	return PL_LIVE;
}

enum pl_verdict pl_explore(const struct pl *p)
{
	enum pl_verdict all = PL_LIVE;
	uint32_t part[PL_BODIES];

	if (!states) {
		states = malloc(MAX_STATES * sizeof(*states));
		table = malloc(4 * MAX_STATES * sizeof(*table));
	}
	pl_parts(p, part);
	for (uint32_t b = 0; b < p->net.num_bodies && all != PL_DEAD; b++) {
		enum pl_verdict v = part[b] == b ? explore(p, part, b) : PL_LIVE;

		all = v == PL_LIVE ? all : v;
	}
	return all;
}

static void begin(const struct pl *p, struct pl_state *s, uint32_t body)
{
	s->rest[body] = (uint32_t)p->body[body].time_ns + 1;
}

static bool waits_in_queue(const struct pl_state *s, uint32_t group, uint32_t body)
{
	for (uint32_t i = 0; i < s->queued[group]; i++)
		if (s->queue[group][i] == body)
			return true;
	return false;
}

/* Everything that starts now. No body here takes no time. */
static void starts(const struct pl *p, struct pl_state *s, bool groups, pl_hold hold, void *data)
{
	for (uint32_t b = 0; b < p->net.num_bodies; b++) {
		uint32_t g = groups ? p->body[b].group : WEFT_NET_NONE;

		if (s->rest[b] || !pl_can(p, s, b) || (hold && hold(p, s, b, data)))
			continue;
		if (g == WEFT_NET_NONE)
			begin(p, s, b);
		else if (!waits_in_queue(s, g, b))
			s->queue[g][s->queued[g]++] = (uint8_t)b;
	}
	for (uint32_t g = 0; groups && g < p->net.num_groups; g++)
		while (s->queued[g] && s->busy[g] < p->group[g].width) {
			begin(p, s, s->queue[g][0]);
			s->busy[g]++;
			s->queued[g]--;
			memmove(s->queue[g], s->queue[g] + 1, s->queued[g]);
			s->queue[g][s->queued[g]] = 0;
		}
}

/* To the next end. False: nothing runs */
static bool ends(const struct pl *p, struct pl_state *s, bool groups, uint64_t *now)
{
	uint32_t least = UINT32_MAX;

	for (uint32_t b = 0; b < p->net.num_bodies; b++)
		if (s->rest[b] && s->rest[b] < least)
			least = s->rest[b];
	if (least == UINT32_MAX)
		return false;
	*now += least - 1;
	for (uint32_t b = 0; b < p->net.num_bodies; b++) {
		if (!s->rest[b])
			continue;
		s->rest[b] -= least - 1;
		if (s->rest[b] > 1)
			continue;
		s->rest[b] = 0;
		if (groups && p->body[b].group != WEFT_NET_NONE)
			s->busy[p->body[b].group]--;
		pl_fire(p, s, b);
	}
	return true;
}

bool pl_period(const struct pl *p, bool groups, pl_hold hold, void *data, uint64_t *num, uint64_t *den)
{
	struct pl_state s, kept, now_normal;
	uint32_t part[PL_BODIES], kept_done[PL_BODIES];
	uint64_t now = 0, kept_at = 0, again = 1;

	*num = 0;
	*den = 1;
	pl_parts(p, part);
	pl_start(p, &s);
	memset(&kept, 0xff, sizeof(kept));
	memset(kept_done, 0, sizeof(kept_done));
	for (uint64_t i = 1; i < MAX_STEPS; i++) {
		starts(p, &s, groups, hold, data);
		if (!ends(p, &s, groups, &now))
			return false;
		now_normal = s;
		normal(p, part, &now_normal);
		if (!memcmp(&now_normal, &kept, sizeof(kept))) {
			for (uint32_t b = 0; b < p->net.num_bodies; b++) {
				uint64_t n = (s.done[b] - kept_done[b]) / p->q[b];

				if (part[b] == b && n && (now - kept_at) * *den > *num * n) {
					*num = now - kept_at;
					*den = n;
				}
			}
			return true;
		}
		if (i == again) {
			kept = now_normal;
			memcpy(kept_done, s.done, sizeof(kept_done));
			kept_at = now;
			again *= 2;
		}
	}
	return false;
}
