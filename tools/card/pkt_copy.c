// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* COPY and FILL. A unit is a list of contiguous pieces, all translated before the first byte is written. */
#include <string.h>

#include "defect.h"
#include "engine.h"

#define UNIT_BYTES	(2u << 20)
#define UNIT_PIECES	1024

static uint64_t rows_of(const struct weft_pkt_copy *p)
{
	return p->rows > 1 ? p->rows : 1;
}

/*
 * All units of a packet copy alike: one of them is always small enough for the caches. Two addresses may lead to the same
 * memory, so the pieces may overlap, though the packet's ranges do not.
 */
static void copy_piece(void *dst, const void *src, uint64_t bytes, bool stream)
{
	if (stream)
		wcard_copy_nt(dst, src, bytes);
	else
		memmove(dst, src, bytes);
}

/* Bytes from the first to the last of all rows; false when that does not fit in an address space. */
static bool extent(uint64_t rows, uint64_t pitch, uint64_t bytes, uint64_t *out)
{
	uint64_t skip;

	return !__builtin_mul_overflow(rows - 1, pitch, &skip) && !__builtin_add_overflow(skip, bytes, out) &&
	       *out <= UINT64_C(1) << WEFT_VA_BITS;
}

static enum wcard_step copy_start(struct wcard_run *r)
{
	const struct weft_pkt_copy *p = &r->q->pkt.copy;
	struct wcard_cur *cur = &r->q->cur;
	uint64_t dext, sext, rows = rows_of(p);

	if ((p->flags & ~WEFT_PKT_TABLE) || p->reserved0 || p->reserved[0] || p->reserved[1])
		return wcard_fail(r, WEFT_FAULT_FIELD, 0);
	if (rows > 1 && (p->dst_pitch < p->bytes || p->src_pitch < p->bytes))
		return wcard_fail(r, WEFT_FAULT_FIELD, 0);
	if (!wcard_operand(r, p->src, &cur->va[1]) || !wcard_operand(r, p->dst, &cur->va[0]))
		return WCARD_FAULT;
	if (!p->bytes)
		return WCARD_DONE;
	if (!extent(rows, rows > 1 ? p->src_pitch : 0, p->bytes, &sext) || cur->va[1] >> WEFT_VA_BITS)
		return wcard_fail(r, WEFT_FAULT_PT_RANGE, cur->va[1]);
	if (!extent(rows, rows > 1 ? p->dst_pitch : 0, p->bytes, &dext) || cur->va[0] >> WEFT_VA_BITS)
		return wcard_fail(r, WEFT_FAULT_PT_RANGE, cur->va[0]);
	/* From the first byte of the first row to the last of the last: equal or apart. */
	if (cur->va[0] < cur->va[1] + sext && cur->va[1] < cur->va[0] + dext && (cur->va[0] != cur->va[1] || sext != dext) &&
	    !WCARD_BROKEN(copy_overlap))
		return wcard_fail(r, WEFT_FAULT_OVERLAP, 0);
	if (WCARD_BROKEN(copy_last_byte) && p->bytes > 1)
		r->q->pkt.copy.bytes--;
	if (WCARD_BROKEN(copy_pitch))
		r->q->pkt.copy.src_pitch = p->dst_pitch;
	cur->started = true;
	cur->row = 0;
	cur->unit = 0;			/* bytes of this row done */
	return WCARD_MORE;
}

enum wcard_step wcard_pkt_copy(struct wcard_run *r)
{
	const struct weft_pkt_copy *p = &r->q->pkt.copy;
	struct wcard_cur *cur = &r->q->cur;
	struct { uint8_t *dst; const uint8_t *src; uint64_t bytes; unsigned int dlink, slink; } piece[UNIT_PIECES];
	uint64_t row, at, total = 0, rows = rows_of(p);
	bool stream = p->bytes >= WCARD_STREAM_COPY_BYTES || p->bytes * rows >= WCARD_STREAM_COPY_BYTES;
	unsigned int n = 0;

