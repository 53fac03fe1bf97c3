/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: command lists
 *
 * A list is built once, on the host, from commands with device addresses. Commands of a list take effect in order. A
 * list may be submitted any number of times, to queues of the device it was made for; weft_list_commit() places it in
 * card memory for good, so that a submit writes no command. A list that was not committed is copied at each submit.
 */
#ifndef WEFT_LIST_H
#define WEFT_LIST_H

#include "cell.h"
#include "kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/** enum weft_reduction - what weft_list_reduce() does with the sources; see REDUCE of the card contract */
enum weft_reduction {
	WEFT_REDUCTION_SUM = 0,
	WEFT_REDUCTION_PROD = 1,
	WEFT_REDUCTION_MAX = 2,
	WEFT_REDUCTION_MIN = 3,
	WEFT_REDUCTION_AVG = 4,
};
#define WEFT_REDUCTION_WIDTH	16

/** weft_list_create() - an empty list for @device; @list is destroyed by the caller. -EINVAL, -ENOTCONN, -ENOMEM */
int weft_list_create(struct weft_device *device, struct weft_list **list);

/** weft_list_destroy() - jobs that use a committed list must have ended. Return: 0, -EINVAL, -ENOTCONN */
int weft_list_destroy(struct weft_list *list);

/** weft_list_reset() - make it empty again, keeping its memory; as weft_list_destroy() */
int weft_list_reset(struct weft_list *list);

/** weft_list_length() - commands in it, -EINVAL, -ENOTCONN */
int weft_list_length(const struct weft_list *list);

/*
 * Each of the following appends one command. Return: 0, -EINVAL (value out of range), -ENOTCONN, -EBUSY (committed),
 * -E2BIG (2^20 commands or 4096 distinct operands), -ENOMEM, -ENOENT (kernel not found).
 */

/**
 * weft_list_exec() - run an operator
 * @name: of the kernel registry, such as "gemm"
 * @type: its element type
 * @exec: operands, shape and scalars, in the order the kernel registry documents; copied
 */
int weft_list_exec(struct weft_list *list, const char *name, enum weft_type type, const struct weft_exec *exec);

/** weft_list_copy() - @bytes from @src to @dst; overlap is legal only when equal */
int weft_list_copy(struct weft_list *list, uint64_t dst, uint64_t src, uint64_t bytes);

/** weft_list_copy_rows() - @rows rows of @bytes each, @dst_pitch and @src_pitch bytes apart (>= @bytes) */
int weft_list_copy_rows(struct weft_list *list, uint64_t dst, uint64_t dst_pitch, uint64_t src, uint64_t src_pitch,
			uint64_t bytes, uint32_t rows);

/** weft_list_fill() - repeat the low @width (1, 2, 4, 8) bytes of @pattern; @dst and @bytes are multiples of it */
int weft_list_fill(struct weft_list *list, uint64_t dst, uint64_t bytes, uint64_t pattern, uint32_t width);

/**
 * weft_list_reduce() - combine @num_src sources element by element in a fixed binary tree, store to @num_dst places
 * @type: not U32
 * @src: @num_src device addresses, 1 … 16; memory of peers too, when imported
 * @dst: @num_dst device addresses, 1 … 16; may be equal to sources
 * @count: elements
 */
int weft_list_reduce(struct weft_list *list, enum weft_type type, enum weft_reduction op, const uint64_t *src,
		     uint32_t num_src, const uint64_t *dst, uint32_t num_dst, uint64_t count);

/** weft_list_timed() - occupy the queue for @ns (at most 2^40) without engine work */
int weft_list_timed(struct weft_list *list, uint64_t ns);

/** weft_list_timestamp() - store the device's clock, u64 ns, at @dst (8-byte aligned) */
int weft_list_timestamp(struct weft_list *list, uint64_t dst);

/*
 * Commands for user queues (user_queue.h), on cards alone (-EOPNOTSUPP). `level` counts loops from the command outwards, 0
 * is the innermost; `seq` is that loop's iteration from 0, less `skew`.
 */

/**
 * struct weft_cell_op - a wait or a signal
 * @size: sizeof
 * @level: loop whose seq counts
 * @skew: of it
 * @flags: WEFT_CELL_* of cell.h
 * @cell: weft_cell_address(), in the waiting card's own memory; a signalled one may be a peer's or the host's
 * @base: wanted or stored value is base + seq * step
 * @step: 0 outside loops
 * @tag: with WEFT_CELL_TAG: stored; or compared, a difference stops the queue
 * @exit_levels: of a wait: loops that END leaves, 0 = none: the next command follows
 * @exit: of a wait: command of the list around those loops with which END goes on
 */
