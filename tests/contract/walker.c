// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Page-table walker: every aperture, permission, malformed entry, and what an invalidate promises. */
#include "rig.h"

#include <string.h>
#include <unistd.h>

#define LEAF	(WEFT_PTE_VALID | WEFT_PTE_LEAF)
#define PAGE	4096u

/* Faults at exactly `va`: the first byte that cannot be accessed. */
static void fault_at(struct rig *r, union weft_packet p, unsigned cause, uint64_t va)
{
	rig_fault(r, &p, 1, (struct fault){ .cause = cause, VA_IN(va, 1) });
}

/* Reads one page at `va` and must get `want` (4 KiB); writes it and must see it there. */
static void readable(struct rig *r, uint64_t va, const uint8_t *want, const char *what)
{
	union weft_packet p = pkt_copy(RIG_LOCAL, va, PAGE);

	memset(r->local, 0xee, PAGE);
	rig_run(r, &p, 1);
	CHECK(!memcmp(r->local, want, PAGE), "%s: the wrong page was read", what);
}

static void pages_4k(void)
{
	struct card *c = CARD;
	static const uint64_t where[] = {
		0x0, 0x1000, 0x1ff000, 0x3ffff000, 0x7fc0000000, 0x123456789000, 0x7fffffffe000, 0x800000000000,
		0xfffffffff000,
	};

	card_need(c);
	struct rig r = rig_open(c);
	for (unsigned i = 0; i < ARRAY_LEN(where); i++) {
		uint64_t at = user_alloc(c, PAGE, PAGE), h = host_alloc(PAGE);

		ct_about("va %#llx", (unsigned long long)where[i]);
		random_bytes(c->lmem + at, PAGE);
		random_bytes(host_ptr(h), PAGE);
		space_map(r.s, where[i], at, PAGE, PTE_RW);
		readable(&r, where[i], c->lmem + at, "local");
		union weft_packet p = pkt_fill(where[i], PAGE, 8, 0x0123456789abcdef + i);
		rig_run(&r, &p, 1);
		CHECK_EQ(*(uint64_t *)(void *)(c->lmem + at + 4088), 0x0123456789abcdef + i, "last word written");
		/* NOSNOOP changes nothing that can be seen from here */
		space_map(r.s, where[i], h, PAGE, PTE_RW | PTE_BUS(0) | (i & 1 ? WEFT_PTE_NOSNOOP : 0));
		CHECK_EQ(space_invalidate(r.s, where[i], PAGE), WEFT_SAFE_OK, "status of AS_INVALIDATE");
		readable(&r, where[i], host_ptr(h), i & 1 ? "host, NOSNOOP" : "host");
		space_unmap(r.s, where[i], PAGE);
		CHECK_EQ(space_invalidate(r.s, where[i], PAGE), WEFT_SAFE_OK, "status of AS_INVALIDATE");
		fault_at(&r, pkt_copy(RIG_LOCAL, where[i], 64), WEFT_FAULT_PT_INVALID, where[i]);
	}
}

static void pages_2m(void)
{
	struct card *c = CARD;
	uint64_t va = UINT64_C(0x5a0000000000), m2 = WEFT_PAGE2M_BYTES;

	card_need(c);
	struct rig r = rig_open(c);
	uint64_t at = user_alloc(c, 2 * m2, m2);
	for (uint64_t o = 0; o < 2 * m2; o += 8)
		*(uint64_t *)(void *)(c->lmem + at + o) = o * 0x9e3779b97f4a7c15;
	space_map_2m(r.s, va, at + m2, m2, PTE_RW);	/* swapped on purpose */
	space_map_2m(r.s, va + m2, at, m2, PTE_RW);
	for (int i = 0; i < 20; i++) {
		uint64_t o = ct_below(2 * m2 - 9000) & ~UINT64_C(7), n = 8 * ct_between(1, 1024);
		union weft_packet p = pkt_copy(RIG_LOCAL, va + o, n);

		rig_run(&r, &p, 1);
		for (uint64_t k = 0; k < n; k += 8) {
			uint64_t from = (o + k) ^ m2;

			CHECK_EQ(*(uint64_t *)(void *)(r.local + k), from * 0x9e3779b97f4a7c15, "word of a 2 MiB page");
		}
	}
	/* host memory by 2 MiB leaves, and a copy across 4 KiB and 2 MiB leaves */
	space_map_2m(r.s, va + 2 * m2, HOST_LOW + (16u << 20), 2 * m2, PTE_RW | PTE_BUS(0));
	union weft_packet p = pkt_copy(va + 2 * m2 + 12345, va + 12345, m2);
	rig_run(&r, &p, 1);
	const uint8_t *h = host_ptr(HOST_LOW + (16u << 20));
	CHECK(!memcmp(h + 12345, c->lmem + at + m2 + 12345, m2 - 12345), "2 MiB local to 2 MiB host");
}

