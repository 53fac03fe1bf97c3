/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <stdlib.h>

#include "memory.h"

static int memory_new(struct weft_device *device, uint64_t bytes, enum weft_place place, bool internal, uint64_t flags,
		      uint64_t address, struct weft_memory **memory)
{
	struct weft_memory *m = calloc(1, sizeof(*m));
	int ret;

	if (!m)
		return weft_fail(-ENOMEM, "memory handle");
	m->magic = WEFT_MAGIC_MEMORY;
	m->refs = 1;
	m->access = WEFT_ACCESS_READ | (!flags ? WEFT_ACCESS_WRITE : flags == WEFT_MEMORY_CELLS ? WEFT_ACCESS_SIGNAL :
					WEFT_ACCESS_CELL);
	m->cells = flags;
	m->internal = internal;
	m->place = place;
	m->device = device;
	m->bytes = (bytes + 4095) & ~4095ull;
	m->address = address;
	m->placed = address;
	ret = weft_backend(device)->memory_create(m);
	if (ret) {
		free(m);
		return ret;
	}
	if (!internal) {
		atomic_fetch_add(&device->children, 1);
		weft_count(&weft_library.live_memories, 1);
	}
	*memory = m;
	return 0;
}

int weft_memory_new(struct weft_device *device, uint64_t bytes, enum weft_place place, bool internal,
		    struct weft_memory **memory)
{
	return memory_new(device, bytes, place, internal, 0, 0, memory);
}

int weft_memory_new_at(struct weft_device *device, uint64_t bytes, uint64_t address, struct weft_memory **memory)
{
	return memory_new(device, bytes, WEFT_PLACE_LOCAL, false, 0, address, memory);
}

int weft_memory_create(struct weft_device *device, const struct weft_memory_desc *desc, struct weft_memory **memory)
{
	struct weft_memory_desc d;
	int ret = weft_handle(device, WEFT_MAGIC_DEVICE, __func__);

	if (!ret)
		ret = weft_take(&d, sizeof(d), desc, sizeof(d), __func__);
	if (ret)
		return ret;
	if (!memory || d.place > WEFT_PLACE_HOST || !d.bytes || d.bytes > 1ull << 46 ||
	    (d.flags && d.flags != WEFT_MEMORY_CELLS && d.flags != WEFT_MEMORY_CELLS_PEER) ||
	    (d.flags && d.place != WEFT_PLACE_LOCAL))
		return weft_fail(-EINVAL, "weft_memory_create: place %u, %llu bytes, flags %#llx", d.place,
				 (unsigned long long)d.bytes, (unsigned long long)d.flags);
	if (d.flags && weft_backend(device) != &weft_backend_card)
		return weft_fail(-EOPNOTSUPP, "weft_memory_create: devices of kind %s have no cells", device->kind->name);
	return memory_new(device, d.bytes, d.place, false, d.flags, 0, memory);
}

int weft_memory_alloc(struct weft_device *device, uint64_t bytes, enum weft_place place, struct weft_memory **memory)
{
	struct weft_memory_desc d = { .size = sizeof(d), .place = place, .bytes = bytes };

	return weft_memory_create(device, &d, memory);
}

/* with share; the import in @device with @access, made when it does not exist yet, with no reference */
static int import_get(struct weft_device *device, struct weft_memory *owner, uint32_t access, uint64_t address,
		      struct weft_memory **import)
{
	struct weft_memory *m;
	int ret;

	for (m = owner->imports; m; m = m->next)
		if (m->device == device && m->access == access && (!address || m->address == address)) {
			*import = m;
			return 0;
		}
	if (weft_backend(device) != weft_backend(owner->device))
		return weft_fail(-EOPNOTSUPP, "memory of a device of kind %s cannot be reached by one of kind %s",
				 owner->device->kind->name, device->kind->name);
	/* the driver hands the same descriptor on, whose one handle there may be somebody else's */
	if (owner->foreign)
		return weft_fail(-EOPNOTSUPP, "memory that came by descriptor: import the descriptor into %s %u instead",
				 device->kind->name, device->index);
	m = calloc(1, sizeof(*m));
	if (!m)
		return weft_fail(-ENOMEM, "memory handle");
	m->magic = WEFT_MAGIC_MEMORY;
	m->access = access;
	m->place = owner->place;
	m->cells = owner->cells;
	m->device = device;
	m->origin = owner;
	m->bytes = owner->bytes;
	m->address = address;
	m->placed = address;
	ret = weft_backend(device)->memory_import(m);
	if (ret) {
		free(m);
		return ret;
	}
	m->next = owner->imports;
	owner->imports = m;
	m->next_here = device->imports;
	device->imports = m;
	*import = m;
	return 0;
}

/* with share */
static int import_free(struct weft_memory *m)
{
	struct weft_memory **p;
	int ret;

	for (p = &m->origin->imports; *p != m; p = &(*p)->next)
		;
	*p = m->next;
	for (p = &m->device->imports; *p != m; p = &(*p)->next_here)
		;
	*p = m->next_here;
	ret = weft_backend(m->device)->memory_destroy(m);
	m->magic = 0;
	free(m);
	return ret;
}

