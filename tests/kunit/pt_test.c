// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "weft_pt.h"

#define LEAF	WEFT_PTE_R

/** struct world - @tables now, @made so far, @left: how many more may be made */
struct world {
	struct weft_pt pt;
	u64 tables;
	u64 made;
	u64 left;
};

static struct weft_pt_table *alloc_table(void *ctx)
{
	struct weft_pt_table *table;
	struct world *world = ctx;

	if (!world->left)
		return NULL;
	table = kzalloc(sizeof(*table), GFP_KERNEL);
	if (!table)
		return NULL;
	world->left--;
	world->tables++;
	table->addr = ++world->made << 12;
	return table;
}

static void free_table(void *ctx, struct weft_pt_table *table)
{
	struct world *world = ctx;

	world->tables--;
	kfree(table);
}

static void write_entry(void *ctx, const struct weft_pt_table *table, unsigned int index,
			__u64 entry)
{
}

static const struct weft_pt_ops ops = {
	.alloc_table = alloc_table, .free_table = free_table, .write_entry = write_entry,
};

static int set_up(struct kunit *test)
{
	struct world *world = kunit_kzalloc(test, sizeof(*world), GFP_KERNEL);

	if (!world)
		return -ENOMEM;
	world->left = U64_MAX;
	test->priv = world;
	return weft_pt_init(&world->pt, &ops, world);
}

static void tear_down(struct kunit *test)
{
	struct world *world = test->priv;

	if (!world)
		return;
	weft_pt_fini(&world->pt);
	KUNIT_EXPECT_EQ(test, world->tables, 0);
}

static void maps_and_clears(struct kunit *test)
{
	struct world *world = test->priv;

	KUNIT_ASSERT_EQ(test, weft_pt_map(&world->pt, SZ_1G, 3 * SZ_4K, LEAF | SZ_1M), 0);
	KUNIT_EXPECT_EQ(test, weft_pt_lookup(&world->pt, SZ_1G - SZ_4K), 0);
	KUNIT_EXPECT_EQ(test, weft_pt_lookup(&world->pt, SZ_1G + 2 * SZ_4K) & WEFT_PTE_ADDR_MASK,
			SZ_1M + 2 * SZ_4K);
	KUNIT_EXPECT_EQ(test, weft_pt_lookup(&world->pt, SZ_1G + 3 * SZ_4K), 0);
	KUNIT_EXPECT_EQ(test, weft_pt_clear(&world->pt, SZ_1G, 3 * SZ_4K), 3);
	KUNIT_EXPECT_EQ(test, world->tables, 1);
}

static void large_leaves_split(struct kunit *test)
{
	struct world *world = test->priv;
	u64 before;

	KUNIT_ASSERT_EQ(test, weft_pt_map(&world->pt, SZ_2M, SZ_4M, LEAF | SZ_8M), 0);
	before = world->tables;
	KUNIT_EXPECT_EQ(test, before, 3);
	KUNIT_EXPECT_EQ(test, weft_pt_split(&world->pt, SZ_4M), 0);
	KUNIT_EXPECT_EQ(test, weft_pt_split(&world->pt, SZ_4M + SZ_4K), 1);
	KUNIT_EXPECT_EQ(test, world->tables, before + 1);
	KUNIT_EXPECT_EQ(test, weft_pt_lookup(&world->pt, SZ_4M + SZ_1M) & WEFT_PTE_ADDR_MASK,
			SZ_8M + SZ_2M + SZ_1M);
	KUNIT_EXPECT_EQ(test, weft_pt_clear(&world->pt, SZ_4M + SZ_4K, SZ_2M - SZ_4K), 511);
	KUNIT_EXPECT_NE(test, weft_pt_lookup(&world->pt, SZ_4M), 0);
}

static void without_memory(struct kunit *test)
{
	struct world *world = test->priv;
	u64 left;

	for (left = 0; left < 3; left++) {
		world->left = left;
		KUNIT_EXPECT_EQ(test, weft_pt_map(&world->pt, SZ_4K, SZ_4K, LEAF), -1);
		weft_pt_clear(&world->pt, SZ_4K, SZ_4K);
		KUNIT_EXPECT_EQ(test, world->tables, 1);
	}
	world->left = 3;
	KUNIT_EXPECT_EQ(test, weft_pt_map(&world->pt, SZ_4K, SZ_4K, LEAF), 0);
	world->left = 0;
	KUNIT_EXPECT_EQ(test, weft_pt_map(&world->pt, SZ_1G, SZ_4K, LEAF), -1);
	KUNIT_EXPECT_NE(test, weft_pt_lookup(&world->pt, SZ_4K), 0);
}

/* What is counted before is never less than what is taken. */
static void count_is_enough(struct kunit *test)
{
	struct world *world = test->priv;
	struct rnd_state rnd;
	int i;

	prandom_seed_state(&rnd, 1);
	for (i = 0; i < 200; i++) {
		u64 va = (u64)(prandom_u32_state(&rnd) % SZ_1M + 1) << 12;
		u64 bytes = (u64)(prandom_u32_state(&rnd) % 2048 + 1) << 12;
		u64 leaf = LEAF | (u64)(prandom_u32_state(&rnd) % SZ_64K) << 12;
		struct weft_pt_need need = {};

		if (i % 3 == 0)		/* address and range that lie alike */
			leaf = LEAF | (va & (SZ_2M - 1));
		weft_pt_count(&need, va, bytes, leaf);
		world->left = need.tables;
		KUNIT_ASSERT_EQ(test, weft_pt_map(&world->pt, va, bytes, leaf), 0);
		world->left = U64_MAX;
		weft_pt_clear(&world->pt, va, bytes);
		KUNIT_ASSERT_EQ(test, world->tables, 1);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(maps_and_clears),
	KUNIT_CASE(large_leaves_split),
	KUNIT_CASE(without_memory),
	KUNIT_CASE(count_is_enough),
	{}
};

static struct kunit_suite suite = {
	.name = "weft_pt", .init = set_up, .exit = tear_down, .test_cases = cases,
};
kunit_test_suite(suite);

MODULE_DESCRIPTION("KUnit tests of weft");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
