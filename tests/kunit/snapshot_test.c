// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
/* Page tables as a dump reads them: of a card that may hold anything where they should be. */
#include <linux/io.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include "fake.h"
#include "weft_snapshot.h"

#define LMEM		SZ_4M
#define ROOT		SZ_1M
#define TABLE(n)	(ROOT + (n) * (u64)SZ_4K)
#define VA		0x123456789000ull
#define INDEX(level)	(VA >> WEFT_PT_SHIFT(level) & (WEFT_PT_ENTRIES - 1))
#define LEAF		(WEFT_PTE_VALID | WEFT_PTE_LEAF | WEFT_PTE_R)
#define BUS		((u64)WEFT_APERTURE_BUS << WEFT_PTE_APERTURE_SHIFT)

static u64 *lmem_of(struct weft_device *w)
{
	return (u64 __force *)w->mmio.lmem;
}

/* A card whose memory is plain memory. */
static int set_up(struct kunit *test)
{
	struct weft_device *w = fake_card(test);
	void *lmem = kvzalloc(LMEM, GFP_KERNEL);

	if (!lmem)
		return -ENOMEM;
	w->mmio.lmem = (void __iomem __force *)lmem;
	w->mmio.lmem_bytes = LMEM;
	w->lmem_bytes = LMEM;
	test->priv = w;
	return 0;
}

static void tear_down(struct kunit *test)
{
	struct weft_device *w = test->priv;

	if (w)
		kvfree(lmem_of(w));
}

static void put(struct weft_device *w, u64 table, int level, u64 entry)
{
	lmem_of(w)[table / 8 + INDEX(level)] = entry;
}

/* Tables down to that of @level, whose entry for VA is @entry. */
static void tables(struct weft_device *w, int level, u64 entry)
{
	u64 table = ROOT;
	int i;

	for (i = WEFT_PT_LEVELS - 1; i > level; i--) {
		put(w, table, i, TABLE(WEFT_PT_LEVELS - i) | WEFT_PTE_VALID);
		table = TABLE(WEFT_PT_LEVELS - i);
	}
	put(w, table, level, entry);
}

/* Of a packet. */
static u64 place(struct weft_device *w, u64 root, u64 va)
{
	return weft_snapshot_local_at(w, root, va, sizeof(union weft_packet));
}

static void walks(struct kunit *test)
{
	struct weft_device *w = test->priv;
	struct weft_walk walk;
	u32 level;

	for (level = 0; level < WEFT_PT_LEVELS; level++) {
		tables(w, level, 0xabc000 | LEAF);
		weft_snapshot_walk(w, ROOT, VA, &walk);
		KUNIT_EXPECT_EQ(test, walk.va, VA);
		KUNIT_EXPECT_EQ(test, walk.levels, WEFT_PT_LEVELS - level);
		KUNIT_EXPECT_EQ(test, walk.entry[walk.levels - 1], 0xabc000 | LEAF);
		/* an entry that is invalid is shown, and ends it */
		tables(w, level, 0x5);
		tables(w, level, 0xabc000);
		weft_snapshot_walk(w, ROOT, VA, &walk);
		KUNIT_EXPECT_EQ(test, walk.levels, WEFT_PT_LEVELS - level);
		KUNIT_EXPECT_EQ(test, walk.entry[walk.levels - 1], 0xabc000);
	}
}

static void nowhere(struct kunit *test)
{
	struct weft_device *w = test->priv;
	struct weft_walk walk;

	weft_snapshot_walk(w, 0, VA, &walk);
	KUNIT_EXPECT_EQ(test, walk.levels, 0);
	weft_snapshot_walk(w, ROOT, 1ull << WEFT_VA_BITS, &walk);
	KUNIT_EXPECT_EQ(test, walk.levels, 0);
	weft_snapshot_walk(w, ROOT, ~0ull, &walk);
	KUNIT_EXPECT_EQ(test, walk.levels, 0);
	/* a root that is not in the card */
	weft_snapshot_walk(w, LMEM, VA, &walk);
	KUNIT_EXPECT_EQ(test, walk.levels, 0);
	weft_snapshot_walk(w, ~0ull << 12, VA, &walk);
	KUNIT_EXPECT_EQ(test, walk.levels, 0);
	KUNIT_EXPECT_EQ(test, place(w, 0, VA), U64_MAX);
	KUNIT_EXPECT_EQ(test, place(w, ROOT, ~0ull), U64_MAX);
}

