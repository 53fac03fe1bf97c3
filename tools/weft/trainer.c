// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Cards, their memory, and who imports what. Each card owns a part of the model: it sums that part of the gradient of
 * all cards, updates that part of the weights, and stores it to all cards. A plan of bodies (train_plan.c) has blocks of its
 * own for gradients; with jobs (train_jobs.c) they lie here:
 *	gradients[shard] → (two shards a card: partial, one REDUCE) → published → exchange → reduced → weights of all
 * With P2P `published` is the card's own memory, and its owner's weights are stored to the peers directly. Where cards
 * cannot reach each other and the user allows it, `published` and the new weights lie in pinned host memory and are
 * copied there and back, by jobs.
 */
#include "trainer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

static int fail(const char *what, int r)
{
	return cmd_weft_error("run", what, r);
}

static int local(struct trainer_card *c, uint64_t bytes, struct weft_memory **memory)
{
	int r = weft_memory_alloc(c->device, bytes, WEFT_PLACE_LOCAL, memory);

	return r ? fail("card memory", r) : 0;
}

static int open_card(struct trainer *t, struct weft *weft, uint32_t i)
{
	struct trainer_card *c = &t->card[i];
	const struct weft_queue_config queue = {
		.size = sizeof(queue), .name = "train", .run_limit_ms = 60000, .command_bytes = 1 << 20,
	};
	int r = weft_device_open(weft, "card", i, &c->device);

	if (!r)
		r = weft_queue_create(c->device, &queue, &c->queue);
	if (!r)
		r = weft_timeline_create(c->device, "computed", &c->computed);
	if (!r)
		r = weft_timeline_create(c->device, "exchanged", &c->exchanged);
	for (uint32_t k = 0; !r && k < TRAIN_DEPTH; k++)
		r = weft_list_create(c->device, &c->job[k]);
	for (uint32_t k = 0; !r && k < TRAIN_DEPTH; k++)
		r = weft_list_create(c->device, &c->exchange[k]);
	if (!r)
		r = weft_tensor_split(MODEL_COUNT, t->config.cards, i, &c->first, &c->count);
	return r ? fail("card", r) : 0;
}

static int allocate(struct trainer *t, struct trainer_card *c, const struct idx *images, uint32_t test_count)
{
	const uint32_t n = t->shards_per_card;
	const uint64_t test_work = model_work_bytes(TEST_ROWS), work = model_work_bytes(TRAIN_ROWS);
	const uint32_t order = t->steps * TRAIN_BATCH;
	void *view;
	int r;

	r = local(c, images->bytes, &c->images);
	if (!r)
		r = local(c, images->shape[0], &c->labels);
	if (!r)
		r = local(c, 4ull * (order > test_count ? order : test_count), &c->order);
	if (!r)
		r = local(c, sizeof(struct train_step) * t->steps, &c->schedule);
	if (!r)
		r = local(c, MODEL_BYTES, &c->weights);
	if (!r)
		r = local(c, MODEL_BYTES, &c->velocity);
	if (!r)
		r = local(c, MODEL_BYTES, &c->reduced);
	if (!r)
		r = local(c, n * work > test_work ? n * work : test_work, &c->work);
	if (!r && t->jobs)
		r = local(c, (uint64_t)n * MODEL_BYTES, &c->gradients);
	if (!r && t->jobs && n == 2)
		r = local(c, MODEL_BYTES, &c->partial);
	/* and hits of the test */
	if (!r)
		r = local(c, 4ull * n * t->steps + 4ull * (test_count / TEST_ROWS + 1), &c->losses);
	if (!r && t->jobs) {
		r = weft_memory_map(c->losses, &view);
		if (r)
			return fail("map", r);
		c->loss_view = view;
	}
	return r;
}

