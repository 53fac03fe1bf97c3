/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "copier.h"
#include "device.h"
#include "memory.h"

int weft_device_count(struct weft *weft, const char *kind)
{
	const struct weft_kind_row *row;
	uint32_t n = 0;
	int ret = weft_ready(weft, __func__);

	if (ret)
		return ret;
	if (!kind) {
		for (uint32_t i = 0; weft_kind_name(weft, i); i++)
			n += weft_kind_count(weft, weft_kind_row(weft, weft_kind_name(weft, i)));
		return (int)n;
	}
	row = weft_kind_row(weft, kind);
	if (!row)
		return weft_fail(-ENOENT, "weft_device_count: no device kind \"%s\"", kind);
	return (int)weft_kind_count(weft, row);
}

int weft_device_open(struct weft *weft, const char *kind, uint32_t index, struct weft_device **device)
{
	const struct weft_kind_row *row;
	struct weft_device *d;
	int ret = weft_ready(weft, __func__);

	if (ret)
		return ret;
	if (!device)
		return weft_fail(-EINVAL, "weft_device_open: no place for the handle");
	row = weft_kind_row(weft, kind ? kind : "card");
	if (!row)
		return weft_fail(-ENOENT, "weft_device_open: no device kind \"%s\"", kind);
	if (index >= weft_kind_count(weft, row))
		return weft_fail(-ENOENT, "weft_device_open: %s %u: this machine has %u", row->name, index,
				 weft_kind_count(weft, row));
	d = calloc(1, sizeof(*d));
	if (!d)
		return weft_fail(-ENOMEM, "weft_device_open: %s %u", row->name, index);
	d->magic = WEFT_MAGIC_DEVICE;
	d->index = index;
	d->weft = weft;
	d->kind = row;
	d->uid = weft_uid();
	d->fd = -1;
	pthread_mutex_init(&d->copier_lock, NULL);
	pthread_mutex_init(&d->lock, NULL);
	pthread_mutex_init(&d->space, NULL);
	d->info.size = sizeof(d->info);
	d->info.index = index;
	snprintf(d->info.kind, sizeof(d->info.kind), "%s", row->name);
	ret = row->backend->device_open(d);
	if (ret) {
		free(d);
		return ret;
	}
	pthread_mutex_lock(&weft->lock);
	d->next = weft->devices;
	weft->devices = d;
	weft->num_devices++;
	pthread_mutex_unlock(&weft->lock);
	*device = d;
	return 0;
}

int weft_device_close(struct weft_device *device)
{
	struct weft_device **p;
	struct weft *weft;
	int ret = weft_handle(device, WEFT_MAGIC_DEVICE, __func__);

	if (ret)
		return ret;
	if (atomic_load(&device->children))
		return weft_fail(-EBUSY, "weft_device_close: %s %u still has %u objects", device->kind->name,
				 device->index, atomic_load(&device->children));
	weft = device->weft;
	weft_copier_destroy(device->copier);
	weft_memory_forget(device);
	pthread_mutex_lock(&weft->lock);
	for (p = &weft->devices; *p != device; p = &(*p)->next)
		;
	*p = device->next;
	weft->num_devices--;
	pthread_mutex_unlock(&weft->lock);
	device->kind->backend->device_close(device);
	pthread_mutex_destroy(&device->lock);
	pthread_mutex_destroy(&device->space);
	pthread_mutex_destroy(&device->copier_lock);
	device->magic = 0;
	free(device);
	return 0;
}

int weft_device_info(struct weft_device *device, struct weft_device_info *info)
{
	int ret = weft_handle(device, WEFT_MAGIC_DEVICE, __func__);

	if (ret)
		return ret;
	return weft_give(info, &device->info, sizeof(device->info), sizeof(device->info), __func__);
}

int weft_device_needs(const struct weft_device *d, const char *const *names, size_t count, const char *call)
{
	for (size_t i = 0; i < count; i++)
		for (uint32_t bit = 0; bit < 64; bit++) {
			const char *name = weft_capability_name(bit);

			if (name && !strcmp(name, names[i]) && !(d->info.caps >> bit & 1))
				return weft_fail(-EOPNOTSUPP, "%s: %s has no capability %s", call, d->info.node, name);
		}
	return 0;
}
