/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* loss[r] = -log p(label), dlogits = (p - onehot) * scale; stable, NaN propagates, order of the sum fixed (exp.h). */
#include "impl.h"
#include "exp.h"

int wcard_softmax_xent_f32_check(const struct weft_pkt_exec *p, const uint32_t *scalar, wcard_need *need)
{
	uint64_t rows = p->dim[0], cols = p->dim[1];

	(void)scalar;
	if (cols > WCARD_SOFTMAX_COLS || rows * cols > WCARD_OPERAND_MAX / 4)
		return WEFT_FAULT_SHAPE;
	if (!cols)
		rows = 0;
	wcard_need_set(&need[0], rows * cols * 4, WCARD_WRITE, 4, 1 << 2);
	wcard_need_set(&need[1], rows * 4, WCARD_WRITE, 4, 0);
	wcard_need_set(&need[2], rows * cols * 4, WCARD_READ, 4, 0);
	wcard_need_set(&need[3], rows * 4, WCARD_READ, 4, 0);
	return 0;
}

uint64_t wcard_softmax_xent_f32_units(const struct weft_pkt_exec *p, const uint32_t *scalar)
{
	(void)scalar;
	return p->dim[1] ? wcard_div_up(p->dim[0], wcard_rows_unit(p->dim[1])) : 0;
}

static void softmax_row(float *d, float *loss, const float *x, uint32_t label, uint32_t cols, float scale)
{
	float lane[WCARD_LANES] = { 0 }, max = x[0], at = x[label], inv;
	uint32_t c, w;

	for (c = 1; c < cols; c++)
		max = max > x[c] || max != max ? max : x[c];
	for (c = 0; c < cols; c++) {
		d[c] = wcard_expf(x[c] - max);
		lane[c % WCARD_LANES] += d[c];
	}
	for (w = WCARD_LANES / 2; w; w /= 2)
		for (c = 0; c < w; c++)
			lane[c] += lane[c + w];
	inv = 1.0f / lane[0];
	for (c = 0; c < cols; c++)
		d[c] = (d[c] * inv - (c == label ? 1.0f : 0.0f)) * scale;
	*loss = wcard_logf(lane[0]) - (at - max);
}

int wcard_softmax_xent_f32_ref(const struct weft_pkt_exec *p, const uint32_t *scalar, void *const *ptr, uint64_t unit)
{
	uint64_t step = wcard_rows_unit(p->dim[1]), r = unit * step, end = wcard_min64(p->dim[0], r + step);
	const uint32_t *labels = ptr[3];
	uint32_t cols = p->dim[1], label;

	if (wcard_check_index(labels + r, end - r, cols))
		return WEFT_FAULT_INDEX;
	for (; r < end; r++) {
		label = wcard_load_index(labels + r);
		if (label >= cols)
			return WEFT_FAULT_INDEX;
		softmax_row((float *)ptr[0] + r * cols, (float *)ptr[1] + r, (const float *)ptr[2] + r * cols, label,
			    cols, wcard_bits_f32(scalar[0]));
	}
	return 0;
}
