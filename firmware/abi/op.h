/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Copyright 2026 The weft authors */
/*
 * Operators of EXEC. Ids are append-only. Tensors are dense, row-major unless a leading dimension is given, elements
 * naturally aligned. Operand order, dim[] and scalar[] as listed; unused ones must be 0. Output operands come first.
 * No output may overlap an input except where "in place" is said (equal ranges only). A dimension of 0 does nothing.
 * Results do not depend on the engine, the card, or what else runs: an operator on equal inputs is bit-equal on every
 * engine of cards of one build.
 */
#ifndef WEFT_ABI_OP_H
#define WEFT_ABI_OP_H

#include "base.h"

enum weft_op {
	/* C[m,n] = act(alpha * op(A)·op(B) + beta * C + bias[n]); f32. operands C, A, B and, with BIAS, bias.
	 * op(A) is m×k, op(B) is k×n. dim m, n, k. scalar alpha (f32), beta (f32; 0 = C is not read), WEFT_GEMM_*
	 * flags, lda, ldb, ldc (elements; 0 = dense). */
	WEFT_OP_GEMM_F32 = 1,
	/* dst[r,c] = scale * table[idx[r], c]. operands dst f32, table u8, idx u32. dim rows, cols, table rows.
	 * scalar scale (f32). idx[r] >= table rows faults INDEX. */
	WEFT_OP_GATHER_U8_F32 = 2,
	/* dst[r] = table[idx[r]] widened. operands dst u32, table u8, idx u32. dim rows, table rows. */
	WEFT_OP_GATHER_U8_U32 = 3,
	/* Softmax and cross entropy of rows of logits: loss[r] = -log p(label), dlogits = (p - onehot) * scale.
	 * operands dlogits f32[rows,cols], loss f32[rows], logits f32[rows,cols], labels u32[rows]; dlogits may be
	 * logits in place. dim rows, cols. scalar scale (f32). label >= cols faults INDEX. */
	WEFT_OP_SOFTMAX_XENT_F32 = 4,
	/* dx = y > 0 ? dy : 0, so a NaN y gives 0. operands dx, dy, y; dx may be dy in place. dim count low, count high
	 * 32 bits. */
	WEFT_OP_RELU_GRAD_F32 = 5,
	/* out[c] = sum over r of x[r,c], rows added in the balanced tree order of REDUCE. operands out[cols],
	 * x[rows,cols]. dim rows, cols. */
	WEFT_OP_COLSUM_F32 = 6,
	/* v = mu * v + g; w = w - lr * v. operands w, v (in and out), g. dim count low, high. scalar lr, mu (f32).
	 * Each product and sum is rounded on its own (no fused multiply-add). */
	WEFT_OP_SGD_MOMENTUM_F32 = 7,
	/* out[0] = number of rows whose first greatest logit is at labels[r]. operands out u32[1], logits f32, labels
	 * u32. dim rows, cols. */
	WEFT_OP_ARGMAX_HITS_F32 = 8,
	/* dst = a + b, dst = a * b. operands dst, a, b; in place allowed. dim count low, high. */
	WEFT_OP_ADD_F32 = 9,
	WEFT_OP_MUL_F32 = 10,
	/* dst = max(a, 0). operands dst, a; in place allowed. dim count low, high. */
	WEFT_OP_RELU_F32 = 11,
	WEFT_OP_COUNT
};

#define WEFT_GEMM_TRANS_A	0x1	/* A is stored k×m */
#define WEFT_GEMM_TRANS_B	0x2	/* B is stored n×k */
#define WEFT_GEMM_BIAS		0x4
#define WEFT_GEMM_RELU		0x8	/* act = max(x, 0) */

#endif
