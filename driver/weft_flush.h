/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Words that the card reads to flush a link: one in host memory, one in the carve-out of each peer.
 * Each holds a constant, which is not all-ones, for as long as anybody may read it.
 */
#ifndef WEFT_FLUSH_H
#define WEFT_FLUSH_H

#include <linux/mutex.h>
#include <linux/types.h>

#include "weft_link.h"

struct weft_bo;
struct weft_carve_block;
struct weft_device;

/**
 * struct weft_flush - words of this card for its peers, and of its peers for this card
 * @lock: everything below but @bus; the first and the last use of a tag
 * @host: word in host memory; @host_bus its address
 * @word: page in the carve-out
 * @import: of the peer behind each tag
 * @bus: address of its word, 0 when there is none; written under the reservation of @import
 */
struct weft_flush {
	struct mutex lock;	/* everything below but bus */
	u64 *host;
	dma_addr_t host_bus;
	struct weft_carve_block *word;
	struct weft_bo *import[WEFT_LINK_MAX];
	u64 bus[WEFT_LINK_MAX];
};

void weft_flush_init(struct weft_device *w);

/* Tells the card; again after every FLR. -ENOMEM, -ENOSPC. */
int weft_flush_start(struct weft_device *w);

/* At removal: nobody reads the words any more. */
void weft_flush_fini(struct weft_device *w);

/* weft_link_get(), and never between the last use of a tag and the end of the word there. */
int weft_flush_get(struct weft_device *w, const struct weft_device *peer);

/*
 * A peer's memory is imported under @tag, which the caller holds: makes its word known. Without it
 * SIGNALs of system scope fault LINK_DOWN, so an error is one of the import: -ENOMEM, or what the
 * peer's state gives.
 */
int weft_flush_open(struct weft_device *w, struct weft_device *peer, u32 tag);

/* Ends a use of the tag, 0 for none; with the last one the word goes. */
void weft_flush_put(struct weft_device *w, u32 tag);

/* The import of a word was taken away; its reservation and bind_lock are held. */
void weft_flush_lost(struct weft_device *w, u32 tag);

#endif
