// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/suspend.h>
#include <drm/drm_print.h>

#include <firmware/abi/reg.h>

#include "weft_device.h"
#include "weft_reset.h"
#include "weft_sleep.h"

#define FREE_MS		200	/* for what has just ended to be freed */

static unsigned int suspend_timeout_ms = 5000;
module_param(suspend_timeout_ms, uint, 0644);
MODULE_PARM_DESC(suspend_timeout_ms,
		 "how long queues may take to the end of their packet when the machine suspends (ms, default 5000)");

bool weft_sleep_check(struct weft_device *w, const char *doing)
{
	if (weft_mmio_gone(w)) {
		weft_reset_lost(w, doing);
		return false;
	}
	if (weft_mmio_read64(w, WEFT_REG_RESET_GEN) != w->gen ||
	    weft_mmio_read64(w, WEFT_REG_USER_LIMIT) != w->user_limit) {
		drm_err(&w->drm,
			"the card lost its contents before %s (generation %llu, was %llu): resetting it\n",
			doing, weft_mmio_read64(w, WEFT_REG_RESET_GEN), w->gen);
		weft_reset_schedule(w);
		return false;
	}
	/* Events it could not write it tells as an overflow. */
	weft_event_process(w);
	weft_event_watch(w);
	return true;
}

/* Nothing of a queue is in flight, and it does not begin anything. */
static bool at_rest(struct weft_hwq *q)
{
	u32 run = weft_hwq_run(q);

	return run == WEFT_QS_SUSPENDED || run == WEFT_QS_STOPPED || run == WEFT_QS_FAULTED ||
	       (!q->suspended && (run == WEFT_QS_IDLE || run == WEFT_QS_PARKED));
}

/*
 * The next queue that may have work, with a reference. Tasks and the workers of the card are
 * frozen, and files are closed before or afterwards (weft_pm_shut()), but a queue that its file has
 * let go may be freed at any time.
 */
static struct weft_hwq *next(struct weft_device *w, unsigned long *id)
{
	struct weft_hwq *q;

	while ((q = weft_hwq_next(w, id, NULL))) {
		if (READ_ONCE(q->live) && !READ_ONCE(q->halted))
			return q;
		weft_hwq_put(q);
	}
	return NULL;
}

static int suspend_all(struct weft_device *w)
{
	unsigned long id = 0;
	struct weft_hwq *q;

	while ((q = next(w, &id))) {
		int ret = weft_mbox_queue_suspend(w, q->desc.id);

		/* -EALREADY: it has just stopped. */
		q->suspended = !ret;
		weft_hwq_put(q);
		/* Without the capability or firmware queues have to come to rest by themselves. */
		if (ret == -EOPNOTSUPP || ret == -EIO)
			return 0;
		if (ret == -ENODEV)
			return ret;
	}
	return 0;
}

static int resume_queue(struct weft_device *w, struct weft_hwq *q)
{
	int ret;

	if (!q->suspended)
		return 0;
	q->suspended = false;
	WRITE_ONCE(q->slept, true);
	ret = weft_mbox_queue_resume(w, q->desc.id);
	if (ret)
		drm_err(&w->drm, "queue %u cannot be resumed (%d)\n", q->desc.id, ret);
	return ret;
}

static int resume_all(struct weft_device *w)
{
	unsigned long id = 0;
	struct weft_hwq *q;
	int ret = 0, err;

	while ((q = next(w, &id))) {
		err = resume_queue(w, q);
		ret = ret ?: err;
		weft_hwq_put(q);
	}
	return ret;
}

/* Queues, how many of them are not at rest, and what is said of the first of these. */
struct rest {
	u32 all, busy;
	u32 id, asid, run;
};

static struct rest look_at_all(struct weft_device *w)
{
	struct rest r = { };
	unsigned long id = 0;
	struct weft_hwq *q;

	while ((q = next(w, &id))) {
		r.all++;
		if (!at_rest(q) && !r.busy++) {
			r.id = q->desc.id;
			r.asid = q->desc.asid;
			r.run = weft_hwq_run(q);
		}
		weft_hwq_put(q);
	}
	return r;
}

static int wait_rest(struct weft_device *w)
{
	unsigned long end = jiffies + msecs_to_jiffies(suspend_timeout_ms);
	struct rest r;

	while ((r = look_at_all(w)).busy) {
		if (weft_mmio_gone(w)) {
			weft_reset_lost(w, "suspend");
			return 0;
		}
		if (time_after(jiffies, end)) {
			drm_err(&w->drm,
				"suspend refused: %u of %u queues did not come to rest in %u ms, the first is %u (address space %u, state %u): end it, or raise suspend_timeout_ms\n",
				r.busy, r.all, suspend_timeout_ms, r.id, r.asid, r.run);
			return -EBUSY;
		}
		usleep_range(2000, 4000);
	}
	return 0;
}

/*
 * Everything but suspend to idle takes the power, and with it local memory. What has just ended is
 * freed by workers that are not frozen: they are given a moment.
 */
static int refuse_loss(struct weft_device *w)
{
	unsigned long end = jiffies + msecs_to_jiffies(FREE_MS);
	int spaces, objects, jobs, users;

	for (;;) {
		spaces = atomic_read(&w->counts.vms);
		objects = atomic_read(&w->counts.bos);
		jobs = atomic_read(&w->counts.queues);
		users = atomic_read(&w->counts.uqueues);
		if (!spaces && !objects && !jobs && !users)
			return 0;
		if (time_after(jiffies, end))
			break;
		usleep_range(2000, 4000);
	}
	drm_err(&w->drm,
		"suspend refused: the card would lose its memory, and %d job queues, %d user queues, %d address spaces and %d objects are in use: end their processes, or suspend to idle\n",
		jobs, users, spaces, objects);
	return -EBUSY;
}

static int keep(struct weft_device *w)
{
	int ret = suspend_all(w);

	if (!ret)
		ret = wait_rest(w);
	if (ret)
		resume_all(w);
	return ret == -ENODEV ? 0 : ret;
}

int weft_sleep_suspend(struct device *dev)
{
	struct weft_device *w = pci_get_drvdata(to_pci_dev(dev));
	int ret;

	switch (READ_ONCE(w->state)) {
	case WEFT_UP:
		break;
	case WEFT_RESETTING:
		drm_err(&w->drm, "suspend refused: the card is in reset\n");
		return -EBUSY;
	default:
		return 0;
	}
	ret = pm_suspend_target_state == PM_SUSPEND_TO_IDLE ? 0 : refuse_loss(w);
	if (ret)
		return ret;
	if (!weft_pm_shut(w, suspend_timeout_ms)) {
		drm_err(&w->drm,
			"suspend refused: %d calls did not end in %u ms; raise suspend_timeout_ms\n",
			atomic_read(&w->pm.uses[WEFT_PM_CALL]), suspend_timeout_ms);
		return -EBUSY;
	}
	ret = keep(w);
	if (ret)
		weft_pm_open(w);
	return ret;
}

int weft_sleep_resume(struct device *dev)
{
	struct weft_device *w = pci_get_drvdata(to_pci_dev(dev));

	if (READ_ONCE(w->state) == WEFT_UP && weft_sleep_check(w, "resume")) {
		if (resume_all(w))
			weft_reset_schedule(w);
		weft_event_rescan(w);
	}
	weft_pm_open(w);
	/*
	 * What could not be kept is told now or by the worker that resets; the machine's resume
	 * does not fail for it.
	 */
	return 0;
}
