// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Packets that move data, time and nest. */
#include "rig.h"

#include <string.h>

static void nop(void)
{
	struct card *c = CARD;
	union weft_packet p[200] = { 0 };
	struct weft_queue_state a, b;

	card_need(c);
	struct rig r = rig_open(c);
	rig_run(&r, p, 1);
	queue_state(r.q, &a);
	rig_run(&r, p, 200);
	queue_state(r.q, &b);
	CHECK_EQ(b.retired - a.retired, 200 + 1 + (r.call ? 1 : 0), "packets retired by 200 NOPs, FENCE and CALL");
	CHECK_EQ(b.head, r.q->tail, "head in the queue state");
	CHECK_EQ(queue_head(r.q), r.q->tail, "head in the ring control");
	WAIT_FOR(queue_run(r.q) == WEFT_QS_IDLE, 1000, "the queue IDLE with an empty ring");
	CHECK_EQ(b.cause, 0, "cause");
}

static void copy(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	static const uint64_t base[] = { RIG_LOCAL, RIG_HOST };
	random_bytes(r.local, RIG_BYTES);
	random_bytes(r.host, RIG_BYTES);
	long n = ct_count(150);
	static uint8_t want[300000];
	for (long i = 0; i < (n ? n : 2000); i++) {
		uint64_t bytes = i % 3 ? ct_between(1, 200) : ct_between(1, 262144);
		uint64_t so = ct_below(RIG_BYTES / 2 - bytes), to = RIG_BYTES / 2 + ct_below(RIG_BYTES / 2 - bytes - 64);
		uint64_t src = base[i & 1] + so, dst = base[i >> 1 & 1] + to;
		uint8_t *out = rig_at(&r, dst), guard[2] = { out[-1], out[bytes] };

		memcpy(want, rig_at(&r, src), bytes);
		union weft_packet p = pkt_copy(dst, src, bytes);
		rig_run(&r, &p, 1);
		ct_about("COPY of %llu bytes from %#llx to %#llx", (unsigned long long)bytes, (unsigned long long)src,
			 (unsigned long long)dst);
		CHECK(!memcmp(out, want, bytes), "wrong bytes");
		CHECK(out[-1] == guard[0] && out[bytes] == guard[1], "bytes beside the destination changed");
	}
}

static void copy_rows(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	random_bytes(r.local, RIG_BYTES);
	for (int i = 0; i < 40; i++) {
		uint32_t rows = (uint32_t)ct_between(2, 60);
		uint64_t bytes = ct_between(1, 3000), sp = bytes + ct_below(1000), dp = bytes + ct_below(1000);
		uint64_t src = RIG_LOCAL + ct_below(1000), dst = (i & 1 ? RIG_HOST : RIG_LOCAL + (2u << 20)) + ct_below(1000);
		union weft_packet p = pkt_copy(dst, src, bytes);
		uint8_t *out = rig_at(&r, dst);

		memset(out, 0xa5, rows * dp);
		p.copy.rows = rows;
		p.copy.src_pitch = sp;
		p.copy.dst_pitch = dp;
		rig_run(&r, &p, 1);
		ct_about("%u rows of %llu", rows, (unsigned long long)bytes);
		for (uint32_t k = 0; k < rows; k++) {
			CHECK(!memcmp(out + k * dp, rig_at(&r, src) + k * sp, bytes), "row %u", k);
			for (uint64_t g = bytes; g < dp; g++)
				CHECK(out[k * dp + g] == 0xa5, "gap behind row %u was written", k);
		}
	}
	ct_about("%s", "");
	/* no bytes, no rows, pitch ignored for one row */
	union weft_packet p = pkt_copy(RIG_LOCAL, RIG_HOST, 0);
	rig_run(&r, &p, 1);
	p = pkt_copy(RIG_LOCAL, RIG_LOCAL + 64, 64);
	p.copy.rows = 1;
	p.copy.src_pitch = 3;
	rig_run(&r, &p, 1);
	CHECK(!memcmp(r.local, r.local + 64, 64), "one row");
	p = pkt_copy(RIG_LOCAL + 640, RIG_LOCAL + 640, 640);
	rig_run(&r, &p, 1);	/* equal source and destination */
}

