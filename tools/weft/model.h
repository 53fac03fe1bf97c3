/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The classifier 784-512-512-10: where its parameters lie, and the commands of one shard's forward and backward pass.
 * Parameters and gradients share one dense layout of f32, so that a gradient is reduced as one array.
 */
#ifndef WEFT_MODEL_H
#define WEFT_MODEL_H

#include <weft/weft.h>

#define MODEL_IN	784u
#define MODEL_HIDDEN	512u
#define MODEL_OUT	10u

/* Offsets in elements. */
#define MODEL_W1	0u				/* [784][512] */
#define MODEL_B1	(MODEL_W1 + MODEL_IN * MODEL_HIDDEN)
#define MODEL_W2	(MODEL_B1 + MODEL_HIDDEN)	/* [512][512] */
#define MODEL_B2	(MODEL_W2 + MODEL_HIDDEN * MODEL_HIDDEN)
#define MODEL_W3	(MODEL_B2 + MODEL_HIDDEN)	/* [512][10] */
#define MODEL_B3	(MODEL_W3 + MODEL_HIDDEN * MODEL_OUT)
#define MODEL_COUNT	(MODEL_B3 + MODEL_OUT)
#define MODEL_BYTES	(4u * MODEL_COUNT)

/* Multiply-adds of forward and backward pass per row, times two: the first layer needs no gradient of its input. */
#define MODEL_FLOP_PER_ROW \
	(2u * (2u * MODEL_IN * MODEL_HIDDEN + 3u * MODEL_HIDDEN * MODEL_HIDDEN + 3u * MODEL_HIDDEN * MODEL_OUT))

/* Device addresses of what one shard works on; rows <= max_rows. */
struct model_shard {
	uint64_t x, h1, h2, logits, d2, d1, labels, row_loss;	/* activations, see model_work_bytes() */
	uint64_t gradient;					/* MODEL_BYTES; not used by model_forward() */
};

/* Data set on the card. */
struct model_data {
	uint64_t images;	/* u8 [count][784] */
	uint64_t labels;	/* u8 [count] */
	uint32_t count;
};

/* Bytes of the activations of one shard of at most `rows` rows. */
uint64_t model_work_bytes(uint32_t rows);
/* Lays the activations out from `base` on. */
void model_place(struct model_shard *shard, uint64_t base, uint32_t rows);
/* He initialisation (weights N(0, 2 / fan-in), biases 0) into MODEL_COUNT floats; equal for equal seeds. */
void model_init(float *parameters, uint64_t seed);
/* Rows picked by the u32 indices at `index`, up to the logits. Appends to list; 0 or -errno. */
int model_forward(struct weft_list *list, const struct model_data *data, const struct model_shard *shard,
		  uint64_t parameters, uint64_t index, uint32_t rows);
/*
 * Forward, then all gradients times `scale` into shard->gradient and the sum of the rows' losses into the f32 at
 * `loss`. With no rows both are set to 0.
 */
int model_gradient(struct weft_list *list, const struct model_data *data, const struct model_shard *shard,
		   uint64_t parameters, uint64_t index, uint32_t rows, float scale, uint64_t loss);

uint64_t random_next(uint64_t *state);	/* splitmix64 */

#endif
