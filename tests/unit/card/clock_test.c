// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include <time.h>

#include "rig.h"

static uint64_t monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

/* Nanoseconds since the base, on the clock that nobody sets. */
static void now(void **state)
{
	struct wcard_machine m = { .clock_base_ns = monotonic() - 5000000000ull };
	uint64_t before = monotonic() - m.clock_base_ns, at = wcard_now(&m), after = monotonic() - m.clock_base_ns;

	(void)state;
	assert_in_range(at, before, after);
	assert_true(at >= 5000000000ull);
}

static void deadline(void **state)
{
	struct wcard_machine m = { .clock_base_ns = 3999999999ull };
	struct timespec ts;

	(void)state;
	wcard_deadline(&m, 1, &ts);
	assert_int_equal(ts.tv_sec, 4);
	assert_int_equal(ts.tv_nsec, 0);
	wcard_deadline(&m, 2000000000ull, &ts);
	assert_int_equal(ts.tv_sec, 5);
	assert_int_equal(ts.tv_nsec, 999999999);
	/* "Never" is far, not before the epoch. */
	wcard_deadline(&m, UINT64_MAX, &ts);
	assert_true(ts.tv_sec > 1000000000 && ts.tv_nsec >= 0 && ts.tv_nsec < 1000000000);
}

/* A condition waits for a card time: not shorter, and it does come. */
static void condition(void **state)
{
	struct wcard_machine m = { .clock_base_ns = monotonic() };
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	uint64_t until = wcard_now(&m) + 20000000;
	struct timespec ts;
	pthread_cond_t c;
	int ret = 0;

	(void)state;
	wcard_cond_init(&c);
	wcard_deadline(&m, until, &ts);
	pthread_mutex_lock(&lock);
	while (!ret)		/* a wake-up without a reason is allowed */
		ret = pthread_cond_timedwait(&c, &lock, &ts);
	pthread_mutex_unlock(&lock);
	assert_int_equal(ret, ETIMEDOUT);
	assert_true(wcard_now(&m) >= until);
	pthread_cond_destroy(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(now), cmocka_unit_test(deadline), cmocka_unit_test(condition) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