static void fill(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	for (int i = 0; i < 120; i++) {
		unsigned width = 1u << ct_below(4);
		uint64_t n = width * ct_between(0, i % 4 ? 50 : 60000), pattern = ct_rand();
		uint64_t dst = (i & 1 ? RIG_HOST : RIG_LOCAL) + 64 + width * ct_below(5000);
		union weft_packet p = pkt_fill(dst, n, (uint8_t)width, pattern);
		uint8_t *out = rig_at(&r, dst);

		memset(out - 8, 0x3c, n + 16);
		rig_run(&r, &p, 1);
		for (uint64_t k = 0; k < n; k++)
			CHECK(out[k] == (uint8_t)(pattern >> 8 * (k % width)), "FILL width %u: byte %llu", width,
			      (unsigned long long)k);
		CHECK(out[-1] == 0x3c && out[n] == 0x3c, "FILL wrote beside its range");
	}
}

static void timestamp(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	union weft_packet p[3] = { pkt_timestamp(RIG_LOCAL), pkt_copy(RIG_LOCAL + 4096, RIG_HOST, 1 << 20), pkt_timestamp(RIG_HOST + 8) };
	uint64_t a = rd64(c, WEFT_REG_CLOCK_NOW);
	rig_run(&r, p, 3);
	uint64_t b = rd64(c, WEFT_REG_CLOCK_NOW), t0, t1;
	memcpy(&t0, r.local, 8);
	memcpy(&t1, r.host + 8, 8);
	CHECK(a <= t0 && t0 < t1 && t1 <= b, "time stamps %llu %llu are not between %llu and %llu", (unsigned long long)t0,
	      (unsigned long long)t1, (unsigned long long)a, (unsigned long long)b);
	for (unsigned o = 1; o < 8; o++) {
		p[0] = pkt_timestamp(RIG_LOCAL + o);
		rig_fault(&r, p, 1, (struct fault){ .cause = WEFT_FAULT_ALIGN, VA_IN(RIG_LOCAL + o, 1) });
	}
}

/*
 * As many queues as TIMED_WIDTH says wait at the same time: the last has begun before the first is done. A crowded bench
 * machine may take long to start them; then they wait longer.
 */
static void at_once(struct rig *r)
{
	unsigned n = rd32(r->c, WEFT_REG_TIMED_WIDTH), ms = 100;
	uint64_t fence[1024], last, first;
	struct queue *q[1024];

	n = n > r->c->nqueues - 1 ? r->c->nqueues - 1 : n;
	n = n > 512 ? 512 : n;		/* as many lists as fit */
	for (unsigned i = 0; i < n; i++)
		q[i] = queue_create(r->s, ~0u, 4);
	do {
		for (unsigned i = 0; i < n; i++) {
			union weft_packet p[3] = { pkt_timestamp(RIG_LOCAL + 16 * i), pkt_timed(UINT64_C(1000000) * ms),
						   pkt_timestamp(RIG_LOCAL + 16 * i + 8) };
			union weft_packet call = pkt_call(RIG_LIST + sizeof(p) * i, 3, 0, 0);

			memcpy(r->list + sizeof(p) * i, p, sizeof(p));
			for (unsigned k = 0; k < (r->call ? 1 : 3); k++)
				queue_push(q[i], r->call ? &call : &p[k]);
			fence[i] = queue_push_fence(q[i], true);
		}
		for (unsigned i = 0; i < n; i++)
			queue_kick(q[i]);
		for (unsigned i = 0; i < n; i++)
			queue_wait(q[i], fence[i], 3000 + n * ms);
		last = 0;
		first = ~UINT64_C(0);
		for (unsigned i = 0; i < n; i++) {
			uint64_t t[2];

			memcpy(t, r->local + 16 * i, sizeof(t));
			last = t[0] > last ? t[0] : last;
			first = t[1] < first ? t[1] : first;
		}
		ms *= 4;
	} while (last >= first && ms < 2000);
	CHECK(last < first, "%u queues in TIMED at once: the last began %llu us after the first was done", n,
	      (unsigned long long)(last - first) / 1000);
}

