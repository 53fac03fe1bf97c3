// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Payload bytes per link and direction, as the card counts them, against a count made here. */
#include "rig.h"

#include <string.h>

#define LINKS 3		/* local, host, card 1 */
static const unsigned link_of[LINKS] = { WEFT_CNT_LINK_LOCAL, 0, 2 };
struct counts { uint64_t rd[LINKS], wr[LINKS]; };

static struct counts read_counts(struct rig *r)
{
	struct counts k;

	for (unsigned l = 0; l < LINKS; l++) {
		k.rd[l] = k.wr[l] = 0;
		if (link_of[l] != WEFT_CNT_LINK_LOCAL && link_of[l] >= r->c->nlinks)
			continue;
		k.rd[l] = counter(r->c, WEFT_CNT_READ_BYTES, link_of[l], r->s->asid);
		k.wr[l] = counter(r->c, WEFT_CNT_WRITE_BYTES, link_of[l], r->s->asid);
	}
	return k;
}

/* Runs one packet and compares what the counters moved by. */
static void expect(struct rig *r, union weft_packet p, struct counts want, const char *what)
{
	struct counts a = read_counts(r);

	rig_run(r, &p, 1);
	struct counts b = read_counts(r);
	for (unsigned l = 0; l < LINKS; l++) {
		ct_about("%s, link %#x", what, link_of[l]);
		CHECK_EQ(b.rd[l] - a.rd[l], want.rd[l], "bytes read");
		CHECK_EQ(b.wr[l] - a.wr[l], want.wr[l], "bytes written");
	}
	ct_about("%s", "");
}

static void moves(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	expect(&r, pkt_copy(RIG_HOST, RIG_LOCAL, 12345), (struct counts){ .rd = { 12345 }, .wr = { 0, 12345 } }, "COPY to host");
	expect(&r, pkt_copy(RIG_LOCAL + 1, RIG_HOST + 2, 77777), (struct counts){ .rd = { 0, 77777 }, .wr = { 77777 } },
	       "COPY from host");
	expect(&r, pkt_copy(RIG_LOCAL, RIG_FRAG + 5, 20000), (struct counts){ .rd = { 0, 20000 }, .wr = { 20000 } },
	       "COPY from fragments");
	expect(&r, pkt_copy(RIG_LOCAL, RIG_LOCAL + 100000, 99999), (struct counts){ .rd = { 99999 }, .wr = { 99999 } }, "COPY local");
	union weft_packet p = pkt_copy(RIG_HOST, RIG_LOCAL, 100);
	p.copy.rows = 7;
	p.copy.src_pitch = 300;
	p.copy.dst_pitch = 200;
	expect(&r, p, (struct counts){ .rd = { 700 }, .wr = { 0, 700 } }, "COPY of 7 rows of 100");
	expect(&r, pkt_fill(RIG_HOST, 4096, 8, 1), (struct counts){ .wr = { 0, 4096 } }, "FILL host");
	expect(&r, pkt_fill(RIG_LOCAL, 8, 1, 1), (struct counts){ .wr = { 8 } }, "FILL local");
	expect(&r, (union weft_packet){ 0 }, (struct counts){ 0 }, "NOP");
	expect(&r, pkt_copy(RIG_LOCAL, RIG_HOST, 0), (struct counts){ 0 }, "COPY of nothing");
	if (c->caps & WEFT_CAP_TIMED)
		expect(&r, pkt_timed(1000), (struct counts){ 0 }, "TIMED");
	expect(&r, pkt_timestamp(RIG_HOST), (struct counts){ .wr = { 0, 8 } }, "TIMESTAMP");
}

static void reduces(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	for (unsigned i = 0; i < 8; i++)
		rig_operand(&r, i, (i & 1 ? RIG_HOST : RIG_LOCAL) + i * 65536);
	expect(&r, pkt_reduce(WEFT_F32, WEFT_SUM, 5, 3, 0, 5, 1000),
	       (struct counts){ .rd = { 12000, 8000 }, .wr = { 4000, 8000 } }, "REDUCE 5 to 3 of f32");
	expect(&r, pkt_reduce(WEFT_I8, WEFT_MAX, 2, 1, 0, 4, 333),
	       (struct counts){ .rd = { 333, 333 }, .wr = { 333, 0 } }, "REDUCE 2 to 1 of i8");
}

