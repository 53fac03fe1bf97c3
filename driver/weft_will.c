// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/uaccess.h>
#include <linux/wait_bit.h>
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include <firmware/abi/cell.h>
#include <firmware/abi/fault.h>
#include <firmware/abi/reg.h>

#include "weft_compat.h"
#include "weft_device.h"
#include "weft_file.h"
#include "weft_sem.h"
#include "weft_trace.h"
#include "weft_will.h"

#define WAIT_MS		5000

/* Those of a queue fit in one list. */
static_assert(DRM_WEFT_MAX_WILLS <= WEFT_SAFE_FAULTS_MAX);

/* Not the card's: its device may go with the last will. Drained before the module's text goes. */
static struct workqueue_struct *will_wq;

/**
 * struct weft_will - one cell
 * @bo: as the file holds it: keeps the memory, and for a peer's the attachment
 * @home: object whose memory it is
 * @gen: reset generation of @home in which the will was accepted
 * @offset: of the cell in @bo
 * @claimed: its page is, and to be settled
 * @at: local-memory offset of the cell on its card
 * @id: the owner's name for it
 */
struct weft_will {
	struct weft_bo *bo;
	struct weft_bo *home;
	u64 gen;
	u64 offset;
	bool claimed;
	u64 at;
	u32 id;
};

/**
 * struct weft_wills - those of a queue
 * @cause: as in weft_wills_execute()
 * @first: likewise
 * @faults: room for what one card is told, @count of them, since a queue may end where nothing can
 *	be allocated
 */
struct weft_wills {
	struct weft_device *w;
	struct weft_file *f;
	struct work_struct work;
	u32 cause;
	u64 first;
	struct weft_safe_fault *faults;
	u32 count;
	struct weft_will will[] __counted_by(count);
};

int weft_will_init(void)
{
	will_wq = alloc_workqueue("weft-will", WQ_UNBOUND | WQ_HIGHPRI, 0);
	return will_wq ? 0 : -ENOMEM;
}

void weft_will_exit(void)
{
	destroy_workqueue(will_wq);
}

static u64 word_of(const struct weft_wills *wills, const struct weft_will *will)
{
	return wills->first ?: WEFT_CELL_FAULT(WEFT_CELL_POISON, wills->cause,
					       WEFT_CELL_ORIGIN(wills->w->serial, will->id));
}

/* Those from @from on that are held by one card; how many they are. */
static u32 execute(const struct weft_wills *wills, u32 from)
{
	struct weft_device *holder = wills->will[from].home->w;
	struct weft_safe_fault *faults = wills->faults;
	u32 n = 0, i, end = from;
	int idx, ret;

	while (end < wills->count && wills->will[end].home->w == holder)
		end++;
	if (!drm_dev_enter(&holder->drm, &idx))
		return end - from;
	weft_pm_get_open(holder, WEFT_PM_CALL);
	/* Taken or waited for by a reset alone, and that stops whoever waits for the cells. */
	if (!down_read_trylock(&holder->reset_sem))
		goto exit;
	for (i = from; i < end; i++) {
		const struct weft_will *will = &wills->will[i];

		/* What was lost or taken away since is nobody's to write to. */
		if (!weft_device_check(holder) && will->gen == holder->gen &&
		    !weft_mmio_lmem_read64(holder, will->at + offsetof(struct weft_cell, end)))
			faults[n++] = (struct weft_safe_fault) {
				.cell = will->at, .word = word_of(wills, will)
			};
	}
	ret = weft_safe_cell_faults(holder, faults, n);
	if (!ret)
		atomic64_add(n, &wills->w->stats.wills);
	trace_weft_wills(wills->w->serial, holder->serial, n, wills->cause, ret);
	up_read(&holder->reset_sem);
exit:
	weft_pm_put(holder, WEFT_PM_CALL);
	drm_dev_exit(idx);
	return end - from;
}

/* @used: there was a queue, and may have signalled. */
static void put_all(struct weft_wills *wills, bool used)
{
	u32 i;

	for (i = 0; i < wills->count; i++) {
		struct weft_will *will = &wills->will[i];

		if (will->claimed)
			weft_sem_settle(will->bo, will->offset, sizeof(struct weft_cell), used);
		if (will->bo)
			weft_bo_put(will->bo);
	}
	kvfree(wills->faults);
	kvfree(wills);
}

