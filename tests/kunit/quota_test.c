// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/delay.h>
#include <linux/kthread.h>

#include "fake.h"

static void bytes(struct kunit *test)
{
	struct weft_file *f = fake_file(test, fake_card(test));
	const enum drm_weft_quota_kind kind = DRM_WEFT_QUOTA_LOCAL;
	struct weft_quota *q = &f->quota[kind];

	q->limit = 100;
	KUNIT_EXPECT_EQ(test, weft_file_charge(f, kind, 60), 0);
	KUNIT_EXPECT_EQ(test, weft_file_charge(f, kind, 41), -EDQUOT);
	KUNIT_EXPECT_EQ(test, atomic64_read(&q->used), 60);
	KUNIT_EXPECT_EQ(test, weft_file_charge(f, kind, 40), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&q->refused), 1);
	KUNIT_EXPECT_EQ(test, weft_file_charge(f, kind, 1), -EDQUOT);
	KUNIT_EXPECT_EQ(test, weft_file_charge(f, kind, U64_MAX), -EDQUOT);
	KUNIT_EXPECT_EQ(test, weft_file_charge(f, kind, U64_MAX - 99), -EDQUOT);
	KUNIT_EXPECT_EQ(test, atomic64_read(&q->used), 100);
	KUNIT_EXPECT_EQ(test, atomic64_read(&q->refused), 4);
	weft_file_uncharge(f, kind, 1);
	KUNIT_EXPECT_EQ(test, weft_file_charge(f, kind, 1), 0);
}

/* Refused by the limit of all, a file is charged nothing. */
static void host_memory(struct kunit *test)
{
	struct weft_file *f = fake_file(test, fake_card(test));
	struct weft_quota *own = &f->quota[DRM_WEFT_QUOTA_SYSTEM];
	struct weft_quota *all = &f->quota[DRM_WEFT_QUOTA_SYSTEM_ALL];

	own->limit = 8192;
	all->limit = 1ULL << 60;
	KUNIT_EXPECT_EQ(test, weft_file_charge_system(f, 8192), 0);
	KUNIT_EXPECT_EQ(test, weft_file_charge_system(f, 4096), -EDQUOT);
	KUNIT_EXPECT_EQ(test, atomic64_read(&own->used), 8192);
	KUNIT_EXPECT_EQ(test, atomic64_read(&own->refused), 1);
	weft_file_uncharge_system(f, 8192);
	all->limit = 0;
	KUNIT_EXPECT_EQ(test, weft_file_charge_system(f, 4096), -EDQUOT);
	KUNIT_EXPECT_EQ(test, atomic64_read(&own->used), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&own->refused), 1);
	KUNIT_EXPECT_EQ(test, atomic64_read(&all->refused), 1);
}

static int ask_for_too_much(void *arg)
{
	struct weft_file *f = arg;

	while (!kthread_should_stop()) {
		if (!weft_file_charge(f, DRM_WEFT_QUOTA_LOCAL, 60))
			weft_file_uncharge(f, DRM_WEFT_QUOTA_LOCAL, 60);
		cond_resched();
	}
	return 0;
}

/* One who asks for more than is left costs nobody what is left, not for a moment. */
static void beside_a_greedy_one(struct kunit *test)
{
	struct weft_file *f = fake_file(test, fake_card(test));
	struct weft_quota *q = &f->quota[DRM_WEFT_QUOTA_LOCAL];
	struct task_struct *greedy;
	u32 i, refused = 0;

	q->limit = 100;
	KUNIT_ASSERT_EQ(test, weft_file_charge(f, DRM_WEFT_QUOTA_LOCAL, 50), 0);
	greedy = kthread_run(ask_for_too_much, f, "weft-greedy");
	KUNIT_ASSERT_FALSE(test, IS_ERR(greedy));
	while (!atomic64_read(&q->refused))
		msleep(1);
	for (i = 0; i < 300000; i++) {
		if (weft_file_charge(f, DRM_WEFT_QUOTA_LOCAL, 10))
			refused++;
		else
			weft_file_uncharge(f, DRM_WEFT_QUOTA_LOCAL, 10);
		if (!(i % 1000))
			cond_resched();
	}
	kthread_stop(greedy);
	KUNIT_EXPECT_EQ(test, refused, 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&q->used), 50);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(bytes),
	KUNIT_CASE(beside_a_greedy_one),
	KUNIT_CASE(host_memory),
	{}
};

static struct kunit_suite suite = { .name = "weft_quota", .test_cases = cases };
kunit_test_suite(suite);
