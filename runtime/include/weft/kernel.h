/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: kernel registry
 *
 * A table with one row per operator and element type. Operands: outputs first. Counts are split: low, high 32 bits.
 *
 * ============  ====  ==========================  =======================  ==========================================
 * name          type  operands                    dims                     scalars
 * ============  ====  ==========================  =======================  ==========================================
 * gemm          f32   C, A, B [, bias]            m, n, k                  alpha, beta, flags, lda, ldb, ldc (0: dense)
 * gather        f32   dst f32, table u8, idx u32  rows, cols, table rows   scale
 * gather        u32   dst u32, table u8, idx u32  rows, table rows         -
 * softmax_xent  f32   dlogits, loss, logits,      rows, cols               scale of dlogits
 *                     labels u32
 * relu_grad     f32   dx, dy, y                   count low, high          -
 * colsum        f32   out, x                      rows, cols               -
 * sgd_momentum  f32   w, v, g                     count low, high          lr, mu
 * argmax_hits   f32   out u32, logits, labels     rows, cols               -
 * add, mul      f32   dst, a, b                   count low, high          -
 * relu          f32   dst, a                      count low, high          -
 * ============  ====  ==========================  =======================  ==========================================
 *
 * Float scalars are passed by weft_f32(). The exact arithmetic is that of the operators of the card contract.
 */
#ifndef WEFT_KERNEL_H
#define WEFT_KERNEL_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WEFT_EXEC_MAX_OPERANDS	8
#define WEFT_EXEC_MAX_DIMS	4
#define WEFT_EXEC_MAX_SCALARS	6

/* flags of gemm */
#define WEFT_GEMM_FLAG_TRANS_A	0x1	/* A is stored k x m */
#define WEFT_GEMM_FLAG_TRANS_B	0x2	/* B is stored n x k */
#define WEFT_GEMM_FLAG_BIAS	0x4	/* fourth operand: bias[n] */
#define WEFT_GEMM_FLAG_RELU	0x8

/**
 * struct weft_exec - arguments of one operator
 * @size: sizeof
 * @num_operands: used entries of @operands
 * @operands: device addresses
 * @dims: shape
 * @scalars: integers, or bits of floats
 * @scalar_mask: bit i: scalar i is not scalars[i] (0) but the u32 at scalar_operands[i], read each time the command runs
 * @pad: 0
 * @scalar_operands: device addresses, multiples of 4, or operands that weft_list_rotation() or weft_list_choice() made
 */
struct weft_exec {
	uint32_t size;
	uint32_t num_operands;
	uint64_t operands[WEFT_EXEC_MAX_OPERANDS];
	uint32_t dims[WEFT_EXEC_MAX_DIMS];
	uint32_t scalars[WEFT_EXEC_MAX_SCALARS];
	uint32_t scalar_mask;
	uint32_t pad;
	uint64_t scalar_operands[WEFT_EXEC_MAX_SCALARS];
};

/**
 * struct weft_kernel - one row
 * @size: sizeof
 * @name: operator, kept by reference: static text
 * @type: enum weft_type
 * @card_operator: operator id of the card's EXEC, 0 = cards cannot
 * @min_operands: least legal num_operands
 * @max_operands: greatest
 * @host: runs it on pointers, for devices of kind `host` and kinds like it; NULL = they cannot. All scalars are in
 *	scalars[] then. Returns 0 or -errno
 */
struct weft_kernel {
	uint32_t size;
	uint32_t type;
	const char *name;
	uint32_t card_operator;
	uint16_t min_operands;
	uint16_t max_operands;
	int (*host)(const struct weft_exec *exec);
};

/**
 * weft_kernel_register() - add a row
 * @kernel: kept by reference until the library is closed: static
 *
 * Return: 0, -EEXIST (name and type are taken), -EINVAL, -ENOTCONN, -ENOSPC (256 rows).
 */
int weft_kernel_register(struct weft *weft, const struct weft_kernel *kernel);

/**
 * weft_kernel_find() - look a row up
 * @kind: device kind that must be able to run it
 * @kernel: out, valid until the library is closed
 *
 * Return: 0, -ENOENT (text "not found: name/kind/type"), -EINVAL, -ENOTCONN.
 */
int weft_kernel_find(struct weft *weft, const char *name, const char *kind, enum weft_type type,
		     const struct weft_kernel **kernel);

/** weft_kernel_at() - row @index, for listing. Return: 0, -ENOENT beyond the last, -EINVAL, -ENOTCONN */
int weft_kernel_at(struct weft *weft, uint32_t index, const struct weft_kernel **kernel);

#ifdef __cplusplus
}
#endif
#endif
