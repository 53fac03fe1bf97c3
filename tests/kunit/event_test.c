// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/io.h>

#include <firmware/abi/boot.h>
#include <firmware/abi/event.h>
#include <firmware/abi/queue.h>
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

/* One whose ring is full at times, with nobody to tell. */
static struct weft_device *overflowing(struct kunit *test)
{
	struct weft_device *w = listener(test);

	xa_init_flags(&w->hwqs, XA_FLAGS_ALLOC | XA_FLAGS_LOCK_IRQ);
	init_waitqueue_head(&w->mbox.wq);
	init_waitqueue_head(&w->safe.wq);
	spin_lock_init(&w->watches.lock);
	return w;
}

static void overflow(struct weft_device *w)
{
	writel(WEFT_EVT_STATUS_OVERFLOW, w->mmio.regs + WEFT_REG_EVT_STATUS);
	weft_event_process(w);
	writel(0, w->mmio.regs + WEFT_REG_EVT_STATUS);
}

/* What a queue was told. */
struct told_queue {
	struct weft_hwq q;
	u32 fences, faults;
};

static void fence(struct weft_hwq *q)
{
	container_of(q, struct told_queue, q)->fences++;
}

static void fault(struct weft_hwq *q)
{
	container_of(q, struct told_queue, q)->faults++;
}

/* The card dropped events: every queue is looked at, and those whose state says so are told of a fault. */
static void lost(struct kunit *test)
{
	static const struct weft_hwq_ops ops = { .fence = fence, .fault = fault };
	static const u32 run[] = { WEFT_QS_RUNNING, WEFT_QS_FAULTED, WEFT_QS_PARKED };
	struct weft_device *w = overflowing(test);
	struct told_queue *told = kunit_kcalloc(test, ARRAY_SIZE(run), sizeof(*told), GFP_KERNEL);
	struct weft_queue_state *state =
		kunit_kcalloc(test, ARRAY_SIZE(run), sizeof(*state), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, told);
	KUNIT_ASSERT_NOT_NULL(test, state);
	w->mmio.lmem = (void __iomem __force *)state;
	w->mmio.lmem_bytes = ARRAY_SIZE(run) * sizeof(*state);
	for (i = 0; i < ARRAY_SIZE(run); i++) {
		state[i].run = run[i];
		told[i].q.ops = &ops;
		told[i].q.desc.state = i * sizeof(*state);
		KUNIT_ASSERT_EQ(test, xa_err(xa_store(&w->hwqs, i, &told[i], GFP_KERNEL)), 0);
	}
	/* a number that is taken, of a queue that is not there yet */
	KUNIT_ASSERT_EQ(test, xa_err(xa_store(&w->hwqs, i, xa_mk_value(0), GFP_KERNEL)), 0);

	/* nothing lost, no ring to look at */
	weft_event_process(w);
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->stats.overflows), 0);
	KUNIT_EXPECT_EQ(test, told[0].fences, 0);

	overflow(w);
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->stats.overflows), 1);
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->stats.faults), 1);
	for (i = 0; i < ARRAY_SIZE(run); i++) {
		KUNIT_EXPECT_EQ(test, told[i].fences, 1);
		KUNIT_EXPECT_EQ(test, told[i].faults, run[i] == WEFT_QS_FAULTED);
	}

	/* A ring that the card cannot write is another matter; and a card that is gone says nothing. */
	writel(WEFT_EVT_STATUS_DMA, w->mmio.regs + WEFT_REG_EVT_STATUS);
	weft_event_process(w);
	writel(~0u, w->mmio.regs + WEFT_REG_EVT_STATUS);
	weft_event_process(w);
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->stats.overflows), 1);
	KUNIT_EXPECT_EQ(test, told[0].fences, 1);

	/* A fault is counted once: found again, and its event comes after all. */
	overflow(w);
	w->events.ring[0] = (struct weft_event) { .type = WEFT_EVT_FAULT, .queue = 1, .seq = 1 };
	weft_event_process(w);
	KUNIT_EXPECT_EQ(test, told[1].faults, 3);
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->stats.faults), 1);
	w->events.ring[1] = (struct weft_event) { .type = WEFT_EVT_FAULT, .queue = 0, .seq = 2 };
	weft_event_process(w);
	KUNIT_EXPECT_EQ(test, told[0].faults, 1);
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->stats.faults), 2);
	xa_destroy(&w->hwqs);
}

