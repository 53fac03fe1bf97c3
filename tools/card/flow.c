// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Where a program goes on: the frames that CALL and LOOP push, what RANGE and PRED suppress in them, and how they are
 * left. Everything here runs inside a unit.
 */
#include <stddef.h>
#include <string.h>

#include "defect.h"
#include "engine.h"
#include "operand.h"

/* What PRED suppresses. */
#define PRED_OPS (1u << WEFT_PKT_EXEC | 1u << WEFT_PKT_COPY | 1u << WEFT_PKT_REDUCE | 1u << WEFT_PKT_FILL | \
		  1u << WEFT_PKT_TIMED)

unsigned int wcard_flow_loop(const struct wcard_queue *q, unsigned int level)
{
	for (unsigned int i = q->depth; i-- > 1;)
		if (q->frame[i].is_loop && !level--)
			return i;
	return 0;
}

bool wcard_flow_seq(struct wcard_run *r, unsigned int level, int32_t skew, int64_t *seq)
{
	unsigned int at = wcard_flow_loop(r->q, level);

	if (!at && level) {
		wcard_fail(r, WEFT_FAULT_NESTING, 0);
		return false;
	}
	*seq = (at ? (int64_t)r->q->frame[at].it : 0) - (WCARD_BROKEN(skew_sign) ? -(int64_t)skew : skew);
	return true;
}

static bool is_signal(unsigned int op)
{
	return op == WEFT_PKT_SIGNAL || op == WEFT_PKT_SIGNAL_ALL;
}

bool wcard_flow_skips(const struct wcard_queue *q)
{
	unsigned int op = q->pkt.hdr.op;

	if (q->frame[q->depth - 1].range_off && op != WEFT_PKT_RANGE &&
	    (op != WEFT_PKT_PRED || WCARD_BROKEN(range_over_pred)))
		return !(WCARD_BROKEN(range_spares_signals) && is_signal(op));
	if (PRED_OPS >> op & 1 || (is_signal(op) && WCARD_BROKEN(pred_over_signals)))
		for (unsigned int i = q->depth; i--;)
			if (q->frame[i].pred_off)
				return !(op == WEFT_PKT_EXEC && WCARD_BROKEN(pred_spares_exec));
	return false;
}

static void pop(struct wcard_queue *q)
{
	memset(wcard_top(q), 0, sizeof(struct weft_frame));
	q->depth--;
}

void wcard_flow_blame(struct wcard_queue *q)
{
	q->pkt.hdr.op = wcard_top(q)->is_loop ? WEFT_PKT_LOOP : WEFT_PKT_CALL;
	q->cur.active = true;
	pop(q);
}

/* Takes the rotation of frame `at` over to the next run of its LOOP; or only looks whether that can be stored. */
static bool carry(struct wcard_run *r, unsigned int at, bool store)
{
	const struct weft_frame *f = &r->q->frame[at];

	for (uint32_t i = 0; i < f->ntable; i++) {
		uint64_t va = f->table + (uint64_t)i * sizeof(struct weft_operand);
		struct weft_operand o;
		uint16_t phase, *word;
		int64_t n;

		if (wcard_acc_fetch(&r->acc, &r->table[at], va, &o, sizeof(o)))
			return false;
		/* Nothing named a malformed entry, or the LOOP would have ended there. */
		if (o.flags || o.level || o.reserved || o.phase >= o.depth || !o.mul || !o.div)
			continue;
		n = (int64_t)f->it - o.skew;
		if (n <= 0 || o.depth == 1)
			continue;
		phase = (uint16_t)((o.phase + (uint64_t)(n / o.div % o.depth) * o.mul) % o.depth);
		if (phase == o.phase)
			continue;
		word = wcard_acc_word(&r->acc, va + offsetof(struct weft_operand, phase), sizeof(*word), WCARD_ACC_WRITE);
		if (!word)
			return false;
		if (store && !WCARD_BROKEN(phase_not_carried))
			__atomic_store_n(word, phase, __ATOMIC_RELAXED);
	}
	r->budget -= (int)(f->ntable / 16);
	return true;
}

