/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * out[0] = rows whose first greatest logit is at the label. Greatest by "x > best" from column 0 on: a NaN in column 0
 * stays, elsewhere it never is. The sum grows unit by unit in out[0].
 */
#include "impl.h"

int wcard_argmax_hits_f32_check(const struct weft_pkt_exec *p, const uint32_t *scalar, wcard_need *need)
{
	uint64_t rows = p->dim[0], cols = p->dim[1];

	(void)scalar;
	if (cols > WCARD_ARGMAX_COLS || rows * cols > WCARD_OPERAND_MAX / 4)
		return WEFT_FAULT_SHAPE;
	if (!cols)
		rows = 0;
	wcard_need_set(&need[0], rows ? 4 : 0, WCARD_WRITE, 4, 0);
	wcard_need_set(&need[1], rows * cols * 4, WCARD_READ, 4, 0);
	wcard_need_set(&need[2], rows * 4, WCARD_READ, 4, 0);
	return 0;
}

uint64_t wcard_argmax_hits_f32_units(const struct weft_pkt_exec *p, const uint32_t *scalar)
{
	(void)scalar;
	return p->dim[1] ? wcard_div_up(p->dim[0], wcard_rows_unit(p->dim[1])) : 0;
}

int wcard_argmax_hits_f32_ref(const struct weft_pkt_exec *p, const uint32_t *scalar, void *const *ptr, uint64_t unit)
{
	uint64_t step = wcard_rows_unit(p->dim[1]), r = unit * step, end = wcard_min64(p->dim[0], r + step);
	uint32_t cols = p->dim[1], hits = 0, c, best;
	const uint32_t *labels = ptr[2];
	uint32_t *out = ptr[0];
	const float *x;
	float max;

	(void)scalar;
	for (; r < end; r++) {
		x = (const float *)ptr[1] + r * cols;
		for (best = 0, max = x[0], c = 1; c < cols; c++) {
			if (x[c] > max) {
				max = x[c];
				best = c;
			}
		}
		hits += best == labels[r];
	}
	*out = unit ? *out + hits : hits;
	return 0;
}
