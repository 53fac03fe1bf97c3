/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* User queues: making and taking them down; what happens between, in list_ring.c, needs no kernel. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "list.h"
#include "user_queue.h"

#define MAX_WILLS	4096u

static int take_wills(struct weft_device *d, const struct weft_user_queue_config *c, struct weft_sys_will **out)
{
	struct weft_sys_will *wills = calloc(c->num_wills, sizeof(*wills));

	if (!wills)
		return weft_fail(-ENOMEM, "wills");
	for (uint32_t i = 0; i < c->num_wills; i++) {
		const struct weft_will *w = &c->wills[i];
		int ret = weft_handle(w->cells, WEFT_MAGIC_MEMORY, "weft_user_queue_create");

		if (!ret && (!w->cells->cells || w->cells->device != d ||
			     !weft_cell_address(w->cells, w->index)))
			ret = weft_fail(-EINVAL, "weft_user_queue_create: will %u is no cell that this card can signal", i);
		if (ret) {
			free(wills);
			return ret;
		}
		wills[i] = (struct weft_sys_will) {
			.handle = w->cells->handle, .id = w->id, .offset = (uint64_t)w->index * WEFT_CELL_BYTES,
		};
	}
	*out = wills;
	return 0;
}

static void enlist(struct weft_user_queue *q)
{
	pthread_mutex_lock(&q->device->space);
	q->next = q->device->ringer;
	q->link = &q->device->ringer;
	if (q->next)
		q->next->link = &q->next;
	q->device->ringer = q;
	pthread_mutex_unlock(&q->device->space);
}

static void delist(struct weft_user_queue *q)
{
	pthread_mutex_lock(&q->device->space);
	*q->link = q->next;
	if (q->next)
		q->next->link = q->link;
	pthread_mutex_unlock(&q->device->space);
}

/* Host memory that the card and the process both see. */
static int host_memory(struct weft_device *d, uint64_t bytes, struct weft_memory **memory)
{
	int ret = weft_memory_new(d, bytes, WEFT_PLACE_HOST, true, memory);

	if (ret)
		return ret;
	ret = weft_memory_map(*memory, &(void *) { NULL });
	if (ret) {
		weft_memory_destroy(*memory);
		*memory = NULL;
	}
	return ret;
}

/* What there was too little of. */
static void refused(const struct weft_user_queue *q, int ret)
{
	const struct weft_device *d = q->device;
	const struct weft_sys *sys = d->weft->sys;
	uint64_t queues, most, tables, room;

	if (ret == -ENOMEM)
		weft_fail(ret, "%s: user queue %s: no memory, or the process has as many mappings as vm.max_map_count lets it have",
			  d->info.node, q->name);
	else if (ret != -EDQUOT || sys->quota(d->fd, WEFT_SYS_QUOTA_QUEUES, &queues, &most) ||
	    sys->quota(d->fd, WEFT_SYS_QUOTA_TABLES, &tables, &room))
		weft_fail(ret, "%s: user queue %s", d->info.node, q->name);
	else if (queues >= most)
		weft_fail(ret, "%s: user queue %s: the %" PRIu64 " queues that this process may have on the card are in use; with "
			  "CAP_SYS_RESOURCE it may have more", d->info.node, q->name, most);
	else if (tables + WEFT_SYS_PAGE > room)
		weft_fail(ret, "%s: user queue %s: of %" PRIu64 " bytes that this process may have for page tables and states of queues "
			  "%" PRIu64 " are in use", d->info.node, q->name, room, tables);
	else
		weft_fail(ret, "%s: user queue %s: all queues of the card are in use, %" PRIu64 " by this process", d->info.node, q->name,
			  queues);
}

