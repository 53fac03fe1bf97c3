// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Errors on request: the next occasion meets them, and only that one; a slow card and a dead link stay so. */
#include "rig.h"

#define MS	1000000ull

struct bed {
	struct wcard_machine *m;
	struct wcard_card *c;
	struct wcard_queue q;
	struct wcard_run r;
};

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));

	b->m = rig_new(2);
	b->c = b->m->card[0];
	b->q.c = b->c;
	b->q.desc.id = 5;
	b->r.e = &b->m->engine[0];
	b->r.q = &b->q;
	atomic_store(&b->c->hang_ms, 20);
	wcard_limits_turn(b->r.e, wcard_now(b->m));
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

static void hang(void **state)
{
	struct bed *b = *state;
	uint32_t cause = 99;
	uint64_t start;

	assert_false(wcard_injecting(b->c));
	wcard_inject(b->c, WEFT_INJECT_HANG, 4);
	assert_true(wcard_injecting(b->c));
	assert_false(wcard_inject_hang(&b->r, &cause));		/* another queue's */
	wcard_inject(b->c, WEFT_INJECT_HANG, 5);
	wcard_inject(b->c, WEFT_INJECT_HANG, WCARD_NUM_QUEUES);	/* none: ignored */
	start = wcard_now(b->m);
	assert_true(wcard_inject_hang(&b->r, &cause));
	assert_int_equal(cause, WEFT_FAULT_HANG);
	assert_true(wcard_now(b->m) - start >= 20 * MS);
	assert_true(b->r.e->waited_ns >= 20 * MS);
	assert_false(wcard_inject_hang(&b->r, &cause));		/* once */
	b->q.desc.run_limit_ns = 2 * MS;
	wcard_limits_turn(b->r.e, wcard_now(b->m));
	wcard_inject(b->c, WEFT_INJECT_HANG, 5);
	assert_true(wcard_inject_hang(&b->r, &cause));
	assert_int_equal(cause, WEFT_FAULT_RUN_LIMIT);
	atomic_store(&b->q.stop, true);				/* to be stopped: no fault */
	wcard_inject(b->c, WEFT_INJECT_HANG, 5);
	assert_true(wcard_inject_hang(&b->r, &cause));
	assert_int_equal(cause, 0);
}

static uint64_t slowed(struct bed *b, uint64_t ns)
{
	uint64_t start = wcard_now(b->m);

	wcard_inject_slow(&b->r, ns);
	return wcard_now(b->m) - start;
}

static void slow(void **state)
{
	uint64_t least = UINT64_MAX;
	struct bed *b = *state;

	wcard_inject(b->c, WEFT_INJECT_SLOW, 5);
	assert_true(slowed(b, 2 * MS) >= 8 * MS);
	assert_true(slowed(b, 2 * MS) >= 8 * MS);		/* it lasts */
	for (int i = 0; i < 10; i++) {				/* and is not longer than that */
		uint64_t took = slowed(b, 2 * MS);

		least = took < least ? took : least;
	}
	assert_true(least < 10 * MS);
	wcard_inject(b->c, WEFT_INJECT_SLOW, UINT64_MAX);
	assert_int_equal(atomic_load(&b->c->inject.slow), 1000000);
	b->r.e->waited_ns = 0;
	slowed(b, 2 * MS);					/* its limit ends it */
	assert_true(b->r.e->waited_ns >= 18 * MS);
	wcard_inject(b->c, WEFT_INJECT_SLOW, 0);
	b->r.e->waited_ns = 0;
	slowed(b, 1000 * MS);
	assert_int_equal(b->r.e->waited_ns, 0);
}

static struct wcard_span span(struct wcard_card *of, uint64_t at, uint64_t bytes)
{
	return (struct wcard_span){ .fd = of->lmem_fd, .fd_offset = at, .bytes = bytes, .link = WCARD_CNT_LOCAL };
}

static void memory(void **state)
{
	struct bed *b = *state;
	struct wcard_span s = span(b->c, 0x5000, 4096);

	wcard_inject(b->c, WEFT_INJECT_ECC, RIG_LMEM);		/* beyond: ignored */
	assert_false(atomic_load(&b->m->memory_errors));
	wcard_inject(b->c, WEFT_INJECT_ECC, 0x5123);
	assert_true(atomic_load(&b->m->memory_errors));
	s = span(b->c, 0x6000, 4096);
	assert_int_equal(wcard_inject_access(b->c, &s), 0);
	s = span(b->m->card[1], 0x5000, 4096);			/* another card's memory */
	assert_int_equal(wcard_inject_access(b->c, &s), 0);
	s = span(b->c, 0x4100, 8192);				/* good up to the page it is in */
	assert_int_equal(wcard_inject_access(b->c, &s), 0);
	assert_int_equal(s.bytes, 0xf00);
	s = span(b->c, 0x5000, 64);
	for (int i = 0; i < 2; i++)				/* looking ahead is no access */
		assert_int_equal(wcard_inject_access(b->m->card[1], &s), WEFT_FAULT_ECC);
	assert_int_equal(atomic_load(&b->c->ecc_fatal), 0);
	wcard_inject_met(b->m->card[1], &s);
	wcard_inject_met(b->m->card[1], &s);
	assert_int_equal(wcard_inject_access(b->m->card[1], &s), 0);
	assert_int_equal(atomic_load(&b->c->ecc_fatal), 1);
	assert_int_equal(atomic_load(&b->m->card[1]->ecc_fatal), 0);
	wcard_inject_tell(b->m);
	assert_false(atomic_load(&b->m->memory_errors));
}

static void links(void **state)
{
	struct bed *b = *state;
	struct wcard_span s = { .fd = -1, .bytes = 4096, .link = 3 };
	uint64_t gen = atomic_load(&b->m->map_gen);

	wcard_inject(b->c, WEFT_INJECT_LINK_DOWN, 32);
	assert_false(atomic_load(&b->m->memory_errors));
	wcard_inject(b->c, WEFT_INJECT_LINK_DOWN, 3);
	assert_true(atomic_load(&b->m->map_gen) > gen);		/* what was looked up is looked up again */
	for (int i = 0; i < 3; i++)
		assert_int_equal(wcard_inject_access(b->c, &s), WEFT_FAULT_LINK_DOWN);
	assert_int_equal(wcard_inject_access(b->m->card[1], &s), 0);
	s.link = 2;
	assert_int_equal(wcard_inject_access(b->c, &s), 0);
	s.link = WCARD_CNT_LOCAL;
	assert_int_equal(wcard_inject_access(b->c, &s), 0);
	s.link = 3;
	wcard_inject_reset(b->c);
	assert_int_equal(wcard_inject_access(b->c, &s), 0);
	assert_false(atomic_load(&b->m->memory_errors) || wcard_injecting(b->c));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = { T(hang), T(slow), T(memory), T(links) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
