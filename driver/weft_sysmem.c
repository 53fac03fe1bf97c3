// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <drm/weft_accel.h>

#include "weft_device.h"
#include "weft_file.h"
#include "weft_sysmem.h"

#define HUGE_ORDER	(21 - PAGE_SHIFT)

static void free_pages_of(struct weft_bo *bo)
{
	u64 i, count = bo->base.size >> PAGE_SHIFT;

	for (i = 0; bo->sys.pages && i < count && bo->sys.pages[i]; i++)
		__free_page(bo->sys.pages[i]);
	kvfree(bo->sys.pages);
	bo->sys.pages = NULL;
}

/* 2 MiB at once where there are some, for 2 MiB leaves. */
static int alloc_pages_of(struct weft_bo *bo)
{
	u64 i = 0, j, count = bo->base.size >> PAGE_SHIFT;

	bo->sys.pages = kvcalloc(count, sizeof(*bo->sys.pages), GFP_KERNEL_ACCOUNT);
	if (!bo->sys.pages)
		return -ENOMEM;
	while (i < count) {
		unsigned int order = count - i >= (1ull << HUGE_ORDER) ? HUGE_ORDER : 0;
		gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO;
		struct page *page = NULL;

		if (order)
			page = alloc_pages(gfp | __GFP_NORETRY | __GFP_NOWARN, order);
		if (!page) {
			order = 0;
			page = alloc_page(gfp | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
		}
		if (!page || fatal_signal_pending(current)) {
			if (page)
				__free_pages(page, order);
			return -ENOMEM;
		}
		if (order)
			split_page(page, order);
		for (j = 0; j < 1ull << order; j++)
			bo->sys.pages[i++] = page + j;
		cond_resched();
	}
	return 0;
}

struct weft_bo *weft_sysmem_create(struct weft_device *w, struct weft_file *f, u64 bytes, u32 flags)
{
	struct weft_bo *bo;
	int ret;

	/* The page array of sg_alloc_table_from_pages() is counted in unsigned int. */
	if (bytes >> PAGE_SHIFT > UINT_MAX)
		return ERR_PTR(-EDQUOT);
	bo = weft_bo_alloc(w, WEFT_BO_SYSTEM, bytes);
	if (!bo)
		return ERR_PTR(-ENOMEM);
	bo->flags = flags;
	bo->placement = DRM_WEFT_PLACE_SYSTEM;
	bo->rights = DRM_WEFT_RIGHT_READ | DRM_WEFT_RIGHT_WRITE;
	ret = weft_file_charge_system(f, bytes);
	if (ret)
		goto err_put;
	bo->owner = weft_file_get(f);
	ret = alloc_pages_of(bo);
	if (ret)
		goto err_put;
	ret = sg_alloc_table_from_pages(&bo->sys.sgt, bo->sys.pages, bytes >> PAGE_SHIFT, 0, bytes,
					GFP_KERNEL_ACCOUNT);
	if (ret)
		goto err_put;
	ret = dma_map_sgtable(&w->pdev->dev, &bo->sys.sgt, DMA_BIDIRECTIONAL, 0);
	if (ret)
		goto err_table;
	bo->sys.mapped = true;
	weft_bos_add(bo);
	return bo;

err_table:
	sg_free_table(&bo->sys.sgt);
	bo->sys.sgt.sgl = NULL;
err_put:
	weft_bo_put(bo);
	return ERR_PTR(ret);
}

void weft_sysmem_unmap(struct weft_bo *bo)
{
	/* Against a bind that walks the table. */
	mutex_lock(&bo->w->bind_lock);
	if (bo->sys.mapped)
		dma_unmap_sgtable(&bo->w->pdev->dev, &bo->sys.sgt, DMA_BIDIRECTIONAL, 0);
	bo->sys.mapped = false;
	mutex_unlock(&bo->w->bind_lock);
}

void weft_sysmem_free(struct weft_bo *bo)
{
	if (bo->sys.mapped)
		dma_unmap_sgtable(&bo->w->pdev->dev, &bo->sys.sgt, DMA_BIDIRECTIONAL, 0);
	if (bo->sys.sgt.sgl)
		sg_free_table(&bo->sys.sgt);
	free_pages_of(bo);
}
