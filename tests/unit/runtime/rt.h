/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What the tests of this folder share. */
#ifndef RT_H
#define RT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <weft/weft.h>

#include "fake_sys.h"

#define ok(call)	rt_ok((call), #call, __LINE__)

static inline int rt_ok(int ret, const char *what, int line)
{
	if (ret < 0)
		fail_msg("line %d: %s: %d, %s", line, what, ret, weft_last_error());
	return ret;
}

/* COUNT and SEED of a randomised test, from the environment, printed. */
static inline uint64_t rt_number(const char *name, uint64_t standard)
{
	const char *text = getenv(name);
	uint64_t n = text ? strtoull(text, NULL, 0) : standard;

	print_message("%s=%llu\n", name, (unsigned long long)n);
	return n;
}

static inline uint64_t rt_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

void weft_sys_set(const struct weft_sys *sys);

/* A library on fake cards. */
static inline struct weft *rt_open(int cards)
{
	fake_reset(cards);
	weft_sys_set(&fake_sys);
	return weft_open();
}

#endif
