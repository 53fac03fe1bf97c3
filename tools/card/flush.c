// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Order over links: a read does not pass the writes before it, so reading one word behind a link flushes it.
 *
 * A link that answers later than in 5 ms is down. What an emulated link takes is on the link's account, not on the clock of
 * the machine that emulates it: there the answer is a load that takes no time, and neither the clock on the wall nor the
 * thread's own tells more than how busy that machine is (a thread that is off its core for 5 ms, a hypervisor that steals
 * as much). So a flush is judged by when its link answers, which is later only if that was injected, and not by when the
 * engine's thread gets to see the answer.
 */
#include "defect.h"
#include "engine.h"

#define FLUSH_NS	5000000

static bool read_back(struct wcard_run *r, uint64_t at)
{
	uint64_t word;

	return wcard_acc_bus_word(&r->acc, at, &word) && word != UINT64_MAX;
}

/*
 * All links are asked at once, so that the last answer, or the deadline, comes within what a unit may take. False: one link
 * is late.
 */
static bool await(struct wcard_run *r, uint64_t links)
{
	uint64_t last = 0, limit = WCARD_BROKEN(flush_takes_any_time) ? UINT64_C(4) * FLUSH_NS : FLUSH_NS;

	for (; links; links &= links - 1) {
		uint64_t ns = wcard_inject_link_ns(r->q->c, (unsigned int)__builtin_ctzll(links));

		last = ns > last ? ns : last;
	}
	if (last)
		wcard_inject_pause(r, last < limit ? last : limit);
	return last <= limit;
}

/*
 * Inside a unit. A FENCE leaves out links that have no word to read; to the host it is ordered without one, because the
 * host reads its value from the card. 0, or the queue's fault.
 */
int wcard_flush(struct wcard_run *r, bool fence)
{
	struct wcard_queue *q = r->q;
	uint64_t dirty = q->dirty_links, ask = 0;

	if (fence && !WCARD_BROKEN(fence_before_data))
		wcard_acc_flush_host(&r->acc);
	if (!dirty)
		return 0;
	/* Streaming stores of earlier packets are weakly ordered until here. */
	atomic_thread_fence(memory_order_seq_cst);
	for (; dirty; dirty &= dirty - 1) {
		unsigned int link = (unsigned int)__builtin_ctzll(dirty);
		uint64_t at = atomic_load(&q->c->flush[link]);

		if ((!at || WCARD_BROKEN(fence_no_flush)) && fence)
			continue;
		if (!at || ((r->acc.link_off >> link & 1) && !WCARD_BROKEN(flush_masked)))
			return wcard_acc_fault(&r->acc, WEFT_FAULT_LINK_DOWN, 0);
		ask |= UINT64_C(1) << link;
	}
	if (!await(r, ask))
		return wcard_acc_fault(&r->acc, WEFT_FAULT_LINK_DOWN, 0);
	for (; ask; ask &= ask - 1) {
		unsigned int link = (unsigned int)__builtin_ctzll(ask);

		if (!read_back(r, atomic_load(&q->c->flush[link])))
			return wcard_acc_fault(&r->acc, WEFT_FAULT_LINK_DOWN, 0);
		if (!WCARD_BROKEN(flush_stays_dirty))
			q->dirty_links &= ~(UINT64_C(1) << link);
	}
	return 0;
}
