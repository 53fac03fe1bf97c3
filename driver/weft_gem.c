// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/overflow.h>
#include <linux/slab.h>
#include <drm/drm_print.h>
#include <drm/drm_vma_manager.h>
#include <drm/weft_accel.h>

#include "weft_compat.h"
#include "weft_device.h"
#include "weft_file.h"
#include "weft_import.h"
#include "weft_map.h"
#include "weft_sem.h"
#include "weft_sysmem.h"
#include "weft_window.h"

#define UNMAP_MS	10000	/* at removal, for objects that are being freed */
#define RIGHTS_ALL	(DRM_WEFT_RIGHT_READ | DRM_WEFT_RIGHT_WRITE | DRM_WEFT_RIGHT_SEM)

void weft_gem_init(struct weft_device *w)
{
	mutex_init(&w->bos.lock);
	INIT_LIST_HEAD(&w->bos.list);
	init_waitqueue_head(&w->bos.empty_wq);
}

void weft_bos_add(struct weft_bo *bo)
{
	mutex_lock(&bo->w->bos.lock);
	list_add_tail(&bo->link, &bo->w->bos.list);
	mutex_unlock(&bo->w->bos.lock);
}

void weft_bos_del(struct weft_bo *bo)
{
	mutex_lock(&bo->w->bos.lock);
	list_del_init(&bo->link);
	mutex_unlock(&bo->w->bos.lock);
	wake_up_all(&bo->w->bos.empty_wq);
}

/* One with references, which are taken one by one. */
static struct weft_bo *next_mapped(struct weft_device *w)
{
	struct weft_bo *bo, *found = NULL;

	mutex_lock(&w->bos.lock);
	list_for_each_entry(bo, &w->bos.list, link) {
		if (kref_get_unless_zero(&bo->base.refcount)) {
			list_del_init(&bo->link);
			found = bo;
			break;
		}
	}
	mutex_unlock(&w->bos.lock);
	return found;
}

static bool none_mapped(struct weft_device *w)
{
	bool none;

	mutex_lock(&w->bos.lock);
	none = list_empty(&w->bos.list);
	mutex_unlock(&w->bos.lock);
	return none;
}

void weft_gem_unmap_all(struct weft_device *w)
{
	struct weft_bo *bo;

	while ((bo = next_mapped(w))) {
		if (bo->kind == WEFT_BO_SYSTEM)
			weft_sysmem_unmap(bo);
		else
			weft_import_unmap(bo);
		weft_bo_put(bo);
	}
	/* Whose last reference has just gone unmap themselves, in weft_bo_free(). */
	if (!wait_event_timeout(w->bos.empty_wq, none_mapped(w), msecs_to_jiffies(UNMAP_MS)))
		drm_err(&w->drm,
			"objects that are being freed are still mapped for the card's DMA after %u ms\n",
			UNMAP_MS);
}

static void free_local(struct weft_bo *bo)
{
	struct weft_device *w = bo->w;

	if (bo->local.sem) {
		weft_pm_get_open(w, WEFT_PM_CALL);
		weft_sem_destroy(bo);
		weft_pm_put(w, WEFT_PM_CALL);
	}
	if (!list_empty(&bo->local.blocks))
		weft_lmem_free(bo->w, &bo->local.blocks);
	kvfree(bo->local.extents);
}

static void weft_bo_free(struct drm_gem_object *obj)
{
	struct weft_bo *bo = to_weft_bo(obj), *origin = NULL;
	struct weft_device *w = bo->w;

	switch (bo->kind) {
	case WEFT_BO_LOCAL:
		if (bo->owner)
			weft_file_uncharge(bo->owner, DRM_WEFT_QUOTA_LOCAL, obj->size);
		free_local(bo);
		break;
	case WEFT_BO_SYSTEM:
		weft_sysmem_free(bo);
		weft_bos_del(bo);
		if (bo->owner)
			weft_file_uncharge_system(bo->owner, obj->size);
		break;
	case WEFT_BO_ALIAS:
		origin = bo->alias.origin;
		break;
	case WEFT_BO_IMPORT:
		weft_pm_get_open(w, WEFT_PM_CALL);
		weft_import_free(bo);
		weft_pm_put(w, WEFT_PM_CALL);
		weft_bos_del(bo);
		break;
	}
	if (bo->owner)
		weft_file_put(bo->owner);
	drm_gem_object_release(obj);
	if (bo->dummy)
		__free_page(bo->dummy);
	kfree(bo);
	atomic_dec(&w->counts.bos);
	/* Its reservation was the alias's, too: last. */
	if (origin)
		weft_bo_put(origin);
}

