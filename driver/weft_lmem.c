// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/slab.h>
#include <drm/drm_print.h>

#include "weft_device.h"
#include "weft_file.h"
#include "weft_reset.h"

#define SCRUB_BATCH	32

static u64 list_bytes(struct weft_lmem *l, struct list_head *blocks)
{
	struct gpu_buddy_block *block;
	u64 bytes = 0;

	list_for_each_entry(block, blocks, link)
		bytes += gpu_buddy_block_size(&l->mm, block);
	return bytes;
}

/* Clears freed blocks in the background, so that an allocation rarely has to wait for it. */
static void scrub_work(struct work_struct *work)
{
	struct weft_device *w = container_of(work, struct weft_device, lmem.scrub_work);
	struct weft_range ranges[SCRUB_BATCH];
	struct weft_lmem *l = &w->lmem;
	struct gpu_buddy_block *block;

	weft_pm_get(w, WEFT_PM_CALL);
	for (;;) {
		unsigned int n = 0;
		LIST_HEAD(batch);
		bool clear;

		mutex_lock(&l->lock);
		while (n < SCRUB_BATCH &&
		       (block = list_first_entry_or_null(&l->dirty, typeof(*block), link))) {
			list_move_tail(&block->link, &batch);
			ranges[n++] = (struct weft_range) {
				.at = gpu_buddy_block_offset(block),
				.bytes = gpu_buddy_block_size(&l->mm, block),
			};
		}
		mutex_unlock(&l->lock);
		if (!n)
			break;
		clear = weft_scrub_clear(w, ranges, n);
		mutex_lock(&l->lock);
		l->dirty_bytes -= list_bytes(l, &batch);
		gpu_buddy_free_list(&l->mm, &batch, clear ? GPU_BUDDY_CLEARED : 0);
		mutex_unlock(&l->lock);
		/* In reset or gone: the reset takes the rest from the list. */
		if (!clear)
			break;
	}
	weft_pm_put(w, WEFT_PM_CALL);
}

int weft_lmem_init(struct weft_device *w)
{
	struct weft_lmem *l = &w->lmem;

	mutex_init(&l->lock);
	INIT_LIST_HEAD(&l->dirty);
	INIT_LIST_HEAD(&l->lost);
	INIT_WORK(&l->scrub_work, scrub_work);
	return gpu_buddy_init(&l->mm, w->user_limit, SZ_4K);
}

void weft_lmem_fini(struct weft_device *w)
{
	struct weft_lmem *l = &w->lmem;

	cancel_work_sync(&l->scrub_work);
	gpu_buddy_free_list(&l->mm, &l->dirty, 0);
	gpu_buddy_free_list(&l->mm, &l->lost, 0);
	gpu_buddy_fini(&l->mm);
	mutex_destroy(&l->lock);
}

static int alloc_blocks(struct weft_lmem *l, u64 bytes, struct list_head *blocks)
{
	int ret;

	mutex_lock(&l->lock);
	if (bytes > l->mm.avail) {
		ret = -ENOSPC;
	} else {
		/* In one piece if possible: large leaves, and engines see no seams in operands. */
		ret = gpu_buddy_alloc_blocks(&l->mm, 0, l->mm.size, bytes, SZ_4K, blocks,
					     GPU_BUDDY_CLEAR_ALLOCATION |
					     GPU_BUDDY_CONTIGUOUS_ALLOCATION);
		if (ret == -ENOSPC)
			ret = gpu_buddy_alloc_blocks(&l->mm, 0, l->mm.size, bytes, SZ_4K, blocks,
						     GPU_BUDDY_CLEAR_ALLOCATION);
	}
	mutex_unlock(&l->lock);
	return ret;
}

static int clear_blocks(struct weft_device *w, struct list_head *blocks)
{
	struct weft_lmem *l = &w->lmem;
	struct weft_range ranges[SCRUB_BATCH];
	struct gpu_buddy_block *block;
	unsigned int n = 0;
	bool ok = true;

	list_for_each_entry(block, blocks, link) {
		if (gpu_buddy_block_is_clear(block) && !l->nothing_clear)
			continue;
		ranges[n++] = (struct weft_range) {
			.at = gpu_buddy_block_offset(block),
			.bytes = gpu_buddy_block_size(&l->mm, block),
		};
		if (n == SCRUB_BATCH) {
			ok = ok && weft_scrub_clear(w, ranges, n);
			n = 0;
		}
	}
	if (n)
		ok = ok && weft_scrub_clear(w, ranges, n);
	if (ok)
		return 0;
	return weft_device_check(w) ?: -EIO;
}

