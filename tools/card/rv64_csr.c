/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Control and status registers, traps, interrupt lines, life of the hart. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rv64_insn.h"

#define IRQ_LINES	(UINT64_C(1) << WCARD_RV64_MSI | UINT64_C(1) << WCARD_RV64_MTI | \
			 UINT64_C(1) << WCARD_RV64_MEI)

enum csr_number {
	CSR_MSTATUS = 0x300, CSR_MISA = 0x301, CSR_MIE = 0x304, CSR_MTVEC = 0x305,
	CSR_MHPMEVENT3 = 0x323, CSR_MHPMEVENT31 = 0x33f,
	CSR_MSCRATCH = 0x340, CSR_MEPC = 0x341, CSR_MCAUSE = 0x342, CSR_MTVAL = 0x343, CSR_MIP = 0x344,
	CSR_MCYCLE = 0xb00, CSR_MINSTRET = 0xb02, CSR_MHPMCOUNTER3 = 0xb03, CSR_MHPMCOUNTER31 = 0xb1f,
	CSR_MVENDORID = 0xf11, CSR_MARCHID = 0xf12, CSR_MIMPID = 0xf13, CSR_MHARTID = 0xf14, CSR_MCONFIGPTR = 0xf15,
};

static int csr_read(const struct wcard_rv64 *cpu, uint32_t csr, uint64_t *val)
{
	switch (csr) {
	case CSR_MSTATUS: *val = cpu->mstatus; return 0;
	case CSR_MISA: *val = WCARD_RV64_MISA; return 0;
	case CSR_MIE: *val = cpu->mie; return 0;
	case CSR_MTVEC: *val = cpu->mtvec; return 0;
	case CSR_MSCRATCH: *val = cpu->mscratch; return 0;
	case CSR_MEPC: *val = cpu->mepc; return 0;
	case CSR_MCAUSE: *val = cpu->mcause; return 0;
	case CSR_MTVAL: *val = cpu->mtval; return 0;
	case CSR_MIP: *val = atomic_load(&cpu->lines) & IRQ_LINES; return 0;
	case CSR_MCYCLE: *val = cpu->retired + cpu->mcycle_offset; return 0;
	case CSR_MINSTRET: *val = cpu->retired + cpu->minstret_offset; return 0;
	case CSR_MHARTID: *val = cpu->cfg.hartid; return 0;
	case CSR_MVENDORID: case CSR_MARCHID: case CSR_MIMPID: case CSR_MCONFIGPTR: *val = 0; return 0;
	}
	*val = 0;
	return (csr >= CSR_MHPMEVENT3 && csr <= CSR_MHPMEVENT31) ||
	       (csr >= CSR_MHPMCOUNTER3 && csr <= CSR_MHPMCOUNTER31) ? 0 : -1;
}

/* Only numbers csr_read() knows; what is not listed ignores writes. */
static void csr_write(struct wcard_rv64 *cpu, uint32_t csr, uint64_t val)
{
	switch (csr) {
	case CSR_MSTATUS:
		cpu->mstatus = (val & (WCARD_RV64_MSTATUS_MIE | WCARD_RV64_MSTATUS_MPIE)) | WCARD_RV64_MSTATUS_MPP;
		break;
	case CSR_MIE: cpu->mie = val & IRQ_LINES; break;
	case CSR_MTVEC: cpu->mtvec = val & ~UINT64_C(2); break;		/* modes 2 and 3 are reserved */
	case CSR_MSCRATCH: cpu->mscratch = val; break;
	case CSR_MEPC: cpu->mepc = val & ~UINT64_C(1); break;
	case CSR_MCAUSE: cpu->mcause = val; break;
	case CSR_MTVAL: cpu->mtval = val; break;
	/* The value written is what the next instruction reads: this one does not count on top. */
	case CSR_MCYCLE: cpu->mcycle_offset = val - (cpu->retired + 1); break;
	case CSR_MINSTRET: cpu->minstret_offset = val - (cpu->retired + 1); break;
	}
	rv64_update_irq_mask(cpu);
}

int rv64_csr(struct wcard_rv64 *cpu, const struct wcard_rv64_insn *in)
{
	uint32_t csr = (uint32_t)in->imm;
	uint64_t old, arg = in->aux & 4 ? in->rs1 : cpu->x[in->rs1];
	unsigned how = in->aux & 3;
	bool write = how == 1 || in->rs1 != 0;			/* set and clear with x0 or 0 only read */

	if (csr_read(cpu, csr, &old) || (write && csr >> 10 == 3))
		return -1;
	if (write)
		csr_write(cpu, csr, how == 1 ? arg : how == 2 ? old | arg : old & ~arg);
	cpu->x[in->rd] = old;
	return 0;
}

void rv64_update_irq_mask(struct wcard_rv64 *cpu)
{
	cpu->irq_mask = (cpu->mstatus & WCARD_RV64_MSTATUS_MIE ? cpu->mie : 0) | WCARD_RV64_LINE_HALT;
}

