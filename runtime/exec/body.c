/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Building a plan: handles, names, ports. */
#include <errno.h>
#include <stdlib.h>

#include "exec.h"

#include "runtime/core/device.h"

#define MAX_BLOCK_BYTES	(1ull << 40)
#define MAX_RATE	65535u
#define PEER_DEPTH	2u			/* both processes have to name the same */

int weft_plan_check(const struct weft_plan *plan, bool building, const char *call)
{
	int ret = weft_handle(plan, WEFT_MAGIC_PLAN, call);

	if (!ret && building && plan->prepared)
		ret = weft_fail(-EBUSY, "%s: plan %s is prepared", call, plan->name);
	return ret;
}

static int check_device(struct weft_device *d, uint32_t index)
{
	static const char *const needed[] = { "lr", "cells", "cell_lists", "loop", "pred" };
	int ret = weft_handle(d, WEFT_MAGIC_DEVICE, "weft_plan_create");

	if (ret)
		return ret;
	if (weft_backend(d) != &weft_backend_card)
		return weft_fail(-EOPNOTSUPP, "weft_plan_create: device %u is of kind %s; bodies run on cards", index, d->kind->name);
	return weft_device_needs(d, needed, sizeof(needed) / sizeof(needed[0]), "weft_plan_create");
}

int weft_plan_create(struct weft_device *const *devices, uint32_t count, const struct weft_plan_config *config,
		     struct weft_plan **plan)
{
	struct weft_plan_config c = { .size = sizeof(c) };
	struct weft_plan *p;
	int ret = weft_ready(&weft_library, __func__);

	if (!ret && config)
		ret = weft_take(&c, sizeof(c), config, sizeof(c), __func__);
	if (ret)
		return ret;
	if (!plan || !devices || !count || count > WEFT_PLAN_DEVICES || c.priority > WEFT_PRIORITY_LOW ||
	    (c.flags & ~(WEFT_PLAN_POISON | WEFT_PLAN_FEW_QUEUES | WEFT_PLAN_TRACE)) ||
	    (c.lanes && !(c.flags & WEFT_PLAN_FEW_QUEUES)))
		return weft_fail(-EINVAL, "weft_plan_create: %u devices, flags %#x, priority %u, %u lanes", count, c.flags, c.priority,
				 c.lanes);
	for (uint32_t i = 0; i < count; i++) {
		ret = check_device(devices[i], i);
		for (uint32_t j = 0; j < i && !ret; j++)
			if (devices[i] == devices[j])
				ret = weft_fail(-EINVAL, "weft_plan_create: devices %u and %u are the same", j, i);
		if (ret)
			return ret;
	}
	p = calloc(1, sizeof(*p));
	if (p)
		p->name = strdup(c.name ? c.name : "plan");
	if (!p || !p->name) {
		free(p);
		return weft_fail(-ENOMEM, "plan handle");
	}
	c.name = p->name;
	p->config = c;
	p->num_devices = count;
	p->table = -1;
	for (uint32_t i = 0; i < count; i++) {
		p->card[i].device = devices[i];
		atomic_fetch_add(&devices[i]->children, 1);
	}
	pthread_mutex_init(&p->lock, NULL);
	p->magic = WEFT_MAGIC_PLAN;
	*plan = p;
	return 0;
}

static void body_free(struct weft_body *b)
{
	weft_body_commands_free(b);
	free(b->in);
	free(b->out);
	free(b->name);
	free(b->lane_name);
	b->magic = 0;
	free(b);
}

static void edge_free(struct weft_edge *e)
{
	free(e->consumer);
	free(e->contents);
	free(e->restored);
	weft_peer_close(e);
	free(e->name);
	e->magic = 0;
	free(e);
}

int weft_plan_destroy(struct weft_plan *plan)
{
	int ret = weft_plan_check(plan, false, __func__);

	if (ret)
		return ret;
	if (plan->loaded)
		ret = weft_plan_unload(plan);
	weft_plan_unprepare(plan);
	for (uint32_t i = 0; i < plan->num_bodies; i++)
		body_free(plan->body[i]);
	for (uint32_t i = 0; i < plan->num_edges; i++)
		edge_free(plan->edge[i]);
	for (uint32_t i = 0; i < plan->num_constants; i++) {
		plan->constant[i]->magic = 0;
		weft_constant_forget(plan->constant[i]);
		free(plan->constant[i]->name);
		free(plan->constant[i]);
	}
	weft_names_free(&plan->names);
	free(plan->directory);
	free(plan->body);
	free(plan->edge);
	free(plan->constant);
	for (uint32_t i = 0; i < plan->num_devices; i++)
		atomic_fetch_sub(&plan->card[i].device->children, 1);
	pthread_mutex_destroy(&plan->lock);
	plan->magic = 0;
	free(plan->name);
	free(plan);
	return ret;
}

