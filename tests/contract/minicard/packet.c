// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Packets: what is mandatory, and CALL. */
#include <string.h>

#include <firmware/abi/operand.h>
#include <firmware/abi/pte.h>

#include "mini.h"

/* at most so much is done before the client's messages are looked at */
#define TURN_BYTES	(UINT64_C(1) << 18)
#define TURN_PIECES	256

static enum mini_step fault(struct mini_card *c, struct mini_queue *q, enum weft_fault cause, uint64_t va)
{
	uint32_t op = q->pkt.hdr.op;

	if (op == WEFT_PKT_EXEC)
		op |= (uint32_t)q->pkt.exec.oper << 8;
	q->work.phase = MINI_IDLE;
	mini_queue_fault(c, q, cause, va, op);
	return MINI_FAULTED;
}

/* Resolves an operand of the packet to an address; false when the queue faulted. */
static bool operand(struct mini_card *c, struct mini_queue *q, uint64_t field, uint64_t *va)
{
	const struct mini_level *l = &q->level[q->depth];
	uint64_t at = l->table + sizeof(struct weft_operand) * field;
	struct weft_operand e = { 0 };
	struct mini_piece p;
	enum weft_fault cause;

	*va = field;
	if (!(q->pkt.hdr.flags & WEFT_PKT_TABLE))
		return true;
	if (field > 0xffff || field >= l->ntable)
		return fault(c, q, WEFT_FAULT_OPERAND, 0) != MINI_FAULTED;
	cause = mini_translate(c, &c->as[q->d.asid], at, sizeof(e), false, &p);
	if (!cause && p.bytes < sizeof(e)) {
		at += p.bytes;
		cause = WEFT_FAULT_BUS;
	}
	if (cause)
		return fault(c, q, cause, at) != MINI_FAULTED;
	if (p.host)
		memcpy(&e, p.host, sizeof(e));
	if (!e.depth || !e.mul || !e.div || e.phase >= e.depth || e.flags || e.reserved)
		return fault(c, q, WEFT_FAULT_OPERAND, 0) != MINI_FAULTED;
	if (e.level)
		return fault(c, q, WEFT_FAULT_NESTING, 0) != MINI_FAULTED;
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

static bool advance(struct mini_work *w, uint64_t bytes)
{
	w->at += bytes;
	if (w->at < w->bytes)
		return false;
	w->at = 0;
	if (++w->row < w->rows)
		return false;
	w->row = 0;
	return true;
}

/* Looks at some pieces of a range: whether every byte of it can be accessed is known before the first is moved. */
static enum mini_step check(struct mini_card *c, struct mini_queue *q)
{
	struct mini_work *w = &q->work;
	bool write = w->phase == MINI_CHECK_DST;

	for (unsigned int n = 0; n < TURN_PIECES; n++) {
		uint64_t base = write ? w->dst : w->src, pitch = write ? w->dst_pitch : w->src_pitch;
		uint64_t va = end_of(base, w->row + 1, pitch, w->at);	/* beyond 64 bits is beyond 48 */
		struct mini_piece p;
		enum weft_fault cause = mini_translate(c, &c->as[q->d.asid], va, w->bytes - w->at, write, &p);

		if (cause)
			return fault(c, q, cause, va);
		if (advance(w, p.bytes)) {
			w->phase++;
			break;
		}
	}
	return MINI_AGAIN;
}

/* `from`: bytes of the pattern that came before. */
static void pattern(uint8_t *to, uint64_t bytes, uint64_t value, unsigned int from)
{
	uint64_t turned = from ? value >> 8 * from | value << (64 - 8 * from) : value;

	for (; bytes >= 8; bytes -= 8, to += 8)
		memcpy(to, &turned, 8);
	memcpy(to, &turned, bytes);
}

/*
 * Moves some pieces. A unit is a piece: it is read before it is written, and the queue can be stopped after it. What was
 * looked at may have changed since, so it is translated again.
 */
static enum mini_step move(struct mini_card *c, struct mini_queue *q)
{
	struct mini_work *w = &q->work;
	const struct mini_as *as = &c->as[q->d.asid];
	uint64_t left = TURN_BYTES;

	for (unsigned int n = 0; n < TURN_PIECES && left; n++) {
		uint64_t from = w->src + w->row * w->src_pitch + w->at, to = w->dst + w->row * w->dst_pitch + w->at;
		uint64_t bytes = w->bytes - w->at < left ? w->bytes - w->at : left;
		struct mini_piece s = { .bytes = bytes }, d;
		enum weft_fault cause = w->width ? WEFT_FAULT_NONE : mini_translate(c, as, from, bytes, false, &s);

		if (cause)
			return fault(c, q, cause, from);
		cause = mini_translate(c, as, to, s.bytes, true, &d);
		if (cause)
			return fault(c, q, cause, to);
		bytes = d.bytes;
		if (d.host && w->width)
			pattern(d.host, bytes, w->pattern, w->at & 7);
		else if (d.host && s.host)
			memmove(d.host, s.host, bytes);
		else if (d.host)
			memset(d.host, 0, bytes);
		left -= bytes;
		if (advance(w, bytes)) {
			w->phase = MINI_IDLE;
			return MINI_RETIRE;
		}
	}
	return MINI_AGAIN;
}

static enum mini_step proceed(struct mini_card *c, struct mini_queue *q)
{
	return q->work.phase == MINI_MOVE ? move(c, q) : check(c, q);
}

static enum mini_step copy(struct mini_card *c, struct mini_queue *q)
{
	const struct weft_pkt_copy *p = &q->pkt.copy;
	uint64_t rows = p->rows ? p->rows : 1, src, dst;

	if ((p->flags & ~WEFT_PKT_TABLE) || p->reserved0 || p->reserved[0] || p->reserved[1] ||
	    (rows > 1 && (p->src_pitch < p->bytes || p->dst_pitch < p->bytes)))
		return fault(c, q, WEFT_FAULT_FIELD, 0);
	if (!p->bytes)
		return MINI_RETIRE;
	if (!operand(c, q, p->src, &src) || !operand(c, q, p->dst, &dst))
		return MINI_FAULTED;
	q->work = (struct mini_work){ .phase = MINI_CHECK_SRC, .src = src, .dst = dst, .bytes = p->bytes, .rows = rows,
				      .src_pitch = rows > 1 ? p->src_pitch : 0, .dst_pitch = rows > 1 ? p->dst_pitch : 0 };
	if (src < end_of(dst, rows, q->work.dst_pitch, p->bytes) && dst < end_of(src, rows, q->work.src_pitch, p->bytes) &&
	    !(src == dst && q->work.src_pitch == q->work.dst_pitch))
		return fault(c, q, WEFT_FAULT_OVERLAP, 0);
	return proceed(c, q);
}

static enum mini_step fill(struct mini_card *c, struct mini_queue *q)
{
	const struct weft_pkt_fill *p = &q->pkt.fill;
	unsigned int width = p->width;
	uint64_t dst, value = p->pattern;

	if ((p->flags & ~WEFT_PKT_TABLE) || p->reserved0 || p->reserved1 || p->reserved[0] || p->reserved[1] ||
	    p->reserved[2] || p->reserved[3] || (width != 1 && width != 2 && width != 4 && width != 8) || p->bytes % width)
		return fault(c, q, WEFT_FAULT_FIELD, 0);
	if (!p->bytes)
		return MINI_RETIRE;
	if (!operand(c, q, p->dst, &dst))
		return MINI_FAULTED;
	if (dst % width)
		return fault(c, q, WEFT_FAULT_ALIGN, dst);
	for (; width < 8; width *= 2)
		value = (value & ((UINT64_C(1) << 8 * width) - 1)) * (1 + (UINT64_C(1) << 8 * width));
	q->work = (struct mini_work){ .phase = MINI_CHECK_DST, .dst = dst, .bytes = p->bytes, .rows = 1, .pattern = value,
				      .width = p->width };
	return proceed(c, q);
}

static enum mini_step fence(struct mini_card *c, struct mini_queue *q)
{
	const struct weft_pkt_fence *p = &q->pkt.fence;
	bool zero = !p->flags && !p->reserved0;

	if (q->depth)
		return fault(c, q, WEFT_FAULT_PRIVILEGE, 0);
	for (unsigned int i = 0; i < 6; i++)
		zero = zero && !p->reserved[i];
	if (!zero || p->irq > 1)
		return fault(c, q, WEFT_FAULT_FIELD, 0);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	q->fence = p->value;
	mini_queue_publish(c, q);
	if (p->irq)
		mini_event(c, (struct weft_event){ .type = WEFT_EVT_FENCE, .queue = q->d.id, .value = p->value });
	return MINI_RETIRE;
}

static enum mini_step timestamp(struct mini_card *c, struct mini_queue *q)
{
	const struct weft_pkt_timestamp *p = &q->pkt.timestamp;
	bool zero = !(p->flags & ~WEFT_PKT_TABLE) && !p->reserved0 && !p->reserved1;
	struct mini_piece d;
	enum weft_fault cause;
	uint64_t dst;

	for (unsigned int i = 0; i < 6; i++)
		zero = zero && !p->reserved[i];
	if (!zero)
		return fault(c, q, WEFT_FAULT_FIELD, 0);
	if (!operand(c, q, p->dst, &dst))
		return MINI_FAULTED;
	if (dst % 8)
		return fault(c, q, WEFT_FAULT_ALIGN, dst);
	cause = mini_translate(c, &c->as[q->d.asid], dst, 8, true, &d);
	if (cause)
		return fault(c, q, cause, dst);
	if (d.host)
		__atomic_store_n((uint64_t *)d.host, mini_clock(c), __ATOMIC_RELEASE);
	return MINI_RETIRE;
}

static enum mini_step call(struct mini_card *c, struct mini_queue *q)
{
	const struct weft_pkt_call *p = &q->pkt.call;

	if (p->flags || p->reserved0 || p->reserved1 || p->count || p->reserved[0] || p->reserved[1] || p->reserved[2] ||
	    !p->npackets || p->npackets > UINT32_C(1) << 20 || p->ntable > WEFT_OPERANDS_MAX)
		return fault(c, q, WEFT_FAULT_FIELD, 0);
	if (p->list % WEFT_PACKET_BYTES)
		return fault(c, q, WEFT_FAULT_ALIGN, p->list);
	if (p->ntable && p->table % sizeof(struct weft_operand))
		return fault(c, q, WEFT_FAULT_ALIGN, p->table);
	if (q->depth == WEFT_FRAMES - 1)
		return fault(c, q, WEFT_FAULT_NESTING, 0);
	q->level[++q->depth] = (struct mini_level){ .list = p->list, .table = p->table, .npackets = p->npackets,
						    .ntable = p->ntable };
	return MINI_PUSHED;
}

enum mini_step mini_packet(struct mini_card *c, struct mini_queue *q, bool fresh)
{
	if (!fresh)
		return proceed(c, q);
	switch (q->pkt.hdr.op) {
	case WEFT_PKT_NOP:
		for (unsigned int i = 0; i < 8; i++)
			if (q->pkt.word[i])
				return fault(c, q, WEFT_FAULT_FIELD, 0);
		return MINI_RETIRE;
	case WEFT_PKT_COPY:
		return copy(c, q);
	case WEFT_PKT_FILL:
		return fill(c, q);
	case WEFT_PKT_FENCE:
		return fence(c, q);
	case WEFT_PKT_TIMESTAMP:
		return timestamp(c, q);
	case WEFT_PKT_CALL:
		return call(c, q);
	}
	return fault(c, q, q->pkt.hdr.op < WEFT_PKT_OP_COUNT ? WEFT_FAULT_CAP : WEFT_FAULT_OPCODE, 0);
}
