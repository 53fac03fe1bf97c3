// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "program_gen.h"
#include "cell.h"

#include <string.h>

#define WORD_VA(i)	(RIG_LOCAL + GEN_DATA + 4 * (uint64_t)(i))
#define STAMP_VA(i)	(RIG_LOCAL + GEN_STAMPS_AT + 8 * (uint64_t)(i))
#define CELL_VA(i)	(GEN_CELLS + 32 * (uint64_t)(i))
#define ODDS(n)		(ct_below(n) == 0)

/* Entries of each table: one that names words, stamps and cells each, then direct ones that name blocks, then indirect ones. */
enum { WORDS, STAMPS, CELLS, BLOCKS };

struct place {
	const struct place *up;		/* the list it is called from; NULL: the ring */
	unsigned self;			/* and the packet there */
	bool loop;
	unsigned depth, loops;		/* lists above the ring, and how many of them are LOOPs, this one included */
	unsigned ndirect, n;		/* of the table */
};

/* A level that exists, nearly always. */
static unsigned level_of(const struct place *at)
{
	if (ODDS(300))
		return at->loops + (unsigned)ct_below(2);
	return (unsigned)(ct_below(3) ? 0 : ct_below(at->loops ? at->loops : 1));
}

static struct weft_operand entry_of(const struct place *at, unsigned i)
{
	struct weft_operand o = {
		.base = RIG_LOCAL + 64 * (100 + ct_below(300)), .stride = 64 * (ct_below(7) - 3),
		.depth = (uint16_t)ct_between(1, 9), .mul = (uint16_t)(ct_below(3) ? 1 : ct_between(1, 3)),
		.div = (uint16_t)ct_between(1, 3), .skew = (int32_t)ct_below(9) - 4, .level = (uint8_t)level_of(at),
	};

	o.phase = (uint16_t)ct_below(o.depth);
	if (i == WORDS) {
		o.base = WORD_VA(ct_below(GEN_WORDS - 16));
		o.stride = 4;
	} else if (i == STAMPS) {
		o.base = STAMP_VA(ct_below(GEN_STAMPS - 16)) + (ODDS(400) ? 4 : 0);
		o.stride = 8;
	} else if (i == CELLS) {
		o.base = CELL_VA(ct_below(GEN_NCELLS - 16)) + (ODDS(400) ? 8 : 0);
		o.stride = 32;
	} else if (i >= at->ndirect) {
		struct weft_operand_indirect in = {
			.index = (uint16_t)(ODDS(60) ? ct_between(BLOCKS, at->n - 1) : WORDS),
			.first = (uint16_t)ct_between(BLOCKS, at->ndirect - (ODDS(40) ? 1 : 3)),
			.count = (uint16_t)(ODDS(40) ? 2 : ct_between(3, 4)),
		};

		o.flags = WEFT_OPND_INDIRECT;
		memcpy(&o.base, &in, sizeof(in));
	}
	if (ODDS(400))
		o.depth = 0;
	if (ODDS(400))
		o.reserved = 1;
	return o;
}

static uint64_t data_operand(const struct place *at, uint8_t *flags)
{
	if (!*flags)
		return RIG_LOCAL + 64 * ct_below(GEN_DATA / 64);
	return ODDS(400) ? ct_between(at->n, at->n + 2) : ct_between(BLOCKS, at->n - 1);
}

/* One of the entries that name no block, by the table or as it is. */
static uint64_t other_operand(const struct place *at, unsigned entry, uint64_t va, bool table)
{
	return !table ? va : ODDS(400) ? ct_between(at->n, at->n + 2) : entry;
}

static union weft_packet data_packet(const struct place *at)
{
	uint8_t flags = ct_below(4) ? WEFT_PKT_TABLE : 0;
	union weft_packet p;

