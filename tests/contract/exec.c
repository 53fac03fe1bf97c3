// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* EXEC: every operator against plain loops over the same numbers. */
#include "model.h"
#include "rig.h"

#include <math.h>
#include <string.h>

#define SLOT	(UINT64_C(512) << 10)	/* one operand's window */
static struct rig R;

static float *slot(unsigned i) { return (float *)(void *)(R.local + i * SLOT); }
static uint32_t *slot_u32(unsigned i) { return (uint32_t *)(void *)(R.local + i * SLOT); }

static void begin(void)
{
	card_need(CARD);
	R = rig_open(CARD);
	for (unsigned i = 0; i < 8; i++)
		rig_operand(&R, i, RIG_LOCAL + i * SLOT);
}

static void randoms(float *p, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		p[i] = (float)((int32_t)(ct_rand() & 0xffff) - 32768) / 16384.0f;
}

static uint32_t fbits(float f)
{
	uint32_t u;

	memcpy(&u, &f, 4);
	return u;
}

static union weft_packet pkt(unsigned oper, unsigned n)
{
	union weft_packet p = {
		.exec = { .op = WEFT_PKT_EXEC, .flags = WEFT_PKT_TABLE, .oper = (uint16_t)oper, .noperands = (uint8_t)n },
	};

	for (unsigned i = 0; i < n; i++)
		p.exec.u.index[i] = (uint16_t)i;
	return p;
}

static void gemm_case(uint32_t m, uint32_t n, uint32_t k, uint32_t flags, float alpha, float beta, uint32_t pad)
{
	uint32_t acols = flags & WEFT_GEMM_TRANS_A ? m : k, arows = flags & WEFT_GEMM_TRANS_A ? k : m;
	uint32_t bcols = flags & WEFT_GEMM_TRANS_B ? k : n, brows = flags & WEFT_GEMM_TRANS_B ? n : k;
	uint32_t lda = acols + pad, ldb = bcols + 2 * pad, ldc = n + 3 * pad;
	float *c = slot(0), *a = slot(1), *b = slot(2), *bias = slot(3);
	static float old[131072];
	union weft_packet p = pkt(WEFT_OP_GEMM_F32, flags & WEFT_GEMM_BIAS ? 4 : 3);

	randoms(a, (uint64_t)arows * lda);
	randoms(b, (uint64_t)brows * ldb);
	randoms(c, (uint64_t)m * ldc);
	randoms(bias, n);
	if (beta == 0)		/* C is not read: NaN in it must not matter */
		for (uint64_t i = 0; i < (uint64_t)m * ldc; i++)
			c[i] = NAN;
	memcpy(old, c, (uint64_t)m * ldc * 4);
	p.exec.dim[0] = m;
	p.exec.dim[1] = n;
	p.exec.dim[2] = k;
	p.exec.scalar[0] = fbits(alpha);
	p.exec.scalar[1] = fbits(beta);
	p.exec.scalar[2] = flags;
	if (pad) {
		p.exec.scalar[3] = lda;
		p.exec.scalar[4] = ldb;
		p.exec.scalar[5] = ldc;
	}
	rig_run(&R, &p, 1);
	ct_about("GEMM %u x %u x %u flags %#x", m, n, k, flags);
	for (uint32_t i = 0; i < m; i++)
		for (uint32_t j = 0; j < ldc; j++) {
			if (j >= n) {
				CHECK(!memcmp(&c[i * ldc + j], &old[i * ldc + j], 4), "padding of C was written");
				continue;
			}
			double sum = 0, mag = 0;
			for (uint32_t l = 0; l < k; l++) {
				double x = (double)(flags & WEFT_GEMM_TRANS_A ? a[l * lda + i] : a[i * lda + l]) *
					   (double)(flags & WEFT_GEMM_TRANS_B ? b[j * ldb + l] : b[l * ldb + j]);

				sum += x;
				mag += fabs(x);
			}
			double want = alpha * sum + (beta != 0 ? (double)beta * old[i * ldc + j] : 0) +
				      (flags & WEFT_GEMM_BIAS ? bias[j] : 0);
			if ((flags & WEFT_GEMM_RELU) && want < 0)
				want = 0;
			double tol = 1e-6 * (fabs(alpha) * mag * (1 + sqrt(k)) + fabs(want) + 4);
			CHECK(fabs(want - c[i * ldc + j]) <= tol, "C[%u,%u] is %g, expected %g +- %g", i, j, c[i * ldc + j],
			      want, tol);
		}
	ct_about("%s", "");
}

