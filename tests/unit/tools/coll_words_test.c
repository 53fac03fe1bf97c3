/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Names and sizes of collective calls as people write them. */
#include "tool.h"

#include "tools/weft/coll_words.h"

static void names(void **state)
{
	(void)state;
	assert_int_equal(coll_op("all-reduce"), WEFT_COLL_ALL_REDUCE);
	assert_int_equal(coll_op("allreduce"), WEFT_COLL_ALL_REDUCE);
	assert_int_equal(coll_op("alltoall"), WEFT_COLL_ALL_TO_ALL);
	assert_int_equal(coll_op("reduce"), WEFT_COLL_REDUCE);
	assert_int_equal(coll_op("reducescatter"), WEFT_COLL_REDUCE_SCATTER);
	assert_int_equal(coll_op("all-"), UINT32_MAX);
	assert_int_equal(coll_op("all-toall"), UINT32_MAX);
	assert_int_equal(coll_op("reduces"), UINT32_MAX);
	assert_int_equal(coll_op(""), UINT32_MAX);
	assert_int_equal(coll_op("?"), UINT32_MAX);
	assert_int_equal(coll_algorithm("auto"), WEFT_COLL_AUTO);
	assert_int_equal(coll_algorithm("ring"), WEFT_COLL_RING);
	assert_int_equal(coll_algorithm("rings"), UINT32_MAX);
	assert_int_equal(coll_type("bf16"), WEFT_TYPE_BF16);
	assert_int_equal(coll_type("u32"), UINT32_MAX);
}

static void sizes(void **state)
{
	static const char *const bad[] = { "", "K", "-1", " 1", "1 K", "1KK", "1.5K", "1k", "0x10", "17179869184G", "99999999999999999999" };
	uint64_t v;
	char word[32];

	(void)state;
	assert_true(coll_bytes("8", 8, &v) && v == 8);
	assert_false(coll_bytes("9", 8, &v));
	assert_true(coll_bytes("64K", 1 << 20, &v) && v == 65536);
	assert_true(coll_bytes("3M", 1 << 30, &v) && v == 3 << 20);
	assert_true(coll_bytes("1G", 1 << 30, &v) && v == 1 << 30);
	assert_false(coll_bytes("2G", 1 << 30, &v));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (coll_bytes(bad[i], UINT64_MAX, &v))
			fail_msg("\"%s\" is taken for %llu", bad[i], (unsigned long long)v);
	assert_string_equal(coll_bytes_word(0, word, sizeof(word)), "0");
	assert_string_equal(coll_bytes_word(1000, word, sizeof(word)), "1000");
	assert_string_equal(coll_bytes_word(65536, word, sizeof(word)), "64K");
	assert_string_equal(coll_bytes_word(3ull << 40, word, sizeof(word)), "3072G");
}

/* As nccl-tests: size is the larger buffer; bus bandwidth is what a link would have to carry. */
static void as_nccl_tests(void **state)
{
	(void)state;
	assert_int_equal(coll_count(WEFT_COLL_ALL_REDUCE, 4096, 4, 4), 1024);
	assert_int_equal(coll_count(WEFT_COLL_ALL_GATHER, 4096, 4, 4), 256);
	assert_int_equal(coll_count(WEFT_COLL_REDUCE_SCATTER, 4099, 4, 3), 341);
	assert_int_equal(coll_count(WEFT_COLL_ALL_TO_ALL, 8, 4, 4), 0);
	assert_int_equal(coll_count(WEFT_COLL_BROADCAST, 4096, 2, 4), 2048);
	assert_int_equal(coll_count(WEFT_COLL_BARRIER, 4096, 4, 4), 0);
	assert_int_equal(coll_size(WEFT_COLL_ALL_GATHER, 256, 4, 4), 4096);
	assert_int_equal(coll_size(WEFT_COLL_REDUCE, 256, 4, 4), 1024);
	assert_true(coll_bus_factor(WEFT_COLL_ALL_REDUCE, 4) == 1.5);
	assert_true(coll_bus_factor(WEFT_COLL_ALL_GATHER, 4) == 0.75);
	assert_true(coll_bus_factor(WEFT_COLL_REDUCE_SCATTER, 4) == 0.75);
	assert_true(coll_bus_factor(WEFT_COLL_ALL_TO_ALL, 2) == 0.5);
	assert_true(coll_bus_factor(WEFT_COLL_BROADCAST, 4) == 1);
	assert_true(coll_bus_factor(WEFT_COLL_SEND, 4) == 1);
}

static void file(void **state)
{
	char name[] = "/tmp/coll-words-XXXXXX";
	struct weft_coll_topology t;
	struct weft *weft = weft_open();
	const int fd = mkstemp(name);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(coll_topology("test", name, &t), -1);
	assert_int_equal(write(fd, "weft-topology 1\ncards 1\ncard 0 step 7 copy 1 reduce 1\n", 54), 54);
	assert_int_equal(coll_topology("test", name, &t), 0);
	assert_true(t.cards == 1 && t.step_ns[0] == 7);
	close(fd);
	unlink(name);
	assert_int_equal(coll_topology("test", name, &t), -1);
	weft_close(weft);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names), cmocka_unit_test(sizes), cmocka_unit_test(as_nccl_tests), cmocka_unit_test(file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
