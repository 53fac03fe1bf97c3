// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* From virtual address to bytes: page tables, then local memory or the bus. Nothing is cached. */
#include <string.h>

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
	p->host = m->host ? m->host + (addr - m->bus) : NULL;
	for (unsigned int i = 0; i < mini_cards && !p->host; i++) {
		uint64_t at = addr - mini_bar2(&mini_card[i]), bytes = mini_card[i].lmem_bytes;

		if (mini_bar2(&mini_card[i]) && at < bytes) {
			p->host = mini_card[i].lmem + at;
			p->bytes = p->bytes < bytes - at ? p->bytes : bytes - at;
		}
	}
	return p->host;
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

static enum weft_fault walk(struct mini_card *c, uint64_t table, uint64_t va, uint64_t *entry, unsigned int *level)
{
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

bool mini_translate(struct mini_card *c, struct mini_queue *q, uint64_t va, uint64_t bytes, bool write, struct mini_piece *p)
{
	uint64_t e = 0, page, addr;
	unsigned int level, aperture;
	enum weft_fault cause = walk(c, c->root[q->d.asid], va, &e, &level);

	if (!cause && !(e & (write ? WEFT_PTE_W : WEFT_PTE_R)))
		cause = write ? WEFT_FAULT_PT_WRITE : WEFT_FAULT_PT_READ;
	if (!cause && write && (e & WEFT_PTE_SEM))
		cause = WEFT_FAULT_PT_SEM;
	if (cause)
		return mini_queue_fault(c, q, cause, va);
	page = UINT64_C(1) << WEFT_PT_SHIFT(level);
	addr = (e & WEFT_PTE_ADDR_MASK) + (va & (page - 1));
	page -= va & (page - 1);
	aperture = (e & WEFT_PTE_APERTURE_MASK) >> WEFT_PTE_APERTURE_SHIFT;
	*p = (struct mini_piece){ .host = aperture == WEFT_APERTURE_LOCAL ? c->lmem + addr : NULL, .bytes = page };
	if (aperture == WEFT_APERTURE_BUS && !mini_bus_find(c, addr, write, p))
		return mini_queue_fault(c, q, WEFT_FAULT_BUS, va);
	p->bytes = p->bytes < page ? p->bytes : page;
	p->bytes = p->bytes < bytes ? p->bytes : bytes;
	return true;
}

bool mini_access(struct mini_card *c, struct mini_queue *q, uint64_t va, void *data, uint64_t bytes, bool write)
{
	struct mini_piece p;

	for (uint8_t *at = data; bytes; va += p.bytes, at += p.bytes, bytes -= p.bytes) {
		if (!mini_translate(c, q, va, bytes, write, &p))
			return false;
		if (!p.host && !write)
			memset(at, 0, p.bytes);
		else if (p.host)
			memcpy(write ? p.host : at, write ? at : p.host, p.bytes);
	}
	return true;
}
