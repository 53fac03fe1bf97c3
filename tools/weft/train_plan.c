// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Steps of the training as sequences of a plan: the host opens them all at once and sleeps. Each shard has two lanes on its
 * card. Of step s, with the weights cut in two (model.h):
 *	first, upper, lower	forward and backward of the shard. upper ends with the gradient of the upper layers, lower with
 *				that of the first
 *	update upper, lower	in buckets: a reduce-scatter of the gradients of all shards, whose bodies then update weights and
 *				velocity of their share, while it is in the cache, and store the weights to all cards
 * first(s + 1) needs every update lower(s), upper(s + 1) every update upper(s), so no weight is older than in a serial program,
 * while the upper layers are updated under the backward pass of the first one and the first layer of the next step.
 * With two cards a reduce-scatter on each, `sum`, goes before that between them, so that one gradient goes over the link and not
 * two.
 *
 * Gradients are blocks of the plan. Weights are parts of one array that bodies of all cards store to, which no edge can be: they
 * lie in the trainer's memory, are named by address, and control edges carry the order.
 */
#include "trainer.h"

#include <weft/plan_coll.h>

#include <errno.h>
#include <stdlib.h>

#define LOSSES_MAX	65535u		/* steps of a plan: entries of a table, and blocks of an edge */
#define SHARE		32768u		/* elements of a bucket's share: with its sources it stays in a core's cache */
#define FLOP_PER_NS	40u		/* of an engine, for the planner's estimates … */
#define ELEMENTS_PER_NS	1u		/* … and what it updates */
#define LOOK_NS		250000000ull
#define PARTS		50u		/* waits of a run that shows its progress … */
#define QUIET_STEPS	1000u		/* … and the steps of one wait of a run that does not */
#define SLOW_STEP_NS	500000000ull	/* added to the time-out for each step waited for */

enum half { LOWER, UPPER };
static const char *const half_name[] = { "lower", "upper" };
static const uint64_t half_first[] = { 0, MODEL_UPPER }, half_count[] = { MODEL_UPPER, MODEL_COUNT - MODEL_UPPER };

struct worker {
	uint32_t number;		/* of its shard, and of its share of each bucket */
	uint32_t card;
	struct trainer_card *of;
	uint32_t last_rows;		/* of its shard in the last step of an epoch */
	struct weft_body *first, *upper, *lower;
	uint64_t loss_out, gradient_out[2];	/* operands */
	struct weft_edge *loss, *activations, *deltas;
	struct weft_edge *gradient[2], *weights[2];
};

struct train_plan {
	struct weft_plan *plan;
	struct weft_constant *order[TRAIN_MAX_CARDS], *schedule[TRAIN_MAX_CARDS];
	struct worker worker[TRAIN_SHARDS];
};

static int edge(struct train_plan *p, const struct worker *w, const char *name, struct weft_edge_desc d, struct weft_edge **edge)
{
	char full[32];

	snprintf(full, sizeof(full), "%s %u", name, w->number);
	d.size = sizeof(d);
	d.name = full;
	return weft_edge_create(p->plan, &d, edge);
}

static int edges(struct trainer *t, struct worker *w)
{
	const struct weft_edge_desc order = { .flags = WEFT_EDGE_CONTROL, .depth = 1 };
	const struct weft_edge_desc done = { .flags = WEFT_EDGE_CONTROL, .depth = 1, .initial = 1 };
	const struct weft_edge_desc loss = { .flags = WEFT_EDGE_NO_SHARE, .block_bytes = 4, .depth = t->steps };
	int r = edge(t->plan, w, "loss", loss, &w->loss);

	if (!r)
		r = edge(t->plan, w, "activations", order, &w->activations);
	if (!r)
		r = edge(t->plan, w, "deltas", order, &w->deltas);
	for (int half = LOWER; !r && half <= UPPER; half++) {
		const struct weft_edge_desc gradient = {
			/* all shares are equal, so the last ones may reach beyond it */
			.block_bytes = 4 * TRAIN_SHARDS * ((half_count[half] + TRAIN_SHARDS - 1) / TRAIN_SHARDS),
			.flags = WEFT_EDGE_NO_SHARE, .depth = 1, .device = 1 + w->card,
		};
		char name[24];

		snprintf(name, sizeof(name), "gradient %s", half_name[half]);
		r = edge(t->plan, w, name, gradient, &w->gradient[half]);
		snprintf(name, sizeof(name), "weights %s", half_name[half]);
		if (!r)
			r = edge(t->plan, w, name, done, &w->weights[half]);
	}
	return r;
}

