/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Schedulers of job queues. A fence that a job gave out refers to its scheduler, whose name is read
 * when somebody asks what the fence is: as long as the fence exists, which may be longer than the
 * queue, on kernels that look there even once it has signalled (6.12). Nobody tells when the last
 * such fence goes. So the memory of a scheduler is never freed while the module is loaded, but used
 * again by the next queue.
 */
#ifndef WEFT_SCHED_H
#define WEFT_SCHED_H

struct drm_gpu_scheduler;
struct weft_sched_args;

/* One that is initialised, or an error pointer. */
struct drm_gpu_scheduler *weft_sched_get(const struct weft_sched_args *args);

/* Ends it, by drm_sched_fini(). */
void weft_sched_put(struct drm_gpu_scheduler *sched);

/* No queue is left. */
void weft_sched_exit(void);

#endif
