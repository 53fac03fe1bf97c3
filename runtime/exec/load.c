/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Onto the cards and off again: memory, cells, queues. Everything that a run needs is there when this is done. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "exec.h"

#include <weft/telemetry.h>

#include "runtime/core/device.h"
#include "runtime/core/user_queue.h"

#define CLOCK_LOOKS	8
#define HEAD_NS		(10 * 1000000000ull)
#define END_NS		1000000000ull	/* of all lanes, and of each besides: */
#define END_LANE_NS	1000000ull

static int load_memory(struct weft_plan *p)
{
	int ret = 0;

	for (uint32_t i = 0; i <= p->num_devices && !ret; i++)
		if (p->place[i].bytes)
			ret = weft_memory_alloc(p->card[i < p->num_devices ? i : 0].device, p->place[i].bytes,
						i < p->num_devices ? WEFT_PLACE_LOCAL : WEFT_PLACE_HOST, &p->place[i].memory);
	for (uint32_t i = 0; i < p->num_devices && !ret; i++) {
		struct weft_plan_card *c = &p->card[i];

		ret = weft_memory_alloc(c->device, sizeof(uint32_t) * WEFT_BUBBLES + sizeof(uint64_t) * p->num_bodies,
					WEFT_PLACE_LOCAL, &c->own);
		if (!ret)
			ret = weft_memory_map(c->own, (void **)&c->bubble);
	}
	for (uint32_t i = 0; i < p->num_constants; i++)
		for (uint32_t d = 0; d < p->num_devices && !ret; d++) {
			struct weft_constant *c = p->constant[i];

			if (!(c->users >> d & 1))
				continue;
			if (c->given)
				ret = weft_memory_import(p->card[d].device, c->given, WEFT_ACCESS_READ, &c->memory[d]);
			else
				ret = weft_memory_alloc(p->card[d].device, c->bytes, WEFT_PLACE_LOCAL, &c->memory[d]);
		}
	return ret;
}

/* Of several looks the one that took the shortest is the closest. */
static int load_clocks(struct weft_plan *p)
{
	int ret = 0;

	for (uint32_t i = 0; i < p->num_devices; i++) {
		struct weft_clock best = { .size = sizeof(best) }, now = best;

		for (int n = 0; n < CLOCK_LOOKS && !ret; n++) {
			ret = weft_device_clock(p->card[i].device, &now);
			if (!n || now.error_ns < best.error_ns)
				best = now;
		}
		p->card[i].to_host_ns = (int64_t)(best.host_ns + best.error_ns / 2 - best.device_ns);
	}
	return ret;
}

static int load_contents(struct weft_plan *p)
{
	int ret = 0;

	for (uint32_t i = 0; i < p->num_edges; i++) {
		const struct weft_edge *e = p->edge[i];
		const char *from = e->restored ? e->restored : e->contents;		/* a part has neither */

		for (uint32_t t = 0; t < e->initial && from && !ret; t++)
			ret = weft_memory_write(weft_edge_blocks(e), e->offset + t * e->stride, from + t * e->block_bytes,
						e->block_bytes);
	}
	for (uint32_t i = 0; i < p->num_constants && !ret; i++)
		ret = weft_constant_load(p->constant[i]);
	return ret;
}

/* Cells that one card waits for and one signals share memory, since a page of them has one writer. */
static int load_cells(struct weft_plan *p)
{
	int ret = 0;

	for (uint32_t w = 0; w < p->num_devices; w++)
		for (uint32_t s = 0; s < p->num_devices && !ret; s++) {
			const struct weft_memory_desc desc = {
				.size = sizeof(desc), .bytes = (uint64_t)p->num_cells_of[w][s] * WEFT_CELL_BYTES,
				.flags = w == s ? WEFT_MEMORY_CELLS : WEFT_MEMORY_CELLS_PEER,
			};
			void *map;

			if (!desc.bytes)
				continue;
			ret = weft_memory_create(p->card[w].device, &desc, &p->cells[w][s]);
			if (!ret)
				ret = weft_memory_map(p->cells[w][s], &map);
			if (!ret)
				ret = weft_memory_import(p->card[s].device, p->cells[w][s], WEFT_ACCESS_READ | WEFT_ACCESS_SIGNAL,
							 &p->cells_there[w][s]);
		}
	return ret;
}

