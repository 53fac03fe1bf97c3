// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * What a whole run reached. libFuzzer clears its counters before every execution and keeps the sum to itself; this adds
 * them up and writes, at the end of the process, one line "address reached" per basic block of the program. The runner
 * turns addresses into lines of the sources and holds them against the floors.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

struct block { uintptr_t pc, flags; };

/* Placed by the compiler (inline-8bit-counters, pc-table); the linker names where they begin and end. */
extern uint8_t __start___sancov_cntrs[], __stop___sancov_cntrs[];
extern const struct block __start___sancov_pcs[], __stop___sancov_pcs[];
extern const char __ehdr_start[];

#define UNWATCHED __attribute__((no_sanitize("address", "undefined", "coverage")))

static uint8_t *reached;
static size_t blocks;

UNWATCHED static void report(void)
{
	const char *path = getenv("FUZZ_COVER");
	FILE *f = path ? fopen(path, "w") : NULL;

	if (!f)
		return;
	for (size_t i = 0; i < blocks; i++)
		fprintf(f, "%lx %d\n", (unsigned long)(__start___sancov_pcs[i].pc - (uintptr_t)__ehdr_start),
			reached[i] != 0);
	fclose(f);
}

UNWATCHED void fuzz_cover(void)
{
	if (!reached) {
		blocks = (size_t)(__stop___sancov_cntrs - __start___sancov_cntrs);
		reached = calloc(blocks + 8, 1);
		if (!reached || (size_t)(__stop___sancov_pcs - __start___sancov_pcs) != blocks)
			abort();
		atexit(report);
	}
	/* eight at a time: most are 0, and this is done after each of millions of executions */
	for (size_t i = 0; i + 8 <= blocks; i += 8) {
		uint64_t now, sum;

		__builtin_memcpy(&now, __start___sancov_cntrs + i, 8);
		if (!now)
			continue;
		__builtin_memcpy(&sum, reached + i, 8);
		sum |= now;
		__builtin_memcpy(reached + i, &sum, 8);
	}
	for (size_t i = blocks & ~(size_t)7; i < blocks; i++)
		reached[i] |= __start___sancov_cntrs[i];
}

void fuzz_wrong(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("fuzz: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	abort();
}
