// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* The walker on tables written by hand: what each bit of an entry decides. Bits are numbers here, as the page has them. */
#include "rig.h"

#define VALID	1ull
#define LEAF	2ull
#define R	(1ull << 4)
#define W	(1ull << 5)
#define SEM	(1ull << 6)

#define LIMIT	0x100000ull		/* tables from here on */
#define BYTES	0x110000ull
#define ROOT	0x100000ull
#define T2	0x101000ull
#define T1	0x102000ull
#define T0	0x103000ull

static _Alignas(4096) uint8_t lmem[BYTES];
static const struct wcard_walk_mem mem = { .lmem = lmem, .bytes = BYTES, .user_limit = LIMIT, .links = 24 };

static void entry(uint64_t table, unsigned int index, uint64_t pte)
{
	memcpy(lmem + table + 8 * index, &pte, 8);
}

/* Index 1, 2, 3, 4 from the root down. */
#define VA	(1ull << 39 | 2ull << 30 | 3ull << 21 | 4ull << 12)

static int setup(void **state)
{
	(void)state;
	memset(lmem, 0, sizeof(lmem));
	entry(ROOT, 1, T2 | VALID);
	entry(T2, 2, T1 | VALID);
	entry(T1, 3, T0 | VALID);
	return 0;
}

static int walk(uint64_t va, struct wcard_walk_result *r)
{
	*r = (struct wcard_walk_result){ .pte = ~0ull, .shift = 99 };
	return wcard_walk(&mem, ROOT, va, r);
}

static void finds_leaves(void **state)
{
	struct wcard_walk_result r;

	(void)state;
	entry(T0, 4, 0x7000 | R | W | LEAF | VALID);
	entry(T1, 5, 0 | R | LEAF | VALID);
	assert_int_equal(walk(VA | 0xabc, &r), WEFT_FAULT_NONE);
	assert_int_equal(r.pte, 0x7000 | R | W | LEAF | VALID);
	assert_int_equal(r.shift, 12);
	assert_int_equal(walk(1ull << 39 | 2ull << 30 | 5ull << 21 | 0x1fffff, &r), WEFT_FAULT_PT_LIMIT);
	entry(T1, 5, 0x40000000 | 1 << 2 | R | LEAF | VALID);
	assert_int_equal(walk(1ull << 39 | 2ull << 30 | 5ull << 21 | 0x1fffff, &r), WEFT_FAULT_NONE);
	assert_int_equal(r.shift, 21);
	/* each level has its own nine bits */
	assert_int_equal(walk(VA ^ 1ull << 12, &r), WEFT_FAULT_PT_INVALID);
	assert_int_equal(walk(VA ^ 1ull << 23, &r), WEFT_FAULT_PT_INVALID);
	assert_int_equal(walk(VA ^ 1ull << 32, &r), WEFT_FAULT_PT_INVALID);
	assert_int_equal(walk(VA ^ 1ull << 47, &r), WEFT_FAULT_PT_INVALID);
}

static void range(void **state)
{
	struct wcard_walk_result r;

	(void)state;
	assert_int_equal(walk(1ull << 48, &r), WEFT_FAULT_PT_RANGE);
	assert_int_equal(walk(~0ull, &r), WEFT_FAULT_PT_RANGE);
	assert_int_equal(walk((1ull << 48) - 1, &r), WEFT_FAULT_PT_INVALID);
}

