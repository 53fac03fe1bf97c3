// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* weft trace: runs a plan and draws what its bodies did. */
#include "open_plan.h"
#include "trace.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_SEQUENCES	100000
#define WAIT_NS		(10 * 1000000000ull)
#define SLACK		10			/* times the period, before a plan is taken to be stuck */
#define PART		1000			/* firings of a body that are opened at a time */
#define LATE_US		1000
#define LATE_LOOKS	200

struct options {
	const char *plan, *out;
	uint32_t cards;
	uint64_t sequences;
	bool svg;
};

struct records {
	struct weft_plan_record *record;
	uint32_t count, room;
	uint64_t dropped;
};

static void usage(FILE *out)
{
	fputs("usage: weft trace demo [OPTION …]\n"
	      "       weft trace FILE.weft [OPTION …]\n\n"
	      "Runs a plan of bodies and draws when they fired, and what for they waited: for Perfetto as JSON, or as a\n"
	      "picture that needs no program but a browser. demo is four bodies of 5 ms in a chain, with a skip edge; a file\n"
	      "is as for weft run.\n\n"
	      "  --sequences N   1 … 100000 (default 12)\n"
	      "  --cards N       1 … 16, that the plan may use (default: 1 of demo, as many as a file says)\n"
	      "  --out FILE      ends with .json or .svg (default: JSON on standard output); -o FILE is the same\n"
	      "  --help          this text\n", out);
}

