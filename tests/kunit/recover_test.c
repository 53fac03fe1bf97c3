// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
/* What is made of a queue whose job ran out of time, and of one that stopped. */
#include <linux/io.h>
#include <linux/pci.h>

#include <firmware/abi/fault.h>
#include <firmware/abi/reg.h>

#include "fake.h"
#include "weft_job.h"
#include "weft_queue.h"

#define LMEM		SZ_8K
#define STATE		SZ_4K
#define LIMIT_MS	100
#define NOW		(1000 * (u64)NSEC_PER_MSEC)
#define RAN(ms)		((ms) * (u64)NSEC_PER_MSEC)

/** struct world - @queue of a card that is memory: @regs, and @state in the local one */
struct world {
	struct weft_queue queue;
	struct weft_queue_state *state;
	void *regs;
};

static int set_up(struct kunit *test)
{
	struct world *world = fake_memory(test, sizeof(*world));
	struct weft_device *w = fake_card(test);
	void *lmem = fake_memory(test, LMEM);

	world->regs = fake_memory(test, WEFT_BAR_REGS_BYTES);
	world->state = lmem + STATE;
	w->mmio.regs = (void __iomem __force *)world->regs;
	w->mmio.lmem = (void __iomem __force *)lmem;
	w->mmio.lmem_bytes = LMEM;
	w->lmem_bytes = LMEM;
	/* one that runtime PM knows nothing of: engine time is what was seen last */
	w->pdev = fake_memory(test, sizeof(*w->pdev));
	spin_lock_init(&w->pdev->dev.power.lock);
	w->pdev->dev.power.disable_depth = 1;
	world->queue.w = w;
	world->queue.hw.w = w;
	world->queue.hw.desc.state = STATE;
	world->queue.run_limit_ms = LIMIT_MS;
	writeq(NOW, w->mmio.regs + WEFT_REG_CLOCK_NOW);
	test->priv = world;
	return 0;
}

static bool starves(struct world *world, u32 run, u32 engine, u64 progress_ns, u64 ran_ns)
{
	world->queue.hw.past_busy_ns = 5000;
	world->queue.busy_mark = 3000;
	world->queue.hw.busy_seen = ran_ns - 2000;
	world->state->run = run;
	world->state->engine = engine;
	world->state->progress_ns = progress_ns;
	return weft_recover_starves(&world->queue, (struct weft_queue_look) {
		.run = run, .engine = engine, .progress_ns = progress_ns,
	});
}

/* One that is ready has no turn, whatever it had before. */
static void ready(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, starves(test->priv, WEFT_QS_READY, 0, 0, RAN(1)));
	KUNIT_EXPECT_TRUE(test, starves(test->priv, WEFT_QS_READY, 0, NOW, RAN(1000 * LIMIT_MS)));
}

static void running(struct kunit *test)
{
	/* it has had less than its limit, and ends units */
	KUNIT_EXPECT_TRUE(test, starves(test->priv, WEFT_QS_RUNNING, 1, NOW, RAN(LIMIT_MS) - 1));
	KUNIT_EXPECT_TRUE(test, starves(test->priv, WEFT_QS_RUNNING, 7, NOW - RAN(200), RAN(1)));
	KUNIT_EXPECT_FALSE(test, starves(test->priv, WEFT_QS_RUNNING, 1, NOW, RAN(LIMIT_MS)));
	KUNIT_EXPECT_FALSE(test, starves(test->priv, WEFT_QS_RUNNING, 1, NOW, RAN(2 * LIMIT_MS)));
	/* it waits for a time of its own */
	KUNIT_EXPECT_FALSE(test, starves(test->priv, WEFT_QS_RUNNING, 0, NOW, RAN(1)));
	/* the card's clock was read before */
	KUNIT_EXPECT_TRUE(test, starves(test->priv, WEFT_QS_RUNNING, 1, NOW + 1, RAN(1)));
}

/* On an engine, and no unit of it ends: looked at for as long as a unit may take. */
static void hung(struct kunit *test)
{
	ktime_t from = ktime_get();

	KUNIT_EXPECT_FALSE(test, starves(test->priv, WEFT_QS_RUNNING, 1, NOW - RAN(201), RAN(1)));
	KUNIT_EXPECT_GE(test, ktime_ms_delta(ktime_get(), from), 200);
}

static void at_rest(struct kunit *test)
{
	u32 run;

	for (run = 0; run < 32; run++) {
		if (run == WEFT_QS_READY || run == WEFT_QS_RUNNING)
			continue;
		KUNIT_EXPECT_FALSE_MSG(test, starves(test->priv, run, 1, NOW, RAN(1)), "state %u",
				       run);
	}
	/* a card that is gone */
	KUNIT_EXPECT_FALSE(test, starves(test->priv, ~0u, ~0u, ~0ull, RAN(1)));
}

static void errors(struct kunit *test)
{
	u32 cause;

	for (cause = 0; cause < 64; cause++) {
		bool time = cause == WEFT_FAULT_RUN_LIMIT || cause == WEFT_FAULT_HANG;

		KUNIT_EXPECT_EQ(test, weft_recover_errno(true, cause), -ETIME);
		KUNIT_EXPECT_EQ_MSG(test, weft_recover_errno(false, cause), time ? -ETIME : -EFAULT,
				    "cause %u", cause);
	}
	KUNIT_EXPECT_EQ(test, weft_recover_errno(false, ~0u), -EFAULT);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(ready),
	KUNIT_CASE(running),
	KUNIT_CASE(hung),
	KUNIT_CASE(at_rest),
	KUNIT_CASE(errors),
	{}
};

static struct kunit_suite suite = {
	.name = "weft_recover", .init = set_up, .test_cases = cases,
};
kunit_test_suite(suite);
