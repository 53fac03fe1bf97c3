/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The host's side of a user queue's ring, against a card that is a thread of this test or the test itself. */
#include "rt.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "firmware/abi/doorbell.h"
#include "firmware/abi/packet.h"
#include "firmware/abi/queue.h"

#include "runtime/core/list.h"
#include "runtime/core/user_queue.h"

#define LOG2	4
#define SIZE	(1u << LOG2)

struct rig {
	struct weft_user_queue queue;
	struct weft_memory memory;
	struct weft_list list;
	struct weft_queue_state record;
	_Alignas(4096) uint8_t others[4096];	/* the ring shares its memory with these */
	_Alignas(4096) uint8_t ring[4096 + SIZE * WEFT_PACKET_BYTES];
	_Alignas(4096) uint8_t doorbell[4096];
	_Atomic bool quit;
	uint64_t count;
};

static struct weft_ring_ctl *ctl(struct rig *r)
{
	return (void *)r->ring;
}

static struct rig *rig_new(void)
{
	struct rig *r = aligned_alloc(4096, (sizeof(*r) + 4095) & ~(size_t)4095);

	assert_non_null(r);
	memset(r, 0, sizeof(*r));
	r->memory.map = r->others;
	r->list.address = 0x1000;
	r->list.image.num_packets = 3;
	r->queue.memory = &r->memory;
	r->queue.offset = sizeof(r->others);
	r->queue.ring_log2 = LOG2;
	r->queue.doorbell = r->doorbell;
	r->queue.state = &r->record;
	weft_ring_init(&r->queue);
	return r;
}

static int push(struct rig *r, uint64_t count)
{
	return weft_ring_push(&r->queue, &r->list, true, count);
}

static uint64_t slot(struct rig *r, uint64_t i)
{
	return ((union weft_packet *)(void *)(r->ring + 4096))[i % SIZE].call.count;
}

static void full(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	for (uint64_t i = 0; i < 3 * SIZE; i += SIZE) {
		for (uint64_t k = 0; k < SIZE; k++)
			assert_int_equal(push(r, i + k + 1), 0);
		assert_int_equal(push(r, 999), -EAGAIN);
		assert_int_equal(ctl(r)->tail, i + SIZE);
		for (uint64_t k = 0; k < SIZE; k++)
			assert_int_equal(slot(r, k), i + k + 1);
		ctl(r)->head += SIZE - 1;	/* all but one have ended: one more place each time it is asked for */
		assert_int_equal(push(r, 1), 0);
		ctl(r)->head = ctl(r)->tail;
		r->queue.tail = ctl(r)->tail = ctl(r)->head = i + SIZE;
	}
	for (size_t i = 0; i < sizeof(r->others); i++)
		assert_int_equal(r->others[i], 0);
	free(r);
}

/* Rung only when the card said that it looks away. */
static void bell(void **state)
{
	struct rig *r = rig_new();
	volatile uint32_t *word = (void *)(r->doorbell + WEFT_DB_RING);

	(void)state;
	assert_int_equal(ctl(r)->armed, 1);	/* nobody has looked yet */
	assert_int_equal(push(r, 1), 0);
	assert_int_equal(*word, 1);
	*word = 0;
	ctl(r)->armed = 0;
	assert_int_equal(push(r, 1), 0);
	assert_int_equal(*word, 0);
	ctl(r)->armed = 1;
	assert_int_equal(push(r, 1), 0);
	assert_int_equal(*word, 1);
	free(r);
}

/* The card's side of the arm protocol. It sleeps until the doorbell says 1, as a card does. */
static void *card(void *arg)
{
	struct rig *r = arg;
	volatile uint32_t *word = (void *)(r->doorbell + WEFT_DB_RING);
	uint64_t head = 0;

	while (head < r->count && !atomic_load(&r->quit)) {
		if (__atomic_load_n(&ctl(r)->tail, __ATOMIC_ACQUIRE) == head) {
			__atomic_store_n(&ctl(r)->armed, 1, __ATOMIC_RELAXED);
			atomic_thread_fence(memory_order_seq_cst);
			if (__atomic_load_n(&ctl(r)->tail, __ATOMIC_ACQUIRE) == head) {
				while (!*word && !atomic_load_explicit(&r->quit, memory_order_relaxed))
					;
				*word = 0;
			}
		}
		__atomic_store_n(&ctl(r)->armed, 0, __ATOMIC_RELAXED);
		while (head < __atomic_load_n(&ctl(r)->tail, __ATOMIC_ACQUIRE))
			__atomic_store_n(&ctl(r)->head, ++head, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* Pushes that race with a card that is about to sleep: none stays unseen. */
static void nothing_lost(void **state)
{
	struct rig *r = rig_new();
	uint64_t seed = rt_number("SEED", 1), rounds = rt_number("COUNT", 300000);
	pthread_t thread;
	bool seen = true;

	(void)state;
	r->count = rounds;
	assert_int_equal(pthread_create(&thread, NULL, card, r), 0);
	for (uint64_t i = 0; i < rounds && seen; i++) {
		struct timespec from, now;

		while (push(r, 1))
			;
		for (uint64_t n = rt_random(&seed) % 64; n; n--)
			atomic_signal_fence(memory_order_seq_cst);
		if (rt_random(&seed) % 4)
			continue;
		clock_gettime(CLOCK_MONOTONIC, &from);
		do {
			clock_gettime(CLOCK_MONOTONIC, &now);
			seen = __atomic_load_n(&ctl(r)->head, __ATOMIC_ACQUIRE) == i + 1;
		} while (!seen && now.tv_sec - from.tv_sec < 10);
	}
	atomic_store(&r->quit, true);
	pthread_join(thread, NULL);
	assert_true(seen);
	free(r);
}

/* The record says everything three times; it is published as the card does it. */
static void *publish(void *arg)
{
	struct rig *r = arg;
	struct weft_queue_state *s = &r->record;

	for (uint64_t i = 1; !atomic_load(&r->quit); i++) {
		__atomic_store_n(&s->version, s->version + 1, __ATOMIC_RELAXED);
		atomic_thread_fence(memory_order_release);
		__atomic_store_n(&s->wait_va, i, __ATOMIC_RELAXED);
		for (unsigned int k = 0; k < i % 64; k++)
			atomic_signal_fence(memory_order_seq_cst);
		__atomic_store_n(&s->wait_value, i, __ATOMIC_RELAXED);
		__atomic_store_n(&s->origin, i, __ATOMIC_RELAXED);
		__atomic_store_n(&s->version, s->version + 1, __ATOMIC_RELEASE);
		for (unsigned int k = 0; k < 400; k++)
			atomic_signal_fence(memory_order_seq_cst);
	}
	return NULL;
}

static void whole_records(void **state)
{
	struct weft_user_queue_state s = { .size = sizeof(s) };
	struct rig *r = rig_new();
	uint64_t changed = 0, last = 0;
	time_t until = time(NULL) + 20;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, publish, r), 0);
	while (changed < 100000 && time(NULL) < until) {
		if (!weft_ring_state(&r->queue, &s))
			continue;
		assert_int_equal(s.wait_address, s.wait_value);
		assert_int_equal(s.wait_address, s.origin);
		changed += s.origin != last;
		last = s.origin;
	}
	atomic_store(&r->quit, true);
	pthread_join(thread, NULL);
	assert_true(changed > 100);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full), cmocka_unit_test(bell), cmocka_unit_test(nothing_lost), cmocka_unit_test(whole_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
