// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* weft coll explain: what a collective call would do and why, without cards. */
#include "cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "coll_words.h"
#include "trace_text.h"

#define MAX_BYTES	(1ull << 40)

static void usage(FILE *out)
{
	fputs("usage: weft coll explain OPERATION SIZE [OPTION …]\n\n"
	      "  OPERATION   barrier, all-reduce, reduce-scatter, all-gather, broadcast, reduce, all-to-all, send\n"
	      "  SIZE        bytes of the larger of a member's buffers, as nccl-tests count; with K, M or G\n\n"
	      "  --cards N          members (default 4)\n"
	      "  --type TYPE        f32, f16, bf16, i32, i8 or u8 (default f32)\n"
	      "  --algorithm NAME   push, direct, pull, staged or ring, in place of the one that is chosen\n"
	      "  --in-place         inputs lie where the outputs do\n"
	      "  --count            SIZE is a number of elements, as weft_coll_prepare() counts\n"
	      "  --root N           of a broadcast, reduce or send (default 0); a send goes to the next member\n"
	      "  --slot BYTES       of an inbox (default 16K)\n"
	      "  --topology FILE    of weft bench topo, in place of what is assumed of emulated cards\n"
	      "  --json             one line of JSON\n"
	      "  --help             this text\n", out);
}

struct request {
	struct weft_coll_case what;
	struct weft_coll_topology topology;
	const char *file;
	bool as_json, in_elements;
};

/* "not possible" and the like, of one that is not taken. */
static const char *reason(const struct weft_coll_explanation *e, uint32_t algorithm, bool asked)
{
	if (e->fitness[algorithm] == WEFT_COLL_CANNOT)
		return "cannot do it";
	if (algorithm == e->algorithm)
		return asked ? "asked for" : "the fastest that keeps the order of sums";
	if (e->fitness[algorithm] == WEFT_COLL_REORDERS)
		return "adds in another order, so it is taken only if asked for";
	return e->predicted_ns[algorithm] < e->ns ? "faster than the one asked for" : "slower";
}

static void print_bytes(const char *title, const uint64_t (*bytes)[WEFT_COMM_MEMBERS], uint32_t n)
{
	double v[WEFT_COMM_MEMBERS][WEFT_COLL_CARDS];

	for (uint32_t a = 0; a < n; a++)
		for (uint32_t b = 0; b < n; b++)
			v[a][b] = (double)bytes[a][b];
	coll_matrix(title, v, n, 12, 0);
}

/* Bytes read and written in all, and those of them that are another card's. */
static void sums(const struct weft_coll_explanation *e, uint32_t n, uint64_t *all, uint64_t *far)
{
	*all = *far = 0;
	for (uint32_t a = 0; a < n; a++)
		for (uint32_t b = 0; b < n; b++) {
			*all += e->read_bytes[a][b] + e->written_bytes[a][b];
			*far += a == b ? 0 : e->read_bytes[a][b] + e->written_bytes[a][b];
		}
}

/* Steps of a member, of which the first line that is not yet read is at @text; freed by the caller */
static char *steps_of(const struct request *r, uint32_t member)
{
	char *text = NULL;
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);
	int ret = f ? weft_coll_explain_steps(&r->what, member, f) : -ENOMEM;

	if (f)
		fclose(f);
	if (!ret)
		return text;
	free(text);
	cmd_weft_error("coll", "steps", ret);
	return NULL;
}

