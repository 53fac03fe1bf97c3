// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/kobject.h>
#include <linux/module.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>

#include <firmware/abi/queue.h>
#include <firmware/abi/reg.h>

#include "weft_bind.h"
#include "weft_device.h"
#include "weft_map.h"
#include "weft_news.h"
#include "weft_queue.h"
#include "weft_reset.h"
#include "weft_trace.h"
#include "weft_uqueue.h"
#include "weft_vm.h"

#define RETRY_MS	10	/* until whoever holds the device's lock has done */

/* The PCI core itself waits up to a minute for what is behind a port that it has reset. */
static unsigned int recovery_timeout_ms = 90000;
module_param(recovery_timeout_ms, uint, 0644);
MODULE_PARM_DESC(recovery_timeout_ms,
		 "how long the PCI core may take to recover from a fatal error of a port before the card is given up (ms, default 90000)");

bool weft_reset_pending(struct weft_device *w)
{
	return READ_ONCE(w->state) != WEFT_UP || READ_ONCE(w->reset_wanted);
}

/*
 * What did not stop may go on until the reset, while those who wait for it are let go: local memory
 * is withheld until then, and host memory and that of peers is out of reach from here on.
 */
void weft_reset_schedule(struct weft_device *w)
{
	unsigned long flags;
	bool first;

	spin_lock_irqsave(&w->reset_lock, flags);
	first = READ_ONCE(w->state) == WEFT_UP && !w->reset_wanted;
	if (first) {
		pci_clear_master(w->pdev);
		WRITE_ONCE(w->reset_wanted, true);
	}
	spin_unlock_irqrestore(&w->reset_lock, flags);
	if (!first)
		return;
	trace_weft_reset(w->serial, "wanted", READ_ONCE(w->gen), 0);
	mod_delayed_work(w->work_wq, &w->reset_work, 0);
}

void weft_reset_lost(struct weft_device *w, const char *doing)
{
	/* Behind a port in error recovery nothing answers; the recovery says how it ends. */
	if (READ_ONCE(w->pdev->error_state) == pci_channel_io_frozen)
		return;
	if (xchg(&w->state, WEFT_LOST) == WEFT_LOST)
		return;
	WRITE_ONCE(w->quiet, true);
	wake_up_all(&w->reset_wq);
	weft_history_note(&w->history, doing, WEFT_QUEUE_NONE, 0, -ENODEV);
	trace_weft_reset(w->serial, "lost", READ_ONCE(w->gen), -ENODEV);
	if (!drm_dev_is_unplugged(&w->drm))
		drm_err(&w->drm,
			"the card does not answer (noticed in %s): removed or without power; its users get -ENODEV\n",
			doing);
	queue_work(w->work_wq, &w->lost_work);
}

/* LOST is for ever and may come from anywhere at any time: false when it has. */
static bool set_state(struct weft_device *w, int next)
{
	int old;

	do {
		old = READ_ONCE(w->state);
		if (old == WEFT_LOST)
			return false;
	} while (cmpxchg(&w->state, old, next) != old);
	return true;
}

/* Nothing the card does leaves it from here on; stop operations count as done. */
static void go_quiet(struct weft_device *w)
{
	if (pci_device_is_present(w->pdev))
		pci_clear_master(w->pdev);
	WRITE_ONCE(w->quiet, true);
}

/*
 * Order: users cannot start anything new, then stop what runs, then tell who waits; then revoke()
 * takes memory away.
 */
static void take_down(struct weft_device *w, int error)
{
	go_quiet(w);
	weft_event_stop(w);
	weft_queue_fail_all(w, error);
	weft_bind_end_stale(w);
	weft_uqueue_end_all(w);
	weft_watch_fire_all(w);
	weft_scrub_stop(w);
	weft_map_make_stale(w);
}

/*
 * Who found the card up, and holds none of what a reset holds, has done with it when this returns;
 * whoever comes later finds it in reset. Tables: imports are taken away, and spaces end, at any
 * time. Safe operations: links are masked at any time.
 */
static void let_out(struct weft_device *w)
{
	mutex_lock(&w->bind_lock);
	mutex_unlock(&w->bind_lock);
	mutex_lock(&w->safe.lock);
	mutex_unlock(&w->safe.lock);
	mutex_lock(&w->mbox.lock);
	w->mbox.dead = true;
	mutex_unlock(&w->mbox.lock);
}

/* Makes other cards work: with no lock of ours but the one that nobody else takes. */
static void revoke(struct weft_device *w)
{
	lockdep_assert_not_held(&w->reset_sem);
	weft_prime_revoke_all(w);
}

