// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "model.h"

#include <math.h>

#define TA	WEFT_GEMM_FLAG_TRANS_A
#define TB	WEFT_GEMM_FLAG_TRANS_B
#define BIAS	WEFT_GEMM_FLAG_BIAS
#define RELU	WEFT_GEMM_FLAG_RELU

uint64_t random_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Box and Muller, one of the pair. */
static double gaussian(uint64_t *state)
{
	double u = ((double)(random_next(state) >> 11) + 0.5) * 0x1p-53;
	double v = (double)(random_next(state) >> 11) * 0x1p-53;

	return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

static void init_layer(float *w, float *b, uint32_t in, uint32_t out, uint64_t *state)
{
	const double deviation = sqrt(2.0 / in);

	for (uint32_t i = 0; i < in * out; i++)
		w[i] = (float)(deviation * gaussian(state));
	for (uint32_t i = 0; i < out; i++)
		b[i] = 0;
}

void model_init(float *p, uint64_t seed)
{
	uint64_t state = seed;

	init_layer(p + MODEL_W1, p + MODEL_B1, MODEL_IN, MODEL_HIDDEN, &state);
	init_layer(p + MODEL_W2, p + MODEL_B2, MODEL_HIDDEN, MODEL_HIDDEN, &state);
	init_layer(p + MODEL_W3, p + MODEL_B3, MODEL_HIDDEN, MODEL_OUT, &state);
}

static uint64_t align64(uint64_t bytes)
{
	return (bytes + 63) & ~(uint64_t)63;
}

uint64_t model_work_bytes(uint32_t rows)
{
	struct model_shard shard;

	model_place(&shard, 0, rows);
	return shard.row_loss + align64(4u * rows);
}

void model_place(struct model_shard *s, uint64_t base, uint32_t rows)
{
	s->x = base;
	s->h1 = s->x + align64(4ull * rows * MODEL_IN);
	s->h2 = s->h1 + align64(4ull * rows * MODEL_HIDDEN);
	s->logits = s->h2 + align64(4ull * rows * MODEL_HIDDEN);
	s->d2 = s->logits + align64(4ull * rows * MODEL_OUT);
	s->d1 = s->d2 + align64(4ull * rows * MODEL_HIDDEN);
	s->labels = s->d1 + align64(4ull * rows * MODEL_HIDDEN);
	s->row_loss = s->labels + align64(4ull * rows);
}

static int exec(const struct model_to *to, const char *name, enum weft_type type, const struct weft_exec *e)
{
	return to->list ? weft_list_exec(to->list, name, type, e) : weft_body_exec(to->body, name, type, e);
}

static int zero(const struct model_to *to, uint64_t dst, uint64_t bytes)
{
	return to->list ? weft_list_fill(to->list, dst, bytes, 0, 4) : weft_body_fill(to->body, dst, bytes, 0, 4);
}

int model_sum(const struct model_to *to, const uint64_t *src, uint32_t num_src, const uint64_t *dst, uint32_t num_dst,
	      uint64_t count)
{
	return to->list ? weft_list_reduce(to->list, WEFT_TYPE_F32, WEFT_REDUCTION_SUM, src, num_src, dst, num_dst, count) :
			  weft_body_reduce(to->body, WEFT_TYPE_F32, WEFT_REDUCTION_SUM, src, num_src, dst, num_dst, count);
}

int model_update(const struct model_to *to, uint64_t weights, uint64_t velocity, uint64_t gradient, uint64_t count,
		 uint64_t rate, float momentum)
{
	const struct weft_exec sgd = {
		.size = sizeof(sgd), .num_operands = 3, .operands = { weights, velocity, gradient },
		.dims = { (uint32_t)count }, .scalars = { 0, weft_f32(momentum) },
		.scalar_mask = 1, .scalar_operands = { rate },
	};

	return exec(to, "sgd_momentum", WEFT_TYPE_F32, &sgd);
}

static int gemm(const struct model_to *to, uint64_t c, uint64_t a, uint64_t b, uint64_t bias, uint32_t m, uint32_t n,
		uint32_t k, uint32_t flags)
{
	const struct weft_exec product = {
		.size = sizeof(product), .num_operands = flags & BIAS ? 4 : 3, .operands = { c, a, b, bias },
		.dims = { m, n, k }, .scalars = { weft_f32(1), weft_f32(0), flags },
	};

	return exec(to, "gemm", WEFT_TYPE_F32, &product);
}

static int relu_grad(const struct model_to *to, uint64_t d, uint64_t y, uint32_t count)
{
	const struct weft_exec e = {
		.size = sizeof(e), .num_operands = 3, .operands = { d, d, y }, .dims = { count },
	};

	return exec(to, "relu_grad", WEFT_TYPE_F32, &e);
}

static int colsum(const struct model_to *to, uint64_t out, uint64_t x, uint32_t rows, uint32_t cols)
{
	const struct weft_exec e = {
		.size = sizeof(e), .num_operands = 2, .operands = { out, x }, .dims = { rows, cols },
	};

	return exec(to, "colsum", WEFT_TYPE_F32, &e);
}

int model_first(const struct model_to *to, const struct model_data *data, const struct model_shard *s, uint64_t p,
		uint64_t index, uint32_t rows)
{
	const struct weft_exec images = {
		.size = sizeof(images), .num_operands = 3, .operands = { s->x, data->images, index },
		.dims = { rows, MODEL_IN, data->count }, .scalars = { weft_f32(1.0f / 255) },
	};
	const struct weft_exec labels = {
		.size = sizeof(labels), .num_operands = 3, .operands = { s->labels, data->labels, index },
		.dims = { rows, data->count },
	};
	int r;

	if (!rows)
		return 0;
	r = exec(to, "gather", WEFT_TYPE_F32, &images);
	if (!r)
		r = exec(to, "gather", WEFT_TYPE_U32, &labels);
	return r ? r : gemm(to, s->h1, s->x, p + 4 * MODEL_W1, p + 4 * MODEL_B1, rows, MODEL_HIDDEN, MODEL_IN, BIAS | RELU);
}

/* From the first layer's output to the logits. */
static int forward_upper(const struct model_to *to, const struct model_shard *s, uint64_t p, uint32_t rows)
{
	int r = gemm(to, s->h2, s->h1, p + 4 * MODEL_W2, p + 4 * MODEL_B2, rows, MODEL_HIDDEN, MODEL_HIDDEN, BIAS | RELU);

	return r ? r : gemm(to, s->logits, s->h2, p + 4 * MODEL_W3, p + 4 * MODEL_B3, rows, MODEL_OUT, MODEL_HIDDEN, BIAS);
}

int model_forward(const struct model_to *to, const struct model_data *data, const struct model_shard *s, uint64_t p,
		  uint64_t index, uint32_t rows)
{
	int r = model_first(to, data, s, p, index, rows);

	return r ? r : forward_upper(to, s, p, rows);
}

/* Backward from d(logits), which softmax_xent left in place of the logits, to d(output of the first layer). */
static int backward_upper(const struct model_to *to, const struct model_shard *s, uint64_t p, uint32_t rows)
{
	const uint64_t w2 = s->upper, b2 = s->upper + 4 * (MODEL_B2 - MODEL_UPPER), w3 = s->upper + 4 * (MODEL_W3 - MODEL_UPPER),
		       b3 = s->upper + 4 * (MODEL_B3 - MODEL_UPPER);
	int r = gemm(to, w3, s->h2, s->logits, 0, MODEL_HIDDEN, MODEL_OUT, rows, TA);

	if (!r)
		r = colsum(to, b3, s->logits, rows, MODEL_OUT);
	if (!r)
		r = gemm(to, s->d2, s->logits, p + 4 * MODEL_W3, 0, rows, MODEL_HIDDEN, MODEL_OUT, TB);
	if (!r)
		r = relu_grad(to, s->d2, s->h2, rows * MODEL_HIDDEN);
	if (!r)
		r = gemm(to, w2, s->h1, s->d2, 0, MODEL_HIDDEN, MODEL_HIDDEN, rows, TA);
	if (!r)
		r = colsum(to, b2, s->d2, rows, MODEL_HIDDEN);
	if (!r)
		r = gemm(to, s->d1, s->d2, p + 4 * MODEL_W2, 0, rows, MODEL_HIDDEN, MODEL_HIDDEN, TB);
	return r ? r : relu_grad(to, s->d1, s->h1, rows * MODEL_HIDDEN);
}

int model_upper(const struct model_to *to, const struct model_shard *s, uint64_t p, uint32_t rows, uint64_t scale,
		uint64_t loss)
{
	const struct weft_exec xent = {
		.size = sizeof(xent), .num_operands = 4,
		.operands = { s->logits, s->row_loss, s->logits, s->labels },
		.dims = { rows, MODEL_OUT }, .scalar_mask = 1, .scalar_operands = { scale },
	};
	int r;

	if (!rows) {
		r = zero(to, s->upper, 4 * (MODEL_COUNT - MODEL_UPPER));
		return r ? r : zero(to, loss, 4);
	}
	r = forward_upper(to, s, p, rows);
	if (!r)
		r = exec(to, "softmax_xent", WEFT_TYPE_F32, &xent);
	if (!r)
		r = colsum(to, loss, s->row_loss, rows, 1);
	return r ? r : backward_upper(to, s, p, rows);
}

int model_lower(const struct model_to *to, const struct model_shard *s, uint32_t rows)
{
	int r;

	if (!rows)
		return zero(to, s->lower, 4 * MODEL_UPPER);
	r = gemm(to, s->lower, s->x, s->d1, 0, MODEL_IN, MODEL_HIDDEN, rows, TA);
	return r ? r : colsum(to, s->lower + 4 * MODEL_B1, s->d1, rows, MODEL_HIDDEN);
}
