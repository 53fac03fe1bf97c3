/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* The part of weft_compat.h for io_uring, whose headers only weft_uring.c includes. */
#ifndef WEFT_COMPAT_URING_H
#define WEFT_COMPAT_URING_H

#include <linux/io_uring/cmd.h>

#include "weft_compat_gen.h"

/* @extra: the other half of a big CQE, with @big: the ring has them. */
static inline void weft_uring_done(struct io_uring_cmd *cmd, s32 res, u64 extra, bool big,
				   unsigned int issue_flags)
{
#ifdef WEFT_HAVE_URING_DONE32
	if (big)
		io_uring_cmd_done32(cmd, res, extra, issue_flags);
	else
		io_uring_cmd_done(cmd, res, issue_flags);
#else
	io_uring_cmd_done(cmd, res, extra, issue_flags);
#endif
}

/* Defines task work @name that calls @fn(cmd, issue_flags). */
#ifdef WEFT_HAVE_URING_TW_REQ
#define WEFT_URING_TASK_WORK(name, fn) \
	static void name(struct io_tw_req req, io_tw_token_t token) \
	{ \
		fn(io_uring_cmd_from_tw(req), IO_URING_CMD_TASK_WORK_ISSUE_FLAGS); \
	}
#else
#define WEFT_URING_TASK_WORK(name, fn) \
	static void name(struct io_uring_cmd *cmd, unsigned int issue_flags) \
	{ \
		fn(cmd, issue_flags); \
	}
#endif

static inline struct io_ring_ctx *weft_uring_ring(struct io_uring_cmd *cmd)
{
	return cmd_to_io_kiocb(cmd)->ctx;
}

#endif
