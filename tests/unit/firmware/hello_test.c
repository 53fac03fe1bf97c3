// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* HELLO with every kind of range, and what is refused before it. */
#include "fw_rig.h"

#define V	WEFT_CONTRACT_VERSION

static void before_hello_everything_answers_state(void **state)
{
	struct rig *r = *state;

	for (unsigned op = 0; op < WEFT_MBOX_OP_COUNT + 3; op++) {
		struct weft_mbox_msg m = { .op = (uint16_t)op };

		if (op != WEFT_MBOX_HELLO)
			assert_refused(r, m, WEFT_MBOX_STATE, 0);
	}
	assert_ok(r, ((struct weft_mbox_msg){ .op = WEFT_MBOX_HELLO, .u.hello = { V, V } }));
	assert_ok(r, (struct weft_mbox_msg){ .op = WEFT_MBOX_PING });
}

static void ranges(void **state)
{
	static const struct {
		uint32_t min, max;
		bool ok;
	} cases[] = {
		{ V, V, true },				/* exactly ours */
		{ 0, V, true },				/* older too */
		{ V, V + 5, true },			/* newer too */
		{ V - 1, V + 1, true },			/* around */
		{ 0, UINT32_MAX, true },		/* all */
		{ 0, V - 1, false },			/* all older */
		{ V + 1, V + 9, false },		/* all newer */
		{ 0, 0, false },
		{ UINT32_MAX, UINT32_MAX, false },
	};
	struct rig *r = *state;

	bool agreed = false;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct weft_mbox_msg rsp = rig_hello(r, cases[i].min, cases[i].max);

		assert_int_equal(rsp.status, cases[i].ok ? WEFT_MBOX_OK : WEFT_MBOX_VERSION);
		assert_int_equal(rsp.u.hello_rsp.contract, cases[i].ok ? V : 0);
		assert_int_equal(rsp.u.hello_rsp.contract_min, V);
		assert_int_equal(rsp.u.hello_rsp.contract_max, V);
		assert_int_equal(rsp.u.hello_rsp.fw_version, 0x100);
		/* What is refused changes nothing. */
		agreed |= cases[i].ok;
		assert_int_equal(rig_call(r, (struct weft_mbox_msg){ .op = WEFT_MBOX_PING }).status,
				 agreed ? WEFT_MBOX_OK : WEFT_MBOX_STATE);
	}
}

static void empty_range_is_a_wrong_argument(void **state)
{
	struct rig *r = *state;
	struct weft_mbox_msg rsp = rig_hello(r, V + 1, V);

	assert_int_equal(rsp.status, WEFT_MBOX_BAD_ARG);
	assert_int_equal(rsp.u.detail, 0);
}

static void newer_host_may_use_reserved_words(void **state)
{
	struct weft_mbox_msg m = { .op = WEFT_MBOX_HELLO, .u.hello = { V, V + 1, { 1, 2, 3 } } };

	assert_ok((struct rig *)*state, m);
}

static void card_range_counts_too(void **state)
{
	struct rig *r = *state;
	struct weft_mbox_msg rsp;

	r->m.contract_min = 0;
	r->m.contract_max = V + 7;
	rsp = rig_hello(r, 0, V + 7);
	assert_int_equal(rsp.status, WEFT_MBOX_OK);
	assert_int_equal(rsp.u.hello_rsp.contract, V);
	assert_int_equal(rsp.u.hello_rsp.contract_min, V);
	assert_int_equal(rsp.u.hello_rsp.contract_max, V);

	/* Card and firmware have nothing in common: refused, with a range that is one. */
	r->m.contract_min = r->m.contract_max = V + 3;
	rsp = rig_hello(r, 0, UINT32_MAX);
	assert_int_equal(rsp.status, WEFT_MBOX_VERSION);
	assert_int_equal(rsp.u.hello_rsp.contract, 0);
	assert_int_equal(rsp.u.hello_rsp.contract_min, V);
	assert_int_equal(rsp.u.hello_rsp.contract_max, V);
	r->m.contract_min = r->m.contract_max = V - 1;
	assert_int_equal(rig_hello(r, 0, UINT32_MAX).status, WEFT_MBOX_VERSION);
	assert_non_null(strstr(rig_log(r, 0), "host speaks contract 0.0 to 65535.65535"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
		T(before_hello_everything_answers_state), T(ranges), T(empty_range_is_a_wrong_argument),
		T(newer_host_may_use_reserved_words), T(card_range_counts_too),
	};

	return cmocka_run_group_tests_name("firmware/hello", tests, NULL, NULL);
}
