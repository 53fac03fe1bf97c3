/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Compressed instructions, each rewritten as the 32-bit instruction it stands for. */
#include "rv64_insn.h"

/* n bits of raw from bit lo, placed at bit to */
static uint32_t field(uint32_t raw, unsigned lo, unsigned n, unsigned to)
{
	return ((raw >> lo) & ((1u << n) - 1)) << to;
}

static uint32_t sign_extend(uint32_t v, unsigned bits)
{
	uint32_t sign = 1u << (bits - 1);

	return (v ^ sign) - sign;
}

static uint32_t enc_i(uint32_t opcode, uint32_t f3, uint32_t rd, uint32_t rs1, uint32_t imm)
{
	return imm << 20 | rs1 << 15 | f3 << 12 | rd << 7 | opcode;
}

static uint32_t enc_s(uint32_t f3, uint32_t rs1, uint32_t rs2, uint32_t imm)
{
	return field(imm, 5, 7, 25) | rs2 << 20 | rs1 << 15 | f3 << 12 | field(imm, 0, 5, 7) | 0x23;
}

static uint32_t enc_r(uint32_t opcode, uint32_t f7, uint32_t f3, uint32_t rd, uint32_t rs1, uint32_t rs2)
{
	return f7 << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | rd << 7 | opcode;
}

static uint32_t enc_b(uint32_t f3, uint32_t rs1, uint32_t imm)
{
	return field(imm, 12, 1, 31) | field(imm, 5, 6, 25) | rs1 << 15 | f3 << 12 | field(imm, 1, 4, 8) |
	       field(imm, 11, 1, 7) | 0x63;
}

static uint32_t enc_j(uint32_t rd, uint32_t imm)
{
	return field(imm, 20, 1, 31) | field(imm, 1, 10, 21) | field(imm, 11, 1, 20) | field(imm, 12, 8, 12) |
	       rd << 7 | 0x6f;
}

static uint32_t expand_q0(uint32_t raw)
{
	uint32_t rd = field(raw, 2, 3, 0) + 8, rs1 = field(raw, 7, 3, 0) + 8;
	uint32_t w = field(raw, 10, 3, 3) | field(raw, 6, 1, 2) | field(raw, 5, 1, 6);
	uint32_t d = field(raw, 10, 3, 3) | field(raw, 5, 2, 6);
	uint32_t spn = field(raw, 11, 2, 4) | field(raw, 7, 4, 6) | field(raw, 6, 1, 2) | field(raw, 5, 1, 3);

	switch (raw >> 13) {
	case 0: return spn ? enc_i(0x13, 0, rd, 2, spn) : 0;	/* c.addi4spn */
	case 2: return enc_i(0x03, 2, rd, rs1, w);		/* c.lw */
	case 3: return enc_i(0x03, 3, rd, rs1, d);		/* c.ld */
	case 6: return enc_s(2, rs1, rd, w);			/* c.sw */
	case 7: return enc_s(3, rs1, rd, d);			/* c.sd */
	}
	return 0;
}

static uint32_t expand_alu(uint32_t raw, uint32_t imm6)
{
	static const struct { uint8_t opcode, f7, f3; } ops[8] = {
		{0x33, 0x20, 0}, {0x33, 0, 4}, {0x33, 0, 6}, {0x33, 0, 7},	/* sub xor or and */
		{0x3b, 0x20, 0}, {0x3b, 0, 0},					/* subw addw */
	};
	uint32_t rd = field(raw, 7, 3, 0) + 8, rs2 = field(raw, 2, 3, 0) + 8;
	uint32_t n = field(raw, 12, 1, 2) | field(raw, 5, 2, 0);

	switch (field(raw, 10, 2, 0)) {
	case 0: return enc_i(0x13, 5, rd, rd, imm6 & 63);		/* c.srli */
	case 1: return enc_i(0x13, 5, rd, rd, (imm6 & 63) | 0x400);	/* c.srai */
	case 2: return enc_i(0x13, 7, rd, rd, imm6);			/* c.andi */
	}
	return ops[n].opcode ? enc_r(ops[n].opcode, ops[n].f7, ops[n].f3, rd, rd, rs2) : 0;
}

