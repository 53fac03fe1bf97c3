// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* From virtual address to bytes: page tables, then local memory or the bus. Nothing is cached. */
#include <firmware/abi/pte.h>

#include "mini.h"

/* The client says what the card can reach; what it shares no descriptor of is the local memory of a card. */
bool mini_bus_find(struct mini_card *c, uint64_t addr, bool write, struct mini_piece *p)
{
	const struct mini_map *m = c->map;

	while (m < c->map + c->maps && addr - m->bus >= m->bytes)
		m++;
	if (!mini_bus_master(c) || m == c->map + c->maps || (write && !m->write))
		return false;
	p->bytes = m->bytes - (addr - m->bus);
	if (m->host) {
		p->host = m->host + (addr - m->bus);
		return true;
	}
	for (unsigned int i = 0; i < c->bus->cards; i++) {
		uint64_t base = __atomic_load_n(&c->bus->card[i].bar2, __ATOMIC_ACQUIRE);

		if (!base || addr - base >= c->bus->lmem_bytes)
			continue;
		p->host = c->bus->card[i].lmem + (addr - base);
		if (p->bytes > c->bus->lmem_bytes - (addr - base))
			p->bytes = c->bus->lmem_bytes - (addr - base);
		return true;
	}
	return false;
}

/* The checks of a leaf before its rights, in the order of the page Memory. */
static enum weft_fault leaf(struct mini_card *c, uint64_t e, unsigned int level)
{
	uint64_t size = UINT64_C(1) << WEFT_PT_SHIFT(level), addr = e & WEFT_PTE_ADDR_MASK;
	uint64_t link = (e & WEFT_PTE_LINK_MASK) >> WEFT_PTE_LINK_SHIFT;
	unsigned int aperture = (e & WEFT_PTE_APERTURE_MASK) >> WEFT_PTE_APERTURE_SHIFT;

	if (level > 1 || (e & WEFT_PTE_RESERVED) || (addr & (size - 1)) ||
	    (aperture == WEFT_APERTURE_LOCAL && link) || (aperture == WEFT_APERTURE_BUS && link >= MINI_LINKS) ||
	    (aperture == WEFT_APERTURE_SPARSE && (addr || link)) || aperture == 3)
		return WEFT_FAULT_PT_FORMAT;
	if (aperture == WEFT_APERTURE_LOCAL && addr + size > mini_reg64(c, WEFT_REG_USER_LIMIT))
		return WEFT_FAULT_PT_LIMIT;
	return WEFT_FAULT_NONE;
}

static enum weft_fault walk(struct mini_card *c, const struct mini_as *as, uint64_t va, uint64_t *entry, unsigned int *level)
{
	uint64_t table = as->root;

	if (va >> WEFT_VA_BITS)
		return WEFT_FAULT_PT_RANGE;
	for (*level = WEFT_PT_LEVELS; (*level)--;) {
		uint64_t at = table + 8 * (va >> WEFT_PT_SHIFT(*level) & (WEFT_PT_ENTRIES - 1));
		uint64_t e = __atomic_load_n((uint64_t *)(c->lmem + at), __ATOMIC_ACQUIRE);

		*entry = e;
		if (!(e & WEFT_PTE_VALID))
			return WEFT_FAULT_PT_INVALID;
		if (e & WEFT_PTE_LEAF)
			return leaf(c, e, *level);
		if (!*level || (e & ~(WEFT_PTE_VALID | WEFT_PTE_ADDR_MASK)))
			return WEFT_FAULT_PT_FORMAT;
		table = e & WEFT_PTE_ADDR_MASK;
		if (!mini_carveout(c, table, WEFT_PAGE_BYTES))
			return WEFT_FAULT_PT_LIMIT;
	}
	return WEFT_FAULT_PT_FORMAT;
}

enum weft_fault mini_translate(struct mini_card *c, const struct mini_as *as, uint64_t va, uint64_t bytes, bool write,
			       struct mini_piece *p)
{
	uint64_t e, in, addr;
	unsigned int level;
	enum weft_fault cause = walk(c, as, va, &e, &level);

	if (cause)
		return cause;
	if (!write && !(e & WEFT_PTE_R))
		return WEFT_FAULT_PT_READ;
	if (write && !(e & WEFT_PTE_W))
		return WEFT_FAULT_PT_WRITE;
	if (write && (e & WEFT_PTE_SEM))
		return WEFT_FAULT_PT_SEM;
	in = va & ((UINT64_C(1) << WEFT_PT_SHIFT(level)) - 1);
	addr = (e & WEFT_PTE_ADDR_MASK) + in;
	p->host = NULL;
	p->bytes = (UINT64_C(1) << WEFT_PT_SHIFT(level)) - in;
	switch ((e & WEFT_PTE_APERTURE_MASK) >> WEFT_PTE_APERTURE_SHIFT) {
	case WEFT_APERTURE_LOCAL:
		p->host = c->lmem + addr;
		break;
	case WEFT_APERTURE_BUS: {
		uint64_t page = p->bytes;

		if (!mini_bus_find(c, addr, write, p))
			return WEFT_FAULT_BUS;
		if (p->bytes > page)
			p->bytes = page;
		break;
	}
	}
	if (p->bytes > bytes)
		p->bytes = bytes;
	return WEFT_FAULT_NONE;
}
