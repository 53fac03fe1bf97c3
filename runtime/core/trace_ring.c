/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The trace ring of a user queue, which the card fills and the process empties, as the card contract has it. */
#include <errno.h>

#include "trace.h"

#include "user_queue.h"

static struct weft_trace_ring *ring_of(const struct weft_user_queue *q)
{
	return q->trace->map;
}

uint64_t weft_trace_bytes(uint32_t log2)
{
	return sizeof(struct weft_trace_ring) + (sizeof(struct weft_trace_record) << log2);
}

void weft_trace_init(struct weft_user_queue *q)
{
	struct weft_trace_ring *ring = ring_of(q);

	memset(ring, 0, sizeof(*ring));
	ring->log2 = q->trace_log2;
}

int weft_user_queue_trace(struct weft_user_queue *queue, struct weft_user_queue_record *records, uint32_t max,
			  uint64_t *dropped)
{
	const struct weft_trace_record *record;
	struct weft_trace_ring *ring;
	uint64_t size, taken, ready;
	int ret = weft_handle(queue, WEFT_MAGIC_USER_QUEUE, __func__);

	if (ret)
		return ret;
	if (!queue->trace || (max && !records))
		return weft_fail(-EINVAL, "weft_user_queue_trace: %s", max && !records ? "no room for records" :
				 "the queue was not made with WEFT_USER_QUEUE_TRACE");
	ring = ring_of(queue);
	size = 1ull << queue->trace_log2;
	record = (const struct weft_trace_record *)(ring + 1);
	taken = ring->taken;
	/* the card stores a record before it counts it, and does not reuse the place before we have counted it */
	ready = __atomic_load_n(&ring->written, __ATOMIC_ACQUIRE) - taken;
	if (ready > size)
		ready = size;
	if (ready > max)
		ready = max;
	for (uint64_t i = 0; i < ready; i++) {
		const struct weft_trace_record *r = &record[(taken + i) & (size - 1)];

		records[i] = (struct weft_user_queue_record) {
			.lane = r->lane, .packet = r->packet, .seq = r->seq, .ready_ns = r->ready_ns,
			.start_ns = r->start_ns, .end_ns = r->end_ns,
		};
	}
	__atomic_store_n(&ring->taken, taken + ready, __ATOMIC_RELEASE);
	if (dropped)
		*dropped = __atomic_load_n(&ring->dropped, __ATOMIC_ACQUIRE);
	return (int)ready;
}
