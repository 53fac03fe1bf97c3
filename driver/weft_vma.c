// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/overflow.h>
#include <linux/slab.h>
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include "weft_compat.h"
#include "weft_device.h"
#include "weft_file.h"
#include "weft_import.h"
#include "weft_sem.h"
#include "weft_vm.h"
#include "weft_vma.h"

#define RIGHTS		(DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE | DRM_WEFT_BIND_SEM)
#define KEPT		(DRM_GPUVA_INVALIDATED | DRM_GPUVA_SPARSE)

/* One mapping; @link in weft_change.dead once it is gone. */
struct weft_va {
	struct drm_gpuva base;
	struct list_head link;
};

static struct weft_va *to_va(struct drm_gpuva *va)
{
	return container_of(va, struct weft_va, base);
}

static struct weft_va *alloc_va(struct weft_vm *vm)
{
	struct weft_va *va = kzalloc_obj(*va, GFP_KERNEL_ACCOUNT);

	if (va)
		atomic_inc(&vm->w->counts.vas);
	return va;
}

static void free_va(struct weft_vm *vm, struct weft_va *va)
{
	if (va)
		atomic_dec(&vm->w->counts.vas);
	kfree(va);
}

static void link_va(struct weft_va *va, struct drm_gpuvm_bo *vm_bo)
{
	if (!vm_bo)
		return;
	weft_gpuva_lock(vm_bo->obj);
	drm_gpuva_link(&va->base, vm_bo);
	weft_gpuva_unlock(vm_bo->obj);
}

/* --- unmap --- */

/* The object's reference outlives the link's, which may be the last to hold it. */
static void bury(struct weft_change *c, struct drm_gpuva *va)
{
	struct drm_gem_object *obj = va->gem.obj;

	if (obj) {
		drm_gem_object_get(obj);
		weft_gpuva_lock(obj);
		drm_gpuva_unlink(va);
		weft_gpuva_unlock(obj);
	}
	list_add_tail(&to_va(va)->link, &c->dead);
}

int weft_vma_step_unmap(struct drm_gpuva_op *op, void *priv)
{
	struct drm_gpuva *va = op->unmap.va;
	struct weft_change *c = priv;

	c->cleared += weft_pt_clear(&c->vm->tables.pt, va->va.addr, va->va.range);
	drm_gpuva_unmap(&op->unmap);
	bury(c, va);
	return 0;
}

static struct weft_va *take_spare(struct weft_change *c)
{
	unsigned int i = c->spare[0] ? 0 : 1;
	struct weft_va *va = c->spare[i];

	c->spare[i] = NULL;
	return va;
}

int weft_vma_step_remap(struct drm_gpuva_op *op, void *priv)
{
	struct drm_gpuva_op_remap *r = &op->remap;
	struct drm_gpuva *va = r->unmap->va;
	struct weft_change *c = priv;
	struct drm_gpuvm_bo *vm_bo = va->vm_bo;
	struct weft_va *prev = r->prev ? take_spare(c) : NULL;
	struct weft_va *next = r->next ? take_spare(c) : NULL;
	u64 flags = va->flags & KEPT, start, range;

	drm_gpuva_op_remap_to_unmap_range(r, &start, &range);
	c->cleared += weft_pt_clear(&c->vm->tables.pt, start, range);
	drm_gpuva_remap(prev ? &prev->base : NULL, next ? &next->base : NULL, r);
	if (prev) {
		prev->base.flags |= flags;
		link_va(prev, vm_bo);
	}
	if (next) {
		next->base.flags |= flags;
		link_va(next, vm_bo);
	}
	bury(c, va);
	return 0;
}

/* Where translations cached by the card may come from: a split 2 MiB leaf was one translation. */
static int invalidate(struct weft_vm *vm, u64 va, u64 range, bool split)
{
	if (weft_vm_check(vm))
		return 0;
	if (split) {
		u64 end = ALIGN(va + range, WEFT_PAGE2M_BYTES);

		va = ALIGN_DOWN(va, WEFT_PAGE2M_BYTES);
		range = end - va;
	}
	weft_mmio_flush_writes();
	return weft_safe_as_invalidate(vm->w, vm->asid, va, range);
}