static int print(const struct request *r, const struct weft_coll_explanation *e)
{
	const uint32_t n = r->what.members, element = weft_type_bytes((enum weft_type)r->what.type);
	uint64_t all, far;
	char time[32];

	printf("%s of %llu %s, %llu bytes, %s, on %u card%s by %s: %s predicted, %s\n", weft_coll_op_name(r->what.op),
	       (unsigned long long)r->what.count, weft_type_name((enum weft_type)r->what.type),
	       (unsigned long long)coll_size(r->what.op, r->what.count, element, n), r->what.in_place ? "in place" : "not in place", n,
	       n == 1 ? "" : "s", weft_coll_algorithm_name(e->algorithm), trace_time(time, sizeof(time), e->ns),
	       r->what.topology ? r->file : "by what is assumed of emulated cards");
	for (uint32_t a = WEFT_COLL_PUSH; a < WEFT_COLL_ALGORITHMS; a++)
		printf("  %-8s %10s  %s\n", weft_coll_algorithm_name(a),
		       e->fitness[a] == WEFT_COLL_CANNOT ? "-" : trace_time(time, sizeof(time), e->predicted_ns[a]),
		       reason(e, a, r->what.algorithm != WEFT_COLL_AUTO));
	sums(e, n, &all, &far);
	printf("memory traffic %llu bytes, between cards %llu\n", (unsigned long long)all, (unsigned long long)far);
	print_bytes("bytes read (row reads from column)", e->read_bytes, n);
	print_bytes("bytes written (row writes to column)", e->written_bytes, n);
	for (uint32_t m = 0; m < n; m++) {
		char *text = steps_of(r, m), *line, *rest = text;

		if (!text)
			return -1;
		printf("member %u\n", m);
		while ((line = strsep(&rest, "\n")) && *line)
			printf("  %s\n", line);
		free(text);
	}
	return 0;
}

static void json_matrix(struct json *j, const char *key, const uint64_t (*bytes)[WEFT_COMM_MEMBERS], uint32_t n)
{
	json_open(j, key, '[');
	for (uint32_t a = 0; a < n; a++) {
		json_open(j, NULL, '[');
		for (uint32_t b = 0; b < n; b++)
			json_u64(j, NULL, bytes[a][b]);
		json_close(j, ']');
	}
	json_close(j, ']');
}

