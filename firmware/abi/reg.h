/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Copyright 2026 The weft authors */
/*
 * PCI identity and BAR0, the 64 KiB register space. 32-bit registers are accessed by 4-byte accesses, 64-bit ones
 * by one 8-byte access or by two 4-byte accesses, low half first; a write takes effect with its high half. Reads of
 * unlisted offsets give 0, writes there are ignored. RO = written by the card, RW = host reads back what it wrote,
 * WO = reads as 0. Every RW register is 0 after FLR unless noted.
 */
#ifndef WEFT_ABI_REG_H
#define WEFT_ABI_REG_H

#include "base.h"

#define WEFT_PCI_VENDOR			0x1234
#define WEFT_PCI_DEVICE			0x5745
#define WEFT_PCI_CLASS			0x120000	/* processing accelerator */

#define WEFT_BAR_REGS			0		/* 64 KiB */
#define WEFT_BAR_LMEM			2		/* 64-bit prefetchable, all of local memory */
#define WEFT_BAR_DOORBELLS		4		/* 64-bit, one 4 KiB page per queue, see doorbell.h */
#define WEFT_BAR_REGS_BYTES		0x10000

/* --- identity: constant from power-on, valid at once after reset --- */
#define WEFT_REG_MAGIC			0x0000	/* RO u32 */
#define  WEFT_MAGIC			UINT32_C(0x54464557)	/* "WEFT" */
#define WEFT_REG_CONTRACT_MAX		0x0004	/* RO u32: newest contract version the card speaks */
#define WEFT_REG_CONTRACT_MIN		0x0008	/* RO u32: oldest one */
#define WEFT_REG_SERIAL			0x000c	/* RO u32: distinct among the cards of a machine */
#define WEFT_REG_CAPS			0x0010	/* RO u64: WEFT_CAP_* */
#define WEFT_REG_LMEM_BYTES		0x0018	/* RO u64: local memory, multiple of 2 MiB */
#define WEFT_REG_USER_LIMIT		0x0020	/* RW u64: first byte of the carve-out, 2 MiB aligned. Local leaf
						 * entries at or above it fault (PT_LIMIT); page tables, queue
						 * states, job rings, mailbox and log must lie at or above it.
						 * 0 after reset: no local leaf is usable */
#define WEFT_REG_NUM_ASIDS		0x0028	/* RO u32: address spaces 0 … n-1, n <= 1024 */
#define WEFT_REG_NUM_QUEUES		0x002c	/* RO u32: queues 0 … n-1, n <= 4096 */
#define WEFT_REG_NUM_SLOTS		0x0030	/* RO u32: queues that can run at the same time */
#define WEFT_REG_NUM_ENGINES		0x0034	/* RO u32: entries of the engine table, n <= 64 */
#define WEFT_REG_NUM_LINKS		0x0038	/* RO u32: link tags 0 … n-1 usable in entries, n <= 32 */
#define WEFT_REG_FENCE_LOOP_MAX		0x003c	/* RO u32: largest LOOP count in a FENCE space (0: no LOOP) */
#define WEFT_REG_RESET_GEN		0x0040	/* RO u64: resets (FLR included) since power-on; never goes back */
#define WEFT_REG_TIMED_WIDTH		0x0048	/* RO u32: TIMED packets that can run at once: NUM_SLOTS */
#define WEFT_REG_NUM_WATCHES		0x004c	/* RO u32: entries of the WATCH table */
#define WEFT_REG_HANG_MS		0x0050	/* RW u32: a unit that takes longer than this is HANG; 0 = never. 2000
						 * after reset */

/* Capabilities. Without its bit, what a bit names faults as CAP (packets), answers NO_CAP (mailbox) or BAD_OP (SAFE).
 * No bit is needed for what is mandatory: config space, identity, mailbox, walker, FENCE queues, NOP COPY FILL
 * FENCE TIMESTAMP, faults, events, QUEUE_STOP, AS_STOP, AS_INVALIDATE, FLR, and one of FW_RESIDENT or ROM_BOOT.
 */
