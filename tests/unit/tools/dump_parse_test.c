// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Dumps: what is read of a good one, what is said of a bad one, and random damage. */
#include "tool.h"
#include "tools/weft/dump_parse.h"

static const char good[] =
	"weft-dump 1\nreason: job-fault\nempty: \n[card]\nserial: 7\n[ring]\npacket: 3 COPY\n@3 00ff10\nlevel3: 0x1\n[log]\n[end]\n";

/* On a copy of exactly its size and the byte behind it, so that a sanitizer sees what goes too far. */
static int parse(struct dump *d, const char *text, size_t bytes, char **copy, char *why)
{
	*copy = malloc(bytes + 1);
	assert_non_null(*copy);
	memcpy(*copy, text, bytes);
	*why = 0;
	return dump_parse(d, *copy, bytes, why, 128);
}

static void reads(void **state)
{
	struct dump d;
	char *copy, why[128];

	(void)state;
	assert_int_equal(parse(&d, good, sizeof(good) - 1, &copy, why), 0);
	assert_int_equal(d.num_sections, 4);
	assert_string_equal(d.section[0].name, "");
	assert_int_equal(d.section[0].count, 2);
	assert_string_equal(d.section[2].name, "ring");
	assert_int_equal(d.section[2].count, 3);
	assert_null(d.entry[d.section[2].first + 1].key);
	assert_int_equal(d.entry[d.section[2].first + 1].index, 3);
	assert_int_equal(d.entry[d.section[2].first + 1].num_bytes, 3);
	assert_memory_equal(d.entry[d.section[2].first + 1].bytes, "\x00\xff\x10", 3);
	assert_int_equal(d.section[3].count, 0);
	assert_string_equal(dump_value(&d, "", "reason"), "job-fault");
	assert_string_equal(dump_value(&d, "", "empty"), "");
	assert_string_equal(dump_value(&d, "card", "serial"), "7");
	assert_null(dump_value(&d, "card", "reason"));
	assert_null(dump_value(&d, "none", "serial"));
	dump_free(&d);
	free(copy);
}

static void refuses(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "", "line 0: empty" },
		{ "weft-dump 1", "line 1: cut off" },
		{ "weft-dump 1\n", "line 1: cut off: the line [end] is missing" },
		{ "weft-dump 2\n[end]\n", "line 1: version 2 of the format, this program reads 1" },
		{ "weft-dump 1x\n[end]\n", "line 1: version 1x of the format, this program reads 1" },
		{ "weft-dump \n[end]\n", "line 1: version  of the format, this program reads 1" },
		{ "hello\n", "line 1: not a dump of a weft card" },
		{ "weft-dump 1\n[end]\nx: y\n", "line 3: something follows the end" },
		{ "weft-dump 1\n[end]\n\n", "line 3: something follows the end" },
		{ "weft-dump 1\n[card\n[end]\n", "line 2: a section's name has no end" },
		{ "weft-dump 1\n[]\n[end]\n", "line 2: not the name of a section" },
		{ "weft-dump 1\n[\n[end]\n", "line 2: a section's name has no end" },
		{ "weft-dump 1\n[a b]\n[end]\n", "line 2: not the name of a section" },
		{ "weft-dump 1\nkey\n[end]\n", "line 2: neither section, key nor bytes" },
		{ "weft-dump 1\nkey:x\n[end]\n", "line 2: neither section, key nor bytes" },
		{ "weft-dump 1\n\n[end]\n", "line 2: neither section, key nor bytes" },
		{ "weft-dump 1\n: x\n[end]\n", "line 2: not the name of a key" },
		{ "weft-dump 1\na b: x\n[end]\n", "line 2: not the name of a key" },
		{ "weft-dump 1\n@ 00\n[end]\n", "line 2: bytes without an index" },
		{ "weft-dump 1\n@-1 00\n[end]\n", "line 2: bytes without an index" },
		{ "weft-dump 1\n@99999999999999999999 00\n[end]\n", "line 2: bytes without an index" },
		{ "weft-dump 1\n@1\n[end]\n", "line 2: bytes without an index" },
		{ "weft-dump 1\n@1 \n[end]\n", "line 2: no bytes" },
		{ "weft-dump 1\n@1 0\n[end]\n", "line 2: not pairs of hexadecimal digits" },
		{ "weft-dump 1\n@1 0g\n[end]\n", "line 2: not pairs of hexadecimal digits" },
		{ "weft-dump 1\n@1 AA\n[end]\n", "line 2: not pairs of hexadecimal digits" },
		{ "weft-dump 1\nkey: \033[2J\n[end]\n", "line 2: a byte that is no text: 0x1b" },
		{ "weft-dump 1\nkey: \xc3\xa4\n[end]\n", "line 2: a byte that is no text: 0xc3" },
	};
	struct dump d;
	char *copy, why[128], line[256] = "weft-dump 1\n@0 ";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(&d, bad[i].text, strlen(bad[i].text), &copy, why), -1);
		assert_string_equal(why, bad[i].why);
		dump_free(&d);
		free(copy);
	}
	for (int i = 0; i <= DUMP_LINE_BYTES; i++)
		strcat(line, "00");
	strcat(line, "\n[end]\n");
	assert_int_equal(parse(&d, line, strlen(line), &copy, why), -1);
	assert_string_equal(why, "line 2: more than 64 bytes");
	dump_free(&d);
	free(copy);
	assert_int_equal(parse(&d, "weft-dump 1\nke\0y: x\n[end]\n", 26, &copy, why), -1);
	assert_string_equal(why, "line 2: a byte that is no text: 0");
	dump_free(&d);
	free(copy);
}

/* Every way to cut it off is noticed. */
static void cut_off(void **state)
{
	struct dump d;
	char *copy, why[128];

	(void)state;
	for (size_t n = 0; n < sizeof(good) - 1; n++) {
		assert_int_equal(parse(&d, good, n, &copy, why), -1);
		assert_true(*why);
		dump_free(&d);
		free(copy);
	}
}

/* Any damage ends in a dump or in one line that says why not. */
static void damaged(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (int round = 0; round < 100000; round++) {
		char text[sizeof(good)], why[128], *copy;
		struct dump d;
		int r;

		memcpy(text, good, sizeof(good));
		for (int i = 0; i < 1 + round % 5; i++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			text[(random >> 33) % (sizeof(good) - 1)] = "\n[]@: 0aZ\t\xff"[(random >> 20) % 12];
		}
		r = parse(&d, text, sizeof(good) - 1, &copy, why);
		if (r) {
			assert_true(*why && !strchr(why, '\n'));
		} else {
			for (size_t s = 0; s < d.num_sections; s++)
				assert_true(d.section[s].first + d.section[s].count <= d.num_entries);
		}
		dump_free(&d);
		free(copy);
	}
}

static void too_long(void **state)
{
	size_t bytes = DUMP_MAX_BYTES + 1;
	char *text = malloc(bytes + 1), why[128];
	struct dump d;

	(void)state;
	assert_non_null(text);
	memset(text, '\n', bytes);
	assert_int_equal(dump_parse(&d, text, bytes, why, sizeof(why)), -1);
	assert_string_equal(why, "line 0: longer than 1048576 bytes");
	dump_free(&d);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads), cmocka_unit_test(refuses), cmocka_unit_test(cut_off), cmocka_unit_test(damaged),
		cmocka_unit_test(too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
