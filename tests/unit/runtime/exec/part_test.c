/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Edges with several producers: whose bytes are whose, what waits for what, and where the parts lie. */
#include "ex.h"

static struct weft_edge *whole_of(struct ex *x, uint64_t bytes, uint32_t flags, uint32_t depth, uint32_t initial, uint32_t device)
{
	struct weft_edge *e;

	ok(weft_edge_create(x->plan, &(struct weft_edge_desc) {
		.size = sizeof(struct weft_edge_desc), .name = "whole", .block_bytes = bytes, .flags = flags, .depth = depth,
		.initial = initial, .device = device }, &e));
	return e;
}

static int part_of(struct ex *x, const char *name, struct weft_edge *whole, uint64_t offset, uint64_t bytes, struct weft_edge **e)
{
	return weft_edge_create(x->plan, &(struct weft_edge_desc) {
		.size = sizeof(struct weft_edge_desc), .name = name, .block_bytes = bytes, .whole = whole, .offset = offset }, e);
}

/* Three producers on two cards, a consumer on the second: it waits for all, all wait for it, blocks are there once. */
static void three(void **state)
{
	struct weft_plan_report r = { .size = sizeof(r) };
	struct weft_edge *w, *p, *q;
	struct weft_body *b[4];
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	for (int i = 0; i < 4; i++)
		b[i] = ex_body(&x, (const char *[]) { "a", "b", "c", "to" }[i], i > 1, NULL, 0);
	w = whole_of(&x, 1000, 0, 2, 0, 0);
	ok(part_of(&x, "middle", w, 100, 500, &p));
	ok(weft_body_input(b[3], w, 1));
	ok(part_of(&x, "end", w, 700, 300, &q));
	ok(weft_body_output(b[0], w, 1));
	ok(weft_body_output(b[1], p, 1));
	ok(weft_body_output(b[2], q, 1));
	assert_int_equal(b[3]->num_in, 3);
	/* each its own bytes, the consumer all */
	ok(weft_body_fill(b[0], weft_body_out(b[0], w, 0), 100, 0, 1));
	ok(weft_body_fill(b[1], weft_body_out(b[1], p, 0), 500, 0, 1));
	ok(weft_body_copy(b[3], 0x1000, weft_body_in(b[3], w, 0), 1000));
	ok(weft_plan_prepare(x.plan, &r));
	assert_int_equal(b[3]->waits.count, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(b[i]->waits.count, i ? 1 + b[i]->gated : 1 + b[i]->gated);
	/* those on the other card than the blocks say so in a way that everybody sees */
	for (uint32_t i = 0; i < x.plan->num_cells; i++)
		if (x.plan->cell[i].role == WEFT_ROLE_PRODUCED)
			assert_int_equal(x.plan->cell[i].waiter, 1);
	assert_int_equal(w->place, 1);
	assert_int_equal(p->place, 1);
	assert_int_equal(p->offset, w->offset + 100);
	assert_int_equal(q->offset, w->offset + 700);
	assert_int_equal(p->stride, w->stride);
	assert_int_equal(weft_edge_depth(q), 2);
	assert_int_equal(r.memory_bytes, 2 * 1024);
	ex_close(&x);
}

/* Nobody writes another's bytes. */
static void bounds(void **state)
{
	struct weft_edge *w, *p;
	struct weft_body *a, *b;
	struct ex x;

	(void)state;
	for (int wrong = 0; wrong < 3; wrong++) {
		ex_open(&x, NULL);
		a = ex_body(&x, "a", 0, NULL, 0);
		b = ex_body(&x, "b", 0, NULL, 0);
		w = whole_of(&x, 512, 0, 1, 0, 0);
		ok(part_of(&x, "part", w, 256, 256, &p));
		ok(weft_body_output(a, w, 1));
		ok(weft_body_output(b, p, 1));
		ok(weft_body_fill(a, weft_body_out(a, w, 0) + (wrong == 1), 256, 0, 1));
		ok(weft_body_fill(b, weft_body_out(b, p, 0) + (wrong == 2), 256, 0, 1));
		if (wrong)
			refused(weft_plan_prepare(x.plan, NULL), -EINVAL, "which has 256");
		else
			ok(weft_plan_prepare(x.plan, NULL));
		ex_close(&x);
	}
}

/* Without any one of its producers a consumer would wait for ever; so a part must have one, and a cycle through it a token. */
static void orders(void **state)
{
	struct weft_edge *w, *p, *back;
	struct weft_body *a, *b, *c;
	struct ex x;

	(void)state;
	for (uint32_t tokens = 0; tokens < 2; tokens++) {
		ex_open(&x, NULL);
		a = ex_body(&x, "a", 0, NULL, 0);
		b = ex_body(&x, "b", 1, NULL, 0);
		c = ex_body(&x, "c", 0, NULL, 0);
		w = whole_of(&x, 512, 0, 1, 0, 0);
		ok(part_of(&x, "part", w, 256, 256, &p));
		back = ex_edge(&x, "back", 1, tokens, WEFT_EDGE_CONTROL);
		ex_join(a, w, c);
		refused(weft_plan_prepare(x.plan, NULL), -EINVAL, "edge part has no producer");
		ok(weft_body_output(b, p, 1));
		ex_join(c, back, b);
		if (tokens)
			ok(weft_plan_prepare(x.plan, NULL));
		else
			refused(weft_plan_prepare(x.plan, NULL), -EDEADLK, "edge part");
		ex_close(&x);
	}
}

/* State that several bodies change, each its part. */
static void changed(void **state)
{
	struct weft_body *a, *b;
	struct weft_edge *w, *p;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	a = ex_body(&x, "a", 0, NULL, 0);
	b = ex_body(&x, "b", 1, NULL, 0);
	w = whole_of(&x, 512, WEFT_EDGE_STATE, 0, 0, 0);
	ok(part_of(&x, "part", w, 256, 256, &p));
	ok(weft_body_output(a, w, 1));
	ok(weft_body_output(b, p, 1));
	ok(weft_body_input(ex_body(&x, "reader", 0, NULL, 0), w, 1));
	ok(weft_plan_prepare(x.plan, NULL));
	assert_int_equal(p->initial, 1);
	assert_int_equal(p->depth, 1);
	refused(weft_edge_get(p, (char[256]) { 0 }, 256), -EINVAL, "");
	ex_close(&x);
}

static void refusals(void **state)
{
	struct weft_edge *w, *e;
	struct weft_body *b;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	refused(part_of(&x, "p", ex_edge(&x, "control", 1, 0, WEFT_EDGE_CONTROL), 1, 1, &e), -EINVAL, "has no parts");
	refused(part_of(&x, "p", ex_edge(&x, "host", 1, 0, WEFT_EDGE_HOST), 1, 1, &e), -EINVAL, "has no parts");
	refused(part_of(&x, "p", ex_edge(&x, "exported", 1, 0, WEFT_EDGE_EXPORT), 1, 1, &e), -EINVAL, "has no parts");
	refused(part_of(&x, "p", ex_edge(&x, "any depth", 0, 0, 0), 1, 1, &e), -EINVAL, "has no parts");
	w = whole_of(&x, 100, 0, 1, 0, 0);
	refused(part_of(&x, "p", w, 0, 1, &e), -EINVAL, "1 bytes at 0 of edge whole, of which those from 1 to 100 are left");
	refused(part_of(&x, "p", w, 100, 1, &e), -EINVAL, "at 100");
	refused(part_of(&x, "p", w, 50, 51, &e), -EINVAL, "51 bytes at 50");
	refused(part_of(&x, "p", w, 50, 0, &e), -EINVAL, "blocks of 0 bytes");
	refused(weft_edge_create(x.plan, &(struct weft_edge_desc) {
		.size = sizeof(struct weft_edge_desc), .name = "p", .block_bytes = 1, .offset = 1 }, &e), -EINVAL, "no part");
	refused(weft_edge_create(x.plan, &(struct weft_edge_desc) {
		.size = sizeof(struct weft_edge_desc), .name = "p", .block_bytes = 1, .offset = 1, .whole = w, .depth = 1 }, &e),
		-EINVAL, "are those of edge whole");
	ok(part_of(&x, "p", w, 50, 10, &e));
	refused(part_of(&x, "q", w, 59, 10, &e), -EINVAL, "of which those from 60 to 100 are left");
	refused(part_of(&x, "q", e, 1, 1, &e), -EINVAL, "has no parts");
	b = ex_body(&x, "b", 0, NULL, 0);
	refused(weft_body_input(b, e, 1), -EINVAL, "is a part of whole");
	ex_close(&x);
	ex_open(&x, NULL);
	b = ex_body(&x, "b", 0, NULL, 0);
	w = whole_of(&x, 100, 0, 2, 0, 0);
	ok(part_of(&x, "p", w, 50, 10, &e));
	ok(weft_body_output(b, e, 2));
	ok(weft_body_output(b, w, 1));
	refused(weft_plan_prepare(x.plan, NULL), -EINVAL, "gives 2 tokens");
	ex_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three), cmocka_unit_test(bounds), cmocka_unit_test(orders), cmocka_unit_test(changed),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