static int create(struct weft_user_queue *q, const struct weft_user_queue_config *c, const struct weft_sys_will *wills)
{
	struct weft_device *d = q->device;
	struct weft_sys_user_queue s = {
		.band = c->priority ? c->priority - 1 : WEFT_PRIORITY_NORMAL - 1, .ring_log2 = q->ring_log2,
		.weight = c->weight, .num_wills = c->num_wills, .wait_stops = c->flags & WEFT_USER_QUEUE_WAIT_STOPS,
		.trace = q->trace_log2, .run_limit_ns = c->run_limit_ns, .wait_limit_ns = c->wait_limit_ns, .wills = wills,
		.name = q->name,
	};
	int ret = weft_card_lr(d);

	if (!ret)
		ret = q->shared ? weft_memory_map(q->memory, &(void *) { NULL }) :
		      host_memory(d, weft_user_queue_bytes(1u << q->ring_log2), &q->memory);
	if (ret)
		return ret;
	if (q->trace_log2)
		ret = host_memory(d, weft_trace_bytes(q->trace_log2), &q->trace);
	if (!ret) {
		if (q->trace)
			weft_trace_init(q);
		weft_ring_init(q);
		s.vm = d->lr_vm;
		s.ctl = q->memory->address + q->offset;
		s.ring = s.ctl + WEFT_SYS_PAGE;
		ret = d->weft->sys->user_queue_create(d->fd, &s);
		if (ret)
			refused(q, ret);
	}
	if (ret) {
		if (q->trace)
			weft_memory_destroy(q->trace);
		if (!q->shared)
			weft_memory_destroy(q->memory);
		return ret;
	}
	q->id = s.id;
	q->doorbell = s.doorbell;
	q->state = s.state;
	return 0;
}

size_t weft_name_cut(const char *name, size_t most)
{
	size_t n = strnlen(name, most + 1);

	if (n > most)
		for (n--; n && (name[n] & 0xc0) == 0x80; n--)
			;
	return n;
}

/* For people, in one line: control characters become '?'. */
static void take_name(struct weft_user_queue *q, const char *name)
{
	const size_t n = weft_name_cut(name, sizeof(q->name) - 1);

	for (size_t i = 0; i < n; i++)
		q->name[i] = (unsigned char)name[i] < 0x20 || name[i] == 0x7f ? '?' : name[i];
}

static bool bad_trace(const struct weft_user_queue_config *c)
{
	if (!(c->flags & WEFT_USER_QUEUE_TRACE))
		return c->trace_records || c->pad;
	return c->pad || c->trace_records < 16 || c->trace_records > 1u << 20 || (c->trace_records & (c->trace_records - 1));
}

uint64_t weft_user_queue_bytes(uint32_t lists)
{
	return (WEFT_SYS_PAGE + 64ull * lists + WEFT_SYS_PAGE - 1) & ~(WEFT_SYS_PAGE - 1ull);
}

int weft_user_queue_create_at(struct weft_device *device, const struct weft_user_queue_config *config, struct weft_memory *rings,
			      uint64_t offset, struct weft_user_queue **queue)
{
	struct weft_user_queue_config c = { .size = sizeof(c) };
	struct weft_sys_will *wills = NULL;
	struct weft_user_queue *q;
	int ret = weft_handle(device, WEFT_MAGIC_DEVICE, "weft_user_queue_create");

	if (!ret && config)
		ret = weft_take(&c, sizeof(c), config, offsetof(struct weft_user_queue_config, trace_records),
				"weft_user_queue_create");
	if (ret)
		return ret;
	if (weft_backend(device) != &weft_backend_card)
		return weft_fail(-EOPNOTSUPP, "weft_user_queue_create: devices of kind %s have none", device->kind->name);
	if (!c.ring_lists)
		c.ring_lists = 256;
	if (c.flags & WEFT_USER_QUEUE_TRACE && !c.trace_records)
		c.trace_records = 1024;
	if (!queue || c.priority > WEFT_PRIORITY_LOW || c.ring_lists < 16 || c.ring_lists > 65536 ||
	    (c.ring_lists & (c.ring_lists - 1)) || c.weight > 1000 || bad_trace(&c) ||
	    (c.flags & ~(WEFT_USER_QUEUE_WAIT_STOPS | WEFT_USER_QUEUE_TRACE)) ||
	    c.num_wills > MAX_WILLS || (c.num_wills && !c.wills))
		return weft_fail(-EINVAL, "weft_user_queue_create: a field is out of range");
	q = calloc(1, sizeof(*q));
	if (!q)
		return weft_fail(-ENOMEM, "user queue");
	q->device = device;
	q->memory = rings;
	q->offset = offset;
	q->shared = rings;
	take_name(q, c.name ? c.name : "");
	while (1u << q->ring_log2 < c.ring_lists)
		q->ring_log2++;
	while (1u << q->trace_log2 < c.trace_records)
		q->trace_log2++;
	if (c.num_wills)
		ret = take_wills(device, &c, &wills);
	if (!ret)
		ret = create(q, &c, wills);
	free(wills);
	if (ret) {
		free(q);
		return ret;
	}
	q->magic = WEFT_MAGIC_USER_QUEUE;
	enlist(q);
	atomic_fetch_add(&device->children, 1);
	*queue = q;
	return 0;
}

