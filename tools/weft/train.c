// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* The training job: its steps, as a plan of bodies or as jobs, what they counted, and the test of what was learnt. */
#include "train.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cmd.h"
#include "trainer.h"

struct counts {
	uint64_t p2p, host, ioctls, interrupts, switches;
};

static int fail(const char *what, int r)
{
	return cmd_weft_error("run", what, r);
}

uint32_t train_step_rows(const struct trainer *t, uint32_t step)
{
	uint32_t done = step % t->steps_per_epoch * TRAIN_BATCH;

	return t->rows - done < TRAIN_BATCH ? t->rows - done : TRAIN_BATCH;
}

uint32_t train_shard_rows(const struct trainer *t, uint32_t step, uint32_t shard)
{
	uint32_t rows = train_step_rows(t, step), first = shard * TRAIN_ROWS;

	return rows <= first ? 0 : rows - first < TRAIN_ROWS ? rows - first : TRAIN_ROWS;
}

static double step_loss(const struct trainer *t, uint32_t step)
{
	double sum = 0;

	for (uint32_t s = 0; s < TRAIN_SHARDS; s++)
		sum += t->losses[step * TRAIN_SHARDS + s];
	return sum / train_step_rows(t, step);
}

void train_show(struct trainer *t, uint32_t done)
{
	char detail[96];

	snprintf(detail, sizeof(detail), "step %u  loss %.4f  %.0f samples/s", done, step_loss(t, done - 1),
		 done * (double)TRAIN_BATCH * 1e9 / (double)(now_ns() - t->started_ns));
	progress_show(&t->progress, done, detail);
}

static int steps(struct trainer *t)
{
	int r;

	progress_init(&t->progress, "train", t->steps, t->config.quiet);
	t->started_ns = now_ns();
	r = t->jobs ? train_jobs_run(t) : train_plan_run(t);
	progress_done(&t->progress);
	return r ? fail("training", r) : 0;
}

/* Losses of all steps, to be shown and hashed. */
static int take(struct trainer *t)
{
	int r = 0;

	for (uint32_t step = 0; !r && step < t->steps; step++)
		r = t->jobs ? train_jobs_take(t, step) : train_plan_take(t, step);
	return r ? fail("losses", r) : 0;
}

static int read_counts(struct trainer *t, struct weft *weft, struct counts *counts)
{
	struct weft_stats library = { .size = sizeof(library) };
	struct rusage usage = { 0 };
	int r;

	memset(counts, 0, sizeof(*counts));
	for (uint32_t i = 0; i < t->config.cards; i++) {
		struct weft_device_stats driver = { .size = sizeof(driver) };
		struct weft_counter link[64];
		int n = weft_device_counters(t->card[i].device, link, ARRAY_SIZE(link), sizeof(link[0]));

		r = weft_device_stats(t->card[i].device, &driver);
		if (n < 0 || r)
			return fail("counters", n < 0 ? n : r);
		counts->interrupts += driver.irqs;
		for (int k = 0; k < n; k++) {
			uint64_t bytes = link[k].read_bytes + link[k].write_bytes;

			if (link[k].link == 0)
				counts->host += bytes;
			else if (link[k].link != 255)
				counts->p2p += bytes;
		}
	}
	r = weft_stats_get(weft, &library);
	counts->ioctls = library.ioctls;
	getrusage(RUSAGE_SELF, &usage);
	counts->switches = (uint64_t)(usage.ru_nvcsw + usage.ru_nivcsw);
	return r ? fail("counters", r) : 0;
}

