// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Operands made contiguous for an operator, in steps that each fit in a unit. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>

#include "access.h"
#include "defect.h"
#include "weak.h"

#define DROP_BYTES	(64u << 20)
#define STAGE_BYTES	(256u << 10)	/* copied by one unit, in … */
#define STAGE_PIECES	64		/* … so many pieces at most */

void wcard_acc_count_view(struct wcard_acc *a, const struct wcard_view *v, uint64_t unit, uint64_t n)
{
	uint64_t *dirty = a->dirty;

	if (WCARD_BROKEN(exec_not_dirty))
		a->dirty = NULL;
	for (unsigned int link = 0; link < WCARD_CNT_LINKS; link++) {
		uint64_t total = v->link_bytes[link], bytes;

		if (!total)
			continue;
		bytes = total / n + (unit ? 0 : total % n);
		if (v->access & WCARD_ACC_READ)
			wcard_acc_count(a, link, WCARD_CNT_READ, bytes);
		/* Of no byte as well: from the first unit on the link is dirty. */
		if (v->access & WCARD_ACC_WRITE)
			wcard_acc_count(a, link, WCARD_CNT_WRITE, bytes);
	}
	a->dirty = dirty;
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

/* In parts: whoever maps something for another queue waits for each, inside a unit. */
static void unmap(uint8_t *at, uint64_t bytes)
{
	for (uint64_t left = at ? bytes : 0, n; left; left -= n) {
		n = left < DROP_BYTES ? left : DROP_BYTES;
		munmap(at + left - n, n);
	}
}

void wcard_view_drop(struct wcard_view *v)
{
	unmap(v->reserved, v->reserved_bytes);
	memset(v, 0, sizeof(*v));
}

void wcard_stage_drop(struct wcard_stage *st)
{
	unmap(st->at, st->bytes);
	memset(st, 0, sizeof(*st));
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

static bool over_links(const struct wcard_view *v)
{
	for (unsigned int link = 0; link < WCARD_NUM_LINKS; link++)
		if (v->link_bytes[link])
			return true;
	return false;
}

/* What one unit copies of [*done, bytes), from memory at `va` or to it. */
static int copy_some(struct wcard_acc *a, struct wcard_stage *st, uint64_t va, unsigned int access, uint64_t *done)
{
	uint64_t end = st->bytes - *done < STAGE_BYTES ? st->bytes : *done + STAGE_BYTES;

	for (unsigned int i = 0; i < STAGE_PIECES && *done < end; i++) {
		struct wcard_span s;
		int fault = wcard_acc_span(a, va + *done, end - *done, access, &s);

		if (fault)
			return fault;
		if (access == WCARD_ACC_WRITE)
			memcpy(s.host, st->at + *done, s.bytes);
		else
			memcpy(st->at + *done, s.host, s.bytes);
		*done += s.bytes;
	}
	return *done < st->bytes ? WCARD_VIEW_MORE : 0;
}

int wcard_stage_open(struct wcard_acc *a, struct wcard_stage *st, const struct wcard_view *v, bool begin)
{
	if (!st->at) {
		uint8_t *p;

		if (!over_links(v))
			return 0;
		if (!begin) {
			wcard_weak_flush_card(a->c);
			return 0;
		}
		p = mmap(NULL, v->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (p == MAP_FAILED)
			return wcard_acc_fault(a, WEFT_FAULT_BUS, v->va);
		st->at = p;
		st->bytes = v->bytes;
		if (!(v->access & WCARD_ACC_READ))
			st->loaded = st->bytes;
	}
	return st->loaded < st->bytes ? copy_some(a, st, v->va, WCARD_ACC_READ, &st->loaded) : 0;
}

int wcard_stage_post(struct wcard_acc *a, struct wcard_stage *st, uint64_t va)
{
	return st->posted < st->bytes ? copy_some(a, st, va, WCARD_ACC_WRITE, &st->posted) : 0;
}
