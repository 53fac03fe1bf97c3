// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Every mailbox operation: valid, and with each word wrong. */
#include "fw_rig.h"

#define BELOW	(RIG_LIMIT - 4096)	/* user memory */
#define LAST	(RIG_LMEM - 4096)
#define VA_END	(UINT64_C(1) << 48)

static void unknown_operations(void **state)
{
	static const uint16_t ops[] = { 0, WEFT_MBOX_OP_COUNT, 0x100, 0xffff };

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		assert_refused((struct rig *)*state, (struct weft_mbox_msg){ .op = ops[i] }, WEFT_MBOX_BAD_OP, 0);
}

/* Each word an operation does not name must be 0, and is named when it is not. */
static void unnamed_words(void **state)
{
	static const uint32_t named[WEFT_MBOX_OP_COUNT] = {
		[WEFT_MBOX_HELLO] = 14, [WEFT_MBOX_PING] = 14, [WEFT_MBOX_AS_CREATE] = 4, [WEFT_MBOX_AS_DESTROY] = 1,
		[WEFT_MBOX_QUEUE_CREATE] = 13, [WEFT_MBOX_QUEUE_DESTROY] = 1, [WEFT_MBOX_LOG_LEVEL] = 1,
		[WEFT_MBOX_SUSPEND] = 1, [WEFT_MBOX_RESUME] = 1, [WEFT_MBOX_ARM_BIND] = 4, [WEFT_MBOX_POLICY] = 3,
	};
	struct rig *r = *state;

	for (uint16_t op = 1; op < WEFT_MBOX_OP_COUNT; op++) {
		struct weft_mbox_msg m = { .op = op };

		assert_true(named[op]);
		if (op == WEFT_MBOX_AS_CREATE)
			m = rig_as(1, WEFT_AS_FENCE);
		if (op == WEFT_MBOX_QUEUE_CREATE)
			m = rig_queue(1, 1, WEFT_QUEUE_JOB);
		if (op == WEFT_MBOX_POLICY)
			m.u.arg[1] = m.u.arg[2] = 1;
		for (uint32_t i = named[op]; i < 14; i++) {
			struct weft_mbox_msg bad = m;

			bad.u.arg[i] = UINT32_C(1) << i;
			assert_refused(r, bad, WEFT_MBOX_BAD_ARG, i);
		}
	}
	assert_false(r->m.as[1].used);
}

static void ping(void **state)
{
	struct weft_mbox_msg m = { .op = WEFT_MBOX_PING }, rsp;

	for (unsigned i = 0; i < sizeof(m.u.data); i++)
		m.u.data[i] = (uint8_t)(37 * i + 11);
	rsp = rig_call(*state, m);
	assert_int_equal(rsp.status, WEFT_MBOX_OK);
	assert_memory_equal(rsp.u.data, m.u.data, sizeof(m.u.data));
}

static void address_spaces(void **state)
{
	struct rig *r = *state;
	struct weft_mbox_msg m = rig_as(3, WEFT_AS_LR), destroy = { .op = WEFT_MBOX_AS_DESTROY };

	assert_ok(r, m);
	assert_true(r->m.as[3].used);
	assert_int_equal(r->m.as[3].type, WEFT_AS_LR);
	assert_int_equal(r->m.as[3].root, m.u.as.root);
	assert_refused(r, m, WEFT_MBOX_EXISTS, 0);
	assert_ok(r, rig_as(CP_MODEL_ASIDS - 1, WEFT_AS_FENCE));
	assert_int_equal(r->m.as[CP_MODEL_ASIDS - 1].type, WEFT_AS_FENCE);

	destroy.u.as.asid = 3;
	assert_ok(r, destroy);
	assert_false(r->m.as[3].used);
	assert_refused(r, destroy, WEFT_MBOX_NOT_FOUND, 0);
	destroy.u.as.asid = CP_MODEL_ASIDS;
	assert_refused(r, destroy, WEFT_MBOX_BAD_ARG, 0);
	destroy.u.as.asid = UINT32_MAX;
	assert_refused(r, destroy, WEFT_MBOX_BAD_ARG, 0);
}

