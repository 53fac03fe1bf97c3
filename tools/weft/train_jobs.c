// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Steps of the training as jobs. Of step s, with one job each:
 *	compute(s)	on every card: forward and backward of its shards
 *	exchange(s)	on every card: its part of the gradient, summed over all cards; update of that part of the weights,
 *			stored to all cards
 * compute(s + 1) waits for every card's exchange(s), exchange(s) for every card's compute(s). On one card both are one
 * job. The host only submits, up to TRAIN_DEPTH steps ahead.
 */
#include "trainer.h"

static uint64_t schedule(const struct trainer_card *c, uint32_t step, size_t member)
{
	return weft_memory_address(c->schedule) + sizeof(struct train_step) * step + member;
}

/* The card's part of the weights, from the reduced gradient. */
static int append_update(struct trainer *t, struct trainer_card *c, const struct model_to *to, uint32_t step)
{
	const uint64_t at = 4 * c->first;

	return model_update(to, weft_memory_address(c->weights) + at, weft_memory_address(c->velocity) + at,
			    weft_memory_address(c->reduced) + at, c->count, schedule(c, step, offsetof(struct train_step, rate)),
			    t->config.momentum);
}

/* The card's part: gradients of all cards are read, new weights stored to all cards (with bounce, to host memory). */
static int append_exchange(struct trainer *t, uint32_t i, const struct model_to *to, uint32_t step)
{
	struct trainer_card *c = &t->card[i];
	const uint32_t n = t->config.cards;
	const uint64_t at = 4 * c->first, weights = weft_memory_address(c->weights) + at;
	uint64_t src[TRAIN_MAX_CARDS], dst[TRAIN_MAX_CARDS] = { weft_memory_address(c->reduced) + at };
	uint32_t peers = 0;
	int r;

	for (uint32_t k = 0; k < n; k++)
		src[k] = weft_memory_address(k == i ? c->published : c->peer_in[k]) + at;
	r = model_sum(to, src, n, dst, 1, c->count);
	if (!r)
		r = append_update(t, c, to, step);
	if (!r && t->bounce)
		return weft_list_copy(to->list, weft_memory_address(i ? c->peer_out[0] : c->bounce_out) + at, weights,
				      4 * c->count);
	for (uint32_t k = 0; k < n; k++)
		if (k != i)
			dst[peers++] = weft_memory_address(c->peer_out[k]) + at;
	/* one source: its bits, read once for all destinations */
	return r ? r : model_sum(to, &weights, 1, dst, peers, c->count);
}

static int append_gradients(struct trainer *t, uint32_t i, const struct model_to *to, uint32_t step)
{
	struct trainer_card *c = &t->card[i];
	const uint32_t n = t->shards_per_card;
	const uint64_t weights = weft_memory_address(c->weights), order = weft_memory_address(c->order);
	uint64_t src[TRAIN_SHARDS], dst;
	int r = 0;

	for (uint32_t k = 0; !r && k < n; k++) {
		const uint32_t shard = i * n + k, rows = train_shard_rows(t, step, shard);
		const struct model_shard *s = &c->shard[k];

		r = model_first(to, &c->data, s, weights, order + 4ull * (step * TRAIN_BATCH + shard * TRAIN_ROWS), rows);
		if (!r)
			r = model_upper(to, s, weights, rows, schedule(c, step, offsetof(struct train_step, scale)),
					weft_memory_address(c->losses) + 4ull * (step * n + k));
		if (!r)
			r = model_lower(to, s, rows);
		src[k] = s->lower;	/* the upper gradient follows it */
	}
	if (!r && n > 1) {
		dst = weft_memory_address(n == TRAIN_SHARDS ? c->reduced : c->partial);
		r = model_sum(to, src, n, &dst, 1, MODEL_COUNT);
	}
	if (!r && t->bounce)
		r = weft_list_copy(to->list, weft_memory_address(c->published),
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
	const struct model_to to = { .list = list };
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
		r = append_gradients(t, i, &to, step);
	if (!r && step < t->steps && t->config.cards == 1)
		r = append_update(t, c, &to, step);
	return r ? r : weft_queue_submit(c->queue, &submit, NULL);
}

static int submit_exchange(struct trainer *t, uint32_t i, uint32_t step)
{
	struct weft_list *list = t->card[i].exchange[step % TRAIN_DEPTH];
	const struct model_to to = { .list = list };
	struct weft_point waits[TRAIN_MAX_CARDS];
	const struct weft_point signal = { .timeline = t->card[i].exchanged, .value = step + 1 };
	const struct weft_submit submit = {
		.size = sizeof(submit), .list = list, .waits = waits,
		.num_waits = points(t, false, step + 1, waits), .signals = &signal, .num_signals = 1,
	};
	int r = weft_list_reset(list);

	if (!r)
		r = append_exchange(t, i, &to, step);
	return r ? r : weft_queue_submit(t->card[i].queue, &submit, NULL);
}

static int wait_cards(struct trainer *t, bool exchanged, uint64_t value)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < t->config.cards; i++)
		r = weft_timeline_wait(exchanged ? t->card[i].exchanged : t->card[i].computed, value, STEP_TIMEOUT_NS);
	return r;
}

int train_jobs_take(struct trainer *t, uint32_t step)
{
	const uint32_t n = t->shards_per_card;

	for (uint32_t s = 0; s < TRAIN_SHARDS; s++)
		t->losses[step * TRAIN_SHARDS + s] = t->card[s / n].loss_view[step * n + s % n];
	return 0;
}

int train_jobs_run(struct trainer *t)
{
	const uint32_t computes = t->steps + (t->bounce ? 1 : 0);
	int r = 0;

	for (uint32_t step = 0; !r && step < computes; step++) {
		/* lists are reused after TRAIN_DEPTH steps; waiting for half of them at once halves the waits */
		if (step >= TRAIN_DEPTH && step % (TRAIN_DEPTH / 2) == 0) {
			const uint32_t done = step - TRAIN_DEPTH / 2;

			r = wait_cards(t, false, done);
			if (r)
				break;
			train_jobs_take(t, done - 1);
			train_show(t, done);
		}
		for (uint32_t i = 0; !r && i < t->config.cards; i++)
			r = submit_compute(t, i, step);
		for (uint32_t i = 0; !r && t->config.cards > 1 && step < t->steps && i < t->config.cards; i++)
			r = submit_exchange(t, i, step);
	}
	if (!r)
		r = wait_cards(t, t->config.cards > 1 && !t->bounce, computes);
	if (!r) {
		train_jobs_take(t, t->steps - 1);
		train_show(t, t->steps);
	}
	return r;
}