int weft_user_queue_create(struct weft_device *device, const struct weft_user_queue_config *config,
			   struct weft_user_queue **queue)
{
	return weft_user_queue_create_at(device, config, NULL, 0, queue);
}

int weft_user_queue_destroy(struct weft_user_queue *q)
{
	int ret = weft_handle(q, WEFT_MAGIC_USER_QUEUE, __func__), freed;
	const struct weft_sys *sys;
	struct weft_device *d;

	if (ret)
		return ret;
	d = q->device;
	sys = d->weft->sys;
	delist(q);
	sys->unmap((void *)(uintptr_t)q->doorbell, WEFT_SYS_PAGE);
	sys->unmap((void *)(uintptr_t)q->state, WEFT_SYS_PAGE);
	ret = sys->queue_destroy(d->fd, q->id);
	if (ret)
		weft_fail(ret, "%s: user queue %s", d->info.node, q->name);
	freed = q->shared ? 0 : weft_memory_destroy(q->memory);
	if (q->trace) {
		int more = weft_memory_destroy(q->trace);

		freed = freed ? freed : more;
	}
	atomic_fetch_sub(&d->children, 1);
	q->magic = 0;
	free(q);
	return ret ? ret : freed;
}

static int post(struct weft_user_queue *q, struct weft_list *list, bool loop, uint64_t count, const char *call)
{
	int ret = weft_handle(q, WEFT_MAGIC_USER_QUEUE, call);

	if (!ret)
		ret = weft_handle(list, WEFT_MAGIC_LIST, call);
	if (ret)
		return ret;
	if (list->device != q->device || !list->committed || count >> 48)
		return weft_fail(-EINVAL, "%s: a list of another device, not committed, or 2^48 times and more", call);
	ret = weft_ring_push(q, list, loop, count);
	return ret ? weft_fail(ret, "%s: the ring of user queue %s is full", call, q->name) : 0;
}

int weft_user_queue_post(struct weft_user_queue *queue, struct weft_list *list)
{
	return post(queue, list, false, 0, __func__);
}

int weft_user_queue_loop(struct weft_user_queue *queue, struct weft_list *list, uint64_t count)
{
	return post(queue, list, true, count, __func__);
}

int weft_user_queue_state(struct weft_user_queue *queue, struct weft_user_queue_state *state)
{
	struct weft_user_queue_state s = { 0 };
	int ret = weft_handle(queue, WEFT_MAGIC_USER_QUEUE, __func__);

	if (ret)
		return ret;
	if (!weft_ring_state(queue, &s))
		return weft_fail(-EAGAIN, "%s: user queue %s: its record changes all the time; ask again", queue->device->info.node,
				 queue->name);
	return weft_give(state, &s, sizeof(s), offsetof(struct weft_user_queue_state, fault_list), __func__);
}
