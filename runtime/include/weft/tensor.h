/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: tensors
 *
 * A tensor is a shape and a type whose rows (axis 0) are cut into segments, one per device, in the order given: of
 * `rows` over `n` devices each gets rows / n, and the first rows % n get one more. It is copied to and from the host
 * by the asynchronous copiers of its devices.
 */
#ifndef WEFT_TENSOR_H
#define WEFT_TENSOR_H

#include "memory.h"
#include "timeline.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WEFT_TENSOR_MAX_RANK	8

/**
 * struct weft_tensor_desc - what weft_tensor_create() makes
 * @size: sizeof
 * @type: enum weft_type
 * @place: enum weft_place
 * @rank: 1 … 8
 * @shape: elements per axis, each > 0; row-major
 */
struct weft_tensor_desc {
	uint32_t size;
	uint32_t type;
	uint32_t place;
	uint32_t rank;
	uint64_t shape[WEFT_TENSOR_MAX_RANK];
};

/** struct weft_segment - @rows rows from @first_row on, in @memory (which the tensor owns; NULL when @rows is 0) */
struct weft_segment {
	uint32_t size;
	uint32_t pad;
	struct weft_device *device;
	struct weft_memory *memory;
	uint64_t first_row;
	uint64_t rows;
	uint64_t bytes;
};

/**
 * weft_tensor_split() - rows of segment @part of @parts
 * @first_row: out
 * @num_rows: out
 *
 * Return: 0, -EINVAL. Needs no weft_open().
 */
int weft_tensor_split(uint64_t rows, uint32_t parts, uint32_t part, uint64_t *first_row, uint64_t *num_rows);

/**
 * weft_tensor_create() - allocate it on @devices
 * @devices: @num_devices > 0 of them, of any kinds; they outlive the tensor
 * @tensor: out, destroyed by the caller
 *
 * Return: 0, -EINVAL, -ENOTCONN, and what weft_memory_create() returns.
 */
int weft_tensor_create(struct weft_device *const *devices, uint32_t num_devices, const struct weft_tensor_desc *desc,
		       struct weft_tensor **tensor);

/** weft_tensor_destroy() - copies of it must have ended. Return: 0, -EINVAL, -ENOTCONN */
int weft_tensor_destroy(struct weft_tensor *tensor);

/** weft_tensor_segment() - segment @index. Return: 0, -ENOENT beyond the last, -EINVAL, -ENOTCONN */
int weft_tensor_segment(const struct weft_tensor *tensor, uint32_t index, struct weft_segment *segment);

/** weft_tensor_bytes() - bytes of the whole tensor, 0 for NULL */
uint64_t weft_tensor_bytes(const struct weft_tensor *tensor);

/**
 * weft_tensor_scatter() - host to devices
 * @src: the whole tensor, dense; may be reused when the call returns
 * @done: out, one point per device (value 0 for an empty segment), or NULL: then the call waits
 *
 * Return: 0, and what weft_memory_write_async() returns.
 */
int weft_tensor_scatter(struct weft_tensor *tensor, const void *src, struct weft_point *done);

/** weft_tensor_gather() - devices to host, as weft_tensor_scatter(); @dst is complete when all points are reached */
int weft_tensor_gather(struct weft_tensor *tensor, void *dst, struct weft_point *done);

#ifdef __cplusplus
}
#endif
#endif
