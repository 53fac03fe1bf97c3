/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Every operator end to end on kind `host`, and the same bits from a fake card that runs the packets. */
#include "rt.h"

#define ROWS	6u
#define COLS	10u
#define N	(ROWS * COLS)

struct place {
	struct weft_device *device;
	struct weft_memory *memory;
	struct weft_queue *queue;
	struct weft_list *list;
};

static void open_place(struct weft *weft, const char *kind, struct place *p)
{
	ok(weft_device_open(weft, kind, 0, &p->device));
	ok(weft_memory_alloc(p->device, 65536, WEFT_PLACE_LOCAL, &p->memory));
	ok(weft_queue_create(p->device, NULL, &p->queue));
	ok(weft_list_create(p->device, &p->list));
}

static void close_place(struct place *p)
{
	ok(weft_list_destroy(p->list));
	ok(weft_queue_destroy(p->queue));
	ok(weft_memory_destroy(p->memory));
	ok(weft_device_close(p->device));
}

/* Block i of the memory, 4 KiB each. */
static uint64_t block(struct place *p, int i)
{
	return weft_memory_address(p->memory) + (uint64_t)i * 4096;
}

static void exec(struct place *p, const char *name, enum weft_type type, const int *operands, uint32_t num,
		 const uint32_t *dims, const uint32_t *scalars)
{
	struct weft_exec e = { .size = sizeof(e), .num_operands = num };

	for (uint32_t i = 0; i < num; i++)
		e.operands[i] = block(p, operands[i]);
	memcpy(e.dims, dims, 16);
	memcpy(e.scalars, scalars, 24);
	ok(weft_list_exec(p->list, name, type, &e));
}

/* Blocks 0 A, 1 B, 2 u8 table, 3 indices, 4 labels are inputs. */
static void run_all(struct place *p, const float *a, const float *b, const unsigned char *table, const uint32_t *index)
{
	static const uint32_t none[6];
	const uint32_t one = weft_f32(1.0f), half = weft_f32(0.5f);

	ok(weft_memory_write(p->memory, 0, a, N * 4));
	ok(weft_memory_write(p->memory, 4096, b, N * 4));
	ok(weft_memory_write(p->memory, 8192, table, N));
	ok(weft_memory_write(p->memory, 3 * 4096, index, ROWS * 4));
	ok(weft_memory_fill(p->memory, 10 * 4096, one, 4, N * 4));
	ok(weft_memory_write(p->memory, 15 * 4096 + 3072, &half, 4));
	exec(p, "add", WEFT_TYPE_F32, (int[]) { 5, 0, 1 }, 3, (uint32_t[4]) { N }, none);
	exec(p, "mul", WEFT_TYPE_F32, (int[]) { 6, 0, 1 }, 3, (uint32_t[4]) { N }, none);
	exec(p, "relu", WEFT_TYPE_F32, (int[]) { 7, 0 }, 2, (uint32_t[4]) { N }, none);
	exec(p, "relu_grad", WEFT_TYPE_F32, (int[]) { 8, 1, 7 }, 3, (uint32_t[4]) { N }, none);
	exec(p, "gemm", WEFT_TYPE_F32, (int[]) { 9, 0, 1 }, 3, (uint32_t[4]) { ROWS, ROWS, COLS },
	     (uint32_t[6]) { one, 0, WEFT_GEMM_FLAG_TRANS_B });
	exec(p, "sgd_momentum", WEFT_TYPE_F32, (int[]) { 10, 8, 0 }, 3, (uint32_t[4]) { N }, (uint32_t[6]) { half, half });
	ok(weft_list_exec(p->list, "gather", WEFT_TYPE_F32, &(struct weft_exec) {	/* the scale is in memory */
		.size = sizeof(struct weft_exec), .num_operands = 3, .dims = { ROWS, COLS, ROWS },
		.operands = { block(p, 11), block(p, 2), block(p, 3) }, .scalar_mask = 1,
		.scalar_operands = { block(p, 15) + 3072 } }));
	exec(p, "gather", WEFT_TYPE_U32, (int[]) { 4, 2, 3 }, 3, (uint32_t[4]) { ROWS, N }, none);
	exec(p, "colsum", WEFT_TYPE_F32, (int[]) { 12, 0 }, 2, (uint32_t[4]) { ROWS, COLS }, none);
	exec(p, "softmax_xent", WEFT_TYPE_F32, (int[]) { 13, 14, 0, 3 }, 4, (uint32_t[4]) { ROWS, COLS }, (uint32_t[6]) { one });
	exec(p, "argmax_hits", WEFT_TYPE_F32, (int[]) { 15, 0, 3 }, 3, (uint32_t[4]) { ROWS, COLS }, none);
	ok(weft_list_reduce(p->list, WEFT_TYPE_F32, WEFT_REDUCTION_SUM, (uint64_t[]) { block(p, 0), block(p, 1) }, 2,
			    (uint64_t[]) { block(p, 15) + 1024 }, 1, N));
	ok(weft_list_commit(p->list));
	for (int i = 0; i < 2; i++)	/* a committed list runs again as it is; momentum goes on */
		ok(weft_queue_run(p->queue, p->list, NULL));
	ok(weft_queue_wait(p->queue, 0, 10000000000ull));
}

