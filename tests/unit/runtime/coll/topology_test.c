/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The text of a topology: what is taken, what is refused and where, and that what is printed says the same. */
#include "co.h"

#include <errno.h>
#include <stdlib.h>

#include <weft/weft.h>

#include "runtime/coll/topology.h"

#define GOOD	"weft-topology 1\n# two cards\n\ncards 2\nengines 2\ncard 0 step 150 copy 5.25 reduce 10\n" \
		"card 1 step 0.000001 copy 1000000000 reduce 0.5\t# slow\r\nlink 0 1 hop 600.5 write 4 read 3\nlink 1 0 hop 0 write 2 read 1"

static struct weft *weft;

static int take(const char *text, struct weft_coll_topology *t)
{
	/* of its own, so that a byte beyond it is seen */
	char *copy = malloc(strlen(text) + !*text);
	int ret;

	memcpy(copy, text, strlen(text));
	*t = (struct weft_coll_topology) { .size = sizeof(*t) };
	ret = weft_coll_topology_parse(copy, strlen(text), t);
	free(copy);
	return ret;
}

static void taken(void **state)
{
	struct weft_coll_topology t;

	(void)state;
	assert_int_equal(take(GOOD, &t), 0);
	assert_int_equal(t.cards, 2);
	assert_int_equal(t.engines, 2);
	assert_true(t.step_ns[0] == 150 && t.step_ns[1] == 0.000001 && t.reduce_gbs[0] == 10 && t.reduce_gbs[1] == 0.5);
	assert_true(t.write_gbs[0][0] == 5.25 && t.read_gbs[0][0] == 5.25 && t.write_gbs[1][1] == 1e9);
	assert_true(t.hop_ns[0][1] == 600.5 && t.write_gbs[0][1] == 4 && t.read_gbs[0][1] == 3);
	assert_true(t.hop_ns[1][0] == 0 && t.write_gbs[1][0] == 2 && t.read_gbs[1][0] == 1);
	assert_int_equal(take("weft-topology 1\ncards 1\ncard 0 step 1 copy 1 reduce 1\n", &t), 0);
	assert_int_equal(t.engines, 0);
}

static void refused(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "", "line 0: expected: weft-topology 1" },
		{ "# nothing\n", "line 1: expected: weft-topology 1" },
		{ "weft-topology 2\n", "line 1: version 2, and this library reads 1" },
		{ "weft-topology 1\ncards 0\n", "line 2: expected: cards N, 1 to 16" },
		{ "weft-topology 1\ncards 17\n", "line 2: expected: cards N, 1 to 16" },
		{ "weft-topology 1\ncards 1.5\n", "line 2: expected: cards N, 1 to 16" },
		{ "weft-topology 1\ncards 1\n", "line 2: the end, and no card 0" },
		{ "weft-topology 1\ncards 1\ncar 0\n", "line 3: expected card, link or engines" },
		{ "weft-topology 1\ncards 1\nengines 65\n", "line 3: 0 to 64 engines are possible" },
		{ "weft-topology 1\ncards 1\nengines 1\nengines 1\n", "line 4: engines were there before" },
		{ "weft-topology 1\ncards 1\ncard 1 step 1 copy 1 reduce 1\n", "line 3: no such card" },
		{ "weft-topology 1\ncards 1\ncard 0 step 1 copy 1 reduce 1\ncard 0 step 1 copy 1 reduce 1\n", "line 4: this card was there before" },
		{ "weft-topology 1\ncards 1\ncard 0 step 1 copy 0 reduce 1\n", "line 3: a value is no number" },
		{ "weft-topology 1\ncards 1\ncard 0 step -1 copy 1 reduce 1\n", "line 3: a value is no number" },
		{ "weft-topology 1\ncards 1\ncard 0 step . copy 1 reduce 1\n", "line 3: a value is no number" },
		{ "weft-topology 1\ncards 1\ncard 0 step 1. copy 1 reduce 1\n", "line 3: a value is no number" },
		{ "weft-topology 1\ncards 1\ncard 0 step nan copy 1 reduce 1\n", "line 3: a value is no number" },
		{ "weft-topology 1\ncards 1\ncard 0 step 1 copy 1.0000001 reduce 1\n", "line 3: a value is no number" },
		{ "weft-topology 1\ncards 1\ncard 0 step 1 copy 1000000001 reduce 1\n", "line 3: a value is no number" },
		{ "weft-topology 1\ncards 1\ncard 0 step 1 copy 99999999999999999999999 reduce 1\n", "line 3: a value is no number" },
		{ "weft-topology 1\ncards 1\ncard 0 step 1 copy 1\n", "line 3: expected: card I step NS copy GBS reduce GBS" },
		{ "weft-topology 1\ncards 1\n1 2 3 4 5 6 7 8 9 10 11\n", "line 3: more words than any line has" },
		{ "weft-topology 1\ncards 2\nlink 0 0 hop 1 write 1 read 1\n", "line 3: no two such cards" },
		{ "weft-topology 1\ncards 2\nlink 0 1 hop 1 write 1\n", "line 3: expected: link I J hop NS write GBS read GBS" },
		{ "weft-topology 1\ncards 2\nlink 0 1 hop 1 write 1 read x\n", "line 3: a value is no number" },
		{ "weft-topology 1\ncards 2\nlink 0 1 hop 1 write 1 read 1\nlink 0 1 hop 1 write 1 read 1\n", "line 4: this link was there before" },
		{ "weft-topology 1\ncards 2\ncard 0 step 1 copy 1 reduce 1\ncard 1 step 1 copy 1 reduce 1\nlink 0 1 hop 1 write 1 read 1\n",
		  "line 5: the end, and no link 1 0" },
	};
	struct weft_coll_topology t;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(take(bad[i].text, &t), -EINVAL);
		if (strncmp(weft_last_error(), bad[i].why, strlen(bad[i].why)))
			fail_msg("%s is refused with \"%s\", wanted \"%s\"", bad[i].text, weft_last_error(), bad[i].why);
	}
}

