/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* One native vector: types, unaligned access, streaming stores, selection. Width follows the compiler's -m flags. */
#ifndef WCARD_VEC_H
#define WCARD_VEC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define VB	64
#elif defined(__AVX2__)
#define VB	32
#else
#define VB	16
#endif
#define VE	((size_t)VB / 4)	/* floats of a vector */

typedef float vf __attribute__((vector_size(VB)));
typedef int32_t vi __attribute__((vector_size(VB)));
typedef uint32_t vu __attribute__((vector_size(VB)));
typedef float vf_any __attribute__((vector_size(VB), aligned(1), may_alias));
typedef int32_t vi_any __attribute__((vector_size(VB), aligned(1), may_alias));

static inline vf vf_load(const void *p)
{
	return *(const vf_any *)p;
}

static inline void vf_store(void *p, vf v)
{
	*(vf_any *)p = v;
}

static inline vf vf_set(float f)
{
	return (vf){ 0 } + f;
}

static inline vf vf_select(vi mask, vf yes, vf no)
{
	return (vf)((mask & (vi)yes) | (~mask & (vi)no));
}

/* p is aligned to a vector. */
static inline void vf_stream(void *p, vf v)
{
#if defined(__AVX512F__)
	_mm512_stream_ps(p, (__m512)v);
#elif defined(__AVX2__)
	_mm256_stream_ps(p, (__m256)v);
#elif defined(__SSE2__)
	_mm_stream_ps(p, (__m128)v);
#else
	*(vf *)p = v;
#endif
}

/* Before anything that tells others the data is there. */
static inline void vf_stream_end(void)
{
#ifdef __SSE2__
	_mm_sfence();
#endif
}

/* a > b ? a : b, and a when a is NaN */
static inline vf vf_max(vf a, vf b)
{
#if defined(__AVX512F__)
	return (vf)_mm512_mask_mov_ps(_mm512_max_ps((__m512)a, (__m512)b),
				      _mm512_cmp_ps_mask((__m512)a, (__m512)a, _CMP_UNORD_Q), (__m512)a);
#else
	return vf_select((vi)(a > b) | (vi)(a != a), a, b);
#endif
}

static inline vf vf_min(vf a, vf b)
{
#if defined(__AVX512F__)
	return (vf)_mm512_mask_mov_ps(_mm512_min_ps((__m512)a, (__m512)b),
				      _mm512_cmp_ps_mask((__m512)a, (__m512)a, _CMP_UNORD_Q), (__m512)a);
#else
	return vf_select((vi)(a < b) | (vi)(a != a), a, b);
#endif
}

/* Any NaN becomes the positive quiet one. */
static inline vf vf_quiet(vf v)
{
	return vf_select((vi)(v != v), (vf)((vi){ 0 } + 0x7fc00000), v);
}

#endif
