// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/cred.h>
#include <linux/sizes.h>
#include <drm/weft_accel.h>

#include <firmware/abi/queue.h>
#include <firmware/abi/reg.h>

#include "fake.h"
#include "weft_uqueue.h"
#include "weft_vm.h"

#define RING_BYTES(log2)	((u64)sizeof(union weft_packet) << (log2))

static const struct drm_weft_user_queue_create queue = {
	.band = DRM_WEFT_BAND_NORMAL, .ring_log2 = 8, .ring = SZ_1M, .ctl = SZ_2M,
};

static int set_up(struct kunit *test)
{
	struct weft_device *w = fake_card(test);

	w->caps = WEFT_CAP_LR | WEFT_CAP_TRACE;
	test->priv = w;
	return 0;
}

#define QUEUE(wanted, ...) do {								\
	struct drm_weft_user_queue_create args = queue;					\
											\
	__VA_ARGS__;									\
	KUNIT_EXPECT_EQ_MSG(test, weft_uqueue_check(test->priv, &args), wanted, #__VA_ARGS__);	\
} while (0)

static void accepted(struct kunit *test)
{
	QUEUE(0, args.flags = DRM_WEFT_USER_QUEUE_WAIT_STOPS | DRM_WEFT_USER_QUEUE_TRACE);
	QUEUE(0, args.weight = 1000; args.num_wills = DRM_WEFT_MAX_WILLS);
	QUEUE(0, args.band = DRM_WEFT_BAND_LOW);
	QUEUE(0, args.ring_log2 = WEFT_RING_LOG2_MIN);
	QUEUE(0, args.ring_log2 = WEFT_RING_LOG2_MAX);
	/* right up to the end of the user's addresses */
	QUEUE(0, args.ring = WEFT_VM_END - RING_BYTES(8));
	QUEUE(0, args.ctl = WEFT_VM_END - SZ_4K);
	QUEUE(0, args.run_limit_ns = ~0ull; args.wait_limit_ns = ~0ull);
	QUEUE(0, args.name[0] = ' '; args.name[1] = '~');
	QUEUE(0, memset(args.name, 0xff, sizeof(args.name)));
}

static void refused(struct kunit *test)
{
	QUEUE(-EINVAL, args.pad = 1);
	/* what would end a line, or reach a terminal; and something behind the end */
	QUEUE(-EINVAL, args.name[0] = '\n');
	QUEUE(-EINVAL, args.name[0] = 'x'; args.name[1] = 0x1b);
	QUEUE(-EINVAL, args.name[0] = 0x7f);
	QUEUE(-EINVAL, args.name[1] = 'x');
	QUEUE(-EINVAL, memset(args.name, 'x', sizeof(args.name)); args.name[31] = 0x1f);
	QUEUE(-EINVAL, args.flags = 0x80);
	QUEUE(-EINVAL, args.flags = 1u << 31);
	QUEUE(-EINVAL, args.band = DRM_WEFT_BAND_LOW + 1);
	QUEUE(-EINVAL, args.band = ~0u);
	QUEUE(-EINVAL, args.weight = 1001);
	QUEUE(-EINVAL, args.num_wills = DRM_WEFT_MAX_WILLS + 1);
	QUEUE(-EINVAL, args.ring_log2 = WEFT_RING_LOG2_MIN - 1);
	QUEUE(-EINVAL, args.ring_log2 = WEFT_RING_LOG2_MAX + 1);
	/* shifts that would be none of this type */
	QUEUE(-EINVAL, args.ring_log2 = 58);
	QUEUE(-EINVAL, args.ring_log2 = 64);
	QUEUE(-EINVAL, args.ring_log2 = ~0u);
	QUEUE(-EINVAL, args.ring = 0);
	QUEUE(-EINVAL, args.ctl = 0);
	QUEUE(-EINVAL, args.ring |= 64);
	QUEUE(-EINVAL, args.ctl |= 8);
	QUEUE(-EINVAL, args.ring = WEFT_VM_END - RING_BYTES(8) + SZ_4K);
	QUEUE(-EINVAL, args.ring = WEFT_VM_END);
	QUEUE(-EINVAL, args.ring = -(u64)SZ_4K);
	QUEUE(-EINVAL, args.ring = -RING_BYTES(8));
	QUEUE(-EINVAL, args.ctl = WEFT_VM_END);
	QUEUE(-EINVAL, args.ctl = -(u64)SZ_4K);
}

static void what_the_card_has(struct kunit *test)
{
	struct weft_device *w = test->priv;

	w->caps = WEFT_CAP_LR;
	QUEUE(0, args.flags = DRM_WEFT_USER_QUEUE_WAIT_STOPS);
	QUEUE(-EOPNOTSUPP, args.flags = DRM_WEFT_USER_QUEUE_TRACE);
	w->caps = ~0ull & ~WEFT_CAP_LR;
	QUEUE(-EOPNOTSUPP, args.flags = 0);
	/* an argument that is wrong everywhere is wrong here too */
	QUEUE(-EINVAL, args.pad = 1);
}

/* Bands above NORMAL are for who may raise priorities. */
static void privileged_bands(struct kunit *test)
{
	struct cred *plain = prepare_creds();
	const struct cred *before;
	u32 band;

	KUNIT_ASSERT_NOT_NULL(test, plain);
	for (band = 0; band <= DRM_WEFT_BAND_LOW; band++)
		QUEUE(0, args.band = band);
	cap_lower(plain->cap_effective, CAP_SYS_NICE);
	before = override_creds(plain);
	for (band = 0; band <= DRM_WEFT_BAND_LOW; band++)
		QUEUE(band < DRM_WEFT_BAND_NORMAL ? -EACCES : 0, args.band = band);
	revert_creds(before);
	abort_creds(plain);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(accepted),
	KUNIT_CASE(refused),
	KUNIT_CASE(what_the_card_has),
	KUNIT_CASE(privileged_bands),
	{}
};

static struct kunit_suite suite = {
	.name = "weft_uqueue", .init = set_up, .test_cases = cases,
};
kunit_test_suite(suite);
