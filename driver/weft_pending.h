/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Commands that wait for an event of the card and hold no thread meanwhile.
 *
 * A pending command stands in its file's list. Who takes it off (event, time-out, a request, the
 * end of the ring) ends it, and nobody else. What belongs to io_uring is not known here: @end is
 * called once, in any context, and sees to it that weft_pending_stop() is called from a thread.
 */
#ifndef WEFT_PENDING_H
#define WEFT_PENDING_H

#include <linux/dma-fence.h>
#include <linux/kref.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "weft_bind.h"
#include "weft_wait.h"

struct drm_weft_cell_want;
struct drm_weft_sync;
struct drm_weft_vm_bind;
struct weft_file;

/**
 * struct weft_pending - a command that waits for the end of a job or of a bind, or for cells
 * @ref: the command's, one while @look is queued or runs, one of a bind until that has ended
 * @end: called by who took the command off the list, with @result set
 * @cmd: for @end
 * @ring: where it was issued, and @user_data with which name
 * @link: in &weft_file.pending until somebody ends it
 * @result: how, from then on
 * @big: the ring has big CQEs
 * @lock: between looks and the end
 * @done: end of the job, else NULL
 * @is_bind: with @bind_done told, @bind_result then, @bind_over from then on and @bind_cancel: it
 *	was asked to end; all of them guarded by &weft_file.pending_lock
 * @look: the next look, on the module's queue, which the file's close drains
 * @until: end of its time
 * @user: argument in the program's memory, or NULL
 * @cells: of CELL_WAIT_MANY, else NULL
 * @all: wait for all cells
 * @sleeps: not for a look only
 * @decided: cells that are, bit by bit
 * @num: of cells, 0 for others
 * @wait: the cells
 */
struct weft_pending {
	struct kref ref;
	struct weft_file *f;
	void (*end)(struct weft_pending *p);
	void *cmd;
	void *ring;
	u64 user_data;
	struct list_head link;
	s32 result;
	bool big;
	struct mutex lock;	/* looks, end */

	struct dma_fence *done;
	struct dma_fence_cb done_cb;

	struct weft_bind_done bind_done;
	s32 bind_result;
	bool is_bind;
	bool bind_over;
	bool bind_cancel;

	struct delayed_work look;
	ktime_t until;
	void __user *user;
	struct drm_weft_cell_want __user *cells;
	bool all;
	bool sleeps;
	u64 decided;
	u32 num;
	struct weft_wait wait[] __counted_by(num);
};

/* Zeroed but for what every command has; NULL without memory. */
struct weft_pending *weft_pending_create(struct weft_file *f, u32 num);
void weft_pending_put(struct weft_pending *p);

/*
 * With the card held: takes watches for all cells and looks. 1: over, with @p->result; 0: not yet;
 * -errno: nothing taken. Undone by weft_pending_stop().
 */
int weft_pending_begin_cells(struct weft_pending *p, const struct drm_weft_cell_want *wants);

/* With the card held: starts the bind; 0, or an errno of VM_BIND. */
int weft_pending_begin_bind(struct weft_pending *p, const struct drm_weft_vm_bind *args,
			    const struct drm_weft_sync *syncs);

/* Puts it on the list. From here on @p->end may be called at any time. */
void weft_pending_start(struct weft_pending *p);

/* Takes it off; true: the caller ends it, with @result. Any context. */
bool weft_pending_take(struct weft_pending *p, s32 result);

/*
 * Ends those of a ring that have @user_data, or @all; how many. A bind that has begun goes on, and
 * its command ends with it.
 */
int weft_pending_cancel(struct weft_file *f, void *ring, u64 user_data, bool all);

/* Gives up what it holds of the card. Not on the list any more; no look runs afterwards. */
void weft_pending_stop(struct weft_pending *p);

#endif
