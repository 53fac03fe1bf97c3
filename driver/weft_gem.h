/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Memory objects. A handle's rights are its object's: a created object has all, an import on the
 * same card is an object of its own (ALIAS) that lends the memory of its origin with fewer rights.
 */
#ifndef WEFT_GEM_H
#define WEFT_GEM_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/scatterlist.h>
#include <drm/drm_gem.h>

struct dma_buf_attachment;
struct weft_device;
struct weft_file;
struct weft_sem;

enum weft_bo_kind {
	WEFT_BO_LOCAL,		/* card memory of this card */
	WEFT_BO_SYSTEM,		/* host pages, mapped for this card */
	WEFT_BO_ALIAS,		/* another object of this card, with fewer rights */
	WEFT_BO_IMPORT,		/* dma-buf of somebody else */
};

/** struct weft_extent - contiguous piece: @at local-memory offset or bus address */
struct weft_extent {
	u64 at;
	u64 bytes;
};

/**
 * struct weft_bo - memory object
 * @kind: where the memory is
 * @flags: DRM_WEFT_GEM_*
 * @rights: DRM_WEFT_RIGHT_*
 * @placement: DRM_WEFT_PLACE_*
 * @gen: LOCAL: reset generation of the contents
 * @owner: who is charged, NULL for nobody
 * @link: in &weft_bos, SYSTEM and IMPORT
 * @dummy: shown to mappings when the memory is lost
 */
struct weft_bo {
	struct drm_gem_object base;
	struct weft_device *w;
	enum weft_bo_kind kind;
	u32 flags;
	u32 rights;
	u32 placement;
	u64 gen;
	struct weft_file *owner;
	struct list_head link;
	struct page *dummy;
	union {
		struct {
			struct list_head blocks;
			struct weft_extent *extents;
			unsigned int num_extents;
			struct weft_sem *sem;
		} local;
		struct {
			struct page **pages;
			struct sg_table sgt;
			bool mapped;
		} sys;
		struct {
			struct weft_bo *origin;
		} alias;
		struct {
			struct dma_buf_attachment *attach;
			struct sg_table *sgt;
			u32 tag;
			bool flush;
		} import;
	};
};

/** struct weft_bos - objects whose memory is, or is still, mapped for DMA of the card */
struct weft_bos {
	struct mutex lock;	/* list */
	struct list_head list;
	wait_queue_head_t empty_wq;
};

static inline struct weft_bo *to_weft_bo(struct drm_gem_object *obj)
{
	return container_of(obj, struct weft_bo, base);
}

/* The object whose memory it is. */
static inline struct weft_bo *weft_bo_origin(struct weft_bo *bo)
{
	return bo->kind == WEFT_BO_ALIAS ? bo->alias.origin : bo;
}

void weft_gem_init(struct weft_device *w);

/* At removal: ends all mappings for the card's DMA; the card has been stopped. */
void weft_gem_unmap_all(struct weft_device *w);

/*
 * Object without memory; the caller fills in its kind's part before anybody can see it. Ends with
 * drm_gem_object_put.
 */
struct weft_bo *weft_bo_alloc(struct weft_device *w, enum weft_bo_kind kind, u64 bytes);

/* Zeroed card memory, charged to @f (NULL: to nobody). */
struct weft_bo *weft_bo_create_local(struct weft_device *w, struct weft_file *f, u64 bytes,
				     u32 flags);

/* By handle; NULL when there is none. Put with weft_bo_put(). */
struct weft_bo *weft_bo_lookup(struct weft_file *f, u32 handle);
void weft_bo_put(struct weft_bo *bo);

/* 0, or -ECANCELED for contents lost in a reset. */
int weft_bo_check(struct weft_bo *bo);

/*
 * Calls @fn for the contiguous pieces of a range; stops at its first result that is not 0 and
 * returns it. IMPORT: mapped, with its reservation or bind_lock held.
 */
int weft_bo_walk(struct weft_bo *bo, u64 offset, u64 bytes, int (*fn)(void *ctx, u64 at, u64 bytes),
		 void *ctx);

void weft_bos_add(struct weft_bo *bo);
void weft_bos_del(struct weft_bo *bo);

int weft_gem_create_ioctl(struct weft_device *w, struct weft_file *f, void *data);
int weft_gem_info_ioctl(struct weft_device *w, struct weft_file *f, void *data);

#endif
