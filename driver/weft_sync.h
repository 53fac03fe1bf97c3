/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* Syncobjs that a job or bind waits for and signals. The one parser of struct drm_weft_sync. */
#ifndef WEFT_SYNC_H
#define WEFT_SYNC_H

#include <linux/types.h>

struct dma_fence;
struct dma_fence_chain;
struct drm_file;
struct drm_syncobj;
struct drm_weft_sync;

/** struct weft_sync_out - signalled at the end: @chain is there iff @point is not 0 */
struct weft_sync_out {
	struct drm_syncobj *syncobj;
	struct dma_fence_chain *chain;
	u64 point;
};

/*
 * Array of @count from user space, NULL for none; freed by kfree(). Not inside the device.
 * -EFAULT, -EINVAL (also too many), -ENOMEM.
 */
struct drm_weft_sync *weft_sync_copy(u64 user, u32 count);

/* How many of them signal. */
u32 weft_sync_count_signals(const struct drm_weft_sync *syncs, u32 count);

/*
 * Calls @fn with the fence of each entry to wait for; stops at its first result that is not 0. The
 * reference stays with the caller. -ENOENT: no such syncobj; -EINVAL: nothing was submitted for the
 * point.
 */
int weft_sync_each_wait(struct drm_file *file, const struct drm_weft_sync *syncs, u32 count,
			int (*fn)(void *ctx, struct dma_fence *fence), void *ctx);

/*
 * Everything that signalling needs, so that it cannot fail: *@num entries, freed by
 * weft_sync_free(). NULL when @count is 0. -ENOENT, -ENOMEM.
 */
struct weft_sync_out *weft_sync_prepare(struct drm_file *file, const struct drm_weft_sync *syncs,
					u32 count, u32 *num);

/* Makes @done what the syncobjs hold; never fails. */
void weft_sync_signal(struct weft_sync_out *outs, u32 num, struct dma_fence *done);
void weft_sync_free(struct weft_sync_out *outs, u32 num);

#endif
