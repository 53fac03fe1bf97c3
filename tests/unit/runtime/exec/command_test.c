/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Commands of bodies: operands that are none, and those that leave their block, which is seen when the plan is prepared. */
#include "ex.h"

struct pair {
	struct ex x;
	struct weft_body *a, *b;
	struct weft_edge *e;
	struct weft_constant *c;
};

static void pair_open(struct pair *p, uint32_t rate)
{
	ex_open(&p->x, NULL);
	p->a = ex_body(&p->x, "a", 0, NULL, 0);
	p->b = ex_body(&p->x, "b", 0, NULL, 0);
	p->e = ex_edge(&p->x, "e", 0, 0, 0);
	ok(weft_constant_create(p->x.plan, "c", 1000, NULL, &p->c));
	ok(weft_body_output(p->a, p->e, rate));
	ok(weft_body_input(p->b, p->e, rate));
}

static void operands(void **state)
{
	struct pair p;
	uint64_t choice[2];

	(void)state;
	pair_open(&p, 2);
	assert_true(weft_body_out(p.a, p.e, 1) & WEFT_OPERAND_BIT);
	refused((int64_t)weft_body_out(p.a, p.e, 2), 0, "no block 2 for edge e");
	refused((int64_t)weft_body_in(p.a, p.e, 0), 0, "no block 0 of edge e");
	refused((int64_t)weft_body_out(p.b, p.e, 0), 0, "no block 0 for edge e");
	refused((int64_t)weft_body_table(p.a, p.c, 100, 11, 1), 0, "a table of 11 entries");
	refused((int64_t)weft_body_table(p.a, p.c, 0, 1, 1), 0, "a table of 1 entries");
	refused((int64_t)weft_body_table(p.a, p.c, 1, 0, 1), 0, "a table of 0 entries");
	refused((int64_t)weft_body_table(p.a, p.c, UINT64_MAX, 2, 1), 0, "a table");
	assert_true(weft_body_table(p.a, p.c, 100, 10, 3));
	choice[0] = weft_body_constant(p.a, p.c);
	choice[1] = 0x1000;
	refused((int64_t)weft_body_choice(p.a, choice[0], choice, 2), 0, "choice 1 is no block");
	refused((int64_t)weft_body_choice(p.a, choice[0], choice, 0), 0, "a choice among 0");
	choice[1] = weft_body_choice(p.a, choice[0], choice, 1);
	assert_true(choice[1]);
	refused((int64_t)weft_body_choice(p.a, choice[0], choice, 2), 0, "choice 1 is no block");
	refused((int64_t)weft_body_choice(p.a, choice[1], choice, 1), 0, "by no operand");
	ex_close(&p.x);
}

