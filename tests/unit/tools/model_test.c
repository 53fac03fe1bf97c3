// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * The classifier: where things lie, how it begins, and its whole forward and backward pass on device kind `host` against
 * the same written down with doubles.
 */
#include <math.h>

#include "tool.h"
#include "tools/weft/model.h"

#define IN	784u
#define HID	512u
#define OUT	10u
#define COUNT	669706u		/* 784 · 512 + 512 + 512 · 512 + 512 + 512 · 10 + 10 */
#define ROWS	3u
#define IMAGES	5u
#define SCALE	0.25

static void layout(void **state)
{
	(void)state;
	assert_int_equal(MODEL_COUNT, COUNT);
	assert_int_equal(MODEL_B1, IN * HID);
	assert_int_equal(MODEL_W2, IN * HID + HID);
	assert_int_equal(MODEL_B3, COUNT - OUT);
}

/* Eight areas: aligned, apart, large enough, and inside what is asked for. */
static void place(void **state)
{
	(void)state;
	for (uint32_t rows = 1; rows <= 257; rows += 16) {
		struct model_shard s = { .lower = 7, .upper = 8 };
		const uint64_t base = 0x40000000, row = 4ull * rows;
		uint64_t *at[8] = { &s.x, &s.h1, &s.h2, &s.logits, &s.d2, &s.d1, &s.labels, &s.row_loss };
		const uint64_t bytes[8] = { row * IN, row * HID, row * HID, row * OUT, row * HID, row * HID, row, row };
		uint64_t sum = 0;

		model_place(&s, base, rows);
		for (int i = 0; i < 8; i++) {
			assert_true(*at[i] >= base && *at[i] % 64 == 0);
			assert_true(*at[i] + bytes[i] <= base + model_work_bytes(rows));
			for (int k = 0; k < i; k++)
				assert_true(*at[i] + bytes[i] <= *at[k] || *at[k] + bytes[k] <= *at[i]);
			sum += bytes[i];
		}
		assert_true(model_work_bytes(rows) < sum + 8 * 64);
		assert_true(s.lower == 7 && s.upper == 8);
	}
}

/* splitmix64's published first values. */
static void generator(void **state)
{
	uint64_t s = 0;

	(void)state;
	assert_int_equal(random_next(&s), 0xe220a8397b1dcdafu);
	assert_int_equal(random_next(&s), 0x6e789e6aa1b965f4u);
	assert_int_equal(random_next(&s), 0x06c45d188009454fu);
}

static void layer(const float *w, const float *b, uint32_t in, uint32_t out)
{
	double sum = 0, squares = 0, fourth = 0, n = (double)in * out, variance;

	for (uint32_t i = 0; i < in * out; i++) {
		double v = (double)w[i];

		assert_true(isfinite(v));
		sum += v;
		squares += v * v;
		fourth += v * v * v * v;
	}
	variance = squares / n;
	/* Bounds of more than six standard errors. */
	assert_true(fabs(sum / n) < 7 * sqrt(2.0 / in / n));
	assert_true(fabs(variance * in / 2 - 1) < 7 * sqrt(2 / n));
	assert_true(fabs(fourth / n / variance / variance - 3) < 7 * sqrt(96 / n));	/* the bell's, not a box's */
	for (uint32_t i = 0; i < out; i++)
		assert_true(b[i] == 0);
}

static void initialisation(void **state)
{
	float *p = malloc(4 * COUNT), *q = malloc(4 * COUNT);

	(void)state;
	memset(p, 0xff, 4 * COUNT);
	memset(q, 0xff, 4 * COUNT);
	model_init(p, 1);
	layer(p, p + IN * HID, IN, HID);
	layer(p + IN * HID + HID, p + IN * HID + HID + HID * HID, HID, HID);
	layer(p + COUNT - OUT - HID * OUT, p + COUNT - OUT, HID, OUT);
	model_init(q, 1);
	assert_memory_equal(p, q, 4 * COUNT);
	model_init(q, 2);
	assert_memory_not_equal(p, q, 4 * HID);
	free(p);
	free(q);
}

static const uint32_t pick[ROWS] = { 4, 0, 2 };

struct reference {
	double loss, g[COUNT];
};

/* y = x · w + b, through max(0, ·) where asked. */
static void dense(double *y, const double *x, const float *w, const float *b, uint32_t in, uint32_t out, int relu)
{
	for (uint32_t j = 0; j < out; j++) {
		y[j] = (double)b[j];
		for (uint32_t i = 0; i < in; i++)
			y[j] += x[i] * (double)w[i * out + j];
		if (relu && y[j] < 0)
			y[j] = 0;
	}
}

