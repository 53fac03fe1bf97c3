/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Objects of kind `card`, by the kernel driver: device, memory and timelines; card_queue.c has queues and lists. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "card.h"
#include "memory.h"
#include "timeline.h"

#define VA_START	0x10000000ull		/* small numbers taken for addresses fault */
#define VA_END		WEFT_WINDOWS_START
#define PAGE		4096ull
#define LARGE_PAGE	0x200000ull

static int card_device_open(struct weft_device *d)
{
	const struct weft_sys *sys = d->weft->sys;
	int ret;

	snprintf(d->info.node, sizeof(d->info.node), "%s", d->weft->cards[d->index]);
	d->fd = sys->open(d->info.node);
	if (d->fd == -EACCES)
		return weft_fail(-EACCES,
				 "%s: cards are for root and for members of the group that the udev rule of weft names", d->info.node);
	if (d->fd < 0)
		return weft_fail(d->fd, "%s", d->info.node);
	ret = sys->device(d->fd, &d->info);
	if (ret == -EPROTO) {
		weft_fail(ret, "%s: the driver's interface is %u.%u, this library needs %u.%u up to, not including, %u.0",
			  d->info.node, d->info.uapi >> 16, d->info.uapi & 0xffff, sys->uapi >> 16,
			  sys->uapi & 0xffff, (sys->uapi >> 16) + 1);
		goto close;
	}
	if (ret) {
		weft_fail(ret, "%s: query", d->info.node);
		goto close;
	}
	ret = sys->vm_create(d->fd, false, &d->vm);
	if (ret) {
		weft_fail(ret, "%s: address space", d->info.node);
		goto close;
	}
	ret = weft_va_init(&d->va, VA_START, VA_END);
	if (!ret)
		return 0;
	weft_fail(ret, "%s: address space", d->info.node);
	sys->vm_destroy(d->fd, d->vm);
close:
	sys->close(d->fd);
	return ret;
}

static void card_device_close(struct weft_device *d)
{
	if (d->lr_vm)
		d->weft->sys->vm_destroy(d->fd, d->lr_vm);
	d->weft->sys->vm_destroy(d->fd, d->vm);
	d->weft->sys->close(d->fd);
	weft_va_fini(&d->va);
}

/* with space: the same address means the same memory in both address spaces */
static int bind_all(struct weft_device *d, struct weft_memory *m)
{
	const struct weft_sys *sys = d->weft->sys;
	int ret = sys->bind(d->fd, d->vm, m->handle, m->address, m->bytes, m->access);

	if (!ret && d->lr_vm) {
		ret = sys->bind(d->fd, d->lr_vm, m->handle, m->address, m->bytes, m->access);
		if (ret)
			sys->unbind(d->fd, d->vm, m->address, m->bytes);
	}
	if (!ret) {
		m->next_bound = d->bound;
		m->link_bound = &d->bound;
		if (m->next_bound)
			m->next_bound->link_bound = &m->next_bound;
		d->bound = m;
	}
	return ret;
}

static int unbind_all(struct weft_device *d, struct weft_memory *m)
{
	const struct weft_sys *sys = d->weft->sys;
	int ret, lr = 0;

	pthread_mutex_lock(&d->space);
	*m->link_bound = m->next_bound;
	if (m->next_bound)
		m->next_bound->link_bound = m->link_bound;
	ret = sys->unbind(d->fd, d->vm, m->address, m->bytes);
	if (d->lr_vm)
		lr = sys->unbind(d->fd, d->lr_vm, m->address, m->bytes);
	pthread_mutex_unlock(&d->space);
	return ret ? ret : lr;
}

int weft_card_lr(struct weft_device *d)
{
	const struct weft_sys *sys = d->weft->sys;
	uint32_t vm;
	int ret = 0;

	pthread_mutex_lock(&d->space);
	if (!d->lr_vm) {
		ret = sys->vm_create(d->fd, true, &vm);
		for (struct weft_memory *m = d->bound; m && !ret; m = m->next_bound) {
			ret = sys->bind(d->fd, vm, m->handle, m->address, m->bytes, m->access);
			if (ret)
				sys->vm_destroy(d->fd, vm);
		}
		if (!ret)
			d->lr_vm = vm;
	}
	pthread_mutex_unlock(&d->space);
	return ret ? weft_fail(ret, "%s: address space for user queues", d->info.node) : 0;
}

static void unplace(struct weft_memory *m)
{
	if (m->placed)
		return;
	pthread_mutex_lock(&m->device->lock);
	weft_va_free(&m->device->va, m->address, m->va_bytes);
	pthread_mutex_unlock(&m->device->lock);
}

