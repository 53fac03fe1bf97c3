/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A plan as built, to what the planner knows of it, and its answer back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "exec.h"
#include "offer.h"

#include <weft/telemetry.h>

#include "runtime/core/device.h"
#include "runtime/plan/plan.h"
#include "runtime/plan/rates.h"

#define MAX_ENGINES	16
#define GUESS_NS	1000		/* of a body with commands that nobody has estimated */
#define MAX_LAG		(WEFT_BUBBLES / 4)

struct net {
	struct weft_net net;
	struct weft_net_group group[2 * WEFT_PLAN_DEVICES];
	uint32_t group_id[2 * WEFT_PLAN_DEVICES];	/* the card's number of it; its own are above all of those */
	char group_name[2 * WEFT_PLAN_DEVICES][32];
	struct weft_net_room room[WEFT_PLAN_DEVICES + 1];
	struct weft_net_consumer *consumer;
	uint32_t *member;			/* bodies of lanes, lane by lane */
};

static void net_fini(struct net *n)
{
	free(n->net.body);
	free(n->net.edge);
	free(n->net.lane);
	free(n->consumer);
	free(n->member);
}

static uint32_t group(struct net *n, uint32_t id, uint32_t width, const char *name)
{
	for (uint32_t i = 0; i < n->net.num_groups; i++)
		if (n->group_id[i] == id)
			return i;
	snprintf(n->group_name[n->net.num_groups], sizeof(n->group_name[0]), "%s", name);
	n->group[n->net.num_groups].name = n->group_name[n->net.num_groups];
	n->group[n->net.num_groups].width = width;
	n->group_id[n->net.num_groups] = id;
	return n->net.num_groups++;
}

/* Engines of a card, and its slots, which TIMED takes. */
static int groups(struct weft_plan *p, struct net *n, uint32_t device, uint32_t *engines, uint32_t *timed)
{
	struct weft_engine e[MAX_ENGINES] = { 0 };
	struct weft_device *d = p->card[device].device;
	char name[32];
	int ret = weft_device_engines(d, e, MAX_ENGINES, sizeof(e[0]));

	if (ret < 0)
		return ret;
	snprintf(name, sizeof(name), "engines %u", e[0].group);
	*engines = ret ? group(n, e[0].group, e[0].width ? e[0].width : 1, name) : WEFT_NET_NONE;
	snprintf(name, sizeof(name), "slots of card %u", d->index);
	*timed = group(n, UINT32_MAX - device, d->info.timed_width ? d->info.timed_width : 16, name);
	return 0;
}

static uint64_t timed_ns(const struct weft_body *b)
{
	uint64_t ns = 0;

	for (uint32_t i = 0; i < b->num_commands; i++)
		ns += b->command[i].op == WEFT_COMMAND_TIMED ? b->command[i].u.timed.ns : 0;
	return ns;
}

uint64_t weft_body_time_ns(const struct weft_body *b)
{
	return b->time_ns ? b->time_ns : timed_ns(b) + (b->engine ? GUESS_NS : 0);
}

static int net_bodies(struct weft_plan *p, struct net *n)
{
	uint32_t engines[WEFT_PLAN_DEVICES], timed[WEFT_PLAN_DEVICES];
	int ret = 0;

	for (uint32_t i = 0; i < p->num_devices && !ret; i++)
		ret = groups(p, n, i, &engines[i], &timed[i]);
	for (uint32_t i = 0; i < p->num_bodies && !ret; i++) {
		const struct weft_body *b = p->body[i];
		const uint64_t ns = timed_ns(b);

		n->net.body[i] = (struct weft_net_body) {
			.name = b->name, .card = b->device, .lane = WEFT_NET_NONE, .skew = (int32_t)b->wanted_skew,
			.group = b->engine ? engines[b->device] : ns ? timed[b->device] : WEFT_NET_NONE,
			.time_ns = weft_body_time_ns(b),
		};
	}
	n->net.num_bodies = p->num_bodies;
	return ret;
}

