// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include <stdbool.h>

#include "walk.h"

#include "defect.h"

static int check_table(const struct wcard_walk_mem *mem, uint64_t pte, uint64_t *table)
{
	uint64_t at = pte & WEFT_PTE_ADDR_MASK;

	if ((pte & ~(WEFT_PTE_VALID | WEFT_PTE_ADDR_MASK)) && !WCARD_BROKEN(table_bits))
		return WEFT_FAULT_PT_FORMAT;
	if ((at < mem->user_limit && !WCARD_BROKEN(table_anywhere)) || at > mem->bytes - WEFT_PAGE_BYTES)
		return WEFT_FAULT_PT_LIMIT;
	*table = at;
	return WEFT_FAULT_NONE;
}

static int check_leaf(const struct wcard_walk_mem *mem, uint64_t pte, unsigned int level)
{
	uint64_t addr = pte & WEFT_PTE_ADDR_MASK;
	uint64_t bytes = UINT64_C(1) << WEFT_PT_SHIFT(level);
	uint64_t link = pte & WEFT_PTE_LINK_MASK, limit = WCARD_BROKEN(leaf_above_limit) ? mem->bytes : mem->user_limit;

	if ((level > 1 && !WCARD_BROKEN(leaf_any_level)) || ((pte & WEFT_PTE_RESERVED) && !WCARD_BROKEN(leaf_reserved)) ||
	    ((addr & (bytes - 1)) && !WCARD_BROKEN(leaf_unaligned)))
		return WEFT_FAULT_PT_FORMAT;
	switch ((pte & WEFT_PTE_APERTURE_MASK) >> WEFT_PTE_APERTURE_SHIFT) {
	case WEFT_APERTURE_LOCAL:
		if (link)
			return WEFT_FAULT_PT_FORMAT;
		if (addr >= limit || limit - addr < bytes)
			return WEFT_FAULT_PT_LIMIT;
		return WEFT_FAULT_NONE;
	case WEFT_APERTURE_BUS:
		return link >> WEFT_PTE_LINK_SHIFT >= mem->links ? WEFT_FAULT_PT_FORMAT : WEFT_FAULT_NONE;
	case WEFT_APERTURE_SPARSE:
		return addr || link ? WEFT_FAULT_PT_FORMAT : WEFT_FAULT_NONE;
	default:
		return WEFT_FAULT_PT_FORMAT;
	}
}

static int walk(const struct wcard_walk_mem *mem, uint64_t root, uint64_t va, struct wcard_walk_result *out,
		const uint64_t **at)
{
	uint64_t table = root;

	if (va >> WEFT_VA_BITS)
		return WEFT_FAULT_PT_RANGE;
	if (mem->bytes < WEFT_PAGE_BYTES || table < mem->user_limit || table > mem->bytes - WEFT_PAGE_BYTES)
		return WEFT_FAULT_PT_LIMIT;
	for (int level = WEFT_PT_LEVELS - 1; level >= 0; level--) {
		uint64_t index = va >> WEFT_PT_SHIFT(level) & (WEFT_PT_ENTRIES - 1);
		const uint64_t *entry = (const uint64_t *)(const void *)(mem->lmem + table + 8 * index);
		/* The host stores entries with one 8-byte store each, children before parents. */
		uint64_t pte = __atomic_load_n(entry, __ATOMIC_ACQUIRE);
		int fault;

		if (!(pte & WEFT_PTE_VALID) && WCARD_BROKEN(unmapped_page)) {
			out->pte = (uint64_t)WEFT_APERTURE_SPARSE << WEFT_PTE_APERTURE_SHIFT | WEFT_PTE_R | WEFT_PTE_W;
			out->shift = WEFT_PAGE_SHIFT;
			return WEFT_FAULT_NONE;
		}
		if (!(pte & WEFT_PTE_VALID))
			return WEFT_FAULT_PT_INVALID;
		if (pte & WEFT_PTE_LEAF) {
			fault = check_leaf(mem, pte, (unsigned int)level);
			if (fault)
				return fault;
			out->pte = level && WCARD_BROKEN(large_leaf_offset) ? pte + WEFT_PAGE_BYTES : pte;
			out->shift = (unsigned int)WEFT_PT_SHIFT(level);
			*at = entry;
			return WEFT_FAULT_NONE;
		}
		if (level == 0)
			return WEFT_FAULT_PT_FORMAT;
		fault = check_table(mem, pte, &table);
		if (fault)
			return fault;
	}
	return WEFT_FAULT_PT_FORMAT;
}

int wcard_walk(const struct wcard_walk_mem *mem, uint64_t root, uint64_t va, struct wcard_walk_result *out)
{
	const uint64_t *at;

	return walk(mem, root, va, out, &at);
}

uint64_t wcard_walk_run(const struct wcard_walk_mem *mem, uint64_t root, uint64_t va, const struct wcard_walk_result *w,
			uint64_t bytes)
{
	uint64_t page = UINT64_C(1) << w->shift, in_page = va & (page - 1), n = 1;
	uint64_t most = WEFT_PT_ENTRIES - (va >> w->shift & (WEFT_PT_ENTRIES - 1));
	bool local = (w->pte & WEFT_PTE_APERTURE_MASK) >> WEFT_PTE_APERTURE_SHIFT == WEFT_APERTURE_LOCAL;
	struct wcard_walk_result now;
	const uint64_t *at;

	if (bytes <= page - in_page || walk(mem, root, va, &now, &at) || now.pte != w->pte || now.shift != w->shift)
		return page - in_page;
	if (most > ((in_page + bytes - 1) >> w->shift) + 1)
		most = ((in_page + bytes - 1) >> w->shift) + 1;
	for (; n < most; n++) {
		uint64_t pte = __atomic_load_n(at + n, __ATOMIC_ACQUIRE);

		if (pte != w->pte + n * page || (pte ^ w->pte) & ~WEFT_PTE_ADDR_MASK)
			break;
		if (local && mem->user_limit - page < (pte & WEFT_PTE_ADDR_MASK))
			break;
	}
	return n * page - in_page;
}

int wcard_walk_rights(uint64_t pte, int read, int write)
{
	if (read && !(pte & WEFT_PTE_R) && !WCARD_BROKEN(read_right))
		return WEFT_FAULT_PT_READ;
	if (write && !(pte & WEFT_PTE_W) && !WCARD_BROKEN(write_right))
		return WEFT_FAULT_PT_WRITE;
	if (write && (pte & WEFT_PTE_SEM) && !WCARD_BROKEN(sem_data))
		return WEFT_FAULT_PT_SEM;
	return WEFT_FAULT_NONE;
}