static void gemm(void)
{
	begin();
	for (uint32_t flags = 0; flags < 16; flags++) {
		gemm_case((uint32_t)ct_between(1, 40), (uint32_t)ct_between(1, 40), (uint32_t)ct_between(1, 60), flags, 1, 0, 0);
		gemm_case((uint32_t)ct_between(1, 70), (uint32_t)ct_between(1, 70), (uint32_t)ct_between(1, 90), flags, 0.5f,
			  -1.25f, (uint32_t)ct_between(1, 5));
	}
	gemm_case(64, 512, 130, WEFT_GEMM_BIAS | WEFT_GEMM_RELU, 1, 0, 0);
	gemm_case(1, 1, 1, 0, 1, 1, 0);
	gemm_case(128, 96, 257, WEFT_GEMM_TRANS_B, 1, 1, 0);
	/* dimension 0 does nothing */
	union weft_packet p = pkt(WEFT_OP_GEMM_F32, 3);
	p.exec.dim[0] = 4;
	p.exec.dim[2] = 4;
	p.exec.scalar[0] = fbits(1);
	slot_u32(0)[0] = 0x1234;
	rig_run(&R, &p, 1);
	CHECK_EQ(slot_u32(0)[0], 0x1234, "C after a GEMM with n = 0");
}

static void elementwise(void)
{
	static const uint32_t sizes[] = { 0, 1, 15, 16, 17, 1000, 65537 };
	static const struct { unsigned op, n; const char *name; } ops[] = {
		{ WEFT_OP_RELU_GRAD_F32, 3, "relu_grad" }, { WEFT_OP_ADD_F32, 3, "add" }, { WEFT_OP_MUL_F32, 3, "mul" },
		{ WEFT_OP_RELU_F32, 2, "relu" },
	};

	begin();
	for (unsigned o = 0; o < ARRAY_LEN(ops); o++)
		for (unsigned s = 0; s < ARRAY_LEN(sizes); s++)
			for (unsigned place = 0; place < 2; place++) {
				uint32_t n = sizes[s];
				static float x[65538], y[65538];
				union weft_packet p = pkt(ops[o].op, ops[o].n);

				if (place)
					p.exec.u.index[1] = 0;	/* dst is the first input */
				randoms(slot(0), n + 1);
				randoms(slot(1), n + 1);
				randoms(slot(2), n + 1);
				memcpy(x, slot(place ? 0 : 1), (n + 1) * 4);
				memcpy(y, slot(2), (n + 1) * 4);
				float guard = slot(0)[n];
				p.exec.dim[0] = n;
				rig_run(&R, &p, 1);
				for (uint32_t i = 0; i < n; i++) {
					float want = ops[o].op == WEFT_OP_ADD_F32 ? x[i] + y[i] :
						     ops[o].op == WEFT_OP_MUL_F32 ? x[i] * y[i] :
						     ops[o].op == WEFT_OP_RELU_F32 ? (x[i] > 0 ? x[i] : 0) : y[i] > 0 ? x[i] : 0;

					CHECK(slot(0)[i] == want, "%s of %u%s: element %u is %g, expected %g", ops[o].name, n,
					      place ? " in place" : "", i, slot(0)[i], want);
				}
				CHECK(slot(0)[n] == guard, "%s wrote behind its output", ops[o].name);
			}
}

