// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/slab.h>
#include <drm/drm_print.h>

#include "weft_compat.h"
#include "weft_device.h"
#include "weft_file.h"

void weft_carve_init(struct weft_device *w)
{
	mutex_init(&w->carve.lock);
	INIT_LIST_HEAD(&w->carve.lost);
	drm_mm_init(&w->carve.mm, w->user_limit, w->lmem_bytes - w->user_limit);
}

void weft_carve_fini(struct weft_device *w)
{
	weft_carve_reclaim(w);
	drm_mm_takedown(&w->carve.mm);
	mutex_destroy(&w->carve.lock);
}

u64 weft_carve_user_bytes(struct weft_device *w)
{
	return w->lmem_bytes - w->user_limit - WEFT_CARVE_RESERVE;
}

/* Under the lock. */
static void no_room(struct weft_device *w, struct weft_file *f, u64 bytes)
{
	u64 used = w->carve.used_bytes, lost = w->carve.lost_bytes;

	/* Users can fill it, and get -ENOSPC; what the kernel lacks has no caller to tell. */
	if (f)
		drm_dbg(&w->drm,
			"no room for %llu bytes of page table or ring: used %llu, quarantined %llu, all %llu\n",
			bytes, used, lost, weft_carve_user_bytes(w));
	else
		drm_err_ratelimited(&w->drm,
				    "no room for %llu bytes of the kernel's own tables, rings or firmware: used %llu, quarantined %llu, all %llu, of which %u for the kernel only\n",
				    bytes, used, lost, w->lmem_bytes - w->user_limit,
				    WEFT_CARVE_RESERVE);
}

static int insert(struct weft_device *w, struct weft_file *f, struct weft_carve_block *block,
		  u64 bytes)
{
	u64 start = w->user_limit + (f ? WEFT_CARVE_RESERVE : 0);
	int ret;

	mutex_lock(&w->carve.lock);
	ret = drm_mm_insert_node_in_range(&w->carve.mm, &block->node, bytes, SZ_4K, 0,
					  start, w->lmem_bytes,
					  f ? DRM_MM_INSERT_BEST : DRM_MM_INSERT_LOW);
	if (ret)
		no_room(w, f, bytes);
	else
		w->carve.used_bytes += bytes;
	mutex_unlock(&w->carve.lock);
	return ret;
}

struct weft_carve_block *weft_carve_alloc(struct weft_device *w, struct weft_file *f, u64 bytes)
{
	struct weft_carve_block *block;
	int ret;

	block = kzalloc_obj(*block, GFP_KERNEL);
	if (!block)
		return ERR_PTR(-ENOMEM);
	bytes = ALIGN(bytes, SZ_4K);
	if (f) {
		ret = weft_file_charge(f, DRM_WEFT_QUOTA_TABLES, bytes);
		if (ret)
			goto err_free;
	}
	ret = insert(w, f, block, bytes);
	if (ret)
		goto err_charge;
	block->at = block->node.start;
	block->bytes = bytes;
	block->owner = f ? weft_file_get(f) : NULL;
	weft_mmio_lmem_clear(w, block->at, bytes);
	return block;

err_charge:
	if (f)
		weft_file_uncharge(f, DRM_WEFT_QUOTA_TABLES, bytes);
err_free:
	kfree(block);
	return ERR_PTR(ret);
}

void weft_carve_free(struct weft_device *w, struct weft_carve_block *block)
{
	if (IS_ERR_OR_NULL(block))
		return;
	mutex_lock(&w->carve.lock);
	w->carve.used_bytes -= block->bytes;
	drm_mm_remove_node(&block->node);
	mutex_unlock(&w->carve.lock);
	if (block->owner) {
		weft_file_uncharge(block->owner, DRM_WEFT_QUOTA_TABLES, block->bytes);
		weft_file_put(block->owner);
	}
	kfree(block);
}

void weft_carve_quarantine(struct weft_device *w, struct weft_carve_block *block)
{
	if (IS_ERR_OR_NULL(block))
		return;
	mutex_lock(&w->carve.lock);
	w->carve.lost_bytes += block->bytes;
	list_add(&block->link, &w->carve.lost);
	mutex_unlock(&w->carve.lock);
}

void weft_carve_reclaim(struct weft_device *w)
{
	struct weft_carve_block *block, *next;
	LIST_HEAD(lost);

	mutex_lock(&w->carve.lock);
	list_splice_init(&w->carve.lost, &lost);
	w->carve.lost_bytes = 0;
	mutex_unlock(&w->carve.lock);
	list_for_each_entry_safe(block, next, &lost, link)
		weft_carve_free(w, block);
}