/* Bodies with a lane of the user's, lane by lane, in the order they were made. */
static int net_lanes(struct weft_plan *p, struct net *n)
{
	struct weft_names lanes = { 0 };
	uint32_t members = 0;

	for (uint32_t i = 0; i < p->num_bodies; i++) {
		const struct weft_body *b = p->body[i];
		uint32_t lane;

		if (!b->lane_name)
			continue;
		lane = weft_names_find(&lanes, b->lane_name, b->device);
		if (lane == UINT32_MAX) {
			lane = n->net.num_lanes++;
			n->net.lane[lane].card = b->device;
			if (!weft_names_add(&lanes, b->lane_name, b->device, lane)) {
				weft_names_free(&lanes);
				return weft_fail(-ENOMEM, "plan %s: lanes", p->name);
			}
		}
		n->net.body[i].lane = lane;
		n->net.lane[lane].num_bodies++;
	}
	weft_names_free(&lanes);
	for (uint32_t i = 0; i < n->net.num_lanes; i++) {
		n->net.lane[i].body = &n->member[members];
		members += n->net.lane[i].num_bodies;
		n->net.lane[i].num_bodies = 0;
	}
	for (uint32_t i = 0; i < p->num_bodies; i++)
		if (n->net.body[i].lane != WEFT_NET_NONE) {
			struct weft_net_lane *l = &n->net.lane[n->net.body[i].lane];

			n->member[(uint32_t)(l->body - n->member) + l->num_bodies++] = i;
		}
	return 0;
}

static uint32_t edge_place(const struct weft_plan *p, const struct weft_edge *e)
{
	if (e->whole)
		return e->whole->place;
	if (e->flags & WEFT_EDGE_IMPORT)
		return e->consumer[0].body->device;
	if (e->flags & WEFT_EDGE_HOST)
		return p->num_devices;
	if (e->wanted_device)
		return e->wanted_device - 1;
	return e->num_consumers ? e->consumer[0].body->device : e->producer->device;
}

/* Blocks of a firing lie together and come round: is the depth a multiple of each rate? */
static bool turns(const struct weft_edge *e)
{
	bool good = e->wanted_depth % e->rate == 0;

	for (uint32_t i = 0; i < e->num_consumers; i++)
		good &= e->wanted_depth % e->consumer[i].rate == 0;
	return good || e->flags & WEFT_EDGE_CONTROL;
}

/* The ends that an edge between processes has here; 0 or -EINVAL with text */
static int check_peer(const struct weft_edge *e)
{
	if (e->flags & WEFT_EDGE_EXPORT && !e->producer)
		return weft_fail(-EINVAL, "edge %s is exported and has no producer", e->name);
	if (!(e->flags & WEFT_EDGE_IMPORT))
		return 0;
	if (e->producer || !e->num_consumers || e->num_consumers > WEFT_OFFER_CONSUMERS)
		return weft_fail(-EINVAL, "edge %s comes from another process: it has 1 … %u consumers here, not %u, and no producer%s%s",
				 e->name, WEFT_OFFER_CONSUMERS, e->num_consumers, e->producer ? ", not body " : "",
				 e->producer ? e->producer->name : "");
	for (uint32_t i = 1; i < e->num_consumers; i++)
		if (e->consumer[i].body->device != e->consumer[0].body->device)
			return weft_fail(-EINVAL, "edge %s comes from another process: its consumers are on one device, body %s is on %u, body %s on "
					 "%u", e->name, e->consumer[0].body->name, e->consumer[0].body->device, e->consumer[i].body->name,
					 e->consumer[i].body->device);
	return 0;
}

