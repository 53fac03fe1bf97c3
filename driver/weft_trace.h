/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Tracepoints. Names of events and fields are stable, units are in the names, and
 * Documentation/uapi/tracing.rst is their table; tests compare the two. `card` is the serial
 * number. Switched off, each costs one patched-out jump. Long because all of a subsystem's events
 * must be in one file.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM weft

#if !defined(WEFT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define WEFT_TRACE_H

#include <linux/timekeeping.h>
#include <linux/tracepoint.h>

#include "weft_names.h"

/*
 * Start of a measured operation, 0 while nobody listens: WEFT_TRACE_START(safe), then the event
 * with its value.
 */
#define WEFT_TRACE_START(name)		(trace_weft_##name##_enabled() ? ktime_get_ns() : 0)
#define WEFT_TRACE_SINCE(from_ns)	((from_ns) ? ktime_get_ns() - (from_ns) : 0)

/* --- jobs --- */

TRACE_EVENT(weft_job_submit,
	TP_PROTO(u32 card, u32 queue, u64 job, u64 client, u64 list, u32 packets, u32 operands),
	TP_ARGS(card, queue, job, client, list, packets, operands),
	TP_STRUCT__entry(
		__field(u32, card) __field(u32, queue) __field(u64, job) __field(u64, client)
		__field(u64, list) __field(u32, packets) __field(u32, operands)),
	TP_fast_assign(
		__entry->card = card; __entry->queue = queue; __entry->job = job;
		__entry->client = client; __entry->list = list; __entry->packets = packets;
		__entry->operands = operands;),
	TP_printk("card=%u queue=%u job=%llu client=%llu list=%#llx packets=%u operands=%u",
		  __entry->card, __entry->queue, __entry->job, __entry->client, __entry->list,
		  __entry->packets, __entry->operands)
);

/* A fence that the job waits for, or its own when it is armed. */
DECLARE_EVENT_CLASS(weft_job_fence,
	TP_PROTO(u32 card, u32 queue, u64 job, u64 context, u64 seqno),
	TP_ARGS(card, queue, job, context, seqno),
	TP_STRUCT__entry(
		__field(u32, card) __field(u32, queue) __field(u64, job) __field(u64, context)
		__field(u64, seqno)),
	TP_fast_assign(
		__entry->card = card; __entry->queue = queue; __entry->job = job;
		__entry->context = context; __entry->seqno = seqno;),
	TP_printk("card=%u queue=%u job=%llu context=%llu seqno=%llu", __entry->card,
		  __entry->queue, __entry->job, __entry->context, __entry->seqno)
);
DEFINE_EVENT(weft_job_fence, weft_job_dependency,
	     TP_PROTO(u32 card, u32 queue, u64 job, u64 context, u64 seqno),
	     TP_ARGS(card, queue, job, context, seqno));
DEFINE_EVENT(weft_job_fence, weft_job_arm,
	     TP_PROTO(u32 card, u32 queue, u64 job, u64 context, u64 seqno),
	     TP_ARGS(card, queue, job, context, seqno));

/* In the ring; `fence` is the value whose FENCE packet ends it. `error`: not run, and why. */
TRACE_EVENT(weft_job_push,
	TP_PROTO(u32 card, u32 queue, u64 job, u64 fence, int error),
	TP_ARGS(card, queue, job, fence, error),
	TP_STRUCT__entry(
		__field(u32, card) __field(u32, queue) __field(u64, job) __field(u64, fence)
		__field(int, error)),
	TP_fast_assign(
		__entry->card = card; __entry->queue = queue; __entry->job = job;
		__entry->fence = fence; __entry->error = error;),
	TP_printk("card=%u queue=%u job=%llu fence=%llu error=%d", __entry->card, __entry->queue,
		  __entry->job, __entry->fence, __entry->error)
);

TRACE_EVENT(weft_job_end,
	TP_PROTO(u32 card, u32 queue, u64 fence, int error),
	TP_ARGS(card, queue, fence, error),
	TP_STRUCT__entry(
		__field(u32, card) __field(u32, queue) __field(u64, fence) __field(int, error)),
	TP_fast_assign(
		__entry->card = card; __entry->queue = queue; __entry->fence = fence;
		__entry->error = error;),
	TP_printk("card=%u queue=%u fence=%llu error=%d", __entry->card, __entry->queue,
		  __entry->fence, __entry->error)
);

TRACE_EVENT(weft_job_free,
	TP_PROTO(u32 card, u32 queue, u64 job),
	TP_ARGS(card, queue, job),
	TP_STRUCT__entry(__field(u32, card) __field(u32, queue) __field(u64, job)),
	TP_fast_assign(__entry->card = card; __entry->queue = queue; __entry->job = job;),
	TP_printk("card=%u queue=%u job=%llu", __entry->card, __entry->queue, __entry->job)
);

/* --- queues --- */

