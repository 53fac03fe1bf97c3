// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Formatter, log ring, and fault lines. */
#include "firmware/core/format.h"
#include "fw_rig.h"

static void same_as_printf(void **state)
{
	char want[128], got[128];

	(void)state;
#define SAME(...) do {									\
	size_t n_ = wfw_format(got, sizeof(got), __VA_ARGS__);				\
	assert_int_equal(n_, snprintf(want, sizeof(want), __VA_ARGS__));		\
	assert_string_equal(got, want);							\
} while (0)
	SAME("plain");
	SAME("%s|%5s|%c|%%", "text", "ab", 'x');
	SAME("%u %u %u", 0u, 1u, UINT32_MAX);
	SAME("%lu %lx %x", UINT64_MAX, UINT64_MAX, 0xdeadbeefu);
	SAME("%06lu|%8x|%3u|%08x", 42ul, 0xabcu, 123456u, 0x1fu);
}

static void formatter_keeps_to_its_buffer(void **state)
{
	char buf[16];

	(void)state;
	for (size_t size = 0; size <= sizeof(buf); size++) {
		memset(buf, '#', sizeof(buf));
		assert_int_equal(wfw_format(buf, size, "%s %lu", "abcdefghijklmnop", UINT64_MAX), size ? size - 1 : 0);
		for (size_t i = size; i < sizeof(buf); i++)
			assert_int_equal(buf[i], '#');
		if (size)
			assert_int_equal(buf[size - 1], 0);
	}
}

static void boot_line_waits_for_the_ring(void **state)
{
	struct rig *r = *state;

	assert_int_equal(r->m.log_tail, 0);
	rig_run(r);
	assert_string_equal(rig_log(r, 0), "[    0.000000] weft firmware 0.1.0, 8 address spaces, 16 queues, "
			    "capabilities 0xffffffffffffffff\n");
}

static void ring_wraps(void **state)
{
	struct rig *r = *state;
	char want[64];

	/* Just before the wrap of the index itself, so that both wraps happen. */
	r->m.log_tail = UINT32_MAX - 1000;
	wfw_init(&r->fw, &r->m.hal);
	for (uint32_t i = 0; i < 400; i++) {
		uint32_t from = r->m.log_tail;

		r->m.now_ns = UINT64_C(1234567890) + i * 1000;
		wfw_log(&r->fw, WFW_LOG_ERROR, "line %u", i);
		snprintf(want, sizeof(want), "[    1.%06u] line %u\n", 234567 + i, i);
		assert_string_equal(rig_log(r, from), want);
	}
	/* The rest of the carve-out is untouched. */
	assert_int_equal(r->m.lmem[RIG_LOG + RIG_LOG_BYTES], 0);
	assert_int_equal(r->m.lmem[RIG_LOG - 1], 0);
}

static void unusable_rings_get_nothing(void **state)
{
	static const struct { uint64_t base; uint32_t bytes; } bad[] = {
		{ RIG_LOG, 0 }, { RIG_LOG, 2048 }, { RIG_LOG, 5000 }, { RIG_LOG, 12288 }, { RIG_LOG, UINT32_C(1) << 31 },
		{ 0, 4096 }, { RIG_LIMIT - 4096, 8192 }, { RIG_LOG + 16, 4096 }, { RIG_LMEM - 4096, 8192 },
		{ UINT64_MAX - 4095, 4096 },
	};
	struct rig *r = *state;
	uint32_t tail;

	rig_run(r);
	tail = r->m.log_tail;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		r->m.log_base = bad[i].base;
		r->m.log_bytes = bad[i].bytes;
		wfw_log(&r->fw, WFW_LOG_ERROR, "nowhere");
		assert_int_equal(r->m.log_tail, tail);
	}
	/* More text than can be kept: the oldest stays. */
	for (uint32_t i = 0; i < 100; i++)
		wfw_log(&r->fw, WFW_LOG_ERROR, "kept %u", i);
	r->m.log_base = RIG_LOG;
	r->m.log_bytes = RIG_LOG_BYTES;
	rig_run(r);
	assert_non_null(strstr(rig_log(r, tail), "nowhere\n"));
	assert_non_null(strstr(rig_log(r, tail), "kept 1\n"));
	assert_null(strstr(rig_log(r, tail), "kept 99\n"));
}