static bool name_ok(const char *name)
{
	return name && *name && strlen(name) < 256;
}

/* What a description says of a part, of an edge that may have some. */
static int part_check(const struct weft_plan *plan, const struct weft_edge_desc *d)
{
	const struct weft_edge *w = d->whole;
	const uint64_t from = w->parts_end ? w->parts_end : 1;

	if (w->plan != plan || weft_edge_blockless(w) || w->flags & (WEFT_EDGE_HOST | WEFT_EDGE_PEER) || !w->wanted_depth)
		return weft_fail(-EINVAL, "edge %s: edge %s has no parts: it is control, a part, the host's, another process's or plan's, or has "
				 "no depth", d->name, w->name);
	if (d->flags || d->depth || d->initial || d->device)
		return weft_fail(-EINVAL, "edge %s: flags, depth, tokens and place are those of edge %s", d->name, w->name);
	if (d->offset < from || d->offset >= w->block_bytes || d->block_bytes > w->block_bytes - d->offset)
		return weft_fail(-EINVAL, "edge %s: %llu bytes at %llu of edge %s, of which those from %llu to %llu are left", d->name,
				 (unsigned long long)d->block_bytes, (unsigned long long)d->offset, w->name, (unsigned long long)from,
				 (unsigned long long)w->block_bytes);
	return 0;
}

static bool port_add(struct weft_port **ports, uint32_t *count, struct weft_edge *e, uint32_t rate)
{
	struct weft_port *more = realloc(*ports, (*count + 1) * sizeof(*more));

	if (!more)
		return false;
	more[*count] = (struct weft_port) { .edge = e, .rate = rate };
	*ports = more;
	++*count;
	return true;
}

static int consume(struct weft_body *body, struct weft_edge *edge, uint32_t rate)
{
	struct weft_consumer *more = realloc(edge->consumer, (edge->num_consumers + 1) * sizeof(*more));
	if (more)
		edge->consumer = more;
	if (!more || !port_add(&body->in, &body->num_in, edge, rate))
		return weft_fail(-ENOMEM, "body %s", body->name);
	more[edge->num_consumers++] = (struct weft_consumer) { .body = body, .rate = rate, .consumed = WEFT_NO_CELL };
	return 0;
}

static int part_of(struct weft_edge *e, struct weft_edge *whole, uint64_t offset)
{
	int ret = 0;

	e->whole = whole;
	e->part_offset = offset;
	e->flags = whole->flags;
	e->wanted_depth = whole->wanted_depth;
	e->initial = whole->initial;
	if (!whole->parts_end)
		whole->part_offset = offset;
	whole->parts_end = offset + e->block_bytes;
	for (uint32_t i = 0; i < whole->num_consumers && !ret; i++)
		ret = consume(whole->consumer[i].body, e, whole->consumer[i].rate);
	return ret;
}

