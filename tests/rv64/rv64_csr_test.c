/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Control and status registers: every one, by every instruction, and those that are not there. */
#include "rv64_fixture.h"

enum { RW = 1, RS, RC, RWI = 5, RSI, RCI };

static uint64_t csr_op(struct machine *m, unsigned f3, unsigned csr, uint64_t arg)
{
	m->cpu.pc = m->at;
	m->cpu.x[11] = arg;
	put32(m, enc_csr(f3, 10, csr, f3 >= RWI ? (unsigned)arg : arg ? 11 : 0));
	machine_steps(m, 1);
	return m->cpu.x[10];
}

static uint64_t csr_get(struct machine *m, unsigned csr)
{
	return csr_op(m, RS, csr, 0);
}

static void write_set_clear(void **state)
{
	struct machine *m = *state;

	assert_int_equal(csr_op(m, RW, 0x340, 0xf0f0), 0);
	assert_int_equal(csr_op(m, RS, 0x340, 0x0f01), 0xf0f0);
	assert_int_equal(csr_op(m, RC, 0x340, 0x8001), 0xfff1);
	assert_int_equal(csr_op(m, RWI, 0x340, 21), 0x7ff0);
	assert_int_equal(csr_op(m, RSI, 0x340, 10), 21);
	assert_int_equal(csr_op(m, RCI, 0x340, 16), 31);
	assert_int_equal(csr_op(m, RSI, 0x340, 0), 15);
	assert_int_equal(csr_op(m, RW, 0x340, UINT64_MAX), 15);
	assert_int_equal(csr_op(m, RWI, 0x340, 0), UINT64_MAX);	/* writes even 0 */
	assert_int_equal(csr_get(m, 0x340), 0);

	/* rd and rs1 the same: the old value comes back, the old register goes in */
	m->cpu.x[11] = 77;
	m->cpu.mscratch = 33;
	m->cpu.pc = m->at;
	put32(m, enc_csr(RW, 11, 0x340, 11));
	put32(m, enc_csr(RW, 0, 0x340, 11));
	machine_steps(m, 1);
	assert_int_equal(m->cpu.x[11], 33);
	assert_int_equal(m->cpu.mscratch, 77);
	machine_steps(m, 1);
	assert_int_equal(m->cpu.x[0], 0);
	assert_int_equal(m->cpu.mscratch, 33);
}

static void legal_bits(void **state)
{
	static const struct { unsigned csr; uint64_t ones, zeros; } rows[] = {
		{0x300, 0x1888, 0x1800},				/* mstatus: MIE MPIE MPP */
		{0x304, 0x888, 0},					/* mie */
		{0x305, ~UINT64_C(2), 0},				/* mtvec */
		{0x340, UINT64_MAX, 0}, {0x341, ~UINT64_C(1), 0},	/* mscratch mepc */
		{0x342, UINT64_MAX, 0}, {0x343, UINT64_MAX, 0},		/* mcause mtval */
		{0x344, 0, 0},						/* mip: the lines alone */
		{0x301, WCARD_RV64_MISA, WCARD_RV64_MISA},
		{0x323, 0, 0}, {0x33f, 0, 0}, {0xb03, 0, 0}, {0xb1f, 0, 0},
	};
	struct machine *m = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		csr_op(m, RW, rows[i].csr, UINT64_MAX);
		assert_int_equal(csr_get(m, rows[i].csr), rows[i].ones);
		csr_op(m, RWI, rows[i].csr, 0);
		assert_int_equal(csr_get(m, rows[i].csr), rows[i].zeros);
	}
}

static void read_only(void **state)
{
	static const unsigned ro[] = {0xf11, 0xf12, 0xf13, 0xf14, 0xf15};
	struct machine *m = *state;

	assert_int_equal(csr_get(m, 0xf14), 5);
	for (size_t i = 0; i < sizeof(ro) / sizeof(ro[0]); i++) {
		csr_get(m, ro[i]);
		csr_op(m, RSI, ro[i], 0);			/* no write, so no trap */
		for (unsigned f3 = RW; f3 <= RCI; f3++) {
			uint32_t raw = enc_csr(f3, 10, ro[i], 12);

			if (f3 == 4)
				continue;
			m->cpu.x[10] = 4711;
			m->cpu.pc = m->at;
			put32(m, raw);
			expect_trap(m, WCARD_RV64_ILLEGAL, m->at - 4, raw);
			assert_int_equal(m->cpu.x[10], 4711);
		}
	}
}

