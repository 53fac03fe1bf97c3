/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Instruction encodings, written from the manual's tables apart from tools/card, so that each checks the other. */
#ifndef TEST_RV64_ENC_H
#define TEST_RV64_ENC_H

#include <stdint.h>

#define BITS(v, hi, lo)	(((uint32_t)(v) >> (lo)) & ((2u << ((hi) - (lo))) - 1))

static inline uint32_t enc_r(unsigned op, unsigned f3, unsigned f7, unsigned rd, unsigned rs1, unsigned rs2)
{
	return f7 << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | rd << 7 | op;
}

static inline uint32_t enc_i(unsigned op, unsigned f3, unsigned rd, unsigned rs1, int imm)
{
	return BITS(imm, 11, 0) << 20 | rs1 << 15 | f3 << 12 | rd << 7 | op;
}

static inline uint32_t enc_s(unsigned f3, unsigned rs1, unsigned rs2, int imm)
{
	return BITS(imm, 11, 5) << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | BITS(imm, 4, 0) << 7 | 0x23;
}

static inline uint32_t enc_b(unsigned f3, unsigned rs1, unsigned rs2, int imm)
{
	return BITS(imm, 12, 12) << 31 | BITS(imm, 10, 5) << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 |
	       BITS(imm, 4, 1) << 8 | BITS(imm, 11, 11) << 7 | 0x63;
}

static inline uint32_t enc_u(unsigned op, unsigned rd, uint32_t imm31_12)
{
	return (imm31_12 & 0xfffff000u) | rd << 7 | op;
}

static inline uint32_t enc_jal(unsigned rd, int imm)
{
	return BITS(imm, 20, 20) << 31 | BITS(imm, 10, 1) << 21 | BITS(imm, 11, 11) << 20 | BITS(imm, 19, 12) << 12 |
	       rd << 7 | 0x6f;
}

static inline uint32_t enc_addi(unsigned rd, unsigned rs1, int imm) { return enc_i(0x13, 0, rd, rs1, imm); }
static inline uint32_t enc_jalr(unsigned rd, unsigned rs1, int imm) { return enc_i(0x67, 0, rd, rs1, imm); }
static inline uint32_t enc_ld(unsigned rd, unsigned rs1, int imm) { return enc_i(0x03, 3, rd, rs1, imm); }
static inline uint32_t enc_sd(unsigned rs2, unsigned rs1, int imm) { return enc_s(3, rs1, rs2, imm); }

/* f5: 2 LR, 3 SC, 1 swap, 0 add, 4 xor, 8 or, 12 and, 16 min, 20 max, 24 minu, 28 maxu; f3: 2 w, 3 d */
static inline uint32_t enc_amo(unsigned f5, unsigned aqrl, unsigned f3, unsigned rd, unsigned rs1, unsigned rs2)
{
	return enc_r(0x2f, f3, f5 << 2 | aqrl, rd, rs1, rs2);
}

/* f3: 1 rw, 2 rs, 3 rc; plus 4 for the immediate forms */
static inline uint32_t enc_csr(unsigned f3, unsigned rd, unsigned csr, unsigned rs1)
{
	return (uint32_t)csr << 20 | rs1 << 15 | f3 << 12 | rd << 7 | 0x73;
}

/* Compressed. p suffix: registers x8-x15 given by their full number. */
static inline uint16_t enc_ci(unsigned f3, unsigned quad, unsigned rd, int imm6)
{
	return (uint16_t)(f3 << 13 | BITS(imm6, 5, 5) << 12 | rd << 7 | BITS(imm6, 4, 0) << 2 | quad);
}

static inline uint16_t enc_c_addi4spn(unsigned rdp, unsigned imm)
{
	return (uint16_t)(BITS(imm, 5, 4) << 11 | BITS(imm, 9, 6) << 7 | BITS(imm, 2, 2) << 6 | BITS(imm, 3, 3) << 5 |
			  (rdp & 7) << 2);
}

