// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/mm.h>
#include <drm/drm_vma_manager.h>
#include <drm/weft_accel.h>

#include "weft_device.h"
#include "weft_map.h"

#define FAULT_AROUND	64

static bool lost(struct weft_bo *bo)
{
	return bo->kind == WEFT_BO_LOCAL &&
	       (weft_device_check(bo->w) || bo->gen != READ_ONCE(bo->w->gen));
}

static int first_pfn(void *ctx, u64 at, u64 bytes)
{
	struct weft_extent *e = ctx;

	*e = (struct weft_extent) { .at = at, .bytes = bytes };
	return 1;
}

static struct page *dummy_page(struct weft_bo *bo)
{
	struct page *page = READ_ONCE(bo->dummy);

	if (page)
		return page;
	page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (page && cmpxchg(&bo->dummy, NULL, page)) {
		__free_page(page);
		page = bo->dummy;
	}
	return page;
}

/* Page frame @index of the object, and how many follow it in a row. */
static unsigned long find_pfn(struct weft_bo *bo, struct weft_bo *origin, u64 index, u64 *run)
{
	struct weft_extent e;
	struct page *page;

	*run = 1;
	if (lost(origin)) {
		page = dummy_page(bo);
		return page ? page_to_pfn(page) : 0;
	}
	if (origin->kind == WEFT_BO_SYSTEM)
		return page_to_pfn(origin->sys.pages[index]);
	if (weft_bo_walk(origin, index << PAGE_SHIFT, origin->base.size - (index << PAGE_SHIFT),
			 first_pfn, &e) != 1)
		return 0;
	*run = e.bytes >> PAGE_SHIFT;
	return (bo->w->mmio.lmem_phys + e.at) >> PAGE_SHIFT;
}

static vm_fault_t fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct weft_bo *bo = to_weft_bo(vma->vm_private_data), *origin = weft_bo_origin(bo);
	u64 index = vmf->pgoff - drm_vma_node_start(&bo->base.vma_node), run, i = 0;
	unsigned long pfn, address = vmf->address & PAGE_MASK;
	bool local = origin->kind == WEFT_BO_LOCAL;
	vm_fault_t ret;

	if (index >= bo->base.size >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;
	if (local)
		weft_pm_get(bo->w, WEFT_PM_CALL);
	/* Against weft_map_zap(): what is inserted under it is found by the zap that follows. */
	down_read(&bo->w->map_sem);
	pfn = find_pfn(bo, origin, index, &run);
	if (!pfn) {
		ret = VM_FAULT_OOM;
		goto unlock;
	}
	run = min3(run, (u64)FAULT_AROUND, (u64)(vma->vm_end - address) >> PAGE_SHIFT);
	do {
		ret = vmf_insert_pfn(vma, address + (i << PAGE_SHIFT), pfn + i);
	} while (++i < run && ret == VM_FAULT_NOPAGE);
	if (i > 1)
		ret = VM_FAULT_NOPAGE;
unlock:
	up_read(&bo->w->map_sem);
	/* The page stays until the card sleeps: at the earliest after the autosuspend delay. */
	if (local)
		weft_pm_put(bo->w, WEFT_PM_CALL);
	return ret;
}

const struct vm_operations_struct weft_map_vm_ops = {
	.open = drm_gem_vm_open,
	.close = drm_gem_vm_close,
	.fault = fault,
};

int weft_map_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	struct weft_bo *bo = to_weft_bo(obj);

	int ret;

	if (bo->kind == WEFT_BO_IMPORT)
		return -EINVAL;
	ret = weft_bo_check(bo);
	if (ret)
		return ret;
	if (!(bo->rights & DRM_WEFT_RIGHT_READ))
		return -EACCES;
	if (!(bo->rights & DRM_WEFT_RIGHT_WRITE)) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	/* Page frames cannot be copied on write. */
	if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE)
		return -EINVAL;
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = vm_get_page_prot(vma->vm_flags);
	if (weft_bo_origin(bo)->kind == WEFT_BO_LOCAL) {
		vm_flags_set(vma, VM_IO);
		vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	}
	return 0;
}

void weft_map_zap(struct weft_device *w)
{
	/*
	 * Whoever holds it for reading inserts by the old state and is zapped; whoever comes later
	 * sees the new one.
	 */
	down_write(&w->map_sem);
	up_write(&w->map_sem);
	if (w->drm.anon_inode)
		unmap_mapping_range(w->drm.anon_inode->i_mapping, 0, 0, 1);
}

void weft_map_make_stale(struct weft_device *w)
{
	weft_map_zap(w);
}
