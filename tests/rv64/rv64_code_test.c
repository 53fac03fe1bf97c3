/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Encodings the random programs cannot reach: far jumps, reserved compressed forms, noise. */
#include <inttypes.h>

#include "rv64_fixture.h"
#include "rv64_gen.h"

/* Where does one instruction at `from` lead? The target need not hold code: the next fetch may fault. */
static uint64_t jump_from(struct machine *m, uint64_t from, uint32_t raw)
{
	machine_restart(m);
	m->at = from;
	if ((raw & 3) == 3)
		put32(m, raw);
	else
		put16(m, (uint16_t)raw);
	m->cpu.pc = from;
	wcard_rv64_run(&m->cpu, 1);
	return m->cpu.pc;
}

/* Each bit of each offset by itself, and the ends of the range. */
static void jump_offsets(void **state)
{
	struct machine *m = *state;
	uint64_t mid = BASE + RAM_BYTES / 2 + 0x100;

	for (unsigned bit = 1; bit <= 20; bit++) {
		int d = bit == 20 ? -(1 << 20) : 1 << bit;

		if (bit <= 11)
			assert_int_equal(jump_from(m, mid, enc_c_j(bit == 11 ? -2048 : d)), mid + (bit == 11 ? -2048 : d));
		if (bit <= 8) {
			int c = bit == 8 ? -256 : d;

			assert_int_equal(jump_from(m, mid, enc_c_branch(0, 8, c)), mid + c);
			assert_int_equal(jump_from(m, mid, enc_c_branch(1, 8, c)), mid + 2);
		}
		if (bit <= 12)
			assert_int_equal(jump_from(m, mid, enc_b(0, 0, 0, bit == 12 ? -4096 : d)),
					 mid + (bit == 12 ? -4096 : d));
		/* too far for this RAM: look at the faulting address instead */
		machine_restart(m);
		m->at = BASE;
		put32(m, enc_jal(1, d));
		wcard_rv64_run(&m->cpu, 1);
		assert_int_equal(m->cpu.pc, BASE + d);
		assert_int_equal(m->cpu.x[1], BASE + 4);
	}
	assert_int_equal(jump_from(m, mid, enc_c_j(2046)), mid + 2046);
	assert_int_equal(jump_from(m, mid, enc_c_j(-2)), mid - 2);
	assert_int_equal(jump_from(m, mid, enc_c_branch(0, 8, 254)), mid + 254);
	assert_int_equal(jump_from(m, mid, enc_b(0, 0, 0, 4094)), mid + 4094);
	assert_int_equal(jump_from(m, mid, enc_jal(0, (1 << 20) - 2)), mid + (1 << 20) - 2);
	assert_int_equal(jump_from(m, mid, enc_jal(0, -2)), mid - 2);
}

static void links(void **state)
{
	struct machine *m = *state;

	m->cpu.x[5] = BASE + 0x101;				/* bit 0 is dropped */
	put16(m, enc_cr(1, 5, 0));
	machine_steps(m, 1);
	assert_int_equal(m->cpu.pc, BASE + 0x100);
	assert_int_equal(m->cpu.x[1], BASE + 2);		/* compressed: two bytes on */
	machine_restart(m);
	m->cpu.x[1] = BASE + 0x100;				/* c.jalr x1: reads before it links */
	put16(m, enc_cr(1, 1, 0));
	machine_steps(m, 1);
	assert_int_equal(m->cpu.pc, BASE + 0x100);
	assert_int_equal(m->cpu.x[1], BASE + 2);
	machine_restart(m);
	m->cpu.x[5] = BASE + 0x100;
	put32(m, enc_jalr(5, 5, -4));
	machine_steps(m, 1);
	assert_int_equal(m->cpu.pc, BASE + 0xfc);
	assert_int_equal(m->cpu.x[5], BASE + 4);
}

static void reserved_compressed(void **state)
{
	const uint16_t reserved[] = {
		0x0000,						/* all zeros */
		0x0004, 0x001c,					/* c.addi4spn, immediate 0 */
		0x2000, 0xa000, 0x2002, 0xa002,			/* floating point */
		0x8000, 0x8400, 0x8c00, 0x9c00,			/* quadrant 0, funct3 4 */
		enc_ci(1, 1, 0, 5),				/* c.addiw x0 */
		enc_ci(3, 1, 2, 0), enc_ci(3, 1, 5, 0),		/* c.addi16sp, c.lui, immediate 0 */
		0x9c41, 0x9c61,					/* after c.addw */
		enc_c_lwsp(0, 4), enc_c_ldsp(0, 8),
		0x8002,						/* c.jr x0 */
	};
	struct machine *m = *state;

	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		machine_restart(m);
		m->cpu.x[2] = DATA;
		put16(m, 1);
		put16(m, reserved[i]);
		put16(m, 0xffff);				/* must not show up in mtval */
		expect_trap(m, WCARD_RV64_ILLEGAL, BASE + 2, reserved[i]);
	}
	machine_restart(m);
	put16(m, 1);
	put16(m, 0x9002);
	expect_trap(m, WCARD_RV64_BREAKPOINT, BASE + 2, BASE + 2);
}

