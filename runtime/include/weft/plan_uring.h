/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: waiting for a plan in a program's own ring
 *
 * weft_plan_wait() sleeps in the kernel. A program with a ring of its own (uring.h) sleeps there instead: one command for each
 * card of the plan with cells that say when a sequence is done, and one more for each WEFT_URING_WANTS of them.
 *
 * Edges to other processes (edge_peer.h) are waited for so, too: a sequence is done when its bodies have taken what those give and
 * have had room for what they take, and a wait for one whose other process has ended the edge or is gone completes, with -EPIPE or
 * -EOWNERDEAD as its result and the name of the edge in the text.
 */
#ifndef WEFT_PLAN_URING_H
#define WEFT_PLAN_URING_H

#include "plan.h"
#include "uring.h"

#ifdef __cplusplus
extern "C" {
#endif

/** struct weft_uring_plan_op - what the kernel reads and writes for one command; the caller's, untouched until its completion */
struct weft_uring_plan_op {
	struct weft_uring_op op;
	struct weft_uring_want want[WEFT_URING_WANTS];
};

/** weft_uring_plan_commands() - how many a wait takes; the same until the plan is unloaded. Or -EINVAL (not loaded), -ENOTCONN */
int weft_uring_plan_commands(const struct weft_plan *plan);

/**
 * weft_uring_plan_wait() - fill SQEs that wait until every body has done sequence @seq, or cannot
 * @timeout_ns: at most 600 s; each command's
 * @ops: @count of them
 * @sqes: @count pointers to SQEs of the caller's ring; user_data is to be set behind this call
 * @count: weft_uring_plan_commands()
 *
 * No system call. Each command completes by itself; when all have, weft_uring_plan_result() says how it went. The plan stays
 * loaded until then. Return: 0, -EINVAL (@seq was never opened, another @count), -ENOTCONN.
 */
int weft_uring_plan_wait(struct weft_plan *plan, uint64_t seq, uint64_t timeout_ns, struct weft_uring_plan_op *ops,
			 struct io_uring_sqe *const *sqes, uint32_t count);

/**
 * weft_uring_plan_result() - how a wait went whose commands have all completed; does not sleep
 * @res: `res` of each completion, in any order
 * @count: of them
 *
 * What the plan says counts, and a sequence that is done by now is done. Return: as weft_plan_wait(); else what kept a command
 * from waiting: -EDQUOT (watches), -ECANCELED (weft_uring_cancel()), or another -errno of its completion.
 */
int weft_uring_plan_result(struct weft_plan *plan, uint64_t seq, const int32_t *res, uint32_t count);

#ifdef __cplusplus
}
#endif
#endif
