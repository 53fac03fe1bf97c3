/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * One cell that the host waits for, without the way the waiter sleeps: the ioctl does on a wait
 * queue, a command of io_uring not at all. A waiter begins, looks, and looks again whenever the
 * watch fired, SLICE has passed or its time is up, until the cell is decided: it has the value,
 * ended or failed.
 */
#ifndef WEFT_WAIT_H
#define WEFT_WAIT_H

#include <linux/ktime.h>

#include <firmware/abi/cell.h>

#include "weft_watch.h"

struct weft_bo;
struct weft_device;
struct weft_file;

#define WEFT_WAIT_MAX_NS	(600ull * NSEC_PER_SEC)
#define WEFT_WAIT_SLICE_MS	250	/* a lost interrupt costs this much */

/**
 * struct weft_wait - one cell
 * @watch: entry of the card's table; its @fire tells the waiter to look
 * @bo: object with the cell, a reference
 * @wanted: value
 * @owner: of whoever waits, for its @fire
 * @now: as it was at the last look
 * @inserted: the card knows the entry
 */
struct weft_wait {
	struct weft_watch watch;
	struct weft_bo *bo;
	u64 wanted;
	void *owner;
	struct weft_cell now;
	bool inserted;
};

/*
 * With the card held; @wait->watch.fire and @wait->wanted are set. 0, or the errno of CELL_WAIT.
 * Undone by weft_wait_end().
 */
int weft_wait_begin(struct weft_device *w, struct weft_file *f, struct weft_wait *wait, u32 handle,
		    u64 offset);

/*
 * With the card held: 1 decided, 0 not, or -errno. @sleeps: the watch is to fire when the cell
 * changes. Takes no lock but regs.
 */
int weft_wait_look(struct weft_device *w, struct weft_wait *wait, bool sleeps);

/* With the card held: the cell at this offset of local memory, as it is. */
void weft_wait_read(struct weft_device *w, u64 at, struct weft_cell *cell);

/* @up: the card is held, so that it can be told. Afterwards @fire does not run any more. */
void weft_wait_end(struct weft_device *w, struct weft_wait *wait, bool up);

#endif
