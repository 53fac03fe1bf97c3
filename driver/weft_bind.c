// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/overflow.h>
#include <linux/slab.h>
#include <drm/drm_exec.h>
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include "weft_bind.h"
#include "weft_compat.h"
#include "weft_device.h"
#include "weft_file.h"
#include "weft_import.h"
#include "weft_sem.h"
#include "weft_vm.h"

#define BIND_FLAGS	(DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE | DRM_WEFT_BIND_SEM)

/* One mapping; @link in weft_unmap.dead once it is gone. */
struct weft_va {
	struct drm_gpuva base;
	struct list_head link;
};

/**
 * struct weft_unmap - one unbind: nothing in it can fail half way
 * @vm: address space
 * @spare: for the remains of a mapping at either end, allocated before
 * @dead: mappings gone; their objects keep a reference until the card cannot reach them any more
 * @cleared: leaves made invalid
 */
struct weft_unmap {
	struct weft_vm *vm;
	struct weft_va *spare[2];
	struct list_head dead;
	u64 cleared;
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

/* --- unmap --- */

static void bury(struct weft_unmap *u, struct drm_gpuva *va)
{
	drm_gem_object_get(va->gem.obj);
	drm_gpuva_unlink(va);
	list_add_tail(&to_va(va)->link, &u->dead);
}

static void free_dead(struct weft_unmap *u)
{
	struct weft_va *va, *next;
	unsigned int i;

	list_for_each_entry_safe(va, next, &u->dead, link) {
		drm_gem_object_put(va->base.gem.obj);
		free_va(u->vm, va);
	}
	for (i = 0; i < ARRAY_SIZE(u->spare); i++)
		free_va(u->vm, u->spare[i]);
}

int weft_bind_step_unmap(struct drm_gpuva_op *op, void *priv)
{
	struct drm_gpuva *va = op->unmap.va;
	struct weft_unmap *u = priv;

	u->cleared += weft_pt_clear(&u->vm->tables.pt, va->va.addr, va->va.range);
	drm_gpuva_unmap(&op->unmap);
	bury(u, va);
	return 0;
}

static struct weft_va *take_spare(struct weft_unmap *u)
{
	unsigned int i = u->spare[0] ? 0 : 1;
	struct weft_va *va = u->spare[i];

	u->spare[i] = NULL;
	return va;
}

int weft_bind_step_remap(struct drm_gpuva_op *op, void *priv)
{
	struct drm_gpuva_op_remap *r = &op->remap;
	struct drm_gpuva *va = r->unmap->va;
	struct weft_unmap *u = priv;
	struct drm_gpuvm_bo *vm_bo = drm_gpuvm_bo_get(va->vm_bo);
	struct weft_va *prev = r->prev ? take_spare(u) : NULL, *next = r->next ? take_spare(u) : NULL;
	u64 flags = va->flags & DRM_GPUVA_INVALIDATED, start, range;

	drm_gpuva_op_remap_to_unmap_range(r, &start, &range);
	u->cleared += weft_pt_clear(&u->vm->tables.pt, start, range);
	drm_gpuva_remap(prev ? &prev->base : NULL, next ? &next->base : NULL, r);
	if (prev) {
		prev->base.flags |= flags;
		drm_gpuva_link(&prev->base, vm_bo);
	}
	if (next) {
		next->base.flags |= flags;
		drm_gpuva_link(&next->base, vm_bo);
	}
	bury(u, va);
	drm_gpuvm_bo_put(vm_bo);
	return 0;
}

/* Range that translations cached by the card may come from: a split 2 MiB leaf was one translation. */
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

/* Every reservation of the range is held. */
static int unmap_locked(struct weft_unmap *u, u64 va, u64 range)
{
	struct weft_vm *vm = u->vm;
	int first, last, ret;

	mutex_lock(&vm->pt_lock);
	/* Splitting may need memory and changes no translation; after it nothing can fail. */
	first = weft_pt_split(&vm->tables.pt, va);
	last = first < 0 ? 0 : weft_pt_split(&vm->tables.pt, va + range);
	if (first < 0 || last < 0) {
		if (first > 0)
			weft_tables_release(&vm->tables, !invalidate(vm, va, range, true));
		ret = vm->tables.error;
		goto unlock;
	}
	ret = drm_gpuvm_sm_unmap(&vm->base, u, va, range);
	if (!ret && (u->cleared || first || last)) {
		ret = invalidate(vm, va, range, first || last);
		weft_tables_release(&vm->tables, !ret);
	}
unlock:
	mutex_unlock(&vm->pt_lock);
	return ret;
}

static int unmap(struct weft_vm *vm, struct weft_unmap *u, u64 va, u64 range, u32 exec_flags)
{
	struct drm_exec exec;
	int ret;

	drm_exec_init(&exec, exec_flags | DRM_EXEC_IGNORE_DUPLICATES, 0);
	drm_exec_until_all_locked(&exec) {
		ret = drm_gpuvm_prepare_vm(&vm->base, &exec, 0);
		drm_exec_retry_on_contention(&exec);
		if (ret)
			break;
		ret = drm_gpuvm_prepare_range(&vm->base, &exec, va, range, 0);
		drm_exec_retry_on_contention(&exec);
		if (ret)
			break;
	}
	if (!ret)
		ret = unmap_locked(u, va, range);
	drm_exec_fini(&exec);
	/*
	 * Only now, with the reservations free and the card stopped, may objects go. When it did not stop, a reset is
	 * on its way and what is freed is withheld until then.
	 */
	free_dead(u);
	return ret;
}

int weft_bind_unmap_all(struct weft_vm *vm)
{
	int ret, tries = 10;

	/* The list of reservations may need memory; a mapping left behind would outlive its address space. */
	do {
		struct weft_unmap u = { .vm = vm, .dead = LIST_HEAD_INIT(u.dead) };

		ret = unmap(vm, &u, 0, WEFT_VM_END, 0);
	} while (ret == -ENOMEM && --tries);
	return ret;
}

static int do_unmap(struct weft_vm *vm, u64 va, u64 range)
{
	struct weft_unmap u = { .vm = vm, .dead = LIST_HEAD_INIT(u.dead) };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(u.spare); i++) {
		u.spare[i] = alloc_va(vm);
		if (!u.spare[i]) {
			free_dead(&u);
			return -ENOMEM;
		}
	}
	return unmap(vm, &u, va, range, DRM_EXEC_INTERRUPTIBLE_WAIT);
}

