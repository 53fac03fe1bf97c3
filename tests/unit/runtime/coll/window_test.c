/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Where a window lies: the lowest base that is free in all processes, against trying all of them. */
#include "co.h"

#include "runtime/coll/comm.h"

#define GRAIN	0x200000ull
#define SLOTS	40u		/* of a grain each, from START on */
#define START	(1ull << 46)
#define MOST	5u

static void bases(void **state)
{
	uint64_t count = co_number("COUNT", 20000), seed = co_number("SEED", 1), nowhere = 0;
	static struct weft_message all[MOST];

	(void)state;
	for (uint64_t round = 0; round < count; round++) {
		const uint32_t num = 1 + (uint32_t)co_below(&seed, MOST), need = 1 + (uint32_t)co_below(&seed, 6);
		bool used[MOST][SLOTS];
		uint64_t want = 0, got;

		for (uint32_t p = 0; p < num; p++) {
			all[p].ranges.num = 0;
			for (uint32_t i = 0; i < SLOTS; i++)
				used[p][i] = co_below(&seed, 10) == 0;
			/* only those that are large enough are told, as the library does */
			for (uint32_t i = 0, n; i < SLOTS; i += n ? n : 1) {
				for (n = 0; i + n < SLOTS && !used[p][i + n]; n++)
					;
				if (n < need)
					continue;
				all[p].ranges.range[all[p].ranges.num].start = START + i * GRAIN;
				all[p].ranges.range[all[p].ranges.num++].end = START + (i + n) * GRAIN;
			}
		}
		for (uint32_t i = 0; i + need <= SLOTS && !want; i++) {
			bool free = true;

			for (uint32_t p = 0; p < num; p++)
				for (uint32_t k = 0; k < need; k++)
					free = free && !used[p][i + k];
			want = free ? START + i * GRAIN : 0;
		}
		got = weft_window_base(all, num, need * GRAIN);
		if (got != want)
			fail_msg("round %llu: %#llx, wanted %#llx", (unsigned long long)round, (unsigned long long)got, (unsigned long long)want);
		nowhere += !want;
	}
	assert_true(nowhere && nowhere < count);
	/* what another process says is no address of a large page, or nothing */
	all[0].ranges.num = 1;
	all[0].ranges.range[0].start = START + 4096;
	all[0].ranges.range[0].end = START + 64 * GRAIN;
	assert_int_equal(weft_window_base(all, 1, GRAIN), 0);
	all[0].ranges.range[0].start = 0;
	assert_int_equal(weft_window_base(all, 1, GRAIN), 0);
	all[0].ranges.num = 0;
	assert_int_equal(weft_window_base(all, 1, GRAIN), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(bases) };

	return cmocka_run_group_tests_name("coll/window", tests, NULL, NULL);
}
