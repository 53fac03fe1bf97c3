/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Operators: fast against reference on every instruction set, units, refusals, and the same bits on two threads. */
#include <math.h>
#include <pthread.h>

#include "util.h"

#define EACH_ISA(i)	for (unsigned int i = 0; i < 3; i++) if (!wcard_ops_force(isas[i]))

static uint32_t as_bits(float f)
{
	return bits(f);
}

static float *floats(size_t n, int any)
{
	float *p = malloc((n + 32) * sizeof(float));

	assert_non_null(p);
	fill_floats(p, n + 32, any);
	return p;
}

/* Element-wise operators: sizes around the vector, a size of more than one unit, in place, unaligned. */
static void elementwise(void **state)
{
	static const uint32_t counts[] = { 0, 1, 3, 15, 16, 17, 63, 64, 65, 1000, 300001, 2100003 };
	static const unsigned int ops[] = { WEFT_OP_ADD_F32, WEFT_OP_MUL_F32, WEFT_OP_RELU_F32, WEFT_OP_RELU_GRAD_F32,
					    WEFT_OP_SGD_MOMENTUM_F32 };
	enum { MAX = 2100003 + 64 };
	float *in[3], *r[3], *f[3];
	unsigned int o, c, i, inplace;
	struct weft_pkt_exec p;
	size_t n;

	(void)state;
	for (i = 0; i < 3; i++) {
		in[i] = floats(MAX, 1);
		r[i] = floats(MAX, 0);
		f[i] = floats(MAX, 0);
	}
	for (o = 0; o < 5; o++) {
		for (c = 0; c < 12; c++) {
			n = counts[c];
			p = packet(ops[o], ops[o] == WEFT_OP_RELU_F32 ? 2 : 3, counts[c], 0, 0);
			if (ops[o] == WEFT_OP_SGD_MOMENTUM_F32) {
				p.scalar[0] = as_bits(0.1f);
				p.scalar[1] = as_bits(0.9f);
			}
			inplace = ops[o] != WEFT_OP_SGD_MOMENTUM_F32 && rnd() & 1;
			EACH_ISA(isa) {
				size_t off = rnd_below(16);
				void *rp[8], *fp[8];

				if (n > 100000 && isa != 2 && o > 1)
					continue;
				for (i = 0; i < 3; i++) {
					memcpy(r[i], in[i], (n + 32) * 4);
					memcpy(f[i], in[i], (n + 32) * 4);
					rp[i] = r[i] + off;
					fp[i] = f[i] + off;
				}
				if (inplace) {
					rp[0] = rp[1];
					fp[0] = fp[1];
				}
				assert_int_equal(run_all(0, &p, rp), 0);
				assert_int_equal(run_all(1, &p, fp), 0);
				for (i = 0; i < 3; i++)
					if (!same_floats(r[i], f[i], n + 32))
						fail_msg("op %u %s count %zu operand %u", ops[o], isas[isa], n, i);
			}
		}
	}
	for (i = 0; i < 3; i++) {
		free(in[i]);
		free(r[i]);
		free(f[i]);
	}
}

