/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Traps, interrupts, MRET, WFI, and the reasons run() gives for stopping. */
#include "rv64_fixture.h"

#define MIE_ALL		0x888u

static void exceptions(void **state)
{
	const struct { uint32_t raw; uint64_t cause, tval; } rows[] = {
		{ECALL, WCARD_RV64_ECALL_M, 0},
		{EBREAK, WCARD_RV64_BREAKPOINT, BASE + 4},
		{0xffffffff, WCARD_RV64_ILLEGAL, 0xffffffff},
		{0x10200073, WCARD_RV64_ILLEGAL, 0x10200073},			/* sret */
		{enc_i(0x03, 7, 1, 8, 0), WCARD_RV64_ILLEGAL, enc_i(0x03, 7, 1, 8, 0)},
		{enc_s(4, 0, 0, 0), WCARD_RV64_ILLEGAL, enc_s(4, 0, 0, 0)},
		{enc_b(2, 0, 0, 8), WCARD_RV64_ILLEGAL, enc_b(2, 0, 0, 8)},
		{enc_i(0x67, 1, 1, 5, 0), WCARD_RV64_ILLEGAL, enc_i(0x67, 1, 1, 5, 0)},
		{enc_r(0x33, 2, 0x20, 1, 1, 1), WCARD_RV64_ILLEGAL, enc_r(0x33, 2, 0x20, 1, 1, 1)},
		{enc_r(0x3b, 2, 0, 1, 1, 1), WCARD_RV64_ILLEGAL, enc_r(0x3b, 2, 0, 1, 1, 1)},
		{enc_r(0x3b, 1, 1, 1, 1, 1), WCARD_RV64_ILLEGAL, enc_r(0x3b, 1, 1, 1, 1, 1)},
		{enc_i(0x13, 1, 1, 1, 0x400), WCARD_RV64_ILLEGAL, enc_i(0x13, 1, 1, 1, 0x400)},
		{enc_i(0x1b, 1, 1, 1, 0x20), WCARD_RV64_ILLEGAL, enc_i(0x1b, 1, 1, 1, 0x20)},
		{enc_i(0x1b, 2, 1, 1, 0), WCARD_RV64_ILLEGAL, enc_i(0x1b, 2, 1, 1, 0)},
		{enc_amo(2, 0, 2, 1, 8, 1), WCARD_RV64_ILLEGAL, enc_amo(2, 0, 2, 1, 8, 1)},	/* lr with rs2 */
		{enc_amo(5, 0, 2, 1, 8, 1), WCARD_RV64_ILLEGAL, enc_amo(5, 0, 2, 1, 8, 1)},	/* amocas */
		{enc_amo(0, 0, 1, 1, 8, 1), WCARD_RV64_ILLEGAL, enc_amo(0, 0, 1, 1, 8, 1)},
		{enc_csr(4, 1, 0x340, 1), WCARD_RV64_ILLEGAL, enc_csr(4, 1, 0x340, 1)},
		{enc_i(0x0f, 2, 0, 0, 0), WCARD_RV64_ILLEGAL, enc_i(0x0f, 2, 0, 0, 0)},
		{enc_i(0x07, 3, 0, 8, 0), WCARD_RV64_ILLEGAL, enc_i(0x07, 3, 0, 8, 0)},		/* fld */
		{enc_ld(10, 5, 0), WCARD_RV64_LOAD_ACCESS, DEVICE + 4096},
		{enc_ld(10, 6, 0), WCARD_RV64_LOAD_ACCESS, DEVICE + 1},		/* misaligned on the bus */
		{enc_ld(10, 7, -4), WCARD_RV64_LOAD_ACCESS, BASE + RAM_BYTES - 4},	/* over the end of RAM */
		{enc_ld(10, 9, -4), WCARD_RV64_LOAD_ACCESS, BASE - 4},		/* over its beginning */
		{enc_sd(10, 5, 0), WCARD_RV64_STORE_ACCESS, DEVICE + 4096},
		{enc_sd(10, 6, 0), WCARD_RV64_STORE_ACCESS, DEVICE + 1},
		{enc_sd(10, 7, -4), WCARD_RV64_STORE_ACCESS, BASE + RAM_BYTES - 4},
		{enc_s(1, 0, 10, -1), WCARD_RV64_STORE_ACCESS, UINT64_MAX},
	};
	struct machine *m = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		machine_restart(m);
		m->cpu.x[5] = DEVICE + 4096;
		m->cpu.x[6] = DEVICE + 1;
		m->cpu.x[7] = BASE + RAM_BYTES;
		m->cpu.x[8] = DATA;
		m->cpu.x[9] = BASE;
		m->cpu.x[10] = 4711;
		m->cpu.mstatus |= WCARD_RV64_MSTATUS_MIE;
		put32(m, enc_addi(3, 3, 1));
		put32(m, rows[i].raw);
		put32(m, enc_addi(3, 3, 1));
		expect_trap(m, rows[i].cause, BASE + 4, rows[i].tval);
		assert_int_equal(m->cpu.x[3], 1);		/* precise: before yes, after no */
		assert_int_equal(m->cpu.x[10], 4711);
		assert_int_equal(m->cpu.mstatus, WCARD_RV64_MSTATUS_MPP | WCARD_RV64_MSTATUS_MPIE);
		assert_int_equal(m->dev_loads + m->dev_stores, 0);
	}
}

