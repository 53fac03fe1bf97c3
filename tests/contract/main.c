// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* weft-contract: runs the card contract against a card over its vfio-user socket and prints TAP 13. */
#include "queue.h"

#include <getopt.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct ct_options ct_opt = { .seed = 1, .count = -1, .cards = 4 };

static const struct ct_section *const sections[] = {
	&ct_section_config, &ct_section_registers, &ct_section_boot, &ct_section_mailbox, &ct_section_walker,
	&ct_section_packets, &ct_section_fields, &ct_section_reduce, &ct_section_exec, &ct_section_random, &ct_section_faults,
	&ct_section_events, &ct_section_safe, &ct_section_counters, &ct_section_peers, &ct_section_flr,
	&ct_section_isolation, &ct_section_queues, &ct_section_dma_unmap, &ct_section_disconnect,
};

static const char *const cap_name[] = {
	"FW_RESIDENT", "ROM_BOOT", "EXEC", "REDUCE", "TIMED", "CALL", "LR", "CELLS", "CELL_LISTS", "CELL_ADD", "LOOP",
	"PRED", "INDIRECT", "WATCH", "LINK_MASK", "SYSTEM_SCOPE", "TRACE", "BANDS", "ENGINE_RESET", "COUNTERS",
	"CLOCK_PAIR", "TELEMETRY", "INJECT", "CELL_FAULT",
};

static jmp_buf leave;
enum { RAN = 0, FAILED = 1, SKIPPED = 2 };
static char message[4096], soft[4096], about[256];
static jmp_buf soft_leave;
static bool soft_on;
static uint64_t rng;
static FILE *json;
static unsigned ran, failed, skipped;

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

	snprintf(soft + used, sizeof(soft) - used, "%s%.512s", used ? "\n    " : "", message);
	message[0] = 0;
}

void ct_expect_eq(const char *file, int line, uint64_t got, uint64_t want, const char *what)
{
	if (got == want)
		return;
	snprintf(message, sizeof(message), "%s%s%s is %#llx, expected %#llx (%s:%d)", about, about[0] ? ": " : "", what,
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
		n = snprintf(message, sizeof(message), "%s: ", about);
	va_start(ap, fmt);
	n += vsnprintf(message + n, sizeof(message) - (size_t)n, fmt, ap);
	va_end(ap);
	if ((size_t)n < sizeof(message))
		snprintf(message + n, sizeof(message) - (size_t)n, " (%s:%d)", base ? base + 1 : file, line);
	if (soft_on) {
		record();
		longjmp(soft_leave, 1);
	}
	longjmp(leave, FAILED);
}

void ct_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	longjmp(leave, SKIPPED);
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

static void json_string(const char *s)
{
	fputc('"', json);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', json);
		if ((unsigned char)*s >= 0x20)
			fputc(*s, json);
	}
	fputc('"', json);
}

static void result(const char *section, const char *test, int outcome, double ms)
{
	ran++;
	if (outcome == SKIPPED) {
		skipped++;
		printf("ok %u - %s: %s # SKIP %s\n", ran, section, test, message);
	} else {
		printf("%s %u - %s: %s # %.1f ms\n", outcome == RAN ? "ok" : "not ok", ran, section, test, ms);
	}
	if (outcome == FAILED) {
		failed++;
		printf("  ---\n  message: |\n    %s\n  ...\n", message);
	}
	fflush(stdout);
	if (!json)
		return;
	fprintf(json, "%s{\"section\":\"%s\",\"test\":", ran > 1 ? ",\n" : "", section);
	json_string(test);
	fprintf(json, ",\"outcome\":\"%s\",\"ms\":%.1f,\"message\":", outcome == RAN ? "pass" : outcome == FAILED ? "fail" : "skip",
		ms);
	json_string(outcome == RAN ? "" : message);
	fputc('}', json);
}

/* The card may have died with the test; the next one then fails by its own connection, not by this one's. */
static bool guarded(void (*step)(void))
{
	char first[sizeof(message)];

	memcpy(first, message, sizeof(first));
	if (setjmp(leave)) {
		if (first[0])
			memcpy(message, first, sizeof(message));
		return false;
	}
	step();
	return true;
}

