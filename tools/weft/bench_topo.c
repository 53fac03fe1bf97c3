// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* weft bench topo: times and rates of each card and of each two cards, as a matrix and as text for the library. */
#include "bench.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "bench_lane.h"
#include "cmd.h"
#include "coll_words.h"

#define MAX_RUNS	101u
#define RUN_NS		1e6	/* of one run: short against a turn of other programs, so that some runs have none */
#define ROUND_TRIPS	500u
#define PARTS		4u	/* sources and destinations of a reduce */
#define FEW		16u	/* elements of one that costs nothing but the command */

struct topo {
	struct bench_cards cards;
	struct weft_coll_topology t;
	struct weft_memory *memory[WEFT_COLL_CARDS];	/* PARTS pieces of sources, as many of destinations */
	struct weft_memory *there[WEFT_COLL_CARDS][WEFT_COLL_CARDS];	/* [of][for] */
	uint64_t bytes;		/* of a copy */
	uint32_t runs;
	bool quiet;
	struct progress progress;
	uint32_t steps;
};

static void usage(FILE *out)
{
	fputs("usage: weft bench topo [OPTION …]\n\n"
	      "Measures what a command costs on each card and how fast it copies and reduces, and of each two cards how long a\n"
	      "signal takes and how fast one reads and writes the other's memory.\n\n"
	      "  --cards N    the first N (default: all)\n"
	      "  --mib N      of a copy, 1 … 64 (default 4)\n"
	      "  --runs N     of each, of which the fastest counts, 1 … 101 (default 15)\n"
	      "  --out FILE   write it as text that weft_coll_topology_parse() takes\n"
	      "  --json       one line of JSON\n"
	      "  --help       this text\n", out);
}

/* --- measuring --- */

static uint64_t source(const struct topo *t, uint32_t card, uint32_t part)
{
	return weft_memory_address(t->memory[card]) + part * (t->bytes / PARTS);
}

static uint64_t target(const struct topo *t, uint32_t card, uint32_t part)
{
	return source(t, card, part) + t->bytes;
}

/* The fastest run of the same lists at once: what the cards can do, where others have a turn now and then. */
static int fastest(struct topo *t, const struct bench_lane *const *lanes, struct weft_list *const *lists, uint32_t num, double *ns)
{
	double sample[MAX_RUNS];
	int ret = 0;

	for (uint32_t i = 0; i < t->runs && !ret; i++)
		ret = bench_lane_steady(lanes, lists, num, RUN_NS, &sample[i]);
	if (!ret)
		*ns = bench_quantile(sample, t->runs, 0);
	progress_show(&t->progress, t->steps++, "");
	return ret;
}

static int of_one(struct topo *t, uint32_t card, struct weft_list *list, double *ns)
{
	const struct bench_lane *lane = &t->cards.lane[card];

	return fastest(t, &lane, &list, 1, ns);
}

static int reduce_list(struct topo *t, uint32_t card, uint64_t count, struct weft_list **list)
{
	uint64_t src[PARTS], dst[PARTS];
	int ret = weft_list_create(t->cards.lane[card].device, list);

	for (uint32_t i = 0; i < PARTS; i++) {
		src[i] = source(t, card, i);
		dst[i] = target(t, card, i);
	}
	if (!ret)
		ret = weft_list_reduce(*list, WEFT_TYPE_F32, WEFT_REDUCTION_SUM, src, PARTS, dst, PARTS, count);
	return ret ? ret : weft_list_commit(*list);
}

static int reduce_ns(struct topo *t, uint32_t card, uint64_t count, double *ns)
{
	struct weft_list *list = NULL;
	int ret = reduce_list(t, card, count, &list);

	if (!ret)
		ret = of_one(t, card, list, ns);
	if (list)
		weft_list_destroy(list);
	return ret;
}