static void bad_fetches(void **state)
{
	struct machine *m = *state;

	put32(m, enc_jalr(1, 5, 0));
	m->cpu.x[5] = DEVICE;
	expect_trap(m, WCARD_RV64_FETCH_ACCESS, DEVICE, DEVICE);
	assert_int_equal(m->cpu.x[1], BASE + 4);		/* the jump itself retired */

	/* a host that sets an odd pc: the only way to a misaligned one */
	m->cpu.pc = BASE + 1;
	expect_trap(m, WCARD_RV64_FETCH_MISALIGNED, BASE, BASE + 1);

	/* running off the end, and an instruction half in RAM */
	m->at = m->cpu.pc = BASE + RAM_BYTES - 4;
	put32(m, NOP);
	expect_trap(m, WCARD_RV64_FETCH_ACCESS, BASE + RAM_BYTES, BASE + RAM_BYTES);
	poke(m, BASE + RAM_BYTES - 2, 2, NOP);
	wcard_rv64_invalidate(&m->cpu, BASE + RAM_BYTES - 2, 2);
	m->cpu.pc = BASE + RAM_BYTES - 2;
	expect_trap(m, WCARD_RV64_FETCH_ACCESS, BASE + RAM_BYTES - 2, BASE + RAM_BYTES);
}

static void vectors(void **state)
{
	static const enum wcard_rv64_line lines[] = {WCARD_RV64_MSI, WCARD_RV64_MTI, WCARD_RV64_MEI};
	struct machine *m = *state;

	for (int vectored = 0; vectored < 2; vectored++) {
		for (int i = 0; i < 3; i++) {
			uint64_t vector = VECTOR + (vectored ? 4u * lines[i] : 0);

			machine_restart(m);
			m->cpu.mtvec = VECTOR | (unsigned)vectored;
			m->at = vector;
			put32(m, enc_addi(4, 4, 1));
			m->at = BASE;
			put32(m, enc_csr(6, 0, 0x300, 8));		/* MIE */
			m->cpu.x[5] = MIE_ALL;
			put32(m, enc_csr(1, 0, 0x304, 5));
			put32(m, enc_addi(3, 3, 1));
			wcard_rv64_set_line(&m->cpu, lines[i], true);
			machine_steps(m, 3);
			wcard_rv64_set_line(&m->cpu, lines[i], false);
			assert_int_equal(m->cpu.pc, vector + 4);
			assert_int_equal(m->cpu.x[4], 1);
			assert_int_equal(m->cpu.x[3], 0);
			assert_int_equal(m->cpu.mepc, BASE + 8);
			assert_int_equal(m->cpu.mcause, WCARD_RV64_INTERRUPT | lines[i]);
			assert_int_equal(m->cpu.mtval, 0);
			assert_int_equal(m->cpu.mstatus & WCARD_RV64_MSTATUS_MIE, 0);
		}
	}
	/* exceptions go to the base in both modes */
	machine_restart(m);
	m->cpu.mtvec = VECTOR | 1;
	put32(m, ECALL);
	expect_trap(m, WCARD_RV64_ECALL_M, BASE, 0);
}

static void priority_and_masking(void **state)
{
	struct machine *m = *state;
	unsigned all[] = {WCARD_RV64_MSI, WCARD_RV64_MTI, WCARD_RV64_MEI};

	for (unsigned mask = 0; mask < 8; mask++) {
		uint64_t mie = (mask & 1 ? 1u << 3 : 0) | (mask & 2 ? 1u << 7 : 0) | (mask & 4 ? 1u << 11 : 0);
		uint64_t want = mask & 4 ? 11 : mask & 1 ? 3 : 7;

		for (int mstatus_mie = 0; mstatus_mie < 2; mstatus_mie++) {
			machine_restart(m);
			for (int i = 0; i < 3; i++)
				wcard_rv64_set_line(&m->cpu, (enum wcard_rv64_line)all[i], true);
			m->cpu.x[5] = mie;
			put32(m, enc_csr(1, 0, 0x304, 5));
			put32(m, enc_csr(mstatus_mie ? 6 : 7, 0, 0x300, 8));
			put32(m, NOP);
			put32(m, NOP);
			machine_steps(m, 3);
			if (mask && mstatus_mie) {
				/* WFI at the vector goes on: the line is pending, though masked by MIE */
				assert_int_equal(m->cpu.pc, VECTOR + 4);
				assert_int_equal(m->cpu.mcause, WCARD_RV64_INTERRUPT | want);
				assert_int_equal(m->cpu.mepc, BASE + 8);
			} else {
				assert_int_equal(m->cpu.pc, BASE + 12);
				assert_int_equal(m->cpu.mcause, 0);
			}
			for (int i = 0; i < 3; i++)
				wcard_rv64_set_line(&m->cpu, (enum wcard_rv64_line)all[i], false);
		}
	}
}