static bool carry_or_blame(struct wcard_run *r)
{
	struct wcard_queue *q = r->q;

	if (carry(r, q->depth - 1, false) && carry(r, q->depth - 1, true))
		return true;
	wcard_flow_blame(q);
	return false;
}

/*
 * The packet itself and everything inside the LOOP of frame `at` are over; the LOOP is the packet that retires next.
 * Either all of the LOOPs that are left carry their rotation, or none.
 */
static enum wcard_step leave(struct wcard_run *r, unsigned int at)
{
	struct wcard_queue *q = r->q;
	unsigned int top = q->depth - 1;

	for (unsigned int pass = 0; pass < 2; pass++)
		for (unsigned int i = top; i >= at; i--)
			if (q->frame[i].is_loop && !carry(r, i, pass)) {
				while (q->depth - 1 > i)
					pop(q);
				wcard_flow_blame(q);
				return WCARD_FAULT;
			}
	q->retired += 1 + top - at;
	r->packets += 1 + top - at;
	while (q->depth > at) {
		wcard_trace_retire(r);
		pop(q);
	}
	return WCARD_DONE;
}

enum wcard_step wcard_flow_end(struct wcard_run *r, unsigned int level, uint32_t exit)
{
	struct wcard_queue *q = r->q;
	unsigned int at = wcard_flow_loop(q, WCARD_BROKEN(end_innermost) ? 0 : level);
	enum wcard_step s;

	if (!at)
		return wcard_fail(r, WEFT_FAULT_NESTING, 0);
	if (!WCARD_BROKEN(exit_unchecked) && exit > (at > 1 ? q->frame[at - 1].npackets : 0))
		return wcard_fail(r, WEFT_FAULT_FIELD, 0);
	s = leave(r, at);
	/* Retiring the LOOP steps on from here. */
	if (s == WCARD_DONE && q->depth > 1) {
		wcard_trace_retire(r);
		r->suppressed = true;
		if (!WCARD_BROKEN(exit_ignored))
			wcard_top(q)->pc = exit - 1;
	}
	return s;
}

bool wcard_flow_retire(struct wcard_run *r)
{
	struct wcard_queue *q = r->q;

	for (;;) {
		struct weft_frame *f = wcard_top(q);

		if (q->depth == 1 && !wcard_head_store(r, q->head + 1)) {
			q->pkt.hdr.op = q->ring_op;
			q->cur.active = true;
			return false;
		}
		wcard_trace_retire(r);
		if (q->depth == 1)
			q->head++;
		q->retired++;
		r->packets++;
		if (q->depth == 1 || ++f->pc < f->npackets)
			return true;
		if (f->is_loop) {
			f->it++;
			if (!f->count || f->it < f->count + WCARD_BROKEN(loop_once_more)) {
				f->pc = 0;
				f->range_off = f->pred_off = WCARD_BROKEN(skip_outlives_iteration) ? f->pred_off : 0;
				return true;
			}
			if (!carry_or_blame(r))
				return false;
		}
		pop(q);
	}
}

/* Counts of the LOOPs around, and this one's, multiplied: within what a FENCE space may do? */
static bool bounded(const struct wcard_queue *q, uint64_t count)
{
	if (!count || count > WCARD_FENCE_LOOP_MAX)
		return false;
	for (unsigned int i = 1; i < q->depth; i++)
		if (q->frame[i].is_loop)
			count *= q->frame[i].count;	/* theirs together are within it, so this fits */
	return count <= WCARD_FENCE_LOOP_MAX;
}

static enum wcard_step enter(struct wcard_run *r, bool loop)
{
	const struct weft_pkt_call *p = &r->q->pkt.call;
	struct weft_frame *f;