static void gathers(void **state)
{
	enum { ROWS = 300, COLS = 800, TABLE = 97 };
	static uint8_t table[TABLE * COLS];
	static float r[ROWS * COLS], f[ROWS * COLS];
	static uint32_t idx[ROWS], ru[ROWS], fu[ROWS];
	void *rp[8] = { r, table, idx }, *fp[8] = { f, table, idx }, *ur[8] = { ru, table, idx }, *uf[8] = { fu, table, idx };
	struct weft_pkt_exec p;
	uint32_t i, rows, cols, t;

	(void)state;
	for (i = 0; i < sizeof(table); i++)
		table[i] = (uint8_t)rnd();
	for (t = 0; t < 40 * count_arg; t++) {
		rows = t ? 1 + rnd_below(ROWS) : 0;
		cols = t == 1 ? 784 : rnd_below(COLS);
		for (i = 0; i < ROWS; i++)
			idx[i] = rnd_below(TABLE);
		p = packet(WEFT_OP_GATHER_U8_F32, 3, rows, cols, TABLE);
		p.scalar[0] = as_bits(1.0f / 255);
		EACH_ISA(isa) {
			assert_int_equal(run_all(0, &p, rp), 0);
			assert_int_equal(run_all(1, &p, fp), 0);
			assert_true(same_floats(r, f, rows * cols));
			for (i = 0; i < rows * cols; i++)
				assert_true(f[i] == 1.0f / 255 * table[idx[i / cols] * cols + i % cols]);
		}
		p = packet(WEFT_OP_GATHER_U8_U32, 3, rows, TABLE, 0);
		assert_int_equal(run_all(1, &p, uf), 0);
		assert_int_equal(run_all(0, &p, ur), 0);
		for (i = 0; i < rows; i++)
			assert_true(fu[i] == table[idx[i]] && ru[i] == fu[i]);
		if (!rows || !cols)
			continue;
		idx[rnd_below(rows)] = TABLE;
		memset(fu, 0, sizeof(fu));
		assert_int_equal(run_all(1, &p, uf), WEFT_FAULT_INDEX);
		for (i = 0; i < rows; i++)
			assert_int_equal(fu[i], 0);
		p = packet(WEFT_OP_GATHER_U8_F32, 3, rows, cols, TABLE);
		memset(f, 0, sizeof(f));
		assert_int_equal(run_all(1, &p, fp), WEFT_FAULT_INDEX);
		for (i = 0; i < rows * cols; i++)
			assert_int_equal(bits(f[i]), 0);
	}
}

static void softmax(void **state)
{
	enum { MAX = 40000 };
	float *x = floats(MAX, 0), *d[2] = { floats(MAX, 0), floats(MAX, 0) };
	static float loss[2][4096];
	static uint32_t labels[4096];
	struct weft_pkt_exec p;
	uint32_t rows, cols, t, i, c;

	(void)state;
	for (t = 0; t < 120 * count_arg; t++) {
		cols = t < 40 ? t : rnd_below(700);
		rows = cols ? rnd_below(cols > 20 ? 40 : 900) : 5;
		fill_floats(x, MAX, t % 5 == 0);
		for (i = 0; i < rows * cols; i++)
			x[i] *= t % 3 ? 8 : 60;
		for (i = 0; i < rows; i++)
			labels[i] = cols ? rnd_below(cols) : 0;
		p = packet(WEFT_OP_SOFTMAX_XENT_F32, 4, rows, cols, 0);
		p.scalar[0] = as_bits(1.0f / 64);
		void *rp[8] = { d[0], loss[0], x, labels }, *fp[8] = { d[1], loss[1], x, labels };

		assert_int_equal(run_all(0, &p, rp), 0);
		EACH_ISA(isa) {
			if (t & 1) {
				memcpy(d[1], x, rows * cols * sizeof(float));
				fp[2] = d[1];
			}
			assert_int_equal(run_all(1, &p, fp), 0);
			assert_true(same_floats(d[0], d[1], rows * cols));
			assert_true(same_floats(loss[0], loss[1], rows));
		}
		/* against double precision */
		for (i = 0; i < rows && cols && t % 5; i++) {
			double sum = 0, max = -INFINITY;

			for (c = 0; c < cols; c++)
				max = fmax(max, x[i * cols + c]);
			for (c = 0; c < cols; c++)
				sum += exp(x[i * cols + c] - max);
			assert_true(fabs(loss[0][i] - (log(sum) - x[i * cols + labels[i]] + max)) < 1e-5 * (1 + fabs(max)));
			for (c = 0; c < cols; c++)
				assert_true(fabs(d[0][i * cols + c] * 64 - exp(x[i * cols + c] - max) / sum +
						 (c == labels[i])) < 1e-6);
		}
		if (rows && cols) {
			labels[rnd_below(rows)] = cols;
			fp[2] = x;
			assert_int_equal(run_all(1, &p, fp), WEFT_FAULT_INDEX);
		}
	}
	free(x);
	free(d[0]);
	free(d[1]);
}

static double ulps(float got, double want)
{
	int e;

	frexp(want, &e);
	return fabs(got - want) / ldexp(1, e - 24);
}

float wcard_expf(float x);
float wcard_logf(float x);

