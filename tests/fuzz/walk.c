// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Page walker. The input makes page tables; every answer of the card's walker is held against a second walk, written
 * from the page "Memory and translation" alone. Memory outside the carve-out is poisoned: the walker has no business
 * there.
 */
#include <sanitizer/asan_interface.h>
#include <stdlib.h>

#include "fuzz.h"
#include "tools/card/walk.h"

#define PAGES		48u
#define ENTRIES_MAX	256u

static uint64_t *lmem;			/* PAGES pages */

struct space {
	uint64_t bytes, limit, root;
	unsigned int links;
};

struct answer { int fault; uint64_t leaf, leaf_bytes; };

static uint64_t bits(uint64_t v, unsigned int high, unsigned int low)
{
	return v >> low & (UINT64_MAX >> (63 - (high - low)));
}

/* Numbers instead of the header's names, on purpose: the page is the source of both. */
static struct answer second_walk(const struct space *s, uint64_t va)
{
	uint64_t at = s->root, size = UINT64_C(1) << 39, entry, addr;
	unsigned int link, aperture;

	if (va >= UINT64_C(1) << 48)
		return (struct answer){ WEFT_FAULT_PT_RANGE, 0, 0 };
	for (int level = 3;; level--, size /= 512) {
		if (at < s->limit || at + 4096 > s->bytes)
			return (struct answer){ WEFT_FAULT_PT_LIMIT, 0, 0 };
		entry = lmem[at / 8 + va / size % 512];
		if (entry % 2 == 0)
			return (struct answer){ WEFT_FAULT_PT_INVALID, 0, 0 };
		if (entry & 2)
			break;
		if (level == 0 || bits(entry, 11, 2) || bits(entry, 63, 52))
			return (struct answer){ WEFT_FAULT_PT_FORMAT, 0, 0 };
		at = bits(entry, 51, 12) * 4096;
	}
	addr = bits(entry, 51, 12) * 4096;
	link = (unsigned int)bits(entry, 56, 52);
	aperture = (unsigned int)bits(entry, 3, 2);
	if (size > UINT64_C(2) << 20 || bits(entry, 11, 9) || bits(entry, 63, 57) || addr % size ||
	    (aperture == 0 && link) || (aperture == 1 && link >= s->links) || (aperture == 2 && (addr || link)) ||
	    aperture == 3)
		return (struct answer){ WEFT_FAULT_PT_FORMAT, 0, 0 };
	if (aperture == 0 && addr + size > s->limit)
		return (struct answer){ WEFT_FAULT_PT_LIMIT, 0, 0 };
	return (struct answer){ WEFT_FAULT_NONE, entry, size };
}

static int second_rights(uint64_t leaf, int read, int write)
{
	if (read && !bits(leaf, 4, 4))
		return WEFT_FAULT_PT_READ;
	if (write && !bits(leaf, 5, 5))
		return WEFT_FAULT_PT_WRITE;
	return write && bits(leaf, 6, 6) ? WEFT_FAULT_PT_SEM : WEFT_FAULT_NONE;
}

/* Few places, so that tables and addresses meet; one in eight is free. */
static unsigned int index_of(uint16_t v)
{
	static const unsigned int few[] = { 0, 1, 2, 255, 256, 510, 511 };

	return (v & 7) < 7 ? few[v & 7] : (v >> 3) % 512;
}

static uint64_t address(struct fuzz_in *in)
{
	uint64_t v = fuzz_u64(in), va = bits(v, 59, 48);

	if (v >> 63)
		return v >> (v >> 60 & 7);
	for (unsigned int level = 0; level < 4; level++)
		va |= (uint64_t)index_of((uint16_t)bits(v, 12 * level + 11, 12 * level)) << (12 + 9 * level);
	return va;
}

static uint64_t entry_of(struct fuzz_in *in, uint8_t kind)
{
	uint64_t v = fuzz_u64(in);

	switch (kind & 3) {
	case 0:		/* a table nearby */
		return (v % (PAGES + 2)) << 12 | 1;
	case 1:		/* a leaf nearby */
		return (v & (UINT64_C(0x01f0000000000fff) | UINT64_C(0x3f) << 12 | UINT64_C(0x7) << 20)) | 3;
	case 2:		/* an aligned leaf with one odd bit at most */
		return (v & UINT64_C(0x01f00000000001fc)) | (v & 0x600 ? 0 : UINT64_C(1) << (v >> 58)) | 3;
	default:
		return v;
	}
}

