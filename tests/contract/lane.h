/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Lanes: user queues on several cards, each running one LOOP over a list of its own, with memory and cells of every card and of
 * the host in reach. What one lane did is seen by another through an arena.
 */
#ifndef CT_LANE_H
#define CT_LANE_H

#include "cell.h"
#include "rig.h"

#define LANE_BYTES	(UINT64_C(1) << 20)
#define LANE_LIST	UINT64_C(0x10000000)	/* 64 KiB local, R */
#define LANE_TABLE	UINT64_C(0x10100000)	/* 64 KiB local, RW */
#define LANE_OWN	UINT64_C(0x20000000)	/* LANE_BYTES local, of this lane alone */
#define LANE_PLACE(p)	(UINT64_C(0x40000000) + UINT64_C(0x1000000) * (p))	/* LANE_BYTES of each place, shared by all lanes */
#define LANE_CELL(p, i)	(UINT64_C(0x50000000) + UINT64_C(0x10000) * (p) + 32u * (i))	/* cell i of each place */
#define HOST		HOST_CARDS		/* as a place: guest memory; others are cards */

struct arena {
	unsigned n;			/* cards */
	struct sem *cells[HOST_CARDS];
	uint64_t data[HOST_CARDS + 1];	/* local-memory offset; HOST: guest address */
	uint64_t host_cells;
};

struct lane {
	struct arena *a;
	struct card *c;
	struct space *s;
	struct queue *q;
	union weft_packet *list;
	struct weft_operand *table;
	uint8_t *own;
	uint32_t n, nops;
};

/* The first n cards up, with flush words, shared memory and cells, all zero. */
struct arena arena_open(unsigned n);
uint8_t *arena_at(struct arena *a, unsigned place);
volatile struct weft_cell *arena_cell(struct arena *a, unsigned place, unsigned i);

struct lane lane_open(struct arena *a, unsigned card);
void lane_clear(struct lane *l);		/* empties list and table */
void lane_add(struct lane *l, union weft_packet p);
uint16_t lane_operand(struct lane *l, uint64_t base, uint64_t stride, uint16_t depth);	/* level 0, one block per iteration */
void lane_copy(struct lane *l, uint16_t dst, uint16_t src, uint64_t bytes);	/* by operand */
void lane_loop(struct lane *l, uint64_t count);	/* starts a LOOP over the list */
/* All of them have done what they were given; fails as soon as one ends otherwise. NULLs behind the last. */
void lanes_wait(unsigned ms, struct lane *a, struct lane *b, struct lane *c);
void lane_nops(struct lane *l, unsigned n);
/* Slice of the card's NORMAL band, where the card has bands; 1 ms is what it has after reset. */
void card_slice(struct card *c, uint32_t ns);

#endif
