// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* weft bench coll: options, the sweep, and its table. */
#include "bench_coll.h"

#include <getopt.h>
#include <stdlib.h>

#include "bench.h"
#include "coll_words.h"

#define MOST_BYTES	(1ull << 30)
#define MOST_ROWS	(WEFT_COLL_OPS * COLL_POINTS * 2)

static void usage(FILE *out)
{
	fputs("usage: weft bench coll [OPTION …] [OPERATION …]\n\n"
	      "Times collective calls over their size. Without an operation: all-reduce.\n\n"
	      "  --min BYTES        smallest size, as nccl-tests count; with K, M or G (default 8)\n"
	      "  --max BYTES        largest size (default 16M)\n"
	      "  --step N           each size is N times the one before, 2 … 1024 (default 8)\n"
	      "  --sizes LIST       these sizes alone, with commas between\n"
	      "  --cards N          members (default: all)\n"
	      "  --type TYPE        f32, f16, bf16, i32, i8 or u8 (default f32)\n"
	      "  --algorithm NAME   push, direct, pull, staged or ring (default: chosen for each size)\n"
	      "  --topology FILE    of weft bench topo, to choose by\n"
	      "  --in-place         inputs lie where the outputs do; not in place as well, with --both\n"
	      "  --both             not in place and in place\n"
	      "  --runs N           of each, 3 … 101 (default 11)\n"
	      "  --arrivals         take times of arrivals, too, and tell which member came last how often\n"
	      "  --no-check         results are not compared with what the host computes\n"
	      "  --svg FILE         a picture: bandwidth over size, with the limit\n"
	      "  --peers FILE       other programs' times for it: lines of NAME OPERATION BYTES MICROSECONDS\n"
	      "  --json             one line of JSON: an array of rows\n"
	      "  --help             this text\n", out);
}

struct request {
	struct coll_bench b;
	uint32_t op[WEFT_COLL_OPS], num_ops;
	uint64_t size[COLL_POINTS];
	uint32_t num_sizes;
	uint64_t min, max, step, cards;
	bool in_place, both, as_json;
	const char *topology, *svg, *peers;
};

static void print_head(void)
{
	printf("%-14s %8s %-8s %10s %10s %8s %8s %10s %10s %7s\n", "operation", "bytes", "by", "us", "p99", "alg GB/s", "bus GB/s", "one us",
	       "limit us", "of it");
}

static void print_row(const struct coll_row *r, uint32_t cards)
{
	const double gbs = (double)r->bytes / r->us / 1000;
	char size[32], name[32];

	snprintf(name, sizeof(name), "%s%s", weft_coll_op_name(r->op), r->in_place ? " ip" : "");
	printf("%-14s %8s %-8s %10.2f %10.2f %8.2f %8.2f %10.2f", name, coll_bytes_word(r->bytes, size, sizeof(size)),
	       weft_coll_algorithm_name(r->algorithm), r->us, r->p99_us, gbs, gbs * coll_bus_factor(r->op, cards), r->single_us);
	if (r->limit_us > 0)
		printf(" %10.2f %7.2f", r->limit_us, r->of_limit);
	printf("\n");
	for (uint32_t m = 0; m < cards && r->arrivals; m++)
		printf("  member %u was last in %.1f %% of %llu and waited %.2f us for one\n", m, 100 * (double)r->last[m] / (double)r->arrivals,
		       (unsigned long long)r->arrivals, r->waited_us[m]);
}

static void json_arrivals(struct json *j, const struct coll_row *r, uint32_t cards)
{
	json_u64(j, "arrivals", r->arrivals);
	json_open(j, "last", '[');
	for (uint32_t m = 0; m < cards; m++)
		json_u64(j, NULL, r->last[m]);
	json_close(j, ']');
	json_open(j, "waited_us", '[');
	for (uint32_t m = 0; m < cards; m++)
		json_number(j, NULL, r->waited_us[m], 6);
	json_close(j, ']');
}