static const struct drm_gem_object_funcs weft_bo_funcs = {
	.free = weft_bo_free,
	.mmap = weft_map_mmap,
	.vm_ops = &weft_map_vm_ops,
};

struct weft_bo *weft_bo_alloc(struct weft_device *w, enum weft_bo_kind kind, u64 bytes)
{
	struct weft_bo *bo = kzalloc_obj(*bo, GFP_KERNEL_ACCOUNT);

	if (!bo)
		return NULL;
	bo->w = w;
	bo->kind = kind;
	bo->rights = RIGHTS_ALL;
	bo->gen = READ_ONCE(w->gen);
	INIT_LIST_HEAD(&bo->link);
	if (kind == WEFT_BO_LOCAL)
		INIT_LIST_HEAD(&bo->local.blocks);
	bo->base.funcs = &weft_bo_funcs;
	drm_gem_private_object_init(&w->drm, &bo->base, bytes);
	weft_gpuva_set_lock(&bo->base, &w->bind_lock);
	atomic_inc(&w->counts.bos);
	return bo;
}

void weft_bo_put(struct weft_bo *bo)
{
	drm_gem_object_put(&bo->base);
}

struct weft_bo *weft_bo_lookup(struct weft_file *f, u32 handle)
{
	struct drm_gem_object *obj = drm_gem_object_lookup(f->drm, handle);

	return obj ? to_weft_bo(obj) : NULL;
}

int weft_bo_check(struct weft_bo *bo)
{
	bo = weft_bo_origin(bo);
	return bo->kind == WEFT_BO_LOCAL && bo->gen != READ_ONCE(bo->w->gen) ? -ECANCELED : 0;
}

/* Blocks that follow each other make one extent: 2 MiB leaves and few DMA segments result. */
static int fill_extents(struct weft_bo *bo)
{
	struct gpu_buddy_block *block;
	unsigned int n = 0;

	list_for_each_entry(block, &bo->local.blocks, link)
		n++;
	bo->local.extents = kvcalloc(n, sizeof(*bo->local.extents), GFP_KERNEL_ACCOUNT);
	if (!bo->local.extents)
		return -ENOMEM;
	n = 0;
	list_for_each_entry(block, &bo->local.blocks, link) {
		struct weft_extent *e = n ? &bo->local.extents[n - 1] : NULL;
		u64 at = gpu_buddy_block_offset(block);
		u64 bytes = gpu_buddy_block_size(&bo->w->lmem.mm, block);

		if (e && e->at + e->bytes == at)
			e->bytes += bytes;
		else
			bo->local.extents[n++] = (struct weft_extent) { .at = at, .bytes = bytes };
	}
	bo->local.num_extents = n;
	return 0;
}

struct weft_bo *weft_bo_create_local(struct weft_device *w, struct weft_file *f, u64 bytes,
				     u32 flags)
{
	struct weft_bo *bo;
	int ret;

	bo = weft_bo_alloc(w, WEFT_BO_LOCAL, bytes);
	if (!bo)
		return ERR_PTR(-ENOMEM);
	bo->flags = flags;
	bo->placement = DRM_WEFT_PLACE_LOCAL;
	if (f) {
		ret = weft_file_charge(f, DRM_WEFT_QUOTA_LOCAL, bytes);
		if (ret)
			goto err_put;
		bo->owner = weft_file_get(f);
	}
	ret = weft_lmem_alloc(w, f, bytes, &bo->local.blocks);
	if (ret)
		goto err_put;
	ret = fill_extents(bo);
	if (!ret && flags & DRM_WEFT_GEM_SEM)
		ret = weft_sem_create(bo, f);
	if (ret)
		goto err_put;
	return bo;

err_put:
	weft_bo_put(bo);
	return ERR_PTR(ret);
}