static void gather(void)
{
	begin();
	for (int i = 0; i < 10; i++) {
		uint32_t rows = (uint32_t)ct_between(1, 60), cols = (uint32_t)ct_between(1, 800), nt = (uint32_t)ct_between(1, 300);
		uint8_t *table = (uint8_t *)slot(1);
		float scale = i & 1 ? 1.0f / 255 : 3.0f;
		union weft_packet p = pkt(WEFT_OP_GATHER_U8_F32, 3);

		random_bytes(table, nt * cols);
		for (uint32_t k = 0; k < rows; k++)
			slot_u32(2)[k] = (uint32_t)ct_below(nt);
		p.exec.dim[0] = rows;
		p.exec.dim[1] = cols;
		p.exec.dim[2] = nt;
		p.exec.scalar[0] = fbits(scale);
		rig_run(&R, &p, 1);
		for (uint32_t k = 0; k < rows; k++)
			for (uint32_t j = 0; j < cols; j++) {
				float want = scale * (float)table[slot_u32(2)[k] * cols + j];

				CHECK(slot(0)[k * cols + j] == want, "gather f32 row %u column %u", k, j);
			}
		p = pkt(WEFT_OP_GATHER_U8_U32, 3);
		p.exec.dim[0] = rows;
		p.exec.dim[1] = nt;
		rig_run(&R, &p, 1);
		for (uint32_t k = 0; k < rows; k++)
			CHECK_EQ(slot_u32(0)[k], table[slot_u32(2)[k]], "gather u32");
		slot_u32(2)[rows - 1] = nt;
		rig_fault(&R, &p, 1, (struct fault){ .cause = WEFT_FAULT_INDEX, VA_ANY });
		p = pkt(WEFT_OP_GATHER_U8_F32, 3);
		p.exec.dim[0] = rows;
		p.exec.dim[1] = cols;
		p.exec.dim[2] = nt;
		slot_u32(2)[rows - 1] = ~0u;
		rig_fault(&R, &p, 1, (struct fault){ .cause = WEFT_FAULT_INDEX, VA_ANY });
	}
}

static void softmax(void)
{
	begin();
	for (int i = 0; i < 12; i++) {
		uint32_t rows = (uint32_t)ct_between(1, 70), cols = (uint32_t)ct_between(1, i % 3 ? 12 : 300);
		float scale = 1.0f / (float)rows;
		static float x[32768];
		union weft_packet p = pkt(WEFT_OP_SOFTMAX_XENT_F32, 4);

		randoms(slot(2), (uint64_t)rows * cols);
		for (uint32_t k = 0; k < rows * cols; k++)
			slot(2)[k] *= k % 7 ? 3.0f : 40.0f;	/* large logits: the maximum has to be taken out */
		memcpy(x, slot(2), rows * cols * 4);
		for (uint32_t k = 0; k < rows; k++)
			slot_u32(3)[k] = (uint32_t)ct_below(cols);
		if (i & 1)
			p.exec.u.index[0] = 2;			/* dlogits in place of logits */
		p.exec.dim[0] = rows;
		p.exec.dim[1] = cols;
		p.exec.scalar[0] = fbits(scale);
		rig_run(&R, &p, 1);
		const float *d = slot(i & 1 ? 2 : 0);
		for (uint32_t k = 0; k < rows; k++) {
			double max = -1e30, sum = 0;
			uint32_t label = slot_u32(3)[k];

			for (uint32_t j = 0; j < cols; j++)
				max = fmax(max, x[k * cols + j]);
			for (uint32_t j = 0; j < cols; j++)
				sum += exp(x[k * cols + j] - max);
			double loss = log(sum) + max - x[k * cols + label];
			CHECK(fabs(loss - slot(1)[k]) <= 1e-5 * (1 + fabs(loss) + fabs(max)), "loss of row %u is %g, expected %g", k,
			      slot(1)[k], loss);
			for (uint32_t j = 0; j < cols; j++) {
				double want = (exp(x[k * cols + j] - max) / sum - (j == label)) * scale;

				CHECK(fabs(want - d[k * cols + j]) <= 2e-6 * scale * 4, "dlogits[%u,%u] is %g, expected %g", k, j,
				      d[k * cols + j], want);
			}
		}
		p.exec.u.index[0] = 0;
		slot_u32(3)[0] = cols;
		rig_fault(&R, &p, 1, (struct fault){ .cause = WEFT_FAULT_INDEX, VA_ANY });
	}
}