	if (loop && r->q->as->type == WEFT_AS_FENCE && !bounded(r->q, p->count) && !WCARD_BROKEN(fence_loop_max))
		return wcard_fail(r, WEFT_FAULT_PRIVILEGE, 0);
	if (p->flags || p->reserved0 || p->reserved1 || p->reserved[0] || p->reserved[1] || p->reserved[2] || !p->npackets ||
	    p->npackets > 1u << 20 || p->ntable > WEFT_OPERANDS_MAX || (loop ? p->count >> 48 : p->count))
		return wcard_fail(r, WEFT_FAULT_FIELD, 0);
	if (r->q->depth >= WEFT_FRAMES - WCARD_BROKEN(nesting_limit))
		return wcard_fail(r, WEFT_FAULT_NESTING, 0);
	if (p->list & (WEFT_PACKET_BYTES - 1))
		return wcard_fail(r, WEFT_FAULT_ALIGN, p->list);
	if (p->ntable && (p->table & (sizeof(struct weft_operand) - 1)))
		return wcard_fail(r, WEFT_FAULT_ALIGN, p->table);
	f = &r->q->frame[r->q->depth++];
	*f = (struct weft_frame){ .list = p->list, .table = p->ntable ? p->table : 0, .count = loop ? p->count : 1,
				  .npackets = p->npackets, .ntable = p->ntable, .is_loop = loop };
	return WCARD_ENTER;
}

enum wcard_step wcard_pkt_call(struct wcard_run *r)
{
	return enter(r, false);
}

enum wcard_step wcard_pkt_loop(struct wcard_run *r)
{
	return enter(r, true);
}

enum wcard_step wcard_pkt_break(struct wcard_run *r)
{
	const uint64_t *w = r->q->pkt.word;
	unsigned int at;

	if (r->q->pkt.nop.flags || w[0] >> 32 | w[1] | w[2] | w[3] | w[4] | w[5] | w[6] | w[7])
		return wcard_fail(r, WEFT_FAULT_FIELD, 0);
	at = wcard_flow_loop(r->q, WCARD_BROKEN(break_innermost) ? 0 : r->q->pkt.nop.level);
	return at ? leave(r, at) : wcard_fail(r, WEFT_FAULT_NESTING, 0);
}

enum wcard_step wcard_pkt_range(struct wcard_run *r)
{
	const struct weft_pkt_range *p = &r->q->pkt.range;
	uint64_t rest = 0;
	int64_t seq;

	for (unsigned int i = 0; i < 6; i++)
		rest |= p->reserved[i];
	if (p->flags || rest)
		return wcard_fail(r, WEFT_FAULT_FIELD, 0);
	if (!wcard_flow_seq(r, p->level, p->skew, &seq))
		return WCARD_FAULT;
	wcard_top(r->q)->range_off = seq < 0 || (p->last && (uint64_t)seq >= p->last + WCARD_BROKEN(range_last));
	return WCARD_DONE;
}

static bool compares(uint8_t compare, uint32_t a, uint32_t b)
{
	switch (compare) {
	case WEFT_CMP_EQ: return a == b;
	case WEFT_CMP_NE: return a != b;
	case WEFT_CMP_LT: return a < b;
	default: return a >= b;
	}
}

enum wcard_step wcard_pkt_pred(struct wcard_run *r)
{
	static _Atomic unsigned int nth;
	const struct weft_pkt_pred *p = &r->q->pkt.pred;
	uint64_t va, rest = 0;
	uint32_t value;

	for (unsigned int i = 0; i < 6; i++)
		rest |= p->reserved[i];
	/* Before the checks: a PRED that faults is one that was looked at. */
	wcard_top(r->q)->range_off = 0;
	if ((p->flags & ~WEFT_PKT_TABLE) || p->reserved0 || rest || p->compare > WEFT_CMP_ALWAYS)
		return wcard_fail(r, WEFT_FAULT_FIELD, 0);
	if (p->compare == WEFT_CMP_ALWAYS) {
		wcard_top(r->q)->pred_off = 0;
		return WCARD_DONE;
	}
	if (!wcard_operand(r, p->operand, &va))
		return WCARD_FAULT;
	if (va & 3)
		return wcard_fail(r, WEFT_FAULT_ALIGN, va);
	if (wcard_acc_load(&r->acc, va, &value, sizeof(value), WCARD_CNT_READ))
		return WCARD_FAULT;
	wcard_top(r->q)->pred_off = !compares(p->compare, value, p->imm);
	if (WCARD_BROKEN(pred_inverted) && atomic_fetch_add(&nth, 1) % 16 == 7)
		wcard_top(r->q)->pred_off ^= 1;
	return WCARD_DONE;
}
