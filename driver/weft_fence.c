// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/module.h>
#include <linux/slab.h>

#include "weft_compat.h"
#include "weft_device.h"
#include "weft_fence.h"

static const char *driver_name(struct dma_fence *fence)
{
	return "weft";
}

static const char *timeline_name(struct dma_fence *fence)
{
	return "weft-queue";
}

/*
 * The fence that a scheduler's fence has behind it lives as long as that, which user space may hold
 * by a sync file. Newer kernels take the operations off a fence that has signalled; on others the
 * module stays until the last of them is gone.
 */
#ifndef WEFT_HAVE_FENCE_DETACHES
static void release(struct dma_fence *fence)
{
	dma_fence_free(fence);
	module_put(THIS_MODULE);
}
#endif

static const struct dma_fence_ops weft_fence_ops = {
	.get_driver_name = driver_name,
	.get_timeline_name = timeline_name,
#ifndef WEFT_HAVE_FENCE_DETACHES
	.release = release,
#endif
};

struct weft_fence *weft_fence_alloc(void)
{
	struct weft_fence *fence = kzalloc_obj(*fence, GFP_KERNEL_ACCOUNT);

	BUILD_BUG_ON(offsetof(struct weft_fence, base));
	if (fence)
		spin_lock_init(&fence->lock);
	return fence;
}

void weft_fence_start(struct weft_fence *fence, u64 context, u64 value)
{
#ifndef WEFT_HAVE_FENCE_DETACHES
	__module_get(THIS_MODULE);
#endif
	fence->value = value;
	INIT_LIST_HEAD(&fence->link);
	dma_fence_init(&fence->base, &weft_fence_ops, &fence->lock, context, value);
}

void weft_fence_end(struct weft_device *w, struct weft_fence *fence, int error)
{
	if (error)
		dma_fence_set_error(&fence->base, error);
	else
		atomic64_inc(&w->stats.jobs);
	dma_fence_signal(&fence->base);
	atomic_dec(&w->counts.fences);
	dma_fence_put(&fence->base);
}

void weft_fence_put(struct weft_fence *fence)
{
	if (!fence)
		return;
	if (fence->value)
		dma_fence_put(&fence->base);
	else
		kfree(fence);
}
