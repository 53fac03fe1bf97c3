/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * exp and log of our own: libm picks its code by processor, these give the same bits everywhere. No fused operation
 * (the library is built with contraction off). exp: error below 1.1 ulp on [-87.33, 0], 0 below; log: correctly
 * rounded but for double rounding.
 */
#include "impl.h"
#include "exp.h"

float wcard_expf(float x)
{
	float t = x * WCARD_LOG2E + WCARD_MAGIC, n = t - WCARD_MAGIC, r, p;

	r = x - n * WCARD_LN2_HI;
	r = r - n * WCARD_LN2_LO;
	p = WCARD_EXP_C7;
	p = p * r + WCARD_EXP_C6;
	p = p * r + WCARD_EXP_C5;
	p = p * r + WCARD_EXP_C4;
	p = p * r + WCARD_EXP_C3;
	p = p * r + WCARD_EXP_C2;
	p = (p * r) * r + r;
	p = p + 1.0f;
	p = p * wcard_bits_f32((wcard_f32_bits(t) - WCARD_MAGIC_BITS + 127) << 23);
	return x < WCARD_EXP_MIN ? 0.0f : p;
}

float wcard_logf(float x)
{
	uint32_t u = wcard_f32_bits(x);
	int e;
	double m, s, z, p;

	if (!(x > 0) || u >= 0x7f800000)	/* 0, negative, NaN, infinity: not a sum of exponentials */
		return u == 0x7f800000 ? x : wcard_bits_f32(0x7fc00000);
	e = (int)(u >> 23) - 127;
	m = wcard_bits_f32((u & 0x7fffff) | 0x3f800000);
	if (m > 1.4142135623730951) {
		m *= 0.5;
		e++;
	}
	/* log m = 2 artanh((m - 1) / (m + 1)) */
	s = (m - 1) / (m + 1);
	z = s * s;
	p = 1.0 / 19;
	p = p * z + 1.0 / 17;
	p = p * z + 1.0 / 15;
	p = p * z + 1.0 / 13;
	p = p * z + 1.0 / 11;
	p = p * z + 1.0 / 9;
	p = p * z + 1.0 / 7;
	p = p * z + 1.0 / 5;
	p = p * z + 1.0 / 3;
	p = p * z + 1.0;
	return (float)(e * 0.6931471805599453 + 2 * s * p);
}
