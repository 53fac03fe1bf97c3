/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Page-table walker. Knows the entry format and nothing of cards: local memory comes as a pointer.
 */
#ifndef WCARD_WALK_H
#define WCARD_WALK_H

#include <stdint.h>

#include "fault.h"
#include "pte.h"

struct wcard_walk_mem {
	const uint8_t *lmem;
	uint64_t bytes;
	uint64_t user_limit;		/* tables lie at or above it, local leaves below */
	unsigned int links;		/* link tags 0 … links - 1 exist */
};

struct wcard_walk_result {
	uint64_t pte;			/* the leaf */
	unsigned int shift;		/* WEFT_PAGE_SHIFT or WEFT_PAGE2M_SHIFT */
};

/*
 * Finds the leaf of `va`, all format and limit checks made; rights are the caller's (wcard_walk_rights).
 * Returns enum weft_fault.
 */
int wcard_walk(const struct wcard_walk_mem *mem, uint64_t root, uint64_t va, struct wcard_walk_result *out);

/*
 * `w` is what was found for `va`: how far from there pages lie one behind the other with the same bits, to the end of a
 * page; `bytes` are enough. Looks no further than the last entry of one table, so less may be said than is true.
 */
uint64_t wcard_walk_run(const struct wcard_walk_mem *mem, uint64_t root, uint64_t va, const struct wcard_walk_result *w,
			uint64_t bytes);

/* Data accesses an entry may refuse: enum weft_fault. */
int wcard_walk_rights(uint64_t pte, int read, int write);

#endif