#define WEFT_CAP_FW_RESIDENT		WEFT_BIT64(0)	/* the mailbox answers after reset; no image is loaded */
#define WEFT_CAP_ROM_BOOT		WEFT_BIT64(1)	/* loads a signed image, boot.h */
#define WEFT_CAP_EXEC			WEFT_BIT64(2)	/* EXEC packets, operators of op.h */
#define WEFT_CAP_REDUCE			WEFT_BIT64(3)
#define WEFT_CAP_TIMED			WEFT_BIT64(4)
#define WEFT_CAP_CALL			WEFT_BIT64(5)	/* CALL, and operand tables */
#define WEFT_CAP_LR			WEFT_BIT64(6)	/* LR address spaces and user queues */
#define WEFT_CAP_CELLS			WEFT_BIT64(7)	/* WAIT, SIGNAL, KICK, arm pages */
#define WEFT_CAP_CELL_LISTS		WEFT_BIT64(8)	/* WAIT_ALL, SIGNAL_ALL */
#define WEFT_CAP_CELL_ADD		WEFT_BIT64(9)	/* SIGNAL with WEFT_SIG_ADD */
#define WEFT_CAP_LOOP			WEFT_BIT64(10)	/* LOOP, BREAK, rotating operands */
#define WEFT_CAP_PRED			WEFT_BIT64(11)	/* RANGE, PRED */
#define WEFT_CAP_INDIRECT		WEFT_BIT64(12)	/* indirect operand entries */
#define WEFT_CAP_WATCH			WEFT_BIT64(13)
#define WEFT_CAP_LINK_MASK		WEFT_BIT64(14)
#define WEFT_CAP_SYSTEM_SCOPE		WEFT_BIT64(15)	/* SIGNAL with system scope, flush */
#define WEFT_CAP_TRACE			WEFT_BIT64(16)
#define WEFT_CAP_BANDS			WEFT_BIT64(17)	/* priority bands and weights; without: one band */
#define WEFT_CAP_ENGINE_RESET		WEFT_BIT64(18)
#define WEFT_CAP_COUNTERS		WEFT_BIT64(19)
#define WEFT_CAP_CLOCK_PAIR		WEFT_BIT64(20)
#define WEFT_CAP_TELEMETRY		WEFT_BIT64(21)
#define WEFT_CAP_INJECT			WEFT_BIT64(22)
#define WEFT_CAP_CELL_FAULT		WEFT_BIT64(23)	/* SAFE CELL_FAULT: wills and revocation */
#define WEFT_CAP_CELL_FAULTS		WEFT_BIT64(24)	/* SAFE CELL_FAULTS: a list of them; CELL_FAULT as well */
#define WEFT_CAP_PEER_IOVA		WEFT_BIT64(25)	/* reaches a peer also by an address that an IOMMU translates */

/* --- boot, see boot.h --- */
#define WEFT_REG_BOOT_CTRL		0x0100	/* WO u32 */
#define  WEFT_BOOT_CTRL_START		1	/* verify the image and run it; restarts a running processor */
#define  WEFT_BOOT_CTRL_HALT		2	/* stop the control processor; queues go on */
#define WEFT_REG_BOOT_STATUS		0x0104	/* RO u32: state in bits 7:0, code in bits 15:8 */
#define WEFT_REG_BOOT_IMAGE		0x0108	/* RW u64: local-memory offset of the image, 4 KiB aligned, in the carve-out */
#define WEFT_REG_BOOT_BYTES		0x0110	/* RW u64: its exact size, header included */
#define WEFT_REG_BOOT_ROLLBACK		0x0118	/* RO u32: lowest rollback number still accepted; kept over FLR */
#define WEFT_REG_FW_VERSION		0x011c	/* RO u32: major << 16 | minor << 8 | patch, 0 = none runs */
#define WEFT_REG_FW_HEARTBEAT		0x0120	/* RO u32: counts up at least every 100 ms while firmware lives */
#define WEFT_REG_FW_WATCHDOG_MS		0x0124	/* RW u32: heartbeat silent for longer while RUNNING posts event FW once
						 * per start; 0 = off */

/* --- mailbox and firmware log, see mailbox.h --- */
#define WEFT_REG_MBOX_BASE		0x0200	/* RW u64: local-memory offset, 4 KiB aligned, in the carve-out.
						 * A write sets the four indices to 0, so does START */
