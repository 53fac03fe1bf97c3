// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* weft run: jobs. The result is one line of JSON on standard output; everything else goes to standard error. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "open_plan.h"
#include "run.h"
#include "train.h"

#ifndef WEFT_DATASET_DIR
#define WEFT_DATASET_DIR	"/usr/share/datasets/fashion-mnist"
#endif

struct options {
	struct train_config train;
	const char *data, *dump;
};

void run_usage(FILE *out)
{
	fputs("usage: weft run fashion-mnist [OPTION …]\n"
	      "       weft run FILE.weft [OPTION …]\n\n"
	      "fashion-mnist trains a 784-512-512-10 classifier on Fashion-MNIST, global batch 256 in four shards of 64 rows\n"
	      "spread over the cards, gradients summed between the cards, SGD with momentum; then tests it. Progress goes to\n"
	      "standard error, the result to standard output as one line of JSON.\n\n"
	      "  --cards N        1, 2 or 4 (default 4); the result is the same bit for bit\n"
	      "  --epochs N       1 … 100 (default 2)\n"
	      "  --steps N        stop after N steps\n"
	      "  --seed N         of initial weights and order of rows (default 1)\n"
	      "  --data DIR       the four idx files (default " WEFT_DATASET_DIR ")\n"
	      "  --jobs           steps are jobs that the host submits, not a plan of bodies; the result is the same bit for bit\n"
	      "  --allow-bounce   where cards cannot reach each other, send gradients through host memory, with jobs\n"
	      "  --dump FILE      write losses, then weights, as f32, to compare runs\n"
	      "  --json           no progress\n\n"
	      "FILE.weft is the text of a plan of bodies, or one that --save wrote. It is prepared, loaded and run, and what it\n"
	      "took is told.\n\n"
	      "  --cards N        cards that it gets, the first ones (default: as many as the plan says)\n"
	      "  --sequences K    1 … 2^40 (default 1000)\n"
	      "  --timeout S      give up when nothing ended for S seconds, 1 … 3600 (default 60)\n"
	      "  --show EDGE      print the first floats of the block that the last sequence made; up to 8 edges\n"
	      "  --peer EDGE=PATH meet the process at the other end of an edge with export or import at that path; up to 16 edges\n"
	      "  --save FILE      write the prepared plan, which then needs no planner; FILE ends in .weft to be run\n"
	      "  --print          do not run it: print its text, with what was decided as comments\n"
	      "  --prepare-only   do not run it: tell period, memory and depths\n"
	      "  --json           no progress; the result is one line of JSON\n"
	      "  --help           this text\n", out);
}

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "cards", required_argument, NULL, 'c' }, { "epochs", required_argument, NULL, 'e' },
		{ "steps", required_argument, NULL, 'n' }, { "seed", required_argument, NULL, 's' },
		{ "data", required_argument, NULL, 'd' }, { "allow-bounce", no_argument, NULL, 'b' },
		{ "jobs", no_argument, NULL, 'J' },
		{ "dump", required_argument, NULL, 'D' }, { "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' }, { 0 },
	};
	uint64_t value;
	int c;

	*o = (struct options){
		.train = { .cards = 4, .epochs = 2, .seed = 1, .rate = 0.1f, .momentum = 0.9f },
		.data = WEFT_DATASET_DIR,
	};
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			if (cmd_number("run", "--cards", optarg, 1, TRAIN_MAX_CARDS, &value))
				return EXIT_USAGE;
			if (TRAIN_SHARDS % value) {
				cmd_error("run", "--cards %s: want 1, 2 or 4", optarg);
				return EXIT_USAGE;
			}
			o->train.cards = (uint32_t)value;
			break;
		case 'e':
			if (cmd_number("run", "--epochs", optarg, 1, 100, &value))
				return EXIT_USAGE;
			o->train.epochs = (uint32_t)value;
			break;
		case 'n':
			if (cmd_number("run", "--steps", optarg, 1, 1000000, &value))
				return EXIT_USAGE;
			o->train.max_steps = (uint32_t)value;
			break;
		case 's':
			if (cmd_number("run", "--seed", optarg, 0, UINT64_MAX, &o->train.seed))
				return EXIT_USAGE;
			break;
		case 'd':
			o->data = optarg;
			break;
		case 'b':
			o->train.allow_bounce = true;
			break;
		case 'J':
			o->train.jobs = true;
			break;
		case 'D':
			o->dump = optarg;
			break;
		case 'j':
			o->train.quiet = true;
			break;
		case 'h':
			run_usage(stdout);
			return -1;
		default:
			run_usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind + 1 != argc || strcmp(argv[optind], "fashion-mnist")) {
		cmd_error("run", "%s%s", optind < argc ? "no job " : "which job? try: weft run fashion-mnist, or a plan: weft run FILE.weft",
			  optind < argc ? argv[argc - 1] : "");
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static int dump(const char *path, const struct train_result *r)
{
	FILE *f = fopen(path, "wb");
	size_t n = 0;

	if (f) {
		n = fwrite(r->losses, 4, (size_t)r->steps * TRAIN_SHARDS, f);
		n += fwrite(r->weights, 4, MODEL_COUNT, f);
		if (fclose(f))
			n = 0;
	}
	if (n != (size_t)r->steps * TRAIN_SHARDS + MODEL_COUNT)
		return cmd_error("run", "%s: %s", path, strerror(errno));
	return 0;
}

static void print_result(const struct options *o, const struct train_result *r)
{
	char hash[24];
	struct json j;

	json_begin(&j, stdout, '{');
	json_text(&j, "job", "fashion-mnist");
	json_u64(&j, "cards", o->train.cards);
	json_text(&j, "steps_as", r->jobs ? "jobs" : "bodies");
	json_u64(&j, "epochs", o->train.epochs);
	json_u64(&j, "steps", r->steps);
	json_u64(&j, "seed", o->train.seed);
	json_number(&j, "first_loss", r->first_loss, 6);
	json_number(&j, "train_loss", r->train_loss, 6);
	json_number(&j, "test_accuracy", r->test_accuracy, 6);
	json_number(&j, "samples_per_s", (double)r->samples / r->seconds, 6);
	json_number(&j, "seconds", r->seconds, 6);
	json_u64(&j, "gradient_bytes", MODEL_BYTES);
	json_u64(&j, "p2p_bytes", r->p2p_bytes);
	json_u64(&j, "host_bounce_bytes", r->host_bounce_bytes);
	json_number(&j, "ioctls_per_step", (double)r->ioctls / r->steps, 4);
	json_number(&j, "interrupts_per_step", (double)r->interrupts / r->steps, 4);
	json_number(&j, "context_switches_per_step", (double)r->context_switches / r->steps, 4);
	snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)r->losses_hash);
	json_text(&j, "losses_hash", hash);
	snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)r->weights_hash);
	json_text(&j, "weights_hash", hash);
	json_end(&j, '}');
}

