/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Decoded-code cache, accesses outside RAM or misplaced, and atomics. Aligned and misaligned RAM accesses by plain
 * loads and stores never come here: rv64_exec.c does them in place. */
#include <string.h>

#include "rv64_insn.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "RAM is accessed in the byte order of the bench machine");

uint32_t rv64_fetch(const struct wcard_rv64 *cpu, uint64_t off)
{
	const uint8_t *p = (const uint8_t *)cpu->cfg.ram + off;
	uint16_t lo, hi = 0;

	memcpy(&lo, p, 2);
	if ((lo & 3) == 3 && off + 4 <= cpu->cfg.ram_bytes)
		memcpy(&hi, p + 2, 2);
	return (uint32_t)hi << 16 | lo;
}

void rv64_fill(struct wcard_rv64 *cpu, uint64_t off)
{
	struct wcard_rv64_insn *in = &cpu->code[off >> 1];

	rv64_decode(rv64_fetch(cpu, off), in);
	if (off + in->len > cpu->cfg.ram_bytes)		/* the second half lies outside RAM */
		*in = (struct wcard_rv64_insn){.op = RV64_END, .len = 2, .aux = 2};
	cpu->has_code[off >> WCARD_RV64_GRANULE_SHIFT] = 1;
	cpu->has_code[(off + in->len - 1u) >> WCARD_RV64_GRANULE_SHIFT] = 1;
}

void rv64_forget(struct wcard_rv64 *cpu, uint64_t off, uint64_t bytes)
{
	/* An instruction that begins one halfword earlier may reach into the range. */
	uint64_t h = off < 2 ? 0 : (off - 2) >> 1, end = (off + bytes + 1) >> 1;
	const uint64_t per_granule = 1u << (WCARD_RV64_GRANULE_SHIFT - 1);

	while (h < end) {
		if (cpu->has_code[h / per_granule])
			cpu->code[h++].op = RV64_UNDECODED;
		else
			h = (h / per_granule + 1) * per_granule;
	}
}

void wcard_rv64_invalidate(struct wcard_rv64 *cpu, uint64_t addr, uint64_t bytes)
{
	uint64_t off = addr - cpu->cfg.ram_base;

	if (off >= cpu->cfg.ram_bytes || !bytes)
		return;
	if (bytes > cpu->cfg.ram_bytes - off)
		bytes = cpu->cfg.ram_bytes - off;
	rv64_forget(cpu, off, bytes);
	/* Of a part it may be an instruction's second half that is left. */
	if (!off && bytes == cpu->cfg.ram_bytes)
		memset(cpu->has_code, 0, bytes >> WCARD_RV64_GRANULE_SHIFT);
}

static bool overlaps_ram(const struct wcard_rv64 *cpu, uint64_t addr, unsigned size)
{
	uint64_t off = addr - cpu->cfg.ram_base;

	return off < cpu->cfg.ram_bytes || off + size - 1 < cpu->cfg.ram_bytes;
}

static bool bus_may_take(const struct wcard_rv64 *cpu, uint64_t addr, unsigned size)
{
	return cpu->cfg.bus && !(addr & (size - 1)) && !overlaps_ram(cpu, addr, size);
}

int rv64_load_slow(struct wcard_rv64 *cpu, uint64_t addr, unsigned size, uint64_t *val, struct rv64_trap *trap)
{
	*val = 0;
	if (bus_may_take(cpu, addr, size) && !cpu->cfg.bus->load(cpu->cfg.bus_ctx, addr, size, val)) {
		if (size < 8)
			*val &= (UINT64_C(1) << (size * 8)) - 1;
		return 0;
	}
	*trap = (struct rv64_trap){WCARD_RV64_LOAD_ACCESS, addr};
	return -1;
}

int rv64_store_slow(struct wcard_rv64 *cpu, uint64_t addr, unsigned size, uint64_t val, struct rv64_trap *trap)
{
	if (size < 8)
		val &= (UINT64_C(1) << (size * 8)) - 1;
	if (bus_may_take(cpu, addr, size) && !cpu->cfg.bus->store(cpu->cfg.bus_ctx, addr, size, val))
		return 0;
	*trap = (struct rv64_trap){WCARD_RV64_STORE_ACCESS, addr};
	return -1;
}

static uint64_t read_ram(const uint8_t *p, unsigned size)
{
	uint64_t d;
	int32_t w;

	if (size == 8) {
		memcpy(&d, p, 8);
		return d;
	}
	memcpy(&w, p, 4);
	return (uint64_t)(int64_t)w;
}

/* old and arg sign-extended; only the low half of the result counts at width w */
static uint64_t amo_result(unsigned f5, unsigned size, uint64_t old, uint64_t arg)
{
	uint64_t uold = size == 8 ? old : (uint32_t)old, uarg = size == 8 ? arg : (uint32_t)arg;

	switch (f5) {
	case 0x00: return old + arg;
	case 0x04: return old ^ arg;
	case 0x08: return old | arg;
	case 0x0c: return old & arg;
	case 0x10: return (int64_t)old < (int64_t)arg ? old : arg;
	case 0x14: return (int64_t)old > (int64_t)arg ? old : arg;
	case 0x18: return uold < uarg ? old : arg;
	case 0x1c: return uold > uarg ? old : arg;
	}
	return arg;						/* 0x01: swap */
}

/* RAM belongs to this hart alone, so plain accesses are atomic enough. */
int rv64_amo(struct wcard_rv64 *cpu, const struct wcard_rv64_insn *in, struct rv64_trap *trap)
{
	unsigned size = (unsigned)in->imm;
	bool is_lr = in->aux == 0x02, is_sc = in->aux == 0x03;
	uint64_t addr = cpu->x[in->rs1], arg = cpu->x[in->rs2], off = addr - cpu->cfg.ram_base, old;
	uint8_t *p;

	if (addr & (size - 1)) {
		*trap = (struct rv64_trap){is_lr ? WCARD_RV64_LOAD_MISALIGNED : WCARD_RV64_STORE_MISALIGNED, addr};
		return -1;
	}
	if (off >= cpu->cfg.ram_bytes) {			/* aligned: cannot straddle the end */
		*trap = (struct rv64_trap){is_lr ? WCARD_RV64_LOAD_ACCESS : WCARD_RV64_STORE_ACCESS, addr};
		return -1;
	}
	p = (uint8_t *)cpu->cfg.ram + off;
	if (is_sc) {
		bool held = cpu->reservation == addr && cpu->reservation_bytes == size;

		cpu->reservation = WCARD_RV64_NO_RESERVATION;
		cpu->x[in->rd] = !held;
		if (!held)
			return 0;
	} else {
		old = read_ram(p, size);
		if (is_lr) {
			cpu->reservation = addr;
			cpu->reservation_bytes = size;
			cpu->x[in->rd] = old;
			return 0;
		}
		arg = amo_result(in->aux, size, old, size == 8 ? arg : (uint64_t)(int64_t)(int32_t)arg);
		cpu->x[in->rd] = old;
	}
	memcpy(p, &arg, size);
	if (cpu->has_code[off >> WCARD_RV64_GRANULE_SHIFT])
		rv64_forget(cpu, off, size);
	return 0;
}
