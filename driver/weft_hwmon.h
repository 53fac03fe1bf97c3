/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Temperature, power, clock and throttling for monitors. To look never wakes the card: asleep it
 * gives -EAGAIN.
 */
#ifndef WEFT_HWMON_H
#define WEFT_HWMON_H

struct weft_device;

/*
 * Registers what the card can tell, for the life of the binding; a failure costs the monitor and
 * nothing else.
 */
void weft_hwmon_register(struct weft_device *w);

#endif
