/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* A look at the card by who must not disturb it, nor wait for it: files of sysfs and debugfs. */
#ifndef WEFT_LOOK_H
#define WEFT_LOOK_H

#include <linux/types.h>

struct weft_device;

/*
 * True: the card is up and awake, and stays so until weft_look_end(), which must follow. False: in
 * reset, suspended, wedged or gone; nothing to end. Never waits, wakes nothing up.
 */
bool weft_look_begin(struct weft_device *w);
void weft_look_end(struct weft_device *w);

#endif
