/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Our own matrix product: B is packed into strips one or two vectors wide, each strip meets all rows of A, MR at a time, with
 * the whole sum of k in registers. For small tiles it beats a library's set-up cost; without oneDNN it does them all.
 * Built with contraction on: multiply-adds are fused where the processor has them.
 */
#include "kern.h"
#include "vec.h"

#if VB == 64
#define MR	8
#elif VB == 32
#define MR	6
#else
#define MR	4
#endif

#define ALWAYS_INLINE	inline __attribute__((always_inline))

/* pack[l * NR + j] = op(B)[l, j0 + j], zero beyond n; NR is `wide` vectors */
static ALWAYS_INLINE void pack_b(const struct wcard_gemm_tile *t, float *pack, size_t j0, const unsigned int wide)
{
	const size_t NR = wide * VE;
	size_t cols = t->n - j0 < NR ? t->n - j0 : NR, l, j, le;
	const float *b;

	if (!(t->flags & WEFT_GEMM_TRANS_B)) {
		for (l = 0; l < t->k; l++, pack += NR) {
			b = t->b + l * t->ldb + j0;
			if (cols == NR) {
				for (j = 0; j < NR; j += VE)
					vf_store(pack + j, vf_load(b + j));
				continue;
			}
			memcpy(pack, b, cols * sizeof(float));
			memset(pack + cols, 0, (NR - cols) * sizeof(float));
		}
		return;
	}
	/* sixteen of l at a time: the strip written stays in the first cache */
	for (l = 0; l < t->k; l = le) {
		le = l + 16 < t->k ? l + 16 : t->k;
		for (j = 0; j < NR; j++) {
			b = t->b + (j0 + j) * t->ldb;
			for (size_t i = l; i < le; i++)
				pack[i * NR + j] = j < cols ? b[i] : 0;
		}
	}
}

static ALWAYS_INLINE void product(const struct wcard_gemm_tile *t, float *pack, const unsigned int wide)
{
	const size_t NR = wide * VE;
	size_t as = t->flags & WEFT_GEMM_TRANS_A ? 1 : t->lda, al = t->flags & WEFT_GEMM_TRANS_A ? t->lda : 1;
	vf acc[MR][2], b0, b1 = vf_set(0), x, alpha = vf_set(t->alpha), beta = vf_set(t->beta);
	size_t i, j, l, r, rows, cols, h, n;
	const float *a[MR], *p;
	float pad[VB / 4], *c;

	for (j = 0; j < t->n; j += NR) {
		pack_b(t, pack, j, wide);
		cols = t->n - j < NR ? t->n - j : NR;
		for (i = 0; i < t->m; i += MR) {
			rows = t->m - i < MR ? t->m - i : MR;
			for (r = 0; r < MR; r++) {
				/* rows past the end repeat the last one and are not stored */
				a[r] = t->a + (i + (r < rows ? r : rows - 1)) * as;
				acc[r][0] = acc[r][1] = vf_set(0);
			}
			for (l = 0, p = pack; l < t->k; l++, p += NR) {
				b0 = vf_load(p);
				if (wide == 2)
					b1 = vf_load(p + VE);
#pragma GCC unroll 8
				for (r = 0; r < MR; r++) {
					x = vf_set(a[r][l * al]);
					acc[r][0] += x * b0;
					if (wide == 2)
						acc[r][1] += x * b1;
				}
			}
			for (r = 0; r < rows; r++) {
				c = t->c + (i + r) * t->ldc + j;
				for (h = 0; h < wide && h * VE < cols; h++) {
					n = cols - h * VE < VE ? cols - h * VE : VE;
					x = acc[r][h] * alpha;
					if (n == VE) {
						if (t->beta != 0)
							x += beta * vf_load(c + h * VE);
						vf_store(c + h * VE, x);
						continue;
					}
					memset(pad, 0, sizeof(pad));
					if (t->beta != 0)
						memcpy(pad, c + h * VE, n * sizeof(float));
					x = t->beta != 0 ? x + beta * vf_load(pad) : x;
					memcpy(c + h * VE, &x, n * sizeof(float));
				}
			}
		}
	}
}

void WK(gemm)(const struct wcard_gemm_tile *t, float *pack)
{
	if (t->n <= VE)
		product(t, pack, 1);
	else
		product(t, pack, 2);
}
