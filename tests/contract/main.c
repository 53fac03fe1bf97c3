// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* weft-contract: runs the card contract against a card over its vfio-user socket and prints TAP 13. */
#include "queue.h"
#include "report.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LISTED(n) &ct_section_##n,
static const struct ct_section *const sections[] = { CT_SECTIONS(LISTED) };

static void tidy(void *unused)
{
	(void)unused;
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

static void reconnect(void *unused)
{
	unsigned n = 0;

	(void)unused;
	for (unsigned i = 0; i < HOST_CARDS; i++)
		if (ct_cards[i].open) {
			n = i + 1;
			card_close(&ct_cards[i]);
		}
	cards_open(n ? n : 1);
}

static void close_only(void *unused)
{
	(void)unused;
	for (unsigned i = 0; i < HOST_CARDS; i++)
		if (ct_cards[i].open) {
			ct_cards[i].vectors = 0;
			vu_close(&ct_cards[i].vu);
			ct_cards[i].open = false;
		}
}

struct chosen { const struct ct_section *s; const struct ct_test *t; };

static void run_test(void *argument)
{
	const struct chosen *k = argument;
	uint64_t missing = (k->s->caps | k->t->caps) & ~CARD->caps;

	if (missing)
		ct_skip("the card lacks WEFT_CAP_%s", report_caps(missing & -missing));
	if (k->t->cards > ct_ncards)
		ct_skip("needs %u cards, %u exist", k->t->cards, ct_ncards);
	if (k->t->cards > 1 && k->t->cards >= CARD->nlinks)
		ct_skip("needs %u links, the card has %u", k->t->cards + 1, CARD->nlinks);
	k->t->run();
}

static void run_one(const struct ct_section *s, const struct ct_test *t)
{
	static char message[sizeof(ct_message)];
	struct chosen chosen = { s, t };
	uint64_t start = ct_now_ns();
	enum ct_outcome outcome;

	ct_seed(ct_opt.seed, t->name);
	outcome = ct_try(run_test, &chosen);
	memcpy(message, ct_message, sizeof(message));
	/* A test may find out in its middle what the card lacks. */
	if (outcome != CT_FAILED && !t->dirty && ct_try(tidy, NULL) != CT_RAN) {
		outcome = CT_FAILED;
		strncat(ct_message, " [while tidying up]", sizeof(ct_message) - strlen(ct_message) - 1);
		memcpy(message, ct_message, sizeof(message));
	}
	/* The card may have died with the test; the next one then fails by its own connection, not by this one's. */
	if (outcome == CT_FAILED || (outcome == CT_RAN && t->dirty))
		disown();
	memcpy(ct_message, message, sizeof(message));
	report_test(s, t, outcome, (double)(ct_now_ns() - start) / 1e6);
	if (outcome == CT_FAILED && ct_try(reconnect, NULL) != CT_RAN) {
		ct_try(close_only, NULL);
		if (ct_try(reconnect, NULL) != CT_RAN) {
			printf("Bail out! the card does not take a new connection: %s\n", ct_message);
			exit(1);
		}
	}
	host_rewind();
}

static void start(void *unused)
{
	(void)unused;
	host_init();
	cards_open(1);
	CHECK(CARD->nasids >= 10 && CARD->nqueues >= 16 && CARD->lmem_bytes >= 16u << 20,
	      "the tests need 10 address spaces, 16 queues and 16 MiB; the card has %u, %u and %llu", CARD->nasids, CARD->nqueues,
	      (unsigned long long)CARD->lmem_bytes >> 20);
}

static void usage(FILE *f)
{
	fputs("usage: weft-contract (--card PROGRAM | --connect DIR) [option …]\n"
	      "Runs the card contract against a card that speaks vfio-user; TAP 13 on standard output, and a report by section.\n"
	      "\n"
	      "  --card PROGRAM    starts PROGRAM --cards N --socket-dir DIR, which prints \"ready\" when its sockets listen\n"
	      "  --card-arg ARG    a further argument of PROGRAM; may be repeated\n"
	      "  --connect DIR     cards that run already, at DIR/card0.sock, card1.sock …\n"
	      "                    (--card with a directory means the same)\n"
	      "  --cards N         cards to start, 1 … 4 (4)\n"
	      "  --firmware FILE   image for a card with ROM_BOOT\n"
	      "  --bad-firmware-dir DIR  images that such a card has to refuse\n"
	      "  --section NAME    only this section; may be repeated\n"
	      "  --test TEXT       only tests with TEXT in their name, or the one of that name\n"
	      "  --seed N          of randomised tests (1); also from SEED in the environment\n"
	      "  --count N         rounds of randomised tests; 0: as without, but every bit of the image is flipped; also COUNT\n"
	      "  --weak SEED       starts the card with --weak=SEED, which delays posted writes, and adds section weak\n"
	      "  --msi             MSI rather than MSI-X\n"
	      "  --json FILE       results as JSON\n"
	      "  --list            sections, their tests and the capabilities these need\n"
	      "Exit status: 0 all that ran passed, 1 a test failed or none ran, 2 wrong usage.\n", f);
}

static void list(void)
{
	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		for (size_t j = 0; j < sections[i]->ntests; j++) {
			const struct ct_test *t = &sections[i]->tests[j];
			uint64_t caps = sections[i]->caps | t->caps;

			printf("%s: %s [%s", sections[i]->name, t->name, caps ? report_caps(caps) : "mandatory");
			if (t->cards > 1)
				printf(", %u cards", t->cards);
			puts("]");
		}
}

#define MAX_CHOSEN	64
static const char *chosen_sections[MAX_CHOSEN], *card_args[MAX_CHOSEN + 3];
static unsigned nchosen, ncard_args;
static char weak[32];

static bool chosen(const char *section)
{
	for (unsigned i = 0; i < nchosen; i++)
		if (!strcmp(section, chosen_sections[i]))
			return true;
	return !nchosen && (weak[0] || strcmp(section, "weak"));
}

/* Tests that --test may mean: those with its text in their name; one whose whole name it is stands for itself alone. */
static bool whole_name;

static bool chosen_test(const struct ct_test *t)
{
	return !ct_opt.test || (whole_name ? !strcmp(t->name, ct_opt.test) : !!strstr(t->name, ct_opt.test));
}

static bool some_test(void)
{
	bool some = false;

	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		for (size_t j = 0; chosen(sections[i]->name) && j < sections[i]->ntests; j++) {
			some |= !ct_opt.test || strstr(sections[i]->tests[j].name, ct_opt.test);
			whole_name |= ct_opt.test && !strcmp(sections[i]->tests[j].name, ct_opt.test);
		}
	return some;
}

static bool is_section(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		if (!strcmp(sections[i]->name, name))
			return true;
	return false;
}

static void parse(int argc, char **argv)
{
	static const struct option o[] = {
		{ "card", 1, 0, 'c' }, { "connect", 1, 0, 's' }, { "section", 1, 0, 'n' }, { "test", 1, 0, 't' },
		{ "firmware", 1, 0, 'f' }, { "bad-firmware-dir", 1, 0, 'b' }, { "json", 1, 0, 'j' }, { "seed", 1, 0, 'r' },
		{ "count", 1, 0, 'k' }, { "cards", 1, 0, 'N' }, { "msi", 0, 0, 'm' }, { "list", 0, 0, 'l' },
		{ "card-arg", 1, 0, 'a' }, { "weak", 1, 0, 'w' }, { "help", 0, 0, 'h' }, { 0 },
	};
	struct stat st;
	const char *env;
	int k;

	if ((env = getenv("SEED")))
		ct_opt.seed = strtoull(env, NULL, 0);
	if ((env = getenv("COUNT")))
		ct_opt.count = strtol(env, NULL, 0);
	while ((k = getopt_long(argc, argv, "", o, NULL)) != -1)
		switch (k) {
		case 'c': ct_opt.card = optarg; break;
		case 'a':
			if (ncard_args < MAX_CHOSEN)
				card_args[ncard_args++] = optarg;
			break;
		case 's': ct_opt.socket_dir = optarg; break;
		case 'n':
			if (!is_section(optarg)) {
				fprintf(stderr, "weft-contract: no section is called %s; see --list\n", optarg);
				exit(2);
			}
			if (nchosen < MAX_CHOSEN)
				chosen_sections[nchosen++] = optarg;
			break;
		case 't': ct_opt.test = optarg; break;
		case 'f': ct_opt.firmware = optarg; break;
		case 'b': ct_opt.bad_firmware_dir = optarg; break;
		case 'j': ct_opt.json = optarg; break;
		case 'r': ct_opt.seed = strtoull(optarg, NULL, 0); break;
		case 'k': ct_opt.count = strtol(optarg, NULL, 0); break;
		case 'N': ct_opt.cards = (unsigned)strtoul(optarg, NULL, 0); break;
		case 'm': ct_opt.msi = true; break;
		case 'w': snprintf(weak, sizeof(weak), "--weak=%s", optarg); break;
		case 'l': list(); exit(0);
		case 'h': usage(stdout); exit(0);
		default: usage(stderr); exit(2);
		}
	if (!some_test()) {
		fprintf(stderr, "weft-contract: no test chosen has \"%s\" in its name; see --list\n", ct_opt.test);
		exit(2);
	}
	if (ct_opt.card && !ct_opt.socket_dir && !stat(ct_opt.card, &st) && S_ISDIR(st.st_mode)) {
		ct_opt.socket_dir = ct_opt.card;
		ct_opt.card = NULL;
	}
	if (!ct_opt.card == !ct_opt.socket_dir || ct_opt.cards < 1 || ct_opt.cards > HOST_CARDS || optind < argc) {
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
	if (!report_begin(ct_opt.json)) {
		fprintf(stderr, "weft-contract: cannot write %s\n", ct_opt.json);
		return 2;
	}
	printf("TAP version 13\n# SEED=%llu COUNT=%ld\n", (unsigned long long)ct_opt.seed, ct_opt.count);
	fflush(stdout);
	if (ct_opt.card) {
		if (ct_opt.msi)
			card_args[ncard_args++] = "--msi";
		if (weak[0])
			card_args[ncard_args] = weak;
		const char *why = ct_spawn(ct_opt.card, ct_opt.cards, card_args);

		if (why) {
			printf("Bail out! %s: %s\n", ct_opt.card, why);
			return 1;
		}
	}
	ct_count_cards();
	ct_seed(ct_opt.seed, "");
	if (ct_try(start, NULL) != CT_RAN) {
		printf("Bail out! %s\n", ct_message);
		return 1;
	}
	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		if (!chosen(sections[i]->name))
			continue;
		for (size_t j = 0; j < sections[i]->ntests; j++)
			if (chosen_test(&sections[i]->tests[j]))
				run_one(sections[i], &sections[i]->tests[j]);
	}
	return report_end(CARD->caps, (double)(ct_now_ns() - begin) / 1e9);
}
