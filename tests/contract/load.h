/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Queues that always have work, and what of the engines each got. */
#ifndef CT_LOAD_H
#define CT_LOAD_H

#include "rig.h"

#define LOAD_VA		UINT64_C(0x20000000)
#define LOAD_BYTES	(UINT64_C(256) << 10)	/* one FILL: a unit of some 10 µs */

/* A list of FILLs that a LOOP repeats for ever, in an address space of its own; any number of queues may run it. */
struct load {
	struct card *c;
	struct space *s;
	uint64_t list_off;
};

/* The kind of space whose work may go on for ever, where the card has it. */
uint32_t lr_or_fence(struct card *c);
struct load load_open(struct card *c, uint32_t type);
struct load load_open_as(struct card *c, uint32_t asid, uint32_t type);		/* with this number */
/* The same of another packet; its operands are entries 0 and 1 of a table, the halves of the data. */
struct load load_open_of(struct card *c, uint32_t type, union weft_packet p);
struct queue *load_queue(struct load *l, const struct weft_queue_desc *how);	/* created, not started */
struct queue *load_queue_soon(struct load *l, const struct weft_queue_desc *how);	/* exists after queue_created() */
void load_start(struct load *l, struct queue *q);
uint64_t load_busy(struct queue *q);
/* Engine time all cards' engines gave to this card. */
uint64_t card_busy(struct card *c);
unsigned policy(struct card *c, uint32_t band, uint32_t floor, uint32_t slice_ns);	/* status */

#endif