static void end(struct weft_device *w)
{
	take_down(w, -ENODEV);
	revoke(w);
	weft_news_tell(w, DRM_WEFT_EVENT_REMOVED);
}

static void lost_work(struct work_struct *work)
{
	struct weft_device *w = container_of(work, struct weft_device, lost_work);

	weft_pm_get(w, WEFT_PM_CALL);
	end(w);
	weft_pm_put(w, WEFT_PM_CALL);
}

/* Off the bus first: who finds the card in reset relies on it, as who wants a reset does. */
static bool begin(struct weft_device *w)
{
	bool begun;

	spin_lock_irq(&w->reset_lock);
	pci_clear_master(w->pdev);
	begun = set_state(w, WEFT_RESETTING);
	spin_unlock_irq(&w->reset_lock);
	return begun;
}

void weft_reset_prepare(struct weft_device *w)
{
	down_write(&w->reset_sem);
	if (!begin(w)) {
		up_write(&w->reset_sem);
		return;
	}
	/* Not the first, when an error recovery came to no end. */
	WRITE_ONCE(w->mmio.shut, false);
	atomic64_inc(&w->stats.resets);
	weft_history_note(&w->history, "reset begins, value is the generation", WEFT_QUEUE_NONE,
			  w->gen, 0);
	trace_weft_reset(w->serial, "prepare", w->gen, 0);
	/* Matches no object: what faults between here and the card's return is lost. */
	if (w->gen != U64_MAX)
		w->gen_before = w->gen;
	WRITE_ONCE(w->gen, U64_MAX);
	take_down(w, -ECANCELED);
	/* This is the reset that was wanted, whoever does it; the card is quiet now. */
	spin_lock_irq(&w->reset_lock);
	WRITE_ONCE(w->reset_wanted, false);
	spin_unlock_irq(&w->reset_lock);
	let_out(w);
	WRITE_ONCE(w->mmio.shut, true);
	up_write(&w->reset_sem);
	/* The state keeps everybody out. The reset goes on when no importer reaches the card. */
	revoke(w);
	trace_weft_reset(w->serial, "prepared", w->gen, 0);
}

/*
 * As drm_dev_wedged_event() says it for other nodes; that function expects a primary node, which we
 * do not have.
 */
static void tell_wedged(struct weft_device *w)
{
	char *envp[2] = { "WEDGED=rebind" };	/* NULL ends it */

	if (w->drm.accel && w->drm.accel->kdev)
		kobject_uevent_env(&w->drm.accel->kdev->kobj, KOBJ_CHANGE, envp);
}

static void give_up(struct weft_device *w, int error)
{
	set_state(w, weft_mmio_gone(w) ? WEFT_LOST : WEFT_WEDGED);
	go_quiet(w);
	atomic64_inc(&w->stats.wedged);
	weft_history_note(&w->history, "reset failed", WEFT_QUEUE_NONE, 0, error);
	trace_weft_reset(w->serial, "wedged", w->gen, error);
	weft_dump_capture(w, WEFT_DUMP_WEDGED, NULL, 0);
	drm_err(&w->drm, "reset failed (%d): the card is %s until the driver is bound again\n",
		error, w->state == WEFT_LOST ? "lost" : "wedged");
	tell_wedged(w);
	weft_news_tell(w, w->state == WEFT_LOST ? DRM_WEFT_EVENT_REMOVED : DRM_WEFT_EVENT_WEDGED);
}

/* The card itself says so: callers of the PCI core's reset are not told whether it worked. */
static bool was_reset(struct weft_device *w)
{
	return !weft_mmio_gone(w) && weft_mmio_read64(w, WEFT_REG_RESET_GEN) != w->gen_before;
}

void weft_reset_done(struct weft_device *w)
{
	int ret;

	/* Not held since prepare: somebody else's error recovery may never come to its end. */
	down_write(&w->reset_sem);
	WRITE_ONCE(w->mmio.shut, false);
	if (READ_ONCE(w->state) == WEFT_LOST)
		goto unlock;
	/* Without a reset the card may still use what was withheld: it stays so. */
	if (!was_reset(w)) {
		give_up(w, -EIO);
		goto unlock;
	}
	weft_carve_reclaim(w);
	weft_hwq_reclaim(w);
	weft_vm_reclaim(w);
	w->quiet = false;
	/* Before the state: who then wants a reset takes it away again. */
	pci_set_master(w->pdev);
	if (!set_state(w, WEFT_UP)) {
		w->quiet = true;
		goto unlock;
	}
	/* After the state: what is freed from here on is not withheld any more. */
	weft_lmem_after_reset(w);
	ret = weft_device_start_hw(w);
	weft_history_note(&w->history, "reset done, value is the generation", WEFT_QUEUE_NONE,
			  w->gen, ret);
	trace_weft_reset(w->serial, "done", w->gen, ret);
	if (ret) {
		give_up(w, ret);
		goto unlock;
	}
	/* For error recovery, which can save nothing: who restores state uses it up. */
	pci_save_state(w->pdev);
	drm_info(&w->drm, "reset done, generation %llu; objects of earlier ones give -ECANCELED\n",
		 w->gen);
	weft_news_tell(w, DRM_WEFT_EVENT_RESET);
unlock:
	up_write(&w->reset_sem);
	weft_news_refill(w);
	wake_up_all(&w->reset_wq);
}

