/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The body of a REDUCE kernel, for a file that defines the type's LOAD, OP and so on. One block is RB bytes of every
 * operand (RV vectors of the accumulator type): all its sources are read before its first store, which makes equal
 * ranges safe. The tree for n leaves is the binary digits of n from the left: 7 = (4) + ((2) + (1)).
 */
#ifndef WCARD_TREE_H
#define WCARD_TREE_H

#define RV	4

#define LEAF1(LOAD, OP, j)	LOAD(src[j] + i, u)
#define LEAF2(LOAD, OP, j)	OP(LEAF1(LOAD, OP, j), LEAF1(LOAD, OP, (j) + 1))
#define LEAF4(LOAD, OP, j)	OP(LEAF2(LOAD, OP, j), LEAF2(LOAD, OP, (j) + 2))
#define LEAF8(LOAD, OP, j)	OP(LEAF4(LOAD, OP, j), LEAF4(LOAD, OP, (j) + 4))
#define TREE_UP(LEAF, width, LOAD, OP)				\
	if (n & (width)) {					\
		j -= (width);					\
		if (n & ((width) - 1))				\
			for (u = 0; u < RV; u++)		\
				v[u] = OP(LEAF(LOAD, OP, j), v[u]);	\
		else						\
			for (u = 0; u < RV; u++)		\
				v[u] = LEAF(LOAD, OP, j);	\
	}
#define REDUCE_BLOCK(fn, VT, RB, LOAD, OP, FINISH, STORE, STREAM)					\
static void fn(const char *const *src, unsigned int n, char *const *dst, unsigned int m, size_t bytes, int stream)	\
{													\
	unsigned int j, u;										\
	size_t i;											\
	VT v[RV] = { { 0 } };											\
													\
	for (i = 0; i < bytes; i += (RB)) {								\
		j = n;											\
		if (n == 16) {										\
			for (u = 0; u < RV; u++)							\
				v[u] = OP(LEAF8(LOAD, OP, 0), LEAF8(LOAD, OP, 8));			\
		} else {										\
			TREE_UP(LEAF1, 1, LOAD, OP)							\
			TREE_UP(LEAF2, 2, LOAD, OP)							\
			TREE_UP(LEAF4, 4, LOAD, OP)							\
			TREE_UP(LEAF8, 8, LOAD, OP)							\
		}											\
		FINISH(v, n);										\
		if (stream)										\
			for (j = 0; j < m; j++)								\
				for (u = 0; u < RV; u++)						\
					STREAM(dst[j] + i, u, v[u]);					\
		else											\
			for (j = 0; j < m; j++)								\
				for (u = 0; u < RV; u++)						\
					STORE(dst[j] + i, u, v[u]);					\
	}												\
}

#define OP_SUM(a, b)	((a) + (b))
#define OP_PROD(a, b)	((a) * (b))
#define FINISH_NONE(v, n)	(void)0

#endif
