/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What a plan has, by name and number. */
#include "ex.h"

#include <weft/plan_text.h>

static void named(void **state)
{
	struct weft_constant *c;
	struct weft_edge *e[2];
	struct weft_body *b;
	struct ex x;

	(void)state;
	ex_open(&x, &(struct weft_plan_config) { .size = sizeof(struct weft_plan_config), .name = "mine" });
	e[0] = ex_edge(&x, "same", 2, 0, 0);
	e[1] = ex_edge(&x, "other", 2, 0, WEFT_EDGE_HOST | WEFT_EDGE_NO_SHARE);
	b = ex_body(&x, "same", 0, NULL, 0);
	ok(weft_constant_create(x.plan, "same", 4, NULL, &c));
	assert_ptr_equal(weft_plan_edge(x.plan, "same"), e[0]);
	assert_ptr_equal(weft_plan_body(x.plan, "same"), b);
	assert_ptr_equal(weft_plan_constant(x.plan, "same"), c);
	assert_ptr_equal(weft_plan_edge_at(x.plan, 0), e[0]);
	assert_ptr_equal(weft_plan_edge_at(x.plan, 1), e[1]);
	assert_null(weft_plan_edge_at(x.plan, 2));
	assert_string_equal(weft_edge_name(e[1]), "other");
	assert_int_equal(weft_edge_flags(e[0]), 0);
	assert_int_equal(weft_edge_flags(e[1]), WEFT_EDGE_HOST | WEFT_EDGE_NO_SHARE);
	assert_string_equal(weft_plan_name(x.plan), "mine");
	assert_null(weft_plan_body(x.plan, "other"));
	assert_non_null(strstr(weft_last_error(), "plan mine has no body other"));
	assert_null(weft_plan_constant(x.plan, NULL));
	assert_null(weft_plan_edge(NULL, "same"));
	assert_null(weft_plan_edge((struct weft_plan *)b, "same"));
	assert_null(weft_edge_name((struct weft_edge *)b));
	assert_int_equal(weft_edge_flags((struct weft_edge *)b), 0);
	assert_null(weft_plan_name(NULL));
	ex_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(named) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
