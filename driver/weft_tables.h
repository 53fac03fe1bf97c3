/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* Where page tables live: shadow in kernel memory, the card's copy in the carve-out. */
#ifndef WEFT_TABLES_H
#define WEFT_TABLES_H

#include <linux/list.h>

#include "weft_pt.h"

struct weft_device;
struct weft_file;

/**
 * struct weft_tables - a page table and the tables it gave back that the card may still walk
 * @f: who is charged, NULL for nobody; referenced by the owner
 * @error: why the last table could not be had
 */
struct weft_tables {
	struct weft_device *w;
	struct weft_file *f;
	struct weft_pt pt;
	int error;
	struct list_head dead;
};

/* -EDQUOT, -ENOSPC, -ENOMEM */
int weft_tables_init(struct weft_tables *t, struct weft_device *w, struct weft_file *f);

/* Local-memory offset of the root. */
u64 weft_tables_root(const struct weft_tables *t);

/* After an invalidate: @stopped tells whether it completed; tables are quarantined otherwise. */
void weft_tables_release(struct weft_tables *t, bool stopped);

/* Also the rest, root included. */
void weft_tables_fini(struct weft_tables *t, bool stopped);

#endif
