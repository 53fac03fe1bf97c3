/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Other programs' times from a file, and the picture of them beside ours. */
#include "tool.h"

#include "tools/weft/bench_coll.h"

static char *made(const char *text)
{
	static char name[32];
	FILE *f;

	strcpy(name, "/tmp/coll-svg-XXXXXX");
	f = fdopen(mkstemp(name), "w");
	fputs(text, f);
	fclose(f);
	return name;
}

static struct coll_peers peers;

static int take(const char *text)
{
	char *name = made(text);
	int ret;

	peers = (struct coll_peers) { 0 };
	ret = bench_coll_peers(name, &peers);
	unlink(name);
	return ret;
}

static void of_file(void **state)
{
	static const char *const bad[] = {
		"mpich all-reduce 8\n", "mpich all-reduce 8 -1\n", "mpich all-reduce 0 1\n", "mpich nothing 8 1\n", "mpich all-reduce x 1\n",
		"mpich all-reduce 8 inf\n", "mpich all-reduce 8 nan\n",
		"a send 8 1\nb send 8 1\nc send 8 1\nd send 8 1\ne send 8 1\nf send 8 1\ng send 8 1\nh send 8 1\ni send 8 1\n",
	};

	(void)state;
	assert_int_equal(take("# times\n\nmpich all-reduce 8 5.5\nopenmpi allreduce 64K 46\nmpich broadcast 1M 100\n"), 0);
	assert_int_equal(peers.num, 2);
	assert_int_equal(peers.points, 3);
	assert_string_equal(peers.name[1], "openmpi");
	assert_true(peers.point[1].peer == 1 && peers.point[1].op == WEFT_COLL_ALL_REDUCE && peers.point[1].bytes == 65536 &&
		    peers.point[1].us == 46);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (take(bad[i]) != -1)
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(bench_coll_peers("/tmp/no such file", &peers), -1);
}

static uint32_t count(const char *text, const char *what)
{
	uint32_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static void picture(void **state)
{
	const struct coll_row rows[] = {
		{ .op = WEFT_COLL_ALL_REDUCE, .bytes = 8, .us = 2, .limit_us = 0.1 },
		{ .op = WEFT_COLL_ALL_REDUCE, .bytes = 8, .in_place = true, .us = 3, .limit_us = 0.1 },
		{ .op = WEFT_COLL_ALL_REDUCE, .bytes = 1 << 20, .us = 200, .limit_us = 180 },
		{ .op = WEFT_COLL_BROADCAST, .bytes = 4096, .us = 5, .limit_us = 4 },
		{ .op = WEFT_COLL_BARRIER, .us = 1 },
	};
	static char text[1 << 16];
	char *name = made("");
	size_t n;
	FILE *f;

	(void)state;
	assert_int_equal(take("a<b all-reduce 8 5.5\na<b all-reduce 1M 900\n"), 0);
	assert_int_equal(bench_coll_svg(name, rows, 5, 4, "f32", &peers), 0);
	f = fopen(name, "r");
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = 0;
	fclose(f);
	unlink(name);
	assert_true(n > 1000 && !strncmp(text, "<svg ", 5) && !strcmp(text + n - 7, "</svg>\n"));
	/* a chart for each operation with sizes; in one of them ours, in place, the limit and the peer, each named */
	assert_int_equal(count(text, "class=\"title\""), 2);
	assert_int_equal(count(text, "<polyline"), 6);
	assert_int_equal(count(text, "class=\"name "), 6);
	assert_int_equal(count(text, "a&lt;b</text>"), 1);
	assert_int_equal(count(text, "weft, in place</text>"), 1);
	assert_int_equal(count(text, "nan") + count(text, "inf") + count(text, "http") - 1, 0);
	assert_int_equal(count(text, "script"), 0);
	assert_int_equal(bench_coll_svg("/tmp/no such folder/x", rows, 5, 4, "f32", &peers), -1);
	assert_int_equal(bench_coll_svg("/dev/full", rows, 5, 4, "f32", &peers), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(of_file), cmocka_unit_test(picture) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