/* Every page of a run is the one behind the page before it, with the same bits, or the same page where that is sparse. */
static void check_run(const struct space *s, const struct wcard_walk_mem *mem, uint64_t va,
		      const struct wcard_walk_result *got)
{
	uint64_t page = UINT64_C(1) << got->shift, bytes = wcard_walk_run(mem, s->root, va, got, 5 * page);
	uint64_t place = bits(got->pte, 51, 12) << 12, step = bits(got->pte, 3, 2) == 2 ? 0 : page;

	if (bytes < page - va % page || (va + bytes) % page)
		fuzz_wrong("va %#lx: a run of %#lx", (unsigned long)va, (unsigned long)bytes);
	for (uint64_t n = 1; va - va % page + n * page < va + bytes && n < 8; n++) {
		struct answer next = second_walk(s, va - va % page + n * page);

		if (next.fault || next.leaf_bytes != page ||
		    next.leaf != ((got->pte & ~(UINT64_C(0xffffffffff) << 12)) | (place + n * step)))
			fuzz_wrong("va %#lx: page %lu of a run is %#lx", (unsigned long)va, (unsigned long)n,
				   (unsigned long)next.leaf);
	}
}

static void check(const struct space *s, uint64_t va)
{
	const struct wcard_walk_mem mem = { .lmem = (const uint8_t *)lmem, .bytes = s->bytes, .user_limit = s->limit,
					    .links = s->links };
	struct wcard_walk_result got = { 0 };
	int fault = wcard_walk(&mem, s->root, va, &got);
	struct answer want;

	ASAN_UNPOISON_MEMORY_REGION(lmem, PAGES * 4096);
	want = second_walk(s, va);
	if (fault != want.fault)
		fuzz_wrong("va %#lx: fault %d, want %d", (unsigned long)va, fault, want.fault);
	if (fault)
		return;
	if (got.pte != want.leaf || UINT64_C(1) << got.shift != want.leaf_bytes)
		fuzz_wrong("va %#lx: leaf %#lx of 2^%u, want %#lx of %#lx", (unsigned long)va, (unsigned long)got.pte,
			   got.shift, (unsigned long)want.leaf, (unsigned long)want.leaf_bytes);
	for (int access = 0; access < 4; access++) {
		int rights = wcard_walk_rights(got.pte, access & 1, access & 2);

		if (rights != second_rights(got.pte, access & 1, access & 2))
			fuzz_wrong("leaf %#lx, access %d: fault %d", (unsigned long)got.pte, access, rights);
	}
	check_run(s, &mem, va, &got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static size_t used[ENTRIES_MAX];
	struct fuzz_in in = { data, size };
	uint8_t shape = fuzz_u8(&in), nva = fuzz_u8(&in) % 8 + 1;
	struct space s = { .bytes = PAGES * 4096, .limit = 16 * 4096, .links = 32 };
	uint64_t va[8];
	unsigned int n = 0;

	if (!lmem)
		lmem = calloc(PAGES, 4096);
	if (shape & 0x80)
		s.bytes = (shape >> 4 & 7) * 4096 * 6;
	if (shape & 0x08)
		s.limit = (shape & 7) * 4096 * 7;
	else
		s.links = shape & 7 ? 4 * (shape & 7) : 32;
	if (s.limit > s.bytes)
		s.limit = s.bytes;
	/* AS_CREATE refuses a root that is not a whole page of the carve-out; the walker trusts nobody. */
	s.root = (16 + (nva >> 2)) * 4096;
	for (unsigned int i = 0; i < nva; i++)
		va[i] = address(&in);
	while (in.n && n < ENTRIES_MAX) {
		uint8_t kind = fuzz_u8(&in), page = fuzz_u8(&in);

		used[n] = page / 2 % PAGES * 512 + index_of(fuzz_u16(&in));
		lmem[used[n++]] = entry_of(&in, kind);
	}
	for (unsigned int i = 0; i < nva; i++) {
		ASAN_POISON_MEMORY_REGION(lmem, s.limit);
		ASAN_POISON_MEMORY_REGION((uint8_t *)lmem + s.bytes, PAGES * 4096 - s.bytes);
		check(&s, va[i]);
	}
	while (n)
		lmem[used[--n]] = 0;
	fuzz_cover();
	return 0;
}