static void mret(void **state)
{
	struct machine *m = *state;

	for (int mpie = 0; mpie < 2; mpie++) {
		machine_restart(m);
		m->cpu.mstatus |= mpie ? WCARD_RV64_MSTATUS_MPIE : WCARD_RV64_MSTATUS_MIE;
		m->cpu.mepc = BASE + 0x102;
		put32(m, MRET);
		machine_steps(m, 1);
		assert_int_equal(m->cpu.pc, BASE + 0x102);
		assert_int_equal(m->cpu.mstatus, WCARD_RV64_MSTATUS_MPP | WCARD_RV64_MSTATUS_MPIE |
						 (mpie ? WCARD_RV64_MSTATUS_MIE : 0));
	}
	/* to a pending interrupt: taken before the instruction returned to */
	machine_restart(m);
	m->cpu.mstatus |= WCARD_RV64_MSTATUS_MPIE;
	m->cpu.mepc = BASE + 8;
	m->cpu.mie = MIE_ALL;
	put32(m, MRET);
	put32(m, NOP);
	put32(m, enc_addi(3, 3, 1));
	wcard_rv64_set_line(&m->cpu, WCARD_RV64_MTI, true);
	machine_steps(m, 2);
	assert_int_equal(m->cpu.mcause, WCARD_RV64_INTERRUPT | 7);
	assert_int_equal(m->cpu.mepc, BASE + 8);
	assert_int_equal(m->cpu.x[3], 0);
	wcard_rv64_set_line(&m->cpu, WCARD_RV64_MTI, false);
}

static void wfi(void **state)
{
	struct machine *m = *state;
	uint64_t retired;

	m->cpu.x[5] = 1u << WCARD_RV64_MTI;
	put32(m, enc_csr(1, 0, 0x304, 5));
	put32(m, WFI);
	put32(m, enc_addi(3, 3, 1));
	put32(m, enc_jal(0, -8));
	assert_int_equal(machine_run(m, 100), WCARD_RV64_WFI);
	assert_int_equal(m->cpu.pc, BASE + 8);
	assert_false(wcard_rv64_ready(&m->cpu));
	retired = m->cpu.retired;
	wcard_rv64_set_line(&m->cpu, WCARD_RV64_MEI, true);	/* not enabled: sleeps on */
	assert_false(wcard_rv64_ready(&m->cpu));
	assert_int_equal(machine_run(m, 100), WCARD_RV64_WFI);
	assert_int_equal(m->cpu.retired, retired);
	wcard_rv64_set_line(&m->cpu, WCARD_RV64_MEI, false);

	/* enabled in mie, though not in mstatus: goes on without a trap; a pending line makes WFI a NOP */
	wcard_rv64_set_line(&m->cpu, WCARD_RV64_MTI, true);
	assert_true(wcard_rv64_ready(&m->cpu));
	machine_steps(m, 9);
	assert_int_equal(m->cpu.x[3], 3);
	wcard_rv64_set_line(&m->cpu, WCARD_RV64_MTI, false);
	assert_int_equal(machine_run(m, 100), WCARD_RV64_WFI);

	/* with mstatus.MIE the trap returns behind the WFI */
	machine_restart(m);
	m->cpu.mie = MIE_ALL;
	put32(m, enc_csr(6, 0, 0x300, 8));
	put32(m, WFI);
	assert_int_equal(machine_run(m, 100), WCARD_RV64_WFI);
	wcard_rv64_set_line(&m->cpu, WCARD_RV64_MSI, true);
	machine_steps(m, 1);
	wcard_rv64_set_line(&m->cpu, WCARD_RV64_MSI, false);
	assert_int_equal(m->cpu.mepc, BASE + 8);
	assert_int_equal(m->cpu.pc, VECTOR + 4);
}

