/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Who waits for a cell of a card: parked queues and watches, by where the cell lies in local memory. The lists, the arm
 * words and every waiter belong to machine.lock; the counts beside the lists are for signallers, which after a store
 * and a full fence look there without a lock.
 */
#ifndef WCARD_WAITER_H
#define WCARD_WAITER_H

#include "cell.h"
#include "machine.h"

#define WCARD_CELL_BUCKETS	4096
#define WCARD_NUM_WATCHES	1024

struct wcard_waiter {
	struct wcard_waiter *next;
	struct wcard_queue *q;		/* NULL: a watch */
	uint64_t off, wanted;
	bool linked;
};

struct wcard_watch {
	struct wcard_waiter w;
	uint64_t cookie;
};

struct wcard_cells {
	_Atomic uint32_t n[WCARD_CELL_BUCKETS];
	struct wcard_waiter *first[WCARD_CELL_BUCKETS];
	struct wcard_watch watch[WCARD_NUM_WATCHES];
	uint32_t *arm;			/* by page of local memory: its arm page, in pages; 0 = none */
};

int wcard_cells_init(struct wcard_card *c);
void wcard_cells_fini(struct wcard_card *c);
void wcard_cells_reset(struct wcard_card *c);	/* FLR: no watches, no arm pages, links up, nothing to flush by */

/* What a WAIT for `wanted` finds. */
enum wcard_look { WCARD_LOOK_VALUE, WCARD_LOOK_FAULT, WCARD_LOOK_END, WCARD_LOOK_NOTHING };
enum wcard_look wcard_cell_read(const struct weft_cell *cell, uint64_t wanted);

/*
 * Inside the unit that looked at the cell. True: the queue is PARKED there, or was already woken again. False: the cell
 * has changed meanwhile, look again.
 */
bool wcard_cell_park(struct wcard_queue *q, uint64_t off, uint64_t wanted);
/* After a store to the cell and a full fence: wakes whom it concerns. No locks held, or inside a unit. */
void wcard_cell_look(struct wcard_card *c, uint64_t off);
/* KICK in the doorbell page of queue `id`. */
void wcard_cell_kick(struct wcard_card *c, uint32_t id, uint64_t va);
/* Parked queues of the range (0 bytes = all) whose address leads elsewhere now go on, and find out. */
void wcard_cell_recheck(struct wcard_card *c, uint32_t asid, uint64_t va, uint64_t bytes);
/* CELL_FAULT: enum weft_safe_status */
uint32_t wcard_cell_fault(struct wcard_card *c, uint64_t off, uint64_t word);
/* CELL_FAULTS: the same for each entry of a list in the carve-out */
uint32_t wcard_cell_faults(struct wcard_card *c, uint64_t list, uint64_t count);
/* ARM_BIND; arm 0 removes. enum weft_mbox_status */
int wcard_arm_bind(struct wcard_card *c, uint64_t sem, uint64_t arm);

/* machine.lock held */
void wcard_cell_wake(struct wcard_card *c, uint64_t off);	/* looks at everyone who waits for this cell */
void wcard_cell_unpark(struct wcard_queue *q);			/* off its cell, if it is on one */
void wcard_cell_enter(struct wcard_card *c, struct wcard_waiter *w, uint64_t off, uint64_t wanted);
void wcard_cell_leave(struct wcard_card *c, struct wcard_waiter *w);

/* watch.c */
void wcard_watch_cmd(struct wcard_card *c, uint32_t cmd);
void wcard_watch_fire(struct wcard_card *c, struct wcard_waiter *w);	/* machine.lock held; it has left its cell */

#endif
