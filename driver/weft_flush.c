// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include <firmware/abi/reg.h>

#include "weft_device.h"
#include "weft_flush.h"
#include "weft_gem.h"
#include "weft_import.h"

#define WORD	0x77656674666c7573ull	/* any value but all-ones would do */

void weft_flush_init(struct weft_device *w)
{
	mutex_init(&w->flush.lock);
}

static int make_host(struct weft_device *w)
{
	struct weft_flush *fl = &w->flush;

	if (fl->host)
		return 0;
	fl->host = dma_alloc_coherent(&w->pdev->dev, PAGE_SIZE, &fl->host_bus, GFP_KERNEL);
	if (!fl->host)
		return -ENOMEM;
	*fl->host = WORD;
	return 0;
}

/* An object of its own over the page in the carve-out: peers map it like anything of ours. */
static struct weft_bo *make_object(struct weft_device *w)
{
	struct weft_bo *bo = weft_bo_alloc(w, WEFT_BO_LOCAL, PAGE_SIZE);

	if (!bo)
		return NULL;
	bo->placement = DRM_WEFT_PLACE_LOCAL;
	bo->local.extents = kvcalloc(1, sizeof(*bo->local.extents), GFP_KERNEL);
	if (!bo->local.extents) {
		weft_bo_put(bo);
		return NULL;
	}
	bo->local.extents[0] = (struct weft_extent) { .at = w->flush.word->at, .bytes = PAGE_SIZE };
	bo->local.num_extents = 1;
	return bo;
}

static int make_word(struct weft_device *w)
{
	struct weft_flush *fl = &w->flush;

	if (!weft_prime_p2p(w))
		return 0;
	if (!fl->word) {
		struct weft_carve_block *word = weft_carve_alloc(w, NULL, PAGE_SIZE);

		if (IS_ERR(word))
			return PTR_ERR(word);
		fl->word = word;
	}
	weft_mmio_lmem_write64(w, fl->word->at, WORD);
	weft_mmio_flush_writes();
	return 0;
}

int weft_flush_start(struct weft_device *w)
{
	struct weft_flush *fl = &w->flush;
	u32 tag;
	int ret;

	if (!(w->caps & WEFT_CAP_SYSTEM_SCOPE))
		return 0;
	mutex_lock(&fl->lock);
	ret = make_host(w) ?: make_word(w);
	if (!ret) {
		weft_mmio_write64(w, WEFT_REG_LINK_FLUSH(0), fl->host_bus);
		/* Against weft_flush_lost(), which must not come in between. */
		mutex_lock(&w->bind_lock);
		for (tag = 1; tag < min_t(u32, w->num_links, WEFT_LINK_MAX); tag++)
			weft_mmio_write64(w, WEFT_REG_LINK_FLUSH(tag), READ_ONCE(fl->bus[tag]));
		mutex_unlock(&w->bind_lock);
	}
	mutex_unlock(&fl->lock);
	return ret;
}

/*
 * The word of a peer, exported for this one import: a dma-buf holds the module, and one that lived
 * as long as the card would keep it from being unloaded. In a reset of the peer it is an error, as
 * its memory is.
 */
static struct dma_buf *word_of(struct weft_device *peer)
{
	struct dma_buf *dmabuf;
	struct weft_bo *bo;

	mutex_lock(&peer->flush.lock);
	bo = peer->flush.word ? make_object(peer) : NULL;
	if (bo) {
		dmabuf = weft_prime_export(bo, DRM_WEFT_RIGHT_READ, 0);
		weft_bo_put(bo);
	} else {
		dmabuf = ERR_PTR(-ENOMEM);
	}
	mutex_unlock(&peer->flush.lock);
	return dmabuf;
}

static struct weft_bo *import_word(struct weft_device *w, struct dma_buf *dmabuf, u32 tag)
{
	struct weft_bo *bo = weft_import_create_flush(w, dmabuf, tag);
	int ret;

	if (IS_ERR(bo))
		return bo;
	dma_resv_lock(bo->base.resv, NULL);
	ret = weft_import_map(bo);
	if (!ret) {
		WRITE_ONCE(w->flush.bus[tag], sg_dma_address(bo->import.sgt->sgl));
		weft_mmio_write64(w, WEFT_REG_LINK_FLUSH(tag), w->flush.bus[tag]);
	}
	dma_resv_unlock(bo->base.resv);
	if (!ret)
		return bo;
	weft_bo_put(bo);
	return ERR_PTR(ret);
}

int weft_flush_get(struct weft_device *w, const struct weft_device *peer)
{
	int tag;

	mutex_lock(&w->flush.lock);
	tag = weft_link_get(w, peer);
	mutex_unlock(&w->flush.lock);
	return tag;
}

int weft_flush_open(struct weft_device *w, struct weft_device *peer, u32 tag)
{
	struct weft_flush *fl = &w->flush;
	struct weft_bo *old = NULL, *bo;
	struct dma_buf *dmabuf;
	int ret = 0;

	/* The caller's use keeps the tag for this peer, and its word where it is. */
	if (!(w->caps & peer->caps & WEFT_CAP_SYSTEM_SCOPE) || READ_ONCE(fl->bus[tag]))
		return 0;
	dmabuf = word_of(peer);
	if (IS_ERR(dmabuf)) {
		ret = PTR_ERR(dmabuf);
		goto none;
	}
	mutex_lock(&fl->lock);
	if (drm_dev_is_unplugged(&w->drm)) {
		ret = -ENODEV;
	} else if (!READ_ONCE(fl->bus[tag])) {
		bo = import_word(w, dmabuf, tag);
		if (IS_ERR(bo)) {
			ret = PTR_ERR(bo);
		} else {
			old = fl->import[tag];
			fl->import[tag] = bo;
		}
	}
	mutex_unlock(&fl->lock);
	dma_buf_put(dmabuf);
	if (old)
		weft_bo_put(old);
none:
	if (ret)
		drm_dbg(&w->drm, "link %u to card %u has no word to flush by (%d)\n", tag,
			peer->serial, ret);
	return ret;
}

/* Whoever holds the lock afterwards finds no address of it: the object may live a little longer. */
static void close_locked(struct weft_device *w, u32 tag)
{
	struct weft_bo *bo = w->flush.import[tag];

	lockdep_assert_held(&w->flush.lock);
	if (!bo)
		return;
	w->flush.import[tag] = NULL;
	weft_import_unmap(bo);
	weft_bo_put(bo);
}

/* With the last use, and before anybody can take the tag again, for this peer or another. */
void weft_flush_put(struct weft_device *w, u32 tag)
{
	if (!tag)
		return;
	mutex_lock(&w->flush.lock);
	if (weft_link_put(w, tag))
		close_locked(w, tag);
	mutex_unlock(&w->flush.lock);
}

void weft_flush_fini(struct weft_device *w)
{
	struct weft_flush *fl = &w->flush;
	u32 tag;

	mutex_lock(&fl->lock);
	if (fl->host)
		dma_free_coherent(&w->pdev->dev, PAGE_SIZE, fl->host, fl->host_bus);
	fl->host = NULL;
	for (tag = 1; tag < WEFT_LINK_MAX; tag++)
		close_locked(w, tag);
	mutex_unlock(&fl->lock);
}

void weft_flush_lost(struct weft_device *w, u32 tag)
{
	lockdep_assert_held(&w->bind_lock);
	WRITE_ONCE(w->flush.bus[tag], 0);
	/* A card in reset knows no words, and is told those that there are afterwards. */
	if (!weft_device_check(w))
		weft_mmio_write64(w, WEFT_REG_LINK_FLUSH(tag), 0);
}
