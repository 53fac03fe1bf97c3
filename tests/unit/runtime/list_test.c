/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Packets and operand table of a list, against bytes written down from the card contract by hand. */
#include "image.h"

#define A	0x10000000ull
#define B	0x20000000ull
#define C	0x30000000ull

#define entry(n, base)	table_entry(n, { 0, 8, base }, { 16, 2, 1 }, { 20, 2, 1 }, { 22, 2, 1 })

static void golden(void **state)
{
	struct weft_list *list = *state;
	struct weft_image image;
	const uint64_t src[2] = { A, B }, dst[3] = { A, B, C };

	ok(weft_list_exec(list, "gemm", WEFT_TYPE_F32, &(struct weft_exec) {
		.size = sizeof(struct weft_exec), .num_operands = 4, .operands = { C, A, B, A }, .dims = { 8, 16, 32 },
		.scalars = { weft_f32(1.0f), weft_f32(0.5f), WEFT_GEMM_FLAG_BIAS | WEFT_GEMM_FLAG_RELU, 33, 17, 18 } }));
	ok(weft_list_copy(list, B, A, 0x1234));
	ok(weft_list_copy_rows(list, B, 0x2000, A, 0x1000, 0x800, 3));
	ok(weft_list_fill(list, C, 64, 0x1122334455667788ull, 8));
	ok(weft_list_reduce(list, WEFT_TYPE_BF16, WEFT_REDUCTION_MAX, src, 2, dst, 3, 100));
	ok(weft_list_reduce(list, WEFT_TYPE_F32, WEFT_REDUCTION_AVG, src, 2, dst, 1, 1ull << 33));
	ok(weft_list_timed(list, 5000000));
	ok(weft_list_timestamp(list, C + 8));
	assert_int_equal(weft_list_length(list), 8);
	ok(weft_list_encode(list, &image));
	assert_int_equal(image.num_packets, 8);
	packet(0, { 0, 1, 1 }, { 1, 1, 1 }, { 2, 2, 1 }, { 4, 1, 4 }, { 8, 2, 0 }, { 10, 2, 1 }, { 12, 2, 2 },
	       { 14, 2, 1 }, { 24, 4, 8 }, { 28, 4, 16 }, { 32, 4, 32 }, { 40, 4, 0x3f800000 }, { 44, 4, 0x3f000000 },
	       { 48, 4, 12 }, { 52, 4, 33 }, { 56, 4, 17 }, { 60, 4, 18 });
	packet(1, { 0, 1, 2 }, { 4, 4, 1 }, { 8, 8, B }, { 16, 8, A }, { 24, 8, 0x1234 });
	packet(2, { 0, 1, 2 }, { 4, 4, 3 }, { 8, 8, B }, { 16, 8, A }, { 24, 8, 0x800 }, { 32, 8, 0x2000 },
	       { 40, 8, 0x1000 });
	packet(3, { 0, 1, 4 }, { 2, 1, 8 }, { 8, 8, C }, { 16, 8, 64 }, { 24, 8, 0x1122334455667788ull });
	/* sources A, B are entries 1 and 2 of the gemm; destinations A, B, C need three new ones */
	packet(4, { 0, 1, 3 }, { 1, 1, 1 }, { 2, 1, 2 }, { 3, 1, 2 }, { 4, 1, 2 }, { 5, 1, 3 }, { 6, 2, 1 }, { 8, 2, 3 },
	       { 16, 8, 100 });
	packet(5, { 0, 1, 3 }, { 1, 1, 1 }, { 3, 1, 4 }, { 4, 1, 2 }, { 5, 1, 1 }, { 6, 2, 1 }, { 8, 2, 1 },
	       { 16, 8, 1ull << 33 });
	packet(6, { 0, 1, 5 }, { 8, 8, 5000000 });
	packet(7, { 0, 1, 11 }, { 8, 8, C + 8 });
	assert_int_equal(image.num_operands, 6);
	entry(0, C);
	entry(1, A);
	entry(2, B);
	entry(3, A);
	entry(4, B);
	entry(5, C);
	assert_int_equal(image.size, 8 * 64 + 6 * 32);
	free(image.bytes);
}

static void refusals(void **state)
{
	struct weft_list *list = *state;
	struct weft_exec exec = { .size = sizeof(exec), .num_operands = 2 };
	uint64_t address = A;

	assert_int_equal(weft_list_commit(list), -EINVAL);
	assert_int_equal(weft_list_exec(list, "add", WEFT_TYPE_F32, &exec), -EINVAL);
	assert_int_equal(weft_list_exec(list, "nothing", WEFT_TYPE_F32, &exec), -ENOENT);
	assert_non_null(strstr(weft_last_error(), "not found: nothing/card/f32"));
	assert_int_equal(weft_list_copy_rows(list, A, 1, B, 8, 8, 2), -EINVAL);
	assert_int_equal(weft_list_fill(list, A, 8, 0, 3), -EINVAL);
	assert_int_equal(weft_list_fill(list, A + 2, 8, 0, 4), -EINVAL);
	assert_int_equal(weft_list_fill(list, A, 9, 0, 4), -EINVAL);
	assert_int_equal(weft_list_reduce(list, WEFT_TYPE_U32, WEFT_REDUCTION_SUM, &address, 1, &address, 1, 1), -EINVAL);
	assert_int_equal(weft_list_reduce(list, WEFT_TYPE_F32, 5, &address, 1, &address, 1, 1), -EINVAL);
	assert_int_equal(weft_list_reduce(list, WEFT_TYPE_F32, WEFT_REDUCTION_SUM, &address, 0, &address, 1, 1), -EINVAL);
	assert_int_equal(weft_list_reduce(list, WEFT_TYPE_F32, WEFT_REDUCTION_SUM, &address, 1, &address, 17, 1), -EINVAL);
	assert_int_equal(weft_list_timed(list, (1ull << 40) + 1), -EINVAL);
	assert_int_equal(weft_list_timestamp(list, A + 4), -EINVAL);
	assert_int_equal(weft_list_length(list), 0);
}

static void many_operands(void **state)
{
	struct weft_list *list = *state;
	struct weft_exec exec = { .size = sizeof(exec), .num_operands = 2, .dims = { 1 } };
	struct weft_image image;

	for (uint64_t i = 0; i < 4096; i++) {	/* each address twice: 4096 entries, the most */
		exec.operands[0] = A + i * 64;
		exec.operands[1] = A + (i + 1) % 4096 * 64;
		ok(weft_list_exec(list, "relu", WEFT_TYPE_F32, &exec));
	}
	ok(weft_list_encode(list, &image));
	assert_int_equal(image.num_operands, 4096);
	for (uint32_t i = 0; i < 4096; i++) {
		uint64_t base[2];

		for (int k = 0; k < 2; k++) {
			uint16_t index;

			memcpy(&index, (char *)image.bytes + i * 64 + 8 + 2 * k, 2);
			memcpy(&base[k], (char *)image.bytes + image.table_offset + index * 32u, 8);
		}
		assert_int_equal(base[0], A + i * 64);
		assert_int_equal(base[1], A + (i + 1) % 4096 * 64);
	}
	free(image.bytes);
	exec.operands[0] = B;
	ok(weft_list_exec(list, "relu", WEFT_TYPE_F32, &exec));
	assert_int_equal(weft_list_encode(list, &image), -E2BIG);
	assert_int_equal(weft_list_commit(list), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(golden, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(many_operands, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