static void long_lines_are_cut(void **state)
{
	struct rig *r = *state;
	char text[400];
	const char *got;
	uint32_t from;

	rig_run(r);
	from = r->m.log_tail;
	memset(text, 'y', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	wfw_log(&r->fw, WFW_LOG_ERROR, "%s", text);
	got = rig_log(r, from);
	assert_true(strlen(got) > 100 && strlen(got) <= 160);
	assert_int_equal(got[strlen(got) - 1], '\n');
}

static void levels(void **state)
{
	struct rig *r = *state;

	for (uint32_t level = 0; level <= WFW_LOG_DEBUG; level++) {
		uint32_t from;

		rig_run(r);
		from = r->m.log_tail;
		r->fw.log_level = level;
		for (enum wfw_level l = WFW_LOG_ERROR; l <= WFW_LOG_DEBUG; l++)
			wfw_log(&r->fw, l, "level %u", (unsigned)l);
		for (char l = '0'; l <= '2'; l++)
			assert_int_equal(strstr(rig_log(r, from), (char[]){ 'l', 'e', 'v', 'e', 'l', ' ', l, 0 }) != NULL,
					 (uint32_t)(l - '0') <= level);
	}
}

static void faults_are_decoded(void **state)
{
	struct rig *r = *state;
	uint32_t from;

	rig_run(r);
	from = r->m.log_tail;
	cp_model_fault(&r->m, 3, WEFT_FAULT_PT_WRITE, UINT64_C(0x7f0012345000));
	cp_model_fault(&r->m, 4095, WEFT_FAULT_HANG, 0);
	cp_model_fault(&r->m, 0, 999, 1);
	assert_true(cp_model_pending(&r->m));
	rig_run(r);
	assert_int_equal(r->m.fault_first, r->m.fault_end);
	assert_non_null(strstr(rig_log(r, from), "queue 3: fault 3 PT_WRITE: no right to write, va 0x7f0012345000\n"));
	assert_non_null(strstr(rig_log(r, from), "queue 4095: fault 32 HANG: no progress in time, va 0x0\n"));
	assert_non_null(strstr(rig_log(r, from), "queue 0: fault 999 unknown cause, va 0x1\n"));
}

static void many_faults_take_several_passes(void **state)
{
	struct rig *r = *state;

	rig_run(r);
	for (uint32_t i = 0; i < 100; i++)
		cp_model_fault(&r->m, i % CP_MODEL_QUEUES, WEFT_FAULT_BUS, i);
	assert_true(wfw_step(&r->fw));		/* heartbeat and mailbox get their turn in between */
	assert_int_equal(r->m.fault_end - r->m.fault_first, 100 - 64);
	assert_false(wfw_step(&r->fw));
	assert_int_equal(r->m.fault_first, r->m.fault_end);
}

static void every_cause_has_a_name_of_its_own(void **state)
{
	static const uint32_t first_of_gap[] = { 13, 27, 38, WEFT_FAULT_COUNT };
	unsigned known = 0;

	(void)state;
	for (uint32_t a = 0; a < WEFT_FAULT_COUNT; a++) {
		if (!strcmp(wfw_fault_name(a), "unknown cause"))
			continue;
		known++;
		for (uint32_t b = 0; b < a; b++)
			assert_string_not_equal(wfw_fault_name(a), wfw_fault_name(b));
	}
	assert_int_equal(known, 13 + 11 + 6 + 4);
	for (size_t i = 0; i < sizeof(first_of_gap) / sizeof(first_of_gap[0]); i++)
		assert_string_equal(wfw_fault_name(first_of_gap[i]), "unknown cause");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
		cmocka_unit_test(same_as_printf), cmocka_unit_test(formatter_keeps_to_its_buffer),
		cmocka_unit_test(every_cause_has_a_name_of_its_own),
		T(boot_line_waits_for_the_ring), T(ring_wraps), T(unusable_rings_get_nothing), T(long_lines_are_cut),
		T(levels), T(faults_are_decoded), T(many_faults_take_several_passes),
	};

	return cmocka_run_group_tests_name("firmware/log", tests, NULL, NULL);
}
