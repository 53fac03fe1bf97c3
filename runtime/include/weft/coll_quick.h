/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: collective calls in one line
 *
 * Each of these prepares its call when it is first made with these arguments, keeps it, and posts it once to all members here;
 * later ones only post. The communicator keeps 64, of which one that has ended makes room for another. They go with their windows.
 */
#ifndef WEFT_COLL_QUICK_H
#define WEFT_COLL_QUICK_H

#include "coll.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct weft_at - a buffer, on each member
 * @window: NULL: none, or in place, as in struct weft_coll_desc
 * @offset: bytes
 */
struct weft_at {
	struct weft_window *window;
	uint64_t offset;
};

/** weft_barrier() - nothing but that all have come. As weft_coll_prepare() and weft_coll_post(), and so are all that follow */
int weft_barrier(struct weft_comm *comm);

/** weft_all_reduce() - @count elements of all combined, at all. @in without a window: in place */
int weft_all_reduce(struct weft_comm *comm, struct weft_at in, struct weft_at out, uint64_t count, enum weft_type type,
		    enum weft_reduction reduction);

/** weft_reduce_scatter() - a block of @count for each member, each its own combined. @out without a window: in place */
int weft_reduce_scatter(struct weft_comm *comm, struct weft_at in, struct weft_at out, uint64_t count, enum weft_type type,
			enum weft_reduction reduction);

/** weft_all_gather() - a block of @count of each member, at all. @in without a window: in place */
int weft_all_gather(struct weft_comm *comm, struct weft_at in, struct weft_at out, uint64_t count, enum weft_type type);

/** weft_broadcast() - @count elements of member @root, at all. @in without a window: in place */
int weft_broadcast(struct weft_comm *comm, struct weft_at in, struct weft_at out, uint64_t count, enum weft_type type, uint32_t root);

/** weft_reduce() - @count elements of all combined, at member @root. @in without a window: in place */
int weft_reduce(struct weft_comm *comm, struct weft_at in, struct weft_at out, uint64_t count, enum weft_type type,
		enum weft_reduction reduction, uint32_t root);

/** weft_all_to_all() - a block of @count from each member to each. @in without a window: in place */
int weft_all_to_all(struct weft_comm *comm, struct weft_at in, struct weft_at out, uint64_t count, enum weft_type type);

/** weft_send() - @count elements of member @from, at member @to; the others have no part in it */
int weft_send(struct weft_comm *comm, struct weft_at in, struct weft_at out, uint64_t count, enum weft_type type, uint32_t from,
	      uint32_t to);

/**
 * weft_group_begin() - the thread's following calls in one line, of any communicators, are posted by weft_group_end(), or none
 *
 * Groups nest; the outermost counts. Return: 0, -ENOTCONN.
 */
int weft_group_begin(void);

/**
 * weft_group_end() - post them, in their order; where there are too many that have not ended, wait for those
 *
 * At most 32. Return: 0; the error of the first call that was refused, or of the first that could not be posted, with those after
 * it not posted either; -ETIME; -EINVAL (no group), -ENOTCONN.
 */
int weft_group_end(uint64_t timeout_ns);

#ifdef __cplusplus
}
#endif
#endif
