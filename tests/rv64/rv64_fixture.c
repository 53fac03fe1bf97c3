/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include "rv64_fixture.h"

static int dev_load(void *ctx, uint64_t addr, unsigned size, uint64_t *val)
{
	struct machine *m = ctx;

	if (addr - DEVICE >= 4096)
		return -1;
	m->dev_loads++;
	m->dev_addr = addr;
	m->dev_size = size;
	*val = m->dev_value;
	return 0;
}

static int dev_store(void *ctx, uint64_t addr, unsigned size, uint64_t val)
{
	struct machine *m = ctx;

	if (addr - DEVICE >= 4096)
		return -1;
	m->dev_stores++;
	m->dev_addr = addr;
	m->dev_size = size;
	m->dev_value = val;
	if (m->raise)
		wcard_rv64_set_line(&m->cpu, (enum wcard_rv64_line)m->raise, true);
	return 0;
}

static const struct wcard_rv64_bus bus = {dev_load, dev_store};

void machine_restart(struct machine *m)
{
	memset(m->ram, 0, RAM_BYTES);
	wcard_rv64_reset(&m->cpu, BASE);
	m->at = VECTOR;
	put32(m, WFI);
	put32(m, enc_jal(0, 0));
	m->at = BASE;
	m->cpu.mtvec = VECTOR;
}

int machine_setup(void **state)
{
	struct machine *m = calloc(1, sizeof(*m));
	struct wcard_rv64_config cfg = {.ram_base = BASE, .ram_bytes = RAM_BYTES, .bus = &bus, .bus_ctx = m,
					.hartid = 5};

	if (!m)
		return -1;
	cfg.ram = m->ram = malloc(RAM_BYTES);
	if (!m->ram || wcard_rv64_init(&m->cpu, &cfg))
		return -1;
	machine_restart(m);
	*state = m;
	return 0;
}

int machine_teardown(void **state)
{
	struct machine *m = *state;

	wcard_rv64_fini(&m->cpu);
	free(m->ram);
	free(m);
	return 0;
}

enum wcard_rv64_stop machine_run(struct machine *m, uint64_t max)
{
	return wcard_rv64_run(&m->cpu, max);
}

void expect_trap(struct machine *m, uint64_t cause, uint64_t epc, uint64_t tval)
{
	assert_int_equal(wcard_rv64_run(&m->cpu, 1000), WCARD_RV64_WFI);
	assert_int_equal(m->cpu.pc, VECTOR + 4);
	assert_int_equal(m->cpu.mcause, cause);
	assert_int_equal(m->cpu.mepc, epc);
	assert_int_equal(m->cpu.mtval, tval);
	atomic_store(&m->cpu.wake_mask, UINT64_MAX);	/* the test goes on elsewhere without an interrupt */
}

void machine_steps(struct machine *m, unsigned n)
{
	uint64_t retired = m->cpu.retired;

	assert_int_equal(wcard_rv64_run(&m->cpu, n), WCARD_RV64_BUDGET);
	assert_int_equal(m->cpu.retired - retired, n);
}