static void sparse(void)
{
	struct card *c = CARD;
	uint64_t big = UINT64_C(0x200000000000);

	card_need(c);
	struct rig r = rig_open(c);
	union weft_packet p[] = {
		pkt_fill(RIG_SPARSE, 8192, 8, ~UINT64_C(0)), pkt_copy(RIG_LOCAL, RIG_SPARSE, 8192),
		pkt_copy(RIG_LOCAL + 8192, big + 12, 8192),
	};

	space_map_2m(r.s, big, 0, WEFT_PAGE2M_BYTES, 0);
	pte_set(space_entry(r.s, big, 1), LEAF | PTE_SPARSE | PTE_RW);
	memset(r.local, 0x77, 16384);
	rig_run(&r, p, 3);
	for (unsigned i = 0; i < 16384; i++)
		CHECK_EQ(r.local[i], 0, "a byte read from a sparse page");
	space_map(r.s, RIG_SPARSE, 0, PAGE, PTE_SPARSE | WEFT_PTE_R);
	CHECK_EQ(space_invalidate(r.s, RIG_SPARSE, PAGE), WEFT_SAFE_OK, "status of AS_INVALIDATE");
	fault_at(&r, pkt_fill(RIG_SPARSE, 64, 8, 0), WEFT_FAULT_PT_WRITE, RIG_SPARSE);
}

static void permissions(void)
{
	static const uint64_t apertures[] = { 0, PTE_BUS(0), PTE_SPARSE };
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	for (unsigned a = 0; a < ARRAY_LEN(apertures); a++)
		for (unsigned rw = 0; rw < 4; rw++) {
			uint64_t va = UINT64_C(0x300000000000) + (a * 4 + rw) * PAGE;
			uint64_t at = a ? host_alloc(PAGE) : user_alloc(c, PAGE, PAGE);
			union weft_packet rd = pkt_copy(RIG_LOCAL, va + 128, 64), wr = pkt_fill(va + 256, 64, 4, 1);

			ct_about("aperture %u, rights %s%s", a, rw & 1 ? "R" : "-", rw & 2 ? "W" : "-");
			space_map(r.s, va, at, PAGE, apertures[a] | (rw & 1 ? WEFT_PTE_R : 0) | (rw & 2 ? WEFT_PTE_W : 0));
			if (rw & 1)
				rig_run(&r, &rd, 1);
			else
				fault_at(&r, rd, WEFT_FAULT_PT_READ, va + 128);
			if (rw & 2)
				rig_run(&r, &wr, 1);
			else
				fault_at(&r, wr, WEFT_FAULT_PT_WRITE, va + 256);
		}
	ct_about("%s", "");
	/* the packet list and the table are reads too */
	uint64_t at = user_alloc(c, PAGE, PAGE), va = UINT64_C(0x310000000000);
	space_map(r.s, va, at, PAGE, WEFT_PTE_W);
	if (r.call) {
		union weft_packet p = pkt_call(va, 1, 0, 0);

		rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_PT_READ, VA_IN(va, 64), .at = 0 });
	}
}

