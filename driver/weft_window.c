// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/mm.h>
#include <linux/slab.h>
#include <drm/drm_gem.h>

#include "weft_compat.h"
#include "weft_device.h"
#include "weft_file.h"
#include "weft_sem.h"
#include "weft_uqueue.h"
#include "weft_window.h"

/* Far above what the offset manager of GEM gives out (2^40); bits of a byte offset. */
#define WINDOW_BIT	BIT_ULL(58)
#define KIND_SHIFT	56
#define ID_SHIFT	24
#define MAX_BYTES	BIT_ULL(ID_SHIFT)

struct weft_window *weft_window_create(struct weft_device *w, enum weft_window_kind kind,
				       struct drm_gem_object *object, phys_addr_t phys, u64 bytes)
{
	struct weft_window *win = kzalloc_obj(*win, GFP_KERNEL_ACCOUNT);

	if (!win)
		return NULL;
	kref_init(&win->ref);
	win->w = w;
	win->kind = kind;
	win->object = object;
	win->phys = phys;
	win->bytes = bytes;
	win->gen = w->gen;
	return win;
}

static void window_release(struct kref *ref)
{
	struct weft_window *win = container_of(ref, struct weft_window, ref);

	if (win->dummy)
		__free_page(win->dummy);
	kfree(win);
}

void weft_window_put(struct weft_window *win)
{
	if (win)
		kref_put(&win->ref, window_release);
}

u64 weft_window_offset(enum weft_window_kind kind, u32 id)
{
	return WINDOW_BIT | (u64)kind << KIND_SHIFT | (u64)id << ID_SHIFT;
}

static void zap(struct weft_window *win, u32 id)
{
	struct weft_device *w = win->w;

	/* Another file may have mapped another window here; it faults its page in again. */
	if (w->drm.anon_inode)
		unmap_mapping_range(w->drm.anon_inode->i_mapping, weft_window_offset(win->kind, id),
				    win->bytes, 1);
}

void weft_window_revoke(struct weft_window *win, u32 id)
{
	struct weft_device *w = win->w;

	/*
	 * Whoever holds it for reading inserts the page and is zapped; whoever comes later sees
	 * that it is gone.
	 */
	down_write(&w->map_sem);
	win->gone = true;
	up_write(&w->map_sem);
	zap(win, id);
}

void weft_window_hold(struct weft_window *win)
{
	weft_pm_hold(win->w, WEFT_PM_QUEUE);
	atomic_set(&win->hold, WEFT_WINDOW_AWAKE);
}

void weft_window_release(struct weft_window *win)
{
	if (atomic_xchg(&win->hold, WEFT_WINDOW_FREE) == WEFT_WINDOW_AWAKE)
		weft_pm_put(win->w, WEFT_PM_QUEUE);
}

bool weft_window_doze(struct weft_window *win, u32 id)
{
	if (atomic_cmpxchg(&win->hold, WEFT_WINDOW_AWAKE, WEFT_WINDOW_DOZING) != WEFT_WINDOW_AWAKE)
		return false;
	/* A fault that saw it awake has inserted its page when this is taken, and is zapped. */
	down_write(&win->w->map_sem);
	up_write(&win->w->map_sem);
	zap(win, id);
	return true;
}

void weft_window_dozed(struct weft_window *win, bool idle)
{
	/* A store that came meanwhile took a reference of its own. */
	if (idle ||
	    atomic_cmpxchg(&win->hold, WEFT_WINDOW_DOZING, WEFT_WINDOW_AWAKE) != WEFT_WINDOW_DOZING)
		weft_pm_put(win->w, WEFT_PM_QUEUE);
}

/*
 * In a fault, which holds the card. Before the page is there, so that a store finds the card held
 * by its queue.
 */
static void rouse(struct weft_window *win)
{
	if (atomic_cmpxchg(&win->hold, WEFT_WINDOW_DOZING, WEFT_WINDOW_AWAKE) != WEFT_WINDOW_DOZING)
		return;
	weft_pm_hold(win->w, WEFT_PM_QUEUE);
	weft_event_watch(win->w);
}

static struct page *dummy_page(struct weft_window *win)
{
	struct page *page = READ_ONCE(win->dummy);

