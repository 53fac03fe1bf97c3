/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Copyright 2026 The weft authors */
/*
 * Safe operations: BAR0 block SAFE. They work with the firmware dead. The host writes ARG0 … ARG2, then CMD with
 * operation and sequence number; that starts it. Operations of one kind complete in the order given, at most 16
 * unfinished ones of all kinds together (a 17th is refused with status FULL). DONE(op) holds the sequence number of
 * the last completed one, STATUS(op) how it ended; event WEFT_EVT_SAFE follows. Completion means: no access that used
 * the old state is in flight or can start.
 */
#ifndef WEFT_ABI_SAFE_H
#define WEFT_ABI_SAFE_H

#include "base.h"

#define WEFT_REG_SAFE_ARG0		0x0400	/* RW u64 */
#define WEFT_REG_SAFE_ARG1		0x0408	/* RW u64 */
#define WEFT_REG_SAFE_ARG2		0x0410	/* RW u64 */
#define WEFT_REG_SAFE_CMD		0x0418	/* WO u64: operation in bits 7:0, sequence number in 63:32 */
#define WEFT_REG_SAFE_DONE(op)		(0x0440 + 4 * (op))	/* RO u32 */
#define WEFT_REG_SAFE_STATUS(op)	(0x0460 + 4 * (op))	/* RO u32: enum weft_safe_status of the last completed, or FULL */

enum weft_safe_op {
	WEFT_SAFE_QUEUE_STOP = 0,	/* ARG0 queue. Becomes STOPPED (a faulted one stays faulted) */
	WEFT_SAFE_AS_STOP = 1,		/* ARG0 asid: every queue of it, one completion */
	WEFT_SAFE_AS_INVALIDATE = 2,	/* ARG0 asid, ARG1 first address, ARG2 bytes (0 = all) */
	WEFT_SAFE_LINK_MASK = 3,	/* ARG0 link */
	WEFT_SAFE_LINK_UNMASK = 4,	/* ARG0 link */
	WEFT_SAFE_ENGINE_RESET = 5,	/* ARG0 engine: the queue on it becomes STOPPED */
	WEFT_SAFE_CELL_FAULT = 6,	/* ARG0 local-memory offset of a cell, ARG1 fault word: stored if the word was 0 */
	WEFT_SAFE_CELL_FAULTS = 7,	/* ARG0 local-memory offset of a list in the carve-out, ARG1 its entries */
	WEFT_SAFE_OP_COUNT
};

/* An entry of CELL_FAULTS's list, which is 16-byte aligned: what CELL_FAULT takes as ARG0 and ARG1. */
struct weft_safe_fault {
	uint64_t cell;
	uint64_t word;
};
WEFT_ASSERT_SIZE(struct weft_safe_fault, 16);

#define WEFT_SAFE_FAULTS_MAX		4096	/* entries of one list */

enum weft_safe_status {
	WEFT_SAFE_OK = 0,
	WEFT_SAFE_BAD_OP = 1,		/* unknown, or its capability bit is missing */
	WEFT_SAFE_BAD_ARG = 2,
	WEFT_SAFE_FULL = 3,		/* too many unfinished; not started, DONE not moved */
};

#endif
