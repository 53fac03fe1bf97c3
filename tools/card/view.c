// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Operands made contiguous for an operator, in steps that each fit in a unit. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>

#include "access.h"

#define DROP_BYTES	(64u << 20)

void wcard_acc_count_view(struct wcard_acc *a, const struct wcard_view *v)
{
	for (unsigned int link = 0; link < WCARD_CNT_LINKS; link++) {
		if (!v->link_bytes[link])
			continue;
		if (v->access & WCARD_ACC_READ)
			wcard_acc_count(a, link, WCARD_CNT_READ, v->link_bytes[link]);
		if (v->access & WCARD_ACC_WRITE)
			wcard_acc_count(a, link, WCARD_CNT_WRITE, v->link_bytes[link]);
	}
}

int wcard_view_populate(struct wcard_view *v)
{
	uint64_t skip = (uintptr_t)v->ptr & (WEFT_PAGE_BYTES - 1), total = skip + v->bytes, left = total - v->populated;

	if (v->populated >= total)
		return 0;
	left = left < WCARD_VIEW_POPULATE ? left : WCARD_VIEW_POPULATE;
	/* A kernel without it makes the unit late, which is all that this prevents. */
	madvise(v->ptr - skip + v->populated, left, MADV_POPULATE_READ);
	v->populated += left;
	return v->populated < total ? WCARD_VIEW_MORE : 0;
}

void wcard_view_drop(struct wcard_view *v)
{
	uint64_t left, n;

	/* In parts: whoever maps something for another queue waits for each, inside a unit. */
	for (left = v->reserved ? v->reserved_bytes : 0; left; left -= n) {
		n = left < DROP_BYTES ? left : DROP_BYTES;
		munmap(v->reserved + left - n, n);
	}
	memset(v, 0, sizeof(*v));
}

/* The pieces keep their place within 2 MiB, so that huge pages stay huge in the alias. */
static int reserve(struct wcard_view *v, uint64_t total)
{
	uint64_t in_huge = (v->va & ~(WEFT_PAGE_BYTES - 1)) & (WEFT_PAGE2M_BYTES - 1);
	uint64_t bytes = total + 2 * WEFT_PAGE2M_BYTES;
	uint8_t *p = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return -1;
	v->reserved = p;
	v->reserved_bytes = bytes;
	p += -(uintptr_t)p & (WEFT_PAGE2M_BYTES - 1);
	v->alias = p + in_huge;
	return 0;
}

/*
 * Operators want their operands contiguous. Where the pages behind a range are not, the files they belong to are
 * mapped piece by piece into one fresh range, as an IOMMU would: no byte is copied, none is seen that the walk did not
 * give. Mappings survive the unit, accesses do not: the next unit compares the generations.
 */
static int build_alias(struct wcard_acc *a, struct wcard_view *v)
{
	uint64_t skip = v->va & (WEFT_PAGE_BYTES - 1), end = skip + v->bytes;
	uint64_t total = (end + WEFT_PAGE_BYTES - 1) & ~(WEFT_PAGE_BYTES - 1);
	int prot = PROT_READ | (v->access & WCARD_ACC_WRITE ? PROT_WRITE : 0);
	unsigned int pieces = 0;

	if (!v->reserved && reserve(v, total))
		return wcard_acc_fault(a, WEFT_FAULT_BUS, v->va);
	while (v->alias_done < total) {
		uint64_t at = v->alias_done, from, to, len;
		struct wcard_span s;
		void *p;
		int fault;

		if (pieces++ == WCARD_VIEW_PIECES)
			return WCARD_VIEW_MORE;
		fault = wcard_acc_piece(a, v->va - skip + at, total - at, v->access, &s);
		if (fault)
			return fault;
		len = s.bytes & ~(WEFT_PAGE_BYTES - 1);
		if (!len)
			return wcard_acc_fault(a, WEFT_FAULT_BUS, v->va - skip + at);
		if (s.sparse)
			p = mmap(v->alias + at, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
		else
			p = mmap(v->alias + at, len, prot, MAP_SHARED | MAP_FIXED, s.fd, (off_t)s.fd_offset);
		if (p == MAP_FAILED)
			return wcard_acc_fault(a, WEFT_FAULT_BUS, v->va - skip + at);
		v->alias_done += len;
		from = at > skip ? at : skip;
		to = v->alias_done < end ? v->alias_done : end;
		if (s.link < WCARD_CNT_LINKS)
			v->link_bytes[s.link] += to - from;
	}
	v->ptr = v->alias + skip;
	return 0;
}

int wcard_acc_view(struct wcard_acc *a, struct wcard_view *v, uint64_t va, uint64_t bytes, unsigned int access)
{
	bool same = v->va == va && v->bytes == bytes && v->access == access && v->gen == a->gen &&
		    v->map_gen == a->map_gen;
	struct wcard_span s;
	int fault;

	if (same && v->ptr)
		return 0;
	if (!same || !v->reserved) {
		wcard_view_drop(v);
		v->va = va;
		v->bytes = bytes;
		v->access = access;
		v->gen = a->gen;
		v->map_gen = a->map_gen;
		fault = wcard_acc_piece(a, va, bytes, access, &s);
		if (fault)
			goto drop;
		if (s.bytes == bytes && !s.sparse) {
			v->ptr = s.host;
			v->link_bytes[s.link] = bytes;
			return 0;
		}
	}
	fault = build_alias(a, v);
	if (fault <= 0)
		return fault;
drop:
	wcard_view_drop(v);
	return fault;
}
