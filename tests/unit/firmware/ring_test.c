// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* The mailbox ring itself: order, wrapping indexes, full rings, unusable ones, restart; and the heartbeat. */
#include "fw_rig.h"

static struct weft_mbox_msg ping(uint32_t seq)
{
	struct weft_mbox_msg m = { .op = WEFT_MBOX_PING, .seq = seq };

	m.u.arg[13] = ~seq;
	return m;
}

static void take_ping(struct rig *r, uint32_t seq)
{
	struct weft_mbox_msg rsp;

	assert_true(cp_model_take(&r->m, &rsp));
	assert_int_equal(rsp.status, WEFT_MBOX_OK);
	assert_int_equal(rsp.seq, seq);
	assert_int_equal(rsp.u.arg[13], ~seq);
}

static void full_ring_in_order(void **state)
{
	struct rig *r = *state;

	for (uint32_t round = 0; round < 5; round++) {
		for (uint32_t i = 0; i < WEFT_MBOX_SLOTS; i++) {
			struct weft_mbox_msg m = ping(1000 * round + i);

			cp_model_post(&r->m, &m);
		}
		rig_run(r);
		assert_int_equal(r->m.req_head, r->m.req_tail);
		assert_int_equal(r->m.rsp_tail, r->m.req_tail);
		for (uint32_t i = 0; i < WEFT_MBOX_SLOTS; i++)
			take_ping(r, 1000 * round + i);
	}
}

/* The free-running indexes pass 2^32. */
static void indexes_wrap(void **state)
{
	struct rig *r = *state;

	r->m.req_tail = r->m.req_head = r->m.rsp_tail = r->m.rsp_head = UINT32_MAX - 100;
	wfw_init(&r->fw, &r->m.hal);
	assert_int_equal(rig_hello(r, WEFT_CONTRACT_VERSION, WEFT_CONTRACT_VERSION).status, WEFT_MBOX_OK);
	for (uint32_t i = 0; i < 300; i += 3) {
		for (uint32_t j = 0; j < 3; j++) {
			struct weft_mbox_msg m = ping(i + j);

			cp_model_post(&r->m, &m);
		}
		rig_run(r);
		for (uint32_t j = 0; j < 3; j++)
			take_ping(r, i + j);
	}
	assert_int_equal(r->m.rsp_tail, 200);
}

static void responses_not_taken_are_not_overwritten(void **state)
{
	struct rig *r = *state;
	struct weft_mbox_msg m;

	for (uint32_t i = 0; i < WEFT_MBOX_SLOTS - 4; i++) {
		m = ping(i);
		cp_model_post(&r->m, &m);
	}
	rig_run(r);
	/* one more than the contract allows: none of the five is looked at */
	for (uint32_t i = WEFT_MBOX_SLOTS - 4; i <= WEFT_MBOX_SLOTS; i++) {
		m = ping(i);
		cp_model_post(&r->m, &m);
	}
	rig_run(r);
	assert_int_equal(r->m.rsp_tail - r->m.rsp_head, WEFT_MBOX_SLOTS - 4);
	take_ping(r, 0);
	r->m.now_ns += WFW_HEARTBEAT_NS;
	assert_true(cp_model_pending(&r->m));
	rig_run(r);
	for (uint32_t i = 1; i <= WEFT_MBOX_SLOTS; i++)
		take_ping(r, i);
}

static void nonsense_tail_is_ignored(void **state)
{
	struct rig *r = *state;
	uint32_t tail = r->m.req_tail, from = r->m.log_tail;

	r->m.req_tail = tail + WEFT_MBOX_SLOTS + 1;
	r->m.irq |= WEFT_CP_IRQ_MBOX;
	rig_run(r);
	r->m.req_tail = tail - 1;
	r->m.irq |= WEFT_CP_IRQ_MBOX;
	rig_run(r);
	assert_int_equal(r->m.rsp_tail, tail);
	assert_non_null(strstr(rig_log(r, from), "mailbox unusable"));
	assert_null(strstr(strstr(rig_log(r, from), "mailbox unusable") + 1, "mailbox unusable"));

	r->m.req_tail = tail;
	assert_int_equal(rig_call(r, ping(0)).status, WEFT_MBOX_OK);
}

