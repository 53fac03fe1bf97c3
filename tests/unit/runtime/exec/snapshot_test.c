/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Snapshots come from files: whatever is in one, it is taken whole or refused. */
#include "ex.h"

struct header {
	uint64_t magic, bytes, seq, count;
};

struct entry {
	uint32_t name_bytes, initial;
	uint64_t block_bytes;
};

static struct weft_edge *plan_with_state(struct ex *x)
{
	struct weft_body *a;
	struct weft_edge *s;

	ex_open(x, NULL);
	a = ex_body(x, "a", 0, NULL, 0);
	s = ex_edge(x, "state", 1, 1, WEFT_EDGE_STATE);
	ok(weft_body_output(a, s, 1));
	ok(weft_plan_prepare(x->plan, NULL));
	return s;
}

/* As weft_plan_save() would write it. */
static uint64_t written(struct ex *x, char *to)
{
	const struct entry e = { .name_bytes = 5, .initial = 1, .block_bytes = BLOCK };
	struct header h = { .magic = 0x3130706e73746677ull, .bytes = sizeof(h) + sizeof(e) + 8 + BLOCK, .seq = 41, .count = 1 };

	assert_true(weft_plan_snapshot_bytes(x->plan) == h.bytes);
	memset(to, 0, h.bytes);
	memcpy(to, &h, sizeof(h));
	memcpy(to + sizeof(h), &e, sizeof(e));
	memcpy(to + sizeof(h) + sizeof(e), "state", 5);
	for (uint32_t i = 0; i < BLOCK; i++)
		to[sizeof(h) + sizeof(e) + 8 + i] = (char)i;
	return h.bytes;
}

static void whole(void **state)
{
	char file[1024];
	struct weft_edge *s;
	uint64_t bytes;
	struct ex x;

	(void)state;
	s = plan_with_state(&x);
	bytes = written(&x, file);
	ok(weft_plan_restore(x.plan, file, bytes));
	assert_true(x.plan->start == 41);
	assert_true(((char *)s->restored)[77] == 77);
	ok(weft_plan_restore(x.plan, NULL, 0));
	assert_true(!x.plan->start && !s->restored);
	ex_close(&x);
}

/* Every truncation, and every byte of the headers and the name changed in every bit. */
static void damaged(void **state)
{
	char file[1024];
	struct weft_edge *s;
	uint64_t bytes;
	struct ex x;

	(void)state;
	s = plan_with_state(&x);
	bytes = written(&x, file);
	for (uint64_t n = 0; n < bytes; n++) {
		char *part = malloc(n + !n);	/* so that reading beyond it is seen */

		memcpy(part, file, n);
		if (n)
			refused(weft_plan_restore(x.plan, part, n), -EINVAL, "no snapshot");
		free(part);
		assert_null(s->restored);
	}
	for (uint64_t bit = 0; bit < 8 * (sizeof(struct header) + sizeof(struct entry) + 5); bit++) {
		char *copy = malloc(bytes);
		int ret;

		memcpy(copy, file, bytes);
		copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
		ret = weft_plan_restore(x.plan, copy, bytes);
		free(copy);
		if (bit / 64 == 2)	/* the number of sequences may be any */
			assert_int_equal(ret, 0);
		else
			assert_int_equal(ret, -EINVAL);
		ok(weft_plan_restore(x.plan, NULL, 0));
	}
	ex_close(&x);
}

/* Two entries of one edge are not two states. */
static void twice(void **state)
{
	char file[2048];
	struct header h;
	uint64_t bytes, entry;
	struct ex x;

	(void)state;
	plan_with_state(&x);
	bytes = written(&x, file);
	entry = bytes - sizeof(h);
	memcpy(file + bytes, file + sizeof(h), entry);
	memcpy(&h, file, sizeof(h));
	h.bytes = bytes + entry;
	h.count = 2;
	memcpy(file, &h, sizeof(h));
	refused(weft_plan_restore(x.plan, file, h.bytes), -EINVAL, "no snapshot");
	ex_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole), cmocka_unit_test(damaged), cmocka_unit_test(twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
