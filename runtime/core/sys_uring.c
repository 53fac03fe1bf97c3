/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The part of sys.c that fills SQEs of a program's ring; nothing here calls the kernel. */
#include <string.h>
#include <linux/io_uring.h>

#include "drm/weft_accel.h"

#include "sys.h"

static void uring(int fd, uint32_t command, const void *args, size_t bytes, uint16_t flags, struct weft_uring_op *op,
		  struct io_uring_sqe *sqe)
{
	const struct drm_weft_uring head = { .args = (uintptr_t)op, .size = bytes, .flags = flags };

	memcpy(op, args, bytes);
	/* of a big SQE only what the command has is read */
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = command;
	memcpy(sqe->cmd, &head, sizeof(head));
}

_Static_assert(sizeof(struct drm_weft_submit) <= WEFT_SYS_URING_BYTES &&
	       sizeof(struct drm_weft_cell_wait) <= WEFT_SYS_URING_BYTES &&
	       sizeof(struct drm_weft_uring_cancel) <= WEFT_SYS_URING_BYTES, "arguments of io_uring");

void weft_sys_uring_submit(int fd, const struct weft_sys_submit *submit, struct weft_uring_op *op,
			     struct io_uring_sqe *sqe)
{
	const struct drm_weft_submit s = {
		.queue_id = submit->queue, .list = submit->list, .table = submit->table,
		.num_packets = submit->num_packets, .num_operands = submit->num_operands,
	};

	uring(fd, DRM_WEFT_URING_SUBMIT, &s, sizeof(s), DRM_WEFT_URING_END, op, sqe);
}

void weft_sys_uring_cell_wait(int fd, uint32_t handle, uint64_t offset, uint64_t value, uint64_t timeout_ns,
				struct weft_uring_op *op, struct io_uring_sqe *sqe)
{
	const struct drm_weft_cell_wait w = {
		.handle = handle, .offset = offset, .value = value, .timeout_ns = timeout_ns,
	};

	uring(fd, DRM_WEFT_URING_CELL_WAIT, &w, sizeof(w), 0, op, sqe);
}

void weft_sys_uring_cell_state(const struct weft_uring_op *op, struct weft_cell_state *state)
{
	struct drm_weft_cell_wait w;

	memcpy(&w, op, sizeof(w));
	*state = (struct weft_cell_state) { .value = w.value, .end = w.end, .fault = w.fault };
}

_Static_assert(sizeof(struct weft_uring_want) == sizeof(struct drm_weft_cell_want) && WEFT_URING_WANTS == DRM_WEFT_MAX_WANTS,
	       "cells of CELL_WAIT_MANY");

void weft_sys_uring_want(uint32_t handle, uint64_t offset, uint64_t value, struct weft_uring_want *place)
{
	const struct drm_weft_cell_want w = { .handle = handle, .offset = offset, .value = value };

	memcpy(place, &w, sizeof(w));
}

void weft_sys_uring_cell_wait_many(int fd, const struct weft_uring_want *places, uint32_t count, bool all, uint64_t timeout_ns,
				   struct weft_uring_op *op, struct io_uring_sqe *sqe)
{
	const struct drm_weft_cell_wait_many w = {
		.cells = (uintptr_t)places, .num_cells = count, .flags = all ? DRM_WEFT_WAIT_ALL : 0, .timeout_ns = timeout_ns,
	};

	uring(fd, DRM_WEFT_URING_CELL_WAIT_MANY, &w, sizeof(w), 0, op, sqe);
}

void weft_sys_uring_want_state(const struct weft_uring_want *place, struct weft_cell_state *state)
{
	struct drm_weft_cell_want w;

	memcpy(&w, place, sizeof(w));
	*state = (struct weft_cell_state) { .value = w.value, .end = w.end, .fault = w.fault };
}

void weft_sys_uring_cancel(int fd, uint64_t user_data, struct weft_uring_op *op, struct io_uring_sqe *sqe)
{
	const struct drm_weft_uring_cancel c = { .user_data = user_data };

	uring(fd, DRM_WEFT_URING_CANCEL, &c, sizeof(c), 0, op, sqe);
}
