// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include <firmware/abi/cell.h>
#include <firmware/abi/fault.h>
#include <firmware/abi/reg.h>

#include "weft_device.h"
#include "weft_file.h"
#include "weft_notify.h"
#include "weft_sem.h"

static int prepare_eventfd(struct weft_notify *n, const struct drm_weft_vm_bind *args)
{
	struct eventfd_ctx *ctx;

	if (args->done_id || args->done_offset || args->done_value || args->done_handle > INT_MAX)
		return -EINVAL;
	ctx = eventfd_ctx_fdget(args->done_handle);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	n->eventfd = ctx;
	return 0;
}

static int prepare_cell(struct weft_notify *n, struct weft_file *f,
			const struct drm_weft_vm_bind *args)
{
	struct weft_bo *bo;
	int ret;

	if (!(f->w->caps & WEFT_CAP_CELLS)) {
		drm_dbg(&f->w->drm, "the card lacks capability CELLS\n");
		return -EOPNOTSUPP;
	}
	bo = weft_sem_lookup(f, args->done_handle, args->done_offset,
			     DRM_WEFT_RIGHT_WRITE | DRM_WEFT_RIGHT_SEM);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	n->bo = bo;
	n->at = weft_sem_cell(weft_sem_home(bo), args->done_offset);
	n->value = args->done_value;
	n->id = args->done_id;
	n->offset = args->done_offset;
	ret = weft_sem_claim(bo, f, n->offset, sizeof(struct weft_cell));
	n->claimed = !ret;
	return ret;
}

int weft_notify_prepare(struct weft_notify *n, struct weft_file *f,
			const struct drm_weft_vm_bind *args)
{
	switch (args->done) {
	case DRM_WEFT_BIND_DONE_NONE:
		return args->done_handle || args->done_id || args->done_offset || args->done_value ?
		       -EINVAL : 0;
	case DRM_WEFT_BIND_DONE_EVENTFD:
		return prepare_eventfd(n, args);
	case DRM_WEFT_BIND_DONE_CELL:
		return prepare_cell(n, f, args);
	default:
		return -EINVAL;
	}
}

/* Card entered. */
static void store(struct weft_device *w, const struct weft_notify *n, int result)
{
	struct weft_safe_fault fault = {
		.cell = n->at,
		.word = WEFT_CELL_FAULT(WEFT_CELL_POISON, WEFT_FAULT_STOPPED,
					WEFT_CELL_ORIGIN(w->serial, n->id)),
	};
	u64 at = n->at + offsetof(struct weft_cell, value);

	if (result) {
		weft_safe_cell_faults(w, &fault, 1);
		return;
	}
	/* Values never decrease. */
	if ((s64)(n->value - weft_mmio_lmem_read64(w, at)) > 0)
		weft_mmio_lmem_write64(w, at, n->value);
	weft_mmio_flush_writes();
	weft_scrub_kick(w, n->at);
}

static void tell_cell(struct weft_device *w, const struct weft_notify *n, int result)
{
	int idx;

	/* By a worker that is not frozen with the machine. */
	weft_pm_get_open(w, WEFT_PM_CALL);
	if (!drm_dev_enter(&w->drm, &idx))
		goto put;
	/* Taken or waited for by a reset alone, and with that the cell and its waiters are gone. */
	if (down_read_trylock(&w->reset_sem)) {
		if (!weft_device_check(w) && !weft_bo_check(n->bo))
			store(w, n, result);
		up_read(&w->reset_sem);
	}
	drm_dev_exit(idx);
put:
	weft_pm_put(w, WEFT_PM_CALL);
}

void weft_notify_tell(struct weft_device *w, const struct weft_notify *n, int result)
{
	if (n->eventfd)
		eventfd_signal(n->eventfd);
	if (n->bo)
		tell_cell(w, n, result);
}

void weft_notify_clean(struct weft_notify *n, bool used)
{
	if (n->eventfd)
		eventfd_ctx_put(n->eventfd);
	if (n->claimed)
		weft_sem_settle(n->bo, n->offset, sizeof(struct weft_cell), used);
	if (n->bo)
		weft_bo_put(n->bo);
}