int weft_edge_create(struct weft_plan *plan, const struct weft_edge_desc *desc, struct weft_edge **edge)
{
	struct weft_edge_desc d = { 0 };
	struct weft_edge *e;
	bool control, state, peer;
	int ret = weft_plan_check(plan, true, __func__);

	if (!ret)
		ret = weft_take(&d, sizeof(d), desc, offsetof(struct weft_edge_desc, memory), __func__);
	if (!ret && d.memory)
		ret = weft_handle(d.memory, WEFT_MAGIC_MEMORY, __func__);
	if (!ret && d.whole)
		ret = weft_handle(d.whole, WEFT_MAGIC_EDGE, __func__);
	if (ret)
		return ret;
	control = d.flags & WEFT_EDGE_CONTROL;
	state = d.flags & WEFT_EDGE_STATE;
	if (!edge || !name_ok(d.name))
		return weft_fail(-EINVAL, "weft_edge_create: no name, one of 256 bytes and more, or no place for the handle");
	peer = d.flags & WEFT_EDGE_PEER;
	if ((d.flags & ~(WEFT_EDGE_STATE | WEFT_EDGE_CONTROL | WEFT_EDGE_HOST | WEFT_EDGE_NO_SHARE |
			 WEFT_EDGE_PULL | WEFT_EDGE_PEER)) || d.pad)
		return weft_fail(-EINVAL, "edge %s: flags %#x", d.name, d.flags);
	if (peer && ((d.flags & WEFT_EDGE_PEER) == WEFT_EDGE_PEER || state || d.flags & (WEFT_EDGE_HOST | WEFT_EDGE_PULL) ||
		     (d.flags & WEFT_EDGE_IMPORT && (d.initial || d.device))))
		return weft_fail(-EINVAL, "edge %s: one between processes is exported or imported, no state and not the host's; the exporter "
				 "gives initial tokens and place", d.name);
	if (control ? d.block_bytes || d.contents || d.device || d.flags & ~(WEFT_EDGE_CONTROL | WEFT_EDGE_PEER) :
	    !d.block_bytes || d.block_bytes > MAX_BLOCK_BYTES)
		return weft_fail(-EINVAL, "edge %s: blocks of %llu bytes%s", d.name, (unsigned long long)d.block_bytes,
				 control ? ", contents, a place or other flags, and it is for control" : "");
	if (peer && !d.depth)
		d.depth = PEER_DEPTH;
	if (d.depth > 65535 || d.initial > 65535 || (d.depth && d.initial > d.depth) || (d.contents && !d.initial))
		return weft_fail(-EINVAL, "edge %s: %u initial tokens%s, depth %u (0 … 65535)", d.name, d.initial,
				 d.contents ? " with contents" : "", d.depth);
	if (state && (d.depth > 1 || d.initial > 1))
		return weft_fail(-EINVAL, "edge %s: state is one block with one token", d.name);
	if (d.flags & WEFT_EDGE_PULL && (!(d.flags & WEFT_EDGE_HOST) || state || d.initial))
		return weft_fail(-EINVAL, "edge %s: what the host pulls lies in host memory, is no state and has no initial tokens", d.name);
	if ((d.pointer || d.memory) && !(d.flags & WEFT_EDGE_HOST && d.pointer && d.memory && d.depth &&
					 weft_memory_bytes(d.memory) / weft_block_stride(d.block_bytes) >= d.depth))
		return weft_fail(-EINVAL, "edge %s: memory of the caller is for WEFT_EDGE_HOST, has a pointer, and room for the depth of %u "
				 "blocks, each a multiple of %u bytes", d.name, d.depth, WEFT_BLOCK_ALIGN);
	ret = d.whole ? part_check(plan, &d) : d.offset ? weft_fail(-EINVAL, "edge %s: an offset, and it is no part", d.name) : 0;
	if (ret)
		return ret;
	if (d.device > plan->num_devices || (d.device && d.flags & WEFT_EDGE_HOST))
		return weft_fail(-EINVAL, "edge %s: device %u of %u", d.name, d.device, plan->num_devices);
	if (weft_names_find(&plan->names, d.name, WEFT_NAME_EDGE) != UINT32_MAX)
		return weft_fail(-EEXIST, "edge %s", d.name);
	e = calloc(1, sizeof(*e));
	if (!e || !weft_room(&plan->edge, plan->num_edges, &plan->room_edges, sizeof(e))) {
		free(e);
		return weft_fail(-ENOMEM, "edge %s", d.name);
	}
	*e = (struct weft_edge) {
		.magic = WEFT_MAGIC_EDGE, .id = plan->num_edges, .plan = plan, .name = strdup(d.name), .flags = d.flags,
		.wanted_depth = state ? 1 : d.depth, .initial = state ? 1 : d.initial, .wanted_device = d.device,
		.block_bytes = d.block_bytes, .given = d.memory, .pointer = d.pointer, .peer.socket = -1,
	};
	if (d.contents) {
		e->contents = malloc(e->initial * d.block_bytes);
		if (e->contents)
			memcpy(e->contents, d.contents, e->initial * d.block_bytes);
	}
	if (!e->name || (d.contents && !e->contents) || !weft_names_add(&plan->names, e->name, WEFT_NAME_EDGE, e->id)) {
		edge_free(e);
		return weft_fail(-ENOMEM, "edge %s", d.name);
	}
	plan->edge[plan->num_edges++] = e;
	*edge = e;
	return d.whole ? part_of(e, d.whole, d.offset) : 0;
}

int weft_constant_create(struct weft_plan *plan, const char *name, uint64_t bytes, struct weft_memory *memory,
			 struct weft_constant **constant)
{
	struct weft_constant *c;
	int ret = weft_plan_check(plan, true, __func__);

	if (!ret && memory)
		ret = weft_handle(memory, WEFT_MAGIC_MEMORY, __func__);
	if (ret)
		return ret;
	if (!constant || !name_ok(name) || !bytes || bytes > MAX_BLOCK_BYTES || (memory && weft_memory_bytes(memory) < bytes))
		return weft_fail(-EINVAL, "weft_constant_create: %s of %llu bytes", name_ok(name) ? name : "one without a name",
				 (unsigned long long)bytes);
	if (weft_names_find(&plan->names, name, WEFT_NAME_CONSTANT) != UINT32_MAX)
		return weft_fail(-EEXIST, "constant %s", name);
	c = calloc(1, sizeof(*c));
	if (c)
		c->name = strdup(name);
	if (!c || !c->name || !weft_room(&plan->constant, plan->num_constants, &plan->room_constants, sizeof(c)) ||
	    !weft_names_add(&plan->names, c->name, WEFT_NAME_CONSTANT, plan->num_constants)) {
		if (c)
			free(c->name);
		free(c);
		return weft_fail(-ENOMEM, "constant %s", name);
	}
	c->magic = WEFT_MAGIC_CONSTANT;
	c->id = plan->num_constants;
	c->plan = plan;
	c->bytes = bytes;
	c->given = memory;
	plan->constant[plan->num_constants++] = c;
	*constant = c;
	return 0;
}

