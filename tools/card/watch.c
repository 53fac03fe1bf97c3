// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* WATCH: an event out of a cell. A watch waits like a parked queue; what wakes it is its event, and it is gone. */
#include "access.h"
#include "defect.h"
#include "waiter.h"

void wcard_watch_fire(struct wcard_card *c, struct wcard_waiter *w)
{
	const struct wcard_watch *watch = (const struct wcard_watch *)(const void *)w;

	wcard_event(c, WEFT_EVT_WATCH, (uint32_t)(watch - c->cells->watch), 0, 0, watch->cookie);
}
_Static_assert(offsetof(struct wcard_watch, w) == 0, "a watch begins with its waiter");

void wcard_watch_cmd(struct wcard_card *c, uint32_t cmd)
{
	unsigned int entry = cmd & 0xffff;
	bool insert = cmd & WEFT_WATCH_INSERT;
	struct wcard_watch *watch;

	if (entry >= WCARD_NUM_WATCHES || (insert && (c->r.watch_cell % sizeof(struct weft_cell) ||
						      c->r.watch_cell >= atomic_load(&c->user_limit)))) {
		atomic_fetch_add_explicit(&c->bad_kicks, 1, memory_order_relaxed);
		return;
	}
	watch = &c->cells->watch[entry];
	pthread_mutex_lock(&c->m->lock);
	if (watch->w.linked)
		wcard_cell_leave(c, &watch->w);
	if (insert) {
		watch->cookie = c->r.watch_cookie;
		wcard_cell_enter(c, &watch->w, c->r.watch_cell, c->r.watch_value);
		if (!WCARD_BROKEN(watch_no_first_look))
			wcard_cell_wake(c, c->r.watch_cell);
	}
	pthread_mutex_unlock(&c->m->lock);
}