static void execs(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	rig_operand(&r, 0, RIG_LOCAL);
	rig_operand(&r, 1, RIG_HOST);
	rig_operand(&r, 2, RIG_LOCAL + (1 << 20));
	union weft_packet p = {
		.exec = { .op = WEFT_PKT_EXEC, .flags = WEFT_PKT_TABLE, .oper = WEFT_OP_ADD_F32, .noperands = 3,
			  .u.index = { 0, 1, 2 }, .dim = { 5000 } },
	};
	expect(&r, p, (struct counts){ .rd = { 20000, 20000 }, .wr = { 20000 } }, "ADD of 5000");
	p.exec.oper = WEFT_OP_GEMM_F32;
	p.exec.dim[0] = 16;
	p.exec.dim[1] = 24;
	p.exec.dim[2] = 40;
	p.exec.scalar[0] = 0x3f800000;
	expect(&r, p, (struct counts){ .rd = { 24 * 40 * 4, 16 * 40 * 4 }, .wr = { 16 * 24 * 4 } }, "GEMM 16 x 24 x 40, beta 0");
	p.exec.scalar[1] = 0x3f800000;
	expect(&r, p, (struct counts){ .rd = { 24 * 40 * 4 + 16 * 24 * 4, 16 * 40 * 4 }, .wr = { 16 * 24 * 4 } },
	       "GEMM 16 x 24 x 40, beta 1");
}

/* Far more to do than it gets time for: what it has not come to is not counted. */
static void exec_stopped(void)
{
	enum { ROWS = 1 << 15, COLS = 1 << 14 };
	const uint64_t bytes = UINT64_C(4) * ROWS * COLS, va = UINT64_C(0x480000000000);
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	uint64_t at = user_alloc(c, WEFT_PAGE2M_BYTES, WEFT_PAGE2M_BYTES);
	memset(c->lmem + at, 0, WEFT_PAGE2M_BYTES);
	for (uint64_t o = 0; o < bytes; o += WEFT_PAGE2M_BYTES)
		space_map_2m(r.s, va + o, at, WEFT_PAGE2M_BYTES, PTE_RW);
	rig_operand(&r, 0, RIG_LOCAL);
	rig_operand(&r, 1, va);
	union weft_packet p = {
		.exec = { .op = WEFT_PKT_EXEC, .flags = WEFT_PKT_TABLE, .oper = WEFT_OP_COLSUM_F32, .noperands = 2,
			  .u.index = { 0, 1 }, .dim = { ROWS, COLS } },
	};
	rig_start(&r, &p, 1);
	WAIT_FOR(counter(c, WEFT_CNT_READ_BYTES, WEFT_CNT_LINK_LOCAL, r.s->asid), 5000, "a byte counted while the packet runs");
	CHECK_EQ(safe_call(c, WEFT_SAFE_QUEUE_STOP, r.q->id, 0, 0), WEFT_SAFE_OK, "status of QUEUE_STOP");
	CHECK_EQ(queue_run(r.q), WEFT_QS_STOPPED, "run");
	uint64_t n = counter(c, WEFT_CNT_READ_BYTES, WEFT_CNT_LINK_LOCAL, r.s->asid);
	CHECK(n < bytes, "a packet that was stopped has counted %llu bytes of %llu", (unsigned long long)n, (unsigned long long)bytes);
	ct_note("%llu MiB of %llu", (unsigned long long)n >> 20, (unsigned long long)bytes >> 20);
	rig_renew(&r);
}

static void peers(void)
{
	struct card *c = CARD, *peer = &ct_cards[1];

	cards_open(2);
	card_need(c);
	card_need(peer);
	struct rig r = rig_open(c);
	rig_map_peer(&r, peer);
	uint64_t va = RIG_PEER + 0x1000000;
	expect(&r, pkt_copy(va, RIG_LOCAL, 5555), (struct counts){ .rd = { 5555 }, .wr = { 0, 0, 5555 } }, "COPY to a peer");
	expect(&r, pkt_copy(RIG_HOST, va, 4444), (struct counts){ .rd = { 0, 0, 4444 }, .wr = { 0, 4444 } }, "COPY from a peer");
	expect(&r, pkt_fill(va, 800, 8, 1), (struct counts){ .wr = { 0, 0, 800 } }, "FILL of a peer");
}

