// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Order over links: a read does not pass the writes before it, so reading one word behind a link flushes it. */
#include "defect.h"
#include "engine.h"

#define FLUSH_NS	5000000		/* a link that takes longer is down … */
#define TRIES		8		/* … but an engine thread may be off its core just then */

static bool read_back(struct wcard_run *r, uint64_t at)
{
	for (unsigned int i = 0; i < TRIES; i++) {
		uint64_t start = wcard_now(r->e->m), word;

		if (!wcard_acc_bus_word(&r->acc, at, &word) || word == UINT64_MAX)
			return false;
		if (wcard_now(r->e->m) - start <= FLUSH_NS)
			return true;
	}
	return false;
}

/*
 * Inside a unit. A FENCE leaves out links that have no word to read; to the host it is ordered without one, because the
 * host reads its value from the card. 0, or the queue's fault.
 */
int wcard_flush(struct wcard_run *r, bool fence)
{
	struct wcard_queue *q = r->q;
	uint64_t dirty = q->dirty_links;

	if (fence && !WCARD_BROKEN(fence_before_data))
		wcard_acc_flush_host(&r->acc);
	if (!dirty)
		return 0;
	/* Streaming stores of earlier packets are weakly ordered until here. */
	atomic_thread_fence(memory_order_seq_cst);
	for (; dirty; dirty &= dirty - 1) {
		unsigned int link = (unsigned int)__builtin_ctzll(dirty);
		uint64_t at = atomic_load(&q->c->flush[link]);

		if (!at && fence)
			continue;
		if ((r->acc.link_off >> link & 1) || !at || !read_back(r, at))
			return wcard_acc_fault(&r->acc, WEFT_FAULT_LINK_DOWN, 0);
		if (!WCARD_BROKEN(flush_stays_dirty))
			q->dirty_links &= ~(UINT64_C(1) << link);
	}
	return 0;
}
