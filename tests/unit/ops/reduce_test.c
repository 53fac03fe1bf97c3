/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* REDUCE: every type, operation and number of sources, on every instruction set, against a tree written apart. */
#include <math.h>

#include "util.h"

/* f16 and bf16 decoded by their definition. */
static double decode(unsigned int dtype, uint16_t h)
{
	int eb = dtype == WEFT_F16 ? 5 : 8, mb = 15 - eb, bias = (1 << (eb - 1)) - 1;
	int e = h >> mb & ((1 << eb) - 1), m = h & ((1 << mb) - 1), s = h >> 15;
	double v;

	if (e == (1 << eb) - 1)
		v = m ? NAN : INFINITY;
	else
		v = e ? ldexp(m + (1 << mb), e - bias - mb) : ldexp(m, 1 - bias - mb);
	return s ? -v : v;
}

/* Nearest even, found by looking: positive encodings are ordered, so bisect, then compare the two neighbours. */
static uint16_t encode(unsigned int dtype, float f)
{
	int mb = dtype == WEFT_F16 ? 10 : 7;
	uint16_t inf = (uint16_t)(0x7fff >> mb << mb), sign = signbit(f) ? 0x8000 : 0, lo = 0, hi = inf, mid;
	double x = fabs((double)f), a, b;

	if (f != f)
		return (uint16_t)(inf | 1u << (mb - 1));
	if (isinf(f))
		return sign | inf;
	while (hi - lo > 1) {
		mid = (uint16_t)((lo + hi) / 2);
		if (decode(dtype, mid) <= x)
			lo = mid;
		else
			hi = mid;
	}
	a = decode(dtype, lo);
	/* infinity stands where the next number would be */
	b = hi == inf ? 2 * a - decode(dtype, (uint16_t)(lo - 1)) : decode(dtype, hi);
	if (x - a < b - x || (x - a == b - x && !(lo & 1)))
		return sign | lo;
	return sign | hi;
}

static void halves(void **state)
{
	unsigned int d, i;
	float f;

	(void)state;
	for (i = 0; i < 65536; i++) {
		f = wcard_f16_to_f32((uint16_t)i);
		assert_true(f != f ? isnan(decode(WEFT_F16, (uint16_t)i)) : f == decode(WEFT_F16, (uint16_t)i));
		assert_int_equal(wcard_f32_to_f16(f), f != f ? 0x7e00 : i);
		f = wcard_bf16_to_f32((uint16_t)i);
		assert_true(f != f ? isnan(decode(WEFT_BF16, (uint16_t)i)) : f == decode(WEFT_BF16, (uint16_t)i));
		assert_int_equal(wcard_f32_to_bf16(f), f != f ? 0x7fc0 : i);
	}
	for (i = 0; i < 200000 * count_arg; i++) {
		uint32_t u = rnd();

		if (i & 1)	/* ties, and the exponents of f16 */
			u = (u & 0x8fffe000) | ((103 + rnd_below(42)) << 23) | (rnd() & 1) << 12;
		memcpy(&f, &u, 4);
		assert_int_equal(wcard_f32_to_f16(f), encode(WEFT_F16, f));
		d = wcard_f32_to_bf16(f);
		assert_int_equal(d, encode(WEFT_BF16, f));
	}
}

static float naive_f32(unsigned int rop, const float *x, int lo, int hi)
{
	int n = hi - lo, mid;
	float a, b;

	if (n == 1)
		return x[lo];
	mid = lo + (n > 8 ? 8 : n > 4 ? 4 : n > 2 ? 2 : 1);
	a = naive_f32(rop, x, lo, mid);
	b = naive_f32(rop, x, mid, hi);
	if (rop == WEFT_SUM || rop == WEFT_AVG)
		return a + b;
	if (rop == WEFT_PROD)
		return a * b;
	if (isnan(a) || isnan(b))
		return NAN;
	if (rop == WEFT_MAX)
		return a > b ? a : b;
	return a < b ? a : b;
}

/* Element i of the result into out. */
static void naive(unsigned int dtype, unsigned int rop, void **src, unsigned int n, size_t i, void *out)
{
	size_t size = wcard_dtype_bytes(dtype);
	int64_t acc = 0, x, lo, hi;
	float f[16], r;
	unsigned int j;
	uint16_t h;

	if (dtype <= WEFT_BF16) {
		for (j = 0; j < n; j++) {
			memcpy(&h, (char *)src[j] + i * size, 2);
			memcpy(&f[j], (char *)src[j] + i * size, size);
			if (dtype != WEFT_F32)
				f[j] = (float)decode(dtype, h);
		}
		r = naive_f32(rop, f, 0, (int)n);
		if (rop == WEFT_AVG)
			r = r / (float)n;
		if (r != r)
			r = nanf("");
		h = dtype == WEFT_F32 ? 0 : encode(dtype, r);
		if (dtype == WEFT_F32)
			memcpy(out, &r, 4);
		else
			memcpy(out, &h, 2);
		return;
	}
	lo = dtype == WEFT_I32 ? INT32_MIN : dtype == WEFT_I8 ? -128 : 0;
	hi = dtype == WEFT_I32 ? INT32_MAX : dtype == WEFT_I8 ? 127 : 255;
	for (j = 0; j < n; j++) {
		x = dtype == WEFT_I32 ? ((int32_t *)src[j])[i] :
		    dtype == WEFT_I8 ? ((int8_t *)src[j])[i] : ((uint8_t *)src[j])[i];
		if (!j)
			acc = x;
		else if (rop == WEFT_MAX)
			acc = x > acc ? x : acc;
		else if (rop == WEFT_MIN)
			acc = x < acc ? x : acc;
		else
			acc = rop == WEFT_PROD ? acc * x : acc + x;
		acc = lo + (int64_t)((uint64_t)(acc - lo) % (uint64_t)(hi - lo + 1));
	}
	if (rop == WEFT_AVG)
		acc /= (int)n;
	memcpy(out, &acc, size);	/* little endian */
}

