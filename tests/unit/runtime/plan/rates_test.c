/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The repetition vector against trying all small ones. COUNT plans from SEED. */
#include "pl.h"

#include "runtime/plan/rates.h"

static struct weft_why why;

static bool balances(const struct pl *p, const uint32_t *q)
{
	for (uint32_t i = 0; i < p->net.num_edges; i++)
		for (uint32_t j = 0; j < p->edge[i].num_consumers; j++)
			if (q[p->edge[i].from] * p->edge[i].produce !=
			    q[p->consumer[i][j].body] * p->consumer[i][j].consume)
				return false;
	return true;
}

/* Counting through all vectors up to 12: the first that balances is the least in each place. */
static bool brute(const struct pl *p, uint32_t *q)
{
	uint32_t n = p->net.num_bodies, b;

	for (b = 0; b < n; b++)
		q[b] = 1;
	while (!balances(p, q)) {
		for (b = 0; b < n && q[b] == 12; b++)
			q[b] = 1;
		if (b == n)
			return false;
		q[b]++;
	}
	return true;
}

static void against_brute(void **state)
{
	uint64_t count = pl_number("COUNT", 2000), seed = pl_number("SEED", 1), refused = 0;

	(void)state;
	for (uint64_t i = 0; i < count; i++) {
		uint32_t q[PL_BODIES], want[PL_BODIES], n = 1 + (uint32_t)pl_below(&seed, 4);
		struct pl p;
		int ret;

		pl_init(&p, n, 1);
		for (uint32_t b = 1; b < n; b++) {
			uint32_t u = (uint32_t)pl_below(&seed, b);

			pl_edge_rates(&p, u, 1 + (uint32_t)pl_below(&seed, 3), b, 1 + (uint32_t)pl_below(&seed, 3), 0, 0);
		}
		if (n > 1 && pl_below(&seed, 3) == 0)
			pl_edge_rates(&p, 0, 1 + (uint32_t)pl_below(&seed, 3), n - 1, 1 + (uint32_t)pl_below(&seed, 3), 0, 0);
		ret = weft_rates(&p.net, q, &why);
		if (!brute(&p, want)) {
			/* above 12, or none */
			if (!ret)
				assert_true(balances(&p, q));
			refused += ret == -EINVAL;
			continue;
		}
		assert_int_equal(ret, 0);
		assert_memory_equal(q, want, n * sizeof(*q));
	}
	assert_true(refused || count < 100);
}

static void parts(void **state)
{
	uint32_t q[4];
	struct pl p;

	(void)state;
	pl_init(&p, 4, 1);
	pl_edge_rates(&p, 0, 4, 1, 6, 0, 0);
	ok(weft_rates(&p.net, q, &why));
	assert_int_equal(q[0], 3);
	assert_int_equal(q[1], 2);
	assert_int_equal(q[2], 1);
	/* what the host feeds connects those who take it */
	pl_consumer(&p, pl_edge_rates(&p, WEFT_NET_NONE, 1, 2, 5, 0, 0), 3, 1);
	ok(weft_rates(&p.net, q, &why));
	assert_int_equal(q[2], 1);
	assert_int_equal(q[3], 5);
	assert_int_equal(q[1], 2);
}

static void refusals(void **state)
{
	uint32_t q[PL_BODIES];
	struct pl p;

	(void)state;
	pl_init(&p, 3, 1);
	pl_edge_rates(&p, 0, 2, 1, 1, 0, 0);
	pl_edge_rates(&p, 1, 1, 2, 1, 0, 0);
	pl_edge_rates(&p, 0, 3, 2, 1, 0, 0);
	refuses(weft_rates(&p.net, q, &why), -EINVAL,
		"edge x1: rates do not balance: body b gives 2 tokens in a sequence, body c takes 3");
	/* three at a time, of which a sequence takes four */
	pl_init(&p, 1, 1);
	pl_edge_rates(&p, WEFT_NET_NONE, 3, 0, 4, 0, 0);
	refuses(weft_rates(&p.net, q, &why), -EINVAL,
		"edge x0: rates do not balance: 3 tokens come at once, body a takes 4 in a sequence");
	/* 2^35 firings, and more than fits any number */
	pl_init(&p, 8, 1);
	for (uint32_t b = 0; b < 7; b++)
		pl_edge_rates(&p, b, 32, b + 1, 1, 0, 0);
	refuses(weft_rates(&p.net, q, &why), -EOVERFLOW, "more than 4194304 firings in one sequence");
	pl_init(&p, 8, 1);
	for (uint32_t b = 0; b < 7; b++)
		pl_edge_rates(&p, b, 4294967291u, b + 1, 4294967279u, 0, 0);
	refuses(weft_rates(&p.net, q, &why), -EOVERFLOW, "firings in one sequence");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(against_brute), cmocka_unit_test(parts), cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