	if (!cur->started) {
		enum wcard_step s = copy_start(r);

		if (s != WCARD_MORE)
			return s;
	}
	row = cur->row;
	at = cur->unit;
	while (row < rows && n < UNIT_PIECES && total < UNIT_BYTES) {
		uint64_t dst = cur->va[0] + row * p->dst_pitch * (rows > 1) + at;
		uint64_t src = cur->va[1] + row * p->src_pitch * (rows > 1) + at;
		uint64_t want = p->bytes - at < UNIT_BYTES - total ? p->bytes - at : UNIT_BYTES - total;
		struct wcard_span d, s;

		if (wcard_acc_span(&r->acc, src, want, WCARD_ACC_READ, &s) ||
		    wcard_acc_span(&r->acc, dst, s.bytes, WCARD_ACC_WRITE, &d))
			return WCARD_FAULT;
		piece[n].dst = d.host;
		piece[n].src = s.host;
		piece[n].bytes = d.bytes;
		piece[n].dlink = d.link;
		piece[n++].slink = s.link;
		total += d.bytes;
		at += d.bytes;
		if (at == p->bytes) {
			at = 0;
			row++;
		}
	}
	for (unsigned int i = 0; i < n; i++) {
		if (piece[i].dst != piece[i].src)
			copy_piece(piece[i].dst, piece[i].src, piece[i].bytes, stream);
		wcard_acc_count(&r->acc, piece[i].slink, WCARD_CNT_READ, piece[i].bytes);
		wcard_acc_count(&r->acc, piece[i].dlink, WCARD_CNT_WRITE, piece[i].bytes);
	}
	cur->row = row;
	cur->unit = at;
	return row == rows ? WCARD_DONE : WCARD_MORE;
}

static enum wcard_step fill_start(struct wcard_run *r)
{
	const struct weft_pkt_fill *p = &r->q->pkt.fill;
	struct wcard_cur *cur = &r->q->cur;

	if ((p->flags & ~WEFT_PKT_TABLE) || p->reserved0 || p->reserved1 || p->reserved[0] || p->reserved[1] ||
	    p->reserved[2] || p->reserved[3] || (p->width != 1 && p->width != 2 && p->width != 4 && p->width != 8) ||
	    p->bytes % p->width)
		return wcard_fail(r, WEFT_FAULT_FIELD, 0);
	if (!wcard_operand(r, p->dst, &cur->va[0]))
		return WCARD_FAULT;
	if (cur->va[0] % p->width)
		return wcard_fail(r, WEFT_FAULT_ALIGN, cur->va[0]);
	if (!p->bytes)
		return WCARD_DONE;
	if (p->bytes > UINT64_C(1) << WEFT_VA_BITS)
		return wcard_fail(r, WEFT_FAULT_PT_RANGE, cur->va[0]);
	if (WCARD_BROKEN(fill_width) && p->width == 8)
		r->q->pkt.fill.width = 4;
	cur->started = true;
	cur->unit = 0;
	return WCARD_MORE;
}

enum wcard_step wcard_pkt_fill(struct wcard_run *r)
{
	const struct weft_pkt_fill *p = &r->q->pkt.fill;
	struct wcard_cur *cur = &r->q->cur;
	struct wcard_span piece[UNIT_PIECES];
	uint64_t total = 0;
	unsigned int n = 0;

	if (!cur->started) {
		enum wcard_step s = fill_start(r);

		if (s != WCARD_MORE)
			return s;
	}
	while (cur->unit + total < p->bytes && n < UNIT_PIECES && total < UNIT_BYTES) {
		uint64_t left = p->bytes - cur->unit - total;
		uint64_t want = left < UNIT_BYTES - total ? left : UNIT_BYTES - total;

		if (wcard_acc_span(&r->acc, cur->va[0] + cur->unit + total, want, WCARD_ACC_WRITE, &piece[n]))
			return WCARD_FAULT;
		total += piece[n++].bytes;
	}
	for (unsigned int i = 0; i < n; i++) {
		wcard_fill(piece[i].host, p->width, p->pattern, piece[i].bytes);
		wcard_acc_count(&r->acc, piece[i].link, WCARD_CNT_WRITE, piece[i].bytes);
	}
	cur->unit += total;
	return cur->unit == p->bytes ? WCARD_DONE : WCARD_MORE;
}
