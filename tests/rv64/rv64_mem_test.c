/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Memory: RAM, the bus, reservations, atomics, and stores to code. */
#include "rv64_fixture.h"

static void bus_accesses(void **state)
{
	static const struct { unsigned f3, size; uint64_t loaded; } loads[] = {
		{0, 1, UINT64_C(0xffffffffffffff88)}, {1, 2, UINT64_C(0xffffffffffff9988)},
		{2, 4, UINT64_C(0xffffffffbbaa9988)}, {3, 8, UINT64_C(0xffeeddccbbaa9988)}, {4, 1, 0x88},
		{5, 2, 0x9988}, {6, 4, 0xbbaa9988},
	};
	struct machine *m = *state;

	for (size_t i = 0; i < 7; i++) {
		machine_restart(m);
		m->dev_value = UINT64_C(0xffeeddccbbaa9988);	/* more bits than asked for do not leak in */
		m->cpu.x[5] = DEVICE + 8;
		put32(m, enc_i(0x03, loads[i].f3, 6, 5, 16));
		machine_steps(m, 1);
		assert_int_equal(m->cpu.x[6], loads[i].loaded);
		assert_int_equal(m->dev_addr, DEVICE + 24);
		assert_int_equal(m->dev_size, loads[i].size);
	}
	for (unsigned f3 = 0; f3 < 4; f3++) {
		machine_restart(m);
		m->cpu.x[5] = DEVICE + 8;
		m->cpu.x[6] = UINT64_C(0xffeeddccbbaa9988);
		put32(m, enc_s(f3, 5, 6, 8));
		machine_steps(m, 1);
		assert_int_equal(m->dev_addr, DEVICE + 16);
		assert_int_equal(m->dev_size, 1u << f3);
		assert_int_equal(m->dev_value, f3 == 3 ? m->cpu.x[6] : m->cpu.x[6] & ((UINT64_C(1) << (8 << f3)) - 1));
	}
	assert_int_equal(m->dev_loads, 7);
	assert_int_equal(m->dev_stores, 4);
}

static void misaligned_in_ram(void **state)
{
	struct machine *m = *state;

	m->cpu.x[5] = DATA + 1;
	m->cpu.x[6] = UINT64_C(0x8877665544332211);
	put32(m, enc_sd(6, 5, 0));
	put32(m, enc_i(0x03, 2, 7, 5, 3));
	put32(m, enc_i(0x03, 1, 8, 5, 5));
	machine_steps(m, 3);
	assert_int_equal(peek(m, DATA, 8), UINT64_C(0x7766554433221100));
	assert_int_equal(m->cpu.x[7], 0x77665544);
	assert_int_equal(m->cpu.x[8], 0x7766);
}

static void lr_sc(void **state)
{
	struct machine *m = *state;

	for (unsigned f3 = 2; f3 < 4; f3++) {
		/* success stores and gives 0, a second SC fails and stores nothing */
		machine_restart(m);
		poke(m, DATA, 8, UINT64_C(0x80000001fffffff0));
		m->cpu.x[5] = DATA;
		m->cpu.x[6] = 123;
		m->cpu.x[9] = 9;
		put32(m, enc_amo(2, 0, f3, 7, 5, 0));
		put32(m, enc_amo(3, 0, f3, 8, 5, 6));
		put32(m, enc_amo(3, 0, f3, 9, 5, 5));
		machine_steps(m, 3);
		assert_int_equal(m->cpu.x[7], f3 == 2 ? UINT64_C(0xfffffffffffffff0) : UINT64_C(0x80000001fffffff0));
		assert_int_equal(m->cpu.x[8], 0);
		assert_int_equal(m->cpu.x[9], 1);
		assert_int_equal(peek(m, DATA, 8), f3 == 2 ? UINT64_C(0x800000010000007b) : 123);

		/* another address, another width, a trap in between, no LR at all */
		for (int how = 0; how < 4; how++) {
			machine_restart(m);
			m->cpu.x[5] = DATA;
			m->cpu.x[6] = DATA + 8;
			m->cpu.x[8] = 4711;
			if (how != 3)
				put32(m, enc_amo(2, 0, f3, 7, 5, 0));
			if (how == 2) {
				m->cpu.mtvec = m->at + 4;
				put32(m, ECALL);
			}
			put32(m, enc_amo(3, 0, how == 1 ? f3 ^ 1 : f3, 8, how == 0 ? 6 : 5, 5));
			put32(m, WFI);
			assert_int_equal(machine_run(m, 100), WCARD_RV64_WFI);
			assert_int_equal(m->cpu.x[8], 1);
			assert_int_equal(peek(m, DATA, 8) | peek(m, DATA + 8, 8), 0);
		}
	}
	/* MRET ends a reservation too */
	machine_restart(m);
	m->cpu.x[5] = DATA;
	m->cpu.mepc = BASE + 8;
	put32(m, enc_amo(2, 0, 3, 7, 5, 0));
	put32(m, MRET);
	put32(m, enc_amo(3, 0, 3, 8, 5, 5));
	machine_steps(m, 3);
	assert_int_equal(m->cpu.x[8], 1);
}