static void sem_page(void)
{
	struct card *c = CARD;
	uint64_t va = UINT64_C(0x320000000000);

	card_need(c);
	struct rig r = rig_open(c);
	uint64_t at = user_alloc(c, PAGE, PAGE);
	union weft_packet rd = pkt_copy(RIG_LOCAL, va, 64);
	memset(c->lmem + at, 0x42, PAGE);
	space_map(r.s, va, at, PAGE, PTE_RW | WEFT_PTE_SEM);
	rig_run(&r, &rd, 1);
	CHECK_EQ(r.local[63], 0x42, "data read from a SEM page");
	fault_at(&r, pkt_fill(va + 64, 64, 8, 0), WEFT_FAULT_PT_SEM, va + 64);
	fault_at(&r, pkt_copy(va, RIG_LOCAL, 64), WEFT_FAULT_PT_SEM, va);
	fault_at(&r, pkt_timestamp(va), WEFT_FAULT_PT_SEM, va);
	CHECK_EQ(c->lmem[at + 64], 0x42, "SEM page after refused writes");
}

static void format_of(struct rig *r, uint64_t va, unsigned level, uint64_t entry, unsigned cause, const char *what)
{
	volatile uint64_t *e = space_entry(r->s, va, level);
	uint64_t old = *e;

	ct_about("%s, level %u, entry %#llx", what, level, (unsigned long long)entry);
	pte_set(e, entry);
	CHECK_EQ(space_invalidate(r->s, 0, 0), WEFT_SAFE_OK, "status of AS_INVALIDATE");
	fault_at(r, pkt_copy(RIG_LOCAL, va, 64), cause, va);
	pte_set(e, old);
	CHECK_EQ(space_invalidate(r->s, 0, 0), WEFT_SAFE_OK, "status of AS_INVALIDATE");
	ct_about("%s", "");
}

static void malformed(void)
{
	struct card *c = CARD;
	uint64_t va = UINT64_C(0x400000000000);

	card_need(c);
	struct rig r = rig_open(c);
	uint64_t at = user_alloc(c, WEFT_PAGE2M_BYTES, WEFT_PAGE2M_BYTES), ok = at | LEAF | PTE_RW;
	space_entry(r.s, va, 0);
	for (unsigned bit = 0; bit < 64; bit++) {
		if (!(WEFT_PTE_RESERVED >> bit & 1))
			continue;
		format_of(&r, va, 0, ok | WEFT_BIT64(bit), WEFT_FAULT_PT_FORMAT, "reserved bit");
		format_of(&r, va, 1, ok | WEFT_BIT64(bit), WEFT_FAULT_PT_FORMAT, "reserved bit");
	}
	for (unsigned level = 1; level < 4; level++) {
		uint64_t table = *space_entry(r.s, va, level);

		for (unsigned bit = 2; bit < 64; bit++) {
			if (WEFT_PTE_ADDR_MASK >> bit & 1)
				continue;
			if (level < 3 && bit % 5 != level)	/* a sample there; all bits at the root */
				continue;
			format_of(&r, va, level, table | WEFT_BIT64(bit), WEFT_FAULT_PT_FORMAT, "table entry with bits");
		}
	}
	format_of(&r, va, 0, ok & ~WEFT_PTE_VALID, WEFT_FAULT_PT_INVALID, "not valid, other bits set");
	format_of(&r, va, 0, ~WEFT_PTE_VALID, WEFT_FAULT_PT_INVALID, "not valid, all other bits set");
	format_of(&r, va, 2, ~WEFT_PTE_VALID, WEFT_FAULT_PT_INVALID, "not valid, all other bits set");
	format_of(&r, va, 2, ok, WEFT_FAULT_PT_FORMAT, "leaf where none may be");
	format_of(&r, va, 3, ok, WEFT_FAULT_PT_FORMAT, "leaf where none may be");
	format_of(&r, va, 2, LEAF | PTE_RW | PTE_SPARSE, WEFT_FAULT_PT_FORMAT, "sparse leaf of 1 GiB");
	format_of(&r, va, 3, LEAF | PTE_RW | PTE_SPARSE, WEFT_FAULT_PT_FORMAT, "sparse leaf of 512 GiB");
	format_of(&r, va, 0, at | WEFT_PTE_VALID, WEFT_FAULT_PT_FORMAT, "table below the last level");
	format_of(&r, va, 1, (at + PAGE) | LEAF | PTE_RW, WEFT_FAULT_PT_FORMAT, "2 MiB leaf at a 4 KiB address");
	format_of(&r, va, 0, ok | WEFT_PTE_APERTURE_MASK, WEFT_FAULT_PT_FORMAT, "aperture 3");
	format_of(&r, va, 0, ok | UINT64_C(1) << WEFT_PTE_LINK_SHIFT, WEFT_FAULT_PT_FORMAT, "local with a link");
	format_of(&r, va, 0, PAGE | LEAF | PTE_RW | PTE_SPARSE, WEFT_FAULT_PT_FORMAT, "sparse with an address");
	format_of(&r, va, 0, LEAF | PTE_RW | PTE_SPARSE | UINT64_C(3) << WEFT_PTE_LINK_SHIFT, WEFT_FAULT_PT_FORMAT,
		  "sparse with a link");
	for (unsigned link = c->nlinks; link < 32; link++)
		format_of(&r, va, 0, LEAF | PTE_RW | PTE_BUS(link) | HOST_LOW, WEFT_FAULT_PT_FORMAT, "a link the card has not");
}

