/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* Where page tables live: shadow in kernel memory, the card's copy in the carve-out. */
#ifndef WEFT_TABLES_H
#define WEFT_TABLES_H

#include <linux/list.h>
#include <linux/spinlock.h>

#include "weft_pt.h"

struct weft_device;
struct weft_file;

/**
 * struct weft_tables - a page table and the tables it gave back that the card may still walk
 * @f: who is charged, NULL for nobody; referenced by the owner
 * @gen: reset generation of the card that they are of; those of an earlier one are not written
 * @error: why the last table could not be had
 * @pool: a few zeroed ones kept for the next change, @pooled of them
 * @spare: new tables come from this list; NULL: they are allocated when needed
 */
struct weft_tables {
	struct weft_device *w;
	struct weft_file *f;
	u64 gen;
	struct weft_pt pt;
	int error;
	struct list_head *spare;
	struct list_head dead;
	spinlock_t pool_lock;	/* pool, pooled */
	struct list_head pool;
	unsigned int pooled;
};

/* -EDQUOT, -ENOSPC, -ENOMEM */
int weft_tables_init(struct weft_tables *t, struct weft_device *w, struct weft_file *f);

/* Local-memory offset of the root. */
u64 weft_tables_root(const struct weft_tables *t);

/*
 * Adds @count tables to a list, from which a change can take them later, where nothing may be
 * allocated. What was added before a failure stays. -EDQUOT, -ENOSPC, -ENOMEM, -EINTR: the caller
 * is being killed.
 */
int weft_tables_prepare(struct weft_tables *t, u64 count, struct list_head *spare);

/* Takes back those that were not used. */
void weft_tables_unprepare(struct weft_tables *t, struct list_head *spare);

/* Moves the tables given back so far to @dead. */
void weft_tables_take_dead(struct weft_tables *t, struct list_head *dead);

/* After an invalidate: @stopped tells whether it completed; tables are quarantined otherwise. */
void weft_tables_free(struct weft_tables *t, struct list_head *dead, bool stopped);

/* All of them, root included. */
void weft_tables_fini(struct weft_tables *t, bool stopped);

#endif