	switch (ct_below(4)) {
	case 0:
		p = pkt_copy(data_operand(at, &flags), data_operand(at, &flags), ct_between(1, 64));
		break;
	case 1:
		return pkt_reduce(WEFT_I32, WEFT_SUM, (uint8_t)(ODDS(8) ? ct_between(1, 4) : ct_between(1, 2)),
				  (uint8_t)(ODDS(8) ? ct_between(1, 3) : 1), (uint16_t)ct_between(BLOCKS, at->ndirect - 2),
				  (uint16_t)ct_between(BLOCKS, at->ndirect - 1), ct_between(1, 16));
	case 2:
		/* what PRED and indirect entries will see */
		return pkt_fill(WORD_VA(ct_below(GEN_WORDS - 4)), 4 * ct_between(1, 4), 4, ct_below(3));
	default:
		p = pkt_fill(data_operand(at, &flags), 4 * ct_between(1, 16), 4, ct_rand());
		break;
	}
	p.hdr.flags = flags;
	return p;
}

static union weft_packet range_packet(const struct place *at)
{
	union weft_packet p = pkt_range((int32_t)ct_below(6) - 2, ct_below(2) ? 0 : ct_between(1, 4));

	p.range.level = (uint16_t)level_of(at);
	return p;
}

static union weft_packet pred_packet(void)
{
	bool table = ct_below(2);
	union weft_packet p = pkt_pred(table ? 0 : WORD_VA(ct_below(GEN_WORDS)), (uint8_t)ct_below(5), (uint32_t)ct_below(3));

	p.pred.flags = table ? WEFT_PKT_TABLE : 0;
	return p;
}

/* dx = y > 0 ? dy : 0: an operator that moves bits and rounds nothing */
static union weft_packet exec_packet(const struct place *at)
{
	union weft_packet p = { .exec = { .op = WEFT_PKT_EXEC, .flags = WEFT_PKT_TABLE, .oper = WEFT_OP_RELU_GRAD_F32,
					  .noperands = 3, .dim = { (uint32_t)ct_between(1, 16) } } };
	uint8_t table = WEFT_PKT_TABLE;

	for (unsigned i = 0; i < 3; i++)
		p.exec.u.index[i] = (uint16_t)data_operand(at, &table);
	/* or it would overlap; not to be named here is the seldom case */
	while (p.exec.u.index[2] == p.exec.u.index[0] && !ODDS(40))
		p.exec.u.index[2] = (uint16_t)data_operand(at, &table);
	return p;
}

static union weft_packet stamp_packet(const struct place *at)
{
	bool table = ct_below(4);
	union weft_packet p = pkt_timestamp(other_operand(at, STAMPS, STAMP_VA(ct_below(GEN_STAMPS)), table));

	p.timestamp.flags = table ? WEFT_PKT_TABLE : 0;
	return p;
}

static union weft_packet timed_packet(const struct gen *g)
{
	/* too long: refused, unless it is suppressed */
	return pkt_timed(ODDS(20) || (!g->slow && ODDS(4)) ? (UINT64_C(1) << 40) + 1 : ct_between(1, g->slow ? 30000 : 1000));
}

/* The list of a WAIT_ALL or SIGNAL_ALL, in the place of a packet. */
static uint64_t put_list(struct gen *g, const struct place *at, struct weft_cell_ref ref, bool table)
{
	struct weft_cell_ref two[2] = { ref, ref };

	two[ct_below(2)].cell = other_operand(at, CELLS, CELL_VA(ct_below(GEN_NCELLS)), table);
	two[1].base += ct_below(3);
	memcpy(g->list + 64 * g->npackets, two, sizeof(two));
	return RIG_LIST + 64 * (uint64_t)g->npackets++;
}

