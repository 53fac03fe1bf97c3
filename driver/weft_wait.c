// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include <firmware/abi/reg.h>

#include "weft_device.h"
#include "weft_gem.h"
#include "weft_reset.h"
#include "weft_sem.h"
#include "weft_wait.h"

int weft_wait_begin(struct weft_device *w, struct weft_file *f, struct weft_wait *wait, u32 handle,
		    u64 offset)
{
	struct weft_bo *bo;
	int ret;

	if (!(w->caps & WEFT_CAP_WATCH)) {
		drm_dbg(&w->drm, "the card lacks capability WATCH\n");
		return -EOPNOTSUPP;
	}
	bo = weft_sem_lookup(f, handle, offset, DRM_WEFT_RIGHT_READ);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	wait->bo = bo;
	wait->inserted = false;
	ret = weft_watch_take(w, f, &wait->watch, weft_sem_cell(weft_sem_home(bo), offset));
	if (ret)
		weft_bo_put(bo);
	return ret;
}

void weft_wait_read(struct weft_device *w, u64 at, struct weft_cell *cell)
{
	/* Word by word: each is stored by one access, end and fault after the value they are of. */
	cell->fault = weft_mmio_lmem_read64(w, at + offsetof(struct weft_cell, fault));
	cell->end = weft_mmio_lmem_read64(w, at + offsetof(struct weft_cell, end));
	cell->value = weft_mmio_lmem_read64(w, at + offsetof(struct weft_cell, value));
}

static bool decided(const struct weft_cell *cell, u64 wanted)
{
	return (s64)(cell->value - wanted) >= 0 || cell->fault || cell->end;
}

int weft_wait_look(struct weft_device *w, struct weft_wait *wait, bool sleeps)
{
	int ret = weft_bo_check(wait->bo);

	if (ret)
		return ret;
	/*
	 * Inserted before the cell is looked at, so that no signal falls in between. Fired but not
	 * decided: the card saw another value than we do now; ask again.
	 */
	if (sleeps && (!wait->inserted || READ_ONCE(wait->watch.fired))) {
		WRITE_ONCE(wait->watch.fired, false);
		weft_watch_insert(w, &wait->watch, wait->wanted);
		wait->inserted = true;
	}
	weft_wait_read(w, wait->watch.cell, &wait->now);
	ret = decided(&wait->now, wait->wanted);
	/* A card that went meanwhile reads as all-ones from some word on; the value is the last. */
	if (!~wait->now.value && weft_mmio_gone(w)) {
		weft_reset_lost(w, "CELL_WAIT");
		ret = -ENODEV;
	}
	return ret;
}

void weft_wait_end(struct weft_device *w, struct weft_wait *wait, bool up)
{
	weft_watch_give(w, &wait->watch, up && wait->inserted);
	weft_bo_put(wait->bo);
}