void weft_bind_revoke(struct weft_bo *bo)
{
	struct drm_gpuvm_bo *vm_bo;
	struct drm_gpuva *va;

	dma_resv_assert_held(bo->base.resv);
	drm_gem_for_each_gpuvm_bo(vm_bo, &bo->base) {
		struct weft_vm *vm = container_of(vm_bo->vm, struct weft_vm, base);

		drm_gpuvm_bo_for_each_va(va, vm_bo) {
			u64 cleared;

			mutex_lock(&vm->pt_lock);
			/* A dead address space has no tables any more; its translations went before them. */
			cleared = vm->tables.pt.root ?
				  weft_pt_clear(&vm->tables.pt, va->va.addr, va->va.range) : 0;
			if (cleared)
				weft_tables_release(&vm->tables, !invalidate(vm, va->va.addr, va->va.range, false));
			drm_gpuva_invalidate(va, true);
			mutex_unlock(&vm->pt_lock);
		}
	}
}

/* --- map --- */

/* Where the next piece of an object goes. */
struct weft_mapping {
	struct weft_vm *vm;
	u64 va;
	u64 leaf;
};

static int map_piece(void *ctx, u64 at, u64 bytes)
{
	struct weft_mapping *m = ctx;

	if (at & ~WEFT_PTE_ADDR_MASK || bytes & (SZ_4K - 1))
		return -EIO;
	if (weft_pt_map(&m->vm->tables.pt, m->va, bytes, m->leaf | at))
		return m->vm->tables.error;
	m->va += bytes;
	return 0;
}

static u64 leaf_of(struct weft_bo *bo, u32 flags)
{
	struct weft_bo *origin = weft_bo_origin(bo);
	u64 leaf = (u64)(origin->kind == WEFT_BO_LOCAL ? WEFT_APERTURE_LOCAL : WEFT_APERTURE_BUS) <<
		   WEFT_PTE_APERTURE_SHIFT;

	if (origin->kind == WEFT_BO_IMPORT)
		leaf |= (u64)origin->import.tag << WEFT_PTE_LINK_SHIFT;
	if (flags & DRM_WEFT_BIND_READ)
		leaf |= WEFT_PTE_R;
	if (flags & DRM_WEFT_BIND_WRITE)
		leaf |= WEFT_PTE_W;
	if (flags & DRM_WEFT_BIND_SEM)
		leaf |= WEFT_PTE_SEM;
	return leaf;
}

static int map_tables(struct weft_vm *vm, struct weft_bo *bo, const struct drm_weft_vm_bind *args)
{
	struct weft_mapping m = { .vm = vm, .va = args->va, .leaf = leaf_of(bo, args->flags) };
	int ret;

	mutex_lock(&vm->pt_lock);
	ret = weft_bo_walk(bo, args->offset, args->range, map_piece, &m);
	if (ret && weft_pt_clear(&vm->tables.pt, args->va, args->range))
		weft_tables_release(&vm->tables, !invalidate(vm, args->va, args->range, false));
	/* Visible before the call returns; new translations need no invalidate. */
	weft_mmio_flush_writes();
	mutex_unlock(&vm->pt_lock);
	return ret;
}