static int body(struct train_plan *p, const struct worker *w, const char *name, const char *lane, uint64_t time_ns,
		struct weft_body **body)
{
	char full[32], queue[32];
	const struct weft_body_desc d = {
		.size = sizeof(d), .name = full, .lane = queue, .device = w->card, .time_ns = time_ns,
	};

	snprintf(full, sizeof(full), "%s %u", name, w->number);
	snprintf(queue, sizeof(queue), "%s %u", lane, w->number);
	return weft_body_create(p->plan, &d, body);
}

/* The one token that a body gives to an edge in each sequence. */
static int give(struct weft_body *b, struct weft_edge *e, uint64_t *operand)
{
	int r = weft_body_output(b, e, 1);

	*operand = r ? 0 : weft_body_out(b, e, 0);
	return r ? r : *operand ? 0 : -ENOMEM;
}

/* Operand for a member of the step's record; 0: no memory */
static uint64_t schedule(const struct trainer *t, struct weft_body *b, const struct worker *w, size_t member)
{
	const uint64_t table = weft_body_table(b, t->plan->schedule[w->card], sizeof(struct train_step), t->steps, 1);

	return table ? table + member : 0;
}

/* The commands of a body for a shard of a number of rows. */
typedef int (*shard_part)(struct trainer *t, const struct worker *w, struct weft_body *b, uint32_t rows);

/* Commands for both numbers of rows that the shard can have, one after the other, of which one takes place. */
static int either(struct trainer *t, const struct worker *w, struct weft_body *b, shard_part part)
{
	uint64_t rows;
	int r;

	if (w->last_rows == TRAIN_ROWS || t->steps < t->steps_per_epoch)
		return part(t, w, b, TRAIN_ROWS);
	rows = schedule(t, b, w, offsetof(struct train_step, rows));
	if (!rows)
		return -ENOMEM;
	r = weft_body_pred(b, WEFT_COMPARE_EQ, rows, TRAIN_BATCH);
	if (!r)
		r = part(t, w, b, TRAIN_ROWS);
	if (!r)
		r = weft_body_pred(b, WEFT_COMPARE_NE, rows, TRAIN_BATCH);
	return r ? r : part(t, w, b, w->last_rows);
}

static const struct model_shard *shard_of(const struct trainer *t, const struct worker *w)
{
	return &w->of->shard[w->number % t->shards_per_card];
}

static int part_first(struct trainer *t, const struct worker *w, struct weft_body *b, uint32_t rows)
{
	const uint64_t order = weft_body_table(b, t->plan->order[w->card], 4 * TRAIN_BATCH, t->steps, 1);
	const struct model_to to = { .body = b };

	return order ? model_first(&to, &w->of->data, shard_of(t, w), weft_memory_address(w->of->weights),
				   order + 4 * TRAIN_ROWS * w->number, rows) : -ENOMEM;
}

static int part_upper(struct trainer *t, const struct worker *w, struct weft_body *b, uint32_t rows)
{
	const uint64_t scale = schedule(t, b, w, offsetof(struct train_step, scale));
	const struct model_to to = { .body = b };
	struct model_shard s = *shard_of(t, w);

	s.upper = w->gradient_out[UPPER];
	return scale ? model_upper(&to, &s, weft_memory_address(w->of->weights), rows, scale, w->loss_out) : -ENOMEM;
}