static void separate(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig a = rig_open(c), b = rig_open(c);
	struct counts before = read_counts(&b);
	uint64_t all = counter(c, WEFT_CNT_READ_BYTES, 0, WEFT_CNT_ALL);
	expect(&a, pkt_copy(RIG_LOCAL, RIG_HOST, 1000), (struct counts){ .rd = { 0, 1000 }, .wr = { 1000 } }, "space A");
	struct counts after = read_counts(&b);
	CHECK(!memcmp(&before, &after, sizeof(after)), "the other space's counters moved");
	CHECK_EQ(counter(c, WEFT_CNT_READ_BYTES, 0, WEFT_CNT_ALL) - all, 1000, "sum over all spaces");
	/* counts restart at AS_CREATE */
	uint32_t asid = b.s->asid;
	expect(&b, pkt_copy(RIG_LOCAL, RIG_HOST, 1000), (struct counts){ .rd = { 0, 1000 }, .wr = { 1000 } }, "space B");
	queue_destroy(b.q);
	space_destroy(b.s);
	b.s = space_create(c, asid);
	struct counts zero = read_counts(&b);
	for (unsigned l = 0; l < LINKS; l++)
		CHECK(!zero.rd[l] && !zero.wr[l], "counters do not restart at AS_CREATE");
	CHECK_EQ(counter(c, WEFT_CNT_READ_BYTES, 0, WEFT_CNT_ALL) - all, 2000, "sum over all spaces after AS_CREATE");
}

static void packets(void)
{
	struct card *c = CARD;
	union weft_packet p[50] = { 0 };

	card_need(c);
	struct rig r = rig_open(c);
	rig_run(&r, p, 1);
	uint64_t n = counter(c, WEFT_CNT_PACKETS, 0, 0), f = counter(c, WEFT_CNT_FETCH_BYTES, WEFT_CNT_LINK_LOCAL, r.s->asid);
	rig_run(&r, p, 50);
	CHECK_EQ(counter(c, WEFT_CNT_PACKETS, 0, 0) - n, 50 + 1 + (r.call ? 1 : 0), "counter PACKETS");
	if (r.call)
		CHECK_EQ(counter(c, WEFT_CNT_FETCH_BYTES, WEFT_CNT_LINK_LOCAL, r.s->asid) - f, 50 * 64, "counter FETCH_BYTES");
	CHECK(counter(c, WEFT_CNT_WALKS, 0, 0) > 0, "counter WALKS is 0");
}

static void latched(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	union weft_packet p = pkt_copy(RIG_LOCAL, RIG_HOST, 640);
	uint64_t v = counter(c, WEFT_CNT_READ_BYTES, 0, r.s->asid);
	rig_run(&r, &p, 1);
	CHECK_EQ(rd64(c, WEFT_REG_CNT_VALUE), v, "CNT_VALUE before the next write of CNT_SEL");
	CHECK_EQ(counter(c, WEFT_CNT_READ_BYTES, 0, r.s->asid), v + 640, "counter after it");
	/* kinds, links and indices that do not exist */
	CHECK_EQ(counter(c, 200, 0, 0), 0, "unknown kind");
	CHECK_EQ(counter(c, WEFT_CNT_READ_BYTES, 0, 5000), 0, "unknown address space");
	CHECK_EQ(counter(c, WEFT_CNT_READ_BYTES, 77, 0), 0, "unknown link");
	CHECK_EQ(counter(c, WEFT_CNT_ENGINE_BUSY_NS, 0, 60000), 0, "unknown engine");
}

#define K WEFT_CAP_COUNTERS
static const struct ct_test tests[] = {
	{ "COPY, FILL, NOP, TIMED, TIMESTAMP", moves, K, 0, false },
	{ "REDUCE", reduces, K | WEFT_CAP_REDUCE | WEFT_CAP_CALL, 0, false },
	{ "EXEC", execs, K | WEFT_CAP_EXEC | WEFT_CAP_CALL, 0, false },
	{ "an EXEC that is stopped is not counted whole", exec_stopped, K | WEFT_CAP_EXEC | WEFT_CAP_CALL, 0, false },
	{ "peers have a link of their own", peers, K, 2, false },
	{ "per address space, restart at AS_CREATE, sum", separate, K, 0, false },
	{ "packets, fetches, walks", packets, K, 0, false },
	{ "latched by CNT_SEL; what does not exist is 0", latched, K, 0, false },
};
CT_SECTION_OF(counters, K);