/* PLAN/LANE in the room of a queue's name: where both do not fit the plan's is cut down to 8 bytes, then the lane's. */
static void queue_name(const struct weft_plan *p, const struct weft_plan_lane *l, char *name, size_t bytes)
{
	const size_t room = WEFT_NAME_BYTES - 2, lane = strlen(l->name), most = lane + 8 < room ? room - lane : 8;

	snprintf(name, bytes, "%.*s/%s", (int)weft_name_cut(p->name, most), p->name, l->name);
}

static int queue_of(struct weft_plan *p, struct weft_plan_lane *l, uint32_t number)
{
	const bool trace = p->config.flags & WEFT_PLAN_TRACE;
	char name[2 * WEFT_NAME_BYTES];		/* the queue takes what it has room for */
	struct weft_user_queue_config c = {
		.size = sizeof(c), .name = name, .priority = p->config.priority,
		.flags = trace ? WEFT_USER_QUEUE_TRACE : 0, .trace_records = trace ? WEFT_TRACE_RECORDS : 0,
	};
	struct weft_will *will;
	uint32_t n = 0;
	int ret;

	queue_name(p, l, name, sizeof(name));
	for (uint32_t i = 0; i < l->num_bodies; i++) {
		const uint32_t wanted = l->body[i]->priority;

		n += l->body[i]->signals.count;
		if (wanted && (!c.priority || wanted < c.priority))
			c.priority = wanted;
	}
	will = calloc(n + 1, sizeof(*will));
	if (!will)
		return weft_fail(-ENOMEM, "lane %s: wills", l->name);
	n = 0;
	for (uint32_t i = 0; i < l->num_bodies; i++)
		for (uint32_t j = 0; j < l->body[i]->signals.count; j++) {
			const struct weft_plan_cell *cell = &p->cell[l->body[i]->signals.tie[j].cell];

			will[n++] = (struct weft_will) {
				.cells = weft_cell_there(p, cell), .index = cell->index, .id = number + 1 };
		}
	c.wills = will;
	c.num_wills = n;
	ret = weft_arena_queue(p, l, &c);
	free(will);
	return ret;
}

static int ended(struct weft_plan_lane *l, uint64_t count)
{
	const uint64_t deadline = weft_deadline_ns(HEAD_NS);
	struct weft_user_queue_state s = { .size = sizeof(s) };

	for (;;) {
		int ret = weft_user_queue_state(l->queue, &s);

		if (ret && ret != -EAGAIN)
			return ret;
		if (!ret && s.ended >= count)
			return 0;
		if (!ret && s.cause)
			return weft_fail(-EOWNERDEAD, "lane %s: %s", l->name, weft_fault_name(s.cause));
		if (weft_now_ns() > deadline)
			return weft_fail(-ETIME, "lane %s: list %llu has not ended", l->name, (unsigned long long)count);
		usleep(100);
	}
}

/* First values, seen by all before anybody waits: a value that is not there yet might be taken for a greater one. */
static int start(struct weft_plan *p)
{
	int ret = 0;

	for (uint32_t i = 0; i < p->num_lanes && !ret; i++)
		if (weft_list_length(p->lane[i].head)) {
			ret = weft_user_queue_post(p->lane[i].queue, p->lane[i].head);
			p->lane[i].posted += !ret;
		}
	for (uint32_t i = 0; i < p->num_cells && !ret; i++)
		if (!p->cell[i].body && !p->cell[i].peer && p->cell[i].initial)
			ret = weft_cell_signal(weft_cell_here(p, &p->cell[i]), p->cell[i].index, p->cell[i].initial);
	for (uint32_t i = 0; i < p->num_lanes && !ret; i++)
		if (p->lane[i].posted)
			ret = ended(&p->lane[i], p->lane[i].posted);
	if (!ret)
		ret = weft_peer_ready(p);
	for (uint32_t i = 0; i < p->num_lanes && !ret; i++) {
		ret = weft_user_queue_loop(p->lane[i].queue, p->lane[i].loop, 0);
		if (!ret)
			ret = weft_user_queue_post(p->lane[i].queue, p->lane[i].tail);
		p->lane[i].posted += 2;
	}
	return ret;
}