static void limit(void)
{
	struct card *c = CARD;
	uint64_t va = UINT64_C(0x410000000000);

	card_need(c);
	struct rig r = rig_open(c);
	uint64_t low = user_alloc(c, PAGE, PAGE);
	space_entry(r.s, va, 0);
	memset(c->lmem + low, 0, PAGE);
	format_of(&r, va, 0, c->limit | LEAF | PTE_RW, WEFT_FAULT_PT_LIMIT, "leaf at USER_LIMIT");
	format_of(&r, va, 0, r.q->state | LEAF | PTE_RW, WEFT_FAULT_PT_LIMIT, "leaf on a queue state");
	format_of(&r, va, 0, (c->lmem_bytes - PAGE) | LEAF | PTE_RW, WEFT_FAULT_PT_LIMIT, "leaf at the end");
	format_of(&r, va, 0, c->lmem_bytes | LEAF | PTE_RW, WEFT_FAULT_PT_LIMIT, "leaf behind the end");
	format_of(&r, va, 0, UINT64_C(0x000ffffffffff000) | LEAF | PTE_RW, WEFT_FAULT_PT_LIMIT, "leaf at 2^52");
	format_of(&r, va, 1, c->limit | LEAF | PTE_RW, WEFT_FAULT_PT_LIMIT, "2 MiB leaf at USER_LIMIT");
	for (unsigned level = 1; level < 4; level++) {
		format_of(&r, va, level, low | WEFT_PTE_VALID, WEFT_FAULT_PT_LIMIT, "table below USER_LIMIT");
		format_of(&r, va, level, (c->limit - PAGE) | WEFT_PTE_VALID, WEFT_FAULT_PT_LIMIT, "table below USER_LIMIT");
		format_of(&r, va, level, c->lmem_bytes | WEFT_PTE_VALID, WEFT_FAULT_PT_LIMIT, "table behind the end");
	}
	/* the last page below the limit is user memory */
	space_map(r.s, va + PAGE, c->limit - PAGE, PAGE, PTE_RW);
	union weft_packet p = pkt_fill(va + PAGE, PAGE, 1, 0x5c);
	rig_run(&r, &p, 1);
	CHECK_EQ(c->lmem[c->limit - 1], 0x5c, "last byte below USER_LIMIT");
}

static void invalid_levels(void)
{
	struct card *c = CARD;
	uint64_t va = UINT64_C(0x420000155000);

	card_need(c);
	struct rig r = rig_open(c);
	for (unsigned level = 4; level-- > 0;) {
		fault_at(&r, pkt_copy(RIG_LOCAL, va + 64, 64), WEFT_FAULT_PT_INVALID, va + 64);
		fault_at(&r, pkt_fill(va + 64, 64, 8, 1), WEFT_FAULT_PT_INVALID, va + 64);
		if (level)
			space_entry(r.s, va, level - 1);	/* invalid to valid: no invalidate */
	}
	uint64_t at = user_alloc(c, PAGE, PAGE);
	random_bytes(c->lmem + at, PAGE);
	pte_set(space_entry(r.s, va, 0), at | LEAF | PTE_RW);
	readable(&r, va, c->lmem + at, "after a fault at the same address, without invalidate");
}