DECLARE_EVENT_CLASS(weft_queue_life,
	TP_PROTO(u32 card, u32 queue, u32 space, u8 kind, u8 band, int error),
	TP_ARGS(card, queue, space, kind, band, error),
	TP_STRUCT__entry(
		__field(u32, card) __field(u32, queue) __field(u32, space) __field(u8, kind)
		__field(u8, band) __field(int, error)),
	TP_fast_assign(
		__entry->card = card; __entry->queue = queue; __entry->space = space;
		__entry->kind = kind; __entry->band = band; __entry->error = error;),
	TP_printk("card=%u queue=%u space=%u kind=%s band=%u error=%d", __entry->card,
		  __entry->queue, __entry->space, __entry->kind ? "user" : "job", __entry->band,
		  __entry->error)
);
DEFINE_EVENT(weft_queue_life, weft_queue_start,
	     TP_PROTO(u32 card, u32 queue, u32 space, u8 kind, u8 band, int error),
	     TP_ARGS(card, queue, space, kind, band, error));
DEFINE_EVENT(weft_queue_life, weft_queue_halt,
	     TP_PROTO(u32 card, u32 queue, u32 space, u8 kind, u8 band, int error),
	     TP_ARGS(card, queue, space, kind, band, error));
DEFINE_EVENT(weft_queue_life, weft_queue_remove,
	     TP_PROTO(u32 card, u32 queue, u32 space, u8 kind, u8 band, int error),
	     TP_ARGS(card, queue, space, kind, band, error));

TRACE_EVENT(weft_queue_fault,
	TP_PROTO(u32 card, u32 queue, u32 cause, u64 va, u64 list, u32 packet, u32 op),
	TP_ARGS(card, queue, cause, va, list, packet, op),
	TP_STRUCT__entry(
		__field(u32, card) __field(u32, queue) __field(u32, cause) __field(u64, va)
		__field(u64, list) __field(u32, packet) __field(u32, op)),
	TP_fast_assign(
		__entry->card = card; __entry->queue = queue; __entry->cause = cause;
		__entry->va = va; __entry->list = list; __entry->packet = packet;
		__entry->op = op;),
	TP_printk("card=%u queue=%u cause=%u va=%#llx list=%#llx packet=%u op=%#x", __entry->card,
		  __entry->queue, __entry->cause, __entry->va, __entry->list, __entry->packet,
		  __entry->op)
);

/* `rung`: the card had stopped looking, so the doorbell was written. */
TRACE_EVENT(weft_doorbell,
	TP_PROTO(u32 card, u32 queue, u64 tail, bool rung),
	TP_ARGS(card, queue, tail, rung),
	TP_STRUCT__entry(
		__field(u32, card) __field(u32, queue) __field(u64, tail) __field(bool, rung)),
	TP_fast_assign(
		__entry->card = card; __entry->queue = queue; __entry->tail = tail;
		__entry->rung = rung;),
	TP_printk("card=%u queue=%u tail=%llu rung=%d", __entry->card, __entry->queue,
		  __entry->tail, __entry->rung)
);

TRACE_EVENT(weft_kick,
	TP_PROTO(u32 card, u64 cell),
	TP_ARGS(card, cell),
	TP_STRUCT__entry(__field(u32, card) __field(u64, cell)),
	TP_fast_assign(__entry->card = card; __entry->cell = cell;),
	TP_printk("card=%u cell=%#llx", __entry->card, __entry->cell)
);

TRACE_EVENT(weft_wills,
	TP_PROTO(u32 card, u32 holder, u32 count, u32 cause, int error),
	TP_ARGS(card, holder, count, cause, error),
	TP_STRUCT__entry(
		__field(u32, card) __field(u32, holder) __field(u32, count) __field(u32, cause)
		__field(int, error)),
	TP_fast_assign(
		__entry->card = card; __entry->holder = holder; __entry->count = count;
		__entry->cause = cause; __entry->error = error;),
	TP_printk("card=%u holder=%u count=%u cause=%u error=%d", __entry->card, __entry->holder,
		  __entry->count, __entry->cause, __entry->error)
);

/* --- memory --- */

/* `map` 0: unmap. */
TRACE_EVENT(weft_bind,
	TP_PROTO(u32 card, u32 space, bool map, u64 va, u64 bytes, u32 flags, int error,
		 u64 took_ns),
	TP_ARGS(card, space, map, va, bytes, flags, error, took_ns),
	TP_STRUCT__entry(
		__field(u32, card) __field(u32, space) __field(bool, map) __field(u64, va)
		__field(u64, bytes) __field(u32, flags) __field(int, error) __field(u64, took_ns)),
	TP_fast_assign(
		__entry->card = card; __entry->space = space; __entry->map = map; __entry->va = va;
		__entry->bytes = bytes; __entry->flags = flags; __entry->error = error;
		__entry->took_ns = took_ns;),
	TP_printk("card=%u space=%u map=%d va=%#llx bytes=%llu flags=%#x error=%d took_ns=%llu",
		  __entry->card, __entry->space, __entry->map, __entry->va, __entry->bytes,
		  __entry->flags, __entry->error, __entry->took_ns)
);

