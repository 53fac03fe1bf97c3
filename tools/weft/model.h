/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The classifier 784-512-512-10: where its parameters lie, and the commands of one shard's forward and backward pass.
 * Parameters and gradients share one dense layout of f32, cut in two: the first layer, whose gradient is ready last and whose
 * weights are wanted first, and the layers above it.
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
#define MODEL_UPPER	MODEL_W2			/* the first layer's parameters lie below, the others from here on */

/* Multiply-adds of forward and backward pass per row, times two: the first layer needs no gradient of its input. */
#define MODEL_FLOP_PER_ROW \
	(2u * (2u * MODEL_IN * MODEL_HIDDEN + 3u * MODEL_HIDDEN * MODEL_HIDDEN + 3u * MODEL_HIDDEN * MODEL_OUT))

/* Where commands go: one of them. Addresses are then the list's or operands of the body. */
struct model_to {
	struct weft_list *list;
	struct weft_body *body;
};

/* Device addresses of what one shard works on; rows <= max_rows. */
struct model_shard {
	uint64_t x, h1, h2, logits, d2, d1, labels, row_loss;	/* activations, see model_work_bytes() */
	/* gradients of the first layer's parameters and of those above; not used by model_forward() */
	uint64_t lower, upper;
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
/*
 * The parts of a pass over the rows picked by the u32 indices at `index`, in the order of their use; each appends to `to`: 0 or
 * -errno. Those that take `rows` do nothing for none, but that gradients and loss are set to 0.
 */
/* Rows, labels, and the first layer: the only one that reads its parameters. */
int model_first(const struct model_to *to, const struct model_data *data, const struct model_shard *shard,
		uint64_t parameters, uint64_t index, uint32_t rows);
/*
 * The other layers, the sum of the rows' losses into the f32 at `loss`, and backward down to the first layer: gradients times the
 * f32 at `scale` into shard->upper.
 */
int model_upper(const struct model_to *to, const struct model_shard *shard, uint64_t parameters, uint32_t rows,
		uint64_t scale, uint64_t loss);
/* Gradient of the first layer into shard->lower; reads no parameters. */
int model_lower(const struct model_to *to, const struct model_shard *shard, uint32_t rows);

/* Up to the logits. */
int model_forward(const struct model_to *to, const struct model_data *data, const struct model_shard *shard,
		  uint64_t parameters, uint64_t index, uint32_t rows);

/*
 * `count` parameters at `weights` from the gradient at `gradient`, by SGD with momentum; the rate is the f32 at `rate`. Both
 * `weights` and `velocity` are updated in place.
 */
int model_update(const struct model_to *to, uint64_t weights, uint64_t velocity, uint64_t gradient, uint64_t count,
		 uint64_t rate, float momentum);
/* Sum of `num_src` times `count` floats in the fixed tree of REDUCE, or, of one source, a copy, to `num_dst` places. */
int model_sum(const struct model_to *to, const uint64_t *src, uint32_t num_src, const uint64_t *dst, uint32_t num_dst,
	      uint64_t count);

uint64_t random_next(uint64_t *state);	/* splitmix64 */

#endif
