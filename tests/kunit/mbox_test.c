// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/pci.h>

#include <firmware/abi/reg.h>

#include "fake.h"
#include "weft_mbox.h"

#define STATUS_END	(WEFT_MBOX_STATE + 2)	/* one that nobody knows, too */

/*
 * Of an answer to what was asked twice: what is there already was made by the first, what is not
 * there was ended by it.
 */
static bool forgiven(u16 op, u32 status)
{
	switch (op) {
	case WEFT_MBOX_AS_CREATE:
	case WEFT_MBOX_QUEUE_CREATE:
		return status == WEFT_MBOX_EXISTS;
	case WEFT_MBOX_AS_DESTROY:
	case WEFT_MBOX_QUEUE_DESTROY:
		return status == WEFT_MBOX_NOT_FOUND;
	case WEFT_MBOX_ARM_BIND:	/* makes and ends */
		return status == WEFT_MBOX_EXISTS || status == WEFT_MBOX_NOT_FOUND;
	}
	return false;
}

static void every_answer(struct kunit *test)
{
	u32 op, status;

	for (op = 0; op <= WEFT_MBOX_OP_COUNT; op++) {
		for (status = 0; status < STATUS_END; status++) {
			struct weft_mbox_msg msg = { .op = op, .seq = 7, .status = status };
			u32 wanted = forgiven(op, status) ? WEFT_MBOX_OK : status;

			weft_mbox_forgive(&msg, op);
			KUNIT_EXPECT_EQ_MSG(test, msg.status, wanted, "operation %u, status %u", op,
					    status);
			KUNIT_EXPECT_EQ(test, msg.op, op);
			KUNIT_EXPECT_EQ(test, msg.seq, 7);
		}
	}
}

/* What was asked counts, not what the firmware says that it answers. */
static void another_operation(struct kunit *test)
{
	struct weft_mbox_msg msg = { .op = WEFT_MBOX_AS_CREATE, .status = WEFT_MBOX_EXISTS };

	weft_mbox_forgive(&msg, WEFT_MBOX_QUEUE_DESTROY);
	KUNIT_EXPECT_EQ(test, msg.status, WEFT_MBOX_EXISTS);
}

/*
 * Who comes within a reset finds firmware that was given up, and a card that does not answer: that
 * does not make it lost. Only the asker whose own question was the last finds that out.
 */
static void in_reset(struct kunit *test)
{
	struct weft_device *w = fake_card(test);

	w->pdev = kunit_kzalloc(test, sizeof(*w->pdev), GFP_KERNEL);
	w->mmio.regs = (void __iomem __force *)kunit_kzalloc(test, WEFT_BAR_REGS_BYTES, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w->pdev);
	KUNIT_ASSERT_NOT_NULL(test, (void __force *)w->mmio.regs);
	w->pdev->error_state = pci_channel_io_frozen;	/* so that nothing else happens */
	mutex_init(&w->mbox.lock);
	w->mbox.dead = true;
	w->quiet = true;
	KUNIT_EXPECT_EQ(test, weft_mbox_queue_destroy(w, 3), -EIO);
	KUNIT_EXPECT_EQ(test, weft_mbox_arm_bind(w, SZ_4K, 0), -EIO);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(every_answer),
	KUNIT_CASE(another_operation),
	KUNIT_CASE(in_reset),
	{}
};

static struct kunit_suite suite = { .name = "weft_mbox", .test_cases = cases };
kunit_test_suite(suite);