/* The stated errors: exp 1.1 ulp on its range, log 0.51. */
static void exp_log(void **state)
{
	double worst_exp = 0, worst_log = 0, u;
	uint32_t i;
	float x;

	(void)state;
	for (i = 0; i < 2000000; i++) {
		x = -87.33654f * (float)(i + (rnd() & 0xffff) / 65536.0) / 2000000;
		if (i & 1)
			x /= 100;
		u = ulps(wcard_expf(x), exp(x));
		worst_exp = u > worst_exp ? u : worst_exp;
		x = (float)(1 + (i & 1 ? 262144.0 : 1.0) * i / 2000000);
		u = x == 1 ? 0 : ulps(wcard_logf(x), log(x));
		worst_log = u > worst_log ? u : worst_log;
	}
	printf("exp %.3f ulp, log %.3f ulp\n", worst_exp, worst_log);
	assert_true(worst_exp < 1.1);
	assert_true(worst_log < 0.51);
	assert_true(wcard_expf(0) == 1 && wcard_expf(-88) == 0 && wcard_expf(-INFINITY) == 0 && isnan(wcard_expf(NAN)));
	assert_true(wcard_logf(1) == 0 && wcard_logf(INFINITY) == INFINITY && isnan(wcard_logf(NAN)));
}

static void colsum_argmax(void **state)
{
	enum { MAX = 1 << 17 };
	float *x = floats(MAX, 0), out[2][2048];
	static uint32_t labels[MAX], hits[2];
	struct weft_pkt_exec p;
	uint32_t rows, cols, t, i, c, want, best;

	(void)state;
	for (t = 0; t < 150 * count_arg; t++) {
		cols = t < 70 ? t : rnd_below(1000);
		rows = t == 30 ? 4000 : rnd_below(130);
		fill_floats(x, MAX, t % 3 == 0);
		p = packet(WEFT_OP_COLSUM_F32, 2, rows, cols, 0);
		void *rp[8] = { out[0], x }, *fp[8] = { out[1], x };

		assert_int_equal(run_all(0, &p, rp), 0);
		EACH_ISA(isa) {
			out[1][cols] = 7;
			assert_int_equal(run_all(1, &p, fp), 0);
			if (rows && !same_floats(out[0], out[1], cols))
				fail_msg("colsum %s %u x %u", isas[isa], rows, cols);
			assert_true(out[1][cols] == 7);
		}
		for (want = 0, i = 0; i < rows && cols; i++) {
			labels[i] = rnd_below(cols < 4 ? cols : 4);
			for (best = 0, c = 1; c < cols; c++)
				if (x[i * cols + c] > x[i * cols + best])
					best = c;
			want += best == labels[i];
		}
		p = packet(WEFT_OP_ARGMAX_HITS_F32, 3, rows, cols, 0);
		void *hp[8] = { hits, x, labels };

		hits[0] = 99;
		assert_int_equal(run_all(1, &p, hp), 0);
		assert_int_equal(hits[0], rows && cols ? want : 99);
	}
	/* more than one unit of rows, more than one strip of columns */
	p = packet(WEFT_OP_ARGMAX_HITS_F32, 3, 100000, 1, 0);
	memset(labels, 0, sizeof(labels));
	hits[0] = 0;
	void *many[8] = { hits, x, labels };
	assert_int_equal(run_all(1, &p, many), 0);
	assert_int_equal(hits[0], 100000);
	free(x);
	x = floats(20000 * 100, 0);
	p = packet(WEFT_OP_COLSUM_F32, 2, 20000, 100, 0);
	assert_int_equal(wcard_op_find(WEFT_OP_COLSUM_F32)->units(&p, p.scalar) > 1, 1);
	void *rp[8] = { out[0], x }, *fp[8] = { out[1], x };
	assert_int_equal(run_all(0, &p, rp), 0);
	assert_int_equal(run_all(1, &p, fp), 0);
	assert_true(same_floats(out[0], out[1], 100));
	free(x);
}

struct gemm {
	uint32_t m, n, k, flags, lda, ldb, ldc;
	float alpha, beta;
};

static struct weft_pkt_exec gemm_packet(const struct gemm *g)
{
	struct weft_pkt_exec p = packet(WEFT_OP_GEMM_F32, g->flags & WEFT_GEMM_BIAS ? 4 : 3, g->m, g->n, g->k);

	p.scalar[0] = as_bits(g->alpha);
	p.scalar[1] = as_bits(g->beta);
	p.scalar[2] = g->flags;
	p.scalar[3] = g->lda;
	p.scalar[4] = g->ldb;
	p.scalar[5] = g->ldc;
	return p;
}