static void leaf_formats(void **state)
{
	static const struct {
		uint64_t pte;
		int fault;
	} leaf[] = {
		{ 0x7000, WEFT_FAULT_NONE },
		{ 0x7000 | 1ull << 52, WEFT_FAULT_PT_FORMAT },			/* local memory has no link */
		{ LIMIT - 4096, WEFT_FAULT_NONE },
		{ LIMIT, WEFT_FAULT_PT_LIMIT },
		{ 0xffffffffff000, WEFT_FAULT_PT_LIMIT },
		{ 0xffffffffff000 | 1 << 2, WEFT_FAULT_NONE },
		{ 0x7000 | 1 << 2 | 23ull << 52, WEFT_FAULT_NONE },
		{ 0x7000 | 1 << 2 | 24ull << 52, WEFT_FAULT_PT_FORMAT },	/* the card has links 0 to 23 */
		{ 2 << 2, WEFT_FAULT_NONE },
		{ 2 << 2 | 0x1000, WEFT_FAULT_PT_FORMAT },
		{ 2 << 2 | 1ull << 52, WEFT_FAULT_PT_FORMAT },
		{ 3 << 2, WEFT_FAULT_PT_FORMAT },
		{ 0x7000 | SEM | 1 << 7 | 1 << 8, WEFT_FAULT_NONE },
	};
	struct wcard_walk_result r;

	(void)state;
	for (size_t i = 0; i < sizeof(leaf) / sizeof(leaf[0]); i++) {
		entry(T0, 4, leaf[i].pte | LEAF | VALID);
		if (walk(VA, &r) != leaf[i].fault)
			fail_msg("leaf %zu", i);
	}
	for (int bit = 9; bit < 64; bit++) {
		if ((bit >= 12 && bit < 57))
			continue;
		entry(T0, 4, 0x7000 | 1ull << bit | LEAF | VALID);
		assert_int_equal(walk(VA, &r), WEFT_FAULT_PT_FORMAT);
	}
}

static uint64_t run(uint64_t va, uint64_t pte, uint64_t most)
{
	const struct wcard_walk_result w = { .pte = pte, .shift = 12 };
	uint64_t skip = va & 4095, bytes = wcard_walk_run(&mem, ROOT, va, &w, most * 4096 - skip);

	assert_int_equal((bytes + skip) % 4096, 0);
	return (bytes + skip) / 4096;
}

/* A run of pages is as long as the entries say, not longer. */
static void runs(void **state)
{
	const uint64_t first = 0x7000 | 1 << 2 | 3ull << 52 | R | LEAF | VALID, last = VA | 511ull << 12;

	(void)state;
	for (unsigned int i = 0; i < 6; i++)
		entry(T0, 4 + i, first + 0x1000 * i);
	assert_int_equal(run(VA | 0x123, first, 99), 6);
	assert_int_equal(run(VA, first, 4), 4);
	assert_int_equal(run(VA, first, 1), 1);
	assert_int_equal(run(VA + 0x4000, first + 0x4000, 99), 2);
	assert_int_equal(run(VA, first | W, 99), 1);		/* not what is there now */
	entry(T0, 7, first + 0x4000);				/* elsewhere */
	assert_int_equal(run(VA, first, 99), 3);
	entry(T0, 7, (first + 0x3000) ^ 1ull << 52);		/* by another link */
	assert_int_equal(run(VA, first, 99), 3);
	entry(T0, 7, (first + 0x3000) | W);
	assert_int_equal(run(VA, first, 99), 3);
	entry(T0, 7, (first + 0x3000) & ~VALID);
	assert_int_equal(run(VA, first, 99), 3);
	entry(T0, 511, first);
	memcpy(lmem + T0 + 4096, &(uint64_t){ first + 0x1000 }, 8);	/* behind the table: another one's */
	assert_int_equal(run(last, first, 99), 1);
	/* local memory ends at the limit, an address field at its last bit */
	for (unsigned int i = 0; i < 4; i++)
		entry(T0, 4 + i, (LIMIT - 0x2000 + 0x1000 * i) | R | LEAF | VALID);
	assert_int_equal(run(VA, (LIMIT - 0x2000) | R | LEAF | VALID, 99), 2);
	entry(T0, 4, 0xffffffffff000 | 1 << 2 | R | LEAF | VALID);
	entry(T0, 5, (0xffffffffff000 | 1 << 2 | R | LEAF | VALID) + 0x1000);
	assert_int_equal(run(VA, 0xffffffffff000 | 1 << 2 | R | LEAF | VALID, 99), 1);
}

