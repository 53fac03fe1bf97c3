/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The fast table: picks the kernels of this processor once and runs units with them. */
#include <pthread.h>
#include <string.h>

#include "gemm.h"
#include "kern.h"
#include "ops_test.h"
#include "ref.h"

static const struct wcard_kern *kern;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void choose(void)
{
	kern = &wcard_kern_portable;
#ifdef __x86_64__
	__builtin_cpu_init();
	/* every processor with AVX2 has F16C; older clang cannot ask for it */
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		kern = &wcard_kern_avx2;
	if (kern == &wcard_kern_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
		kern = &wcard_kern_avx512;
#endif
}

static inline const struct wcard_kern *k(void)
{
	pthread_once(&once, choose);
	return kern;
}

int wcard_ops_force(const char *isa)
{
	static const struct wcard_kern *const all[] = {
		&wcard_kern_portable,
#ifdef __x86_64__
		&wcard_kern_avx2, &wcard_kern_avx512,
#endif
	};
	const struct wcard_kern *best;
	size_t i;

	k();
	choose();
	best = kern;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!strcmp(all[i]->isa, isa)) {
			kern = all[i];
			return 0;
		}
		if (all[i] == best)
			break;
	}
	return -1;
}

const char *wcard_ops_isa(void)
{
	return k()->isa;
}

const char *wcard_ops_gemm_backend(void)
{
#ifdef WCARD_HAVE_ONEDNN
	return wcard_gemm_onednn.name;
#else
	return "builtin";
#endif
}

#define WCARD_RUN(opname)	wcard_##opname##_fast
static const struct wcard_op table[WEFT_OP_COUNT] = { WCARD_OPS(WCARD_ROW_TABLE) };

const struct wcard_op *wcard_op_find(uint16_t id)
{
	return id > 0 && id < WEFT_OP_COUNT ? &table[id] : NULL;
}

int wcard_op_check(const struct weft_pkt_exec *p, const uint32_t scalar[WEFT_EXEC_SCALARS],
		   struct wcard_opnd_need need[WEFT_EXEC_OPERANDS], const struct wcard_op **op)
{
	int fault = wcard_ref_check(p, scalar, need, op);

	if (!fault)
		*op = &table[p->oper];
	return fault;
}

void wcard_reduce_run(unsigned int dtype, unsigned int rop, const void *const src[], unsigned int nsrc,
		      void *const dst[], unsigned int ndst, size_t count)
{
	k()->reduce(dtype, rop, src, nsrc, dst, ndst, count);
}

void wcard_copy_nt(void *dst, const void *src, size_t bytes)
{
	k()->copy(dst, src, bytes);
}

void wcard_fill(void *dst, unsigned int width, uint64_t pattern, size_t bytes)
{
	if (width == 1)
		pattern = (pattern & 0xff) * 0x0101010101010101ull;
	else if (width == 2)
		pattern = (pattern & 0xffff) * 0x0001000100010001ull;
	else if (width == 4)
		pattern = (pattern & 0xffffffff) * 0x0000000100000001ull;
	k()->fill(dst, pattern, bytes);
}

/* Small tiles are ours: the library's call costs more than the product. Only the shape decides. */
static int small(const struct wcard_gemm_tile *t)
{
	return t->m <= 32 && t->n <= 32 && t->k <= 64;
}

int wcard_gemm_f32_fast(const struct weft_pkt_exec *p, const uint32_t *scalar, void *const *ptr, uint64_t unit)
{
	static _Thread_local float pack[WCARD_GEMM_PACK] __attribute__((aligned(64)));
	struct wcard_gemm_tile t;
	int relu;

	wcard_gemm_cut(p, scalar, ptr, unit, &t);
#ifdef WCARD_HAVE_ONEDNN
	if (!small(&t))
		wcard_gemm_onednn.gemm(&t);
	else
#else
	(void)small;
#endif
		k()->gemm(&t, pack);
	relu = t.last && t.flags & WEFT_GEMM_RELU;
	if (t.bias || relu)
		k()->bias_relu(t.c, t.ldc, t.bias, relu, t.m, t.n);
	return 0;
}