/* Memory of `card` by a device that imports it (`device` its name). */
DECLARE_EVENT_CLASS(weft_p2p,
	TP_PROTO(u32 card, const char *device, u64 bytes, int error, u64 took_ns),
	TP_ARGS(card, device, bytes, error, took_ns),
	TP_STRUCT__entry(
		__field(u32, card) __array(char, device, 16) __field(u64, bytes) __field(int, error)
		__field(u64, took_ns)),
	TP_fast_assign(
		__entry->card = card; strscpy(__entry->device, device, sizeof(__entry->device));
		__entry->bytes = bytes; __entry->error = error; __entry->took_ns = took_ns;),
	TP_printk("card=%u device=%s bytes=%llu error=%d took_ns=%llu", __entry->card,
		  __entry->device, __entry->bytes, __entry->error, __entry->took_ns)
);
DEFINE_EVENT(weft_p2p, weft_p2p_map,
	     TP_PROTO(u32 card, const char *device, u64 bytes, int error, u64 took_ns),
	     TP_ARGS(card, device, bytes, error, took_ns));
DEFINE_EVENT(weft_p2p, weft_p2p_unmap,
	     TP_PROTO(u32 card, const char *device, u64 bytes, int error, u64 took_ns),
	     TP_ARGS(card, device, bytes, error, took_ns));
DEFINE_EVENT(weft_p2p, weft_p2p_revoke,
	     TP_PROTO(u32 card, const char *device, u64 bytes, int error, u64 took_ns),
	     TP_ARGS(card, device, bytes, error, took_ns));

/* --- the card --- */

TRACE_EVENT(weft_mbox,
	TP_PROTO(u32 card, u32 op, u32 seq, u32 status, int error, u64 took_ns),
	TP_ARGS(card, op, seq, status, error, took_ns),
	TP_STRUCT__entry(
		__field(u32, card) __field(u32, op) __field(u32, seq) __field(u32, status)
		__field(int, error) __field(u64, took_ns)),
	TP_fast_assign(
		__entry->card = card; __entry->op = op; __entry->seq = seq;
		__entry->status = status; __entry->error = error; __entry->took_ns = took_ns;),
	TP_printk("card=%u op=%s seq=%u status=%u error=%d took_ns=%llu", __entry->card,
		  weft_name_mbox(__entry->op), __entry->seq, __entry->status, __entry->error,
		  __entry->took_ns)
);

TRACE_EVENT(weft_safe,
	TP_PROTO(u32 card, u32 op, u32 seq, u64 arg0, u64 arg1, int error, u64 took_ns),
	TP_ARGS(card, op, seq, arg0, arg1, error, took_ns),
	TP_STRUCT__entry(
		__field(u32, card) __field(u32, op) __field(u32, seq) __field(u64, arg0)
		__field(u64, arg1) __field(int, error) __field(u64, took_ns)),
	TP_fast_assign(
		__entry->card = card; __entry->op = op; __entry->seq = seq; __entry->arg0 = arg0;
		__entry->arg1 = arg1; __entry->error = error; __entry->took_ns = took_ns;),
	TP_printk("card=%u op=%s seq=%u arg0=%llu arg1=%#llx error=%d took_ns=%llu", __entry->card,
		  weft_name_safe(__entry->op), __entry->seq, __entry->arg0, __entry->arg1,
		  __entry->error, __entry->took_ns)
);

/* The events it brought follow. */
TRACE_EVENT(weft_irq,
	TP_PROTO(u32 card, u32 irq),
	TP_ARGS(card, irq),
	TP_STRUCT__entry(__field(u32, card) __field(u32, irq)),
	TP_fast_assign(__entry->card = card; __entry->irq = irq;),
	TP_printk("card=%u irq=%u", __entry->card, __entry->irq)
);

TRACE_EVENT(weft_event,
	TP_PROTO(u32 card, u32 type, u32 queue, u32 cause, u64 value),
	TP_ARGS(card, type, queue, cause, value),
	TP_STRUCT__entry(
		__field(u32, card) __field(u32, type) __field(u32, queue) __field(u32, cause)
		__field(u64, value)),
	TP_fast_assign(
		__entry->card = card; __entry->type = type; __entry->queue = queue;
		__entry->cause = cause; __entry->value = value;),
	TP_printk("card=%u type=%s queue=%u cause=%u value=%#llx", __entry->card,
		  weft_name_event(__entry->type), __entry->queue, __entry->cause, __entry->value)
);

/* Stages of a reset, in order; `generation` all-ones while the card has none. */
TRACE_EVENT(weft_reset,
	TP_PROTO(u32 card, const char *stage, u64 generation, int error),
	TP_ARGS(card, stage, generation, error),
	TP_STRUCT__entry(
		__field(u32, card) __array(char, stage, 16) __field(u64, generation)
		__field(int, error)),
	TP_fast_assign(
		__entry->card = card; strscpy(__entry->stage, stage, sizeof(__entry->stage));
		__entry->generation = generation; __entry->error = error;),
	TP_printk("card=%u stage=%s generation=%lld error=%d", __entry->card, __entry->stage,
		  (s64)__entry->generation, __entry->error)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE weft_trace
#include <trace/define_trace.h>
