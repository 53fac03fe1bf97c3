/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* How the end of something is told to a program that takes no fence: an eventfd, or a cell. */
#ifndef WEFT_NOTIFY_H
#define WEFT_NOTIFY_H

#include <linux/types.h>

struct drm_weft_vm_bind;
struct eventfd_ctx;
struct weft_bo;
struct weft_device;
struct weft_file;

/**
 * struct weft_notify - whom to tell; all zero: nobody
 * @eventfd: a reference
 * @bo: object with the cell, a reference
 * @offset: of the cell in it
 * @claimed: its page is, and to be settled
 * @at: local-memory offset of the cell
 * @value: what it gets
 * @id: origin of its poison
 */
struct weft_notify {
	struct eventfd_ctx *eventfd;
	struct weft_bo *bo;
	u64 offset;
	bool claimed;
	u64 at;
	u64 value;
	u32 id;
};

/* Zeroed @n, by the done… of a bind. -EINVAL, -EBADF, -ENOENT, -EACCES, -EBUSY, -ECANCELED. */
int weft_notify_prepare(struct weft_notify *n, struct weft_file *f,
			const struct drm_weft_vm_bind *args);

/* Tells: @result 0 or a negative errno. Process context. */
void weft_notify_tell(struct weft_device *w, const struct weft_notify *n, int result);

/* @used: the bind was started, so that the cell is or was signalled. */
void weft_notify_clean(struct weft_notify *n, bool used);

#endif
