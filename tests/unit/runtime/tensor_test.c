/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include "rt.h"

static void split(void **state)
{
	uint64_t first, rows;

	(void)state;
	for (uint64_t total = 0; total < 40; total++)
		for (uint32_t parts = 1; parts < 9; parts++) {
			uint64_t at = 0, most = 0, least = UINT64_MAX, before = UINT64_MAX;

			for (uint32_t i = 0; i < parts; i++) {
				ok(weft_tensor_split(total, parts, i, &first, &rows));
				assert_int_equal(first, at);
				assert_true(rows <= before);	/* earlier ones get the extra */
				before = rows;
				at += rows;
				most = rows > most ? rows : most;
				least = rows < least ? rows : least;
			}
			assert_int_equal(at, total);
			assert_true(most - least <= 1);
		}
	assert_int_equal(weft_tensor_split(1, 0, 0, &first, &rows), -EINVAL);
	assert_int_equal(weft_tensor_split(1, 2, 2, &first, &rows), -EINVAL);
}

/* Over cards and a host device at once, uneven, with an empty segment, larger than the pinned buffer. */
static void scatter_gather(void **state)
{
	static const uint64_t row_counts[] = { 1, 2, 5, 1023 };
	struct weft *weft = rt_open(3);
	struct weft_device *device[4];
	struct weft_stats stats = { .size = sizeof(stats) };

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		ok(weft_device_open(weft, "card", i, &device[i]));
	ok(weft_device_open(weft, "host", 0, &device[3]));
	for (size_t k = 0; k < sizeof(row_counts) / sizeof(row_counts[0]); k++) {
		struct weft_tensor_desc desc = {
			.size = sizeof(desc), .type = WEFT_TYPE_F16, .rank = 3, .shape = { row_counts[k], 1001, 5 },
		};
		uint64_t bytes = row_counts[k] * 1001 * 5 * 2, seed = k;
		unsigned char *in = malloc(bytes), *out = calloc(1, bytes), *direct = malloc(bytes);
		struct weft_segment segment = { .size = sizeof(segment) };
		struct weft_point done[4];
		struct weft_tensor *tensor;

		for (uint64_t i = 0; i < bytes; i++)
			in[i] = (unsigned char)rt_random(&seed);
		ok(weft_tensor_create(device, 4, &desc, &tensor));
		assert_int_equal(weft_tensor_bytes(tensor), bytes);
		ok(weft_tensor_scatter(tensor, in, done));
		for (uint32_t i = 0; i < 4; i++) {
			ok(weft_tensor_segment(tensor, i, &segment));
			assert_int_equal(segment.rows, row_counts[k] / 4 + (i < row_counts[k] % 4));
			assert_true(!segment.rows == !segment.memory);
			if (!segment.rows) {
				assert_int_equal(done[i].value, 0);
				continue;
			}
			ok(weft_point_wait(&done[i], 1000000000));
			ok(weft_memory_read(segment.memory, 0, direct, segment.bytes));
			assert_memory_equal(direct, in + segment.first_row * 1001 * 5 * 2, segment.bytes);
		}
		assert_int_equal(weft_tensor_segment(tensor, 4, &segment), -ENOENT);
		ok(weft_tensor_gather(tensor, out, NULL));
		assert_memory_equal(in, out, bytes);
		memset(out, 0, bytes);
		ok(weft_tensor_gather(tensor, out, done));
		for (uint32_t i = 0; i < 4; i++)
			if (done[i].value)
				ok(weft_point_wait(&done[i], 1000000000));
		assert_memory_equal(in, out, bytes);
		ok(weft_tensor_destroy(tensor));
		free(in);
		free(out);
		free(direct);
	}
	ok(weft_stats_get(weft, &stats));
	assert_int_equal(stats.tensor_bytes, 3 * (1 + 2 + 5 + 1023) * 1001 * 5 * 2ull);
	assert_int_equal(stats.host_bounce_bytes, 0);
	assert_int_equal(stats.live_memories, 0);
	for (uint32_t i = 0; i < 4; i++)
		ok(weft_device_close(device[i]));
	ok(weft_close(weft));
	assert_int_equal(fake_live(), 0);
}

static void refused(void **state)
{
	struct weft *weft = rt_open(1);
	struct weft_tensor_desc desc = { .size = sizeof(desc), .rank = 2, .shape = { 1ull << 40, 1ull << 40 } };
	struct weft_device *device;
	struct weft_tensor *tensor;

	(void)state;
	ok(weft_device_open(weft, "card", 0, &device));
	assert_int_equal(weft_tensor_create(&device, 1, &desc, &tensor), -EINVAL);
	desc.shape[0] = desc.shape[1] = 1u << 15;	/* 4 GiB on a card of 64 MiB */
	assert_int_equal(weft_tensor_create(&device, 1, &desc, &tensor), -ENOSPC);
	assert_non_null(strstr(weft_last_error(), "largest block 67108864"));
	desc.shape[1] = 0;
	assert_int_equal(weft_tensor_create(&device, 1, &desc, &tensor), -EINVAL);
	desc.rank = 9;
	assert_int_equal(weft_tensor_create(&device, 1, &desc, &tensor), -EINVAL);
	ok(weft_device_close(device));
	ok(weft_close(weft));
	assert_int_equal(fake_live(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split), cmocka_unit_test(scatter_gather), cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
