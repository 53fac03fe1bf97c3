/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Random programs: lists, tables and data in the windows of a rig, for a card and for the model alike. */
#ifndef CT_PROGRAM_GEN_H
#define CT_PROGRAM_GEN_H

#include "program_model.h"
#include "rig.h"

#define GEN_DATA	(UINT64_C(64) << 10)	/* of RIG_LOCAL: blocks of 64 bytes */
#define GEN_WORDS	256u			/* behind them: u32 that PRED and indirect entries look at */

struct gen {
	bool fence_space;
	bool slow;			/* has TIMED packets, so that it takes a while */
	unsigned npackets, nentries;	/* used so far */
	uint8_t *list, *table, *data;	/* images of RIG_LIST, RIG_TABLE, RIG_LOCAL */
};

/* Fills the images; the ring packet that starts it. */
union weft_packet program_random(struct gen *g);

#endif