/* Reservations of VM and object held. */
static int map_locked(struct weft_vm *vm, struct weft_bo *bo, struct weft_va *va, const struct drm_weft_vm_bind *args)
{
	struct drm_gpuvm_bo *vm_bo;
	int ret;

	if (drm_gpuva_find_first(&vm->base, args->va, args->range))
		return -EEXIST;
	if (bo->kind == WEFT_BO_IMPORT) {
		ret = weft_import_map(bo);
		if (ret)
			return ret;
	}
	if (args->flags & DRM_WEFT_BIND_SEM && args->flags & DRM_WEFT_BIND_WRITE) {
		ret = weft_sem_claim(bo, vm->f, args->offset, args->range);
		if (ret)
			return ret;
	}
	vm_bo = drm_gpuvm_bo_obtain_locked(&vm->base, &bo->base);
	if (IS_ERR(vm_bo))
		return PTR_ERR(vm_bo);
	ret = map_tables(vm, bo, args);
	if (ret)
		goto put;
	va->base.va.addr = args->va;
	va->base.va.range = args->range;
	va->base.gem.obj = &bo->base;
	va->base.gem.offset = args->offset;
	ret = drm_gpuva_insert(&vm->base, &va->base);
	/* The range was free under vm->lock. */
	if (drm_WARN_ON(&vm->w->drm, ret))
		goto put;
	drm_gpuva_link(&va->base, vm_bo);
put:
	drm_gpuvm_bo_put(vm_bo);
	return ret;
}

static int do_map(struct weft_vm *vm, struct weft_bo *bo, const struct drm_weft_vm_bind *args)
{
	struct weft_va *va = alloc_va(vm);
	struct drm_exec exec;
	int ret;

	if (!va)
		return -ENOMEM;
	drm_exec_init(&exec, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES, 0);
	drm_exec_until_all_locked(&exec) {
		ret = drm_gpuvm_prepare_vm(&vm->base, &exec, 0);
		drm_exec_retry_on_contention(&exec);
		if (ret)
			break;
		ret = drm_exec_lock_obj(&exec, &bo->base);
		drm_exec_retry_on_contention(&exec);
		if (ret)
			break;
	}
	if (!ret)
		ret = map_locked(vm, bo, va, args);
	drm_exec_fini(&exec);
	if (ret)
		free_va(vm, va);
	return ret;
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

static int bind_object(struct weft_file *f, struct weft_vm *vm, const struct drm_weft_vm_bind *args)
{
	struct weft_bo *bo = weft_bo_lookup(f, args->handle);
	u64 end;
	int ret;

	if (!bo)
		return -ENOENT;
	if (check_add_overflow(args->offset, args->range, &end) || end > bo->base.size)
		ret = -EINVAL;
	else
		ret = check_rights(bo, args->flags) ?: weft_bo_check(bo) ?: do_map(vm, bo, args);
	weft_bo_put(bo);
	return ret;
}

static int check_bind(const struct drm_weft_vm_bind *args)
{
	u64 end;

	if (!args->va || !args->range || (args->va | args->range | args->offset) & (SZ_4K - 1))
		return -EINVAL;
	if (check_add_overflow(args->va, args->range, &end) || end > WEFT_VM_END)
		return -EINVAL;
	switch (args->op) {
	case DRM_WEFT_BIND_MAP:
		return !args->flags || args->flags & ~BIND_FLAGS ? -EINVAL : 0;
	case DRM_WEFT_BIND_UNMAP:
		return args->flags || args->handle || args->offset ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

int weft_vm_bind_ioctl(struct weft_device *w, struct weft_file *f, void *data)
{
	struct drm_weft_vm_bind *args = data;
	struct weft_vm *vm;
	int ret;

	ret = check_bind(args);
	if (ret)
		return ret;
	vm = weft_vm_get(f, args->vm_id);
	if (!vm)
		return -ENOENT;
	ret = mutex_lock_interruptible(&vm->lock);
	if (ret)
		goto put;
	if (vm->dead)
		ret = -ENOENT;
	else
		ret = weft_vm_check(vm);
	if (!ret)
		ret = args->op == DRM_WEFT_BIND_MAP ? bind_object(f, vm, args) : do_unmap(vm, args->va, args->range);
	mutex_unlock(&vm->lock);
put:
	weft_vm_put(vm);
	return ret;
}