static int net_edges(struct weft_plan *p, struct net *n)
{
	struct weft_net_consumer *c = n->consumer;

	for (uint32_t i = 0; i < p->num_edges; i++) {
		struct weft_edge *e = p->edge[i];
		const bool fed = !e->producer, imported = e->flags & WEFT_EDGE_IMPORT;
		bool many = e->rate > 1;
		int ret = check_peer(e);

		if (ret)
			return ret;
		if (e->flags & WEFT_EDGE_PEER && !p->peer_edge)
			p->peer_edge = e;
		if (fed && !imported && !(e->flags & WEFT_EDGE_HOST && e->num_consumers))
			return weft_fail(-EINVAL, "edge %s has no producer%s", e->name,
					 e->num_consumers ? "; one that the host feeds has WEFT_EDGE_HOST, one of another process WEFT_EDGE_IMPORT" : "");
		if (fed && (e->initial || e->flags & (WEFT_EDGE_STATE | WEFT_EDGE_PULL)))
			return weft_fail(-EINVAL, "edge %s is fed by the host: no initial tokens, no state, nothing to pull", e->name);
		if (e->given && !fed && !(e->flags & WEFT_EDGE_PULL))
			return weft_fail(-EINVAL, "edge %s has memory of the caller, and the host neither feeds nor pulls it", e->name);
		e->rate = fed ? 1 : e->rate;
		if (e->whole && e->rate != e->whole->rate)
			return weft_fail(-EINVAL, "edge %s: its producer gives %u tokens, and that of edge %s, of which it is a part, %u", e->name,
					 e->rate, e->whole->name, e->whole->rate);
		if (!turns(e))
			return weft_fail(-EINVAL, "edge %s: depth %u is no multiple of the rates of its ports", e->name, e->wanted_depth);
		e->place = edge_place(p, e);
		e->stride = weft_block_stride(e->block_bytes);
		n->net.edge[i] = (struct weft_net_edge) {
			.name = e->name, .from = fed ? WEFT_NET_NONE : e->producer->id, .produce = e->rate, .depth = e->wanted_depth,
			.initial = e->initial, .place = e->place, .block_bytes = e->stride, .consumer = c,
			.num_consumers = e->num_consumers,
		};
		/* as if all of it were there: the other process is nothing that this plan waits for, so its gate has to be */
		if (imported)
			n->net.edge[i].initial = e->wanted_depth;
		for (uint32_t j = 0; j < e->num_consumers; j++, c++) {
			c->body = e->consumer[j].body->id;
			c->consume = e->consumer[j].rate;
			many |= c->consume > 1;
		}
		/* bodies may take the blocks of a firing as one, which they are not in a shared place */
		n->net.edge[i].flags = (e->flags & WEFT_EDGE_STATE && !e->whole ? WEFT_NET_STATE : 0) |
				       (weft_edge_blockless(e) || imported ? WEFT_NET_CONTROL : 0) |	/* no blocks of this plan */
				       (e->wanted_depth ? WEFT_NET_FIXED : 0) |
				       (e->flags & (WEFT_EDGE_NO_SHARE | WEFT_EDGE_PULL | WEFT_EDGE_PEER) || many || fed ||
					!e->num_consumers || e->parts_end ? WEFT_NET_NO_SHARE : 0);
	}
	n->net.num_edges = p->num_edges;
	return 0;
}

static int net_rooms(struct weft_plan *p, struct net *n)
{
	for (uint32_t i = 0; i <= p->num_devices; i++) {
		struct weft_device *d = i < p->num_devices ? p->card[i].device : NULL;
		uint64_t constants = 0;

		n->room[i].name = d ? d->info.node : "host memory";
		n->room[i].bytes = !d ? 1ull << 46 : p->config.budget_bytes ? p->config.budget_bytes : d->info.user_bytes;
		for (uint32_t j = 0; j < p->num_constants && d; j++)
			if (!p->constant[j]->given && p->constant[j]->users >> i & 1)
				constants += (p->constant[j]->bytes + 4095) & ~4095ull;
		if (constants > n->room[i].bytes)
			return weft_fail(-ENOSPC, "plan %s: constants take %llu bytes on %s, which has %llu", p->name,
					 (unsigned long long)constants, n->room[i].name, (unsigned long long)n->room[i].bytes);
		n->room[i].bytes -= constants;
		p->report.memory_bytes += constants;
	}
	n->net.room = n->room;
	n->net.num_rooms = p->num_devices + 1;
	n->net.group = n->group;
	return 0;
}

