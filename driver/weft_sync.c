// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/dma-fence-chain.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <drm/drm_syncobj.h>
#include <drm/weft_accel.h>

#include "weft_sync.h"

struct drm_weft_sync *weft_sync_copy(u64 user, u32 count)
{
	struct drm_weft_sync *syncs;
	u32 i;

	if (!count)
		return NULL;
	if (count > DRM_WEFT_MAX_SYNCS)
		return ERR_PTR(-EINVAL);
	syncs = memdup_array_user(u64_to_user_ptr(user), count, sizeof(*syncs));
	if (IS_ERR(syncs))
		return syncs;
	for (i = 0; i < count; i++) {
		if (syncs[i].flags & ~DRM_WEFT_SYNC_SIGNAL) {
			kfree(syncs);
			return ERR_PTR(-EINVAL);
		}
	}
	return syncs;
}

u32 weft_sync_count_signals(const struct drm_weft_sync *syncs, u32 count)
{
	u32 i, n = 0;

	for (i = 0; i < count; i++)
		n += !!(syncs[i].flags & DRM_WEFT_SYNC_SIGNAL);
	return n;
}

int weft_sync_each_wait(struct drm_file *file, const struct drm_weft_sync *syncs, u32 count,
			int (*fn)(void *ctx, struct dma_fence *fence), void *ctx)
{
	u32 i;
	int ret;

	for (i = 0; i < count; i++) {
		struct dma_fence *fence;

		if (syncs[i].flags & DRM_WEFT_SYNC_SIGNAL)
			continue;
		ret = drm_syncobj_find_fence(file, syncs[i].handle, syncs[i].point, 0, &fence);
		if (ret)
			return ret;
		ret = fn(ctx, fence);
		dma_fence_put(fence);
		if (ret)
			return ret;
	}
	return 0;
}

void weft_sync_free(struct weft_sync_out *outs, u32 num)
{
	u32 i;

	for (i = 0; i < num; i++) {
		dma_fence_chain_free(outs[i].chain);
		if (outs[i].syncobj)
			drm_syncobj_put(outs[i].syncobj);
	}
	kfree(outs);
}

struct weft_sync_out *weft_sync_prepare(struct drm_file *file, const struct drm_weft_sync *syncs,
					u32 count, u32 *num)
{
	struct weft_sync_out *outs;
	int ret = -ENOENT;
	u32 i;

	*num = 0;
	if (!count)
		return NULL;
	outs = kcalloc(count, sizeof(*outs), GFP_KERNEL_ACCOUNT);
	if (!outs)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < count; i++) {
		struct weft_sync_out *out = &outs[*num];

		if (!(syncs[i].flags & DRM_WEFT_SYNC_SIGNAL))
			continue;
		++*num;
		out->point = syncs[i].point;
		out->syncobj = drm_syncobj_find(file, syncs[i].handle);
		if (!out->syncobj)
			goto err_free;
		if (!out->point)
			continue;
		out->chain = dma_fence_chain_alloc();
		if (!out->chain) {
			ret = -ENOMEM;
			goto err_free;
		}
	}
	return outs;

err_free:
	weft_sync_free(outs, *num);
	*num = 0;
	return ERR_PTR(ret);
}

void weft_sync_signal(struct weft_sync_out *outs, u32 num, struct dma_fence *done)
{
	u32 i;

	for (i = 0; i < num; i++) {
		if (outs[i].chain) {
			drm_syncobj_add_point(outs[i].syncobj, outs[i].chain, done, outs[i].point);
			outs[i].chain = NULL;
		} else {
			drm_syncobj_replace_fence(outs[i].syncobj, done);
		}
	}
}
