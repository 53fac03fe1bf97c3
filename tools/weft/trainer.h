/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What train.c (the job), train_plan.c and train_jobs.c (its steps) and trainer.c (cards and their memory) share. */
#ifndef WEFT_TRAINER_H
#define WEFT_TRAINER_H

#include "cmd.h"
#include "train.h"

#define TRAIN_DEPTH	8u	/* steps that the host may be ahead of the cards with jobs */
#define TEST_ROWS	250u	/* rows of one job of the test */
#define STEP_TIMEOUT_NS	120000000000u

/* What differs from step to step, in a table on each card. */
struct train_step {
	float rate, scale;	/* of the update; 1 / rows */
	uint32_t rows;		/* of the whole batch; the last one of an epoch has fewer */
	uint32_t pad;
};

struct trainer_card {
	struct weft_device *device;
	struct weft_queue *queue;
	struct weft_list *job[TRAIN_DEPTH], *exchange[TRAIN_DEPTH];
	struct weft_timeline *computed, *exchanged;	/* value s + 1: step s */
	struct weft_memory *images, *labels, *weights, *velocity, *work, *reduced, *losses;
	struct weft_memory *order;		/* u32 [steps][TRAIN_BATCH]: rows in the order of their use */
	struct weft_memory *schedule;		/* struct train_step [steps] */
	struct weft_memory *gradients, *partial;	/* with jobs; a plan has blocks of its own */
	struct weft_memory *published;		/* with jobs: what other cards read of this one's gradients, see trainer.c */
	struct weft_memory *bounce_out;		/* with bounce: card 0's host memory, through which weights go */
	struct weft_memory *peer_in[TRAIN_MAX_CARDS], *peer_out[TRAIN_MAX_CARDS];	/* imports */
	struct model_shard shard[TRAIN_SHARDS];	/* of this card */
	struct model_data data;
	uint64_t first, count;			/* elements of the model this card sums and updates */
	volatile const float *loss_view;	/* with jobs: [steps][shards of this card] */
};

struct train_plan;

struct trainer {
	struct train_config config;
	struct trainer_card card[TRAIN_MAX_CARDS];
	uint32_t shards_per_card, steps, steps_per_epoch, rows;
	bool bounce;
	bool jobs;			/* steps are jobs that the host submits, and no plan of bodies */
	struct train_plan *plan;
	float *losses;			/* [steps][TRAIN_SHARDS], as they were taken */
	uint64_t started_ns;
	struct progress progress;
};

int trainer_init(struct trainer *t, struct weft *weft, const struct train_config *config, const struct idx *images,
		 const struct idx *labels, const struct idx *test_images);
void trainer_fini(struct trainer *t);

/* Rows of a step, and of one of its shards: the last step of an epoch has fewer. */
uint32_t train_step_rows(const struct trainer *t, uint32_t step);
uint32_t train_shard_rows(const struct trainer *t, uint32_t step, uint32_t shard);
/* Tells that `done` steps, at least 1, are done; the losses of the last of them have been taken. */
void train_show(struct trainer *t, uint32_t done);

/*
 * Either way of running the steps: all of them, from the first to the last, and the losses of one that is done into t->losses.
 * 0 or -errno.
 */
int train_jobs_run(struct trainer *t);
int train_jobs_take(struct trainer *t, uint32_t step);
/* Made, loaded and waiting for train_plan_run(); freed by train_plan_fini() in any case, before memory is. */
int train_plan_init(struct trainer *t);
int train_plan_run(struct trainer *t);
int train_plan_take(struct trainer *t, uint32_t step);
void train_plan_fini(struct trainer *t);

#endif