static int net_init(struct weft_plan *p, struct net *n)
{
	uint32_t consumers = 0;
	int ret;

	*n = (struct net) { 0 };
	for (uint32_t i = 0; i < p->num_edges; i++)
		consumers += p->edge[i]->num_consumers;
	n->net.body = calloc(p->num_bodies, sizeof(n->net.body[0]));
	n->net.edge = calloc(p->num_edges + 1, sizeof(n->net.edge[0]));
	n->net.lane = calloc(p->num_bodies, sizeof(n->net.lane[0]));
	n->consumer = calloc(consumers + 1, sizeof(n->consumer[0]));
	n->member = calloc(p->num_bodies, sizeof(n->member[0]));
	if (!n->net.body || !n->net.edge || !n->net.lane || !n->consumer || !n->member)
		return weft_fail(-ENOMEM, "plan %s", p->name);
	ret = net_bodies(p, n);
	if (ret)
		return ret;
	ret = net_lanes(p, n);
	if (!ret)
		ret = net_edges(p, n);
	return ret ? ret : net_rooms(p, n);
}

/*
 * A drain opens so many bubbles that what goes by the count of firings finds itself where it was: tokens that stay, and the
 * entries of tables.
 */
static int lag_round(struct weft_plan *p)
{
	uint64_t multiple = 1, lag = p->lag;

	if (!lag)
		return 0;
	for (uint32_t i = 0; i < p->num_edges && multiple <= MAX_LAG; i++) {
		const struct weft_edge *e = p->edge[i];
		const uint64_t k = e->initial;
		uint64_t need;

		if (!k || e->flags & WEFT_EDGE_CONTROL)
			continue;
		need = k / weft_gcd(k, (uint64_t)e->producer->q * e->rate);
		multiple = multiple / weft_gcd(multiple, need) * need;
	}
	for (uint32_t i = 0; i < p->num_bodies && multiple <= MAX_LAG; i++)
		for (uint32_t j = 0; j < p->body[i]->num_operands && multiple <= MAX_LAG; j++) {
			const struct weft_body_operand *o = &p->body[i]->operand[j];
			const uint64_t turns = (uint64_t)o->entries * o->firings;
			uint64_t need;

			if (o->kind != WEFT_OPERAND_TABLE)
				continue;
			need = turns / weft_gcd(turns, p->body[i]->q);
			multiple = multiple / weft_gcd(multiple, need) * need;
		}
	lag = (lag + multiple - 1) / multiple * multiple;
	if (lag > MAX_LAG)
		return weft_fail(-E2BIG, "plan %s: a drain would need %llu bubbles or more, %u at most: make the entries of its tables, and "
				 "the initial tokens of its edges, multiples of each other", p->name, (unsigned long long)lag, MAX_LAG);
	p->lag = (uint32_t)lag;
	return 0;
}

/* The user's lanes have their names, others that of their first body. Skews start at 0 in each. */
static int lanes_back(struct weft_plan *p, const struct net *n, const struct weft_plan_answer *a)
{
	p->lane = calloc(a->lanes.num_lanes, sizeof(p->lane[0]));
	if (!p->lane)
		return weft_fail(-ENOMEM, "plan %s: lanes", p->name);
	for (uint32_t i = 0; i < a->lanes.num_lanes; i++) {
		const struct weft_net_lane *from = &a->lanes.lane[i];
		const struct weft_body *first = p->body[from->body[0]];
		struct weft_plan_lane *l = &p->lane[p->num_lanes++];
		int32_t least = INT32_MAX;

		l->device = from->card;
		l->name = strdup(first->lane_name ? first->lane_name : first->name);
		l->body = calloc(from->num_bodies, sizeof(l->body[0]));
		if (!l->name || !l->body)
			return weft_fail(-ENOMEM, "plan %s: lanes", p->name);
		for (uint32_t j = 0; j < from->num_bodies; j++)
			if (n->net.body[from->body[j]].skew < least)
				least = n->net.body[from->body[j]].skew;
		for (uint32_t j = 0; j < from->num_bodies; j++) {
			struct weft_body *b = p->body[from->body[j]];

			l->body[l->num_bodies++] = b;
			b->lane = i;
			b->position = j;
			b->skew = (uint32_t)(n->net.body[from->body[j]].skew - least);
		}
	}
	return 0;
}