static void address_space_fields(void **state)
{
	static const uint64_t roots[] = { 0, BELOW, RIG_LIMIT + 1, RIG_LIMIT + 2048, RIG_LMEM, LAST + 1,
					  UINT64_MAX, UINT64_MAX - 4095, (UINT64_C(1) << 32) + RIG_LIMIT };
	struct rig *r = *state;
	struct weft_mbox_msg m = rig_as(CP_MODEL_ASIDS, WEFT_AS_FENCE);

	assert_refused(r, m, WEFT_MBOX_BAD_ARG, 0);
	m = rig_as(0, 2);
	assert_refused(r, m, WEFT_MBOX_BAD_ARG, 1);
	m = rig_as(0, UINT32_MAX);
	assert_refused(r, m, WEFT_MBOX_BAD_ARG, 1);
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		m = rig_as(0, WEFT_AS_FENCE);
		m.u.as.root = roots[i];
		assert_refused(r, m, WEFT_MBOX_BAD_ARG, 2);
	}
	/* The first and the last page of the carve-out are good. */
	m.u.as.root = RIG_LIMIT;
	assert_ok(r, m);
	m.u.as.asid = 1;
	m.u.as.root = LAST;
	assert_ok(r, m);
}

static void queues(void **state)
{
	struct rig *r = *state;
	struct weft_mbox_msg job = rig_queue(5, 1, WEFT_QUEUE_JOB), user = rig_queue(6, 2, WEFT_QUEUE_USER);
	struct weft_mbox_msg destroy = { .op = WEFT_MBOX_QUEUE_DESTROY }, as = { .op = WEFT_MBOX_AS_DESTROY };

	assert_refused(r, job, WEFT_MBOX_NOT_FOUND, 0);
	assert_ok(r, rig_as(1, WEFT_AS_FENCE));
	assert_ok(r, rig_as(2, WEFT_AS_LR));
	assert_ok(r, job);
	assert_memory_equal(&r->m.queue[5].desc, &job.u.queue, sizeof(job.u.queue));
	assert_refused(r, job, WEFT_MBOX_EXISTS, 0);
	user.u.queue.flags = WEFT_QUEUE_F_TRACE | WEFT_QUEUE_F_WAIT_STOPS;
	assert_ok(r, user);
	assert_memory_equal(&r->m.queue[6].desc, &user.u.queue, sizeof(user.u.queue));

	as.u.as.asid = 1;
	assert_refused(r, as, WEFT_MBOX_BUSY, 0);
	destroy.u.arg[0] = 5;
	r->m.queue[5].busy = true;
	assert_refused(r, destroy, WEFT_MBOX_BUSY, 0);
	r->m.queue[5].busy = false;
	assert_ok(r, destroy);
	assert_refused(r, destroy, WEFT_MBOX_NOT_FOUND, 0);
	assert_ok(r, as);
	/* Nothing is remembered of a space that is gone. */
	assert_refused(r, rig_queue(5, 1, WEFT_QUEUE_USER), WEFT_MBOX_NOT_FOUND, 0);
	destroy.u.arg[0] = CP_MODEL_QUEUES;
	assert_refused(r, destroy, WEFT_MBOX_BAD_ARG, 0);
}

static void kind_and_space_must_agree(void **state)
{
	struct rig *r = *state;

	assert_ok(r, rig_as(1, WEFT_AS_FENCE));
	assert_ok(r, rig_as(2, WEFT_AS_LR));
	assert_refused(r, rig_queue(0, 1, WEFT_QUEUE_USER), WEFT_MBOX_BAD_ARG, 1);
	assert_refused(r, rig_queue(0, 2, WEFT_QUEUE_JOB), WEFT_MBOX_BAD_ARG, 1);

	/* A restarted firmware knows no spaces; the card does. */
	wfw_init(&r->fw, &r->m.hal);
	assert_int_equal(rig_hello(r, WEFT_CONTRACT_VERSION, WEFT_CONTRACT_VERSION).status, WEFT_MBOX_OK);
	assert_refused(r, rig_queue(0, 2, WEFT_QUEUE_JOB), WEFT_MBOX_BAD_ARG, 1);
	assert_ok(r, rig_queue(0, 2, WEFT_QUEUE_USER));
	assert_ok(r, rig_queue(1, 1, WEFT_QUEUE_JOB));
}

