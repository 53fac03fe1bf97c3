// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/slab.h>

#include "weft_device.h"

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

struct weft_carve_block *weft_carve_alloc(struct weft_device *w, u64 bytes)
{
	struct weft_carve_block *block;
	int ret;

	block = kzalloc_obj(*block, GFP_KERNEL);
	if (!block)
		return ERR_PTR(-ENOMEM);
	bytes = ALIGN(bytes, SZ_4K);
	mutex_lock(&w->carve.lock);
	ret = drm_mm_insert_node_generic(&w->carve.mm, &block->node, bytes, SZ_4K, 0, DRM_MM_INSERT_BEST);
	if (!ret)
		w->carve.used_bytes += bytes;
	mutex_unlock(&w->carve.lock);
	if (ret) {
		kfree(block);
		return ERR_PTR(ret);
	}
	block->at = block->node.start;
	block->bytes = bytes;
	weft_mmio_lmem_clear(w, block->at, bytes);
	return block;
}

void weft_carve_free(struct weft_device *w, struct weft_carve_block *block)
{
	if (IS_ERR_OR_NULL(block))
		return;
	mutex_lock(&w->carve.lock);
	w->carve.used_bytes -= block->bytes;
	drm_mm_remove_node(&block->node);
	mutex_unlock(&w->carve.lock);
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
