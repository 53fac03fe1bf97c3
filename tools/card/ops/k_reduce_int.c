/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* REDUCE of integers. Unsigned lanes, so that sums and products wrap; AVG divides in floating point, exact here. */
#include "kern.h"
#include "vec.h"
#include "tree.h"

typedef int8_t vb __attribute__((vector_size(VB)));
typedef uint8_t vub __attribute__((vector_size(VB)));
typedef vu vu_any __attribute__((aligned(1), may_alias));
typedef vub vub_any __attribute__((aligned(1), may_alias));

#define LOAD_I32(p, u)		(*(const vu_any *)((p) + (u) * VB))
#define STORE_I32(p, u, v)	(*(vu_any *)((p) + (u) * VB) = (v))
#define LOAD_I8(p, u)		(*(const vub_any *)((p) + (u) * VB))
#define STORE_I8(p, u, v)	(*(vub_any *)((p) + (u) * VB) = (v))
#define LOAD_U8			LOAD_I8
#define STORE_U8		STORE_I8
#define STREAM_INT(p, u, v)	vf_stream((p) + (u) * VB, (vf)(v))

#define PICK(name, V, S, cmp)						\
static inline V name(V a, V b)						\
{									\
	V m = (V)((S)a cmp (S)b);					\
									\
	return (m & a) | (~m & b);					\
}
PICK(max_lane_i32, vu, vi, >)
PICK(min_lane_i32, vu, vi, <)
PICK(max_lane_i8, vub, vb, >)
PICK(min_lane_i8, vub, vb, <)
PICK(max_lane_u8, vub, vub, >)
PICK(min_lane_u8, vub, vub, <)

/* A quotient of integers below 2^31 by n <= 16 that is not whole is 1/16 from the next whole one: truncation is safe. */
#define DIVIDE(name, V, T, F)						\
static inline void name(V *v, unsigned int n)				\
{									\
	T x[RV * VB / sizeof(T)];					\
	unsigned int i;							\
	F d = (F)n;							\
									\
	memcpy(x, v, sizeof(x));					\
	for (i = 0; i < RV * VB / sizeof(T); i++)			\
		x[i] = (T)((F)x[i] / d);				\
	memcpy(v, x, sizeof(x));					\
}
DIVIDE(avg_lanes_i32, vu, int32_t, double)
DIVIDE(avg_lanes_i8, vub, int8_t, float)
DIVIDE(avg_lanes_u8, vub, uint8_t, float)

#define FIVE(type, TYPE, V)										\
REDUCE_BLOCK(sum_##type, V, RV * VB, LOAD_##TYPE, OP_SUM, FINISH_NONE, STORE_##TYPE, STREAM_INT)	\
REDUCE_BLOCK(avg_##type, V, RV * VB, LOAD_##TYPE, OP_SUM, avg_lanes_##type, STORE_##TYPE, STREAM_INT)	\
REDUCE_BLOCK(prod_##type, V, RV * VB, LOAD_##TYPE, OP_PROD, FINISH_NONE, STORE_##TYPE, STREAM_INT)	\
REDUCE_BLOCK(max_##type, V, RV * VB, LOAD_##TYPE, max_lane_##type, FINISH_NONE, STORE_##TYPE, STREAM_INT)	\
REDUCE_BLOCK(min_##type, V, RV * VB, LOAD_##TYPE, min_lane_##type, FINISH_NONE, STORE_##TYPE, STREAM_INT)	\
static wcard_reduce_block *const block_##type[WEFT_REDUCE_OP_COUNT] = {					\
	[WEFT_SUM] = sum_##type, [WEFT_PROD] = prod_##type, [WEFT_MAX] = max_##type,			\
	[WEFT_MIN] = min_##type, [WEFT_AVG] = avg_##type,						\
};

FIVE(i32, I32, vu)
FIVE(i8, I8, vub)
FIVE(u8, U8, vub)

wcard_reduce_block *WK(reduce_block_int)(unsigned int dtype, unsigned int rop)
{
	return dtype == WEFT_I32 ? block_i32[rop] : dtype == WEFT_I8 ? block_i8[rop] : block_u8[rop];
}
