// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/slab.h>
#include <drm/weft_accel.h>

#include "weft_device.h"
#include "weft_file.h"
#include "weft_pending.h"

static void release(struct kref *ref)
{
	struct weft_pending *p = container_of(ref, struct weft_pending, ref);

	atomic_dec(&p->f->w->counts.commands);
	mutex_destroy(&p->lock);
	kfree(p);
}

void weft_pending_put(struct weft_pending *p)
{
	kref_put(&p->ref, release);
}

bool weft_pending_take(struct weft_pending *p, s32 result)
{
	unsigned long flags;
	bool mine;

	spin_lock_irqsave(&p->f->pending_lock, flags);
	mine = !list_empty(&p->link);
	if (mine) {
		list_del_init(&p->link);
		p->result = result;
	}
	spin_unlock_irqrestore(&p->f->pending_lock, flags);
	return mine;
}

static void finish(struct weft_pending *p, s32 result)
{
	if (weft_pending_take(p, result))
		p->end(p);
}

/* --- a job --- */

static void job_ended(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	finish(container_of(cb, struct weft_pending, done_cb), fence->error);
}

/* --- a bind --- */

static void bind_ended(struct weft_bind_done *done, int result)
{
	struct weft_pending *p = container_of(done, struct weft_pending, bind_done);

	spin_lock_irq(&p->f->pending_lock);
	p->bind_over = true;
	p->bind_result = result;
	spin_unlock_irq(&p->f->pending_lock);
	finish(p, result);
	weft_pending_put(p);
}

int weft_pending_begin_bind(struct weft_pending *p, const struct drm_weft_vm_bind *args,
			    const struct drm_weft_sync *syncs)
{
	int ret;

	p->is_bind = true;
	p->bind_done.fn = bind_ended;
	kref_get(&p->ref);
	ret = weft_bind_start(p->f->w, p->f, args, syncs, &p->bind_done);
	if (ret)
		weft_pending_put(p);
	return ret;
}

/* --- cells --- */

/* Any context. */
static void look_now(struct weft_pending *p)
{
	kref_get(&p->ref);
	if (mod_delayed_work(p->f->w->free_wq, &p->look, 0))
		weft_pending_put(p);
}

static void look_later(struct weft_pending *p, s64 ns)
{
	ns = clamp_t(s64, ns, 0, WEFT_WAIT_SLICE_MS * NSEC_PER_MSEC);
	kref_get(&p->ref);
	/* Not if one is queued: then a watch has fired meanwhile. */
	if (!queue_delayed_work(p->f->w->free_wq, &p->look, ns ? nsecs_to_jiffies(ns) + 1 : 0))
		weft_pending_put(p);
}

static void fired(struct weft_watch *watch)
{
	look_now(container_of(watch, struct weft_wait, watch)->owner);
}

static bool reached(const struct weft_wait *wait)
{
	return (s64)(wait->now.value - wait->wanted) >= 0;
}

static bool failed(const struct weft_wait *wait)
{
	return !reached(wait) && wait->now.fault;
}

static s32 verdict(const struct weft_pending *p)
{
	u32 i;

	if (!p->cells)
		return reached(&p->wait[0]) ? DRM_WEFT_CELL_REACHED :
		       failed(&p->wait[0]) ? DRM_WEFT_CELL_FAILED : DRM_WEFT_CELL_ENDED;
	for (i = 0; i < p->num; i++)
		if (p->decided & BIT_ULL(i) && (!p->all || failed(&p->wait[i])))
			return i;
	return p->num;
}

/* With the card held: true when the command is to end with @res. */
static bool look(struct weft_pending *p, s32 *res)
{
	bool over = false;
	u32 i;

	for (i = 0; i < p->num; i++) {
		int ret;

		/* Once is for ever; its watch has fired. */
		if (p->decided & BIT_ULL(i))
			continue;
		ret = weft_wait_look(p->f->w, &p->wait[i], p->sleeps);
		if (ret < 0) {
			*res = ret;
			return true;
		}
		if (!ret)
			continue;
		p->decided |= BIT_ULL(i);
		over |= !p->all || failed(&p->wait[i]);
	}
	over |= p->decided == GENMASK_ULL(p->num - 1, 0);
	*res = over ? verdict(p) : -ETIME;
	return over || ktime_compare(ktime_get(), p->until) >= 0;
}

static s64 left(const struct weft_pending *p)
{
	return ktime_to_ns(ktime_sub(p->until, ktime_get()));
}

static bool is_pending(struct weft_pending *p)
{
	bool ret;

	spin_lock_irq(&p->f->pending_lock);
	ret = !list_empty(&p->link);
	spin_unlock_irq(&p->f->pending_lock);
	return ret;
}

/* The card is not to be had: whether the command ends with @res. Cells do not survive a reset. */
static bool lost(struct weft_pending *p, int error, s32 *res)
{
	*res = error;
	if (error != -EAGAIN)
		return true;
	*res = -ECANCELED;
	return READ_ONCE(p->f->w->state) == WEFT_RESETTING;
}

