/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Copyright 2026 The weft authors */
/*
 * Packets: 64 bytes, 64-byte aligned, fetched once per execution, taking effect in order. Fields called `reserved`
 * must be 0 (fault FIELD), so must flags that are not named for a packet. A field of type "operand" is a virtual
 * address, or with WEFT_PKT_TABLE in `flags` an index into the operand table in its low 16 bits, the rest 0 (fault
 * OPERAND).
 */
#ifndef WEFT_ABI_PACKET_H
#define WEFT_ABI_PACKET_H

#include "base.h"

enum weft_pkt_op {
	WEFT_PKT_NOP = 0,
	WEFT_PKT_EXEC = 1,
	WEFT_PKT_COPY = 2,
	WEFT_PKT_REDUCE = 3,
	WEFT_PKT_FILL = 4,
	WEFT_PKT_TIMED = 5,
	WEFT_PKT_WAIT = 6,
	WEFT_PKT_WAIT_ALL = 7,
	WEFT_PKT_SIGNAL = 8,
	WEFT_PKT_SIGNAL_ALL = 9,
	WEFT_PKT_FENCE = 10,
	WEFT_PKT_TIMESTAMP = 11,
	WEFT_PKT_CALL = 12,
	WEFT_PKT_LOOP = 13,
	WEFT_PKT_RANGE = 14,
	WEFT_PKT_PRED = 15,
	WEFT_PKT_BREAK = 16,
	WEFT_PKT_OP_COUNT
};

#define WEFT_PKT_TABLE		0x01	/* operands are table indices */

/* NOP, BREAK: everything but op (and level) is 0. */
struct weft_pkt_nop {
	uint8_t  op, flags;
	uint16_t level;			/* BREAK: LOOP level it leaves, 0 = innermost */
	uint32_t reserved[15];
};

#define WEFT_EXEC_OPERANDS	8
#define WEFT_EXEC_SCALARS	6
/* EXEC: operator, operands and shapes as op.h lists them (SHAPE). Inline: at most 2 operands (FIELD). */
struct weft_pkt_exec {
	uint8_t  op, flags;
	uint16_t oper;			/* enum weft_op */
	uint8_t  noperands;
	uint8_t  scalar_mask;		/* bit i: scalar[i] is an operand index, its u32 is loaded (needs TABLE) */
	uint16_t reserved;
	union {
		uint16_t index[WEFT_EXEC_OPERANDS];
		uint64_t va[2];
	} u;
	uint32_t dim[4];
	uint32_t scalar[WEFT_EXEC_SCALARS];	/* f32 bits or integers */
};

/*
 * COPY: rows of `bytes` bytes each. Source and destination, each from the first byte of its first row to the last of its
 * last, fault OVERLAP when they overlap without being equal.
 */
struct weft_pkt_copy {
	uint8_t  op, flags;
	uint16_t reserved0;
	uint32_t rows;			/* 0 and 1 both mean one row */
	uint64_t dst, src;		/* operands */
	uint64_t bytes;			/* per row; 0 copies nothing */
	uint64_t dst_pitch, src_pitch;	/* bytes between rows, >= bytes; ignored for one row */
	uint64_t reserved[2];
};

enum weft_dtype {
	WEFT_F32 = 0, WEFT_F16 = 1, WEFT_BF16 = 2, WEFT_I32 = 3, WEFT_I8 = 4, WEFT_U8 = 5, WEFT_DTYPE_COUNT
};
enum weft_reduce_op {
	WEFT_SUM = 0, WEFT_PROD = 1, WEFT_MAX = 2, WEFT_MIN = 3, WEFT_AVG = 4, WEFT_REDUCE_OP_COUNT
};
#define WEFT_REDUCE_MAX		16
/*
 * REDUCE: element-wise over nsrc sources into ndst destinations; needs TABLE: sources are table entries src_first …,
 * destinations dst_first …; `offset` bytes are added to each. Balanced binary tree by source index: split at the
 * largest power of two below n. f16 and bf16 accumulate in f32 and round once (nearest even); integers wrap; NaN
 * propagates; AVG is the sum divided by nsrc (integers: truncated toward zero). Equal ranges may overlap, partial
 * overlap faults OVERLAP.
 */
