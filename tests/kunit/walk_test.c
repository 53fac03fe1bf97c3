// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
/* The pieces of an object's memory that a range of it is made of. */
#include <linux/scatterlist.h>
#include <linux/sizes.h>

#include "fake.h"

#define PIECES	4

/** struct walked - what a walk was told, and after which piece it is to stop with @stop */
struct walked {
	struct weft_extent piece[PIECES];
	u32 count;
	u32 stop_after;
	int stop;
};

static int note(void *ctx, u64 at, u64 bytes)
{
	struct walked *walked = ctx;

	if (walked->count < PIECES)
		walked->piece[walked->count] = (struct weft_extent){ at, bytes };
	return ++walked->count == walked->stop_after ? walked->stop : 0;
}

/* Three pieces of 4, 12 and 8 KiB, wherever the object has them. */
static const struct weft_extent pieces[] = {
	{ SZ_1M, SZ_4K }, { SZ_16M, SZ_4K + SZ_8K }, { SZ_64K, SZ_8K },
};

#define BYTES	(SZ_16K + SZ_8K)

static struct weft_bo *local(struct kunit *test)
{
	struct weft_bo *bo = fake_object(test, fake_card(test), WEFT_BO_LOCAL, BYTES);

	bo->local.extents = (struct weft_extent *)pieces;
	bo->local.num_extents = ARRAY_SIZE(pieces);
	return bo;
}

static void fill_table(struct kunit *test, struct sg_table *sgt)
{
	u32 i;

	sgt->nents = ARRAY_SIZE(pieces);
	sgt->orig_nents = ARRAY_SIZE(pieces);
	sgt->sgl = kunit_kcalloc(test, sgt->nents, sizeof(*sgt->sgl), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, sgt->sgl);
	sg_init_table(sgt->sgl, sgt->nents);
	for (i = 0; i < sgt->nents; i++) {
		sg_dma_address(&sgt->sgl[i]) = pieces[i].at;
		sg_dma_len(&sgt->sgl[i]) = pieces[i].bytes;
	}
}

static struct weft_bo *host(struct kunit *test)
{
	struct weft_bo *bo = fake_object(test, fake_card(test), WEFT_BO_SYSTEM, BYTES);

	fill_table(test, &bo->sys.sgt);
	bo->sys.mapped = true;
	return bo;
}

static struct weft_bo *import(struct kunit *test, u64 bytes)
{
	struct weft_bo *bo = fake_object(test, fake_card(test), WEFT_BO_IMPORT, bytes);

	bo->import.sgt = kunit_kzalloc(test, sizeof(*bo->import.sgt), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bo->import.sgt);
	fill_table(test, bo->import.sgt);
	return bo;
}

static void expect_walk(struct kunit *test, struct weft_bo *bo, u64 offset, u64 bytes,
			const struct weft_extent *want, u32 count)
{
	struct walked walked = { };
	u32 i;

	KUNIT_EXPECT_EQ(test, weft_bo_walk(bo, offset, bytes, note, &walked), 0);
	KUNIT_ASSERT_EQ_MSG(test, walked.count, count, "%llu bytes at %llu", bytes, offset);
	for (i = 0; i < count; i++) {
		KUNIT_EXPECT_EQ(test, walked.piece[i].at, want[i].at);
		KUNIT_EXPECT_EQ(test, walked.piece[i].bytes, want[i].bytes);
	}
}

#define WALK(offset, bytes, ...) do {							\
	static const struct weft_extent want[] = { __VA_ARGS__ };			\
											\
	expect_walk(test, bo, offset, bytes, want, ARRAY_SIZE(want));			\
} while (0)

static void expect_ranges(struct kunit *test, struct weft_bo *bo)
{
	/* all of it, each piece alone, and from the middle to the middle */
	WALK(0, BYTES, { SZ_1M, SZ_4K }, { SZ_16M, SZ_4K + SZ_8K }, { SZ_64K, SZ_8K });
	WALK(0, SZ_4K, { SZ_1M, SZ_4K });
	WALK(SZ_4K, SZ_4K + SZ_8K, { SZ_16M, SZ_4K + SZ_8K });
	WALK(SZ_16K, SZ_8K, { SZ_64K, SZ_8K });
	WALK(SZ_8K, SZ_4K, { SZ_16M + SZ_4K, SZ_4K });
	WALK(SZ_8K, SZ_4K + SZ_8K, { SZ_16M + SZ_4K, SZ_8K }, { SZ_64K, SZ_4K });
	WALK(SZ_16K + SZ_4K, SZ_4K, { SZ_64K + SZ_4K, SZ_4K });
	/* a cell is no page */
	WALK(SZ_4K + 32, 32, { SZ_16M + 32, 32 });
	WALK(SZ_4K - 32, 64, { SZ_1M + SZ_4K - 32, 32 }, { SZ_16M, 32 });
}

static void ranges(struct kunit *test)
{
	struct weft_bo *bo = local(test), *alias;

	expect_ranges(test, bo);
	expect_ranges(test, host(test));
	expect_ranges(test, import(test, BYTES));
	/* the memory is its origin's */
	alias = fake_object(test, bo->w, WEFT_BO_ALIAS, BYTES);
	alias->alias.origin = bo;
	expect_ranges(test, alias);
}

/* The first result that is not 0 ends it. */
static void stopped(struct kunit *test)
{
	struct weft_bo *bo[] = { local(test), host(test), import(test, BYTES) };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bo); i++) {
		struct walked walked = { .stop_after = 2, .stop = -EDOM };
		struct walked last = { .stop_after = 3, .stop = 1 };

		KUNIT_EXPECT_EQ(test, weft_bo_walk(bo[i], 0, BYTES, note, &walked), -EDOM);
		KUNIT_EXPECT_EQ(test, walked.count, 2);
		KUNIT_EXPECT_EQ(test, weft_bo_walk(bo[i], 0, BYTES, note, &last), 1);
		KUNIT_EXPECT_EQ(test, last.count, 3);
	}
}

/* Another driver's table that is shorter than its buffer; host memory that the card lost. */
static void lacking(struct kunit *test)
{
	struct weft_bo *bo = import(test, BYTES + SZ_4K);
	struct walked walked = { };

	KUNIT_EXPECT_EQ(test, weft_bo_walk(bo, SZ_16K, SZ_8K + SZ_4K, note, &walked), -EIO);
	KUNIT_EXPECT_EQ(test, walked.count, 1);
	KUNIT_EXPECT_EQ(test, weft_bo_walk(bo, BYTES, SZ_4K, note, &walked), -EIO);
	KUNIT_EXPECT_EQ(test, walked.count, 1);
	WALK(SZ_16K, SZ_8K, { SZ_64K, SZ_8K });
	bo = host(test);
	bo->sys.mapped = false;
	KUNIT_EXPECT_EQ(test, weft_bo_walk(bo, 0, SZ_4K, note, &walked), -ENODEV);
	KUNIT_EXPECT_EQ(test, walked.count, 1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(ranges),
	KUNIT_CASE(stopped),
	KUNIT_CASE(lacking),
	{}
};

static struct kunit_suite suite = { .name = "weft_walk", .test_cases = cases };
kunit_test_suite(suite);
