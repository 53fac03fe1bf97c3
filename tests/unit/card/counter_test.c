// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Which counter a selector names: kind in bits 31:24, link in 23:16, index in 15:0. */
#include "rig.h"

#define SEL(kind, link, index)	((uint32_t)(kind) << 24 | (uint32_t)(link) << 16 | (uint32_t)(index))
#define ALL	0xffffu
#define LOCAL	0xffu

/* Every one its own value. */
static uint64_t value(unsigned int space, unsigned int dir, unsigned int link)
{
	return 1 + link + 100 * dir + 10000 * (uint64_t)space;
}

static void fill(struct wcard_cnt *cnt, unsigned int space)
{
	for (unsigned int dir = 0; dir < 3; dir++)
		for (unsigned int link = 0; link < 33; link++)
			cnt->bytes[dir][link] = value(space, dir, link);
}

static void bytes(void **state)
{
	static const unsigned int kind[3] = { 0, 1, 4 };	/* READ, WRITE, FETCH */
	struct wcard_machine *m = rig_new(1);
	struct wcard_card *c = m->card[0];

	(void)state;
	fill(&c->all, 9);
	fill(rig_as(c, 0)->cnt, 0);
	fill(rig_as(c, 1023)->cnt, 7);
	fill(rig_as(c, 5)->cnt, 5);
	c->as[5].live = false;
	for (unsigned int dir = 0; dir < 3; dir++) {
		for (unsigned int link = 0; link < 256; link++) {
			bool known = link < 32 || link == LOCAL;
			unsigned int at = link == LOCAL ? 32 : link;

			assert_int_equal(wcard_counter(c, SEL(kind[dir], link, ALL)), known ? value(9, dir, at) : 0);
			assert_int_equal(wcard_counter(c, SEL(kind[dir], link, 0)), known ? value(0, dir, at) : 0);
			assert_int_equal(wcard_counter(c, SEL(kind[dir], link, 1023)), known ? value(7, dir, at) : 0);
			assert_int_equal(wcard_counter(c, SEL(kind[dir], link, 1024)), 0);
			/* destroyed, and never made */
			assert_int_equal(wcard_counter(c, SEL(kind[dir], link, 5)), 0);
			assert_int_equal(wcard_counter(c, SEL(kind[dir], link, 6)), 0);
		}
	}
	rig_free(m);
}

static void of_the_card(void **state)
{
	struct wcard_machine *m = rig_new(1);
	struct wcard_card *c = m->card[0];

	(void)state;
	c->irqs = 11;
	c->events = 12;
	c->doorbells = 13;
	c->packets = 14;
	c->walks = 15;
	c->engine_busy_ns[0] = 16;
	c->engine_busy_ns[1] = 17;
	c->engine_busy_ns[2] = 18;		/* there are two */
	assert_int_equal(wcard_counter(c, SEL(32, 0, 0)), 11);
	assert_int_equal(wcard_counter(c, SEL(33, 0, 0)), 12);
	assert_int_equal(wcard_counter(c, SEL(35, 0, 0)), 13);
	assert_int_equal(wcard_counter(c, SEL(36, 0, 0)), 14);
	assert_int_equal(wcard_counter(c, SEL(37, 0, 0)), 15);
	assert_int_equal(wcard_counter(c, SEL(16, 0, 0)), 16);
	assert_int_equal(wcard_counter(c, SEL(16, 0, 1)), 17);
	assert_int_equal(wcard_counter(c, SEL(16, 0, 2)), 0);
	assert_int_equal(wcard_counter(c, SEL(16, 0, 0xffff)), 0);
	assert_int_equal(wcard_counter(c, SEL(255, 0, 0)), 0);
	rig_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(bytes), cmocka_unit_test(of_the_card) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
