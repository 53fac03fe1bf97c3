// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/wait.h>
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include <firmware/abi/reg.h>

#include "weft_cell.h"
#include "weft_device.h"
#include "weft_file.h"
#include "weft_gem.h"
#include "weft_sem.h"
#include "weft_wait.h"

/* Who sleeps in CELL_WAIT. */
struct weft_sleeper {
	struct weft_wait wait;
	wait_queue_head_t wq;
};

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

static void wake_sleeper(struct weft_watch *watch)
{
	wake_up(&container_of(watch, struct weft_sleeper, wait.watch)->wq);
}

/* Sleeps until the watch fires, at most until @end: 0, -ERESTARTSYS. */
static int sleep(struct weft_sleeper *s, ktime_t end)
{
	s64 left = min_t(s64, ktime_to_ns(ktime_sub(end, ktime_get())),
			 WEFT_WAIT_SLICE_MS * NSEC_PER_MSEC);
	long ret;

	if (left <= 0)
		return 0;
	ret = wait_event_interruptible_timeout(s->wq, READ_ONCE(s->wait.watch.fired),
					       nsecs_to_jiffies(left) + 1);
	return ret < 0 ? ret : 0;
}

/* Looks happen with the card held, sleep does not. The wait is over when this returns. */
static int wait_cell(struct weft_device *w, struct weft_sleeper *s, bool sleeps, ktime_t end)
{
	int idx, ret;

	for (;;) {
		ret = weft_device_enter(w, &idx);
		if (ret)
			break;
		ret = weft_wait_look(w, &s->wait, sleeps);
		if (!ret && ktime_compare(ktime_get(), end) >= 0)
			ret = -ETIME;
		if (ret)
			weft_wait_end(w, &s->wait, ret != -ENODEV);
		weft_device_exit(w, idx);
		if (ret)
			return ret < 0 ? ret : 0;
		ret = sleep(s, end);
		if (ret)
			break;
	}
	/* Not inside the card: it is gone, in reset, or the caller was interrupted. */
	if (ret == -ERESTARTSYS && !weft_device_try_enter(w, &idx)) {
		weft_wait_end(w, &s->wait, true);
		weft_device_exit(w, idx);
	} else {
		weft_wait_end(w, &s->wait, false);
	}
	return ret;
}

int weft_cell_wait_ioctl(struct weft_device *w, struct weft_file *f, void *data)
{
	struct drm_weft_cell_wait *args = data;
	struct weft_sleeper s = { .wait.watch.fire = wake_sleeper, .wait.wanted = args->value };
	ktime_t end;
	int idx, ret;

	if (args->flags || args->timeout_ns > WEFT_WAIT_MAX_NS)
		return -EINVAL;
	end = ktime_add_ns(ktime_get(), args->timeout_ns);
	init_waitqueue_head(&s.wq);
	ret = weft_file_enter(f, &idx);
	if (ret)
		return ret;
	ret = weft_wait_begin(w, f, &s.wait, args->handle, args->offset);
	weft_device_exit(w, idx);
	if (ret)
		return ret;
	ret = wait_cell(w, &s, args->timeout_ns, end);
	if (ret == -ERESTARTSYS) {
		args->timeout_ns = max_t(s64, ktime_to_ns(ktime_sub(end, ktime_get())), 0);
	} else if (!ret || ret == -ETIME) {
		args->value = s.wait.now.value;
		args->end = s.wait.now.end;
		args->fault = s.wait.now.fault;
	}
	return ret;
}
