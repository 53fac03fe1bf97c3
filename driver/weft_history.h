/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* What the driver did last, for dumps: a few notes that are always taken, unlike tracepoints. */
#ifndef WEFT_HISTORY_H
#define WEFT_HISTORY_H

#include <linux/spinlock.h>
#include <linux/types.h>

#define WEFT_HISTORY_NOTES	64	/* power of two */

/**
 * struct weft_note - @what is a string constant; @at_ns monotonic; @value as @what says; @error 0
 * or -errno
 */
struct weft_note {
	const char *what;
	u64 at_ns;
	u64 value;
	u32 queue;
	int error;
};

/** struct weft_history - the last notes; @count of all there ever were */
struct weft_history {
	spinlock_t lock;	/* count, note */
	u64 count;
	struct weft_note note[WEFT_HISTORY_NOTES];
};

void weft_history_init(struct weft_history *h);

/* Any context. @queue WEFT_QUEUE_NONE: of no queue. */
void weft_history_note(struct weft_history *h, const char *what, u32 queue, u64 value, int error);

/* The oldest first; how many there are. Any context. */
u32 weft_history_copy(struct weft_history *h, struct weft_note notes[WEFT_HISTORY_NOTES]);

#endif
