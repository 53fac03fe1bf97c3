// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#define _GNU_SOURCE
#include "defect.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ROW(name, what, section, test, weak) { #name, what, section, test, weak },
static const struct {
	const char *name, *what, *section, *test;
	bool weak;
} defects[] = { WCARD_DEFECTS(ROW) };

bool wcard_broken[WCARD_NUM_DEFECTS];

static size_t find(const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < WCARD_NUM_DEFECTS; i++)
		if (strlen(defects[i].name) == length && !memcmp(defects[i].name, name, length))
			break;
	return i;
}

const char *wcard_defect_plant(const char *names)
{
	for (const char *end;; names = end + 1) {
		size_t i;

		end = strchrnul(names, ',');
		i = find(names, (size_t)(end - names));
		if (i == WCARD_NUM_DEFECTS)
			return names;
		wcard_broken[i] = true;
		if (!*end)
			return NULL;
	}
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void wcard_defect_dawdle(void)
{
	uint64_t until = now() + 50000;

	while (now() < until)
		;
}

void wcard_defect_list(void)
{
	for (size_t i = 0; i < WCARD_NUM_DEFECTS; i++)
		printf("%s\t%s\t%s\t%d\t%s\n", defects[i].name, defects[i].section, defects[i].test, defects[i].weak,
		       defects[i].what);
}