	if (page)
		return page;
	page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (page && cmpxchg(&win->dummy, NULL, page)) {
		__free_page(page);
		page = win->dummy;
	}
	return page;
}

static vm_fault_t fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct weft_window *win = vma->vm_private_data;
	struct weft_device *w = win->w;
	u64 at = (u64)vmf->pgoff << PAGE_SHIFT & (MAX_BYTES - 1);
	vm_fault_t ret = VM_FAULT_OOM;
	unsigned long pfn;

	if (at >= win->bytes)
		return VM_FAULT_SIGBUS;
	/*
	 * First: the card takes map_sem on its way to sleep. The queue's reference, or the delay,
	 * outlives this one.
	 */
	weft_pm_get(w, WEFT_PM_CALL);
	down_read(&w->map_sem);
	if (win->gone || weft_device_check(w) || win->gen != READ_ONCE(w->gen)) {
		struct page *page = dummy_page(win);

		if (!page)
			goto unlock;
		pfn = page_to_pfn(page);
	} else {
		rouse(win);
		pfn = (win->phys + at) >> PAGE_SHIFT;
	}
	ret = vmf_insert_pfn(vma, vmf->address & PAGE_MASK, pfn);
unlock:
	up_read(&w->map_sem);
	weft_pm_put(w, WEFT_PM_CALL);
	return ret;
}

static void hold(struct weft_window *win)
{
	kref_get(&win->ref);
	if (win->object)
		drm_gem_object_get(win->object);
}

static void open(struct vm_area_struct *vma)
{
	hold(vma->vm_private_data);
}

static void close(struct vm_area_struct *vma)
{
	struct weft_window *win = vma->vm_private_data;
	struct drm_gem_object *object = win->object;

	/* The object owns the window: it goes last. */
	weft_window_put(win);
	if (object)
		drm_gem_object_put(object);
}

static const struct vm_operations_struct window_vm_ops = {
	.open = open,
	.close = close,
	.fault = fault,
};

static int map(struct weft_window *win, struct vm_area_struct *vma)
{
	u64 at = (u64)vma->vm_pgoff << PAGE_SHIFT & (MAX_BYTES - 1);
	u64 bytes = vma->vm_end - vma->vm_start;
	bool written = win->kind == WEFT_WINDOW_DOORBELL;

	if (at >= win->bytes || bytes > win->bytes - at)
		return -EINVAL;
	if (written) {
		if (!(vma->vm_flags & VM_SHARED))
			return -EINVAL;
		if (vma->vm_flags & (VM_READ | VM_EXEC))
			return -EACCES;
		vm_flags_clear(vma, VM_MAYREAD | VM_MAYEXEC);
	} else {
		if (vma->vm_flags & (VM_WRITE | VM_EXEC))
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE | VM_MAYEXEC);
	}
	/* A child does not get the doorbell of its parent, and cannot ask for it (VM_IO). */
	vm_flags_set(vma, VM_PFNMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP |
		     (written ? VM_DONTCOPY : 0));
	vma->vm_page_prot = vm_get_page_prot(vma->vm_flags);
	vma->vm_page_prot = written ? pgprot_noncached(vma->vm_page_prot) :
				      pgprot_writecombine(vma->vm_page_prot);
	vma->vm_ops = &window_vm_ops;
	vma->vm_private_data = win;
	return 0;
}

int weft_window_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct drm_file *drm_file = file->private_data;
	u64 offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
	struct weft_file *f = drm_file->driver_priv;
	u32 id = offset >> ID_SHIFT, kind = offset >> KIND_SHIFT & 3;
	struct weft_window *win;
	int ret;

	if (offset < WINDOW_BIT)
		return drm_gem_mmap(file, vma);
	if (offset >= 2 * WINDOW_BIT)
		return -EINVAL;
	if (drm_dev_is_unplugged(&f->w->drm))
		return -ENODEV;
	/* Both return it held as a mapping holds it. */
	win = kind == WEFT_WINDOW_ARM ? weft_sem_window(f, id) : weft_uqueue_window(f, id, kind);
	if (IS_ERR(win))
		return PTR_ERR(win);
	ret = map(win, vma);
	if (ret) {
		struct drm_gem_object *object = win->object;

		weft_window_put(win);
		if (object)
			drm_gem_object_put(object);
	}
	return ret;
}
