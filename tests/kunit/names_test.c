// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <kunit/test.h>

#include <firmware/abi/fault.h>
#include <firmware/abi/mailbox.h>
#include <firmware/abi/packet.h>
#include <firmware/abi/safe.h>

#include "weft_device.h"
#include "weft_names.h"

/*
 * Numbers have gaps: those have no name, and no two others have the same; beyond @count there is
 * none.
 */
static void table(struct kunit *test, const char *(*name)(u32), u32 count)
{
	u32 i, j, known = 0;

	for (i = 0; i < count; i++) {
		KUNIT_ASSERT_NOT_NULL(test, name(i));
		if (!strcmp(name(i), "unknown"))
			continue;
		known++;
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_STRNEQ(test, name(i), name(j));
	}
	KUNIT_EXPECT_GE(test, known, 7);
	KUNIT_EXPECT_STREQ(test, name(count), "unknown");
	KUNIT_EXPECT_STREQ(test, name(U32_MAX), "unknown");
}

static void tables(struct kunit *test)
{
	table(test, weft_name_fault, WEFT_FAULT_COUNT);
	table(test, weft_name_packet, WEFT_PKT_OP_COUNT);
	table(test, weft_name_safe, WEFT_SAFE_OP_COUNT);
	table(test, weft_name_mbox, WEFT_MBOX_OP_COUNT);
}

static void some(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, weft_name_fault(WEFT_FAULT_PT_INVALID), "PT_INVALID");
	KUNIT_EXPECT_STREQ(test, weft_name_packet(WEFT_PKT_CALL), "CALL");
	KUNIT_EXPECT_STREQ(test, weft_name_state(WEFT_WEDGED), "WEDGED");
	KUNIT_EXPECT_STREQ(test, weft_name_state(-1), "unknown");
	KUNIT_EXPECT_STREQ(test, weft_name_run(U32_MAX), "unknown");
	KUNIT_EXPECT_STREQ(test, weft_name_event(U32_MAX), "unknown");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(tables),
	KUNIT_CASE(some),
	{}
};

static struct kunit_suite suite = { .name = "weft_names", .test_cases = cases };
kunit_test_suite(suite);
