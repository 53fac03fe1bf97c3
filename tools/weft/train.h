/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Synchronous data-parallel training. A global batch is four shards of at most 64 rows, whatever the number of cards;
 * shard gradients are summed by the fixed tree of REDUCE, so that results do not depend on the number of cards.
 */
#ifndef WEFT_TRAIN_H
#define WEFT_TRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "idx.h"
#include "model.h"

#define TRAIN_SHARDS	4u
#define TRAIN_ROWS	64u			/* of a shard */
#define TRAIN_BATCH	(TRAIN_SHARDS * TRAIN_ROWS)
#define TRAIN_MAX_CARDS	4u

struct train_config {
	uint32_t cards;			/* 1, 2 or 4 */
	uint32_t epochs;
	uint32_t max_steps;		/* 0 = all */
	uint64_t seed;
	float rate, momentum;		/* rate falls linearly to 0 */
	bool allow_bounce;		/* gradients through host memory where cards cannot reach each other; needs jobs */
	bool jobs;			/* no bodies */
	bool quiet;
};

struct train_result {
	uint32_t steps;
	double first_loss, train_loss;	/* mean loss per row: of the first step; of the last epoch */
	double test_accuracy;
	double seconds;			/* of the steps alone */
	uint64_t samples;
	/* counted from the first step to the last, by the cards, the driver and the library */
	uint64_t p2p_bytes, host_bounce_bytes, ioctls, interrupts;
	uint64_t context_switches;	/* of this process meanwhile, of either kind */
	bool jobs;			/* steps were jobs */
	uint64_t losses_hash, weights_hash;
	float *losses;			/* [steps][TRAIN_SHARDS], freed by the caller */
	float *weights;			/* [MODEL_COUNT], freed by the caller */
};

/* The data sets must have MODEL_IN bytes an image. 0, or -1 after one line on standard error. */
int train_run(struct weft *weft, const struct train_config *config, const struct idx *images,
	      const struct idx *labels, const struct idx *test_images, const struct idx *test_labels,
	      struct train_result *result);

#endif