static int walk_extents(const struct weft_bo *bo, u64 offset, u64 bytes,
			int (*fn)(void *, u64, u64), void *ctx)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < bo->local.num_extents && bytes && !ret; i++) {
		const struct weft_extent *e = &bo->local.extents[i];
		u64 part;

		if (offset >= e->bytes) {
			offset -= e->bytes;
			continue;
		}
		part = min(bytes, e->bytes - offset);
		ret = fn(ctx, e->at + offset, part);
		bytes -= part;
		offset = 0;
	}
	return ret;
}

static int walk_sgt(struct sg_table *sgt, u64 offset, u64 bytes, int (*fn)(void *, u64, u64),
		    void *ctx)
{
	struct scatterlist *sg;
	int i, ret = 0;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		u64 len = sg_dma_len(sg), part;

		if (!bytes || ret)
			break;
		if (offset >= len) {
			offset -= len;
			continue;
		}
		part = min(bytes, len - offset);
		ret = fn(ctx, sg_dma_address(sg) + offset, part);
		bytes -= part;
		offset = 0;
	}
	/*
	 * A dma-buf whose table is shorter than its size would leave the rest of the range unmapped
	 * without a word.
	 */
	return ret ?: bytes ? -EIO : 0;
}

int weft_bo_walk(struct weft_bo *bo, u64 offset, u64 bytes, int (*fn)(void *ctx, u64 at, u64 bytes),
		 void *ctx)
{
	bo = weft_bo_origin(bo);
	if (bo->kind == WEFT_BO_LOCAL)
		return walk_extents(bo, offset, bytes, fn, ctx);
	if (bo->kind == WEFT_BO_SYSTEM)
		return bo->sys.mapped ? walk_sgt(&bo->sys.sgt, offset, bytes, fn, ctx) : -ENODEV;
	return walk_sgt(bo->import.sgt, offset, bytes, fn, ctx);
}

int weft_gem_create_ioctl(struct weft_device *w, struct weft_file *f, void *data)
{
	struct drm_weft_gem_create *args = data;
	struct weft_bo *bo;
	u64 bytes;
	int ret;

	if (args->pad || args->flags & ~DRM_WEFT_GEM_SEM || !args->size)
		return -EINVAL;
	if (check_add_overflow(args->size, (u64)SZ_4K - 1, &bytes) || bytes > S64_MAX)
		return -EINVAL;
	bytes &= ~((u64)SZ_4K - 1);
	/* Objects are mapped by whole pages of the processor. */
	bytes = ALIGN(bytes, PAGE_SIZE);
	switch (args->placement) {
	case DRM_WEFT_PLACE_LOCAL:
		bo = weft_bo_create_local(w, f, bytes, args->flags);
		break;
	case DRM_WEFT_PLACE_SYSTEM:
		/* Waits are legal in the waiter's local memory only: cells elsewhere are no use. */
		if (args->flags & DRM_WEFT_GEM_SEM)
			return -EINVAL;
		bo = weft_sysmem_create(w, f, bytes, args->flags);
		break;
	default:
		return -EINVAL;
	}
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	ret = drm_gem_create_mmap_offset(&bo->base);
	if (!ret)
		ret = drm_gem_handle_create(f->drm, &bo->base, &args->handle);
	args->size = bytes;
	weft_bo_put(bo);
	return ret;
}

int weft_gem_info_ioctl(struct weft_device *w, struct weft_file *f, void *data)
{
	struct drm_weft_gem_info *args = data;
	struct weft_bo *bo = weft_bo_lookup(f, args->handle);

	if (!bo)
		return -ENOENT;
	args->placement = bo->placement;
	args->flags = bo->flags;
	args->rights = bo->rights;
	args->size = bo->base.size;
	args->mmap_offset = 0;
	/* An object gets its offset before its handle exists; imports have none. */
	if (bo->kind != WEFT_BO_IMPORT && bo->rights & DRM_WEFT_RIGHT_READ)
		args->mmap_offset = drm_vma_node_offset_addr(&bo->base.vma_node);
	args->generation = weft_bo_origin(bo)->gen;
	args->arm_offset = 0;
	if (bo->kind != WEFT_BO_IMPORT && weft_sem_home(bo) && weft_sem_home(bo)->local.sem->window)
		args->arm_offset = weft_window_offset(WEFT_WINDOW_ARM, args->handle);
	weft_bo_put(bo);
	return 0;
}