void weft_plan_unprepare(struct weft_plan *p)
{
	for (uint32_t i = 0; i < p->num_lanes; i++) {
		free(p->lane[i].name);
		free(p->lane[i].body);
	}
	free(p->lane);
	free(p->cell);
	free(p->host_edge);
	free(p->critical);
	free(p->guard);
	for (uint32_t i = 0; i < p->num_bodies; i++) {
		struct weft_body *b = p->body[i];

		free(b->waits.tie);
		free(b->signals.tie);
		b->waits = b->signals = (struct weft_ties) { 0 };
	}
	p->lane = NULL;
	p->cell = NULL;
	p->host_edge = NULL;
	p->peer_edge = NULL;
	p->critical = NULL;
	p->guard = NULL;
	p->num_guards = 0;
	p->num_lanes = p->num_cells = p->room_cells = p->num_host_edges = p->room_host_edges = 0;
	memset(p->num_cells_of, 0, sizeof(p->num_cells_of));
	memset(p->place, 0, sizeof(p->place));
	memset(&p->report, 0, sizeof(p->report));
	p->prepared = false;
}

static int check(struct weft_plan *p)
{
	int ret = 0;

	if (!p->num_bodies)
		return weft_fail(-EINVAL, "plan %s has no bodies", p->name);
	for (uint32_t i = 0; i < p->num_bodies && !ret; i++)
		ret = weft_body_commands_check(p->body[i]);
	return ret;
}

/* Blocks of a pool follow each other; edges in it have one of its slots each. */
static void places_back(struct weft_plan *p, const struct weft_pools *pools)
{
	for (uint32_t i = 0; i < pools->num_pools; i++) {
		const struct weft_pool *pool = &pools->pool[i];
		struct weft_plan_place *at = &p->place[pool->place];

		for (uint32_t j = 0; j < pool->num_edges; j++) {
			p->edge[pool->edge[j]]->offset = at->bytes;
			p->edge[pool->edge[j]]->stride = pool->slot_bytes;
		}
		/* alone, since edges of the host and of other processes share nothing */
		if (p->edge[pool->edge[0]]->given || p->edge[pool->edge[0]]->flags & WEFT_EDGE_PEER)
			p->edge[pool->edge[0]]->offset = 0;
		else
			at->bytes += pool->slot_bytes * pool->depth;
	}
	for (uint32_t i = 0; i < p->num_edges; i++) {
		struct weft_edge *e = p->edge[i];

		if (!e->whole)
			continue;
		e->stride = e->whole->stride;
		e->offset = e->whole->offset + e->part_offset;
	}
}

static int guards_back(struct weft_plan *p, const struct weft_pools *pools)
{
	p->guard = calloc(pools->num_guards + 1ull, sizeof(p->guard[0]));
	if (!p->guard)
		return weft_fail(-ENOMEM, "plan %s: guards", p->name);
	if (pools->num_guards)
		memcpy(p->guard, pools->guard, pools->num_guards * sizeof(p->guard[0]));
	p->num_guards = pools->num_guards;
	return 0;
}

static void report(struct weft_plan *p, const struct weft_plan_answer *a)
{
	struct weft_plan_report *r = &p->report;

	r->size = sizeof(*r);
	r->num_bodies = p->num_bodies;
	r->num_edges = p->num_edges;
	r->num_lanes = p->num_lanes;
	for (uint32_t i = 0; i <= p->num_devices; i++) {
		r->memory_bytes += p->place[i].bytes;
		r->unshared_bytes += a->bytes_unshared[i];
	}
	for (uint32_t i = 0; i < p->num_edges; i++)	/* in memory of their own */
		r->memory_bytes += p->edge[i]->flags & WEFT_EDGE_EXPORT ? p->edge[i]->depth * p->edge[i]->stride : 0;
	r->host_bytes = p->place[p->num_devices].bytes;
	r->period_ns = weft_ratio_ns(a->period);
	r->pace_ns = weft_ratio_ns(a->pace.period);
	r->lag = p->lag;
	r->critical = p->critical;
}

