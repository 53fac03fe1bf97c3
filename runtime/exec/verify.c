/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Decisions that came from outside: would a plan with them stop for ever? The planner's own check, without planning. */
#include <errno.h>
#include <stdlib.h>

#include "decide.h"

#include "runtime/plan/cycle.h"

struct view {
	struct weft_net net;
	struct weft_net_consumer *consumer;
	struct weft_net_room room[WEFT_PLAN_DEVICES + 1];
	struct weft_net_lane *lane;
	uint32_t *member;		/* bodies, lane by lane */
	uint32_t *q;
};

static void view_fini(struct view *v)
{
	free(v->net.body);
	free(v->net.edge);
	free(v->consumer);
	free(v->lane);
	free(v->member);
	free(v->q);
}

static bool view_init(struct view *v, const struct weft_plan *p)
{
	uint64_t consumers = 0;

	*v = (struct view) { .net = { .num_bodies = p->num_bodies, .num_edges = p->num_edges, .num_lanes = p->num_lanes,
				      .num_rooms = p->num_devices + 1 } };
	for (uint32_t i = 0; i < p->num_edges; i++)
		consumers += p->edge[i]->num_consumers;
	v->net.body = calloc(p->num_bodies, sizeof(v->net.body[0]));
	v->net.edge = calloc(p->num_edges + 1, sizeof(v->net.edge[0]));
	v->consumer = calloc(consumers + 1, sizeof(v->consumer[0]));
	v->lane = calloc(p->num_lanes, sizeof(v->lane[0]));
	v->member = calloc(p->num_bodies, sizeof(v->member[0]));
	v->q = calloc(p->num_bodies, sizeof(v->q[0]));
	v->net.lane = v->lane;
	v->net.room = v->room;
	return v->net.body && v->net.edge && v->consumer && v->lane && v->member && v->q;
}

static void fill(struct view *v, const struct weft_plan *p)
{
	struct weft_net_consumer *c = v->consumer;
	uint32_t *m = v->member;

	for (uint32_t i = 0; i <= p->num_devices; i++)
		v->room[i] = (struct weft_net_room) { .name = "memory", .bytes = p->place[i].bytes };
	for (uint32_t i = 0; i < p->num_bodies; i++) {
		const struct weft_body *b = p->body[i];

		v->q[i] = b->q;
		v->net.body[i] = (struct weft_net_body) { .name = b->name, .card = b->device, .group = WEFT_NET_NONE, .lane = b->lane,
							  .skew = (int32_t)b->skew };
	}
	for (uint32_t i = 0; i < p->num_lanes; i++) {
		v->lane[i] = (struct weft_net_lane) { .body = m, .num_bodies = p->lane[i].num_bodies, .card = p->lane[i].device };
		for (uint32_t j = 0; j < p->lane[i].num_bodies; j++)
			*m++ = p->lane[i].body[j]->id;
	}
	for (uint32_t i = 0; i < p->num_edges; i++) {
		const struct weft_edge *e = p->edge[i];

		v->net.edge[i] = (struct weft_net_edge) {
			.name = e->name, .from = e->producer->id, .produce = e->rate, .depth = e->depth, .initial = e->initial,
			.place = e->place, .block_bytes = e->block_bytes, .consumer = c, .num_consumers = e->num_consumers,
			.flags = WEFT_NET_FIXED | (e->flags & WEFT_EDGE_STATE ? WEFT_NET_STATE : 0) |
				 (e->flags & WEFT_EDGE_CONTROL ? WEFT_NET_CONTROL : 0),
		};
		for (uint32_t j = 0; j < e->num_consumers; j++)
			*c++ = (struct weft_net_consumer) { .body = e->consumer[j].body->id, .consume = e->consumer[j].rate };
	}
}

int weft_decisions_live(const struct weft_plan *p)
{
	struct weft_why why = { "" };
	struct weft_arcs arcs = { 0 };
	struct view v;
	int ret = -ENOMEM;

	if (view_init(&v, p)) {
		fill(&v, p);
		ret = weft_arcs_init(&arcs, &v.net, v.q, p->guard, p->num_guards, &why);
		if (!ret)
			ret = weft_cycle_dead(&v.net, &arcs, p->guard, NULL, NULL, &why);
		weft_arcs_fini(&arcs);
	}
	view_fini(&v);
	return ret ? weft_fail(ret, "plan %s, as it was decided: %s", p->name, why.text) : 0;
}