/* One page stays free behind every object, so that running over its end faults. */
static int place(struct weft_memory *m)
{
	struct weft_device *d = m->device;
	int ret;

	m->va_bytes = m->bytes + PAGE;
	pthread_mutex_lock(&d->lock);
	ret = m->placed ? 0 : weft_va_alloc(&d->va, m->va_bytes, m->bytes >= LARGE_PAGE ? LARGE_PAGE : PAGE, &m->address);
	pthread_mutex_unlock(&d->lock);
	if (ret)
		return weft_fail(ret, "%s: device address for %" PRIu64 " bytes", d->info.node, m->bytes);
	pthread_mutex_lock(&d->space);
	ret = bind_all(d, m);
	pthread_mutex_unlock(&d->space);
	if (!ret)
		return 0;
	unplace(m);
	return weft_fail(ret, "%s: binding %" PRIu64 " bytes", d->info.node, m->bytes);
}

static int card_memory_create(struct weft_memory *m)
{
	struct weft_device *d = m->device;
	const struct weft_sys *sys = d->weft->sys;
	struct weft_memory_info info = { 0 };
	uint64_t wanted = m->bytes;
	int ret = m->cells ? sys->gem_create_cells(d->fd, &m->bytes, &m->handle) :
		  sys->gem_create(d->fd, &m->bytes, m->place, &m->handle);

	if (ret == -ENOSPC && !sys->memory(d->fd, &info))
		return weft_fail(ret, "%s: %" PRIu64 " bytes; free %" PRIu64 ", largest block %" PRIu64, d->info.node,
				 wanted, info.free_bytes, info.largest_bytes);
	if (ret == -EDQUOT && !sys->memory(d->fd, &info))
		return weft_fail(ret, "%s: %" PRIu64 " bytes; used %" PRIu64 " of a quota of %" PRIu64, d->info.node,
				 wanted, info.used_bytes, info.quota_bytes);
	if (ret)
		return weft_fail(ret, "%s: %" PRIu64 " bytes of memory", d->info.node, wanted);
	ret = place(m);
	if (ret)
		sys->gem_close(d->fd, m->handle);
	return ret;
}

static int card_memory_import(struct weft_memory *m)
{
	struct weft_device *d = m->device, *from = m->origin->device;
	const struct weft_sys *sys = d->weft->sys;
	int dmabuf, ret;

	ret = sys->gem_export(from->fd, m->origin->handle, m->access, &dmabuf);
	if (ret)
		return weft_fail(ret, "%s: exporting memory", from->info.node);
	ret = sys->gem_import(d->fd, dmabuf, &m->handle);
	sys->close(dmabuf);
	if (!ret) {
		ret = place(m);
		if (!ret)
			return 0;
		sys->gem_close(d->fd, m->handle);
	}
	if (ret != -EDQUOT && ret != -ENOMEM && ret != -ENODEV && m->place == WEFT_PLACE_LOCAL) {
		struct weft_peer peer = { 0 };

		/* the driver knows why cards do not reach each other better than the errno of an import */
		if (!sys->peer(d->fd, from->fd, &peer) && peer.reach == WEFT_REACH_NONE)
			return weft_fail(-EOPNOTSUPP, "%s cannot reach memory of %s: %s", d->info.node,
					 from->info.node, peer.why);
	}
	return weft_fail(ret, "%s: importing memory of %s", d->info.node, from->info.node);
}

int weft_card_memory_adopt(struct weft_memory *m)
{
	struct weft_device *d = m->device;
	const struct weft_sys *sys = d->weft->sys;
	int ret = sys->gem_info(d->fd, m->handle, &m->bytes, &m->place, &m->access, &m->cells);

	if (ret)
		weft_fail(ret, "%s: imported memory", d->info.node);
	else if (m->cells && !(m->access & WEFT_ACCESS_SIGNAL))	/* no card binds cells that it may only look at */
		ret = weft_fail(-EACCES, "%s: imported cells that may not be signalled", d->info.node);
	else
		ret = place(m);
	if (ret)
		sys->gem_close(d->fd, m->handle);
	return ret;
}

static int card_memory_map(struct weft_memory *m)
{
	const struct weft_sys *sys = m->device->weft->sys;
	int ret = sys->gem_map(m->device->fd, m->handle, m->bytes, &m->map);

	if (!ret && m->cells) {
		ret = sys->gem_map_arm(m->device->fd, m->handle, m->bytes, &m->arm);
		if (ret)
			sys->unmap(m->map, m->bytes);
		if (ret)
			m->map = NULL;
	}
	return ret ? weft_fail(ret, "%s: mapping %" PRIu64 " bytes", m->device->info.node, m->bytes) : 0;
}

