/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The reference table, and what is checked alike for all operators. */
#include "impl.h"
#include "ref.h"

#define WCARD_RUN(opname)	wcard_##opname##_ref
static const struct wcard_op ref_table[WEFT_OP_COUNT] = { WCARD_OPS(WCARD_ROW_TABLE) };

const struct wcard_op *wcard_ref_find(uint16_t id)
{
	return id > 0 && id < WEFT_OP_COUNT ? &ref_table[id] : NULL;
}

/* Used operands 0 … n-1 are the operator's business; the others' fields must be zero. */
static int check_operands(const struct weft_pkt_exec *p)
{
	unsigned int i, n = p->noperands;

	if (p->flags & WEFT_PKT_TABLE) {
		for (i = n; i < WEFT_EXEC_OPERANDS; i++)
			if (p->u.index[i])
				return WEFT_FAULT_FIELD;
		return 0;
	}
	if (n > 2 || p->scalar_mask)
		return WEFT_FAULT_FIELD;
	for (i = n; i < 2; i++)
		if (p->u.va[i])
			return WEFT_FAULT_FIELD;
	return 0;
}

int wcard_ref_check(const struct weft_pkt_exec *p, const uint32_t scalar[WEFT_EXEC_SCALARS],
		    struct wcard_opnd_need need[WEFT_EXEC_OPERANDS], const struct wcard_op **op)
{
	const struct wcard_op *o = wcard_ref_find(p->oper);
	unsigned int i;
	int fault;

	for (i = 0; i < WEFT_EXEC_OPERANDS; i++)
		need[i] = (struct wcard_opnd_need){ 0 };
	if (p->flags & ~WEFT_PKT_TABLE || p->reserved || p->noperands > WEFT_EXEC_OPERANDS ||
	    p->scalar_mask >> WEFT_EXEC_SCALARS)
		return WEFT_FAULT_FIELD;
	if (!o)
		return WEFT_FAULT_OPERATOR;
	if (p->noperands < o->noperands_min || p->noperands > o->noperands_max)
		return WEFT_FAULT_SHAPE;
	if (p->scalar_mask >> o->nscalar)
		return WEFT_FAULT_FIELD;
	fault = check_operands(p);
	if (fault)
		return fault;
	for (i = o->ndim; i < 4; i++)
		if (p->dim[i])
			return WEFT_FAULT_FIELD;
	for (i = o->nscalar; i < WEFT_EXEC_SCALARS; i++)
		if (p->scalar[i])
			return WEFT_FAULT_FIELD;
	fault = o->check(p, scalar, need);
	if (fault)
		return fault;
	*op = o;
	return 0;
}

/* Whether [a, a + an) and [b, b + bn) share a byte; sizes are at most WCARD_OPERAND_MAX, so only the ends may wrap. */
static int overlaps(uint64_t a, uint64_t an, uint64_t b, uint64_t bn)
{
	return an && bn && (a < b ? b - a < an : a - b < bn);
}

int wcard_op_place(const struct wcard_opnd_need need[WEFT_EXEC_OPERANDS], unsigned int n, const uint64_t addr[])
{
	unsigned int i, j;

	for (i = 0; i < n; i++)
		if (need[i].align && addr[i] % need[i].align)
			return WEFT_FAULT_ALIGN;
	for (i = 0; i < n; i++) {
		if (!(need[i].access & WCARD_WRITE))
			continue;
		for (j = 0; j < n; j++) {
			if (j == i || !overlaps(addr[i], need[i].bytes, addr[j], need[j].bytes))
				continue;
			if (addr[i] == addr[j] && need[i].bytes == need[j].bytes &&
			    ((need[i].inplace >> j | need[j].inplace >> i) & 1))
				continue;
			return WEFT_FAULT_OVERLAP;
		}
	}
	return 0;
}

int wcard_elem_count(const struct weft_pkt_exec *p, uint64_t *count)
{
	*count = p->dim[0] | (uint64_t)p->dim[1] << 32;
	return *count > WCARD_OPERAND_MAX / 4 ? WEFT_FAULT_SHAPE : 0;
}

uint64_t wcard_elem_units(const struct weft_pkt_exec *p)
{
	return wcard_div_up(p->dim[0] | (uint64_t)p->dim[1] << 32, WCARD_ELEMS_UNIT);
}

uint64_t wcard_elem_span(const struct weft_pkt_exec *p, uint64_t unit, uint64_t *first)
{
	uint64_t count = p->dim[0] | (uint64_t)p->dim[1] << 32;

	*first = unit * WCARD_ELEMS_UNIT;
	return wcard_min64(WCARD_ELEMS_UNIT, count - *first);
}

uint64_t wcard_rows_unit(uint64_t cols)
{
	uint64_t rows = WCARD_ELEMS_UNIT / 4 / (cols ? cols : 1);

	return rows ? rows : 1;
}

int wcard_reduce_check(const struct weft_pkt_reduce *p)
{
	size_t size = wcard_dtype_bytes(p->dtype);
	unsigned int i;

	if (p->flags != WEFT_PKT_TABLE || !size || p->rop >= WEFT_REDUCE_OP_COUNT || !p->nsrc ||
	    p->nsrc > WEFT_REDUCE_MAX || !p->ndst || p->ndst > WEFT_REDUCE_MAX || p->reserved0 || p->reserved1)
		return WEFT_FAULT_FIELD;
	for (i = 0; i < 4; i++)
		if (p->reserved[i])
			return WEFT_FAULT_FIELD;
	if (p->count > WCARD_OPERAND_MAX / size || p->offset > WCARD_OPERAND_MAX)
		return WEFT_FAULT_SHAPE;
	return p->offset % size ? WEFT_FAULT_ALIGN : 0;
}

int wcard_reduce_place(unsigned int dtype, const uint64_t src[], unsigned int nsrc, const uint64_t dst[],
		       unsigned int ndst, uint64_t count)
{
	size_t size = wcard_dtype_bytes(dtype);
	uint64_t bytes = count * size;
	unsigned int i, j;

	for (i = 0; i < nsrc; i++)
		if (src[i] % size)
			return WEFT_FAULT_ALIGN;
	for (i = 0; i < ndst; i++)
		if (dst[i] % size)
			return WEFT_FAULT_ALIGN;
	for (i = 0; i < ndst; i++) {
		for (j = 0; j < nsrc; j++)
			if (dst[i] != src[j] && overlaps(dst[i], bytes, src[j], bytes))
				return WEFT_FAULT_OVERLAP;
		for (j = 0; j < i; j++)
			if (dst[i] != dst[j] && overlaps(dst[i], bytes, dst[j], bytes))
				return WEFT_FAULT_OVERLAP;
	}
	for (i = 0; i < nsrc; i++)
		for (j = 0; j < i; j++)
			if (src[i] != src[j] && overlaps(src[i], bytes, src[j], bytes))
				return WEFT_FAULT_OVERLAP;
	return 0;
}

size_t wcard_reduce_unit(unsigned int dtype, unsigned int nsrc, unsigned int ndst)
{
	size_t size = wcard_dtype_bytes(dtype);

	/* 8 MiB of traffic, a multiple of 4 KiB a pointer */
	return ((8u << 20) / (nsrc + ndst) & ~4095u) / size;
}