static void will_work(struct work_struct *work)
{
	struct weft_wills *wills = container_of(work, struct weft_wills, work);
	struct drm_device *drm = &wills->w->drm;
	struct weft_file *f = wills->f;
	u32 i = 0;

	while (i < wills->count)
		i += execute(wills, i);
	atomic_sub(wills->count, &wills->w->counts.wills);
	put_all(wills, true);
	atomic_dec(&f->wills);
	wake_up_var(&f->wills);
	weft_file_put(f);
	drm_dev_put(drm);
}

static int accept(struct weft_wills *wills, struct weft_will *will, const struct drm_weft_will *arg)
{
	u32 need = DRM_WEFT_RIGHT_WRITE | DRM_WEFT_RIGHT_SEM;
	struct weft_bo *home;
	int ret;

	will->bo = weft_bo_lookup(wills->f, arg->handle);
	if (!will->bo)
		return -ENOENT;
	home = weft_sem_home(will->bo);
	if (!home || arg->offset % sizeof(struct weft_cell) || arg->offset >= home->base.size)
		return -EINVAL;
	if (need & ~will->bo->rights)
		return -EACCES;
	if (!(home->w->caps & WEFT_CAP_CELL_FAULT)) {
		drm_dbg(&wills->w->drm,
			"card %u, which holds the cell of will %u, lacks capability CELL_FAULT\n",
			home->w->serial, arg->id);
		return -EOPNOTSUPP;
	}
	/* The peer may be in reset right now; then the generation matches never again. */
	if (home->gen != READ_ONCE(home->w->gen))
		return -ECANCELED;
	will->home = home;
	will->gen = home->gen;
	will->at = weft_sem_cell(home, arg->offset);
	will->id = arg->id;
	will->offset = arg->offset;
	ret = weft_sem_claim(will->bo, wills->f, arg->offset, sizeof(struct weft_cell));
	will->claimed = !ret;
	return ret;
}

/* One list for each card, however the caller mixed them. */
static int by_holder(const void *a, const void *b)
{
	const struct weft_will *x = a, *y = b;

	if (x->home->w != y->home->w)
		return x->home->w->serial < y->home->w->serial ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

struct drm_weft_will *weft_wills_copy(u64 user, u32 count)
{
	if (!count)
		return NULL;
	if (count > DRM_WEFT_MAX_WILLS)
		return ERR_PTR(-EINVAL);
	return vmemdup_array_user(u64_to_user_ptr(user), count, sizeof(struct drm_weft_will));
}

struct weft_wills *weft_wills_create(struct weft_device *w, struct weft_file *f,
				     const struct drm_weft_will *list, u32 count)
{
	struct weft_wills *wills;
	int ret = 0;
	u32 i;

	if (!count)
		return NULL;
	wills = kvzalloc(struct_size(wills, will, count), GFP_KERNEL_ACCOUNT);
	if (!wills)
		return ERR_PTR(-ENOMEM);
	wills->count = count;
	wills->faults = kvcalloc(count, sizeof(*wills->faults), GFP_KERNEL_ACCOUNT);
	if (!wills->faults) {
		kvfree(wills);
		return ERR_PTR(-ENOMEM);
	}
	wills->w = w;
	wills->f = f;
	INIT_WORK(&wills->work, will_work);
	for (i = 0; i < count && !ret; i++)
		ret = accept(wills, &wills->will[i], &list[i]);
	atomic_add(wills->count, &w->counts.wills);
	if (ret) {
		weft_wills_drop(wills);
		return ERR_PTR(ret);
	}
	sort(wills->will, wills->count, sizeof(wills->will[0]), by_holder, NULL);
	return wills;
}

void weft_wills_drop(struct weft_wills *wills)
{
	if (!wills)
		return;
	atomic_sub(wills->count, &wills->w->counts.wills);
	put_all(wills, false);
}

void weft_wills_execute(struct weft_wills *wills, u32 cause, u64 first)
{
	if (!wills)
		return;
	wills->cause = cause;
	wills->first = first;
	weft_file_get(wills->f);
	drm_dev_get(&wills->w->drm);
	atomic_inc(&wills->f->wills);
	queue_work(will_wq, &wills->work);
}

void weft_wills_wait(struct weft_file *f)
{
	wait_var_event_timeout(&f->wills, !atomic_read(&f->wills), msecs_to_jiffies(WAIT_MS));
}
