/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Bodies laid into a period, lane by lane. A lane of period P is a ring of time: a body occupies its time once in each round,
 * and where it lies further along the plan than the ring is long, it works on an older sequence.
 */
#ifndef WEFT_PLAN_PACK_H
#define WEFT_PLAN_PACK_H

#include <stdbool.h>
#include <stdint.h>

struct weft_pack_lane {
	double begin, used;	/* ns; when its first body starts, what is taken of the ring from there */
	uint32_t next, bucket;
	uint32_t num_bodies;
};

struct weft_pack {
	struct weft_pack_lane *lane;
	uint32_t num_lanes, num_open, num_buckets;
	double period, spare;	/* ns; what of all rings may stay empty */
	uint32_t *bucket;	/* lanes by where their ring is taken up to */
};

/* 0 or -ENOMEM */
int weft_pack_init(struct weft_pack *pack, uint32_t num_lanes);
void weft_pack_fini(struct weft_pack *pack);
/* Empties all lanes. @load_ns: of all bodies to come */
void weft_pack_begin(struct weft_pack *pack, double period_ns, double load_ns);
/*
 * Puts a body that can start at @earliest on the lane where it starts soonest, behind those there. False: no lane has room.
 * @start: when it does, @skew: rounds that it lies behind the first body of its lane (may be negative)
 */
bool weft_pack_place(struct weft_pack *pack, double time_ns, double earliest, uint32_t *lane, double *start, int32_t *skew);

#endif
