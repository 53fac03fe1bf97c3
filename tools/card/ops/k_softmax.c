/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* One row of softmax and cross entropy; sixteen lanes on every processor, so the same bits everywhere. */
#include "kern.h"
#include "vec.h"
#include "exp.h"

#define PARTS	(WCARD_LANES * 4 / VB)		/* native vectors of sixteen lanes */

/* wcard_expf() lane by lane. */
static inline vf vf_exp(vf x)
{
	vf t = x * vf_set(WCARD_LOG2E) + vf_set(WCARD_MAGIC), n = t - vf_set(WCARD_MAGIC), r, p;

	r = x - n * vf_set(WCARD_LN2_HI);
	r = r - n * vf_set(WCARD_LN2_LO);
	p = vf_set(WCARD_EXP_C7);
	p = p * r + vf_set(WCARD_EXP_C6);
	p = p * r + vf_set(WCARD_EXP_C5);
	p = p * r + vf_set(WCARD_EXP_C4);
	p = p * r + vf_set(WCARD_EXP_C3);
	p = p * r + vf_set(WCARD_EXP_C2);
	p = (p * r) * r + r;
	p = p + vf_set(1.0f);
	p = p * (vf)(((vu)t - WCARD_MAGIC_BITS + 127) << 23);
	return (vf)(~(vi)(x < vf_set(WCARD_EXP_MIN)) & (vi)p);
}

/* Sixteen columns from c on; beyond the end the lanes hold . */
static inline void load16(vf *v, const float *x, uint32_t c, uint32_t cols, float pad)
{
	float lane[WCARD_LANES];
	unsigned int i;

	if (c + WCARD_LANES <= cols) {
		for (i = 0; i < PARTS; i++)
			v[i] = vf_load(x + c + i * VE);
		return;
	}
	for (i = 0; i < WCARD_LANES; i++)
		lane[i] = c + i < cols ? x[c + i] : pad;
	for (i = 0; i < PARTS; i++)
		v[i] = vf_load(lane + i * VE);
}

static inline void store16(float *d, const vf *v, uint32_t c, uint32_t cols)
{
	memcpy(d + c, v, (c + WCARD_LANES <= cols ? WCARD_LANES : cols - c) * sizeof(float));
}

/* NaN when any is; which zero of two does not matter, it is only subtracted. */
static float row_max(const float *x, uint32_t cols)
{
	float lane[WCARD_LANES], max;
	vf m[PARTS], v[PARTS];
	unsigned int i;
	uint32_t c;

	load16(m, x, 0, cols, x[0]);
	for (c = WCARD_LANES; c < cols; c += WCARD_LANES) {
		load16(v, x, c, cols, x[0]);
		for (i = 0; i < PARTS; i++)
			m[i] = vf_max(m[i], v[i]);
	}
	memcpy(lane, m, sizeof(lane));
	for (max = lane[0], i = 1; i < WCARD_LANES; i++)
		max = max > lane[i] || max != max ? max : lane[i];
	return max;
}

void WK(softmax_row)(float *d, float *loss, const float *x, uint32_t label, uint32_t cols, float scale)
{
	float lane[WCARD_LANES], max = row_max(x, cols), at = x[label], own, inv;
	vf sum[PARTS] = { { 0 } }, e[PARTS];
	unsigned int i, w;
	uint32_t c;

	for (c = 0; c < cols; c += WCARD_LANES) {
		/* exp(-infinity) is 0 and adds nothing */
		load16(e, x, c, cols, -__builtin_inff());
		for (i = 0; i < PARTS; i++) {
			e[i] = vf_exp(e[i] - vf_set(max));
			sum[i] += e[i];
		}
		store16(d, e, c, cols);
	}
	memcpy(lane, sum, sizeof(lane));
	for (w = WCARD_LANES / 2; w; w /= 2)
		for (i = 0; i < w; i++)
			lane[i] += lane[i + w];
	inv = 1.0f / lane[0];
	own = d[label];
	for (c = 0; c < cols; c += WCARD_LANES) {
		load16(e, d, c, cols, 0);
		for (i = 0; i < PARTS; i++)
			e[i] = e[i] * vf_set(inv) * vf_set(scale);
		store16(d, e, c, cols);
	}
	d[label] = (own * inv - 1.0f) * scale;
	*loss = wcard_logf(lane[0]) - (at - max);
}
