/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pack.h"

#define NONE	UINT32_MAX
#define TRIES	24	/* lanes looked at before all of them are */
#define NEAR	1e-9	/* of a period: the same time */

int weft_pack_init(struct weft_pack *pack, uint32_t num_lanes)
{
	memset(pack, 0, sizeof(*pack));
	pack->num_lanes = num_lanes;
	pack->num_buckets = num_lanes;
	pack->lane = calloc((size_t)num_lanes + 1, sizeof(*pack->lane));
	pack->bucket = calloc((size_t)num_lanes + 1, sizeof(*pack->bucket));
	if (pack->lane && pack->bucket)
		return 0;
	weft_pack_fini(pack);
	return -ENOMEM;
}

void weft_pack_fini(struct weft_pack *pack)
{
	free(pack->lane);
	free(pack->bucket);
	memset(pack, 0, sizeof(*pack));
}

void weft_pack_begin(struct weft_pack *pack, double period_ns, double load_ns)
{
	pack->num_open = 0;
	pack->period = period_ns;
	pack->spare = period_ns * pack->num_lanes - load_ns;
	memset(pack->bucket, 0xff, pack->num_buckets * sizeof(*pack->bucket));
}

static double phase(const struct weft_pack *pack, double at)
{
	double p = at - pack->period * (double)(int64_t)(at / pack->period);

	return p < 0 ? p + pack->period : p;
}

static double round_up(double x)
{
	double n = (double)(int64_t)x;

	return n < x ? n + 1 : n;
}

static uint32_t bucket_of(const struct weft_pack *pack, double at)
{
	uint32_t i = (uint32_t)(phase(pack, at) / pack->period * pack->num_buckets);

	return i < pack->num_buckets ? i : pack->num_buckets - 1;
}

static void put_in(struct weft_pack *pack, uint32_t lane)
{
	struct weft_pack_lane *l = &pack->lane[lane];

	l->bucket = bucket_of(pack, l->begin + l->used);
	l->next = pack->bucket[l->bucket];
	pack->bucket[l->bucket] = lane;
}

static void take_out(struct weft_pack *pack, uint32_t lane)
{
	uint32_t *at = &pack->bucket[pack->lane[lane].bucket];

	while (*at != lane)
		at = &pack->lane[*at].next;
	*at = pack->lane[lane].next;
}

/*
 * What a lane costs: later start, or a hole before the body. -1: it has no room.
 * Holes are taken from what is spare, so that the bodies to come have room whatever their order.
 */
static double cost(const struct weft_pack *pack, const struct weft_pack_lane *l, double time, double earliest, double *hole)
{
	double late = phase(pack, l->begin + l->used - earliest), gap = pack->period - late;
	double room = pack->period * (1 + NEAR) - l->used - time;

	*hole = 0;
	if (room < 0)
		return -1;
	if (late > pack->period * (1 - NEAR))
		return 0;
	if (late && gap < late && gap <= room && gap <= pack->spare) {
		*hole = gap;
		return gap;
	}
	return late < pack->period * NEAR ? 0 : late;
}

static uint32_t open_lane(struct weft_pack *pack, double earliest)
{
	struct weft_pack_lane *l = &pack->lane[pack->num_open];

	*l = (struct weft_pack_lane) { .begin = earliest };
	put_in(pack, pack->num_open);
	return pack->num_open++;
}

static void better(const struct weft_pack *pack, uint32_t lane, double time, double earliest, uint32_t *best, double *least,
		   double *hole)
{
	double h, c = cost(pack, &pack->lane[lane], time, earliest, &h);

	if (c < 0 || (*best != NONE && c >= *least))
		return;
	*best = lane;
	*least = c;
	*hole = h;
}

/* Lanes whose ring is taken up to about where the body could start, from there on both ways. */
static uint32_t choose(struct weft_pack *pack, double time, double earliest, double *hole)
{
	uint32_t at = bucket_of(pack, earliest), best = NONE, tries = 0;
	double least = 0;

	for (uint32_t k = 0; k < pack->num_buckets && k < 2 * TRIES && tries < TRIES; k++) {
		uint32_t side[2] = { (at + k) % pack->num_buckets, (at + pack->num_buckets - k % pack->num_buckets) %
				     pack->num_buckets };

		for (int s = 0; s < 1 + (k > 0); s++)
			for (uint32_t l = pack->bucket[side[s]]; l != NONE && tries < TRIES; l = pack->lane[l].next, tries++)
				better(pack, l, time, earliest, &best, &least, hole);
		if (best != NONE && (least <= 0 || k > 1))
			break;
	}
	if ((best == NONE || least > 0) && pack->num_open < pack->num_lanes && time <= pack->period * (1 + NEAR)) {
		*hole = 0;
		return open_lane(pack, earliest);
	}
	for (uint32_t l = 0; best == NONE && l < pack->num_open; l++)
		better(pack, l, time, earliest, &best, &least, hole);
	return best;
}

bool weft_pack_place(struct weft_pack *pack, double time_ns, double earliest, uint32_t *lane, double *start, int32_t *skew)
{
	double hole = 0, rounds;
	struct weft_pack_lane *l;

	*lane = choose(pack, time_ns, earliest, &hole);
	if (*lane == NONE)
		return false;
	l = &pack->lane[*lane];
	take_out(pack, *lane);
	l->used += hole;
	pack->spare -= hole;
	rounds = round_up((earliest - l->begin - l->used) / pack->period - NEAR);
	*skew = (int32_t)rounds;
	*start = l->begin + l->used + rounds * pack->period;
	l->used += time_ns;
	put_in(pack, *lane);
	l->num_bodies++;
	return true;
}