void rv64_take_trap(struct wcard_rv64 *cpu, uint64_t cause, uint64_t tval)
{
	cpu->mepc = cpu->pc & ~UINT64_C(1);
	cpu->mcause = cause;
	cpu->mtval = tval;
	cpu->mstatus = WCARD_RV64_MSTATUS_MPP |
		       (cpu->mstatus & WCARD_RV64_MSTATUS_MIE ? WCARD_RV64_MSTATUS_MPIE : 0);
	cpu->pc = cpu->mtvec & ~UINT64_C(3);
	if ((cpu->mtvec & 1) && (cause & WCARD_RV64_INTERRUPT))
		cpu->pc += 4 * (cause & ~WCARD_RV64_INTERRUPT);
	cpu->reservation = WCARD_RV64_NO_RESERVATION;
	rv64_update_irq_mask(cpu);
}

bool rv64_take_interrupt(struct wcard_rv64 *cpu)
{
	static const uint8_t by_priority[] = {WCARD_RV64_MEI, WCARD_RV64_MSI, WCARD_RV64_MTI};
	uint64_t pending = atomic_load(&cpu->lines) & cpu->irq_mask;

	for (size_t i = 0; i < sizeof(by_priority); i++) {
		if (pending >> by_priority[i] & 1) {
			rv64_take_trap(cpu, WCARD_RV64_INTERRUPT | by_priority[i], 0);
			return true;
		}
	}
	return false;
}

void rv64_mret(struct wcard_rv64 *cpu)
{
	cpu->mstatus = WCARD_RV64_MSTATUS_MPP | WCARD_RV64_MSTATUS_MPIE |
		       (cpu->mstatus & WCARD_RV64_MSTATUS_MPIE ? WCARD_RV64_MSTATUS_MIE : 0);
	cpu->pc = cpu->mepc;
	cpu->reservation = WCARD_RV64_NO_RESERVATION;
	rv64_update_irq_mask(cpu);
}

void wcard_rv64_set_line(struct wcard_rv64 *cpu, enum wcard_rv64_line line, bool level)
{
	uint64_t bit = (UINT64_C(1) << line) & IRQ_LINES;

	if (level)
		atomic_fetch_or(&cpu->lines, bit);
	else
		atomic_fetch_and(&cpu->lines, ~bit);
}

void wcard_rv64_halt(struct wcard_rv64 *cpu)
{
	atomic_fetch_or(&cpu->lines, WCARD_RV64_LINE_HALT);
}

void wcard_rv64_resume(struct wcard_rv64 *cpu)
{
	atomic_fetch_and(&cpu->lines, ~WCARD_RV64_LINE_HALT);
}

bool wcard_rv64_ready(struct wcard_rv64 *cpu)
{
	uint64_t wake = atomic_load(&cpu->wake_mask);

	return wake == UINT64_MAX || (atomic_load(&cpu->lines) & (wake | WCARD_RV64_LINE_HALT));
}

void wcard_rv64_reset(struct wcard_rv64 *cpu, uint64_t entry)
{
	memset(cpu->x, 0, sizeof(cpu->x));
	cpu->pc = entry;
	cpu->mstatus = WCARD_RV64_MSTATUS_MPP;
	cpu->mie = cpu->mtvec = cpu->mepc = cpu->mcause = cpu->mtval = cpu->mscratch = 0;
	cpu->mcycle_offset = cpu->minstret_offset = -cpu->retired;
	cpu->reservation = WCARD_RV64_NO_RESERVATION;
	cpu->reservation_bytes = 0;
	atomic_store(&cpu->wake_mask, UINT64_MAX);
	rv64_update_irq_mask(cpu);
	wcard_rv64_invalidate(cpu, cpu->cfg.ram_base, cpu->cfg.ram_bytes);
}

int wcard_rv64_init(struct wcard_rv64 *cpu, const struct wcard_rv64_config *cfg)
{
	uint64_t halfwords = cfg->ram_bytes / 2;

	if (!cfg->ram || !cfg->ram_bytes || cfg->ram_bytes > UINT64_C(1) << 30 || cfg->ram_bytes % 4096 ||
	    cfg->ram_base % 4096 || cfg->ram_base + cfg->ram_bytes - 1 < cfg->ram_base)
		return -EINVAL;
	memset(cpu, 0, sizeof(*cpu));
	cpu->cfg = *cfg;
	cpu->code = calloc(halfwords + 1, sizeof(*cpu->code));
	cpu->has_code = calloc(cfg->ram_bytes >> WCARD_RV64_GRANULE_SHIFT, 1);
	if (!cpu->code || !cpu->has_code) {
		wcard_rv64_fini(cpu);
		return -ENOMEM;
	}
	cpu->code[halfwords] = (struct wcard_rv64_insn){.op = RV64_END, .len = 2};
	wcard_rv64_reset(cpu, cfg->ram_base);
	return 0;
}

void wcard_rv64_fini(struct wcard_rv64 *cpu)
{
	free(cpu->code);
	free(cpu->has_code);
	cpu->code = NULL;
	cpu->has_code = NULL;
}
