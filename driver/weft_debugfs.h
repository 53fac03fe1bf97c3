/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Files for looking inside, in the node's debugfs folder. Each can be read in any state of the
 * card: what only the card knows is left out while it cannot be asked (weft_look.h), nothing waits,
 * nothing wakes it up.
 */
#ifndef WEFT_DEBUGFS_H
#define WEFT_DEBUGFS_H

#include <drm/drm_debugfs.h>

struct seq_file;
struct weft_device;

#define WEFT_DEBUGFS_QUEUE_FILES	3
#define WEFT_DEBUGFS_CARD_FILES		5
extern const struct drm_debugfs_info weft_debugfs_queue_files[WEFT_DEBUGFS_QUEUE_FILES];
extern const struct drm_debugfs_info weft_debugfs_card_files[WEFT_DEBUGFS_CARD_FILES];

/* Before drm_dev_register(). */
void weft_debugfs_register(struct weft_device *w);

/* The card whose file it is. */
struct weft_device *weft_debugfs_device(struct seq_file *m);

#endif
