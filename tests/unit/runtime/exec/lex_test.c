/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Words of a text: numbers and units to their last digit, places, names that are near. */
#include "../rt.h"

#include "runtime/exec/lex.h"

static struct weft_lex lex;

static void begin(const char *text)
{
	weft_lex_init(&lex, text, strlen(text));
}

static uint64_t bytes_of(const char *text)
{
	begin(text);
	return weft_lex_bytes(&lex, "bytes", 0, UINT64_MAX);
}

static uint64_t time_of(const char *text)
{
	begin(text);
	return weft_lex_time(&lex, "a time", UINT64_MAX);
}

static uint64_t value_of(const char *text, uint32_t bits)
{
	begin(text);
	return weft_lex_value(&lex, bits, false);
}

static void units(void **state)
{
	(void)state;
	assert_int_equal(bytes_of("17"), 17);
	assert_int_equal(bytes_of("0x20"), 32);
	assert_int_equal(bytes_of("0x20 KiB"), 32768);
	assert_int_equal(bytes_of("2 MiB"), 2 << 20);
	assert_int_equal(bytes_of("2MiB"), 2 << 20);
	assert_int_equal(bytes_of("1.5 KiB"), 1536);
	assert_int_equal(bytes_of("0.125KiB"), 128);
	assert_int_equal(bytes_of("16777215 TiB"), 16777215ull << 40);
	assert_int_equal(bytes_of("18446744073709551615"), UINT64_MAX);
	assert_int_equal(lex.ret, 0);
	assert_int_equal(bytes_of("18446744073709551616"), 0);
	assert_int_equal(lex.ret, -EINVAL);
	assert_int_equal(bytes_of("16777216 TiB"), 0);
	assert_int_equal(lex.ret, -EINVAL);
	assert_int_equal(bytes_of("1.3 KiB"), 0);
	assert_int_equal(lex.ret, -EINVAL);
	assert_int_equal(bytes_of("1. KiB"), 1024);
	assert_int_equal(bytes_of("KiB"), 0);
	assert_int_equal(lex.ret, -EINVAL);
	assert_int_equal(bytes_of("2\nMiB"), 2);	/* the unit is in the line */
	assert_int_equal(lex.kind, WEFT_LEX_LINE);
	assert_int_equal(time_of("5 ms"), 5000000);
	assert_int_equal(time_of("2.000000001 s"), 2000000001);
	assert_int_equal(time_of("0"), 0);
	assert_int_equal(lex.ret, 0);
	assert_int_equal(time_of("5"), 0);
	assert_int_equal(lex.ret, -EINVAL);
}

static void values(void **state)
{
	(void)state;
	assert_int_equal(value_of("255", 8), 255);
	assert_int_equal(value_of("-128", 8), 128);
	assert_int_equal(lex.ret, 0);
	assert_int_equal(value_of("-129", 8), 0);
	assert_int_equal(lex.ret, -EINVAL);
	assert_int_equal(value_of("0xffffffffffffffff", 64), UINT64_MAX);
	assert_int_equal(value_of("-1", 64), UINT64_MAX);
	assert_int_equal(value_of("1.5", 32), weft_f32(1.5f));
	assert_int_equal(value_of("-1e-6", 32), weft_f32(-1e-6f));
	assert_int_equal(value_of("3", 32), 3);
	assert_int_equal(lex.ret, 0);
	assert_int_equal(value_of("1.5", 64), 0);
	assert_int_equal(lex.ret, -EINVAL);
	begin("3");
	assert_int_equal(weft_lex_value(&lex, 32, true), weft_f32(3));
	begin("1_000_000");
	assert_int_equal(weft_lex_number(&lex, "", 0, UINT64_MAX), 1000000);
	begin("_1");
	assert_int_equal(weft_lex_number(&lex, "", 0, UINT64_MAX), 0);
	assert_int_equal(lex.ret, -EINVAL);
}

static void places(void **state)
{
	(void)state;
	begin(" a \"b\\x41\\\"\" # c\n\t(d\n  e)\nf");
	assert_true(weft_lex_take(&lex, "a"));
	assert_string_equal(weft_lex_text(&lex, ""), "bA\"");
	weft_lex_next(&lex);
	assert_int_equal(lex.kind, WEFT_LEX_LINE);
	weft_lex_next(&lex);
	assert_true(weft_lex_take(&lex, "("));
	assert_true(weft_lex_take(&lex, "d"));
	assert_true(weft_lex_is(&lex, "e"));		/* brackets hide the end of the line */
	assert_int_equal(lex.word_line, 3);
	assert_int_equal(lex.word_column, 3);
	weft_lex_next(&lex);
	assert_true(weft_lex_take(&lex, ")"));
	assert_int_equal(lex.kind, WEFT_LEX_LINE);
	weft_lex_next(&lex);
	assert_int_equal(lex.word_line, 4);
	/* the first error stays, and all that follows is the end */
	weft_lex_unexpected(&lex, "g");
	weft_lex_unexpected(&lex, "h");
	assert_string_equal(weft_last_error(), "4:1: found \"f\", expected g (Invalid argument)");
	weft_lex_next(&lex);
	assert_int_equal(lex.kind, WEFT_LEX_END);
	assert_false(weft_lex_take(&lex, "f"));
	assert_int_equal(weft_lex_number(&lex, "", 0, 9), 0);
	assert_string_equal(weft_lex_text(&lex, ""), "");
	assert_int_equal(lex.ret, -EINVAL);
}

static const char *near_of(const char *found)
{
	static const char *const names[] = { "depth", "device", "period", "in", "weights/layer1", "weights/layer2" };
	struct weft_near near;

	weft_near_init(&near, found, (uint32_t)strlen(found));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		weft_near_offer(&near, names[i]);
	return near.best ? near.best : "";
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(near_of("dept"), "depth");
	assert_string_equal(near_of("depht"), "depth");
	assert_string_equal(near_of("xdepth"), "depth");
	assert_string_equal(near_of("peroid"), "period");
	assert_string_equal(near_of("weights/layr2"), "weights/layer2");
	assert_string_equal(near_of("ni"), "");		/* one of two letters is nothing alike */
	assert_string_equal(near_of("width"), "");
	assert_string_equal(near_of(""), "");
	assert_string_equal(near_of("a-name-that-is-longer-than-any-other-name-here"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units), cmocka_unit_test(values), cmocka_unit_test(places), cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