static int print_json(const struct request *r, const struct weft_coll_explanation *e)
{
	const uint32_t n = r->what.members, element = weft_type_bytes((enum weft_type)r->what.type);
	uint64_t all, far;
	struct json j;

	sums(e, n, &all, &far);
	json_begin(&j, stdout, '{');
	json_text(&j, "op", weft_coll_op_name(r->what.op));
	json_text(&j, "type", weft_type_name((enum weft_type)r->what.type));
	json_u64(&j, "count", r->what.count);
	json_u64(&j, "bytes", coll_size(r->what.op, r->what.count, element, n));
	json_u64(&j, "cards", n);
	json_bool(&j, "in_place", r->what.in_place);
	json_text(&j, "algorithm", weft_coll_algorithm_name(e->algorithm));
	json_number(&j, "ns", e->ns, 9);
	json_open(&j, "candidates", '[');
	for (uint32_t a = WEFT_COLL_PUSH; a < WEFT_COLL_ALGORITHMS; a++) {
		json_open(&j, NULL, '{');
		json_text(&j, "algorithm", weft_coll_algorithm_name(a));
		json_number(&j, "ns", e->fitness[a] == WEFT_COLL_CANNOT ? 0.0 / 0.0 : e->predicted_ns[a], 9);
		json_text(&j, "reason", reason(e, a, r->what.algorithm != WEFT_COLL_AUTO));
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_u64(&j, "traffic_bytes", all);
	json_u64(&j, "between_cards_bytes", far);
	json_matrix(&j, "read_bytes", e->read_bytes, n);
	json_matrix(&j, "written_bytes", e->written_bytes, n);
	json_open(&j, "steps", '[');
	for (uint32_t m = 0; m < n; m++) {
		char *text = steps_of(r, m), *line, *rest = text;

		if (!text)
			return -1;
		json_open(&j, NULL, '[');
		while ((line = strsep(&rest, "\n")) && *line)
			json_text(&j, NULL, line);
		json_close(&j, ']');
		free(text);
	}
	json_close(&j, ']');
	json_end(&j, '}');
	return 0;
}

static int explain(struct request *r)
{
	struct weft_coll_explanation e = { .size = sizeof(e) };
	struct weft *weft = weft_open();
	int ret;

	if (!weft)
		return cmd_weft_error("coll", "open", -ENOMEM);
	ret = r->file ? coll_topology("coll", r->file, &r->topology) : 0;
	r->what.topology = r->file ? &r->topology : NULL;
	if (!ret) {
		ret = weft_coll_explain(&r->what, &e);
		if (ret)
			cmd_weft_error("coll", "explain", ret);
	}
	if (!ret)
		ret = r->as_json ? print_json(r, &e) : print(r, &e);
	weft_close(weft);
	return ret ? EXIT_FAILED : EXIT_OK;
}

/* Options; 0, or the exit status + 1 */
static int options(int argc, char **argv, struct request *r)
{
	static const struct option known[] = {
		{ "cards", required_argument, NULL, 'c' }, { "type", required_argument, NULL, 't' },
		{ "algorithm", required_argument, NULL, 'a' }, { "in-place", no_argument, NULL, 'i' },
		{ "count", no_argument, NULL, 'n' }, { "root", required_argument, NULL, 'r' },
		{ "slot", required_argument, NULL, 's' }, { "topology", required_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	uint64_t v;
	int c;

	while ((c = getopt_long(argc, argv, "h", known, NULL)) != -1) {
		switch (c) {
		case 'c':
			if (cmd_number("coll", "--cards", optarg, 1, WEFT_COMM_MEMBERS, &v))
				return EXIT_USAGE + 1;
			r->what.members = (uint32_t)v;
			break;
		case 't':
			r->what.type = coll_type(optarg);
			if (r->what.type == UINT32_MAX)
				return cmd_error("coll", "--type %s: f32, f16, bf16, i32, i8 and u8 are known", optarg), EXIT_USAGE + 1;
			break;
		case 'a':
			r->what.algorithm = coll_algorithm(optarg);
			if (r->what.algorithm == UINT32_MAX)
				return cmd_error("coll", "--algorithm %s: auto, push, direct, pull, staged and ring are known", optarg),
				       EXIT_USAGE + 1;
			break;
		case 'i':
			r->what.in_place = 1;
			break;
		case 'n':
			r->in_elements = true;
			break;
		case 'r':
			if (cmd_number("coll", "--root", optarg, 0, WEFT_COMM_MEMBERS - 1, &v))
				return EXIT_USAGE + 1;
			r->what.root = (uint32_t)v;
			break;
		case 's':
			if (!coll_bytes(optarg, 1 << 24, &v) || !v)
				return cmd_error("coll", "--slot %s: want bytes up to 16M", optarg), EXIT_USAGE + 1;
			r->what.slot_bytes = (uint32_t)v;
			break;
		case 'f':
			r->file = optarg;
			break;
		case 'j':
			r->as_json = true;
			break;
		case 'h':
			usage(stdout);
			return EXIT_OK + 1;
		default:
			usage(stderr);
			return EXIT_USAGE + 1;
		}
	}
	return 0;
}

int cmd_coll(int argc, char **argv)
{
	struct request r = { .what = { .size = sizeof(r.what), .members = 4 } };
	int status = options(argc, argv, &r);
	uint64_t size = 0;

	if (status)
		return status - 1;
	argv += optind;
	argc -= optind;
	if (argc < 1 || strcmp(argv[0], "explain")) {
		cmd_error("coll", "%s%s; weft coll --help", argc ? "nothing to do about " : "what? explain is what it can do",
			  argc ? argv[0] : "");
		return EXIT_USAGE;
	}
	r.what.op = argc > 1 ? coll_op(argv[1]) : UINT32_MAX;
	if (r.what.op == UINT32_MAX) {
		cmd_error("coll", "%s is no operation; weft coll --help lists them", argc > 1 ? argv[1] : "nothing");
		return EXIT_USAGE;
	}
	if (argc != (r.what.op == WEFT_COLL_BARRIER ? 2 : 3) || (argc == 3 && !coll_bytes(argv[2], MAX_BYTES, &size))) {
		cmd_error("coll", "want the operation and a size, such as 64K, but a barrier has none");
		return EXIT_USAGE;
	}
	if (r.what.root >= r.what.members) {
		cmd_error("coll", "--root %u: there are %u members", r.what.root, r.what.members);
		return EXIT_USAGE;
	}
	if (r.what.op == WEFT_COLL_SEND)
		r.what.peer = (r.what.root + 1) % r.what.members;
	r.what.count = r.in_elements ? size : coll_count(r.what.op, size, weft_type_bytes((enum weft_type)r.what.type), r.what.members);
	return explain(&r);
}