static void recorded(void **state)
{
	struct weft_exec e = { .size = sizeof(e), .num_operands = 2 };
	const uint64_t one = 0x1000;
	struct pair p;

	(void)state;
	pair_open(&p, 1);
	refused(weft_body_exec(p.a, "nothing", WEFT_TYPE_F32, &e), -ENOENT, "not found");
	refused(weft_body_exec(p.a, "add", WEFT_TYPE_F32, &e), -EINVAL, "takes 3 to 3 operands, not 2");
	e.num_operands = 3;
	e.scalar_mask = 1u << WEFT_EXEC_MAX_SCALARS;
	refused(weft_body_exec(p.a, "add", WEFT_TYPE_F32, &e), -EINVAL, "scalar_mask 0x40");
	e.scalar_mask = 1;
	refused(weft_body_exec(p.a, "add", WEFT_TYPE_F32, &e), -EINVAL, "have an aligned address");
	refused(weft_body_copy_rows(p.a, 1, 8, 2, 8, 16, 2), -EINVAL, "pitch below 16");
	refused(weft_body_copy_rows(p.a, 1, 8, 2, 8, 8, 0), -EINVAL, "0 rows");
	refused(weft_body_copy_rows(p.a, 1, 1ull << 40, 2, 8, 8, 2), -EINVAL, "pitch");
	refused(weft_body_fill(p.a, 0x1000, 8, 0, 3), -EINVAL, "width 3");
	refused(weft_body_fill(p.a, 0x1001, 8, 0, 2), -EINVAL, "width 2");
	refused(weft_body_reduce(p.a, WEFT_TYPE_U32, WEFT_REDUCTION_SUM, &one, 1, &one, 1, 1), -EINVAL, "type 6");
	refused(weft_body_reduce(p.a, WEFT_TYPE_F32, WEFT_REDUCTION_SUM, &one, 17, &one, 1, 1), -EINVAL, "17 sources");
	refused(weft_body_timed(p.a, (1ull << 40) + 1), -EINVAL, "2^40");
	refused(weft_body_timestamp(p.a, weft_body_out(p.a, p.e, 0) + 4), -EINVAL, "8 bytes");
	refused(weft_body_pred(p.a, WEFT_COMPARE_EQ, 0x1002, 0), -EINVAL, "comparison 0");
	assert_int_equal(p.a->num_commands, 0);
	ok(weft_body_timed(p.a, 5));
	ok(weft_body_reduce(p.a, WEFT_TYPE_F32, WEFT_REDUCTION_SUM, &one, 1, &one, 1, 1));
	assert_int_equal(p.a->num_commands, 2);
	ex_close(&p.x);
}

/* One command that leaves what it names, in a plan of its own. */
#define leaves(rate, text, ...)										\
	do {												\
		struct pair p;										\
													\
		pair_open(&p, rate);									\
		ok(__VA_ARGS__);									\
		if (*(text))										\
			refused(weft_plan_prepare(p.x.plan, NULL), -EINVAL, text);			\
		else											\
			ok(weft_plan_prepare(p.x.plan, NULL));						\
		ex_close(&p.x);										\
	} while (0)

static void inside(void **state)
{
	(void)state;
	leaves(1, "", weft_body_fill(p.a, weft_body_out(p.a, p.e, 0) + 8, BLOCK - 8, 0, 8));
	leaves(1, "256 bytes at 8 of edge e", weft_body_fill(p.a, weft_body_out(p.a, p.e, 0) + 8, BLOCK, 0, 8));
	leaves(2, "", weft_body_fill(p.a, weft_body_out(p.a, p.e, 0) + 8, BLOCK, 0, 8));	/* blocks of a firing are contiguous */
	leaves(2, "which has 256", weft_body_fill(p.a, weft_body_out(p.a, p.e, 1) + 8, BLOCK, 0, 8));
	leaves(1, "copy writes to constant c", weft_body_copy(p.a, weft_body_constant(p.a, p.c), 0x1000, 8));
	leaves(1, "copy writes to edge e, which it consumes", weft_body_copy(p.b, weft_body_in(p.b, p.e, 0), 0x1000, 8));
	leaves(1, "8 bytes at 1000 of constant c", weft_body_copy(p.b, 0x1000, weft_body_constant(p.b, p.c) + 1000, 8));
	leaves(1, "an operand of another body", weft_body_copy(p.b, 0x1000, WEFT_OPERAND_BIT, 8));
	leaves(1, "an operand is 0", weft_body_copy(p.b, 0x1000, 0, 8));
	leaves(1, "time stamp", weft_body_timestamp(p.a, weft_body_out(p.a, p.e, 0) + BLOCK));
	leaves(1, "predicate", weft_body_pred(p.b, WEFT_COMPARE_EQ, weft_body_in(p.b, p.e, 0) + BLOCK - 0, 0));
	leaves(1, "101 bytes at 0 of constant c, which has 100",
	       weft_body_copy(p.b, 0x1000, weft_body_table(p.b, p.c, 100, 10, 1), 101));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operands), cmocka_unit_test(recorded), cmocka_unit_test(inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