/* Accuracy on the test images, in jobs of TEST_ROWS rows dealt to the cards in turn. */
static int test(struct trainer *t, const struct idx *images, const struct idx *labels, double *accuracy)
{
	const uint32_t count = images->shape[0], jobs = (count + TEST_ROWS - 1) / TEST_ROWS;
	uint32_t *word = malloc(4ull * count);
	uint64_t hits = 0;
	int r = word ? 0 : -ENOMEM;

	for (uint32_t i = 0; !r && i < count; i++)
		word[i] = i;
	for (uint32_t i = 0; !r && i < t->config.cards; i++) {
		struct trainer_card *c = &t->card[i];
		const uint64_t out = weft_memory_address(c->losses);
		const struct model_to to = { .list = c->job[0] };
		struct model_shard shard = { 0 };

		c->data.count = count;
		model_place(&shard, weft_memory_address(c->work), TEST_ROWS);
		r = weft_memory_write(c->images, 0, images->data, images->bytes);
		if (!r)
			r = weft_memory_write(c->labels, 0, labels->data, labels->bytes);
		if (!r)
			r = weft_memory_write(c->order, 0, word, 4ull * count);
		if (!r)
			r = weft_list_reset(to.list);
		for (uint32_t job = i; !r && job < jobs; job += t->config.cards) {
			const uint32_t first = job * TEST_ROWS;
			const uint32_t rows = count - first < TEST_ROWS ? count - first : TEST_ROWS;
			const struct weft_exec argmax = {
				.size = sizeof(argmax), .num_operands = 3,
				.operands = { out + 4 * job, shard.logits, shard.labels },
				.dims = { rows, MODEL_OUT },
			};

			r = model_forward(&to, &c->data, &shard, weft_memory_address(c->weights),
					  weft_memory_address(c->order) + 4ull * first, rows);
			if (!r)
				r = weft_list_exec(to.list, "argmax_hits", WEFT_TYPE_F32, &argmax);
		}
		if (!r)
			r = weft_queue_run(c->queue, to.list, NULL);
	}
	for (uint32_t i = 0; !r && i < t->config.cards; i++) {
		struct trainer_card *c = &t->card[i];

		r = weft_queue_wait(c->queue, 0, STEP_TIMEOUT_NS);
		if (!r)
			r = weft_memory_read(c->losses, 0, word, 4ull * jobs);
		for (uint32_t job = i; !r && job < jobs; job += t->config.cards)
			hits += word[job];
	}
	free(word);
	*accuracy = (double)hits / count;
	return r ? fail("test", r) : 0;
}

/* Losses and weights; every card must hold the same weights, bit for bit. */
static int collect(struct trainer *t, struct train_result *result)
{
	const uint32_t last_epoch = (t->steps - 1) / t->steps_per_epoch * t->steps_per_epoch;
	uint64_t rows = 0;
	int r = 0;

	result->weights = malloc(MODEL_BYTES);
	if (!result->weights)
		return cmd_error("run", "out of memory");
	result->losses_hash = fnv64(t->losses, 4ull * t->steps * TRAIN_SHARDS);
	result->first_loss = step_loss(t, 0);
	for (uint32_t step = last_epoch; step < t->steps; step++) {
		result->train_loss += step_loss(t, step) * train_step_rows(t, step);
		rows += train_step_rows(t, step);
	}
	result->train_loss /= (double)rows;
	for (uint32_t i = 0; !r && i < t->config.cards; i++) {
		uint64_t hash;

		r = weft_memory_read(t->card[i].weights, 0, result->weights, MODEL_BYTES);
		hash = fnv64(result->weights, MODEL_BYTES);
		if (!r && i && hash != result->weights_hash)
			return cmd_error("run", "card %u ended with other weights than card 0", i);
		result->weights_hash = hash;
	}
	return r ? fail("weights", r) : 0;
}

int train_run(struct weft *weft, const struct train_config *config, const struct idx *images,
	      const struct idx *labels, const struct idx *test_images, const struct idx *test_labels,
	      struct train_result *result)
{
	struct counts before, after;
	struct trainer t;
	uint64_t start;
	int r;

	memset(result, 0, sizeof(*result));
	r = trainer_init(&t, weft, config, images, labels, test_images);
	if (!r && !t.jobs)
		r = train_plan_init(&t);
	if (!r)
		r = read_counts(&t, weft, &before);
	start = now_ns();
	if (!r)
		r = steps(&t);
	result->seconds = (double)(now_ns() - start) / 1e9;
	if (!r)
		r = read_counts(&t, weft, &after);
	if (!r)
		r = take(&t);
	train_plan_fini(&t);
	if (!r)
		r = collect(&t, result);
	if (!r)
		r = test(&t, test_images, test_labels, &result->test_accuracy);
	if (!r) {
		result->steps = t.steps;
		for (uint32_t step = 0; step < t.steps; step++)
			result->samples += train_step_rows(&t, step);
		result->p2p_bytes = after.p2p - before.p2p;
		result->host_bounce_bytes = after.host - before.host;
		result->ioctls = after.ioctls - before.ioctls;
		result->interrupts = after.interrupts - before.interrupts;
		result->context_switches = after.switches - before.switches;
		result->jobs = t.jobs;
		result->losses = t.losses;
		t.losses = NULL;
	}
	trainer_fini(&t);
	return r;
}
