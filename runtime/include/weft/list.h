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

/** weft_list_commit() - place it in device memory. Return: 0 (also when it was), -EINVAL, -ENOTCONN, -ENOSPC, … */
int weft_list_commit(struct weft_list *list);

#ifdef __cplusplus
}
#endif
#endif
