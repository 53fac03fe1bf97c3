/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* out[c] = sum over r of x[r, c], rows as the leaves of REDUCE's balanced tree. */
#include "impl.h"

#define STRIDED_ROWS	8192	/* a fault for each is less than a millisecond or two */

int wcard_colsum_f32_check(const struct weft_pkt_exec *p, const uint32_t *scalar, wcard_need *need)
{
	uint64_t rows = p->dim[0], cols = p->dim[1];

	(void)scalar;
	if (rows > WCARD_COLSUM_ROWS || rows * cols > WCARD_OPERAND_MAX / 4)
		return WEFT_FAULT_SHAPE;
	if (!rows)
		cols = 0;
	wcard_need_set(&need[0], cols * 4, WCARD_WRITE, 4, 0);
	wcard_need_set(&need[1], rows * cols * 4, WCARD_READ, 4, 0);
	need[1].strided = rows > STRIDED_ROWS;
	return 0;
}

/* Columns of one unit. */
uint64_t wcard_colsum_strip(uint64_t rows)
{
	uint64_t strip = WCARD_ELEMS_UNIT / (rows ? rows : 1) & ~63ull;

	return strip ? strip : 16;
}

uint64_t wcard_colsum_f32_units(const struct weft_pkt_exec *p, const uint32_t *scalar)
{
	(void)scalar;
	return p->dim[0] ? wcard_div_up(p->dim[1], wcard_colsum_strip(p->dim[0])) : 0;
}

static float tree(const float *x, uint64_t ld, uint64_t n)
{
	uint64_t half = 1;

	if (n == 1)
		return x[0];
	while (half * 2 < n)
		half *= 2;
	return tree(x, ld, half) + tree(x + half * ld, ld, n - half);
}

int wcard_colsum_f32_ref(const struct weft_pkt_exec *p, const uint32_t *scalar, void *const *ptr, uint64_t unit)
{
	uint64_t strip = wcard_colsum_strip(p->dim[0]), c = unit * strip, end = wcard_min64(p->dim[1], c + strip);
	const float *x = ptr[1];
	float *out = ptr[0];

	(void)scalar;
	for (; c < end; c++)
		out[c] = tree(x + c, p->dim[1], p->dim[0]);
	return 0;
}
