// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Packets: what is mandatory, and CALL. */
#include <string.h>

#include <firmware/abi/operand.h>

#include "mini.h"

/* at most so much is done before the client's messages are looked at */
#define TURN_BYTES	(UINT64_C(1) << 18)
#define TURN_PIECES	256

/* Resolves an operand of the packet to an address; false when the queue faulted. */
static bool operand(struct mini_card *c, struct mini_queue *q, uint64_t field, uint64_t *va)
{
	const struct weft_frame *f = &q->s.frame[q->s.depth - 1];
	struct weft_operand e;

	*va = field;
	if (!(q->pkt.hdr.flags & WEFT_PKT_TABLE))
		return true;
	if (field >= f->ntable)
		return mini_queue_fault(c, q, WEFT_FAULT_OPERAND, 0);
	if (!mini_access(c, q, f->table + sizeof(e) * field, &e, sizeof(e), false))
		return false;
	if (!e.depth || !e.mul || !e.div || e.phase >= e.depth || e.flags || e.reserved)
		return mini_queue_fault(c, q, WEFT_FAULT_OPERAND, 0);
	if (e.level)
		return mini_queue_fault(c, q, WEFT_FAULT_NESTING, 0);
	*va = e.base + e.phase * e.stride;
	return true;
}

/* The end of a range, from the first byte of the first row; the last number there is when it lies beyond all. */
static uint64_t end_of(uint64_t at, uint64_t rows, uint64_t pitch, uint64_t bytes)
{
	if (rows > 1 && pitch > (UINT64_MAX - bytes) / (rows - 1))
		return UINT64_MAX;
	bytes += (rows - 1) * pitch;
	return bytes > UINT64_MAX - at ? UINT64_MAX : at + bytes;
}

static void put(const struct mini_queue *q, const struct mini_piece *d, const struct mini_piece *s)
{
	const struct weft_pkt_fill *f = &q->pkt.fill;
	const uint8_t *pattern = (const uint8_t *)&f->pattern;

	if (!d->host)
		return;
	if (f->op == WEFT_PKT_COPY && s->host)
		memmove(d->host, s->host, d->bytes);
	else if (f->op == WEFT_PKT_COPY)
		memset(d->host, 0, d->bytes);
	else
		for (uint64_t i = 0; i < d->bytes; i++)
			d->host[i] = pattern[(q->work.at + i) & (f->width - 1u)];
}

/* Moves some pieces of a COPY or FILL. A unit is a piece; an address beyond 64 bits is beyond 48. */
static enum mini_step move(struct mini_card *c, struct mini_queue *q)
{
	struct mini_work *w = &q->work;
	uint64_t left = TURN_BYTES;

	for (unsigned int n = 0; n < TURN_PIECES && left; n++) {
		uint64_t from = end_of(w->src, w->row + 1, w->src_pitch, w->at);
		uint64_t to = end_of(w->dst, w->row + 1, w->dst_pitch, w->at);
		struct mini_piece s = { .bytes = w->bytes - w->at < left ? w->bytes - w->at : left }, d;

		if (q->pkt.hdr.op == WEFT_PKT_COPY && !mini_translate(c, q, from, s.bytes, false, &s))
			return MINI_FAULTED;
		if (!mini_translate(c, q, to, s.bytes, true, &d))
			return MINI_FAULTED;
		put(q, &d, &s);
		left -= d.bytes;
		w->at += d.bytes;
		if (w->at < w->bytes)
			continue;
		w->at = 0;
		if (++w->row == w->rows)
			return MINI_RETIRE;
	}
	return MINI_AGAIN;
}

static enum mini_step copy(struct mini_card *c, struct mini_queue *q)
{
	const struct weft_pkt_copy *p = &q->pkt.copy;
	struct mini_work w = { .bytes = p->bytes, .rows = 1 };

	if (p->rows > 1) {
		w.rows = p->rows;
		w.src_pitch = p->src_pitch;
		w.dst_pitch = p->dst_pitch;
		if (p->src_pitch < p->bytes || p->dst_pitch < p->bytes)
			return mini_queue_fault(c, q, WEFT_FAULT_FIELD, 0);
	}
	if (!p->bytes)
		return MINI_RETIRE;
	if (!operand(c, q, p->src, &w.src) || !operand(c, q, p->dst, &w.dst))
		return MINI_FAULTED;
	if (w.src < end_of(w.dst, w.rows, w.dst_pitch, w.bytes) &&
	    w.dst < end_of(w.src, w.rows, w.src_pitch, w.bytes) && (w.src != w.dst || w.src_pitch != w.dst_pitch))
		return mini_queue_fault(c, q, WEFT_FAULT_OVERLAP, 0);
	q->work = w;
	return move(c, q);
}

