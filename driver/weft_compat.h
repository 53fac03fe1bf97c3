/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Differences between the kernels this driver builds for, settled by the compile probes of compat/.
 * Code elsewhere is written for the newest API and knows no kernel version.
 */
#ifndef WEFT_COMPAT_H
#define WEFT_COMPAT_H

#include <linux/dma-buf.h>
#include <linux/slab.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gpuvm.h>
#include <drm/drm_print.h>
#include <drm/gpu_scheduler.h>

#include "weft_compat_gen.h"

#ifdef WEFT_HAVE_GPU_BUDDY
#include <linux/gpu_buddy.h>
#else
#include <drm/drm_buddy.h>
#define gpu_buddy			drm_buddy
#define gpu_buddy_block			drm_buddy_block
#define gpu_buddy_init			drm_buddy_init
#define gpu_buddy_fini			drm_buddy_fini
#define gpu_buddy_alloc_blocks		drm_buddy_alloc_blocks
#define gpu_buddy_free_list		drm_buddy_free_list
#define gpu_buddy_free_block		drm_buddy_free_block
#define gpu_buddy_block_offset		drm_buddy_block_offset
#define gpu_buddy_block_size		drm_buddy_block_size
#define gpu_buddy_block_is_clear	drm_buddy_block_is_clear
#define gpu_buddy_block_is_free		drm_buddy_block_is_free
#define GPU_BUDDY_HEADER_STATE		DRM_BUDDY_HEADER_STATE
#define GPU_BUDDY_SPLIT			DRM_BUDDY_SPLIT
#define GPU_BUDDY_CLEAR_ALLOCATION	DRM_BUDDY_CLEAR_ALLOCATION
#define GPU_BUDDY_CONTIGUOUS_ALLOCATION	DRM_BUDDY_CONTIGUOUS_ALLOCATION
#define GPU_BUDDY_CLEARED		DRM_BUDDY_CLEARED
#endif

#ifndef kzalloc_obj
#define kzalloc_obj(object, gfp)	kzalloc(sizeof(object), gfp)
#endif

#ifndef kvzalloc_obj
#define kvzalloc_obj(object, gfp)	kvzalloc(sizeof(object), gfp)
#endif

/* Without active memory, which nobody here knows, and which older kernels print always. */
static inline void weft_print_memory_stats(struct drm_printer *p,
					   const struct drm_memory_stats *stats, const char *region)
{
#ifdef WEFT_HAVE_GEM_OBJECT_ACTIVE
	drm_print_memory_stats(p, stats, DRM_GEM_OBJECT_RESIDENT, region);
#else
	drm_printf(p, "drm-total-%s:\t%llu KiB\n", region,
		   (stats->private + stats->shared) >> 10);
	drm_printf(p, "drm-shared-%s:\t%llu KiB\n", region, stats->shared >> 10);
	drm_printf(p, "drm-resident-%s:\t%llu KiB\n", region, stats->resident >> 10);
#endif
}

#ifdef WEFT_HAVE_DRIVER_GEM_GPUVA
#define WEFT_DRIVER_FEATURES		(DRIVER_GEM_GPUVA)
#else
#define WEFT_DRIVER_FEATURES		0
#endif

/*
 * Links between objects and address spaces change where binds are done, not under reservations.
 * Newer kernels have a mode and a lock in each object for that, older ones are told the lock.
 */
#ifdef WEFT_HAVE_GPUVM_IMMEDIATE
#define WEFT_GPUVM_FLAGS		DRM_GPUVM_IMMEDIATE_MODE
#define weft_gpuva_set_lock(obj, lock)	do { } while (0)

static inline void weft_gpuva_lock(struct drm_gem_object *obj)
{
	mutex_lock(&obj->gpuva.lock);
}

static inline void weft_gpuva_unlock(struct drm_gem_object *obj)
{
	mutex_unlock(&obj->gpuva.lock);
}
#else
#define WEFT_GPUVM_FLAGS		0
#define weft_gpuva_set_lock(obj, lock)	do { drm_gem_gpuva_set_lock(obj, lock); } while (0)

static inline void weft_gpuva_lock(struct drm_gem_object *obj)
{
}

static inline void weft_gpuva_unlock(struct drm_gem_object *obj)
{
}
#endif

/* Takes over @prealloc, which nobody has seen yet; returns what links the two from now on. */
static inline struct drm_gpuvm_bo *weft_gpuvm_bo_obtain(struct drm_gpuvm_bo *prealloc)
{
#ifdef WEFT_HAVE_GPUVM_BO_OBTAIN_LOCKED
	/* Takes the object's lock by itself. */
	return drm_gpuvm_bo_obtain_prealloc(prealloc);
#else
	struct drm_gem_object *obj = prealloc->obj;
	struct drm_gpuvm_bo *vm_bo;

	weft_gpuva_lock(obj);
	vm_bo = drm_gpuvm_bo_obtain_prealloc(prealloc);
	weft_gpuva_unlock(obj);
	return vm_bo;
#endif
}

#ifndef WEFT_HAVE_DMABUF_INVALIDATE
#define dma_buf_invalidate_mappings	dma_buf_move_notify
#endif
#ifdef WEFT_HAVE_DMABUF_OP_INVALIDATE
#define WEFT_ATTACH_OP_INVALIDATE	invalidate_mappings
#else
#define WEFT_ATTACH_OP_INVALIDATE	move_notify
#endif

#ifdef WEFT_HAVE_SCHED_STAT_RESET
#define WEFT_SCHED_STAT_RESET		DRM_GPU_SCHED_STAT_RESET
#else
#define WEFT_SCHED_STAT_RESET		DRM_GPU_SCHED_STAT_NOMINAL
#endif

static inline int weft_sched_job_init(struct drm_sched_job *job, struct drm_sched_entity *entity,
				      void *owner, u64 client_id)
{
#ifdef WEFT_HAVE_SCHED_JOB_CLIENT_ID
	return drm_sched_job_init(job, entity, 1, owner, client_id);
#else
	return drm_sched_job_init(job, entity, 1, owner);
#endif
}

struct weft_sched_args {
	const struct drm_sched_backend_ops *ops;
	struct workqueue_struct *submit_wq, *timeout_wq;
	u32 credits;
	long timeout_jiffies;
	const char *name;
	struct device *dev;
};

static inline int weft_sched_init(struct drm_gpu_scheduler *sched, const struct weft_sched_args *a)
{
#ifdef WEFT_HAVE_SCHED_INIT_ARGS
	const struct drm_sched_init_args args = {
		.ops = a->ops,
		.submit_wq = a->submit_wq,
		.timeout_wq = a->timeout_wq,
#ifdef WEFT_HAVE_SCHED_INIT_NUM_RQS
		.num_rqs = DRM_SCHED_PRIORITY_COUNT,
#endif
		.credit_limit = a->credits,
		.timeout = a->timeout_jiffies,
		.name = a->name,
		.dev = a->dev,
	};

	return drm_sched_init(sched, &args);
#else
	return drm_sched_init(sched, a->ops, a->submit_wq, DRM_SCHED_PRIORITY_COUNT, a->credits, 0,
			      a->timeout_jiffies, a->timeout_wq, NULL, a->name, a->dev);
#endif
}

#endif
