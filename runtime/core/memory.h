/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#ifndef WEFT_CORE_MEMORY_H
#define WEFT_CORE_MEMORY_H

#include <weft/memory.h>

#include "device.h"

/* Whose pages they are, to be told when no card reaches them any more; all NULL = nobody's */
struct weft_lender {
	void (*release)(void *lent);
	void *lent;
};

/*
 * An owner, or an import of one. References of the user are `refs`; an owner is freed when it has none and no import
 * of it has any. Imports that transfers made (`cached`) hold nothing: they go with their owner or their device.
 * Memory that came by descriptor is an owner too: what is behind it is in another process.
 * All of this is under weft->share.
 */
struct weft_memory {
	uint32_t magic;
	uint32_t refs;
	uint32_t held;			/* imports with refs */
	uint32_t access;
	bool internal;			/* of the library: not a child of the device */
	bool cached;
	bool cells;
	enum weft_place place;
	struct weft_device *device;
	struct weft_memory *origin;	/* NULL: owner */
	struct weft_memory *imports;	/* of this owner */
	struct weft_memory *next;	/* origin->imports */
	struct weft_memory *next_here;	/* device->imports or, of `foreign` ones, device->foreign */
	bool foreign;			/* by descriptor */
	struct weft_lender lender;	/* of a foreign one */
	uint64_t bytes, address;
	bool placed;			/* the address was given: of a window, not of device->va */
	void *map;			/* NULL: not mapped yet */
	/* card */
	uint32_t handle;
	uint64_t va_bytes;
	struct weft_memory *next_bound, **link_bound;	/* device->bound */
	void *arm;			/* of cells: arm words, with `map` */
};

int weft_memory_new(struct weft_device *device, uint64_t bytes, enum weft_place place, bool internal,
		    struct weft_memory **memory);
/* The same of a card at a device address given, of a window; and an import at one. As weft_memory_create() and _import() */
int weft_memory_new_at(struct weft_device *device, uint64_t bytes, uint64_t address, struct weft_memory **memory);
int weft_memory_import_at(struct weft_device *device, struct weft_memory *memory, uint32_t access, uint64_t address,
			  struct weft_memory **imported);
/* By descriptor, at a device address given, of a window; 0: at any. As weft_memory_import_fd(), of a card */
int weft_memory_import_fd_at(struct weft_device *device, int fd, uint64_t address, struct weft_memory **memory);
/* One that there may be: destroyed, and none any more. The first failure of several stays in @ret. */
void weft_memory_drop(struct weft_memory **memory, int *ret);
/* The import that transfers use, made once and kept. */
int weft_memory_reach(struct weft_device *device, struct weft_memory *memory, struct weft_memory **import);
/* -EINVAL, -EACCES with text: whether somebody else may get @access to it */
int weft_memory_check_access(const struct weft_memory *memory, uint32_t access, const char *call);
/* Frees the cached imports in a device that is being closed. */
void weft_memory_forget(struct weft_device *device);

#endif