static void range(void)
{
	struct card *c = CARD;
	static const uint64_t bad[] = {
		UINT64_C(1) << 48, UINT64_C(0x800000000000) << 1, UINT64_C(1) << 63, UINT64_C(0xffff800000000000),
		~UINT64_C(0xfff),
	};

	card_need(c);
	struct rig r = rig_open(c);
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		fault_at(&r, pkt_copy(RIG_LOCAL, bad[i], 64), WEFT_FAULT_PT_RANGE, bad[i]);
		fault_at(&r, pkt_fill(bad[i], 64, 8, 1), WEFT_FAULT_PT_RANGE, bad[i]);
	}
	/* across the top of the space, and across 2^64 */
	uint64_t at = user_alloc(c, PAGE, PAGE), top = (UINT64_C(1) << 48) - PAGE;
	space_map(r.s, top, at, PAGE, PTE_RW);
	union weft_packet p = pkt_copy(RIG_LOCAL, top, PAGE);
	rig_run(&r, &p, 1);
	p = pkt_copy(RIG_LOCAL, top, PAGE + 64);
	rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_PT_RANGE, VA_IN(top + PAGE, 1) });
	p = pkt_copy(RIG_LOCAL, ~UINT64_C(63), 128);
	rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_PT_RANGE, VA_ANY });
	p = pkt_copy(RIG_LOCAL, RIG_LOCAL + 4096, ~UINT64_C(0) - RIG_LOCAL);
	rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_PT_RANGE, .or_cause = WEFT_FAULT_OVERLAP, VA_ANY });
}

/* A page that is remapped while its translation is hot: after completion the old page is never used again. */
static void invalidate_remap(void)
{
	struct card *c = CARD;
	uint64_t va = UINT64_C(0x430000155000);

	card_need(c);
	struct rig r = rig_open(c);
	uint64_t pg[2] = { user_alloc(c, PAGE, PAGE), user_alloc(c, PAGE, PAGE) };
	space_map(r.s, va, pg[0], PAGE, PTE_RW);
	for (unsigned i = 1; i <= 100; i++) {
		union weft_packet p = pkt_fill(va, PAGE, 4, i);

		rig_run(&r, &p, 1);
		CHECK_EQ(*(uint32_t *)(void *)(c->lmem + pg[(i + 1) & 1]), i, "the page mapped now");
		space_map(r.s, va, pg[i & 1], PAGE, PTE_RW);
		CHECK_EQ(i % 3 ? space_invalidate(r.s, va, PAGE) : space_invalidate(r.s, 0, 0), WEFT_SAFE_OK,
			 "status of AS_INVALIDATE");
	}
	/* rights taken away */
	space_map(r.s, va, pg[0], PAGE, WEFT_PTE_R);
	space_invalidate(r.s, va, PAGE);
	fault_at(&r, pkt_fill(va, 64, 4, 7), WEFT_FAULT_PT_WRITE, va);
	/* a table taken away: everything below it */
	pte_set(space_entry(r.s, va, 2), 0);
	space_invalidate(r.s, va & ~UINT64_C(0x3fffffff), UINT64_C(1) << 30);
	fault_at(&r, pkt_copy(RIG_LOCAL, va, 64), WEFT_FAULT_PT_INVALID, va);
}

/* A translation of 2 MiB that is hot while the leaf is replaced, by another or by a table of 4 KiB leaves. */
static void invalidate_large(void)
{
	struct card *c = CARD;
	uint64_t va = UINT64_C(0x440000000000), at = va + 0x123000;

	card_need(c);
	struct rig r = rig_open(c);
	uint64_t pg[2] = { user_alloc(c, WEFT_PAGE2M_BYTES, WEFT_PAGE2M_BYTES), user_alloc(c, WEFT_PAGE2M_BYTES, WEFT_PAGE2M_BYTES) };
	for (unsigned i = 1; i <= 60; i++) {
		uint64_t page = pg[i & 1];
		union weft_packet p = pkt_fill(at, PAGE, 4, i);

		if (i % 4) {
			space_map_2m(r.s, va, page, WEFT_PAGE2M_BYTES, PTE_RW);
		} else {	/* by 4 KiB, the rest of it nowhere */
			pte_set(space_entry(r.s, va, 1), 0);
			space_map(r.s, at, page + 0x123000, PAGE, PTE_RW);
		}
		CHECK_EQ(i % 3 ? space_invalidate(r.s, va, WEFT_PAGE2M_BYTES) : space_invalidate(r.s, 0, 0), WEFT_SAFE_OK,
			 "status of AS_INVALIDATE");
		rig_run(&r, &p, 1);
		CHECK_EQ(*(uint32_t *)(void *)(c->lmem + page + 0x123000), i, "the page mapped now");
		if (i % 4 == 0)
			fault_at(&r, pkt_fill(at + PAGE, 64, 4, 7), WEFT_FAULT_PT_INVALID, at + PAGE);
	}
}

