// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/io.h>

#include <firmware/abi/event.h>
#include <firmware/abi/reg.h>

#include "fake.h"

#define LOG2	5
#define SIZE	(1u << LOG2)

/* A ring that nobody interrupts for, and registers that are memory. */
static struct weft_device *listener(struct kunit *test)
{
	struct weft_device *w = fake_card(test);
	struct weft_event_ring *r = &w->events;
	void *regs = kunit_kzalloc(test, WEFT_BAR_REGS_BYTES, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, regs);
	w->mmio.regs = (void __iomem __force *)regs;
	spin_lock_init(&r->lock);
	spin_lock_init(&w->history.lock);
	r->ring = kunit_kcalloc(test, SIZE, sizeof(*r->ring), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, r->ring);
	r->log2 = LOG2;
	r->on = true;
	return w;
}

/* The card's side: event @n of its life, a count that starts at 0. */
static void arrive(struct weft_device *w, u32 n)
{
	struct weft_event *e = &w->events.ring[n % SIZE];

	*e = (struct weft_event) { .type = WEFT_EVT_WAIT_LIMIT, .queue = n };
	e->seq = n + 1;
}

static u32 told(struct weft_device *w)
{
	return readl(w->mmio.regs + WEFT_REG_EVT_HEAD);
}

static void up_to_a_gap(struct kunit *test)
{
	struct weft_device *w = listener(test);

	arrive(w, 0);
	arrive(w, 1);
	arrive(w, 3);
	weft_event_process(w);
	KUNIT_EXPECT_EQ(test, w->events.head, 2);
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->stats.wait_limits), 2);
	KUNIT_EXPECT_EQ(test, told(w), 0);	/* far from full */
	arrive(w, 2);
	weft_event_process(w);
	KUNIT_EXPECT_EQ(test, w->events.head, 4);
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->stats.events), 4);
}

/* A slot holds the event of the turn before until it is written anew: that is not taken again. */
static void many_turns(struct kunit *test)
{
	struct weft_device *w = listener(test);
	u32 n = 0, i;

	while (n < 5 * SIZE) {
		for (i = 0; i < 5; i++)
			arrive(w, n++);
		weft_event_process(w);
		KUNIT_EXPECT_EQ(test, w->events.head, n);
		/* the card has room for three quarters of a ring at least */
		KUNIT_EXPECT_LT(test, n - told(w), SIZE / 4 + 5);
	}
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->stats.wait_limits), n);
}

static void by_kind(struct kunit *test)
{
	struct weft_device *w = listener(test);
	struct weft_event *ring = w->events.ring;

	ring[0] = (struct weft_event) { .type = WEFT_EVT_LINK, .queue = 2, .seq = 1 };
	ring[1] = (struct weft_event) { .type = WEFT_EVT_ECC, .value = 0x1000, .seq = 2 };
	ring[2] = (struct weft_event) { .type = 999, .queue = ~0u, .seq = 3 };
	weft_event_process(w);
	KUNIT_EXPECT_EQ(test, w->events.head, 3);
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->stats.links_down), 1);
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->stats.ecc_errors), 1);
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->stats.wait_limits), 0);
	KUNIT_EXPECT_EQ(test, w->history.count, 2);
}

static void off(struct kunit *test)
{
	struct weft_device *w = listener(test);

	arrive(w, 0);
	w->events.on = false;
	weft_event_process(w);
	KUNIT_EXPECT_EQ(test, w->events.head, 0);
	w->events.on = true;
	w->pm.asleep = true;
	weft_event_process(w);
	KUNIT_EXPECT_EQ(test, w->events.head, 0);
	w->pm.asleep = false;
	weft_event_process(w);
	KUNIT_EXPECT_EQ(test, w->events.head, 1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(up_to_a_gap),
	KUNIT_CASE(many_turns),
	KUNIT_CASE(by_kind),
	KUNIT_CASE(off),
	{}
};

static struct kunit_suite suite = { .name = "weft_event", .test_cases = cases };
kunit_test_suite(suite);
