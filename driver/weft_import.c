// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include <firmware/abi/reg.h>

#include "weft_compat.h"
#include "weft_device.h"
#include "weft_file.h"
#include "weft_flush.h"
#include "weft_import.h"
#include "weft_vma.h"

#define RESV_WAIT_MS	5000

static void unmap_locked(struct weft_bo *bo)
{
	struct sg_table *sgt = bo->import.sgt;
	bool cookie;

	if (!sgt)
		return;
	/* The owner may be in reclaim, or hold up fences: lockdep checks that ours does neither. */
	cookie = dma_fence_begin_signalling();
	/* From here on binds under way find it gone. */
	mutex_lock(&bo->w->bind_lock);
	if (bo->import.flush)
		weft_flush_lost(bo->w, bo->import.tag);
	weft_vma_revoke(bo);
	bo->import.sgt = NULL;
	mutex_unlock(&bo->w->bind_lock);
	dma_fence_end_signalling(cookie);
	dma_buf_unmap_attachment(bo->import.attach, sgt, DMA_BIDIRECTIONAL);
	weft_link_unmapped(bo->w, bo->import.tag);
}

/* A gone card answers nothing: what is under way to it must fail before it can be waited for. */
static void mask_if_lost(struct weft_bo *bo)
{
	struct weft_export *x = weft_prime_export_of(bo->import.attach->dmabuf);

	if (x && bo->import.sgt && bo->import.tag && READ_ONCE(x->bo->w->state) == WEFT_LOST)
		weft_link_mask(bo->w, bo->import.tag);
}

/*
 * The owner moves or takes back the memory: no allocation, no wait for a fence, no firmware. When
 * the invalidate has completed nothing of this card can reach it, so the mapping ends before the
 * callback returns.
 */
static void invalidate(struct dma_buf_attachment *attach)
{
	struct weft_bo *bo = attach->importer_priv;

	/* Waking takes no lock of the owner's, and is bounded. */
	weft_pm_get(bo->w, WEFT_PM_CALL);
	mask_if_lost(bo);
	unmap_locked(bo);
	weft_pm_put(bo->w, WEFT_PM_CALL);
}

static const struct dma_buf_attach_ops weft_attach_ops = {
	.allow_peer2peer = true,
	.WEFT_ATTACH_OP_INVALIDATE = invalidate,
};

bool weft_import_is_ours(struct dma_buf_attachment *attach)
{
	return attach->importer_ops == &weft_attach_ops;
}

bool weft_import_follows_iova(struct dma_buf_attachment *attach)
{
	struct weft_bo *bo = attach->importer_priv;

	return !weft_import_is_ours(attach) || bo->w->caps & WEFT_CAP_PEER_IOVA;
}

/* Takes over one use of the tag, unless it is for the peer's flush word. */
static struct weft_bo *create(struct weft_device *w, struct weft_file *f, struct dma_buf *dmabuf,
			      u32 tag, bool flush)
{
	struct weft_export *x = weft_prime_export_of(dmabuf);
	struct dma_buf_attachment *attach;
	struct weft_bo *bo;
	int ret;

	bo = weft_bo_alloc(w, WEFT_BO_IMPORT, dmabuf->size);
	if (!bo) {
		if (!flush)
			weft_flush_put(w, tag);
		return ERR_PTR(-ENOMEM);
	}
	bo->import.tag = tag;
	bo->import.flush = flush;
	bo->base.resv = dmabuf->resv;
	/* What another card exports is charged to its owner already. */
	if (!x) {
		ret = weft_file_charge_system(f, dmabuf->size);
		if (ret) {
			weft_bo_put(bo);
			return ERR_PTR(ret);
		}
		bo->owner = weft_file_get(f);
	}
	if (x) {
		bo->rights = x->rights;
		bo->flags = x->bo->flags;
		bo->placement = x->bo->placement;
	} else {
		bo->rights = DRM_WEFT_RIGHT_READ |
			     (dmabuf->file->f_mode & FMODE_WRITE ? DRM_WEFT_RIGHT_WRITE : 0);
		bo->placement = DRM_WEFT_PLACE_SYSTEM;
	}
	attach = dma_buf_dynamic_attach(dmabuf, &w->pdev->dev, &weft_attach_ops, bo);
	if (IS_ERR(attach)) {
		ret = PTR_ERR(attach);
		weft_bo_put(bo);
		return ERR_PTR(ret);
	}
	get_dma_buf(dmabuf);
	bo->import.attach = attach;
	bo->base.import_attach = attach;
	weft_bos_add(bo);
	atomic_inc(&w->counts.imports);
	return bo;
}

struct weft_bo *weft_import_create(struct weft_device *w, struct weft_file *f,
				   struct dma_buf *dmabuf)
{
	struct weft_export *x = weft_prime_export_of(dmabuf);
	struct weft_bo *bo;
	int tag = 0, ret;

	if (!IS_ALIGNED(dmabuf->size, PAGE_SIZE))
		return ERR_PTR(-EINVAL);
	if (x && x->bo->kind == WEFT_BO_LOCAL) {
		tag = weft_flush_get(w, x->bo->w);
		if (tag < 0) {
			drm_dbg(&w->drm, "all %u link tags are in use by other peers\n",
				w->num_links);
			return ERR_PTR(tag);
		}
	}
	bo = create(w, f, dmabuf, tag, false);
	if (IS_ERR(bo) || !tag)
		return bo;
	ret = weft_flush_open(w, x->bo->w, tag);
	if (!ret)
		return bo;
	weft_bo_put(bo);
	return ERR_PTR(ret);
}

struct weft_bo *weft_import_create_flush(struct weft_device *w, struct dma_buf *dmabuf, u32 tag)
{
	return create(w, NULL, dmabuf, tag, true);
}

int weft_import_map(struct weft_bo *bo)
{
	struct sg_table *sgt;
	long left;

	if (bo->import.sgt)
		return 0;
	left = dma_resv_wait_timeout(bo->base.resv, DMA_RESV_USAGE_KERNEL, true,
				     msecs_to_jiffies(RESV_WAIT_MS));
	if (left < 0)
		return left;
	if (!left)
		return -ETIME;
	sgt = dma_buf_map_attachment(bo->import.attach, DMA_BIDIRECTIONAL);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	mutex_lock(&bo->w->bind_lock);
	bo->import.sgt = sgt;
	mutex_unlock(&bo->w->bind_lock);
	weft_link_mapped(bo->w, bo->import.tag);
	return 0;
}

void weft_import_unmap(struct weft_bo *bo)
{
	dma_resv_lock(bo->base.resv, NULL);
	unmap_locked(bo);
	dma_resv_unlock(bo->base.resv);
}

void weft_import_free(struct weft_bo *bo)
{
	struct dma_buf_attachment *attach = bo->import.attach;

	if (attach) {
		struct dma_buf *dmabuf = attach->dmabuf;

		weft_import_unmap(bo);
		dma_buf_detach(dmabuf, attach);
		dma_buf_put(dmabuf);
		bo->base.import_attach = NULL;
		atomic_dec(&bo->w->counts.imports);
	}
	if (bo->owner)
		weft_file_uncharge_system(bo->owner, bo->base.size);
	if (!bo->import.flush)
		weft_flush_put(bo->w, bo->import.tag);
}
