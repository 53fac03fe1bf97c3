// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Stops inside each operator of EXEC. One packet of each runs for 200 ms and more; none needs a list for that. Matrices
 * of 8 GiB cost no memory: every 2 MiB leaf of one names the same 2 MiB.
 */
#include "stopwatch.h"

#include <stdio.h>
#include <string.h>

#define BYTES		(UINT64_C(8) << 30)
#define MATRIX(i)	(UINT64_C(0x010000000000) * ((i) + 1))
#define ROWS		(1u << 17)	/* as many as COLSUM takes */
#define COLS		(1u << 14)	/* ROWS * COLS f32 are BYTES */
#define ELEMENTS	(ROWS * COLS)
#define ONE		0x3f800000u	/* f32 */

static const struct {
	const char *what;
	uint16_t oper;
	uint8_t noperands;
	uint32_t dim[3], scalar[2];
} operators[] = {
	{ "GATHER_U8_F32", WEFT_OP_GATHER_U8_F32, 3, { ROWS, COLS, 64 }, { ONE } },
	{ "GATHER_U8_U32", WEFT_OP_GATHER_U8_U32, 3, { ELEMENTS, 1u << 20 }, { 0 } },
	{ "SOFTMAX_XENT_F32", WEFT_OP_SOFTMAX_XENT_F32, 4, { ROWS, COLS }, { ONE } },
	{ "RELU_GRAD_F32", WEFT_OP_RELU_GRAD_F32, 3, { ELEMENTS }, { 0 } },
	{ "COLSUM_F32", WEFT_OP_COLSUM_F32, 2, { ROWS, COLS }, { 0 } },
	{ "SGD_MOMENTUM_F32", WEFT_OP_SGD_MOMENTUM_F32, 3, { ELEMENTS }, { ONE, ONE } },
	{ "ARGMAX_HITS_F32", WEFT_OP_ARGMAX_HITS_F32, 3, { ROWS, COLS }, { 0 } },
	{ "ADD_F32", WEFT_OP_ADD_F32, 3, { ELEMENTS }, { 0 } },
	{ "MUL_F32", WEFT_OP_MUL_F32, 3, { ELEMENTS }, { 0 } },
	{ "RELU_F32", WEFT_OP_RELU_F32, 2, { ELEMENTS }, { 0 } },
};
/* An operator that is added is stopped here too. GEMM has a test of its own. */
_Static_assert(ARRAY_LEN(operators) + 1 == WEFT_OP_COUNT - 1, "operators that are not stopped");

/* Four matrices of zeros, which entries 0 … 3 of the operand table name. */
static struct rig matrices(struct card *c, uint8_t **written)
{
	uint64_t at;
	struct rig r;

	card_need(c);
	r = rig_open(c);
	at = user_alloc(c, 4 * WEFT_PAGE2M_BYTES, WEFT_PAGE2M_BYTES);
	memset(c->lmem + at, 0, 4 * WEFT_PAGE2M_BYTES);
	for (unsigned i = 0; i < 4; i++) {
		for (uint64_t o = 0; o < BYTES; o += WEFT_PAGE2M_BYTES)
			space_map_2m(r.s, MATRIX(i) + o, at + i * WEFT_PAGE2M_BYTES, WEFT_PAGE2M_BYTES, PTE_RW);
		rig_operand(&r, i, MATRIX(i));
	}
	*written = c->lmem + at;
	return r;
}

static void gemm(void)
{
	union weft_packet p = {
		.exec = { .op = WEFT_PKT_EXEC, .flags = WEFT_PKT_TABLE, .oper = WEFT_OP_GEMM_F32, .noperands = 3,
			  .u.index = { 0, 1, 2 }, .dim = { 16384, 16384, 16384 }, .scalar = { ONE } },
	};
	struct stop s = { .what = "QUEUE_STOP inside a GEMM of 16384 cubed", .p = &p, .n = 1, .rounds = 25, .late_us = 30000,
			  .long_us = 200000, .bytes = WEFT_PAGE2M_BYTES };
	struct rig r = matrices(CARD, &s.mem);

	stop_inside(&r, &s);
}

static void others(void)
{
	char what[64];
	struct stop s = { .what = what, .n = 1, .rounds = SERIES_MIN, .late_us = 60000, .long_us = 200000,
			  .bytes = WEFT_PAGE2M_BYTES };
	struct rig r = matrices(CARD, &s.mem);

	for (unsigned i = 0; i < ARRAY_LEN(operators); i++) {
		union weft_packet p = {
			.exec = { .op = WEFT_PKT_EXEC, .flags = WEFT_PKT_TABLE, .oper = operators[i].oper,
				  .noperands = operators[i].noperands },
		};

		for (uint16_t k = 0; k < operators[i].noperands; k++)
			p.exec.u.index[k] = k;
		memcpy(p.exec.dim, operators[i].dim, sizeof(operators[i].dim));
		memcpy(p.exec.scalar, operators[i].scalar, sizeof(operators[i].scalar));
		snprintf(what, sizeof(what), "QUEUE_STOP inside %s", operators[i].what);
		/* as if nothing had been computed before: no number in it is denormal, no index out of range */
		memset(s.mem, 0, 4 * WEFT_PAGE2M_BYTES);
		s.p = &p;
		stop_inside(&r, &s);
	}
}

static const struct ct_test tests[] = {
	{ "QUEUE_STOP inside a GEMM of 16384 cubed", gemm, WEFT_CAP_EXEC | WEFT_CAP_CALL, 0, false },
	{ "QUEUE_STOP inside every other operator", others, WEFT_CAP_EXEC | WEFT_CAP_CALL, 0, false },
};
CT_SECTION(stops);
