/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "va.h"

int weft_va_init(struct weft_va *va, uint64_t start, uint64_t end)
{
	va->room = 16;
	va->free = malloc(va->room * sizeof(va->free[0]));
	if (!va->free)
		return -ENOMEM;
	va->free[0] = (struct weft_va_range) { start, end };
	va->count = 1;
	return 0;
}

void weft_va_fini(struct weft_va *va)
{
	free(va->free);
	memset(va, 0, sizeof(*va));
}

static int insert(struct weft_va *va, size_t at, struct weft_va_range range)
{
	if (va->count == va->room) {
		size_t room = va->room ? 2 * va->room : 16;
		struct weft_va_range *grown = realloc(va->free, room * sizeof(grown[0]));

		if (!grown)
			return -ENOMEM;
		va->free = grown;
		va->room = room;
	}
	memmove(va->free + at + 1, va->free + at, (va->count - at) * sizeof(va->free[0]));
	va->free[at] = range;
	va->count++;
	return 0;
}

static void drop(struct weft_va *va, size_t at)
{
	va->count--;
	memmove(va->free + at, va->free + at + 1, (va->count - at) * sizeof(va->free[0]));
}

/* Takes [@at, @end) out of free range @i, which has it. */
static int carve(struct weft_va *va, size_t i, uint64_t at, uint64_t end)
{
	struct weft_va_range *f = &va->free[i];

	if (at > f->start && end < f->end) {
		struct weft_va_range tail = { end, f->end };
		int ret = insert(va, i + 1, tail);

		if (ret)
			return ret;
		va->free[i].end = at;
	} else if (at > f->start) {
		f->end = at;
	} else if (end < f->end) {
		f->start = end;
	} else {
		drop(va, i);
	}
	return 0;
}

int weft_va_alloc(struct weft_va *va, uint64_t bytes, uint64_t align, uint64_t *start)
{
	for (size_t i = 0; i < va->count; i++) {
		const struct weft_va_range *f = &va->free[i];
		uint64_t at = (f->start + align - 1) & ~(align - 1), end = at + bytes;

		if (at < f->start || end < at || end > f->end)
			continue;
		*start = at;
		return carve(va, i, at, end);
	}
	return -ENOSPC;
}

int weft_va_take(struct weft_va *va, uint64_t start, uint64_t bytes)
{
	for (size_t i = 0; i < va->count; i++)
		if (va->free[i].start <= start && start + bytes > start && start + bytes <= va->free[i].end)
			return carve(va, i, start, start + bytes);
	return -EBUSY;
}

int weft_va_free(struct weft_va *va, uint64_t start, uint64_t bytes)
{
	uint64_t end = start + bytes;
	size_t low = 0, high = va->count;
	struct weft_va_range *before, *after;

	while (low < high) {		/* first free range at or above start */
		size_t middle = (low + high) / 2;

		if (va->free[middle].start < start)
			low = middle + 1;
		else
			high = middle;
	}
	before = low > 0 ? &va->free[low - 1] : NULL;
	after = low < va->count ? &va->free[low] : NULL;
	if (end <= start || (before && before->end > start) || (after && after->start < end))
		return -EINVAL;
	if (before && before->end == start && after && after->start == end) {
		before->end = after->end;
		drop(va, low);
	} else if (before && before->end == start) {
		before->end = end;
	} else if (after && after->start == end) {
		after->start = start;
	} else {
		return insert(va, low, (struct weft_va_range) { start, end });
	}
	return 0;
}
