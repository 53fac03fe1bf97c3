// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include "fake.h"

#define MEMORY	SZ_1M

/* Blocks of 4 KiB that are all there is, in order of their addresses. */
static void take_all(struct kunit *test, struct weft_lmem *l, struct gpu_buddy_block **blocks)
{
	u64 at;

	for (at = 0; at < MEMORY; at += SZ_4K) {
		struct gpu_buddy_block *block;
		LIST_HEAD(list);

		KUNIT_ASSERT_EQ(test, gpu_buddy_alloc_blocks(&l->mm, 0, MEMORY, SZ_4K, SZ_4K,
							     &list, 0), 0);
		block = list_first_entry(&list, typeof(*block), link);
		list_del_init(&block->link);
		blocks[gpu_buddy_block_offset(block) / SZ_4K] = block;
	}
}

static void give(struct weft_lmem *l, struct gpu_buddy_block **blocks, u32 i, bool clear)
{
	LIST_HEAD(list);

	list_add(&blocks[i]->link, &list);
	gpu_buddy_free_list(&l->mm, &list, clear ? GPU_BUDDY_CLEARED : 0);
	blocks[i] = NULL;
}

/* The largest block is found as it is merged, and the question merges nothing. */
static void largest_is_asked_only(struct kunit *test)
{
	struct gpu_buddy_block **blocks;
	struct weft_device *w = fake_card(test);
	struct weft_lmem *l = &w->lmem;
	struct weft_lmem_info info;
	u32 i;

	blocks = kunit_kcalloc(test, MEMORY / SZ_4K, sizeof(*blocks), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, blocks);
	w->user_limit = MEMORY;
	KUNIT_ASSERT_EQ(test, weft_lmem_init(w), 0);
	weft_lmem_info(w, &info);
	KUNIT_EXPECT_EQ(test, info.largest, MEMORY);
	take_all(test, l, blocks);
	weft_lmem_info(w, &info);
	KUNIT_EXPECT_EQ(test, info.largest, 0);
	KUNIT_EXPECT_EQ(test, info.free, 0);
	/* neighbours, but no pair */
	give(l, blocks, 1, true);
	give(l, blocks, 2, true);
	weft_lmem_info(w, &info);
	KUNIT_EXPECT_EQ(test, info.largest, SZ_4K);
	/* cleared and not, in turn */
	give(l, blocks, 0, false);
	give(l, blocks, 3, false);
	weft_lmem_info(w, &info);
	KUNIT_EXPECT_EQ(test, info.largest, SZ_16K);
	KUNIT_EXPECT_EQ(test, info.dirty, SZ_8K);
	KUNIT_EXPECT_EQ(test, l->mm.clear_avail, SZ_8K);
	/* one more question, the same answer */
	weft_lmem_info(w, &info);
	KUNIT_EXPECT_EQ(test, info.largest, SZ_16K);
	KUNIT_EXPECT_EQ(test, info.dirty, SZ_8K);
	for (i = 4; i < MEMORY / SZ_4K; i++)
		give(l, blocks, i, i % 2);
	weft_lmem_info(w, &info);
	KUNIT_EXPECT_EQ(test, info.largest, MEMORY);
	KUNIT_EXPECT_EQ(test, info.dirty, MEMORY / 2);
	weft_lmem_fini(w);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(largest_is_asked_only),
	{}
};

static struct kunit_suite suite = { .name = "weft_lmem", .test_cases = cases };
kunit_test_suite(suite);