static void timed(void)
{
	static const uint64_t ns[] = { 0, 1, 1000, 100000, 5000000, 20000000 };
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	for (unsigned i = 0; i < ARRAY_LEN(ns); i++) {
		union weft_packet p[3] = { pkt_timestamp(RIG_LOCAL), pkt_timed(ns[i]), pkt_timestamp(RIG_LOCAL + 8) };
		uint64_t t[2], best = ~UINT64_C(0);

		for (int k = 0; k < 5; k++) {
			rig_run(&r, p, 3);
			memcpy(t, r.local, 16);
			CHECK(t[1] - t[0] >= ns[i], "TIMED %llu took only %llu ns", (unsigned long long)ns[i],
			      (unsigned long long)(t[1] - t[0]));
			best = t[1] - t[0] < best ? t[1] - t[0] : best;
		}
		CHECK(best <= ns[i] + ns[i] / 2 + 2000000, "TIMED %llu took %llu ns at best", (unsigned long long)ns[i],
		      (unsigned long long)best);
	}
	at_once(&r);
}

static void call(void)
{
	struct card *c = CARD;
	struct weft_queue_state a, b;

	card_need(c);
	struct rig r = rig_open(c);
	/* ring → list 0 → … → list 3: four levels below the ring, written after the caller at 64 KiB steps */
	union weft_packet p[2], in;
	for (unsigned level = 1; level < 4; level++) {
		uint64_t at = RIG_LIST + 0x8000 + level * 0x1000;
		union weft_packet *l = (void *)(r.list + 0x8000 + level * 0x1000);

		l[0] = pkt_fill(RIG_LOCAL + 64 * level, 64, 4, 0x100 + level);
		l[1] = level < 3 ? pkt_call(at + 0x1000, 3, 0, 0) : (union weft_packet){ 0 };
		l[2] = pkt_fill(RIG_LOCAL + 1024 + 64 * level, 64, 4, 0x200 + level);
	}
	p[0] = pkt_call(RIG_LIST + 0x9000, 3, 0, 0);
	p[1] = pkt_fill(RIG_LOCAL + 8192, 64, 4, 0x300);
	queue_state(r.q, &a);
	rig_run(&r, p, 2);
	queue_state(r.q, &b);
	for (unsigned level = 1; level < 4; level++) {
		CHECK_EQ(*(uint32_t *)(void *)(r.local + 64 * level), 0x100 + level, "word before the nested CALL");
		CHECK_EQ(*(uint32_t *)(void *)(r.local + 1024 + 64 * level), 0x200 + level, "word after the nested CALL");
	}
	CHECK_EQ(*(uint32_t *)(void *)(r.local + 8192), 0x300, "word after all");
	CHECK_EQ(b.retired - a.retired, 2 + 2 + 9, "packets retired, nested ones included");
	/* a fifth level */
	union weft_packet *l = (void *)(r.list + 0x8000 + 3 * 0x1000);
	l[1] = pkt_call(RIG_LIST + 0xc000, 1, 0, 0);
	memset(r.list + 0xc000, 0, 64);
	in = p[0];
	memcpy(r.list, p, sizeof(p));
	uint32_t from = c->nevt;
	uint64_t f = queue_submit(r.q, RIG_LIST, 2, 0, 0);
	rig_expect_fault(&r, f, from, NULL, (struct fault){ .cause = WEFT_FAULT_NESTING });
	queue_state(r.q, &b);
	CHECK_EQ(b.fault_list, RIG_LIST + 0xb000, "fault_list of the fifth level");
	CHECK_EQ(b.fault_packet, 1, "fault_packet of the fifth level");
	CHECK_EQ(b.fault_op, WEFT_PKT_CALL, "fault_op of the fifth level");
	rig_renew(&r);
	/* sizes, alignment */
	in.call.npackets = 0;
	rig_fault(&r, &in, 1, (struct fault){ .cause = WEFT_FAULT_FIELD });
	in.call.npackets = (1u << 20) + 1;
	rig_fault(&r, &in, 1, (struct fault){ .cause = WEFT_FAULT_FIELD });
	in = pkt_call(RIG_LIST, 1, 0, WEFT_OPERANDS_MAX + 1);
	rig_fault(&r, &in, 1, (struct fault){ .cause = WEFT_FAULT_FIELD });
	in = pkt_call(RIG_LIST, 1, 0, 0);
	in.call.count = 1;
	rig_fault(&r, &in, 1, (struct fault){ .cause = WEFT_FAULT_FIELD });
	in = pkt_call(RIG_LIST + 8, 1, 0, 0);
	rig_fault(&r, &in, 1, (struct fault){ .cause = WEFT_FAULT_ALIGN, VA_IN(RIG_LIST + 8, 1) });
	in = pkt_call(RIG_LIST, 1, RIG_TABLE + 8, 4);
	rig_fault(&r, &in, 1, (struct fault){ .cause = WEFT_FAULT_ALIGN, VA_IN(RIG_TABLE + 8, 1) });
	in = pkt_call(RIG_HOLE, 1, 0, 0);
	from = c->nevt;
	f = rig_start(&r, &in, 1);
	rig_expect_fault(&r, f, from, NULL, (struct fault){ .cause = WEFT_FAULT_PT_INVALID, VA_IN(RIG_HOLE, 1) });
	rig_renew(&r);
}

