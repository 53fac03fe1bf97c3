// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/ktime.h>
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include <firmware/abi/cell.h>
#include <firmware/abi/reg.h>

#include "weft_cell.h"
#include "weft_device.h"
#include "weft_file.h"
#include "weft_gem.h"
#include "weft_reset.h"
#include "weft_sem.h"
#include "weft_watch.h"

#define MAX_WAIT_NS	(600ull * NSEC_PER_SEC)
#define SLICE_MS	250	/* a lost interrupt costs this much */

int weft_kick_ioctl(struct weft_device *w, struct weft_file *f, void *data)
{
	struct drm_weft_kick *args = data;
	struct weft_bo *bo;
	int ret;

	if (args->pad)
		return -EINVAL;
	if (!(w->caps & WEFT_CAP_CELLS)) {
		drm_dbg(&w->drm, "the card lacks capability CELLS\n");
		return -EOPNOTSUPP;
	}
	bo = weft_sem_lookup(f, args->handle, args->offset, 0);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	/* What the process stored comes first. */
	weft_mmio_flush_writes();
	ret = weft_scrub_kick(w, weft_sem_cell(weft_sem_home(bo), args->offset));
	weft_bo_put(bo);
	return ret;
}

static bool decided(struct weft_device *w, u64 at, u64 wanted, struct weft_cell *cell)
{
	/* Word by word: each is stored by one access, and end and fault come after the value they belong to. */
	cell->fault = weft_mmio_lmem_read64(w, at + offsetof(struct weft_cell, fault));
	cell->end = weft_mmio_lmem_read64(w, at + offsetof(struct weft_cell, end));
	cell->value = weft_mmio_lmem_read64(w, at + offsetof(struct weft_cell, value));
	return (s64)(cell->value - wanted) >= 0 || cell->fault || cell->end;
}

/* No cell holds this; a card that does not answer reads so. */
static bool all_ones(const struct weft_cell *cell)
{
	return !~(cell->value & cell->end & cell->fault);
}

/* Sleeps until the watch fires, at most until @end: 0, -ERESTARTSYS. */
static int sleep(struct weft_watch *watch, ktime_t end)
{
	s64 left = min_t(s64, ktime_to_ns(ktime_sub(end, ktime_get())), SLICE_MS * NSEC_PER_MSEC);
	long ret;

	if (left <= 0)
		return 0;
	ret = wait_event_interruptible_timeout(watch->wq, READ_ONCE(watch->fired), nsecs_to_jiffies(left) + 1);
	return ret < 0 ? ret : 0;
}

/*
 * The watch is inserted before the cell is looked at, so that no signal falls in between. Looks happen with the card
 * held, sleep does not.
 */
static int wait_cell(struct weft_device *w, struct weft_bo *bo, struct weft_watch *watch,
		     struct drm_weft_cell_wait *args, ktime_t end)
{
	bool inserted = false, up = false, done = false;
	struct weft_cell cell = { };
	int idx, ret;

	for (;;) {
		up = false;
		ret = weft_device_enter(w, &idx);
		if (ret)
			break;
		ret = weft_bo_check(bo);
		if (!ret) {
			up = true;
			/* Fired but not decided: the card saw another value than we do now; ask again. */
			if (args->timeout_ns && (!inserted || READ_ONCE(watch->fired))) {
				WRITE_ONCE(watch->fired, false);
				weft_watch_insert(w, watch, args->value);
				inserted = true;
			}
			done = decided(w, watch->cell, args->value, &cell);
			if (!done && ktime_compare(ktime_get(), end) >= 0)
				ret = -ETIME;
			if (all_ones(&cell) && weft_mmio_gone(w)) {
				weft_reset_lost(w, "CELL_WAIT");
				ret = -ENODEV;
			}
		}
		if (done || ret) {
			weft_watch_give(w, watch, up && inserted);
			weft_device_exit(w, idx);
			goto out;
		}
		weft_device_exit(w, idx);
		ret = sleep(watch, end);
		if (ret)
			break;
	}
	/* Not inside the card: it is gone, in reset, or the caller was interrupted. */
	if (ret == -ERESTARTSYS && drm_dev_enter(&w->drm, &idx)) {
		weft_watch_give(w, watch, true);
		drm_dev_exit(idx);
	} else {
		weft_watch_give(w, watch, false);
	}
out:
	if (ret == -ERESTARTSYS) {
		args->timeout_ns = max_t(s64, ktime_to_ns(ktime_sub(end, ktime_get())), 0);
		return ret;
	}
	if (!ret || ret == -ETIME) {
		args->value = cell.value;
		args->end = cell.end;
		args->fault = cell.fault;
	}
	return ret;
}

/* Entry of the object and of the table; the wait itself comes after. */
static int begin(struct weft_device *w, struct weft_file *f, const struct drm_weft_cell_wait *args,
		 struct weft_bo **bo, struct weft_watch *watch)
{
	int idx, ret;

	ret = weft_device_enter(w, &idx);
	if (ret)
		return ret;
	atomic64_inc(&f->ioctls);
	if (!(w->caps & WEFT_CAP_WATCH)) {
		drm_dbg(&w->drm, "the card lacks capability WATCH\n");
		ret = -EOPNOTSUPP;
		goto exit;
	}
	*bo = weft_sem_lookup(f, args->handle, args->offset, DRM_WEFT_RIGHT_READ);
	if (IS_ERR(*bo)) {
		ret = PTR_ERR(*bo);
		goto exit;
	}
	ret = weft_watch_take(w, f, watch, weft_sem_cell(weft_sem_home(*bo), args->offset));
	if (ret)
		weft_bo_put(*bo);
exit:
	weft_device_exit(w, idx);
	return ret;
}

int weft_cell_wait_ioctl(struct weft_device *w, struct weft_file *f, void *data)
{
	struct drm_weft_cell_wait *args = data;
	struct weft_watch watch;
	struct weft_bo *bo;
	ktime_t end;
	int ret;

	if (args->flags || args->timeout_ns > MAX_WAIT_NS)
		return -EINVAL;
	end = ktime_add_ns(ktime_get(), args->timeout_ns);
	ret = begin(w, f, args, &bo, &watch);
	if (ret)
		return ret;
	ret = wait_cell(w, bo, &watch, args, end);
	weft_bo_put(bo);
	return ret;
}
