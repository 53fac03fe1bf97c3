/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Memory operations on fake cards: each path, synchronous and not, with its bytes and its count. */
#include <pthread.h>

#include "rt.h"

#define BYTES	(6u << 20)	/* more than the pinned buffer */

struct rig {
	struct weft *weft;
	struct weft_device *card[2];
	struct weft_memory *memory[2], *pinned;
	unsigned char *in, *out;
};

static void rig_open(struct rig *r)
{
	uint64_t seed = 9;

	r->weft = rt_open(2);
	for (uint32_t i = 0; i < 2; i++) {
		ok(weft_device_open(r->weft, "card", i, &r->card[i]));
		ok(weft_memory_alloc(r->card[i], BYTES, WEFT_PLACE_LOCAL, &r->memory[i]));
	}
	ok(weft_memory_alloc(r->card[0], BYTES, WEFT_PLACE_HOST, &r->pinned));
	r->in = malloc(BYTES);
	r->out = calloc(1, BYTES);
	for (uint32_t i = 0; i < BYTES; i++)
		r->in[i] = (unsigned char)rt_random(&seed);
}

static void rig_close(struct rig *r)
{
	ok(weft_memory_destroy(r->pinned));
	for (uint32_t i = 0; i < 2; i++) {
		ok(weft_memory_destroy(r->memory[i]));
		ok(weft_device_close(r->card[i]));
	}
	ok(weft_close(r->weft));
	free(r->in);
	free(r->out);
	assert_int_equal(fake_live(), 0);
}

static struct weft_stats counts(struct rig *r)
{
	struct weft_stats s = { .size = sizeof(s) };

	ok(weft_stats_get(r->weft, &s));
	return s;
}

#define moved(field)	(counts(&r).field - before.field)

static void synchronous(void **state)
{
	struct weft_stats before;
	struct rig r;

	(void)state;
	rig_open(&r);
	before = counts(&r);
	ok(weft_memory_write(r.memory[0], 0, r.in, BYTES));
	assert_int_equal(moved(h2d_bytes), BYTES);
	ok(weft_memory_copy(r.memory[1], 0, r.memory[0], 0, BYTES, 0));
	assert_int_equal(moved(p2p_bytes), BYTES);
	ok(weft_memory_read(r.memory[1], 0, r.out, BYTES));
	assert_int_equal(moved(d2h_bytes), BYTES);
	assert_memory_equal(r.in, r.out, BYTES);
	ok(weft_memory_copy(r.memory[0], 4096, r.memory[0], 1 << 20, 4096, 0));
	assert_int_equal(moved(local_bytes), 4096);
	ok(weft_memory_read(r.memory[0], 4096, r.out, 4096));
	assert_memory_equal(r.in + (1 << 20), r.out, 4096);
	assert_int_equal(weft_memory_copy(r.memory[0], 0, r.memory[0], 64, 128, 0), -EINVAL);
	ok(weft_memory_fill(r.memory[0], 8, 0x0102030405060708ull, 8, 4080));
	assert_int_equal(moved(fill_bytes), 4080);
	ok(weft_memory_read(r.memory[0], 0, r.out, 4096));
	assert_int_equal(r.out[7], r.in[7]);
	assert_int_equal(r.out[8], 8);
	assert_int_equal(r.out[4087], 1);
	assert_int_equal(r.out[4088], r.in[4088]);
	ok(weft_memory_copy(r.memory[0], 0, r.pinned, 0, 64, 0));
	assert_int_equal(moved(h2d_bytes), BYTES + 64);
	ok(weft_memory_copy(r.memory[1], 0, r.pinned, 0, 64, 0));	/* another card's pinned memory */
	assert_int_equal(moved(h2d_bytes), BYTES + 128);
	assert_int_equal(moved(mmap_bytes), 0);
	ok(weft_memory_write(r.memory[0], 100, r.in, 10));		/* small, and nothing is under way */
	assert_int_equal(moved(mmap_bytes), 10);
	ok(weft_memory_read(r.memory[0], 100, r.out, 10));
	assert_memory_equal(r.in, r.out, 10);
	assert_int_equal(weft_memory_write(r.memory[0], BYTES - 1, r.in, 2), -EINVAL);
	assert_int_equal(weft_memory_read(r.memory[0], UINT64_MAX, r.out, 2), -EINVAL);
	assert_int_equal(weft_memory_fill(r.memory[0], 4, 0, 8, 8), -EINVAL);
	assert_int_equal(moved(host_bounce_bytes), 0);
	rig_close(&r);
}