#define SPOIL(kind, member, value, word) do {					\
	struct weft_mbox_msg m_ = rig_queue(4, kind == WEFT_QUEUE_JOB ? 1 : 2, kind);	\
	m_.u.queue.member = (value);						\
	assert_refused(r, m_, WEFT_MBOX_BAD_ARG, word);				\
} while (0)
#define GOOD(kind, member, value) do {						\
	struct weft_mbox_msg m_ = rig_queue(4, kind == WEFT_QUEUE_JOB ? 1 : 2, kind);	\
	m_.u.queue.member = (value);						\
	assert_ok(r, m_);							\
	assert_ok(r, ((struct weft_mbox_msg){ .op = WEFT_MBOX_QUEUE_DESTROY, .u.arg = { 4 } }));	\
} while (0)

static void queue_fields(void **state)
{
	static const uint64_t not_carveout[] = { 0, BELOW, RIG_LIMIT + 64, RIG_LMEM, UINT64_MAX - 4095, UINT64_MAX };
	static const uint64_t not_va[] = { 64, VA_END, VA_END - 1, UINT64_MAX - 4095, UINT64_MAX };
	struct rig *r = *state;

	assert_ok(r, rig_as(1, WEFT_AS_FENCE));
	assert_ok(r, rig_as(2, WEFT_AS_LR));
	for (uint8_t kind = WEFT_QUEUE_JOB; kind <= WEFT_QUEUE_USER; kind++) {
		SPOIL(kind, id, CP_MODEL_QUEUES, 0);
		SPOIL(kind, id, WEFT_QUEUE_NONE, 0);
		SPOIL(kind, asid, CP_MODEL_ASIDS, 1);
		SPOIL(kind, asid, 0xffff, 1);
		SPOIL(kind, kind, 2, 1);
		SPOIL(kind, band, WEFT_BAND_LOW + 1, 1);
		for (size_t i = 0; i < sizeof(not_carveout) / sizeof(not_carveout[0]); i++) {
			SPOIL(kind, state, not_carveout[i], 6);
			if (kind == WEFT_QUEUE_JOB) {
				SPOIL(kind, ring, not_carveout[i], 2);
				SPOIL(kind, ctl, not_carveout[i], 4);
			}
		}
		SPOIL(kind, ring_log2, WEFT_RING_LOG2_MIN - 1, 12);
		SPOIL(kind, ring_log2, WEFT_RING_LOG2_MAX + 1, 12);
		SPOIL(kind, ring_log2, 0xff, 12);
		SPOIL(kind, flags, 0x04, 12);
		SPOIL(kind, flags, 0x80, 12);
		SPOIL(kind, weight, 0, 12);
		SPOIL(kind, weight, 1001, 12);
		SPOIL(kind, reserved, 1, 13);
		GOOD(kind, ring_log2, WEFT_RING_LOG2_MIN);
		GOOD(kind, weight, 1);
		GOOD(kind, weight, 1000);
		GOOD(kind, band, WEFT_BAND_REALTIME);
		GOOD(kind, state, LAST);
	}
	for (size_t i = 0; i < sizeof(not_va) / sizeof(not_va[0]); i++) {
		SPOIL(WEFT_QUEUE_USER, ring, not_va[i], 2);
		SPOIL(WEFT_QUEUE_USER, ctl, not_va[i], 4);
	}
	/* The ring's last byte counts: 64 packets are one page. */
	GOOD(WEFT_QUEUE_JOB, ring, LAST);
	GOOD(WEFT_QUEUE_USER, ring, VA_END - 4096);
	{
		struct weft_mbox_msg m = rig_queue(4, 1, WEFT_QUEUE_JOB);

		m.u.queue.ring = LAST;
		m.u.queue.ring_log2 = 7;
		assert_refused(r, m, WEFT_MBOX_BAD_ARG, 2);
		m = rig_queue(4, 2, WEFT_QUEUE_USER);
		m.u.queue.ring = VA_END - 4096;
		m.u.queue.ring_log2 = 7;
		assert_refused(r, m, WEFT_MBOX_BAD_ARG, 2);
	}
	SPOIL(WEFT_QUEUE_JOB, run_limit_ns, 0, 8);
	SPOIL(WEFT_QUEUE_JOB, wait_limit_ns, 0, 10);
	GOOD(WEFT_QUEUE_USER, run_limit_ns, 0);
	GOOD(WEFT_QUEUE_USER, run_limit_ns, UINT64_MAX);
}

