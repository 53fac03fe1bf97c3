// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/module.h>
#include <drm/drm_print.h>

#include "weft_device.h"
#include "weft_reset.h"

static unsigned int safe_timeout_ms = 1000;
module_param(safe_timeout_ms, uint, 0644);
MODULE_PARM_DESC(safe_timeout_ms, "how long a safe operation may take before the card is reset (ms, default 1000)");

static const char * const safe_names[WEFT_SAFE_OP_COUNT] = {
	[WEFT_SAFE_QUEUE_STOP] = "QUEUE_STOP",
	[WEFT_SAFE_AS_STOP] = "AS_STOP",
	[WEFT_SAFE_AS_INVALIDATE] = "AS_INVALIDATE",
	[WEFT_SAFE_LINK_MASK] = "LINK_MASK",
	[WEFT_SAFE_LINK_UNMASK] = "LINK_UNMASK",
	[WEFT_SAFE_ENGINE_RESET] = "ENGINE_RESET",
	[WEFT_SAFE_CELL_FAULT] = "CELL_FAULT",
};

void weft_safe_init(struct weft_device *w)
{
	mutex_init(&w->safe.lock);
	init_waitqueue_head(&w->safe.wq);
}

static bool done(struct weft_device *w, enum weft_safe_op op, u32 seq)
{
	return weft_mmio_read32(w, WEFT_REG_SAFE_DONE(op)) == seq;
}

/* The event only shortens the wait; polling makes a lost interrupt harmless. */
static bool wait_done(struct weft_device *w, enum weft_safe_op op, u32 seq)
{
	unsigned long end = jiffies + msecs_to_jiffies(max(safe_timeout_ms, 1u));
	long slice = 1;

	do {
		if (done(w, op, seq) || READ_ONCE(w->quiet))
			return true;
		wait_event_timeout(w->safe.wq, done(w, op, seq), slice);
		slice = msecs_to_jiffies(10) + 1;
	} while (time_before(jiffies, end));
	return done(w, op, seq) || READ_ONCE(w->quiet);
}

static int run(struct weft_device *w, enum weft_safe_op op, u64 arg0, u64 arg1, u64 arg2)
{
	struct weft_safe *s = &w->safe;
	u32 seq, status;
	int ret = 0;

	/* A card without bus mastering, or gone, reaches nothing: that is completion. */
	if (READ_ONCE(w->quiet))
		return 0;
	mutex_lock(&s->lock);
	seq = ++s->seq;
	weft_mmio_write64(w, WEFT_REG_SAFE_ARG0, arg0);
	weft_mmio_write64(w, WEFT_REG_SAFE_ARG1, arg1);
	weft_mmio_write64(w, WEFT_REG_SAFE_ARG2, arg2);
	weft_mmio_write64(w, WEFT_REG_SAFE_CMD, (u64)seq << 32 | op);
	if (!wait_done(w, op, seq)) {
		ret = -ETIME;
	} else if (!READ_ONCE(w->quiet)) {
		status = weft_mmio_read32(w, WEFT_REG_SAFE_STATUS(op));
		/* What does not exist any more (an answer to its end was lost) is stopped. */
		if (status == WEFT_SAFE_BAD_ARG && op <= WEFT_SAFE_AS_STOP)
			status = WEFT_SAFE_OK;
		if (status != WEFT_SAFE_OK) {
			drm_err(&w->drm, "safe operation %s(%llu, %#llx, %#llx) refused with status %u, wanted 0\n",
				safe_names[op], arg0, arg1, arg2, status);
			ret = -EIO;
		}
	}
	mutex_unlock(&s->lock);
	if (ret != -ETIME)
		return ret;
	if (weft_mmio_gone(w)) {
		weft_reset_lost(w, safe_names[op]);
		return 0;
	}
	atomic_inc(&s->timeouts);
	drm_err(&w->drm, "safe operation %s(%llu, %#llx, %#llx) number %u not done after %u ms (done: %u); resetting the card\n",
		safe_names[op], arg0, arg1, arg2, seq, safe_timeout_ms, weft_mmio_read32(w, WEFT_REG_SAFE_DONE(op)));
	weft_reset_schedule(w);
	return -ETIME;
}

int weft_safe_queue_stop(struct weft_device *w, u32 queue)
{
	return run(w, WEFT_SAFE_QUEUE_STOP, queue, 0, 0);
}

int weft_safe_as_stop(struct weft_device *w, u32 asid)
{
	return run(w, WEFT_SAFE_AS_STOP, asid, 0, 0);
}

int weft_safe_as_invalidate(struct weft_device *w, u32 asid, u64 va, u64 bytes)
{
	return run(w, WEFT_SAFE_AS_INVALIDATE, asid, va, bytes);
}

int weft_safe_link_mask(struct weft_device *w, u32 link)
{
	return run(w, WEFT_SAFE_LINK_MASK, link, 0, 0);
}

int weft_safe_link_unmask(struct weft_device *w, u32 link)
{
	return run(w, WEFT_SAFE_LINK_UNMASK, link, 0, 0);
}

int weft_safe_cell_fault(struct weft_device *w, u64 cell, u64 word)
{
	return run(w, WEFT_SAFE_CELL_FAULT, cell, word, 0);
}
