/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The control processor: one RV64IMAC + Zicsr + Zifencei hart, machine mode only, little endian.
 *
 * Choices the architecture leaves open, and what this hart does:
 *  - code runs from RAM only; a fetch elsewhere is an instruction access fault;
 *  - misaligned loads and stores work in RAM; outside RAM they are access faults and the bus never sees them;
 *  - LR, SC and AMO work in RAM only (access fault elsewhere) and must be aligned (address-misaligned trap);
 *  - a reservation is one address and width; SC, any trap and MRET end it, the hart's own stores do not;
 *  - stores to code take effect at once, so FENCE.I has nothing left to do;
 *  - interrupts are taken at taken branches, jumps, CSR instructions, MRET, WFI and bus accesses;
 *  - mcycle counts one cycle an instruction, none while waiting; hpm counters and events read 0;
 *  - mtval: the address for access and misaligned traps, the instruction for illegal ones, pc for EBREAK, else 0.
 *
 * One thread at a time calls init, reset, run, invalidate and fini and touches the fields. set_line, halt, resume and
 * ready may be called from any thread.
 */
#ifndef WCARD_RV64_H
#define WCARD_RV64_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Everything outside RAM. size is 1, 2, 4 or 8 and addr a multiple of it; non-zero means access fault. The callbacks
 * run inside wcard_rv64_run(); they may call set_line, halt and, after writing RAM themselves, invalidate. */
struct wcard_rv64_bus {
	int (*load)(void *ctx, uint64_t addr, unsigned size, uint64_t *val);
	int (*store)(void *ctx, uint64_t addr, unsigned size, uint64_t val);
};

struct wcard_rv64_config {
	void *ram;			/* owned by the caller, must outlive the hart */
	uint64_t ram_base;		/* multiple of 4096 */
	uint64_t ram_bytes;		/* multiple of 4096, at most 1 GiB, not wrapping */
	const struct wcard_rv64_bus *bus;
	void *bus_ctx;
	uint64_t hartid;
};

enum wcard_rv64_stop {
	WCARD_RV64_BUDGET,		/* max_insns were executed */
	WCARD_RV64_WFI,			/* nothing to do until wcard_rv64_ready(): sleep */
	WCARD_RV64_HALTED,		/* wcard_rv64_halt() was called */
	WCARD_RV64_LOCKUP,		/* the trap vector itself cannot be fetched: only a reset helps */
};

/* Interrupt lines; the numbers are those of mip and mcause. */
enum wcard_rv64_line {
	WCARD_RV64_MSI = 3,
	WCARD_RV64_MTI = 7,
	WCARD_RV64_MEI = 11,
};

enum wcard_rv64_cause {
	WCARD_RV64_FETCH_MISALIGNED = 0,
	WCARD_RV64_FETCH_ACCESS = 1,
	WCARD_RV64_ILLEGAL = 2,
	WCARD_RV64_BREAKPOINT = 3,
	WCARD_RV64_LOAD_MISALIGNED = 4,
	WCARD_RV64_LOAD_ACCESS = 5,
	WCARD_RV64_STORE_MISALIGNED = 6,
	WCARD_RV64_STORE_ACCESS = 7,
	WCARD_RV64_ECALL_M = 11,
};
#define WCARD_RV64_INTERRUPT		(UINT64_C(1) << 63)	/* in mcause */

#define WCARD_RV64_MSTATUS_MIE		(UINT64_C(1) << 3)
#define WCARD_RV64_MSTATUS_MPIE		(UINT64_C(1) << 7)
#define WCARD_RV64_MSTATUS_MPP		(UINT64_C(3) << 11)	/* always 3: machine mode */
#define WCARD_RV64_MISA			((UINT64_C(2) << 62) | 1u << 0 | 1u << 2 | 1u << 8 | 1u << 12)	/* A C I M */

#define WCARD_RV64_NO_RESERVATION	UINT64_MAX

struct wcard_rv64_insn;

struct wcard_rv64 {
	uint64_t pc;
	uint64_t x[33];			/* x[32] swallows writes to x0 */
	uint64_t mstatus, mie, mtvec, mepc, mcause, mtval, mscratch;
	uint64_t retired;		/* instructions since init; mcycle and minstret are offsets to it */
	uint64_t mcycle_offset, minstret_offset;
	uint64_t reservation;		/* address of the last LR, or WCARD_RV64_NO_RESERVATION */
	unsigned reservation_bytes;

	/* Private. */
	_Atomic uint64_t lines;		/* mip bits, and the halt request */
	_Atomic uint64_t wake_mask;	/* which lines end the present wait; all ones when not waiting */
	uint64_t irq_mask;		/* which lines interrupt the running program now */
	struct wcard_rv64_config cfg;
	struct wcard_rv64_insn *code;	/* decoded instruction per halfword of RAM; untouched memory where no code is */
	uint8_t *has_code;		/* per WCARD_RV64_GRANULE of RAM: something in it was decoded */
};

/* Returns 0, -EINVAL or -ENOMEM. The hart is reset with pc = ram_base. */
int wcard_rv64_init(struct wcard_rv64 *cpu, const struct wcard_rv64_config *cfg);
void wcard_rv64_fini(struct wcard_rv64 *cpu);

/* Registers and CSRs to zero, interrupts off, decoded code forgotten. Lines and a halt request stay as they are: they
 * belong to the platform. RAM is not touched. */
void wcard_rv64_reset(struct wcard_rv64 *cpu, uint64_t entry);

/* Run at most max_insns instructions (traps and failed fetches count). A waiting hart returns at once. */
enum wcard_rv64_stop wcard_rv64_run(struct wcard_rv64 *cpu, uint64_t max_insns);

/* Level-triggered. The caller wakes whoever sleeps on behalf of this hart. */
void wcard_rv64_set_line(struct wcard_rv64 *cpu, enum wcard_rv64_line line, bool level);

/* Make run() return HALTED, now and until resume. */
void wcard_rv64_halt(struct wcard_rv64 *cpu);
void wcard_rv64_resume(struct wcard_rv64 *cpu);

/* After WFI: would run() get anywhere? To be asked under the lock the sleeper sleeps with. True also when halted. */
bool wcard_rv64_ready(struct wcard_rv64 *cpu);

/* RAM at [addr, addr + bytes) was written by someone else than the program. */
void wcard_rv64_invalidate(struct wcard_rv64 *cpu, uint64_t addr, uint64_t bytes);

#endif
