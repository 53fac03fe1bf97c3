// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* EXEC and REDUCE: operands by the table, results by ops/. */
#include "defect.h"
#include "engine.h"

static enum wcard_step exec_operands(struct wcard_run *r)
{
	const struct weft_pkt_exec *p = &r->q->pkt.exec;
	struct wcard_cur *cur = &r->q->cur;
	bool table = p->flags & WEFT_PKT_TABLE;

	for (unsigned int i = 0; i < p->noperands; i++) {
		if (table ? !wcard_operand_index(r, p->u.index[i], &cur->va[i]) : false)
			return WCARD_FAULT;
		if (!table)
			cur->va[i] = p->u.va[i];
	}
	return WCARD_MORE;
}

static enum wcard_step exec_scalars(struct wcard_run *r)
{
	const struct weft_pkt_exec *p = &r->q->pkt.exec;
	struct wcard_cur *cur = &r->q->cur;

	for (unsigned int i = 0; i < WEFT_EXEC_SCALARS; i++) {
		uint64_t va;

		cur->scalar[i] = p->scalar[i];
		if (!(p->scalar_mask >> i & 1) || WCARD_BROKEN(exec_scalar_index))
			continue;
		if (p->scalar[i] >> 16)
			return wcard_fail(r, WEFT_FAULT_OPERAND, 0);
		if (!wcard_operand_index(r, p->scalar[i], &va))
			return WCARD_FAULT;
		if (va & 3)
			return wcard_fail(r, WEFT_FAULT_ALIGN, va);
		if (wcard_acc_load(&r->acc, va, &cur->scalar[i], 4, WCARD_CNT_READ))
			return WCARD_FAULT;
	}
	return WCARD_MORE;
}

/* The order of the checks is the order of the causes in fault.h: fields, operands, operator and shapes, placement. */
static enum wcard_step exec_start(struct wcard_run *r)
{
	const struct weft_pkt_exec *p = &r->q->pkt.exec;
	struct wcard_cur *cur = &r->q->cur;
	bool table = p->flags & WEFT_PKT_TABLE;
	const struct wcard_op *op;
	enum wcard_step s;
	int fault;

	if ((p->flags & ~WEFT_PKT_TABLE) || p->reserved || p->noperands > (table ? WEFT_EXEC_OPERANDS : 2) ||
	    p->scalar_mask >> WEFT_EXEC_SCALARS || (p->scalar_mask && !table))
		return wcard_fail(r, WEFT_FAULT_FIELD, 0);
	if (!wcard_op_find(p->oper))
		return wcard_fail(r, WEFT_FAULT_OPERATOR, 0);
	s = exec_scalars(r);
	if (s != WCARD_MORE)
		return s;
	fault = wcard_op_check(p, cur->scalar, cur->need, &op);
	if (fault)
		return wcard_fail(r, fault, 0);
	s = exec_operands(r);
	if (s != WCARD_MORE)
		return s;
	for (unsigned int i = 0; i < p->noperands; i++)
		if (cur->need[i].bytes && cur->need[i].align && cur->va[i] % cur->need[i].align)
			return wcard_fail(r, WEFT_FAULT_ALIGN, cur->va[i]);
	fault = wcard_op_place(cur->need, p->noperands, cur->va);
	if (fault && !(fault == WEFT_FAULT_OVERLAP && WCARD_BROKEN(exec_overlap)))
		return wcard_fail(r, fault, 0);
	for (unsigned int i = 0; i < p->noperands; i++)
		if (cur->need[i].bytes > UINT64_C(1) << WEFT_VA_BITS || (cur->need[i].bytes && cur->va[i] >> WEFT_VA_BITS))
			return wcard_fail(r, WEFT_FAULT_PT_RANGE, cur->va[i]);
	cur->nunits = op->units(p, cur->scalar);
	cur->unit = 0;
	if (!cur->nunits)
		return WCARD_DONE;
	cur->op = op;
	cur->started = true;
	return WCARD_MORE;
}

