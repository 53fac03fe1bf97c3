// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include "weft_device.h"
#include "weft_look.h"

bool weft_look_begin(struct weft_device *w)
{
	if (!down_read_trylock(&w->reset_sem))
		return false;
	if (!READ_ONCE(w->pm.shut) && !weft_device_check(w) && weft_pm_look(w))
		return true;
	up_read(&w->reset_sem);
	return false;
}

void weft_look_end(struct weft_device *w)
{
	weft_pm_look_end(w);
	up_read(&w->reset_sem);
}
