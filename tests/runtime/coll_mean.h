/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What collective calls mean, computed here; members of other processes are theirs to fill and to look at. */
#ifndef COLL_MEAN_H
#define COLL_MEAN_H

#include "coll_set.h"

/* Numbers small enough, and multiples of the number of members, so that every type has every result exactly, or wraps. */
static inline int number(uint32_t n, uint32_t rank, uint64_t i)
{
	uint64_t x = rank * 1000003ull + i * 31;

	return (int)(rt_random(&x) % 3 * n);
}

static inline void encode(enum weft_type type, int value, uint8_t *to)
{
	const float f = (float)value;
	uint32_t bits;

	memcpy(&bits, &f, 4);
	switch (type) {
	case WEFT_TYPE_F32:
		memcpy(to, &f, 4);
		break;
	case WEFT_TYPE_I32:
		memcpy(to, &value, 4);
		break;
	case WEFT_TYPE_BF16:
		memcpy(to, (char *)&bits + 2, 2);
		break;
	case WEFT_TYPE_F16: {
		const uint16_t half = value ? (uint16_t)((bits >> 13) - ((127 - 15) << 10)) : 0;	/* exact, and normal */

		memcpy(to, &half, 2);
		break;
	}
	default:
		to[0] = (uint8_t)value;
		break;
	}
}

static inline int combined(const struct weft_coll_desc *d, uint32_t n, uint64_t i)
{
	int v = number(n, 0, i);

	for (uint32_t r = 1; r < n; r++) {
		const int x = number(n, r, i);

		switch ((enum weft_reduction)d->reduction) {
		case WEFT_REDUCTION_PROD:
			v *= x;
			break;
		case WEFT_REDUCTION_MAX:
			v = x > v ? x : v;
			break;
		case WEFT_REDUCTION_MIN:
			v = x < v ? x : v;
			break;
		default:
			v += x;
			break;
		}
	}
	return d->reduction == WEFT_REDUCTION_AVG ? v / (int)n : v;
}

/* Element @i of what member @rank is to have at the end; @has: does it have so many */
static inline int wanted(const struct weft_coll_desc *d, uint32_t n, uint32_t rank, uint64_t i)
{
	switch (d->op) {
	case WEFT_COLL_ALL_GATHER:
		return number(n, (uint32_t)(i / d->count), i % d->count);
	case WEFT_COLL_ALL_TO_ALL:
		return number(n, (uint32_t)(i / d->count), rank * d->count + i % d->count);
	case WEFT_COLL_BROADCAST:
	case WEFT_COLL_SEND:
		return number(n, d->root, i);
	case WEFT_COLL_REDUCE_SCATTER:
		return combined(d, n, rank * d->count + i);
	default:
		return combined(d, n, i);
	}
}

static inline uint64_t given(const struct weft_coll_desc *d, uint32_t n, uint32_t rank)
{
	if (d->op == WEFT_COLL_BROADCAST || d->op == WEFT_COLL_SEND)
		return rank == d->root ? d->count : 0;
	return d->op == WEFT_COLL_REDUCE_SCATTER || d->op == WEFT_COLL_ALL_TO_ALL ? n * d->count : d->count;
}

static inline uint64_t taken(const struct weft_coll_desc *d, uint32_t n, uint32_t rank)
{
	if (d->op == WEFT_COLL_REDUCE)
		return rank == d->root ? d->count : 0;
	if (d->op == WEFT_COLL_SEND)
		return rank == d->peer ? d->count : 0;
	return d->op == WEFT_COLL_ALL_GATHER || d->op == WEFT_COLL_ALL_TO_ALL ? n * d->count : d->count;
}

static inline int fill(struct set *s, const struct weft_coll_desc *d)
{
	static uint8_t data[BYTES + GAP];
	const uint32_t each = weft_type_bytes((enum weft_type)d->type);

	for (uint32_t r = 0; r < s->n; r++) {
		uint64_t at = 0;

		if (!weft_window_memory(s->in, r))
			continue;
		memset(data, 0xa5, sizeof(data));
		RT_OK(weft_memory_write(weft_window_memory(s->in, r), 0, data, sizeof(data)));
		RT_OK(weft_memory_write(weft_window_memory(s->out, r), 0, data, sizeof(data)));
		if (!d->in && d->op == WEFT_COLL_ALL_GATHER)
			at = r * d->count;
		for (uint64_t i = 0; i < given(d, s->n, r); i++)
			encode((enum weft_type)d->type, number(s->n, r, i), data + (at + i) * each);
		RT_OK(weft_memory_write(weft_window_memory(d->in ? s->in : s->out, r), 0, data, sizeof(data)));
	}
	return 0;
}

