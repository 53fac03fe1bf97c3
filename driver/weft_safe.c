// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/module.h>
#include <drm/drm_print.h>

#include <firmware/abi/queue.h>
#include <firmware/abi/reg.h>

#include "weft_device.h"
#include "weft_escalate.h"
#include "weft_trace.h"

static unsigned int safe_timeout_ms = 1000;
module_param(safe_timeout_ms, uint, 0644);
MODULE_PARM_DESC(safe_timeout_ms,
		 "how long a safe operation may take before the next stage of recovery (ms, default 1000)");

#define BATCH	16	/* operations the card takes at once */

static const char * const safe_names[WEFT_SAFE_OP_COUNT] = {
	[WEFT_SAFE_QUEUE_STOP] = "QUEUE_STOP",
	[WEFT_SAFE_AS_STOP] = "AS_STOP",
	[WEFT_SAFE_AS_INVALIDATE] = "AS_INVALIDATE",
	[WEFT_SAFE_LINK_MASK] = "LINK_MASK",
	[WEFT_SAFE_LINK_UNMASK] = "LINK_UNMASK",
	[WEFT_SAFE_ENGINE_RESET] = "ENGINE_RESET",
	[WEFT_SAFE_CELL_FAULT] = "CELL_FAULT",
	[WEFT_SAFE_CELL_FAULTS] = "CELL_FAULTS",
};

const char *weft_safe_name(enum weft_safe_op op)
{
	return safe_names[op];
}

void weft_safe_init(struct weft_device *w)
{
	mutex_init(&w->safe.lock);
	init_waitqueue_head(&w->safe.wq);
}

int weft_safe_start(struct weft_device *w)
{
	struct weft_carve_block *list;

	if (!(w->caps & WEFT_CAP_CELL_FAULTS) || w->safe.list)
		return 0;
	list = weft_carve_alloc(w, NULL, WEFT_SAFE_FAULTS_MAX * sizeof(struct weft_safe_fault));
	if (IS_ERR(list))
		return PTR_ERR(list);
	w->safe.list = list;
	return 0;
}

static bool done(struct weft_device *w, enum weft_safe_op op, u32 seq)
{
	return weft_mmio_read32(w, WEFT_REG_SAFE_DONE(op)) == seq;
}

/* The event only shortens the wait; polling makes a lost interrupt harmless. */
static bool wait_done(struct weft_device *w, enum weft_safe_op op, u32 seq)
{
	unsigned long end = jiffies + msecs_to_jiffies(max(safe_timeout_ms, 1u));
	unsigned int looks = 4;
	long slice = 1;

	/* Most are done at once, sooner than a sleep can end. */
	while (looks--)
		if (done(w, op, seq))
			return true;
	do {
		if (done(w, op, seq) || READ_ONCE(w->quiet))
			return true;
		wait_event_timeout(w->safe.wq, done(w, op, seq), slice);
		slice = msecs_to_jiffies(10) + 1;
	} while (time_before(jiffies, end));
	return done(w, op, seq) || READ_ONCE(w->quiet);
}

u32 weft_safe_ask(struct weft_device *w, enum weft_safe_op op, u64 arg0, u64 arg1, u64 arg2)
{
	u32 seq = ++w->safe.seq;

	weft_mmio_write64(w, WEFT_REG_SAFE_ARG0, arg0);
	weft_mmio_write64(w, WEFT_REG_SAFE_ARG1, arg1);
	weft_mmio_write64(w, WEFT_REG_SAFE_ARG2, arg2);
	weft_mmio_write64(w, WEFT_REG_SAFE_CMD, (u64)seq << 32 | op);
	return seq;
}

int weft_safe_await(struct weft_device *w, enum weft_safe_op op, u32 seq, u64 arg0, u64 arg1)
{
	u32 status;

	if (!wait_done(w, op, seq))
		return -ETIME;
	if (READ_ONCE(w->quiet))
		return 0;
	status = weft_mmio_read32(w, WEFT_REG_SAFE_STATUS(op));
	/* What does not exist any more (an answer to its end was lost) is stopped. */
	if (status == WEFT_SAFE_BAD_ARG && op <= WEFT_SAFE_AS_STOP)
		status = WEFT_SAFE_OK;
	if (status == WEFT_SAFE_OK)
		return 0;
	drm_err(&w->drm, "safe operation %s(%llu, %#llx) refused with status %u, wanted 0\n",
		safe_names[op], arg0, arg1, status);
	return -EIO;
}

