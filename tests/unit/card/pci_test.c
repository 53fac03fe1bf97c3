// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Config space as a host's PCI code sees it; registers are numbers of the PCI specification here. */
#include "rig.h"

#include "firmware/abi/reg.h"

static uint32_t get(struct wcard_card *c, unsigned int at, unsigned int bytes)
{
	uint8_t data[4] = { 0 };

	wcard_pci_read(c, at, bytes, data);
	return data[0] | data[1] << 8 | data[2] << 16 | (uint32_t)data[3] << 24;
}

static void set(struct wcard_card *c, unsigned int at, unsigned int bytes, uint32_t v)
{
	const uint8_t data[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) };

	wcard_pci_write(c, at, bytes, data);
}

static int setup(void **state)
{
	*state = rig_new(2);
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

static void identity(void **state)
{
	struct wcard_card *c = ((struct wcard_machine *)*state)->card[0];

	assert_int_equal(get(c, 0, 2), WEFT_PCI_VENDOR);
	assert_int_equal(get(c, 2, 2), WEFT_PCI_DEVICE);
	assert_int_equal(get(c, 8, 4) >> 8, WEFT_PCI_CLASS);
	assert_int_equal(get(c, 14, 1), 0);		/* header type: one function, no bridge */
	assert_int_equal(get(c, 61, 1), 0);		/* no interrupt pin */
	for (unsigned int at = 0; at < 16; at += 4) {
		uint32_t v = get(c, at, 4);

		if (at == 4 || at == 12)		/* command, cache line */
			continue;
		set(c, at, 4, ~v);
		assert_int_equal(get(c, at, 4), v);
	}
}

static void sizes(void **state)
{
	struct wcard_card *c = ((struct wcard_machine *)*state)->card[0];

	for (unsigned int at = 0x10; at < 0x28; at += 4)
		set(c, at, 4, 0xffffffff);
	assert_int_equal(get(c, 0x10, 4), (uint32_t)-WEFT_BAR_REGS_BYTES);
	assert_int_equal(get(c, 0x14, 4), 0);		/* no BAR1 */
	assert_int_equal(get(c, 0x18, 4), (uint32_t)-RIG_LMEM | 0xc);	/* 64 bits wide, prefetchable */
	assert_int_equal(get(c, 0x1c, 4), 0xffffffff);
	assert_int_equal(get(c, 0x20, 4), (uint32_t)-WCARD_DOORBELL_BAR | 0x4);
	assert_int_equal(get(c, 0x24, 4), 0xffffffff);
}

/* Every capability reached by the chain, in its place. */
static void capabilities(void **state)
{
	struct wcard_card *c = ((struct wcard_machine *)*state)->card[0];
	unsigned int at, n = 0, seen[8] = { 0 };

	assert_true(get(c, 6, 2) & 0x10);
	for (at = get(c, 0x34, 1); at && n < 8; at = get(c, at + 1, 1)) {
		assert_true(at >= 0x40 && !(at & 3));
		seen[n++] = get(c, at, 1);
		if (seen[n - 1] == 0x11) {
			assert_int_equal(get(c, at + 2, 2) & 0x7ff, 31);
			assert_true((get(c, at + 4, 4) & 7) == 0 && (get(c, at + 8, 4) & 7) == 0);
			/* 16 bytes for each vector, and the pending bits behind them, inside BAR0 and apart */
			assert_true((get(c, at + 4, 4) & ~7u) + 32 * 16 <= (get(c, at + 8, 4) & ~7u));
			assert_true((get(c, at + 8, 4) & ~7u) + 4 <= WEFT_BAR_REGS_BYTES);
		}
		if (seen[n - 1] == 0x10)
			assert_true(get(c, at + 4, 4) & 1u << 28);	/* FLR */
	}
	assert_int_equal(n, 3);
	assert_true(seen[0] == 0x01 && seen[1] == 0x11 && seen[2] == 0x10);
	assert_int_equal(get(c, 0x100, 4) & 0xfffff, 0x20001);		/* AER, version 2 */
	at = get(c, 0x100, 4) >> 20;
	assert_int_equal(get(c, at, 4), 0x10003);			/* serial number, the last one */
	assert_int_equal(get(c, at + 4, 4), 0);
	assert_int_equal(get(((struct wcard_machine *)*state)->card[1], at + 4, 4), 1);
}

static void msi(void **state)
{
	struct wcard_card *c = ((struct wcard_machine *)*state)->card[0];
	unsigned int at = 0x34;

	c->msi = true;
	wcard_pci_init(c);
	for (at = get(c, 0x34, 1); at && get(c, at, 1) != 0x05; at = get(c, at + 1, 1))
		assert_int_not_equal(get(c, at, 1), 0x11);
	assert_true(at);
	assert_int_equal(get(c, at + 2, 2) & 0x8f, 0x8a);	/* 64-bit, 32 messages, off */
	set(c, at + 2, 2, 0xffff);
	assert_int_equal(get(c, at + 2, 2), 0xfb & ~0u);	/* enable, and how many of them */
	set(c, at + 4, 4, 0xffffffff);
	assert_int_equal(get(c, at + 4, 4), 0xfffffffc);
}

static void partial_writes(void **state)
{
	struct wcard_card *c = ((struct wcard_machine *)*state)->card[0];

	set(c, 0x1c, 4, 0x11223344);
	set(c, 0x1d, 1, 0xab);
	assert_int_equal(get(c, 0x1c, 4), 0x1122ab44);
	set(c, 0x1e, 2, 0xcdef);
	assert_int_equal(get(c, 0x1c, 4), 0xcdefab44);
	assert_int_equal(get(c, 0x1d, 2), 0xefab);
	assert_int_equal(get(c, 0x20, 4), 4);
}

static void bar2(void **state)
{
	struct wcard_card *c = ((struct wcard_machine *)*state)->card[0];

	set(c, 0x18, 4, 0x80000000);
	set(c, 0x1c, 4, 0x12);
	assert_int_equal(wcard_pci_bar2(c), 0);			/* does not decode yet */
	set(c, 4, 2, 2);
	assert_int_equal(wcard_pci_bar2(c), 0x1280000000ull);
	set(c, 0x18, 4, 0xffffffff);
	set(c, 0x1c, 4, 0xffffffff);				/* being sized */
	assert_int_equal(wcard_pci_bar2(c), 0);
	set(c, 4, 2, 0);
	assert_int_equal(wcard_pci_bar2(c), 0);
}

/* The register decides who may send and who is found on the bus. */
static void command(void **state)
{
	struct wcard_machine *m = *state;
	struct wcard_card *c = m->card[0];
	const struct wcard_route *route;

	assert_false(atomic_load(&c->bus_master));
	set(c, 4, 2, 4);
	assert_true(atomic_load(&c->bus_master));
	set(c, 4, 2, 0xffff);
	assert_int_equal(get(c, 4, 2), 0x546);			/* INTX_DISABLE, SERR, PARITY, MASTER, MEMORY */
	set(c, 0x18, 4, 0x40000000);
	route = atomic_load(&m->route);
	assert_int_equal(route->n, 1);
	assert_int_equal(route->e[0].bus, 0x40000000);
	set(c, 4, 2, 0);
	assert_false(atomic_load(&c->bus_master));
	assert_int_equal(atomic_load(&m->route)->n, 0);
}

static void reset_keeps_bars(void **state)
{
	struct wcard_card *c = ((struct wcard_machine *)*state)->card[0];

	set(c, 0x10, 4, 0xfeb00000);
	set(c, 0x18, 4, 0x80000000);
	set(c, 0x1c, 4, 0x12);
	set(c, 4, 2, 6);
	set(c, 0x3c, 1, 11);
	wcard_pci_reset(c);
	assert_int_equal(get(c, 0x10, 4), 0xfeb00000);
	assert_int_equal(get(c, 0x18, 4), 0x8000000c);
	assert_int_equal(get(c, 0x1c, 4), 0x12);
	assert_int_equal(get(c, 4, 2), 0);
	assert_int_equal(get(c, 0x3c, 1), 0);
	assert_false(atomic_load(&c->bus_master));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(identity), T(sizes), T(capabilities), T(msi), T(partial_writes), T(bar2), T(command), T(reset_keeps_bars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
