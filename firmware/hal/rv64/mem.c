// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* The functions a compiler calls by itself, also where there is no C library. Messages are whole words. */
#include <stddef.h>
#include <stdint.h>

typedef uint64_t __attribute__((may_alias)) word;

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memset(void *dst, int c, size_t n);

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	size_t i = 0;

	if (!(((uintptr_t)dst | (uintptr_t)src) % sizeof(word)))
		for (; i + sizeof(word) <= n; i += sizeof(word))
			*(word *)((char *)dst + i) = *(const word *)((const char *)src + i);
	for (; i < n; i++)
		((char *)dst)[i] = ((const char *)src)[i];
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	size_t i = 0;

	if (!((uintptr_t)dst % sizeof(word)))
		for (; i + sizeof(word) <= n; i += sizeof(word))
			*(word *)((char *)dst + i) = (unsigned char)c * UINT64_C(0x0101010101010101);
	for (; i < n; i++)
		((char *)dst)[i] = (char)c;
	return dst;
}
