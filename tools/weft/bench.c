// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* weft bench: takes the figures, prints a table for people or JSON for programs. */
#include "bench.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "bench_lane.h"
#include "cmd.h"

#define MAX_TAKES	3
#define MAX_SPREAD	2.0

static void usage(FILE *out)
{
	fputs("usage: weft bench [OPTION …] [FIGURE …]\n"
	      "       weft bench topo [OPTION …]   how the cards reach each other; weft bench topo --help\n"
	      "       weft bench coll [OPTION …]   collective calls over their size; weft bench coll --help\n\n"
	      "Figures (all when none is named):\n", out);
	for (unsigned int i = 0; i < num_figures; i++)
		fprintf(out, "  %-17s %-8s %s\n", figures[i].name, figures[i].unit, figures[i].what);
	fputs("\n  --runs N   samples of each, 3 … 1000 (default 31)\n"
	      "  --json     one line of JSON: an array of figures\n"
	      "  --help     this text\n", out);
}

/* What a figure was held against, from slow tenth to fast tenth: how steady the machine was. */
static double spread(const double *sample, const double *ratio, double *scratch, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		scratch[i] = sample[i] / ratio[i];
	return bench_quantile(scratch, n, 0.9) / bench_quantile(scratch, n, 0.1);
}

/* Again when what it is held against spreads too far to hold anything against it. */
static bool measure(struct bench *b, const struct figure *f, double *sample, double *ratio, char why[160])
{
	for (int takes = 1; ; takes++) {
		if (f->measure(b, sample, ratio, why))
			return false;
		if (!f->against || takes == MAX_TAKES || spread(sample, ratio, ratio + b->runs, b->runs) <= MAX_SPREAD)
			return true;
	}
}

static void print_json(struct json *j, const struct figure *f, double *sample, double *ratio, uint32_t runs,
		       const char *why)
{
	double steadiness = f->against && !why ? spread(sample, ratio, ratio + runs, runs) : 0;

	json_open(j, NULL, '{');
	json_text(j, "name", f->name);
	if (why) {
		json_key(j, "value");
		fputs("null", j->out);
		json_text(j, "reason", why);
	} else {
		double median = bench_quantile(sample, runs, 0.5);

		json_number(j, "value", median, 6);
		json_number(j, "median", median, 6);
		json_number(j, "p10", bench_quantile(sample, runs, f->larger_is_better ? 0.9 : 0.1), 6);
	}
	json_text(j, "unit", f->unit);
	json_u64(j, "runs", runs);
	json_text(j, "clock", f->clock);
	if (f->against) {
		json_text(j, "against", f->against);
		json_number(j, "ratio", why ? 0.0 / 0.0 : bench_quantile(ratio, runs, 0.5), 6);
		if (!why) {
			json_number(j, "ratio_p10", bench_quantile(ratio, runs, 0.1), 6);
			json_number(j, "spread", steadiness, 3);
		}
	}
	json_close(j, '}');
}

static void print_row(const struct figure *f, double *sample, double *ratio, uint32_t runs, const char *why)
{
	if (why) {
		printf("%-17s %10s %-8s %s\n", f->name, "-", f->unit, why);
		return;
	}
	printf("%-17s %10.2f %-8s p10 %10.2f", f->name, bench_quantile(sample, runs, 0.5), f->unit,
	       bench_quantile(sample, runs, f->larger_is_better ? 0.9 : 0.1));
	if (f->against)
		printf("   %.1f x %s", bench_quantile(ratio, runs, 0.5), f->against);
	printf("\n");
}

static bool wanted(const struct figure *f, int argc, char **argv)
{
	for (int i = optind; i < argc; i++)
		if (!strcmp(argv[i], f->name))
			return true;
	return optind == argc;
}

static int take(struct bench *b, int argc, char **argv, bool as_json)
{
	double *sample = calloc(3 * b->runs, sizeof(*sample));	/* samples, ratios, scratch */
	struct progress progress;
	struct json j;

	if (!sample)
		return cmd_error("bench", "out of memory");
	progress_init(&progress, "bench", num_figures, as_json);
	if (as_json)
		json_begin(&j, stdout, '[');
	for (unsigned int i = 0; i < num_figures; i++) {
		char why[160];
		bool failed;

		progress_show(&progress, i, figures[i].name);
		if (!wanted(&figures[i], argc, argv))
			continue;
		failed = !measure(b, &figures[i], sample, sample + b->runs, why);
		if (as_json)
			print_json(&j, &figures[i], sample, sample + b->runs, b->runs, failed ? why : NULL);
		else
			print_row(&figures[i], sample, sample + b->runs, b->runs, failed ? why : NULL);
	}
	progress_done(&progress);
	if (as_json)
		json_end(&j, ']');
	free(sample);
	return 0;
}

static int bench(int argc, char **argv, uint32_t runs, bool as_json)
{
	struct bench b = { .weft = weft_open(), .runs = runs };
	int r, n;

	if (!b.weft)
		return cmd_weft_error("bench", "open", -1);
	n = weft_device_count(b.weft, "card");
	if (n == 0) {
		weft_close(b.weft);
		return cmd_no_card("bench");
	}
	r = weft_device_open(b.weft, "card", 0, &b.device);
	if (!r)
		r = weft_queue_create(b.device, NULL, &b.queue);
	if (r)
		cmd_weft_error("bench", "card", r);
	else
		r = take(&b, argc, argv, as_json);
	if (b.queue)
		weft_queue_destroy(b.queue);
	if (b.device)
		weft_device_close(b.device);
	weft_close(b.weft);
	return r;
}

int cmd_bench(int argc, char **argv)
{
	static const struct option options[] = {
		{ "runs", required_argument, NULL, 'r' }, { "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' }, { 0 },
	};
	uint64_t runs = 31;
	bool as_json = false;
	int c;

	if (argc > 1 && !strcmp(argv[1], "topo"))
		return bench_topo(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "coll"))
		return bench_coll(argc - 1, argv + 1);
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'r':
			if (cmd_number("bench", "--runs", optarg, 3, BENCH_MAX_RUNS, &runs))
				return EXIT_USAGE;
			break;
		case 'j':
			as_json = true;
			break;
		case 'h':
			usage(stdout);
			return EXIT_OK;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	for (int i = optind; i < argc; i++) {
		bool known = false;

		for (unsigned int f = 0; f < num_figures; f++)
			known |= !strcmp(argv[i], figures[f].name);
		if (!known) {
			cmd_error("bench", "no figure \"%s\"; --help lists them", argv[i]);
			return EXIT_USAGE;
		}
	}
	return bench(argc, argv, (uint32_t)runs, as_json) ? EXIT_FAILED : EXIT_OK;
}
