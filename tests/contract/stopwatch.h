/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* How soon safe operations end, by the card's clock: at most 20 ms (p99), and never more than 1 s. */
#ifndef CT_STOPWATCH_H
#define CT_STOPWATCH_H

#include "rig.h"

#define SERIES_MIN	11u	/* samples */
#define SERIES_MAX	32u

/* Runs an operation and returns how long it took on the card's clock, both reads included. */
uint64_t timed_op(struct card *c, unsigned op, uint64_t a0, uint64_t a1, uint64_t a2);
/* Whether the series is settled; else it is to be taken once more. `take` counts from 1. */
bool judge(uint64_t *ns, unsigned n, const char *what, unsigned take);

/* A list whose queue is stopped inside it, `rounds` times, each after at most `late_us`. */
struct stop {
	const char *what;
	const union weft_packet *p;
	unsigned n, rounds, late_us;
	unsigned long_us;	/* the first round stops it so late; not 0: a card that is done by then is skipped */
	uint8_t *mem;		/* that it writes */
	uint64_t bytes;
};
void stop_inside(struct rig *r, const struct stop *s);
/* The queue was stopped before the fence `work` behind its list; it is replaced. */
void renew_stopped(struct rig *r, uint64_t work);

#endif
