/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Figures of a card and their peers: the same work on the same memory, by a program of the bench machine. */
#ifndef BENCH_FIGURE_H
#define BENCH_FIGURE_H

#include "rig.h"

#define MAX_PAIRS	101
#define MAX_TAKES	3
#define MAX_SPREAD	2.0
#define AREA_BYTES	(UINT64_C(16) << 20)

enum work { COPY, PRODUCT, PACKETS, WAITS };
enum area { OWN, OTHER, HOST, PEER, AREAS };	/* two parts of card 0's memory, the host's, card 1's */

struct figure {
	const char *name, *unit;	/* "ns": time of one, less is better; else a rate */
	enum work work;
	enum area dst, src;		/* of a copy */
	uint32_t m, n, k;		/* of a product, all in OWN */
	double target;			/* of the ratio, 0 = none */
};

/* All at 16 MiB, as the card and as this process see them. */
struct bench {
	struct rig rig;
	struct rig lane;		/* in an LR space, with a page of cells */
	uint64_t va[AREAS];
	uint8_t *ptr[AREAS];
	int engine_core, own_core;	/* where the card computes; where this process waits for it */
};

struct taken {
	double value[MAX_PAIRS], ratio[MAX_PAIRS];	/* ratio: peer's time / ours, 1 and above is at least as fast */
	bool peer;			/* ratio[] is there */
	unsigned pairs, takes;
	double spread;			/* of the peer: its slow tenth / its fast tenth */
};

extern const struct figure figures[];
extern const unsigned num_figures;

/* Cards up, memory mapped, engine found. Errors go to ct_fail(), here and below. */
void bench_open(struct bench *b);
/* One round, results compared with the peer's. */
void figure_check(struct bench *b, const struct figure *f);
/* Check, then `pairs` rounds of ours and the peer's in turn; again, while the peer itself is unsteady. */
void figure_take(struct bench *b, const struct figure *f, unsigned pairs, struct taken *t);
void sort(double *v, unsigned n);

/* --- peers: what a program does that has no card --- */
extern const char *const peer_product;	/* NULL: none is built in */
void peer_copy_bytes(void *dst, const void *src, uint64_t bytes);
void peer_multiply(uint32_t m, uint32_t n, uint32_t k, const float *a, const float *b, float *c);

#endif
