/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Trace rings of the test's own, and what a record in one has to say. */
#ifndef CT_TRACING_H
#define CT_TRACING_H

#include "queue.h"

#include "firmware/abi/trace.h"

struct ring {
	volatile struct weft_trace_ring *h;
	volatile struct weft_trace_record *rec;
	uint32_t size;
};

/* A trace ring at `va` of the queue's space; the queue sees it when it is taken up next. */
struct ring ring_open(struct queue *q, uint64_t va, uint32_t log2);
struct queue *traced(struct space *s);		/* a queue that is traced */
void record_is(struct ring *t, unsigned i, struct queue *q, unsigned packet, uint32_t seq);

#endif
