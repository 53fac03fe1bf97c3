/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Blocks against a map of what is taken: the lowest gap, nothing twice, and all of it again at the end. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/mpi/blocks.h"

#define UNITS	64u		/* of an alignment */
#define ROUNDS	20000u

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 33;
}

/* The lowest gap of @n units, or UNITS */
static uint32_t lowest(const bool *used, uint32_t n)
{
	for (uint32_t at = 0; at + n <= UNITS; at++) {
		uint32_t i = 0;

		while (i < n && !used[at + i])
			i++;
		if (i == n)
			return at;
	}
	return UNITS;
}

static void against_map(void **state)
{
	uint32_t start[UNITS], units[UNITS], num = 0, full = 0, taken = 0;
	uint64_t seed = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 0) : 1, offset;
	bool used[UNITS] = { false };
	struct wmpi_blocks b;

	(void)state;
	assert_int_equal(wmpi_blocks_init(&b, UNITS * WMPI_BLOCK_ALIGN + 100), 0);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		if (num && next(&seed) % 2) {
			const uint32_t i = (uint32_t)(next(&seed) % num);

			/* not twice, and not in its middle */
			if (units[i] > 1)
				assert_int_equal(wmpi_blocks_give(&b, (start[i] + 1) * (uint64_t)WMPI_BLOCK_ALIGN), -EINVAL);
			assert_int_equal(wmpi_blocks_give(&b, start[i] * (uint64_t)WMPI_BLOCK_ALIGN), 0);
			assert_int_equal(wmpi_blocks_give(&b, start[i] * (uint64_t)WMPI_BLOCK_ALIGN), -EINVAL);
			memset(&used[start[i]], 0, units[i]);
			start[i] = start[--num];
			units[i] = units[num];
		} else {
			const uint32_t n = 1 + (uint32_t)(next(&seed) % 16), want = lowest(used, n);
			const uint64_t bytes = (n - 1) * (uint64_t)WMPI_BLOCK_ALIGN + 1 + next(&seed) % WMPI_BLOCK_ALIGN;

			if (want == UNITS) {
				assert_int_equal(wmpi_blocks_take(&b, bytes, &offset), -ENOSPC);
				full++;
				continue;
			}
			assert_int_equal(wmpi_blocks_take(&b, bytes, &offset), 0);
			assert_int_equal(offset, want * (uint64_t)WMPI_BLOCK_ALIGN);
			memset(&used[want], 1, n);
			start[num] = want;
			units[num++] = n;
			taken++;
		}
	}
	assert_true(full > ROUNDS / 100 && taken > ROUNDS / 10);
	while (num)
		assert_int_equal(wmpi_blocks_give(&b, start[--num] * (uint64_t)WMPI_BLOCK_ALIGN), 0);
	assert_int_equal(wmpi_blocks_take(&b, UNITS * WMPI_BLOCK_ALIGN, &offset), 0);
	assert_int_equal(offset, 0);
	wmpi_blocks_fini(&b);
}

static void edges(void **state)
{
	struct wmpi_blocks b;
	uint64_t offset;

	(void)state;
	assert_int_equal(wmpi_blocks_init(&b, WMPI_BLOCK_ALIGN - 1), -EINVAL);
	assert_int_equal(wmpi_blocks_init(&b, WMPI_BLOCK_ALIGN), 0);
	assert_int_equal(wmpi_blocks_take(&b, UINT64_MAX, &offset), -ENOSPC);
	assert_int_equal(wmpi_blocks_take(&b, WMPI_BLOCK_ALIGN + 1, &offset), -ENOSPC);
	assert_int_equal(wmpi_blocks_take(&b, WMPI_BLOCK_ALIGN, &offset), 0);
	assert_int_equal(wmpi_blocks_take(&b, 1, &offset), -ENOSPC);
	wmpi_blocks_fini(&b);
	assert_null(b.first);
	assert_int_equal(wmpi_blocks_take(&b, 1, &offset), -ENOSPC);
	assert_int_equal(wmpi_blocks_give(&b, 0), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(against_map),
		cmocka_unit_test(edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