static inline int check(struct set *s, const struct weft_coll_desc *d)
{
	static uint8_t data[BYTES + GAP];
	const uint32_t each = weft_type_bytes((enum weft_type)d->type);

	for (uint32_t r = 0; r < s->n; r++) {
		const uint64_t at = d->out ? 0 : r * d->count, count = taken(d, s->n, r);
		uint8_t want[4];

		if (!weft_window_memory(s->out, r))
			continue;
		RT_OK(weft_memory_read(weft_window_memory(d->out ? s->out : s->in, r), 0, data, sizeof(data)));
		for (uint64_t i = 0; i < count; i++) {
			encode((enum weft_type)d->type, wanted(d, s->n, r, i), want);
			RT_CHECK(!memcmp(want, data + (at + i) * each, each), "%s by %s of %llu %s, reduction %u, root %u, peer %u, %s: member %u of %u, element %llu",
				 weft_coll_op_name(d->op), weft_coll_algorithm_name(d->algorithm), (unsigned long long)d->count,
				 weft_type_name((enum weft_type)d->type), d->reduction, d->root, d->peer, d->in && d->out ? "apart" : "in place", r,
				 s->n, (unsigned long long)i);
		}
		/* a reduction in place leaves the other members' buffers to them, and an unequal one none behind its end */
		for (uint64_t i = (d->out ? count : s->n * d->count) * each; i < sizeof(data) && (count || (d->in && d->out)); i++)
			RT_CHECK(data[i] == 0xa5, "%s by %s of %llu %s: member %u of %u: byte %llu behind the end", weft_coll_op_name(d->op),
				 weft_coll_algorithm_name(d->algorithm), (unsigned long long)d->count, weft_type_name((enum weft_type)d->type), r, s->n,
				 (unsigned long long)i);
	}
	return 0;
}

/* 0, an error, or RT_SKIP: that cannot be */
static inline int one(struct set *s, struct weft_coll_desc *d)
{
	struct weft_coll *coll;
	int ret = weft_coll_prepare(s->comm, d, &coll);

	if (ret == -EOPNOTSUPP)
		return RT_SKIP;
	RT_OK(ret);
	d->algorithm = weft_coll_algorithm(coll);
	ret = fill(s, d);
	if (!ret) {
		RT_OK(weft_coll_post(coll, 1, WEFT_COLL_EVERYBODY));
		RT_OK(weft_comm_wait(s->comm, 60 * RT_SECOND));
		ret = check(s, d);
	}
	if (!ret)
		RT_OK(weft_coll_destroy(coll));
	return ret;
}

/* Call number @k of all kinds, or false: there are no more */
static inline bool kind(struct set *s, uint64_t k, struct weft_coll_desc *d)
{
	static const uint64_t counts[] = { 0, 1, 2, 3, 17, 4095, 4096, 4097 };
	const bool in_place = k & 1;

	*d = (struct weft_coll_desc) { .size = sizeof(*d) };
	k /= 2;
	d->count = counts[k % 8];
	k /= 8;
	d->type = (uint32_t)(k % 6);
	k /= 6;
	d->algorithm = (uint32_t)(k % WEFT_COLL_ALGORITHMS);
	k /= WEFT_COLL_ALGORITHMS;
	d->op = k % WEFT_COLL_OPS;
	k /= WEFT_COLL_OPS;
	if (k)
		return false;
	if (d->op == WEFT_COLL_BARRIER)
		return d->count = 0, true;
	if (d->op == WEFT_COLL_ALL_REDUCE || d->op == WEFT_COLL_REDUCE_SCATTER || d->op == WEFT_COLL_REDUCE)
		d->reduction = (uint32_t)((d->count + d->type) % 5);
	if (d->op == WEFT_COLL_BROADCAST || d->op == WEFT_COLL_REDUCE || d->op == WEFT_COLL_SEND)
		d->root = (uint32_t)d->count % s->n;
	if (d->op == WEFT_COLL_SEND)
		d->peer = (d->root + 1) % s->n;
	d->in = s->in;
	d->out = s->out;
	if (in_place && d->op == WEFT_COLL_REDUCE_SCATTER)
		d->out = NULL;
	else if (in_place && d->op != WEFT_COLL_SEND)
		d->in = NULL;
	return true;
}

#endif