/*
 * 1, with the lock: ask it. A card without bus mastering, or gone, reaches nothing: that is
 * completion, 0. One that is going to be reset is not waited for again, or each of many would wait
 * its time while the reset waits for them all: -ETIME.
 */
static int begin(struct weft_device *w)
{
	int ret = 1;

	mutex_lock(&w->safe.lock);
	if (READ_ONCE(w->quiet))
		ret = 0;
	else if (READ_ONCE(w->reset_wanted))
		ret = -ETIME;
	if (ret <= 0)
		mutex_unlock(&w->safe.lock);
	return ret;
}

static int run(struct weft_device *w, enum weft_safe_op op, u64 arg0, u64 arg1, u64 arg2)
{
	u64 from_ns = WEFT_TRACE_START(safe);
	u32 seq;
	int ret = begin(w);

	if (ret <= 0)
		return ret;
	seq = weft_safe_ask(w, op, arg0, arg1, arg2);
	ret = weft_safe_await(w, op, seq, arg0, arg1);
	mutex_unlock(&w->safe.lock);
	trace_weft_safe(w->serial, op, seq, arg0, arg1, ret, WEFT_TRACE_SINCE(from_ns));
	return ret == -ETIME ? weft_escalate_reset(w, op, seq, arg0, arg1) : ret;
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

/* One operation for each. Those of one kind complete in order: the last stands for its batch. */
static int one_by_one(struct weft_device *w, const struct weft_safe_fault *faults,
		      unsigned int count)
{
	const struct weft_safe_fault *last = &faults[count - 1];
	u64 from_ns = WEFT_TRACE_START(safe);
	u32 seq = 0;
	int ret = begin(w);

	if (ret <= 0)
		return ret;
	while (count--) {
		seq = weft_safe_ask(w, WEFT_SAFE_CELL_FAULT, faults->cell, faults->word, 0);
		faults++;
	}
	ret = weft_safe_await(w, WEFT_SAFE_CELL_FAULT, seq, last->cell, last->word);
	mutex_unlock(&w->safe.lock);
	trace_weft_safe(w->serial, WEFT_SAFE_CELL_FAULT, seq, last->cell, last->word, ret,
			WEFT_TRACE_SINCE(from_ns));
	return ret == -ETIME ?
	       weft_escalate_reset(w, WEFT_SAFE_CELL_FAULT, seq, last->cell, last->word) : ret;
}

/*
 * All by one operation. When it does not complete the next caller may change the list under it:
 * then a cell is poisoned early that is to be poisoned anyway, and the reset that follows ends
 * both.
 */
static int by_list(struct weft_device *w, const struct weft_safe_fault *faults, unsigned int count)
{
	u64 from_ns = WEFT_TRACE_START(safe), at = w->safe.list->at;
	u32 seq;
	int ret = begin(w);

	if (ret <= 0)
		return ret;
	weft_mmio_lmem_write(w, at, faults, count * sizeof(*faults));
	weft_mmio_flush_writes();
	seq = weft_safe_ask(w, WEFT_SAFE_CELL_FAULTS, at, count, 0);
	ret = weft_safe_await(w, WEFT_SAFE_CELL_FAULTS, seq, at, count);
	mutex_unlock(&w->safe.lock);
	trace_weft_safe(w->serial, WEFT_SAFE_CELL_FAULTS, seq, at, count, ret,
			WEFT_TRACE_SINCE(from_ns));
	return ret == -ETIME ? weft_escalate_reset(w, WEFT_SAFE_CELL_FAULTS, seq, at, count) : ret;
}

int weft_safe_cell_faults(struct weft_device *w, const struct weft_safe_fault *faults,
			  unsigned int count)
{
	int ret = 0;

	if (!count)
		return 0;
	if (w->safe.list)
		return by_list(w, faults, count);
	while (count && ret != -ETIME) {
		unsigned int n = min(count, BATCH);

		ret = one_by_one(w, faults, n) ?: ret;
		faults += n;
		count -= n;
	}
	return ret;
}