/* The four files, checked against each other. */
static int load(const char *dir, struct idx set[4])
{
	static const char *const name[4] = {
		"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
		"t10k-labels-idx1-ubyte",
	};

	for (int i = 0; i < 4; i++) {
		if (idx_read(dir, name[i], i & 1 ? 1 : 3, &set[i]))
			return -1;
		if (!(i & 1) && set[i].shape[1] * set[i].shape[2] != MODEL_IN)
			return cmd_error("run", "%s/%s: images are %u by %u, want 28 by 28", dir, name[i],
					 set[i].shape[1], set[i].shape[2]);
		if (i & 1 && set[i].shape[0] != set[i - 1].shape[0])
			return cmd_error("run", "%s/%s: %u labels for %u images", dir, name[i], set[i].shape[0],
					 set[i - 1].shape[0]);
		for (uint64_t k = 0; i & 1 && k < set[i].bytes; k++)
			if (set[i].data[k] >= MODEL_OUT)
				return cmd_error("run", "%s/%s: label %llu is %u, want 0 to 9", dir, name[i],
						 (unsigned long long)k, set[i].data[k]);
	}
	return 0;
}

static int run(const struct options *o)
{
	struct idx set[4] = { 0 };
	struct train_result result = { 0 };
	struct weft *weft = weft_open();
	int n, r = -1;

	if (!weft)
		return cmd_weft_error("run", "open", -ENOMEM);
	n = weft_device_count(weft, "card");
	if (n < 0)
		cmd_weft_error("run", "cards", n);
	else if (n == 0)
		cmd_no_card("run");
	else if ((uint32_t)n < o->train.cards)
		cmd_error("run", "%u cards asked for, %d found; give --cards %d or add cards", o->train.cards, n,
			  n >= 2 ? 2 : 1);
	else
		r = load(o->data, set);
	if (!r)
		r = train_run(weft, &o->train, &set[0], &set[1], &set[2], &set[3], &result);
	if (!r && o->dump)
		r = dump(o->dump, &result);
	if (!r)
		print_result(o, &result);
	free(result.losses);
	free(result.weights);
	for (int i = 0; i < 4; i++)
		idx_free(&set[i]);
	weft_close(weft);
	return r;
}

/* Is one of the words a file with a plan, and none the job? */
static bool names_plan(int argc, char **argv)
{
	bool is = false;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "fashion-mnist"))
			return false;
		is |= open_plan_is_file(argv[i]);
	}
	return is;
}

int cmd_run(int argc, char **argv)
{
	struct options o;
	int status;

	if (names_plan(argc, argv))
		return run_plan(argc, argv);
	status = parse(argc, argv, &o);
	if (status)
		return status < 0 ? EXIT_OK : status;
	return run(&o) ? EXIT_FAILED : EXIT_OK;
}
