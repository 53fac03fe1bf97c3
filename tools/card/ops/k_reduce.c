/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* REDUCE: choice of kernel, alignment and remainders; the f32 kernels. */
#include "kern.h"
#include "vec.h"
#include "tree.h"

/* A multiple of the block of every type (half of it for the 16-bit ones). */
#define BLOCK	((size_t)RV * VB)

#define LOAD_F32(p, u)		vf_load((p) + (u) * VB)
#define STORE_F32(p, u, v)	vf_store((p) + (u) * VB, vf_quiet(v))
#define STREAM_F32(p, u, v)	vf_stream((p) + (u) * VB, vf_quiet(v))
#define FINISH_AVG(v, n)	for (u = 0; u < RV; u++) v[u] /= vf_set((float)(n))

REDUCE_BLOCK(sum_f32, vf, BLOCK, LOAD_F32, OP_SUM, FINISH_NONE, STORE_F32, STREAM_F32)
REDUCE_BLOCK(avg_f32, vf, BLOCK, LOAD_F32, OP_SUM, FINISH_AVG, STORE_F32, STREAM_F32)
REDUCE_BLOCK(prod_f32, vf, BLOCK, LOAD_F32, OP_PROD, FINISH_NONE, STORE_F32, STREAM_F32)
REDUCE_BLOCK(max_f32, vf, BLOCK, LOAD_F32, vf_max, FINISH_NONE, STORE_F32, STREAM_F32)
REDUCE_BLOCK(min_f32, vf, BLOCK, LOAD_F32, vf_min, FINISH_NONE, STORE_F32, STREAM_F32)

static wcard_reduce_block *const block_f32[WEFT_REDUCE_OP_COUNT] = {
	[WEFT_SUM] = sum_f32, [WEFT_PROD] = prod_f32, [WEFT_MAX] = max_f32, [WEFT_MIN] = min_f32, [WEFT_AVG] = avg_f32,
};

/* Fewer bytes than a block, through buffers: pads with zeros, stores only what is asked. */
static void partial(wcard_reduce_block *block, const char *const *src, unsigned int n, char *const *dst, unsigned int m,
		    size_t bytes)
{
	char in[WEFT_REDUCE_MAX][BLOCK] __attribute__((aligned(64))), out[BLOCK] __attribute__((aligned(64)));
	const char *from[WEFT_REDUCE_MAX];
	char *to[1] = { out };
	unsigned int j;

	for (j = 0; j < n; j++) {
		memcpy(in[j], src[j], bytes);
		memset(in[j] + bytes, 0, BLOCK - bytes);
		from[j] = in[j];
	}
	block(from, n, to, 1, BLOCK, 0);
	for (j = 0; j < m; j++)
		memcpy(dst[j], out, bytes);
}

static void advance(const char **src, unsigned int n, char **dst, unsigned int m, size_t bytes)
{
	unsigned int j;

	for (j = 0; j < n; j++)
		src[j] += bytes;
	for (j = 0; j < m; j++)
		dst[j] += bytes;
}

void WK(reduce)(unsigned int dtype, unsigned int rop, const void *const *src, unsigned int nsrc, void *const *dst,
		unsigned int ndst, size_t count)
{
	size_t bytes = count * wcard_dtype_bytes(dtype), head, body;
	const char *s[WEFT_REDUCE_MAX];
	char *d[WEFT_REDUCE_MAX];
	wcard_reduce_block *block;
	unsigned int j;
	int stream;

	if (!count)
		return;
	if (dtype == WEFT_F32)
		block = block_f32[rop];
	else if (dtype == WEFT_F16 || dtype == WEFT_BF16)
		block = WK(reduce_block_half)(dtype, rop);
	else
		block = WK(reduce_block_int)(dtype, rop);
	for (j = 0; j < nsrc; j++)
		s[j] = src[j];
	for (j = 0; j < ndst; j++)
		d[j] = dst[j];
	stream = bytes * (nsrc + ndst) >= WCARD_STREAM_BYTES;
	for (j = 1; j < ndst; j++)
		if (((uintptr_t)d[j] ^ (uintptr_t)d[0]) % VB)
			stream = 0;
	head = stream ? -(uintptr_t)d[0] % VB : 0;
	if (head) {
		partial(block, s, nsrc, d, ndst, head);
		advance(s, nsrc, d, ndst, head);
		bytes -= head;
	}
	body = bytes - bytes % BLOCK;
	if (body) {
		block(s, nsrc, d, ndst, body, stream);
		advance(s, nsrc, d, ndst, body);
	}
	if (bytes - body)
		partial(block, s, nsrc, d, ndst, bytes - body);
	if (stream)
		vf_stream_end();
}
