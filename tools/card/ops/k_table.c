/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The kernels of one instruction set. */
#include "kern.h"

const struct wcard_kern WK_NAME(kern, WCARD_ISA) = {
	.isa = WCARD_ISA_NAME,
	.reduce = WK(reduce),
	.copy = WK(copy),
	.fill = WK(fill),
	.add = WK(add),
	.mul = WK(mul),
	.relu = WK(relu),
	.relu_grad = WK(relu_grad),
	.sgd = WK(sgd),
	.gather_row = WK(gather_row),
	.colsum = WK(colsum),
	.softmax_row = WK(softmax_row),
	.gemm = WK(gemm),
	.bias_relu = WK(bias_relu),
};
