/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Test harness: sections are tables of tests; a failed check leaves the test by longjmp with a message, so that no
 * helper has an error path of its own. Output is TAP 13.
 */
#ifndef CT_H
#define CT_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

#include "sections.h"

/* A test without capabilities of its own or of its section is mandatory: what every card has to pass. */
struct ct_test {
	const char *name;
	void (*run)(void);
	uint64_t caps;		/* skipped when the card lacks one of these */
	unsigned cards;		/* skipped when there are fewer, or fewer links; 0 = 1 */
	bool dirty;		/* leaves the card in a state only a reset clears */
};

struct ct_section {
	const char *name;
	const struct ct_test *tests;
	size_t ntests;
	uint64_t caps;		/* of every test in it */
};

struct ct_options {
	const char *card;		/* program to spawn, or NULL */
	const char *socket_dir;
	const char *test;
	const char *firmware;
	const char *bad_firmware_dir;
	const char *json;
	uint64_t seed;
	long count;			/* of randomised tests; -1 = default, 0 = exhaustive where that is possible */
	unsigned cards;
	bool msi;
};
extern struct ct_options ct_opt;

enum ct_outcome { CT_RAN = 0, CT_FAILED = 1, CT_SKIPPED = 2 };
/* Runs a step that may fail or skip; ct_message then says why. Not to be nested. */
enum ct_outcome ct_try(void (*step)(void *), void *argument);
extern char ct_message[4096];

_Noreturn void ct_fail(const char *file, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
_Noreturn void ct_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void ct_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Subject of the checks that follow, named in their failure; printf-style, "" clears it. */
void ct_about(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
long ct_count(long ci);

#define CHECK(cond, ...) \
	do { \
		if (!(cond)) \
			ct_fail(__FILE__, __LINE__, __VA_ARGS__); \
	} while (0)
#define CHECK_EQ(got, want, what) \
	do { \
		uint64_t ct_g = (uint64_t)(got), ct_w = (uint64_t)(want); \
		if (ct_g != ct_w) \
			ct_fail(__FILE__, __LINE__, "%s is %#llx, expected %#llx", what, (unsigned long long)ct_g, \
				(unsigned long long)ct_w); \
	} while (0)

/* A check whose failure is recorded, and the test goes on: for tables of refusals. */
void ct_expect_eq(const char *file, int line, uint64_t got, uint64_t want, const char *what);
#define EXPECT_EQ(got, want, what) ct_expect_eq(__FILE__, __LINE__, (uint64_t)(got), (uint64_t)(want), what)
/* Runs a function that may fail; its failure is recorded, and the test goes on. */
void ct_softly(void (*function)(void *), void *argument);

uint64_t ct_now_ns(void);
void ct_nap(unsigned *round);		/* one step of a wait: short sleeps first, longer ones later */

/* Waits at most `ms` for a condition; the message names what was awaited. */
#define WAIT_FOR(cond, ms, fmt, ...) \
	do { \
		uint64_t ct_end = ct_now_ns() + (uint64_t)(ms) * 1000000u; \
		unsigned ct_round = 0; \
		while (!(cond)) { \
			if (ct_now_ns() > ct_end) { \
				if (cond) \
					break; \
				ct_fail(__FILE__, __LINE__, "within %u ms not seen: " fmt, (unsigned)(ms), ##__VA_ARGS__); \
			} \
			ct_nap(&ct_round); \
		} \
	} while (0)

/* Reproducible random numbers; every test starts from SEED and its own name. */
void ct_seed(uint64_t seed, const char *name);
uint64_t ct_rand(void);
static inline uint64_t ct_below(uint64_t n) { return n ? ct_rand() % n : 0; }
static inline uint64_t ct_between(uint64_t lo, uint64_t hi) { return lo + ct_below(hi - lo + 1); }

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define CT_SECTION_OF(n, c) \
	const struct ct_section ct_section_##n = { .name = #n, .tests = tests, .ntests = ARRAY_LEN(tests), .caps = (c) }
#define CT_SECTION(n) CT_SECTION_OF(n, 0)

#define CT_DECLARE(n) extern const struct ct_section ct_section_##n;
CT_SECTIONS(CT_DECLARE)

#endif
