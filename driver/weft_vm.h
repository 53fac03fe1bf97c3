/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* Address spaces. */
#ifndef WEFT_VM_H
#define WEFT_VM_H

#include <linux/bits.h>
#include <linux/mutex.h>
#include <drm/drm_gpuvm.h>

#include "weft_bind.h"
#include "weft_tables.h"

struct weft_device;
struct weft_file;

#define WEFT_VM_END	BIT_ULL(47)	/* user addresses end here, the rest is the kernel's */

/* What stands for a number in w->asids: in use, or withheld until reset. */
#define WEFT_ASID_USED	1
#define WEFT_ASID_LOST	2

/**
 * struct weft_vm - one address space; references by drm_gpuvm_get()/put()
 * @base: mappings, under &weft_device.bind_lock
 * @f: file that made it (a reference)
 * @type: DRM_WEFT_VM_*
 * @asid: on the card
 * @gen: reset generation it lives in
 * @lock: binds are put in order and queues come and go under it
 * @link: in &weft_device.vms
 * @tables: under &weft_device.bind_lock
 * @binds: not ended yet
 * @queues: alive in it
 * @dead: destroyed, to be given up
 */
struct weft_vm {
	struct drm_gpuvm base;
	struct weft_device *w;
	struct weft_file *f;
	u32 type;
	u32 asid;
	u64 gen;
	struct mutex lock;	/* order of binds, queues, dead */
	struct list_head link;
	struct weft_tables tables;
	struct weft_binds binds;
	u32 queues;
	bool dead;
};

/* By id; NULL when there is none. */
struct weft_vm *weft_vm_get(struct weft_file *f, u32 id);
void weft_vm_put(struct weft_vm *vm);

/* 0 or -ECANCELED when it did not survive a reset. */
int weft_vm_check(struct weft_vm *vm);

/* Removes it from a card in any state, and drops the file's reference. Its queues are gone. */
void weft_vm_kill(struct weft_vm *vm);

/* After FLR, address-space numbers that could not be given back are free. */
void weft_vm_reclaim(struct weft_device *w);

int weft_vm_create_ioctl(struct weft_device *w, struct weft_file *f, void *data);
int weft_vm_destroy_ioctl(struct weft_device *w, struct weft_file *f, void *data);

#endif