static inline uint16_t enc_c_addi16sp(int imm)
{
	return (uint16_t)(3u << 13 | BITS(imm, 9, 9) << 12 | 2u << 7 | BITS(imm, 4, 4) << 6 | BITS(imm, 6, 6) << 5 |
			  BITS(imm, 8, 7) << 3 | BITS(imm, 5, 5) << 2 | 1);
}

/* f3: 2 lw, 3 ld, 6 sw, 7 sd */
static inline uint16_t enc_c_mem(unsigned f3, unsigned regp, unsigned basep, unsigned imm)
{
	uint32_t low = f3 & 1 ? BITS(imm, 7, 6) << 5 : BITS(imm, 2, 2) << 6 | BITS(imm, 6, 6) << 5;

	return (uint16_t)(f3 << 13 | BITS(imm, 5, 3) << 10 | (basep & 7) << 7 | low | (regp & 7) << 2);
}

static inline uint16_t enc_c_lwsp(unsigned rd, unsigned imm)
{
	return (uint16_t)(2u << 13 | BITS(imm, 5, 5) << 12 | rd << 7 | BITS(imm, 4, 2) << 4 | BITS(imm, 7, 6) << 2 | 2);
}

static inline uint16_t enc_c_ldsp(unsigned rd, unsigned imm)
{
	return (uint16_t)(3u << 13 | BITS(imm, 5, 5) << 12 | rd << 7 | BITS(imm, 4, 3) << 5 | BITS(imm, 8, 6) << 2 | 2);
}

static inline uint16_t enc_c_swsp(unsigned rs2, unsigned imm)
{
	return (uint16_t)(6u << 13 | BITS(imm, 5, 2) << 9 | BITS(imm, 7, 6) << 7 | rs2 << 2 | 2);
}

static inline uint16_t enc_c_sdsp(unsigned rs2, unsigned imm)
{
	return (uint16_t)(7u << 13 | BITS(imm, 5, 3) << 10 | BITS(imm, 8, 6) << 7 | rs2 << 2 | 2);
}

/* f2: 0 srli, 1 srai, 2 andi */
static inline uint16_t enc_cb_alu(unsigned f2, unsigned rdp, int imm6)
{
	return (uint16_t)(4u << 13 | BITS(imm6, 5, 5) << 12 | f2 << 10 | (rdp & 7) << 7 | BITS(imm6, 4, 0) << 2 | 1);
}

/* n: 0 sub, 1 xor, 2 or, 3 and, 4 subw, 5 addw */
static inline uint16_t enc_ca(unsigned n, unsigned rdp, unsigned rs2p)
{
	return (uint16_t)(4u << 13 | (n >> 2) << 12 | 3u << 10 | (rdp & 7) << 7 | (n & 3) << 5 | (rs2p & 7) << 2 | 1);
}

static inline uint16_t enc_c_j(int imm)
{
	return (uint16_t)(5u << 13 | BITS(imm, 11, 11) << 12 | BITS(imm, 4, 4) << 11 | BITS(imm, 9, 8) << 9 |
			  BITS(imm, 10, 10) << 8 | BITS(imm, 6, 6) << 7 | BITS(imm, 7, 7) << 6 | BITS(imm, 3, 1) << 3 |
			  BITS(imm, 5, 5) << 2 | 1);
}

static inline uint16_t enc_c_branch(unsigned nez, unsigned rs1p, int imm)
{
	return (uint16_t)((6u + nez) << 13 | BITS(imm, 8, 8) << 12 | BITS(imm, 4, 3) << 10 | (rs1p & 7) << 7 |
			  BITS(imm, 7, 6) << 5 | BITS(imm, 2, 1) << 3 | BITS(imm, 5, 5) << 2 | 1);
}

/* n 0: c.jr (rs2 = 0) or c.mv; n 1: c.jalr, c.add, c.ebreak */
static inline uint16_t enc_cr(unsigned n, unsigned rd, unsigned rs2)
{
	return (uint16_t)(4u << 13 | n << 12 | rd << 7 | rs2 << 2 | 2);
}

#endif