static enum mini_step fill(struct mini_card *c, struct mini_queue *q)
{
	const struct weft_pkt_fill *p = &q->pkt.fill;
	struct mini_work w = { .bytes = p->bytes, .rows = 1 };

	if ((p->width != 1 && p->width != 2 && p->width != 4 && p->width != 8) || p->bytes % p->width)
		return mini_queue_fault(c, q, WEFT_FAULT_FIELD, 0);
	if (!p->bytes)
		return MINI_RETIRE;
	if (!operand(c, q, p->dst, &w.dst))
		return MINI_FAULTED;
	if (w.dst % p->width)
		return mini_queue_fault(c, q, WEFT_FAULT_ALIGN, w.dst);
	q->work = w;
	return move(c, q);
}

static enum mini_step fence(struct mini_card *c, struct mini_queue *q)
{
	if (q->pkt.fence.irq > 1)
		return mini_queue_fault(c, q, WEFT_FAULT_FIELD, 0);
	q->s.fence = q->pkt.fence.value;
	return MINI_RETIRE;
}

static enum mini_step timestamp(struct mini_card *c, struct mini_queue *q)
{
	uint64_t dst, now = mini_clock(c);

	if (!operand(c, q, q->pkt.timestamp.dst, &dst))
		return MINI_FAULTED;
	if (dst % 8)
		return mini_queue_fault(c, q, WEFT_FAULT_ALIGN, dst);
	return mini_access(c, q, dst, &now, sizeof(now), true) ? MINI_RETIRE : MINI_FAULTED;
}

static enum mini_step call(struct mini_card *c, struct mini_queue *q)
{
	const struct weft_pkt_call *p = &q->pkt.call;

	if (!p->npackets || p->npackets > UINT32_C(1) << 20 || p->ntable > WEFT_OPERANDS_MAX)
		return mini_queue_fault(c, q, WEFT_FAULT_FIELD, 0);
	if (p->list % WEFT_PACKET_BYTES)
		return mini_queue_fault(c, q, WEFT_FAULT_ALIGN, p->list);
	if (p->ntable && p->table % sizeof(struct weft_operand))
		return mini_queue_fault(c, q, WEFT_FAULT_ALIGN, p->table);
	if (q->s.depth == WEFT_FRAMES)
		return mini_queue_fault(c, q, WEFT_FAULT_NESTING, 0);
	q->s.frame[q->s.depth++] = (struct weft_frame){ .list = p->list, .table = p->table, .npackets = p->npackets,
							.ntable = p->ntable, .count = 1 };
	return MINI_PUSHED;
}

#define ALL	UINT64_MAX

/* The bits of each packet that may be set, by 8-byte word; every other is reserved. */
static const struct {
	enum mini_step (*run)(struct mini_card *c, struct mini_queue *q);
	uint64_t used[8];
} packets[WEFT_PKT_OP_COUNT] = {
	[WEFT_PKT_NOP] = { NULL, { 0xff } },
	[WEFT_PKT_COPY] = { copy, { 0xffffffff000001ff, ALL, ALL, ALL, ALL, ALL } },
	[WEFT_PKT_FILL] = { fill, { 0xff01ff, ALL, ALL, ALL } },
	[WEFT_PKT_FENCE] = { fence, { 0xffff00ff, ALL } },
	[WEFT_PKT_TIMESTAMP] = { timestamp, { 0x1ff, ALL } },
	[WEFT_PKT_CALL] = { call, { 0xffffffff000000ff, ALL, ALL, UINT32_MAX } },
};

enum mini_step mini_packet(struct mini_card *c, struct mini_queue *q)
{
	unsigned int op = q->pkt.hdr.op;

	if (q->work.rows)
		return move(c, q);
	if (op >= WEFT_PKT_OP_COUNT)
		return mini_queue_fault(c, q, WEFT_FAULT_OPCODE, 0);
	if (!packets[op].used[0])
		return mini_queue_fault(c, q, WEFT_FAULT_CAP, 0);
	if (op == WEFT_PKT_FENCE && q->s.depth > 1)
		return mini_queue_fault(c, q, WEFT_FAULT_PRIVILEGE, 0);
	for (unsigned int i = 0; i < 8; i++)
		if (q->pkt.word[i] & ~packets[op].used[i])
			return mini_queue_fault(c, q, WEFT_FAULT_FIELD, 0);
	return packets[op].run ? packets[op].run(c, q) : MINI_RETIRE;
}
