// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* What every program that drives a card has from the harness: checks that leave by longjmp, time, random numbers. */
#include "host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct ct_options ct_opt = { .seed = 1, .count = -1, .cards = 4 };
char ct_message[4096];

static jmp_buf leave, soft_leave;
static char soft[4096], about[256];
static bool soft_on;
static uint64_t rng;

uint64_t ct_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void ct_nap(unsigned *round)
{
	for (unsigned i = 0; i < HOST_CARDS; i++)
		if (ct_cards[i].open)
			vu_pump(&ct_cards[i].vu);
	usleep(*round < 100 ? 20 : *round < 400 ? 100 : 1000);
	++*round;
}

void ct_seed(uint64_t seed, const char *name)
{
	rng = seed * UINT64_C(0x2545f4914f6cdd1d);
	while (*name)
		rng = rng * 131 + (unsigned char)*name++;
}

uint64_t ct_rand(void)
{
	uint64_t z = rng += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

long ct_count(long ci)
{
	return ct_opt.count < 0 ? ci : ct_opt.count;
}

void ct_about(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(about, sizeof(about), fmt, ap);
	va_end(ap);
}

static void record(void)
{
	size_t used = strlen(soft);

	snprintf(soft + used, sizeof(soft) - used, "%s%.512s", used ? "\n    " : "", ct_message);
	ct_message[0] = 0;
}

void ct_expect_eq(const char *file, int line, uint64_t got, uint64_t want, const char *what)
{
	if (got == want)
		return;
	snprintf(ct_message, sizeof(ct_message), "%s%s%s is %#llx, expected %#llx (%s:%d)", about, about[0] ? ": " : "", what,
		 (unsigned long long)got, (unsigned long long)want, strrchr(file, '/') ? strrchr(file, '/') + 1 : file, line);
	record();
}

void ct_softly(void (*function)(void *), void *argument)
{
	soft_on = true;
	if (!setjmp(soft_leave))
		function(argument);
	soft_on = false;
}

void ct_fail(const char *file, int line, const char *fmt, ...)
{
	const char *base = strrchr(file, '/');
	int n = 0;
	va_list ap;

	if (about[0])
		n = snprintf(ct_message, sizeof(ct_message), "%s: ", about);
	va_start(ap, fmt);
	n += vsnprintf(ct_message + n, sizeof(ct_message) - (size_t)n, fmt, ap);
	va_end(ap);
	if ((size_t)n < sizeof(ct_message))
		snprintf(ct_message + n, sizeof(ct_message) - (size_t)n, " (%s:%d)", base ? base + 1 : file, line);
	if (soft_on) {
		record();
		longjmp(soft_leave, 1);
	}
	longjmp(leave, CT_FAILED);
}

void ct_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ct_message, sizeof(ct_message), fmt, ap);
	va_end(ap);
	longjmp(leave, CT_SKIPPED);
}

void ct_note(const char *fmt, ...)
{
	va_list ap;

	printf("#   ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

enum ct_outcome ct_try(void (*step)(void *), void *argument)
{
	volatile enum ct_outcome outcome = CT_RAN;
	int left;

	ct_message[0] = about[0] = soft[0] = 0;
	left = setjmp(leave);
	if (left)
		outcome = (enum ct_outcome)left;
	else
		step(argument);
	soft_on = false;
	about[0] = 0;
	if (soft[0]) {
		size_t used = strlen(soft);

		if (outcome == CT_FAILED)
			snprintf(soft + used, sizeof(soft) - used, "\n    %.512s", ct_message);
		memcpy(ct_message, soft, sizeof(ct_message));
		outcome = CT_FAILED;
	}
	if (outcome == CT_RAN)
		ct_message[0] = 0;
	return outcome;
}
