/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What all fuzzers share: taking the input apart, and counting what a run reached. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* libFuzzer's entry points. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Input not yet taken; what is missing at its end reads 0. */
struct fuzz_in {
	const uint8_t *p;
	size_t n;
};

static inline size_t fuzz_bytes(struct fuzz_in *in, void *to, size_t n)
{
	size_t have = in->n < n ? in->n : n;

	memset(to, 0, n);
	if (have)
		memcpy(to, in->p, have);
	in->p += have;
	in->n -= have;
	return have;
}

static inline uint8_t fuzz_u8(struct fuzz_in *in)
{
	uint8_t v;

	fuzz_bytes(in, &v, sizeof(v));
	return v;
}

static inline uint16_t fuzz_u16(struct fuzz_in *in)
{
	uint16_t v;

	fuzz_bytes(in, &v, sizeof(v));
	return v;
}

static inline uint64_t fuzz_u64(struct fuzz_in *in)
{
	uint64_t v;

	fuzz_bytes(in, &v, sizeof(v));
	return v;
}

/* Says what is wrong and ends the process, so that libFuzzer keeps the input. */
_Noreturn void fuzz_wrong(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* cover.c: to be called at the end of each execution; the sum goes to the file $FUZZ_COVER when the process ends. */
void fuzz_cover(void);

#endif
