/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Counts of reliability, per card, in sysfs (folder ras/ of the PCI device). DRM's own interface
 * for them, drm_ras, is not exported to modules; what stands here has one number a file, so that it
 * can be moved there.
 */
#ifndef WEFT_RAS_H
#define WEFT_RAS_H

#include <linux/types.h>

struct attribute_group;
struct weft_device;

extern const struct attribute_group *weft_ras_groups[];

/* As the card counts them, or as last read while it cannot be asked. Never waits. */
u64 weft_ras_ecc_corrected(struct weft_device *w);

#endif