static int card_memory_destroy(struct weft_memory *m)
{
	struct weft_device *d = m->device;
	const struct weft_sys *sys = d->weft->sys;
	int ret, closed;

	if (m->map)
		sys->unmap(m->map, m->bytes);
	if (m->arm)
		sys->unmap(m->arm, m->bytes);
	ret = unbind_all(d, m);
	if (!ret)	/* else the address may still be translated: it is lost, not reused */
		unplace(m);
	closed = sys->gem_close(d->fd, m->handle);
	ret = ret ? ret : closed;
	return ret ? weft_fail(ret, "%s: freeing memory", d->info.node) : 0;
}

static int card_timeline_create(struct weft_timeline *t)
{
	int ret = t->device->weft->sys->sync_create(t->device->fd, &t->handle);

	return ret ? weft_fail(ret, "%s: timeline %s", t->device->info.node, t->name) : 0;
}

/* Handles in other cards' files end with those files; close those that are still open. */
static void card_timeline_destroy(struct weft_timeline *t)
{
	const struct weft_sys *sys = t->device->weft->sys;
	struct weft *weft = t->device->weft;

	for (uint32_t i = 0; i < t->num_peers; i++) {
		struct weft_device *d;

		pthread_mutex_lock(&weft->lock);
		for (d = weft->devices; d && d->uid != t->peers[i].device_uid; d = d->next)
			;
		pthread_mutex_unlock(&weft->lock);
		if (d)
			sys->sync_destroy(d->fd, t->peers[i].handle);
	}
	sys->sync_destroy(t->device->fd, t->handle);
}

int weft_card_sync(struct weft_timeline *t, struct weft_device *device, uint32_t *handle)
{
	const struct weft_sys *sys = device->weft->sys;
	int sync_fd, ret = 0;
	uint32_t i;

	if (weft_backend(t->device) != &weft_backend_card)
		return weft_fail(-EOPNOTSUPP, "timeline %s was made on a device of kind %s: a card cannot use it", t->name,
				 t->device->kind->name);
	*handle = t->handle;
	if (t->device == device)
		return 0;
	pthread_mutex_lock(&t->lock);
	for (i = 0; i < t->num_peers && t->peers[i].device_uid != device->uid; i++)
		;
	if (i == WEFT_TIMELINE_PEERS) {
		ret = -ENOSPC;
	} else if (i == t->num_peers) {
		ret = sys->sync_export(t->device->fd, t->handle, &sync_fd);
		if (!ret) {
			ret = sys->sync_import(device->fd, sync_fd, &t->peers[i].handle);
			sys->close(sync_fd);
		}
		if (!ret) {
			t->peers[i].device_uid = device->uid;
			t->num_peers++;
		}
	}
	if (!ret)
		*handle = t->peers[i].handle;
	pthread_mutex_unlock(&t->lock);
	return ret ? weft_fail(ret, "timeline %s on %s", t->name, device->info.node) : 0;
}

static int card_timeline_value(struct weft_timeline *t, uint64_t *value)
{
	int ret = t->device->weft->sys->sync_value(t->device->fd, t->handle, value);

	return ret ? weft_fail(ret, "timeline %s", t->name) : 0;
}

static int card_timeline_signal(struct weft_timeline *t, uint64_t value)
{
	int ret = t->device->weft->sys->sync_signal(t->device->fd, t->handle, value);

	return ret ? weft_fail(ret, "timeline %s", t->name) : 0;
}

static int card_timeline_wait(struct weft_timeline *t, uint64_t value, uint64_t deadline_ns)
{
	int ret = t->device->weft->sys->sync_wait(t->device->fd, t->handle, value, deadline_ns);

	return ret && ret != -ETIME ? weft_fail(ret, "timeline %s", t->name) : ret;
}

const struct weft_backend weft_backend_card = {
	.device_open = card_device_open,
	.device_close = card_device_close,
	.memory_create = card_memory_create,
	.memory_import = card_memory_import,
	.memory_map = card_memory_map,
	.memory_destroy = card_memory_destroy,
	.timeline_create = card_timeline_create,
	.timeline_destroy = card_timeline_destroy,
	.timeline_value = card_timeline_value,
	.timeline_signal = card_timeline_signal,
	.timeline_wait = card_timeline_wait,
	.queue_create = weft_card_queue_create,
	.queue_destroy = weft_card_queue_destroy,
	.queue_submit = weft_card_queue_submit,
	.queue_done = weft_card_queue_done,
	.queue_wait = weft_card_queue_wait,
	.queue_check = weft_card_queue_check,
	.queue_status = weft_card_queue_status,
	.list_commit = weft_card_list_commit,
	.list_drop = weft_card_list_drop,
};
