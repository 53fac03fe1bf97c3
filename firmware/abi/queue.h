/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Copyright 2026 The weft authors */
/*
 * Queues: what creates one (descriptor), what its owner and the card share (ring control), and its public record in
 * local memory (queue state).
 *
 * A job queue's ring and ring control lie in the carve-out and are written by the kernel only; a user queue's lie in
 * its address space. The ring holds 2^ring_log2 packets of 64 bytes; packet i (free running) is at slot i mod size.
 */
#ifndef WEFT_ABI_QUEUE_H
#define WEFT_ABI_QUEUE_H

#include "base.h"

#define WEFT_AS_FENCE			0	/* job queues only; no WAIT, bounded LOOP */
#define WEFT_AS_LR			1	/* user queues only */

#define WEFT_QUEUE_JOB			0
#define WEFT_QUEUE_USER			1

enum weft_band { WEFT_BAND_REALTIME = 0, WEFT_BAND_HIGH = 1, WEFT_BAND_NORMAL = 2, WEFT_BAND_LOW = 3 };

#define WEFT_RING_LOG2_MIN		4
#define WEFT_RING_LOG2_MAX		16
#define WEFT_QUEUE_NONE			UINT32_C(0xffffffff)

/* Payload of WEFT_MBOX_QUEUE_CREATE. Address space, kind and ring kind must agree. */
struct weft_queue_desc {
	uint32_t id;
	uint16_t asid;
	uint8_t  kind;			/* WEFT_QUEUE_* */
	uint8_t  band;			/* enum weft_band */
	uint64_t ring;			/* JOB: local-memory offset; USER: virtual address. 4 KiB aligned */
	uint64_t ctl;			/* struct weft_ring_ctl; JOB: local-memory offset; USER: virtual address. 4 KiB aligned */
	uint64_t state;			/* local-memory offset of struct weft_queue_state, 4 KiB aligned, carve-out */
	uint64_t run_limit_ns;		/* running time allowed between two progress marks; 0 = none (USER only) */
	uint64_t wait_limit_ns;		/* parked time allowed; 0 = none (USER only) */
	uint8_t  ring_log2;
	uint8_t  flags;			/* WEFT_QUEUE_F_* */
	uint16_t weight;		/* share inside the band, 1 … 1000 */
	uint32_t reserved;
};
WEFT_ASSERT_SIZE(struct weft_queue_desc, 56);
WEFT_ASSERT_AT(struct weft_queue_desc, ring_log2, 48);
#define WEFT_QUEUE_F_WAIT_STOPS		0x01	/* exceeding wait_limit_ns stops the queue (else an event only) */
#define WEFT_QUEUE_F_TRACE		0x02	/* append trace records, see trace.h */

/*
 * Ring control page. The submitter writes packets, then `tail`, then a full fence, then loads `armed` and writes the
 * doorbell only when it is not 0. The card, before it stops looking, writes armed = 1, full fence, and reads tail
 * again; it writes armed = 0 when it has taken up the queue. `head` is written by the card; slots below it are free.
 */
struct weft_ring_ctl {
	uint64_t tail;			/* packets written so far; tail - head <= ring size, else the queue faults RING */
	uint8_t  pad0[56];
	uint32_t armed;			/* written by the card */
	uint8_t  pad1[60];
	uint64_t head;			/* packets retired so far, written by the card */
	uint8_t  pad2[56];
	uint64_t trace;			/* virtual address of struct weft_trace_ring (trace.h), 0 = none; 64-byte aligned */
	uint8_t  pad3[56];
};
WEFT_ASSERT_SIZE(struct weft_ring_ctl, 256);
WEFT_ASSERT_AT(struct weft_ring_ctl, armed, 64);
WEFT_ASSERT_AT(struct weft_ring_ctl, head, 128);
WEFT_ASSERT_AT(struct weft_ring_ctl, trace, 192);

enum weft_queue_run {
	WEFT_QS_NONE = 0,		/* no such queue */
	WEFT_QS_IDLE = 1,		/* ring empty */
	WEFT_QS_READY = 2,		/* has work, waits for a slot */
	WEFT_QS_RUNNING = 3,
	WEFT_QS_PARKED = 4,		/* waits for a cell */
	WEFT_QS_FAULTED = 5,		/* see cause; stays until destroyed */
	WEFT_QS_STOPPED = 6,		/* by QUEUE_STOP, AS_STOP or ENGINE_RESET; stays until destroyed */
	WEFT_QS_SUSPENDED = 7,
};

/* One level of CALL or LOOP. */
struct weft_frame {
	uint64_t list;			/* virtual address of the packet list (level 0: ring index) */
	uint64_t table;			/* virtual address of the operand table */
	uint64_t it;			/* LOOP: iterations done */
	uint64_t count;			/* LOOP: iterations asked, 0 = unbounded; CALL: 1 */
	uint32_t npackets;
	uint32_t pc;			/* index of the next packet in the list */
	uint32_t ntable;
	uint8_t  is_loop;
	uint8_t  range_off;		/* RANGE suppresses packets of this level */
	uint8_t  pred_off;		/* PRED suppresses packets of this level */
	uint8_t  reserved;
	uint64_t seq_base;		/* carried iterations of earlier runs (phase) */
	uint64_t reserved2;
};
WEFT_ASSERT_SIZE(struct weft_frame, 64);

#define WEFT_FRAMES			5	/* ring level and 4 nested ones */

/*
 * Queue state: written by the card alone. `version` is odd while the card writes; a reader that saw the same even
 * value before and after has a consistent record. The record is current whenever the queue is not RUNNING; while it
 * runs, `retired`, `progress_ns` and `fence` are at most 5 ms old.
 */
struct weft_queue_state {
	uint64_t version;
	uint32_t run;			/* enum weft_queue_run */
	uint32_t cause;			/* enum weft_fault, or 0 */
	uint64_t fence;			/* value of the last FENCE packet; written before its event */
	uint64_t retired;		/* packets retired, nested ones included */
	uint64_t head;			/* ring packets retired */
	uint64_t progress_ns;		/* card clock at the last retired packet or abort unit */
	uint64_t busy_ns;		/* engine time charged so far */
	uint64_t fault_va;		/* first byte that could not be accessed, 0 for other causes */
	uint64_t fault_list;		/* virtual address of the list with the faulting packet; 0 = ring */
	uint32_t fault_packet;		/* its index there (ring: low 32 bits of the ring index) */
	uint32_t fault_op;		/* its opcode, for EXEC operator << 8 | opcode */
	uint64_t wait_va;		/* cell waited for while PARKED, its value wanted, and since when */
	uint64_t wait_value;
	uint64_t wait_since_ns;
	uint64_t origin;		/* first origin of a POISON that stopped the queue, cell.h */
	uint64_t dirty_links;		/* links written since the last flush */
	uint32_t depth;			/* levels in use, 1 = ring */
	uint32_t engine;		/* while RUNNING: 1 + the engine it is on; 0: on none, or the card does not tell */
	uint64_t reserved1[16];
	struct weft_frame frame[WEFT_FRAMES];
	uint8_t  save[4096 - 256 - 64 * WEFT_FRAMES];	/* the card's own */
};
WEFT_ASSERT_AT(struct weft_queue_state, fence, 16);
WEFT_ASSERT_AT(struct weft_queue_state, frame, 256);
WEFT_ASSERT_SIZE(struct weft_queue_state, 4096);

#endif
