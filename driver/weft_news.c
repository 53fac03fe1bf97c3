// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/fs.h>
#include <linux/slab.h>
#include <drm/drm_file.h>

#include "weft_compat.h"
#include "weft_device.h"
#include "weft_file.h"
#include "weft_news.h"

struct weft_news_event {
	struct drm_pending_event base;	/* DRM frees it by this address */
	struct drm_weft_event_card card;
};

static_assert(!offsetof(struct weft_news_event, base));

static struct weft_news_event *alloc(gfp_t gfp)
{
	struct weft_news_event *e = kzalloc_obj(*e, gfp);

	if (e) {
		e->card.base.type = DRM_WEFT_EVENT_CARD;
		e->card.base.length = sizeof(e->card);
	}
	return e;
}

/* So that the file has room for it; a new file has it for two, and at most three can be unread. */
static bool reserve(struct weft_device *w, struct weft_file *f, struct weft_news_event *e)
{
	lockdep_assert_held(&w->drm.event_lock);
	return !drm_event_reserve_init_locked(&w->drm, f->drm, &e->base, &e->card.base);
}

int weft_news_open(struct weft_file *f)
{
	struct weft_news_event *next = alloc(GFP_KERNEL_ACCOUNT), *last = alloc(GFP_KERNEL_ACCOUNT);
	struct weft_device *w = f->w;
	int ret = -ENOMEM;

	mutex_init(&f->news.read_lock);
	if (!next || !last)
		goto free;
	spin_lock_irq(&w->drm.event_lock);
	/* Who removes the card sets the state first, and takes the lock to tell. */
	if (READ_ONCE(w->state) == WEFT_LOST)
		ret = -ENODEV;
	else
		ret = reserve(w, f, next) && reserve(w, f, last) ? 0 : -ENOMEM;
	if (!ret) {
		f->news.next = next;
		f->news.last = last;
		list_add_tail(&f->news.link, &w->news);
	}
	spin_unlock_irq(&w->drm.event_lock);
	if (!ret)
		return 0;
free:
	kfree(next);
	kfree(last);
	return ret;
}

void weft_news_close(struct weft_file *f)
{
	struct drm_pending_event *e, *next;
	struct weft_device *w = f->w;

	spin_lock_irq(&w->drm.event_lock);
	list_del(&f->news.link);
	/* Told since DRM looked. */
	list_for_each_entry_safe(e, next, &f->drm->event_list, link) {
		list_del(&e->link);
		kfree(e);
	}
	spin_unlock_irq(&w->drm.event_lock);
	if (f->news.next)
		drm_event_cancel_free(&w->drm, &f->news.next->base);
	if (f->news.last)
		drm_event_cancel_free(&w->drm, &f->news.last->base);
}

/* The event that waits to be read, if one does; that of the card's end has nothing added. */
static struct weft_news_event *unread(struct weft_file *f)
{
	struct weft_news_event *e;

	if (list_empty(&f->drm->event_list))
		return NULL;
	e = list_last_entry(&f->drm->event_list, struct weft_news_event, base.link);
	return e->card.reason == DRM_WEFT_EVENT_REMOVED ? NULL : e;
}

static void tell(struct weft_file *f, enum drm_weft_event_reason reason, u64 now)
{
	struct weft_device *w = f->w;
	struct weft_news_event *e, *fresh = NULL;

	if (reason == DRM_WEFT_EVENT_REMOVED) {
		fresh = f->news.last;
		/* Who has read everything looks at it without the lock. */
		WRITE_ONCE(f->news.last, NULL);
		e = fresh;
	} else {
		e = unread(f);
		if (!e) {
			fresh = f->news.next;
			f->news.next = NULL;
			e = fresh;
		}
	}
	if (!e)
		return;
	e->card.reason = reason;
	e->card.resets += reason == DRM_WEFT_EVENT_RESET;
	e->card.generation = reason == DRM_WEFT_EVENT_RESET ? w->gen : 0;
	e->card.time_ns = now;
	if (fresh)
		drm_send_event_locked(&w->drm, &fresh->base);
}

void weft_news_tell(struct weft_device *w, enum drm_weft_event_reason reason)
{
	u64 now = ktime_get_ns();
	struct weft_file *f;
	unsigned long flags;

	spin_lock_irqsave(&w->drm.event_lock, flags);
	list_for_each_entry(f, &w->news, news.link)
		tell(f, reason, now);
	spin_unlock_irqrestore(&w->drm.event_lock, flags);
}

/* True when it was needed. */
static bool give(struct weft_device *w, struct weft_news_event *e)
{
	struct weft_file *f;

	list_for_each_entry(f, &w->news, news.link)
		if (!f->news.next && reserve(w, f, e)) {
			f->news.next = e;
			return true;
		}
	return false;
}

void weft_news_refill(struct weft_device *w)
{
	struct weft_news_event *e;
	bool taken;

	/* Small, once for a file and reset, and nobody could be told that it failed. */
	do {
		e = alloc(GFP_KERNEL | __GFP_NOFAIL);
		spin_lock_irq(&w->drm.event_lock);
		taken = give(w, e);
		spin_unlock_irq(&w->drm.event_lock);
	} while (taken);
	kfree(e);
}

/* Everything has been told and read: there will be no more. */
static bool over(struct drm_file *file)
{
	struct weft_file *f = file->driver_priv;

	return !READ_ONCE(f->news.last) && list_empty(&file->event_list);
}

/* Until there is something to read, or never will be. */
static int wait_news(struct file *filp)
{
	struct drm_file *file = filp->private_data;
	int ret = 0;

	if (!(filp->f_flags & O_NONBLOCK))
		ret = wait_event_interruptible(file->event_wait,
					       !list_empty(&file->event_list) || over(file));
	return ret ?: over(file) ? -ENODEV : 0;
}

/*
 * drm_read() would sleep for ever after the last event. One reader at a time, so that it finds what
 * it was woken for.
 */
ssize_t weft_news_read(struct file *filp, char __user *buffer, size_t bytes, loff_t *offset)
{
	struct drm_file *file = filp->private_data;
	struct weft_file *f = file->driver_priv;
	ssize_t ret;

	if (filp->f_flags & O_NONBLOCK)
		ret = mutex_trylock(&f->news.read_lock) ? 0 : -EAGAIN;
	else
		ret = mutex_lock_interruptible(&f->news.read_lock);
	if (ret)
		return ret;
	ret = wait_news(filp) ?: drm_read(filp, buffer, bytes, offset);
	mutex_unlock(&f->news.read_lock);
	return ret;
}

__poll_t weft_news_poll(struct file *filp, struct poll_table_struct *wait)
{
	__poll_t mask = drm_poll(filp, wait);

	return mask || !over(filp->private_data) ? mask : EPOLLHUP;
}