static int part_lower(struct trainer *t, const struct worker *w, struct weft_body *b, uint32_t rows)
{
	const struct model_to to = { .body = b };
	struct model_shard s = *shard_of(t, w);

	s.lower = w->gradient_out[LOWER];
	return model_lower(&to, &s, rows);
}

/* Every worker's update goes before what reads its weights. */
static int reads_weights(struct train_plan *p, struct weft_body *b, enum half half)
{
	int r = 0;

	for (uint32_t v = 0; !r && v < TRAIN_SHARDS; v++)
		r = weft_body_input(b, p->worker[v].weights[half], 1);
	return r;
}

static int passes(struct trainer *t, struct worker *w)
{
	struct train_plan *p = t->plan;
	const uint64_t lower_ns = 2 * TRAIN_ROWS * MODEL_IN * MODEL_HIDDEN / FLOP_PER_NS;
	const uint64_t upper_ns = TRAIN_ROWS * MODEL_FLOP_PER_ROW / FLOP_PER_NS - 2 * lower_ns;
	int r = body(p, w, "first", "pass", lower_ns, &w->first);

	if (!r)
		r = body(p, w, "upper", "pass", upper_ns, &w->upper);
	if (!r)
		r = body(p, w, "lower", "pass", lower_ns, &w->lower);
	if (!r)
		r = reads_weights(p, w->first, LOWER);
	if (!r)
		r = weft_body_output(w->first, w->activations, 1);
	if (!r)
		r = either(t, w, w->first, part_first);
	if (!r)
		r = weft_body_input(w->upper, w->activations, 1);
	if (!r)
		r = reads_weights(p, w->upper, UPPER);
	if (!r)
		r = weft_body_output(w->upper, w->deltas, 1);
	if (!r)
		r = give(w->upper, w->loss, &w->loss_out);
	if (!r)
		r = give(w->upper, w->gradient[UPPER], &w->gradient_out[UPPER]);
	if (!r)
		r = either(t, w, w->upper, part_upper);
	if (!r)
		r = weft_body_input(w->lower, w->deltas, 1);
	if (!r)
		r = give(w->lower, w->gradient[LOWER], &w->gradient_out[LOWER]);
	return r ? r : either(t, w, w->lower, part_lower);
}

/* Elements of a half that are reduced and updated together, each worker its share of them. */
struct bucket {
	enum half half;
	uint32_t number;
	uint64_t first, count, share;
};

static uint32_t buckets(enum half half)
{
	return (uint32_t)((half_count[half] + TRAIN_SHARDS * SHARE - 1) / (TRAIN_SHARDS * SHARE));
}

static struct bucket bucket_of(enum half half, uint32_t number)
{
	struct bucket b = { .half = half, .number = number };

	weft_tensor_split((half_count[half] + TRAIN_SHARDS - 1) / TRAIN_SHARDS, buckets(half), number, &b.first, &b.share);
	b.first *= TRAIN_SHARDS;
	b.count = half_count[half] - b.first < TRAIN_SHARDS * b.share ? half_count[half] - b.first : TRAIN_SHARDS * b.share;
	return b;
}

/* Reduce-scatter of a bucket; what its bodies make is theirs, or goes on. @device: of each member */
static int scatter(struct trainer *t, const struct bucket *b, const char *name, uint32_t members, uint64_t count, uint64_t offset,
		   const uint32_t *device, struct weft_edge *const *in, struct weft_edge **out, struct weft_body **body)
{
	char full[48];
	const struct weft_plan_coll_desc d = {
		.size = sizeof(d), .op = WEFT_COLL_REDUCE_SCATTER, .type = WEFT_TYPE_F32, .num_members = members, .depth = 1, .name = full,
		.lane = "update", .count = count, .device = device, .in = in, .in_offset = offset, .time_ns = count / ELEMENTS_PER_NS,
	};

	snprintf(full, sizeof(full), "%s %s %u", name, half_name[b->half], b->number);
	return weft_plan_coll(t->plan->plan, &d, out, body);
}

