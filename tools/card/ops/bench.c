/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Figures of the operators on this core, one line of JSON each: ours and its peer in turn (A B A B), the ratio is the
 * median of the paired ratios (peer time / our time: above 1 ours is faster). Time is the thread's processor time: both
 * sides use one thread and never sleep, and the machine is shared. Arguments: pairs (default 15), isa.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef WCARD_HAVE_ONEDNN
#include <oneapi/dnnl/dnnl.h>
void omp_set_num_threads(int n);
#endif

#include "ops.h"
#include "ops_test.h"
#include "ref.h"

static unsigned int pairs = 15;

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e6 + t.tv_nsec * 1e-3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void *buffer(size_t bytes)
{
	void *p = aligned_alloc(2 << 20, (bytes + (2 << 20) - 1) >> 21 << 21);
	float *f = p;
	size_t i;

	if (!p)
		exit(1);
	for (i = 0; i < bytes / 4; i++)
		f[i] = (float)(rand() % 2001 - 1000) / 1000;
	return p;
}

/* Runs both until each took about 2 ms, pairs times; `work` / µs is printed as the value. */
static void compare(const char *name, double work, const char *unit, const char *against, double target,
		    void (*ours)(void *), void (*peer)(void *), void *arg)
{
	double a[101], b[101], ratio[101], t;
	unsigned int i, r, reps;

	ours(arg);
	t = now_us();
	ours(arg);
	t = now_us() - t;
	reps = t > 2000 ? 1 : (unsigned int)(2000 / (t + 0.01)) + 1;
	for (i = 0; i < pairs; i++) {
		t = now_us();
		for (r = 0; r < reps; r++)
			ours(arg);
		a[i] = (now_us() - t) / reps;
		t = now_us();
		for (r = 0; r < reps; r++)
			peer(arg);
		b[i] = (now_us() - t) / reps;
		ratio[i] = b[i] / a[i];
	}
	qsort(a, pairs, sizeof(double), by_value);
	qsort(b, pairs, sizeof(double), by_value);
	qsort(ratio, pairs, sizeof(double), by_value);
	printf("{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\",\"median\":%.3f,\"p10\":%.3f,\"min_us\":%.3f,\"median_us\":%.3f,"
	       "\"peer_min_us\":%.3f,\"runs\":%u,\"against\":\"%s\",\"ratio\":%.3f,\"ratio_p10\":%.3f,\"target\":", name, work / a[pairs / 2],
	       unit, work / a[pairs / 2], work / a[pairs / 10], a[0], a[pairs / 2], b[0], pairs, against, ratio[pairs / 2],
	       ratio[pairs / 10]);
	if (target > 0)
		printf("%.2f", target);
	else
		printf("null");
	printf(",\"clock\":\"bench\"}\n");
	fflush(stdout);
}

struct product {
	struct weft_pkt_exec p;
	void *ptr[8];
};

static void product_ours(void *arg)
{
	const struct wcard_op *op = wcard_op_find(WEFT_OP_GEMM_F32);
	struct product *g = arg;
	uint64_t u, n = op->units(&g->p, g->p.scalar);

	for (u = 0; u < n; u++)
		op->run(&g->p, g->p.scalar, g->ptr, u);
}

/* The whole product in one call, without bias and activation. */
static void product_peer(void *arg)
{
#ifdef WCARD_HAVE_ONEDNN
	struct product *g = arg;
	uint32_t f = g->p.scalar[2], m = g->p.dim[0], n = g->p.dim[1], k = g->p.dim[2];

	dnnl_sgemm(f & WEFT_GEMM_TRANS_A ? 'T' : 'N', f & WEFT_GEMM_TRANS_B ? 'T' : 'N', m, n, k, 1, g->ptr[1],
		   f & WEFT_GEMM_TRANS_A ? m : k, g->ptr[2], f & WEFT_GEMM_TRANS_B ? k : n, 0, g->ptr[0], n);
#else
	product_ours(arg);
#endif
}

static void product(const char *name, uint32_t m, uint32_t n, uint32_t k, uint32_t flags, double target)
{
	float one = 1;
	struct product g = { .p = { .op = WEFT_PKT_EXEC, .flags = WEFT_PKT_TABLE, .oper = WEFT_OP_GEMM_F32,
				    .noperands = flags & WEFT_GEMM_BIAS ? 4 : 3, .dim = { m, n, k } } };
	int i;

	memcpy(&g.p.scalar[0], &one, 4);
	g.p.scalar[2] = flags;
	g.ptr[0] = buffer((size_t)m * n * 4);
	g.ptr[1] = buffer((size_t)m * k * 4);
	g.ptr[2] = buffer((size_t)k * n * 4);
	g.ptr[3] = buffer(n * 4);
	compare(name, 2e-3 * m * n * k, "GFLOP/s", "dnnl_sgemm", target, product_ours, product_peer, &g);
	for (i = 0; i < 4; i++)
		free(g.ptr[i]);
}

