/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The interpreter loop. `in` walks the decoded-code array in step with pc: the array has an entry per halfword of RAM,
 * so falling through is one addition and a jump one subtraction. Everything that traps stores pc and the count of
 * retired instructions back first, which makes traps precise.
 */
#include <string.h>

#include "rv64_insn.h"

__extension__ typedef __int128 i128;
__extension__ typedef unsigned __int128 u128;

static uint64_t sext32(uint64_t v)
{
	return (uint64_t)(int64_t)(int32_t)(uint32_t)v;
}

static uint64_t mulh(uint64_t a, uint64_t b)
{
	return (uint64_t)((u128)((i128)(int64_t)a * (int64_t)b) >> 64);
}

static uint64_t mulhsu(uint64_t a, uint64_t b)
{
	return (uint64_t)((u128)((i128)(int64_t)a * (i128)b) >> 64);
}

/* Division by zero and the one overflow give what the manual says; neither traps. */
static uint64_t div_s(uint64_t a, uint64_t b)
{
	if (!b)
		return UINT64_MAX;
	return b == UINT64_MAX ? 0 - a : (uint64_t)((int64_t)a / (int64_t)b);
}

static uint64_t rem_s(uint64_t a, uint64_t b)
{
	if (!b)
		return a;
	return b == UINT64_MAX ? 0 : (uint64_t)((int64_t)a % (int64_t)b);
}

/* pc is outside RAM or odd. */
static uint64_t fetch_cause(uint64_t pc)
{
	return pc & 1 ? WCARD_RV64_FETCH_MISALIGNED : WCARD_RV64_FETCH_ACCESS;
}

#define RD	x[in->rd]
#define RS1	x[in->rs1]
#define RS2	x[in->rs2]
#define IMM	((uint64_t)(int64_t)in->imm)

/* budget counts attempts, retired must not count those that trapped */
#define SYNC()		(cpu->pc = pc, cpu->retired = retired0 + (max_insns - left))
#define NEXT()		do { pc += in->len; in += in->len >> 1; goto next; } while (0)
#define TRAP(c, t)	do { trap = (struct rv64_trap){(c), (t)}; goto trapped; } while (0)
#define BRANCH(cond)	do { if (cond) { pc += IMM; goto jumped; } NEXT(); } while (0)

#define LOAD(type) do {									\
		uint64_t addr = RS1 + IMM, off = addr - base;				\
		type v;									\
		if (__builtin_expect(off <= ram_bytes - sizeof(v), 1)) {		\
			memcpy(&v, ram + off, sizeof(v));				\
			RD = (uint64_t)(int64_t)v;					\
			NEXT();								\
		}									\
		SYNC();									\
		if (rv64_load_slow(cpu, addr, sizeof(v), &val, &trap))			\
			goto trapped;							\
		RD = (uint64_t)(int64_t)(type)val;					\
		goto after_bus;								\
	} while (0)

#define STORE(type) do {								\
		uint64_t addr = RS1 + IMM, off = addr - base;				\
		type v = (type)RS2;							\
		if (__builtin_expect(off <= ram_bytes - sizeof(v), 1)) {		\
			memcpy(ram + off, &v, sizeof(v));				\
			if (__builtin_expect(has_code[off >> WCARD_RV64_GRANULE_SHIFT] |		\
					     has_code[(off + sizeof(v) - 1) >> WCARD_RV64_GRANULE_SHIFT], 0))	\
				rv64_forget(cpu, off, sizeof(v));			\
			NEXT();								\
		}									\
		SYNC();									\
		if (rv64_store_slow(cpu, addr, sizeof(v), RS2, &trap))			\
			goto trapped;							\
		goto after_bus;								\
	} while (0)

enum wcard_rv64_stop wcard_rv64_run(struct wcard_rv64 *cpu, uint64_t max_insns)
{
	uint64_t *const x = cpu->x;
	uint8_t *const ram = cpu->cfg.ram;
	const uint8_t *const has_code = cpu->has_code;
	const uint64_t base = cpu->cfg.ram_base, ram_bytes = cpu->cfg.ram_bytes;
	const struct wcard_rv64_insn *in = NULL;
	enum wcard_rv64_stop stop = WCARD_RV64_BUDGET;
	uint64_t retired0 = cpu->retired, left = max_insns, pc = cpu->pc, val;
	struct rv64_trap trap;

