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

enum work { COPY, PRODUCT, PACKETS, WAITS, OTHER_WORK };
enum area { OWN, OTHER, HOST, PEER, AREAS };	/* two parts of card 0's memory, the host's, card 1's */

struct bench;

struct figure {
	const char *name, *unit;	/* "ns", "us": time of one, less is better; else more is */
	enum work work;
	enum area dst, src;		/* of a copy */
	uint32_t m, n, k;		/* of a product, all in OWN */
	double target;			/* of the ratio where there is one, else of the value; 0 = none */
	/* Of OTHER_WORK: one sample, checked; and what the peer in `against` took in turn with it: a ratio. */
	double (*sample)(struct bench *b, double *ratio);
	const char *against;
	unsigned engines;		/* of the machine, 0 = one */
	unsigned most;			/* samples, 0 = as many as asked for */
	const char *clock;		/* NULL: the card's */
};

/* All at 16 MiB, as the card and as this process see them. */
struct bench {
	struct rig rig;
	struct rig lane;		/* in an LR space, with a page of cells */
	uint64_t va[AREAS];
	uint8_t *ptr[AREAS];
	struct rig hop[2];		/* each on its card, in an LR space, with cells of both */
	uint64_t hops;			/* signalled so far */
	struct queue **crowd;		/* in the space of `lane` */
	struct sem *gate;		/* what they wait for, and how often it has opened */
	uint64_t gates;
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

/* hop.c: from a SIGNAL on one card to the next packet of a queue that waits on another, us */
double hop_sample(struct bench *b, double *ratio);
/* crowd.c: packets of a thousand queues with work, millions a second; against those of one queue */
double crowd_sample(struct bench *b, double *ratio);
/* stop.c: operations of the host beside a busy engine, from its write to the status it reads, us */
double invalidate_sample(struct bench *b, double *ratio);
double stop_sample(struct bench *b, double *ratio);

/* --- peers: what a program does that has no card --- */
extern const char *const peer_product;	/* NULL: none is built in */
void peer_copy_bytes(void *dst, const void *src, uint64_t bytes);
void peer_multiply(uint32_t m, uint32_t n, uint32_t k, const float *a, const float *b, float *c);

#endif
