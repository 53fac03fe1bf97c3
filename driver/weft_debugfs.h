/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
#ifndef WEFT_DEBUGFS_H
#define WEFT_DEBUGFS_H

struct weft_device;

/*
 * counts: "name value" lines, for leak checks; fwlog: the firmware's log; inject, on a card with INJECT: makes errors
 * happen.
 */
void weft_debugfs_register(struct weft_device *w);

#endif