struct weft_cell_op {
	uint32_t size;
	uint32_t level;
	int32_t skew;
	uint32_t flags;
	uint64_t cell, base, step, tag;
	uint32_t exit_levels;
	uint32_t exit;
};

/** weft_list_wait() - the queue sleeps, holding nothing, until the cell has the value */
int weft_list_wait(struct weft_list *list, const struct weft_cell_op *op);

/** weft_list_signal() - store the value and wake waiters, on whichever card they are */
int weft_list_signal(struct weft_list *list, const struct weft_cell_op *op);

/**
 * struct weft_cell_item - one cell of several; members as in struct weft_cell_op
 *
 * It has no size: it does not change.
 */
struct weft_cell_item {
	uint64_t cell, base, step, tag;
};
#define WEFT_CELL_ITEMS		4096	/* at most, in one command */

/**
 * weft_list_wait_all() - the queue sleeps until each of several cells has its value
 * @op: of all of them: level, skew, flags, exit_levels, exit; its cell, base, step and tag are 0
 * @items: copied; looked at in this order, and the first that has no value yet decides about fault and END
 * @count: of them, 1 … WEFT_CELL_ITEMS
 *
 * Needs a card with capability cell_lists, else the queue faults "cap". Return: see above.
 */
int weft_list_wait_all(struct weft_list *list, const struct weft_cell_op *op, const struct weft_cell_item *items,
		       uint32_t count);

/** weft_list_signal_all() - store to several cells, or to none if one cannot be reached; as weft_list_wait_all() */
int weft_list_signal_all(struct weft_list *list, const struct weft_cell_op *op, const struct weft_cell_item *items,
			 uint32_t count);

/**
 * struct weft_rotation - an operand that moves on with the iterations of a loop
 * @size: sizeof
 * @level: loop that moves it
 * @base: device address of block 0
 * @stride: bytes between blocks
 * @depth: blocks, 1 … 65535: block (phase + seq / div * mul) mod depth is meant
 * @phase: of the first run; kept from run to run
 * @mul: blocks per firing, >= 1
 * @div: iterations per firing, >= 1
 * @skew: of seq
 */
struct weft_rotation {
	uint32_t size;
	uint32_t level;
	uint64_t base, stride;
	uint16_t depth, phase, mul, div;
	int32_t skew;
	uint32_t pad;
};

/**
 * weft_list_rotation() - make an operand
 * @operand: out, to be used as an address in commands of this list; in weft_list_reduce() sources or destinations that
 *	rotate follow each other as they were made
 */
int weft_list_rotation(struct weft_list *list, const struct weft_rotation *rotation, uint64_t *operand);

/**
 * weft_list_choice() - an operand chosen when it is used, by a number in memory
 * @index: device address or rotation of a u32 i
 * @choices: rotations of this list, made one after the other without others between
 * @count: of them; i >= @count stops the queue
 */
int weft_list_choice(struct weft_list *list, uint64_t index, const uint64_t *choices, uint16_t count, uint64_t *operand);

/** weft_list_call() - run @inner, which is committed and stays so */
int weft_list_call(struct weft_list *list, struct weft_list *inner);

/** weft_list_loop() - run it @count times, 0 = until something leaves it */
int weft_list_loop(struct weft_list *list, struct weft_list *inner, uint64_t count);

/** weft_list_range() - commands up to the next range or predicate run only while 0 <= seq < @last; 0: no upper end */
int weft_list_range(struct weft_list *list, uint32_t level, int32_t skew, uint64_t last);

/** enum weft_comparison - unsigned; ALWAYS ends a predicate */
enum weft_comparison {
	WEFT_COMPARE_EQ = 0,
	WEFT_COMPARE_NE = 1,
	WEFT_COMPARE_LT = 2,
	WEFT_COMPARE_GE = 3,
	WEFT_COMPARE_ALWAYS = 4,
};

/** weft_list_pred() - operators and copies up to the next predicate run only if the u32 at @operand compares with @value */
int weft_list_pred(struct weft_list *list, enum weft_comparison compare, uint64_t operand, uint32_t value);

/** weft_list_break() - leave the loop at @level */
int weft_list_break(struct weft_list *list, uint32_t level);

/** weft_list_commit() - place it in device memory. Return: 0 (also when it was), -EINVAL, -ENOTCONN, -ENOSPC, … */
int weft_list_commit(struct weft_list *list);

#ifdef __cplusplus
}
#endif
#endif
