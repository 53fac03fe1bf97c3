/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: communicators over several processes
 *
 * The members of a communicator may be in several processes of one machine. All call weft_comm_join(), and later, in the same order,
 * weft_window_create() and weft_comm_shrink(); preparing, posting, waiting and destroying are each process's own affair. What one has
 * to wait for of others has a bound, and its error names who did not come. A process must not fork() and live on in both.
 *
 * What is here for failures, revoking and shrinking, serves communicators of one process as well.
 */
#ifndef WEFT_COMM_JOIN_H
#define WEFT_COMM_JOIN_H

#include "coll.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct weft_comm_meeting - one process's part of a communicator over several
 * @size: sizeof
 * @members: of all processes together, 2 … WEFT_COMM_MEMBERS
 * @count: of them here, 1 … @members - 1
 * @pad: 0
 * @devices: cards of those here, no card twice; another process may have the same card. As in weft_comm_create()
 * @ranks: their numbers, ascending
 * @path: of a unix socket, the same in all. The process with member 0 makes it, and removes it when all have come; a path that
 *	begins with '@' has no file. All processes belong to the same user
 * @timeout_ns: for all to come and to be ready, at most an hour; and of weft_window_create() later
 */
struct weft_comm_meeting {
	uint32_t size;
	uint32_t members, count, pad;
	struct weft_device *const *devices;
	const uint32_t *ranks;
	const char *path;
	uint64_t timeout_ns;
};

/**
 * weft_comm_join() - a communicator of cards that several processes have opened; each calls it
 * @config: slot_bytes and posts are the same in all
 * @comm: out; destroyed by the caller, each process when it likes. Members of the others then stop where they wait for one of its
 *
 * Processes give each other nothing but the windows, inboxes (to read and write) and cells (each to the one member that signals
 * it). Return: as weft_comm_create(), and -ETIME (the text names who did not come), -EADDRINUSE (the path is there), -ECONNABORTED
 * (member 0's process has refused or failed), -EOWNERDEAD (a process died meanwhile), -ECONNRESET, -EPROTO (what one sent is
 * wrong), and what another process failed with.
 */
int weft_comm_join(const struct weft_comm_meeting *meeting, const struct weft_comm_config *config, struct weft_comm **comm);

/**
 * struct weft_comm_info - what a communicator is
 * @size: sizeof
 * @members: of all processes
 * @processes: it was made by
 * @here: members of this process, a bit for each
 * @epoch: 1, and one more for each time that it was shrunk
 * @ended: of one that was shrunk: posts that all its members had ended before
 * @card: of each member, as its process counts cards
 * @old_rank: each member's number before it was shrunk; else its own
 */
struct weft_comm_info {
	uint32_t size;
	uint32_t members, processes, here;
	uint64_t epoch, ended;
	uint32_t card[WEFT_COMM_MEMBERS], old_rank[WEFT_COMM_MEMBERS];
};

/** weft_comm_info() - 0, -EINVAL, -ENOTCONN */
int weft_comm_info(const struct weft_comm *comm, struct weft_comm_info *info);

/**
 * weft_comm_revoke() - give it up, for all: whoever waits is woken
 *
 * Of any thread, also while others wait or post. Members here stop; members elsewhere that wait for them do, too, and every
 * weft_comm_wait() of whatever has not ended is -ECANCELED, within a fraction of a second in other processes. What is left is
 * weft_comm_shrink() and weft_comm_destroy(). Return: 0, -EINVAL, -ENOTCONN.
 */
int weft_comm_revoke(struct weft_comm *comm);

/**
 * weft_comm_shrink() - go on with those that are left; all processes that live call it, and no other thread uses @comm
 * @comm: stopped by it. Its calls, windows (whose own members' memory can still be read) and itself are destroyed by the caller
 * @timeout_ns: for the processes to come together, at most an hour
 * @shrunk: out, of the members whose process and card still work, in their order; all processes get the same. It has memory of its
 *	own, so that nothing that is late reaches it
 *
 * A process that lives and does not come is not left out: -ETIME, with its member's number. For those that come later, who was
 * not there any more is lost. Members whose card was reset have to be opened again, and are lost, too.
 *
 * Return: 0, -ETIME, -EOWNERDEAD (no member of this process is left), -EINVAL (also for a second time), -ENOTCONN, and as
 * weft_comm_join().
 */
int weft_comm_shrink(struct weft_comm *comm, uint64_t timeout_ns, struct weft_comm **shrunk);

#ifdef __cplusplus
}
#endif
#endif
