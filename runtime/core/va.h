/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Device address ranges: first fit over a sorted array of free ranges. The caller locks. */
#ifndef WEFT_CORE_VA_H
#define WEFT_CORE_VA_H

#include <stddef.h>
#include <stdint.h>

struct weft_va_range {
	uint64_t start, end;	/* bytes; end is not part of it */
};

struct weft_va {
	struct weft_va_range *free;	/* ascending, no two touch */
	size_t count, room;
};

int weft_va_init(struct weft_va *va, uint64_t start, uint64_t end);
void weft_va_fini(struct weft_va *va);
/* Lowest multiple of @align (a power of two) with @bytes free from there. 0, -ENOSPC, -ENOMEM */
int weft_va_alloc(struct weft_va *va, uint64_t bytes, uint64_t align, uint64_t *start);
/* Just this range. 0, -EBUSY (part of it is not free), -ENOMEM */
int weft_va_take(struct weft_va *va, uint64_t start, uint64_t bytes);
/* Gives back a range got from weft_va_alloc() or weft_va_take(). 0, -EINVAL when part of it is free already, -ENOMEM (range is lost) */
int weft_va_free(struct weft_va *va, uint64_t start, uint64_t bytes);

#endif
