// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <kunit/test.h>

#include "weft_history.h"

static struct weft_history *empty(struct kunit *test)
{
	struct weft_history *h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, h);
	weft_history_init(h);
	return h;
}

static struct weft_note *room(struct kunit *test)
{
	struct weft_note *notes = kunit_kcalloc(test, WEFT_HISTORY_NOTES + 1, sizeof(*notes),
						GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, notes);
	/* what must not be written */
	notes[WEFT_HISTORY_NOTES].value = 0x5a5a;
	return notes;
}

/* The last @count of @n notes whose values count from 0, the oldest first. */
static void expect_last(struct kunit *test, struct weft_history *h, u64 n, u32 count)
{
	struct weft_note *notes = room(test);
	u32 i;

	KUNIT_EXPECT_EQ(test, weft_history_copy(h, notes), count);
	for (i = 0; i < count; i++) {
		KUNIT_EXPECT_EQ(test, notes[i].value, n - count + i);
		KUNIT_EXPECT_EQ(test, notes[i].queue, (u32)(n - count + i) * 3);
		KUNIT_EXPECT_EQ(test, notes[i].error, -(int)(n - count + i));
		KUNIT_EXPECT_STREQ(test, notes[i].what, "note");
		if (i)
			KUNIT_EXPECT_GE(test, notes[i].at_ns, notes[i - 1].at_ns);
	}
	KUNIT_EXPECT_EQ(test, notes[WEFT_HISTORY_NOTES].value, 0x5a5a);
}

static void the_last_ones(struct kunit *test)
{
	struct weft_history *h = empty(test);
	u64 n = 0;

	expect_last(test, h, n, 0);
	while (n < 3 * WEFT_HISTORY_NOTES + 7) {
		weft_history_note(h, "note", (u32)n * 3, n, -(int)n);
		n++;
		if (n < 4 || n % WEFT_HISTORY_NOTES < 2 || n % 37 == 0)
			expect_last(test, h, n, min_t(u64, n, WEFT_HISTORY_NOTES));
	}
	KUNIT_EXPECT_EQ(test, h->count, n);
}

/* It counts all there ever were: the count of a card that has lived for long is no index. */
static void long_ago(struct kunit *test)
{
	struct weft_history *h = empty(test);
	u64 n = (1ull << 32) - 2;
	u32 i;

	h->count = n;
	for (i = 0; i < WEFT_HISTORY_NOTES + 5; i++, n++)
		weft_history_note(h, "note", (u32)n * 3, n, -(int)n);
	expect_last(test, h, n, WEFT_HISTORY_NOTES);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(the_last_ones),
	KUNIT_CASE(long_ago),
	{}
};

static struct kunit_suite suite = { .name = "weft_history", .test_cases = cases };
kunit_test_suite(suite);
