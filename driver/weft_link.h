/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Link tags: which peer an entry with LINK n leads to. Tag 0 is host memory. A peer keeps its tag
 * while it exists.
 */
#ifndef WEFT_LINK_H
#define WEFT_LINK_H

#include <linux/mutex.h>
#include <linux/types.h>

struct weft_device;

#define WEFT_LINK_MAX	32

/**
 * struct weft_links - @peer of each tag (compared only, never dereferenced), its @serial, importing
 * objects @users, those of them that are @mapped, and whether accesses fail because the peer is
 * gone (@masked)
 */
struct weft_links {
	struct mutex lock;	/* tag */
	struct {
		const struct weft_device *peer;
		u32 serial;
		u32 users;
		u32 mapped;
		bool masked;
	} tag[WEFT_LINK_MAX];
};

void weft_link_init(struct weft_device *w);

/* Tag of a peer for one more importing object; -ENOSPC when all are taken by others in use. */
int weft_link_get(struct weft_device *w, const struct weft_device *peer);
/* True when that was the last use. */
bool weft_link_put(struct weft_device *w, u32 tag);

/* The peer is gone: accesses through the link fail, until the last mapping of it has ended. */
void weft_link_mask(struct weft_device *w, u32 tag);
void weft_link_mapped(struct weft_device *w, u32 tag);
void weft_link_unmapped(struct weft_device *w, u32 tag);

/* Serial behind a tag, 0xffffffff when none. */
u32 weft_link_serial(struct weft_device *w, u32 tag);

#endif