/* Memory errors are counted by the card: none is missed, and none is counted twice. */
static void lost_errors(struct kunit *test)
{
	struct weft_device *w = overflowing(test);
	struct weft_event *ring = w->events.ring;
	void __iomem *fatal = w->mmio.regs + WEFT_REG_ECC_FATAL;

	w->caps = WEFT_CAP_TELEMETRY;
	writel(1, fatal);
	ring[0] = (struct weft_event) { .type = WEFT_EVT_ECC, .value = 0x1000, .seq = 1 };
	weft_event_process(w);
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->stats.ecc_errors), 1);
	/* two more, of which no event came */
	writel(3, fatal);
	overflow(w);
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->stats.ecc_errors), 3);
	overflow(w);
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->stats.ecc_errors), 3);
	/* an event of what a look has found */
	ring[1] = (struct weft_event) { .type = WEFT_EVT_ECC, .value = 0x2000, .seq = 2 };
	weft_event_process(w);
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->stats.ecc_errors), 3);
	writel(4, fatal);
	ring[2] = (struct weft_event) { .type = WEFT_EVT_ECC, .value = 0x3000, .seq = 3 };
	weft_event_process(w);
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->stats.ecc_errors), 4);
	/* a card that is gone counts nothing */
	writel(~0u, fatal);
	overflow(w);
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->stats.ecc_errors), 4);
	KUNIT_EXPECT_EQ(test, w->history.count, 3);
}

static atomic_t restarts, checks;

static void note_restart(struct work_struct *work)
{
	atomic_inc(&restarts);
}

static void note_check(struct work_struct *work)
{
	atomic_inc(&checks);
}

/* Firmware that stopped is found by its boot state; of one that runs it is looked whether it lives. */
static void lost_firmware(struct kunit *test)
{
	struct weft_device *w = overflowing(test);
	struct weft_mbox *m = &w->mbox;

	w->work_wq = alloc_workqueue("weft-kunit", WQ_UNBOUND, 0);
	KUNIT_ASSERT_NOT_NULL(test, w->work_wq);
	INIT_WORK(&m->crash_work, note_restart);
	INIT_WORK(&m->check_work, note_check);
	atomic_set(&restarts, 0);
	atomic_set(&checks, 0);

	/* none has run yet */
	writel(WEFT_BOOT_HALTED, w->mmio.regs + WEFT_REG_BOOT_STATUS);
	overflow(w);
	KUNIT_EXPECT_FALSE(test, m->crashed);
	m->greeted = true;
	writel(~0u, w->mmio.regs + WEFT_REG_BOOT_STATUS);
	overflow(w);
	KUNIT_EXPECT_FALSE(test, m->crashed);
	writel(WEFT_BOOT_RUNNING | 7 << 8, w->mmio.regs + WEFT_REG_BOOT_STATUS);
	overflow(w);
	flush_workqueue(w->work_wq);
	KUNIT_EXPECT_FALSE(test, m->crashed);
	KUNIT_EXPECT_EQ(test, atomic_read(&checks), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&restarts), 0);
	writel(WEFT_BOOT_HALTED, w->mmio.regs + WEFT_REG_BOOT_STATUS);
	overflow(w);
	overflow(w);
	flush_workqueue(w->work_wq);
	KUNIT_EXPECT_TRUE(test, m->crashed);
	KUNIT_EXPECT_EQ(test, atomic_read(&checks), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&restarts), 1);
	KUNIT_EXPECT_EQ(test, w->history.count, 1);
	destroy_workqueue(w->work_wq);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(up_to_a_gap),
	KUNIT_CASE(many_turns),
	KUNIT_CASE(by_kind),
	KUNIT_CASE(off),
	KUNIT_CASE(lost),
	KUNIT_CASE(lost_errors),
	KUNIT_CASE(lost_firmware),
	{}
};

static struct kunit_suite suite = { .name = "weft_event", .test_cases = cases };
kunit_test_suite(suite);
