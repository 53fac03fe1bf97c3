/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Element-wise operators. Remainders take the same expression lane by lane, so length changes no bits. */
#include "kern.h"
#include "vec.h"

/* Whether to store past the caches: a large unit whose output is not one of its inputs. */
static int streams(const float *dst, const float *a, const float *b, size_t n, unsigned int operands)
{
	return dst != a && dst != b && n * 4 * operands >= WCARD_STREAM_BYTES;
}

/* EXPR over vectors va, vb; S over floats sa, sb. Four vectors are read before their stores. */
#define ELEMENTWISE(dst, a, b, n, operands, EXPR, S)						\
do {												\
	int stream = streams(dst, a, b, n, operands);						\
	size_t i = 0, u;									\
	vf va, vb, out[4];									\
	float sa, sb;										\
												\
	if (stream)										\
		for (; i < n && (uintptr_t)(dst + i) % VB; i++) {				\
			sa = a[i], sb = b[i];							\
			(void)sa, (void)sb;							\
			dst[i] = S;								\
		}										\
	for (; i + 4 * VE <= n; i += 4 * VE) {							\
		for (u = 0; u < 4; u++) {							\
			va = vf_load(a + i + u * VE), vb = vf_load(b + i + u * VE);		\
			(void)va, (void)vb;							\
			out[u] = EXPR;								\
		}										\
		if (stream)									\
			for (u = 0; u < 4; u++)							\
				vf_stream(dst + i + u * VE, out[u]);				\
		else										\
			for (u = 0; u < 4; u++)							\
				vf_store(dst + i + u * VE, out[u]);				\
	}											\
	for (; i < n; i++) {									\
		sa = a[i], sb = b[i];								\
		(void)sa, (void)sb;								\
		dst[i] = S;									\
	}											\
	if (stream)										\
		vf_stream_end();								\
} while (0)

void WK(add)(float *dst, const float *a, const float *b, size_t n)
{
	ELEMENTWISE(dst, a, b, n, 3, va + vb, sa + sb);
}

void WK(mul)(float *dst, const float *a, const float *b, size_t n)
{
	ELEMENTWISE(dst, a, b, n, 3, va * vb, sa * sb);
}

static inline vf relu_vec(vf v)
{
	return (vf)(((vi)(v > 0) | (vi)(v != v)) & (vi)v);
}

void WK(relu)(float *dst, const float *a, size_t n)
{
	ELEMENTWISE(dst, a, a, n, 2, relu_vec(va), sa > 0 || sa != sa ? sa : 0);
}

void WK(relu_grad)(float *dx, const float *dy, const float *y, size_t n)
{
	ELEMENTWISE(dx, dy, y, n, 3, (vf)((vi)(vb > 0) & (vi)va), sb > 0 ? sa : 0);
}

void WK(sgd)(float *w, float *v, const float *g, float lr, float mu, size_t n)
{
	vf vlr = vf_set(lr), vmu = vf_set(mu), vv;
	size_t i;

	for (i = 0; i + VE <= n; i += VE) {
		vv = vmu * vf_load(v + i) + vf_load(g + i);
		vf_store(v + i, vv);
		vf_store(w + i, vf_load(w + i) - vlr * vv);
	}
	for (; i < n; i++) {
		v[i] = mu * v[i] + g[i];
		w[i] = w[i] - lr * v[i];
	}
}

void WK(gather_row)(float *dst, const uint8_t *row, float scale, size_t n)
{
	float *restrict out = dst;
	const uint8_t *restrict in = row;
	size_t i;

	for (i = 0; i < n; i++)
		out[i] = scale * in[i];
}

static inline void bias_relu_row(float *c, const float *bias, int relu, size_t n)
{
	size_t i;
	float s;
	vf v;

	for (i = 0; i + VE <= n; i += VE) {
		v = vf_load(c + i);
		if (bias)
			v += vf_load(bias + i);
		if (relu)
			v = relu_vec(v);
		vf_store(c + i, v);
	}
	for (; i < n; i++) {
		s = c[i];
		if (bias)
			s += bias[i];
		if (relu)
			s = s > 0 || s != s ? s : 0;
		c[i] = s;
	}
}

void WK(bias_relu)(float *c, size_t ldc, const float *bias, int relu, size_t m, size_t n)
{
	for (; m; m--, c += ldc)
		bias_relu_row(c, bias, relu, n);
}
