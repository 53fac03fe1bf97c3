/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* Commands of io_uring on a card, one at a time or many. */
#ifndef KS_RING_H
#define KS_RING_H

#include "ks_uq.h"

#include <liburing.h>

struct ks_ring {
	struct io_uring ring;
	unsigned int flags;	/* IORING_SETUP_* */
};

#define KS_RING_GONE	(~0ULL - 1)	/* user data of a completion that was seen out of turn */

/* Room for `entries` commands; 0 or -errno. */
int ks_ring_open(struct ks_ring *r, unsigned int entries, unsigned int flags);
void ks_ring_close(struct ks_ring *r);

/*
 * Fills the next SQE; the argument is copied behind it on a ring with SQE128 if `flags` has INLINE, else pointed to. The
 * caller may change it before ks_ring_submit().
 */
struct io_uring_sqe *ks_ring_prep(struct ks_ring *r, int fd, uint32_t op, void *args, size_t size, unsigned int flags,
				  uint64_t user_data);
/* All SQEs go to the kernel: 0 or -errno. */
int ks_ring_submit(struct ks_ring *r);
/* Next completion within 20 s: 0 or -errno; -ETIME. `extra` of a big one, else 0. Either may be NULL. */
int ks_ring_next(struct ks_ring *r, uint64_t *user_data, long *res, uint64_t *extra);
/* Whether nothing has completed. */
bool ks_ring_quiet(struct ks_ring *r);

/* One command from start to end: its result, or why there is none. */
long ks_ring_do(struct ks_ring *r, int fd, uint32_t op, void *args, size_t size, unsigned int flags);
#define KS_RING_DO(r, fd, op, args, flags)	ks_ring_do(r, fd, op, args, sizeof(*(args)), flags)

/* A job of the packet that the rig's list begins with. */
struct drm_weft_submit ks_ring_job(const struct ks_rig *rig);
/* One with END copies a page of `byte`: the copy is there when the command completes. */
int ks_ring_copy(struct ks_ring *r, struct ks_rig *rig, unsigned int flags, uint8_t byte);

/* Starts a wait for a cell that is not over. */
int ks_ring_wait_cell(struct ks_ring *r, int fd, struct drm_weft_cell_wait *wait, uint64_t user_data);
long ks_ring_cancel(struct ks_ring *r, int fd, uint64_t user_data, uint32_t flags);

/*
 * One command of each kind that can be pending: a wait for a cell, the end of a job, a bind behind the job of another queue.
 * What happens to the card meanwhile is the test's.
 */
enum ks_waiting_kind { KS_WAITING_CELL, KS_WAITING_END, KS_WAITING_BIND, KS_WAITING_KINDS };

struct ks_waiting {
	struct ks_ring ring;
	struct ks_uq uq;	/* whose first cell is waited for, to be 1 */
	struct ks_rig rig;	/* whose job is waited for, whose data object is bound once more */
	struct ks_rig gate;	/* whose job the bind is behind; it takes KS_WAITING_GATE_S */
	struct drm_weft_cell_wait wait;
	struct drm_weft_submit submit;
	struct drm_weft_vm_bind bind;
	struct drm_weft_sync after;
	int card;
	long long commands, binds;	/* pending on it before */
};

#define KS_WAITING_GATE_S	50
#define KS_WAITING_VA		0x900000000ULL
#define KS_WAITING_STEP_NS	50000000ULL	/* of a job: no packet takes longer, so that a card can be suspended */
#define KS_WAITING(kind)	(1u << KS_WAITING_##kind)
#define KS_WAITING_ALL		(KS_WAITING(CELL) | KS_WAITING(END) | KS_WAITING(BIND))

/* On `card`, the gate on `gate`; nothing is issued. */
int ks_waiting_open(struct ks_waiting *w, int card, int gate);
/*
 * Issues the kinds whose bits are in `which`; they are pending when it returns. The job takes `steps` steps; with 0 it is
 * what the caller wrote to rig.list, submit.num_packets of them. The bind is of bind.handle where that is set.
 */
int ks_waiting_start(struct ks_waiting *w, unsigned int which, uint32_t steps);
/* Nothing has completed. */
bool ks_waiting_still(struct ks_waiting *w);
/* What each of `which` waits for comes: the cell has its value, the gate is open. The job ends by itself. */
int ks_waiting_release(struct ks_waiting *w, unsigned int which);
/* Each of `which` completes once, with its result in `want`, and nothing else does. */
int ks_waiting_end(struct ks_waiting *w, unsigned int which, const long want[KS_WAITING_KINDS]);
void ks_waiting_close(struct ks_waiting *w);

/* Takes a capability out of the effective set of this thread, or puts it back; 0 or -errno. */
int ks_capability(int cap, bool on);

#endif
