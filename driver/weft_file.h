/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* One open file: what it owns, may own and did. Outlives the file while its objects exist. */
#ifndef WEFT_FILE_H
#define WEFT_FILE_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>
#include <drm/drm_file.h>
#include <drm/weft_accel.h>

#include "weft_news.h"

struct drm_printer;
struct weft_device;

/**
 * struct weft_quota - what a file may have of something, and has
 * @refused: calls that ended with -EDQUOT for it
 */
struct weft_quota {
	u64 limit;
	atomic64_t used;
	atomic64_t refused;
};

/**
 * struct weft_file - one open file
 * @id: of this file, never given again
 * @vms: id → struct weft_vm, allocated from 1
 * @queues: id → struct weft_hwq of a job or user queue, from 1; reserved while being created
 * @quota: by enum drm_weft_quota_kind; what is used of SYSTEM_ALL is not here, all files share it
 * @ioctls: driver ioctls so far
 * @jobs: jobs submitted so far
 * @wills: of queues that ended, under way
 * @pending: commands of io_uring that have not ended (weft_uring.c); interrupts take @pending_lock
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
	struct weft_quota quota[DRM_WEFT_QUOTA_KINDS];
	atomic_t wills;
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

/* The gate every call passes: card present, not in reset, counted. Undone by weft_device_exit(). */
int weft_file_enter(struct weft_file *f, int *idx);

struct weft_file *weft_file_get(struct weft_file *f);
void weft_file_put(struct weft_file *f);

/*
 * Counts @amount against a quota, but for host memory: 0 or -EDQUOT, with the numbers in QUERY and
 * the debug log.
 */
int weft_file_charge(struct weft_file *f, enum drm_weft_quota_kind kind, u64 amount);
void weft_file_uncharge(struct weft_file *f, enum drm_weft_quota_kind kind, u64 amount);

/* The answer to DRM_WEFT_QUERY_QUOTAS. */
void weft_file_quotas(struct weft_file *f, struct drm_weft_quota *quotas);

/* Host memory pinned for cards: against @f's quota, and the limit for all. */
int weft_file_charge_system(struct weft_file *f, u64 bytes);
void weft_file_uncharge_system(struct weft_file *f, u64 bytes);

/* The card behind a file descriptor's file, NULL when it is not one of ours. */
struct weft_device *weft_device_of(struct file *file);

#endif
