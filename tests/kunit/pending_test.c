// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
/* What a wait for cells is told, of one and of many. */
#include <linux/pci.h>
#include <linux/sizes.h>

#include <firmware/abi/cell.h>
#include <firmware/abi/reg.h>

#include "fake.h"
#include "weft_pending.h"
#include "weft_sem.h"

#define WANTED	1000ULL
#define CELLS	DRM_WEFT_MAX_WANTS

/** struct world - a page of @cell, and who waits for them */
struct world {
	struct weft_device *w;
	struct weft_file *f;
	struct weft_bo *bo;
	struct weft_cell *cell;
	u32 handle;
	struct drm_weft_cell_want want[CELLS];
};

static int set_up(struct kunit *test)
{
	static const struct weft_extent extent = { 0, SZ_4K };
	struct world *world = fake_memory(test, sizeof(*world));
	struct weft_device *w = fake_card(test);

	world->w = w;
	world->cell = fake_memory(test, SZ_4K);
	w->caps = WEFT_CAP_WATCH | WEFT_CAP_CELLS;
	w->mmio.lmem = (void __iomem __force *)world->cell;
	w->mmio.lmem_bytes = SZ_4K;
	w->pdev = fake_memory(test, sizeof(*w->pdev));
	spin_lock_init(&w->pdev->dev.power.lock);
	w->pdev->dev.power.disable_depth = 1;
	spin_lock_init(&w->watches.lock);
	w->watches.count = CELLS;
	w->watches.entry = fake_memory(test, CELLS * sizeof(*w->watches.entry));

	world->f = fake_file(test, w);
	fake_handles(test, world->f);
	world->f->quota[DRM_WEFT_QUOTA_WATCHES].limit = CELLS;
	world->bo = fake_object(test, w, WEFT_BO_LOCAL, SZ_4K);
	world->bo->local.sem = fake_memory(test, sizeof(struct weft_sem));
	world->bo->local.extents = (struct weft_extent *)&extent;
	world->bo->local.num_extents = 1;
	world->handle = fake_handle(test, world->f, world->bo);
	test->priv = world;
	return 0;
}

static void tear_down(struct kunit *test)
{
	struct world *world = test->priv;

	KUNIT_EXPECT_EQ(test, atomic_read(&world->w->counts.watches), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&world->w->counts.commands), 0);
	expect_unheld(test, world->bo);
	idr_destroy(&world->f->drm->object_idr);
}

enum { ONE, ANY, ALL };
#define NOT_YET		-EAGAIN

/* The result of a wait for the first cells that begins now, or NOT_YET; and which are decided. */
static s32 wait_for(struct kunit *test, u32 num, int how, bool in_time, u64 *decided)
{
	struct world *world = test->priv;
	struct weft_pending *p = weft_pending_create(world->f, num);
	s32 result;
	int ret;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	for (i = 0; i < num; i++) {
		if (!world->want[i].handle)
			world->want[i].handle = world->handle;
		world->want[i].offset = i * sizeof(struct weft_cell);
	}
	/* of many it is not NULL */
	p->cells = how == ONE ? NULL : (void __user *)8;
	p->all = how == ALL;
	p->until = in_time ? KTIME_MAX : 0;
	ret = weft_pending_begin_cells(p, world->want);
	result = ret == 1 ? p->result : ret ?: NOT_YET;
	*decided = p->decided;
	for (i = 0; ret >= 0 && i < num; i++)
		weft_wait_end(world->w, &p->wait[i], false);
	weft_pending_put(p);
	return result;
}

static s32 wait_one(struct kunit *test, u64 value, u64 end, u64 fault, u64 wanted, bool in_time)
{
	struct world *world = test->priv;
	u64 decided;

	world->cell[0] = (struct weft_cell){ .value = value, .end = end, .fault = fault };
	world->want[0].value = wanted;
	return wait_for(test, 1, ONE, in_time, &decided);
}

static void one(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, wait_one(test, 5, 0, 0, 5, true), DRM_WEFT_CELL_REACHED);
	KUNIT_EXPECT_EQ(test, wait_one(test, 6, 0, 0, 5, false), DRM_WEFT_CELL_REACHED);
	KUNIT_EXPECT_EQ(test, wait_one(test, 4, 0, 0, 5, true), NOT_YET);
	KUNIT_EXPECT_EQ(test, wait_one(test, 4, 0, 0, 5, false), -ETIME);
	/* what ended or failed before it got there */
	KUNIT_EXPECT_EQ(test, wait_one(test, 4, 1, 0, 5, true), DRM_WEFT_CELL_ENDED);
	KUNIT_EXPECT_EQ(test, wait_one(test, 4, 0, 9, 5, true), DRM_WEFT_CELL_FAILED);
	KUNIT_EXPECT_EQ(test, wait_one(test, 4, 1, 9, 5, true), DRM_WEFT_CELL_FAILED);
	/* and when it had got there: that was in time */
	KUNIT_EXPECT_EQ(test, wait_one(test, 5, 1, 0, 5, true), DRM_WEFT_CELL_REACHED);
	KUNIT_EXPECT_EQ(test, wait_one(test, 5, 0, 9, 5, true), DRM_WEFT_CELL_REACHED);
	KUNIT_EXPECT_EQ(test, wait_one(test, 7, 1, 9, 5, true), DRM_WEFT_CELL_REACHED);
	/* values go round */
	KUNIT_EXPECT_EQ(test, wait_one(test, 3, 0, 0, -5ULL, true), DRM_WEFT_CELL_REACHED);
	KUNIT_EXPECT_EQ(test, wait_one(test, -5ULL, 0, 0, 3, true), NOT_YET);
	KUNIT_EXPECT_EQ(test, wait_one(test, 5 + (u64)S64_MAX, 0, 0, 5, true), DRM_WEFT_CELL_REACHED);
	KUNIT_EXPECT_EQ(test, wait_one(test, 6 + (u64)S64_MAX, 0, 0, 5, true), NOT_YET);
}

