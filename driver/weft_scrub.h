/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* The kernel's own FENCE queue, that clears local memory by FILL before anybody gets it. */
#ifndef WEFT_SCRUB_H
#define WEFT_SCRUB_H

#include <linux/mutex.h>
#include <linux/wait.h>

#include "weft_hwq.h"
#include "weft_tables.h"

/**
 * struct weft_scrub - queue and address space
 * @up: there is a queue on the card; written with both locks
 * @rest_until: jiffies; the processor clears until then
 * @seq: fence value of the last batch
 * @filled_bytes: cleared by FILL
 * @by_cpu_bytes: cleared by the processor because the engines were down
 */
struct weft_scrub {
	struct mutex lock;	/* one batch at a time */
	spinlock_t kick_lock;	/* the queue stays while it is kicked */
	wait_queue_head_t wq;
	struct weft_hwq q;
	struct weft_tables tables;
	u32 asid;
	u64 seq;
	bool up;
	unsigned long rest_until;
	u64 filled_bytes;
	u64 by_cpu_bytes;
};

/** struct weft_range - bytes of user local memory */
struct weft_range {
	u64 at;
	u64 bytes;
};

void weft_scrub_init(struct weft_device *w);
int weft_scrub_start(struct weft_device *w);

/* Before FLR or at the end; memory is cleared by processor afterwards. */
void weft_scrub_stop(struct weft_device *w);

/* Zeroes ranges; when it returns true they are zero. False: card gone or reset under way. */
bool weft_scrub_clear(struct weft_device *w, const struct weft_range *ranges, unsigned int count);

/*
 * KICK for a cell at a local-memory offset, by the scrubber's doorbell, whose space maps all of it:
 * the card looks at its waiters again. May wait for a queue that is just being made; -EIO when
 * there is none until a reset.
 */
int weft_scrub_kick(struct weft_device *w, u64 cell);

#endif
