/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Local memory for objects, [0, USER_LIMIT). Every block is dirty from its free (all of them after
 * FLR) until a FILL or, with the engines down, the processor has zeroed it; nobody is given a dirty
 * one.
 */
#ifndef WEFT_LMEM_H
#define WEFT_LMEM_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "weft_compat.h"

struct weft_device;
struct weft_file;

/**
 * struct weft_lmem - allocator
 * @mm: buddy allocator; its clear tree holds zeroed blocks only
 * @dirty: freed blocks on their way through @scrub_work
 * @dirty_bytes: of them
 * @lost: blocks withheld until FLR, because something may still write to them
 * @lost_bytes: of them
 * @nothing_clear: without gpu_buddy_reset_clear(), after FLR the clear tree cannot be trusted
 */
struct weft_lmem {
	struct mutex lock;	/* everything below */
	struct gpu_buddy mm;
	struct list_head dirty;
	u64 dirty_bytes;
	struct list_head lost;
	u64 lost_bytes;
	bool nothing_clear;
	struct work_struct scrub_work;
};

/** struct weft_lmem_info - bytes; @free counts what is still to be cleared, too */
struct weft_lmem_info {
	u64 total;
	u64 free;
	u64 largest;
	u64 quarantined;
	u64 dirty;
};

int weft_lmem_init(struct weft_device *w);
void weft_lmem_fini(struct weft_device *w);

/*
 * Zeroed blocks (gpu_buddy_block) of together @bytes, multiple of 4 KiB. -ENOSPC, -ENOMEM, -EIO,
 * -ENODEV. @f (NULL: nobody) has been charged.
 */
int weft_lmem_alloc(struct weft_device *w, struct weft_file *f, u64 bytes,
		    struct list_head *blocks);
void weft_lmem_free(struct weft_device *w, struct list_head *blocks);

/* After FLR: everything is dirty, nothing is withheld any more. */
void weft_lmem_after_reset(struct weft_device *w);

void weft_lmem_info(struct weft_device *w, struct weft_lmem_info *info);

#endif
