/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Copyright 2026 The weft authors */
/*
 * What the control processor sees: RV64IMAC, machine mode only, little endian, reset with interrupts off, a0 = 0, at
 * the image's entry. Between firmware and card hardware; the host sees none of it. Registers are accessed with their
 * own width, naturally aligned; anything else is an access fault.
 */
#ifndef WEFT_ABI_CP_H
#define WEFT_ABI_CP_H

#include "base.h"
#include "queue.h"

#define WEFT_CP_CLINT			0x02000000u
#define  WEFT_CP_MSIP			(WEFT_CP_CLINT + 0x0000)	/* u32: software interrupt */
#define  WEFT_CP_MTIMECMP		(WEFT_CP_CLINT + 0x4000)	/* u64; timer interrupt while MTIME >= it */
#define  WEFT_CP_MTIME			(WEFT_CP_CLINT + 0xbff8)	/* u64: card clock, ns */
#define WEFT_CP_RAM			0x80000000u
#define WEFT_CP_RAM_BYTES		(1u << 20)
/* Local memory at or above USER_LIMIT: offset o at WEFT_CP_LMEM + o; below it an access fault. */
#define WEFT_CP_LMEM			UINT64_C(0x100000000)

#define WEFT_CP_DEV			0x10000000u
#define WEFT_CP_IRQ			(WEFT_CP_DEV + 0x000)	/* u32 pending; write 1 clears. External interrupt while (IRQ & IRQ_ENABLE) */
#define WEFT_CP_IRQ_ENABLE		(WEFT_CP_DEV + 0x004)	/* u32 */
#define  WEFT_CP_IRQ_MBOX		WEFT_BIT32(0)		/* MBOX_REQ_TAIL was written */
#define  WEFT_CP_IRQ_FAULT		WEFT_BIT32(1)		/* the fault queue is not empty */
#define WEFT_CP_MBOX_BASE		(WEFT_CP_DEV + 0x010)	/* u64 RO: as the host set it, 0 = none */
#define WEFT_CP_MBOX_REQ_TAIL		(WEFT_CP_DEV + 0x018)	/* u32 RO */
#define WEFT_CP_MBOX_REQ_HEAD		(WEFT_CP_DEV + 0x01c)	/* u32 */
#define WEFT_CP_MBOX_RSP_TAIL		(WEFT_CP_DEV + 0x020)	/* u32; a write raises WEFT_EVT_MBOX */
#define WEFT_CP_MBOX_RSP_HEAD		(WEFT_CP_DEV + 0x024)	/* u32 RO */
#define WEFT_CP_HEARTBEAT		(WEFT_CP_DEV + 0x030)	/* u32 */
#define WEFT_CP_LOG_BASE		(WEFT_CP_DEV + 0x040)	/* u64 RO */
#define WEFT_CP_LOG_BYTES		(WEFT_CP_DEV + 0x048)	/* u32 RO */
#define WEFT_CP_LOG_TAIL		(WEFT_CP_DEV + 0x04c)	/* u32 */
#define WEFT_CP_CAPS			(WEFT_CP_DEV + 0x080)	/* u64 RO, and the next ones: as in BAR0 */
#define WEFT_CP_LMEM_BYTES		(WEFT_CP_DEV + 0x088)	/* u64 RO */
#define WEFT_CP_USER_LIMIT		(WEFT_CP_DEV + 0x090)	/* u64 RO */
#define WEFT_CP_NUM_ASIDS		(WEFT_CP_DEV + 0x098)	/* u32 RO */
#define WEFT_CP_NUM_QUEUES		(WEFT_CP_DEV + 0x09c)	/* u32 RO */
#define WEFT_CP_CONTRACT_MIN		(WEFT_CP_DEV + 0x0a0)	/* u32 RO */
#define WEFT_CP_CONTRACT_MAX		(WEFT_CP_DEV + 0x0a4)	/* u32 RO */
#define WEFT_CP_FW_VERSION		(WEFT_CP_DEV + 0x0a8)	/* u32 RO: from the image header */

/* Address-space table: write ID, TYPE, ROOT, then CMD; STATUS is valid at once. */
#define WEFT_CP_AS_ID			(WEFT_CP_DEV + 0x100)	/* u32 */
#define WEFT_CP_AS_TYPE			(WEFT_CP_DEV + 0x104)	/* u32 */
#define WEFT_CP_AS_ROOT			(WEFT_CP_DEV + 0x108)	/* u64 */
#define WEFT_CP_AS_CMD			(WEFT_CP_DEV + 0x110)	/* u32: WEFT_CP_CREATE or WEFT_CP_DESTROY */
#define WEFT_CP_AS_STATUS		(WEFT_CP_DEV + 0x114)	/* u32 RO: enum weft_mbox_status of the last CMD */
#define  WEFT_CP_CREATE			1
#define  WEFT_CP_DESTROY		2
#define  WEFT_CP_SUSPEND		3
#define  WEFT_CP_RESUME			4

/* Queue table: write the descriptor window (14 u32), then CMD. DESTROY, SUSPEND and RESUME use desc.id only. */
#define WEFT_CP_Q_DESC			(WEFT_CP_DEV + 0x140)	/* struct weft_queue_desc, u32 accesses */
#define WEFT_CP_Q_CMD			(WEFT_CP_DEV + 0x180)	/* u32 */
#define WEFT_CP_Q_STATUS		(WEFT_CP_DEV + 0x184)	/* u32 RO */

/* Fault queue: FAULT_QUEUE reads the oldest fault's queue (WEFT_QUEUE_NONE when empty); reading FAULT_VA pops it. */
#define WEFT_CP_FAULT_QUEUE		(WEFT_CP_DEV + 0x200)	/* u32 RO */
#define WEFT_CP_FAULT_CAUSE		(WEFT_CP_DEV + 0x204)	/* u32 RO */
#define WEFT_CP_FAULT_VA		(WEFT_CP_DEV + 0x208)	/* u64 RO */

/* Arm pages (WEFT_CAP_CELLS): write SEM and ARM, then CMD. */
#define WEFT_CP_ARM_SEM			(WEFT_CP_DEV + 0x220)	/* u64 */
#define WEFT_CP_ARM_ARM			(WEFT_CP_DEV + 0x228)	/* u64 */
#define WEFT_CP_ARM_CMD			(WEFT_CP_DEV + 0x230)	/* u32: CREATE or DESTROY */
#define WEFT_CP_ARM_STATUS		(WEFT_CP_DEV + 0x234)	/* u32 RO */

/* Scheduling policy (WEFT_CAP_BANDS): write BAND, FLOOR, SLICE, then CMD. The card refuses a sum of floors above 1000. */
#define WEFT_CP_POL_BAND		(WEFT_CP_DEV + 0x240)	/* u32 */
#define WEFT_CP_POL_FLOOR		(WEFT_CP_DEV + 0x244)	/* u32: per mille */
#define WEFT_CP_POL_SLICE		(WEFT_CP_DEV + 0x248)	/* u32: ns */
#define WEFT_CP_POL_CMD			(WEFT_CP_DEV + 0x24c)	/* u32: any */
#define WEFT_CP_POL_STATUS		(WEFT_CP_DEV + 0x250)	/* u32 RO */

#endif
