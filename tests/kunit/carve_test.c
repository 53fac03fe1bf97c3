// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/vmalloc.h>

#include "fake.h"

#define USER_LIMIT	SZ_1M
#define FOR_FILES	SZ_1M

static int set_up(struct kunit *test)
{
	struct weft_device *w = fake_card(test);

	w->user_limit = USER_LIMIT;
	w->lmem_bytes = USER_LIMIT + WEFT_CARVE_RESERVE + FOR_FILES;
	w->mmio.lmem_bytes = w->lmem_bytes;
	w->mmio.lmem = (void __iomem __force *)vmalloc(w->lmem_bytes);
	if (!w->mmio.lmem)
		return -ENOMEM;
	memset((void __force *)w->mmio.lmem, 0xa5, w->lmem_bytes);
	weft_carve_init(w);
	test->priv = w;
	return 0;
}

/* A block that is left over makes drm_mm warn, which fails the machine's log. */
static void tear_down(struct kunit *test)
{
	struct weft_device *w = test->priv;

	if (!w)
		return;
	KUNIT_EXPECT_EQ(test, w->carve.used_bytes, w->carve.lost_bytes);
	weft_carve_fini(w);
	vfree((void __force *)w->mmio.lmem);
}

static void zeroed_and_aligned(struct kunit *test)
{
	struct weft_device *w = test->priv;
	struct weft_carve_block *block = weft_carve_alloc(w, NULL, 5000);

	KUNIT_ASSERT_FALSE(test, IS_ERR(block));
	KUNIT_EXPECT_EQ(test, block->bytes, SZ_8K);
	KUNIT_EXPECT_EQ(test, block->at, USER_LIMIT);
	KUNIT_EXPECT_NULL(test, memchr_inv((void __force *)w->mmio.lmem + block->at, 0,
					   block->bytes));
	KUNIT_EXPECT_NOT_NULL(test, memchr_inv((void __force *)w->mmio.lmem + block->at +
					       block->bytes, 0, 1));
	weft_carve_free(w, block);
}

static void files_leave_the_reserve(struct kunit *test)
{
	struct weft_device *w = test->priv;
	struct weft_file *f = fake_file(test, w);
	struct weft_carve_block *all;

	f->quota[DRM_WEFT_QUOTA_TABLES].limit = U64_MAX;
	KUNIT_EXPECT_EQ(test, weft_carve_user_bytes(w), FOR_FILES);
	all = weft_carve_alloc(w, f, FOR_FILES);
	KUNIT_ASSERT_FALSE(test, IS_ERR(all));
	KUNIT_EXPECT_GE(test, all->at, USER_LIMIT + WEFT_CARVE_RESERVE);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(weft_carve_alloc(w, f, SZ_4K)), -ENOSPC);
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->quota[DRM_WEFT_QUOTA_TABLES].used), FOR_FILES);
	weft_carve_free(w, all);
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->quota[DRM_WEFT_QUOTA_TABLES].used), 0);
	KUNIT_EXPECT_EQ(test, kref_read(&f->ref), 1);
	f->quota[DRM_WEFT_QUOTA_TABLES].limit = SZ_4K;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(weft_carve_alloc(w, f, SZ_8K)), -EDQUOT);
}

/* Charged and not given again until the reset. */
static void withheld(struct kunit *test)
{
	struct weft_device *w = test->priv;
	struct weft_file *f = fake_file(test, w);
	struct weft_carve_block *block;

	f->quota[DRM_WEFT_QUOTA_TABLES].limit = FOR_FILES;
	block = weft_carve_alloc(w, f, FOR_FILES);
	KUNIT_ASSERT_FALSE(test, IS_ERR(block));
	weft_carve_quarantine(w, block);
	KUNIT_EXPECT_EQ(test, w->carve.lost_bytes, FOR_FILES);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(weft_carve_alloc(w, f, SZ_4K)), -EDQUOT);
	weft_carve_reclaim(w);
	KUNIT_EXPECT_EQ(test, w->carve.lost_bytes, 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->quota[DRM_WEFT_QUOTA_TABLES].used), 0);
	weft_carve_free(w, NULL);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(zeroed_and_aligned),
	KUNIT_CASE(files_leave_the_reserve),
	KUNIT_CASE(withheld),
	{}
};

static struct kunit_suite suite = {
	.name = "weft_carve", .init = set_up, .exit = tear_down, .test_cases = cases,
};
kunit_test_suite(suite);
