// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* card-bench: takes figures of a card it starts and drives natively; one JSON array on standard output. */
#include "figure.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void up(void *bench)
{
	host_init();
	bench_open(bench);
}

static bool open_cards(struct bench *b, const char *program)
{
	/* One engine, so that it is known which core the peer has to use. */
	static const char *const more[] = { "--engines", "1", NULL };
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

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "card", 1, NULL, 'c' }, { "firmware", 1, NULL, 'f' }, { "pairs", 1, NULL, 'p' },
		{ "check", 0, NULL, 'k' }, { "help", 0, NULL, 'h' }, { 0 },
	};
	static struct bench b;
	static struct taken taken;
	const char *program = NULL, *firmware = NULL;
	unsigned long pairs = 51;
	bool check = false, open;
	const char *before = "[";
	int k, failed = 0;

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
	open = open_cards(&b, program);
	for (unsigned i = 0; i < num_figures; i++) {
		struct step step = { &b, &figures[i], check ? 0 : (unsigned)pairs, &taken };
		bool done;

		if (!wanted(figures[i].name, argc, argv))
			continue;
		done = open && ct_try(take_or_check, &step) == CT_RAN;

		failed += !done;
		if (!done)
			fprintf(stderr, "card-bench: %s: %s\n", figures[i].name, ct_message);
		if (check)
			continue;
		fputs(before, stdout);
		before = ",\n";
		print_row(&figures[i], &taken, (unsigned)pairs, done ? NULL : ct_message);
	}
	if (!check)
		printf("]\n");
	return failed ? 1 : 0;
}
