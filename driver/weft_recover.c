// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
/*
 * A queue that faulted or ran too long: stop it, tell whose fault it was, set it up again. Nobody
 * else is touched. Runs in the dma-fence signalling path: no allocation, every wait bounded by
 * safe_timeout_ms and mbox_timeout_ms.
 */
#include <linux/delay.h>
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include <firmware/abi/fault.h>
#include <firmware/abi/reg.h>

#include "weft_compat.h"
#include "weft_device.h"
#include "weft_job.h"
#include "weft_queue.h"
#include "weft_reset.h"
#include "weft_trace.h"
#include "weft_vm.h"

#define MAX_EXTENSIONS	64	/* fences have to end, whatever the card does with its turns */
#define STALE_MS	200	/* a unit takes 5 ms at most; the rest is the card's own delay */
#define LOOK_MS		10	/* the record of a queue that runs is at most 5 ms old */

enum verdict {
	VERDICT_NOTHING,	/* an interrupt was late or lost, or there is nothing in flight */
	VERDICT_STARVED,	/* had fewer turns than its limit gives it: not its fault */
	VERDICT_FAULT,
	VERDICT_TIMEOUT,
};

static u32 state32(struct weft_queue *q, size_t at)
{
	return weft_mmio_lmem_read32(q->w, q->hw.desc.state + at);
}

static u64 state64(struct weft_queue *q, size_t at)
{
	return weft_mmio_lmem_read64(q->w, q->hw.desc.state + at);
}

static bool in_flight(struct weft_queue *q)
{
	unsigned long flags;
	bool any;

	spin_lock_irqsave(&q->lock, flags);
	any = !list_empty(&q->in_flight);
	spin_unlock_irqrestore(&q->lock, flags);
	return any;
}

static struct weft_queue_look look(struct weft_queue *q)
{
	int tries = 100;
	struct weft_queue_look l;
	u64 version;

	do {
		version = state64(q, offsetof(struct weft_queue_state, version));
		l.run = state32(q, offsetof(struct weft_queue_state, run));
		l.engine = state32(q, offsetof(struct weft_queue_state, engine));
		l.progress_ns = state64(q, offsetof(struct weft_queue_state, progress_ns));
		if (!(version & 1) &&
		    state64(q, offsetof(struct weft_queue_state, version)) == version)
			break;
		udelay(2);
	} while (--tries);
	return l;
}

/*
 * On an engine, and the card ends no unit of it for longer than one takes. A turn may just have
 * begun when the end of the last unit is long ago, so that is waited for.
 */
static bool hangs(struct weft_queue *q, struct weft_queue_look first)
{
	u64 now = weft_mmio_read64(q->w, WEFT_REG_CLOCK_NOW);
	int looks = STALE_MS / LOOK_MS;
	struct weft_queue_look l;

	if (now <= first.progress_ns || now - first.progress_ns <= STALE_MS * NSEC_PER_MSEC)
		return false;
	do {
		if (!looks--)
			return true;
		msleep(LOOK_MS);
		l = look(q);
	} while (l.run == WEFT_QS_RUNNING && l.progress_ns == first.progress_ns);
	return false;
}

bool weft_recover_starves(struct weft_queue *q, struct weft_queue_look l)
{
	if (l.run == WEFT_QS_READY)
		return true;
	return l.run == WEFT_QS_RUNNING && l.engine &&
	       weft_hwq_busy_ns(&q->hw) - q->busy_mark < (u64)q->run_limit_ms * NSEC_PER_MSEC &&
	       !hangs(q, l);
}

static enum verdict judge(struct weft_queue *q)
{
	struct weft_queue_look l;

	weft_queue_complete(&q->hw);
	/* The card is off the bus, so that what fails now need not be the queue's doing. */
	if (weft_reset_pending(q->w))
		return VERDICT_NOTHING;
	l = look(q);
	if (l.run == WEFT_QS_FAULTED)
		return VERDICT_FAULT;
	if (!in_flight(q))
		return VERDICT_NOTHING;
	/* With the machine, whose sleep is not the job's time; the card goes on counting that. */
	if (l.run == WEFT_QS_SUSPENDED || xchg(&q->hw.slept, false))
		return VERDICT_NOTHING;
	if (weft_recover_starves(q, l) && q->extended < MAX_EXTENSIONS) {
		q->extended++;
		q->starved++;
		atomic64_inc(&q->w->stats.starved);
		return VERDICT_STARVED;
	}
	return VERDICT_TIMEOUT;
}

int weft_recover_errno(bool timeout, u32 cause)
{
	if (timeout || cause == WEFT_FAULT_RUN_LIMIT || cause == WEFT_FAULT_HANG)
		return -ETIME;
	return -EFAULT;
}

