// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Operands: from a field of a packet, or an entry of the table around it, to a virtual address. */
#include "operand.h"

#include "defect.h"
#include "engine.h"

static bool bad(struct wcard_run *r)
{
	wcard_fail(r, WEFT_FAULT_OPERAND, 0);
	return false;
}

static bool fetch(struct wcard_run *r, uint32_t index, struct weft_operand *o)
{
	const struct weft_frame *f = wcard_top(r->q);

	if (index >= f->ntable)		/* the ring has none */
		return bad(r);
	if (wcard_acc_fetch(&r->acc, &r->table[r->q->depth - 1], f->table + (uint64_t)index * sizeof(*o), o, sizeof(*o)))
		return false;
	return !(o->flags & ~WEFT_OPND_INDIRECT) && !o->reserved ? true : bad(r);
}

static bool direct(struct wcard_run *r, uint32_t index, struct weft_operand *o)
{
	if (!fetch(r, index, o))
		return false;
	return !o->flags && o->depth && o->phase < o->depth && o->mul && o->div ? true : bad(r);
}

static bool in_loop(const struct wcard_queue *q)
{
	for (unsigned int i = q->depth; i-- > 1;)
		if (q->frame[i].is_loop)
			return true;
	return false;
}

/* Rounds down, and the remainder is never negative; what is multiplied stays below 2^32. */
static uint32_t rotate(const struct weft_operand *o, int64_t seq, unsigned int j)
{
	int64_t firing = seq / o->div - (seq % o->div < 0 && !WCARD_BROKEN(rotation_rounds_up));
	int64_t left = firing % o->depth;

	if (left < 0)
		left += o->depth;
	return (uint32_t)((o->phase + (uint64_t)left * o->mul + j) % o->depth);
}

static bool address(struct wcard_run *r, const struct weft_operand *o, unsigned int j, uint64_t *va)
{
	uint32_t block = o->phase;
	int64_t seq;

	if (o->level || in_loop(r->q)) {
		if (!wcard_flow_seq(r, o->level, o->skew, &seq))
			return false;
		if (o->depth > 1)
			block = rotate(o, seq, j);
	}
	*va = o->base + block * o->stride;
	return true;
}

/* The direct entry that `index` means. */
static bool resolve(struct wcard_run *r, uint32_t index, struct weft_operand *o)
{
	struct weft_operand_indirect in;
	struct weft_operand word;
	uint32_t i;
	uint64_t va;

	if (!fetch(r, index, o))
		return false;
	if (!o->flags)
		return o->depth && o->phase < o->depth && o->mul && o->div ? true : bad(r);
	__builtin_memcpy(&in, &o->base, sizeof(in));
	if (!(r->e->m->caps & WEFT_CAP_INDIRECT) || (in.reserved && !WCARD_BROKEN(indirect_reserved)))
		return bad(r);
	if (!direct(r, in.index, &word) || !address(r, &word, 0, &va))
		return false;
	if (va & 3) {
		wcard_fail(r, WEFT_FAULT_ALIGN, va);
		return false;
	}
	if (wcard_acc_load(&r->acc, va, &i, sizeof(i), WCARD_CNT_READ))
		return false;
	if (i == in.count && WCARD_BROKEN(indirect_bound))
		return direct(r, in.first + i, o);
	return i < in.count ? direct(r, in.first + i, o) : bad(r);
}

bool wcard_operand_block(struct wcard_run *r, uint32_t index, unsigned int j, uint64_t *va)
{
	struct weft_operand o;

	return resolve(r, index, &o) && (j < o.mul || bad(r)) && address(r, &o, j, va);
}

bool wcard_operand_index(struct wcard_run *r, uint32_t index, uint64_t *va)
{
	return wcard_operand_block(r, index, 0, va);
}

bool wcard_operand(struct wcard_run *r, uint64_t field, uint64_t *va)
{
	if (!(r->q->pkt.hdr.flags & WEFT_PKT_TABLE)) {
		*va = field;
		return true;
	}
	return field >> 16 ? bad(r) : wcard_operand_index(r, (uint32_t)field, va);
}

bool wcard_operand_run(struct wcard_run *r, uint32_t first, unsigned int n, uint64_t va[])
{
	bool blocks = in_loop(r->q);
	struct weft_operand o;
	unsigned int mul = 0;

	for (unsigned int i = 0, j = 0; i < n; i++) {
		if (!j) {
			if (!resolve(r, first++, &o))
				return false;
			/* Outside LOOP nothing rotates, and an entry is one block. */
			if (!blocks)
				o.mul = 1;
			if (mul && o.mul != mul)
				return bad(r);
			mul = o.mul;
		}
		if (!address(r, &o, j, &va[i]))
			return false;
		j = j + 1 < mul ? j + 1 : 0;
	}
	return true;
}