/* What weft_plan_measured() needs to ask the planner again. */
static void measure_back(struct weft_plan *p, const struct net *n)
{
	for (uint32_t i = 0; i < p->num_bodies; i++)
		p->body[i]->group = n->net.body[i].group;
	for (uint32_t i = 0; i < n->net.num_groups; i++)
		p->group_width[i] = n->group[i].width;
	p->num_groups = n->net.num_groups;
}

static int answer_back(struct weft_plan *p, const struct net *n, const struct weft_plan_answer *a)
{
	int ret;

	p->critical = strdup(a->critical.text.text);
	if (!p->critical)
		return weft_fail(-ENOMEM, "plan %s", p->name);
	for (uint32_t i = 0; i < p->num_bodies; i++) {
		p->body[i]->q = a->q[i];
		p->body[i]->gated = a->gated[i];
		if (a->q[i] > UINT16_MAX)
			return weft_fail(-E2BIG, "body %s fires %u times in a sequence, %u at most", p->body[i]->name, a->q[i], UINT16_MAX);
	}
	for (uint32_t i = 0; i < p->num_edges; i++) {
		p->edge[i]->depth = n->net.edge[i].depth;
		if (p->edge[i]->depth > UINT16_MAX)
			return weft_fail(-E2BIG, "edge %s needs %u blocks, %u at most", p->edge[i]->name, p->edge[i]->depth, UINT16_MAX);
	}
	p->lag = a->lag;
	measure_back(p, n);
	places_back(p, &a->pools);
	ret = lanes_back(p, n, a);
	if (!ret)
		ret = lag_round(p);
	if (!ret)
		ret = guards_back(p, &a->pools);
	if (!ret)
		ret = weft_plan_cells(p, p->guard, p->num_guards);
	/* nobody would feed a bubble, and the host would take one for a result */
	if (!ret && p->lag && p->num_host_edges)
		ret = weft_fail(-EOPNOTSUPP, "plan %s: the host feeds or pulls edge %s, and its skewed lanes need %u bubbles to drain: "
				"give bodies lanes of their own, or the same skew", p->name, p->host_edge[0]->name, p->lag);
	if (!ret && p->lag && p->peer_edge)
		ret = weft_fail(-EOPNOTSUPP, "plan %s: edge %s is another process's too, and skewed lanes here need %u bubbles to drain: give "
				"bodies lanes of their own, or the same skew", p->name, p->peer_edge->name, p->lag);
	report(p, a);
	return ret;
}

static int solve(struct weft_plan *p, struct net *n)
{
	struct weft_plan_options options = {
		.target = { p->config.period_ns, 1 },
		.max_lanes = !(p->config.flags & WEFT_PLAN_FEW_QUEUES) ? 0 : p->config.lanes ? p->config.lanes :
			     p->card[0].device->info.num_slots,
	};
	struct weft_plan_answer a;
	struct weft_why why = { "" };
	int ret = weft_plan_solve(&n->net, &options, &a, &why);

	if (ret)
		return weft_fail(ret, "plan %s: %s", p->name, why.text);
	ret = answer_back(p, n, &a);
	weft_plan_answer_free(&a);
	return ret;
}

int weft_plan_prepare(struct weft_plan *plan, struct weft_plan_report *report)
{
	struct net n = { 0 };
	int ret = weft_plan_check(plan, false, __func__);

	if (ret)
		return ret;
	if (!plan->prepared) {
		ret = check(plan);
		if (!ret)
			ret = net_init(plan, &n);
		if (!ret)
			ret = solve(plan, &n);
		net_fini(&n);
		if (ret) {
			weft_plan_unprepare(plan);
			return ret;
		}
		plan->prepared = true;
	}
	return report ? weft_give(report, &plan->report, sizeof(plan->report), sizeof(plan->report), __func__) : 0;
}

uint32_t weft_edge_depth(const struct weft_edge *edge)
{
	return edge && edge->plan->prepared ? edge->depth : 0;
}
