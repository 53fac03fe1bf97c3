/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Who multiplies: one row per backend, chosen at build time; the vector kernels' own product is always there. */
#ifndef WCARD_GEMM_H
#define WCARD_GEMM_H

#include "impl.h"

struct wcard_gemm_backend {
	const char *name;
	/* c = alpha * op(a)·op(b) + beta * c on the calling thread alone, the same bits for the same shape and values */
	void (*gemm)(const struct wcard_gemm_tile *t);
};

#ifdef WCARD_HAVE_ONEDNN
extern const struct wcard_gemm_backend wcard_gemm_onednn;
#endif

#endif
