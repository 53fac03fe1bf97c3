// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <firmware/abi/reg.h>

#include "weft_device.h"

void weft_link_init(struct weft_device *w)
{
	mutex_init(&w->links.lock);
}

int weft_link_get(struct weft_device *w, const struct weft_device *peer)
{
	u32 count = min_t(u32, w->num_links, WEFT_LINK_MAX), tag;
	struct weft_links *l = &w->links;
	int found = -ENOSPC;

	mutex_lock(&l->lock);
	/*
	 * Its old tag, also when it has been away, else an unused one, else one whose objects are
	 * all gone: counters keep their meaning longest.
	 */
	for (tag = 1; tag < count; tag++)
		if (l->tag[tag].peer == peer && l->tag[tag].serial == peer->serial)
			found = tag;
	for (tag = 1; tag < count && found < 0; tag++)
		if (l->tag[tag].peer && l->tag[tag].serial == peer->serial && !l->tag[tag].users)
			found = tag;
	for (tag = 1; tag < count && found < 0; tag++)
		if (!l->tag[tag].peer)
			found = tag;
	for (tag = 1; tag < count && found < 0; tag++)
		if (!l->tag[tag].users)
			found = tag;
	if (found > 0) {
		l->tag[found].peer = peer;
		l->tag[found].serial = peer->serial;
		l->tag[found].users++;
	}
	mutex_unlock(&l->lock);
	return found;
}

bool weft_link_put(struct weft_device *w, u32 tag)
{
	bool last;

	if (!tag)
		return false;
	mutex_lock(&w->links.lock);
	last = !--w->links.tag[tag].users;
	mutex_unlock(&w->links.lock);
	return last;
}

/* The lock is held over our own card's operation, so that a mask and its end keep their order. */
void weft_link_mask(struct weft_device *w, u32 tag)
{
	if (!(w->caps & WEFT_CAP_LINK_MASK))
		return;
	mutex_lock(&w->links.lock);
	if (!w->links.tag[tag].masked && !weft_safe_link_mask(w, tag)) {
		w->links.tag[tag].masked = true;
		atomic64_inc(&w->stats.link_masks);
	}
	mutex_unlock(&w->links.lock);
}

void weft_link_mapped(struct weft_device *w, u32 tag)
{
	if (!tag)
		return;
	mutex_lock(&w->links.lock);
	w->links.tag[tag].mapped++;
	mutex_unlock(&w->links.lock);
}

void weft_link_unmapped(struct weft_device *w, u32 tag)
{
	if (!tag)
		return;
	mutex_lock(&w->links.lock);
	/* No entry names the link any more, and none is cached. */
	if (!--w->links.tag[tag].mapped && w->links.tag[tag].masked)
		w->links.tag[tag].masked = weft_safe_link_unmask(w, tag);
	mutex_unlock(&w->links.lock);
}

u32 weft_link_serial(struct weft_device *w, u32 tag)
{
	u32 serial = ~0u;

	mutex_lock(&w->links.lock);
	if (tag < WEFT_LINK_MAX && w->links.tag[tag].peer)
		serial = w->links.tag[tag].serial;
	mutex_unlock(&w->links.lock);
	return serial;
}