static void bus_nobody(void)
{
	struct card *c = CARD;
	uint64_t va = UINT64_C(0x440000000000), frag = RIG_FRAG + HOST_FRAGS * 4096u;

	card_need(c);
	struct rig r = rig_open(c);
	space_map(r.s, va, HOST_NOBODY, PAGE, PTE_RW | PTE_BUS(0));
	fault_at(&r, pkt_copy(RIG_LOCAL, va, 64), WEFT_FAULT_BUS, va);
	fault_at(&r, pkt_fill(va + 64, 64, 8, 0), WEFT_FAULT_BUS, va + 64);
	/* the first page behind a mapping */
	space_map(r.s, frag, HOST_FRAG + HOST_FRAGS * 4096u, PAGE, PTE_RW | PTE_BUS(0));
	union weft_packet p = pkt_copy(RIG_LOCAL, frag - 4096, 8192);
	rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_BUS, VA_IN(frag, 1) });
}

static void fragments(void)
{
	struct card *c = CARD;
	uint64_t bytes = HOST_FRAGS * 4096u;

	card_need(c);
	struct rig r = rig_open(c);
	uint64_t big = UINT64_C(0x450000000000);
	uint8_t *want = r.local + (2u << 20);
	union weft_packet p;

	for (unsigned i = 0; i < HOST_FRAGS; i++)
		random_bytes(host_ptr(HOST_FRAG + i * 4096u), 4096);
	for (unsigned i = 0; i < HOST_FRAGS; i++)
		memcpy(want + i * 4096u, host_ptr(HOST_FRAG + i * 4096u), 4096);
	p = pkt_copy(RIG_LOCAL, RIG_FRAG, bytes);
	rig_run(&r, &p, 1);
	CHECK(!memcmp(r.local, want, bytes), "read across maps of single pages");
	p = pkt_copy(RIG_LOCAL + 5, RIG_FRAG + 4095, 4098);
	rig_run(&r, &p, 1);
	CHECK(!memcmp(r.local + 5, want + 4095, 4098), "unaligned read across three maps");
	/* one 2 MiB leaf over mappings that are not one piece: translation has to split */
	space_map_2m(r.s, big, HOST_FRAG, WEFT_PAGE2M_BYTES, PTE_RW | PTE_BUS(0));
	p = pkt_copy(big + 100, RIG_LOCAL + (2u << 20) + 300, bytes - 4096);
	rig_run(&r, &p, 1);
	for (uint64_t o = 0; o < bytes - 4096; o += 997)
		CHECK_EQ(*(uint8_t *)host_ptr(HOST_FRAG + 100 + o), want[300 + o], "byte written across maps");
}

static const struct ct_test tests[] = {
	{ "4 KiB leaves over the whole space, local and host", pages_4k, 0, 0, false },
	{ "2 MiB leaves", pages_2m, 0, 0, false },
	{ "sparse reads 0 and drops writes", sparse, 0, 0, false },
	{ "R and W in every aperture", permissions, 0, 0, false },
	{ "data writes to a SEM page", sem_page, 0, 0, false },
	{ "malformed entries", malformed, 0, 0, false },
	{ "limit register: leaves above, tables below", limit, 0, 0, false },
	{ "invalid at each level; valid needs no invalidate", invalid_levels, 0, 0, false },
	{ "addresses beyond 48 bits, wraps", range, 0, 0, false },
	{ "remap, narrow, remove: nothing old after the invalidate", invalidate_remap, 0, 0, false },
	{ "remap a 2 MiB leaf, split it: nothing old after the invalidate", invalidate_large, 0, 0, false },
	{ "bus address nobody answers at", bus_nobody, 0, 0, false },
	{ "accesses split across DMA maps of single pages", fragments, 0, 0, false },
};
CT_SECTION(walker);
