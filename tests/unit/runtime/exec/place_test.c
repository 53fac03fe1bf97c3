/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Cells of a prepared plan: where they are, who has them, and those that the order of a lane makes needless. */
#include "ex.h"

static uint32_t cells(const struct weft_plan *p, enum weft_cell_role role)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->num_cells; i++)
		n += p->cell[i].role == role;
	return n;
}

static const struct weft_plan_cell *cell(const struct weft_plan *p, enum weft_cell_role role)
{
	for (uint32_t i = 0; i < p->num_cells; i++)
		if (p->cell[i].role == role)
			return &p->cell[i];
	fail_msg("no cell of role %d", (int)role);
	return NULL;
}

/* In one lane the order is all that a chain needs: the gate and the end. */
static void one_lane(void **state)
{
	struct weft_body *b[3];
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	for (int i = 0; i < 3; i++)
		b[i] = ex_body(&x, (const char *[]) { "a", "b", "c" }[i], 0, "lane", 0);
	ex_join(b[0], ex_edge(&x, "e", 1, 0, 0), b[1]);
	ex_join(b[1], ex_edge(&x, "f", 1, 0, 0), b[2]);
	ok(weft_plan_prepare(x.plan, NULL));
	assert_int_equal(x.plan->num_cells, 2);
	assert_int_equal(cells(x.plan, WEFT_ROLE_GATE), 1);
	assert_ptr_equal(cell(x.plan, WEFT_ROLE_DONE)->body, b[2]);
	assert_int_equal(b[1]->waits.count + b[1]->signals.count, 0);
	assert_int_equal(x.plan->lag, 0);
	ex_close(&x);
}

/* A consumer that is two sequences behind needs no data wait, and the producer a credit unless there are three blocks. */
static void skewed(void **state)
{
	(void)state;
	for (uint32_t depth = 2; depth < 4; depth++) {
		struct weft_body *a, *b;
		struct weft_plan_report r = { .size = sizeof(r) };
		struct ex x;

		ex_open(&x, NULL);
		a = ex_body(&x, "a", 0, "lane", 0);
		b = ex_body(&x, "b", 0, "lane", 2);
		ex_join(a, ex_edge(&x, "e", depth, 0, 0), b);
		if (depth == 2) {	/* a(2) is before b(0) in the lane, and needs the block that b(0) reads */
			refused(weft_plan_prepare(x.plan, &r), -EDEADLK, "edge e");
		} else {
			ok(weft_plan_prepare(x.plan, &r));
			assert_int_equal(r.lag, 2);
			assert_int_equal(cells(x.plan, WEFT_ROLE_PRODUCED), 0);
			assert_int_equal(cells(x.plan, WEFT_ROLE_CONSUMED), 0);
		}
		ex_close(&x);
	}
}

/* Between cards: data and produced cell where the consumer is, consumed cell where the producer is. */
static void two_cards(void **state)
{
	struct weft_body *a, *b, *c;
	struct weft_edge *e;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	a = ex_body(&x, "a", 0, NULL, 0);
	b = ex_body(&x, "b", 1, NULL, 0);
	c = ex_body(&x, "c", 1, NULL, 0);
	e = ex_edge(&x, "e", 2, 0, 0);
	ex_join(a, e, b);
	ok(weft_body_input(c, e, 1));
	ok(weft_plan_prepare(x.plan, NULL));
	assert_int_equal(e->place, 1);
	assert_int_equal(cells(x.plan, WEFT_ROLE_PRODUCED), 1);		/* both consumers look at one */
	assert_int_equal(cells(x.plan, WEFT_ROLE_CONSUMED), 2);
	assert_int_equal(cell(x.plan, WEFT_ROLE_PRODUCED)->waiter, 1);
	assert_int_equal(cell(x.plan, WEFT_ROLE_PRODUCED)->signaller, 0);
	assert_int_equal(cell(x.plan, WEFT_ROLE_CONSUMED)->waiter, 0);
	assert_int_equal(cell(x.plan, WEFT_ROLE_CONSUMED)->signaller, 1);
	assert_int_equal(a->signals.count, 1);
	assert_false(a->signals.tie[0].system);		/* the data went the same way as the signal */
	assert_int_equal(a->waits.count, 3);		/* gate and two credits */
	ex_close(&x);
}

