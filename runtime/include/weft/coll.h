/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: collective communication
 *
 * A *communicator* is an ordered set of cards, its members. A call of it is prepared once and posted any number of times, each
 * time for any number of repetitions: the members' queues do the rest, without the host. Data lie in *windows*, memory of the same
 * size on each member, at device addresses that are the same on all of them.
 *
 * Calls of a communicator run in the order they were posted, one after the other. Each begins with the members' arrival: they tell
 * each other what they are about to do, and nothing is written before all say the same. If they do not, the communicator stops
 * with both sides' calls in the error.
 *
 * Sums are made in a fixed order, by member, in a balanced tree: their bits depend neither on the algorithm nor on who was first.
 *
 * Members may be in several processes of one machine, see comm_join.h; calls in one line are in coll_quick.h.
 */
#ifndef WEFT_COLL_H
#define WEFT_COLL_H

#include <stdbool.h>

#include "coll_topology.h"
#include "list.h"

#ifdef __cplusplus
extern "C" {
#endif

struct weft_comm;
struct weft_window;
struct weft_coll;

#define WEFT_COMM_MEMBERS	16	/* at most */

#define WEFT_COMM_TIMES		0x1	/* each member's card notes when it arrives and when all have; weft_comm_arrivals() */

/**
 * struct weft_comm_config - what weft_comm_create() makes; NULL or all 0 (but size) gives the defaults
 * @size: sizeof
 * @priority: enum weft_priority, of its queues
 * @name: shown in errors, and with the member's number by weft top; copied; may be NULL
 * @slot_bytes: of small messages, which go to every member's inbox: up to so many bytes, 256 … 2^24, a multiple of 64; 0 = 16 KiB. A
 *	member has 2 * members of them
 * @posts: that can be there and not yet ended, 8 … 4096, a power of two; 0 = 64
 * @topology: what was measured of the cards, by the numbers that they are opened with; copied. NULL: weft_coll_topology_default().
 *	The same in all processes of weft_comm_join(): with others they may choose different algorithms, which is a mismatch
 * @flags: WEFT_COMM_*; the same in all processes
 * @pad: 0
 */
struct weft_comm_config {
	uint32_t size;
	uint32_t priority;
	const char *name;
	uint32_t slot_bytes;
	uint32_t posts;
	const struct weft_coll_topology *topology;
	uint32_t flags, pad;
};

/**
 * weft_comm_create() - a communicator of cards that this process has opened
 * @members: member i is @members[i]; no card twice. They are closed after weft_comm_destroy()
 * @count: of them, 1 … WEFT_COMM_MEMBERS
 * @comm: out; destroyed by the caller
 *
 * Return: 0, -EINVAL, -ENOTCONN, -EOPNOTSUPP (no card, one without cells and loops, or cards that do not reach each other; the text
 * says why), -EDQUOT, -ENOSPC, -EACCES (priority), -ENODEV, -ENOMEM.
 */
int weft_comm_create(struct weft_device *const *members, uint32_t count, const struct weft_comm_config *config,
		     struct weft_comm **comm);

/**
 * weft_comm_destroy() - stop what runs, and free it; its windows and calls are destroyed before
 *
 * Return: 0, -EINVAL (there are windows or calls), -ENOTCONN; freed all the same: -ENODEV, -ECANCELED.
 */
int weft_comm_destroy(struct weft_comm *comm);

/**
 * weft_window_create() - @bytes (> 0) on each member, zeroed
 *
 * All processes call it with the same size. Return: 0, -EINVAL, -ENOTCONN, -ENOSPC (also: no device addresses are free in all
 * processes), -EDQUOT, -ENODEV, -ENOMEM; -EOWNERDEAD (it is broken, or a process is gone), -ECANCELED (revoked), -ETIME (the text
 * names who did not come; the communicator is then good for weft_comm_destroy() alone), -EPROTO.
 */
int weft_window_create(struct weft_comm *comm, uint64_t bytes, struct weft_window **window);

/** weft_window_destroy() - 0, -EBUSY (calls use it), -EINVAL, -ENOTCONN; freed all the same: -ENODEV, -ECANCELED */
int weft_window_destroy(struct weft_window *window);

/** weft_window_memory() - what member @member has of it; lives as long as the window. NULL: no such member here */
struct weft_memory *weft_window_memory(const struct weft_window *window, uint32_t member);

/** weft_window_address() - of the same in the address space of every member; 0: no such member */
uint64_t weft_window_address(const struct weft_window *window, uint32_t member);

/**
 * enum weft_coll_op - what a call does, with counts of elements
 * @WEFT_COLL_BARRIER: nothing but that all have come
 * @WEFT_COLL_ALL_REDUCE: count in, all inputs combined out
 * @WEFT_COLL_REDUCE_SCATTER: a block of count for each member in, the member's own combined out
 * @WEFT_COLL_ALL_GATHER: count in, a block of each member out
 * @WEFT_COLL_BROADCAST: count in at the root, out at all
 * @WEFT_COLL_REDUCE: count in, combined out at the root
 * @WEFT_COLL_ALL_TO_ALL: a block for each member in, a block of each member out
 * @WEFT_COLL_SEND: count in at the root, out at the peer; the others have no part in it
 */
enum weft_coll_op {
	WEFT_COLL_BARRIER = 0,
	WEFT_COLL_ALL_REDUCE = 1,
	WEFT_COLL_REDUCE_SCATTER = 2,
	WEFT_COLL_ALL_GATHER = 3,
	WEFT_COLL_BROADCAST = 4,
	WEFT_COLL_REDUCE = 5,
	WEFT_COLL_ALL_TO_ALL = 6,
	WEFT_COLL_SEND = 7,
};
#define WEFT_COLL_OPS	8

/**
 * enum weft_coll_algorithm - how
 * @WEFT_COLL_AUTO: whichever of those that keep the order of sums is the fastest, by what is known of the cards
 * @WEFT_COLL_PUSH: data go to the others' inboxes together with the arrival, then each works on what it has: small calls
 * @WEFT_COLL_DIRECT: after the arrival each member takes a slice, reads that where it lies and stores it wherever it is wanted
 * @WEFT_COLL_PULL: of a broadcast: each member copies all of the root's
 * @WEFT_COLL_STAGED: of an all-to-all in place: in pieces through the inboxes
 * @WEFT_COLL_RING: rounds between neighbours, where only those are near; sums have another order
 */
enum weft_coll_algorithm {
	WEFT_COLL_AUTO = 0,
	WEFT_COLL_PUSH = 1,
	WEFT_COLL_DIRECT = 2,
	WEFT_COLL_PULL = 3,
	WEFT_COLL_STAGED = 4,
	WEFT_COLL_RING = 5,
};
#define WEFT_COLL_ALGORITHMS	6

/** weft_coll_op_name() - "all-reduce" …, "?" for an unknown number; constant text */
const char *weft_coll_op_name(uint32_t op);

/** weft_coll_algorithm_name() - "direct" …, "?" for an unknown number; constant text */
const char *weft_coll_algorithm_name(uint32_t algorithm);

/**
 * struct weft_coll_desc - a call
 * @size: sizeof
 * @op: enum weft_coll_op
 * @algorithm: enum weft_coll_algorithm
 * @type: enum weft_type, not U32
 * @reduction: enum weft_reduction; 0 where nothing is reduced
 * @root: a member; 0 where there is none
 * @peer: of SEND: a member; else 0
 * @pad: 0
 * @count: elements, see enum weft_coll_op; 0 is legal. Of BARRIER 0
 * @in: window of the inputs, at @in_offset of each member; NULL = in place: they lie where the output does. An all-gather then finds
 *	the member's block in its place in the output; a reduce-scatter has @out NULL instead, and leaves its block there in the input
 * @out: window of the outputs, at @out_offset
 * @in_offset: bytes, a multiple of the element's
 * @out_offset: the same
 *
 * Buffers that are not the same overlap nowhere.
 */
struct weft_coll_desc {
	uint32_t size;
	uint32_t op, algorithm, type, reduction, root, peer, pad;
	uint64_t count;
	struct weft_window *in, *out;
	uint64_t in_offset, out_offset;
};

/**
 * weft_coll_prepare() - everything that posting needs; nothing runs
 * @coll: out; destroyed by the caller
 *
 * Return: 0, -EINVAL (a field out of range, a buffer outside its window, a window of another communicator), -EOPNOTSUPP (the
 * algorithm cannot do it), -ENOTCONN, -ENOSPC, -EDQUOT, -E2BIG, -ENODEV, -ENOMEM.
 */
int weft_coll_prepare(struct weft_comm *comm, const struct weft_coll_desc *desc, struct weft_coll **coll);

/**
 * weft_coll_destroy() - what was posted of it must have ended, or a member have stopped. 0, -EBUSY (it has not), -EINVAL, -ENOTCONN;
 * freed all the same: -ENODEV, -ECANCELED (a card is gone, or was reset)
 */
int weft_coll_destroy(struct weft_coll *coll);

/** weft_coll_algorithm() - enum weft_coll_algorithm that it has, or that was chosen; 0 for NULL */
uint32_t weft_coll_algorithm(const struct weft_coll *coll);

#define WEFT_COLL_EVERYBODY	0xffffu

/**
 * weft_coll_post() - do it @times times, behind what was posted before; no system call, nothing is allocated
 * @times: 1 … 2^32, each after the one before
 * @members: whose part, bit i for member i; a call runs when all have it. WEFT_COLL_EVERYBODY: all that are here
 *
 * One thread posts to a member at a time. Return: 0, -EAGAIN (as many posts as there may be have not ended: weft_comm_wait()),
 * -EOWNERDEAD (weft_comm_wait() has said why), -EINVAL, -ENOTCONN.
 */
int weft_coll_post(struct weft_coll *coll, uint64_t times, uint32_t members);

/**
 * weft_comm_wait() - sleep until all that was posted to all members of this process has ended
 *
 * Return: 0; -ETIME (the text says which member waits for whom); -EPROTO (members came with different calls; the text has both);
 * -EOWNERDEAD (a member has stopped; the text says which, and why): inputs in place and all outputs of the call that ran are
 * undefined, nothing later runs, and the communicator is good for weft_comm_shrink() and weft_comm_destroy() alone; -ECANCELED (it
 * was revoked, the text says by whom), -EINVAL, -ENOTCONN.
 */
int weft_comm_wait(struct weft_comm *comm, uint64_t timeout_ns);

/**
 * struct weft_comm_arrivals - whom the others wait for, of a communicator with WEFT_COMM_TIMES
 * @size: sizeof
 * @members: of the communicator
 * @arrivals: of all members together: repetitions of calls that weft_comm_wait() has seen end in every process, all but SEND
 * @counted: of them: those that are in the numbers below. Cards keep the last WEFT_COMM_ARRIVALS for a weft_comm_wait()
 * @last: how often each member was the last to come
 * @waited_ns: how long each member has waited, between its own arrival and everybody's, all counted together
 *
 * Each card takes both times by its own clock, so that clocks need not agree. The last one is whoever waited least.
 */
struct weft_comm_arrivals {
	uint32_t size;
	uint32_t members;
	uint64_t arrivals, counted;
	uint64_t last[WEFT_COMM_MEMBERS], waited_ns[WEFT_COMM_MEMBERS];
};
#define WEFT_COMM_ARRIVALS	1024

/**
 * weft_comm_arrivals() - since the communicator was made; of any thread
 *
 * Without WEFT_COMM_TIMES calls have no command for this. With it they have two: of those the first is in nobody's way but the last
 * one's, since the others would only wait meanwhile. Return: 0, -EOPNOTSUPP (without), -EINVAL, -ENOTCONN, -ENOMEM.
 */
int weft_comm_arrivals(struct weft_comm *comm, struct weft_comm_arrivals *arrivals);

#ifdef __cplusplus
}
#endif
#endif
