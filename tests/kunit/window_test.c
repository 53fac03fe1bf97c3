// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
/* Where in its node a window is, and who is refused it. What a mapping then shows needs a card. */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "fake.h"
#include "weft_sem.h"
#include "weft_window.h"

#define KINDS	(WEFT_WINDOW_ARM + 1)
#define BYTES	SZ_8K

/** struct world - @f's object of cells has @win of @bytes, and @file and @vma ask for a part */
struct world {
	struct weft_file *f;
	struct weft_bo *bo;
	struct weft_window *win;
	struct file *file;
	struct vm_area_struct *vma;
	u32 handle;
};

static int set_up(struct kunit *test)
{
	struct world *world = fake_memory(test, sizeof(*world));
	struct weft_device *w = fake_card(test);

	world->f = fake_file(test, w);
	fake_handles(test, world->f);
	world->f->drm->driver_priv = world->f;
	xa_init(&world->f->queues);
	xa_init_flags(&w->hwqs, XA_FLAGS_ALLOC | XA_FLAGS_LOCK_IRQ);
	world->file = fake_memory(test, sizeof(*world->file));
	world->file->private_data = world->f->drm;
	world->vma = fake_memory(test, sizeof(*world->vma));
	world->bo = fake_object(test, w, WEFT_BO_LOCAL, BYTES);
	world->bo->local.sem = fake_memory(test, sizeof(struct weft_sem));
	world->handle = fake_handle(test, world->f, world->bo);
	world->win = weft_window_create(w, WEFT_WINDOW_ARM, &world->bo->base, SZ_1M, BYTES);
	KUNIT_ASSERT_NOT_NULL(test, world->win);
	world->bo->local.sem->window = world->win;
	test->priv = world;
	return 0;
}

static void tear_down(struct kunit *test)
{
	struct world *world = test->priv;

	/* who was refused holds nothing */
	KUNIT_EXPECT_EQ(test, kref_read(&world->win->ref), 1);
	expect_unheld(test, world->bo);
	weft_window_put(world->win);
	idr_destroy(&world->f->drm->object_idr);
}

/* No two windows meet, none is where GEM's objects are, and each is a positive offset of pages. */
static void apart(struct kunit *test)
{
	static const u32 ids[] = { 0, 1, 2, 255, 256, 4095, SZ_64K, U32_MAX - 1, U32_MAX };
	u64 at, before = 0;
	u32 kind, i;

	for (kind = 0; kind < KINDS; kind++) {
		for (i = 0; i < ARRAY_SIZE(ids); i++) {
			at = weft_window_offset(kind, ids[i]);
			KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(at));
			KUNIT_EXPECT_GT(test, (s64)at, (s64)BIT_ULL(40));
			/* the largest window is of 16 MiB of cells */
			KUNIT_EXPECT_GE_MSG(test, at, before + SZ_16M, "kind %u, %u", kind, ids[i]);
			before = at;
		}
	}
	KUNIT_EXPECT_GT(test, (s64)(before + SZ_16M), (s64)before);
}

static int ask_for(struct world *world, u64 offset, u64 bytes, vm_flags_t flags)
{
	world->vma->vm_pgoff = offset >> PAGE_SHIFT;
	world->vma->vm_start = SZ_1G;
	world->vma->vm_end = SZ_1G + bytes;
	vm_flags_init(world->vma, flags);
	return weft_window_mmap(world->file, world->vma);
}

static int ask(struct world *world, u32 kind, u32 id, u64 within)
{
	return ask_for(world, weft_window_offset(kind, id) + within, SZ_4K,
		       VM_SHARED | VM_READ | VM_WRITE);
}

/* The number in an offset is the one it was made of: only the handle there is is found. */
static void found_by_offset(struct kunit *test)
{
	struct world *world = test->priv;

	/* found, but nobody writes to it */
	KUNIT_EXPECT_EQ(test, ask(world, WEFT_WINDOW_ARM, world->handle, 0), -EACCES);
	KUNIT_EXPECT_EQ(test, ask(world, WEFT_WINDOW_ARM, world->handle, SZ_4K), -EACCES);
	KUNIT_EXPECT_EQ(test, ask(world, WEFT_WINDOW_ARM, 0, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, ask(world, WEFT_WINDOW_ARM, world->handle + 1, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, ask(world, WEFT_WINDOW_ARM, U32_MAX, 0), -ENOENT);
	/* queues are numbered apart, and there is none */
	KUNIT_EXPECT_EQ(test, ask(world, WEFT_WINDOW_DOORBELL, world->handle, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, ask(world, WEFT_WINDOW_STATE, world->handle, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, ask(world, KINDS, world->handle, 0), -ENOENT);
	/* an object without cells */
	world->bo->local.sem->window = NULL;
	KUNIT_EXPECT_EQ(test, ask(world, WEFT_WINDOW_ARM, world->handle, 0), -EINVAL);
	world->bo->local.sem->window = world->win;
}

static void refused(struct kunit *test)
{
	struct world *world = test->priv;
	u64 at = weft_window_offset(WEFT_WINDOW_ARM, world->handle);
	const vm_flags_t read = VM_SHARED | VM_READ;

	/* beyond its end */
	KUNIT_EXPECT_EQ(test, ask_for(world, at + BYTES, SZ_4K, read), -EINVAL);
	KUNIT_EXPECT_EQ(test, ask_for(world, at + SZ_4K, SZ_8K, read), -EINVAL);
	KUNIT_EXPECT_EQ(test, ask_for(world, at, BYTES + SZ_4K, read), -EINVAL);
	KUNIT_EXPECT_EQ(test, ask_for(world, at + SZ_16M - SZ_4K, SZ_4K, read), -EINVAL);
	KUNIT_EXPECT_EQ(test, ask_for(world, at, SZ_4K, read | VM_EXEC), -EACCES);
	KUNIT_EXPECT_EQ(test, ask_for(world, at, SZ_4K, VM_SHARED | VM_WRITE), -EACCES);
	/* no window at all */
	KUNIT_EXPECT_EQ(test, ask_for(world, 2 * BIT_ULL(58), SZ_4K, read), -EINVAL);
	KUNIT_EXPECT_EQ(test, ask_for(world, at | BIT_ULL(60), SZ_4K, read), -EINVAL);
	/* one that may not read what the cells say */
	world->bo->rights = DRM_WEFT_RIGHT_WRITE | DRM_WEFT_RIGHT_SEM;
	KUNIT_EXPECT_EQ(test, ask_for(world, at, SZ_4K, read), -EACCES);
	/* a card that was removed */
	world->f->w->drm.unplugged = true;
	KUNIT_EXPECT_EQ(test, ask_for(world, at, SZ_4K, read), -ENODEV);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(apart),
	KUNIT_CASE(found_by_offset),
	KUNIT_CASE(refused),
	{}
};

static struct kunit_suite suite = {
	.name = "weft_window", .init = set_up, .exit = tear_down, .test_cases = cases,
};
kunit_test_suite(suite);