static bool ends(const char *text, const char *with)
{
	const size_t n = strlen(text), m = strlen(with);

	return n > m && !strcmp(text + n - m, with);
}

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "sequences", required_argument, NULL, 'n' }, { "cards", required_argument, NULL, 'c' },
		{ "out", required_argument, NULL, 'o' }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	uint64_t value;
	int c;

	*o = (struct options) { .sequences = 12 };
	while ((c = getopt_long(argc, argv, "ho:", options, NULL)) != -1) {
		switch (c) {
		case 'n':
			if (cmd_number("trace", "--sequences", optarg, 1, MAX_SEQUENCES, &o->sequences))
				return EXIT_USAGE;
			break;
		case 'c':
			if (cmd_number("trace", "--cards", optarg, 1, WEFT_PLAN_DEVICES, &value))
				return EXIT_USAGE;
			o->cards = (uint32_t)value;
			break;
		case 'o':
			o->out = optarg;
			o->svg = ends(optarg, ".svg");
			if (!o->svg && !ends(optarg, ".json")) {
				cmd_error("trace", "--out %s: want a name that ends with .json or .svg", optarg);
				return EXIT_USAGE;
			}
			break;
		case 'h':
			usage(stdout);
			return -1;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind + 1 != argc) {
		cmd_error("trace", optind < argc ? "one plan at a time" : "which plan? try: weft trace demo");
		return EXIT_USAGE;
	}
	o->plan = argv[optind];
	if (strcmp(o->plan, "demo") && !open_plan_is_file(o->plan)) {
		cmd_error("trace", "no plan %s; there is demo, and files whose name ends with .weft", o->plan);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

/* All that wait now. */
static int take(struct weft_plan *plan, struct records *r)
{
	for (;;) {
		int n;

		if (r->room - r->count < 1024) {
			const uint32_t room = r->room ? 2 * r->room : 16384;
			struct weft_plan_record *more = realloc(r->record, room * sizeof(*more));

			if (!more)
				return cmd_error("trace", "no memory for %u firings", room);
			r->record = more;
			r->room = room;
		}
		n = weft_plan_trace(plan, r->record + r->count, r->room - r->count, &r->dropped);
		if (n < 0)
			return cmd_weft_error("trace", "records", n);
		r->count += (uint32_t)n;
		if (!n)
			return 0;
	}
}

/* In parts, so that no record has to be dropped however many sequences there are. */
static int run(struct weft_plan *plan, const struct options *o, const struct weft_plan_report *report, struct records *r)
{
	uint64_t firings = 0, most = 1, part, timeout_ns;
	int ret = 0;

	for (uint32_t i = 0; i < report->num_bodies && !ret; i++) {
		struct weft_body_info b = { .size = sizeof(b) };

		ret = weft_plan_body_info(plan, i, &b);
		firings += b.firings;
		most = b.firings > most ? b.firings : most;
	}
	part = most < PART ? PART / most : 1;
	timeout_ns = WAIT_NS + (uint64_t)(SLACK * report->pace_ns) * part;
	for (uint64_t from = 0; from < o->sequences && !ret; from += part) {
		const uint64_t count = o->sequences - from < part ? o->sequences - from : part;
		uint64_t first;

		ret = weft_plan_run(plan, count, &first);
		if (!ret && from + count == o->sequences)
			ret = weft_plan_drain(plan, timeout_ns);	/* lanes with skews end too */
		else if (!ret)
			ret = weft_plan_wait(plan, first, timeout_ns);
		if (!ret && take(plan, r))
			return -1;
	}
	if (ret)
		return cmd_weft_error("trace", o->plan, ret);
	/* the record of a packet comes a moment after what it did was seen */
	for (int i = 0; i < LATE_LOOKS && !ret && r->count + r->dropped < firings * o->sequences; i++) {
		usleep(LATE_US);
		ret = take(plan, r);
	}
	return ret;
}

static int write_out(const struct options *o, const struct trace *t)
{
	FILE *f = o->out ? fopen(o->out, "w") : stdout;

	if (!f)
		return cmd_error("trace", "%s: %s", o->out, strerror(errno));
	if ((o->svg ? trace_write_svg : trace_write_json)(f, t)) {
		if (o->out)
			fclose(f);
		return cmd_error("trace", "no memory");
	}
	if (!o->out)
		return 0;	/* main() looks whether it arrived */
	errno = 0;
	if (ferror(f) | fclose(f))
		return cmd_error("trace", "%s: %s", o->out, errno ? strerror(errno) : "could not be written");
	return 0;
}

static int open_it(struct open_plan *open, const struct options *o)
{
	if (open_plan_is_file(o->plan)) {
		if (open_plan_file(open, o->cards))
			return -1;
		if (weft_plan_tracing(open->plan, 1))
			return open_plan_wrong(open);
	} else if (open_plan_cards(open, o->cards ? o->cards : 1) || trace_demo(open->card, open->num_cards, &open->plan)) {
		return -1;
	}
	return open_plan_prepare(open);
}

static int draw(struct open_plan *open, const struct options *o)
{
	struct records records = { 0 };
	struct trace trace = { 0 };
	int r = open_it(open, o);

	if (!r && weft_plan_load(open->plan))
		r = open_plan_wrong(open);
	if (!r)
		r = run(open->plan, o, &open->report, &records);
	if (!r)
		r = trace_make(&trace, "trace", open->plan, weft_plan_name(open->plan), &open->report, records.record, records.count);
	trace.dropped = records.dropped;
	if (!r)
		r = write_out(o, &trace);
	if (!r && o->out)
		fprintf(stderr, "%s: %u firings of %llu sequences, T* %.3f ms, measured %.3f ms%s\n", o->out, trace.num_bars,
			(unsigned long long)trace.sequences, trace.measure.period_ns / 1e6, trace.measure.measured_ns / 1e6,
			records.dropped ? "; records were lost" : "");
	trace_free(&trace);
	free(records.record);
	return r;
}

int cmd_trace(int argc, char **argv)
{
	struct open_plan open = { .command = "trace" };
	struct options o;
	int status = parse(argc, argv, &o), r;

	if (status)
		return status < 0 ? EXIT_OK : status;
	open.name = o.plan;
	r = draw(&open, &o);
	open_plan_close(&open);
	return r ? EXIT_FAILED : EXIT_OK;
}
