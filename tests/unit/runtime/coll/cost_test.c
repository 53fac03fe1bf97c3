/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What is predicted: bytes by formulas of the operations, times of small cases by hand, and the choice. */
#include "co.h"

#include <errno.h>

#include "runtime/coll/cost.h"
#include "runtime/coll/topology.h"

#define N	4u

static struct weft_coll_topology cost;

static void standard(void)
{
	static const uint32_t card[N] = { 0, 1, 2, 3 };

	assert_int_equal(weft_topology_of(NULL, card, N, &cost, "cost_test"), 0);
}

static struct weft_coll_call call(enum weft_coll_op op, enum weft_coll_algorithm algorithm, uint64_t count)
{
	return (struct weft_coll_call) { .op = op, .algorithm = algorithm, .ranks = N, .element = 4, .count = count, .slot_bytes = 4096,
					 .root = op == WEFT_COLL_BROADCAST || op == WEFT_COLL_REDUCE ? 1 : 0 };
}

/* Bytes that member @by moves in memory of @of, where every block is B bytes and a slice B / 4: what the operation needs, and no more. */
static void traffic_of(enum weft_coll_op op, enum weft_coll_algorithm algorithm, uint64_t (*read)(uint32_t by, uint32_t of, uint64_t b),
		       uint64_t (*written)(uint32_t by, uint32_t of, uint64_t b))
{
	const uint64_t count = algorithm == WEFT_COLL_PUSH ? 1024 : 1 << 20;
	const struct weft_coll_call c = call(op, algorithm, count);
	struct weft_coll_traffic t;

	standard();
	assert_int_equal(weft_coll_predict(&cost, &c, NULL, &t), 0);
	for (uint32_t by = 0; by < N; by++)
		for (uint32_t of = 0; of < N; of++)
			if (t.read[by][of] != read(by, of, 4 * count) || t.written[by][of] != written(by, of, 4 * count))
				fail_msg("%s by %s: member %u in %u: read %llu and wrote %llu, wanted %llu and %llu", weft_coll_op_name(op),
					 weft_coll_algorithm_name(algorithm), by, of, (unsigned long long)t.read[by][of],
					 (unsigned long long)t.written[by][of], (unsigned long long)read(by, of, 4 * count),
					 (unsigned long long)written(by, of, 4 * count));
}

static uint64_t slice(uint32_t by, uint32_t of, uint64_t b) { (void)by, (void)of; return b / N; }
static uint64_t block(uint32_t by, uint32_t of, uint64_t b) { (void)by, (void)of; return b; }
static uint64_t all_own(uint32_t by, uint32_t of, uint64_t b) { return by == of ? N * b : 0; }
static uint64_t own(uint32_t by, uint32_t of, uint64_t b) { return by == of ? b : 0; }
/* its input once, for all inboxes, and what lies in its own */
static uint64_t pushed_in(uint32_t by, uint32_t of, uint64_t b) { return by == of ? (1 + N) * b : 0; }
static uint64_t slice_of_root(uint32_t by, uint32_t of, uint64_t b) { (void)by; return of == 1 ? b / N : 0; }
static uint64_t of_root(uint32_t by, uint32_t of, uint64_t b) { (void)by; return of == 1 ? b : 0; }
/* a round of the ring takes a slice, and in the first half the own one with it */
static uint64_t ring_in(uint32_t by, uint32_t of, uint64_t b) { return of == (by + N - 1) % N ? 2 * (N - 1) * b / N : of == by ? (N - 1) * b / N : 0; }
static uint64_t ring_out(uint32_t by, uint32_t of, uint64_t b) { return of == by ? 2 * (N - 1) * b / N : 0; }

static void traffic(void **state)
{
	(void)state;
	traffic_of(WEFT_COLL_ALL_REDUCE, WEFT_COLL_DIRECT, slice, slice);
	traffic_of(WEFT_COLL_ALL_REDUCE, WEFT_COLL_PUSH, pushed_in, block);
	traffic_of(WEFT_COLL_ALL_REDUCE, WEFT_COLL_RING, ring_in, ring_out);
	traffic_of(WEFT_COLL_REDUCE_SCATTER, WEFT_COLL_DIRECT, block, own);
	traffic_of(WEFT_COLL_ALL_GATHER, WEFT_COLL_DIRECT, own, block);
	traffic_of(WEFT_COLL_BROADCAST, WEFT_COLL_DIRECT, slice_of_root, slice);
	traffic_of(WEFT_COLL_BROADCAST, WEFT_COLL_PULL, of_root, own);
	traffic_of(WEFT_COLL_REDUCE, WEFT_COLL_DIRECT, slice, slice_of_root);
	traffic_of(WEFT_COLL_ALL_TO_ALL, WEFT_COLL_DIRECT, all_own, block);
}

