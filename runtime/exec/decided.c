/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <stdlib.h>

#include "decided.h"

static void edges(struct weft_decided *d, const struct weft_plan *p)
{
	struct weft_net_consumer *c = d->consumer;

	for (uint32_t i = 0; i < p->num_edges; i++) {
		const struct weft_edge *e = p->edge[i];

		d->net.edge[i] = (struct weft_net_edge) {
			.name = e->name, .from = e->producer ? e->producer->id : WEFT_NET_NONE, .produce = e->rate,
			.depth = e->depth, .initial = e->initial, .place = e->place, .block_bytes = e->stride, .consumer = c,
			.num_consumers = e->num_consumers,
			.flags = WEFT_NET_FIXED | (e->flags & WEFT_EDGE_STATE && !e->whole ? WEFT_NET_STATE : 0) |
				 (weft_edge_blockless(e) ? WEFT_NET_CONTROL : 0),
		};
		for (uint32_t j = 0; j < e->num_consumers; j++, c++)
			*c = (struct weft_net_consumer) { .body = e->consumer[j].body->id, .consume = e->consumer[j].rate };
	}
}

static void bodies(struct weft_decided *d, const struct weft_plan *p)
{
	for (uint32_t i = 0; i < p->num_bodies; i++) {
		const struct weft_body *b = p->body[i];

		d->q[i] = b->q;
		/* a plan that was read from a file has no groups */
		d->net.body[i] = (struct weft_net_body) {
			.name = b->name, .card = b->device, .group = b->group < p->num_groups ? b->group : WEFT_NET_NONE,
			.lane = b->lane, .skew = (int32_t)b->skew,
		};
	}
	for (uint32_t i = 0; i < p->num_groups; i++)
		d->group[i] = (struct weft_net_group) { .name = "engines", .width = p->group_width[i] };
}

static void lanes(struct weft_decided *d, const struct weft_plan *p)
{
	uint32_t *m = d->member;

	for (uint32_t i = 0; i < p->num_lanes; i++) {
		d->net.lane[i] = (struct weft_net_lane) {
			.body = m, .num_bodies = p->lane[i].num_bodies, .card = p->lane[i].device };
		for (uint32_t j = 0; j < p->lane[i].num_bodies; j++)
			*m++ = p->lane[i].body[j]->id;
	}
}

int weft_decided_init(struct weft_decided *d, const struct weft_plan *p)
{
	uint64_t consumers = 0;

	*d = (struct weft_decided) { .net = {
		.num_bodies = p->num_bodies, .num_edges = p->num_edges, .num_lanes = p->num_lanes, .num_groups = p->num_groups,
		.num_rooms = p->num_devices + 1 } };
	for (uint32_t i = 0; i < p->num_edges; i++)
		consumers += p->edge[i]->num_consumers;
	d->net.body = calloc(p->num_bodies, sizeof(d->net.body[0]));
	d->net.edge = calloc(p->num_edges + 1, sizeof(d->net.edge[0]));
	d->net.lane = calloc(p->num_lanes, sizeof(d->net.lane[0]));
	d->consumer = calloc(consumers + 1, sizeof(d->consumer[0]));
	d->member = calloc(p->num_bodies, sizeof(d->member[0]));
	d->q = calloc(p->num_bodies, sizeof(d->q[0]));
	if (!d->net.body || !d->net.edge || !d->net.lane || !d->consumer || !d->member || !d->q)
		return weft_fail(-ENOMEM, "plan %s: what was decided", p->name);
	for (uint32_t i = 0; i <= p->num_devices; i++)
		d->room[i] = (struct weft_net_room) { .name = "memory", .bytes = p->place[i].bytes };
	d->net.room = d->room;
	d->net.group = d->group;
	bodies(d, p);
	edges(d, p);
	lanes(d, p);
	return 0;
}

void weft_decided_fini(struct weft_decided *d)
{
	free(d->net.body);
	free(d->net.edge);
	free(d->net.lane);
	free(d->consumer);
	free(d->member);
	free(d->q);
}
