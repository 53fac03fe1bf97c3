// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
/* What an object's rights allow: bindings, and mappings of other drivers. */
#include <kunit/device.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/sizes.h>

#include "fake.h"
#include "weft_prime.h"
#include "weft_vm.h"
#include "weft_vma.h"

#define R	DRM_WEFT_RIGHT_READ
#define W	DRM_WEFT_RIGHT_WRITE
#define SEM	DRM_WEFT_RIGHT_SEM
#define BIND_R	DRM_WEFT_BIND_READ
#define BIND_W	DRM_WEFT_BIND_WRITE
#define BIND_S	DRM_WEFT_BIND_SEM

/** struct space - @vm of @f, and an object of 16 KiB of it with @handle */
struct space {
	struct weft_vm vm;
	struct weft_file *f;
	struct weft_bo *bo;
	u32 handle;
};

static int set_up(struct kunit *test)
{
	struct space *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	struct weft_device *w = fake_card(test);

	KUNIT_ASSERT_NOT_NULL(test, s);
	s->f = fake_file(test, w);
	fake_handles(test, s->f);
	s->vm.w = w;
	s->vm.f = s->f;
	spin_lock_init(&s->vm.tables.pool_lock);
	INIT_LIST_HEAD(&s->vm.tables.pool);
	s->bo = fake_object(test, w, WEFT_BO_LOCAL, SZ_16K);
	s->handle = fake_handle(test, s->f, s->bo);
	/* Contents are looked at after rights: who gets so far is told that they are gone. */
	s->bo->gen = 1;
	w->gen = 2;
	test->priv = s;
	return 0;
}

static void tear_down(struct kunit *test)
{
	struct space *s = test->priv;

	KUNIT_EXPECT_EQ(test, atomic_read(&s->vm.w->counts.vas), 0);
	expect_unheld(test, s->bo);
	idr_destroy(&s->f->drm->object_idr);
}

static int bind(struct space *s, u32 handle, u32 flags, u64 offset, u64 range)
{
	const struct drm_weft_vm_bind args = {
		.op = DRM_WEFT_BIND_MAP, .flags = flags, .handle = handle, .offset = offset,
		.va = SZ_1M, .range = range,
	};
	struct weft_change c;
	int ret;

	weft_vma_init(&c, &s->vm);
	ret = weft_vma_prepare(&c, s->f, &args);
	weft_vma_clean(&c);
	return ret;
}

static int bind_with(struct space *s, u32 rights, bool sem, u32 flags)
{
	s->bo->rights = rights;
	s->bo->flags = sem ? DRM_WEFT_GEM_SEM : 0;
	return bind(s, s->handle, flags, 0, SZ_4K);
}

#define ALLOWED	-ECANCELED

static void bindings(struct kunit *test)
{
	struct space *s = test->priv;

	KUNIT_EXPECT_EQ(test, bind_with(s, R | W, false, BIND_R | BIND_W), ALLOWED);
	KUNIT_EXPECT_EQ(test, bind_with(s, R, false, BIND_R), ALLOWED);
	KUNIT_EXPECT_EQ(test, bind_with(s, W, false, BIND_W), ALLOWED);
	KUNIT_EXPECT_EQ(test, bind_with(s, R, false, BIND_R | BIND_W), -EACCES);
	KUNIT_EXPECT_EQ(test, bind_with(s, R, false, BIND_W), -EACCES);
	KUNIT_EXPECT_EQ(test, bind_with(s, W, false, BIND_R), -EACCES);
	KUNIT_EXPECT_EQ(test, bind_with(s, SEM, false, BIND_R), -EACCES);
	KUNIT_EXPECT_EQ(test, bind_with(s, 0, false, BIND_R), -EACCES);
	/* cells, and only they, as such */
	KUNIT_EXPECT_EQ(test, bind_with(s, R | SEM, true, BIND_R | BIND_S), ALLOWED);
	KUNIT_EXPECT_EQ(test, bind_with(s, R | W | SEM, true, BIND_R | BIND_W | BIND_S), ALLOWED);
	KUNIT_EXPECT_EQ(test, bind_with(s, R | W | SEM, true, BIND_R | BIND_W), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind_with(s, R | W | SEM, false, BIND_R | BIND_S), -EINVAL);
	/* who may not is not told what it is */
	KUNIT_EXPECT_EQ(test, bind_with(s, R, true, BIND_R | BIND_S), -EACCES);
	KUNIT_EXPECT_EQ(test, bind_with(s, R | SEM, true, BIND_R | BIND_W | BIND_S), -EACCES);
	KUNIT_EXPECT_EQ(test, bind_with(s, R | SEM, true, BIND_W), -EACCES);
	KUNIT_EXPECT_EQ(test, bind_with(s, R | SEM, false, BIND_W | BIND_S), -EACCES);
}

