// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/slab.h>
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include <firmware/abi/reg.h>

#include "weft_compat.h"
#include "weft_device.h"
#include "weft_file.h"
#include "weft_vm.h"
#include "weft_vma.h"

static void vm_free(struct drm_gpuvm *gpuvm)
{
	struct weft_vm *vm = container_of(gpuvm, struct weft_vm, base);

	atomic_dec(&vm->w->counts.vms);
	weft_file_put(vm->f);
	mutex_destroy(&vm->lock);
	kfree(vm);
}

static const struct drm_gpuvm_ops vm_ops = {
	.vm_free = vm_free,
	.sm_step_unmap = weft_vma_step_unmap,
	.sm_step_remap = weft_vma_step_remap,
};

void weft_vm_put(struct weft_vm *vm)
{
	drm_gpuvm_put(&vm->base);
}

struct weft_vm *weft_vm_get(struct weft_file *f, u32 id)
{
	struct weft_vm *vm;

	xa_lock(&f->vms);
	vm = xa_load(&f->vms, id);
	if (vm)
		drm_gpuvm_get(&vm->base);
	xa_unlock(&f->vms);
	return vm;
}

int weft_vm_check(struct weft_vm *vm)
{
	return vm->gen == READ_ONCE(vm->w->gen) ? 0 : -ECANCELED;
}

void weft_vm_reclaim(struct weft_device *w)
{
	unsigned long id;
	void *entry;

	xa_for_each(&w->asids, id, entry)
		if (entry == xa_mk_value(WEFT_ASID_LOST))
			xa_erase(&w->asids, id);
}

static struct weft_vm *create(struct weft_device *w, struct weft_file *f, u32 type)
{
	struct drm_gem_object *resv;
	struct weft_vm *vm;
	int ret;

	vm = kzalloc_obj(*vm, GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);
	resv = drm_gpuvm_resv_object_alloc(&w->drm);
	if (!resv) {
		kfree(vm);
		return ERR_PTR(-ENOMEM);
	}
	vm->w = w;
	vm->f = weft_file_get(f);
	vm->gen = w->gen;
	vm->type = type;
	mutex_init(&vm->lock);
	weft_binds_init(vm);
	atomic_inc(&w->counts.vms);
	drm_gpuvm_init(&vm->base, "weft", WEFT_GPUVM_FLAGS, &w->drm, resv, 0, WEFT_VM_END, 0, 0,
		       &vm_ops);
	drm_gem_object_put(resv);

	ret = weft_tables_init(&vm->tables, w, f);
	if (ret)
		goto err_put;
	ret = xa_alloc(&w->asids, &vm->asid, xa_mk_value(WEFT_ASID_USED),
		       XA_LIMIT(0, w->num_asids - 1), GFP_KERNEL);
	if (ret) {
		ret = ret == -EBUSY ? -EDQUOT : ret;
		goto err_tables;
	}
	weft_mmio_flush_writes();
	ret = weft_mbox_as_create(w, vm->asid, type == DRM_WEFT_VM_LR ? WEFT_AS_LR : WEFT_AS_FENCE,
				  weft_tables_root(&vm->tables));
	if (ret)
		goto err_asid;
	spin_lock(&w->vms_lock);
	list_add_tail(&vm->link, &w->vms);
	spin_unlock(&w->vms_lock);
	return vm;

err_asid:
	/* Without an answer the firmware may have created it all the same. */
	xa_store(&w->asids, vm->asid, xa_mk_value(WEFT_ASID_LOST), GFP_KERNEL);
	weft_tables_fini(&vm->tables, false);
	goto err_put;
err_tables:
	weft_tables_fini(&vm->tables, true);
err_put:
	weft_vm_put(vm);
	return ERR_PTR(ret);
}

void weft_vm_kill(struct weft_vm *vm)
{
	struct weft_device *w = vm->w;
	bool stopped = true;

	mutex_lock(&vm->lock);
	WRITE_ONCE(vm->dead, true);
	mutex_unlock(&vm->lock);
	spin_lock(&w->vms_lock);
	list_del(&vm->link);
	spin_unlock(&w->vms_lock);
	weft_binds_end(vm);
	if (weft_vma_clear(vm))
		stopped = false;
	/* An address space of an earlier generation went with the reset. */
	if (stopped && !weft_vm_check(vm) && !READ_ONCE(w->quiet))
		stopped = !weft_mbox_as_destroy(w, vm->asid);
	mutex_lock(&w->bind_lock);
	weft_tables_fini(&vm->tables, stopped);
	mutex_unlock(&w->bind_lock);
	if (stopped)
		xa_erase(&w->asids, vm->asid);
	else
		xa_store(&w->asids, vm->asid, xa_mk_value(WEFT_ASID_LOST), GFP_KERNEL);
	weft_file_uncharge(vm->f, DRM_WEFT_QUOTA_VMS, 1);
	weft_vm_put(vm);
}

int weft_vm_create_ioctl(struct weft_device *w, struct weft_file *f, void *data)
{
	struct drm_weft_vm_create *args = data;
	struct weft_vm *vm;
	int ret;

	if (args->flags || args->pad || args->type > DRM_WEFT_VM_LR)
		return -EINVAL;
	if (args->type == DRM_WEFT_VM_LR && !(w->caps & WEFT_CAP_LR)) {
		drm_dbg(&w->drm, "the card lacks capability LR\n");
		return -EOPNOTSUPP;
	}
	ret = weft_file_charge(f, DRM_WEFT_QUOTA_VMS, 1);
	if (ret)
		return ret;
	vm = create(w, f, args->type);
	if (IS_ERR(vm)) {
		weft_file_uncharge(f, DRM_WEFT_QUOTA_VMS, 1);
		return PTR_ERR(vm);
	}
	/* Published when it can no longer fail. */
	ret = xa_alloc(&f->vms, &args->vm_id, vm, xa_limit_31b, GFP_KERNEL_ACCOUNT);
	if (ret)
		weft_vm_kill(vm);
	return ret;
}

int weft_vm_destroy_ioctl(struct weft_device *w, struct weft_file *f, void *data)
{
	struct drm_weft_vm_destroy *args = data;
	struct weft_vm *vm;
	int ret = 0;

	if (args->pad)
		return -EINVAL;
	vm = weft_vm_get(f, args->vm_id);
	if (!vm)
		return -ENOENT;
	mutex_lock(&vm->lock);
	if (vm->dead)
		ret = -ENOENT;
	else if (vm->queues)
		ret = -EBUSY;
	else
		WRITE_ONCE(vm->dead, true);
	mutex_unlock(&vm->lock);
	if (!ret) {
		xa_erase(&f->vms, args->vm_id);
		weft_vm_kill(vm);
	}
	weft_vm_put(vm);
	return ret;
}
