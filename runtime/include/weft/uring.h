/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: io_uring
 *
 * A program with a ring of its own (liburing or by hand) drives cards by the loop that drives its files and sockets. These
 * functions fill an SQE that the program got from its ring; they make no system call and allocate nothing. The program then
 * sets ``user_data``, and flags such as IOSQE_IO_LINK, and submits. ``res`` of the completion is the result, -errno when
 * it failed. Rings with SQPOLL and with big SQEs or CQEs work; IORING_SETUP_IOPOLL is refused by the kernel.
 *
 * Memory has no command here: the library binds it when it is made. Cards only (-EOPNOTSUPP).
 */
#ifndef WEFT_URING_H
#define WEFT_URING_H

#include <stdbool.h>

#include "cell.h"
#include "queue.h"

#ifdef __cplusplus
extern "C" {
#endif

struct io_uring_sqe;

/** struct weft_uring_op - what the kernel reads and writes for one command; the caller's, untouched until its completion */
struct weft_uring_op {
	uint64_t opaque[8];
};

/**
 * weft_uring_submit() - run a committed list on a queue; the completion comes when the job has ended, with how
 *
 * Such jobs are not counted by weft_queue_wait() and weft_queue_status(), and have no timelines: IOSQE_IO_LINK orders them
 * behind other commands of the ring. Use a queue for rings only: a failure is otherwise put down to a job of
 * weft_queue_submit(). Objects the list names live until the completion.
 * @op: for this command
 * @sqe: to be filled
 *
 * Return: 0, -EINVAL (list not committed, empty or of another device), -ENOTCONN, -EOPNOTSUPP. Completion: 0; -EFAULT, -ETIME,
 * -ECANCELED as for a job; -ENODEV, -EDQUOT.
 */
int weft_uring_submit(struct weft_queue *queue, struct weft_list *list, struct weft_uring_op *op, struct io_uring_sqe *sqe);

/**
 * weft_uring_cell_wait() - wait for a cell without a thread; at most 600 s
 *
 * Return: 0, -EINVAL, -ENOTCONN, -EOPNOTSUPP. Completion: 0 reached, 1 the cell has a fault, 2 it ended below @value; -ETIME,
 * -ECANCELED (reset, or weft_uring_cancel()), -ENODEV, -EDQUOT. weft_uring_cell_state() has what the cell held.
 */
int weft_uring_cell_wait(struct weft_memory *cells, uint32_t index, uint64_t value, uint64_t timeout_ns,
			 struct weft_uring_op *op, struct io_uring_sqe *sqe);

/** weft_uring_cell_state() - value, end and fault that weft_uring_cell_wait() saw; after its completion, >= 0 or -ETIME */
void weft_uring_cell_state(const struct weft_uring_op *op, struct weft_cell_state *state);

/** struct weft_cell_want - a cell and the value it is to have; the cells of one wait are all of one device */
struct weft_cell_want {
	struct weft_memory *cells;
	uint32_t index;
	uint32_t pad;		/* 0 */
	uint64_t value;
};

/** struct weft_uring_want - what the kernel reads and writes for one cell of several; the caller's, untouched until the completion */
struct weft_uring_want {
	uint64_t opaque[5];
};
#define WEFT_URING_WANTS	64	/* at most, in one command */

/**
 * weft_uring_cell_wait_many() - sleep until one of several cells is decided (reached, failed or ended), or all of them
 * @wants: copied
 * @count: of @wants and of @places, 1 … WEFT_URING_WANTS; each takes a watch of the quota
 * @all: until all are decided, or one has a fault
 * @timeout_ns: at most 600 s
 * @places: for this command
 *
 * Return: 0, -EINVAL, -ENOTCONN, -EOPNOTSUPP. Completion: the index of the first cell that is decided; with @all of the first
 * that has a fault, @count when none has; -ETIME, -ECANCELED, -ENODEV, -EDQUOT as weft_uring_cell_wait().
 */
int weft_uring_cell_wait_many(const struct weft_cell_want *wants, uint32_t count, bool all, uint64_t timeout_ns,
			      struct weft_uring_want *places, struct weft_uring_op *op, struct io_uring_sqe *sqe);

/** weft_uring_want_state() - what weft_uring_cell_wait_many() saw of one cell; after its completion, >= 0 or -ETIME */
void weft_uring_want_state(const struct weft_uring_want *place, struct weft_cell_state *state);

/**
 * weft_uring_cancel() - end this ring's pending commands on a device that have this user data, with -ECANCELED; a job goes on
 *
 * Return: 0, -EINVAL, -ENOTCONN, -EOPNOTSUPP. Completion: how many; -ENOENT when none was pending.
 */
int weft_uring_cancel(struct weft_device *device, uint64_t user_data, struct weft_uring_op *op, struct io_uring_sqe *sqe);

#ifdef __cplusplus
}
#endif
#endif
