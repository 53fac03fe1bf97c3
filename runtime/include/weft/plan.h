/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: running a plan of bodies
 *
 * weft_plan_prepare() checks the plan and tells what it will take, weft_plan_load() puts it on the cards, weft_plan_run() opens
 * the gate for some sequences: one store to each card. Nothing else is needed for it to run, and no system call is made but to
 * sleep. Not opening the gate is a pause. Sequences are counted from 0 for the life of the load.
 *
 * A call of a plan on which a body has faulted is -EOWNERDEAD; weft_plan_last_error() says which body, sequence, card and why.
 * Any number of threads may wait; one at a time runs, drains, ends, reads or writes a plan.
 */
#ifndef WEFT_PLAN_H
#define WEFT_PLAN_H

#include "look.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct weft_plan_report - what a plan takes; @why may be NULL
 * @size: sizeof
 * @num_bodies: in it
 * @num_edges: in it
 * @num_lanes: queues that it takes
 * @memory_bytes: blocks and constants, on all cards
 * @host_bytes: of them in host memory
 * @unshared_bytes: of blocks, if no edge shared memory with another
 * @period_ns: of a sequence at least: T*, by the times of the bodies
 * @pace_ns: of a sequence, with the engines as wide as they are
 * @lag: bubbles of a drain, sequences
 * @pad: 0
 * @critical: the cycle or group of engines that T* comes from, in the names of the plan; constant text of the plan
 */
struct weft_plan_report {
	uint32_t size;
	uint32_t num_bodies;
	uint32_t num_edges;
	uint32_t num_lanes;
	uint64_t memory_bytes, host_bytes, unshared_bytes;
	double period_ns, pace_ns;
	uint32_t lag;
	uint32_t pad;
	const char *critical;
};

/**
 * weft_plan_prepare() - check, choose lanes, depths and places
 * @report: out; may be NULL
 *
 * No card is touched. Return: 0 (also when it was); -EINVAL (an operand outside its block, rates that do not balance, a port
 * that is missing …), -EDEADLK (a cycle without a token; the text names it), -ENOSPC (memory; the text says how much is
 * missing), -ERANGE (the period that is wanted cannot be kept), -E2BIG and -EOVERFLOW (too many), -ENOTCONN, -ENOMEM.
 */
int weft_plan_prepare(struct weft_plan *plan, struct weft_plan_report *report);

/** weft_edge_depth() - blocks of it, once prepared; 0 before */
uint32_t weft_edge_depth(const struct weft_edge *edge);

/**
 * weft_plan_load() - reserve memory and queues, write initial tokens, start the lanes, which wait for the gate
 *
 * Prepares, when that was not done. Where the plan has edges to other processes it meets them, see edge_peer.h.
 *
 * Each lane takes a queue of its card, two mappings of the process, 8 KiB of pinned host memory and about 1 KiB of card memory
 * with what its commands need (with WEFT_PLAN_TRACE 4 MiB of host memory besides). A process may have max_queues of struct
 * weft_device_info on a card, a quarter of all or, opened with CAP_SYS_RESOURCE, nearly all of them; a plan with more lanes there
 * is refused before anything is taken, and told how many there are too many. Linux lets a process have 65,530 mappings (vm.max_map_count), enough for 32,000 lanes.
 *
 * Return: 0, -EBUSY (loaded), -EOPNOTSUPP (cards that do not reach each other), -ENOSPC, -EDQUOT (the text says what there is too
 * little of), -EACCES (priority), -ENODEV, -EINVAL, -ENOTCONN, -ENOMEM, and as weft_plan_prepare(). After a failure it is not
 * loaded.
 */
int weft_plan_load(struct weft_plan *plan);

/**
 * weft_plan_unload() - stop it where it is and free what weft_plan_load() took
 *
 * Drain it first where it has many lanes: those then leave their loops by themselves, within a second and a millisecond for each.
 * One that is stopped in its loop stops those that wait for it, which costs the driver several times as much. Return: 0, -EINVAL,
 * -ENOTCONN, -ENODEV.
 */
int weft_plan_unload(struct weft_plan *plan);

