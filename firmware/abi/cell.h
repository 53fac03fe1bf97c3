/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Copyright 2026 The weft authors */
/*
 * Cells (semaphores). `value`, `end` and `tag` belong to the one writer; values never decrease in the signed-distance
 * sense and outstanding distances stay below 2^62. `fault` goes only from 0 to non-zero. A WAIT is satisfied when
 * (int64_t)(value - wanted) >= 0.
 */
#ifndef WEFT_ABI_CELL_H
#define WEFT_ABI_CELL_H

#include "base.h"

struct weft_cell {
	uint64_t value;
	uint64_t end;		/* not 0: the final value is `value`, nothing follows */
	uint64_t tag;
	uint64_t fault;		/* WEFT_CELL_FAULT() or 0 */
};
WEFT_ASSERT_SIZE(struct weft_cell, 32);

#define WEFT_CELLS_PER_PAGE	128

/*
 * fault word: kind in bits 3:0, cause (enum weft_fault) in 15:4, origin in 63:16. No card makes up a kind of its own: it
 * stores the word that CELL_FAULT or CELL_FAULTS names. POISON is what a driver writes for a will; the others are for
 * software that takes cells back or finds a peer gone. A card tells them apart by the fault of the queue that waits.
 */
enum weft_cell_fault {
	WEFT_CELL_POISON = 1,
	WEFT_CELL_REVOKED = 2,
	WEFT_CELL_PEER_LOST = 3,
};
/* origin: card serial in bits 47:32, id of the will in 31:0 */
#define WEFT_CELL_ORIGIN(serial, id)	((uint64_t)((serial) & 0xffffu) << 32 | (uint32_t)(id))
#define WEFT_CELL_FAULT(kind, cause, origin) \
	((uint64_t)(kind) | (uint64_t)(cause) << 4 | (uint64_t)(origin) << 16)

/*
 * Arm page of a SEM page: word i is not 0 while at least one waiter is parked on cell i. Written by the card, read by
 * host signallers. A host that stored a value or fault makes a full fence, loads the word and, when it is not 0,
 * writes KICK (doorbell.h).
 */
struct weft_arm_page {
	uint32_t arm[WEFT_CELLS_PER_PAGE];
	uint8_t  reserved[4096 - 4 * WEFT_CELLS_PER_PAGE];
};
WEFT_ASSERT_SIZE(struct weft_arm_page, 4096);

/* One element of a WAIT_ALL or SIGNAL_ALL list. value = base + seq * step, seq as in operand.h. */
struct weft_cell_ref {
	uint64_t cell;		/* virtual address, or operand index when the packet has WEFT_PKT_TABLE */
	uint64_t base;
	uint64_t step;
	uint64_t tag;
};
WEFT_ASSERT_SIZE(struct weft_cell_ref, 32);

#endif