/* With two cards: what the two workers of each made, added up in two pieces, each for the two workers of one card. */
static int add_sums(struct trainer *t, const struct bucket *b, struct weft_edge *(*sum)[2])
{
	int r = 0;

	for (uint32_t card = 0; !r && card < 2; card++) {
		struct weft_edge *const in[2] = { t->plan->worker[2 * card].gradient[b->half],
						  t->plan->worker[2 * card + 1].gradient[b->half] };
		const uint32_t device[2] = { card, card };
		char name[16];

		snprintf(name, sizeof(name), "sum of %u,", card);
		r = scatter(t, b, name, 2, 2 * b->share, 4 * b->first, device, in, sum[card], NULL);
	}
	return r;
}

/* More for the body that has summed up worker @w's share: the update of its weights, which all cards get. */
static int update(struct trainer *t, const struct worker *w, const struct bucket *b, struct weft_body *body, struct weft_edge *out)
{
	const uint64_t at = w->number * b->share, offset = 4 * (half_first[b->half] + b->first + at);
	const uint64_t count = at >= b->count ? 0 : b->count - at < b->share ? b->count - at : b->share;
	const uint64_t weights = weft_memory_address(w->of->weights) + offset, sum = weft_body_out(body, out, 0);
	const struct model_to to = { .body = body };
	uint64_t dst[TRAIN_MAX_CARDS];
	uint32_t peers = 0;
	int r = sum ? 0 : -ENOMEM;

	if (!r && count)
		r = model_update(&to, weights, weft_memory_address(w->of->velocity) + offset, sum, count,
				 schedule(t, body, w, offsetof(struct train_step, rate)), t->config.momentum);
	for (uint32_t k = 0; k < t->config.cards; k++)
		if (k != w->card)
			dst[peers++] = weft_memory_address(w->of->peer_out[k]) + offset;
	/* one source: its bits, read once for all destinations */
	if (!r && count && peers)
		r = model_sum(&to, &weights, 1, dst, peers, count);
	/* buckets of a worker are in one lane */
	return r || b->number + 1 < buckets(b->half) ? r : weft_body_output(body, w->weights[b->half], 1);
}

/* Updates of @members workers from @first on, of which each has a body of one call. */
static int add_updates(struct trainer *t, const struct bucket *b, const char *name, uint32_t first, uint32_t members, uint64_t offset,
		       struct weft_edge *const *in)
{
	struct weft_edge *out[TRAIN_SHARDS];
	struct weft_body *body[TRAIN_SHARDS];
	uint32_t device[TRAIN_SHARDS];
	int r;

	for (uint32_t m = 0; m < members; m++)
		device[m] = t->plan->worker[first + m].card;
	r = scatter(t, b, name, members, b->share, offset, device, in, out, body);
	for (uint32_t m = 0; !r && m < members; m++)
		r = update(t, &t->plan->worker[first + m], b, body[m], out[m]);
	return r;
}

static int add_half(struct trainer *t, enum half half)
{
	struct weft_edge *in[TRAIN_SHARDS], *sum[2][2];
	int r = 0;

	for (uint32_t i = 0; !r && i < buckets(half); i++) {
		const struct bucket b = bucket_of(half, i);

		if (t->shards_per_card != 2) {
			for (uint32_t v = 0; v < TRAIN_SHARDS; v++)
				in[v] = t->plan->worker[v].gradient[half];
			r = add_updates(t, &b, "update", 0, TRAIN_SHARDS, 4 * b.first, in);
			continue;
		}
		r = add_sums(t, &b, sum);
		for (uint32_t card = 0; !r && card < 2; card++) {
			char name[16];

			snprintf(name, sizeof(name), "update on %u,", card);
			in[0] = sum[0][card];
			in[1] = sum[1][card];
			r = add_updates(t, &b, name, 2 * card, 2, 0, in);
		}
	}
	return r;
}

