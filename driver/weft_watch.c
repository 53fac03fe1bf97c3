// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/slab.h>
#include <drm/drm_print.h>

#include <firmware/abi/event.h>
#include <firmware/abi/reg.h>

#include "weft_device.h"
#include "weft_file.h"
#include "weft_watch.h"

#define MAX_ENTRIES	65536	/* what the command register can name */

int weft_watch_init(struct weft_device *w)
{
	struct weft_watches *t = &w->watches;

	mutex_init(&t->regs);
	spin_lock_init(&t->lock);
	t->count = w->caps & WEFT_CAP_WATCH ?
		   min_t(u32, weft_mmio_read32(w, WEFT_REG_NUM_WATCHES), MAX_ENTRIES) : 0;
	if (!t->count)
		return 0;
	t->entry = kvcalloc(t->count, sizeof(*t->entry), GFP_KERNEL);
	return t->entry ? 0 : -ENOMEM;
}

void weft_watch_fini(struct weft_device *w)
{
	kvfree(w->watches.entry);
	w->watches.entry = NULL;
}

int weft_watch_take(struct weft_device *w, struct weft_file *f, struct weft_watch *watch, u64 cell)
{
	struct weft_watches *t = &w->watches;
	int ret;
	u32 i;

	ret = weft_file_charge(f, DRM_WEFT_QUOTA_WATCHES, 1);
	if (ret)
		return ret;
	watch->f = f;
	watch->cell = cell;
	watch->fired = false;
	ret = -EDQUOT;
	spin_lock_irq(&t->lock);
	for (i = 0; i < t->count && ret; i++) {
		if (t->entry[i])
			continue;
		watch->index = i;
		watch->cookie = ++t->cookie;
		t->entry[i] = watch;
		ret = 0;
	}
	spin_unlock_irq(&t->lock);
	if (ret) {
		drm_dbg(&w->drm, "all %u watches of the card are in use\n", t->count);
		weft_file_uncharge(f, DRM_WEFT_QUOTA_WATCHES, 1);
	} else {
		atomic_inc(&w->counts.watches);
		weft_pm_hold(w, WEFT_PM_WATCH);
	}
	return ret;
}

static void command(struct weft_device *w, const struct weft_watch *watch, u64 value, u32 cmd)
{
	mutex_lock(&w->watches.regs);
	weft_mmio_write64(w, WEFT_REG_WATCH_CELL, watch->cell);
	weft_mmio_write64(w, WEFT_REG_WATCH_VALUE, value);
	weft_mmio_write64(w, WEFT_REG_WATCH_COOKIE, watch->cookie);
	weft_mmio_write32(w, WEFT_REG_WATCH_CMD, cmd | watch->index);
	mutex_unlock(&w->watches.regs);
}

void weft_watch_insert(struct weft_device *w, struct weft_watch *watch, u64 value)
{
	command(w, watch, value, WEFT_WATCH_INSERT);
}

void weft_watch_give(struct weft_device *w, struct weft_watch *watch, bool up)
{
	struct weft_watches *t = &w->watches;

	if (up)
		command(w, watch, 0, 0);
	spin_lock_irq(&t->lock);
	t->entry[watch->index] = NULL;
	spin_unlock_irq(&t->lock);
	atomic_dec(&w->counts.watches);
	weft_file_uncharge(watch->f, DRM_WEFT_QUOTA_WATCHES, 1);
	weft_pm_put(w, WEFT_PM_WATCH);
}

void weft_watch_event(struct weft_device *w, const struct weft_event *e)
{
	struct weft_watches *t = &w->watches;
	struct weft_watch *watch;
	unsigned long flags;

	spin_lock_irqsave(&t->lock, flags);
	watch = e->queue < t->count ? t->entry[e->queue] : NULL;
	if (watch && watch->cookie == e->value) {
		WRITE_ONCE(watch->fired, true);
		watch->fire(watch);
	}
	spin_unlock_irqrestore(&t->lock, flags);
}

void weft_watch_fire_all(struct weft_device *w)
{
	struct weft_watches *t = &w->watches;
	unsigned long flags;
	u32 i;

	spin_lock_irqsave(&t->lock, flags);
	for (i = 0; i < t->count; i++) {
		if (!t->entry[i])
			continue;
		WRITE_ONCE(t->entry[i]->fired, true);
		t->entry[i]->fire(t->entry[i]);
	}
	spin_unlock_irqrestore(&t->lock, flags);
}