int weft_lmem_alloc(struct weft_device *w, struct weft_file *f, u64 bytes, struct list_head *blocks)
{
	struct weft_lmem *l = &w->lmem;
	int ret;

	ret = alloc_blocks(l, bytes, blocks);
	if (ret == -ENOSPC) {
		/* Freed memory may still be in the scrubber, whose waits are bounded. */
		flush_work(&l->scrub_work);
		ret = alloc_blocks(l, bytes, blocks);
	}
	if (ret) {
		struct weft_lmem_info info;

		weft_lmem_info(w, &info);
		drm_dbg(&w->drm,
			"no room for %llu bytes of local memory: free %llu, largest block %llu, quarantined %llu; quota of the file %llu, used %llu\n",
			bytes, info.free, info.largest, info.quarantined,
			f ? f->quota[DRM_WEFT_QUOTA_LOCAL].limit : 0,
			f ? (u64)atomic64_read(&f->quota[DRM_WEFT_QUOTA_LOCAL].used) : 0);
		return ret;
	}
	ret = clear_blocks(w, blocks);
	if (ret) {
		mutex_lock(&l->lock);
		gpu_buddy_free_list(&l->mm, blocks, 0);
		mutex_unlock(&l->lock);
	}
	return ret;
}

void weft_lmem_free(struct weft_device *w, struct list_head *blocks)
{
	struct weft_lmem *l = &w->lmem;
	u64 bytes;

	mutex_lock(&l->lock);
	bytes = list_bytes(l, blocks);
	if (weft_reset_pending(w)) {
		l->lost_bytes += bytes;
		list_splice_tail_init(blocks, &l->lost);
	} else {
		l->dirty_bytes += bytes;
		list_splice_tail_init(blocks, &l->dirty);
	}
	mutex_unlock(&l->lock);
	if (!weft_device_check(w))
		queue_work(w->work_wq, &l->scrub_work);
}

/* Of nothing is known any more that it is clear. */
static void forget_clear(struct weft_lmem *l)
{
#ifdef WEFT_HAVE_BUDDY_RESET_CLEAR
	u64 before;

	/*
	 * The call takes nodes out of the trees that it walks and can pass over some (7.3), which
	 * would then be given out as clear: it is repeated until there are none.
	 */
	do {
		before = l->mm.clear_avail;
		gpu_buddy_reset_clear(&l->mm, false);
	} while (l->mm.clear_avail && l->mm.clear_avail < before);
	l->nothing_clear = l->mm.clear_avail;
#else
	l->nothing_clear = true;
#endif
}

void weft_lmem_after_reset(struct weft_device *w)
{
	struct weft_lmem *l = &w->lmem;

	cancel_work_sync(&l->scrub_work);
	mutex_lock(&l->lock);
	gpu_buddy_free_list(&l->mm, &l->dirty, 0);
	gpu_buddy_free_list(&l->mm, &l->lost, 0);
	INIT_LIST_HEAD(&l->dirty);
	INIT_LIST_HEAD(&l->lost);
	l->dirty_bytes = 0;
	l->lost_bytes = 0;
	forget_clear(l);
	mutex_unlock(&l->lock);
}

/* As deep as there are orders. What is cleared merges with what is not when it has to. */
static u64 largest_in(struct gpu_buddy *mm, struct gpu_buddy_block *block)
{
	u64 bytes = gpu_buddy_block_size(mm, block), left, right;

	if (gpu_buddy_block_is_free(block))
		return bytes;
	if ((block->header & GPU_BUDDY_HEADER_STATE) != GPU_BUDDY_SPLIT)
		return 0;
	left = largest_in(mm, block->left);
	right = largest_in(mm, block->right);
	return left + right == bytes ? bytes : max(left, right);
}

/*
 * The buddy allocator has no question for its largest block. Taking one of every size until there
 * is one would answer it, but each that is not there merges what is cleared with what is not, and
 * all of that has to be cleared again.
 */
static u64 largest_block(struct weft_lmem *l)
{
	u64 largest = 0;
	unsigned int i;

	for (i = 0; i < l->mm.n_roots; i++)
		largest = max(largest, largest_in(&l->mm, l->mm.roots[i]));
	return largest;
}

void weft_lmem_info(struct weft_device *w, struct weft_lmem_info *info)
{
	struct weft_lmem *l = &w->lmem;

	mutex_lock(&l->lock);
	info->total = l->mm.size;
	info->free = l->mm.avail + l->dirty_bytes;
	info->dirty = l->mm.avail - (l->nothing_clear ? 0 : l->mm.clear_avail) + l->dirty_bytes;
	info->quarantined = l->lost_bytes;
	info->largest = largest_block(l);
	mutex_unlock(&l->lock);
}