static void absent(void **state)
{
	/* One of each kind: user, supervisor, absent without U, absent in machine mode, debug, counters of user mode. */
	static const unsigned none[] = {0x000, 0x001, 0x003, 0x100, 0x180, 0x302, 0x303, 0x306, 0x30a, 0x310, 0x320,
					0x345, 0x3a0, 0x7a0, 0x7b0, 0xb01, 0xb20, 0xc00, 0xc01, 0xc02, 0xf10, 0xf16,
					0xfff};
	struct machine *m = *state;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		uint32_t raw = enc_csr(RS, 10, none[i], 0);

		m->cpu.pc = m->at;
		put32(m, raw);
		expect_trap(m, WCARD_RV64_ILLEGAL, m->at - 4, raw);
	}
}

static void counters(void **state)
{
	struct machine *m = *state;
	uint64_t a = csr_get(m, 0xb02);

	m->cpu.pc = m->at;
	for (int i = 0; i < 5; i++)
		put32(m, NOP);
	machine_steps(m, 5);
	assert_int_equal(csr_get(m, 0xb02), a + 6);

	/* the written value is what the next instruction reads */
	csr_op(m, RW, 0xb02, 1000);
	assert_int_equal(csr_get(m, 0xb02), 1000);
	csr_op(m, RW, 0xb00, UINT64_MAX);
	assert_int_equal(csr_get(m, 0xb00), UINT64_MAX);
	assert_int_equal(csr_get(m, 0xb00), 0);

	/* a trap does not count, the handler's WFI does */
	a = csr_get(m, 0xb02);
	m->cpu.pc = m->at;
	put32(m, ECALL);
	expect_trap(m, WCARD_RV64_ECALL_M, m->at - 4, 0);
	assert_int_equal(csr_get(m, 0xb02), a + 2);
}

static void mip_shows_lines(void **state)
{
	static const enum wcard_rv64_line lines[] = {WCARD_RV64_MSI, WCARD_RV64_MTI, WCARD_RV64_MEI};
	struct machine *m = *state;

	for (int i = 0; i < 3; i++) {
		wcard_rv64_set_line(&m->cpu, lines[i], true);
		assert_int_equal(csr_get(m, 0x344), UINT64_C(1) << lines[i]);
		csr_op(m, RWI, 0x344, 0);
		assert_int_equal(csr_get(m, 0x344), UINT64_C(1) << lines[i]);
		wcard_rv64_set_line(&m->cpu, lines[i], false);
		assert_int_equal(csr_get(m, 0x344), 0);
	}
}

static void reset_values(void **state)
{
	struct machine *m = *state;

	csr_op(m, RW, 0x300, UINT64_MAX);
	csr_op(m, RW, 0x304, UINT64_MAX);
	csr_op(m, RW, 0x340, UINT64_MAX);
	wcard_rv64_reset(&m->cpu, BASE + 0x100);
	assert_int_equal(m->cpu.pc, BASE + 0x100);
	for (int i = 0; i < 32; i++)
		assert_int_equal(m->cpu.x[i], 0);
	m->at = BASE + 0x100;
	assert_int_equal(csr_get(m, 0xb02), 0);
	assert_int_equal(csr_get(m, 0x300), WCARD_RV64_MSTATUS_MPP);
	assert_int_equal(csr_get(m, 0x304), 0);
	assert_int_equal(csr_get(m, 0x340), 0);
	assert_int_equal(csr_get(m, 0x305), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(write_set_clear), TEST(legal_bits), TEST(read_only), TEST(absent), TEST(counters),
		TEST(mip_shows_lines), TEST(reset_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