static void log_level(void **state)
{
	struct rig *r = *state;
	struct weft_mbox_msg m = { .op = WEFT_MBOX_LOG_LEVEL };

	for (m.u.arg[0] = 0; m.u.arg[0] <= WFW_LOG_DEBUG; m.u.arg[0]++) {
		assert_ok(r, m);
		assert_int_equal(r->fw.log_level, m.u.arg[0]);
	}
	assert_refused(r, m, WEFT_MBOX_BAD_ARG, 0);
	assert_int_equal(r->fw.log_level, WFW_LOG_DEBUG);
}

static void suspend_and_resume(void **state)
{
	struct rig *r = *state;
	struct weft_mbox_msg suspend = { .op = WEFT_MBOX_SUSPEND, .u.arg = { 7 } };
	struct weft_mbox_msg resume = { .op = WEFT_MBOX_RESUME, .u.arg = { 7 } };

	assert_refused(r, suspend, WEFT_MBOX_NOT_FOUND, 0);
	assert_ok(r, rig_as(1, WEFT_AS_FENCE));
	assert_ok(r, rig_queue(7, 1, WEFT_QUEUE_JOB));
	assert_refused(r, resume, WEFT_MBOX_STATE, 0);
	assert_ok(r, suspend);
	assert_true(r->m.queue[7].suspended);
	assert_refused(r, suspend, WEFT_MBOX_STATE, 0);
	assert_ok(r, resume);
	assert_false(r->m.queue[7].suspended);
	r->m.no_suspend = true;
	assert_refused(r, suspend, WEFT_MBOX_NO_CAP, 0);
	assert_refused(r, resume, WEFT_MBOX_NO_CAP, 0);
	suspend.u.arg[0] = resume.u.arg[0] = CP_MODEL_QUEUES;
	assert_refused(r, suspend, WEFT_MBOX_BAD_ARG, 0);
	assert_refused(r, resume, WEFT_MBOX_BAD_ARG, 0);
}

static void arm_bind(void **state)
{
	struct rig *r = *state;
	struct weft_mbox_msg m = { .op = WEFT_MBOX_ARM_BIND };

	m.u.armpage.sem = BELOW;
	m.u.armpage.arm = LAST;
	assert_ok(r, m);
	assert_int_equal(r->m.arm[0].sem, BELOW);
	assert_int_equal(r->m.arm[0].arm, LAST);
	assert_refused(r, m, WEFT_MBOX_EXISTS, 0);
	m.u.armpage.arm = 0;
	assert_ok(r, m);
	assert_refused(r, m, WEFT_MBOX_NOT_FOUND, 0);

	m.u.armpage.sem = RIG_LIMIT;
	assert_refused(r, m, WEFT_MBOX_BAD_ARG, 0);
	m.u.armpage.sem = 32;
	assert_refused(r, m, WEFT_MBOX_BAD_ARG, 0);
	m.u.armpage.sem = 0;
	m.u.armpage.arm = BELOW;
	assert_refused(r, m, WEFT_MBOX_BAD_ARG, 2);
	m.u.armpage.arm = RIG_LMEM;
	assert_refused(r, m, WEFT_MBOX_BAD_ARG, 2);
	m.u.armpage.arm = LAST - 4096 + 8;
	assert_refused(r, m, WEFT_MBOX_BAD_ARG, 2);
}

