// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Steps of the training. Of step s, with one job each:
 *	compute(s)	on every card: forward and backward of its shards
 *	exchange(s)	on every card: its part of the gradient, summed over all cards; update of that part of the weights,
 *			stored to all cards
 * compute(s + 1) waits for every card's exchange(s), exchange(s) for every card's compute(s). On one card both are one
 * job. The host only submits, up to TRAIN_DEPTH steps ahead.
 */
#include "train.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "trainer.h"

#define STEP_TIMEOUT_NS	120000000000u

struct counts {
	uint64_t p2p, host, ioctls, interrupts;
};

static int fail(const char *what, int r)
{
	return cmd_weft_error("run", what, r);
}

/* Rows of a step, and of one of its shards: the last step of an epoch has fewer. */
static uint32_t step_rows(const struct trainer *t, uint32_t step)
{
	uint32_t done = step % t->steps_per_epoch * TRAIN_BATCH;

	return t->rows - done < TRAIN_BATCH ? t->rows - done : TRAIN_BATCH;
}

static uint32_t shard_rows(const struct trainer *t, uint32_t step, uint32_t shard)
{
	uint32_t rows = step_rows(t, step), first = shard * TRAIN_ROWS;

	return rows <= first ? 0 : rows - first < TRAIN_ROWS ? rows - first : TRAIN_ROWS;
}

/* The card's part of the weights, from the reduced gradient. */
static int append_update(struct trainer *t, struct trainer_card *c, struct weft_list *list, uint32_t step)
{
	const float rate = t->config.rate * (1.0f - (float)step / (float)t->steps);
	const struct weft_exec sgd = {
		.size = sizeof(sgd), .num_operands = 3,
		.operands = { weft_memory_address(c->weights) + 4 * c->first,
			      weft_memory_address(c->velocity) + 4 * c->first,
			      weft_memory_address(c->reduced) + 4 * c->first },
		.dims = { (uint32_t)c->count }, .scalars = { weft_f32(rate), weft_f32(t->config.momentum) },
	};

	return weft_list_exec(list, "sgd_momentum", WEFT_TYPE_F32, &sgd);
}

/* The card's part: gradients of all cards are read, new weights stored to all cards (with bounce, to host memory). */
static int append_exchange(struct trainer *t, uint32_t i, struct weft_list *list, uint32_t step)
{
	struct trainer_card *c = &t->card[i];
	const uint32_t n = t->config.cards;
	const uint64_t at = 4 * c->first, weights = weft_memory_address(c->weights) + at;
	uint64_t src[TRAIN_MAX_CARDS], dst[TRAIN_MAX_CARDS] = { weft_memory_address(c->reduced) + at };
	uint32_t peers = 0;
	int r;

	for (uint32_t k = 0; k < n; k++)
		src[k] = weft_memory_address(k == i ? c->published : c->peer_in[k]) + at;
	r = weft_list_reduce(list, WEFT_TYPE_F32, WEFT_REDUCTION_SUM, src, n, dst, 1, c->count);
	if (!r)
		r = append_update(t, c, list, step);
	if (!r && t->bounce)
		return weft_list_copy(list, weft_memory_address(i ? c->peer_out[0] : c->bounce_out) + at, weights,
				      4 * c->count);
	for (uint32_t k = 0; k < n; k++)
		if (k != i)
			dst[peers++] = weft_memory_address(c->peer_out[k]) + at;
	/* one source: its bits, read once for all destinations */
	return r ? r : weft_list_reduce(list, WEFT_TYPE_F32, WEFT_REDUCTION_SUM, &weights, 1, dst, peers, c->count);
}

static int append_gradients(struct trainer *t, uint32_t i, struct weft_list *list, uint32_t step)
{
	struct trainer_card *c = &t->card[i];
	const uint32_t epoch = step / t->steps_per_epoch, n = t->shards_per_card;
	const uint64_t first = (uint64_t)epoch * t->rows + step % t->steps_per_epoch * TRAIN_BATCH;
	uint64_t src[TRAIN_SHARDS], dst;
	int r = 0;

	for (uint32_t k = 0; !r && k < n; k++) {
		const uint32_t shard = i * n + k;

		r = model_gradient(list, &c->data, &c->shard[k], weft_memory_address(c->weights),
				   weft_memory_address(c->order) + 4 * (first + shard * TRAIN_ROWS),
				   shard_rows(t, step, shard), 1.0f / (float)step_rows(t, step),
				   weft_memory_address(c->losses) + 4ull * (step * n + k));
		src[k] = c->shard[k].gradient;
	}
	if (!r && n > 1) {
		dst = weft_memory_address(n == TRAIN_SHARDS ? c->reduced : c->partial);
		r = weft_list_reduce(list, WEFT_TYPE_F32, WEFT_REDUCTION_SUM, src, n, &dst, 1, MODEL_COUNT);
	}
	if (!r && t->bounce)
		r = weft_list_copy(list, weft_memory_address(c->published),
				   n == 1 ? src[0] : weft_memory_address(c->partial), MODEL_BYTES);
	return r;
}