static int do_unmap(struct weft_change *c)
{
	struct weft_vm *vm = c->vm;
	int first, last, ret;

	/* A split changes no translation, and after both nothing can fail. */
	first = weft_pt_split(&vm->tables.pt, c->va);
	last = first < 0 ? first : weft_pt_split(&vm->tables.pt, c->va + c->range);
	if (last < 0) {
		if (first > 0)
			invalidate(vm, c->va, c->range, true);
		return c->no_tables ?: -ENOMEM;
	}
	ret = drm_gpuvm_sm_unmap(&vm->base, c, c->va, c->range);
	if (ret || (!c->cleared && !first && !last))
		return ret;
	return invalidate(vm, c->va, c->range, first || last);
}

int weft_vma_clear(struct weft_vm *vm)
{
	struct weft_device *w = vm->w;
	struct weft_change c;
	int ret;

	weft_vma_init(&c, vm);
	c.op = DRM_WEFT_BIND_UNMAP;
	c.range = WEFT_VM_END;
	/* Nothing is split at either end of everything. */
	mutex_lock(&w->bind_lock);
	ret = do_unmap(&c);
	weft_tables_take_dead(&vm->tables, &c.dead_tables);
	mutex_unlock(&w->bind_lock);
	c.stopped = !ret;
	weft_vma_clean(&c);
	return ret;
}

static void revoke_va(struct weft_vm *vm, struct drm_gpuva *va)
{
	LIST_HEAD(dead);
	bool stopped;

	/* A dead address space has no tables any more; its translations went before them. */
	if (vm->tables.pt.root && weft_pt_clear(&vm->tables.pt, va->va.addr, va->va.range)) {
		stopped = !invalidate(vm, va->va.addr, va->va.range, false);
		weft_tables_take_dead(&vm->tables, &dead);
		weft_tables_free(&vm->tables, &dead, stopped);
	}
	drm_gpuva_invalidate(va, true);
}

void weft_vma_revoke(struct weft_bo *bo)
{
	struct drm_gpuvm_bo *vm_bo;
	struct drm_gpuva *va;

	lockdep_assert_held(&bo->w->bind_lock);
	weft_gpuva_lock(&bo->base);
	drm_gem_for_each_gpuvm_bo(vm_bo, &bo->base)
		drm_gpuvm_bo_for_each_va(va, vm_bo)
			revoke_va(container_of(vm_bo->vm, struct weft_vm, base), va);
	weft_gpuva_unlock(&bo->base);
}

/* --- map --- */

static u64 leaf_of(const struct weft_change *c)
{
	u64 leaf = (u64)WEFT_APERTURE_SPARSE << WEFT_PTE_APERTURE_SHIFT;

	if (c->bo) {
		struct weft_bo *origin = weft_bo_origin(c->bo);

		leaf = origin->kind == WEFT_BO_LOCAL ? WEFT_APERTURE_LOCAL : WEFT_APERTURE_BUS;
		leaf <<= WEFT_PTE_APERTURE_SHIFT;
		if (origin->kind == WEFT_BO_IMPORT)
			leaf |= (u64)origin->import.tag << WEFT_PTE_LINK_SHIFT;
	}
	if (c->flags & DRM_WEFT_BIND_READ)
		leaf |= WEFT_PTE_R;
	if (c->flags & DRM_WEFT_BIND_WRITE)
		leaf |= WEFT_PTE_W;
	if (c->flags & DRM_WEFT_BIND_SEM)
		leaf |= WEFT_PTE_SEM;
	return leaf;
}

/* Where the next piece of an object goes; @need is NULL when it really goes there. */
struct weft_mapping {
	struct weft_vm *vm;
	u64 va;
	u64 leaf;
	struct weft_pt_need *need;
};

static int map_piece(void *ctx, u64 at, u64 bytes)
{
	struct weft_mapping *m = ctx;

	if (at & ~WEFT_PTE_ADDR_MASK || bytes & (SZ_4K - 1))
		return -EIO;
	if (m->need)
		weft_pt_count(m->need, m->va, bytes, m->leaf | at);
	else if (weft_pt_map(&m->vm->tables.pt, m->va, bytes, m->leaf | at))
		return m->vm->tables.error;
	m->va += bytes;
	return 0;
}

static int map_all(struct weft_change *c, struct weft_pt_need *need)
{
	struct weft_mapping m = { .vm = c->vm, .va = c->va, .leaf = leaf_of(c), .need = need };

	return c->bo ? weft_bo_walk(c->bo, c->offset, c->range, map_piece, &m) :
	       map_piece(&m, 0, c->range);
}