static void policy(void **state)
{
	struct rig *r = *state;
	struct weft_mbox_msg m = { .op = WEFT_MBOX_POLICY, .u.arg = { WEFT_BAND_LOW, 50, 2000000 } };

	assert_ok(r, m);
	assert_int_equal(r->m.policy[WEFT_BAND_LOW].floor, 50);
	assert_int_equal(r->m.policy[WEFT_BAND_LOW].slice, 2000000);
	assert_int_equal(r->m.pol_cmds, 1);
	m.u.arg[2] = 0;
	assert_refused(r, m, WEFT_MBOX_BAD_ARG, 2);
	m.u.arg[2] = 100000001;
	assert_refused(r, m, WEFT_MBOX_BAD_ARG, 2);
	m.u.arg[1] = 1001;
	assert_refused(r, m, WEFT_MBOX_BAD_ARG, 1);
	m.u.arg[0] = 4;
	assert_refused(r, m, WEFT_MBOX_BAD_ARG, 0);
	assert_int_equal(r->m.pol_cmds, 1);
	/* The largest slice, and no floor, are right. */
	m = (struct weft_mbox_msg){ .op = WEFT_MBOX_POLICY, .u.arg = { WEFT_BAND_REALTIME, 0, 100000000 } };
	assert_ok(r, m);
	assert_int_equal(r->m.policy[WEFT_BAND_REALTIME].slice, 100000000);
}

/* What the firmware does not remember the card does: also a restarted one cannot promise more than there is. */
static void floors_together(void **state)
{
	struct rig *r = *state;
	struct weft_mbox_msg m = { .op = WEFT_MBOX_POLICY, .u.arg = { WEFT_BAND_LOW, 600, 1000000 } };

	assert_ok(r, m);
	wfw_init(&r->fw, &r->m.hal);
	assert_int_equal(rig_hello(r, WEFT_CONTRACT_VERSION, WEFT_CONTRACT_VERSION).status, WEFT_MBOX_OK);
	m.u.arg[0] = WEFT_BAND_HIGH;
	m.u.arg[1] = 401;
	assert_refused(r, m, WEFT_MBOX_BAD_ARG, 1);
	assert_int_equal(r->m.policy[WEFT_BAND_HIGH].floor, 0);
	m.u.arg[1] = 400;
	assert_ok(r, m);
	assert_int_equal(r->m.policy[WEFT_BAND_HIGH].floor, 400);
	assert_int_equal(r->m.policy[WEFT_BAND_LOW].floor, 600);
}

static void missing_capabilities(void **state)
{
	struct rig *r = *state;
	struct weft_mbox_msg m;

	r->m.caps = WEFT_CAP_ROM_BOOT;
	wfw_init(&r->fw, &r->m.hal);
	assert_int_equal(rig_hello(r, WEFT_CONTRACT_VERSION, WEFT_CONTRACT_VERSION).status, WEFT_MBOX_OK);
	assert_refused(r, ((struct weft_mbox_msg){ .op = WEFT_MBOX_ARM_BIND }), WEFT_MBOX_NO_CAP, 0);
	assert_refused(r, ((struct weft_mbox_msg){ .op = WEFT_MBOX_POLICY }), WEFT_MBOX_NO_CAP, 0);
	assert_refused(r, rig_as(2, WEFT_AS_LR), WEFT_MBOX_NO_CAP, 0);
	assert_refused(r, rig_queue(1, 2, WEFT_QUEUE_USER), WEFT_MBOX_NO_CAP, 0);
	assert_ok(r, rig_as(1, WEFT_AS_FENCE));
	m = rig_queue(1, 1, WEFT_QUEUE_JOB);
	m.u.queue.flags = WEFT_QUEUE_F_TRACE;
	assert_refused(r, m, WEFT_MBOX_NO_CAP, 0);
	m.u.queue.flags = 0;
	assert_ok(r, m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup_hello, rig_teardown)
		T(unknown_operations), T(unnamed_words), T(ping), T(address_spaces), T(address_space_fields),
		T(queues), T(kind_and_space_must_agree), T(queue_fields), T(log_level), T(suspend_and_resume),
		T(arm_bind), T(policy), T(floors_together),
		T(missing_capabilities),
	};

	return cmocka_run_group_tests_name("firmware/op", tests, NULL, NULL);
}
