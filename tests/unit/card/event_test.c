// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* The event ring in host memory, and which interrupt message goes with an event. */
#define _GNU_SOURCE
#include "rig.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define RING_AT		0x10000ull	/* bus address */
#define RING_LOG2	5		/* the smallest: 32 events */
#define RING_SIZE	32

struct bed {
	struct wcard_machine *m;
	struct wcard_card *c;
	struct weft_event *ring;	/* the host's view */
	int irq[WCARD_VECTORS];		/* the host's ends */
};

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	int fd = rig_file(4096);

	b->m = rig_new(1);
	b->c = b->m->card[0];
	rig_master(b->c);
	b->ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_int_equal(wcard_bus_map(b->c, RING_AT, 4096, fd, 0, true, true), 0);
	for (unsigned int i = 0; i < WCARD_VECTORS; i++) {
		int ours = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

		b->irq[i] = dup(ours);
		wcard_irq_set_fd(b->c, i, ours);
	}
	b->c->evt_base = RING_AT;
	b->c->evt_log2 = RING_LOG2;
	wcard_event_enable(b->c, 1);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	for (unsigned int i = 0; i < WCARD_VECTORS; i++) {
		wcard_irq_set_fd(b->c, i, -1);
		close(b->irq[i]);
	}
	munmap(b->ring, 4096);
	rig_free(b->m);
	free(b);
	return 0;
}

/* Messages of a vector since the last look. */
static uint64_t taken(struct bed *b, unsigned int vector)
{
	uint64_t n = 0;

	return read(b->irq[vector], &n, sizeof(n)) == (ssize_t)sizeof(n) ? n : 0;
}

static void fields(void **state)
{
	struct bed *b = *state;
	const struct weft_event *e = b->ring;

	memset(b->ring, 0xee, 4096);
	wcard_event(b->c, WEFT_EVT_FAULT, 7, 3, 19, 0x123456789abcdefull);
	assert_int_equal(e[0].type, 2);
	assert_int_equal(e[0].flags, 0);
	assert_int_equal(e[0].queue, 7);
	assert_int_equal(e[0].asid, 3);
	assert_int_equal(e[0].cause, 19);
	assert_int_equal(e[0].value, 0x123456789abcdefull);
	assert_int_equal(e[0].reserved, 0);
	assert_int_equal(e[0].seq, 1);
	assert_int_equal(e[1].seq, 0xeeeeeeeeu);	/* nothing behind it */
	assert_int_equal(b->c->evt_tail, 1);
	assert_int_equal(atomic_load(&b->c->events), 1);
}

/* Indices run freely; seq is one more, and is the host's sign that an event is whole. */
static void wraps(void **state)
{
	struct bed *b = *state;

	for (uint32_t i = 0; i < 5 * RING_SIZE; i++) {
		wcard_event(b->c, WEFT_EVT_FENCE, i, 0, 0, 1000 + i);
		assert_int_equal(b->ring[i % RING_SIZE].seq, i + 1);
		assert_int_equal(b->ring[i % RING_SIZE].value, 1000 + i);
		b->c->evt_head = i + 1;
	}
	assert_int_equal(b->c->evt_status, 0);
}

static void overflow(void **state)
{
	struct bed *b = *state;

	for (uint32_t i = 0; i < RING_SIZE - 1; i++)
		wcard_event(b->c, WEFT_EVT_MBOX, 0, 0, 0, i);
	assert_int_equal(b->c->evt_status, 0);
	assert_int_equal(taken(b, 0), RING_SIZE - 1);
	wcard_event(b->c, WEFT_EVT_MBOX, 0, 0, 0, 99);
	assert_int_equal(b->c->evt_status, 1);
	assert_int_equal(b->c->evt_tail, RING_SIZE - 1);
	assert_int_equal(b->ring[RING_SIZE - 1].seq, 0);
	assert_int_equal(atomic_load(&b->c->events), RING_SIZE - 1);
	assert_int_equal(taken(b, 0), 1);		/* somebody must look nevertheless */
	/* Room again. */
	b->c->evt_head = 1;
	wcard_event(b->c, WEFT_EVT_MBOX, 0, 0, 0, 100);
	assert_int_equal(b->ring[RING_SIZE - 1].value, 100);
	assert_int_equal(b->c->evt_status, 1);		/* until the host clears it */
}

static void nobody_there(void **state)
{
	struct bed *b = *state;

	b->c->evt_base = RING_AT + 4096;
	wcard_event(b->c, WEFT_EVT_MBOX, 0, 0, 0, 1);
	assert_int_equal(b->c->evt_status, 2);
	assert_int_equal(b->c->evt_tail, 0);
	assert_int_equal(atomic_load(&b->c->events), 0);
	assert_int_equal(taken(b, 0), 1);
}

