/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * REDUCE, the reference. What op.h leaves open and this fixes: max(a, b) is a > b ? a : b, so of two zeros the later
 * stands; any NaN result is the positive quiet NaN without payload; AVG of integers divides the wrapped sum.
 */
#include "impl.h"
#include "ref.h"

size_t wcard_dtype_bytes(unsigned int dtype)
{
	static const uint8_t bytes[WEFT_DTYPE_COUNT] = {
		[WEFT_F32] = 4, [WEFT_F16] = 2, [WEFT_BF16] = 2, [WEFT_I32] = 4, [WEFT_I8] = 1, [WEFT_U8] = 1,
	};

	return dtype < WEFT_DTYPE_COUNT ? bytes[dtype] : 0;
}

static float combine_f32(unsigned int rop, float a, float b)
{
	switch (rop) {
	case WEFT_PROD:
		return a * b;
	case WEFT_MAX:
		return a > b || a != a ? a : b;
	case WEFT_MIN:
		return a < b || a != a ? a : b;
	default:
		return a + b;
	}
}

static float tree_f32(unsigned int rop, const float *x, unsigned int n)
{
	unsigned int half = 1;

	if (n == 1)
		return x[0];
	while (half * 2 < n)
		half *= 2;
	return combine_f32(rop, tree_f32(rop, x, half), tree_f32(rop, x + half, n - half));
}

/* Integers wrap, so order does not matter; arithmetic in u32, narrowed by the store. */
static uint32_t fold_int(unsigned int rop, const int64_t *x, unsigned int n)
{
	uint32_t acc = (uint32_t)x[0];
	int64_t m = x[0];
	unsigned int i;

	for (i = 1; i < n; i++) {
		acc = rop == WEFT_PROD ? acc * (uint32_t)x[i] : acc + (uint32_t)x[i];
		if (rop == WEFT_MAX ? x[i] > m : x[i] < m)
			m = x[i];
	}
	return rop == WEFT_MAX || rop == WEFT_MIN ? (uint32_t)m : acc;
}

static float load_f32(unsigned int dtype, const void *p, size_t i)
{
	switch (dtype) {
	case WEFT_F16:
		return wcard_f16_to_f32(((const uint16_t *)p)[i]);
	case WEFT_BF16:
		return wcard_bf16_to_f32(((const uint16_t *)p)[i]);
	default:
		return ((const float *)p)[i];
	}
}

static void store_f32(unsigned int dtype, void *p, size_t i, float v)
{
	switch (dtype) {
	case WEFT_F16:
		((uint16_t *)p)[i] = wcard_f32_to_f16(v);
		return;
	case WEFT_BF16:
		((uint16_t *)p)[i] = wcard_f32_to_bf16(v);
		return;
	default:
		((float *)p)[i] = v == v ? v : wcard_bits_f32(0x7fc00000);
	}
}

static int64_t load_int(unsigned int dtype, const void *p, size_t i)
{
	switch (dtype) {
	case WEFT_I8:
		return ((const int8_t *)p)[i];
	case WEFT_U8:
		return ((const uint8_t *)p)[i];
	default:
		return ((const int32_t *)p)[i];
	}
}

static void store_int(unsigned int dtype, unsigned int rop, unsigned int n, void *p, size_t i, uint32_t v)
{
	int div = rop == WEFT_AVG ? (int)n : 1;

	switch (dtype) {
	case WEFT_I8:
		((int8_t *)p)[i] = (int8_t)((int8_t)v / div);
		return;
	case WEFT_U8:
		((uint8_t *)p)[i] = (uint8_t)((uint8_t)v / div);
		return;
	default:
		((int32_t *)p)[i] = (int32_t)v / div;
	}
}

void wcard_ref_reduce(unsigned int dtype, unsigned int rop, const void *const src[], unsigned int nsrc,
		      void *const dst[], unsigned int ndst, size_t count)
{
	int real = dtype == WEFT_F32 || dtype == WEFT_F16 || dtype == WEFT_BF16;
	float f[WEFT_REDUCE_MAX];
	int64_t x[WEFT_REDUCE_MAX];
	unsigned int j;
	uint32_t u;
	size_t i;
	float v;

	for (i = 0; i < count; i++) {
		if (real) {
			for (j = 0; j < nsrc; j++)
				f[j] = load_f32(dtype, src[j], i);
			v = tree_f32(rop, f, nsrc);
			if (rop == WEFT_AVG)
				v /= (float)nsrc;
			for (j = 0; j < ndst; j++)
				store_f32(dtype, dst[j], i, v);
		} else {
			for (j = 0; j < nsrc; j++)
				x[j] = load_int(dtype, src[j], i);
			u = fold_int(rop, x, nsrc);
			for (j = 0; j < ndst; j++)
				store_int(dtype, rop, nsrc, dst[j], i, u);
		}
	}
}
