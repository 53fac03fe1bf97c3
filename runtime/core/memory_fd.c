/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Memory that goes to other processes, and comes from them, as a descriptor. */
#include <errno.h>
#include <stdlib.h>

#include "card.h"
#include "memory.h"

int weft_memory_export(struct weft_memory *memory, uint32_t access, int *fd)
{
	const struct weft_memory *m = memory;
	int ret = weft_handle(memory, WEFT_MAGIC_MEMORY, __func__);

	if (ret)
		return ret;
	if (!fd)
		return weft_fail(-EINVAL, "weft_memory_export: no place for the descriptor");
	ret = weft_memory_check_access(memory, access, __func__);
	if (ret)
		return ret;
	if (weft_backend(m->device) != &weft_backend_card)
		return weft_fail(-EOPNOTSUPP, "weft_memory_export: memory of kind %s has no descriptor",
				 m->device->kind->name);
	if (m->origin)		/* an import holds it, and its owner may give it with less than the import has */
		m = m->origin;
	ret = m->device->weft->sys->gem_export(m->device->fd, m->handle, access, fd);
	return ret ? weft_fail(ret, "%s: exporting memory with access %#x", m->device->info.node, access) : 0;
}

/* with share: the driver gives a descriptor one handle per file, so one that is known is another reference */
static struct weft_memory *known(struct weft_device *d, uint32_t handle)
{
	struct weft_memory *m = d->foreign;

	while (m && m->handle != handle)
		m = m->next_here;
	return m;
}

/* with share */
static int adopt(struct weft_device *d, uint32_t handle, uint64_t address, struct weft_memory **memory)
{
	struct weft_memory *m = calloc(1, sizeof(*m));
	int ret;

	if (!m) {
		d->weft->sys->gem_close(d->fd, handle);
		return weft_fail(-ENOMEM, "memory handle");
	}
	m->magic = WEFT_MAGIC_MEMORY;
	m->foreign = true;
	m->device = d;
	m->handle = handle;
	m->address = address;
	m->placed = address;
	ret = weft_card_memory_adopt(m);
	if (ret) {
		free(m);
		return ret;
	}
	m->next_here = d->foreign;
	d->foreign = m;
	atomic_fetch_add(&d->children, 1);
	weft_count(&weft_library.live_memories, 1);
	*memory = m;
	return 0;
}

int weft_memory_import_fd_at(struct weft_device *device, int fd, uint64_t address, struct weft_memory **memory)
{
	struct weft_memory *m = NULL;
	uint32_t handle;
	int ret;

	pthread_mutex_lock(&weft_library.share);
	ret = device->weft->sys->gem_import(device->fd, fd, &handle);
	if (ret == -EREMOTEIO)
		ret = -EOPNOTSUPP;
	if (ret)
		weft_fail(ret, "%s: importing descriptor %d", device->info.node, fd);
	else
		m = known(device, handle);
	if (m && address && m->address != address)	/* its handle is that of the one that is known, and stays */
		ret = weft_fail(-EINVAL, "%s: memory of descriptor %d is here already", device->info.node, fd);
	if (!ret && !m)
		ret = adopt(device, handle, address, &m);
	if (!ret) {
		m->refs++;
		*memory = m;
	}
	pthread_mutex_unlock(&weft_library.share);
	return ret;
}

int weft_memory_import_fd(struct weft_device *device, int fd, struct weft_memory **memory)
{
	int ret = weft_handle(device, WEFT_MAGIC_DEVICE, __func__);

	if (ret)
		return ret;
	if (!memory)
		return weft_fail(-EINVAL, "weft_memory_import_fd: no place for the handle");
	if (weft_backend(device) != &weft_backend_card)
		return weft_fail(-EOPNOTSUPP, "weft_memory_import_fd: devices of kind %s take no descriptor",
				 device->kind->name);
	return weft_memory_import_fd_at(device, fd, 0, memory);
}
