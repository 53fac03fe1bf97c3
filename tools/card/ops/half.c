/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* f16 and bf16 by integer arithmetic: round to nearest even, subnormals kept, every NaN becomes the quiet one. */
#include "impl.h"
#include "ref.h"

float wcard_f16_to_f32(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000) << 16, exp = h >> 10 & 31, man = h & 1023;

	if (exp == 31)
		return wcard_bits_f32(man ? 0x7fc00000 : sign | 0x7f800000);
	if (exp)
		return wcard_bits_f32(sign | (exp + 112) << 23 | man << 13);
	/* man * 2^-24 is exact in f32 */
	return wcard_bits_f32(sign | wcard_f32_bits((float)man * 0x1p-24f));
}

uint16_t wcard_f32_to_f16(float f)
{
	uint32_t u = wcard_f32_bits(f), sign = u >> 16 & 0x8000, a = u & 0x7fffffff, shift, man, half;

	if (a > 0x7f800000)
		return 0x7e00;
	if (a >= 0x477ff000)	/* rounds to 2^16 or more */
		return (uint16_t)(sign | 0x7c00);
	if (a >= 0x38800000) {
		a += 0xfff + (a >> 13 & 1);
		return (uint16_t)(sign | ((a - 0x38000000) >> 13));
	}
	if (a < 0x33000000)	/* below half of the least subnormal; the half itself rounds to even, 0 */
		return (uint16_t)sign;
	shift = 126 - (a >> 23);
	man = (a & 0x7fffff) | 0x800000;
	half = 1u << (shift - 1);
	return (uint16_t)(sign | ((man + half - 1 + (man >> shift & 1)) >> shift));
}

float wcard_bf16_to_f32(uint16_t h)
{
	return wcard_bits_f32((uint32_t)h << 16);
}

uint16_t wcard_f32_to_bf16(float f)
{
	uint32_t u = wcard_f32_bits(f);

	if ((u & 0x7fffffff) > 0x7f800000)
		return 0x7fc0;
	return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}