static void bad_base_waits_for_a_good_one(void **state)
{
	static const uint64_t bad[] = { 0, RIG_LIMIT - 4096, RIG_LIMIT + 64, RIG_LMEM - 4096, RIG_LMEM, UINT64_MAX - 4095 };
	struct rig *r = *state;
	struct weft_mbox_msg m = ping(9);

	cp_model_post(&r->m, &m);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		r->m.mbox_base = bad[i];
		r->m.irq |= WEFT_CP_IRQ_MBOX;
		rig_run(r);
		assert_int_equal(r->m.rsp_tail, r->m.rsp_head);
	}
	r->m.mbox_base = RIG_MBOX;
	r->m.now_ns += WFW_HEARTBEAT_NS;
	rig_run(r);
	take_ping(r, 9);
}

/* START sets the indices to 0: what was left is gone, and a new greeting is due. */
static void restart_begins_anew(void **state)
{
	struct rig *r = *state;
	struct weft_mbox_msg m = ping(1), rsp;

	cp_model_post(&r->m, &m);
	r->m.req_tail = r->m.req_head = r->m.rsp_tail = r->m.rsp_head = 0;
	wfw_init(&r->fw, &r->m.hal);
	rig_run(r);
	assert_false(cp_model_take(&r->m, &rsp));
	m = ping(2);
	cp_model_post(&r->m, &m);
	rig_run(r);
	assert_true(cp_model_take(&r->m, &rsp));
	assert_int_equal(rsp.seq, 2);
	assert_int_equal(rsp.status, WEFT_MBOX_STATE);
	assert_int_equal(rig_hello(r, WEFT_CONTRACT_VERSION, WEFT_CONTRACT_VERSION).status, WEFT_MBOX_OK);
}

/* A new MBOX_BASE sets them to 0 as well, and the greeting stays. */
static void moved_mailbox(void **state)
{
	struct rig *r = *state;
	struct weft_mbox_msg m;

	assert_int_equal(rig_hello(r, WEFT_CONTRACT_VERSION, WEFT_CONTRACT_VERSION).status, WEFT_MBOX_OK);
	for (uint32_t i = 1; i <= 3; i++) {
		m = ping(i);
		cp_model_post(&r->m, &m);
		rig_run(r);
		take_ping(r, i);
		r->m.mbox_base += WEFT_MBOX_BYTES;
		r->m.req_tail = r->m.req_head = r->m.rsp_tail = r->m.rsp_head = 0;
		if (i == 2)
			rig_run(r);	/* seen with nothing to do, or only with the first request */
	}
}

static void heartbeat(void **state)
{
	struct rig *r = *state;
	uint32_t beat = r->m.heartbeat;

	/* Asleep until the timer: nothing is pending just before it. */
	assert_true(r->m.timecmp_ns > r->m.now_ns);
	assert_true(r->m.timecmp_ns - r->m.now_ns <= 100000000);
	for (int i = 0; i < 50; i++) {
		r->m.now_ns = r->m.timecmp_ns - 1;
		assert_false(cp_model_pending(&r->m));
		r->m.now_ns++;
		assert_true(cp_model_pending(&r->m));
		rig_run(r);
		assert_int_equal(r->m.heartbeat, ++beat);
	}
	/* Work in between neither hastens nor delays it. */
	assert_int_equal(rig_call(r, ping(1)).status, WEFT_MBOX_OK);
	assert_int_equal(r->m.heartbeat, beat);
	/* A late wake-up gives one beat, not a storm. */
	r->m.now_ns += UINT64_C(10000000000);
	rig_run(r);
	assert_int_equal(r->m.heartbeat, beat + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup_hello, rig_teardown)
		T(full_ring_in_order), T(indexes_wrap), T(responses_not_taken_are_not_overwritten),
		T(nonsense_tail_is_ignored), T(bad_base_waits_for_a_good_one), T(restart_begins_anew),
		T(moved_mailbox), T(heartbeat),
	};

	return cmocka_run_group_tests_name("firmware/ring", tests, NULL, NULL);
}
