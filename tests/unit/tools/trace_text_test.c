/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Texts of pictures: nothing in a name breaks the file, and what does not fit is cut where a character ends. */
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#include "tools/weft/trace_text.h"

static void xml(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{ "a<b>&\"c'", "a&lt;b&gt;&amp;&quot;c'" }, { "größe µ → 𝛼", "größe µ → 𝛼" }, { "tab\tline\n\x7f", "tab?line??" },
		{ "\xff.\xc3.\xe2\x82", "?.?.?" "?" }, { "\xc0\xaf \xed\xa0\x80", "?" "? ???" }, { "\xef\xbf\xbe", "???" },
		{ "\xf4\x90\x80\x80", "????" }, { "\xc2\x9b\xc2\xa0", "??\xc2\xa0" }, { "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = NULL;
		size_t bytes;
		FILE *f = open_memstream(&text, &bytes);

		assert_non_null(f);
		trace_xml(f, cases[i].from);
		fclose(f);
		assert_string_equal(text, cases[i].to);
		free(text);
	}
}

static void times(void **state)
{
	static const struct {
		double ns;
		const char *text;
	} cases[] = {
		{ 0, "0 ns" }, { 7, "7 ns" }, { 999, "999 ns" }, { 999.9, "1 µs" }, { 1500, "1.5 µs" }, { 6666666.7, "6.67 ms" },
		{ 999.7e6, "1 s" }, { 123456e6, "123 s" }, { 2500e9, "2500 s" },
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(trace_time(text, sizeof(text), cases[i].ns), cases[i].text);
}

static void cuts(void **state)
{
	char text[20], line[16];
	const char *rest;

	(void)state;
	assert_string_equal(trace_short("short", text, sizeof(text), 5), "short");
	assert_string_equal(trace_short("longer", text, sizeof(text), 5), "long…");
	assert_string_equal(trace_short("äöüäöüäöü", text, sizeof(text), 5), "äöüä…");
	assert_true(strlen(trace_short("𝛼𝛼𝛼𝛼𝛼𝛼𝛼𝛼𝛼𝛼𝛼𝛼", text, sizeof(text), 12)) < sizeof(text));
	rest = trace_line("one two three four", line, 10);
	assert_string_equal(line, "one two");
	rest = trace_line(rest, line, 10);
	assert_string_equal(line, "three four");
	assert_string_equal(rest, "");
	rest = trace_line("unbreakable", line, 4);
	assert_string_equal(line, "unbr");
	assert_string_equal(rest, "eakable");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(xml), cmocka_unit_test(times), cmocka_unit_test(cuts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