static void look_work(struct work_struct *work)
{
	struct weft_pending *p = container_of(to_delayed_work(work), struct weft_pending, look);
	struct weft_device *w = p->f->w;
	int idx, ret;
	s32 res;

	ret = weft_device_try_enter(w, &idx);
	mutex_lock(&p->lock);
	if (is_pending(p)) {
		if (ret ? lost(p, ret, &res) : look(p, &res))
			finish(p, res);
		else
			look_later(p, ret ? NSEC_PER_MSEC : left(p));
	}
	mutex_unlock(&p->lock);
	if (!ret)
		weft_device_exit(w, idx);
	weft_pending_put(p);
}

int weft_pending_begin_cells(struct weft_pending *p, const struct drm_weft_cell_want *wants)
{
	int ret = 0;
	u32 i;

	for (i = 0; i < p->num && !ret; i++) {
		p->wait[i].watch.fire = fired;
		p->wait[i].owner = p;
		p->wait[i].wanted = wants[i].value;
		ret = weft_wait_begin(p->f->w, p->f, &p->wait[i], wants[i].handle, wants[i].offset);
	}
	if (ret) {
		for (i--; i--; )
			weft_wait_end(p->f->w, &p->wait[i], false);
		return ret;
	}
	mutex_lock(&p->lock);
	ret = look(p, &p->result);
	mutex_unlock(&p->lock);
	return ret;
}

/* --- life --- */

struct weft_pending *weft_pending_create(struct weft_file *f, u32 num)
{
	struct weft_pending *p = kzalloc(struct_size(p, wait, num), GFP_KERNEL_ACCOUNT);

	if (!p)
		return NULL;
	kref_init(&p->ref);
	mutex_init(&p->lock);
	INIT_LIST_HEAD(&p->link);
	INIT_DELAYED_WORK(&p->look, look_work);
	p->num = num;
	p->f = f;
	atomic_inc(&f->w->counts.commands);
	return p;
}

void weft_pending_start(struct weft_pending *p)
{
	bool over;
	u32 i;

	/* Who ends it before we are through waits for the lock to stop it. */
	kref_get(&p->ref);
	mutex_lock(&p->lock);
	spin_lock_irq(&p->f->pending_lock);
	list_add_tail(&p->link, &p->f->pending);
	over = p->bind_over;
	spin_unlock_irq(&p->f->pending_lock);
	if (over) {
		finish(p, p->bind_result);
	} else if (p->done) {
		if (dma_fence_add_callback(p->done, &p->done_cb, job_ended))
			finish(p, p->done->error);
	} else if (p->num) {
		look_later(p, left(p));
		/* A look that came too early to find it on the list. */
		for (i = 0; i < p->num; i++)
			if (READ_ONCE(p->wait[i].watch.fired))
				look_now(p);
	}
	mutex_unlock(&p->lock);
	weft_pending_put(p);
}

/* A reference when it is a bind, which is only asked to end; else off the list. */
static struct weft_pending *next_to_cancel(struct weft_file *f, void *ring, u64 user_data, bool all)
{
	struct weft_pending *p, *found = NULL;

	spin_lock_irq(&f->pending_lock);
	list_for_each_entry(p, &f->pending, link) {
		if (p->ring != ring || (!all && p->user_data != user_data) || p->bind_cancel)
			continue;
		found = p;
		if (p->is_bind) {
			p->bind_cancel = true;
			kref_get(&p->ref);
		} else {
			list_del_init(&p->link);
			p->result = -ECANCELED;
		}
		break;
	}
	spin_unlock_irq(&f->pending_lock);
	return found;
}

int weft_pending_cancel(struct weft_file *f, void *ring, u64 user_data, bool all)
{
	struct weft_pending *p;
	int n = 0;

	while ((p = next_to_cancel(f, ring, user_data, all))) {
		n++;
		if (!p->is_bind) {
			p->end(p);
			continue;
		}
		weft_bind_cancel(f, &p->bind_done);
		weft_pending_put(p);
	}
	return n;
}

void weft_pending_stop(struct weft_pending *p)
{
	struct weft_device *w = p->f->w;
	bool up, going;
	int idx;
	u32 i;

	/* Of a ring that is gone. */
	spin_lock_irq(&p->f->pending_lock);
	going = p->is_bind && !p->bind_over;
	spin_unlock_irq(&p->f->pending_lock);
	if (going)
		weft_bind_cancel(p->f, &p->bind_done);
	mutex_lock(&p->lock);
	if (p->done) {
		dma_fence_remove_callback(p->done, &p->done_cb);
		dma_fence_put(p->done);
	}
	if (p->num) {
		/* In a reset there is nothing to tell the card: it forgets. */
		up = !weft_device_try_enter(w, &idx);
		for (i = 0; i < p->num; i++)
			weft_wait_end(w, &p->wait[i], up);
		if (up)
			weft_device_exit(w, idx);
		if (cancel_delayed_work(&p->look))
			weft_pending_put(p);
	}
	mutex_unlock(&p->lock);
}
