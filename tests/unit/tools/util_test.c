// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Numbers, JSON, progress and messages of the commands. */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>

#include "tool.h"
#include "tools/weft/cmd.h"

static void numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t min, max;
		int ret;
		uint64_t value;
	} row[] = {
		{ "7", 0, 10, 0, 7 }, { "0x1f", 0, 100, 0, 31 }, { "10", 0, 10, 0, 10 }, { "11", 0, 10, -1, 0 },
		{ "3", 4, 10, -1, 0 }, { "4", 4, 10, 0, 4 }, { "", 0, 10, -1, 0 }, { "7x", 0, 10, -1, 0 },
		{ "x", 0, 10, -1, 0 }, { "-1", 0, UINT64_MAX, -1, 0 }, { "1.5", 0, 10, -1, 0 },
		{ "18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX }, { "18446744073709551616", 0, UINT64_MAX, -1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const char *said;
		uint64_t value;
		int ret;

		said_begin();
		ret = cmd_number("run", "--steps", row[i].text, row[i].min, row[i].max, &value);
		said = said_end();
		if (ret != row[i].ret || (!ret && value != row[i].value) || !*said != !ret)
			fail_msg("%s: %d, %llu, says %s", row[i].text, ret, (unsigned long long)value, said);
	}
	said_begin();
	cmd_number("run", "--steps", "11", 4, 10, &(uint64_t){ 0 });
	assert_string_equal(said_end(), "weft run: --steps 11: want a number from 4 to 10\n");
}

/* Vectors of the function's authors. */
static void hash(void **state)
{
	(void)state;
	assert_int_equal(fnv64("", 0), 0xcbf29ce484222325u);
	assert_int_equal(fnv64("a", 1), 0xaf63dc4c8601ec8cu);
	assert_int_equal(fnv64("foobar", 6), 0x85944171f73967e8u);
}

static void json(void **state)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	struct json j;

	(void)state;
	json_begin(&j, out, '{');
	json_text(&j, "a\"b", "c\\d\n\x01");
	json_u64(&j, "u", UINT64_MAX);
	json_number(&j, "n", 1.5, 6);
	json_number(&j, "third", 1.0 / 3, 3);
	json_number(&j, "nan", NAN, 6);
	json_number(&j, "inf", INFINITY, 6);
	json_bool(&j, "t", true);
	json_bool(&j, "f", false);
	json_open(&j, "list", '[');
	json_u64(&j, NULL, 1);
	json_text(&j, NULL, "x");
	json_open(&j, NULL, '{');
	json_close(&j, '}');
	json_close(&j, ']');
	json_open(&j, "empty", '[');
	json_close(&j, ']');
	json_u64(&j, "last", 0);
	json_end(&j, '}');
	fclose(out);
	assert_string_equal(text, "{\"a\\\"b\":\"c\\\\d\\u000a\\u0001\",\"u\":18446744073709551615,\"n\":1.5,\"third\":0.333,"
			    "\"nan\":null,\"inf\":null,\"t\":true,\"f\":false,\"list\":[1,\"x\",{}],\"empty\":[],\"last\":0}\n");
	free(text);
}

/* Into a file: a line now and then, the first and the last one always. */
static void progress(void **state)
{
	struct progress p;

	(void)state;
	said_begin();
	progress_init(&p, "train", 8, false);
	progress_show(&p, 2, "a");
	progress_show(&p, 3, "b");
	progress_show(&p, 8, "c");
	progress_done(&p);
	assert_string_equal(said_end(), "train [######..................]  25% a\n"
			    "train [########################] 100% c\n");
	said_begin();
	progress_init(&p, "none", 0, false);
	progress_show(&p, 0, "");
	assert_string_equal(said_end(), "none [........................] 100% \n");
	said_begin();
	progress_init(&p, "quiet", 8, true);
	progress_show(&p, 8, "");
	progress_done(&p);
	assert_string_equal(said_end(), "");
}

static void messages(void **state)
{
	int ret;

	(void)state;
	said_begin();
	ret = cmd_error("info", "%s: %d", "what", 7);
	assert_string_equal(said_end(), "weft info: what: 7\n");
	assert_int_equal(ret, -1);
	said_begin();
	assert_int_equal(cmd_no_card("bench"), -1);
	assert_string_equal(said_end(), "weft bench: no card found; is weft.ko loaded?\n");
	/* Without a text of the library, that of the number. */
	said_begin();
	assert_int_equal(cmd_weft_error("run", "open", -ENOMEM), -1);
	assert_string_equal(said_end(), "weft run: open: Cannot allocate memory\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers), cmocka_unit_test(hash), cmocka_unit_test(json), cmocka_unit_test(progress),
		cmocka_unit_test(messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
