// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Copy and product on the calling thread, by code that shares nothing with the card's. */
#include "figure.h"

#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>

/* Source and destination 64-byte aligned, bytes a multiple of 64. */
__attribute__((target("avx"))) static void stream(uint8_t *dst, const uint8_t *src, uint64_t bytes)
{
	for (uint64_t i = 0; i < bytes; i += 64) {
		__m256i x = _mm256_load_si256((const void *)(src + i));
		__m256i y = _mm256_load_si256((const void *)(src + i + 32));

		_mm256_stream_si256((void *)(dst + i), x);
		_mm256_stream_si256((void *)(dst + i + 32), y);
	}
	_mm_sfence();
}
#endif

void peer_copy_bytes(void *dst, const void *src, uint64_t bytes)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx")) {
		stream(dst, src, bytes);
		return;
	}
#endif
	memcpy(dst, src, bytes);
}

#ifdef WCARD_HAVE_ONEDNN
#include <oneapi/dnnl/dnnl.h>

void omp_set_num_threads(int n);	/* libgomp, which oneDNN is built on */

const char *const peer_product = "dnnl_sgemm";

void peer_multiply(uint32_t m, uint32_t n, uint32_t k, const float *a, const float *b, float *c)
{
	omp_set_num_threads(1);
	CHECK(dnnl_sgemm('N', 'N', m, n, k, 1, a, k, b, n, 0, c, n) == dnnl_success, "dnnl_sgemm");
}
#else
const char *const peer_product;

void peer_multiply(uint32_t m, uint32_t n, uint32_t k, const float *a, const float *b, float *c)
{
	for (uint32_t i = 0; i < m; i++) {
		memset(c + (size_t)i * n, 0, n * sizeof(*c));
		for (uint32_t l = 0; l < k; l++)
			for (uint32_t j = 0; j < n; j++)
				c[(size_t)i * n + j] += a[(size_t)i * k + l] * b[(size_t)l * n + j];
	}
}
#endif
