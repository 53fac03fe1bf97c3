/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Inside of the operators. WCARD_OPS lists every operator once; adding one means a row here, a file with its check,
 * units and reference, and a fast form in ops.c.
 */
#ifndef WCARD_OPS_IMPL_H
#define WCARD_OPS_IMPL_H

#include "ops.h"

/* row(ID, name, operands min, max, dims, scalars) */
#define WCARD_OPS(row)						\
	row(GEMM_F32,		gemm_f32,		3, 4, 3, 6)	\
	row(GATHER_U8_F32,	gather_u8_f32,		3, 3, 3, 1)	\
	row(GATHER_U8_U32,	gather_u8_u32,		3, 3, 2, 0)	\
	row(SOFTMAX_XENT_F32,	softmax_xent_f32,	4, 4, 2, 1)	\
	row(RELU_GRAD_F32,	relu_grad_f32,		3, 3, 2, 0)	\
	row(COLSUM_F32,		colsum_f32,		2, 2, 2, 0)	\
	row(SGD_MOMENTUM_F32,	sgd_momentum_f32,	3, 3, 2, 2)	\
	row(ARGMAX_HITS_F32,	argmax_hits_f32,	3, 3, 2, 0)	\
	row(ADD_F32,		add_f32,		3, 3, 2, 0)	\
	row(MUL_F32,		mul_f32,		3, 3, 2, 0)	\
	row(RELU_F32,		relu_f32,		2, 2, 2, 0)

#define WCARD_ROW_COUNT(ID, name, a, b, c, d)	+1
_Static_assert(0 WCARD_OPS(WCARD_ROW_COUNT) == WEFT_OP_COUNT - 1, "every operator of op.h has a row in WCARD_OPS");

typedef struct wcard_opnd_need wcard_need;

#define WCARD_ROW_DECL(ID, name, a, b, c, d)								\
	int wcard_##name##_check(const struct weft_pkt_exec *p, const uint32_t *scalar, wcard_need *need);	\
	uint64_t wcard_##name##_units(const struct weft_pkt_exec *p, const uint32_t *scalar);			\
	int wcard_##name##_ref(const struct weft_pkt_exec *p, const uint32_t *scalar, void *const *ptr,		\
			       uint64_t unit);									\
	int wcard_##name##_fast(const struct weft_pkt_exec *p, const uint32_t *scalar, void *const *ptr,	\
				uint64_t unit);
WCARD_OPS(WCARD_ROW_DECL)

#define WCARD_ROW_TABLE(ID, opname, min, max, nd, ns)	\
	[WEFT_OP_##ID] = { .id = WEFT_OP_##ID, .noperands_min = min, .noperands_max = max, .ndim = nd, .nscalar = ns,	\
		.name = #opname, .check = wcard_##opname##_check, .units = wcard_##opname##_units,			\
		.run = WCARD_RUN(opname) },

static inline float wcard_bits_f32(uint32_t u)
{
	union { uint32_t u; float f; } x = { .u = u };

	return x.f;
}

static inline uint32_t wcard_f32_bits(float f)
{
	union { float f; uint32_t u; } x = { .f = f };

	return x.u;
}

static inline uint64_t wcard_div_up(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

static inline uint64_t wcard_min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* No operand is longer than this: sums of sizes and addresses then never wrap. */
#define WCARD_OPERAND_MAX	(1ull << 48)

/* Elements of one unit of a memory-bound operator: 12 MiB of traffic at three operands. */
#define WCARD_ELEMS_UNIT	(1ull << 20)

/* Element-wise operators: dim is the count, low and high half. */
int wcard_elem_count(const struct weft_pkt_exec *p, uint64_t *count);
uint64_t wcard_elem_units(const struct weft_pkt_exec *p);
/* First element and number of elements of a unit. */
uint64_t wcard_elem_span(const struct weft_pkt_exec *p, uint64_t unit, uint64_t *first);
/* Operators cut by rows: rows of one unit when a row has cols elements. */
uint64_t wcard_rows_unit(uint64_t cols);

static inline void wcard_need_set(wcard_need *n, uint64_t bytes, unsigned int access, unsigned int align,
				  unsigned int inplace)
{
	n->bytes = bytes;
	n->access = (uint8_t)access;
	n->align = (uint8_t)align;
	n->inplace = (uint8_t)inplace;
}

/* One unit of GEMM: a tile of C and a range of k. */
struct wcard_gemm_tile {
	uint32_t flags, m, n, k;
	size_t lda, ldb, ldc;
	float alpha, beta;
	const float *a, *b, *bias;	/* bias is NULL but in the last unit of a tile */
	float *c;
	int last;			/* last range of k: bias and activation belong to it */
};
void wcard_gemm_cut(const struct weft_pkt_exec *p, const uint32_t *scalar, void *const *ptr, uint64_t unit,
		    struct wcard_gemm_tile *t);

/* An index lives in memory others may write: read once, judged and used as read. */
static inline uint32_t wcard_load_index(const uint32_t *p)
{
	return *(const volatile uint32_t *)p;
}

/* INDEX when one of idx[0 … n) is not below limit. */
static inline int wcard_check_index(const uint32_t *idx, uint64_t n, uint32_t limit)
{
	uint64_t i;

	for (i = 0; i < n; i++)
		if (wcard_load_index(idx + i) >= limit)
			return WEFT_FAULT_INDEX;
	return 0;
}

struct wcard_gather_span {
	uint64_t row, rows, col, cols;
};
void wcard_gather_cut(const struct weft_pkt_exec *p, uint64_t unit, struct wcard_gather_span *s);

/* Longest row softmax takes and most rows colsum takes: one row, one strip of columns must fit a unit. */
#define WCARD_SOFTMAX_COLS	(1u << 18)
#define WCARD_ARGMAX_COLS	(1u << 20)
#define WCARD_COLSUM_ROWS	(1u << 17)
uint64_t wcard_colsum_strip(uint64_t rows);

/* exp(x) for x <= 0 and log(x) for normal x > 0, the same bits on every processor (exp.c). */
float wcard_expf(float x);
float wcard_logf(float x);

#endif
