// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* weft run FILE.weft: a plan is read, prepared and run for some sequences; what it took is told, or its text. */
#include "run.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "open_plan.h"
#include "run_peer.h"

#define MAX_SHOWN	8
#define SHOWN_WORDS	8
#define PARTS		50u			/* waits of a run, after each of which progress is told */
#define LOOK_NS		200000000ull
#define SECOND		1000000000ull

struct options {
	const char *file, *save, *show[MAX_SHOWN];
	uint32_t cards, num_shown;		/* cards 0: as many as the plan says */
	uint64_t sequences, timeout_ns;
	bool print, prepare_only, json;
	struct run_peers peers;
};

struct run {
	const struct options *o;
	struct open_plan open;
	uint64_t took_ns, ioctls;
};

static int options(int argc, char **argv, struct options *o)
{
	static const struct option list[] = {
		{ "cards", required_argument, NULL, 'c' }, { "sequences", required_argument, NULL, 'k' },
		{ "timeout", required_argument, NULL, 't' }, { "show", required_argument, NULL, 's' },
		{ "save", required_argument, NULL, 'S' }, { "peer", required_argument, NULL, 'r' }, { "print", no_argument, NULL, 'p' }, { "prepare-only", no_argument, NULL, 'P' },
		{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	uint64_t value;
	int c;

	*o = (struct options) { .sequences = 1000, .timeout_ns = 60 * SECOND };
	while ((c = getopt_long(argc, argv, "h", list, NULL)) != -1)
		switch (c) {
		case 'c':
			if (cmd_number("run", "--cards", optarg, 1, WEFT_PLAN_DEVICES, &value))
				return EXIT_USAGE;
			o->cards = (uint32_t)value;
			break;
		case 'k':
			if (cmd_number("run", "--sequences", optarg, 1, 1ull << 40, &o->sequences))
				return EXIT_USAGE;
			break;
		case 't':
			if (cmd_number("run", "--timeout", optarg, 1, 3600, &value))
				return EXIT_USAGE;
			o->timeout_ns = value * SECOND;
			break;
		case 's':
			if (o->num_shown == MAX_SHOWN) {
				cmd_error("run", "--show %s: at most %d edges", optarg, MAX_SHOWN);
				return EXIT_USAGE;
			}
			o->show[o->num_shown++] = optarg;
			break;
		case 'S':
			o->save = optarg;
			break;
		case 'r':
			if (run_peers_add(&o->peers, optarg))
				return EXIT_USAGE;
			break;
		case 'p':
			o->print = true;
			break;
		case 'P':
			o->prepare_only = true;
			break;
		case 'j':
			o->json = true;
			break;
		case 'h':
			run_usage(stdout);
			return -1;
		default:
			run_usage(stderr);
			return EXIT_USAGE;
		}
	if (optind + 1 != argc) {
		cmd_error("run", "one plan at a time, not also %s", argv[argc - 1]);
		return EXIT_USAGE;
	}
	o->file = argv[optind];
	return EXIT_OK;
}

/* Up to sequence @seq; the time limit begins anew whenever something has ended. */
static int wait(struct run *r, uint64_t seq, struct progress *p, uint64_t done)
{
	const uint64_t until = now_ns() + r->o->timeout_ns;
	int ret;

	while ((ret = weft_plan_wait(r->open.plan, seq, LOOK_NS)) == -ETIME && now_ns() < until)
		progress_show(p, done, "");
	return ret;
}

static int sequences(struct run *r)
{
	const uint64_t all = r->o->sequences, parts = all < PARTS ? all : PARTS;
	/* those behind the lag end when the plan is drained */
	const uint64_t last = all > r->open.report.lag ? all - r->open.report.lag : 0;
	struct weft_stats before = { .size = sizeof(before) }, after = before;
	struct progress progress;
	uint64_t start;
	int ret;

	progress_init(&progress, weft_plan_name(r->open.plan), all, r->o->json);
	weft_stats_get(r->open.weft, &before);
	start = now_ns();
	ret = weft_plan_run(r->open.plan, all, NULL);
	for (uint64_t i = 1, done = 0; i <= parts && !ret; i++) {
		const uint64_t to = all / parts * i + all % parts * i / parts;
		char text[48];

		if (to > last)
			break;
		ret = wait(r, to - 1, &progress, done);
		done = to;
		snprintf(text, sizeof(text), "%llu sequences", (unsigned long long)done);
		if (!ret)
			progress_show(&progress, done, text);
	}
	if (!ret)
		ret = weft_plan_drain(r->open.plan, r->o->timeout_ns);
	/* tells the other processes that no more comes, or is wanted; else they would hear of a plan that was taken away */
	if (!ret && r->o->peers.count)
		ret = weft_plan_end(r->open.plan, r->o->timeout_ns);
	r->took_ns = now_ns() - start;
	weft_stats_get(r->open.weft, &after);
	r->ioctls = after.ioctls - before.ioctls;
	if (!ret)
		progress_show(&progress, all, "");
	progress_done(&progress);
	return ret ? open_plan_wrong(&r->open) : 0;
}

/* The first words of what an edge got last. */
static int shown(struct run *r, const char *name, float words[SHOWN_WORDS], uint32_t *count)
{
	struct weft_edge *e = weft_plan_edge(r->open.plan, name);
	int ret = e ? -EINVAL : -ENOENT;

	for (*count = SHOWN_WORDS; e && *count; --*count) {
		ret = weft_edge_read(e, r->o->sequences - 1, 0, words, *count * sizeof(words[0]));
		if (ret != -EINVAL)
			break;
	}
	return ret ? cmd_error("run", "%s: --show %s: %s", r->o->file, name, weft_last_error()) : 0;
}

static int tell_json(struct run *r)
{
	const struct weft_plan_report *t = &r->open.report;
	struct weft_edge *e;
	struct json j;
	int ret = 0;

	json_begin(&j, stdout, '{');
	json_text(&j, "plan", weft_plan_name(r->open.plan));
	json_u64(&j, "cards", r->open.num_cards);
	json_u64(&j, "bodies", t->num_bodies);
	json_u64(&j, "edges", t->num_edges);
	json_u64(&j, "lanes", t->num_lanes);
	json_u64(&j, "memory_bytes", t->memory_bytes);
	json_u64(&j, "host_bytes", t->host_bytes);
	json_u64(&j, "unshared_bytes", t->unshared_bytes);
	json_number(&j, "period_ns", t->period_ns, 12);
	json_number(&j, "pace_ns", t->pace_ns, 12);
	json_u64(&j, "lag", t->lag);
	json_text(&j, "critical", t->critical);
	json_open(&j, "depths", '{');
	for (uint32_t i = 0; (e = weft_plan_edge_at(r->open.plan, i)); i++)
		json_u64(&j, weft_edge_name(e), weft_edge_depth(e));
	json_close(&j, '}');
	if (!r->o->prepare_only) {
		json_u64(&j, "sequences", r->o->sequences);
		json_number(&j, "seconds", (double)r->took_ns / 1e9, 6);
		json_number(&j, "sequence_ns", (double)r->took_ns / (double)r->o->sequences, 9);
		json_u64(&j, "ioctls", r->ioctls);
		json_open(&j, "shown", '{');
		for (uint32_t i = 0; i < r->o->num_shown && !ret; i++) {
			float words[SHOWN_WORDS];
			uint32_t count;

			ret = shown(r, r->o->show[i], words, &count);
			json_open(&j, r->o->show[i], '[');
			for (uint32_t k = 0; k < count && !ret; k++)
				json_number(&j, NULL, (double)words[k], 9);
			json_close(&j, ']');
		}
		json_close(&j, '}');
	}
	json_end(&j, '}');
	return ret;
}

static void tell_time(const char *what, double ns)
{
	printf("%s %.4g %s", what, ns >= 1e9 ? ns / 1e9 : ns >= 1e6 ? ns / 1e6 : ns >= 1e3 ? ns / 1e3 : ns,
	       ns >= 1e9 ? "s" : ns >= 1e6 ? "ms" : ns >= 1e3 ? "us" : "ns");
}

static int tell(struct run *r)
{
	const struct weft_plan_report *t = &r->open.report;
	struct weft_edge *e;
	int ret = 0;

	printf("plan %s: %u bodies, %u edges, %u lanes, %u card%s\n", weft_plan_name(r->open.plan), t->num_bodies, t->num_edges,
	       t->num_lanes, r->open.num_cards, r->open.num_cards == 1 ? "" : "s");
	tell_time("period     T* is", t->period_ns);
	tell_time(", with engines as wide as they are", t->pace_ns);
	printf("\nset by     %s\n", t->critical && *t->critical ? t->critical : "nothing that takes time");
	printf("memory     %llu bytes, of them %llu in host memory; %llu if no edges shared\n", (unsigned long long)t->memory_bytes,
	       (unsigned long long)t->host_bytes, (unsigned long long)t->unshared_bytes);
	printf("drain      %u bubbles\ndepths    ", t->lag);
	for (uint32_t i = 0; i < 16 && (e = weft_plan_edge_at(r->open.plan, i)); i++)
		printf("%s %s %u", i ? "," : "", weft_edge_name(e), weft_edge_depth(e));
	printf("%s\n", t->num_edges > 16 ? ", …" : "");
	if (r->o->prepare_only)
		return 0;
	printf("ran        %llu sequences in %.4g s", (unsigned long long)r->o->sequences, (double)r->took_ns / 1e9);
	tell_time(",", (double)r->took_ns / (double)r->o->sequences);
	printf(" each; %llu ioctls\n", (unsigned long long)r->ioctls);
	for (uint32_t i = 0; i < r->o->num_shown && !ret; i++) {
		float words[SHOWN_WORDS];
		uint32_t count;

		ret = shown(r, r->o->show[i], words, &count);
		printf("%s:", r->o->show[i]);
		for (uint32_t k = 0; k < count && !ret; k++)
			printf(" %.9g", (double)words[k]);
		printf("\n");
	}
	return ret;
}

static int save(const struct run *r)
{
	FILE *f = fopen(r->o->save, "wb");
	int ret = 0;

	if (!f)
		return cmd_error("run", "%s: %s", r->o->save, strerror(errno));
	if (weft_plan_write(r->open.plan, f))
		ret = cmd_error("run", "%s: %s", r->o->save, weft_last_error());
	if (fclose(f) && !ret)
		ret = cmd_error("run", "%s: %s", r->o->save, strerror(errno));
	return ret;
}

static int go(struct run *r)
{
	struct open_plan *open = &r->open;

	if (open_plan_file(open, r->o->cards) || open_plan_prepare(open) || (r->o->save && save(r)))
		return -1;
	if (r->o->print)
		return weft_plan_print(open->plan, WEFT_PRINT_DECISIONS, stdout) ? open_plan_wrong(open) : 0;
	if (!r->o->prepare_only && (run_peers_meet(&r->o->peers, open->plan, open->name, r->o->timeout_ns) ||
				    (weft_plan_load(open->plan) ? open_plan_wrong(open) : sequences(r))))
		return -1;
	return r->o->json ? tell_json(r) : tell(r);
}

int run_plan(int argc, char **argv)
{
	struct options o;
	struct run r = { .o = &o, .open.command = "run" };
	int status = options(argc, argv, &o), ret;

	if (status)
		return status < 0 ? EXIT_OK : status;
	r.open.name = o.file;
	ret = go(&r);
	open_plan_close(&r.open);
	return ret ? EXIT_FAILED : EXIT_OK;
}