static void place(struct trainer *t, struct trainer_card *c, const struct idx *images)
{
	for (uint32_t k = 0; k < t->shards_per_card; k++) {
		model_place(&c->shard[k], weft_memory_address(c->work) + k * model_work_bytes(TRAIN_ROWS), TRAIN_ROWS);
		if (!t->jobs)
			continue;
		c->shard[k].lower = weft_memory_address(c->gradients) + (uint64_t)k * MODEL_BYTES;
		c->shard[k].upper = c->shard[k].lower + 4 * MODEL_UPPER;
	}
	c->data = (struct model_data){
		.images = weft_memory_address(c->images), .labels = weft_memory_address(c->labels),
		.count = images->shape[0],
	};
}

/* The order in which rows are used: one permutation an epoch (Fisher and Yates), each from the beginning of a step on. */
static uint32_t *make_order(const struct trainer *t)
{
	const uint32_t epochs = (t->steps + t->steps_per_epoch - 1) / t->steps_per_epoch;
	uint32_t *order = calloc((size_t)epochs * t->steps_per_epoch, 4ull * TRAIN_BATCH);
	uint64_t state = t->config.seed ^ 0x6f72646572u;

	for (uint32_t e = 0; order && e < epochs; e++) {
		uint32_t *p = order + (uint64_t)e * t->steps_per_epoch * TRAIN_BATCH;

		for (uint32_t i = 0; i < t->rows; i++)
			p[i] = i;
		for (uint32_t i = t->rows - 1; i > 0; i--) {
			uint32_t j = (uint32_t)(random_next(&state) % (i + 1)), x = p[i];

			p[i] = p[j];
			p[j] = x;
		}
	}
	return order;
}

static struct train_step *make_schedule(const struct trainer *t)
{
	struct train_step *s = malloc(sizeof(*s) * t->steps);

	for (uint32_t step = 0; s && step < t->steps; step++)
		s[step] = (struct train_step){
			.rate = t->config.rate * (1.0f - (float)step / (float)t->steps),
			.scale = 1.0f / (float)train_step_rows(t, step), .rows = train_step_rows(t, step),
		};
	return s;
}

static int upload(struct trainer *t, const struct idx *images, const struct idx *labels)
{
	struct train_step *schedule = make_schedule(t);
	uint32_t *order = make_order(t);
	float *parameters = malloc(MODEL_BYTES);
	struct progress progress;
	int r = schedule && order && parameters ? 0 : -ENOMEM;

	progress_init(&progress, "upload", t->config.cards, t->config.quiet);
	if (!r)
		model_init(parameters, t->config.seed);
	for (uint32_t i = 0; !r && i < t->config.cards; i++) {
		struct trainer_card *c = &t->card[i];

		r = weft_memory_write(c->images, 0, images->data, images->bytes);
		if (!r)
			r = weft_memory_write(c->labels, 0, labels->data, labels->bytes);
		if (!r)
			r = weft_memory_write(c->order, 0, order, 4ull * TRAIN_BATCH * t->steps);
		if (!r)
			r = weft_memory_write(c->schedule, 0, schedule, sizeof(*schedule) * t->steps);
		if (!r)
			r = weft_memory_write(c->weights, 0, parameters, MODEL_BYTES);
		progress_show(&progress, i + 1, "");
	}
	progress_done(&progress);
	free(parameters);
	free(schedule);
	free(order);
	return r ? fail("upload", r) : 0;
}

/* Where the kernel cannot map peers, says so, and goes through host memory only when the user asked for that. */
static int choose_path(struct trainer *t)
{
	for (uint32_t a = 0; a < t->config.cards; a++) {
		for (uint32_t b = 0; b < t->config.cards; b++) {
			struct weft_peer peer = { .size = sizeof(peer) };
			int r = weft_device_peer(t->card[a].device, t->card[b].device, &peer);

			if (r)
				return fail("topology", r);
			if (peer.reach != WEFT_REACH_NONE)
				continue;
			if (!t->config.allow_bounce)
				return cmd_error("run", "card %u cannot reach card %u: %s; --allow-bounce sends "
						 "gradients through host memory", a, b, peer.why);
			t->bounce = t->jobs = true;
		}
	}
	return 0;
}

