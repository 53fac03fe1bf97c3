// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * The driver's page-table builder against the card's walker, which share nothing but the entry format, on random
 * address spaces. What a page should translate to is kept in a plain array by this test.
 *
 * COUNT = address spaces (default 100000), SEED.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/weft_pt.h"
#include "tools/card/walk.h"

#define WINDOWS		4			/* stretches of addresses the test maps in */
#define WINDOW_PAGES	1536			/* three 2 MiB blocks each */
#define PAGES		(WINDOWS * WINDOW_PAGES)
#define USER_BYTES	(1ull << 40)		/* local memory below the carve-out, as far as addresses go */
#define MAX_TABLES	256
#define PAGE		WEFT_PAGE_BYTES
#define LINKS		24			/* of the card: entries with the tags above are malformed */

/* Tables of the card's copy; local memory is pretended to start USER_BYTES before them. */
static uint64_t arena[MAX_TABLES][WEFT_PT_ENTRIES];
static struct weft_pt_table *in_use[MAX_TABLES];
static unsigned int live_tables;
static int fail_after = -1;			/* allocations that still succeed, -1 = all */
static uint64_t model[PAGES];			/* expected leaf, 0 = invalid */
static uint64_t base[WINDOWS];
static uint64_t rng;

static uint64_t next(void)
{
	uint64_t z = (rng += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static struct weft_pt_table *alloc_table(void *ctx)
{
	(void)ctx;
	if (fail_after == 0)
		return NULL;
	fail_after -= fail_after > 0;
	for (unsigned int i = 0; i < MAX_TABLES; i++) {
		if (in_use[i])
			continue;
		in_use[i] = calloc(1, sizeof(*in_use[i]));
		in_use[i]->addr = USER_BYTES + i * PAGE;
		memset(arena[i], 0, PAGE);
		live_tables++;
		return in_use[i];
	}
	return NULL;
}

static void free_table(void *ctx, struct weft_pt_table *table)
{
	unsigned int i = (unsigned int)((table->addr - USER_BYTES) / PAGE);

	(void)ctx;
	if (in_use[i] != table)
		abort();
	in_use[i] = NULL;
	free(table);
	live_tables--;
}

static void write_entry(void *ctx, const struct weft_pt_table *table, unsigned int index, __u64 entry)
{
	(void)ctx;
	arena[(table->addr - USER_BYTES) / PAGE][index] = entry;
}

static const struct weft_pt_ops ops = { alloc_table, free_table, write_entry };

static int fault_of(uint64_t leaf)
{
	if (!leaf)
		return WEFT_FAULT_PT_INVALID;
	if ((leaf & WEFT_PTE_APERTURE_MASK) >> WEFT_PTE_APERTURE_SHIFT == WEFT_APERTURE_BUS &&
	    (leaf & WEFT_PTE_LINK_MASK) >> WEFT_PTE_LINK_SHIFT >= LINKS)
		return WEFT_FAULT_PT_FORMAT;
	return WEFT_FAULT_NONE;
}

static uint64_t va_of(unsigned int page)
{
	return base[page / WINDOW_PAGES] + page % WINDOW_PAGES * PAGE;
}

/* What the walker says must be what the model says; prints the difference. */
static int compare(const struct weft_pt *pt, unsigned int page, const char *when)
{
	const struct wcard_walk_mem mem = {
		.lmem = (const uint8_t *)((uintptr_t)arena - USER_BYTES), .bytes = USER_BYTES + sizeof(arena),
		.user_limit = USER_BYTES, .links = LINKS,
	};
	struct wcard_walk_result result = { 0 };
	uint64_t va = va_of(page) + next() % PAGE, want = model[page], got, inside;
	int fault = wcard_walk(&mem, pt->root->addr, va, &result);

	if (fault != fault_of(want)) {
		printf("# %s: va %llx fault %d, model %llx\n", when, (unsigned long long)va, fault,
		       (unsigned long long)want);
		return -1;
	}
	if (fault)
		return 0;
	/* a large leaf translates the page at its place inside the leaf */
	inside = va & ((1ull << result.shift) - 1) & ~(PAGE - 1);
	got = result.pte;
	if ((got & WEFT_PTE_APERTURE_MASK) >> WEFT_PTE_APERTURE_SHIFT != WEFT_APERTURE_SPARSE)
		got += inside;
	if (got == (want | WEFT_PTE_VALID | WEFT_PTE_LEAF))
		return 0;
	printf("# %s: va %llx leaf %llx, model %llx\n", when, (unsigned long long)va, (unsigned long long)got,
	       (unsigned long long)want);
	return -1;
}

static uint64_t random_leaf(unsigned int page)
{
	/* valid, as it will be: no leaf is 0, which the model takes for none */
	uint64_t leaf = WEFT_PTE_VALID, address = next() % (1ull << 39) & ~(PAGE - 1);

	leaf |= next() % 2 ? WEFT_PTE_R : 0;
	leaf |= next() % 2 ? WEFT_PTE_W : 0;
	if (next() % 2)		/* often aligned so that large leaves are possible */
		address = (address & ~(WEFT_PAGE2M_BYTES - 1)) | (va_of(page) & (WEFT_PAGE2M_BYTES - 1));
	switch (next() % 4) {
	case 0:
		return leaf | WEFT_APERTURE_SPARSE << WEFT_PTE_APERTURE_SHIFT;
	case 1:
		leaf |= (uint64_t)(next() % 32) << WEFT_PTE_LINK_SHIFT;
		return leaf | address | WEFT_APERTURE_BUS << WEFT_PTE_APERTURE_SHIFT;
	default:
		return leaf | address;
	}
}

static uint64_t leaf_plus(uint64_t leaf, uint64_t pages)
{
	if ((leaf & WEFT_PTE_APERTURE_MASK) >> WEFT_PTE_APERTURE_SHIFT == WEFT_APERTURE_SPARSE)
		return leaf;
	return leaf + pages * PAGE;
}

/* A random range of one window; often whole large pages. */
static void random_range(unsigned int *first, unsigned int *pages)
{
	unsigned int w = (unsigned int)(next() % WINDOWS), at, n;

	if (next() % 2) {
		at = (unsigned int)(next() % 3) * 512;
		n = ((unsigned int)(next() % 3) + 1) * 512;
	} else {
		at = (unsigned int)(next() % WINDOW_PAGES);
		n = (unsigned int)(next() % (next() % 2 ? 8 : WINDOW_PAGES)) + 1;
	}
	if (at + n > WINDOW_PAGES)
		n = WINDOW_PAGES - at;
	*first = w * WINDOW_PAGES + at;
	*pages = n;
}

static int is_free(unsigned int first, unsigned int pages)
{
	for (unsigned int i = 0; i < pages; i++)
		if (model[first + i])
			return 0;
	return 1;
}

/* Split at both ends, then clear: what the driver does. */
static int unmap(struct weft_pt *pt, unsigned int first, unsigned int pages)
{
	if (weft_pt_split(pt, va_of(first)) < 0 || weft_pt_split(pt, va_of(first) + pages * PAGE) < 0)
		return -1;
	weft_pt_clear(pt, va_of(first), pages * PAGE);
	memset(&model[first], 0, pages * sizeof(model[0]));
	return 0;
}

/* In one piece or two, with as many tables as were counted for it and no more. */
static int map_counted(struct weft_pt *pt, unsigned int first, unsigned int pages, uint64_t leaf)
{
	unsigned int part = next() % 2 ? 1 + (unsigned int)(next() % pages) : pages, before = live_tables;
	struct weft_pt_need need = { 0 };
	int r;

	weft_pt_count(&need, va_of(first), part * PAGE, leaf);
	if (part < pages)
		weft_pt_count(&need, va_of(first + part), (pages - part) * PAGE, leaf_plus(leaf, part));
	fail_after = (int)need.tables;
	r = weft_pt_map(pt, va_of(first), part * PAGE, leaf);
	if (!r && part < pages)
		r = weft_pt_map(pt, va_of(first + part), (pages - part) * PAGE, leaf_plus(leaf, part));
	fail_after = -1;
	if (r)
		printf("# %u pages in pieces at %u: %llu tables were too few\n", pages, part, (unsigned long long)need.tables);
	/* alone in its space it needs them all */
	if (!r && before == 1 && live_tables - before != need.tables) {
		printf("# %u pages in pieces at %u: %llu tables counted, %u used\n", pages, part,
		       (unsigned long long)need.tables, live_tables - before);
		r = -1;
	}
	return r;
}

static int step(struct weft_pt *pt)
{
	unsigned int first, pages;

	random_range(&first, &pages);
	if (is_free(first, pages)) {
		uint64_t leaf = random_leaf(first);

		if (next() % 4 == 0) {
			if (map_counted(pt, first, pages, leaf))
				return -1;
			for (unsigned int i = 0; i < pages; i++)
				model[first + i] = leaf_plus(leaf, i);
			goto check;
		}
		if (next() % 8 == 0)
			fail_after = (int)(next() % 4);
		if (weft_pt_map(pt, va_of(first), pages * PAGE, leaf)) {
			/* out of memory half way: the caller clears the range */
			fail_after = -1;
			weft_pt_clear(pt, va_of(first), pages * PAGE);
		} else {
			for (unsigned int i = 0; i < pages; i++)
				model[first + i] = leaf_plus(leaf, i);
		}
		fail_after = -1;
	} else if (unmap(pt, first, pages)) {
		printf("# unmap failed\n");
		return -1;
	}
check:
	for (int i = 0; i < 24; i++)
		if (compare(pt, (unsigned int)(next() % PAGES), "somewhere"))
			return -1;
	for (int i = -1; i <= 1; i++) {
		unsigned int last = first + pages - 1;

		if (compare(pt, (first + PAGES + (unsigned int)i) % PAGES, "around the first page") ||
		    compare(pt, (last + PAGES + (unsigned int)i) % PAGES, "around the last page"))
			return -1;
	}
	return 0;
}

static int address_space(void)
{
	struct weft_pt pt;
	int r = 0;

	memset(model, 0, sizeof(model));
	/* windows far apart, next to each other, and at both ends of the address range */
	base[0] = 0;
	base[1] = (1ull << 48) - WINDOW_PAGES * PAGE;
	base[2] = (next() % (1ull << 26) + 8) << 21;
	base[3] = base[2] + WINDOW_PAGES * PAGE;
	if (base[3] > base[1] - WINDOW_PAGES * PAGE)
		base[2] = 1ull << 40, base[3] = base[2] + WINDOW_PAGES * PAGE;
	if (weft_pt_init(&pt, &ops, NULL))
		return -1;
	for (int n = (int)(next() % 12) + 4; !r && n--;)
		r = step(&pt);
	for (unsigned int w = 0; !r && w < WINDOWS; w++)
		r = unmap(&pt, w * WINDOW_PAGES, WINDOW_PAGES);
	if (!r && live_tables != 1) {
		printf("# %u tables left after everything was unmapped\n", live_tables);
		r = -1;
	}
	weft_pt_fini(&pt);
	if (!r && live_tables) {
		printf("# %u tables leaked\n", live_tables);
		r = -1;
	}
	return r;
}

int main(void)
{
	const char *count = getenv("COUNT"), *seed = getenv("SEED");
	long n = count && *count ? strtol(count, NULL, 0) : 100000;
	int r = 0;

	rng = seed && *seed ? strtoull(seed, NULL, 0) : 1;
	printf("TAP version 13\n1..1\n# COUNT=%ld SEED=%llu\n", n, (unsigned long long)rng);
	for (long i = 0; !r && i < n; i++) {
		r = address_space();
		if (r)
			printf("# address space %ld\n", i);
	}
	printf("%s 1 pt: builder and walker agree on %ld random address spaces\n", r || n <= 0 ? "not ok" : "ok", n);
	return r || n <= 0;
}
