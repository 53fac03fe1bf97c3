/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Edges of the host in a prepared plan: their cells, who waits for the gate, and what is refused. */
#include "ex.h"

static const struct weft_plan_cell *cell(const struct ex *x, uint32_t number)
{
	assert_true(number < x->plan->num_cells);
	return &x->plan->cell[number];
}

/* One cell that the host signals for each consuming card, one that it looks at for each consumer; nobody waits for the gate. */
static void fed(void **state)
{
	const struct weft_plan_config config = { .size = sizeof(config), .cell_base = 100 };
	static const uint32_t cards[3] = { 0, 1, 1 };
	struct weft_body *b[3];
	struct weft_edge *in;
	struct ex x;

	(void)state;
	ex_open(&x, &config);
	in = ex_edge(&x, "in", 8, 0, WEFT_EDGE_HOST);
	for (int i = 0; i < 3; i++) {
		b[i] = ex_body(&x, (const char *[]) { "a", "b", "c" }[i], cards[i], NULL, 0);
		ok(weft_body_input(b[i], in, i == 2 ? 4 : 2));
	}
	ok(weft_plan_prepare(x.plan, NULL));
	assert_true(weft_feed_opens(x.plan));
	assert_int_equal(in->feed.num_cells, 2);
	for (uint32_t i = 0; i < 2; i++) {
		const struct weft_plan_cell *c = cell(&x, in->feed.cell[i]);

		assert_null(c->body);
		assert_int_equal(c->role, WEFT_ROLE_PRODUCED);
		assert_int_equal(c->waiter, i);
		assert_int_equal(c->signaller, i);
		assert_int_equal(c->initial, 100);
	}
	for (int i = 0; i < 3; i++) {
		const struct weft_plan_cell *c = cell(&x, in->consumer[i].consumed);

		assert_ptr_equal(c->body, b[i]);
		assert_int_equal(c->waiter, cards[i]);
		assert_int_equal(b[i]->waits.count, 1);
		assert_int_equal(b[i]->waits.tie[0].base, 100 + in->consumer[i].rate);
		assert_false(b[i]->gated);
	}
	assert_int_equal(b[0]->q, 2);
	assert_int_equal(b[2]->q, 1);
	assert_int_equal(in->place, EX_CARDS);
	ex_close(&x);
}

/* Both cells on the producer's card; its data lies elsewhere. */
static void pulled(void **state)
{
	struct weft_edge *out;
	struct weft_body *b;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	b = ex_body(&x, "b", 1, NULL, 0);
	out = ex_edge(&x, "out", 4, 0, WEFT_EDGE_HOST | WEFT_EDGE_PULL);
	ok(weft_body_output(b, out, 2));
	ok(weft_plan_prepare(x.plan, NULL));
	assert_false(weft_feed_opens(x.plan));
	assert_ptr_equal(cell(&x, out->feed.produced)->body, b);
	assert_int_equal(cell(&x, out->feed.produced)->waiter, 1);
	assert_int_equal(cell(&x, out->feed.cell[0])->waiter, 1);
	assert_null(cell(&x, out->feed.cell[0])->body);
	assert_true(b->signals.tie[0].system);
	assert_int_equal(b->waits.count, 2);		/* the gate too */
	assert_int_equal(b->waits.tie[1].base, (uint64_t)-2);
	refused(weft_edge_pull(out, 1, 0, (const void *[]) { NULL }), -EINVAL, "not loaded");
	refused(weft_edge_finish(out), -EINVAL, "not loaded");
	ex_close(&x);
}

static void refusals(void **state)
{
	const struct weft_edge_desc d = { .size = sizeof(d), .name = "e", .block_bytes = BLOCK, .flags = WEFT_EDGE_PULL };
	struct weft_edge_desc g = { .size = sizeof(g), .name = "g", .block_bytes = BLOCK, .flags = WEFT_EDGE_HOST };
	struct weft_memory *m;
	struct weft_body *a, *b;
	struct weft_edge *e;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	refused(weft_edge_create(x.plan, &d, &e), -EINVAL, "lies in host memory");
	ok(weft_memory_alloc(x.card[0], 3 * BLOCK, WEFT_PLACE_HOST, &m));
	g.memory = m;
	refused(weft_edge_create(x.plan, &g, &e), -EINVAL, "memory of the caller");	/* no pointer */
	g.pointer = &g;
	g.depth = 4 * 4096 / BLOCK;							/* no room */
	refused(weft_edge_create(x.plan, &g, &e), -EINVAL, "memory of the caller");
	g.depth = 3;
	ok(weft_edge_create(x.plan, &g, &e));
	a = ex_body(&x, "a", 0, NULL, 0);
	ok(weft_body_output(a, e, 1));
	refused(weft_plan_prepare(x.plan, NULL), -EINVAL, "neither feeds nor pulls");
	ok(weft_memory_destroy(m));
	ex_close(&x);

	ex_open(&x, NULL);
	a = ex_body(&x, "a", 0, NULL, 0);
	e = ex_edge(&x, "in", 2, 1, WEFT_EDGE_HOST);
	ok(weft_body_input(a, e, 1));
	refused(weft_plan_prepare(x.plan, NULL), -EINVAL, "no initial tokens");
	ex_close(&x);

	ex_open(&x, NULL);
	a = ex_body(&x, "a", 0, "lane", 0);
	b = ex_body(&x, "b", 0, "lane", 2);
	ex_join(a, ex_edge(&x, "e", 4, 0, 0), b);
	ok(weft_body_input(a, ex_edge(&x, "in", 2, 0, WEFT_EDGE_HOST), 1));
	refused(weft_plan_prepare(x.plan, NULL), -EOPNOTSUPP, "plan plan: the host feeds or pulls edge in, and its skewed lanes need 2 "
		"bubbles to drain: give bodies lanes of their own, or the same skew (Operation not supported)");
	ex_close(&x);
}

/* Of two consumers one is behind the other by a chain: the planner gives as many blocks, or says how many. */
static void apart(void **state)
{
	struct weft_body *a, *b, *c;
	struct weft_edge *in;
	struct ex x;

	(void)state;
	for (uint32_t depth = 0; depth <= 3; depth++) {
		const struct weft_plan_config config = { .size = sizeof(config), .period_ns = 1000 };

		ex_open(&x, depth ? &config : NULL);
		a = ex_body(&x, "a", 0, NULL, 0);
		b = ex_body(&x, "b", 0, NULL, 0);
		c = ex_body(&x, "c", 0, NULL, 0);
		a->time_ns = b->time_ns = c->time_ns = 1000;
		in = ex_edge(&x, "in", depth, 0, WEFT_EDGE_HOST);
		ok(weft_body_input(a, in, 1));
		ok(weft_body_input(c, in, 1));
		ex_join(a, ex_edge(&x, "ab", 2, 0, 0), b);
		ex_join(b, ex_edge(&x, "bc", 2, 0, 0), c);
		if (depth == 1 || depth == 2)
			refused(weft_plan_prepare(x.plan, NULL), -ERANGE, "who feeds edge in");
		else
			ok(weft_plan_prepare(x.plan, NULL));
		if (!depth)
			assert_int_equal(weft_edge_depth(in), 3 + 1);	/* the chain, and one for the host to fill */
		ex_close(&x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fed),
		cmocka_unit_test(pulled),
		cmocka_unit_test(refusals),
		cmocka_unit_test(apart),
	};

	return cmocka_run_group_tests_name("exec/feed", tests, NULL, NULL);
}
