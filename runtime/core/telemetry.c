/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What a device tells about itself, and which devices reach each other. Only cards have a driver to ask. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "device.h"

#define MAX_ROWS	256

static int ask(struct weft_device *device, const char *call)
{
	int ret = weft_handle(device, WEFT_MAGIC_DEVICE, call);

	if (ret)
		return ret;
	if (device->fd < 0)
		return weft_fail(-EOPNOTSUPP, "%s: %s %u has no driver", call, device->kind->name, device->index);
	return 0;
}

static int told(struct weft_device *device, int ret, const char *call)
{
	if (ret < 0)
		return weft_fail(ret, "%s: %s", call, device->info.node);
	return ret;
}

int weft_device_memory(struct weft_device *device, struct weft_memory_info *info)
{
	struct weft_memory_info m = { 0 };
	int ret = ask(device, __func__);

	if (!ret)
		ret = told(device, device->weft->sys->memory(device->fd, &m), __func__);
	return ret ? ret : weft_give(info, &m, sizeof(m), sizeof(m), __func__);
}

int weft_device_stats(struct weft_device *device, struct weft_device_stats *stats)
{
	struct weft_device_stats s = { 0 };
	int ret = ask(device, __func__);

	if (!ret)
		ret = told(device, device->weft->sys->stats(device->fd, &s), __func__);
	return ret ? ret : weft_give(stats, &s, sizeof(s), offsetof(struct weft_device_stats, wait_limits),
					     __func__);
}

int weft_device_clock(struct weft_device *device, struct weft_clock *clock)
{
	struct weft_clock c = { 0 };
	int ret = ask(device, __func__);

	if (!ret)
		ret = told(device, device->weft->sys->clock(device->fd, &c), __func__);
	return ret ? ret : weft_give(clock, &c, sizeof(c), sizeof(c), __func__);
}

/* Rows of the caller may be shorter or longer than ours: older and newer programs. */
static int rows(void *to, uint32_t max, size_t stride, const void *from, size_t bytes, int count, const char *call)
{
	if (max && (!to || !stride))
		return weft_fail(-EINVAL, "%s: no room for %u rows", call, max);
	for (uint32_t i = 0; i < max && i < (uint32_t)count; i++) {
		char *row = (char *)to + i * stride;

		memset(row, 0, stride);
		memcpy(row, (const char *)from + i * bytes, stride < bytes ? stride : bytes);
	}
	return count;
}

int weft_device_engines(struct weft_device *device, struct weft_engine *engines, uint32_t max, size_t stride)
{
	struct weft_engine e[MAX_ROWS];
	int ret = weft_handle(device, WEFT_MAGIC_DEVICE, __func__);

	if (ret || device->fd < 0)
		return ret;
	ret = told(device, device->weft->sys->engines(device->fd, e, MAX_ROWS), __func__);
	return ret < 0 ? ret : rows(engines, max, stride, e, sizeof(e[0]), ret < MAX_ROWS ? ret : MAX_ROWS, __func__);
}

/* One address space's rows onto those of another. */
static int add_counters(struct weft_counter *to, int num, const struct weft_counter *from, int more)
{
	for (int i = 0; i < more; i++) {
		int at = 0;

		while (at < num && to[at].link != from[i].link)
			at++;
		if (at == num) {
			if (num == MAX_ROWS)
				break;
			to[num++] = from[i];
			continue;
		}
		to[at].read_bytes += from[i].read_bytes;
		to[at].write_bytes += from[i].write_bytes;
		to[at].cell_reads += from[i].cell_reads;
		to[at].cell_writes += from[i].cell_writes;
		to[at].fetch_bytes += from[i].fetch_bytes;
	}
	return num;
}

int weft_device_counters(struct weft_device *device, struct weft_counter *counters, uint32_t max, size_t stride)
{
	struct weft_counter c[MAX_ROWS], user[MAX_ROWS];
	int ret = weft_handle(device, WEFT_MAGIC_DEVICE, __func__), more = 0;
	uint32_t lr_vm;

	if (ret || device->fd < 0)
		return ret;
	pthread_mutex_lock(&device->space);
	lr_vm = device->lr_vm;
	pthread_mutex_unlock(&device->space);
	ret = told(device, device->weft->sys->counters(device->fd, device->vm, c, MAX_ROWS), __func__);
	if (ret >= 0 && lr_vm)
		more = told(device, device->weft->sys->counters(device->fd, lr_vm, user, MAX_ROWS), __func__);
	if (ret < 0 || more < 0)
		return ret < 0 ? ret : more;
	ret = add_counters(c, ret, user, more);
	return rows(counters, max, stride, c, sizeof(c[0]), ret, __func__);
}

static const char *const reach_names[] = {
	[WEFT_REACH_NONE] = "none",
	[WEFT_REACH_SELF] = "self",
	[WEFT_REACH_BUS] = "bus",
	[WEFT_REACH_HOST_BRIDGE] = "host-bridge",
};

const char *weft_reach_name(uint32_t reach)
{
	return reach < sizeof(reach_names) / sizeof(reach_names[0]) ? reach_names[reach] : "?";
}

int weft_device_peer(struct weft_device *from, struct weft_device *to, struct weft_peer *peer)
{
	struct weft_peer p = { .distance = -1 };
	int ret = weft_handle(from, WEFT_MAGIC_DEVICE, __func__);

	if (!ret)
		ret = weft_handle(to, WEFT_MAGIC_DEVICE, __func__);
	if (ret)
		return ret;
	if (from == to) {
		p.reach = WEFT_REACH_SELF;
		snprintf(p.why, sizeof(p.why), "the same device");
	} else if (from->fd < 0 && to->fd < 0) {
		p.reach = WEFT_REACH_SELF;
		snprintf(p.why, sizeof(p.why), "both are memory of this process");
	} else if (from->fd < 0 || to->fd < 0) {
		p.error = -EOPNOTSUPP;
		snprintf(p.why, sizeof(p.why), "devices of kinds %s and %s share no address", from->kind->name,
			 to->kind->name);
	} else {
		ret = told(from, from->weft->sys->peer(from->fd, to->fd, &p), __func__);
	}
	return ret ? ret : weft_give(peer, &p, sizeof(p), sizeof(p), __func__);
}

int weft_topology(struct weft *weft, struct weft_peer *peers, uint32_t num)
{
	struct weft_device *cards[WEFT_MAX_CARDS];
	uint32_t open = 0;
	int ret = weft_ready(weft, __func__);

	if (ret)
		return ret;
	if (!peers || num > weft->num_cards)
		return weft_fail(-EINVAL, "weft_topology: %u cards asked for, %u found", num, weft->num_cards);
	while (open < num && !ret) {
		ret = weft_device_open(weft, "card", open, &cards[open]);
		open += !ret;
	}
	for (uint32_t i = 0; i < num * num && !ret; i++) {
		peers[i].size = sizeof(peers[i]);
		ret = weft_device_peer(cards[i / num], cards[i % num], &peers[i]);
	}
	while (open)
		weft_device_close(cards[--open]);
	return ret;
}