int weft_body_create(struct weft_plan *plan, const struct weft_body_desc *desc, struct weft_body **body)
{
	struct weft_body_desc d;
	struct weft_body *b;
	int ret = weft_plan_check(plan, true, __func__);

	if (!ret)
		ret = weft_take(&d, sizeof(d), desc, sizeof(d), __func__);
	if (ret)
		return ret;
	if (!body || !name_ok(d.name))
		return weft_fail(-EINVAL, "weft_body_create: no name, one of 256 bytes and more, or no place for the handle");
	if (d.device >= plan->num_devices || d.skew > WEFT_MAX_SKEW || (d.skew && !d.lane) || (d.lane && !name_ok(d.lane)) ||
	    d.priority > WEFT_PRIORITY_LOW || d.time_ns >> 48)
		return weft_fail(-EINVAL, "body %s: device %u of %u, skew %u%s, priority %u, %llu ns", d.name, d.device,
				 plan->num_devices, d.skew, d.lane ? "" : " without a lane", d.priority, (unsigned long long)d.time_ns);
	if (weft_names_find(&plan->names, d.name, WEFT_NAME_BODY) != UINT32_MAX)
		return weft_fail(-EEXIST, "body %s", d.name);
	b = calloc(1, sizeof(*b));
	if (!b || !weft_room(&plan->body, plan->num_bodies, &plan->room_bodies, sizeof(b))) {
		free(b);
		return weft_fail(-ENOMEM, "body %s", d.name);
	}
	*b = (struct weft_body) {
		.magic = WEFT_MAGIC_BODY, .id = plan->num_bodies, .plan = plan, .name = strdup(d.name),
		.lane_name = d.lane ? strdup(d.lane) : NULL, .device = d.device, .wanted_skew = d.skew, .priority = d.priority,
		.time_ns = d.time_ns,
	};
	if (!b->name || (d.lane && !b->lane_name) || !weft_names_add(&plan->names, b->name, WEFT_NAME_BODY, b->id)) {
		body_free(b);
		return weft_fail(-ENOMEM, "body %s", d.name);
	}
	plan->body[plan->num_bodies++] = b;
	*body = b;
	return 0;
}

/* Body and edge of one plan that is being built, and a rate. */
static int port_check(struct weft_body *b, struct weft_edge *e, uint32_t rate, const char *call)
{
	int ret = weft_handle(b, WEFT_MAGIC_BODY, call);

	if (!ret)
		ret = weft_handle(e, WEFT_MAGIC_EDGE, call);
	if (!ret)
		ret = weft_plan_check(b->plan, true, call);
	if (!ret && b->plan != e->plan)
		ret = weft_fail(-EINVAL, "%s: body %s and edge %s are of different plans", call, b->name, e->name);
	if (!ret && (!rate || rate > MAX_RATE))
		ret = weft_fail(-EINVAL, "%s: body %s, edge %s: a rate of %u tokens", call, b->name, e->name, rate);
	return ret;
}

int weft_body_input(struct weft_body *body, struct weft_edge *edge, uint32_t rate)
{
	int ret = port_check(body, edge, rate, __func__);

	if (ret)
		return ret;
	if (edge->whole)
		return weft_fail(-EINVAL, "body %s: edge %s is a part of %s, and comes with it", body->name, edge->name, edge->whole->name);
	for (uint32_t i = 0; i < body->num_in; i++)
		if (body->in[i].edge == edge)
			return weft_fail(-EEXIST, "body %s consumes edge %s already", body->name, edge->name);
	ret = consume(body, edge, rate);
	for (uint32_t i = edge->id + 1; i < edge->plan->num_edges && edge->parts_end && !ret; i++)
		if (edge->plan->edge[i]->whole == edge)
			ret = consume(body, edge->plan->edge[i], rate);
	return ret;
}

int weft_body_output(struct weft_body *body, struct weft_edge *edge, uint32_t rate)
{
	int ret = port_check(body, edge, rate, __func__);

	if (ret)
		return ret;
	if (edge->producer)
		return weft_fail(-EEXIST, "edge %s has a producer, body %s", edge->name, edge->producer->name);
	if (edge->flags & WEFT_EDGE_STATE && rate != 1)
		return weft_fail(-EINVAL, "edge %s: state has rate 1", edge->name);
	if (!port_add(&body->out, &body->num_out, edge, rate))
		return weft_fail(-ENOMEM, "body %s", body->name);
	edge->producer = body;
	edge->rate = rate;
	return 0;
}
