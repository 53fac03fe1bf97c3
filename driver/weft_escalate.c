// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include <firmware/abi/queue.h>
#include <firmware/abi/reg.h>

#include "weft_device.h"
#include "weft_escalate.h"
#include "weft_hwq.h"
#include "weft_reset.h"
#include "weft_trace.h"

/* The same for a stop whose notes and dump have been taken. */
static int want_reset(struct weft_device *w, enum weft_safe_op op, u32 seq, u64 arg0, u64 arg1)
{
	if (weft_mmio_gone(w)) {
		weft_reset_lost(w, weft_safe_name(op));
		return READ_ONCE(w->quiet) ? 0 : -ETIME;
	}
	atomic_inc(&w->safe.timeouts);
	drm_err(&w->drm,
		"safe operation %s(%llu, %#llx) number %u not done in time (done: %u); resetting the card\n",
		weft_safe_name(op), arg0, arg1, seq, weft_mmio_read32(w, WEFT_REG_SAFE_DONE(op)));
	weft_reset_schedule(w);
	return -ETIME;
}

int weft_escalate_reset(struct weft_device *w, enum weft_safe_op op, u32 seq, u64 arg0, u64 arg1)
{
	/* A reset that began meanwhile: nothing is in flight, and nobody touches the card. */
	if (READ_ONCE(w->quiet))
		return 0;
	if (!weft_mmio_gone(w)) {
		weft_history_note(&w->history, "safe operation not done, value is which",
				  WEFT_QUEUE_NONE, op, -ETIME);
		weft_dump_capture(w, WEFT_DUMP_SAFE_TIMEOUT, NULL, 0);
	}
	return want_reset(w, op, seq, arg0, arg1);
}

/* 1 + the engine a queue is on, 0 when it is on none, or the card does not tell. */
static u32 engine_of(struct weft_device *w, u64 state)
{
	u32 run = weft_mmio_lmem_read32(w, state + offsetof(struct weft_queue_state, run));
	u32 engine = weft_mmio_lmem_read32(w, state + offsetof(struct weft_queue_state, engine));

	return run == WEFT_QS_RUNNING && engine <= w->num_engines ? engine : 0;
}

/* safe.lock held. The stop with number @stop completes when the engine has been reset. */
static int reset_engine(struct weft_device *w, u32 queue, u64 state, u32 stop)
{
	u32 engine = engine_of(w, state), seq;
	int ret;

	if (!(w->caps & WEFT_CAP_ENGINE_RESET) || !engine)
		return -ETIME;
	trace_weft_reset(w->serial, "engine", w->gen, 0);
	drm_err(&w->drm, "queue %u does not stop; resetting engine %u, which it is on\n", queue,
		engine - 1);
	seq = weft_safe_ask(w, WEFT_SAFE_ENGINE_RESET, engine - 1, 0, 0);
	ret = weft_safe_await(w, WEFT_SAFE_ENGINE_RESET, seq, engine - 1, 0);
	if (!ret)
		ret = weft_safe_await(w, WEFT_SAFE_QUEUE_STOP, stop, queue, 0);
	weft_history_note(&w->history, "engine reset, value is which", queue, engine - 1, ret);
	if (ret)
		return -ETIME;
	atomic64_inc(&w->stats.engine_resets);
	return 0;
}

int weft_escalate_stop(struct weft_device *w, struct weft_hwq *q)
{
	u64 from_ns = WEFT_TRACE_START(safe);
	u32 queue = q->desc.id, *stage = &q->stage;
	u32 seq;
	int ret;

	/* A card without bus mastering, or gone, reaches nothing: that is completion. */
	if (READ_ONCE(w->quiet))
		return 0;
	/*
	 * Nor is a card waited for again that is going to be reset. If that is this queue's doing,
	 * its stage says so already; another one's is no stage of this queue's.
	 */
	if (weft_reset_pending(w))
		return -ETIME;
	*stage = DRM_WEFT_STAGE_QUEUE_STOP;
	mutex_lock(&w->safe.lock);
	seq = weft_safe_ask(w, WEFT_SAFE_QUEUE_STOP, queue, 0, 0);
	ret = weft_safe_await(w, WEFT_SAFE_QUEUE_STOP, seq, queue, 0);
	/* With the lock: what others wait for would be behind the stop that does not complete. */
	if (ret == -ETIME && !weft_mmio_gone(w)) {
		atomic64_inc(&w->stats.stop_timeouts);
		weft_history_note(&w->history, "queue does not stop", queue, 0, -ETIME);
		weft_dump_capture(w, WEFT_DUMP_SAFE_TIMEOUT,
				  q->desc.kind == WEFT_QUEUE_JOB ? q : NULL, 0);
		*stage = DRM_WEFT_STAGE_ENGINE_RESET;
		ret = reset_engine(w, queue, q->desc.state, seq);
	}
	mutex_unlock(&w->safe.lock);
	trace_weft_safe(w->serial, WEFT_SAFE_QUEUE_STOP, seq, queue, 0, ret,
			WEFT_TRACE_SINCE(from_ns));
	if (ret != -ETIME)
		return ret;
	*stage = DRM_WEFT_STAGE_CARD_RESET;
	return want_reset(w, WEFT_SAFE_QUEUE_STOP, seq, queue, 0);
}
