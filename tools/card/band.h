/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Who is next on one card: bands with floors, in a band address spaces by weighted engine time, in a space its queues
 * likewise. Everything here is under machine.lock.
 */
#ifndef WCARD_BAND_H
#define WCARD_BAND_H

#include "heap.h"
#include "queue.h"

#define WCARD_BANDS		4
#define WCARD_TYPES		2		/* WEFT_AS_FENCE, WEFT_AS_LR */
#define WCARD_SLICE_NS		1000000		/* engine time after which others get their turn, unless POLICY says so */
#define WCARD_SLICE_MAX_NS	100000000
#define WCARD_FENCE_FLOOR	100		/* per mille, of all FENCE spaces together */
#define WCARD_CREDIT_MAX_NS	20000000	/* of a floor, owed or advanced */

enum wcard_by { WCARD_BY_BAND, WCARD_BY_FLOOR, WCARD_BY_FENCE };	/* why a queue was picked */

struct wcard_as;
struct wcard_card;
struct wcard_queue;

/* An address space in one band. Times are engine time by weight; who has least is next. */
struct wcard_share {
	struct wcard_node node;		/* in its band, while it has ready queues; key = its time */
	struct wcard_heap ready;	/* its queues; key = their time */
	uint64_t least;			/* where a queue that comes begins */
};

struct wcard_band {
	struct wcard_heap ready[WCARD_TYPES];	/* of shares */
	struct wcard_queue *held[WCARD_TYPES], *held_last[WCARD_TYPES];	/* ready and in a slot, first come first served */
	uint64_t least;
	uint32_t floor, slice_ns;	/* POLICY */
	unsigned int active;		/* queues ready or on an engine */
	int64_t credit;			/* engine time its floor is short of */
};

struct wcard_bands {
	struct wcard_band band[WCARD_BANDS];
	unsigned int nready, active, fence_active;
	unsigned int slots[WCARD_TYPES];	/* in use */
	int64_t fence_credit;
	uint64_t time;			/* engine time, against other cards */
};

void wcard_bands_init(struct wcard_card *c);		/* and at FLR, with no queue left */
/* enum weft_mbox_status */
int wcard_bands_policy(struct wcard_card *c, uint32_t band, uint32_t floor, uint32_t slice_ns);

/* Became ready. @slept: it had no work, and has no claim to the time it did not use; else it comes from an engine. */
void wcard_bands_push(struct wcard_queue *q, bool slept);
void wcard_bands_remove(struct wcard_queue *q);		/* was ready and is no more */
/* The next one with a slot to run in, taken off, in its slot and charged a slice in advance; NULL: none. */
struct wcard_queue *wcard_bands_pick(struct wcard_card *c, uint64_t now);
/* It left its engine after `ns`; it stays, and begins a slice anew. */
void wcard_bands_put(struct wcard_queue *q, uint64_t ns);
void wcard_bands_charge(struct wcard_queue *q, uint64_t ns);
void wcard_bands_space(struct wcard_as *as);		/* a new one owes nothing of the last with its number */
void wcard_bands_slot_free(struct wcard_queue *q);

#endif