static void large_leaves(void **state)
{
	const uint64_t va = 1ull << 39 | 2ull << 30 | 5ull << 21;
	const struct wcard_walk_mem big = { .lmem = lmem, .bytes = BYTES, .user_limit = LIMIT, .links = 1 };
	struct wcard_walk_result r;

	(void)state;
	entry(T1, 5, 0x40001000 | 1 << 2 | LEAF | VALID);	/* not aligned to its own size */
	assert_int_equal(wcard_walk(&big, ROOT, va, &r), WEFT_FAULT_PT_FORMAT);
	entry(T1, 5, 2 << 2 | LEAF | VALID);
	assert_int_equal(wcard_walk(&big, ROOT, va, &r), WEFT_FAULT_NONE);
	/* No larger ones. */
	entry(T2, 6, 0x40000000 | 1 << 2 | LEAF | VALID);
	assert_int_equal(walk(1ull << 39 | 6ull << 30, &r), WEFT_FAULT_PT_FORMAT);
	entry(ROOT, 7, 1 << 2 | LEAF | VALID);
	assert_int_equal(walk(7ull << 39, &r), WEFT_FAULT_PT_FORMAT);
}

static void table_formats(void **state)
{
	struct wcard_walk_result r;

	(void)state;
	entry(T0, 4, 0x7000 | LEAF | VALID);
	for (int bit = 2; bit < 64; bit++) {
		if (bit >= 12 && bit < 52)
			continue;
		entry(T1, 3, T0 | VALID | 1ull << bit);
		assert_int_equal(walk(VA, &r), WEFT_FAULT_PT_FORMAT);
	}
	entry(T1, 3, (LIMIT - 4096) | VALID);			/* user memory is no place for a table */
	assert_int_equal(walk(VA, &r), WEFT_FAULT_PT_LIMIT);
	entry(T1, 3, BYTES | VALID);
	assert_int_equal(walk(VA, &r), WEFT_FAULT_PT_LIMIT);
	entry(T1, 3, (BYTES - 4096) | VALID);			/* the last page is one */
	assert_int_equal(walk(VA, &r), WEFT_FAULT_PT_INVALID);
	entry(T1, 3, T0 | VALID);
	entry(T0, 4, 0x7000 | VALID);				/* below level 0 there is nothing */
	assert_int_equal(walk(VA, &r), WEFT_FAULT_PT_FORMAT);
	/* A root outside the carve-out. */
	assert_int_equal(wcard_walk(&mem, LIMIT - 4096, VA, &r), WEFT_FAULT_PT_LIMIT);
	assert_int_equal(wcard_walk(&mem, BYTES, VA, &r), WEFT_FAULT_PT_LIMIT);
}

static void rights(void **state)
{
	(void)state;
	assert_int_equal(wcard_walk_rights(R, 1, 0), WEFT_FAULT_NONE);
	assert_int_equal(wcard_walk_rights(W, 1, 0), WEFT_FAULT_PT_READ);
	assert_int_equal(wcard_walk_rights(R, 0, 1), WEFT_FAULT_PT_WRITE);
	assert_int_equal(wcard_walk_rights(W, 0, 1), WEFT_FAULT_NONE);
	assert_int_equal(wcard_walk_rights(R | W, 1, 1), WEFT_FAULT_NONE);
	assert_int_equal(wcard_walk_rights(0, 1, 1), WEFT_FAULT_PT_READ);
	assert_int_equal(wcard_walk_rights(R | W | SEM, 1, 0), WEFT_FAULT_NONE);
	assert_int_equal(wcard_walk_rights(R | W | SEM, 0, 1), WEFT_FAULT_PT_SEM);
	assert_int_equal(wcard_walk_rights(R | SEM, 0, 1), WEFT_FAULT_PT_WRITE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(finds_leaves, setup), cmocka_unit_test_setup(range, setup),
		cmocka_unit_test_setup(leaf_formats, setup), cmocka_unit_test_setup(runs, setup),
		cmocka_unit_test_setup(large_leaves, setup),
		cmocka_unit_test_setup(table_formats, setup), cmocka_unit_test(rights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
