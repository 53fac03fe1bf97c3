// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Halves of a register that moves meanwhile: a client of the card would have to wait 4 s for the carry. */
#include <time.h>

#include "rig.h"

static uint64_t read32(struct wcard_card *c, uint32_t at)
{
	uint32_t v;

	wcard_regs_read(c, at, 4, (uint8_t *)&v);
	return v;
}

/* A machine whose clock is `ns` before the carry into the high half. */
static struct wcard_machine *before_carry(uint64_t ns)
{
	struct wcard_machine *m = rig_new(1);

	m->clock_base_ns += wcard_now(m) - ((UINT64_C(1) << 32) - ns);
	return m;
}

static void carry(void **state)
{
	const struct timespec nap = { .tv_nsec = 60000000 };
	struct wcard_machine *m = before_carry(50000000);
	struct wcard_card *c = m->card[0];
	uint64_t low = read32(c, WEFT_REG_CLOCK_NOW);

	(void)state;
	nanosleep(&nap, NULL);
	/* a machine too busy for this has seen the carry before */
	assert_int_equal(read32(c, WEFT_REG_CLOCK_NOW + 4), low < UINT64_C(1) << 31);
	/* once: what is read next is of now */
	assert_int_equal(read32(c, WEFT_REG_CLOCK_NOW + 4), 1);
	rig_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carry),
	};

	return cmocka_run_group_tests_name("card-regs", tests, NULL, NULL);
}