/* A table that is not in the card, half of one, itself: read no further, and for ever neither. */
static void hostile_tables(struct kunit *test)
{
	struct weft_device *w = test->priv;
	struct weft_walk walk;

	tables(w, 2, WEFT_PTE_ADDR_MASK | WEFT_PTE_VALID);
	weft_snapshot_walk(w, ROOT, VA, &walk);
	KUNIT_EXPECT_EQ(test, walk.levels, 2);
	tables(w, 2, LMEM | WEFT_PTE_VALID);
	weft_snapshot_walk(w, ROOT, VA, &walk);
	KUNIT_EXPECT_EQ(test, walk.levels, 2);
	w->lmem_bytes = LMEM - 8;
	tables(w, 2, (LMEM - SZ_4K) | WEFT_PTE_VALID);
	weft_snapshot_walk(w, ROOT, VA, &walk);
	KUNIT_EXPECT_EQ(test, walk.levels, 2);
	w->lmem_bytes = LMEM;
	weft_snapshot_walk(w, ROOT, VA, &walk);
	KUNIT_EXPECT_EQ(test, walk.levels, 3);
	/* a cycle, and a table at the lowest level */
	memset(lmem_of(w), 0, LMEM);
	memset64(lmem_of(w) + ROOT / 8, ROOT | WEFT_PTE_VALID, WEFT_PT_ENTRIES);
	weft_snapshot_walk(w, ROOT, VA, &walk);
	KUNIT_EXPECT_EQ(test, walk.levels, WEFT_PT_LEVELS);
	KUNIT_EXPECT_EQ(test, place(w, ROOT, VA), U64_MAX);
	/* of a card that is gone */
	memset(lmem_of(w), 0xff, LMEM);
	weft_snapshot_walk(w, ROOT, VA, &walk);
	KUNIT_EXPECT_EQ(test, walk.levels, 1);
	KUNIT_EXPECT_EQ(test, place(w, ROOT, VA), U64_MAX);
}

static void packets(struct kunit *test)
{
	struct weft_device *w = test->priv;

	tables(w, 0, SZ_2M | LEAF);
	KUNIT_EXPECT_EQ(test, place(w, ROOT, VA), SZ_2M);
	KUNIT_EXPECT_EQ(test, place(w, ROOT, VA + 0xfc0), SZ_2M + 0xfc0);
	/* of a large leaf the address goes on */
	tables(w, 1, SZ_2M | LEAF);
	KUNIT_EXPECT_EQ(test, place(w, ROOT, VA + 64), SZ_2M + (VA & (SZ_2M - 1)) + 64);
	/* and beyond the card there is nothing, nor where a leaf's level is none */
	tables(w, 1, (u64)(LMEM - SZ_4K) | LEAF);
	KUNIT_EXPECT_EQ(test, place(w, ROOT, VA), U64_MAX);
	tables(w, 3, WEFT_PTE_ADDR_MASK | LEAF);
	KUNIT_EXPECT_EQ(test, place(w, ROOT, VA), U64_MAX);
	/* the last packet of the card, and one that is cut off */
	tables(w, 0, (u64)(LMEM - SZ_4K) | LEAF);
	KUNIT_EXPECT_EQ(test, place(w, ROOT, VA + 0xfc0), LMEM - 64);
	KUNIT_EXPECT_EQ(test, place(w, ROOT, VA + 0xfc8), U64_MAX);
	/* where a cell still is whole */
	KUNIT_EXPECT_EQ(test, weft_snapshot_local_at(w, ROOT, VA + 0xfe0, 32), LMEM - 32);
	KUNIT_EXPECT_EQ(test, weft_snapshot_local_at(w, ROOT, VA + 0xfe8, 32), U64_MAX);
	/* host memory, sparse memory, and what is invalid */
	tables(w, 0, SZ_2M | LEAF | BUS);
	KUNIT_EXPECT_EQ(test, place(w, ROOT, VA), U64_MAX);
	tables(w, 0, LEAF | (u64)WEFT_APERTURE_SPARSE << WEFT_PTE_APERTURE_SHIFT);
	KUNIT_EXPECT_EQ(test, place(w, ROOT, VA), U64_MAX);
	tables(w, 0, SZ_2M | (LEAF & ~WEFT_PTE_VALID));
	KUNIT_EXPECT_EQ(test, place(w, ROOT, VA), U64_MAX);
	tables(w, 0, SZ_2M | WEFT_PTE_VALID);
	KUNIT_EXPECT_EQ(test, place(w, ROOT, VA), U64_MAX);
}

/*
 * Whatever the memory holds: what is told to be the place of a packet lies in the card, and no read
 * is outside (KASAN).
 */
static void noise(struct kunit *test)
{
	struct weft_device *w = test->priv;
	struct weft_walk walk;
	struct rnd_state rnd;
	u64 at, va;
	u32 i;

	prandom_seed_state(&rnd, 1);
	prandom_bytes_state(&rnd, lmem_of(w), LMEM);
	/* entries that look like tables and leaves of this card, half of them */
	for (i = 0; i < LMEM / 8; i += 2)
		lmem_of(w)[i] = (lmem_of(w)[i] & (LMEM * 2 - 1)) | WEFT_PTE_VALID;
	for (i = 0; i < 100000; i++) {
		va = (u64)prandom_u32_state(&rnd) << 17 ^ prandom_u32_state(&rnd);
		at = place(w, ROOT + (prandom_u32_state(&rnd) & 0xff) * SZ_4K, va);
		if (at != U64_MAX && at > LMEM - sizeof(union weft_packet))
			KUNIT_FAIL(test, "%#llx of va %#llx", at, va);
		weft_snapshot_walk(w, prandom_u32_state(&rnd), va, &walk);
		if (walk.levels > WEFT_PT_LEVELS)
			KUNIT_FAIL(test, "%u levels", walk.levels);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(walks),
	KUNIT_CASE(nowhere),
	KUNIT_CASE(hostile_tables),
	KUNIT_CASE(packets),
	KUNIT_CASE(noise),
	{}
};

static struct kunit_suite suite = {
	.name = "weft_snapshot", .init = set_up, .exit = tear_down, .test_cases = cases,
};
kunit_test_suite(suite);
