/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* Hardware fences: allocated at submit, because nothing may allocate once a job is armed. */
#ifndef WEFT_FENCE_H
#define WEFT_FENCE_H

#include <linux/dma-fence.h>

struct weft_device;

/**
 * struct weft_fence - end of one job on the hardware
 * @base: first, it is freed through it
 * @lock: of @base; own, because fences outlive queues
 * @link: in the queue's list of jobs in flight, which owns a reference
 * @value: of the FENCE packet; 0 = not started
 */
struct weft_fence {
	struct dma_fence base;
	spinlock_t lock;	/* of base */
	struct list_head link;
	u64 value;
};

struct weft_fence *weft_fence_alloc(void);

/* Starts its life as a dma-fence; from here on references count. */
void weft_fence_start(struct weft_fence *fence, u64 context, u64 value);

/* Signals (@error 0 or negative) and drops the reference of the list in flight. Any context. */
void weft_fence_end(struct weft_device *w, struct weft_fence *fence, int error);

/* The job's reference, started or not. */
void weft_fence_put(struct weft_fence *fence);

#endif