static void printed(void **state)
{
	struct weft_coll_topology t, again;
	char *text, *second;
	size_t bytes;
	FILE *f;

	(void)state;
	assert_int_equal(take(GOOD, &t), 0);
	f = open_memstream(&text, &bytes);
	assert_int_equal(weft_coll_topology_print(&t, f), 0);
	fclose(f);
	assert_int_equal(take(text, &again), 0);
	assert_memory_equal(&t, &again, sizeof(t));
	f = open_memstream(&second, &bytes);
	assert_int_equal(weft_coll_topology_print(&again, f), 0);
	fclose(f);
	assert_string_equal(text, second);
	assert_non_null(strstr(text, "card 0 step 150 copy 5.25 reduce 10\n"));
	assert_non_null(strstr(text, "step 0.000001 "));
	free(text);
	free(second);
	f = fopen("/dev/full", "w");
	assert_int_equal(weft_coll_topology_print(&t, f), -EIO);
	fclose(f);
	t.hop_ns[0][1] = 0.0 / 0.0;
	assert_int_equal(weft_coll_topology_print(&t, stdout), -EINVAL);
}

/* Members take what is known of their cards, in their order. */
static void of_members(void **state)
{
	static const uint32_t card[] = { 1, 0 }, unknown[] = { 0, 2 };
	struct weft_coll_topology t, of;

	(void)state;
	assert_int_equal(take(GOOD, &t), 0);
	assert_int_equal(weft_topology_of(&t, card, 2, &of, "test"), 0);
	assert_true(of.cards == 2 && of.engines == 2 && of.step_ns[1] == 150 && of.reduce_gbs[0] == 0.5);
	assert_true(of.hop_ns[1][0] == 600.5 && of.write_gbs[1][0] == 4 && of.read_gbs[0][1] == 1 && of.write_gbs[0][0] == 1e9);
	assert_int_equal(weft_topology_of(&t, unknown, 2, &of, "test"), -EINVAL);
	assert_non_null(strstr(weft_last_error(), "test: the topology is of 2 cards, and knows no card 2"));
	t.read_gbs[0][0] = 1;
	assert_int_equal(weft_topology_of(&t, card, 2, &of, "test"), -EINVAL);
	assert_int_equal(weft_topology_of(NULL, unknown, 2, &of, "test"), 0);
	t = (struct weft_coll_topology) { .size = sizeof(t) };
	assert_int_equal(weft_coll_topology_default(&t, 2), 0);
	assert_memory_equal(&t, &of, sizeof(t));
	assert_int_equal(weft_coll_topology_default(&t, 0), -EINVAL);
	assert_int_equal(weft_coll_topology_default(&t, 17), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taken), cmocka_unit_test(refused), cmocka_unit_test(printed), cmocka_unit_test(of_members),
	};
	int failed;

	weft = weft_open();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	weft_close(weft);
	return failed;
}