static void compressed_hints(void **state)
{
	const uint16_t hints[] = {
		enc_ci(0, 1, 0, 5), enc_ci(0, 1, 7, 0), enc_ci(2, 1, 0, 5), enc_ci(3, 1, 0, 5), enc_cr(0, 0, 7),
		enc_cr(1, 0, 7), enc_ci(0, 2, 0, 5), enc_ci(0, 2, 7, 0), enc_cb_alu(0, 8, 0), enc_cb_alu(1, 8, 0), 1,
	};
	struct machine *m = *state;

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		machine_restart(m);
		for (unsigned r = 1; r < 32; r++)
			m->cpu.x[r] = r * 1000;
		put16(m, hints[i]);
		machine_steps(m, 1);
		assert_int_equal(m->cpu.pc, BASE + 2);
		for (unsigned r = 0; r < 32; r++)
			assert_int_equal(m->cpu.x[r], r * 1000);
	}
}

static void mixed_widths(void **state)
{
	struct machine *m = *state;

	/* 32-bit instructions on halfword boundaries, across 4 KiB too */
	m->at = m->cpu.pc = BASE + 0xff6;
	for (int i = 0; i < 8; i++) {
		put16(m, enc_ci(0, 1, 3, 1));
		put32(m, enc_addi(3, 3, 16));
	}
	machine_steps(m, 16);
	assert_int_equal(m->cpu.x[3], 8 * 17);
	assert_int_equal(m->cpu.pc, m->at);
}

static void extremes(void **state)
{
	struct machine *m = *state;

	m->cpu.x[2] = DATA;
	put16(m, enc_c_addi4spn(8, 1020));
	put16(m, enc_c_addi16sp(-512));
	put16(m, enc_c_addi16sp(496));
	put16(m, enc_ci(3, 1, 9, -32));
	put16(m, enc_ci(3, 1, 10, 31));
	put16(m, enc_ci(2, 1, 11, -32));
	put32(m, enc_u(0x37, 12, 0x80000000));
	put32(m, enc_u(0x17, 13, 0x80000000));
	put32(m, enc_addi(14, 0, -2048));
	machine_steps(m, 9);
	assert_int_equal(m->cpu.x[8], DATA + 1020);
	assert_int_equal(m->cpu.x[2], DATA - 16);
	assert_int_equal(m->cpu.x[9], UINT64_C(0xfffffffffffe0000));
	assert_int_equal(m->cpu.x[10], 0x1f000);
	assert_int_equal(m->cpu.x[11], UINT64_C(0xffffffffffffffe0));
	assert_int_equal(m->cpu.x[12], UINT64_C(0xffffffff80000000));
	assert_int_equal(m->cpu.x[13], BASE + 16 - 0x80000000u);
	assert_int_equal(m->cpu.x[14], UINT64_C(0xfffffffffffff800));
}

/* Random bytes as firmware: it may do nothing sensible, but stays inside RAM and bus and stops when told. Sanitizers
 * watch; here only what must hold for any program. */
static void noise(void **state)
{
	struct machine *m = *state;
	const char *s = getenv("SEED"), *c = getenv("COUNT");
	uint64_t seed = s && *s ? strtoull(s, NULL, 0) : 1, count = c && *c ? strtoull(c, NULL, 0) : 300, rng = seed;

	printf("# noise COUNT=%" PRIu64 " SEED=%" PRIu64 "\n", count, seed);
	while (count--) {
		machine_restart(m);
		for (uint64_t a = 0; a < RAM_BYTES; a += 8)
			poke(m, BASE + a, 8, rv64_random(&rng));
		for (unsigned r = 1; r < 32; r++)
			m->cpu.x[r] = r % 4 ? BASE + rv64_random(&rng) % (RAM_BYTES + 64) - 32 : rv64_random(&rng);
		m->cpu.mtvec = BASE + rv64_random(&rng) % RAM_BYTES / 4 * 4 + (count & 1);
		m->cpu.mie = rv64_random(&rng) & 0x888;
		for (int i = 0; i < 20; i++) {
			uint64_t before = m->cpu.retired;

			wcard_rv64_set_line(&m->cpu, i & 1 ? WCARD_RV64_MTI : WCARD_RV64_MSI, i & 2);
			wcard_rv64_run(&m->cpu, 500);
			assert_true(m->cpu.retired - before <= 500);
			assert_int_equal(m->cpu.x[0], 0);
			assert_int_equal(m->cpu.mstatus & ~UINT64_C(0x88), WCARD_RV64_MSTATUS_MPP);
			assert_int_equal(m->cpu.mepc & 1, 0);
		}
		wcard_rv64_set_line(&m->cpu, WCARD_RV64_MTI, false);
		wcard_rv64_set_line(&m->cpu, WCARD_RV64_MSI, false);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(jump_offsets), TEST(links), TEST(reserved_compressed), TEST(compressed_hints), TEST(mixed_widths),
		TEST(extremes), TEST(noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