static int publish(struct trainer *t)
{
	const uint32_t n = t->config.cards;
	int r = 0;

	for (uint32_t i = 0; !r && t->jobs && i < n; i++) {
		struct trainer_card *c = &t->card[i];

		c->published = t->shards_per_card == 1 ? c->gradients : c->partial;
		if (t->bounce)
			r = weft_memory_alloc(c->device, MODEL_BYTES, WEFT_PLACE_HOST, &c->published);
		if (!r && t->bounce && i == 0)
			r = weft_memory_alloc(c->device, MODEL_BYTES, WEFT_PLACE_HOST, &c->bounce_out);
	}
	for (uint32_t i = 0; !r && i < n; i++) {
		for (uint32_t k = 0; !r && k < n; k++) {
			struct trainer_card *c = &t->card[i], *peer = &t->card[k];
			struct weft_memory *out = t->bounce ? t->card[0].bounce_out : peer->weights;

			if (k != i && t->jobs)
				r = weft_memory_import(c->device, peer->published, WEFT_ACCESS_READ, &c->peer_in[k]);
			if (!r && k != i && (!t->bounce || k == 0))
				r = weft_memory_import(c->device, out, WEFT_ACCESS_READ | WEFT_ACCESS_WRITE,
						       &c->peer_out[k]);
		}
	}
	return r ? fail("peer memory", r) : 0;
}

int trainer_init(struct trainer *t, struct weft *weft, const struct train_config *config, const struct idx *images,
		 const struct idx *labels, const struct idx *test_images)
{
	int r = 0;

	memset(t, 0, sizeof(*t));
	t->config = *config;
	t->rows = images->shape[0];
	t->shards_per_card = TRAIN_SHARDS / config->cards;
	t->steps_per_epoch = (t->rows + TRAIN_BATCH - 1) / TRAIN_BATCH;
	t->steps = t->steps_per_epoch * config->epochs;
	if (config->max_steps && config->max_steps < t->steps)
		t->steps = config->max_steps;
	t->jobs = config->jobs;
	t->losses = malloc(4ull * t->steps * TRAIN_SHARDS);
	if (!t->losses)
		return cmd_error("run", "out of memory");
	for (uint32_t i = 0; !r && i < config->cards; i++)
		r = open_card(t, weft, i);
	if (!r)
		r = choose_path(t);
	for (uint32_t i = 0; !r && i < config->cards; i++) {
		r = allocate(t, &t->card[i], images, test_images->shape[0]);
		if (!r)
			place(t, &t->card[i], images);
	}
	if (!r && config->cards > 1)
		r = publish(t);
	return r ? r : upload(t, images, labels);
}

static void free_memory(struct weft_memory **memory)
{
	if (*memory)
		weft_memory_destroy(*memory);
	*memory = NULL;
}

void trainer_fini(struct trainer *t)
{
	for (uint32_t i = 0; i < t->config.cards; i++)
		if (t->card[i].queue)
			weft_queue_destroy(t->card[i].queue);
	for (uint32_t i = 0; i < t->config.cards; i++) {
		for (uint32_t k = 0; k < TRAIN_MAX_CARDS; k++) {
			free_memory(&t->card[i].peer_in[k]);
			free_memory(&t->card[i].peer_out[k]);
		}
	}
	for (uint32_t i = 0; i < t->config.cards; i++) {
		struct trainer_card *c = &t->card[i];
		struct weft_memory **all[] = {
			&c->images, &c->labels, &c->order, &c->schedule, &c->weights, &c->velocity, &c->work, &c->gradients,
			&c->partial, &c->reduced, &c->losses, &c->bounce_out,
		};

		if (t->bounce)
			free_memory(&c->published);
		for (size_t k = 0; k < ARRAY_SIZE(all); k++)
			free_memory(all[k]);
		for (uint32_t k = 0; k < TRAIN_DEPTH; k++) {
			if (c->job[k])
				weft_list_destroy(c->job[k]);
			if (c->exchange[k])
				weft_list_destroy(c->exchange[k]);
		}
		if (c->computed)
			weft_timeline_destroy(c->computed);
		if (c->exchanged)
			weft_timeline_destroy(c->exchanged);
		int r = c->device ? weft_device_close(c->device) : 0;

		if (r)
			cmd_weft_error("run", "close", r);
	}
	free(t->losses);
}
