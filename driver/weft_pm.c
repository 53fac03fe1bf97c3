// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/delay.h>
#include <linux/lockdep.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <drm/drm_print.h>

#include <firmware/abi/reg.h>

#include "weft_device.h"
#include "weft_map.h"
#include "weft_pm.h"
#include "weft_reset.h"
#include "weft_sleep.h"

#define AUTOSUSPEND_MS	1000

#ifdef CONFIG_LOCKDEP
/* Stands for the wait for a callback, which lockdep does not see otherwise. */
static struct lockdep_map weft_pm_map = { .name = "weft_pm" };
#endif

static void callback_begin(void)
{
#ifdef CONFIG_LOCKDEP
	lock_map_acquire(&weft_pm_map);
#endif
}

static void callback_end(void)
{
#ifdef CONFIG_LOCKDEP
	lock_map_release(&weft_pm_map);
#endif
}

static void may_wait(void)
{
	might_sleep();
	callback_begin();
	callback_end();
}

void weft_pm_get(struct weft_device *w, enum weft_pm_use use)
{
	int ret;

	may_wait();
	atomic_inc(&w->pm.uses[use]);
	ret = pm_runtime_get_sync(&w->pdev->dev);
	/*
	 * Disabled is the machine's suspend, in which the card is awake while anything runs, or the
	 * end of the device.
	 */
	if (ret < 0 && ret != -EACCES && !drm_dev_is_unplugged(&w->drm)) {
		drm_err(&w->drm, "the card cannot be woken (%d)\n", ret);
		weft_reset_lost(w, "wake-up");
	}
}

void weft_pm_get_open(struct weft_device *w, enum weft_pm_use use)
{
	for (;;) {
		/* The machine's sleep has ends of its own: one that fails is undone. */
		wait_event(w->pm.open_wq, !READ_ONCE(w->pm.shut));
		weft_pm_get(w, use);
		/* Either who shuts sees the use, or it is seen here that it is shut. */
		smp_mb();
		if (!READ_ONCE(w->pm.shut))
			return;
		weft_pm_put(w, use);
	}
}

/*
 * Only while none is in: who is may need another reference on its way out, or wait for a worker
 * that does.
 */
static bool try_shut(struct weft_device *w)
{
	if (atomic_read(&w->pm.uses[WEFT_PM_CALL]))
		return false;
	WRITE_ONCE(w->pm.shut, true);
	/* As in weft_pm_get_open(). */
	smp_mb();
	if (!atomic_read(&w->pm.uses[WEFT_PM_CALL]))
		return true;
	weft_pm_open(w);
	return false;
}

bool weft_pm_shut(struct weft_device *w, unsigned int ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(ms);

	while (!try_shut(w)) {
		if (time_after(jiffies, end))
			return false;
		usleep_range(1000, 2000);
	}
	/* Who only looks holds reset_sem. */
	down_write(&w->reset_sem);
	up_write(&w->reset_sem);
	return true;
}

void weft_pm_open(struct weft_device *w)
{
	WRITE_ONCE(w->pm.shut, false);
	wake_up_all(&w->pm.open_wq);
}

void weft_pm_hold(struct weft_device *w, enum weft_pm_use use)
{
	atomic_inc(&w->pm.uses[use]);
	pm_runtime_get_noresume(&w->pdev->dev);
}

void weft_pm_put(struct weft_device *w, enum weft_pm_use use)
{
	struct device *dev = &w->pdev->dev;

	atomic_dec(&w->pm.uses[use]);
	pm_runtime_mark_last_busy(dev);
	pm_runtime_put_autosuspend(dev);
}

bool weft_pm_look(struct weft_device *w)
{
	if (!IS_ENABLED(CONFIG_PM))
		return true;
	return pm_runtime_get_if_active(&w->pdev->dev) > 0;
}

bool weft_pm_look_busy(struct weft_device *w)
{
	if (!IS_ENABLED(CONFIG_PM))
		return true;
	return pm_runtime_get_if_in_use(&w->pdev->dev) > 0;
}

void weft_pm_look_end(struct weft_device *w)
{
	/* Not marked as busy: a monitor that looks every second must not keep it awake. */
	pm_runtime_put(&w->pdev->dev);
}

void weft_pm_init(struct weft_device *w)
{
	init_waitqueue_head(&w->pm.open_wq);
}

void weft_pm_start(struct weft_device *w)
{
	struct device *dev = &w->pdev->dev;

	/* Without power local memory would be lost. */
	pci_d3cold_disable(w->pdev);
	pm_runtime_set_autosuspend_delay(dev, AUTOSUSPEND_MS);
	pm_runtime_use_autosuspend(dev);
	pm_runtime_mark_last_busy(dev);
	/* Whether it may sleep is the administrator's, in power/control: not for us to change. */
	/* The reference the PCI core probed it with. */
	pm_runtime_put_autosuspend(dev);
}

void weft_pm_stop(struct weft_device *w)
{
	struct device *dev = &w->pdev->dev;

	pm_runtime_get_noresume(dev);
	pm_runtime_dont_use_autosuspend(dev);
	pci_d3cold_enable(w->pdev);
}

static void set_asleep(struct weft_device *w, bool asleep)
{
	unsigned long flags;

	/* An interrupt handler that looks at the card holds this lock. */
	spin_lock_irqsave(&w->events.lock, flags);
	WRITE_ONCE(w->pm.asleep, asleep);
	spin_unlock_irqrestore(&w->events.lock, flags);
}

/*
 * No queue may have work: D3hot stops nothing by itself, and who rang a doorbell just now waits for
 * its effect.
 */
static int go_to_sleep(struct weft_device *w)
{
	int queue = weft_hwq_find_busy(w);

	if (queue >= 0) {
		drm_dbg(&w->drm, "queue %d has work: the card stays awake\n", queue);
		pm_runtime_mark_last_busy(&w->pdev->dev);
		return -EBUSY;
	}
	weft_hwq_remember(w);
	/* What is touched from now on faults and waits for the end of this, then wakes the card. */
	weft_map_zap(w);
	weft_prime_zap(w);
	return 0;
}

static int runtime_suspend(struct device *dev)
{
	struct weft_device *w = pci_get_drvdata(to_pci_dev(dev));
	int ret = 0;

	callback_begin();
	switch (READ_ONCE(w->state)) {
	case WEFT_UP:
		ret = go_to_sleep(w);
		break;
	case WEFT_RESETTING:
		ret = -EBUSY;
		break;
	default:
		break;
	}
	if (!ret) {
		set_asleep(w, true);
		atomic64_inc(&w->pm.suspends);
	}
	callback_end();
	return ret;
}

/* Always awake afterwards: a card that does not answer is lost, as its owner finds in its state. */
static int runtime_resume(struct device *dev)
{
	struct weft_device *w = pci_get_drvdata(to_pci_dev(dev));

	callback_begin();
	set_asleep(w, false);
	atomic64_inc(&w->pm.resumes);
	if (READ_ONCE(w->state) == WEFT_UP)
		weft_sleep_check(w, "wake-up from D3hot");
	callback_end();
	return 0;
}

const struct dev_pm_ops weft_pm_ops = {
	SYSTEM_SLEEP_PM_OPS(weft_sleep_suspend, weft_sleep_resume)
	RUNTIME_PM_OPS(runtime_suspend, runtime_resume, NULL)
};