#define WEFT_REG_MBOX_REQ_TAIL		0x0208	/* RW u32: host: requests written so far (free running) */
#define WEFT_REG_MBOX_REQ_HEAD		0x020c	/* RO u32: requests taken so far */
#define WEFT_REG_MBOX_RSP_TAIL		0x0210	/* RO u32: responses written so far */
#define WEFT_REG_MBOX_RSP_HEAD		0x0214	/* RW u32: host: responses taken so far */
#define WEFT_REG_LOG_BASE		0x0240	/* RW u64: local-memory offset of the log ring, 4 KiB aligned, carve-out */
#define WEFT_REG_LOG_BYTES		0x0248	/* RW u32: its size, a power of two >= 4096; 0 = no log */
#define WEFT_REG_LOG_TAIL		0x024c	/* RO u32: bytes of text written so far (free running) */

/* --- event ring, see event.h --- */
#define WEFT_REG_EVT_BASE		0x0300	/* RW u64: bus address, 4 KiB aligned */
#define WEFT_REG_EVT_LOG2		0x0308	/* RW u32: log2 of its entries, 5 … 16 */
#define WEFT_REG_EVT_ENABLE		0x030c	/* RW u32: 1 = on; writing 1 restarts at index 0 */
#define WEFT_REG_EVT_TAIL		0x0310	/* RO u32: events written so far (free running) */
#define WEFT_REG_EVT_HEAD		0x0314	/* RW u32: host: events taken so far */
#define WEFT_REG_EVT_STATUS		0x0318	/* RO u32; a write of 1-bits clears them */
#define  WEFT_EVT_STATUS_OVERFLOW	WEFT_BIT32(0)	/* an event was dropped: rescan queue states, responses, SAFE */
#define  WEFT_EVT_STATUS_DMA		WEFT_BIT32(1)	/* the ring could not be written */
#define WEFT_REG_IRQ_VECTORS		0x031c	/* RW u32: vectors the host has set up, >= 1 (0 reads as 1); an event of
						 * queue q uses vector q mod n, every other event vector 0 */

/* --- safe operations, see safe.h: 0x0400 … 0x04ff --- */

/* --- clock --- */
#define WEFT_REG_CLOCK_NOW		0x0500	/* RO u64: card clock, ns since power-on; runs through FLR */
#define WEFT_REG_CLOCK_HOST		0x0508	/* RW u64: writing the host's time latches CLOCK_CARD in the same instant */
#define WEFT_REG_CLOCK_CARD		0x0510	/* RO u64: card clock at the last write of CLOCK_HOST */

/* --- counters: write CNT_SEL, then read CNT_VALUE (latched by the write) --- */
#define WEFT_REG_CNT_SEL		0x0600	/* RW u32: index in bits 15:0, link in 23:16, kind in 31:24 */
#define WEFT_REG_CNT_VALUE		0x0608	/* RO u64 */
#define  WEFT_CNT_SEL(kind, link, index) \
	((uint32_t)(kind) << 24 | (uint32_t)(link) << 16 | (uint32_t)(index))
#define  WEFT_CNT_ALL			0xffff	/* index: sum over all address spaces since the last FLR */
#define  WEFT_CNT_LINK_LOCAL		0xff	/* link: the card's own local memory */
/* kinds with index = address space, link = link tag; counts restart at AS_CREATE */
#define  WEFT_CNT_READ_BYTES		0	/* payload bytes read by engines */
#define  WEFT_CNT_WRITE_BYTES		1	/* payload bytes written by engines */
#define  WEFT_CNT_CELL_READS		2	/* 32-byte cell reads */
#define  WEFT_CNT_CELL_WRITES		3	/* cell stores */
/* kinds with index = engine number, link = 0 */
#define  WEFT_CNT_ENGINE_BUSY_NS	16
/* kinds with index = 0, link = 0 */
#define  WEFT_CNT_IRQS			32	/* interrupt messages sent */
#define  WEFT_CNT_EVENTS		33	/* events written */
#define  WEFT_CNT_BAD_KICKS		34	/* kicks of no queue, or whose address did not translate */
#define  WEFT_CNT_DOORBELLS		35
#define  WEFT_CNT_PACKETS		36	/* packets retired by all queues */
#define  WEFT_CNT_WALKS			37	/* page-table walks (TLB misses) */
/* kind of control-structure fetches: index = address space, link as above. Packets, operand entries and lists
 * read by the streamer through the page table; not part of READ_BYTES */
#define  WEFT_CNT_FETCH_BYTES		4