static void json_row(struct json *j, const struct coll_row *r, uint32_t cards, uint32_t type)
{
	const double gbs = (double)r->bytes / r->us / 1000;

	json_open(j, NULL, '{');
	json_text(j, "op", weft_coll_op_name(r->op));
	json_u64(j, "bytes", r->bytes);
	json_u64(j, "count", r->count);
	json_text(j, "type", weft_type_name((enum weft_type)type));
	json_u64(j, "cards", cards);
	json_bool(j, "in_place", r->in_place);
	json_text(j, "algorithm", weft_coll_algorithm_name(r->algorithm));
	json_bool(j, "checked", r->checked);
	json_number(j, "us", r->us, 6);
	json_number(j, "p99_us", r->p99_us, 6);
	json_number(j, "algbw_gbs", gbs, 6);
	json_number(j, "busbw_gbs", gbs * coll_bus_factor(r->op, cards), 6);
	json_number(j, "single_us", r->single_us, 6);
	json_number(j, "single_p99_us", r->single_p99_us, 6);
	json_number(j, "limit_us", r->limit_us > 0 ? r->limit_us : 0.0 / 0.0, 6);
	json_number(j, "of_limit", r->limit_us > 0 ? r->of_limit : 0.0 / 0.0, 6);
	if (r->arrivals)
		json_arrivals(j, r, cards);
	json_close(j, '}');
}

/* One size and place; 0, or -1 */
static int one(struct request *q, struct coll_row *row, uint32_t *num, struct json *j)
{
	const uint32_t cards = q->b.cards.num, each = weft_type_bytes((enum weft_type)q->b.type);
	int ret;

	row->count = coll_count(row->op, row->bytes, each, cards);
	row->bytes = coll_size(row->op, row->count, each, cards);
	/* less than an element for each member, or the same as the one before */
	if (!row->count && row->op != WEFT_COLL_BARRIER)
		return 0;
	ret = bench_coll_take(&q->b, row);
	if (ret)
		return ret < 0 ? -1 : 0;
	if (q->as_json)
		json_row(j, row, cards, q->b.type);
	else
		print_row(row, cards);
	fflush(stdout);
	++*num;
	return 0;
}

static int sweep(struct request *q, struct coll_row *rows, uint32_t *num)
{
	struct json j;
	int ret = 0;

	if (q->as_json)
		json_begin(&j, stdout, '[');
	else
		print_head();
	for (uint32_t i = 0; i < q->num_ops && !ret; i++)
		for (uint32_t k = 0; k < q->num_sizes && !ret; k++) {
			for (uint32_t place = 0; place < 2 && !ret; place++) {
				rows[*num] = (struct coll_row) { .op = q->op[i], .bytes = q->size[k], .in_place = place };
				if (q->both || place == q->in_place)
					ret = one(q, &rows[*num], num, &j);
			}
			if (q->op[i] == WEFT_COLL_BARRIER)
				break;
		}
	if (q->as_json)
		json_end(&j, ']');
	return ret;
}

static int run(struct request *q)
{
	struct coll_row *rows = calloc(MOST_ROWS + 1, sizeof(*rows));
	struct coll_peers *peers = calloc(1, sizeof(*peers));
	uint32_t num = 0;
	int ret = rows && peers ? 0 : cmd_error("bench coll", "out of memory");

	if (!ret && q->peers)
		ret = bench_coll_peers(q->peers, peers);
	q->b.most_bytes = q->max < 4096 ? 4096 : q->max;
	if (!ret)
		ret = bench_coll_open(&q->b, (uint32_t)q->cards, q->topology);
	if (!ret)
		ret = sweep(q, rows, &num);
	if (!ret && q->svg)
		ret = bench_coll_svg(q->svg, rows, num, q->b.cards.num, weft_type_name((enum weft_type)q->b.type), peers);
	bench_coll_close(&q->b);
	free(rows);
	free(peers);
	return ret ? EXIT_FAILED : EXIT_OK;
}

/* A message about an option, and the status of bad use */
static int bad(const char *option, const char *word, const char *want)
{
	cmd_error("bench coll", "%s %s: want %s", option, word, want);
	return EXIT_USAGE + 1;
}

static bool list(struct request *q, const char *words)
{
	char word[32];
	int n;

	for (q->num_sizes = 0; q->num_sizes < COLL_POINTS && sscanf(words, "%31[^,]%n", word, &n) == 1; words += *words ? 1 : 0) {
		if (!coll_bytes(word, MOST_BYTES, &q->size[q->num_sizes]) || !q->size[q->num_sizes])
			return false;
		q->num_sizes++;
		words += n;
		if (!*words)
			return true;
	}
	return false;
}

