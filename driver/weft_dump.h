/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Dumps for devcoredump. Taking one copies what the card shows into memory that is there from the
 * start; telling the kernel about it allocates and sleeps, so a worker writes the text and hands it
 * over. The text belongs to the kernel then: it outlives the binding and does not hold the module.
 */
#ifndef WEFT_DUMP_H
#define WEFT_DUMP_H

#include <linux/atomic.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct weft_device;
struct weft_hwq;
struct weft_snapshot;

enum weft_dump_reason {
	WEFT_DUMP_JOB_FAULT,		/* the first of a queue */
	WEFT_DUMP_JOB_TIMEOUT,
	WEFT_DUMP_QUEUE_FAULT,		/* a user queue */
	WEFT_DUMP_SAFE_TIMEOUT,		/* a reset follows, of an engine or the card */
	WEFT_DUMP_FIRMWARE,		/* it stopped */
	WEFT_DUMP_WEDGED,
	WEFT_DUMP_REASONS
};

/**
 * struct weft_dumps - of one card
 * @taken: set while @snapshot is in use
 * @not_before: jiffies; dumps are taken at most once a second, or a faulting loop would keep its
 *	card busy with them
 * @snapshot: the one that waits for @work
 * @made: handed over
 * @dropped: not taken or not handed over: one was under way, was just taken, or is still unread
 */
struct weft_dumps {
	atomic_t taken;
	unsigned long not_before;
	struct weft_snapshot *snapshot;
	struct work_struct work;
	atomic64_t made;
	atomic64_t dropped;
};

int weft_dump_init(struct weft_device *w);

/* Takes no dump from here on. */
void weft_dump_fini(struct weft_device *w);

/**
 * weft_dump_capture() - take one
 * @hw: queue it is about, NULL for none; the caller keeps it on the card meanwhile
 * @root: local-memory offset of its page table, 0 for none
 *
 * Takes no lock that is held over an allocation, allocates nothing and waits for nothing: allowed
 * in the dma-fence signalling path, not in interrupts. Reads some 16 KiB of the card's memory.
 */
void weft_dump_capture(struct weft_device *w, enum weft_dump_reason reason, struct weft_hwq *hw,
		       u64 root);

#endif