/**
 * weft_plan_run() - open @count more sequences, 1 … 2^40
 * @first: out, the first of them; may be NULL
 *
 * Does not wait, with one exception: more than 16,384 at once, soon after a weft_plan_drain(), wait until the bubbles of that
 * are through. Return: 0, -EINVAL, -ENOTCONN, -EPIPE (ended), -EOWNERDEAD, -ETIME (the exception took more than a minute).
 */
int weft_plan_run(struct weft_plan *plan, uint64_t count, uint64_t *first);

/**
 * weft_plan_wait() - sleep until every body has done sequence @seq
 *
 * The last sequences of a plan with skewed lanes end only when more are opened: weft_plan_drain(). Return: 0, -ETIME (the text
 * has body, lane, wanted and actual), -EOWNERDEAD, -EINVAL (@seq was never opened), -EPIPE (its bodies ended before, as the host
 * or another process ended an edge), -ENOTCONN.
 */
int weft_plan_wait(struct weft_plan *plan, uint64_t seq, uint64_t timeout_ns);

/**
 * weft_plan_drain() - let everything that was opened run out of every lane, then wait for it
 *
 * Opens as many bubbles, sequences in which bodies execute nothing, as the plan has lag; they are not counted. Return: 0, -ETIME,
 * -EOWNERDEAD, -EPIPE, -EINVAL, -ENOTCONN.
 */
int weft_plan_drain(struct weft_plan *plan, uint64_t timeout_ns);

/** weft_plan_end() - drain, then let every lane leave its loop; it runs no more. As weft_plan_drain(); 0 also when it has */
int weft_plan_end(struct weft_plan *plan, uint64_t timeout_ns);

/**
 * struct weft_plan_error - what stopped a plan first
 * @size: sizeof
 * @device: index of its card
 * @cause: weft_fault_name(); 0 = nothing did
 * @pad: 0
 * @seq: sequence of the body then
 * @address: that could not be accessed, or 0
 * @body: its name; "" when not known. Text of the plan
 * @lane: its lane
 * @edge: not "": what stopped it is at the other end of this edge, in another process. May be missing at the end of the structure
 */
struct weft_plan_error {
	uint32_t size;
	uint32_t device;
	uint32_t cause;
	uint32_t pad;
	uint64_t seq;
	uint64_t address;
	const char *body;
	const char *lane;
	const char *edge;
};

/** weft_plan_last_error() - look, without a system call. Return: 0, -EINVAL, -ENOTCONN */
int weft_plan_last_error(struct weft_plan *plan, struct weft_plan_error *error);

/**
 * weft_constant_write() - @bytes at @offset of the plan's copies of a constant, on every card that has one
 *
 * For a loaded plan in which nothing runs: nothing was opened yet, or it is drained. Return: 0, -EINVAL (range; memory of the
 * caller), -EBUSY, -ENOTCONN, -EOWNERDEAD, and as weft_memory_write().
 */
int weft_constant_write(struct weft_constant *constant, uint64_t offset, const void *data, uint64_t bytes);

/**
 * weft_edge_read() - block @j of those that its producer made in sequence @seq, counted over its firings of that sequence
 * @bytes: from its beginning, at most block_bytes
 *
 * The sequence must have been waited for, and the block not be in use again: it is so for the last D tokens of an edge with
 * WEFT_EDGE_NO_SHARE, those that bubbles took among them. Return: 0, -EINVAL, -ESTALE (it is), -EAGAIN (@seq is not done), -ENOTCONN, and as weft_memory_read().
 */
int weft_edge_read(struct weft_edge *edge, uint64_t seq, uint32_t j, void *data, uint64_t bytes);

/*
 * Edges of the host. It feeds an edge with WEFT_EDGE_HOST that no body produces, one token at a time, and takes what comes out of
 * an edge with WEFT_EDGE_PULL. Blocks lie in pinned host memory, in order, and go round; what a card wants of them it copies (or
 * reduces) into its own memory. One thread at a time uses an edge so, beside any that waits; pointers are good until the plan is
 * unloaded. A call that need not sleep enters no kernel.
 *
 * A body that is fed does not wait for the gate: not to commit is its pause. Where the host feeds all that a plan starts with,
 * sequences are opened by weft_edge_commit(), one when all of its blocks are committed on every such edge, and weft_plan_run() is
 * -EINVAL. Else weft_plan_run() opens them for the other bodies; feed as many. weft_plan_drain() is -EAGAIN while the two are not
 * equal, the text says how. Blocks not pulled at a drain stay; they are no part of a snapshot. Such a plan has no skewed lanes:
 * weft_plan_prepare() is -EOPNOTSUPP if its lag would not be 0.
 */