/*
 * Against double precision. A sum of k products in some order errs by at most about k * 2^-24 times the sum of
 * magnitudes; inputs are below 2, so 4k bounds that, and a tenth of the bound is never reached in practice.
 */
static void gemm_one(const struct gemm *g, int reference)
{
	size_t lda = g->lda ? g->lda : g->flags & WEFT_GEMM_TRANS_A ? g->m : g->k;
	size_t ldb = g->ldb ? g->ldb : g->flags & WEFT_GEMM_TRANS_B ? g->k : g->n, ldc = g->ldc ? g->ldc : g->n;
	float *a = floats((g->flags & WEFT_GEMM_TRANS_A ? g->k : g->m) * lda, 0);
	float *b = floats((g->flags & WEFT_GEMM_TRANS_B ? g->n : g->k) * ldb, 0);
	float *c = floats(g->m * ldc, 0), *bias = floats(g->n, 0), *old = malloc((g->m * ldc + 32) * 4);
	struct weft_pkt_exec p = gemm_packet(g);
	void *ptr[8] = { c, a, b, bias };
	double want, tol = g->k * 0x1p-24 * 4 * (fabsf(g->alpha) + 1) + 1e-5;
	size_t i, j, l;

	if (g->beta == 0)
		for (i = 0; i < g->m * ldc; i++)
			c[i] = i % ldc < g->n ? NAN : 1;	/* C must not be read */
	memcpy(old, c, (g->m * ldc + 32) * 4);
	assert_int_equal(run_all(!reference, &p, ptr), 0);
	for (i = 0; i < g->m; i++) {
		for (j = 0; j < ldc; j++) {
			if (j >= g->n || !g->k) {
				assert_int_equal(bits(c[i * ldc + j]), bits(old[i * ldc + j]));
				continue;
			}
			for (want = 0, l = 0; l < g->k; l++)
				want += (double)a[g->flags & WEFT_GEMM_TRANS_A ? l * lda + i : i * lda + l] *
					b[g->flags & WEFT_GEMM_TRANS_B ? j * ldb + l : l * ldb + j];
			want *= g->alpha;
			if (g->beta != 0)
				want += (double)g->beta * old[i * ldc + j];
			if (g->flags & WEFT_GEMM_BIAS)
				want += bias[j];
			if (g->flags & WEFT_GEMM_RELU && want < 0)
				want = 0;
			if (!(fabs(c[i * ldc + j] - want) < tol))
				fail_msg("%ux%ux%u flags %u [%zu,%zu]: %g, want %g", g->m, g->n, g->k, g->flags, i, j,
					 (double)c[i * ldc + j], want);
		}
	}
	free(a);
	free(b);
	free(c);
	free(old);
	free(bias);
}

static void gemm_shapes(void **state)
{
	static const struct gemm fixed[] = {
		{ 0, 5, 5, 0, 0, 0, 0, 1, 0 }, { 5, 0, 5, 0, 0, 0, 0, 1, 0 }, { 5, 5, 0, 8, 0, 0, 0, 1, 1 },
		{ 1, 1, 1, 15, 0, 0, 0, 1, 0 }, { 64, 512, 784, 12, 0, 0, 0, 1, 0 }, { 64, 10, 512, 4, 0, 0, 0, 1, 0 },
		{ 64, 512, 10, 2, 0, 0, 0, 1, 0 }, { 784, 512, 64, 1, 0, 0, 0, 1, 0 }, { 512, 10, 64, 1, 0, 0, 0, 1, 0 },
		{ 300, 600, 1100, 12, 0, 0, 0, 1, 0.5f }, { 3, 5, 5000, 15, 0, 0, 0, 0.5f, 1 },
		{ 1, 3000, 1030, 4, 0, 0, 0, 1, 0 }, { 32, 32, 64, 12, 0, 0, 0, 2, 0 },
	};
	struct gemm g;
	unsigned int t;

	(void)state;
	EACH_ISA(isa) {
		for (t = 0; t < sizeof(fixed) / sizeof(fixed[0]); t++)
			gemm_one(&fixed[t], 0);
		for (t = 0; t < 150 * count_arg; t++) {
			uint32_t max = t & 1 ? 33 : 130;

			g = (struct gemm){ rnd_below(max), rnd_below(max), rnd_below(max), rnd_below(16), 0, 0, 0, 1, 0 };
			g.alpha = t % 3 ? 1 : rnd_float();
			g.beta = t % 4 ? 0 : rnd_float();
			if (t % 5 == 0) {
				g.lda = (g.flags & WEFT_GEMM_TRANS_A ? g.m : g.k) + 1 + rnd_below(9);
				g.ldb = (g.flags & WEFT_GEMM_TRANS_B ? g.k : g.n) + 1 + rnd_below(9);
				g.ldc = g.n + 1 + rnd_below(9);
			}
			gemm_one(&g, t % 7 == 0);
		}
	}
}

