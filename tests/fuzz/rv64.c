// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Interpreter of the control processor: random code. The same program runs twice, once in one go and once an
 * instruction at a time with everything decoded forgotten in between; both must end in the same state.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "tools/card/rv64.h"

#define BASE	UINT64_C(0x80000000)
#define BYTES	4096u
#define INSNS	64u

struct hart {
	struct wcard_rv64 cpu;
	uint8_t *ram;
	uint64_t accesses, sum;		/* what the bus saw */
};

static struct hart hart[2];

static int load(void *ctx, uint64_t addr, unsigned int size, uint64_t *val)
{
	struct hart *h = ctx;

	if (addr % size || (addr >= BASE && addr - BASE < BYTES))
		fuzz_wrong("the bus sees a load of %u bytes at %#lx", size, (unsigned long)addr);
	h->accesses++;
	*val = addr * UINT64_C(0x9e3779b97f4a7c15) + h->accesses;
	return addr >> 40 ? -1 : 0;
}

static int store(void *ctx, uint64_t addr, unsigned int size, uint64_t val)
{
	struct hart *h = ctx;

	if (addr % size || (addr >= BASE && addr - BASE < BYTES))
		fuzz_wrong("the bus sees a store of %u bytes at %#lx", size, (unsigned long)addr);
	h->accesses++;
	if (size < 8)
		val &= (UINT64_C(1) << 8 * size) - 1;
	h->sum = (h->sum ^ addr ^ val) * UINT64_C(0x100000001b3);
	return addr >> 40 ? -1 : 0;
}

static const struct wcard_rv64_bus bus = { load, store };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	for (int i = 0; i < 2; i++) {
		struct wcard_rv64_config cfg = { .ram_base = BASE, .ram_bytes = BYTES, .bus = &bus, .bus_ctx = &hart[i] };

		cfg.ram = hart[i].ram = malloc(BYTES);
		if (!cfg.ram || wcard_rv64_init(&hart[i].cpu, &cfg))
			abort();
	}
	return 0;
}

/* Registers that often point into memory, lines and handler as the input says, code behind. */
static void set_up(struct hart *h, struct fuzz_in in)
{
	uint8_t lines = fuzz_u8(&in), where = fuzz_u8(&in);
	uint64_t entry = BASE + 2 * (where & 0x7f);

	memset(h->ram, 0, BYTES);
	h->accesses = h->sum = 0;
	wcard_rv64_reset(&h->cpu, entry);
	wcard_rv64_set_line(&h->cpu, WCARD_RV64_MSI, lines & 1);
	wcard_rv64_set_line(&h->cpu, WCARD_RV64_MTI, lines & 2);
	wcard_rv64_set_line(&h->cpu, WCARD_RV64_MEI, lines & 4);
	if (lines & 8)
		h->cpu.mtvec = BASE + 0xc00 + (lines >> 4 & 1);
	for (unsigned int i = 1; i < 32; i++)
		h->cpu.x[i] = BASE + 0x800 + 8 * i;
	if (where & 0x80)
		for (unsigned int i = 8; i < 12; i++)
			h->cpu.x[i] = fuzz_u64(&in);
	if (in.n > BYTES - 256)
		in.n = BYTES - 256;
	fuzz_bytes(&in, h->ram + (entry - BASE), in.n);
}

static void compare(const struct hart *a, const struct hart *b)
{
	const struct wcard_rv64 *x = &a->cpu, *y = &b->cpu;

	if (x->pc != y->pc || memcmp(x->x, y->x, 32 * sizeof(x->x[0])) || x->mstatus != y->mstatus || x->mie != y->mie ||
	    x->mtvec != y->mtvec || x->mepc != y->mepc || x->mcause != y->mcause || x->mtval != y->mtval ||
	    x->mscratch != y->mscratch || x->reservation != y->reservation)
		fuzz_wrong("registers differ: pc %#lx and %#lx", (unsigned long)x->pc, (unsigned long)y->pc);
	if (memcmp(a->ram, b->ram, BYTES) || a->accesses != b->accesses || a->sum != b->sum)
		fuzz_wrong("memory or bus differ, pc %#lx", (unsigned long)x->pc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	struct hart *a = &hart[0], *b = &hart[1];
	enum wcard_rv64_stop sa, sb = WCARD_RV64_BUDGET;
	uint64_t first_a, first_b;

	/* mcycle and minstret are told from `retired`, which must therefore begin equal */
	a->cpu.retired = b->cpu.retired = 0;
	set_up(a, in);
	set_up(b, in);
	first_a = a->cpu.retired;
	first_b = b->cpu.retired;
	sa = wcard_rv64_run(&a->cpu, INSNS);
	for (unsigned int i = 0; i < INSNS && sb == WCARD_RV64_BUDGET; i++) {
		uint64_t pc = b->cpu.pc;

		sb = wcard_rv64_run(&b->cpu, 1);
		/* all that was decoded: one instruction; now and then everything, as a reset does */
		wcard_rv64_invalidate(&b->cpu, i % 16 ? pc : BASE, i % 16 ? 4 : BYTES);
	}
	if (sa != sb)
		fuzz_wrong("stopped for %d and %d, pc %#lx and %#lx", sa, sb, (unsigned long)a->cpu.pc,
			   (unsigned long)b->cpu.pc);
	if (a->cpu.x[0] || (a->cpu.mstatus & WCARD_RV64_MSTATUS_MPP) != WCARD_RV64_MSTATUS_MPP ||
	    a->cpu.retired - first_a > INSNS)
		fuzz_wrong("x0 %#lx, mstatus %#lx, %lu instructions", (unsigned long)a->cpu.x[0],
			   (unsigned long)a->cpu.mstatus, (unsigned long)(a->cpu.retired - first_a));
	if (a->cpu.retired - first_a != b->cpu.retired - first_b)
		fuzz_wrong("%lu and %lu instructions", (unsigned long)(a->cpu.retired - first_a),
			   (unsigned long)(b->cpu.retired - first_b));
	compare(a, b);
	fuzz_cover();
	return 0;
}
