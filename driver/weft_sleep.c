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

/* Tasks and the card's workers are frozen: nobody makes, ends or fills a queue; no lock needed. */
static struct weft_hwq *next(struct weft_device *w, unsigned long *id)
{
	struct weft_hwq *q;

	xa_for_each_start(&w->hwqs, *id, q, *id) {
		if (!xa_is_value(q) && q->ops->kill && READ_ONCE(q->live) &&
		    !READ_ONCE(q->halted)) {
			++*id;
			return q;
		}
	}
	return NULL;
}

static int suspend_all(struct weft_device *w)
{
	unsigned long id = 0;
	struct weft_hwq *q;

	while ((q = next(w, &id))) {
		int ret = weft_mbox_queue_suspend(w, q->desc.id);

		/* Without the capability or firmware queues have to come to rest by themselves. */
		if (ret == -EOPNOTSUPP || ret == -EIO)
			return 0;
		if (ret == -ENODEV)
			return ret;
		/* -EALREADY: it has just stopped. */
		q->suspended = !ret;
	}
	return 0;
}

static int resume_all(struct weft_device *w)
{
	unsigned long id = 0;
	struct weft_hwq *q;
	int ret = 0, err;

	while ((q = next(w, &id))) {
		if (!q->suspended)
			continue;
		q->suspended = false;
		WRITE_ONCE(q->slept, true);
		err = weft_mbox_queue_resume(w, q->desc.id);
		if (err) {
			drm_err(&w->drm, "queue %u cannot be resumed (%d)\n", q->desc.id, err);
			ret = ret ?: err;
		}
	}
	return ret;
}

/* How many are not at rest; the first of them. */
static u32 count_busy(struct weft_device *w, u32 *all, struct weft_hwq **first)
{
	unsigned long id = 0;
	struct weft_hwq *q;
	u32 busy = 0;

	*all = 0;
	while ((q = next(w, &id))) {
		++*all;
		if (!at_rest(q) && !busy++)
			*first = q;
	}
	return busy;
}

static int wait_rest(struct weft_device *w)
{
	unsigned long end = jiffies + msecs_to_jiffies(suspend_timeout_ms);
	struct weft_hwq *q = NULL;
	u32 busy, all;

	while ((busy = count_busy(w, &all, &q))) {
		if (weft_mmio_gone(w)) {
			weft_reset_lost(w, "suspend");
			return 0;
		}
		if (time_after(jiffies, end)) {
			drm_err(&w->drm,
				"suspend refused: %u of %u queues did not come to rest in %u ms, the first is %u (address space %u, state %u): end it, or raise suspend_timeout_ms\n",
				busy, all, suspend_timeout_ms, q->desc.id, q->desc.asid,
				weft_hwq_run(q));
			return -EBUSY;
		}
		usleep_range(2000, 4000);
	}
	return 0;
}

/* Everything but suspend to idle takes the power, and with it local memory. */
static int refuse_loss(struct weft_device *w)
{
	int spaces = atomic_read(&w->counts.vms), objects = atomic_read(&w->counts.bos);
	int jobs = atomic_read(&w->counts.queues), users = atomic_read(&w->counts.uqueues);

	if (!spaces && !objects && !jobs && !users)
		return 0;
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
	/* Queues whose last job ended just now leave the table by this one, which is not frozen. */
	flush_workqueue(w->free_wq);
	ret = pm_suspend_target_state == PM_SUSPEND_TO_IDLE ? 0 : refuse_loss(w);
	return ret ?: keep(w);
}

int weft_sleep_resume(struct device *dev)
{
	struct weft_device *w = pci_get_drvdata(to_pci_dev(dev));

	if (READ_ONCE(w->state) == WEFT_UP && weft_sleep_check(w, "resume")) {
		if (resume_all(w))
			weft_reset_schedule(w);
		weft_event_rescan(w);
	}
	/*
	 * What could not be kept is told now or by the worker that resets; the machine's resume
	 * does not fail for it.
	 */
	return 0;
}
