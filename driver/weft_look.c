// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/pm_runtime.h>

#include "weft_device.h"
#include "weft_look.h"

bool weft_look_begin(struct weft_look *look, struct weft_device *w)
{
	int ret;

	look->w = w;
	if (!down_read_trylock(&w->reset_sem))
		return false;
	if (weft_device_check(w))
		goto no;
	ret = pm_runtime_get_if_active(&w->pdev->dev);
	/* Asleep; negative is no runtime power management, so it is awake. */
	if (!ret)
		goto no;
	look->awake = ret > 0;
	return true;
no:
	up_read(&w->reset_sem);
	return false;
}

void weft_look_end(struct weft_look *look)
{
	if (look->awake)
		pm_runtime_put(&look->w->pdev->dev);
	up_read(&look->w->reset_sem);
}
