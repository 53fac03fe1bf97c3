/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* Commands of io_uring on the node. weft_uring.c is the one file that knows io_uring. */
#ifndef WEFT_URING_H
#define WEFT_URING_H

#include <linux/compiler_types.h>
#include <linux/types.h>
#include <drm/weft_accel.h>

struct io_uring_cmd;
struct weft_device;
struct weft_file;

#define WEFT_URING_INLINE_BYTES	64	/* of an SQE128 behind struct drm_weft_uring */

/**
 * struct weft_call - a command being issued
 * @user: its argument in the program's memory, NULL with INLINE
 * @flags: DRM_WEFT_URING_*
 */
struct weft_call {
	struct weft_device *w;
	struct weft_file *f;
	struct io_uring_cmd *cmd;
	unsigned int issue_flags;
	u64 user_data;
	void __user *user;
	u16 flags;
	union weft_uring_args {
		struct drm_weft_submit submit;
		struct drm_weft_vm_bind bind;
		struct drm_weft_queue_create queue;
		struct drm_weft_cell_wait wait;
		struct drm_weft_cell_wait_many many;
		struct drm_weft_uring_cancel cancel;
		u8 bytes[WEFT_URING_INLINE_BYTES];
	} a;
};

/**
 * struct weft_command - a kind of command
 * @size: of the argument
 * @least: of its first version
 * @flags: it may have besides INLINE
 */
struct weft_command {
	size_t size, least;
	u16 flags;
	int (*issue)(struct weft_call *c);
};

/*
 * Takes over the argument: 0, -EINVAL, -E2BIG, -EFAULT. The SQE may lie in memory that the program
 * writes to meanwhile: everything is read once.
 */
int weft_uring_copy_args(struct weft_call *c, const struct weft_command *command);

/* ->uring_cmd() of the node. */
int weft_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags);

#endif
