/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What debugfs says of queues: the words that weft top shows, others passed over, and texts that are cut anywhere. */
#include "tool.h"

#include "tools/weft/top_parse.h"

static const char text[] =
	"# card running\n"
	"queue 3 kind job space 1 band 1 weight 100 live 1 halted 0 run IDLE cause NONE retired 17 head 17 fence 9 progress_ns 5 "
	"busy_ns 1234 depth 1\n"
	"queue 9 kind user space 4 band 1 weight 100 live 1 halted 0 run PARKED cause NONE retired 5000 head 1 fence 0 "
	"progress_ns 77 busy_ns 0 depth 3 wait_va 0x10040 wait_value 42 wait_since_ns 700 later 5\n"
	"  name  run READY cause X\n"
	"  cell value 41 end 1 fault 0x1f1\n"
	"  frame 1 LOOP list 0x2000 packet 1 of 6 iteration 41 of 0\n"
	"  frame 2 LOOP list 0x3000 packet 5 of 6 iteration 7 of 9\n"
	"queue 11 kind user space 4 band 1 weight 100 live 1 halted 0\n"
	"  name tour/\xc3\xa4\xc2\x9b\x9b 2\n";

static void queues(void **state)
{
	struct top_queue q[3];

	(void)state;
	assert_int_equal(top_parse_queues(text, q, 3), 3);
	assert_true(q[0].id == 3 && !q[0].user && q[0].known && !q[0].waits && !q[0].loops && q[0].retired == 17 && q[0].busy_ns == 1234);
	assert_string_equal(q[0].run, "IDLE");
	assert_true(q[1].id == 9 && q[1].user && q[1].space == 4 && q[1].waits && q[1].wait_va == 0x10040 && q[1].wait_value == 42 &&
		    q[1].wait_since_ns == 700 && q[1].loops && q[1].iteration == 41);
	assert_true(!q[0].in_list && q[1].in_list && q[1].list == 0x3000 && q[1].packet == 5 && !q[2].in_list);
	/* a name that looks like what is before it; and one that a terminal would obey */
	assert_string_equal(q[1].name, " run READY cause X");
	assert_string_equal(q[1].run, "PARKED");
	assert_true(q[1].cell_known && q[1].cell_value == 41 && q[1].cell_end == 1 && q[1].cell_fault == 0x1f1);
	assert_true(q[2].id == 11 && !q[2].known && !q[2].waits && !q[2].loops && !q[2].cell_known);
	assert_string_equal(q[2].name, "tour/\xc3\xa4??? 2");
	assert_string_equal(q[0].name, "");
	assert_int_equal(top_parse_queues(text, q, 1), 3);
	assert_int_equal(top_parse_queues("", q, 3), 0);
}

static void cut(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = malloc(n + 1);
		struct top_queue q[3];

		assert_non_null(copy);
		memcpy(copy, text, n);
		copy[n] = 0;
		assert_true(top_parse_queues(copy, q, 3) <= 3);
		free(copy);
	}
}

static void spaces(void **state)
{
	struct top_queue q[3];

	(void)state;
	top_parse_queues(text, q, 3);
	top_parse_spaces("# card running\nspace 4 client 17 vm 1 type LR generation 0 queues 2\nspace 1 client 18 vm 0 busy\nspace 9\n", q, 3);
	assert_true(q[0].client == 18 && q[1].client == 17 && q[2].client == 17);
	top_parse_queues(text, q, 3);
	top_parse_spaces("", q, 3);
	assert_true(!q[0].client && !q[1].client && !q[2].client);
}

static void card_clock(void **state)
{
	(void)state;
	assert_int_equal(top_parse_clock("# card running\nversion 1\ncard boot_status 0x1 heartbeat 3 clock_ns 123456\n"), 123456);
	assert_int_equal(top_parse_clock("# card gone\n"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(queues), cmocka_unit_test(cut), cmocka_unit_test(spaces),
					    cmocka_unit_test(card_clock) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
