// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Data of the calls that are checked: small numbers, which every type holds exactly, also summed over all members. They repeat, so
 * that large buffers are written and compared in equal pieces.
 */
#include "bench_coll.h"

#include <stdlib.h>
#include <string.h>

#define PERIOD	65536u	/* elements */

/* Element @i of block @block of what member @rank has */
static uint32_t given(uint32_t rank, uint32_t block, uint64_t i)
{
	return (uint32_t)((i * 5 + (i >> 6) + rank * 3 + block * 7) % 4);
}

/* Element @i of block @block of what member @rank is to get */
static uint32_t wanted(const struct weft_coll_desc *d, uint32_t members, uint32_t rank, uint32_t block, uint64_t i)
{
	uint32_t sum = 0;

	switch (d->op) {
	case WEFT_COLL_ALL_GATHER:
		return given(block, 0, i);
	case WEFT_COLL_ALL_TO_ALL:
		return given(block, rank, i);
	case WEFT_COLL_BROADCAST:
	case WEFT_COLL_SEND:
		return given(d->root, 0, i);
	default:
		for (uint32_t r = 0; r < members; r++)
			sum += given(r, d->op == WEFT_COLL_REDUCE_SCATTER ? rank : 0, i);
		return sum;
	}
}

void bench_coll_encode(uint32_t type, uint32_t number, uint8_t *to)
{
	const float value = (float)number;
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	switch (type) {
	case WEFT_TYPE_F32:
		memcpy(to, &bits, 4);
		break;
	case WEFT_TYPE_I32:
		memcpy(to, &number, 4);
		break;
	case WEFT_TYPE_BF16:
		memcpy(to, (const uint8_t *)&bits + 2, 2);
		break;
	case WEFT_TYPE_F16: {
		/* another bias of the exponent, 13 digits less: none of which these numbers have */
		const uint16_t half = number ? (uint16_t)((bits >> 13) - ((127 - 15) << 10)) : 0;

		memcpy(to, &half, 2);
		break;
	}
	default:
		to[0] = (uint8_t)number;
		break;
	}
}

static bool has_it(const struct weft_coll_desc *d, bool output, uint32_t rank)
{
	if (output)
		return (d->op != WEFT_COLL_REDUCE || rank == d->root) && (d->op != WEFT_COLL_SEND || rank == d->peer);
	return (d->op != WEFT_COLL_BROADCAST && d->op != WEFT_COLL_SEND) || rank == d->root;
}

static uint32_t blocks(uint32_t op, bool output, uint32_t members)
{
	const bool many = op == WEFT_COLL_ALL_TO_ALL || op == (output ? WEFT_COLL_ALL_GATHER : WEFT_COLL_REDUCE_SCATTER);

	return many ? members : 1;
}

int bench_coll_fill(struct coll_bench *b, const struct weft_coll_desc *d)
{
	const uint32_t each = weft_type_bytes((enum weft_type)d->type), n = b->cards.num;
	struct weft_window *window = d->in ? d->in : d->out;
	uint8_t *piece = malloc((size_t)PERIOD * each);
	int ret = piece ? 0 : -1;

	for (uint32_t r = 0; r < n && !ret; r++) {
		if (d->in && d->out)
			ret = weft_memory_fill(weft_window_memory(d->out, r), 0, 0xa5a5a5a5, 4, b->most_bytes);
		for (uint32_t k = 0; k < blocks(d->op, false, n) && has_it(d, false, r) && !ret; k++) {
			const uint64_t at = (!d->in && d->op == WEFT_COLL_ALL_GATHER ? r : k) * d->count;

			for (uint32_t i = 0; i < PERIOD; i++)
				bench_coll_encode(d->type, given(r, k, i), piece + (size_t)i * each);
			for (uint64_t i = 0; i < d->count && !ret; i += PERIOD)
				ret = weft_memory_write(weft_window_memory(window, r), (at + i) * each, piece,
							(d->count - i < PERIOD ? d->count - i : PERIOD) * each);
		}
	}
	free(piece);
	return ret ? cmd_weft_error("bench coll", "data", ret) : 0;
}

static int differs(const struct weft_coll_desc *d, uint32_t rank, uint32_t block, uint64_t element)
{
	return cmd_error("bench coll", "%s of %llu %s by %s: member %u has a wrong element %llu of block %u", weft_coll_op_name(d->op),
			 (unsigned long long)d->count, weft_type_name((enum weft_type)d->type), weft_coll_algorithm_name(d->algorithm), rank,
			 (unsigned long long)element, block);
}

static int check_block(const struct weft_coll_desc *d, uint32_t members, uint32_t rank, uint32_t block, uint8_t *want, uint8_t *got)
{
	const uint32_t each = weft_type_bytes((enum weft_type)d->type);
	const uint64_t at = (d->out ? block : rank) * d->count;

	for (uint32_t i = 0; i < PERIOD && i < d->count; i++)
		bench_coll_encode(d->type, wanted(d, members, rank, block, i), want + (size_t)i * each);
	for (uint64_t i = 0; i < d->count; i += PERIOD) {
		const uint64_t count = d->count - i < PERIOD ? d->count - i : PERIOD;
		int ret = weft_memory_read(weft_window_memory(d->out ? d->out : d->in, rank), (at + i) * each, got, count * each);

		if (ret)
			return cmd_weft_error("bench coll", "data", ret);
		for (uint64_t k = 0; memcmp(got, want, count * each) && k < count; k++)
			if (memcmp(got + k * each, want + k * each, each))
				return differs(d, rank, block, i + k);
	}
	return 0;
}

int bench_coll_check(struct coll_bench *b, const struct weft_coll_desc *d)
{
	const uint32_t each = weft_type_bytes((enum weft_type)d->type), n = b->cards.num;
	uint8_t *want = malloc(2 * (size_t)PERIOD * each);
	int ret = want ? 0 : cmd_error("bench coll", "out of memory");

	for (uint32_t r = 0; r < n && !ret; r++)
		for (uint32_t k = 0; k < blocks(d->op, true, n) && has_it(d, true, r) && !ret; k++)
			ret = check_block(d, n, r, k, want, want + (size_t)PERIOD * each);
	free(want);
	return ret;
}
