/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* What objects made with GEM_SEM have besides memory: arm pages, and who may write each page. */
#ifndef WEFT_SEM_H
#define WEFT_SEM_H

#include <linux/types.h>

struct weft_bo;
struct weft_carve_block;
struct weft_device;
struct weft_file;
struct weft_window;

/**
 * struct weft_sem_page - who may write a page
 * @writer: &weft_file.id of the one file that signals there; 0 = nobody yet
 * @claims: of calls that have not ended yet
 * @kept: one of them ended well: the writer stays
 */
struct weft_sem_page {
	u64 writer;
	u32 claims;
	bool kept;
};

/**
 * struct weft_sem - cells of a local object
 * @arm: its arm pages in the carve-out, one for each page; NULL on a card without CELLS
 * @window: of the arm pages
 * @bound: pages whose arm page the card knows
 * @page: its pages
 */
struct weft_sem {
	struct weft_carve_block *arm;
	struct weft_window *window;
	u64 bound;
	struct weft_sem_page page[];
};

/* For a new local object with its memory. -ENOMEM, -EDQUOT, -ENOSPC, -EIO, -EINVAL: too large. */
int weft_sem_create(struct weft_bo *bo, struct weft_file *f);
void weft_sem_destroy(struct weft_bo *bo);

/* The object whose cells they are, also of another card; NULL when there are none. */
struct weft_bo *weft_sem_home(struct weft_bo *bo);

/*
 * @f is to signal in a range of the object: 0, or -EBUSY when another file does in one of its
 * pages. What was claimed is settled when it is known whether the file does: if it is kept, it
 * stays so for the life of the object, because a cell whose writer died is poisoned for good.
 */
int weft_sem_claim(struct weft_bo *bo, struct weft_file *f, u64 offset, u64 bytes);
void weft_sem_settle(struct weft_bo *bo, u64 offset, u64 bytes, bool keep);

/* Local-memory offset of the cell at @offset of a home object, which is inside of it. */
u64 weft_sem_cell(struct weft_bo *home, u64 offset);

/*
 * Object of a handle whose cell at @offset this card can look at: SEM, of this card, with @rights.
 * Referenced; -ENOENT, -EINVAL, -EACCES, -ECANCELED.
 */
struct weft_bo *weft_sem_lookup(struct weft_file *f, u32 handle, u64 offset, u32 rights);

/* Arm pages of a handle; window and object referenced. */
struct weft_window *weft_sem_window(struct weft_file *f, u32 handle);

#endif