static void times(void **state)
{
	struct weft_coll_call c = call(WEFT_COLL_BARRIER, WEFT_COLL_PUSH, 0);
	double ns, two;

	(void)state;
	standard();
	/* a byte of a sum is 0.1 ns */
	for (uint32_t a = 0; a < N; a++) {
		cost.step_ns[a] = 10;
		cost.reduce_gbs[a] = 10;
		for (uint32_t b = 0; b < N; b++) {
			cost.hop_ns[a][b] = 100;
			cost.write_gbs[a][b] = cost.read_gbs[a][b] = 5;
		}
	}
	assert_int_equal(weft_coll_predict(&cost, &c, &ns, NULL), 0);
	assert_true(ns == 100);
	/* every member a hop, its slice at 8 bytes for one of the sum, and a hop */
	c = call(WEFT_COLL_ALL_REDUCE, WEFT_COLL_DIRECT, 4096);
	cost.engines = 0;
	assert_int_equal(weft_coll_predict(&cost, &c, &ns, NULL), 0);
	assert_true(ns > 210 + 0.1 * 8 * 4096 - 0.01 && ns < 210 + 0.1 * 8 * 4096 + 0.01);
	cost.engines = 2;
	assert_int_equal(weft_coll_predict(&cost, &c, &two, NULL), 0);
	assert_true(two > ns + 10 + 0.1 * 8 * 4096 - 0.01 && two < ns + 10 + 0.1 * 8 * 4096 + 0.01);
	/* writing to others at half the rate: 4 reads, a write at home, and three that take twice as long */
	cost.engines = 0;
	for (uint32_t a = 0; a < N; a++)
		for (uint32_t b = 0; b < N; b++)
			cost.write_gbs[a][b] = a == b ? 5 : 2.5;
	assert_int_equal(weft_coll_predict(&cost, &c, &two, NULL), 0);
	assert_true(two > 210 + 0.1 * 11 * 4096 - 0.01 && two < 210 + 0.1 * 11 * 4096 + 0.01);
	/* a hop that is 900 longer: its member begins so much later, and so do those who wait for that one's end; a copy is a read and a write, here of 2.5 and 5 GB/s */
	cost.hop_ns[3][0] = 1000;
	assert_int_equal(weft_coll_predict(&cost, &c, &ns, NULL), 0);
	assert_true(ns > two + 900 - 0.01 && ns < two + 900 + 0.01);
	c = call(WEFT_COLL_SEND, WEFT_COLL_DIRECT, 4096);
	c.peer = 1;
	assert_int_equal(weft_coll_predict(&cost, &c, &ns, NULL), 0);
	assert_true(ns > 210 + (0.1 + 0.2) * 4 * 4096 - 0.01 && ns < 210 + (0.1 + 0.2) * 4 * 4096 + 0.01);
	c.algorithm = WEFT_COLL_AUTO;
	assert_int_equal(weft_coll_predict(&cost, &c, &ns, NULL), -EINVAL);
}

static void choice(void **state)
{
	static const enum weft_coll_op ops[] = { WEFT_COLL_ALL_REDUCE, WEFT_COLL_REDUCE_SCATTER, WEFT_COLL_ALL_GATHER, WEFT_COLL_BROADCAST,
						 WEFT_COLL_REDUCE, WEFT_COLL_ALL_TO_ALL };
	struct weft_coll_call c;

	(void)state;
	standard();
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		c = call(ops[i], WEFT_COLL_AUTO, 2);
		assert_int_equal(weft_coll_choose(&cost, &c), 0);
		/* blocks for each other take a command each, to the inbox and out of it */
		if (ops[i] == WEFT_COLL_ALL_REDUCE || ops[i] == WEFT_COLL_BROADCAST || ops[i] == WEFT_COLL_REDUCE)
			assert_int_equal(c.algorithm, WEFT_COLL_PUSH);
		c = call(ops[i], WEFT_COLL_AUTO, 1 << 22);
		assert_int_equal(weft_coll_choose(&cost, &c), 0);
		assert_int_equal(c.algorithm, WEFT_COLL_DIRECT);
		c.ranks = 1;
		c.root = 0;
		assert_int_equal(weft_coll_choose(&cost, &c), 0);
	}
	c = call(WEFT_COLL_ALL_TO_ALL, WEFT_COLL_AUTO, 1 << 16);
	c.in_place = true;
	assert_int_equal(weft_coll_choose(&cost, &c), 0);
	assert_int_equal(c.algorithm, WEFT_COLL_STAGED);
	/* where only neighbours are near a ring would be faster, but its sums have another order */
	for (uint32_t a = 0; a < N; a++)
		for (uint32_t b = 0; b < N; b++)
			if (b != a && b != (a + 1) % N && a != (b + 1) % N)
				cost.read_gbs[a][b] = cost.write_gbs[a][b] = 0.005;
	c = call(WEFT_COLL_ALL_REDUCE, WEFT_COLL_AUTO, 1 << 20);
	assert_int_equal(weft_coll_choose(&cost, &c), 0);
	assert_int_equal(c.algorithm, WEFT_COLL_DIRECT);
	c = call(WEFT_COLL_ALL_GATHER, WEFT_COLL_AUTO, 1 << 20);
	assert_int_equal(weft_coll_choose(&cost, &c), 0);
	assert_int_equal(c.algorithm, WEFT_COLL_RING);
	c.element = 3;
	assert_int_equal(weft_coll_choose(&cost, &c), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(traffic), cmocka_unit_test(times), cmocka_unit_test(choice) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