/**
 * weft_edge_push() - the next @count idle blocks of a fed edge, to be filled by the caller
 * @count: 1 … depth, with those that are in the caller's hands
 * @timeout_ns: 0 = do not sleep
 * @blocks: out, @count pointers; blocks are 256-byte aligned and hold what they held
 *
 * Return: 0; -EAGAIN or, with a timeout, -ETIME: not so many are idle (the text has edge, body, wanted and actual); -EPIPE: a
 * body that takes them has ended, or the host has ended the edge; -EOWNERDEAD, -EINVAL, -ENOTCONN.
 */
int weft_edge_push(struct weft_edge *edge, uint32_t count, uint64_t timeout_ns, void **blocks);

/**
 * weft_edge_commit() - the oldest @count blocks in the caller's hands are filled: for each card one store and at most one kick
 *
 * Return: 0, -EINVAL (more than there are), -EPIPE (the host has ended the edge), -ENOTCONN, -ENODEV.
 */
int weft_edge_commit(struct weft_edge *edge, uint32_t count);

/**
 * weft_edge_pull() - sleep until the next @count blocks of a pulled edge are there, to be read by the caller
 * @count: 1 … depth, with those that are in the caller's hands
 * @timeout_ns: 0 = do not sleep
 * @blocks: out, as many pointers as are returned
 *
 * Return: number of blocks, fewer than @count only if they are the last of an edge that ended; -EPIPE: it ended, and none is
 * left; else as weft_edge_push().
 */
int weft_edge_pull(struct weft_edge *edge, uint32_t count, uint64_t timeout_ns, const void **blocks);

/** weft_edge_return() - the oldest @count blocks in the caller's hands are idle again; as weft_edge_commit() */
int weft_edge_return(struct weft_edge *edge, uint32_t count);

/**
 * weft_edge_finish() - END: the host feeds no more than it has committed, or wants no more than it has returned
 *
 * Bodies run what they have and leave their loops, each as soon as an input or an output has ended below what it needs; blocks
 * taken and not committed are lost. weft_plan_end() does this for all edges that the host feeds. What depends on none of them
 * goes on. Return: 0 (also when it was), -EINVAL, -ENOTCONN, -ENODEV.
 */
int weft_edge_finish(struct weft_edge *edge);

/*
 * State: the tokens of edges that have initial ones. Read and written when nothing runs, as constants are.
 */

/** weft_edge_get() - the tokens that the next sequence finds, initial times block_bytes. As weft_constant_write() */
int weft_edge_get(struct weft_edge *edge, void *data, uint64_t bytes);

/** weft_edge_put() - replace them */
int weft_edge_put(struct weft_edge *edge, const void *data, uint64_t bytes);

/** weft_plan_snapshot_bytes() - of weft_plan_save(); 0 before weft_plan_prepare() */
uint64_t weft_plan_snapshot_bytes(const struct weft_plan *plan);

/**
 * weft_plan_save() - all state, and the number of sequences done, into @snapshot
 *
 * Return: 0, -EINVAL (size), -EBUSY (not drained; tokens are on their way between it and another process, see edge_peer.h),
 * -ENOTCONN, -EOWNERDEAD.
 */
int weft_plan_save(struct weft_plan *plan, void *snapshot, uint64_t bytes);

/**
 * weft_plan_restore() - go on from a snapshot of a plan with edges of the same names and sizes, perhaps on other cards
 *
 * Before weft_plan_load(), which then starts from it: tables too go on where they were. Its sequences count from 0 again. NULL
 * with 0 bytes: from the beginning. Return: 0, -EINVAL (not a snapshot of such a plan), -EBUSY (loaded), -ENOTCONN, -ENOMEM.
 */
int weft_plan_restore(struct weft_plan *plan, const void *snapshot, uint64_t bytes);

#ifdef __cplusplus
}
#endif
#endif
