/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Between the files of the control processor: decoded instructions, traps, CSRs, slow memory accesses. */
#ifndef WCARD_RV64_INSN_H
#define WCARD_RV64_INSN_H

#include <stdint.h>

#include "rv64.h"

#define WCARD_RV64_GRANULE_SHIFT	8
#define WCARD_RV64_LINE_HALT		(UINT64_C(1) << 63)	/* in lines, above every mip bit */

/* Groups that rv64_decode.c indexes by funct3 are in the order of funct3. */
enum rv64_op {
	RV64_UNDECODED,			/* 0: what fresh and invalidated entries hold */
	RV64_END,			/* behind the last halfword of RAM */
	RV64_ILLEGAL,
	RV64_LUI, RV64_AUIPC, RV64_JAL, RV64_SPIN, RV64_JALR,
	RV64_BEQ, RV64_BNE, RV64_BLT, RV64_BGE, RV64_BLTU, RV64_BGEU,
	RV64_LB, RV64_LH, RV64_LW, RV64_LD, RV64_LBU, RV64_LHU, RV64_LWU,
	RV64_SB, RV64_SH, RV64_SW, RV64_SD,
	RV64_ADDI, RV64_SLLI, RV64_SLTI, RV64_SLTIU, RV64_XORI, RV64_SRLI, RV64_ORI, RV64_ANDI, RV64_SRAI,
	RV64_ADDIW, RV64_SLLIW, RV64_SRLIW, RV64_SRAIW,
	RV64_ADD, RV64_SLL, RV64_SLT, RV64_SLTU, RV64_XOR, RV64_SRL, RV64_OR, RV64_AND, RV64_SUB, RV64_SRA,
	RV64_ADDW, RV64_SLLW, RV64_SRLW, RV64_SUBW, RV64_SRAW,
	RV64_MUL, RV64_MULH, RV64_MULHSU, RV64_MULHU, RV64_DIV, RV64_DIVU, RV64_REM, RV64_REMU,
	RV64_MULW, RV64_DIVW, RV64_DIVUW, RV64_REMW, RV64_REMUW,
	RV64_AMO,			/* LR and SC too: aux = funct5, imm = bytes */
	RV64_FENCE, RV64_FENCE_I, RV64_ECALL, RV64_EBREAK, RV64_MRET, RV64_WFI,
	RV64_CSR,			/* aux = funct3, imm = CSR number, rs1 = register or immediate */
};

struct wcard_rv64_insn {
	uint8_t op;			/* enum rv64_op */
	uint8_t len;			/* 2 or 4 */
	uint8_t rd;			/* 32 for x0 */
	uint8_t rs1, rs2;
	uint8_t aux;
	int32_t imm;
};

/* rv64_decode.c, rv64_rvc.c */
void rv64_decode(uint32_t raw, struct wcard_rv64_insn *out);
uint32_t rv64_expand(uint16_t raw);	/* the 32-bit equal of a compressed instruction, 0 when illegal */

/* rv64_mem.c. Those that can trap return 0, or -1 with the cause and the faulting address as tval in *trap. */
struct rv64_trap {
	uint64_t cause, tval;
};
uint32_t rv64_fetch(const struct wcard_rv64 *cpu, uint64_t off);	/* raw bits at RAM offset; 16 when compressed */
void rv64_fill(struct wcard_rv64 *cpu, uint64_t off);			/* decode the entry of an offset */
void rv64_forget(struct wcard_rv64 *cpu, uint64_t off, uint64_t bytes);	/* a store hit a granule with code */
int rv64_load_slow(struct wcard_rv64 *cpu, uint64_t addr, unsigned size, uint64_t *val, struct rv64_trap *trap);
int rv64_store_slow(struct wcard_rv64 *cpu, uint64_t addr, unsigned size, uint64_t val, struct rv64_trap *trap);
int rv64_amo(struct wcard_rv64 *cpu, const struct wcard_rv64_insn *in, struct rv64_trap *trap);

/* rv64_csr.c. They use cpu->pc and cpu->retired, which the caller has brought up to date. */
int rv64_csr(struct wcard_rv64 *cpu, const struct wcard_rv64_insn *in);	/* -1: illegal */
void rv64_take_trap(struct wcard_rv64 *cpu, uint64_t cause, uint64_t tval);
bool rv64_take_interrupt(struct wcard_rv64 *cpu);	/* if one is pending and enabled */
void rv64_mret(struct wcard_rv64 *cpu);
void rv64_update_irq_mask(struct wcard_rv64 *cpu);

#endif