/* Rows with gaps are written where they lie: what is between them may be another's. */
static unsigned int access_of(const struct wcard_run *r, const struct wcard_opnd_need *need)
{
	return need->access | (r->acc.c->m->weak && need->access & WCARD_ACC_WRITE && !need->gaps ? WCARD_ACC_STAGED : 0);
}

/* The operator is done; --weak: what it wrote over links gets on its way. */
static enum wcard_step exec_post(struct wcard_run *r)
{
	struct wcard_cur *cur = &r->q->cur;

	for (unsigned int i = 0; i < r->q->pkt.exec.noperands; i++) {
		int fault = wcard_stage_post(&r->acc, &cur->stage[i], cur->va[i]);

		if (fault)
			return fault == WCARD_VIEW_MORE ? WCARD_MORE : WCARD_FAULT;
	}
	return WCARD_DONE;
}

enum wcard_step wcard_pkt_exec(struct wcard_run *r)
{
	const struct weft_pkt_exec *p = &r->q->pkt.exec;
	struct wcard_cur *cur = &r->q->cur;
	void *ptr[WEFT_EXEC_OPERANDS] = { NULL };
	int fault;

	if (!cur->started) {
		enum wcard_step s = exec_start(r);

		if (s != WCARD_MORE)
			return s;
	}
	if (cur->unit == cur->nunits)
		return exec_post(r);
	for (unsigned int i = 0; i < p->noperands; i++) {
		if (!cur->need[i].bytes)
			continue;
		fault = wcard_acc_view(&r->acc, &cur->view[i], cur->va[i], cur->need[i].bytes, access_of(r, &cur->need[i]));
		if (!fault && cur->view[i].access & WCARD_ACC_STAGED)
			fault = wcard_stage_open(&r->acc, &cur->stage[i], &cur->view[i], !cur->unit);
		if (fault)
			return fault == WCARD_VIEW_MORE ? WCARD_MORE : WCARD_FAULT;
		if (cur->need[i].strided && wcard_view_populate(&cur->view[i]))
			return WCARD_MORE;
		ptr[i] = cur->stage[i].at ? cur->stage[i].at : cur->view[i].ptr;
	}
	fault = cur->op->run(p, cur->scalar, ptr, cur->unit);
	if (fault)
		return wcard_fail(r, fault, 0);
	/* Payload is counted once per execution, whatever the operator reads twice. */
	for (unsigned int i = 0; i < p->noperands; i++)
		if (cur->need[i].bytes && !(cur->unit && WCARD_BROKEN(exec_counted_whole)))
			wcard_acc_count_view(&r->acc, &cur->view[i], cur->unit, WCARD_BROKEN(exec_counted_whole) ? 1 : cur->nunits);
	return ++cur->unit < cur->nunits ? WCARD_MORE : exec_post(r);
}

static enum wcard_step reduce_start(struct wcard_run *r)
{
	const struct weft_pkt_reduce *p = &r->q->pkt.reduce;
	struct wcard_cur *cur = &r->q->cur;
	uint64_t bytes, size = wcard_dtype_bytes(p->dtype);
	int fault = wcard_reduce_check(p);