static int map_tables(struct weft_change *c)
{
	struct weft_vm *vm = c->vm;
	int ret = map_all(c, NULL);

	if (!ret) {
		/* Visible before anybody is told; new translations need no invalidate. */
		weft_mmio_flush_writes();
	} else if (weft_pt_clear(&vm->tables.pt, c->va, c->range) &&
		   invalidate(vm, c->va, c->range, false)) {
		c->stopped = false;
	}
	return ret;
}

static int insert(struct weft_change *c)
{
	struct weft_va *va = c->spare[0];
	struct weft_vm *vm = c->vm;
	int ret = map_tables(c);

	if (ret)
		return ret;
	va->base.va.addr = c->va;
	va->base.va.range = c->range;
	va->base.gem.obj = c->bo ? &c->bo->base : NULL;
	va->base.gem.offset = c->offset;
	va->base.flags = c->bo ? 0 : DRM_GPUVA_SPARSE;
	ret = drm_gpuva_insert(&vm->base, &va->base);
	/* The range was free under the lock. */
	if (drm_WARN_ON(&vm->w->drm, ret))
		return ret;
	c->spare[0] = NULL;
	if (c->vm_bo) {
		c->vm_bo = weft_gpuvm_bo_obtain(c->vm_bo);
		link_va(va, c->vm_bo);
	}
	return 0;
}

static bool signals(const struct weft_change *c)
{
	return c->flags & DRM_WEFT_BIND_SEM && c->flags & DRM_WEFT_BIND_WRITE;
}

static int do_map(struct weft_change *c)
{
	int ret;

	if (drm_gpuva_find_first(&c->vm->base, c->va, c->range))
		return -EEXIST;
	if (c->bo && c->bo->kind == WEFT_BO_IMPORT && !c->bo->import.sgt)
		return -ECANCELED;
	if (!signals(c))
		return insert(c);
	ret = weft_sem_claim(c->bo, c->vm->f, c->offset, c->range);
	if (ret)
		return ret;
	ret = insert(c);
	weft_sem_settle(c->bo, c->offset, c->range, !ret);
	return ret;
}

int weft_vma_do(struct weft_change *c)
{
	struct weft_vm *vm = c->vm;
	int ret;

	mutex_lock(&vm->w->bind_lock);
	vm->tables.spare = &c->tables;
	c->stopped = true;
	/* Once more: a reset that has begun changes the generation before it takes the lock. */
	ret = weft_vm_check(vm);
	if (!ret)
		ret = c->op == DRM_WEFT_BIND_MAP ? do_map(c) : do_unmap(c);
	if (ret && c->op == DRM_WEFT_BIND_UNMAP)
		c->stopped = false;
	vm->tables.spare = NULL;
	weft_tables_take_dead(&vm->tables, &c->dead_tables);
	mutex_unlock(&vm->w->bind_lock);
	return ret;
}

/* --- before and after --- */

int weft_vma_check(const struct drm_weft_vm_bind *args)
{
	u32 flags = args->flags & ~DRM_WEFT_BIND_ASYNC;
	u64 end;

	if (!args->va || !args->range || (args->va | args->range | args->offset) & (SZ_4K - 1))
		return -EINVAL;
	if (check_add_overflow(args->va, args->range, &end) || end > WEFT_VM_END)
		return -EINVAL;
	if (args->op != DRM_WEFT_BIND_MAP)
		return args->op != DRM_WEFT_BIND_UNMAP || flags || args->handle || args->offset ?
		       -EINVAL : 0;
	if (flags & DRM_WEFT_BIND_SPARSE) {
		flags &= ~DRM_WEFT_BIND_SPARSE;
		if (args->handle || args->offset || flags & DRM_WEFT_BIND_SEM)
			return -EINVAL;
	}
	return !flags || flags & ~RIGHTS ? -EINVAL : 0;
}

static int check_rights(struct weft_bo *bo, u32 flags)
{
	u32 need = 0;

	if (flags & DRM_WEFT_BIND_READ)
		need |= DRM_WEFT_RIGHT_READ;
	if (flags & DRM_WEFT_BIND_WRITE)
		need |= DRM_WEFT_RIGHT_WRITE;
	if (flags & DRM_WEFT_BIND_SEM)
		need |= DRM_WEFT_RIGHT_SEM;
	if (need & ~bo->rights)
		return -EACCES;
	/* Cells live on SEM pages and nothing else does. */
	if (!(flags & DRM_WEFT_BIND_SEM) != !(bo->flags & DRM_WEFT_GEM_SEM))
		return -EINVAL;
	return 0;
}