static void fill_operand(unsigned int dtype, void *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (dtype == WEFT_F32)
			((float *)p)[i] = rnd_any_float();
		else if (dtype == WEFT_F16 || dtype == WEFT_BF16)
			((uint16_t *)p)[i] = rnd() % 8 ? encode(dtype, rnd_float()) : (uint16_t)rnd();
		else if (dtype == WEFT_I32)
			((uint32_t *)p)[i] = rnd();
		else
			((uint8_t *)p)[i] = (uint8_t)rnd();
	}
}

#define SLOT	2048

static void one(unsigned int dtype, unsigned int rop, unsigned int n, unsigned int m, size_t count, unsigned int inplace)
{
	static char in[16][SLOT], work[32][SLOT + 64], ref[SLOT];
	size_t size = wcard_dtype_bytes(dtype), bytes = count * size, i;
	void *src[16], *dst[16], *rdst[1] = { ref };
	unsigned int j, isa;

	for (j = 0; j < n; j++) {
		fill_operand(dtype, in[j], count);
		src[j] = in[j];
	}
	wcard_ref_reduce(dtype, rop, (const void *const *)src, n, rdst, 1, count);
	for (i = 0; i < count; i++) {
		char want[8];

		naive(dtype, rop, src, n, i, want);
		if (memcmp(want, ref + i * size, size))
			fail_msg("reference: type %u op %u n %u element %zu", dtype, rop, n, i);
	}
	for (isa = 0; isa < 3; isa++) {
		if (wcard_ops_force(isas[isa]))
			continue;
		memset(work, 0x5a, sizeof(work));
		for (j = 0; j < n; j++) {
			src[j] = work[j] + rnd_below(8) * size;
			memcpy(src[j], in[j], bytes);
		}
		for (j = 0; j < m; j++)
			dst[j] = j < inplace && j < n ? src[j] : work[16 + j] + rnd_below(8) * size;
		wcard_reduce_run(dtype, rop, (const void *const *)src, n, dst, m, count);
		for (j = 0; j < m; j++) {
			if (memcmp(dst[j], ref, bytes))
				fail_msg("%s: type %u op %u n %u m %u count %zu", isas[isa], dtype, rop, n, m, count);
			assert_int_equal(((char *)dst[j])[bytes], 0x5a);
			if (j >= inplace && dst[j] != work[16 + j])
				assert_int_equal(((char *)dst[j])[-1], 0x5a);
		}
	}
}

static void all_combinations(void **state)
{
	static const size_t counts[] = { 0, 1, 2, 3, 15, 64, 257 };
	unsigned int dtype, rop, n, c;

	(void)state;
	for (dtype = 0; dtype < WEFT_DTYPE_COUNT; dtype++)
		for (rop = 0; rop < WEFT_REDUCE_OP_COUNT; rop++)
			for (n = 1; n <= 16; n++)
				for (c = 0; c < sizeof(counts) / sizeof(counts[0]); c++)
					one(dtype, rop, n, 1 + rnd_below(16), counts[c], c & 1 ? 16 : rnd_below(3));
}

/* Past the streaming size: heads, equal and unequal alignments, in place. */
static void large(void **state)
{
	enum { N = 750000 };
	static char buf[9][N + 128] __attribute__((aligned(64)));
	static char ref[N];
	unsigned int dtype, isa, j, shift, mixed;
	void *src[4], *dst[5], *rdst[1] = { ref };
	size_t size, bytes;

	(void)state;
	for (dtype = 0; dtype < WEFT_DTYPE_COUNT; dtype++) {
		size = wcard_dtype_bytes(dtype);
		for (mixed = 0; mixed < 2; mixed++) {
			for (isa = 0; isa < 3; isa++) {
				if (wcard_ops_force(isas[isa]))
					continue;
				shift = rnd_below(16);
				/* nine operands of this many bytes are past the streaming size for every type */
				bytes = (N - rnd_below(200)) / size * size;
				for (j = 0; j < 4; j++) {
					src[j] = buf[j] + rnd_below(9) * size;
					fill_operand(dtype, src[j], bytes / size);
				}
				for (j = 0; j < 5; j++)
					dst[j] = buf[4 + j] + (mixed ? rnd_below(16) : shift) * size;
				if (mixed)
					dst[2] = src[3];
				wcard_ref_reduce(dtype, WEFT_AVG, (const void *const *)src, 4, rdst, 1, bytes / size);
				wcard_reduce_run(dtype, WEFT_AVG, (const void *const *)src, 4, dst, 5, bytes / size);
				for (j = 0; j < 5; j++)
					assert_memory_equal(dst[j], ref, bytes);
			}
		}
	}
}