static int unload(struct weft_plan *p)
{
	int ret = 0, peers, arena;

	weft_plan_table_close(p);
	weft_plan_trace_fini(p);
	for (uint32_t i = 0; i < p->num_lanes; i++) {
		int r = p->lane[i].queue ? weft_user_queue_destroy(p->lane[i].queue) : 0;

		ret = ret ? ret : r;
		p->lane[i].queue = NULL;
		p->lane[i].posted = 0;
		weft_lane_drop(&p->lane[i]);
	}
	arena = weft_arena_fini(p);
	ret = ret ? ret : arena;
	for (uint32_t w = 0; w < p->num_devices; w++)
		for (uint32_t s = 0; s < p->num_devices; s++) {
			weft_memory_drop(&p->cells_there[w][s], &ret);
			weft_memory_drop(&p->cells[w][s], &ret);
		}
	for (uint32_t i = 0; i < p->num_constants; i++)
		for (uint32_t d = 0; d < p->num_devices; d++)
			weft_memory_drop(&p->constant[i]->memory[d], &ret);
	for (uint32_t i = 0; i < p->num_edges; i++) {
		struct weft_edge *e = p->edge[i];

		for (uint32_t d = 0; d < 2 * p->num_devices && e->reach; d++)
			weft_memory_drop(&e->reach[d], &ret);
		free(e->reach);
		e->reach = NULL;
	}
	peers = weft_peer_drop(p);
	ret = ret ? ret : peers;
	for (uint32_t i = 0; i <= p->num_devices; i++) {
		for (uint32_t d = 0; d < p->num_devices; d++) {
			weft_memory_drop(&p->place[i].reach[d][0], &ret);
			weft_memory_drop(&p->place[i].reach[d][1], &ret);
		}
		weft_memory_drop(&p->place[i].memory, &ret);
	}
	for (uint32_t i = 0; i < p->num_devices; i++)
		weft_memory_drop(&p->card[i].own, &ret);
	p->loaded = false;
	return ret;
}

int weft_plan_load(struct weft_plan *plan)
{
	int ret = weft_plan_prepare(plan, NULL);

	if (ret)
		return ret;
	if (plan->loaded)
		return weft_fail(-EBUSY, "plan %s is loaded", plan->name);
	ret = weft_arena_init(plan);
	if (!ret)
		ret = load_memory(plan);
	if (!ret)
		ret = weft_peer_offer(plan);
	if (!ret)
		ret = load_contents(plan);
	if (!ret)
		ret = weft_peer_accept(plan);
	if (!ret)
		ret = load_cells(plan);
	for (uint32_t i = 0; i < plan->num_lanes && !ret; i++)
		ret = weft_lane_emit(plan, &plan->lane[i]);
	for (uint32_t i = 0; i < plan->num_lanes && !ret; i++)
		ret = queue_of(plan, &plan->lane[i], i);
	if (!ret)
		ret = load_clocks(plan);
	if (!ret)
		ret = weft_plan_trace_init(plan);
	if (!ret)
		ret = weft_feed_start(plan);
	if (!ret)
		ret = start(plan);
	if (ret) {
		const bool named = !strncmp(weft_last_error(), "plan ", 5);
		char text[400];

		/* what is undone must not hide why */
		weft_error_bare(text, sizeof(text));
		weft_peer_refuse(plan, ret);
		unload(plan);
		return named ? weft_fail(ret, "%s", text) : weft_fail(ret, "plan %s: %s", plan->name, text);
	}
	plan->opened = plan->bubbles = plan->marks_from = plan->marks_to = 0;
	plan->num_spans = 0;
	plan->idle = true;
	plan->ended = plan->faulted = false;
	for (uint32_t i = 0; i < plan->num_edges; i++)
		weft_peer_close(plan->edge[i]);
	weft_plan_table_open(plan);
	plan->loaded = true;
	return 0;
}

/*
 * Lanes that nothing is open for leave their loops by themselves. One that is destroyed in its loop has its cells poisoned, which
 * stops those that wait there: an interrupt and more than one operation of the card for each, and the unload waits for them all.
 * What does not end in time is stopped where it is. Another process at the end of an edge has to hear of an unload, not of an end.
 */
static void let_end(struct weft_plan *p)
{
	if (p->idle && !p->ended && !p->faulted && !p->peer_edge)
		weft_plan_end(p, END_NS + END_LANE_NS * p->num_lanes);
}

int weft_plan_unload(struct weft_plan *plan)
{
	int ret = weft_plan_check(plan, false, __func__);

	if (ret)
		return ret;
	if (!plan->loaded)
		return weft_fail(-EINVAL, "plan %s is not loaded", plan->name);
	let_end(plan);
	return unload(plan);
}