static void read_only_ring(void **state)
{
	struct bed *b = *state;

	assert_int_equal(wcard_bus_map(b->c, RING_AT + 4096, 4096, rig_file(4096), 0, true, false), 0);
	b->c->evt_base = RING_AT + 4096;
	wcard_event(b->c, WEFT_EVT_MBOX, 0, 0, 0, 1);
	assert_int_equal(b->c->evt_status, 2);
}

static void enable(void **state)
{
	static const struct {
		uint32_t on, log2;
		uint64_t base;
		bool works;
	} row[] = {
		{ 1, 5, RING_AT, true }, { 1, 16, RING_AT, true }, { 1, 4, RING_AT, false }, { 1, 17, RING_AT, false },
		{ 0, 5, RING_AT, false }, { 2, 5, RING_AT, false }, { 3, 5, RING_AT, false },
		{ 1, 5, RING_AT + 2048, false }, { 1, 5, RING_AT + 32, false }, { 1, UINT32_MAX, RING_AT, false },
	};
	struct bed *b = *state;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		b->c->evt_base = row[i].base;
		b->c->evt_log2 = row[i].log2;
		b->c->evt_tail = b->c->evt_head = 40;
		b->c->evt_status = 3;
		wcard_event_enable(b->c, row[i].on);
		if (b->c->evt_enable != row[i].works)
			fail_msg("row %zu", i);
		memset(b->ring, 0, 4096);
		wcard_event(b->c, WEFT_EVT_MBOX, 0, 0, 0, 1);
		/* It begins anew, or is off and says nothing. */
		assert_int_equal(b->ring[0].seq, row[i].works);
		assert_int_equal(b->c->evt_tail, row[i].works ? 1 : 40);
		assert_int_equal(b->c->evt_status, row[i].works ? 0 : 3);
		assert_int_equal(taken(b, 0), row[i].works);
	}
}

/* FENCE, FAULT and WAIT_LIMIT go by queue, everything else to vector 0. */
static void vectors(void **state)
{
	struct bed *b = *state;

	b->c->irq_vectors = 4;
	for (uint16_t type = 1; type <= 10; type++) {
		bool of_queue = type == 1 || type == 2 || type == 7;

		for (uint32_t queue = 0; queue < 10; queue++) {
			wcard_event(b->c, type, queue, 0, 0, 0);
			b->c->evt_head = b->c->evt_tail;
			for (unsigned int v = 0; v < WCARD_VECTORS; v++)
				assert_int_equal(taken(b, v), v == (of_queue ? queue % 4 : 0));
		}
	}
	assert_int_equal(atomic_load(&b->c->irqs), 100);
	/* 0, as after reset, is one vector. */
	b->c->irq_vectors = 0;
	wcard_event(b->c, 1, 3, 0, 0, 0);
	assert_int_equal(taken(b, 0), 1);
}

/* Without bus mastering a card sends nothing. */
static void no_master(void **state)
{
	const uint8_t memory_only[2] = { 2, 0 };
	struct bed *b = *state;

	wcard_pci_write(b->c, 4, 2, memory_only);
	wcard_event(b->c, WEFT_EVT_MBOX, 0, 0, 0, 1);
	assert_int_equal(b->ring[0].seq, 0);
	assert_int_equal(b->c->evt_status, 2);
	assert_int_equal(taken(b, 0), 0);
	assert_int_equal(atomic_load(&b->c->irqs), 0);
}

static void descriptors(void **state)
{
	struct bed *b = *state;
	int old = b->c->irq_fd[0], fresh = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	wcard_irq_set_fd(b->c, 0, fresh);
	assert_int_equal(fcntl(old, F_GETFD), -1);		/* closed */
	wcard_event(b->c, WEFT_EVT_MBOX, 0, 0, 0, 1);
	assert_int_equal(taken(b, 0), 0);
	wcard_irq_set_fd(b->c, 0, -1);
	assert_int_equal(fcntl(fresh, F_GETFD), -1);
	wcard_event(b->c, WEFT_EVT_MBOX, 0, 0, 0, 1);
	assert_int_equal(b->c->evt_tail, 2);			/* events need no interrupt */
	assert_int_equal(atomic_load(&b->c->irqs), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(fields), T(wraps), T(overflow), T(nobody_there), T(read_only_ring), T(enable), T(vectors), T(no_master),
		T(descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
