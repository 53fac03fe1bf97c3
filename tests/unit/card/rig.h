/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Emulated cards without their threads: what the tests of this folder stand on. Local memory, bus router and engines'
 * translation caches are the real ones; nothing runs unless a test runs it. rig_live() is the whole machine.
 */
#ifndef CARD_RIG_H
#define CARD_RIG_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tools/card/bus.h"
#include "tools/card/engine.h"

#define RIG_LMEM	(32ull << 20)
#define RIG_LIMIT	(16ull << 20)		/* USER_LIMIT of every card */
#define RIG_ROOT	(RIG_LIMIT + 0x100000)	/* root of the tables that rig_pte() fills */
#define RIG_ENGINES	2

#define LEAF_LOCAL(off, rights)	((off) | (rights) | WEFT_PTE_VALID | WEFT_PTE_LEAF)
#define LEAF_BUS(bus, link, rights) \
	((bus) | (rights) | (uint64_t)(link) << 52 | 1 << 2 | WEFT_PTE_VALID | WEFT_PTE_LEAF)
#define LEAF_SPARSE(rights)	((rights) | 2 << 2 | WEFT_PTE_VALID | WEFT_PTE_LEAF)
#define RW			(WEFT_PTE_R | WEFT_PTE_W)

struct wcard_machine *rig_new(unsigned int cards);
void rig_free(struct wcard_machine *m);

/* With all threads and no sockets; USER_LIMIT is not set. */
struct wcard_machine *rig_live(unsigned int cards);
void rig_live_end(struct wcard_machine *m);

/* Stores a leaf at level 0, or 1 with `large`, making the tables above it. */
void rig_pte(struct wcard_card *c, uint64_t va, uint64_t leaf, int large);
/* The entry that rig_pte() stored. */
uint64_t *rig_entry(struct wcard_card *c, uint64_t va, int large);
/* Address space `id` on the tables of rig_pte(). */
struct wcard_as *rig_as(struct wcard_card *c, unsigned int id);
/* A file of zeros. */
int rig_file(uint64_t bytes);
/* Config space writes of the host: memory and bus master on, BAR2 at `bus`. */
void rig_bar2(struct wcard_card *c, uint64_t bus);
void rig_master(struct wcard_card *c);

uint64_t rig_random(uint64_t *state);
/* COUNT or SEED from the environment, printed. */
uint64_t rig_number(const char *name, uint64_t standard);

#endif