	/* A misaligned offset misaligns every operand; the first one is named below. */
	if (fault && fault != WEFT_FAULT_ALIGN)
		return wcard_fail(r, fault, 0);
	if (!wcard_operand_run(r, p->src_first, p->nsrc, cur->va) ||
	    !wcard_operand_run(r, p->dst_first, p->ndst, cur->va + WEFT_REDUCE_MAX))
		return WCARD_FAULT;
	if (!p->count && !fault)
		return WCARD_DONE;
	bytes = p->count * size;
	for (int i = 0; i < 2 * WEFT_REDUCE_MAX; i++) {
		if (i < WEFT_REDUCE_MAX ? i >= p->nsrc : i - WEFT_REDUCE_MAX >= p->ndst)
			continue;
		cur->va[i] += p->offset;
		if (cur->va[i] % size)
			return wcard_fail(r, WEFT_FAULT_ALIGN, cur->va[i]);
		if (cur->va[i] >> WEFT_VA_BITS || bytes > (UINT64_C(1) << WEFT_VA_BITS) - cur->va[i])
			return wcard_fail(r, WEFT_FAULT_PT_RANGE, cur->va[i]);
	}
	if (fault)
		return wcard_fail(r, fault, cur->va[0]);
	fault = wcard_reduce_place(p->dtype, cur->va, p->nsrc, cur->va + WEFT_REDUCE_MAX, p->ndst, p->count);
	if (fault && !(fault == WEFT_FAULT_OVERLAP && WCARD_BROKEN(reduce_overlap)))
		return wcard_fail(r, fault, 0);
	cur->unit = 0;
	cur->started = true;
	return WCARD_MORE;
}

enum wcard_step wcard_pkt_reduce(struct wcard_run *r)
{
	const struct weft_pkt_reduce *p = &r->q->pkt.reduce;
	struct wcard_cur *cur = &r->q->cur;
	const void *src[WEFT_REDUCE_MAX];
	void *dst[WEFT_REDUCE_MAX];
	unsigned int slink[WEFT_REDUCE_MAX], dlink[WEFT_REDUCE_MAX];
	uint64_t size = wcard_dtype_bytes(p->dtype), n, at;
	struct wcard_span s;

	if (!cur->started) {
		enum wcard_step step = reduce_start(r);

		if (step != WCARD_MORE)
			return step;
	}
	/* A unit ends where any operand stops being contiguous; elements never straddle pages. */
	at = cur->unit * size;
	n = (p->count - cur->unit) * size;
	if (n > wcard_reduce_unit(p->dtype, p->nsrc, p->ndst) * size)
		n = wcard_reduce_unit(p->dtype, p->nsrc, p->ndst) * size;
	for (unsigned int i = 0; i < p->nsrc; i++) {
		if (wcard_acc_span(&r->acc, cur->va[i] + at, n, WCARD_ACC_READ, &s))
			return WCARD_FAULT;
		src[i] = s.host;
		slink[i] = s.link;
		n = s.bytes;
	}
	for (unsigned int i = 0; i < p->ndst; i++) {
		if (wcard_acc_span(&r->acc, cur->va[WEFT_REDUCE_MAX + i] + at, n, WCARD_ACC_WRITE, &s))
			return WCARD_FAULT;
		dst[i] = s.host;
		dlink[i] = s.link;
		n = s.bytes;
	}
	wcard_acc_trim(&r->acc, n);
	if (WCARD_BROKEN(reduce_tree_reversed))
		for (unsigned int i = 0; i < p->nsrc / 2u; i++) {
			const void *other = src[i];

			src[i] = src[p->nsrc - 1 - i];
			src[p->nsrc - 1 - i] = other;
		}
	wcard_reduce_run(p->dtype, p->rop, src, p->nsrc - (p->nsrc > 1 && WCARD_BROKEN(reduce_last_source)), dst, p->ndst, n / size);
	if (WCARD_BROKEN(reduce_nan_lost) && p->dtype == WEFT_F32)
		for (unsigned int i = 0; i < p->ndst; i++)
			for (float *x = dst[i]; x < (float *)dst[i] + n / size; x++)
				*x = *x == *x ? *x : 0;
	for (unsigned int i = 0; i < p->nsrc; i++)
		wcard_acc_count(&r->acc, slink[i], WCARD_CNT_READ, n);
	for (unsigned int i = 0; i < p->ndst; i++)
		wcard_acc_count(&r->acc, dlink[i], WCARD_CNT_WRITE, n);
	cur->unit += n / size;
	return cur->unit == p->count ? WCARD_DONE : WCARD_MORE;
}