static void remember(struct weft_queue *q, enum verdict verdict)
{
	q->fault = (struct weft_queue_fault) {
		.cause = state32(q, offsetof(struct weft_queue_state, cause)),
		.packet = state32(q, offsetof(struct weft_queue_state, fault_packet)),
		.op = state32(q, offsetof(struct weft_queue_state, fault_op)),
		.va = state64(q, offsetof(struct weft_queue_state, fault_va)),
		.list = state64(q, offsetof(struct weft_queue_state, fault_list)),
	};
	/*
	 * STOPPED is what our own stop left; what led to it is the time limit. After a reset of the
	 * card, which may have come already, the record says nothing of it.
	 */
	if (verdict == VERDICT_TIMEOUT &&
	    (!q->fault.cause || q->fault.cause == WEFT_FAULT_STOPPED ||
	     q->hw.stage == DRM_WEFT_STAGE_CARD_RESET))
		q->fault.cause = q->hw.stage > DRM_WEFT_STAGE_QUEUE_STOP ?
				 WEFT_FAULT_HANG : WEFT_FAULT_RUN_LIMIT;
	q->faults++;
}

/* hw_lock held, scheduler's workers stopped. */
static void recover(struct weft_queue *q, enum verdict verdict)
{
	bool timeout = verdict == VERDICT_TIMEOUT;
	struct weft_device *w = q->w;
	int error, ret;

	/*
	 * Before the stop, which leaves nothing of what it did. Faults of a queue are its own
	 * doing: one is enough.
	 */
	if (weft_recover_errno(timeout, state32(q, offsetof(struct weft_queue_state, cause))) ==
	    -ETIME)
		weft_dump_capture(w, WEFT_DUMP_JOB_TIMEOUT, &q->hw,
				  weft_tables_root(&q->vm->tables));
	else if (!q->faults)
		weft_dump_capture(w, WEFT_DUMP_JOB_FAULT, &q->hw, weft_tables_root(&q->vm->tables));
	ret = weft_hwq_stop(&q->hw);
	/* It may have completed more on the way to its stop. */
	weft_queue_complete(&q->hw);
	remember(q, verdict);
	error = weft_recover_errno(timeout, q->fault.cause);
	weft_history_note(&w->history, "job failed, value is its cause", q->hw.desc.id,
			  q->fault.cause, error);
	trace_weft_queue_fault(w->serial, q->hw.desc.id, q->fault.cause, q->fault.va, q->fault.list,
			       q->fault.packet, q->fault.op);
	if (error == -ETIME)
		atomic64_inc(&w->stats.timeouts);
	drm_dbg(&w->drm, "queue %u stopped: %s, cause %u, va %#llx, list %#llx packet %u op %#x\n",
		q->hw.desc.id, error == -ETIME ? "time limit" : "fault", q->fault.cause,
		q->fault.va, q->fault.list, q->fault.packet, q->fault.op);
	if (weft_hwq_reaches(&q->hw)) {
		weft_queue_condemn(q, error, -ECANCELED);
		return;
	}
	/* Who takes the card down waits for this queue: what is set up now would only meet that. */
	if (!ret && READ_ONCE(w->quiet)) {
		weft_queue_fail(q, error, weft_device_check(w) ?: -ECANCELED, true);
		return;
	}
	if (!ret) {
		weft_queue_fail(q, error, -ECANCELED, false);
		ret = weft_hwq_start(&q->hw);
	}
	if (ret) {
		/* Its jobs still end: nobody may wait for a queue that cannot be set up again. */
		drm_err(&w->drm, "queue %u cannot be set up again (%d); it takes no more jobs\n",
			q->hw.desc.id, ret);
		weft_queue_fail(q, error, weft_device_check(w) ?: -EIO, true);
	}
}

enum drm_gpu_sched_stat weft_recover_timedout(struct drm_sched_job *bad)
{
	struct weft_queue *q = weft_job_queue(bad);
	struct drm_gpu_scheduler *sched = q->sched;
	enum verdict verdict;
	bool cookie;

	/*
	 * No job enters the ring while it is taken apart. The scheduler does not count its stops:
	 * whoever starts it first starts it for all, so they take turns.
	 */
	mutex_lock(&q->hw_lock);
	drm_sched_wqueue_stop(sched);
	cookie = dma_fence_begin_signalling();
	/* Of a dead one nothing is in flight. */
	verdict = q->dead ? VERDICT_NOTHING : judge(q);
	if (verdict == VERDICT_FAULT || verdict == VERDICT_TIMEOUT)
		recover(q, verdict);
	dma_fence_end_signalling(cookie);

	/*
	 * The scheduler has taken the job off its list. Every fence is right now, also of jobs that
	 * go on, so it goes back where it was and the worker frees what has ended. drm_sched_stop()
	 * and _start() would cancel the rest.
	 */
	spin_lock(&sched->job_list_lock);
	list_add(&bad->list, &sched->pending_list);
	spin_unlock(&sched->job_list_lock);
	drm_sched_wqueue_start(sched);
	mutex_unlock(&q->hw_lock);
	return WEFT_SCHED_STAT_RESET;
}