struct reduction {
	void *src[4], *dst[4];
	size_t bytes;
};

static void reduce_ours(void *arg)
{
	struct reduction *r = arg;

	wcard_reduce_run(WEFT_F32, WEFT_SUM, (const void *const *)r->src, 4, r->dst, 4, r->bytes / 4);
}

/* The same bytes read and written by memcpy: four in, four out. */
static void reduce_peer(void *arg)
{
	struct reduction *r = arg;
	int i;

	for (i = 0; i < 4; i++)
		memcpy(r->dst[i], r->src[i], r->bytes);
}

static void reduction(size_t bytes)
{
	struct reduction r = { .bytes = bytes };
	char name[64];
	int i;

	for (i = 0; i < 4; i++) {
		r.src[i] = buffer(bytes + 4096 * 3);
		r.dst[i] = buffer(bytes + 4096 * 3);
		r.src[i] = (char *)r.src[i] + 1024 * i;
		r.dst[i] = (char *)r.dst[i] + 1024 * i;
	}
	snprintf(name, sizeof(name), "reduce.4to4.f32.%zuKiB", bytes >> 10);
	compare(name, bytes * 8e-3, "GB/s", "memcpy of the same bytes", 0, reduce_ours, reduce_peer, &r);
	for (i = 0; i < 4; i++) {
		free((char *)r.src[i] - 1024 * i);
		free((char *)r.dst[i] - 1024 * i);
	}
}

static void copy_ours(void *arg)
{
	struct reduction *r = arg;

	wcard_copy_nt(r->dst[0], r->src[0], r->bytes);
}

static void copy_peer(void *arg)
{
	struct reduction *r = arg;

	memcpy(r->dst[0], r->src[0], r->bytes);
}

static void copying(size_t bytes)
{
	struct reduction r = { .bytes = bytes, .src = { buffer(bytes) }, .dst = { buffer(bytes) } };
	char name[64];

	snprintf(name, sizeof(name), "copy.%zuKiB", bytes >> 10);
	compare(name, bytes * 2e-3, "GB/s", "memcpy", 0, copy_ours, copy_peer, &r);
	free(r.src[0]);
	free(r.dst[0]);
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = { 1 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20 };
	const uint32_t ta = WEFT_GEMM_TRANS_A, tb = WEFT_GEMM_TRANS_B, br = WEFT_GEMM_BIAS | WEFT_GEMM_RELU;
	unsigned int i;

	if (argc > 1)
		pairs = (unsigned int)atoi(argv[1]);
	pairs = pairs < 3 ? 3 : pairs > 101 ? 101 : pairs;
	if (argc > 2 && wcard_ops_force(argv[2])) {
		fprintf(stderr, "ops-bench: this processor cannot run %s\n", argv[2]);
		return 1;
	}
	fprintf(stderr, "isa %s, products by %s, %u pairs\n", wcard_ops_isa(), wcard_ops_gemm_backend(), pairs);
#ifdef WCARD_HAVE_ONEDNN
	omp_set_num_threads(1);
#endif
	product("gemm.1024", 1024, 1024, 1024, 0, 0.95);
	product("gemm.4096x64x4096", 4096, 64, 4096, 0, 0);
	product("gemm.train.fwd1.64x512x784", 64, 512, 784, br, 0);
	product("gemm.train.fwd2.64x512x512", 64, 512, 512, br, 0);
	product("gemm.train.fwd3.64x10x512", 64, 10, 512, WEFT_GEMM_BIAS, 0);
	product("gemm.train.dx3.64x512x10", 64, 512, 10, tb, 0);
	product("gemm.train.dw3.512x10x64", 512, 10, 64, ta, 0);
	product("gemm.train.dx2.64x512x512", 64, 512, 512, tb, 0);
	product("gemm.train.dw2.512x512x64", 512, 512, 64, ta, 0);
	product("gemm.train.dw1.784x512x64", 784, 512, 64, ta, 0);
	product("gemm.small.32", 32, 32, 32, 0, 0);
	product("gemm.small.16", 16, 16, 16, 0, 0);
	product("gemm.small.8", 8, 8, 8, 0, 0);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		reduction(sizes[i]);
	for (i = 1; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		copying(sizes[i]);
	return 0;
}
