/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The device address allocator against a naive model: one byte per page, first fit by scanning. COUNT operations. */
#include "rt.h"

#include "runtime/core/va.h"

#define PAGES	512u
#define START	0x10000000ull

static unsigned char used[PAGES];

static int naive(uint32_t pages, uint32_t align)
{
	for (uint32_t at = 0; at + pages <= PAGES; at += align) {
		uint32_t n = 0;

		while (n < pages && !used[at + n])
			n++;
		if (n == pages)
			return (int)at;
	}
	return -1;
}

/* A range that the caller names: all of it is free, or it is refused. */
static int take(struct weft_va *va, uint32_t first, uint32_t pages)
{
	const int ret = weft_va_take(va, START + first * 4096ull, pages * 4096ull);
	uint32_t n = 0;

	while (n < pages && first + n < PAGES && !used[first + n])
		n++;
	assert_int_equal(ret, n == pages ? 0 : -EBUSY);
	return ret;
}

static void against_model(void **state)
{
	uint64_t count = rt_number("COUNT", 200000), seed = rt_number("SEED", 1);
	struct {
		uint64_t start;
		uint32_t pages;
	} live[PAGES];
	uint32_t num = 0, refused = 0;
	struct weft_va va;
	uint64_t at;

	(void)state;
	assert_int_equal(weft_va_init(&va, START, START + PAGES * 4096ull), 0);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t r = rt_random(&seed);
		/* phases of growth and of shrinking, so that both full and empty are met */
		uint32_t grow = (i / 3000) % 2 ? 65 : 35;

		if (num < PAGES && r % 100 < grow) {
			uint32_t pages = 1 + (uint32_t)(r >> 8) % ((r >> 20) % 8 ? 4 : 40), align = 1u << (r >> 32) % 5;
			int want, ret;

			if ((r >> 40) % 4 == 0) {
				want = (int)((r >> 44) % PAGES);
				if (take(&va, (uint32_t)want, pages))
					continue;
				at = START + (uint64_t)want * 4096;
				ret = 0;
			} else {
				want = naive(pages, align);
				ret = weft_va_alloc(&va, pages * 4096ull, align * 4096ull, &at);
			}
			if (want < 0) {
				assert_int_equal(ret, -ENOSPC);
				refused++;
				continue;
			}
			assert_int_equal(ret, 0);
			assert_int_equal(at, START + (uint64_t)want * 4096);
			memset(used + want, 1, pages);
			live[num].start = at;
			live[num++].pages = pages;
		} else if (num) {
			uint32_t k = (uint32_t)(r >> 8) % num;

			assert_int_equal(weft_va_free(&va, live[k].start, live[k].pages * 4096ull), 0);
			assert_int_equal(weft_va_free(&va, live[k].start, live[k].pages * 4096ull), -EINVAL);
			memset(used + (live[k].start - START) / 4096, 0, live[k].pages);
			live[k] = live[--num];
		}
	}
	assert_true(refused > 0 || count < 10000);	/* a short run need not fill it */
	while (num--)
		assert_int_equal(weft_va_free(&va, live[num].start, live[num].pages * 4096ull), 0);
	assert_int_equal(va.count, 1);		/* everything grew together again */
	assert_int_equal(weft_va_alloc(&va, PAGES * 4096ull, 4096, &at), 0);
	assert_int_equal(weft_va_alloc(&va, 4096, 4096, &at), -ENOSPC);
	assert_int_equal(weft_va_alloc(&va, UINT64_MAX, 4096, &at), -ENOSPC);
	assert_int_equal(weft_va_take(&va, START, UINT64_MAX), -EBUSY);
	weft_va_fini(&va);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(against_model) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