/* GB/s */
static int copy_gbs(struct topo *t, uint32_t card, uint64_t dst, uint64_t src, double *gbs)
{
	struct weft_list *list;
	double ns = 0;
	int ret = weft_list_create(t->cards.lane[card].device, &list);

	if (ret)
		return ret;
	ret = weft_list_copy(list, dst, src, t->bytes);
	if (!ret)
		ret = weft_list_commit(list);
	if (!ret)
		ret = of_one(t, card, list, &ns);
	*gbs = ret ? 0 : (double)t->bytes / ns;
	weft_list_destroy(list);
	return ret;
}

static int of_card(struct topo *t, uint32_t card)
{
	const uint64_t count = t->bytes / PARTS / sizeof(float);
	double ns = 0;
	int ret = reduce_ns(t, card, FEW, &t->t.step_ns[card]);

	if (!ret)
		ret = reduce_ns(t, card, count, &ns);
	if (!ret)
		t->t.reduce_gbs[card] = (double)(2 * t->bytes) / ns;
	if (!ret)
		ret = copy_gbs(t, card, target(t, card, 0), source(t, card, 0), &t->t.write_gbs[card][card]);
	t->t.read_gbs[card][card] = t->t.write_gbs[card][card];
	return ret;
}

/* A card's half of a round trip: cells of its own to wait for, and the other's to signal. */
struct half {
	struct weft_memory *own, *other;
	struct weft_list *list;
};

static int half_open(struct topo *t, uint32_t card, struct half *h)
{
	const struct weft_memory_desc cells = { .size = sizeof(cells), .bytes = 4096, .flags = WEFT_MEMORY_CELLS_PEER };

	return weft_memory_create(t->cards.lane[card].device, &cells, &h->own);
}

/* From value @from on: the one signals and waits, the other waits and signals. */
static int half_list(struct topo *t, uint32_t card, struct half *h, bool begins, uint64_t from)
{
	struct weft_cell_op wait = { .size = sizeof(wait), .cell = weft_cell_address(h->own, 0), .base = from + 1, .step = 1 };
	struct weft_cell_op signal = { .size = sizeof(signal), .cell = weft_cell_address(h->other, 0), .base = from + 1, .step = 1 };
	int ret = weft_list_create(t->cards.lane[card].device, &h->list);

	if (!ret)
		ret = begins ? weft_list_signal(h->list, &signal) : weft_list_wait(h->list, &wait);
	if (!ret)
		ret = begins ? weft_list_wait(h->list, &wait) : weft_list_signal(h->list, &signal);
	return ret ? ret : weft_list_commit(h->list);
}

static int round_trip(struct topo *t, const uint32_t *card, struct half *h, uint64_t *from, uint64_t times, double *ns)
{
	const struct bench_lane *const lanes[2] = { &t->cards.lane[card[0]], &t->cards.lane[card[1]] };
	int ret = 0;

	for (uint32_t i = 0; i < 2 && !ret; i++)
		ret = half_list(t, card[i], &h[i], !i, *from);
	if (!ret)
		ret = bench_lane_time(lanes, (struct weft_list *const[]) { h[0].list, h[1].list }, 2, times, ns);
	*from += times;
	for (uint32_t i = 0; i < 2; i++) {
		if (h[i].list)
			weft_list_destroy(h[i].list);
		h[i].list = NULL;
	}
	return ret;
}

/* Half a round trip, so both directions have the same. */
static int hop(struct topo *t, uint32_t a, uint32_t b)
{
	const uint32_t card[2] = { a, b };
	double sample[MAX_RUNS], ns;
	struct half h[2] = { 0 };
	uint64_t from = 0;
	int ret = 0;

	for (uint32_t i = 0; i < 2 && !ret; i++)
		ret = half_open(t, card[i], &h[i]);
	for (uint32_t i = 0; i < 2 && !ret; i++)
		ret = weft_memory_import(t->cards.lane[card[i]].device, h[!i].own, WEFT_ACCESS_READ | WEFT_ACCESS_SIGNAL, &h[i].other);
	if (!ret)
		ret = round_trip(t, card, h, &from, ROUND_TRIPS, &ns);
	for (uint32_t i = 0; i < t->runs && !ret; i++)
		ret = round_trip(t, card, h, &from, ROUND_TRIPS, &sample[i]);
	if (!ret)
		t->t.hop_ns[a][b] = t->t.hop_ns[b][a] = bench_quantile(sample, t->runs, 0) / 2;
	for (uint32_t i = 0; i < 2; i++)
		if (h[i].other)
			weft_memory_destroy(h[i].other);
	for (uint32_t i = 0; i < 2; i++)
		if (h[i].own)
			weft_memory_destroy(h[i].own);
	progress_show(&t->progress, t->steps++, "");
	return ret;
}

