/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What train.c (steps) and trainer.c (cards and their memory) share. */
#ifndef WEFT_TRAINER_H
#define WEFT_TRAINER_H

#include "train.h"

#define TRAIN_DEPTH	8u	/* steps the host may be ahead of the cards */
#define TEST_ROWS	250u	/* rows of one job of the test */

struct trainer_card {
	struct weft_device *device;
	struct weft_queue *queue;
	struct weft_list *job[TRAIN_DEPTH], *exchange[TRAIN_DEPTH];
	struct weft_timeline *computed, *exchanged;	/* value s + 1: step s */
	struct weft_memory *images, *labels, *order, *weights, *velocity, *work, *gradients, *partial, *reduced,
			   *losses;
	struct weft_memory *published;		/* what other cards read of this one's gradients, see trainer.c */
	struct weft_memory *bounce_out;		/* with bounce: card 0's host memory, through which weights go */
	struct weft_memory *peer_in[TRAIN_MAX_CARDS], *peer_out[TRAIN_MAX_CARDS];	/* imports */
	struct model_shard shard[TRAIN_SHARDS];
	struct model_data data;
	uint64_t first, count;			/* elements of the model this card sums and updates */
	volatile const float *loss_view;	/* [steps][shards of this card] */
};

struct trainer {
	struct train_config config;
	struct trainer_card card[TRAIN_MAX_CARDS];
	uint32_t shards_per_card, steps, steps_per_epoch, rows;
	bool bounce;
};

int trainer_init(struct trainer *t, struct weft *weft, const struct train_config *config, const struct idx *images,
		 const struct idx *labels, const struct idx *test_images);
void trainer_fini(struct trainer *t);

#endif
