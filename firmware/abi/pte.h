/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Copyright 2026 The weft authors */
/*
 * Page-table entries. 48-bit virtual addresses, 4 levels of 512 entries of 8 bytes, bits 47:39 index level 3 (root),
 * 20:12 level 0. A leaf is legal at level 0 (4 KiB) and level 1 (2 MiB, address 2 MiB aligned). An entry that points
 * to a table has only VALID and the address (local-memory offset of the child, in the carve-out); every other bit
 * must be 0. Reserved bits must be 0; a walk that meets any faults PT_FORMAT. An entry changes by one 8-byte store,
 * children before parents; invalid → valid needs no invalidate, every other change does.
 */
#ifndef WEFT_ABI_PTE_H
#define WEFT_ABI_PTE_H

#include "base.h"

#define WEFT_VA_BITS			48
#define WEFT_PT_LEVELS			4
#define WEFT_PT_ENTRIES			512
#define WEFT_PAGE_SHIFT			12
#define WEFT_PAGE_BYTES			(UINT64_C(1) << 12)
#define WEFT_PAGE2M_SHIFT		21
#define WEFT_PAGE2M_BYTES		(UINT64_C(1) << 21)
#define WEFT_PT_SHIFT(level)		(12 + 9 * (level))

#define WEFT_PTE_VALID			WEFT_BIT64(0)
#define WEFT_PTE_LEAF			WEFT_BIT64(1)
#define WEFT_PTE_APERTURE_SHIFT		2
#define WEFT_PTE_APERTURE_MASK		(UINT64_C(3) << 2)
#define  WEFT_APERTURE_LOCAL		0	/* address = offset in the card's own local memory; link must be 0 */
#define  WEFT_APERTURE_BUS		1	/* address = PCI bus address */
#define  WEFT_APERTURE_SPARSE		2	/* reads 0, drops writes; address and link must be 0 */
#define WEFT_PTE_R			WEFT_BIT64(4)
#define WEFT_PTE_W			WEFT_BIT64(5)
#define WEFT_PTE_SEM			WEFT_BIT64(6)	/* cells: only SIGNAL writes here */
#define WEFT_PTE_ATOMIC			WEFT_BIT64(7)	/* SIGNAL with ADD allowed */
#define WEFT_PTE_NOSNOOP		WEFT_BIT64(8)	/* BUS: the card may set the No Snoop attribute; no right, no order */
#define WEFT_PTE_ADDR_MASK		UINT64_C(0x000ffffffffff000)
#define WEFT_PTE_LINK_SHIFT		52
#define WEFT_PTE_LINK_MASK		(UINT64_C(31) << 52)	/* BUS: 0 = host memory, n = peer n; below NUM_LINKS */
#define WEFT_PTE_RESERVED		(WEFT_BIT64(9) | WEFT_BIT64(10) | WEFT_BIT64(11) | (UINT64_C(127) << 57))

#endif
