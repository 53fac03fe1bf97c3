// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* card-bench: takes figures of a card it starts and drives natively; one JSON array on standard output. */
#include "figure.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void up(void *bench)
{
	host_init();
	bench_open(bench);
}

static bool open_cards(struct bench *b, const char *program, unsigned engines)
{
	/* One engine, where a peer has to know which core it is on. */
	const char *const more[] = { "--engines", engines > 1 ? "2" : "1", NULL };
	const char *why = ct_spawn(program, ct_opt.cards, more);

	if (why) {
		snprintf(ct_message, sizeof(ct_message), "%s: %s", program, why);
		return false;
	}
	ct_count_cards();
	return ct_try(up, b) == CT_RAN;
}

struct step { struct bench *b; const struct figure *f; unsigned pairs; struct taken *t; };

static void take_or_check(void *step)
{
	struct step *s = step;

	if (s->pairs)
		figure_take(s->b, s->f, s->pairs, s->t);
	else
		figure_check(s->b, s->f);
}

static void print_text(const char *key, const char *text)
{
	printf(",\"%s\":", key);
	if (!text) {
		printf("null");
		return;
	}
	putchar('"');
	for (; *text; text++)
		putchar(*text == '"' || *text == '\\' || (unsigned char)*text < ' ' ? '\'' : *text);
	putchar('"');
}

/* p10: the fast end of the values; ratio_p10: what nine of ten pairs reach. */
static void print_row(const struct figure *f, struct taken *t, unsigned pairs, const char *why)
{
	bool less = !strcmp(f->unit, "ns") || !strcmp(f->unit, "us");

	printf("{\"name\":\"%s\"", f->name);
	print_text("unit", f->unit);
	if (why) {
		printf(",\"value\":null,\"median\":null,\"p10\":null,\"runs\":%u,\"against\":null,\"ratio\":null", pairs);
		print_text("reason", why);
	} else {
		pairs = t->pairs;
		sort(t->value, pairs);
		printf(",\"value\":%.4g,\"median\":%.4g,\"p10\":%.4g,\"runs\":%u", t->value[pairs / 2], t->value[pairs / 2],
		       t->value[less ? pairs / 10 : pairs * 9 / 10], pairs);
		print_text("against", !t->peer ? NULL : f->against ? f->against : f->work == COPY ? "non-temporal copy" : peer_product);
		if (t->peer) {
			sort(t->ratio, pairs);
			printf(",\"ratio\":%.3f,\"ratio_p10\":%.3f,\"takes\":%u", t->ratio[pairs / 2],
			       t->ratio[pairs / 10], t->takes);
			if (t->spread > 0)
				printf(",\"spread\":%.2f", t->spread);
		} else {
			printf(",\"ratio\":null");
		}
	}
	printf(",\"target\":");
	if (f->target > 0)
		printf("%.2f", f->target);
	else
		printf("null");
	printf(",\"clock\":\"%s\"}", f->clock ? f->clock : "card");
}

static void usage(FILE *f)
{
	fputs("usage: card-bench --card PROGRAM --firmware FILE [--pairs N] [--check] [FIGURE …]\n"
	      "Figures of a card driven without a virtual machine, all or those named, as a JSON array on standard output.\n"
	      "--pairs N  rounds of the card and its peer in turn, 7 … 101 (default 51)\n"
	      "--check    one round of each, results compared; no figures\n", f);
}

static bool wanted(const char *figure, int argc, char **argv)
{
	for (int i = optind; i < argc; i++)
		if (!strcmp(figure, argv[i]))
			return true;
	return optind == argc;
}

static bool all_known(int argc, char **argv)
{
	for (int i = optind; i < argc; i++) {
		bool known = false;

		for (unsigned k = 0; k < num_figures; k++)
			known |= !strcmp(figures[k].name, argv[i]);
		if (!known)
			return false;
	}
	return true;
}

static bool of_machine(const struct figure *f, unsigned engines)
{
	return (f->engines ? f->engines : 1) == engines;
}

/* All that want this machine; `before` the first row. How many failed. */
static int take_all(const char *program, unsigned engines, unsigned pairs, const char *before, int argc, char **argv)
{
	static struct bench b;
	static struct taken taken;
	bool open = open_cards(&b, program, engines);
	int failed = 0;

	for (unsigned i = 0; i < num_figures; i++) {
		const struct figure *f = &figures[i];
		struct step step = { &b, f, pairs, &taken };
		bool done;

		if (!wanted(f->name, argc, argv) || !of_machine(f, engines))
			continue;
		done = open && ct_try(take_or_check, &step) == CT_RAN;
		failed += !done;
		if (!done)
			fprintf(stderr, "card-bench: %s: %s\n", f->name, ct_message);
		if (!pairs)
			continue;
		fputs(before, stdout);
		before = ",\n";
		print_row(f, &taken, pairs, done ? NULL : ct_message);
	}
	return failed;
}

/* In a process of its own, which ends with its cards. */
static bool machine(const char *program, unsigned engines, unsigned pairs, const char *before, int argc, char **argv)
{
	int status = -1;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child)
		exit(take_all(program, engines, pairs, before, argc, argv) ? 1 : 0);
	if (child < 0 || waitpid(child, &status, 0) != child)
		perror("card-bench: fork");
	return !status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "card", 1, NULL, 'c' }, { "firmware", 1, NULL, 'f' }, { "pairs", 1, NULL, 'p' },
		{ "check", 0, NULL, 'k' }, { "help", 0, NULL, 'h' }, { 0 },
	};
	const char *program = NULL, *firmware = NULL, *before = "[";
	unsigned long pairs = 51;
	bool check = false, done = true;
	int k;

	while ((k = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (k) {
		case 'c': program = optarg; break;
		case 'f': firmware = optarg; break;
		case 'p': pairs = strtoul(optarg, NULL, 10); break;
		case 'k': check = true; break;
		case 'h': usage(stdout); return 0;
		default: usage(stderr); return 2;
		}
	if (!program || !firmware || !all_known(argc, argv) || pairs < 7 || pairs > MAX_PAIRS) {
		usage(stderr);
		return 2;
	}
	if (!fw_load(firmware, &ct_fw, &ct_fw_bytes)) {
		fprintf(stderr, "card-bench: cannot read %s\n", firmware);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	ct_opt.cards = 2;
	for (unsigned engines = 1; engines <= 2; engines++) {
		bool any = false;

		for (unsigned i = 0; i < num_figures; i++)
			any |= wanted(figures[i].name, argc, argv) && of_machine(&figures[i], engines);
		if (!any)
			continue;
		done &= machine(program, engines, check ? 0 : (unsigned)pairs, before, argc, argv);
		before = ",\n";
	}
	if (!check)
		printf("]\n");
	return done ? 0 : 1;
}