static int of_pair(struct topo *t, uint32_t a, uint32_t b)
{
	int ret = weft_memory_import(t->cards.lane[a].device, t->memory[b], WEFT_ACCESS_READ | WEFT_ACCESS_WRITE, &t->there[b][a]);

	if (!ret)
		ret = copy_gbs(t, a, weft_memory_address(t->there[b][a]) + t->bytes, source(t, a, 0), &t->t.write_gbs[a][b]);
	if (!ret)
		ret = copy_gbs(t, a, target(t, a, 0), weft_memory_address(t->there[b][a]), &t->t.read_gbs[a][b]);
	return ret || b < a ? ret : hop(t, a, b);
}

/* As many as work at a time, if all cards at once take longer than one alone. */
static int engines(struct topo *t)
{
	const uint32_t n = t->cards.num;
	const struct bench_lane *lane[WEFT_COLL_CARDS] = { NULL };
	struct weft_list *list[WEFT_COLL_CARDS] = { NULL };
	double alone = 0, all = 0;
	int ret = 0;

	for (uint32_t i = 0; i < n && !ret; i++) {
		lane[i] = &t->cards.lane[i];
		/* 64 KiB: they stay in a core's cache, so that it is the engines that are short, not memory */
		ret = reduce_list(t, i, 2048, &list[i]);
	}
	if (!ret)
		ret = fastest(t, lane, list, 1, &alone);
	if (!ret)
		ret = fastest(t, lane, list, n, &all);
	for (uint32_t i = 0; i < n; i++)
		if (list[i])
			weft_list_destroy(list[i]);
	if (!ret)
		t->t.engines = all < 1.25 * alone ? 0 : (uint32_t)(n * alone / all + 0.5);
	if (!ret && !t->t.engines && all >= 1.25 * alone)
		t->t.engines = 1;
	return ret;
}

static int measure(struct topo *t)
{
	const uint32_t n = t->cards.num;
	int ret = 0;

	t->t = (struct weft_coll_topology) { .size = sizeof(t->t), .cards = n };
	progress_init(&t->progress, "bench topo", 3 * n + 2 * n * (n - 1) + n * (n - 1) / 2 + 2, t->quiet);
	for (uint32_t i = 0; i < n && !ret; i++)
		ret = weft_memory_alloc(t->cards.lane[i].device, 2 * t->bytes, WEFT_PLACE_LOCAL, &t->memory[i]);
	for (uint32_t i = 0; i < n && !ret; i++)
		ret = of_card(t, i);
	for (uint32_t a = 0; a < n && !ret; a++)
		for (uint32_t b = 0; b < n && !ret; b++)
			ret = a == b ? 0 : of_pair(t, a, b);
	if (!ret)
		ret = engines(t);
	if (ret)
		cmd_weft_error("bench topo", "measuring", ret);
	progress_done(&t->progress);
	for (uint32_t a = 0; a < n; a++)
		for (uint32_t b = 0; b < n; b++)
			if (t->there[a][b])
				weft_memory_destroy(t->there[a][b]);
	for (uint32_t i = 0; i < n; i++)
		if (t->memory[i])
			weft_memory_destroy(t->memory[i]);
	return ret;
}

/* --- showing --- */