static union weft_packet signal_packet(struct gen *g, const struct place *at)
{
	static const uint8_t words[8] = { WEFT_SIG_VALUE, WEFT_SIG_VALUE, WEFT_SIG_VALUE | WEFT_SIG_TAG, WEFT_SIG_TAG, WEFT_SIG_END,
					  WEFT_SIG_VALUE | WEFT_SIG_TAG | WEFT_SIG_END, WEFT_SIG_ADD,
					  WEFT_SIG_ADD | WEFT_SIG_TAG };
	bool table = ct_below(4), all = (g->caps & WEFT_CAP_CELL_LISTS) && ODDS(3);
	union weft_packet p = pkt_signal(other_operand(at, CELLS, CELL_VA(ct_below(GEN_NCELLS)), table), ct_below(64),
					 ct_below(4) - 1, g->caps & WEFT_CAP_SYSTEM_SCOPE ? (uint8_t)ct_below(2) : 0);

	p.signal.flags = table ? WEFT_PKT_TABLE : 0;
	p.signal.words = words[ct_below(g->caps & WEFT_CAP_CELL_ADD ? 8 : 6)];
	p.signal.level = level_of(at);
	p.signal.skew = (int32_t)ct_below(7) - 3;
	p.signal.u.one.tag = ct_below(3);
	if (all) {
		p.signal.u.list = put_list(g, at, (struct weft_cell_ref){ p.signal.u.one.cell, p.signal.u.one.base,
			p.signal.u.one.step, p.signal.u.one.tag }, table);
		p.signal.op = WEFT_PKT_SIGNAL_ALL;
		p.signal.count = 2;
	}
	return p;
}

/* Where END at that level goes on: behind the LOOP, nearly always. */
static uint32_t exit_of(const struct place *at, unsigned level)
{
	while (at && !(at->loop && level-- == 0))
		at = at->up;
	return !at || !at->up ? ODDS(20) : at->self + 1 + (ODDS(8) ? (uint32_t)ct_below(3) : 0);
}

/* Most are satisfied or see END; the model tells of those that would wait for good. */
static union weft_packet wait_packet(struct gen *g, const struct place *at)
{
	bool table = ct_below(4), all = (g->caps & WEFT_CAP_CELL_LISTS) && ODDS(3);
	union weft_packet p = pkt_wait(other_operand(at, CELLS, CELL_VA(ct_below(GEN_NCELLS)), table),
				       ODDS(5) ? 1000 : ct_below(ct_below(2) ? 64 : 12), 8 * ct_below(3) - 8);

	p.wait.flags = table ? WEFT_PKT_TABLE : 0;
	p.wait.cell_flags = ODDS(40) ? WEFT_WAIT_TAG : 0;
	p.wait.level = at->loops && ct_below(2) ? (uint32_t)ct_below(at->loops) : level_of(at);
	p.wait.skew = (int32_t)ct_below(7) - 3;
	p.wait.u.one.tag = ct_below(3);
	if (at->loops && ct_below(4)) {
		p.wait.end_level = (uint8_t)level_of(at);
		p.wait.exit = exit_of(at, p.wait.end_level);
	}
	if (all) {
		p.wait.u.list = put_list(g, at, (struct weft_cell_ref){ p.wait.u.one.cell, p.wait.u.one.base, p.wait.u.one.step,
			p.wait.u.one.tag }, table);
		p.wait.op = WEFT_PKT_WAIT_ALL;
		p.wait.count = 2;
	}
	return p;
}

/* A packet that not every card knows; NOP where this one does not. */
static union weft_packet optional_packet(struct gen *g, const struct place *at)
{
	switch (ct_below(5)) {
	case 0:
	case 1:
		if (g->caps & WEFT_CAP_CELLS)
			return signal_packet(g, at);
		break;
	case 2:
	case 3:
		if ((g->caps & WEFT_CAP_CELLS) && (!g->fence_space || ODDS(40)))
			return wait_packet(g, at);
		break;
	default:
		if (g->caps & WEFT_CAP_EXEC)
			return exec_packet(at);
		break;
	}
	return (union weft_packet){ 0 };
}

