/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* Objects in host memory: pages of our own, mapped for the card as long as they live. */
#ifndef WEFT_SYSMEM_H
#define WEFT_SYSMEM_H

#include <linux/types.h>

struct weft_bo;
struct weft_device;
struct weft_file;

struct weft_bo *weft_sysmem_create(struct weft_device *w, struct weft_file *f, u64 bytes,
				   u32 flags);

/* Ends the card's mapping; the pages stay for the processor. */
void weft_sysmem_unmap(struct weft_bo *bo);
void weft_sysmem_free(struct weft_bo *bo);

#endif
