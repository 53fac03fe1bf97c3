/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Safe operations: they work with the firmware dead, and their completion means that nothing old is
 * in flight.
 */
#ifndef WEFT_SAFE_H
#define WEFT_SAFE_H

#include <linux/mutex.h>
#include <linux/wait.h>

#include <firmware/abi/safe.h>

struct weft_carve_block;
struct weft_device;

/**
 * struct weft_safe - one operation at a time
 * @lock: the operation under way, @seq, and what is in @list
 * @seq: of the last one
 * @timeouts: how many did not complete
 * @list: in the carve-out, for CELL_FAULTS; NULL when the card lacks it
 */
struct weft_safe {
	struct mutex lock;	/* one operation at a time */
	wait_queue_head_t wq;
	u32 seq;
	atomic_t timeouts;
	struct weft_carve_block *list;
};

void weft_safe_init(struct weft_device *w);
const char *weft_safe_name(enum weft_safe_op op);

/*
 * The steps of one operation, with safe.lock held, for who does more than one in a row
 * (weft_escalate.c). ask gives its number; await waits for it: 0, -EIO refused, -ETIME not done
 * within safe_timeout_ms, and nothing has been scheduled.
 */
u32 weft_safe_ask(struct weft_device *w, enum weft_safe_op op, u64 arg0, u64 arg1, u64 arg2);
int weft_safe_await(struct weft_device *w, enum weft_safe_op op, u32 seq, u64 arg0, u64 arg1);

/*
 * What operations need of the card, which is not in use yet: 0, -ENOSPC, -ENOMEM. Freed with the
 * carve-out's books.
 */
int weft_safe_start(struct weft_device *w);

/*
 * Each returns 0 when the card can no longer do what is stopped; that includes a card that is gone
 * or has lost bus mastering. -ETIME when it did not answer within safe_timeout_ms: the reset has
 * been scheduled, and memory concerned must be quarantined until it is done. Takes safe.lock,
 * allocates nothing; may be called while signalling fences.
 */
int weft_safe_as_stop(struct weft_device *w, u32 asid);
int weft_safe_as_invalidate(struct weft_device *w, u32 asid, u64 va, u64 bytes);
int weft_safe_link_mask(struct weft_device *w, u32 link);
int weft_safe_link_unmask(struct weft_device *w, u32 link);

/*
 * Stores each word if its cell has none, and wakes the waiters; @count at most
 * WEFT_SAFE_FAULTS_MAX. One operation, or on a card without lists one for each. -EIO: the card
 * refused some, and has done the others.
 */
int weft_safe_cell_faults(struct weft_device *w, const struct weft_safe_fault *faults,
			  unsigned int count);

#endif