struct run {
	struct weft_pkt_exec p;
	void *ptr[8];
};

static void *run_thread(void *arg)
{
	struct run *r = arg;

	return (void *)(intptr_t)run_all(1, &r->p, r->ptr);
}

/* The same product from other addresses, on two threads at once and again: one set of bits. */
static void gemm_same_bits(void **state)
{
	static const struct gemm shapes[] = {
		{ 64, 512, 784, 12, 0, 0, 0, 1, 0 }, { 784, 512, 64, 1, 0, 0, 0, 1, 0 }, { 64, 512, 512, 2, 0, 0, 0, 1, 0 },
		{ 64, 10, 512, 4, 0, 0, 0, 1, 0 }, { 700, 520, 1500, 3, 0, 0, 0, 1, 0 }, { 17, 31, 64, 0, 0, 0, 0, 1, 0 },
		{ 5, 3, 333, 2, 0, 0, 0, 1, 0 },
	};
	unsigned int s, t, round;

	(void)state;
	wcard_ops_force("avx2");
	wcard_ops_force("avx512");
	for (s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
		const struct gemm *g = &shapes[s];
		size_t na = (size_t)g->m * g->k, nb = (size_t)g->n * g->k, nc = (size_t)g->m * g->n;
		float *a = floats(na, 0), *b = floats(nb, 0), *bias = floats(g->n, 0), *first = floats(nc, 0);
		void *base[8] = { first, a, b, bias };
		struct weft_pkt_exec p = gemm_packet(g);

		assert_int_equal(run_all(1, &p, base), 0);
		for (round = 0; round < 3; round++) {
			struct run r[2];
			pthread_t th[2];
			float *copy[2][4];

			for (t = 0; t < 2; t++) {
				size_t off = rnd_below(17), size[4] = { nc, na, nb, g->n };

				r[t].p = p;
				for (int i = 0; i < 4; i++) {
					copy[t][i] = floats(size[i], 0);
					memcpy(copy[t][i] + off, base[i], size[i] * 4);
					r[t].ptr[i] = copy[t][i] + off;
				}
				assert_int_equal(pthread_create(&th[t], NULL, run_thread, &r[t]), 0);
			}
			for (t = 0; t < 2; t++) {
				void *fault;

				pthread_join(th[t], &fault);
				assert_null(fault);
				assert_memory_equal(r[t].ptr[0], first, nc * 4);
				for (int i = 0; i < 4; i++)
					free(copy[t][i]);
			}
		}
		free(a);
		free(b);
		free(bias);
		free(first);
	}
}

