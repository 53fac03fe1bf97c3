// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include "fake.h"

static struct weft_device *card_with_links(struct kunit *test, u32 count)
{
	struct weft_device *w = fake_card(test);

	w->num_links = count;
	weft_link_init(w);
	return w;
}

static struct weft_device *peer(struct kunit *test, u32 serial)
{
	struct weft_device *w = fake_card(test);

	w->serial = serial;
	return w;
}

static void a_peer_keeps_its_tag(struct kunit *test)
{
	struct weft_device *w = card_with_links(test, 4), *a = peer(test, 10), *b = peer(test, 11);

	KUNIT_EXPECT_EQ(test, weft_link_get(w, a), 1);
	KUNIT_EXPECT_EQ(test, weft_link_get(w, b), 2);
	KUNIT_EXPECT_EQ(test, weft_link_get(w, a), 1);
	KUNIT_EXPECT_FALSE(test, weft_link_put(w, 1));
	KUNIT_EXPECT_TRUE(test, weft_link_put(w, 1));
	KUNIT_EXPECT_EQ(test, weft_link_get(w, a), 1);
	KUNIT_EXPECT_EQ(test, weft_link_serial(w, 1), 10);
	KUNIT_EXPECT_EQ(test, weft_link_serial(w, 2), 11);
	/* the same place in memory, another card */
	a->serial = 12;
	KUNIT_EXPECT_EQ(test, weft_link_get(w, a), 3);
}

static void all_taken(struct kunit *test)
{
	struct weft_device *w = card_with_links(test, 3);
	struct weft_device *a = peer(test, 10), *b = peer(test, 11), *c = peer(test, 12);

	KUNIT_EXPECT_EQ(test, weft_link_get(w, a), 1);
	KUNIT_EXPECT_EQ(test, weft_link_get(w, b), 2);
	KUNIT_EXPECT_EQ(test, weft_link_get(w, c), -ENOSPC);
	KUNIT_EXPECT_TRUE(test, weft_link_put(w, 2));
	KUNIT_EXPECT_EQ(test, weft_link_get(w, c), 2);
	KUNIT_EXPECT_EQ(test, weft_link_serial(w, 2), 12);
}

static void bounds(struct kunit *test)
{
	struct weft_device *none = card_with_links(test, 1), *many = card_with_links(test, 1000);
	u32 i;

	KUNIT_EXPECT_EQ(test, weft_link_get(none, peer(test, 1)), -ENOSPC);
	for (i = 1; i < WEFT_LINK_MAX; i++)
		KUNIT_EXPECT_EQ(test, weft_link_get(many, peer(test, i)), i);
	KUNIT_EXPECT_EQ(test, weft_link_get(many, peer(test, i)), -ENOSPC);
	KUNIT_EXPECT_EQ(test, weft_link_serial(many, 0), ~0u);
	KUNIT_EXPECT_EQ(test, weft_link_serial(many, WEFT_LINK_MAX), ~0u);
	KUNIT_EXPECT_FALSE(test, weft_link_put(many, 0));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_peer_keeps_its_tag),
	KUNIT_CASE(all_taken),
	KUNIT_CASE(bounds),
	{}
};

static struct kunit_suite suite = { .name = "weft_link", .test_cases = cases };
kunit_test_suite(suite);