static void amo(void **state)
{
	static const struct { unsigned f5; uint64_t old, arg, w, d; } rows[] = {
		{1, 5, 7, 7, 7},
		{0, UINT64_C(0x00000001ffffffff), 1, UINT64_C(0x0000000100000000), UINT64_C(0x0000000200000000)},
		{4, UINT64_C(0xff00ff00ff00ff00), UINT64_C(0x0ff00ff00ff00ff0), UINT64_C(0xff00ff00f0f0f0f0),
		 UINT64_C(0xf0f0f0f0f0f0f0f0)},
		{8, UINT64_C(0xf0), UINT64_C(0x10000000f), UINT64_C(0xff), UINT64_C(0x1000000ff)},
		{12, UINT64_C(0xf0000000ff), UINT64_C(0x3c), UINT64_C(0xf00000003c), UINT64_C(0x3c)},
		{16, UINT64_C(0x7fffffff), UINT64_C(0xffffffff80000000), UINT64_C(0x80000000),
		 UINT64_C(0xffffffff80000000)},
		{16, UINT64_C(0x80000000), 1, UINT64_C(0x80000000), 1},		/* negative as a word only */
		{20, UINT64_C(0x80000000), 1, 1, UINT64_C(0x80000000)},
		{20, UINT64_MAX, 0, UINT64_C(0xffffffff00000000), 0},
		{24, 1, UINT64_MAX, 1, 1},
		{24, UINT64_C(0x8000000000000002), 3, UINT64_C(0x8000000000000002), 3},
		{28, 1, UINT64_MAX, UINT64_C(0xffffffff), UINT64_MAX},
		{28, UINT64_C(0x8000000000000002), 3, UINT64_C(0x8000000000000003), UINT64_C(0x8000000000000002)},
	};
	struct machine *m = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (unsigned f3 = 2; f3 < 4; f3++) {
			uint64_t old = f3 == 3 ? rows[i].old : (uint64_t)(int64_t)(int32_t)rows[i].old;

			for (unsigned aqrl = 0; aqrl < 4; aqrl++) {
				machine_restart(m);
				poke(m, DATA, 8, rows[i].old);
				m->cpu.x[5] = DATA;
				m->cpu.x[6] = rows[i].arg;
				put32(m, enc_amo(rows[i].f5, aqrl, f3, 7, 5, 6));
				machine_steps(m, 1);
				assert_int_equal(m->cpu.x[7], old);
				assert_int_equal(peek(m, DATA, 8), f3 == 3 ? rows[i].d : rows[i].w);
			}
			/* rd may be the address or the operand */
			for (unsigned rd = 5; rd <= 6; rd++) {
				machine_restart(m);
				poke(m, DATA, 8, rows[i].old);
				m->cpu.x[5] = DATA;
				m->cpu.x[6] = rows[i].arg;
				put32(m, enc_amo(rows[i].f5, 0, f3, rd, 5, 6));
				machine_steps(m, 1);
				assert_int_equal(m->cpu.x[rd], old);
				assert_int_equal(peek(m, DATA, 8), f3 == 3 ? rows[i].d : rows[i].w);
			}
		}
	}
}

static void amo_traps(void **state)
{
	static const unsigned f5s[] = {2, 3, 1, 0, 4, 8, 12, 16, 20, 24, 28};
	struct machine *m = *state;

	for (size_t i = 0; i < sizeof(f5s) / sizeof(f5s[0]); i++) {
		for (unsigned f3 = 2; f3 < 4; f3++) {
			bool lr = f5s[i] == 2;

			for (unsigned off = 1; off < 1u << f3; off++) {
				machine_restart(m);
				m->cpu.x[5] = DATA + off;
				put32(m, enc_amo(f5s[i], 0, f3, 7, 5, lr ? 0 : 6));
				expect_trap(m, lr ? WCARD_RV64_LOAD_MISALIGNED : WCARD_RV64_STORE_MISALIGNED, BASE,
					    DATA + off);
			}
			machine_restart(m);
			m->cpu.x[5] = DEVICE;				/* works for loads, not for atomics */
			put32(m, enc_amo(f5s[i], 0, f3, 7, 5, lr ? 0 : 6));
			expect_trap(m, lr ? WCARD_RV64_LOAD_ACCESS : WCARD_RV64_STORE_ACCESS, BASE, DEVICE);
		}
	}
	assert_int_equal(m->dev_loads + m->dev_stores, 0);
}