static void refusals(void **state)
{
	struct wcard_opnd_need need[WEFT_EXEC_OPERANDS];
	const struct wcard_op *op = NULL;
	struct gemm g = { 4, 5, 6, WEFT_GEMM_BIAS, 0, 0, 0, 1, 0 };
	struct weft_pkt_exec good = gemm_packet(&g), p;
	uint64_t at[4] = { 0x1000, 0x2000, 0x3000, 0x4000 };
	unsigned int i;

	(void)state;
	for (i = 0; i <= 0xffff; i++) {
		op = wcard_op_find((uint16_t)i);
		assert_int_equal(op != NULL, i > 0 && i < WEFT_OP_COUNT);
		if (op)
			assert_true(op->id == i && op->check && op->units && op->run && op->name);
	}
#define CHECK(q) wcard_op_check(&(q), (q).scalar, need, &op)
	assert_int_equal(CHECK(good), 0);
	assert_string_equal(op->name, "gemm_f32");
	assert_true(need[0].bytes == 80 && need[1].bytes == 96 && need[2].bytes == 120 && need[3].bytes == 20 &&
		    need[0].access == WCARD_WRITE && need[1].access == WCARD_READ && need[4].bytes == 0);
	assert_int_equal(wcard_op_place(need, 4, at), 0);
	at[0] = 0x2000;
	assert_int_equal(wcard_op_place(need, 4, at), WEFT_FAULT_OVERLAP);
	at[0] = 0x2000 - 80;
	assert_int_equal(wcard_op_place(need, 4, at), 0);
	at[0] = 0x2000 - 76;
	assert_int_equal(wcard_op_place(need, 4, at), WEFT_FAULT_OVERLAP);
	at[0] = 0x1002;
	assert_int_equal(wcard_op_place(need, 4, at), WEFT_FAULT_ALIGN);
#define BAD(change, fault) do { p = good; p.change; assert_int_equal(CHECK(p), fault); } while (0)
	BAD(flags = 3, WEFT_FAULT_FIELD);
	BAD(flags = 0, WEFT_FAULT_FIELD);	/* four operands inline */
	BAD(oper = 0, WEFT_FAULT_OPERATOR);
	BAD(oper = WEFT_OP_COUNT, WEFT_FAULT_OPERATOR);
	BAD(noperands = 3, WEFT_FAULT_SHAPE);
	BAD(noperands = 9, WEFT_FAULT_FIELD);
	BAD(reserved = 1, WEFT_FAULT_FIELD);
	BAD(scalar_mask = 0x40, WEFT_FAULT_FIELD);
	BAD(u.index[4] = 1, WEFT_FAULT_FIELD);
	BAD(dim[3] = 1, WEFT_FAULT_FIELD);
	BAD(scalar[2] = 0x14, WEFT_FAULT_FIELD);
	BAD(scalar[3] = 5, WEFT_FAULT_SHAPE);
	BAD(scalar[4] = 4, WEFT_FAULT_SHAPE);
	BAD(scalar[5] = 4, WEFT_FAULT_SHAPE);
	p = good;
	p.dim[0] = p.dim[2] = 0xffffffff;
	assert_int_equal(CHECK(p), WEFT_FAULT_SHAPE);
	p = packet(WEFT_OP_ADD_F32, 3, 10, 0, 0);
	assert_int_equal(CHECK(p), 0);
	at[0] = at[1] = 0x1000;
	at[2] = 0x2000;
	assert_int_equal(wcard_op_place(need, 3, at), 0);
	at[2] = 0x1004;
	assert_int_equal(wcard_op_place(need, 3, at), WEFT_FAULT_OVERLAP);
	p.scalar[0] = 1;
	assert_int_equal(CHECK(p), WEFT_FAULT_FIELD);
	p = packet(WEFT_OP_ADD_F32, 3, 0, 0xffffffff, 0);
	assert_int_equal(CHECK(p), WEFT_FAULT_SHAPE);
	p = packet(WEFT_OP_RELU_F32, 2, 10, 0, 0);
	p.flags = 0;
	p.u.va[1] = 0x1000;
	assert_int_equal(CHECK(p), 0);
	p.scalar_mask = 1;
	assert_int_equal(CHECK(p), WEFT_FAULT_FIELD);
	p = packet(WEFT_OP_SOFTMAX_XENT_F32, 4, 1, (1 << 18) + 1, 0);
	assert_int_equal(CHECK(p), WEFT_FAULT_SHAPE);
	p = packet(WEFT_OP_COLSUM_F32, 2, (1 << 17) + 1, 1, 0);
	assert_int_equal(CHECK(p), WEFT_FAULT_SHAPE);
	p = packet(WEFT_OP_ARGMAX_HITS_F32, 3, 1, (1 << 20) + 1, 0);
	assert_int_equal(CHECK(p), WEFT_FAULT_SHAPE);
	p = packet(WEFT_OP_GATHER_U8_F32, 3, 0xffffffff, 0xffffffff, 1);
	assert_int_equal(CHECK(p), WEFT_FAULT_SHAPE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elementwise), cmocka_unit_test(gathers), cmocka_unit_test(softmax), cmocka_unit_test(exp_log),
		cmocka_unit_test(colsum_argmax), cmocka_unit_test(gemm_shapes), cmocka_unit_test(gemm_same_bits),
		cmocka_unit_test(refusals),
	};

	setup_random();
	return cmocka_run_group_tests_name("operators", tests, NULL, NULL);
}
