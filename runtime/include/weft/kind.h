/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: device kinds
 *
 * `card` and `host` are rows of a table in the library. A program adds another kind with weft_kind_register(): the
 * library then supplies its memory (host memory; a device address is a pointer), its queues (one thread each) and its
 * timelines, and calls @execute for each command but TIMED, which it does itself, in order.
 */
#ifndef WEFT_KIND_H
#define WEFT_KIND_H

#include "list.h"

#ifdef __cplusplus
extern "C" {
#endif

enum weft_command_op {
	WEFT_COMMAND_EXEC = 1,
	WEFT_COMMAND_COPY = 2,
	WEFT_COMMAND_REDUCE = 3,
	WEFT_COMMAND_FILL = 4,
	WEFT_COMMAND_TIMED = 5,
	WEFT_COMMAND_TIMESTAMP = 6,
	/* of cards alone: a list of another kind does not take them */
	WEFT_COMMAND_WAIT = 7,
	WEFT_COMMAND_SIGNAL = 8,
	WEFT_COMMAND_CALL = 9,
	WEFT_COMMAND_RANGE = 10,
	WEFT_COMMAND_PRED = 11,
	WEFT_COMMAND_BREAK = 12,
	WEFT_COMMAND_WAIT_ALL = 13,
	WEFT_COMMAND_SIGNAL_ALL = 14,
};

/** struct weft_command - one command of a list, as the builder recorded it; fields as the parameters of list.h */
struct weft_command {
	uint32_t op;
	uint32_t reserved;
	union {
		struct {
			const struct weft_kernel *kernel;
			struct weft_exec exec;
		} exec;
		struct {
			uint64_t dst, dst_pitch, src, src_pitch, bytes;
			uint32_t rows;
		} copy;
		struct {
			uint32_t type, op, num_src, num_dst;
			uint64_t count;
			const uint64_t *src, *dst;
		} reduce;
		struct {
			uint64_t dst, bytes, pattern;
			uint32_t width;
		} fill;
		struct {
			uint64_t ns;
		} timed;
		struct {
			uint64_t dst;
		} timestamp;
		struct weft_cell_op cell;
		struct {
			struct weft_cell_op op;
			const struct weft_cell_item *items;
			uint32_t count;
		} cells;
		struct {
			struct weft_list *inner;
			uint64_t count;
			uint32_t loop;
		} call;
		struct {
			uint64_t last;
			uint32_t level;
			int32_t skew;
		} range;
		struct {
			uint64_t operand;
			uint32_t compare, value;
		} pred;
		uint32_t level;
	} u;
};

/**
 * struct weft_kind - one kind
 * @size: sizeof
 * @name: static text, at most WEFT_NAME_BYTES - 1 bytes
 * @count: number of devices
 * @open: @priv is passed to the others; may be NULL
 * @close: undoes @open; may be NULL
 * @execute: run one command; 0 or -errno, which fails the job and is reported by its waits. Threads of several queues
 *	call it at once
 */
struct weft_kind {
	uint32_t size;
	uint32_t pad;
	const char *name;
	uint32_t (*count)(void);
	int (*open)(uint32_t index, void **priv);
	void (*close)(void *priv);
	int (*execute)(void *priv, const struct weft_command *command);
};

/**
 * weft_kind_register() - add a kind
 * @kind: kept by reference until the library is closed: static
 *
 * Return: 0, -EEXIST (name taken), -EINVAL, -ENOTCONN, -ENOSPC (16 kinds).
 */
int weft_kind_register(struct weft *weft, const struct weft_kind *kind);

/** weft_kind_name() - name of kind @index, NULL beyond the last or when the library is not open */
const char *weft_kind_name(struct weft *weft, uint32_t index);

/** weft_command_run() - what kind `host` does: run it on pointers with the reference operators. Return: 0 or -errno */
int weft_command_run(const struct weft_command *command);

#ifdef __cplusplus
}
#endif
#endif
