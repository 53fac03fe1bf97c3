/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Names to numbers, many of them, some in two kinds. */
#include "../rt.h"

#include "runtime/exec/name.h"

enum { COUNT = 20000 };

static void many(void **state)
{
	char (*text)[16] = calloc(COUNT, sizeof(*text));
	struct weft_names n = { 0 };

	(void)state;
	assert_int_equal(weft_names_find(&n, "n0", 0), UINT32_MAX);
	for (uint32_t i = 0; i < COUNT; i++) {
		snprintf(text[i], sizeof(text[i]), "n%u", i);
		assert_int_equal(weft_names_find(&n, text[i], 0), UINT32_MAX);
		assert_true(weft_names_add(&n, text[i], 0, i));
		if (i % 3 == 0)
			assert_true(weft_names_add(&n, text[i], 1, i + 1));
	}
	for (uint32_t i = 0; i < COUNT; i++) {
		char same[16];

		snprintf(same, sizeof(same), "n%u", i);
		assert_int_equal(weft_names_find(&n, same, 0), i);
		assert_int_equal(weft_names_find(&n, same, 1), i % 3 ? UINT32_MAX : i + 1);
		assert_int_equal(weft_names_find(&n, same, 2), UINT32_MAX);
	}
	assert_int_equal(n.count, COUNT + (COUNT + 2) / 3);
	weft_names_free(&n);
	assert_int_equal(weft_names_find(&n, "n0", 0), UINT32_MAX);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(many) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