/* --- watches (WEFT_CAP_WATCH), kernel only: writing CMD acts on the entry --- */
#define WEFT_REG_WATCH_CELL		0x0680	/* RW u64: local-memory offset of a cell */
#define WEFT_REG_WATCH_VALUE		0x0688	/* RW u64: fires when value >= this (signed distance), on fault, end; not at FLR */
#define WEFT_REG_WATCH_COOKIE		0x0690	/* RW u64: returned in the event */
#define WEFT_REG_WATCH_CMD		0x0698	/* WO u32: entry in bits 15:0, bit 31 = insert (else remove) */
#define  WEFT_WATCH_INSERT		WEFT_BIT32(31)

/* --- telemetry (WEFT_CAP_TELEMETRY) --- */
#define WEFT_REG_TEMP_MC		0x0700	/* RO u32: temperature, thousandths of a degree Celsius */
#define WEFT_REG_POWER_MW		0x0704	/* RO u32 */
#define WEFT_REG_CLOCK_MHZ		0x0708	/* RO u32 */
#define WEFT_REG_THROTTLE		0x070c	/* RO u32: reasons, bit 0 thermal, bit 1 power */
#define WEFT_REG_ECC_CORRECTED		0x0710	/* RO u32 */
#define WEFT_REG_ECC_FATAL		0x0714	/* RO u32 */
#define WEFT_REG_TEMP_LIMIT_MC		0x0718	/* RO u32: throttled from this temperature on; 0: the card does not say */
#define WEFT_REG_POWER_LIMIT_MW		0x071c	/* RO u32: throttled to stay below; 0: the card does not say */

/* --- error injection (WEFT_CAP_INJECT) --- */
#define WEFT_REG_INJECT_ARG		0x0740	/* RW u64 */
#define WEFT_REG_INJECT			0x0748	/* WO u32: WEFT_INJECT_* happens once, at the next occasion;
						 * LINK_DOWN, SLOW, LINK_SLOW last until FLR (SLOW 0 or 1 and
						 * 0 us end them) */
#define  WEFT_INJECT_LOST_IRQ		1	/* the next interrupt message is not sent */
#define  WEFT_INJECT_HANG		2	/* the next unit of queue ARG never ends by itself */
#define  WEFT_INJECT_FW_CRASH		3	/* the control processor traps into a loop */
#define  WEFT_INJECT_ECC		4	/* uncorrectable error at local-memory offset ARG: the next access of an
						 * engine to its 4 KiB by an address of a space, of data, cells, lists or
						 * tables, faults ECC; event ECC, ECC_FATAL counts */
#define  WEFT_INJECT_LINK_DOWN		5	/* link tag ARG stops answering */
#define  WEFT_INJECT_SLOW		6	/* units take ARG times as long */
#define  WEFT_INJECT_STUCK		7	/* the next unit of queue ARG never ends, whatever limit or stop: only ENGINE_RESET
						 * of its engine, or FLR, ends it */
#define  WEFT_INJECT_STUCK_HARD		8	/* the same, and ENGINE_RESET does not end it either */
#define  WEFT_INJECT_RESET_FAILS	9	/* the next FLR does nothing: RESET_GEN stays */
#define  WEFT_INJECT_HEAT		10	/* ARG thousandths of a degree on top of the temperature, until 0 or FLR */
#define  WEFT_INJECT_LINK_SLOW		11	/* link tag ARG[31:0] answers the read that flushes it ARG[63:32] us later */

/*
 * --- flush (WEFT_CAP_SYSTEM_SCOPE): bus address of an 8-byte word behind link n that never reads as all ones; SIGNAL
 * with system scope reads it to flush the link. 0: the link cannot be flushed (LINK_DOWN) ---
 */
#define WEFT_REG_LINK_FLUSH(n)		(0x0c00 + 8 * (n))	/* RW u64 */

/* --- engine table: entry i at ENGINES + 16 i --- */
#define WEFT_REG_ENGINES		0x0800
struct weft_engine_info {
	uint32_t kinds;		/* WEFT_ENGINE_*: packets it executes */
	uint32_t group;		/* engines with the same number share throughput, also across cards of a machine */
	uint32_t width;		/* units the whole group executes at once */
	uint32_t reserved;
};
WEFT_ASSERT_SIZE(struct weft_engine_info, 16);
#define  WEFT_ENGINE_COMPUTE		WEFT_BIT32(0)	/* EXEC */
#define  WEFT_ENGINE_COPY		WEFT_BIT32(1)	/* COPY, FILL */
#define  WEFT_ENGINE_REDUCE		WEFT_BIT32(2)
#define  WEFT_ENGINE_TIMED		WEFT_BIT32(3)

#endif
