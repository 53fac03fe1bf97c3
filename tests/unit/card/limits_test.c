// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* How long is too long, and that only time on the core counts. */
#include <time.h>

#include "rig.h"

#define MS	1000000ull

struct bed {
	struct wcard_machine *m;
	struct wcard_queue q;
	struct wcard_run r;
};

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));

	b->m = rig_new(1);
	b->q.c = b->m->card[0];
	b->r.e = &b->m->engine[0];
	b->r.q = &b->q;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	rig_free(b->m);
	free(b);
	return 0;
}

static void causes(void **state)
{
	static const struct {
		uint32_t hang_ms;
		uint64_t run_ns, took_ns;
		uint32_t cause;
	} row[] = {
		{ 10, 0, 10 * MS, 0 }, { 10, 0, 10 * MS + 1, WEFT_FAULT_HANG }, { 0, 0, UINT64_MAX - 1, 0 },
		{ 0, 5 * MS, 5 * MS, 0 }, { 0, 5 * MS, 5 * MS + 1, WEFT_FAULT_RUN_LIMIT },
		{ 10, 5 * MS, 20 * MS, WEFT_FAULT_RUN_LIMIT },		/* what is exceeded first */
		{ 10, 15 * MS, 20 * MS, WEFT_FAULT_HANG }, { 10, 15 * MS, 12 * MS, WEFT_FAULT_HANG },
		{ 10, 10 * MS, 11 * MS, WEFT_FAULT_RUN_LIMIT }, { 10, 5 * MS, 4 * MS, 0 },
	};
	struct bed *b = *state;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint64_t hang = row[i].hang_ms ? row[i].hang_ms * MS : UINT64_MAX;
		uint64_t run = row[i].run_ns ? row[i].run_ns : UINT64_MAX;

		atomic_store(&b->q.c->hang_ms, row[i].hang_ms);
		b->q.desc.run_limit_ns = row[i].run_ns;
		if (wcard_limits_fault(&b->q, row[i].took_ns) != row[i].cause)
			fail_msg("row %zu", i);
		wcard_limits_turn(b->r.e, wcard_now(b->m));
		assert_int_equal(wcard_limits_of(&b->q), hang < run ? hang : run);
	}
}

static uint64_t cpu(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* A thread that was off its core is no queue that hangs. */
static void off_the_core(void **state)
{
	const struct timespec nap = { .tv_nsec = 30 * MS };
	struct bed *b = *state;
	uint64_t start;

	atomic_store(&b->q.c->hang_ms, 20);
	b->r.e->slept = true;
	wcard_limits_turn(b->r.e, wcard_now(b->m));
	assert_false(b->r.e->slept);
	start = wcard_now(b->m);
	nanosleep(&nap, NULL);
	assert_int_equal(wcard_limits_unit(&b->r, wcard_now(b->m) - start), 0);
	/* Waited for on purpose, it counts. */
	b->r.e->waited_ns = 30 * MS;
	assert_int_equal(wcard_limits_unit(&b->r, wcard_now(b->m) - start), WEFT_FAULT_HANG);
	/* Worked, too. */
	b->r.e->slept = true;
	wcard_limits_turn(b->r.e, wcard_now(b->m));
	assert_int_equal(b->r.e->waited_ns, 0);
	start = cpu();
	while (cpu() - start < 25 * MS)
		;
	assert_int_equal(wcard_limits_unit(&b->r, wcard_now(b->m)), WEFT_FAULT_HANG);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = { T(causes), T(off_the_core) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