/* Consumers on both cards: one of them looks at its own card's cell for data that is on the other. */
static void scope(void **state)
{
	struct weft_body *a, *b, *c;
	struct weft_edge *e;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	a = ex_body(&x, "a", 0, NULL, 0);
	b = ex_body(&x, "b", 1, NULL, 0);
	c = ex_body(&x, "c", 0, NULL, 0);
	e = ex_edge(&x, "e", 2, 0, 0);
	ex_join(a, e, b);
	ok(weft_body_input(c, e, 1));
	ok(weft_plan_prepare(x.plan, NULL));
	assert_int_equal(a->signals.count, 2);
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(a->signals.tie[i].system, x.plan->cell[a->signals.tie[i].cell].waiter == 0);
	ex_close(&x);
}

/* Formulas of rates, initial tokens and depth; cells start where the test hook says. */
static void formulas(void **state)
{
	const struct weft_plan_config config = { .size = sizeof(config), .cell_base = UINT64_MAX - 1 };
	struct weft_body *a, *b;
	struct weft_edge *e;
	struct ex x;

	(void)state;
	ex_open(&x, &config);
	a = ex_body(&x, "a", 0, NULL, 0);
	b = ex_body(&x, "b", 0, NULL, 0);
	e = ex_edge(&x, "e", 12, 1, 0);
	ok(weft_body_output(a, e, 2));
	ok(weft_body_input(b, e, 3));
	ok(weft_plan_prepare(x.plan, NULL));
	assert_int_equal(a->q, 3);
	assert_int_equal(b->q, 2);
	assert_true(cell(x.plan, WEFT_ROLE_PRODUCED)->initial == UINT64_MAX - 1 + 1);
	assert_true(b->waits.tie[0].base == 1 && b->waits.tie[0].step == 3);			/* 3 tokens from -2 */
	assert_true(a->signals.tie[0].base == 1 && a->signals.tie[0].step == 2);		/* -2 + 1 + 2 */
	assert_true(a->waits.tie[1].base == (uint64_t)-2 + 1 + 2 - 12 && a->waits.tie[1].step == 2);
	assert_true(a->gated && !b->gated);
	assert_int_equal(cell(x.plan, WEFT_ROLE_GATE)->q, 3);
	ex_close(&x);
}

/* Bubbles of a drain come in a number that brings tables and tokens that stay back to where they were. */
static void lag(void **state)
{
	struct weft_plan_report r = { .size = sizeof(r) };
	struct weft_constant *c;
	struct weft_body *a, *b;
	struct ex x;

	(void)state;
	for (uint32_t entries = 7; entries < 65535; entries += 65000 - 7) {
		ex_open(&x, NULL);
		a = ex_body(&x, "a", 0, "lane", 0);
		b = ex_body(&x, "b", 0, "lane", 2);
		ok(weft_constant_create(x.plan, "c", 1 << 20, NULL, &c));
		ex_join(a, ex_edge(&x, "e", 4, 0, 0), b);
		ex_join(b, ex_edge(&x, "f", 8, 4, 0), a);
		ok(weft_body_copy(a, 0x1000, weft_body_table(a, c, 1, entries, 1), 1));
		if (entries == 7) {
			ok(weft_plan_prepare(x.plan, &r));
			assert_int_equal(r.lag, 28);
		} else {
			refused(weft_plan_prepare(x.plan, &r), -E2BIG, "bubbles");
		}
		ex_close(&x);
	}
}

/* Blocks of a firing lie together, so a depth is a multiple of the rates; where there are no blocks it need not be. */
static void multiples(void **state)
{
	struct weft_edge *e;
	struct ex x;

	(void)state;
	for (uint32_t depth = 2; depth < 9; depth++)
		for (uint32_t flags = 0; flags <= WEFT_EDGE_CONTROL; flags += WEFT_EDGE_CONTROL)
			for (uint32_t rate = 1; rate < 4; rate += 2) {
				struct weft_body *a, *b;

				ex_open(&x, NULL);
				a = ex_body(&x, "a", 0, NULL, 0);
				b = ex_body(&x, "b", 0, NULL, 0);
				e = ex_edge(&x, "e", depth, 0, flags);
				ok(weft_body_output(a, e, 2));
				ok(weft_body_input(b, e, rate));
				if (!flags && (depth % 2 || depth % rate))
					refused(weft_plan_prepare(x.plan, NULL), -EINVAL, "no multiple of the rates");
				else if (depth > 3)
					ok(weft_plan_prepare(x.plan, NULL));
				ex_close(&x);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_lane), cmocka_unit_test(skewed), cmocka_unit_test(two_cards), cmocka_unit_test(scope),
		cmocka_unit_test(formulas), cmocka_unit_test(lag), cmocka_unit_test(multiples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