/* A loop that increments x3 is patched by the program itself to increment by 100. */
static void self_modifying(void **state)
{
	struct machine *m = *state;

	for (int fence = 0; fence < 2; fence++) {
		machine_restart(m);
		m->cpu.x[5] = BASE;
		m->cpu.x[6] = enc_addi(3, 3, 100);
		put32(m, enc_addi(3, 3, 1));
		put32(m, enc_s(2, 5, 6, 0));
		put32(m, fence ? FENCE_I : NOP);
		put32(m, enc_jal(0, -12));
		machine_steps(m, 9);
		assert_int_equal(m->cpu.x[3], 201);
	}
	/* the very next instruction, already decoded once, by each width, misaligned and by an AMO */
	for (int how = 0; how < 6; how++) {
		uint32_t old = enc_addi(3, 3, 1), new = enc_addi(3, 3, 0x7f1);

		machine_restart(m);
		m->cpu.x[4] = BASE + 12;
		m->cpu.x[5] = how < 4 ? old : new;
		put32(m, how == 0 ? enc_s(2, 4, 5, 0) : how == 1 ? enc_s(1, 4, 5, 2) : how == 2 ? enc_s(0, 4, 5, 3) :
			 how == 3 ? enc_s(3, 4, 5, -1) : how == 4 ? enc_amo(1, 0, 2, 0, 4, 5) : enc_s(2, 4, 5, 0));
		put32(m, NOP);
		put32(m, NOP);
		put32(m, old);
		m->cpu.pc = BASE + 12;
		machine_steps(m, 1);
		assert_int_equal(m->cpu.x[3], 1);
		m->cpu.x[3] = 0;
		m->cpu.pc = BASE;
		m->cpu.x[5] = how == 1 ? new >> 16 : how == 2 ? new >> 24 : how == 3 ? (uint64_t)new << 8 : new;
		machine_steps(m, 4);
		assert_int_equal(m->cpu.x[3], how == 2 ? 1 + (new >> 24 << 4) : 0x7f1);
	}
	/* the second half of an instruction that crosses a granule of the code cache */
	for (uint64_t at = BASE + 0xfe; at < BASE + 0x2000; at += 0x100) {
		machine_restart(m);
		m->at = at;
		put32(m, enc_addi(3, 0, 1));
		m->at = BASE;
		put32(m, enc_s(1, 5, 6, 0));
		m->cpu.pc = at;
		machine_steps(m, 1);
		m->cpu.x[5] = at + 2;
		m->cpu.x[6] = enc_addi(3, 0, 0x555) >> 16;
		m->cpu.pc = BASE;
		machine_steps(m, 1);
		m->cpu.pc = at;
		machine_steps(m, 1);
		assert_int_equal(m->cpu.x[3], 0x555);
	}
}

static void written_by_the_host(void **state)
{
	struct machine *m = *state;

	put32(m, enc_addi(3, 0, 1));
	machine_steps(m, 1);
	poke(m, BASE, 4, enc_addi(3, 0, 2));
	wcard_rv64_invalidate(&m->cpu, BASE, 4);
	m->cpu.pc = BASE;
	machine_steps(m, 1);
	assert_int_equal(m->cpu.x[3], 2);
	wcard_rv64_invalidate(&m->cpu, BASE + RAM_BYTES - 1, 1000);	/* clipped, and harmless outside */
	wcard_rv64_invalidate(&m->cpu, BASE - 1, 1);
	wcard_rv64_invalidate(&m->cpu, BASE, UINT64_MAX);
	wcard_rv64_invalidate(&m->cpu, BASE, 0);
}

static void bad_configurations(void **state)
{
	struct machine *m = *state;
	struct wcard_rv64 cpu;
	struct wcard_rv64_config good = m->cpu.cfg, c;

	c = good; c.ram = NULL;
	assert_true(wcard_rv64_init(&cpu, &c) < 0);
	c = good; c.ram_bytes = 0;
	assert_true(wcard_rv64_init(&cpu, &c) < 0);
	c = good; c.ram_bytes = 4098;
	assert_true(wcard_rv64_init(&cpu, &c) < 0);
	c = good; c.ram_base = 2048;
	assert_true(wcard_rv64_init(&cpu, &c) < 0);
	c = good; c.ram_base = UINT64_MAX - 4095; c.ram_bytes = 8192;
	assert_true(wcard_rv64_init(&cpu, &c) < 0);
	c = good; c.bus = NULL;
	assert_int_equal(wcard_rv64_init(&cpu, &c), 0);			/* no bus: every such access faults */
	wcard_rv64_fini(&cpu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bus_accesses), TEST(misaligned_in_ram), TEST(lr_sc), TEST(amo), TEST(amo_traps),
		TEST(self_modifying), TEST(written_by_the_host), TEST(bad_configurations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