static int take_object(struct weft_change *c, struct weft_file *f,
		       const struct drm_weft_vm_bind *args)
{
	struct weft_bo *bo = weft_bo_lookup(f, args->handle);
	u64 end;
	int ret;

	if (!bo)
		return -ENOENT;
	c->bo = bo;
	if (check_add_overflow(args->offset, args->range, &end) || end > bo->base.size)
		return -EINVAL;
	ret = check_rights(bo, args->flags) ?: weft_bo_check(bo);
	if (ret)
		return ret;
	c->vm_bo = drm_gpuvm_bo_create(&c->vm->base, &bo->base);
	return c->vm_bo ? 0 : -ENOMEM;
}

/* How many tables it takes at most; an import is mapped for the card by this. */
static int count_tables(struct weft_change *c, u64 *tables)
{
	struct weft_pt_need need = { };
	struct weft_bo *bo = c->bo;
	int ret = 0;

	if (bo)
		ret = dma_resv_lock_interruptible(bo->base.resv, NULL);
	if (ret)
		return ret;
	if (bo && bo->kind == WEFT_BO_IMPORT)
		ret = weft_import_map(bo);
	if (!ret)
		ret = map_all(c, &need);
	if (bo)
		dma_resv_unlock(bo->base.resv);
	*tables = need.tables;
	return ret;
}

static int prepare_map(struct weft_change *c, struct weft_file *f,
		       const struct drm_weft_vm_bind *args)
{
	u64 tables;
	int ret = 0;

	c->spare[0] = alloc_va(c->vm);
	if (!c->spare[0])
		return -ENOMEM;
	if (!(args->flags & DRM_WEFT_BIND_SPARSE))
		ret = take_object(c, f, args);
	if (!ret)
		ret = count_tables(c, &tables);
	return ret ?: weft_tables_prepare(&c->vm->tables, tables, &c->tables);
}

static int prepare_unmap(struct weft_change *c)
{
	u64 tables = !!(c->va & (WEFT_PAGE2M_BYTES - 1)) +
		     !!((c->va + c->range) & (WEFT_PAGE2M_BYTES - 1));
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(c->spare); i++) {
		c->spare[i] = alloc_va(c->vm);
		if (!c->spare[i])
			return -ENOMEM;
	}
	/*
	 * Most unmaps split nothing, and whose quota is used up must be able to free: what lacks
	 * will be told then.
	 */
	ret = weft_tables_prepare(&c->vm->tables, tables, &c->tables);
	if (ret == -EDQUOT || ret == -ENOSPC) {
		c->no_tables = ret;
		ret = 0;
	}
	return ret;
}

void weft_vma_init(struct weft_change *c, struct weft_vm *vm)
{
	*c = (struct weft_change) { .vm = vm, .stopped = true };
	INIT_LIST_HEAD(&c->tables);
	INIT_LIST_HEAD(&c->dead);
	INIT_LIST_HEAD(&c->dead_tables);
}

int weft_vma_prepare(struct weft_change *c, struct weft_file *f,
		     const struct drm_weft_vm_bind *args)
{
	c->op = args->op;
	c->flags = args->flags;
	c->offset = args->offset;
	c->va = args->va;
	c->range = args->range;
	switch (c->op) {
	case DRM_WEFT_BIND_MAP:
		return prepare_map(c, f, args);
	case DRM_WEFT_BIND_UNMAP:
		return prepare_unmap(c);
	default:
		return 0;
	}
}

void weft_vma_clean(struct weft_change *c)
{
	struct weft_vm *vm = c->vm;
	struct weft_va *va, *next;
	unsigned int i;

	/*
	 * Only now, with the card stopped, may objects go. When it did not stop, a reset is on its
	 * way and what is freed is withheld until then.
	 */
	list_for_each_entry_safe(va, next, &c->dead, link) {
		if (va->base.gem.obj)
			drm_gem_object_put(va->base.gem.obj);
		free_va(vm, va);
	}
	for (i = 0; i < ARRAY_SIZE(c->spare); i++)
		free_va(vm, c->spare[i]);
	weft_tables_unprepare(&vm->tables, &c->tables);
	weft_tables_free(&vm->tables, &c->dead_tables, c->stopped);
	if (c->vm_bo) {
		struct drm_gem_object *obj = c->vm_bo->obj;

		mutex_lock(&vm->w->bind_lock);
		weft_gpuva_lock(obj);
		drm_gpuvm_bo_put(c->vm_bo);
		weft_gpuva_unlock(obj);
		mutex_unlock(&vm->w->bind_lock);
	}
	if (c->bo)
		weft_bo_put(c->bo);
}