static void print(const struct weft_coll_topology *t)
{
	for (uint32_t i = 0; i < t->cards; i++)
		printf("card %u  command %.0f ns  reduce %.2f GB/s, read and written\n", i, t->step_ns[i], t->reduce_gbs[i]);
	if (t->engines)
		printf("the cards share %u engines\n", t->engines);
	coll_matrix("write, GB/s (row copies its own to column)", t->write_gbs, t->cards, 8, 2);
	coll_matrix("read, GB/s (row copies to its own from column)", t->read_gbs, t->cards, 8, 2);
	coll_matrix("signal, ns (row to column)", t->hop_ns, t->cards, 8, 2);
}

static void json_matrix(struct json *j, const char *key, const double (*v)[WEFT_COLL_CARDS], uint32_t n)
{
	json_open(j, key, '[');
	for (uint32_t a = 0; a < n; a++) {
		json_open(j, NULL, '[');
		for (uint32_t b = 0; b < n; b++)
			json_number(j, NULL, v[a][b], 6);
		json_close(j, ']');
	}
	json_close(j, ']');
}

static void json_row(struct json *j, const char *key, const double *v, uint32_t n)
{
	json_open(j, key, '[');
	for (uint32_t i = 0; i < n; i++)
		json_number(j, NULL, v[i], 6);
	json_close(j, ']');
}

static void print_json(const struct weft_coll_topology *t)
{
	struct json j;

	json_begin(&j, stdout, '{');
	json_u64(&j, "cards", t->cards);
	json_u64(&j, "engines", t->engines);
	json_row(&j, "step_ns", t->step_ns, t->cards);
	json_row(&j, "reduce_gbs", t->reduce_gbs, t->cards);
	json_matrix(&j, "write_gbs", t->write_gbs, t->cards);
	json_matrix(&j, "read_gbs", t->read_gbs, t->cards);
	json_matrix(&j, "hop_ns", t->hop_ns, t->cards);
	json_end(&j, '}');
}

static int write_file(const struct weft_coll_topology *t, const char *name)
{
	FILE *f = fopen(name, "w");
	int ret;

	if (!f)
		return cmd_error("bench topo", "%s: %s", name, strerror(errno));
	ret = weft_coll_topology_print(t, f);
	if (fclose(f) && !ret)
		return cmd_error("bench topo", "%s: %s", name, strerror(errno));
	return ret ? cmd_weft_error("bench topo", name, ret) : 0;
}

int bench_topo(int argc, char **argv)
{
	static const struct option options[] = {
		{ "cards", required_argument, NULL, 'c' }, { "mib", required_argument, NULL, 'm' },
		{ "runs", required_argument, NULL, 'r' }, { "out", required_argument, NULL, 'o' },
		{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	uint64_t cards = 0, mib = 4, runs = 15;
	const char *file = NULL;
	bool as_json = false;
	struct topo *t;
	int c, ret;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			if (cmd_number("bench topo", "--cards", optarg, 1, WEFT_COLL_CARDS, &cards))
				return EXIT_USAGE;
			break;
		case 'm':
			if (cmd_number("bench topo", "--mib", optarg, 1, 64, &mib))
				return EXIT_USAGE;
			break;
		case 'r':
			if (cmd_number("bench topo", "--runs", optarg, 1, MAX_RUNS, &runs))
				return EXIT_USAGE;
			break;
		case 'o':
			file = optarg;
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
	if (optind < argc) {
		cmd_error("bench topo", "nothing to do about \"%s\"", argv[optind]);
		return EXIT_USAGE;
	}
	t = calloc(1, sizeof(*t));
	if (!t)
		return cmd_error("bench topo", "out of memory"), EXIT_FAILED;
	t->bytes = mib << 20;
	t->runs = (uint32_t)runs;
	t->quiet = as_json;
	ret = bench_cards_open("bench topo", &t->cards, (uint32_t)cards, WEFT_COLL_CARDS);
	if (!ret)
		ret = measure(t);
	if (!ret && as_json)
		print_json(&t->t);
	else if (!ret)
		print(&t->t);
	if (!ret && file)
		ret = write_file(&t->t, file);
	bench_cards_close(&t->cards);
	free(t);
	return ret ? EXIT_FAILED : EXIT_OK;
}