static void ranges(struct kunit *test)
{
	struct space *s = test->priv;

	KUNIT_EXPECT_EQ(test, bind(s, s->handle, BIND_R, SZ_8K, SZ_8K), ALLOWED);
	KUNIT_EXPECT_EQ(test, bind(s, s->handle, BIND_R, SZ_8K + SZ_4K, SZ_8K), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind(s, s->handle, BIND_R, SZ_16K, SZ_4K), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind(s, s->handle, BIND_R, -(u64)SZ_4K, SZ_8K), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind(s, s->handle + 1, BIND_R, 0, SZ_4K), -ENOENT);
	KUNIT_EXPECT_EQ(test, bind(s, 0, BIND_R, 0, SZ_4K), -ENOENT);
}

/* 0, or with what a driver that is not ours is refused a page that was exported with these rights. */
static int map_as(struct kunit *test, struct weft_bo *bo, struct device *dev, u32 rights,
		  enum dma_data_direction dir)
{
	struct dma_buf *dmabuf = weft_prime_export(bo, rights, 0);
	struct dma_buf_attachment at = { .dmabuf = dmabuf, .dev = dev };
	struct sg_table *sgt;

	KUNIT_ASSERT_FALSE(test, IS_ERR(dmabuf));
	dma_resv_lock(dmabuf->resv, NULL);
	sgt = dmabuf->ops->map_dma_buf(&at, dir);
	if (!IS_ERR(sgt))
		dmabuf->ops->unmap_dma_buf(&at, sgt, dir);
	dma_resv_unlock(dmabuf->resv);
	fput(dmabuf->file);
	/* a thread of the kernel leaves the end of a file to others */
	flush_delayed_fput();
	return PTR_ERR_OR_ZERO(sgt);
}

static void directions(struct kunit *test)
{
	struct space *s = test->priv;
	struct weft_device *w = s->vm.w;
	struct weft_bo *bo = fake_object(test, w, WEFT_BO_SYSTEM, PAGE_SIZE);
	struct device *dev = kunit_device_register(test, "weft-other");
	struct page *page = alloc_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_FALSE(test, IS_ERR(dev));
	dev->dma_mask = &dev->coherent_dma_mask;
	dev->coherent_dma_mask = DMA_BIT_MASK(64);
	w->drm.dev = dev;
	kref_init(&w->drm.ref);
	weft_prime_init(w);
	bo->base.resv = &bo->base._resv;
	dma_resv_init(bo->base.resv);
	bo->sys.pages = &page;

	KUNIT_EXPECT_EQ(test, map_as(test, bo, dev, R | W, DMA_BIDIRECTIONAL), 0);
	KUNIT_EXPECT_EQ(test, map_as(test, bo, dev, R | W, DMA_FROM_DEVICE), 0);
	KUNIT_EXPECT_EQ(test, map_as(test, bo, dev, R | W, DMA_TO_DEVICE), 0);
	KUNIT_EXPECT_EQ(test, map_as(test, bo, dev, R, DMA_TO_DEVICE), 0);
	KUNIT_EXPECT_EQ(test, map_as(test, bo, dev, R, DMA_BIDIRECTIONAL), -EACCES);
	KUNIT_EXPECT_EQ(test, map_as(test, bo, dev, R, DMA_FROM_DEVICE), -EACCES);
	/* others' page tables cannot forbid to read */
	KUNIT_EXPECT_EQ(test, map_as(test, bo, dev, W, DMA_FROM_DEVICE), -EACCES);
	KUNIT_EXPECT_EQ(test, map_as(test, bo, dev, W, DMA_BIDIRECTIONAL), -EACCES);
	KUNIT_EXPECT_EQ(test, map_as(test, bo, dev, W, DMA_TO_DEVICE), -EACCES);
	KUNIT_EXPECT_EQ(test, map_as(test, bo, dev, SEM, DMA_TO_DEVICE), -EACCES);

	KUNIT_EXPECT_EQ(test, atomic_read(&w->counts.exports), 0);
	KUNIT_EXPECT_EQ(test, kref_read(&w->drm.ref), 1);
	expect_unheld(test, bo);
	dma_resv_fini(bo->base.resv);
	__free_page(page);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(bindings),
	KUNIT_CASE(ranges),
	KUNIT_CASE(directions),
	{}
};

static struct kunit_suite suite = {
	.name = "weft_rights", .init = set_up, .exit = tear_down, .test_cases = cases,
};
kunit_test_suite(suite);
