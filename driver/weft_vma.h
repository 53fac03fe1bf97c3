/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Mappings of an address space. One change (map or unmap) goes through three steps: it is prepared,
 * where everything is allocated and checked that can be; it is done, where nothing is allocated and
 * nothing waited for but the card's bounded invalidate; and what it left over is freed.
 */
#ifndef WEFT_VMA_H
#define WEFT_VMA_H

#include <linux/list.h>
#include <drm/drm_gpuvm.h>

struct drm_weft_vm_bind;
struct weft_bo;
struct weft_file;
struct weft_va;
struct weft_vm;

/**
 * struct weft_change - one map or unmap
 * @vm: address space; the owner holds a reference
 * @op: DRM_WEFT_BIND_MAP or _UNMAP; @flags, @offset, @va, @range as in struct drm_weft_vm_bind
 * @bo: MAP: object, a reference; NULL: sparse
 * @spare: MAP: the mapping; UNMAP: for the remains of a mapping at either end
 * @vm_bo: MAP: link of object and address space, a reference
 * @tables: page tables not used
 * @no_tables: UNMAP: why there are too few of them to split large leaves, or 0
 * @dead: mappings gone; their objects keep a reference until the card cannot reach them any more
 * @dead_tables: tables the card may have walked
 * @cleared: leaves made invalid
 * @stopped: the card does not use what is dead; otherwise a reset is on its way
 */
struct weft_change {
	struct weft_vm *vm;
	u32 op;
	u32 flags;
	u64 offset;
	u64 va;
	u64 range;
	struct weft_bo *bo;
	struct weft_va *spare[2];
	struct drm_gpuvm_bo *vm_bo;
	struct list_head tables;
	int no_tables;
	struct list_head dead;
	struct list_head dead_tables;
	u64 cleared;
	bool stopped;
};

/* The range and flags a bind may name: 0 or -EINVAL. */
int weft_vma_check(const struct drm_weft_vm_bind *args);

/* Nothing to be done, nothing left over. */
void weft_vma_init(struct weft_change *c, struct weft_vm *vm);

/*
 * @args passed weft_vma_check(), @c is as weft_vma_init() leaves it; weft_vma_clean() is due
 * whatever this returns. May wait for the owner of an imported object, killable. -ENOENT, -EINVAL,
 * -EACCES, -ECANCELED, -ENOMEM, -ENOSPC, -EDQUOT, -EINTR, -ETIME, the owner's errno.
 */
int weft_vma_prepare(struct weft_change *c, struct weft_file *f,
		     const struct drm_weft_vm_bind *args);

/*
 * Does it. In the dma-fence signalling path. -EEXIST: the range is bound; -EBUSY: another file
 * signals there; -ECANCELED: the object was taken back; -ETIME, -EIO: the card did not invalidate.
 */
int weft_vma_do(struct weft_change *c);

/* Frees what is left; takes locks of objects. */
void weft_vma_clean(struct weft_change *c);

/* All, for a VM that goes away and changes no more. -ETIME, -EIO: the card may still use it. */
int weft_vma_clear(struct weft_vm *vm);

/* Takes an object out of every space, bind_lock held; its mappings stay reserved and fault. */
void weft_vma_revoke(struct weft_bo *bo);

int weft_vma_step_unmap(struct drm_gpuva_op *op, void *priv);
int weft_vma_step_remap(struct drm_gpuva_op *op, void *priv);

#endif
