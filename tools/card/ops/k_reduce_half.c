/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* REDUCE of f16 and bf16: widened to f32, one rounding at the end. A vector of floats is half a vector of operand. */
#include "kern.h"
#include "ref.h"
#include "vec.h"
#include "tree.h"

#define HB	(VB / 2)

typedef uint16_t vh __attribute__((vector_size(HB)));
typedef uint16_t vh_any __attribute__((vector_size(HB), aligned(1), may_alias));

static inline void half_store(void *p, vh v)
{
	*(vh_any *)p = v;
}

static inline void half_stream(void *p, vh v)
{
#if defined(__AVX512F__)
	_mm256_stream_si256(p, (__m256i)v);
#elif defined(__AVX2__)
	_mm_stream_si128(p, (__m128i)v);
#else
	half_store(p, v);
#endif
}

static inline vu half_widen(const void *p)
{
#if defined(__AVX512F__)
	return (vu)_mm512_cvtepu16_epi32((__m256i)*(const vh_any *)p);
#elif defined(__AVX2__)
	return (vu)_mm256_cvtepu16_epi32((__m128i)*(const vh_any *)p);
#else
	return __builtin_convertvector(*(const vh_any *)p, vu);
#endif
}

static inline vh half_narrow(vu v)
{
#if defined(__AVX512F__)
	return (vh)_mm512_cvtepi32_epi16((__m512i)v);
#elif defined(__AVX2__)
	return (vh)_mm_packus_epi32(_mm256_castsi256_si128((__m256i)v), _mm256_extracti128_si256((__m256i)v, 1));
#else
	return __builtin_convertvector(v, vh);
#endif
}

static inline vf bf16_load(const void *p)
{
	return (vf)(half_widen(p) << 16);
}

static inline vh bf16_pack(vf v)
{
	vu u = (vu)v, r = (u + 0x7fff + (u >> 16 & 1)) >> 16, nan = (vu)(v != v);

	return half_narrow((nan & 0x7fc0) | (~nan & r));
}

static inline vf f16_load(const void *p)
{
#if defined(__AVX512F__)
	return (vf)_mm512_cvtph_ps((__m256i)*(const vh_any *)p);
#elif defined(__AVX2__)
	return (vf)_mm256_cvtph_ps((__m128i)*(const vh_any *)p);
#else
	const uint16_t *h = p;
	uint16_t x;
	size_t i;
	vf v;

	for (i = 0; i < VE; i++) {
		memcpy(&x, h + i, sizeof(x));
		v[i] = wcard_f16_to_f32(x);
	}
	return v;
#endif
}

static inline vh f16_pack(vf v)
{
#if defined(__AVX512F__)
	return (vh)_mm512_cvtps_ph((__m512)vf_quiet(v), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(__AVX2__)
	return (vh)_mm256_cvtps_ph((__m256)vf_quiet(v), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#else
	size_t i;
	vh h;

	for (i = 0; i < VE; i++)
		h[i] = wcard_f32_to_f16(v[i]);
	return h;
#endif
}

#define LOAD_BF16(p, u)		bf16_load((p) + (u) * HB)
#define STORE_BF16(p, u, v)	half_store((p) + (u) * HB, bf16_pack(v))
#define STREAM_BF16(p, u, v)	half_stream((p) + (u) * HB, bf16_pack(v))
#define LOAD_F16(p, u)		f16_load((p) + (u) * HB)
#define STORE_F16(p, u, v)	half_store((p) + (u) * HB, f16_pack(v))
#define STREAM_F16(p, u, v)	half_stream((p) + (u) * HB, f16_pack(v))
#define FINISH_AVG(v, n)	for (u = 0; u < RV; u++) v[u] /= vf_set((float)(n))

#define FIVE(type, TYPE)										\
REDUCE_BLOCK(sum_##type, vf, RV * HB, LOAD_##TYPE, OP_SUM, FINISH_NONE, STORE_##TYPE, STREAM_##TYPE)	\
REDUCE_BLOCK(avg_##type, vf, RV * HB, LOAD_##TYPE, OP_SUM, FINISH_AVG, STORE_##TYPE, STREAM_##TYPE)	\
REDUCE_BLOCK(prod_##type, vf, RV * HB, LOAD_##TYPE, OP_PROD, FINISH_NONE, STORE_##TYPE, STREAM_##TYPE)	\
REDUCE_BLOCK(max_##type, vf, RV * HB, LOAD_##TYPE, vf_max, FINISH_NONE, STORE_##TYPE, STREAM_##TYPE)	\
REDUCE_BLOCK(min_##type, vf, RV * HB, LOAD_##TYPE, vf_min, FINISH_NONE, STORE_##TYPE, STREAM_##TYPE)	\
static wcard_reduce_block *const block_##type[WEFT_REDUCE_OP_COUNT] = {					\
	[WEFT_SUM] = sum_##type, [WEFT_PROD] = prod_##type, [WEFT_MAX] = max_##type,			\
	[WEFT_MIN] = min_##type, [WEFT_AVG] = avg_##type,						\
};

FIVE(bf16, BF16)
FIVE(f16, F16)

wcard_reduce_block *WK(reduce_block_half)(unsigned int dtype, unsigned int rop)
{
	return dtype == WEFT_F16 ? block_f16[rop] : block_bf16[rop];
}