static uint32_t expand_q1(uint32_t raw)
{
	uint32_t rd = field(raw, 7, 5, 0);
	uint32_t imm6 = sign_extend(field(raw, 12, 1, 5) | field(raw, 2, 5, 0), 6);
	uint32_t sp = sign_extend(field(raw, 12, 1, 9) | field(raw, 6, 1, 4) | field(raw, 5, 1, 6) |
				  field(raw, 3, 2, 7) | field(raw, 2, 1, 5), 10);
	uint32_t j = sign_extend(field(raw, 12, 1, 11) | field(raw, 11, 1, 4) | field(raw, 9, 2, 8) |
				 field(raw, 8, 1, 10) | field(raw, 7, 1, 6) | field(raw, 6, 1, 7) |
				 field(raw, 3, 3, 1) | field(raw, 2, 1, 5), 12);
	uint32_t b = sign_extend(field(raw, 12, 1, 8) | field(raw, 10, 2, 3) | field(raw, 5, 2, 6) |
				 field(raw, 3, 2, 1) | field(raw, 2, 1, 5), 9);

	switch (raw >> 13) {
	case 0: return enc_i(0x13, 0, rd, rd, imm6);				/* c.addi, c.nop */
	case 1: return rd ? enc_i(0x1b, 0, rd, rd, imm6) : 0;			/* c.addiw */
	case 2: return enc_i(0x13, 0, rd, 0, imm6);				/* c.li */
	case 3:
		if (!imm6)							/* zero in both forms */
			return 0;
		if (rd == 2)
			return enc_i(0x13, 0, 2, 2, sp);			/* c.addi16sp */
		return imm6 << 12 | rd << 7 | 0x37;				/* c.lui */
	case 4: return expand_alu(raw, imm6);
	case 5: return enc_j(0, j);						/* c.j */
	}
	return enc_b(raw >> 13 == 6 ? 0 : 1, field(raw, 7, 3, 0) + 8, b);	/* c.beqz, c.bnez */
}

static uint32_t expand_q2(uint32_t raw)
{
	uint32_t rd = field(raw, 7, 5, 0), rs2 = field(raw, 2, 5, 0), bit12 = field(raw, 12, 1, 0);
	uint32_t lw = field(raw, 12, 1, 5) | field(raw, 4, 3, 2) | field(raw, 2, 2, 6);
	uint32_t ld = field(raw, 12, 1, 5) | field(raw, 5, 2, 3) | field(raw, 2, 3, 6);
	uint32_t sw = field(raw, 9, 4, 2) | field(raw, 7, 2, 6);
	uint32_t sd = field(raw, 10, 3, 3) | field(raw, 7, 3, 6);

	switch (raw >> 13) {
	case 0: return enc_i(0x13, 1, rd, rd, bit12 << 5 | rs2);		/* c.slli */
	case 2: return rd ? enc_i(0x03, 2, rd, 2, lw) : 0;			/* c.lwsp */
	case 3: return rd ? enc_i(0x03, 3, rd, 2, ld) : 0;			/* c.ldsp */
	case 4:
		if (rs2)							/* c.add, c.mv */
			return enc_r(0x33, 0, 0, rd, bit12 ? rd : 0, rs2);
		if (rd)
			return enc_i(0x67, 0, bit12, rd, 0);			/* c.jalr links x1, c.jr x0 */
		return bit12 ? 0x00100073 : 0;					/* c.ebreak */
	case 6: return enc_s(2, 2, rs2, sw);					/* c.swsp */
	case 7: return enc_s(3, 2, rs2, sd);					/* c.sdsp */
	}
	return 0;
}

uint32_t rv64_expand(uint16_t raw)
{
	switch (raw & 3) {
	case 0: return expand_q0(raw);
	case 1: return expand_q1(raw);
	case 2: return expand_q2(raw);
	}
	return 0;
}