static void colsum(void)
{
	begin();
	for (int i = 0; i < 12; i++) {
		uint32_t rows = (uint32_t)ct_between(1, 200), cols = (uint32_t)ct_between(1, 600);
		union weft_packet p = pkt(WEFT_OP_COLSUM_F32, 2);

		randoms(slot(1), (uint64_t)rows * cols);
		p.exec.dim[0] = rows;
		p.exec.dim[1] = cols;
		rig_run(&R, &p, 1);
		for (uint32_t j = 0; j < cols; j++)
			CHECK_EQ(slot_u32(0)[j], fbits(model_colsum(slot(1), rows, cols, j)), "bits of a column sum");
	}
}

static void sgd(void)
{
	begin();
	for (int i = 0; i < 8; i++) {
		uint32_t n = (uint32_t)ct_between(1, 40000);
		float lr = 0.1f / (float)(i + 1), mu = 0.9f;
		static float w[40000], v[40000];
		union weft_packet p = pkt(WEFT_OP_SGD_MOMENTUM_F32, 3);

		for (unsigned k = 0; k < 3; k++)
			randoms(slot(k), n);
		memcpy(w, slot(0), n * 4);
		memcpy(v, slot(1), n * 4);
		p.exec.dim[0] = n;
		p.exec.scalar[0] = fbits(lr);
		p.exec.scalar[1] = fbits(mu);
		rig_run(&R, &p, 1);
		for (uint32_t k = 0; k < n; k++) {
			volatile float mv = mu * v[k], nv = mv + slot(2)[k], lv = lr * nv, nw = w[k] - lv;

			CHECK_EQ(slot_u32(1)[k], fbits(nv), "bits of v");
			CHECK_EQ(slot_u32(0)[k], fbits(nw), "bits of w");
		}
	}
}

static void hits(void)
{
	begin();
	for (int i = 0; i < 10; i++) {
		uint32_t rows = (uint32_t)ct_between(1, 300), cols = (uint32_t)ct_between(1, 20), want = 0;
		union weft_packet p = pkt(WEFT_OP_ARGMAX_HITS_F32, 3);

		for (uint32_t k = 0; k < rows * cols; k++)
			slot(1)[k] = (float)ct_below(5);	/* ties are common */
		for (uint32_t k = 0; k < rows; k++) {
			uint32_t best = 0;

			for (uint32_t j = 1; j < cols; j++)
				if (slot(1)[k * cols + j] > slot(1)[k * cols + best])
					best = j;
			slot_u32(2)[k] = (uint32_t)ct_below(cols);
			want += best == slot_u32(2)[k];
		}
		p.exec.dim[0] = rows;
		p.exec.dim[1] = cols;
		rig_run(&R, &p, 1);
		CHECK_EQ(slot_u32(0)[0], want, "hits");
	}
}

static void scalars(void)
{
	union weft_packet p;

	begin();
	/* a scalar from an operand */
	p = pkt(WEFT_OP_SGD_MOMENTUM_F32, 3);
	p.exec.dim[0] = 1;
	slot(0)[0] = 1;
	slot(1)[0] = 0;
	slot(2)[0] = 2;
	slot(5)[0] = 0.25f;
	p.exec.scalar_mask = 1;
	p.exec.scalar[0] = 5;
	rig_run(&R, &p, 1);
	CHECK(slot(0)[0] == 0.5f, "w with the learning rate from memory is %g", slot(0)[0]);
	/* inline operands */
	p = (union weft_packet){ .exec = { .op = WEFT_PKT_EXEC, .oper = WEFT_OP_RELU_F32, .noperands = 2,
		.u.va = { RIG_LOCAL, RIG_LOCAL + SLOT }, .dim = { 3 } } };
	slot(1)[0] = -1;
	slot(1)[1] = 4;
	rig_run(&R, &p, 1);
	CHECK(slot(0)[0] == 0 && slot(0)[1] == 4, "relu with inline operands");
	p.exec.scalar_mask = 1;
	rig_fault(&R, &p, 1, (struct fault){ .cause = WEFT_FAULT_FIELD });
}