/* Adds to the gradients of w and b; dx gets what goes on, where x > 0. */
static void dense_back(double *gw, double *gb, double *dx, const double *dy, const double *x, const float *w, uint32_t in,
		       uint32_t out)
{
	for (uint32_t i = 0; i < in; i++) {
		double d = 0;

		for (uint32_t j = 0; j < out; j++) {
			gw[i * out + j] += x[i] * dy[j];
			d += dy[j] * (double)w[i * out + j];
		}
		if (dx)
			dx[i] = x[i] > 0 ? d : 0;
	}
	for (uint32_t j = 0; j < out; j++)
		gb[j] += dy[j];
}

static void one_row(struct reference *r, const float *p, const uint8_t *image, uint8_t label)
{
	const float *w1 = p, *b1 = w1 + IN * HID, *w2 = b1 + HID, *b2 = w2 + HID * HID, *w3 = b2 + HID, *b3 = w3 + HID * OUT;
	double x[IN], h1[HID], h2[HID], y[OUT], d2[HID], d1[HID], sum = 0, most = -1e300;

	for (uint32_t i = 0; i < IN; i++)
		x[i] = image[i] / 255.0;
	dense(h1, x, w1, b1, IN, HID, 1);
	dense(h2, h1, w2, b2, HID, HID, 1);
	dense(y, h2, w3, b3, HID, OUT, 0);
	for (uint32_t j = 0; j < OUT; j++)
		most = y[j] > most ? y[j] : most;
	for (uint32_t j = 0; j < OUT; j++)
		sum += exp(y[j] - most);
	r->loss += log(sum) + most - y[label];
	for (uint32_t j = 0; j < OUT; j++)
		y[j] = SCALE * (exp(y[j] - most) / sum - (j == label));
	dense_back(r->g + (w3 - p), r->g + (b3 - p), d2, y, h2, w3, HID, OUT);
	dense_back(r->g + (w2 - p), r->g + (b2 - p), d1, d2, h1, w2, HID, HID);
	dense_back(r->g + (w1 - p), r->g + (b1 - p), NULL, d1, x, w1, IN, HID);
}

#define ok(call) assert_true((call) >= 0)

struct bed {
	struct weft *weft;
	struct weft_device *device;
	struct weft_memory *memory;
	struct weft_queue *queue;
	struct weft_list *list;
	uint64_t at;
	struct model_data data;
	struct model_shard shard;
};

#define AT_P		0u
#define AT_G		(4u << 20)
#define AT_IMAGES	(8u << 20)
#define AT_LABELS	(AT_IMAGES + 65536)
#define AT_INDEX	(AT_IMAGES + 131072)
#define AT_LOSS		(AT_INDEX + 4096)
#define AT_SCALE	(AT_LOSS + 64)
#define AT_WORK		(9u << 20)

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));

	b->weft = weft_open();
	assert_non_null(b->weft);
	ok(weft_device_open(b->weft, "host", 0, &b->device));
	ok(weft_memory_alloc(b->device, 16u << 20, WEFT_PLACE_LOCAL, &b->memory));
	ok(weft_queue_create(b->device, NULL, &b->queue));
	ok(weft_list_create(b->device, &b->list));
	b->at = weft_memory_address(b->memory);
	b->data = (struct model_data){ b->at + AT_IMAGES, b->at + AT_LABELS, IMAGES };
	model_place(&b->shard, b->at + AT_WORK, ROWS);
	b->shard.lower = b->at + AT_G;
	b->shard.upper = b->at + AT_G + 4 * MODEL_UPPER;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	ok(weft_list_destroy(b->list));
	ok(weft_queue_destroy(b->queue));
	ok(weft_memory_destroy(b->memory));
	ok(weft_device_close(b->device));
	ok(weft_close(b->weft));
	free(b);
	return 0;
}

static void run(struct bed *b)
{
	ok(weft_list_commit(b->list));
	ok(weft_queue_run(b->queue, b->list, NULL));
	ok(weft_queue_wait(b->queue, 0, 30000000000ull));
}

/* A whole pass, part by part. */
static int pass(struct bed *b, uint32_t rows)
{
	const struct model_to to = { .list = b->list };
	const float by = (float)SCALE;
	int r;

	ok(weft_memory_write(b->memory, AT_SCALE, &by, 4));
	r = model_first(&to, &b->data, &b->shard, b->at + AT_P, b->at + AT_INDEX, rows);
	if (!r)
		r = model_upper(&to, &b->shard, b->at + AT_P, rows, b->at + AT_SCALE, b->at + AT_LOSS);
	return r ? r : model_lower(&to, &b->shard, rows);
}