	if (atomic_load(&cpu->lines) & WCARD_RV64_LINE_HALT)
		return WCARD_RV64_HALTED;
	if (!wcard_rv64_ready(cpu))
		return WCARD_RV64_WFI;
	atomic_store(&cpu->wake_mask, UINT64_MAX);

jumped:
	if (__builtin_expect((atomic_load_explicit(&cpu->lines, memory_order_relaxed) & cpu->irq_mask) != 0, 0)) {
		SYNC();
		if (atomic_load(&cpu->lines) & WCARD_RV64_LINE_HALT)
			return WCARD_RV64_HALTED;
		if (rv64_take_interrupt(cpu))
			pc = cpu->pc;
	}
	if (__builtin_expect(pc - base >= ram_bytes || (pc & 1), 0)) {
		SYNC();
		if (pc == (cpu->mtvec & ~UINT64_C(3)))	/* the trap would come back here for ever */
			return WCARD_RV64_LOCKUP;
		if (!left)
			return WCARD_RV64_BUDGET;
		left--;
		TRAP(fetch_cause(pc), pc);
	}
	in = &cpu->code[(pc - base) >> 1];

next:
	if (__builtin_expect(!left, 0))
		goto out;
	left--;
	switch ((enum rv64_op)in->op) {
	case RV64_UNDECODED:
		rv64_fill(cpu, pc - base);
		left++;
		goto next;
	case RV64_END:
		TRAP(WCARD_RV64_FETCH_ACCESS, pc + in->aux);
	case RV64_ILLEGAL:
		TRAP(WCARD_RV64_ILLEGAL, rv64_fetch(cpu, pc - base));

	case RV64_LUI: RD = IMM; NEXT();
	case RV64_AUIPC: RD = pc + IMM; NEXT();
	case RV64_JAL:
		RD = pc + in->len;
		pc += IMM;
		goto jumped;
	case RV64_SPIN:
		/* A jump to itself: only an interrupt leads out, so let the bench machine sleep. */
		if (!(atomic_load(&cpu->lines) & cpu->irq_mask)) {
			atomic_store(&cpu->wake_mask, cpu->irq_mask);
			stop = WCARD_RV64_WFI;
			goto out;
		}
		goto jumped;
	case RV64_JALR:
		val = (RS1 + IMM) & ~UINT64_C(1);
		RD = pc + in->len;
		pc = val;
		goto jumped;
	case RV64_BEQ: BRANCH(RS1 == RS2);
	case RV64_BNE: BRANCH(RS1 != RS2);
	case RV64_BLT: BRANCH((int64_t)RS1 < (int64_t)RS2);
	case RV64_BGE: BRANCH((int64_t)RS1 >= (int64_t)RS2);
	case RV64_BLTU: BRANCH(RS1 < RS2);
	case RV64_BGEU: BRANCH(RS1 >= RS2);

	case RV64_LB: LOAD(int8_t);
	case RV64_LH: LOAD(int16_t);
	case RV64_LW: LOAD(int32_t);
	case RV64_LD: LOAD(uint64_t);
	case RV64_LBU: LOAD(uint8_t);
	case RV64_LHU: LOAD(uint16_t);
	case RV64_LWU: LOAD(uint32_t);
	case RV64_SB: STORE(uint8_t);
	case RV64_SH: STORE(uint16_t);
	case RV64_SW: STORE(uint32_t);
	case RV64_SD: STORE(uint64_t);

	case RV64_ADDI: RD = RS1 + IMM; NEXT();
	case RV64_SLLI: RD = RS1 << in->imm; NEXT();
	case RV64_SLTI: RD = (int64_t)RS1 < (int64_t)IMM; NEXT();
	case RV64_SLTIU: RD = RS1 < IMM; NEXT();
	case RV64_XORI: RD = RS1 ^ IMM; NEXT();
	case RV64_SRLI: RD = RS1 >> in->imm; NEXT();
	case RV64_ORI: RD = RS1 | IMM; NEXT();
	case RV64_ANDI: RD = RS1 & IMM; NEXT();
	case RV64_SRAI: RD = (uint64_t)((int64_t)RS1 >> in->imm); NEXT();
	case RV64_ADDIW: RD = sext32(RS1 + IMM); NEXT();
	case RV64_SLLIW: RD = sext32(RS1 << in->imm); NEXT();
	case RV64_SRLIW: RD = sext32((uint32_t)RS1 >> in->imm); NEXT();
	case RV64_SRAIW: RD = (uint64_t)(int64_t)((int32_t)(uint32_t)RS1 >> in->imm); NEXT();

	case RV64_ADD: RD = RS1 + RS2; NEXT();
	case RV64_SLL: RD = RS1 << (RS2 & 63); NEXT();
	case RV64_SLT: RD = (int64_t)RS1 < (int64_t)RS2; NEXT();
	case RV64_SLTU: RD = RS1 < RS2; NEXT();
	case RV64_XOR: RD = RS1 ^ RS2; NEXT();
	case RV64_SRL: RD = RS1 >> (RS2 & 63); NEXT();
	case RV64_OR: RD = RS1 | RS2; NEXT();
	case RV64_AND: RD = RS1 & RS2; NEXT();
	case RV64_SUB: RD = RS1 - RS2; NEXT();
	case RV64_SRA: RD = (uint64_t)((int64_t)RS1 >> (RS2 & 63)); NEXT();
	case RV64_ADDW: RD = sext32(RS1 + RS2); NEXT();
	case RV64_SLLW: RD = sext32(RS1 << (RS2 & 31)); NEXT();
	case RV64_SRLW: RD = sext32((uint32_t)RS1 >> (RS2 & 31)); NEXT();
	case RV64_SUBW: RD = sext32(RS1 - RS2); NEXT();
	case RV64_SRAW: RD = (uint64_t)(int64_t)((int32_t)(uint32_t)RS1 >> (RS2 & 31)); NEXT();

	case RV64_MUL: RD = RS1 * RS2; NEXT();
	case RV64_MULH: RD = mulh(RS1, RS2); NEXT();
	case RV64_MULHSU: RD = mulhsu(RS1, RS2); NEXT();
	case RV64_MULHU: RD = (uint64_t)((u128)RS1 * RS2 >> 64); NEXT();
	case RV64_DIV: RD = div_s(RS1, RS2); NEXT();
	case RV64_DIVU: RD = RS2 ? RS1 / RS2 : UINT64_MAX; NEXT();
	case RV64_REM: RD = rem_s(RS1, RS2); NEXT();
	case RV64_REMU: RD = RS2 ? RS1 % RS2 : RS1; NEXT();
	case RV64_MULW: RD = sext32(RS1 * RS2); NEXT();
	case RV64_DIVW: RD = sext32(div_s(sext32(RS1), sext32(RS2))); NEXT();
	case RV64_DIVUW: RD = (uint32_t)RS2 ? sext32((uint32_t)RS1 / (uint32_t)RS2) : UINT64_MAX; NEXT();
	case RV64_REMW: RD = sext32(rem_s(sext32(RS1), sext32(RS2))); NEXT();
	case RV64_REMUW: RD = sext32((uint32_t)RS2 ? (uint32_t)RS1 % (uint32_t)RS2 : (uint32_t)RS1); NEXT();

	case RV64_AMO:
		if (rv64_amo(cpu, in, &trap))
			goto trapped;
		NEXT();
	case RV64_FENCE:
		atomic_thread_fence(memory_order_seq_cst);
		NEXT();
	case RV64_FENCE_I:
		NEXT();
	case RV64_ECALL:
		TRAP(WCARD_RV64_ECALL_M, 0);
	case RV64_EBREAK:
		TRAP(WCARD_RV64_BREAKPOINT, pc);
	case RV64_MRET:
		rv64_mret(cpu);
		pc = cpu->pc;
		goto jumped;
	case RV64_WFI:
		pc += in->len;
		if (!(atomic_load(&cpu->lines) & (cpu->mie | WCARD_RV64_LINE_HALT))) {
			atomic_store(&cpu->wake_mask, cpu->mie);
			stop = WCARD_RV64_WFI;
			goto out;
		}
		goto jumped;
	case RV64_CSR:
		left++;					/* it reads the counts before itself */
		SYNC();
		left--;
		if (rv64_csr(cpu, in))
			TRAP(WCARD_RV64_ILLEGAL, rv64_fetch(cpu, pc - base));
		pc += in->len;
		goto jumped;
	}
	TRAP(WCARD_RV64_ILLEGAL, 0);			/* no such op: every one is listed above */

after_bus:
	pc += in->len;
	goto jumped;

trapped:
	retired0--;
	SYNC();
	rv64_take_trap(cpu, trap.cause, trap.tval);
	pc = cpu->pc;
	goto jumped;

out:
	SYNC();
	return stop;
}
