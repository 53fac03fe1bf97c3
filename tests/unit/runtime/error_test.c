/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What weft_last_error() is: one sentence with one reason, however often it was told again. */
#include "rt.h"

#include <errno.h>

#include "runtime/core/error.h"

static void plain(void **state)
{
	char text[64], room[4];

	(void)state;
	assert_int_equal(weft_fail(-EINVAL, "edge %s", "x"), -EINVAL);
	assert_string_equal(weft_last_error(), "edge x (Invalid argument)");
	weft_error_bare(text, sizeof(text));
	assert_string_equal(text, "edge x");
	weft_error_bare(room, sizeof(room));
	assert_string_equal(room, "edg");
	assert_int_equal(weft_fail_again(-ENOSPC, "call: %s", "edge x (Invalid argument)"), -ENOSPC);
	assert_string_equal(weft_last_error(), "call: edge x (Invalid argument)");
	weft_error_clear();
	assert_string_equal(weft_last_error(), "");
	weft_error_bare(text, sizeof(text));
	assert_string_equal(text, "");
}

/* The reason is that of the errno that is returned, and stands once, at the end. */
static void nested(void **state)
{
	(void)state;
	weft_fail(-EBADF, "descriptor 7 (of two)");
	assert_int_equal(weft_fail_of(-EPROTO, "edge %s: cells", "x"), -EPROTO);
	assert_string_equal(weft_last_error(), "edge x: cells: descriptor 7 (of two) (Protocol error)");
	assert_int_equal(weft_fail_of(-EPROTO, "plan p"), -EPROTO);
	assert_string_equal(weft_last_error(), "plan p: edge x: cells: descriptor 7 (of two) (Protocol error)");
}

/* One that is too long loses its reason, and nothing of it is taken for one. */
static void long_one(void **state)
{
	char name[600], text[600];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	weft_fail(-EINVAL, "%s", name);
	assert_int_equal(strlen(weft_last_error()), 511);
	weft_error_bare(text, sizeof(text));
	assert_string_equal(text, weft_last_error());
	weft_fail_of(-EINVAL, "edge");
	assert_int_equal(strlen(weft_last_error()), 511);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(plain), cmocka_unit_test(nested), cmocka_unit_test(long_one) };

	return cmocka_run_group_tests_name("core/error", tests, NULL, NULL);
}