static void tidy(void)
{
	for (unsigned i = 0; i < HOST_CARDS; i++)
		if (ct_cards[i].open && ct_cards[i].ready)
			card_tidy(&ct_cards[i]);
}

static void disown(void)
{
	for (unsigned i = 0; i < HOST_CARDS; i++) {
		ct_cards[i].ready = false;
		card_forget(&ct_cards[i]);
	}
}

static void reconnect(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < HOST_CARDS; i++)
		if (ct_cards[i].open) {
			n = i + 1;
			card_close(&ct_cards[i]);
		}
	cards_open(n ? n : 1);
}

static void close_only(void)
{
	for (unsigned i = 0; i < HOST_CARDS; i++)
		if (ct_cards[i].open) {
			ct_cards[i].vectors = 0;
			vu_close(&ct_cards[i].vu);
			ct_cards[i].open = false;
		}
}

static int run_test(const struct ct_test *t)
{
	int outcome = setjmp(leave);

	if (outcome)
		return outcome;
	if (t->caps & ~CARD->caps) {
		unsigned bit = (unsigned)__builtin_ctzll(t->caps & ~CARD->caps);

		ct_skip("the card lacks WEFT_CAP_%s", bit < ARRAY_LEN(cap_name) ? cap_name[bit] : "?");
	}
	if (t->cards > ct_ncards)
		ct_skip("needs %u cards, %u exist", t->cards, ct_ncards);
	t->run();
	return RAN;
}

static void run_one(const struct ct_section *s, const struct ct_test *t)
{
	uint64_t start = ct_now_ns();
	int outcome;

	rng = ct_opt.seed * UINT64_C(0x2545f4914f6cdd1d);
	for (const char *p = t->name; *p; p++)
		rng = rng * 131 + (unsigned char)*p;
	message[0] = about[0] = soft[0] = 0;
	outcome = run_test(t);
	soft_on = false;
	if (soft[0]) {
		size_t used = strlen(soft);

		if (outcome == FAILED)
			snprintf(soft + used, sizeof(soft) - used, "\n    %.512s", message);
		memcpy(message, soft, sizeof(message));
		outcome = FAILED;
	}
	about[0] = 0;
	if (outcome != FAILED)
		message[outcome == RAN ? 0 : strlen(message)] = 0;
	if (outcome == RAN && !t->dirty && !guarded(tidy)) {
		outcome = FAILED;
		strncat(message, " [while tidying up]", sizeof(message) - strlen(message) - 1);
	}
	if (outcome == FAILED || (outcome == RAN && t->dirty))
		disown();
	result(s->name, t->name, outcome, (double)(ct_now_ns() - start) / 1e6);
	message[0] = 0;
	if (outcome == FAILED && !guarded(reconnect)) {
		message[0] = 0;
		guarded(close_only);
		message[0] = 0;
		if (!guarded(reconnect)) {
			printf("Bail out! the card does not take a new connection: %s\n", message);
			exit(1);
		}
	}
	host_rewind();
}

static void start(void)
{
	host_init();
	cards_open(1);
}

static void usage(FILE *f)
{
	fputs("usage: weft-contract (--card PROGRAM | --socket DIR) [--firmware FILE] [--bad-firmware-dir DIR]\n"
	      "       [--section NAME] [--test TEXT] [--seed N] [--count N] [--cards N] [--msi] [--json FILE] [--list]\n"
	      "Runs the card contract against a card that speaks vfio-user; TAP 13 on standard output.\n"
	      "--count: size of randomised tests; 0 makes the bit-flip test of the firmware image exhaustive.\n"
	      "SEED and COUNT are also taken from the environment.\n", f);
}

