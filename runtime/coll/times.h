/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * When members arrive: of each arrival two times of the card's own clock, in memory of the card, of the last WEFT_COMM_ARRIVALS.
 * A process puts the differences of its members on its board when a wait has seen the calls end, and whoever asks counts those
 * that all members have put there.
 */
#ifndef WEFT_COLL_TIMES_H
#define WEFT_COLL_TIMES_H

#include "comm.h"

enum weft_times { WEFT_TIMES_CAME, WEFT_TIMES_ALL, WEFT_TIMES_EACH };	/* it has signalled all others; it has all their signals */

int weft_times_init(struct weft_comm *comm, uint32_t rank);
/* After a wait: member @rank's arrivals up to the @number-th have ended */
void weft_times_tell(struct weft_comm *comm, uint32_t rank, uint64_t number);

#endif