static void gradient(void **state)
{
	static uint8_t image[IMAGES][IN], label[IMAGES] = { 3, 9, 0, 1, 7 };
	struct reference *want = calloc(1, sizeof(*want));
	float *p = malloc(4 * COUNT), *g = malloc(4 * COUNT), loss = -1;
	double scale = 0, worst = 0;
	struct bed *b = *state;
	uint64_t seed = 77;

	for (uint32_t i = 0; i < IMAGES * IN; i++)
		image[i / IN][i % IN] = (uint8_t)random_next(&seed);
	model_init(p, 9);
	for (uint32_t j = 0; j < HID; j++) {		/* biases that matter */
		p[MODEL_B1 + j] = (float)(j % 7) * 0.1f - 0.3f;
		p[MODEL_B2 + j] = (float)(j % 5) * 0.1f - 0.2f;
	}
	for (uint32_t j = 0; j < OUT; j++)
		p[MODEL_B3 + j] = (float)j * 0.2f;
	ok(weft_memory_write(b->memory, AT_P, p, 4 * COUNT));
	ok(weft_memory_write(b->memory, AT_IMAGES, image, sizeof(image)));
	ok(weft_memory_write(b->memory, AT_LABELS, label, sizeof(label)));
	ok(weft_memory_write(b->memory, AT_INDEX, pick, sizeof(pick)));
	assert_int_equal(pass(b, ROWS), 0);
	run(b);
	ok(weft_memory_read(b->memory, AT_G, g, 4 * COUNT));
	ok(weft_memory_read(b->memory, AT_LOSS, &loss, 4));
	for (uint32_t i = 0; i < ROWS; i++)
		one_row(want, p, image[pick[i]], label[pick[i]]);
	assert_true(fabs((double)loss - want->loss) < 1e-4 * want->loss);
	for (uint32_t i = 0; i < COUNT; i++) {
		scale = fabs(want->g[i]) > scale ? fabs(want->g[i]) : scale;
		worst = fabs((double)g[i] - want->g[i]) > worst ? fabs((double)g[i] - want->g[i]) : worst;
	}
	assert_true(scale > 0.01);
	if (!(worst < 1e-4 * scale))
		fail_msg("gradient off by %g of %g", worst, scale);
	free(want);
	free(p);
	free(g);
}

/* A shard without rows adds nothing, and says so. */
static void no_rows(void **state)
{
	struct bed *b = *state;
	float *g = malloc(4 * COUNT + 4), loss = 1;

	ok(weft_memory_fill(b->memory, AT_G, 0x41414141, 4, 4 * COUNT + 4));
	ok(weft_memory_write(b->memory, AT_LOSS, &loss, 4));
	assert_int_equal(pass(b, 0), 0);
	run(b);
	ok(weft_memory_read(b->memory, AT_G, g, 4 * COUNT + 4));
	ok(weft_memory_read(b->memory, AT_LOSS, &loss, 4));
	for (uint32_t i = 0; i < COUNT; i++)
		if (g[i] != 0)
			fail_msg("element %u", i);
	assert_true(g[COUNT] > 12 && loss == 0);	/* and not one more */
	free(g);
}

/* Sum, then update, with the rate read from memory. */
static void update(void **state)
{
	static const float three[3][4] = { { 1, 2, 3, 4 }, { 0.5f, 0.25f, 1, 8 }, { 100, 10, 1, 0 } };
	struct bed *b = *state;
	const struct model_to to = { .list = b->list };
	const uint64_t src[2] = { b->at + AT_G, b->at + AT_G + 16 }, dst = b->at + AT_G + 64;
	const float rate = 0.5f;
	float got[2][4];

	ok(weft_memory_write(b->memory, AT_G, three, sizeof(three)));		/* two gradients, and the velocity */
	ok(weft_memory_fill(b->memory, AT_P, 0, 4, 16));
	ok(weft_memory_write(b->memory, AT_SCALE, &rate, 4));
	assert_int_equal(model_sum(&to, src, 2, &dst, 1, 4), 0);
	assert_int_equal(model_update(&to, b->at + AT_P, b->at + AT_G + 32, dst, 4, b->at + AT_SCALE, 0.25f), 0);
	run(b);
	ok(weft_memory_read(b->memory, AT_P, got[0], 16));
	ok(weft_memory_read(b->memory, AT_G + 32, got[1], 16));
	for (int i = 0; i < 4; i++) {
		const float v = 0.25f * three[2][i] + (three[0][i] + three[1][i]);

		assert_true(got[1][i] == v && got[0][i] == -rate * v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout), cmocka_unit_test(place), cmocka_unit_test(generator), cmocka_unit_test(initialisation),
		cmocka_unit_test_setup_teardown(gradient, setup, teardown),
		cmocka_unit_test_setup_teardown(no_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(update, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
