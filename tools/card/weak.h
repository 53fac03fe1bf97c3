/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Posted writes that take their time (weft-card --weak). What an engine writes over the bus becomes visible at a time
 * drawn at random, or when the queue that wrote it reads from that destination function: never out of order for one
 * queue and one destination, in any order between two queues or two destinations. What a packet writes is staged until
 * the packet has succeeded, so that nobody sees half a unit that failed.
 */
#ifndef WCARD_WEAK_H
#define WCARD_WEAK_H

#include "access.h"

int wcard_weak_init(struct wcard_machine *m, uint64_t seed);
void wcard_weak_fini(struct wcard_machine *m);

/* Inside a unit. `to`: the card that owns the memory, NULL the host. Memory to write to instead; NULL: there is none. */
uint8_t *wcard_weak_stage(struct wcard_acc *a, struct wcard_card *to, uint8_t *at, uint64_t bytes);
void wcard_weak_signal(struct wcard_acc *a, const struct wcard_cell *cell, unsigned int words, uint64_t value, uint64_t tag);
void wcard_weak_trim(struct wcard_acc *a, uint64_t bytes);	/* no piece staged was written further */
void wcard_weak_settle(struct wcard_acc *a, bool keep);		/* posts what is staged, or forgets it */

/* All posted writes of one card to one destination; of one card; of all: visible when this returns. */
void wcard_weak_flush(struct wcard_card *from, struct wcard_card *to);
/* Of the queue whose access it is. */
void wcard_weak_arrive(struct wcard_acc *a, struct wcard_card *to);
void wcard_weak_flush_card(struct wcard_card *from);
void wcard_weak_drain(struct wcard_machine *m);

#endif
