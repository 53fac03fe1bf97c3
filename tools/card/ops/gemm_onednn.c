/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* oneDNN's sgemm, held to the calling thread: engines are threads already. */
#include <oneapi/dnnl/dnnl.h>

#include "gemm.h"

void omp_set_num_threads(int n);	/* libgomp, which oneDNN is built on; not worth the compiler's OpenMP mode */

static _Thread_local int single;

static void onednn_gemm(const struct wcard_gemm_tile *t)
{
	if (!single) {
		omp_set_num_threads(1);
		single = 1;
	}
	/* fails only on malformed arguments and lack of memory, neither of which can be told apart or cured here */
	if (dnnl_sgemm(t->flags & WEFT_GEMM_TRANS_A ? 'T' : 'N', t->flags & WEFT_GEMM_TRANS_B ? 'T' : 'N', t->m, t->n,
		       t->k, t->alpha, t->a, (dnnl_dim_t)t->lda, t->b, (dnnl_dim_t)t->ldb, t->beta, t->c,
		       (dnnl_dim_t)t->ldc) != dnnl_success)
		__builtin_trap();
}

const struct wcard_gemm_backend wcard_gemm_onednn = { .name = "onednn", .gemm = onednn_gemm };