static void operators(void **state)
{
	struct weft *weft = rt_open(1);
	float a[N], b[N], *f = malloc(65536), gemm = 0, sum = 0;
	unsigned char table[N];
	uint32_t index[ROWS], seed_index = 0, hits = 0;
	uint64_t seed = 3;
	struct place host, card;
	char *h = malloc(65536), *c = malloc(65536);

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		a[i] = (float)(rt_random(&seed) % 2000) / 100.0f - 10.0f;
		b[i] = (float)(rt_random(&seed) % 2000) / 100.0f - 10.0f;
		table[i] = (unsigned char)rt_random(&seed);
	}
	for (uint32_t r = 0; r < ROWS; r++)
		index[r] = (seed_index += 5) % ROWS;
	open_place(weft, "host", &host);
	open_place(weft, "card", &card);
	run_all(&host, a, b, table, index);
	run_all(&card, a, b, table, index);
	ok(weft_memory_read(host.memory, 0, h, 65536));
	ok(weft_memory_read(card.memory, 0, c, 65536));
	assert_memory_equal(h, c, 65536);
	memcpy(f, h, 65536);
	for (uint32_t i = 0; i < N; i++) {
		float y = a[i] > 0 ? a[i] : 0, dx = y > 0 ? b[i] : 0, v = dx, w = 1.0f;

		assert_true(f[5 * 1024 + i] == a[i] + b[i]);
		assert_true(f[6 * 1024 + i] == a[i] * b[i]);
		assert_true(f[7 * 1024 + i] == y);
		for (int k = 0; k < 2; k++) {	/* relu_grad writes block 8 anew in each run */
			v = 0.5f * dx;
			v = v + a[i];
			w = w - 0.5f * v;
		}
		assert_true(f[8 * 1024 + i] == v);
		assert_true(f[10 * 1024 + i] == w);
		assert_true(f[11 * 1024 + i] == 0.5f * table[index[i / COLS] * COLS + i % COLS]);
		assert_true(f[15 * 1024 + 256 + i] == a[i] + b[i]);
	}
	for (uint32_t k = 0; k < COLS; k++)
		gemm += a[k] * b[COLS + k];
	assert_true(f[9 * 1024 + 1] - gemm < 1e-3f && gemm - f[9 * 1024 + 1] < 1e-3f);
	for (uint32_t r = 0; r < ROWS; r++) {
		uint32_t best = 0, label;

		sum += a[r * COLS];
		memcpy(&label, h + 4 * 4096 + 4 * r, 4);
		assert_int_equal(label, table[index[r]]);
		for (uint32_t k = 1; k < COLS; k++)
			best = a[r * COLS + k] > a[r * COLS + best] ? k : best;
		hits += best == index[r];
		assert_true(f[14 * 1024 + r] > 0.0f);
	}
	assert_true(f[12 * 1024] - sum < 1e-3f && sum - f[12 * 1024] < 1e-3f);
	assert_memory_equal(h + 15 * 4096, &hits, 4);
	close_place(&host);
	close_place(&card);
	ok(weft_close(weft));
	free(f);
	free(h);
	free(c);
}

static void host_fault(void **state)
{
	struct weft *weft = rt_open(0);
	struct place p;

	(void)state;
	open_place(weft, "host", &p);
	ok(weft_memory_fill(p.memory, 3 * 4096, 99, 4, 16));
	exec(&p, "gather", WEFT_TYPE_U32, (int[]) { 4, 2, 3 }, 3, (uint32_t[4]) { 4, 10 }, (uint32_t[6]) { 0 });
	ok(weft_queue_run(p.queue, p.list, NULL));
	assert_int_equal(weft_queue_wait(p.queue, 0, 1000000000), -EFAULT);
	assert_non_null(strstr(weft_last_error(), "index"));
	close_place(&p);
	ok(weft_close(weft));
}

static void destroy_in_timed(void **state)
{
	struct weft *weft = rt_open(0);
	struct place p;

	(void)state;
	open_place(weft, "host", &p);
	ok(weft_list_timed(p.list, 1ull << 40));
	ok(weft_queue_run(p.queue, p.list, NULL));
	assert_int_equal(weft_queue_wait(p.queue, 0, 1000000), -ETIME);
	assert_non_null(strstr(weft_last_error(), "wanted job 1, actual 0"));
	close_place(&p);		/* must not take 18 minutes */
	ok(weft_close(weft));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operators), cmocka_unit_test(host_fault), cmocka_unit_test(destroy_in_timed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