void weft_reset_recovery(struct weft_device *w)
{
	weft_reset_prepare(w);
	mod_delayed_work(w->work_wq, &w->recovery_work, msecs_to_jiffies(recovery_timeout_ms));
}

void weft_reset_recovered(struct weft_device *w)
{
	/* Not waited for: should it have begun, it is done before or after the end of the reset. */
	cancel_delayed_work(&w->recovery_work);
	weft_reset_done(w);
}

/*
 * Not every kernel says when a recovery has failed (6.12). One that comes to its end all the same,
 * later than here, brings a wedged card back.
 */
static void recovery_work(struct work_struct *work)
{
	struct weft_device *w = container_of(to_delayed_work(work), struct weft_device,
					     recovery_work);

	down_write(&w->reset_sem);
	if (READ_ONCE(w->state) == WEFT_RESETTING) {
		drm_err(&w->drm, "the PCI core did not recover the card in %u ms\n",
			recovery_timeout_ms);
		WRITE_ONCE(w->mmio.shut, false);
		give_up(w, -EIO);
	}
	up_write(&w->reset_sem);
	weft_news_refill(w);
	wake_up_all(&w->reset_wq);
}

/*
 * By the PCI core, which serialises it with resets that others ask for, and calls prepare and done.
 * It does not wait for the device's lock: who removes the device holds it and waits for us.
 */
static void reset_work(struct work_struct *work)
{
	struct weft_device *w = container_of(to_delayed_work(work), struct weft_device, reset_work);
	int idx, ret;

	if (!drm_dev_enter(&w->drm, &idx))
		return;
	weft_pm_get(w, WEFT_PM_CALL);
	/* Several stops may fail before the reset they ask for; any one is enough. */
	if (!READ_ONCE(w->reset_wanted) || READ_ONCE(w->state) != WEFT_UP)
		goto exit;
	/*
	 * The card is off the bus, so that nothing completes any more. Fences end here, without the
	 * lock of the reset: it waits for callers, of whom one may be in reclaim, and wait for one.
	 */
	weft_queue_fail_all(w, -ECANCELED);
	ret = pci_try_reset_function(w->pdev);
	if (ret == -EAGAIN) {
		mod_delayed_work(w->work_wq, &w->reset_work, msecs_to_jiffies(RETRY_MS));
		goto exit;
	}
	if (ret)
		drm_err(&w->drm, "reset by the PCI core failed (%d)\n", ret);
	/* It may have no way to reset a function at all, and says so before it calls anybody. */
	if (READ_ONCE(w->reset_wanted)) {
		weft_reset_prepare(w);
		weft_reset_done(w);
	}
exit:
	weft_pm_put(w, WEFT_PM_CALL);
	drm_dev_exit(idx);
}

void weft_reset_init(struct weft_device *w)
{
	spin_lock_init(&w->reset_lock);
	INIT_DELAYED_WORK(&w->reset_work, reset_work);
	INIT_DELAYED_WORK(&w->recovery_work, recovery_work);
	INIT_WORK(&w->lost_work, lost_work);
}

void weft_reset_remove(struct weft_device *w)
{
	/* First: with the card lost nobody asks for either work again. */
	WRITE_ONCE(w->state, WEFT_LOST);
	wake_up_all(&w->reset_wq);
	cancel_delayed_work_sync(&w->reset_work);
	cancel_delayed_work_sync(&w->recovery_work);
	cancel_work_sync(&w->lost_work);
	end(w);
	/* Registers are out of reach after unplug; FLR by config space leaves nothing running. */
	if (pci_device_is_present(w->pdev) && pcie_flr(w->pdev))
		drm_err(&w->drm,
			"function-level reset at removal failed; the card stays off the bus\n");
	weft_gem_unmap_all(w);
}
