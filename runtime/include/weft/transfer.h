/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: memory operations
 *
 * Each device has one copier: a queue of its own that runs these operations in order, besides the queues of the user.
 * Nothing orders them against user queues but waits: wait for the point first, or name it in `waits` of a job; and
 * wait for the jobs that use the memory before calling, or pass their points in @after of the asynchronous forms.
 *
 * Bytes that come from or go to ordinary host memory pass through a pinned buffer of the copier. Up to 256 bytes of a
 * synchronous write to local memory go through a mapping instead, when the copier is idle.
 */
#ifndef WEFT_TRANSFER_H
#define WEFT_TRANSFER_H

#include "memory.h"
#include "timeline.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Two devices that cannot reach each other: copy through host memory, counted in weft_stats.host_bounce_bytes */
#define WEFT_TRANSFER_ALLOW_BOUNCE	0x1

/*
 * Synchronous: done when the call returns. Return: 0, -EINVAL (range), -ENOTCONN, -EOPNOTSUPP (peers that cannot reach
 * each other; the text says why), -EFAULT (the card faulted), -ETIME (60 s), -ENODEV.
 */

/** weft_memory_write() - @bytes from host pointer @src to @offset of @dst */
int weft_memory_write(struct weft_memory *dst, uint64_t offset, const void *src, uint64_t bytes);

/** weft_memory_read() - @bytes from @offset of @src to host pointer @dst */
int weft_memory_read(struct weft_memory *src, uint64_t offset, void *dst, uint64_t bytes);

/**
 * weft_memory_copy() - between two memories of the same or of two devices
 *
 * Between cards the copier of the destination's card reads the source directly. Overlap is legal only when equal.
 */
int weft_memory_copy(struct weft_memory *dst, uint64_t dst_offset, struct weft_memory *src, uint64_t src_offset,
		     uint64_t bytes, uint32_t flags);

/** weft_memory_fill() - repeat the low @width bytes of @pattern; @offset and @bytes are multiples of @width */
int weft_memory_fill(struct weft_memory *dst, uint64_t offset, uint64_t pattern, uint32_t width, uint64_t bytes);

/*
 * Asynchronous: as above, but started when the call returns, and done when @done is reached. @after: points the
 * operation waits for, @num_after of them, may be NULL. @done: out, may be NULL; its timeline belongs to the device.
 */

/** weft_memory_write_async() - @src may be reused when the call returns. May wait for room in the pinned buffer */
int weft_memory_write_async(struct weft_memory *dst, uint64_t offset, const void *src, uint64_t bytes,
			    const struct weft_point *after, uint32_t num_after, struct weft_point *done);

/** weft_memory_read_async() - @dst is written by a thread of the library; jobs must not wait for @done, threads may */
int weft_memory_read_async(struct weft_memory *src, uint64_t offset, void *dst, uint64_t bytes,
			   const struct weft_point *after, uint32_t num_after, struct weft_point *done);

/** weft_memory_copy_async() - never bounces: -EOPNOTSUPP instead */
int weft_memory_copy_async(struct weft_memory *dst, uint64_t dst_offset, struct weft_memory *src,
			   uint64_t src_offset, uint64_t bytes, const struct weft_point *after, uint32_t num_after,
			   struct weft_point *done);

/** weft_memory_fill_async() */
int weft_memory_fill_async(struct weft_memory *dst, uint64_t offset, uint64_t pattern, uint32_t width,
			   uint64_t bytes, const struct weft_point *after, uint32_t num_after,
			   struct weft_point *done);

#ifdef __cplusplus
}
#endif
#endif
