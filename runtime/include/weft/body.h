/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: task execution bodies
 *
 * A plan is a graph of *bodies*, one for each operator kernel, and *edges* between them. An edge owns D blocks, reserved
 * before the run. A body fires for sequence s when each of its inputs has been produced for s and each of its outputs has an
 * idle block; a block is idle again when every consumer has returned it. Cards do all of that by themselves, through cells
 * (cell.h), so different sequences are in different bodies at once while the host sleeps.
 *
 * In one firing a body takes c tokens (blocks) from each input and gives p to each output; rates must balance, and a body then
 * fires q times in each sequence. Bodies are put into *lanes*: one queue each, that runs its bodies in order, each with a skew:
 * in iteration i the lane runs sequence i - skew of the body.
 *
 * A plan is built here, with commands as in list.h, and run by plan.h. What is built is data: it is checked when the plan is
 * prepared, and not before. One thread builds a plan at a time. A call after weft_plan_prepare() is -EBUSY.
 */
#ifndef WEFT_BODY_H
#define WEFT_BODY_H

#include "list.h"

#ifdef __cplusplus
extern "C" {
#endif

struct weft_plan;
struct weft_edge;
struct weft_body;
struct weft_constant;

#define WEFT_PLAN_DEVICES	16	/* cards of a plan, at most */

#define WEFT_PLAN_POISON	0x1	/* test: each block is overwritten when its producer has it, before it fires */
#define WEFT_PLAN_FEW_QUEUES	0x2	/* bodies without a lane share lanes where that costs no period */
#define WEFT_PLAN_TRACE		0x4	/* cards keep a record of each packet */

/**
 * struct weft_plan_config - what weft_plan_create() makes; NULL or all 0 (but size) gives the defaults
 * @size: sizeof
 * @flags: WEFT_PLAN_*
 * @name: shown in errors, copied; may be NULL
 * @priority: enum weft_priority, of its queues
 * @lanes: with FEW_QUEUES: lanes of a card, at most; 0 = as many as the card has slots
 * @budget_bytes: memory of each card that blocks and constants may take; 0 = what it has
 * @period_ns: of a sequence, wanted; depths are no greater than it needs; 0 = the least that is possible
 * @cell_base: first value of every cell, for tests of wrap-around; else 0
 */
struct weft_plan_config {
	uint32_t size;
	uint32_t flags;
	const char *name;
	uint32_t priority;
	uint32_t lanes;
	uint64_t budget_bytes;
	uint64_t period_ns;
	uint64_t cell_base;
};

/**
 * weft_plan_create() - an empty plan
 * @devices: cards, opened; bodies name them by their index here. They are closed after weft_plan_destroy()
 * @count: of them, 1 … WEFT_PLAN_DEVICES
 * @plan: out; destroyed by the caller
 *
 * Return: 0, -EINVAL, -ENOTCONN, -EOPNOTSUPP (no card, or one without cells and loops), -ENOMEM.
 */
int weft_plan_create(struct weft_device *const *devices, uint32_t count, const struct weft_plan_config *config,
		     struct weft_plan **plan);

/**
 * weft_plan_destroy() - take it from the cards if it was loaded, and free it with its edges, bodies and constants
 *
 * It ends where it is; weft_plan_end() before it lets it run out. Return: 0, -EINVAL, -ENOTCONN, -ENODEV (freed all the same).
 */
int weft_plan_destroy(struct weft_plan *plan);

#define WEFT_EDGE_STATE		0x1	/* one block with one initial token, written in place when every consumer has returned it */
#define WEFT_EDGE_CONTROL	0x2	/* no blocks, only tokens; the depth bounds them all the same */
#define WEFT_EDGE_HOST		0x4	/* blocks are in pinned host memory; without a producer the host feeds it, weft_edge_push() */
#define WEFT_EDGE_NO_SHARE	0x8	/* its blocks are its own for the whole run, so weft_edge_read() finds the last ones */
#define WEFT_EDGE_PULL		0x10	/* with HOST: the host is a consumer, weft_edge_pull() */
#define WEFT_EDGE_EXPORT	0x20	/* bodies of another process are consumers, see edge_peer.h; no state, not HOST */
#define WEFT_EDGE_IMPORT	0x40	/* a body of another process is the producer; no initial tokens, consumers on one card */

/**
 * struct weft_edge_desc - an edge
 * @size: sizeof
 * @flags: WEFT_EDGE_*
 * @name: shown in errors and reports, copied; not NULL
 * @block_bytes: of one block, 1 … 2^40; 0 with CONTROL. Blocks follow each other at this distance rounded up to 256, so those of
 *	one firing are contiguous when it is a multiple of 256 and @initial one of the producer's rate
 * @depth: blocks D, at most 65535, a multiple of every rate of its ports; 0 = as few as the period needs, with HOST as many more
 *	as its ports move at a time, and 2 with EXPORT or IMPORT
 * @initial: tokens k that are there before the first firing, at most D
 * @device: 0 = blocks lie where the first consumer is (without one: the producer), else 1 + index of the card
 * @pad: 0
 * @contents: of the initial tokens, @initial times @block_bytes, copied; NULL = zeros
 * @memory: with HOST, of an edge that the host feeds or pulls: the blocks are the first @depth ones of this memory, the caller's,
 *	kept until the plan is destroyed; weft_memory_import_fd() of a udmabuf, say, so that io_uring reads into fixed buffers, or a
 *	mapped file. NULL = the plan has its own
 * @pointer: with @memory: where the process has it mapped
 * @whole: not NULL: a part of the blocks of this edge, which so has several producers, each for bytes of its own: those from
 *	@offset on, @block_bytes of them. Parts are made in the order of their offsets and before anything is prepared; what lies
 *	before the first one the producer of @whole writes. Depth, tokens, place and consumers are those of @whole, which has a
 *	@depth, is not CONTROL, HOST, EXPORT or IMPORT, and has its blocks for itself; all else here but @name is 0. Who consumes
 *	@whole waits for all parts; a part is not consumed by itself
 * @offset: with @whole: bytes from the beginning of each block; more than 0, and none of an earlier part
 */
struct weft_edge_desc {
	uint32_t size;
	uint32_t flags;
	const char *name;
	uint64_t block_bytes;
	uint32_t depth;
	uint32_t initial;
	uint32_t device;
	uint32_t pad;
	const void *contents;
	struct weft_memory *memory;
	void *pointer;
	struct weft_edge *whole;
	uint64_t offset;
};

/** weft_edge_create() - @edge lives as long as the plan. 0, -EINVAL, -EEXIST (name), -ENOTCONN, -EBUSY, -ENOMEM */
int weft_edge_create(struct weft_plan *plan, const struct weft_edge_desc *desc, struct weft_edge **edge);

/**
 * weft_constant_create() - memory that bodies read and no body writes: inputs that stay, tables
 * @name: copied; not NULL
 * @bytes: 1 … 2^40
 * @memory: NULL: the plan has a copy on each card that uses it, zeroed at load and written by weft_constant_write(). Else
 *	memory of any of the plan's devices, the caller's, kept until the plan is destroyed: no copy is made
 * @constant: out; lives as long as the plan
 *
 * Return: 0, -EINVAL, -EEXIST, -ENOTCONN, -EBUSY, -ENOMEM.
 */
int weft_constant_create(struct weft_plan *plan, const char *name, uint64_t bytes, struct weft_memory *memory,
			 struct weft_constant **constant);

/**
 * weft_constant_contents() - what the plan's copies hold once it is loaded, in place of zeros
 * @data: copied
 * @bytes: those of the constant
 *
 * Return: 0, -EINVAL (@bytes; memory of the caller's), -ENOTCONN, -EBUSY, -ENOMEM.
 */
int weft_constant_contents(struct weft_constant *constant, const void *data, uint64_t bytes);

/**
 * weft_constant_file() - the same from a file, which is read at each load and must have as many bytes as the constant
 * @path: 1 … 4095 bytes, copied; see weft_plan_directory()
 *
 * Return: as weft_constant_contents(); it is not opened here.
 */
int weft_constant_file(struct weft_constant *constant, const char *path);

/**
 * struct weft_body_desc - a body
 * @size: sizeof
 * @device: index of the card that runs it
 * @name: shown in errors and reports, copied; not NULL
 * @lane: bodies of one card with the same lane share a queue, in the order they were made; NULL = a lane is chosen
 * @time_ns: of one firing, estimated; 0 = what its TIMED commands take, and 1 us if it has others
 * @skew: with @lane: the lane runs sequence i - skew of it in iteration i; 0 … 1023
 * @priority: enum weft_priority; a lane has the highest of its bodies'. 0 = the plan's
 */
struct weft_body_desc {
	uint32_t size;
	uint32_t device;
	const char *name;
	const char *lane;
	uint64_t time_ns;
	uint32_t skew;
	uint32_t priority;
};

/** weft_body_create() - @body lives as long as the plan. 0, -EINVAL, -EEXIST (name), -ENOTCONN, -EBUSY, -ENOMEM */
int weft_body_create(struct weft_plan *plan, const struct weft_body_desc *desc, struct weft_body **body);

/**
 * weft_body_input() - the body consumes @rate (1 … 65535) tokens of @edge in each firing
 *
 * Return: 0, -EINVAL, -EEXIST (it does already), -ENOTCONN, -EBUSY, -ENOMEM.
 */
int weft_body_input(struct weft_body *body, struct weft_edge *edge, uint32_t rate);

/** weft_body_output() - the body produces @rate tokens of @edge; an edge has one producer. As weft_body_input() */
int weft_body_output(struct weft_body *body, struct weft_edge *edge, uint32_t rate);

/*
 * Operands: what the commands of a body take as addresses. An offset in bytes may be added to one (not to a choice); that it
 * stays inside is checked when the plan is prepared. A device address of the body's card is an operand too, at the caller's
 * risk. 0 means failure; weft_last_error() says why.
 */

/** weft_body_in() - block @j, below the rate, of those that the firing takes from @edge */
uint64_t weft_body_in(struct weft_body *body, struct weft_edge *edge, uint32_t j);

/** weft_body_out() - block @j of those that the firing gives to @edge, its part of it; of a state edge it holds the state as it was */
uint64_t weft_body_out(struct weft_body *body, struct weft_edge *edge, uint32_t j);

/** weft_body_constant() - first byte of @constant */
uint64_t weft_body_constant(struct weft_body *body, struct weft_constant *constant);

/**
 * weft_body_table() - entry (f / @firings) mod @entries of a constant in firing f
 * @stride: bytes between entries
 * @entries: 1 … 65535
 * @firings: that take the same entry, 1 … 65535
 */
uint64_t weft_body_table(struct weft_body *body, struct weft_constant *constant, uint64_t stride, uint32_t entries,
			 uint32_t firings);

/**
 * weft_body_choice() - the operand that a u32 in memory names when the command runs; a number >= @count stops the plan
 * @index: operand of the u32; not a choice
 * @choices: operands, no choice among them and no device address
 * @count: 1 … 1024
 */
uint64_t weft_body_choice(struct weft_body *body, uint64_t index, const uint64_t *choices, uint32_t count);

/*
 * Each of the following appends one command to the body, as the calls of the same names in list.h do to a list. They run in
 * order in each firing. Return: 0, -EINVAL, -ENOTCONN, -EBUSY, -ENOENT (kernel), -ENOMEM.
 */

/** weft_body_exec() - as weft_list_exec(); operands and scalar_operands are operands of the body */
int weft_body_exec(struct weft_body *body, const char *name, enum weft_type type, const struct weft_exec *exec);

/** weft_body_copy() - as weft_list_copy() */
int weft_body_copy(struct weft_body *body, uint64_t dst, uint64_t src, uint64_t bytes);

/** weft_body_copy_rows() - as weft_list_copy_rows() */
int weft_body_copy_rows(struct weft_body *body, uint64_t dst, uint64_t dst_pitch, uint64_t src, uint64_t src_pitch,
			uint64_t bytes, uint32_t rows);

/** weft_body_fill() - as weft_list_fill() */
int weft_body_fill(struct weft_body *body, uint64_t dst, uint64_t bytes, uint64_t pattern, uint32_t width);

/** weft_body_reduce() - as weft_list_reduce() */
int weft_body_reduce(struct weft_body *body, enum weft_type type, enum weft_reduction op, const uint64_t *src,
		     uint32_t num_src, const uint64_t *dst, uint32_t num_dst, uint64_t count);

/** weft_body_timed() - as weft_list_timed() */
int weft_body_timed(struct weft_body *body, uint64_t ns);

/** weft_body_timestamp() - as weft_list_timestamp(), but obeys weft_body_pred() */
int weft_body_timestamp(struct weft_body *body, uint64_t dst);

/*
 * Cells that are not the plan's: of the host, of other plans, of an arrival with tags. The planner does not see them, so a
 * cycle through them is not refused but stands still. Bubbles wait and signal as other sequences do.
 */

/**
 * struct weft_body_cell - one of them; in firing f the value is @base + f * @step
 * @cells: memory made with WEFT_MEMORY_CELLS; or, to signal, an import into the body's card. Outlives the load
 * @index: cell in it
 * @pad: 0
 * @base: of the first firing
 * @step: of the next ones
 * @tag: with WEFT_CELL_TAG: stored; or compared, and one that differs stops the plan
 *
 * It has no size: it does not change.
 */
struct weft_body_cell {
	struct weft_memory *cells;
	uint32_t index, pad;
	uint64_t base, step, tag;
};
#define WEFT_BODY_CREDIT	0x10000		/* of a wait: the cells say that something was given back, not that it was made */

/**
 * weft_body_wait_all() - the body sleeps until each of several cells has its value
 * @name: shown in reports, copied; not NULL
 * @flags: WEFT_CELL_TAG, WEFT_BODY_CREDIT
 * @cells: copied
 * @count: of them, 1 … WEFT_CELL_ITEMS
 *
 * Return: 0, -EINVAL (not a cell that the body's card can wait for), -ENOTCONN, -EBUSY, -ENOMEM.
 */
int weft_body_wait_all(struct weft_body *body, const char *name, uint32_t flags, const struct weft_body_cell *cells,
		       uint32_t count);

/** weft_body_signal_all() - store to several cells; @flags: WEFT_CELL_TAG, WEFT_CELL_SYSTEM. Else as weft_body_wait_all() */
int weft_body_signal_all(struct weft_body *body, const char *name, uint32_t flags, const struct weft_body_cell *cells,
			 uint32_t count);

/**
 * weft_body_pred() - commands up to the next predicate of the body run only if the u32 at @operand compares with @value
 *
 * The tokens of a body whose commands did not run go on all the same: a plan with branches has the same shape in every sequence.
 */
int weft_body_pred(struct weft_body *body, enum weft_comparison compare, uint64_t operand, uint32_t value);

#ifdef __cplusplus
}
#endif
#endif
