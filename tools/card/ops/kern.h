/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Vector kernels. The k_*.c files are compiled once per instruction set (WCARD_ISA, see meson.build); each copy fills
 * one struct wcard_kern and ops.c picks one at start. Apart from gemm, all copies give the reference's bits.
 */
#ifndef WCARD_KERN_H
#define WCARD_KERN_H

#include "impl.h"

/*
 * Past this many bytes of traffic stores bypass the caches. Measured on Zen 5 with a shared last-level cache: below,
 * plain stores are up to 1.3 times as fast, above up to 1.2 times slower. Just less than one unit, whose size is 8 MiB
 * rounded down, so that a long run of units streams and one call of moderate size does not.
 */
#ifndef WCARD_STREAM_BYTES
#define WCARD_STREAM_BYTES	(6u << 20)
#endif

/* Floats of the packing buffer gemm needs. */
#define WCARD_GEMM_PACK		(1024 * 32)

struct wcard_kern {
	const char *isa;
	void (*reduce)(unsigned int dtype, unsigned int rop, const void *const *src, unsigned int nsrc, void *const *dst,
		       unsigned int ndst, size_t count);
	void (*copy)(void *dst, const void *src, size_t bytes);
	void (*fill)(void *dst, uint64_t pattern8, size_t bytes);
	void (*add)(float *dst, const float *a, const float *b, size_t n);
	void (*mul)(float *dst, const float *a, const float *b, size_t n);
	void (*relu)(float *dst, const float *a, size_t n);
	void (*relu_grad)(float *dx, const float *dy, const float *y, size_t n);
	void (*sgd)(float *w, float *v, const float *g, float lr, float mu, size_t n);
	void (*gather_row)(float *dst, const uint8_t *row, float scale, size_t n);
	void (*colsum)(float *out, const float *x, size_t ld, size_t rows, size_t cols);
	void (*softmax_row)(float *d, float *loss, const float *x, uint32_t label, uint32_t cols, float scale);
	/* c = alpha * op(a)·op(b) + beta * c, no bias, no activation; pack holds WCARD_GEMM_PACK floats, 64-byte aligned */
	void (*gemm)(const struct wcard_gemm_tile *t, float *pack);
	/* adds bias (or NULL) to each of m rows of n, then the activation */
	void (*bias_relu)(float *c, size_t ldc, const float *bias, int relu, size_t m, size_t n);
};

extern const struct wcard_kern wcard_kern_portable;
#ifdef __x86_64__
extern const struct wcard_kern wcard_kern_avx2, wcard_kern_avx512;
#endif

#ifdef WCARD_ISA
#define WK_PASTE(a, b)	wcard_##a##_##b
#define WK_NAME(a, b)	WK_PASTE(a, b)
#define WK(name)	WK_NAME(WCARD_ISA, name)

void WK(reduce)(unsigned int dtype, unsigned int rop, const void *const *src, unsigned int nsrc, void *const *dst,
		unsigned int ndst, size_t count);
/* reduce for the 16- and the 8-bit types */
typedef void wcard_reduce_block(const char *const *src, unsigned int n, char *const *dst, unsigned int m, size_t bytes,
				int stream);
wcard_reduce_block *WK(reduce_block_half)(unsigned int dtype, unsigned int rop);
wcard_reduce_block *WK(reduce_block_int)(unsigned int dtype, unsigned int rop);
void WK(copy)(void *dst, const void *src, size_t bytes);
void WK(fill)(void *dst, uint64_t pattern8, size_t bytes);
void WK(add)(float *dst, const float *a, const float *b, size_t n);
void WK(mul)(float *dst, const float *a, const float *b, size_t n);
void WK(relu)(float *dst, const float *a, size_t n);
void WK(relu_grad)(float *dx, const float *dy, const float *y, size_t n);
void WK(sgd)(float *w, float *v, const float *g, float lr, float mu, size_t n);
void WK(gather_row)(float *dst, const uint8_t *row, float scale, size_t n);
void WK(colsum)(float *out, const float *x, size_t ld, size_t rows, size_t cols);
void WK(softmax_row)(float *d, float *loss, const float *x, uint32_t label, uint32_t cols, float scale);
void WK(gemm)(const struct wcard_gemm_tile *t, float *pack);
void WK(bias_relu)(float *c, size_t ldc, const float *bias, int relu, size_t m, size_t n);
#endif

#endif