static union weft_packet frame(struct gen *g, const struct place *up, unsigned self)
{
	bool loop = ct_below(3);
	unsigned depth = up ? up->depth + 1 : 1;
	struct place at = { .up = up, .self = self, .loop = loop, .depth = depth, .loops = (up ? up->loops : 0) + loop,
			    .ndirect = (unsigned)ct_between(BLOCKS + 3, BLOCKS + 8) };
	union weft_packet list[40];
	unsigned n = 0, want = (unsigned)ct_between(2, 10), table = g->nentries;
	uint64_t count = ct_between(1, depth < 3 ? 5 : 3), list_va;

	at.n = at.ndirect + (unsigned)ct_below(4);
	g->nentries += at.n;
	for (unsigned i = 0; i < at.n; i++) {
		struct weft_operand o = entry_of(&at, i);

		memcpy(g->table + 32 * (table + i), &o, sizeof(o));
	}
	if (loop && !g->fence_space && ODDS(6)) {
		/* no end but this one */
		count = 0;
		list[n++] = pkt_range((int32_t)ct_between(0, 4), 0);
		list[n++] = pkt_break(0);
		list[n++] = pkt_range(-100, 0);
	}
	while (want--) {
		unsigned what = (unsigned)ct_below(16);

		if (what < 5) {
			list[n++] = data_packet(&at);
		} else if (what == 5) {
			list[n++] = range_packet(&at);
		} else if (what == 6) {
			list[n++] = pred_packet();
		} else if (what == 7 && at.loops) {
			list[n++] = pkt_range((int32_t)ct_between(1, 5), 0);
			list[n++] = pkt_break((uint16_t)level_of(&at));
			list[n++] = range_packet(&at);
		} else if (what < 11) {
			if (depth < 4 || ODDS(60)) {
				list[n] = frame(g, &at, n);
				n++;
			}
		} else if (what < 14) {
			list[n++] = optional_packet(g, &at);
		} else if (what == 14) {
			list[n++] = stamp_packet(&at);
		} else if ((g->caps & WEFT_CAP_TIMED) && (g->slow || ODDS(6))) {
			list[n++] = timed_packet(g);
		} else {
			list[n++] = (union weft_packet){ 0 };
			if (ODDS(100))
				list[n - 1].hdr.op = (uint8_t)(WEFT_PKT_OP_COUNT + ct_below(3));
		}
	}
	if (!n)
		list[n++] = (union weft_packet){ 0 };
	list_va = RIG_LIST + 64 * (uint64_t)g->npackets;
	CHECK(g->npackets + n <= 2048 && g->nentries <= WEFT_OPERANDS_MAX, "a random program without end");
	memcpy(g->list + 64 * g->npackets, list, 64 * n);
	g->npackets += n;
	if (loop)
		return pkt_loop(list_va, n, RIG_TABLE + 32 * (uint64_t)table, at.n, count);
	return pkt_call(list_va, n, RIG_TABLE + 32 * (uint64_t)table, at.n);
}

union weft_packet program_random(struct gen *g)
{
	union weft_packet p;

	do {
		g->npackets = g->nentries = 0;
		p = frame(g, NULL, 0);
	} while (g->npackets < 4);
	random_bytes(g->data, GEN_DATA);
	for (unsigned i = 0; i < GEN_WORDS; i++) {
		uint32_t w = (uint32_t)ct_below(3);

		memcpy(g->data + GEN_DATA + 4 * i, &w, 4);
	}
	memset(g->data + GEN_STAMPS_AT, 0, 8 * GEN_STAMPS);
	for (unsigned i = 0; i < GEN_NCELLS; i++) {
		struct weft_cell cell = { .value = ct_below(64), .tag = ct_below(3), .end = ct_below(3) != 0 };

		if (ODDS(30))
			cell.fault = WEFT_CELL_FAULT(ct_between(1, 3), WEFT_FAULT_HANG, WEFT_CELL_ORIGIN(7, i));
		memcpy(g->cells + 32 * i, &cell, sizeof(cell));
	}
	return p;
}
