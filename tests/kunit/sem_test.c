// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
/* Who may signal in a page of cells. */
#include "fake.h"
#include "weft_sem.h"

#define PAGES	4

static struct weft_bo *cells(struct kunit *test)
{
	struct weft_bo *bo = kunit_kzalloc(test, sizeof(*bo), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bo);
	bo->kind = WEFT_BO_LOCAL;
	bo->local.sem = kunit_kzalloc(test, struct_size(bo->local.sem, page, PAGES), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bo->local.sem);
	return bo;
}

static struct weft_file *file(struct kunit *test, struct weft_device *w, u64 id)
{
	struct weft_file *f = fake_file(test, w);

	f->id = id;
	return f;
}

/* What is kept stays the file's for ever, and nobody else's. */
static void kept(struct kunit *test)
{
	struct weft_device *w = fake_card(test);
	struct weft_file *a = file(test, w, 1), *b = file(test, w, 2);
	struct weft_bo *bo = cells(test);

	KUNIT_EXPECT_EQ(test, weft_sem_claim(bo, a, SZ_4K, SZ_8K), 0);
	weft_sem_settle(bo, SZ_4K, SZ_8K, true);
	KUNIT_EXPECT_EQ(test, weft_sem_claim(bo, b, 0, SZ_4K + 32), -EBUSY);
	KUNIT_EXPECT_EQ(test, weft_sem_claim(bo, b, 3 * SZ_4K - 32, 32), -EBUSY);
	/* what was refused has taken nothing */
	KUNIT_EXPECT_EQ(test, weft_sem_claim(bo, a, 0, SZ_4K), 0);
	weft_sem_settle(bo, 0, SZ_4K, false);
	KUNIT_EXPECT_EQ(test, weft_sem_claim(bo, b, 3 * SZ_4K, SZ_4K), 0);
	weft_sem_settle(bo, 3 * SZ_4K, SZ_4K, true);
	/* a call that fails takes nothing away from one that did not */
	KUNIT_EXPECT_EQ(test, weft_sem_claim(bo, a, SZ_4K, 32), 0);
	weft_sem_settle(bo, SZ_4K, 32, false);
	KUNIT_EXPECT_EQ(test, weft_sem_claim(bo, b, SZ_4K, 32), -EBUSY);
}

/* A call that fails leaves the page as it was, once the last of those that claim it has ended. */
static void given_back(struct kunit *test)
{
	struct weft_device *w = fake_card(test);
	struct weft_file *a = file(test, w, 1), *b = file(test, w, 2);
	struct weft_bo *bo = cells(test);

	KUNIT_EXPECT_EQ(test, weft_sem_claim(bo, a, 0, SZ_8K), 0);
	KUNIT_EXPECT_EQ(test, weft_sem_claim(bo, a, 0, 32), 0);
	KUNIT_EXPECT_EQ(test, weft_sem_claim(bo, b, 0, 32), -EBUSY);
	weft_sem_settle(bo, 0, SZ_8K, false);
	KUNIT_EXPECT_EQ(test, weft_sem_claim(bo, b, 0, 32), -EBUSY);
	KUNIT_EXPECT_EQ(test, weft_sem_claim(bo, b, SZ_4K, 32), 0);
	weft_sem_settle(bo, 0, 32, false);
	KUNIT_EXPECT_EQ(test, weft_sem_claim(bo, b, 0, 32), 0);
	KUNIT_EXPECT_EQ(test, weft_sem_claim(bo, a, 0, SZ_8K), -EBUSY);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(kept),
	KUNIT_CASE(given_back),
	{}
};

static struct kunit_suite suite = { .name = "weft_sem", .test_cases = cases };
kunit_test_suite(suite);