static void refused(void)
{
	union weft_packet p, ok;
	static const unsigned unknown[] = { 0, WEFT_OP_COUNT, 255, 0xffff };

	begin();
	for (unsigned i = 0; i < ARRAY_LEN(unknown); i++) {
		p = pkt(unknown[i], 2);
		rig_fault(&R, &p, 1, (struct fault){ .cause = WEFT_FAULT_OPERATOR });
	}
	ok = pkt(WEFT_OP_GEMM_F32, 3);
	ok.exec.dim[0] = ok.exec.dim[1] = ok.exec.dim[2] = 8;
	ok.exec.scalar[0] = fbits(1);
#define TRY(change, ...) \
	do { \
		p = ok; \
		p.exec.change; \
		ct_about("GEMM with " #change); \
		rig_fault(&R, &p, 1, (struct fault){ __VA_ARGS__ }); \
		ct_about("%s", ""); \
	} while (0)
	TRY(scalar[3] = 7, .cause = WEFT_FAULT_SHAPE);
	TRY(scalar[4] = 7, .cause = WEFT_FAULT_SHAPE);
	TRY(scalar[5] = 7, .cause = WEFT_FAULT_SHAPE);
	TRY(dim[3] = 1, .cause = WEFT_FAULT_FIELD);
	TRY(scalar[2] = 0x10, .cause = WEFT_FAULT_SHAPE, .or_cause = WEFT_FAULT_FIELD);
	TRY(noperands = 2, .cause = WEFT_FAULT_SHAPE);
	TRY(noperands = 4, .cause = WEFT_FAULT_SHAPE);
	TRY(noperands = 9, .cause = WEFT_FAULT_SHAPE, .or_cause = WEFT_FAULT_FIELD);
	TRY(u.index[1] = 4096, .cause = WEFT_FAULT_OPERAND);
	TRY(u.index[5] = 1, .cause = WEFT_FAULT_FIELD, .or_cause = WEFT_FAULT_OPERAND);
	TRY(scalar_mask = 0x40, .cause = WEFT_FAULT_FIELD);
	rig_operand(&R, 1, RIG_LOCAL + SLOT + 2);
	TRY(op = WEFT_PKT_EXEC, .cause = WEFT_FAULT_ALIGN, VA_IN(RIG_LOCAL + SLOT + 2, 1));
	rig_operand(&R, 1, RIG_LOCAL + 4);	/* overlaps C */
	TRY(op = WEFT_PKT_EXEC, .cause = WEFT_FAULT_OVERLAP);
	rig_operand(&R, 1, RIG_LOCAL);		/* equal, but GEMM is not in place */
	TRY(op = WEFT_PKT_EXEC, .cause = WEFT_FAULT_OVERLAP);
	rig_operand(&R, 1, RIG_HOLE);
	TRY(op = WEFT_PKT_EXEC, .cause = WEFT_FAULT_PT_INVALID, VA_IN(RIG_HOLE, 1));
#undef TRY
	static const struct { unsigned oper, n; uint32_t d0, d1; } big[] = {
		{ WEFT_OP_SOFTMAX_XENT_F32, 4, 1, (1u << 18) + 1 }, { WEFT_OP_ARGMAX_HITS_F32, 3, 1, (1u << 20) + 1 },
		{ WEFT_OP_COLSUM_F32, 2, (1u << 17) + 1, 1 },
	};
	for (unsigned i = 0; i < ARRAY_LEN(big); i++) {
		p = pkt(big[i].oper, big[i].n);
		p.exec.dim[0] = big[i].d0;
		p.exec.dim[1] = big[i].d1;
		ct_about("operator %u beyond its limit", big[i].oper);
		rig_fault(&R, &p, 1, (struct fault){ .cause = WEFT_FAULT_SHAPE });
	}
	ct_about("%s", "");
	rig_operand(&R, 1, RIG_LOCAL + 4);	/* v over w: two outputs */
	p = pkt(WEFT_OP_SGD_MOMENTUM_F32, 3);
	p.exec.dim[0] = 8;
	rig_fault(&R, &p, 1, (struct fault){ .cause = WEFT_FAULT_OVERLAP });
}

static void not_numbers(void)
{
	union weft_packet p;

	begin();
	slot(1)[0] = NAN;
	slot(1)[1] = -INFINITY;
	slot(1)[2] = INFINITY;
	p = pkt(WEFT_OP_RELU_F32, 2);
	p.exec.dim[0] = 3;
	rig_run(&R, &p, 1);
	CHECK(isnan(slot(0)[0]) && slot(0)[1] == 0 && isinf(slot(0)[2]), "relu of NaN, -inf, inf");
	/* relu_grad: the comparison with NaN is false, what is passed on stays as it is; 40 fill a vector and its rest */
	p = pkt(WEFT_OP_RELU_GRAD_F32, 3);
	p.exec.dim[0] = 40;
	for (unsigned i = 0; i < 40; i++) {
		slot(1)[i] = i % 4 == 3 ? NAN : 5;
		slot(2)[i] = i % 4 == 0 ? NAN : i % 4 == 1 ? -NAN : 1;
	}
	rig_run(&R, &p, 1);
	for (unsigned i = 0; i < 40; i++)
		CHECK(i % 4 == 3 ? isnan(slot(0)[i]) : slot(0)[i] == (i % 4 == 2 ? 5 : 0), "relu_grad of NaN, element %u", i);
	/* argmax: NaN is never greater, but one in column 0 stays */
	const float x[8] = { 1, NAN, 2, 0, NAN, 5, 6, 7 };
	memcpy(slot(1), x, sizeof(x));
	slot_u32(2)[0] = 2;
	slot_u32(2)[1] = 0;
	p = pkt(WEFT_OP_ARGMAX_HITS_F32, 3);
	p.exec.dim[0] = 2;
	p.exec.dim[1] = 4;
	rig_run(&R, &p, 1);
	CHECK_EQ(slot_u32(0)[0], 2, "hits among NaN");
	/* a product with k = 0 leaves C alone */
	p = pkt(WEFT_OP_GEMM_F32, 3);
	p.exec.dim[0] = p.exec.dim[1] = 2;
	p.exec.scalar[0] = p.exec.scalar[1] = fbits(2);
	slot(0)[0] = 3;
	rig_run(&R, &p, 1);
	CHECK(slot(0)[0] == 3, "C after a product with k = 0");
	/* a gradient times NaN bias etc.: matrix product */
	p.exec.dim[2] = 1;
	p.exec.scalar[1] = 0;
	p.exec.scalar[2] = WEFT_GEMM_RELU;
	slot(1)[0] = NAN;
	slot(1)[1] = 1;
	slot(2)[0] = slot(2)[1] = 1;
	rig_run(&R, &p, 1);
	CHECK(isnan(slot(0)[0]) && isnan(slot(0)[1]) && slot(0)[2] == 2, "a product with NaN, relu behind it");
}

#define CAPS (WEFT_CAP_EXEC | WEFT_CAP_CALL)
static const struct ct_test tests[] = {
	{ "GEMM: flags, leading dimensions, alpha, beta", gemm, CAPS, 0, false },
	{ "add, mul, relu, relu_grad, in place too", elementwise, CAPS, 0, false },
	{ "gather, index faults", gather, CAPS, 0, false },
	{ "softmax and cross entropy", softmax, CAPS, 0, false },
	{ "column sum, bit-equal to the balanced tree", colsum, CAPS, 0, false },
	{ "SGD with momentum, bit-equal", sgd, CAPS, 0, false },
	{ "argmax hits with ties", hits, CAPS, 0, false },
	{ "scalars from memory, inline operands", scalars, CAPS, 0, false },
	{ "NaN, infinities, k = 0", not_numbers, CAPS, 0, false },
	{ "unknown operators, shapes, overlap, faults", refused, CAPS, 0, false },
};
CT_SECTION_OF(exec, CAPS);