static void call_long(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	/* a list across many pages, and its last packet counts */
	union weft_packet *l = (void *)r.list;
	for (unsigned i = 0; i < 2000; i++)
		l[i] = pkt_fill(RIG_LOCAL + 4 * i, 4, 4, i + 1);
	uint64_t f = queue_submit(r.q, RIG_LIST, 1999, 0, 0);
	queue_wait(r.q, f, 5000);
	for (unsigned i = 0; i < 1999; i++)
		CHECK_EQ(((uint32_t *)(void *)r.local)[i], i + 1, "word of a packet");
	CHECK_EQ(((uint32_t *)(void *)r.local)[1999], 0, "word of a packet behind the list");
}

static void order(void)
{
	struct card *c = CARD;
	union weft_packet p[64];

	card_need(c);
	struct rig r = rig_open(c);
	/* each packet reads what the one before wrote, through every aperture */
	random_bytes(r.local, 4096);
	for (unsigned i = 0; i < 64; i++) {
		uint64_t at[3] = { RIG_LOCAL, RIG_HOST, RIG_FRAG };

		p[i] = pkt_copy(at[(i + 1) % 3] + 4096 * (i + 1), at[i % 3] + 4096 * i, 4096);
	}
	rig_run(&r, p, 64);
	CHECK(!memcmp(rig_at(&r, RIG_HOST + 4096 * 64), r.local, 4096), "a chain of 64 copies lost its data");
}

static const struct ct_test tests[] = {
	{ "NOP, retired and head", nop, 0, 0, false },
	{ "COPY of one row, every alignment", copy, 0, 0, false },
	{ "COPY of rows", copy_rows, 0, 0, false },
	{ "FILL of every width", fill, 0, 0, false },
	{ "TIMESTAMP", timestamp, 0, 0, false },
	{ "TIMED within bounds, 16 at once", timed, WEFT_CAP_TIMED, 0, false },
	{ "CALL nesting and its fields", call, WEFT_CAP_CALL, 0, false },
	{ "CALL of 1,999 packets", call_long, WEFT_CAP_CALL, 0, false },
	{ "packets take effect in order", order, 0, 0, false },
};
CT_SECTION(packets);
