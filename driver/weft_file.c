// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include "weft_compat.h"
#include "weft_device.h"
#include "weft_file.h"
#include "weft_gem.h"
#include "weft_uqueue.h"
#include "weft_vm.h"
#include "weft_will.h"

/* A quarter each, so that one process cannot starve the others; the administrator may have all. */
#define QUOTA_SHARE	4

/* Host memory pinned for any card: a user with many files must not pin all there is. */
static atomic64_t system_used;

static atomic64_t last_id;

static u64 system_limit(bool privileged)
{
	u64 quarter = ((u64)totalram_pages() << PAGE_SHIFT) / 4;

	return quarter * (privileged ? 3 : 2);
}

static void set_limits(struct weft_file *f, unsigned int share)
{
	struct weft_device *w = f->w;
	struct weft_quota *q = f->quota;

	/* One queue and two address spaces (0 and the scrubber's) are the kernel's. */
	q[DRM_WEFT_QUOTA_QUEUES].limit = max((w->num_queues - 1) / share, 1u);
	q[DRM_WEFT_QUOTA_VMS].limit = max((w->num_asids - 2) / share, 1u);
	q[DRM_WEFT_QUOTA_WATCHES].limit = w->watches.count ? max(w->watches.count / share, 1u) : 0;
	q[DRM_WEFT_QUOTA_LOCAL].limit = w->user_limit / share;
	q[DRM_WEFT_QUOTA_TABLES].limit = weft_carve_user_bytes(w) / share;
	q[DRM_WEFT_QUOTA_SYSTEM_ALL].limit = system_limit(share == 1);
	q[DRM_WEFT_QUOTA_SYSTEM].limit = q[DRM_WEFT_QUOTA_SYSTEM_ALL].limit / (share == 1 ? 1 : 2);
}

int weft_file_open(struct drm_device *drm, struct drm_file *file)
{
	struct weft_device *w = to_weft(drm);
	unsigned int share = capable(CAP_SYS_RESOURCE) ? 1 : QUOTA_SHARE;
	struct weft_file *f;
	int ret;

	f = kzalloc_obj(*f, GFP_KERNEL_ACCOUNT);
	if (!f)
		return -ENOMEM;
	kref_init(&f->ref);
	f->w = w;
	f->drm = file;
	f->id = atomic64_inc_return(&last_id);
	spin_lock_init(&f->pending_lock);
	INIT_LIST_HEAD(&f->pending);
	xa_init_flags(&f->vms, XA_FLAGS_ALLOC1);
	xa_init_flags(&f->queues, XA_FLAGS_ALLOC1);
	set_limits(f, share);
	ret = weft_news_open(f);
	if (ret) {
		kfree(f);
		return ret;
	}
	file->driver_priv = f;
	atomic_inc(&w->counts.files);
	return 0;
}

static void file_release(struct kref *ref)
{
	struct weft_file *f = container_of(ref, struct weft_file, ref);

	kfree(f);
}

struct weft_file *weft_file_get(struct weft_file *f)
{
	kref_get(&f->ref);
	return f;
}

void weft_file_put(struct weft_file *f)
{
	kref_put(&f->ref, file_release);
}

int weft_file_enter(struct weft_file *f, int *idx)
{
	int ret = weft_device_enter(f->w, idx);

	if (!ret)
		atomic64_inc(&f->ioctls);
	return ret;
}

/* Stops all user queues, so that what they signal can be poisoned before any memory goes. */
static void halt_queues(struct weft_file *f)
{
	struct weft_uqueue *q;
	struct weft_hwq *hw;
	struct weft_vm *vm;
	unsigned long id;

	weft_pm_get_open(f->w, WEFT_PM_CALL);
	down_read(&f->w->reset_sem);
	/* One operation for many queues; the stops that follow find them stopped. */
	xa_for_each(&f->vms, id, vm)
		if (vm->type == DRM_WEFT_VM_LR && vm->queues && !weft_vm_check(vm))
			weft_safe_as_stop(f->w, vm->asid);
	xa_for_each(&f->queues, id, hw) {
		q = weft_uqueue_of(hw);
		if (q)
			weft_uqueue_halt(q);
	}
	up_read(&f->w->reset_sem);
	weft_pm_put(f->w, WEFT_PM_CALL);
	/* Of cards that may sleep meanwhile: nothing is held. */
	weft_wills_wait(f);
}

/*
 * Runs with the card up, in reset, wedged or gone: each step copes. Queues first, they use the
 * address spaces.
 */
void weft_file_close(struct drm_device *drm, struct drm_file *file)
{
	struct weft_file *f = file->driver_priv;
	struct weft_device *w = f->w;
	struct weft_hwq *hw;
	struct weft_vm *vm;
	unsigned long id;

	weft_news_close(f);
	halt_queues(f);
	weft_pm_get_open(w, WEFT_PM_CALL);
	down_read(&w->reset_sem);
	xa_for_each(&f->queues, id, hw) {
		xa_erase(&f->queues, id);
		hw->ops->kill(hw);
	}
	xa_for_each(&f->vms, id, vm) {
		xa_erase(&f->vms, id);
		weft_vm_kill(vm);
	}
	up_read(&w->reset_sem);
	weft_pm_put(w, WEFT_PM_CALL);
	/*
	 * They hold the device: with them done, a card unbound meanwhile is free to come back under
	 * its number. Looks of commands of io_uring, which held the file and have all completed,
	 * are done then too. The machine may sleep meanwhile, and the first of them with it:
	 * nothing is held.
	 */
	flush_workqueue(w->bind_wq);
	flush_workqueue(w->free_wq);
	xa_destroy(&f->queues);
	xa_destroy(&f->vms);
	f->drm = NULL;
	file->driver_priv = NULL;
	atomic_dec(&w->counts.files);
	weft_file_put(f);
}

