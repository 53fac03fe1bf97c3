// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * The packets one by one. A handler runs inside a unit: it checks everything, translates everything it touches in
 * this unit, and only then writes.
 */
#include "defect.h"
#include "engine.h"

static bool zero(const void *from, const void *to)
{
	const uint8_t *p = from;

	for (; p < (const uint8_t *)to; p++)
		if (*p)
			return false;
	return true;
}
#define ZERO_TAIL(pkt, member)	zero((pkt)->member, (pkt) + 1)

static enum wcard_step pkt_nop(struct wcard_run *r)
{
	const uint64_t *w = r->q->pkt.word;

	/* Everything behind the opcode. */
	if ((w[0] >> 8 | w[1] | w[2] | w[3] | w[4] | w[5] | w[6] | w[7]) && !WCARD_BROKEN(reserved_fields))
		return wcard_fail(r, WEFT_FAULT_FIELD, 0);
	return WCARD_DONE;
}

static enum wcard_step pkt_fence(struct wcard_run *r)
{
	const struct weft_pkt_fence *p = &r->q->pkt.fence;

	if (r->q->depth != 1 || r->q->desc.kind != WEFT_QUEUE_JOB)
		return wcard_fail(r, WEFT_FAULT_PRIVILEGE, 0);
	if (p->flags || p->irq > 1 || p->reserved0 || !ZERO_TAIL(p, reserved))
		return wcard_fail(r, WEFT_FAULT_FIELD, 0);
	if (wcard_flush(r, true))
		return WCARD_FAULT;
	/* Streaming stores of earlier packets are weakly ordered until here. */
	atomic_thread_fence(memory_order_seq_cst);
	r->q->fence = p->value;
	r->fence = true;
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
	r->q->deadline_ns = wcard_now(r->e->m) + (WCARD_BROKEN(timed_half) ? p->ns / 2 : p->ns);
	return WCARD_TIMED;
}

const struct wcard_pkt_row wcard_pkt_table[WEFT_PKT_OP_COUNT] = {
	[WEFT_PKT_NOP] = { pkt_nop, 0 },
	[WEFT_PKT_EXEC] = { wcard_pkt_exec, WEFT_CAP_EXEC },
	[WEFT_PKT_COPY] = { wcard_pkt_copy, 0 },
	[WEFT_PKT_REDUCE] = { wcard_pkt_reduce, WEFT_CAP_REDUCE },
	[WEFT_PKT_FILL] = { wcard_pkt_fill, 0 },
	[WEFT_PKT_TIMED] = { pkt_timed, WEFT_CAP_TIMED },
	[WEFT_PKT_WAIT] = { wcard_pkt_wait, WEFT_CAP_CELLS },
	[WEFT_PKT_WAIT_ALL] = { wcard_pkt_wait, WEFT_CAP_CELL_LISTS },
	[WEFT_PKT_SIGNAL] = { wcard_pkt_signal, WEFT_CAP_CELLS },
	[WEFT_PKT_SIGNAL_ALL] = { wcard_pkt_signal, WEFT_CAP_CELL_LISTS },
	[WEFT_PKT_FENCE] = { pkt_fence, 0 },
	[WEFT_PKT_TIMESTAMP] = { pkt_timestamp, 0 },
	[WEFT_PKT_CALL] = { wcard_pkt_call, WEFT_CAP_CALL },
	[WEFT_PKT_LOOP] = { wcard_pkt_loop, WEFT_CAP_LOOP },
	[WEFT_PKT_RANGE] = { wcard_pkt_range, WEFT_CAP_PRED },
	[WEFT_PKT_PRED] = { wcard_pkt_pred, WEFT_CAP_PRED },
	[WEFT_PKT_BREAK] = { wcard_pkt_break, WEFT_CAP_LOOP },
};
_Static_assert(WEFT_PKT_OP_COUNT == 17, "every opcode has a row above");