/* All cards' points for a step. */
static uint32_t points(struct trainer *t, bool exchanged, uint64_t value, struct weft_point *p)
{
	for (uint32_t i = 0; i < t->config.cards; i++)
		p[i] = (struct weft_point){
			.timeline = exchanged ? t->card[i].exchanged : t->card[i].computed, .value = value,
		};
	return t->config.cards;
}

/* compute(step) on card i; step == steps, with bounce, only takes over the last weights. */
static int submit_compute(struct trainer *t, uint32_t i, uint32_t step)
{
	struct trainer_card *c = &t->card[i];
	struct weft_list *list = c->job[step % TRAIN_DEPTH];
	struct weft_point waits[TRAIN_MAX_CARDS];
	const struct weft_point signal = { .timeline = c->computed, .value = step + 1 };
	struct weft_submit submit = {
		.size = sizeof(submit), .list = list, .waits = waits, .signals = &signal, .num_signals = 1,
	};
	int r = weft_list_reset(list);

	if (t->config.cards > 1 && step)
		submit.num_waits = points(t, true, step, waits);
	if (!r && t->bounce && step)
		r = weft_list_copy(list, weft_memory_address(c->weights),
				   weft_memory_address(i ? c->peer_out[0] : c->bounce_out), MODEL_BYTES);
	if (!r && step < t->steps)
		r = append_gradients(t, i, list, step);
	if (!r && step < t->steps && t->config.cards == 1)
		r = append_update(t, c, list, step);
	return r ? r : weft_queue_submit(c->queue, &submit, NULL);
}

static int submit_exchange(struct trainer *t, uint32_t i, uint32_t step)
{
	struct weft_list *list = t->card[i].exchange[step % TRAIN_DEPTH];
	struct weft_point waits[TRAIN_MAX_CARDS];
	const struct weft_point signal = { .timeline = t->card[i].exchanged, .value = step + 1 };
	const struct weft_submit submit = {
		.size = sizeof(submit), .list = list, .waits = waits,
		.num_waits = points(t, false, step + 1, waits), .signals = &signal, .num_signals = 1,
	};
	int r = weft_list_reset(list);

	if (!r)
		r = append_exchange(t, i, list, step);
	return r ? r : weft_queue_submit(t->card[i].queue, &submit, NULL);
}

static float shard_loss(struct trainer *t, uint32_t step, uint32_t shard)
{
	const uint32_t n = t->shards_per_card;

	return t->card[shard / n].loss_view[step * n + shard % n];
}

static double step_loss(struct trainer *t, uint32_t step)
{
	double sum = 0;

	for (uint32_t s = 0; s < TRAIN_SHARDS; s++)
		sum += shard_loss(t, step, s);
	return sum / step_rows(t, step);
}

static int wait_cards(struct trainer *t, bool exchanged, uint64_t value)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < t->config.cards; i++)
		r = weft_timeline_wait(exchanged ? t->card[i].exchanged : t->card[i].computed, value, STEP_TIMEOUT_NS);
	return r;
}

static int steps(struct trainer *t)
{
	const uint32_t computes = t->steps + (t->bounce ? 1 : 0);
	const uint64_t start = now_ns();
	struct progress progress;
	char detail[96];
	int r = 0;

	progress_init(&progress, "train", t->steps, t->config.quiet);
	for (uint32_t step = 0; !r && step < computes; step++) {
		/* lists are reused after TRAIN_DEPTH steps; waiting for half of them at once halves the waits */
		if (step >= TRAIN_DEPTH && step % (TRAIN_DEPTH / 2) == 0) {
			const uint32_t done = step - TRAIN_DEPTH / 2;

			r = wait_cards(t, false, done);
			if (r)
				break;
			snprintf(detail, sizeof(detail), "step %u  loss %.4f  %.0f samples/s", done,
				 step_loss(t, done - 1), done * (double)TRAIN_BATCH * 1e9 / (double)(now_ns() - start));
			progress_show(&progress, done, detail);
		}
		for (uint32_t i = 0; !r && i < t->config.cards; i++)
			r = submit_compute(t, i, step);
		for (uint32_t i = 0; !r && t->config.cards > 1 && step < t->steps && i < t->config.cards; i++)
			r = submit_exchange(t, i, step);
	}
	if (!r)
		r = wait_cards(t, t->config.cards > 1 && !t->bounce, computes);
	if (!r) {
		snprintf(detail, sizeof(detail), "step %u  loss %.4f  %.0f samples/s", t->steps,
			 step_loss(t, t->steps - 1), t->steps * (double)TRAIN_BATCH * 1e9 / (double)(now_ns() - start));
		progress_show(&progress, t->steps, detail);
	}
	progress_done(&progress);
	return r ? fail("training", r) : 0;
}

