/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * The carve-out: the top of local memory, that no user page-table entry may name. Page tables,
 * rings, queue states, mailbox, firmware image and log live here.
 */
#ifndef WEFT_CARVE_H
#define WEFT_CARVE_H

#include <linux/mutex.h>
#include <linux/sizes.h>
#include <drm/drm_mm.h>

struct weft_device;
struct weft_file;

/*
 * The lowest part is the kernel's alone: firmware image, log, mailbox and scrubber must fit after
 * every reset.
 */
#define WEFT_CARVE_RESERVE	SZ_4M

/** struct weft_carve - allocator; @lost_bytes is withheld until reset, the card may still use it */
struct weft_carve {
	struct mutex lock;	/* everything below */
	struct drm_mm mm;
	u64 used_bytes;
	u64 lost_bytes;
	struct list_head lost;
};

/**
 * struct weft_carve_block - @at local-memory offset, @bytes multiple of 4 KiB, @owner who is
 * charged or NULL
 */
struct weft_carve_block {
	struct drm_mm_node node;
	struct list_head link;
	struct weft_file *owner;
	u64 at;
	u64 bytes;
};

void weft_carve_init(struct weft_device *w);
void weft_carve_fini(struct weft_device *w);

/* What all files together may take. */
u64 weft_carve_user_bytes(struct weft_device *w);

/*
 * Zeroed, 4 KiB aligned; -EDQUOT, -ENOSPC, -ENOMEM. Charged to @f until it is free again, withheld
 * or not; NULL is the kernel itself, which may take all.
 */
struct weft_carve_block *weft_carve_alloc(struct weft_device *w, struct weft_file *f, u64 bytes);
void weft_carve_free(struct weft_device *w, struct weft_carve_block *block);

/* Instead of free, when a stop did not complete: not used until weft_carve_reclaim() after FLR. */
void weft_carve_quarantine(struct weft_device *w, struct weft_carve_block *block);
void weft_carve_reclaim(struct weft_device *w);

#endif
