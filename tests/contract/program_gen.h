/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Random programs: lists, tables and data in the windows of a rig, for a card and for the model alike. */
#ifndef CT_PROGRAM_GEN_H
#define CT_PROGRAM_GEN_H

#include "program_model.h"
#include "rig.h"

#define GEN_DATA	(UINT64_C(64) << 10)	/* of RIG_LOCAL: blocks of 64 bytes */
#define GEN_WORDS	256u			/* behind them: u32 that PRED and indirect entries look at */
#define GEN_STAMPS	128u			/* behind those: u64 for TIMESTAMP; what is not 0 counts as 1 */
#define GEN_STAMPS_AT	(GEN_DATA + 4 * GEN_WORDS)
#define GEN_BYTES	(GEN_STAMPS_AT + 8 * GEN_STAMPS)
#define GEN_CELLS	UINT64_C(0x68000000)	/* GEN_NCELLS cells, where the card has any */
#define GEN_NCELLS	64u

struct gen {
	bool fence_space;
	bool slow;			/* has long TIMED packets, so that it takes a while */
	uint64_t caps;			/* packets that the card need not know appear where it does */
	unsigned npackets, nentries;	/* used so far */
	uint8_t *list, *table, *data, *cells;	/* images of RIG_LIST, RIG_TABLE, RIG_LOCAL, GEN_CELLS */
};

/* Fills the images; the ring packet that starts it. */
union weft_packet program_random(struct gen *g);

#endif
