/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: libweft, conventions of every call
 *
 * - A call returns 0 (or a count) on success and a negative errno on failure; weft_last_error() then holds one line of
 *   text, of the calling thread, that says what was asked and why it failed.
 * - Before weft_open(), and after the last weft_close(), every call fails with -ENOTCONN. A NULL or foreign handle is
 *   -EINVAL.
 * - Every structure starts with `size`. The caller sets it to sizeof of the structure it was compiled with; the
 *   library reads and writes no byte beyond it, takes absent fields as 0, and refuses one that is too small for the
 *   first version (-EINVAL). Unused fields and flags must be 0.
 * - Handles are opaque and may be used by several threads at once, except a list, which one thread builds at a time.
 *   A handle must not be used while another thread destroys it.
 * - A timeout is in nanoseconds from the call; 0 asks without waiting; WEFT_FOREVER waits for as long as an hour,
 *   which is the longest wait the library makes. A wait that runs out is -ETIME.
 * - A device address is valid on the one device whose address space it belongs to. On devices of kind `host` it is
 *   a pointer.
 */
#ifndef WEFT_BASE_H
#define WEFT_BASE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEFT_VERSION_MAJOR	0
#define WEFT_VERSION_MINOR	1

#define WEFT_FOREVER		UINT64_MAX
#define WEFT_NAME_BYTES		32

struct weft;
struct weft_device;
struct weft_memory;
struct weft_timeline;
struct weft_list;
struct weft_queue;
struct weft_tensor;

/**
 * enum weft_type - element type
 * @WEFT_TYPE_U32: for operators that take or give indices; not a type of weft_list_reduce()
 */
enum weft_type {
	WEFT_TYPE_F32 = 0,
	WEFT_TYPE_F16 = 1,
	WEFT_TYPE_BF16 = 2,
	WEFT_TYPE_I32 = 3,
	WEFT_TYPE_I8 = 4,
	WEFT_TYPE_U8 = 5,
	WEFT_TYPE_U32 = 6,
};

/** weft_type_bytes() - bytes of one element, 0 for an unknown type */
uint32_t weft_type_bytes(enum weft_type type);

/** weft_type_name() - "f32" …, "?" for an unknown type; constant text */
const char *weft_type_name(enum weft_type type);

/**
 * weft_last_error() - why the last failing call of this thread failed
 *
 * Return: one line without newline, "" when nothing failed yet. The text belongs to the thread and is valid until
 * its next failing call. Needs no weft_open().
 */
const char *weft_last_error(void);

/** weft_version() - version of the library that runs, major << 16 | minor. Needs no weft_open() */
uint32_t weft_version(void);

/** weft_f32() - bits of a float, for struct weft_exec.scalars */
static inline uint32_t weft_f32(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

#ifdef __cplusplus
}
#endif
#endif
