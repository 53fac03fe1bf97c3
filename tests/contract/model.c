// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "model.h"

#include "firmware/abi/packet.h"

#include <math.h>
#include <string.h>

unsigned model_elem_bytes(unsigned dtype)
{
	static const unsigned bytes[WEFT_DTYPE_COUNT] = { 4, 2, 2, 4, 1, 1 };

	return bytes[dtype];
}

static float bits(uint32_t u)
{
	float f;

	memcpy(&f, &u, 4);
	return f;
}

static uint32_t unbits(float f)
{
	uint32_t u;

	memcpy(&u, &f, 4);
	return u;
}

float model_half(uint16_t h)
{
	int e = h >> 10 & 31;
	float m = (float)(h & 1023), v;

	if (e == 31)
		v = h & 1023 ? NAN : INFINITY;
	else
		v = e ? ldexpf(1024 + m, e - 25) : ldexpf(m, -24);
	return h & 0x8000 ? -v : v;
}

/* The nearest of the two halves around f, found by search over the ordered bit patterns. */
uint16_t model_to_half(float f)
{
	uint16_t sign = unbits(f) >> 31 ? 0x8000 : 0, lo = 0, hi = 0x7c00;
	double a = fabs((double)f);

	if (isnan(f))
		return 0x7e00;
	while (hi - lo > 1) {
		uint16_t mid = (uint16_t)((lo + hi) / 2);

		if ((double)model_half(mid) <= a)
			lo = mid;
		else
			hi = mid;
	}
	/* 65536 stands where infinity is, for the rounding of values beyond 65504 */
	double down = model_half(lo), up = hi == 0x7c00 ? 65536.0 : model_half(hi);
	if (isinf(a))
		return sign | 0x7c00;
	uint16_t r = a - down < up - a ? lo : a - down > up - a ? hi : lo & 1 ? hi : lo;
	return sign | r;
}

float model_bf16(uint16_t h)
{
	return bits((uint32_t)h << 16);
}

uint16_t model_to_bf16(float f)
{
	uint32_t u = unbits(f);

	if (isnan(f))
		return 0x7fc0;
	return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

static float fcombine(unsigned rop, float a, float b)
{
	switch (rop) {
	case WEFT_PROD: return a * b;
	case WEFT_MAX: return isnan(a) ? a : a > b ? a : b;
	case WEFT_MIN: return isnan(a) ? a : a < b ? a : b;
	default: return a + b;
	}
}

static int64_t wrap(unsigned dtype, int64_t v)
{
	return dtype == WEFT_I32 ? (int32_t)(uint32_t)(uint64_t)v : dtype == WEFT_I8 ? (int8_t)(uint8_t)(uint64_t)v :
	       (uint8_t)(uint64_t)v;
}

static int64_t icombine(unsigned dtype, unsigned rop, int64_t a, int64_t b)
{
	switch (rop) {
	case WEFT_PROD: return wrap(dtype, (int64_t)((uint64_t)a * (uint64_t)b));
	case WEFT_MAX: return a > b ? a : b;
	case WEFT_MIN: return a < b ? a : b;
	default: return wrap(dtype, a + b);
	}
}

static unsigned split(unsigned n)
{
	unsigned s = 1;

	while (2 * s < n)
		s *= 2;
	return s;
}

static float ftree(unsigned rop, const float *v, unsigned n)
{
	return n == 1 ? v[0] : fcombine(rop, ftree(rop, v, split(n)), ftree(rop, v + split(n), n - split(n)));
}

static int64_t itree(unsigned dtype, unsigned rop, const int64_t *v, unsigned n)
{
	return n == 1 ? v[0] : icombine(dtype, rop, itree(dtype, rop, v, split(n)),
					itree(dtype, rop, v + split(n), n - split(n)));
}

static float fload(unsigned dtype, const void *p, uint64_t i)
{
	uint16_t h;
	float f;

	if (dtype == WEFT_F32) {
		memcpy(&f, (const uint8_t *)p + 4 * i, 4);
		return f;
	}
	memcpy(&h, (const uint8_t *)p + 2 * i, 2);
	return dtype == WEFT_F16 ? model_half(h) : model_bf16(h);
}

static void fstore(unsigned dtype, void *p, uint64_t i, float f)
{
	uint16_t h = dtype == WEFT_F16 ? model_to_half(f) : model_to_bf16(f);

	if (isnan(f))		/* canonical */
		f = bits(0x7fc00000);
	if (dtype == WEFT_F32)
		memcpy((uint8_t *)p + 4 * i, &f, 4);
	else
		memcpy((uint8_t *)p + 2 * i, &h, 2);
}

void model_reduce(unsigned dtype, unsigned rop, unsigned n, const void *const *src, uint64_t count, void *dst)
{
	unsigned w = model_elem_bytes(dtype);

	for (uint64_t i = 0; i < count; i++) {
		float f[WEFT_REDUCE_MAX];
		int64_t v[WEFT_REDUCE_MAX];

		if (dtype <= WEFT_BF16) {
			for (unsigned k = 0; k < n; k++)
				f[k] = fload(dtype, src[k], i);
			float r = ftree(rop, f, n);
			fstore(dtype, dst, i, rop == WEFT_AVG ? r / (float)n : r);
			continue;
		}
		for (unsigned k = 0; k < n; k++) {
			uint32_t raw = 0;

			memcpy(&raw, (const uint8_t *)src[k] + w * i, w);
			v[k] = wrap(dtype, raw);
		}
		int64_t r = itree(dtype, rop, v, n);
		if (rop == WEFT_AVG)
			r /= (int64_t)n;
		memcpy((uint8_t *)dst + w * i, &r, w);
	}
}

bool model_equal(unsigned dtype, const void *a, const void *b, uint64_t i)
{
	unsigned w = model_elem_bytes(dtype);

	return !memcmp((const uint8_t *)a + w * i, (const uint8_t *)b + w * i, w);
}

static float column(const float *x, unsigned rows, unsigned cols)
{
	return rows == 1 ? x[0] : column(x, split(rows), cols) + column(x + split(rows) * cols, rows - split(rows), cols);
}

float model_colsum(const float *x, unsigned rows, unsigned cols, unsigned col)
{
	return column(x + col, rows, cols);
}