static const char * const quota_names[] = {
	[DRM_WEFT_QUOTA_QUEUES] = "queues",
	[DRM_WEFT_QUOTA_VMS] = "address spaces",
	[DRM_WEFT_QUOTA_WATCHES] = "watches",
	[DRM_WEFT_QUOTA_LOCAL] = "local memory",
	[DRM_WEFT_QUOTA_SYSTEM] = "host memory",
	[DRM_WEFT_QUOTA_TABLES] = "page tables and rings",
	[DRM_WEFT_QUOTA_SYSTEM_ALL] = "host memory of all files",
};

static_assert(ARRAY_SIZE(quota_names) == DRM_WEFT_QUOTA_KINDS);

/* What is refused is not seen in @used for a moment either: it could cost another its share. */
static bool take(atomic64_t *used, u64 limit, u64 amount)
{
	s64 old = atomic64_read(used);

	do {
		if (amount > limit || old > limit - amount)
			return false;
	} while (!atomic64_try_cmpxchg(used, &old, old + amount));
	return true;
}

static int refuse(struct weft_device *w, enum drm_weft_quota_kind kind, u64 amount, u64 used,
		  u64 limit)
{
	drm_dbg(&w->drm, "quota of %s: %llu asked, %llu used, %llu allowed\n", quota_names[kind],
		amount, used, limit);
	return -EDQUOT;
}

int weft_file_charge(struct weft_file *f, enum drm_weft_quota_kind kind, u64 amount)
{
	struct weft_quota *q = &f->quota[kind];

	if (take(&q->used, q->limit, amount))
		return 0;
	atomic64_inc(&q->refused);
	return refuse(f->w, kind, amount, atomic64_read(&q->used), q->limit);
}

void weft_file_uncharge(struct weft_file *f, enum drm_weft_quota_kind kind, u64 amount)
{
	atomic64_sub(amount, &f->quota[kind].used);
}

int weft_file_charge_system(struct weft_file *f, u64 bytes)
{
	struct weft_quota *all = &f->quota[DRM_WEFT_QUOTA_SYSTEM_ALL];
	int ret = weft_file_charge(f, DRM_WEFT_QUOTA_SYSTEM, bytes);

	if (ret || take(&system_used, all->limit, bytes))
		return ret;
	weft_file_uncharge(f, DRM_WEFT_QUOTA_SYSTEM, bytes);
	atomic64_inc(&all->refused);
	return refuse(f->w, DRM_WEFT_QUOTA_SYSTEM_ALL, bytes, atomic64_read(&system_used),
		      all->limit);
}

void weft_file_uncharge_system(struct weft_file *f, u64 bytes)
{
	atomic64_sub(bytes, &system_used);
	weft_file_uncharge(f, DRM_WEFT_QUOTA_SYSTEM, bytes);
}

void weft_file_quotas(struct weft_file *f, struct drm_weft_quota *quotas)
{
	u32 kind;

	for (kind = 0; kind < DRM_WEFT_QUOTA_KINDS; kind++)
		quotas[kind] = (struct drm_weft_quota) {
			.kind = kind,
			.limit = f->quota[kind].limit,
			.used = atomic64_read(kind == DRM_WEFT_QUOTA_SYSTEM_ALL ?
					      &system_used : &f->quota[kind].used),
			.refused = atomic64_read(&f->quota[kind].refused),
		};
}

/*
 * Objects with a handle, where their memory is. All is resident from creation on; an import is when
 * it is mapped. Which are active is not told: work reaches all of its address space, and that of
 * user queues starts and ends without the driver, so that no reservation has a fence of ours.
 */
static void show_memory(struct drm_printer *p, struct drm_file *file)
{
	static const char * const regions[] = {
		[DRM_WEFT_PLACE_LOCAL] = "local", [DRM_WEFT_PLACE_SYSTEM] = "system",
	};
	struct drm_memory_stats stats[ARRAY_SIZE(regions)] = { };
	struct drm_gem_object *obj;
	unsigned int i;
	int id;

	spin_lock(&file->table_lock);
	idr_for_each_entry(&file->object_idr, obj, id) {
		struct weft_bo *bo = to_weft_bo(obj);
		struct drm_memory_stats *s = &stats[bo->placement];

		if (drm_gem_object_is_shared_for_memory_stats(obj) || bo->kind >= WEFT_BO_ALIAS)
			s->shared += obj->size;
		else
			s->private += obj->size;
		if (bo->kind != WEFT_BO_IMPORT || READ_ONCE(bo->import.sgt))
			s->resident += obj->size;
	}
	spin_unlock(&file->table_lock);
	for (i = 0; i < ARRAY_SIZE(regions); i++)
		weft_print_memory_stats(p, &stats[i], regions[i]);
}

void weft_file_show_fdinfo(struct drm_printer *p, struct drm_file *file)
{
	struct weft_file *f = file->driver_priv;
	u64 busy = atomic64_read(&f->past_busy_ns);
	struct weft_hwq *hw;
	unsigned long id;

	xa_lock(&f->queues);
	xa_for_each(&f->queues, id, hw)
		busy += weft_hwq_busy_ns(hw);
	xa_unlock(&f->queues);
	drm_printf(p, "drm-engine-weft:\t%llu ns\n", busy);
	/* A queue is charged while it has a slot: so many can be at once. */
	drm_printf(p, "drm-engine-capacity-weft:\t%u\n", f->w->num_slots);
	show_memory(p, file);
}
