/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* Safe operations: they work with the firmware dead, and their completion means that nothing old is in flight. */
#ifndef WEFT_SAFE_H
#define WEFT_SAFE_H

#include <linux/mutex.h>
#include <linux/wait.h>

#include <firmware/abi/safe.h>

struct weft_device;

/** struct weft_safe - one operation at a time; @seq of the last one, @timeouts how many did not complete */
struct weft_safe {
	struct mutex lock;	/* one operation at a time */
	wait_queue_head_t wq;
	u32 seq;
	atomic_t timeouts;
};

void weft_safe_init(struct weft_device *w);

/*
 * Each returns 0 when the card can no longer do what is stopped; that includes a card that is gone or has lost bus
 * mastering. -ETIME when it did not answer within safe_timeout_ms: the reset has been scheduled, and memory concerned
 * must be quarantined until it is done. Takes safe.lock, allocates nothing; may be called while signalling fences.
 */
int weft_safe_queue_stop(struct weft_device *w, u32 queue);
int weft_safe_as_stop(struct weft_device *w, u32 asid);
int weft_safe_as_invalidate(struct weft_device *w, u32 asid, u64 va, u64 bytes);
int weft_safe_link_mask(struct weft_device *w, u32 link);
int weft_safe_link_unmask(struct weft_device *w, u32 link);

/** struct weft_safe_fault - fault word @word for the cell at local-memory offset @cell */
struct weft_safe_fault {
	u64 cell;
	u64 word;
};

#define WEFT_SAFE_BATCH	16	/* operations the card takes at once */

/* Stores each word if its cell has none, and wakes the waiters; @count at most WEFT_SAFE_BATCH. */
int weft_safe_cell_faults(struct weft_device *w, const struct weft_safe_fault *faults, unsigned int count);

#endif
