/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* One open file: what it owns, what it may own, what it did. Outlives the file while its objects exist. */
#ifndef WEFT_FILE_H
#define WEFT_FILE_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>
#include <drm/drm_file.h>

#include "weft_news.h"

struct drm_printer;
struct weft_device;

/**
 * struct weft_file - one open file
 * @id: of this file, never given again
 * @vms: id → struct weft_vm, allocated from 1
 * @queues: id → struct weft_hwq of a job or user queue, allocated from 1; reserved while it is being created
 * @max_queues: quota, also @max_vms, @max_watches, and in bytes @local_quota, @carve_quota, @system_quota
 * @system_limit: of host memory, for all files and cards together
 * @local_used: bytes of local memory charged, also @carve_used, @system_used
 * @ioctls: driver ioctls so far
 * @jobs: jobs submitted so far
 * @wills: of queues that ended, under way
 * @pending: commands of io_uring that have not ended (weft_uring.c); @pending_lock is taken in interrupts
 * @past_busy_ns: engine time of queues already gone
 * @news: what it is told of its card
 */
struct weft_file {
	struct kref ref;
	struct weft_device *w;
	struct drm_file *drm;
	u64 id;
	struct xarray vms;
	struct xarray queues;
	u32 max_queues;
	u32 max_vms;
	u32 max_watches;
	u64 local_quota;
	u64 carve_quota;
	u64 system_quota;
	u64 system_limit;
	atomic_t num_queues;
	atomic_t num_vms;
	atomic_t num_watches;
	atomic_t wills;
	atomic64_t local_used;
	atomic64_t carve_used;
	atomic64_t system_used;
	atomic64_t ioctls;
	atomic64_t jobs;
	atomic64_t past_busy_ns;
	spinlock_t pending_lock;	/* pending */
	struct list_head pending;
	struct weft_news news;
};

int weft_file_open(struct drm_device *drm, struct drm_file *file);
void weft_file_close(struct drm_device *drm, struct drm_file *file);
void weft_file_show_fdinfo(struct drm_printer *p, struct drm_file *file);

struct weft_file *weft_file_get(struct weft_file *f);
void weft_file_put(struct weft_file *f);

/* Counts @amount against a quota: 0 or -EDQUOT, with the numbers in the debug log. */
int weft_file_charge(struct weft_file *f, const char *what, atomic64_t *used, u64 quota, u64 amount);
int weft_file_charge_count(struct weft_file *f, const char *what, atomic_t *used, u32 quota);

/* Host memory pinned for cards: against @f's quota (NULL: nobody's), and the limit for everybody together. */
int weft_file_charge_system(struct weft_device *w, struct weft_file *f, u64 bytes);
void weft_file_uncharge_system(struct weft_file *f, u64 bytes);

/* The card behind a file descriptor's file, NULL when it is not one of ours. */
struct weft_device *weft_device_of(struct file *file);

#endif
