// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * The packets one by one. A handler runs inside a unit: it checks everything, translates everything it touches in
 * this unit, and only then writes.
 */
#include "engine.h"
#include "operand.h"

static bool zero(const void *from, const void *to)
{
	const uint8_t *p = from;

	for (; p < (const uint8_t *)to; p++)
		if (*p)
			return false;
	return true;
}
#define ZERO_TAIL(pkt, member)	zero((pkt)->member, (pkt) + 1)

bool wcard_operand_index(struct wcard_run *r, uint32_t index, uint64_t *va)
{
	const struct weft_frame *f = &r->q->frame[r->q->depth - 1];
	struct weft_operand o;

	if (r->q->depth == 1 || index >= f->ntable) {
		wcard_fail(r, WEFT_FAULT_OPERAND, 0);
		return false;
	}
	if (wcard_acc_load(&r->acc, f->table + (uint64_t)index * sizeof(o), &o, sizeof(o), WCARD_CNT_FETCH))
		return false;
	if (o.flags & WEFT_OPND_INDIRECT) {
		wcard_fail(r, o.flags == WEFT_OPND_INDIRECT ? WEFT_FAULT_CAP : WEFT_FAULT_OPERAND, 0);
		return false;
	}
	if (o.flags || o.reserved || !o.depth || o.phase >= o.depth || !o.mul || !o.div) {
		wcard_fail(r, WEFT_FAULT_OPERAND, 0);
		return false;
	}
	*va = o.base + o.phase * o.stride;
	return true;
}

bool wcard_operand(struct wcard_run *r, uint64_t field, uint64_t *va)
{
	if (!(r->q->pkt.hdr.flags & WEFT_PKT_TABLE)) {
		*va = field;
		return true;
	}
	if (field >> 16) {
		wcard_fail(r, WEFT_FAULT_OPERAND, 0);
		return false;
	}
	return wcard_operand_index(r, (uint32_t)field, va);
}

static enum wcard_step pkt_nop(struct wcard_run *r)
{
	const struct weft_pkt_nop *p = &r->q->pkt.nop;

	if (p->flags || p->level || !ZERO_TAIL(p, reserved))
		return wcard_fail(r, WEFT_FAULT_FIELD, 0);
	return WCARD_DONE;
}

static enum wcard_step pkt_fence(struct wcard_run *r)
{
	const struct weft_pkt_fence *p = &r->q->pkt.fence;

	if (r->q->depth != 1)
		return wcard_fail(r, WEFT_FAULT_PRIVILEGE, 0);
	if (p->flags || p->irq > 1 || p->reserved0 || !ZERO_TAIL(p, reserved))
		return wcard_fail(r, WEFT_FAULT_FIELD, 0);
	/* Streaming stores of earlier packets are weakly ordered until here. */
	atomic_thread_fence(memory_order_seq_cst);
	r->q->fence = p->value;
	return WCARD_DONE;
}

static enum wcard_step pkt_timestamp(struct wcard_run *r)
{
	const struct weft_pkt_timestamp *p = &r->q->pkt.timestamp;
	uint64_t va, now;

	if ((p->flags & ~WEFT_PKT_TABLE) || p->reserved0 || p->reserved1 || !ZERO_TAIL(p, reserved))
		return wcard_fail(r, WEFT_FAULT_FIELD, 0);
	if (!wcard_operand(r, p->dst, &va))
		return WCARD_FAULT;
	if (va & 7)
		return wcard_fail(r, WEFT_FAULT_ALIGN, va);
	now = wcard_now(r->e->m);
	return wcard_acc_store(&r->acc, va, &now, sizeof(now)) ? WCARD_FAULT : WCARD_DONE;
}

static enum wcard_step pkt_timed(struct wcard_run *r)
{
	const struct weft_pkt_timed *p = &r->q->pkt.timed;

	if (r->q->timed_over) {
		r->q->timed_over = false;
		return WCARD_DONE;
	}
	if (p->flags || p->reserved0 || p->reserved1 || !ZERO_TAIL(p, reserved) || p->ns > UINT64_C(1) << 40)
		return wcard_fail(r, WEFT_FAULT_FIELD, 0);
	if (!p->ns)
		return WCARD_DONE;
	r->q->deadline_ns = wcard_now(r->e->m) + p->ns;
	return WCARD_TIMED;
}

static enum wcard_step pkt_call(struct wcard_run *r)
{
	const struct weft_pkt_call *p = &r->q->pkt.call;
	struct weft_frame *f;

	if (p->flags || p->reserved0 || p->reserved1 || p->count || !ZERO_TAIL(p, reserved) || !p->npackets ||
	    p->npackets > 1u << 20 || p->ntable > WEFT_OPERANDS_MAX)
		return wcard_fail(r, WEFT_FAULT_FIELD, 0);
	if (r->q->depth == WEFT_FRAMES)
		return wcard_fail(r, WEFT_FAULT_NESTING, 0);
	if (p->list & (WEFT_PACKET_BYTES - 1))
		return wcard_fail(r, WEFT_FAULT_ALIGN, p->list);
	if (p->ntable && (p->table & (sizeof(struct weft_operand) - 1)))
		return wcard_fail(r, WEFT_FAULT_ALIGN, p->table);
	f = &r->q->frame[r->q->depth++];
	*f = (struct weft_frame){ .list = p->list, .table = p->ntable ? p->table : 0, .count = 1,
				  .npackets = p->npackets, .ntable = p->ntable };
	return WCARD_ENTER;
}

const struct wcard_pkt_row wcard_pkt_table[WEFT_PKT_OP_COUNT] = {
	[WEFT_PKT_NOP] = { pkt_nop, 0 },
	[WEFT_PKT_EXEC] = { wcard_pkt_exec, WEFT_CAP_EXEC },
	[WEFT_PKT_COPY] = { wcard_pkt_copy, 0 },
	[WEFT_PKT_REDUCE] = { wcard_pkt_reduce, WEFT_CAP_REDUCE },
	[WEFT_PKT_FILL] = { wcard_pkt_fill, 0 },
	[WEFT_PKT_TIMED] = { pkt_timed, WEFT_CAP_TIMED },
	[WEFT_PKT_WAIT] = { NULL, WEFT_CAP_CELLS },
	[WEFT_PKT_WAIT_ALL] = { NULL, WEFT_CAP_CELL_LISTS },
	[WEFT_PKT_SIGNAL] = { NULL, WEFT_CAP_CELLS },
	[WEFT_PKT_SIGNAL_ALL] = { NULL, WEFT_CAP_CELL_LISTS },
	[WEFT_PKT_FENCE] = { pkt_fence, 0 },
	[WEFT_PKT_TIMESTAMP] = { pkt_timestamp, 0 },
	[WEFT_PKT_CALL] = { pkt_call, WEFT_CAP_CALL },
	[WEFT_PKT_LOOP] = { NULL, WEFT_CAP_LOOP },
	[WEFT_PKT_RANGE] = { NULL, WEFT_CAP_PRED },
	[WEFT_PKT_PRED] = { NULL, WEFT_CAP_PRED },
	[WEFT_PKT_BREAK] = { NULL, WEFT_CAP_LOOP },
};
_Static_assert(WEFT_PKT_OP_COUNT == 17, "every opcode has a row above");