struct weft_pkt_reduce {
	uint8_t  op, flags;
	uint8_t  dtype, rop;
	uint8_t  nsrc, ndst;		/* 1 … 16 each */
	uint16_t src_first, dst_first;
	uint16_t reserved0;
	uint32_t reserved1;
	uint64_t count;			/* elements; 0 does nothing */
	uint64_t offset;		/* bytes */
	uint64_t reserved[4];
};

/* FILL: repeats the low `width` bytes of `pattern`. */
struct weft_pkt_fill {
	uint8_t  op, flags;
	uint8_t  width;			/* 1, 2, 4, 8; dst and bytes are multiples of it */
	uint8_t  reserved0;
	uint32_t reserved1;
	uint64_t dst;			/* operand */
	uint64_t bytes;
	uint64_t pattern;
	uint64_t reserved[4];
};

/* TIMED: occupies the queue's slot for `ns`, no engine time. At most 2^40 ns. */
struct weft_pkt_timed {
	uint8_t  op, flags;
	uint16_t reserved0;
	uint32_t reserved1;
	uint64_t ns;
	uint64_t reserved[6];
};

/* WAIT: see cell.h. On END the LOOP at `end_level` is left and execution goes on at packet `exit` of its parent. */
struct weft_pkt_wait {
	uint8_t  op, flags;
	uint8_t  end_level;		/* 0 = innermost LOOP, WEFT_WAIT_NO_LOOP = none: END goes on behind the WAIT */
	uint8_t  cell_flags;		/* WEFT_WAIT_TAG */
	uint32_t count;			/* WAIT_ALL: elements of the list, 1 … 4096; WAIT: 0 */
	union {
		struct {
			uint64_t cell, base, step, tag;
		} one;
		uint64_t list;		/* WAIT_ALL: virtual address of struct weft_cell_ref[count], 32-byte aligned */
	} u;
	uint32_t exit;
	uint32_t level;			/* LOOP level whose seq scales `step`, 0 = innermost */
	int32_t  skew;
	uint32_t reserved[3];
};
#define WEFT_WAIT_NO_LOOP	0xff
#define WEFT_WAIT_TAG		0x01	/* when value = wanted, tag must be equal, else MISMATCH; greater value too */

/* SIGNAL, SIGNAL_ALL: stores only the words named. */
struct weft_pkt_signal {
	uint8_t  op, flags;
	uint8_t  words;			/* WEFT_SIG_* */
	uint8_t  scope;			/* enum weft_scope */
	uint32_t count;			/* SIGNAL_ALL: elements of the list; SIGNAL: 0 */
	union {
		struct {
			uint64_t cell, base, step, tag;
		} one;
		uint64_t list;
	} u;
	uint32_t reserved0;
	uint32_t level;
	int32_t  skew;
	uint32_t reserved[3];
};
#define WEFT_SIG_VALUE		0x01
#define WEFT_SIG_TAG		0x02
#define WEFT_SIG_END		0x04	/* end = 1 */
#define WEFT_SIG_ADD		0x08	/* value += base + seq * step, local memory, page with ATOMIC */
enum weft_scope { WEFT_SCOPE_QUEUE = 0, WEFT_SCOPE_SYSTEM = 1 };

/* FENCE: only in the ring of a job queue. Stores `value` to the queue state after everything before is visible. */
struct weft_pkt_fence {
	uint8_t  op, flags;
	uint16_t irq;			/* 1 = event WEFT_EVT_FENCE */
	uint32_t reserved0;
	uint64_t value;
	uint64_t reserved[6];
};