int wcard_gather_u8_f32_fast(const struct weft_pkt_exec *p, const uint32_t *scalar, void *const *ptr, uint64_t unit)
{
	const uint32_t *idx = ptr[2];
	struct wcard_gather_span s;
	uint64_t r;
	uint32_t x;

	wcard_gather_cut(p, unit, &s);
	if (wcard_check_index(idx + s.row, s.rows, p->dim[2]))
		return WEFT_FAULT_INDEX;
	for (r = s.row; r < s.row + s.rows; r++) {
		x = wcard_load_index(idx + r);
		if (x >= p->dim[2])
			return WEFT_FAULT_INDEX;
		k()->gather_row((float *)ptr[0] + r * p->dim[1] + s.col,
				(const uint8_t *)ptr[1] + (uint64_t)x * p->dim[1] + s.col, wcard_bits_f32(scalar[0]),
				s.cols);
	}
	return 0;
}

int wcard_softmax_xent_f32_fast(const struct weft_pkt_exec *p, const uint32_t *scalar, void *const *ptr, uint64_t unit)
{
	uint64_t step = wcard_rows_unit(p->dim[1]), r = unit * step, end = wcard_min64(p->dim[0], r + step);
	const uint32_t *labels = ptr[3];
	uint32_t cols = p->dim[1], label;

	if (wcard_check_index(labels + r, end - r, cols))
		return WEFT_FAULT_INDEX;
	for (; r < end; r++) {
		label = wcard_load_index(labels + r);
		if (label >= cols)
			return WEFT_FAULT_INDEX;
		k()->softmax_row((float *)ptr[0] + r * cols, (float *)ptr[1] + r, (const float *)ptr[2] + r * cols, label,
				 cols, wcard_bits_f32(scalar[0]));
	}
	return 0;
}

int wcard_colsum_f32_fast(const struct weft_pkt_exec *p, const uint32_t *scalar, void *const *ptr, uint64_t unit)
{
	uint64_t strip = wcard_colsum_strip(p->dim[0]), c = unit * strip;

	(void)scalar;
	k()->colsum((float *)ptr[0] + c, (const float *)ptr[1] + c, p->dim[1], p->dim[0],
		    wcard_min64(strip, p->dim[1] - c));
	return 0;
}

/* One lookup or one comparison an element: nothing to gain from vectors. */
int wcard_gather_u8_u32_fast(const struct weft_pkt_exec *p, const uint32_t *scalar, void *const *ptr, uint64_t unit)
{
	return wcard_gather_u8_u32_ref(p, scalar, ptr, unit);
}

int wcard_argmax_hits_f32_fast(const struct weft_pkt_exec *p, const uint32_t *scalar, void *const *ptr, uint64_t unit)
{
	return wcard_argmax_hits_f32_ref(p, scalar, ptr, unit);
}

#define AT(i)	((float *)ptr[i] + first)

#define ELEMENTWISE(name, call)										\
int wcard_##name##_fast(const struct weft_pkt_exec *p, const uint32_t *scalar, void *const *ptr, uint64_t unit)	\
{														\
	uint64_t first, n = wcard_elem_span(p, unit, &first);							\
														\
	(void)scalar;												\
	k()->call;												\
	return 0;												\
}
ELEMENTWISE(add_f32, add(AT(0), AT(1), AT(2), n))
ELEMENTWISE(mul_f32, mul(AT(0), AT(1), AT(2), n))
ELEMENTWISE(relu_f32, relu(AT(0), AT(1), n))
ELEMENTWISE(relu_grad_f32, relu_grad(AT(0), AT(1), AT(2), n))
ELEMENTWISE(sgd_momentum_f32, sgd(AT(0), AT(1), AT(2), wcard_bits_f32(scalar[0]), wcard_bits_f32(scalar[1]), n))
