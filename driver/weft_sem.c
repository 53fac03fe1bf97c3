// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/dma-buf.h>
#include <linux/slab.h>
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include <firmware/abi/cell.h>
#include <firmware/abi/reg.h>

#include "weft_compat.h"
#include "weft_device.h"
#include "weft_file.h"
#include "weft_sem.h"
#include "weft_window.h"

#define MAX_BYTES	SZ_16M

/* Writers of all objects: taken at binds and creations of queues only. */
static DEFINE_SPINLOCK(writers_lock);

struct binding {
	struct weft_device *w;
	u64 arm;	/* of the next page; 0 = unbind */
	u64 left;	/* pages to go */
	u64 done;
};

static int bind_extent(void *ctx, u64 at, u64 bytes)
{
	struct binding *b = ctx;
	int ret;

	for (; bytes && b->left; bytes -= SZ_4K, at += SZ_4K) {
		ret = weft_mbox_arm_bind(b->w, at, b->arm);
		if (ret)
			return ret;
		if (b->arm)
			b->arm += SZ_4K;
		b->left--;
		b->done++;
	}
	return 0;
}

static int bind_all(struct weft_bo *bo, u64 arm, u64 pages, u64 *done)
{
	struct binding b = { .w = bo->w, .arm = arm, .left = pages };
	int ret = weft_bo_walk(bo, 0, bo->base.size, bind_extent, &b);

	if (done)
		*done = b.done;
	return ret;
}

static int make_arm(struct weft_bo *bo, struct weft_file *f, struct weft_sem *sem)
{
	struct weft_device *w = bo->w;
	int ret;

	sem->arm = weft_carve_alloc(w, f, bo->base.size);
	if (IS_ERR(sem->arm)) {
		ret = PTR_ERR(sem->arm);
		sem->arm = NULL;
		return ret;
	}
	sem->window = weft_window_create(w, WEFT_WINDOW_ARM, &bo->base,
					 w->mmio.lmem_phys + sem->arm->at, bo->base.size);
	if (!sem->window)
		return -ENOMEM;
	weft_mmio_flush_writes();
	return bind_all(bo, sem->arm->at, bo->base.size / SZ_4K, &sem->bound);
}

int weft_sem_create(struct weft_bo *bo, struct weft_file *f)
{
	struct weft_sem *sem;

	if (bo->base.size > MAX_BYTES) {
		drm_dbg(&bo->w->drm, "an object for cells has at most %u bytes\n", MAX_BYTES);
		return -EINVAL;
	}
	sem = kvzalloc(struct_size(sem, page, bo->base.size / SZ_4K), GFP_KERNEL_ACCOUNT);
	if (!sem)
		return -ENOMEM;
	bo->local.sem = sem;
	/* Freeing the object undoes what was done. */
	return bo->w->caps & WEFT_CAP_CELLS ? make_arm(bo, f, sem) : 0;
}

void weft_sem_destroy(struct weft_bo *bo)
{
	struct weft_sem *sem = bo->local.sem;
	struct weft_device *w = bo->w;
	int ret = 0;

	if (!sem)
		return;
	/* One more than is known to be bound: the last request's answer may be what was missing. */
	if (sem->arm && bo->gen == READ_ONCE(w->gen) && !READ_ONCE(w->quiet))
		ret = bind_all(bo, 0, min_t(u64, sem->bound + 1, bo->base.size / SZ_4K), NULL);
	if (ret)
		weft_carve_quarantine(w, sem->arm);
	else
		weft_carve_free(w, sem->arm);
	weft_window_put(sem->window);
	kvfree(sem);
	bo->local.sem = NULL;
}

struct weft_bo *weft_sem_home(struct weft_bo *bo)
{
	if (bo->kind == WEFT_BO_IMPORT) {
		struct weft_export *x = weft_prime_export_of(bo->import.attach->dmabuf);

		if (!x)
			return NULL;
		bo = x->bo;
	}
	bo = weft_bo_origin(bo);
	return bo->kind == WEFT_BO_LOCAL && bo->local.sem ? bo : NULL;
}

int weft_sem_claim(struct weft_bo *bo, struct weft_file *f, u64 offset, u64 bytes)
{
	struct weft_bo *home = weft_sem_home(bo);
	u64 first = offset / SZ_4K, last = (offset + bytes - 1) / SZ_4K, i;
	struct weft_sem_page *page;
	int ret = 0;

	if (!home)
		return -EINVAL;
	page = home->local.sem->page;
	spin_lock(&writers_lock);
	for (i = first; i <= last && !ret; i++)
		if (page[i].writer && page[i].writer != f->id)
			ret = -EBUSY;
	for (i = first; i <= last && !ret; i++) {
		page[i].writer = f->id;
		page[i].claims++;
	}
	spin_unlock(&writers_lock);
	if (ret)
		drm_dbg(&f->w->drm,
			"pages %llu to %llu of an object for cells: another file signals in one of them\n",
			first, last);
	return ret;
}

void weft_sem_settle(struct weft_bo *bo, u64 offset, u64 bytes, bool keep)
{
	struct weft_sem_page *page = weft_sem_home(bo)->local.sem->page;
	u64 first = offset / SZ_4K, last = (offset + bytes - 1) / SZ_4K, i;

	spin_lock(&writers_lock);
	for (i = first; i <= last; i++) {
		page[i].claims--;
		page[i].kept |= keep;
		if (!page[i].claims && !page[i].kept)
			page[i].writer = 0;
	}
	spin_unlock(&writers_lock);
}

static int take_place(void *ctx, u64 at, u64 bytes)
{
	*(u64 *)ctx = at;
	return 1;
}

u64 weft_sem_cell(struct weft_bo *home, u64 offset)
{
	u64 at = 0;

	weft_bo_walk(home, offset, sizeof(struct weft_cell), take_place, &at);
	return at;
}

static int check(struct weft_bo *bo, u64 offset, u32 rights)
{
	if (bo->kind == WEFT_BO_IMPORT || !weft_sem_home(bo))
		return -EINVAL;
	if (offset % sizeof(struct weft_cell) || offset >= bo->base.size)
		return -EINVAL;
	if (rights & ~bo->rights)
		return -EACCES;
	return weft_bo_check(bo);
}

struct weft_bo *weft_sem_lookup(struct weft_file *f, u32 handle, u64 offset, u32 rights)
{
	struct weft_bo *bo = weft_bo_lookup(f, handle);
	int ret;

	if (!bo)
		return ERR_PTR(-ENOENT);
	ret = check(bo, offset, rights);
	if (ret) {
		weft_bo_put(bo);
		return ERR_PTR(ret);
	}
	return bo;
}

struct weft_window *weft_sem_window(struct weft_file *f, u32 handle)
{
	struct weft_bo *bo = weft_sem_lookup(f, handle, 0, DRM_WEFT_RIGHT_READ), *home;
	struct weft_window *win;

	if (IS_ERR(bo))
		return ERR_CAST(bo);
	home = weft_sem_home(bo);
	win = home->local.sem->window;
	if (win) {
		kref_get(&win->ref);
		drm_gem_object_get(&home->base);
	}
	weft_bo_put(bo);
	return win ?: ERR_PTR(-EINVAL);
}
