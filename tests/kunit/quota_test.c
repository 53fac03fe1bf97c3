// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include "fake.h"

static void bytes(struct kunit *test)
{
	struct weft_file *f = fake_file(test, fake_card(test));
	atomic64_t used = ATOMIC64_INIT(0);

	KUNIT_EXPECT_EQ(test, weft_file_charge(f, "test", &used, 100, 60), 0);
	KUNIT_EXPECT_EQ(test, weft_file_charge(f, "test", &used, 100, 41), -EDQUOT);
	KUNIT_EXPECT_EQ(test, atomic64_read(&used), 60);
	KUNIT_EXPECT_EQ(test, weft_file_charge(f, "test", &used, 100, 40), 0);
	KUNIT_EXPECT_EQ(test, weft_file_charge(f, "test", &used, 100, 1), -EDQUOT);
	KUNIT_EXPECT_EQ(test, weft_file_charge(f, "test", &used, 100, U64_MAX), -EDQUOT);
	KUNIT_EXPECT_EQ(test, weft_file_charge(f, "test", &used, 100, U64_MAX - 99), -EDQUOT);
	KUNIT_EXPECT_EQ(test, atomic64_read(&used), 100);
}

static void numbers(struct kunit *test)
{
	struct weft_file *f = fake_file(test, fake_card(test));
	atomic_t used = ATOMIC_INIT(0);

	KUNIT_EXPECT_EQ(test, weft_file_charge_count(f, "test", &used, 1), 0);
	KUNIT_EXPECT_EQ(test, weft_file_charge_count(f, "test", &used, 1), -EDQUOT);
	KUNIT_EXPECT_EQ(test, weft_file_charge_count(f, "test", &used, 2), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&used), 2);
}

/* Refused by the limit of all, a file is charged nothing. */
static void host_memory(struct kunit *test)
{
	struct weft_device *w = fake_card(test);
	struct weft_file *f = fake_file(test, w);

	f->system_quota = 8192;
	f->system_limit = 1ULL << 60;
	KUNIT_EXPECT_EQ(test, weft_file_charge_system(w, f, 8192), 0);
	KUNIT_EXPECT_EQ(test, weft_file_charge_system(w, f, 4096), -EDQUOT);
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->system_used), 8192);
	weft_file_uncharge_system(f, 8192);
	f->system_limit = 0;
	KUNIT_EXPECT_EQ(test, weft_file_charge_system(w, f, 4096), -EDQUOT);
	KUNIT_EXPECT_EQ(test, atomic64_read(&f->system_used), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(bytes),
	KUNIT_CASE(numbers),
	KUNIT_CASE(host_memory),
	{}
};

static struct kunit_suite suite = { .name = "weft_quota", .test_cases = cases };
kunit_test_suite(suite);
