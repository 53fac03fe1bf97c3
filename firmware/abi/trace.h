/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Copyright 2026 The weft authors */
/*
 * Trace records: a queue with WEFT_QUEUE_F_TRACE appends one per retired packet to the trace ring that `trace` of its
 * ring control names, in its own address space. Times are card clock in ns.
 */
#ifndef WEFT_ABI_TRACE_H
#define WEFT_ABI_TRACE_H

#include "base.h"

struct weft_trace_record {
	uint16_t lane;		/* queue */
	uint16_t packet;	/* index in its list, low 16 bits: a list can have 2^20 packets */
	uint32_t seq;		/* low 32 bits of the innermost LOOP's `it`, outside LOOP of the ring index */
	uint64_t ready_ns;	/* the packet could have started (its waits were satisfied) */
	uint64_t start_ns;
	uint64_t end_ns;
};
WEFT_ASSERT_SIZE(struct weft_trace_record, 32);

/* Header of a trace ring, followed by 2^log2 records. */
struct weft_trace_ring {
	uint64_t written;	/* records written so far, by the card */
	uint64_t taken;		/* records taken so far, by the reader */
	uint64_t dropped;	/* records lost because the ring was full */
	uint32_t log2;
	uint32_t reserved[9];
};
WEFT_ASSERT_SIZE(struct weft_trace_ring, 64);

#endif
