/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Numbers as elements: exact in every type, whatever is summed of them. */
#include "tool.h"

#include "tools/weft/bench_coll.h"

static void elements(void **state)
{
	static const struct {
		uint32_t number, f32;
		uint16_t f16, bf16;
	} want[] = {
		{ 0, 0, 0, 0 }, { 1, 0x3f800000, 0x3c00, 0x3f80 }, { 3, 0x40400000, 0x4200, 0x4040 }, { 48, 0x42400000, 0x5200, 0x4240 },
		{ 63, 0x427c0000, 0x53e0, 0x427c },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		uint8_t at[5] = { 0 };
		uint32_t word;
		uint16_t half;

		bench_coll_encode(WEFT_TYPE_F32, want[i].number, at);
		memcpy(&word, at, 4);
		assert_int_equal(word, want[i].f32);
		bench_coll_encode(WEFT_TYPE_I32, want[i].number, at);
		memcpy(&word, at, 4);
		assert_int_equal(word, want[i].number);
		memset(at, 0xee, sizeof(at));
		bench_coll_encode(WEFT_TYPE_F16, want[i].number, at);
		memcpy(&half, at, 2);
		assert_int_equal(half, want[i].f16);
		assert_int_equal(at[2], 0xee);
		bench_coll_encode(WEFT_TYPE_BF16, want[i].number, at);
		memcpy(&half, at, 2);
		assert_int_equal(half, want[i].bf16);
		bench_coll_encode(WEFT_TYPE_U8, want[i].number, at);
		assert_true(at[0] == want[i].number && at[2] == 0xee);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(elements) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
