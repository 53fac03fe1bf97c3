/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Instruction bits to the form rv64_exec.c runs. Anything not listed here is illegal. */
#include "rv64_insn.h"

static int32_t imm_i(uint32_t raw)
{
	return (int32_t)raw >> 20;
}

static int32_t imm_s(uint32_t raw)
{
	return (int32_t)(raw & 0xfe000000) >> 20 | (int32_t)(raw >> 7 & 0x1f);
}

static int32_t imm_b(uint32_t raw)
{
	return (int32_t)(raw & 0x80000000) >> 19 | (int32_t)((raw << 4 & 0x800) | (raw >> 20 & 0x7e0) |
							     (raw >> 7 & 0x1e));
}

static int32_t imm_j(uint32_t raw)
{
	return (int32_t)(raw & 0x80000000) >> 11 | (int32_t)((raw & 0xff000) | (raw >> 9 & 0x800) |
							     (raw >> 20 & 0x7fe));
}

static enum rv64_op op_imm(uint32_t raw, unsigned f3, int32_t *imm)
{
	unsigned f6 = raw >> 26;

	if (f3 != 1 && f3 != 5)
		return RV64_ADDI + f3;
	*imm &= 63;
	if (f6 == 0)
		return RV64_ADDI + f3;
	return f6 == 0x10 && f3 == 5 ? RV64_SRAI : RV64_ILLEGAL;
}

static enum rv64_op op_imm32(uint32_t raw, unsigned f3, int32_t *imm)
{
	unsigned f7 = raw >> 25;

	if (f3 == 0)
		return RV64_ADDIW;
	*imm &= 31;
	if (f3 == 1 && f7 == 0)
		return RV64_SLLIW;
	if (f3 == 5 && f7 == 0)
		return RV64_SRLIW;
	return f3 == 5 && f7 == 0x20 ? RV64_SRAIW : RV64_ILLEGAL;
}

static enum rv64_op op_reg(unsigned f7, unsigned f3)
{
	if (f7 == 0)
		return RV64_ADD + f3;
	if (f7 == 1)
		return RV64_MUL + f3;
	if (f7 == 0x20 && f3 == 0)
		return RV64_SUB;
	return f7 == 0x20 && f3 == 5 ? RV64_SRA : RV64_ILLEGAL;
}

static enum rv64_op op_reg32(unsigned f7, unsigned f3)
{
	switch (f7 << 4 | f3) {
	case 0x000: return RV64_ADDW;
	case 0x001: return RV64_SLLW;
	case 0x005: return RV64_SRLW;
	case 0x200: return RV64_SUBW;
	case 0x205: return RV64_SRAW;
	case 0x010: return RV64_MULW;
	case 0x014: return RV64_DIVW;
	case 0x015: return RV64_DIVUW;
	case 0x016: return RV64_REMW;
	case 0x017: return RV64_REMUW;
	}
	return RV64_ILLEGAL;
}

static enum rv64_op op_amo(uint32_t raw, unsigned f3)
{
	unsigned f5 = raw >> 27;

	if (f3 != 2 && f3 != 3)
		return RV64_ILLEGAL;
	switch (f5) {
	case 0x02:						/* LR has no rs2 */
		return raw >> 20 & 31 ? RV64_ILLEGAL : RV64_AMO;
	case 0x00: case 0x01: case 0x03: case 0x04: case 0x08: case 0x0c:
	case 0x10: case 0x14: case 0x18: case 0x1c:
		return RV64_AMO;
	}
	return RV64_ILLEGAL;
}

static enum rv64_op op_system(uint32_t raw, unsigned f3)
{
	if (f3 != 0)
		return f3 == 4 ? RV64_ILLEGAL : RV64_CSR;
	switch (raw) {
	case 0x00000073: return RV64_ECALL;
	case 0x00100073: return RV64_EBREAK;
	case 0x30200073: return RV64_MRET;
	case 0x10500073: return RV64_WFI;
	}
	return RV64_ILLEGAL;
}

void rv64_decode(uint32_t raw, struct wcard_rv64_insn *out)
{
	unsigned len = (raw & 3) == 3 ? 4 : 2, f3, f7, rd;
	enum rv64_op op = RV64_ILLEGAL;
	int32_t imm = 0;
	unsigned aux = 0;

	if (len == 2)
		raw = rv64_expand((uint16_t)raw);
	f3 = raw >> 12 & 7;
	f7 = raw >> 25;
	rd = raw >> 7 & 31;

	switch (raw & 0x7f) {
	case 0x37:
		op = RV64_LUI;
		imm = (int32_t)(raw & 0xfffff000);
		break;
	case 0x17:
		op = RV64_AUIPC;
		imm = (int32_t)(raw & 0xfffff000);
		break;
	case 0x6f:
		imm = imm_j(raw);
		op = imm == 0 && rd == 0 ? RV64_SPIN : RV64_JAL;
		break;
	case 0x67:
		imm = imm_i(raw);
		op = f3 == 0 ? RV64_JALR : RV64_ILLEGAL;
		break;
	case 0x63:
		imm = imm_b(raw);
		if (f3 < 2)
			op = RV64_BEQ + f3;
		else if (f3 >= 4)
			op = RV64_BLT + (f3 - 4);
		break;
	case 0x03:
		imm = imm_i(raw);
		op = f3 < 7 ? RV64_LB + f3 : RV64_ILLEGAL;
		break;
	case 0x23:
		imm = imm_s(raw);
		op = f3 < 4 ? RV64_SB + f3 : RV64_ILLEGAL;
		break;
	case 0x13:
		imm = imm_i(raw);
		op = op_imm(raw, f3, &imm);
		break;
	case 0x1b:
		imm = imm_i(raw);
		op = op_imm32(raw, f3, &imm);
		break;
	case 0x33:
		op = op_reg(f7, f3);
		break;
	case 0x3b:
		op = op_reg32(f7, f3);
		break;
	case 0x2f:
		op = op_amo(raw, f3);
		aux = raw >> 27;
		imm = 1 << (f3 & 3);
		break;
	case 0x0f:
		if (f3 < 2)
			op = f3 ? RV64_FENCE_I : RV64_FENCE;
		break;
	case 0x73:
		op = op_system(raw, f3);
		aux = f3;
		imm = (int32_t)(raw >> 20);
		break;
	}

	*out = (struct wcard_rv64_insn){
		.op = (uint8_t)op,
		.len = (uint8_t)len,
		.rd = (uint8_t)(rd ? rd : 32),
		.rs1 = raw >> 15 & 31,
		.rs2 = raw >> 20 & 31,
		.aux = (uint8_t)aux,
		.imm = imm,
	};
}