/* with share; whoever lent it is told without it */
static int owner_settle(struct weft_memory *m, struct weft_lender *lender)
{
	int ret;

	if (m->refs || m->held)
		return 0;
	while (m->imports)
		import_free(m->imports);
	if (m->foreign) {
		struct weft_memory **p;

		for (p = &m->device->foreign; *p != m; p = &(*p)->next_here)
			;
		*p = m->next_here;
	}
	ret = weft_backend(m->device)->memory_destroy(m);
	if (!m->internal) {
		atomic_fetch_sub(&m->device->children, 1);
		atomic_fetch_sub(&weft_library.live_memories, 1);
	}
	*lender = m->lender;
	m->magic = 0;
	free(m);
	return ret;
}

int weft_memory_check_access(const struct weft_memory *m, uint32_t access, const char *call)
{
	if (!access || (access & ~(WEFT_ACCESS_READ | (m->cells ? WEFT_ACCESS_SIGNAL : WEFT_ACCESS_WRITE))))
		return weft_fail(-EINVAL, "%s: access %#x", call, access);
	if ((m->origin || m->foreign) && (access & ~m->access))
		return weft_fail(-EACCES, "%s: the import has access %#x", call, m->access);
	return 0;
}

int weft_memory_import_at(struct weft_device *device, struct weft_memory *memory, uint32_t access, uint64_t address,
			  struct weft_memory **imported)
{
	struct weft_memory *m = memory;
	int ret = weft_memory_check_access(memory, access, "weft_memory_import");

	if (ret)
		return ret;
	pthread_mutex_lock(&weft_library.share);
	if (m->origin)
		m = m->origin;
	if (m->device != device)
		ret = import_get(device, m, access, address, &m);
	if (!ret && !m->refs++ && m->origin) {
		m->origin->held++;
		atomic_fetch_add(&device->children, 1);
		weft_count(&weft_library.live_memories, 1);
	}
	pthread_mutex_unlock(&weft_library.share);
	if (!ret)
		*imported = m;
	return ret;
}

int weft_memory_import(struct weft_device *device, struct weft_memory *memory, uint32_t access,
		       struct weft_memory **imported)
{
	int ret = weft_handle(device, WEFT_MAGIC_DEVICE, __func__);

	if (!ret)
		ret = weft_handle(memory, WEFT_MAGIC_MEMORY, __func__);
	if (ret)
		return ret;
	return imported ? weft_memory_import_at(device, memory, access, 0, imported) :
	       weft_fail(-EINVAL, "weft_memory_import: no place for the handle");
}

int weft_memory_reach(struct weft_device *device, struct weft_memory *memory, struct weft_memory **import)
{
	struct weft_memory *m = memory->origin ? memory->origin : memory;
	int ret = 0;

	pthread_mutex_lock(&weft_library.share);
	if (m->device != device) {
		ret = import_get(device, m, WEFT_ACCESS_READ | (memory->access & WEFT_ACCESS_WRITE), 0, &m);
		if (!ret)
			m->cached = true;
	}
	pthread_mutex_unlock(&weft_library.share);
	if (!ret)
		*import = m;
	return ret;
}

void weft_memory_forget(struct weft_device *device)
{
	pthread_mutex_lock(&weft_library.share);
	while (device->imports)
		import_free(device->imports);
	pthread_mutex_unlock(&weft_library.share);
}

int weft_memory_destroy(struct weft_memory *memory)
{
	struct weft_lender lender = { NULL, NULL };
	int ret = weft_handle(memory, WEFT_MAGIC_MEMORY, __func__);

	if (ret)
		return ret;
	pthread_mutex_lock(&weft_library.share);
	if (!memory->refs) {
		ret = weft_fail(-EINVAL, "weft_memory_destroy: no reference is left");
	} else if (--memory->refs == 0) {
		struct weft_memory *owner = memory->origin;

		if (owner) {
			owner->held--;
			atomic_fetch_sub(&memory->device->children, 1);
			atomic_fetch_sub(&weft_library.live_memories, 1);
			if (!memory->cached)
				ret = import_free(memory);
			owner_settle(owner, &lender);
		} else {
			ret = owner_settle(memory, &lender);
		}
	}
	pthread_mutex_unlock(&weft_library.share);
	if (lender.release)
		lender.release(lender.lent);
	return ret;
}

void weft_memory_drop(struct weft_memory **memory, int *ret)
{
	int r = *memory ? weft_memory_destroy(*memory) : 0;

	*ret = *ret ? *ret : r;
	*memory = NULL;
}

uint64_t weft_memory_address(const struct weft_memory *memory)
{
	return memory ? memory->address : 0;
}

uint64_t weft_memory_bytes(const struct weft_memory *memory)
{
	return memory ? memory->bytes : 0;
}

struct weft_device *weft_memory_device(const struct weft_memory *memory)
{
	return memory ? memory->device : NULL;
}

int weft_memory_map(struct weft_memory *memory, void **pointer)
{
	int ret = weft_handle(memory, WEFT_MAGIC_MEMORY, __func__);

	if (ret)
		return ret;
	if (!pointer)
		return weft_fail(-EINVAL, "weft_memory_map: no place for the pointer");
	if (memory->origin)
		return weft_fail(-EOPNOTSUPP, "weft_memory_map: map the owner's memory, not an import");
	pthread_mutex_lock(&weft_library.share);
	if (!memory->map)
		ret = weft_backend(memory->device)->memory_map(memory);
	*pointer = memory->map;
	pthread_mutex_unlock(&weft_library.share);
	return ret;
}