/* TIMESTAMP: stores the card clock (u64 ns) at dst, 8-byte aligned. */
struct weft_pkt_timestamp {
	uint8_t  op, flags;
	uint16_t reserved0;
	uint32_t reserved1;
	uint64_t dst;			/* operand */
	uint64_t reserved[6];
};

/* CALL runs a list once, LOOP `count` times (0 = unbounded). Lists nest 4 deep below the ring. */
struct weft_pkt_call {
	uint8_t  op, flags;
	uint16_t reserved0;
	uint32_t npackets;		/* 1 … 2^20 */
	uint64_t list;			/* virtual address, 64-byte aligned */
	uint64_t table;			/* virtual address of the operand table, 32-byte aligned; ignored when ntable = 0 */
	uint32_t ntable;		/* 0 … WEFT_OPERANDS_MAX */
	uint32_t reserved1;
	uint64_t count;			/* LOOP: < 2^48; CALL: 0 */
	uint64_t reserved[3];
};

/*
 * RANGE: with seq = it - skew of the LOOP at `level`: packets up to the next RANGE or PRED of the list, or its end, run
 * iff 0 <= seq < last. What does not run is not looked at: no wait, no signal.
 */
struct weft_pkt_range {
	uint8_t  op, flags;
	uint16_t level;
	int32_t  skew;
	uint64_t last;			/* 0 = no upper end; 2^64-1 with skew 0 ends a range unconditionally */
	uint64_t reserved[6];
};

enum weft_compare { WEFT_CMP_EQ = 0, WEFT_CMP_NE = 1, WEFT_CMP_LT = 2, WEFT_CMP_GE = 3, WEFT_CMP_ALWAYS = 4 };
/* PRED: EXEC, COPY, REDUCE, FILL and TIMED up to the next PRED run iff the u32 at `operand` compares. */
struct weft_pkt_pred {
	uint8_t  op, flags;
	uint8_t  compare;		/* enum weft_compare, unsigned; ALWAYS ends a predicate */
	uint8_t  reserved0;
	uint32_t imm;
	uint64_t operand;
	uint64_t reserved[6];
};

union weft_packet {
	struct {
		uint8_t op, flags;
	} hdr;
	struct weft_pkt_nop nop;
	struct weft_pkt_exec exec;
	struct weft_pkt_copy copy;
	struct weft_pkt_reduce reduce;
	struct weft_pkt_fill fill;
	struct weft_pkt_timed timed;
	struct weft_pkt_wait wait;
	struct weft_pkt_signal signal;
	struct weft_pkt_fence fence;
	struct weft_pkt_timestamp timestamp;
	struct weft_pkt_call call;
	struct weft_pkt_range range;
	struct weft_pkt_pred pred;
	uint64_t word[8];
};
#define WEFT_PACKET_BYTES	64
WEFT_ASSERT_SIZE(struct weft_pkt_nop, 64);
WEFT_ASSERT_SIZE(struct weft_pkt_exec, 64);
WEFT_ASSERT_SIZE(struct weft_pkt_copy, 64);
WEFT_ASSERT_SIZE(struct weft_pkt_reduce, 64);
WEFT_ASSERT_SIZE(struct weft_pkt_fill, 64);
WEFT_ASSERT_SIZE(struct weft_pkt_timed, 64);
WEFT_ASSERT_SIZE(struct weft_pkt_wait, 64);
WEFT_ASSERT_SIZE(struct weft_pkt_signal, 64);
WEFT_ASSERT_SIZE(struct weft_pkt_fence, 64);
WEFT_ASSERT_SIZE(struct weft_pkt_timestamp, 64);
WEFT_ASSERT_SIZE(struct weft_pkt_call, 64);
WEFT_ASSERT_SIZE(struct weft_pkt_range, 64);
WEFT_ASSERT_SIZE(struct weft_pkt_pred, 64);
WEFT_ASSERT_SIZE(union weft_packet, WEFT_PACKET_BYTES);

#endif
