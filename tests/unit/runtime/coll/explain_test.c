/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What is said of a call without cards: the choice and its reasons, bytes, steps, refusals. */
#include "co.h"

#include <errno.h>
#include <stdlib.h>

#include <weft/weft.h>

static struct weft *weft;

static struct weft_coll_case all_reduce(uint64_t count)
{
	return (struct weft_coll_case) { .size = sizeof(struct weft_coll_case), .op = WEFT_COLL_ALL_REDUCE, .members = 4, .count = count };
}

static void choice(void **state)
{
	struct weft_coll_explanation e = { .size = sizeof(e) };
	struct weft_coll_topology t = { .size = sizeof(t) };
	struct weft_coll_case c = all_reduce(1 << 20);

	(void)state;
	assert_int_equal(weft_coll_explain(&c, &e), 0);
	assert_int_equal(e.algorithm, WEFT_COLL_DIRECT);
	assert_int_equal(e.fitness[WEFT_COLL_DIRECT], WEFT_COLL_FITS);
	assert_int_equal(e.fitness[WEFT_COLL_RING], WEFT_COLL_REORDERS);
	assert_int_equal(e.fitness[WEFT_COLL_PUSH], WEFT_COLL_CANNOT);
	assert_true(e.ns > 0 && e.ns == e.predicted_ns[WEFT_COLL_DIRECT] && e.predicted_ns[WEFT_COLL_RING] > e.ns);
	assert_true(e.predicted_ns[WEFT_COLL_PUSH] == 0);
	for (uint32_t i = 0; i < 16; i++)
		for (uint32_t k = 0; k < 16; k++)
			assert_true(e.read_bytes[i][k] == (i < 4 && k < 4 ? 1 << 20 : 0) && e.written_bytes[i][k] == e.read_bytes[i][k]);
	c.count = 2;
	assert_int_equal(weft_coll_explain(&c, &e), 0);
	assert_int_equal(e.algorithm, WEFT_COLL_PUSH);
	/* asked for, it is taken; others are still told */
	c.algorithm = WEFT_COLL_RING;
	assert_int_equal(weft_coll_explain(&c, &e), 0);
	assert_int_equal(e.algorithm, WEFT_COLL_RING);
	assert_true(e.ns == e.predicted_ns[WEFT_COLL_RING] && e.predicted_ns[WEFT_COLL_PUSH] > 0);
	/* hops that take long make more of one signal less */
	assert_int_equal(weft_coll_topology_default(&t, 4), 0);
	for (uint32_t i = 0; i < 4; i++)
		for (uint32_t k = 0; k < 4; k++)
			t.hop_ns[i][k] = 1e6;
	c = all_reduce(4096);
	c.topology = &t;
	assert_int_equal(weft_coll_explain(&c, &e), 0);
	assert_int_equal(e.algorithm, WEFT_COLL_PUSH);
	assert_true(e.ns > 1e6 && e.ns < 2e6 && e.predicted_ns[WEFT_COLL_DIRECT] > 2e6);
}

static void text_of(const struct weft_coll_case *c, uint32_t member, const char *want)
{
	char *text;
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);

	assert_int_equal(weft_coll_explain_steps(c, member, f), 0);
	fclose(f);
	assert_string_equal(text, want);
	free(text);
}

static void steps(void **state)
{
	struct weft_coll_case c = all_reduce(64);

	(void)state;
	c.members = 2;
	c.algorithm = WEFT_COLL_DIRECT;
	text_of(&c, 1, "arrive: signal member 0\nwait for the arrival of member 0\n"
		"combine 128 bytes of input of 0 + 128, input of 1 + 128 to output of 0 + 128, output of 1 + 128\n"
		"signal member 0\nwait for the signal of member 0\n");
	c.members = 3;
	c.algorithm = WEFT_COLL_PUSH;
	c.in_place = 1;
	text_of(&c, 0, "copy 256 bytes of output of 0 to inbox of 1 for 0, inbox of 2 for 0\narrive: signal members 1 2\n"
		"wait for the arrival of members 1 2\n"
		"combine 256 bytes of output of 0, inbox of 0 for 1, inbox of 0 for 2 to output of 0\n");
	assert_int_equal(weft_coll_explain_steps(&c, 3, stdout), -EINVAL);
	assert_int_equal(weft_coll_explain_steps(&c, 0, NULL), -EINVAL);
}

static void refusals(void **state)
{
	struct weft_coll_explanation e = { .size = sizeof(e) };
	struct weft_coll_topology t = { .size = sizeof(t) };
	struct weft_coll_case c;

	(void)state;
#define BAD(change)	do { c = all_reduce(4); change; assert_int_equal(weft_coll_explain(&c, &e), -EINVAL); } while (0)
	BAD(c.size = 8);
	BAD(c.op = WEFT_COLL_OPS);
	BAD(c.algorithm = WEFT_COLL_ALGORITHMS);
	BAD(c.type = WEFT_TYPE_U32);
	BAD(c.reduction = 5);
	BAD(c.root = 4);
	BAD(c.peer = 4);
	BAD(c.members = 0);
	BAD(c.members = 17);
	BAD(c.count = 1ull << 40);
	BAD(c.in_place = 2);
	BAD((c.op = WEFT_COLL_SEND, c.in_place = 1));
	assert_int_equal(weft_coll_topology_default(&t, 3), 0);
	BAD(c.topology = &t);
	c = all_reduce(1 << 20);
	c.algorithm = WEFT_COLL_PUSH;
	assert_int_equal(weft_coll_explain(&c, &e), -EOPNOTSUPP);
	c = all_reduce(4);
	assert_int_equal(weft_coll_explain(&c, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(choice), cmocka_unit_test(steps), cmocka_unit_test(refusals) };
	int failed;

	weft = weft_open();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	weft_close(weft);
	return failed;
}
