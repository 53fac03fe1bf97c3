/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* C = act(alpha * op(A)·op(B) + beta * C + bias): shapes, the fixed cut into units, and the plain triple loop. */
#include "impl.h"

#define FLAGS (WEFT_GEMM_TRANS_A | WEFT_GEMM_TRANS_B | WEFT_GEMM_BIAS | WEFT_GEMM_RELU)

/* Largest tile: 2^28 operations, 1.7 ms at 160 GFLOP/s, and 3.5 MiB of operands. Only the shape decides the cut. */
#define TILE_M	256
#define TILE_N	512
#define TILE_K	1024

struct shape {
	uint32_t flags, m, n, k;
	uint64_t lda, ldb, ldc;
};

static void shape_get(const struct weft_pkt_exec *p, const uint32_t *scalar, struct shape *s)
{
	s->flags = scalar[2];
	s->m = p->dim[0];
	s->n = p->dim[1];
	s->k = p->dim[2];
	s->lda = scalar[3] ? scalar[3] : s->flags & WEFT_GEMM_TRANS_A ? s->m : s->k;
	s->ldb = scalar[4] ? scalar[4] : s->flags & WEFT_GEMM_TRANS_B ? s->k : s->n;
	s->ldc = scalar[5] ? scalar[5] : s->n;
}

/* Bytes of rows × cols with a leading dimension; 0 when it is too short or the matrix too large. */
static uint64_t matrix_bytes(uint64_t rows, uint64_t cols, uint64_t ld)
{
	uint64_t elems;

	if (ld < cols)
		return 0;
	elems = (rows - 1) * ld + cols;		/* below 2^64: both factors are below 2^32 */
	return elems > WCARD_OPERAND_MAX / 4 ? 0 : elems * 4;
}

int wcard_gemm_f32_check(const struct weft_pkt_exec *p, const uint32_t *scalar, wcard_need *need)
{
	unsigned int bias = (scalar[2] & WEFT_GEMM_BIAS) != 0;
	uint64_t a = 0, b = 0, c = 0;
	struct shape s;

	if (scalar[2] & ~(uint32_t)FLAGS)
		return WEFT_FAULT_FIELD;
	if (p->noperands != 3 + bias)
		return WEFT_FAULT_SHAPE;
	shape_get(p, scalar, &s);
	if (s.m && s.n && s.k) {
		a = s.flags & WEFT_GEMM_TRANS_A ? matrix_bytes(s.k, s.m, s.lda) : matrix_bytes(s.m, s.k, s.lda);
		b = s.flags & WEFT_GEMM_TRANS_B ? matrix_bytes(s.n, s.k, s.ldb) : matrix_bytes(s.k, s.n, s.ldb);
		c = matrix_bytes(s.m, s.n, s.ldc);
		if (!a || !b || !c)
			return WEFT_FAULT_SHAPE;
	}
	wcard_need_set(&need[0], c, wcard_bits_f32(scalar[1]) == 0 ? WCARD_WRITE : WCARD_READ | WCARD_WRITE, 4, 0);
	need[0].gaps = c && s.ldc != s.n;
	wcard_need_set(&need[1], a, WCARD_READ, 4, 0);
	wcard_need_set(&need[2], b, WCARD_READ, 4, 0);
	if (bias)
		wcard_need_set(&need[3], c ? s.n * 4ull : 0, WCARD_READ, 4, 0);
	return 0;
}

/* Length of the parts when len is cut into equal ones of at most max, a multiple of 16. */
static uint64_t part(uint64_t len, uint64_t max)
{
	return (wcard_div_up(len, wcard_div_up(len, max)) + 15) & ~15ull;
}

uint64_t wcard_gemm_f32_units(const struct weft_pkt_exec *p, const uint32_t *scalar)
{
	struct shape s;

	shape_get(p, scalar, &s);
	if (!s.m || !s.n || !s.k)
		return 0;
	return wcard_div_up(s.m, part(s.m, TILE_M)) * wcard_div_up(s.n, part(s.n, TILE_N)) *
	       wcard_div_up(s.k, part(s.k, TILE_K));
}

/* k is innermost, so that a tile of C is finished before the next is begun. */
void wcard_gemm_cut(const struct weft_pkt_exec *p, const uint32_t *scalar, void *const *ptr, uint64_t unit,
		    struct wcard_gemm_tile *t)
{
	uint64_t pm, pn, pk, nk, nn, i, j, l;
	struct shape s;

	shape_get(p, scalar, &s);
	pm = part(s.m, TILE_M);
	pn = part(s.n, TILE_N);
	pk = part(s.k, TILE_K);
	nk = wcard_div_up(s.k, pk);
	nn = wcard_div_up(s.n, pn);
	l = unit % nk * pk;
	j = unit / nk % nn * pn;
	i = unit / nk / nn * pm;
	t->flags = s.flags;
	t->m = (uint32_t)wcard_min64(pm, s.m - i);
	t->n = (uint32_t)wcard_min64(pn, s.n - j);
	t->k = (uint32_t)wcard_min64(pk, s.k - l);
	t->lda = s.lda;
	t->ldb = s.ldb;
	t->ldc = s.ldc;
	t->alpha = wcard_bits_f32(scalar[0]);
	t->beta = l ? 1.0f : wcard_bits_f32(scalar[1]);
	t->last = l + t->k == s.k;
	t->c = (float *)ptr[0] + i * s.ldc + j;
	t->a = (const float *)ptr[1] + (s.flags & WEFT_GEMM_TRANS_A ? l * s.lda + i : i * s.lda + l);
	t->b = (const float *)ptr[2] + (s.flags & WEFT_GEMM_TRANS_B ? j * s.ldb + l : l * s.ldb + j);
	t->bias = t->last && s.flags & WEFT_GEMM_BIAS ? (const float *)ptr[3] + j : NULL;
}

int wcard_gemm_f32_ref(const struct weft_pkt_exec *p, const uint32_t *scalar, void *const *ptr, uint64_t unit)
{
	struct wcard_gemm_tile t;
	size_t i, j, l, as, al, bl, bs;
	float acc, *c;

	wcard_gemm_cut(p, scalar, ptr, unit, &t);
	as = t.flags & WEFT_GEMM_TRANS_A ? 1 : t.lda;
	al = t.flags & WEFT_GEMM_TRANS_A ? t.lda : 1;
	bs = t.flags & WEFT_GEMM_TRANS_B ? t.ldb : 1;
	bl = t.flags & WEFT_GEMM_TRANS_B ? 1 : t.ldb;
	for (i = 0; i < t.m; i++) {
		for (j = 0; j < t.n; j++) {
			acc = 0;
			for (l = 0; l < t.k; l++)
				acc += t.a[i * as + l * al] * t.b[l * bl + j * bs];
			c = &t.c[i * t.ldc + j];
			acc *= t.alpha;
			if (t.beta != 0)
				acc += t.beta * *c;
			if (t.bias)
				acc += t.bias[j];
			if (t.last && t.flags & WEFT_GEMM_RELU)
				acc = acc > 0 || acc != acc ? acc : 0;
			*c = acc;
		}
	}
	return 0;
}