static int constants(struct trainer *t, uint32_t card)
{
	struct trainer_card *c = &t->card[card];
	char name[16];
	int r;

	snprintf(name, sizeof(name), "order %u", card);
	r = weft_constant_create(t->plan->plan, name, 4ull * TRAIN_BATCH * t->steps, c->order, &t->plan->order[card]);
	snprintf(name, sizeof(name), "schedule %u", card);
	return r ? r : weft_constant_create(t->plan->plan, name, sizeof(struct train_step) * t->steps, c->schedule,
					    &t->plan->schedule[card]);
}

static int build(struct trainer *t)
{
	const struct weft_plan_config config = { .size = sizeof(config), .name = "train" };
	struct weft_device *device[TRAIN_MAX_CARDS];
	struct train_plan *p = t->plan;
	int r;

	for (uint32_t i = 0; i < t->config.cards; i++)
		device[i] = t->card[i].device;
	r = weft_plan_create(device, t->config.cards, &config, &p->plan);
	for (uint32_t i = 0; !r && i < t->config.cards; i++)
		r = constants(t, i);
	for (uint32_t i = 0; !r && i < TRAIN_SHARDS; i++) {
		struct worker *w = &p->worker[i];

		*w = (struct worker){ .number = i, .card = i / t->shards_per_card };
		w->of = &t->card[w->card];
		w->last_rows = train_shard_rows(t, t->steps_per_epoch - 1, i);
		r = edges(t, w);
	}
	for (uint32_t i = 0; !r && i < TRAIN_SHARDS; i++)
		r = passes(t, &p->worker[i]);
	/* the upper layers first: their gradients are there first */
	if (!r)
		r = add_half(t, UPPER);
	if (!r)
		r = add_half(t, LOWER);
	return r;
}

int train_plan_init(struct trainer *t)
{
	int r;

	if (t->steps > LOSSES_MAX)
		return cmd_error("run", "%u steps, and a plan has at most %u; give --jobs or --steps", t->steps, LOSSES_MAX);
	t->plan = calloc(1, sizeof(*t->plan));
	r = t->plan ? build(t) : -ENOMEM;
	if (!r)
		r = weft_plan_load(t->plan->plan);
	return r ? cmd_weft_error("run", r == -EOPNOTSUPP ? "plan (--jobs needs none)" : "plan", r) : 0;
}

int train_plan_take(struct trainer *t, uint32_t step)
{
	int r = 0;

	for (uint32_t s = 0; !r && s < TRAIN_SHARDS; s++)
		r = weft_edge_read(t->plan->worker[s].loss, step, 0, &t->losses[step * TRAIN_SHARDS + s], sizeof(float));
	return r;
}

/* Up to `to` steps, looking up now and then if somebody looks on. */
static int wait(struct trainer *t, uint32_t to, uint32_t done)
{
	const uint64_t bound = STEP_TIMEOUT_NS + (to - done) * SLOW_STEP_NS, until = now_ns() + bound;
	int r;

	if (t->config.quiet)
		return weft_plan_wait(t->plan->plan, to - 1, bound);
	while ((r = weft_plan_wait(t->plan->plan, to - 1, LOOK_NS)) == -ETIME && now_ns() < until)
		if (done)
			train_show(t, done);
	return r;
}

int train_plan_run(struct trainer *t)
{
	const uint32_t part = t->config.quiet ? QUIET_STEPS : (t->steps + PARTS - 1) / PARTS;
	int r = weft_plan_run(t->plan->plan, t->steps, NULL);

	for (uint32_t done = 0, to; !r && done < t->steps; done = to) {
		to = t->steps - done < part ? t->steps : done + part;
		r = wait(t, to, done);
		if (!r && !t->config.quiet)
			r = train_plan_take(t, to - 1);
		if (!r && !t->config.quiet)
			train_show(t, to);
	}
	/* no step follows that would see them, so it is the end that puts the last weights stored to peers before the host's reads */
	return r ? r : weft_plan_end(t->plan->plan, STEP_TIMEOUT_NS);
}

void train_plan_fini(struct trainer *t)
{
	if (t->plan && t->plan->plan)
		weft_plan_destroy(t->plan->plan);
	free(t->plan);
	t->plan = NULL;
}
