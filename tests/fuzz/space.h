/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The little world in which fuzzed packets run: two cards, one address space with every kind of page in it, and a
 * memory of what may change and what must not. Virtual addresses are those of seeds.py.
 */
#ifndef FUZZ_SPACE_H
#define FUZZ_SPACE_H

#include "tools/card/machine.h"

#define SPACE_PAGE	4096u
#define SPACE_LMEM	(4u << 20)
#define SPACE_LIMIT	(2u << 20)
#define SPACE_ROOT	SPACE_LIMIT

/* Pages 1 … 15 of the space are local memory at the same offset; list, table and data lie there. */
#define SPACE_LIST	0x1000u
#define SPACE_TABLE	0x2000u
#define SPACE_DATA	0x3000u
#define SPACE_END	0xe000u

extern struct wcard_machine space_machine;

void space_init(void);
/* Memory as at the beginning. */
void space_restore(void);
/* Ends the process when a byte changed that no page of the space allows to write. */
void space_verify(void);
/* Host pointer to local memory of card 0. */
uint8_t *space_lmem(uint64_t at);

#endif
