/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* User queues: driven by the process with ring, doorbell, cells; the kernel makes and ends them. */
#ifndef WEFT_UQUEUE_H
#define WEFT_UQUEUE_H

#include <linux/mutex.h>
#include <linux/workqueue.h>
#include <drm/weft_accel.h>

#include "weft_hwq.h"
#include "weft_window.h"

struct weft_device;
struct weft_file;
struct weft_vm;
struct weft_wills;

/**
 * struct weft_uqueue - a user queue
 * @hw: its reference count is this queue's, held by file and workers
 * @lock: who stops and ends it; @dead, @wills, @fault
 * @gen: reset generation it lives in
 * @id: in its file
 * @dead: no longer on the card
 * @cause: of the fault that stopped it
 * @name: its owner's for it, "" is none; does not change
 * @wills: to be executed when it ends, NULL after
 */
struct weft_uqueue {
	struct weft_device *w;
	struct weft_file *f;
	struct weft_vm *vm;
	struct weft_hwq hw;
	struct mutex lock;	/* life on the card */
	u64 gen;
	u32 id;
	bool dead;
	u32 cause;
	char name[DRM_WEFT_NAME_BYTES + 1];
	struct weft_wills *wills;
	struct weft_window *doorbell;
	struct weft_window *state;
	struct work_struct fault_work;
	struct work_struct free_work;
};

/* The user queue behind a hardware queue, NULL when it is of another kind. */
struct weft_uqueue *weft_uqueue_of(struct weft_hwq *hw);

/* Stops it and has its wills executed; the rest is left to the one who kills it. */
void weft_uqueue_halt(struct weft_uqueue *q);

/* Before FLR or after a loss: every user queue of the card ends. */
void weft_uqueue_end_all(struct weft_device *w);

/* Window of a queue of the file, referenced; -ENOENT. */
struct weft_window *weft_uqueue_window(struct weft_file *f, u32 id, enum weft_window_kind kind);

/*
 * Flags, counts, alignment, ranges, name, privilege and what the card has: 0, -EINVAL, -EACCES,
 * -EOPNOTSUPP.
 */
int weft_uqueue_check(struct weft_device *w, const struct drm_weft_user_queue_create *args);

/* QUEUE_STATE of a user queue; -ENOENT when it is none. */
int weft_uqueue_state(struct weft_file *f, struct drm_weft_queue_state *args);
int weft_queue_idle_ioctl(struct weft_device *w, struct weft_file *f, void *data);
int weft_user_queue_create_ioctl(struct weft_device *w, struct weft_file *f, void *data);

#endif
