/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Copyright 2026 The weft authors */
/*
 * Operand table entries. A packet names operands by index into the table of its CALL or LOOP, or inline by address.
 * Outside LOOP an entry's address is base + phase * stride. Inside LOOP, with `it` = iterations done by the LOOP at
 * `level` (0 = innermost) and seq = it - skew, block j (j < mul) is
 *	base + ((phase + (seq / div) * mul + j) mod depth) * stride.
 * seq / div rounds down and mod is never negative, also for a negative seq.
 */
#ifndef WEFT_ABI_OPERAND_H
#define WEFT_ABI_OPERAND_H

#include "base.h"

struct weft_operand {
	uint64_t base;		/* virtual address; INDIRECT: struct weft_operand_indirect */
	uint64_t stride;	/* bytes between blocks */
	uint16_t depth;		/* 1 … 65535 */
	uint16_t phase;		/* < depth; the card stores it back when a LOOP ends, so that the next run goes on */
	uint16_t mul;		/* blocks per firing, >= 1 */
	uint16_t div;		/* iterations per firing, >= 1 */
	int32_t  skew;
	uint8_t  level;
	uint8_t  flags;		/* WEFT_OPND_* */
	uint16_t reserved;
};
WEFT_ASSERT_SIZE(struct weft_operand, 32);
#define WEFT_OPND_INDIRECT	0x01

/* Overlays `base` of an INDIRECT entry: operand `index` holds a u32 i; entry first + i is used; i >= count faults. */
struct weft_operand_indirect {
	uint16_t index;
	uint16_t first;
	uint16_t count;
	uint16_t reserved;
};
WEFT_ASSERT_SIZE(struct weft_operand_indirect, 8);

#define WEFT_OPERANDS_MAX	4096	/* entries of one table */

#endif
