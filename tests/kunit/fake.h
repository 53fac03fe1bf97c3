/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* A card without hardware, and a file of it: for functions that only count. Freed with the test. */
#ifndef WEFT_KUNIT_FAKE_H
#define WEFT_KUNIT_FAKE_H

#include <kunit/test.h>

#include "weft_device.h"
#include "weft_file.h"

static inline struct weft_device *fake_card(struct kunit *test)
{
	struct weft_device *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	return w;
}

static inline struct weft_file *fake_file(struct kunit *test, struct weft_device *w)
{
	struct weft_file *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	kref_init(&f->ref);
	f->w = w;
	return f;
}

#endif
