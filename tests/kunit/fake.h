/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* A card without hardware, a file of it, and objects: for functions that only count. Freed with the test. */
#ifndef WEFT_KUNIT_FAKE_H
#define WEFT_KUNIT_FAKE_H

#include <kunit/test.h>
#include <linux/idr.h>
#include <drm/drm_file.h>
#include <drm/weft_accel.h>

#include "weft_device.h"
#include "weft_file.h"
#include "weft_gem.h"

static inline void *fake_memory(struct kunit *test, size_t bytes)
{
	void *p = kunit_kzalloc(test, bytes, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	return p;
}

static inline struct weft_device *fake_card(struct kunit *test)
{
	return fake_memory(test, sizeof(struct weft_device));
}

static inline struct weft_file *fake_file(struct kunit *test, struct weft_device *w)
{
	struct weft_file *f = fake_memory(test, sizeof(*f));

	kref_init(&f->ref);
	f->w = w;
	return f;
}

/* Its handles: there are none yet. */
static inline void fake_handles(struct kunit *test, struct weft_file *f)
{
	f->drm = kunit_kzalloc(test, sizeof(*f->drm), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->drm);
	spin_lock_init(&f->drm->table_lock);
	idr_init(&f->drm->object_idr);
}

/* An object with all rights and no memory. It never ends: one reference stays. */
static inline struct weft_bo *fake_object(struct kunit *test, struct weft_device *w,
					  enum weft_bo_kind kind, u64 bytes)
{
	struct weft_bo *bo = kunit_kzalloc(test, sizeof(*bo), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bo);
	kref_init(&bo->base.refcount);
	bo->base.dev = &w->drm;
	bo->base.size = bytes;
	bo->w = w;
	bo->kind = kind;
	bo->rights = DRM_WEFT_RIGHT_READ | DRM_WEFT_RIGHT_WRITE | DRM_WEFT_RIGHT_SEM;
	return bo;
}

static inline u32 fake_handle(struct kunit *test, struct weft_file *f, struct weft_bo *bo)
{
	int handle = idr_alloc(&f->drm->object_idr, &bo->base, 1, 0, GFP_KERNEL);

	KUNIT_ASSERT_GT(test, handle, 0);
	return handle;
}

/* Nobody holds the object but the test. */
static inline void expect_unheld(struct kunit *test, struct weft_bo *bo)
{
	KUNIT_EXPECT_EQ(test, kref_read(&bo->base.refcount), 1);
}

#endif