static void spin_sleeps(void **state)
{
	struct machine *m = *state;

	/* `j .`: nothing but an interrupt that is enabled leads out, so it must not cost time */
	put16(m, enc_c_j(0));
	m->cpu.mie = MIE_ALL;
	assert_int_equal(machine_run(m, UINT64_MAX), WCARD_RV64_WFI);
	assert_int_equal(m->cpu.pc, BASE);
	wcard_rv64_set_line(&m->cpu, WCARD_RV64_MTI, true);
	assert_false(wcard_rv64_ready(&m->cpu));
	assert_int_equal(machine_run(m, UINT64_MAX), WCARD_RV64_WFI);
	wcard_rv64_set_line(&m->cpu, WCARD_RV64_MTI, false);

	machine_restart(m);
	m->cpu.mie = MIE_ALL;
	put32(m, enc_csr(6, 0, 0x300, 8));
	put32(m, enc_jal(0, 0));
	assert_int_equal(machine_run(m, UINT64_MAX), WCARD_RV64_WFI);
	wcard_rv64_set_line(&m->cpu, WCARD_RV64_MTI, true);
	assert_true(wcard_rv64_ready(&m->cpu));
	machine_steps(m, 1);
	wcard_rv64_set_line(&m->cpu, WCARD_RV64_MTI, false);
	assert_int_equal(m->cpu.mepc, BASE + 4);
	assert_int_equal(m->cpu.mcause, WCARD_RV64_INTERRUPT | 7);
}

static void halt_and_budget(void **state)
{
	struct machine *m = *state;

	put32(m, enc_addi(3, 3, 1));
	put32(m, enc_jal(0, -4));
	machine_steps(m, 1001);
	assert_int_equal(m->cpu.x[3], 501);
	assert_int_equal(machine_run(m, 0), WCARD_RV64_BUDGET);
	wcard_rv64_halt(&m->cpu);
	assert_int_equal(machine_run(m, 1000), WCARD_RV64_HALTED);
	assert_int_equal(m->cpu.x[3], 501);
	assert_int_equal(machine_run(m, 1000), WCARD_RV64_HALTED);
	wcard_rv64_resume(&m->cpu);
	machine_steps(m, 1);

	/* a waiting hart can be halted too, and waits on afterwards */
	machine_restart(m);
	put32(m, WFI);
	assert_int_equal(machine_run(m, 10), WCARD_RV64_WFI);
	wcard_rv64_halt(&m->cpu);
	assert_true(wcard_rv64_ready(&m->cpu));
	assert_int_equal(machine_run(m, 10), WCARD_RV64_HALTED);
	wcard_rv64_resume(&m->cpu);
	assert_int_equal(machine_run(m, 10), WCARD_RV64_WFI);
	assert_int_equal(m->cpu.pc, BASE + 4);
}

static void lockup(void **state)
{
	struct machine *m = *state;

	m->cpu.mtvec = DEVICE;
	put32(m, EBREAK);
	assert_int_equal(machine_run(m, UINT64_MAX), WCARD_RV64_LOCKUP);
	assert_int_equal(m->cpu.mepc, BASE);			/* the first cause stays readable */
	assert_int_equal(m->cpu.mcause, WCARD_RV64_BREAKPOINT);
	assert_int_equal(machine_run(m, UINT64_MAX), WCARD_RV64_LOCKUP);

	/* a handler that jumps astray is an ordinary trap, bounded by the budget */
	machine_restart(m);
	m->at = VECTOR;
	put32(m, enc_jalr(0, 5, 0));
	m->cpu.x[5] = DEVICE;
	m->at = BASE;
	put32(m, ECALL);
	assert_int_equal(machine_run(m, 1000), WCARD_RV64_BUDGET);
	assert_int_equal(m->cpu.mcause, WCARD_RV64_FETCH_ACCESS);
}

static void raised_by_a_store(void **state)
{
	struct machine *m = *state;

	m->raise = WCARD_RV64_MSI;
	m->cpu.mie = MIE_ALL;
	m->cpu.x[5] = DEVICE;
	put32(m, enc_csr(6, 0, 0x300, 8));
	put32(m, enc_s(2, 5, 5, 0));
	put32(m, enc_addi(3, 3, 1));
	machine_steps(m, 3);
	assert_int_equal(m->cpu.mepc, BASE + 8);
	assert_int_equal(m->cpu.x[3], 0);
	assert_int_equal(m->dev_stores, 1);
	wcard_rv64_set_line(&m->cpu, WCARD_RV64_MSI, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(exceptions), TEST(bad_fetches), TEST(vectors), TEST(priority_and_masking), TEST(mret), TEST(wfi),
		TEST(spin_sleeps), TEST(halt_and_budget), TEST(lockup), TEST(raised_by_a_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