static void refusals(void **state)
{
	struct weft_pkt_reduce good = { .op = WEFT_PKT_REDUCE, .flags = WEFT_PKT_TABLE, .dtype = WEFT_F32, .nsrc = 4,
					.ndst = 4, .dst_first = 4, .count = 100, .offset = 8 }, p;
	uint64_t a[2] = { 0x1000, 0x3000 }, b[2] = { 0x1000, 0x4000 };

	(void)state;
	assert_int_equal(wcard_reduce_check(&good), 0);
#define BAD(change, fault) do { p = good; p.change; assert_int_equal(wcard_reduce_check(&p), fault); } while (0)
	BAD(flags = 0, WEFT_FAULT_FIELD);
	BAD(flags = 3, WEFT_FAULT_FIELD);
	BAD(dtype = WEFT_DTYPE_COUNT, WEFT_FAULT_FIELD);
	BAD(rop = WEFT_REDUCE_OP_COUNT, WEFT_FAULT_FIELD);
	BAD(nsrc = 0, WEFT_FAULT_FIELD);
	BAD(nsrc = 17, WEFT_FAULT_FIELD);
	BAD(ndst = 0, WEFT_FAULT_FIELD);
	BAD(ndst = 17, WEFT_FAULT_FIELD);
	BAD(reserved0 = 1, WEFT_FAULT_FIELD);
	BAD(reserved1 = 1, WEFT_FAULT_FIELD);
	BAD(reserved[3] = 1, WEFT_FAULT_FIELD);
	BAD(count = 1ull << 62, WEFT_FAULT_SHAPE);
	BAD(offset = 1ull << 60, WEFT_FAULT_SHAPE);
	BAD(offset = 2, WEFT_FAULT_ALIGN);
	assert_int_equal(wcard_reduce_place(WEFT_F32, a, 2, b, 2, 0x400), 0);
	assert_int_equal(wcard_reduce_place(WEFT_F32, a, 2, b, 2, 0x401), WEFT_FAULT_OVERLAP);
	b[1] = 0x3004;
	assert_int_equal(wcard_reduce_place(WEFT_F32, a, 2, b, 2, 2), WEFT_FAULT_OVERLAP);
	assert_int_equal(wcard_reduce_place(WEFT_F32, a, 2, b, 2, 1), 0);
	b[1] = 0x1004;
	assert_int_equal(wcard_reduce_place(WEFT_F32, a, 2, b, 2, 2), WEFT_FAULT_OVERLAP);
	b[1] = 0x4002;
	assert_int_equal(wcard_reduce_place(WEFT_F32, a, 2, b, 2, 2), WEFT_FAULT_ALIGN);
	assert_int_equal(wcard_reduce_unit(WEFT_I8, 16, 16) % 4096, 0);
}

static void copies(void **state)
{
	enum { N = 9 << 20 };
	static unsigned char a[N + 128], b[N + 128];
	static const size_t sizes[] = { 0, 1, 63, 64, 65, 1000, 600000, N };
	unsigned int isa, c, s, d, w;
	uint64_t pattern;
	size_t i, n;

	(void)state;
	for (isa = 0; isa < 3; isa++) {
		if (wcard_ops_force(isas[isa]))
			continue;
		for (c = 0; c < sizeof(sizes) / sizeof(sizes[0]); c++) {
			n = sizes[c];
			s = rnd_below(64);
			d = 1 + rnd_below(62);
			for (i = 0; i < n + 128; i++)
				a[i] = (unsigned char)(i * 167 >> 3);
			memset(b, 0x77, sizeof(b));
			wcard_copy_nt(b + d, a + s, n);
			assert_memory_equal(b + d, a + s, n);
			assert_int_equal(b[d - 1], 0x77);
			assert_int_equal(b[d + n], 0x77);
			for (w = 1; w <= 8; w *= 2) {
				pattern = (uint64_t)rnd() << 32 | rnd();
				d = w * (1 + rnd_below(7));
				memset(b, 0x77, sizeof(b));
				n = sizes[c] / w * w;
				wcard_fill(b + d, w, pattern, n);
				for (i = 0; i < n; i++)
					if (b[d + i] != (unsigned char)(pattern >> i % w * 8))
						fail_msg("fill width %u byte %zu of %zu", w, i, n);
				assert_int_equal(b[d - 1], 0x77);
				assert_int_equal(b[d + n], 0x77);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(halves), cmocka_unit_test(all_combinations), cmocka_unit_test(large),
		cmocka_unit_test(refusals), cmocka_unit_test(copies),
	};

	setup_random();
	return cmocka_run_group_tests_name("reduce", tests, NULL, NULL);
}
