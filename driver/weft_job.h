/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* Submissions: this is their one parser. */
#ifndef WEFT_JOB_H
#define WEFT_JOB_H

#include <drm/gpu_scheduler.h>

struct dma_fence;
struct drm_weft_submit;
struct drm_weft_sync;
struct weft_device;
struct weft_file;
struct weft_queue;

extern const struct drm_sched_backend_ops weft_job_sched_ops;

struct weft_queue *weft_job_queue(struct drm_sched_job *base);

/* Flags, counts, alignment and ranges of a submission: 0 or -EINVAL. */
int weft_job_check(const struct drm_weft_submit *args);

/*
 * Submits one job, inside the device. @syncs: what @args point to, copied by weft_sync_copy().
 * @ended: NULL, or where to put a reference to the fence that signals when the job
 * ends, whose error is how.
 */
int weft_submit(struct weft_device *w, struct weft_file *f, const struct drm_weft_submit *args,
		const struct drm_weft_sync *syncs, struct dma_fence **ended);
int weft_submit_ioctl(struct weft_device *w, struct weft_file *f, void *data);

/**
 * struct weft_queue_look - what the card says of a queue, all of one moment
 * @run: enum weft_queue_run
 * @engine: 1 + the one it is on; 0: none, or a card that does not tell
 * @progress_ns: card clock at the end of its last unit
 */
struct weft_queue_look {
	u32 run;
	u32 engine;
	u64 progress_ns;
};

/*
 * weft_recover.c: ready, or running and not yet for as long as it may. What TIMED waits for is its
 * own time, and on no engine. Sleeps where that tells a long unit from one that hangs.
 */
bool weft_recover_starves(struct weft_queue *q, struct weft_queue_look l);

/* What a job ends with whose queue was stopped for @cause, or for its @timeout. */
int weft_recover_errno(bool timeout, u32 cause);

/* weft_recover.c: the scheduler's ->timedout_job(), also run when the card reports a fault. */
enum drm_gpu_sched_stat weft_recover_timedout(struct drm_sched_job *bad);

#endif