static int read_counts(struct trainer *t, struct weft *weft, struct counts *counts)
{
	struct weft_stats library = { .size = sizeof(library) };
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
		const uint64_t out = weft_memory_address(c->losses) + 4ull * t->shards_per_card * t->steps;
		struct weft_list *list = c->job[0];
		struct model_shard shard = { 0 };

		c->data.count = count;
		model_place(&shard, weft_memory_address(c->work), TEST_ROWS);
		r = weft_memory_write(c->images, 0, images->data, images->bytes);
		if (!r)
			r = weft_memory_write(c->labels, 0, labels->data, labels->bytes);
		if (!r)
			r = weft_memory_write(c->order, 0, word, 4ull * count);
		if (!r)
			r = weft_list_reset(list);
		for (uint32_t job = i; !r && job < jobs; job += t->config.cards) {
			const uint32_t first = job * TEST_ROWS;
			const uint32_t rows = count - first < TEST_ROWS ? count - first : TEST_ROWS;
			const struct weft_exec argmax = {
				.size = sizeof(argmax), .num_operands = 3,
				.operands = { out + 4 * job, shard.logits, shard.labels },
				.dims = { rows, MODEL_OUT },
			};

			r = model_forward(list, &c->data, &shard, weft_memory_address(c->weights),
					  weft_memory_address(c->order) + 4ull * first, rows);
			if (!r)
				r = weft_list_exec(list, "argmax_hits", WEFT_TYPE_F32, &argmax);
		}
		if (!r)
			r = weft_queue_run(c->queue, list, NULL);
	}
	for (uint32_t i = 0; !r && i < t->config.cards; i++) {
		struct trainer_card *c = &t->card[i];

		r = weft_queue_wait(c->queue, 0, STEP_TIMEOUT_NS);
		if (!r)
			r = weft_memory_read(c->losses, 4ull * t->shards_per_card * t->steps, word, 4ull * jobs);
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
	const uint64_t count = (uint64_t)t->steps * TRAIN_SHARDS;
	const uint32_t last_epoch = (t->steps - 1) / t->steps_per_epoch * t->steps_per_epoch;
	uint64_t rows = 0;
	int r = 0;

	result->losses = malloc(4 * count);
	result->weights = malloc(MODEL_BYTES);
	if (!result->losses || !result->weights)
		return cmd_error("run", "out of memory");
	for (uint32_t step = 0; step < t->steps; step++)
		for (uint32_t s = 0; s < TRAIN_SHARDS; s++)
			result->losses[step * TRAIN_SHARDS + s] = shard_loss(t, step, s);
	result->losses_hash = fnv64(result->losses, 4 * count);
	result->first_loss = step_loss(t, 0);
	for (uint32_t step = last_epoch; step < t->steps; step++) {
		result->train_loss += step_loss(t, step) * step_rows(t, step);
		rows += step_rows(t, step);
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
	if (!r)
		r = read_counts(&t, weft, &before);
	start = now_ns();
	if (!r)
		r = steps(&t);
	result->seconds = (double)(now_ns() - start) / 1e9;
	if (!r)
		r = read_counts(&t, weft, &after);
	if (!r)
		r = collect(&t, result);
	if (!r)
		r = test(&t, test_images, test_labels, &result->test_accuracy);
	if (!r) {
		result->steps = t.steps;
		for (uint32_t step = 0; step < t.steps; step++)
			result->samples += step_rows(&t, step);
		result->p2p_bytes = after.p2p - before.p2p;
		result->host_bounce_bytes = after.host - before.host;
		result->ioctls = after.ioctls - before.ioctls;
		result->interrupts = after.interrupts - before.interrupts;
	}
	trainer_fini(&t);
	return r;
}
