/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* Commands of io_uring on the node. weft_uring.c is the one file that knows io_uring. */
#ifndef WEFT_URING_H
#define WEFT_URING_H

struct io_uring_cmd;

/* ->uring_cmd() of the node. */
int weft_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags);

#endif
