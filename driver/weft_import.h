/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * dma-bufs of other devices: dynamic attachments, peer-to-peer allowed, let go at once when their
 * owner asks.
 */
#ifndef WEFT_IMPORT_H
#define WEFT_IMPORT_H

#include <linux/types.h>

struct dma_buf;
struct dma_buf_attachment;
struct weft_bo;
struct weft_device;
struct weft_file;

/*
 * What no weft card exports is charged to @f (else NULL will do). -EDQUOT, -EINVAL, -ENOSPC: no
 * link tag, the owner's errno.
 */
struct weft_bo *weft_import_create(struct weft_device *w, struct weft_file *f,
				   struct dma_buf *dmabuf);

/* The word a peer is flushed by; see weft_flush.h. Does not count as a user of the tag. */
struct weft_bo *weft_import_create_flush(struct weft_device *w, struct dma_buf *dmabuf, u32 tag);

/* An attachment of a weft card, this one or another. */
bool weft_import_is_ours(struct dma_buf_attachment *attach);

/* Its device can use peers' addresses that an IOMMU translates; assumed of foreign drivers. */
bool weft_import_follows_iova(struct dma_buf_attachment *attach);

/* Maps it for the card if it is not yet; reservation held. The owner's errno when it refuses. */
int weft_import_map(struct weft_bo *bo);

/* Takes it out of every address space and ends the mapping. */
void weft_import_unmap(struct weft_bo *bo);
void weft_import_free(struct weft_bo *bo);

#endif