/* The sizes of a sweep, where none are named. */
static void sizes(struct request *q)
{
	if (q->num_sizes) {
		q->max = 0;
		for (uint32_t i = 0; i < q->num_sizes; i++)
			q->max = q->size[i] > q->max ? q->size[i] : q->max;
		return;
	}
	for (uint64_t bytes = q->min; bytes <= q->max; bytes *= q->step)
		q->size[q->num_sizes++] = bytes;
}

/* 0, or the exit status + 1 */
static int option(struct request *q, int c)
{
	uint64_t v = 0;

	switch (c) {
	case 'm':
		return coll_bytes(optarg, MOST_BYTES, &q->min) && q->min ? 0 : bad("--min", optarg, "bytes up to 1G");
	case 'M':
		return coll_bytes(optarg, MOST_BYTES, &q->max) && q->max ? 0 : bad("--max", optarg, "bytes up to 1G");
	case 's':
		return cmd_number("bench coll", "--step", optarg, 2, 1024, &q->step) ? EXIT_USAGE + 1 : 0;
	case 'z':
		return list(q, optarg) ? 0 : bad("--sizes", optarg, "up to 64 sizes of up to 1G, with commas between");
	case 'c':
		return cmd_number("bench coll", "--cards", optarg, 1, WEFT_COMM_MEMBERS, &q->cards) ? EXIT_USAGE + 1 : 0;
	case 't':
		q->b.type = coll_type(optarg);
		return q->b.type == UINT32_MAX ? bad("--type", optarg, "f32, f16, bf16, i32, i8 or u8") : 0;
	case 'a':
		q->b.algorithm = coll_algorithm(optarg);
		return q->b.algorithm == UINT32_MAX ? bad("--algorithm", optarg, "auto, push, direct, pull, staged or ring") : 0;
	case 'f':
		q->topology = optarg;
		return 0;
	case 'i':
		q->in_place = true;
		return 0;
	case 'b':
		q->both = true;
		return 0;
	case 'r':
		if (cmd_number("bench coll", "--runs", optarg, 3, COLL_MAX_RUNS, &v))
			return EXIT_USAGE + 1;
		q->b.runs = (uint32_t)v;
		return 0;
	case 'n':
		q->b.check = false;
		return 0;
	case 'l':
		q->b.arrivals = true;
		return 0;
	case 'v':
		q->svg = optarg;
		return 0;
	case 'p':
		q->peers = optarg;
		return 0;
	case 'j':
		q->as_json = true;
		return 0;
	case 'h':
		usage(stdout);
		return EXIT_OK + 1;
	default:
		usage(stderr);
		return EXIT_USAGE + 1;
	}
}

int bench_coll(int argc, char **argv)
{
	static const struct option options[] = {
		{ "min", required_argument, NULL, 'm' }, { "max", required_argument, NULL, 'M' }, { "step", required_argument, NULL, 's' },
		{ "sizes", required_argument, NULL, 'z' },
		{ "cards", required_argument, NULL, 'c' }, { "type", required_argument, NULL, 't' },
		{ "algorithm", required_argument, NULL, 'a' }, { "topology", required_argument, NULL, 'f' },
		{ "in-place", no_argument, NULL, 'i' }, { "both", no_argument, NULL, 'b' }, { "runs", required_argument, NULL, 'r' },
		{ "arrivals", no_argument, NULL, 'l' }, { "no-check", no_argument, NULL, 'n' }, { "svg", required_argument, NULL, 'v' }, { "peers", required_argument, NULL, 'p' },
		{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	struct request q = { .b = { .runs = 11, .check = true }, .min = 8, .max = 16 << 20, .step = 8 };
	int c, status = 0;

	while (!status && (c = getopt_long(argc, argv, "h", options, NULL)) != -1)
		status = option(&q, c);
	if (status)
		return status - 1;
	if (q.min > q.max) {
		cmd_error("bench coll", "--min is more than --max");
		return EXIT_USAGE;
	}
	for (int i = optind; i < argc; i++) {
		const uint32_t op = coll_op(argv[i]);

		if (op == UINT32_MAX || q.num_ops == WEFT_COLL_OPS) {
			cmd_error("bench coll", "%s is no operation, or there are too many; weft coll --help lists them", argv[i]);
			return EXIT_USAGE;
		}
		q.op[q.num_ops++] = op;
	}
	sizes(&q);
	if (!q.num_ops)
		q.op[q.num_ops++] = WEFT_COLL_ALL_REDUCE;
	return run(&q);
}
