/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Copyright 2026 The weft authors */
/*
 * BAR4: queue q owns the 4 KiB page at q * 4096. Writes to other offsets are ignored, reads give 0.
 */
#ifndef WEFT_ABI_DOORBELL_H
#define WEFT_ABI_DOORBELL_H

#define WEFT_DOORBELL_BYTES		4096
#define WEFT_DB_RING			0x00	/* WO u32: look at the ring; the value is ignored */
#define WEFT_DB_KICK			0x08	/* WO u64: virtual address, in the queue's space, of a cell the host stored to */

#endif
