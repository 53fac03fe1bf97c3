// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "program_gen.h"
#include "cell.h"

#include <string.h>

#define WORD_VA(i)	(RIG_LOCAL + GEN_DATA + 4 * (uint64_t)(i))
#define ODDS(n)		(ct_below(n) == 0)

struct place {
	unsigned depth, loops;		/* lists above the ring, and how many of them are LOOPs, this one included */
	unsigned ndirect, n;		/* of the table: entry 0 names words, then blocks, then indirect entries */
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
	if (!i) {
		o.base = WORD_VA(ct_below(GEN_WORDS - 16));
		o.stride = 4;
	} else if (i >= at->ndirect) {
		struct weft_operand_indirect in = {
			.index = (uint16_t)(ODDS(60) ? ct_below(at->n) : 0),
			.first = (uint16_t)ct_between(1, at->ndirect - (ODDS(40) ? 1 : 3)),
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
	return ODDS(400) ? ct_between(at->n, at->n + 2) : ct_between(1, at->n - 1);
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
				  (uint8_t)(ODDS(8) ? ct_between(1, 3) : 1), (uint16_t)ct_between(1, at->ndirect - 2),
				  (uint16_t)ct_between(1, at->ndirect - 1), ct_between(1, 16));
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

static union weft_packet frame(struct gen *g, unsigned depth, unsigned loops)
{
	bool loop = ct_below(3);
	struct place at = { .depth = depth, .loops = loops + loop, .ndirect = (unsigned)ct_between(4, 9) };
	union weft_packet list[40];
	unsigned n = 0, want = (unsigned)ct_between(2, 8), table = g->nentries;
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
		unsigned what = (unsigned)ct_below(12);

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
			if (depth < 4 || ODDS(60))
				list[n++] = frame(g, depth + 1, at.loops);
		} else if (g->slow) {
			list[n++] = pkt_timed(ct_between(1, 30000));
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
		p = frame(g, 1, 0);
	} while (g->npackets < 4);
	random_bytes(g->data, GEN_DATA);
	for (unsigned i = 0; i < GEN_WORDS; i++) {
		uint32_t w = (uint32_t)ct_below(3);

		memcpy(g->data + GEN_DATA + 4 * i, &w, 4);
	}
	return p;
}
