/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Random inputs, and an operator run whole, for the tests of the operators. */
#ifndef TEST_OPS_UTIL_H
#define TEST_OPS_UTIL_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ops.h"
#include "ops_test.h"
#include "ref.h"

static uint64_t seed = 1;
static unsigned long count_arg = 1;

static inline uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static inline uint32_t rnd_below(uint32_t n)
{
	return (uint32_t)((uint64_t)rnd() * n >> 32);
}

static inline float rnd_float(void)
{
	return (float)((int32_t)rnd() / 1073741824.0);
}

/* Mostly ordinary numbers; now and then any bits at all: NaN, infinities, subnormals, zeros of either sign. */
static inline float rnd_any_float(void)
{
	static const uint32_t odd[] = { 0, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00001, 0xffc00000, 0x7f800001, 1 };
	uint32_t u = rnd();
	float f;

	if (u % 16 > 1)
		return rnd_float();
	u = u % 16 ? odd[rnd() % 8] : rnd();
	memcpy(&f, &u, 4);
	return f;
}

static inline void fill_floats(float *p, size_t n, int any)
{
	for (size_t i = 0; i < n; i++)
		p[i] = any ? rnd_any_float() : rnd_float();
}

static inline uint32_t bits(float f)
{
	uint32_t u;

	memcpy(&u, &f, 4);
	return u;
}

/* Bit-equal, any NaN being equal to any other: which payload of two survives a sum, compilers choose. */
static inline int same_floats(const float *a, const float *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bits(a[i]) != bits(b[i]) && (a[i] == a[i] || b[i] == b[i])) {
			fprintf(stderr, "element %zu: %a and %a\n", i, a[i], b[i]);
			return 0;
		}
	return 1;
}

static inline struct weft_pkt_exec packet(unsigned int op, unsigned int noperands, uint32_t d0, uint32_t d1, uint32_t d2)
{
	struct weft_pkt_exec p = { .op = WEFT_PKT_EXEC, .flags = WEFT_PKT_TABLE, .oper = (uint16_t)op,
				   .noperands = (uint8_t)noperands, .dim = { d0, d1, d2 } };

	return p;
}

/* Checks the packet and runs all units; the fault of either. */
static inline int run_all(int fast, const struct weft_pkt_exec *p, void *const *ptr)
{
	struct wcard_opnd_need need[WEFT_EXEC_OPERANDS];
	const struct wcard_op *op;
	uint64_t u, n;
	int fault;

	fault = fast ? wcard_op_check(p, p->scalar, need, &op) : wcard_ref_check(p, p->scalar, need, &op);
	if (fault)
		return fault;
	n = op->units(p, p->scalar);
	for (u = 0; u < n; u++) {
		fault = op->run(p, p->scalar, ptr, u);
		if (fault)
			return fault;
	}
	return 0;
}

/* The instruction sets this processor has, best last. */
static const char *const isas[] = { "portable", "avx2", "avx512" };

static inline void setup_random(void)
{
	const char *s = getenv("SEED"), *c = getenv("COUNT");

	seed = s ? strtoull(s, NULL, 0) : 20261122;
	seed = seed ? seed : 1;
	count_arg = c ? strtoul(c, NULL, 0) : 1;
	printf("SEED=%llu COUNT=%lu gemm=%s best=%s\n", (unsigned long long)seed, count_arg, wcard_ops_gemm_backend(),
	       wcard_ops_isa());
}

#endif
