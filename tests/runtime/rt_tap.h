/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* TAP 13 for programs that use the library on real (or emulated) cards. */
#ifndef RT_TAP_H
#define RT_TAP_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <weft/weft.h>

#define RT_SKIP		1
#define RT_SECOND	1000000000ull
#define RT_CARDS	8

struct rt_test {
	const char *name;
	int (*run)(struct weft *weft);
};

static char rt_text[512];

/* Remembers why, returns @ret. */
static inline int rt_say(int ret, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(rt_text, sizeof(rt_text), format, args);
	va_end(args);
	return ret;
}

#define RT_CHECK(cond, ...)	do { if (!(cond)) return rt_say(-1, #cond ": " __VA_ARGS__); } while (0)
#define RT_OK(call)											\
	do {												\
		int ret_ = (call);									\
		if (ret_ < 0)										\
			return rt_say(-1, "%s:%d: %s: %d, %s", __FILE__, __LINE__, #call, ret_, weft_last_error());	\
	} while (0)
#define RT_IS(call, want)										\
	do {												\
		int ret_ = (call);									\
		if (ret_ != (want))									\
			return rt_say(-1, "%s:%d: %s is %d, wanted %d; %s", __FILE__, __LINE__, #call, ret_, (want),	\
				      weft_last_error());						\
	} while (0)

static inline uint64_t rt_number(const char *name, uint64_t standard)
{
	const char *text = getenv(name);
	uint64_t n = text && *text ? strtoull(text, NULL, 0) : standard;

	printf("# %s=%llu\n", name, (unsigned long long)n);
	return n;
}

static inline uint64_t rt_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	return (x ^ x >> 27) * 0x94d049bb133111ebull;
}

/* A test closes what it opened; one that failed may leave things, which are not held against those after it. */
static inline int rt_main(const struct rt_test *tests, unsigned int count)
{
	struct weft_stats before = { .size = sizeof(before) }, after = { .size = sizeof(after) };
	int failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%u\n", count);
	for (unsigned int i = 0; i < count; i++) {
		struct weft *weft = weft_open();
		int ret = weft_stats_get(weft, &before) ? rt_say(-1, "%s", weft_last_error()) : tests[i].run(weft);

		if (!ret && weft_stats_get(weft, &after))
			ret = rt_say(-1, "%s", weft_last_error());
		if (!ret && (after.open_devices != before.open_devices || after.live_memories != before.live_memories))
			ret = rt_say(-1, "%lld devices and %lld memories left",
				     (long long)(after.open_devices - before.open_devices),
				     (long long)(after.live_memories - before.live_memories));
		if (!ret && !failed && weft_close(weft))
			ret = rt_say(-1, "%s", weft_last_error());
		if (ret == RT_SKIP)
			printf("ok %u %s # SKIP %s\n", i + 1, tests[i].name, rt_text);
		else
			printf("%s %u %s\n", ret ? "not ok" : "ok", i + 1, tests[i].name);
		if (ret < 0)
			printf("# %s\n", rt_text);
		failed += ret < 0;
	}
	return failed ? 1 : 0;
}

#endif