/* Cells by letter: open, reached, ended, failed; and reached, then failed. */
static s32 wait_many(struct kunit *test, const char *cells, int how, bool in_time, u64 wanted)
{
	struct world *world = test->priv;
	u32 i, num = strlen(cells);
	u64 decided;
	s32 result;

	for (i = 0; i < num; i++) {
		world->want[i].value = WANTED;
		world->cell[i] = (struct weft_cell) {
			.value = strchr("rx", cells[i]) ? WANTED : WANTED - 1,
			.end = cells[i] == 'e', .fault = strchr("fx", cells[i]) ? 3 : 0,
		};
	}
	result = wait_for(test, num, how, in_time, &decided);
	KUNIT_EXPECT_EQ_MSG(test, decided, wanted, "%s", cells);
	return result;
}

static void any_of_many(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, wait_many(test, "oooo", ANY, true, 0), NOT_YET);
	KUNIT_EXPECT_EQ(test, wait_many(test, "oooo", ANY, false, 0), -ETIME);
	KUNIT_EXPECT_EQ(test, wait_many(test, "ooro", ANY, true, 4), 2);
	KUNIT_EXPECT_EQ(test, wait_many(test, "ooeo", ANY, true, 4), 2);
	KUNIT_EXPECT_EQ(test, wait_many(test, "ofoo", ANY, true, 2), 1);
	/* the first, whatever it is; and all that are decided are told */
	KUNIT_EXPECT_EQ(test, wait_many(test, "oefr", ANY, true, 14), 1);
	KUNIT_EXPECT_EQ(test, wait_many(test, "xooo", ANY, false, 1), 0);
	KUNIT_EXPECT_EQ(test, wait_many(test, "r", ANY, true, 1), 0);
	KUNIT_EXPECT_EQ(test, wait_many(test, "o", ANY, false, 0), -ETIME);
}

static void all_of_many(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, wait_many(test, "rrrr", ALL, true, 15), 4);
	KUNIT_EXPECT_EQ(test, wait_many(test, "rrro", ALL, true, 7), NOT_YET);
	KUNIT_EXPECT_EQ(test, wait_many(test, "orrr", ALL, false, 14), -ETIME);
	/* one that ended is decided; one that failed ends it at once, but not when it had the value */
	KUNIT_EXPECT_EQ(test, wait_many(test, "rere", ALL, true, 15), 4);
	KUNIT_EXPECT_EQ(test, wait_many(test, "rofo", ALL, true, 5), 2);
	KUNIT_EXPECT_EQ(test, wait_many(test, "refr", ALL, true, 15), 2);
	KUNIT_EXPECT_EQ(test, wait_many(test, "ffrr", ALL, true, 15), 0);
	KUNIT_EXPECT_EQ(test, wait_many(test, "xrxr", ALL, true, 15), 4);
	KUNIT_EXPECT_EQ(test, wait_many(test, "xoxr", ALL, true, 13), NOT_YET);
	KUNIT_EXPECT_EQ(test, wait_many(test, "r", ALL, true, 1), 1);
}

/* As many as there may be: a bit for each. */
static void as_many_as_may_be(struct kunit *test)
{
	char cells[CELLS + 1] = { };

	memset(cells, 'r', CELLS);
	KUNIT_EXPECT_EQ(test, wait_many(test, cells, ALL, true, ~0ULL), CELLS);
	cells[CELLS - 1] = 'f';
	KUNIT_EXPECT_EQ(test, wait_many(test, cells, ALL, true, ~0ULL), CELLS - 1);
	memset(cells, 'o', CELLS);
	cells[CELLS - 1] = 'e';
	KUNIT_EXPECT_EQ(test, wait_many(test, cells, ANY, true, 1ULL << 63), CELLS - 1);
}

/* One cell of several is none: those before it are given back. */
static void one_is_wrong(struct kunit *test)
{
	struct world *world = test->priv;
	u64 decided;

	world->want[3].handle = world->handle + 1;
	KUNIT_EXPECT_EQ(test, wait_for(test, 5, ALL, true, &decided), -ENOENT);
	KUNIT_EXPECT_EQ(test, atomic_read(&world->w->counts.watches), 0);
	world->want[3].handle = world->handle;
	world->bo->rights = DRM_WEFT_RIGHT_WRITE | DRM_WEFT_RIGHT_SEM;
	KUNIT_EXPECT_EQ(test, wait_for(test, 5, ALL, true, &decided), -EACCES);
	world->bo->rights |= DRM_WEFT_RIGHT_READ;
	world->f->quota[DRM_WEFT_QUOTA_WATCHES].limit = 4;
	KUNIT_EXPECT_EQ(test, wait_for(test, 5, ALL, true, &decided), -EDQUOT);
	KUNIT_EXPECT_EQ(test, atomic64_read(&world->f->quota[DRM_WEFT_QUOTA_WATCHES].used), 0);
	world->w->caps = WEFT_CAP_CELLS;
	KUNIT_EXPECT_EQ(test, wait_for(test, 1, ONE, true, &decided), -EOPNOTSUPP);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(one),
	KUNIT_CASE(any_of_many),
	KUNIT_CASE(all_of_many),
	KUNIT_CASE(as_many_as_may_be),
	KUNIT_CASE(one_is_wrong),
	{}
};

static struct kunit_suite suite = {
	.name = "weft_pending", .init = set_up, .exit = tear_down, .test_cases = cases,
};
kunit_test_suite(suite);