static void parse(int argc, char **argv)
{
	static const struct option o[] = {
		{ "card", 1, 0, 'c' }, { "socket", 1, 0, 's' }, { "section", 1, 0, 'n' }, { "test", 1, 0, 't' },
		{ "firmware", 1, 0, 'f' }, { "bad-firmware-dir", 1, 0, 'b' }, { "json", 1, 0, 'j' }, { "seed", 1, 0, 'r' },
		{ "count", 1, 0, 'k' }, { "cards", 1, 0, 'N' }, { "msi", 0, 0, 'm' }, { "list", 0, 0, 'l' },
		{ "help", 0, 0, 'h' }, { 0 },
	};
	const char *env;
	int k;

	if ((env = getenv("SEED")))
		ct_opt.seed = strtoull(env, NULL, 0);
	if ((env = getenv("COUNT")))
		ct_opt.count = strtol(env, NULL, 0);
	while ((k = getopt_long(argc, argv, "", o, NULL)) != -1)
		switch (k) {
		case 'c': ct_opt.card = optarg; break;
		case 's': ct_opt.socket_dir = optarg; break;
		case 'n': ct_opt.section = optarg; break;
		case 't': ct_opt.test = optarg; break;
		case 'f': ct_opt.firmware = optarg; break;
		case 'b': ct_opt.bad_firmware_dir = optarg; break;
		case 'j': ct_opt.json = optarg; break;
		case 'r': ct_opt.seed = strtoull(optarg, NULL, 0); break;
		case 'k': ct_opt.count = strtol(optarg, NULL, 0); break;
		case 'N': ct_opt.cards = (unsigned)strtoul(optarg, NULL, 0); break;
		case 'm': ct_opt.msi = true; break;
		case 'l':
			for (size_t i = 0; i < ARRAY_LEN(sections); i++)
				for (size_t j = 0; j < sections[i]->ntests; j++)
					printf("%s: %s\n", sections[i]->name, sections[i]->tests[j].name);
			exit(0);
		case 'h': usage(stdout); exit(0);
		default: usage(stderr); exit(2);
		}
	if (!ct_opt.card == !ct_opt.socket_dir || ct_opt.cards < 1 || ct_opt.cards > HOST_CARDS) {
		usage(stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	uint64_t begin = ct_now_ns();

	parse(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	if (ct_opt.firmware && !fw_load(ct_opt.firmware, &ct_fw, &ct_fw_bytes)) {
		fprintf(stderr, "weft-contract: cannot read %s\n", ct_opt.firmware);
		return 2;
	}
	if (ct_opt.json && !(json = fopen(ct_opt.json, "w"))) {
		fprintf(stderr, "weft-contract: cannot write %s\n", ct_opt.json);
		return 2;
	}
	if (json)
		fputs("[\n", json);
	printf("TAP version 13\n# SEED=%llu COUNT=%ld\n", (unsigned long long)ct_opt.seed, ct_opt.count);
	fflush(stdout);
	if (ct_opt.card) {
		const char *const more[] = { ct_opt.msi ? "--msi" : NULL, NULL };
		const char *why = ct_spawn(ct_opt.card, ct_opt.cards, more);

		if (why) {
			printf("Bail out! %s: %s\n", ct_opt.card, why);
			return 1;
		}
	}
	ct_count_cards();
	rng = ct_opt.seed;
	if (!guarded(start)) {
		printf("Bail out! %s\n", message);
		return 1;
	}
	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		unsigned ran0 = ran, failed0 = failed, skipped0 = skipped;

		if (ct_opt.section && strcmp(ct_opt.section, sections[i]->name))
			continue;
		for (size_t j = 0; j < sections[i]->ntests; j++)
			if (!ct_opt.test || strstr(sections[i]->tests[j].name, ct_opt.test))
				run_one(sections[i], &sections[i]->tests[j]);
		printf("# section %s: %u passed, %u failed, %u skipped\n", sections[i]->name,
		       ran - ran0 - (failed - failed0) - (skipped - skipped0), failed - failed0, skipped - skipped0);
	}
	printf("1..%u\n# %u passed, %u failed, %u skipped in %.1f s\n", ran, ran - failed - skipped, failed, skipped,
	       (double)(ct_now_ns() - begin) / 1e9);
	if (json) {
		fputs("\n]\n", json);
		fclose(json);
	}
	return !ran || failed ? 1 : 0;
}