static void bounce(void **state)
{
	struct weft_stats before;
	struct weft_memory *import;
	struct rig r;

	(void)state;
	rig_open(&r);
	fake.no_p2p = true;
	before = counts(&r);
	ok(weft_memory_write(r.memory[0], 0, r.in, BYTES));
	assert_int_equal(weft_memory_copy(r.memory[1], 0, r.memory[0], 0, BYTES, 0), -EOPNOTSUPP);
	assert_non_null(strstr(weft_last_error(), "the fake was told to refuse"));
	assert_int_equal(weft_memory_import(r.card[1], r.memory[0], WEFT_ACCESS_READ, &import), -EOPNOTSUPP);
	assert_int_equal(weft_memory_copy_async(r.memory[1], 0, r.memory[0], 0, 64, NULL, 0, NULL), -EOPNOTSUPP);
	assert_int_equal(moved(host_bounce_bytes), 0);
	ok(weft_memory_copy(r.memory[1], 0, r.memory[0], 0, BYTES, WEFT_TRANSFER_ALLOW_BOUNCE));
	assert_int_equal(moved(host_bounce_bytes), BYTES);
	ok(weft_memory_read(r.memory[1], 0, r.out, BYTES));
	assert_memory_equal(r.in, r.out, BYTES);
	rig_close(&r);
}

/* A chain of asynchronous operations over both cards, ordered by their points, started before any may run. */
static void asynchronous(void **state)
{
	struct weft_point wrote, crossed, filled, read, gate_passed;
	struct weft_timeline *gate;
	struct rig r;

	(void)state;
	rig_open(&r);
	ok(weft_timeline_create(r.card[1], "gate", &gate));
	gate_passed = (struct weft_point) { gate, 1 };
	ok(weft_memory_write_async(r.memory[0], 0, r.in, 1 << 20, &gate_passed, 1, &wrote));
	ok(weft_memory_copy_async(r.memory[1], 4096, r.memory[0], 0, 1 << 20, &wrote, 1, &crossed));
	ok(weft_memory_fill_async(r.memory[1], 4096, 0xee, 1, 10, &crossed, 1, &filled));
	ok(weft_memory_read_async(r.memory[1], 4096, r.out, 1 << 20, &filled, 1, &read));
	assert_int_equal(weft_point_wait(&wrote, 1000000), -ETIME);
	assert_non_null(strstr(weft_last_error(), "copier-card0"));
	assert_int_equal(weft_point_wait(&read, 1000000), -ETIME);
	memset(r.in + 100, 0, 100);		/* may be reused: the library has its copy */
	ok(weft_timeline_signal(gate, 1));
	ok(weft_point_wait(&read, 1000000000));
	assert_int_equal(r.out[9], 0xee);
	assert_memory_equal(r.in + 10, r.out + 10, 90);
	assert_memory_not_equal(r.in + 100, r.out + 100, 100);
	assert_memory_equal(r.in + 200, r.out + 200, (1 << 20) - 200);
	assert_int_equal(weft_timeline_destroy(wrote.timeline), -EINVAL);
	ok(weft_memory_write_async(r.memory[0], 0, r.in, BYTES, NULL, 0, NULL));
	ok(weft_memory_read_async(r.memory[0], 0, r.out, BYTES, NULL, 0, &read));
	ok(weft_point_wait(&read, 1000000000));
	assert_memory_equal(r.in, r.out, BYTES);
	ok(weft_memory_read_async(r.memory[0], 0, r.out, BYTES, NULL, 0, NULL));	/* close waits for it */
	ok(weft_timeline_destroy(gate));
	rig_close(&r);
}

struct client {
	struct rig *r;
	uint32_t number;
};

static void *client(void *arg)
{
	struct client *c = arg;
	uint32_t at = c->number * (BYTES / 8);
	unsigned char *out = malloc(BYTES / 8);

	for (int i = 0; i < 20; i++) {
		ok(weft_memory_write(c->r->memory[i % 2], at, c->r->in + at, BYTES / 8));
		memset(out, 0, BYTES / 8);
		ok(weft_memory_read(c->r->memory[i % 2], at, out, BYTES / 8));
		assert_memory_equal(out, c->r->in + at, BYTES / 8);
	}
	free(out);
	return NULL;
}

static void threads(void **state)
{
	struct client clients[8];
	pthread_t thread[8];
	struct rig r;

	(void)state;
	rig_open(&r);
	for (uint32_t i = 0; i < 8; i++) {
		clients[i] = (struct client) { &r, i };
		assert_int_equal(pthread_create(&thread[i], NULL, client, &clients[i]), 0);
	}
	for (int i = 0; i < 8; i++)
		pthread_join(thread[i], NULL);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(synchronous), cmocka_unit_test(bounce), cmocka_unit_test(asynchronous),
		cmocka_unit_test(threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
