// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Programs: random ones against a model, then what random ones do not meet. */
#include "cell.h"
#include "program_gen.h"

#include <string.h>

#define CAPS (WEFT_CAP_CALL | WEFT_CAP_LOOP | WEFT_CAP_PRED | WEFT_CAP_INDIRECT)

static uint8_t image[3][160 << 10], expected[2][160 << 10], cells[2][32 * GEN_NCELLS];

static unsigned mbox_queue(struct queue *q, uint16_t op)
{
	struct weft_mbox_msg m = { .op = op };

	m.u.arg[0] = q->id;
	return mbox_call(q->c, &m);
}

static struct rig open_in(struct card *c, uint32_t type)
{
	card_need(c);
	return rig_open_on(space_create_as(c, ~0u, type));
}

static bool over(struct queue *q, struct weft_queue_state *st)
{
	queue_state(q, st);
	return st->run == WEFT_QS_FAULTED || (st->run == WEFT_QS_IDLE && st->head == q->tail);
}

/* Whatever the queue does just now, its frames make sense while it is suspended. */
static void look_at_frames(const struct weft_queue_state *st)
{
	CHECK(st->depth >= 1 && st->depth <= WEFT_FRAMES, "depth %u", st->depth);
	CHECK_EQ(st->frame[0].list, st->head, "ring index of frame 0");
	for (unsigned i = 1; i < st->depth; i++) {
		const struct weft_frame *f = &st->frame[i];

		CHECK(f->pc < f->npackets, "frame %u: packet %u of %u", i, f->pc, f->npackets);
		CHECK(!f->count || f->it < f->count, "frame %u: iteration %llu of %llu", i, (unsigned long long)f->it,
		      (unsigned long long)f->count);
		CHECK(f->list >= RIG_LIST && f->list < RIG_LIST + (128 << 10), "frame %u: list %#llx", i,
		      (unsigned long long)f->list);
	}
}

static unsigned interrupt(struct queue *q)
{
	struct weft_queue_state st;
	unsigned s = mbox_queue(q, WEFT_MBOX_SUSPEND);

	CHECK(s == WEFT_MBOX_OK || s == WEFT_MBOX_STATE, "status %u of SUSPEND", s);
	if (s == WEFT_MBOX_STATE)
		return 0;
	WAIT_FOR(({ queue_state(q, &st); st.run == WEFT_QS_SUSPENDED || st.run == WEFT_QS_FAULTED; }), 2000,
		 "the queue suspended (is %u)", st.run);
	if (st.run == WEFT_QS_FAULTED)
		return 0;
	look_at_frames(&st);
	CHECK_EQ(mbox_queue(q, WEFT_MBOX_RESUME), WEFT_MBOX_OK, "status of RESUME");
	return st.depth > 1;
}

static void compare(const char *what, const uint8_t *got, const uint8_t *want, size_t n, unsigned unit)
{
	for (size_t i = 0; i < n; i++)
		CHECK(got[i] == want[i], "%s: %zu + %zu is %#x, the model says %#x", what, i / unit, i % unit, got[i], want[i]);
}

/* What TIMESTAMP stored is time, whatever the time. */
static void clock_is_one(uint8_t *stamps)
{
	for (unsigned i = 0; i < GEN_STAMPS; i++) {
		uint64_t v;

		memcpy(&v, stamps + 8 * i, 8);
		v = v != 0;
		memcpy(stamps + 8 * i, &v, 8);
	}
}

static void differential(uint32_t type, bool slow, long count)
{
	struct card *c = CARD;
	struct rig r = open_in(c, type);
	struct gen g = { .fence_space = type == WEFT_AS_FENCE, .slow = slow, .caps = c->caps, .list = image[0],
			 .table = image[1], .data = image[2], .cells = cells[0] };
	struct sem *sem = c->caps & WEFT_CAP_CELLS ? sem_create(c, true) : NULL;
	const size_t data = GEN_BYTES;
	struct program m = {
		.area = { { RIG_LIST, 128 << 10, image[0] }, { RIG_TABLE, 128 << 10, expected[0] },
			  { RIG_LOCAL, data, expected[1] }, { GEN_CELLS, sizeof(cells[1]), cells[1] } },
		.fence_space = g.fence_space, .loop_max = rd32(c, WEFT_REG_FENCE_LOOP_MAX),
	};
	unsigned long packets = 0, faults = 0, stops = 0, causes = 0;

	if (sem)
		sem_map(sem, r.s, GEN_CELLS, PTE_SEM | WEFT_PTE_ATOMIC);
	for (long i = 0; i < count; i++) {
		struct weft_queue_state st;
		union weft_packet p;

		do {
			p = program_random(&g);
			memcpy(expected[0], g.table, 32u * g.nentries);
			memcpy(expected[1], g.data, data);
			memcpy(cells[1], cells[0], sizeof(cells[1]));
			program_run(&m, &p);
		} while (m.endless || (slow && m.retired > 2000));
		memcpy(r.list, g.list, 64u * g.npackets);
		memcpy(r.table, g.table, 32u * g.nentries);
		memcpy(r.local, g.data, data);
		if (sem)
			memcpy((void *)(uintptr_t)sem_cell(sem, 0), cells[0], sizeof(cells[0]));
		ct_about("program %ld", i);
		queue_state(r.q, &st);
		uint64_t before = st.retired;
		queue_push(r.q, &p);
		queue_kick(r.q);
		if (slow)
			for (unsigned k = 0; k < 4 && !over(r.q, &st); k++)
				stops += interrupt(r.q);
		WAIT_FOR(over(r.q, &st), 10000, "the end of a program (run %u)", st.run);
		CHECK_EQ(st.cause, m.cause, "cause");
		if (m.cause) {
			CHECK_EQ(st.fault_list, m.list, "fault_list");
			if (m.list)
				CHECK_EQ(st.fault_packet, m.packet, "fault_packet");
			CHECK_EQ(st.fault_op, m.op, "fault_op");
			faults++;
			causes |= 1ul << (m.cause & 31);
		}
		CHECK_EQ(st.retired - before, m.retired, "packets retired");
		/* What a fault leaves in its destinations is open; rotation is not. */
		if (sem)
			compare("cell", (const uint8_t *)(uintptr_t)sem_cell(sem, 0), cells[1], sizeof(cells[1]), 32);
		compare("table entry", r.table, expected[0], 32u * g.nentries, 32);
		clock_is_one(r.local + GEN_STAMPS_AT);
		if (!m.cause)
			compare("block", r.local, expected[1], data, 64);
		packets += m.retired;
		ct_about("%s", "");
		if (m.cause)
			rig_renew(&r);
		evt_poll(c);
		c->nevt = 0;
	}
	if (count >= 500)
		CHECK(faults > 0 && faults < (unsigned long)count / 2, "%lu of %ld programs fault", faults, count);
	ct_note("%ld programs, %lu packets, %lu faults (causes %#lx), %lu times suspended inside, SEED=%llu", count, packets,
		faults, causes, stops, (unsigned long long)ct_opt.seed);
}

static long rounds(long ci)
{
	long n = ct_count(ci);

	return n ? n : 20 * ci;
}

static void random_fence(void) { differential(WEFT_AS_FENCE, false, rounds(1500)); }
static void random_lr(void) { differential(WEFT_AS_LR, false, rounds(1500)); }
static void random_suspended(void) { differential(WEFT_AS_LR, true, rounds(100)); }

/* --- */

static void loop_list(struct rig *r, unsigned at, const union weft_packet *p, unsigned n)
{
	memcpy(r->list + 64 * at, p, 64 * n);
}

#define LIST(at)	(RIG_LIST + 64 * (uint64_t)(at))

/* Runs a ring packet that must fault. */
static void ring_fault(struct rig *r, const union weft_packet *p, uint32_t cause, uint32_t op, uint64_t lo, uint64_t hi)
{
	struct weft_queue_state st;

	queue_push(r->q, p);
	queue_kick(r->q);
	queue_wait_run(r->q, WEFT_QS_FAULTED, 2000, &st);
	CHECK_EQ(st.cause, cause, "cause");
	CHECK_EQ(st.fault_op, op, "fault_op");
	CHECK(st.fault_va >= lo && st.fault_va <= hi, "fault_va %#llx", (unsigned long long)st.fault_va);
	rig_renew(r);
}

static void fence_limit(void)
{
	struct card *c = CARD;
	struct rig r = open_in(c, WEFT_AS_FENCE);
	uint64_t max = rd32(c, WEFT_REG_FENCE_LOOP_MAX);
	union weft_packet nop = { 0 }, p;

	CHECK(max > 0, "LOOP, and FENCE_LOOP_MAX 0");
	loop_list(&r, 0, &nop, 1);
	p = pkt_loop(LIST(0), 1, 0, 0, max);
	queue_push(r.q, &p);
	queue_kick(r.q);
	queue_wait_done(r.q, 20000);
	/* the product, also through a CALL */
	if (max >= 4) {
		p = pkt_loop(LIST(0), 1, 0, 0, max / 2);
		loop_list(&r, 1, &p, 1);
		p = pkt_call(LIST(1), 1, 0, 0);
		loop_list(&r, 2, &p, 1);
		p = pkt_loop(LIST(2), 1, 0, 0, 2);
		queue_push(r.q, &p);
		queue_kick(r.q);
		queue_wait_done(r.q, 20000);
		p = pkt_loop(LIST(2), 1, 0, 0, 3);
		ring_fault(&r, &p, WEFT_FAULT_PRIVILEGE, WEFT_PKT_LOOP, 0, 0);
	}
	p = pkt_loop(LIST(0), 1, 0, 0, UINT64_C(1) << 48);
	ring_fault(&r, &p, WEFT_FAULT_PRIVILEGE, WEFT_PKT_LOOP, 0, 0);
}

static void limits_lr(void)
{
	struct card *c = CARD;
	struct rig r = open_in(c, WEFT_AS_LR);
	union weft_packet p = { .fence = { .op = WEFT_PKT_FENCE, .value = 1 } };

	ring_fault(&r, &p, WEFT_FAULT_PRIVILEGE, WEFT_PKT_FENCE, 0, 0);
	loop_list(&r, 0, &p, 1);
	p = pkt_loop(LIST(0), 1, 0, 0, UINT64_C(1) << 48);
	ring_fault(&r, &p, WEFT_FAULT_FIELD, WEFT_PKT_LOOP, 0, 0);
	p = pkt_loop(LIST(0), 1, 0, 0, 1);
	ring_fault(&r, &p, WEFT_FAULT_PRIVILEGE, WEFT_PKT_FENCE, 0, 0);
	p = pkt_loop(RIG_HOLE, 1, 0, 0, 1);
	ring_fault(&r, &p, WEFT_FAULT_PT_INVALID, WEFT_PKT_LOOP, RIG_HOLE, RIG_HOLE + 63);
	p = pkt_break(0);
	ring_fault(&r, &p, WEFT_FAULT_NESTING, WEFT_PKT_BREAK, 0, 0);
	p = pkt_range(0, 0);
	p.range.level = 1;
	ring_fault(&r, &p, WEFT_FAULT_NESTING, WEFT_PKT_RANGE, 0, 0);
	p = pkt_pred(RIG_LOCAL + 2, WEFT_CMP_EQ, 0);
	ring_fault(&r, &p, WEFT_FAULT_ALIGN, WEFT_PKT_PRED, RIG_LOCAL + 2, RIG_LOCAL + 2);
	p = pkt_pred(RIG_LOCAL, WEFT_CMP_ALWAYS + 1, 0);
	ring_fault(&r, &p, WEFT_FAULT_FIELD, WEFT_PKT_PRED, 0, 0);
}

/* A table without W: a LOOP whose phases stay may end, any other may not. */
static void carry_needs_write(void)
{
	struct card *c = CARD;
	struct rig r = open_in(c, WEFT_AS_LR);
	union weft_packet nop = { 0 }, p;
	const uint64_t va = UINT64_C(0x12340000);
	uint64_t off = user_alloc(c, 4096, 4096);
	struct weft_operand o = { .base = RIG_LOCAL, .stride = 64, .depth = 4, .mul = 1, .div = 1 };

	space_map(r.s, va, off, 4096, WEFT_PTE_R);
	memset(c->lmem + off, 0, 4096);
	memcpy(c->lmem + off + 64, &o, sizeof(o));
	loop_list(&r, 0, &nop, 1);
	p = pkt_loop(LIST(0), 1, va, 3, 8);
	queue_push(r.q, &p);
	queue_kick(r.q);
	queue_wait_done(r.q, 2000);
	p = pkt_loop(LIST(0), 1, va, 3, 7);
	ring_fault(&r, &p, WEFT_FAULT_PT_WRITE, WEFT_PKT_LOOP, va + 64, va + 95);
	CHECK(!memcmp(c->lmem + off + 64, &o, sizeof(o)), "an entry that cannot be written has changed");
}

/* A scalar of EXEC that rotates: the learning rate of each step. */
static void scalars(void)
{
	static const float rate[5] = { 1, 0.5f, 0.25f, 8, 16 };
	struct card *c = CARD;
	struct rig r = open_in(c, WEFT_AS_LR);
	union weft_packet p = { .exec = { .op = WEFT_PKT_EXEC, .flags = WEFT_PKT_TABLE, .oper = WEFT_OP_SGD_MOMENTUM_F32,
					  .noperands = 3, .scalar_mask = 1, .u.index = { 0, 1, 2 }, .dim = { 16 },
					  .scalar = { 3 } } };
	float *w = (float *)(void *)r.local, *g = w + 256, want = 0;
	unsigned at = 2;

	for (unsigned i = 0; i < 16; i++)
		g[i] = 1;
	memcpy(r.local + 4096, rate, sizeof(rate));
	for (unsigned i = 0; i < 3; i++)
		rig_operand(&r, i, RIG_LOCAL + 512 * i);
	rig_bare_operand(&r, 3, (struct weft_operand){ .base = RIG_LOCAL + 4096, .stride = 4, .depth = 5, .phase = 2,
						       .mul = 3, .div = 2 });
	loop_list(&r, 0, &p, 1);
	for (unsigned run = 0; run < 3; run++) {
		p = pkt_loop(LIST(0), 1, RIG_TABLE, 4, 7);
		queue_push(r.q, &p);
		queue_kick(r.q);
		queue_wait_done(r.q, 2000);
		for (unsigned it = 0; it < 7; it++)
			want -= rate[(at + it / 2 * 3) % 5];
		at = (at + 7 / 2 * 3) % 5;
		for (unsigned i = 0; i < 16; i++)
			CHECK(w[i] == want, "weight %u after run %u is %g, not %g", i, run, (double)w[i], (double)want);
	}
}

/* Frames of a suspended queue tell how far it is: the blocks it has filled so far are there to be counted. */
static void frames(void)
{
	struct card *c = CARD;
	struct rig r = open_in(c, WEFT_AS_LR);
	struct weft_queue_state st;
	union weft_packet p[3];

	for (int round = 0; round < 10; round++) {
		memset(r.local, 0, 4096);
		rig_bare_operand(&r, 0, (struct weft_operand){ .base = RIG_LOCAL, .stride = 4, .depth = 1000, .mul = 1,
							       .div = 1 });
		p[0] = pkt_range(0, 1000);
		p[1] = pkt_fill(0, 4, 4, 1);
		p[1].hdr.flags = WEFT_PKT_TABLE;
		p[2] = pkt_timed(100000);
		loop_list(&r, 0, p, 3);
		p[0] = pkt_loop(LIST(0), 3, RIG_TABLE, 1, 200);
		loop_list(&r, 3, p, 1);
		p[0] = pkt_call(LIST(3), 1, 0, 0);
		queue_push(r.q, p);
		queue_kick(r.q);
		for (unsigned k = 0; k < 3; k++) {
			unsigned done = 0, nap = 0;

			for (unsigned i = 0; i < 5 + ct_below(20); i++)
				ct_nap(&nap);
			CHECK_EQ(mbox_queue(r.q, WEFT_MBOX_SUSPEND), WEFT_MBOX_OK, "status of SUSPEND");
			queue_wait_run(r.q, WEFT_QS_SUSPENDED, 2000, &st);
			if (st.depth == 1) {
				mbox_queue(r.q, WEFT_MBOX_RESUME);
				break;
			}
			look_at_frames(&st);
			CHECK_EQ(st.depth, 3, "depth");
			CHECK(st.frame[2].is_loop && !st.frame[1].is_loop, "kinds of the frames");
			CHECK_EQ(st.frame[2].list, LIST(0), "list of the LOOP");
			CHECK_EQ(st.frame[2].count, 200, "count of the LOOP");
			CHECK_EQ(st.frame[2].range_off | st.frame[2].pred_off, 0, "suppression");
			while (done < 1000 && r.local[4 * done])
				done++;
			CHECK_EQ(done, st.frame[2].it + (st.frame[2].pc > 1), "blocks filled");
			CHECK_EQ(mbox_queue(r.q, WEFT_MBOX_RESUME), WEFT_MBOX_OK, "status of RESUME");
		}
		queue_wait_done(r.q, 5000);
		for (unsigned i = 0; i < 1000; i++)
			CHECK_EQ(r.local[4 * i], i < 200, "block at the end");
	}
}

/* An endless LOOP gives way to safe operations and to other queues, and ends by them. */
static void endless(void)
{
	struct card *c = CARD;
	struct rig r = open_in(c, WEFT_AS_LR);
	struct weft_queue_state st;
	union weft_packet p = { 0 };

	loop_list(&r, 0, &p, 1);
	p = pkt_loop(LIST(0), 1, 0, 0, 0);
	queue_push(r.q, &p);
	queue_kick(r.q);
	WAIT_FOR(({ queue_state(r.q, &st); st.retired > 1000; }), 2000, "an endless LOOP running");
	/* others run */
	struct rig o = open_in(c, WEFT_AS_FENCE);
	for (unsigned i = 0; i < 20; i++) {
		union weft_packet f = pkt_fill(RIG_LOCAL, 64, 4, i);

		rig_run(&o, &f, 1);
	}
	for (unsigned i = 0; i < 20; i++) {
		uint64_t t = ct_now_ns();

		CHECK_EQ(space_invalidate(r.s, 0, 0), WEFT_SAFE_OK, "AS_INVALIDATE");
		CHECK(ct_now_ns() - t < UINT64_C(1000000000), "AS_INVALIDATE took too long");
	}
	uint64_t t = ct_now_ns();
	CHECK_EQ(safe_call(c, WEFT_SAFE_QUEUE_STOP, r.q->id, 0, 0), WEFT_SAFE_OK, "QUEUE_STOP");
	CHECK(ct_now_ns() - t < UINT64_C(1000000000), "QUEUE_STOP took too long");
	queue_state(r.q, &st);
	CHECK_EQ(st.run, WEFT_QS_STOPPED, "state");
	CHECK_EQ(st.cause, WEFT_FAULT_STOPPED, "cause");
	CHECK_EQ(st.depth, 2, "depth");
	CHECK(st.frame[1].it > 0 && !st.frame[1].count, "iteration %llu", (unsigned long long)st.frame[1].it);
}

/* What a LOOP costs when it is left, and many lookups, take no longer to stop than anything else. */
static void stopped_anywhere(void)
{
	struct card *c = CARD;
	uint64_t worst = 0;

	for (unsigned round = 0; round < 12; round++) {
		struct rig r = open_in(c, WEFT_AS_LR);
		struct weft_queue_state st;
		union weft_packet p = { 0 };
		unsigned nap = 0;

		for (unsigned i = 0; i < WEFT_OPERANDS_MAX; i++)
			rig_bare_operand(&r, i, (struct weft_operand){ .base = RIG_LOCAL, .stride = 64, .depth = 65535,
								       .mul = 1, .div = 1 });
		if (round & 1)
			p = pkt_copy(RIG_HOST, RIG_LOCAL, RIG_BYTES);
		loop_list(&r, 0, &p, 1);
		p = pkt_loop(LIST(0), 1, RIG_TABLE, WEFT_OPERANDS_MAX, 1);
		loop_list(&r, 1, &p, 1);
		p = pkt_loop(LIST(1), 1, 0, 0, 0);
		queue_push(r.q, &p);
		queue_kick(r.q);
		WAIT_FOR(({ queue_state(r.q, &st); st.retired > 10; }), 2000, "an endless LOOP running");
		ct_nap(&nap);
		uint64_t t = ct_now_ns();
		CHECK_EQ(safe_call(c, round & 2 ? WEFT_SAFE_AS_STOP : WEFT_SAFE_QUEUE_STOP, round & 2 ? r.s->asid : r.q->id, 0,
				   0), WEFT_SAFE_OK, "status of a stop");
		t = ct_now_ns() - t;
		worst = t > worst ? t : worst;
		queue_state(r.q, &st);
		CHECK_EQ(st.run, WEFT_QS_STOPPED, "state");
		card_tidy(c);
	}
	ct_note("slowest stop %llu us", (unsigned long long)worst / 1000);
	CHECK(worst < UINT64_C(1000000000), "a stop took %llu ms", (unsigned long long)worst / 1000000);
}

static void reset_inside(void)
{
	struct card *c = CARD;

	for (unsigned round = 0; round < 3; round++) {
		struct rig r = open_in(c, WEFT_AS_LR);
		struct weft_queue_state st;
		union weft_packet p = { 0 };

		loop_list(&r, 0, &p, 1);
		p = pkt_loop(LIST(0), 1, 0, 0, 0);
		queue_push(r.q, &p);
		queue_kick(r.q);
		WAIT_FOR(({ queue_state(r.q, &st); st.retired > 1000; }), 2000, "an endless LOOP running");
		card_forget(c);
		uint64_t t = ct_now_ns();
		card_reset(c);
		CHECK(ct_now_ns() - t < UINT64_C(1000000000), "FLR took %llu ms",
		      (unsigned long long)(ct_now_ns() - t) / 1000000);
	}
}

/* The list of a running LOOP is unmapped: the fault names the LOOP, in its parent. */
static void list_goes(void)
{
	struct card *c = CARD;
	struct rig r = open_in(c, WEFT_AS_LR);
	const uint64_t va = UINT64_C(0x12340000);
	uint64_t off = user_alloc(c, 4096, 4096);
	struct weft_queue_state st;
	union weft_packet p;

	space_map(r.s, va, off, 4096, WEFT_PTE_R);
	memset(c->lmem + off, 0, 4096);
	p = pkt_loop(va, 8, 0, 0, 0);
	queue_push(r.q, &p);
	queue_kick(r.q);
	WAIT_FOR(({ queue_state(r.q, &st); st.retired > 1000; }), 2000, "an endless LOOP running");
	space_unmap(r.s, va, 4096);
	CHECK_EQ(space_invalidate(r.s, va, 4096), WEFT_SAFE_OK, "AS_INVALIDATE");
	queue_wait_run(r.q, WEFT_QS_FAULTED, 2000, &st);
	CHECK_EQ(st.cause, WEFT_FAULT_PT_INVALID, "cause");
	CHECK_EQ(st.fault_op, WEFT_PKT_LOOP, "fault_op");
	CHECK_EQ(st.fault_list, 0, "fault_list");
	CHECK(st.fault_va >= va && st.fault_va < va + 512, "fault_va %#llx", (unsigned long long)st.fault_va);
}

/* --- user queues --- */

static void user_ring(void)
{
	struct card *c = CARD;
	struct rig r = open_in(c, WEFT_AS_LR);
	struct weft_queue_state st;
	union weft_packet p;
	uint64_t fetched = counter(c, WEFT_CNT_FETCH_BYTES, WEFT_CNT_LINK_LOCAL, r.s->asid);

	memset(r.local, 0, 4096);
	for (unsigned i = 0; i < 1000; i++) {
		p = pkt_fill(RIG_LOCAL + 4 * i, 4, 4, i + 1);
		queue_push(r.q, &p);
		if (ct_below(5) == 0)
			queue_kick(r.q);
	}
	queue_kick(r.q);
	queue_wait_done(r.q, 5000);
	for (unsigned i = 0; i < 1000; i++)
		CHECK_EQ(((uint32_t *)(void *)r.local)[i], i + 1, "word of a packet");
	CHECK_EQ(queue_head(r.q), 1000, "head");
	if (c->caps & WEFT_CAP_COUNTERS)
		CHECK_EQ(counter(c, WEFT_CNT_FETCH_BYTES, WEFT_CNT_LINK_LOCAL, r.s->asid) - fetched, 64000, "FETCH_BYTES");
	/* the doorbell protocol, racing the card's decision to stop looking */
	p = (union weft_packet){ 0 };
	long n = ct_count(3000);
	for (long i = 0; i < (n ? n : 100000); i++) {
		queue_push(r.q, &p);
		queue_kick(r.q);
		if (ct_below(4) == 0)
			WAIT_FOR(queue_head(r.q) == r.q->tail, 2000, "head after a doorbell");
	}
	queue_wait_done(r.q, 2000);
	/* more packets than the ring holds */
	r.q->tail += 65;
	queue_tail(r.q);
	queue_ring(r.q);
	queue_wait_run(r.q, WEFT_QS_FAULTED, 2000, &st);
	CHECK_EQ(st.cause, WEFT_FAULT_RING, "cause");
	CHECK_EQ(st.fault_op, 0, "fault_op");
}

static void unmapped(uint64_t bits, uint32_t cause, bool ctl)
{
	struct card *c = CARD;
	struct rig r = open_in(c, WEFT_AS_LR);
	struct weft_queue_state st;
	union weft_packet p = { 0 };
	uint64_t va = ctl ? r.q->ctl_va : r.q->ring_va;

	queue_push(r.q, &p);
	if (bits)
		space_map(r.s, va, ctl ? r.q->ctl : r.q->ring, 4096, bits);
	else
		space_unmap(r.s, va, 4096);
	CHECK_EQ(space_invalidate(r.s, va, 4096), WEFT_SAFE_OK, "AS_INVALIDATE");
	queue_tail(r.q);
	queue_ring(r.q);
	queue_wait_run(r.q, WEFT_QS_FAULTED, 2000, &st);
	CHECK_EQ(st.cause, cause, "cause");
	CHECK(st.fault_va >= va && st.fault_va < va + 4096, "fault_va %#llx", (unsigned long long)st.fault_va);
	CHECK_EQ(st.fault_list, 0, "fault_list");
	CHECK_EQ(st.fault_op, 0, "fault_op of a packet that could not be fetched");
	CHECK_EQ(st.retired, 0, "packets retired");
	evt_wait(c, 0, WEFT_EVT_FAULT, r.q->id, 1000);
}

static void user_faults(void)
{
	unmapped(0, WEFT_FAULT_PT_INVALID, false);
	unmapped(WEFT_PTE_W, WEFT_FAULT_PT_READ, false);
	unmapped(0, WEFT_FAULT_PT_INVALID, true);
	unmapped(WEFT_PTE_R, WEFT_FAULT_PT_WRITE, true);
	unmapped(WEFT_PTE_W, WEFT_FAULT_PT_READ, true);
}

static void kinds(void)
{
	struct card *c = CARD;
	struct weft_mbox_msg m = { .op = WEFT_MBOX_QUEUE_CREATE };

	card_need(c);
	struct space *fence = space_create(c, ~0u), *lr = space_create_as(c, ~0u, WEFT_AS_LR);
	struct queue *j = queue_create(fence, ~0u, 4), *u = queue_create(lr, ~0u, 4);
	queue_desc(j, &m.u.queue);
	m.u.queue.id = u->id + 1;
	m.u.queue.asid = (uint16_t)lr->asid;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_BAD_ARG, "status of a job queue in an LR space");
	m = (struct weft_mbox_msg){ .op = WEFT_MBOX_QUEUE_CREATE };
	queue_desc(u, &m.u.queue);
	m.u.queue.id = u->id + 1;
	m.u.queue.asid = (uint16_t)fence->asid;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_BAD_ARG, "status of a user queue in a FENCE space");
}

static const struct ct_test tests[] = {
	{ "random programs in a job queue, against a model", random_fence, CAPS, 0, false },
	{ "random programs in a user queue, against a model", random_lr, CAPS | WEFT_CAP_LR, 0, false },
	{ "random programs, suspended and resumed inside", random_suspended, CAPS | WEFT_CAP_LR | WEFT_CAP_TIMED, 0, false },
	{ "LOOP in a FENCE space: FENCE_LOOP_MAX, products", fence_limit, CAPS, 0, false },
	{ "what an LR space and a LOOP refuse", limits_lr, CAPS | WEFT_CAP_LR, 0, false },
	{ "rotation is carried with W only", carry_needs_write, CAPS | WEFT_CAP_LR, 0, false },
	{ "a scalar of EXEC that rotates", scalars, CAPS | WEFT_CAP_LR | WEFT_CAP_EXEC, 0, false },
	{ "frames of a suspended queue", frames, CAPS | WEFT_CAP_LR | WEFT_CAP_TIMED, 0, false },
	{ "an endless LOOP among others, invalidated, stopped", endless, CAPS | WEFT_CAP_LR, 0, false },
	{ "LOOPs stopped wherever they are", stopped_anywhere, CAPS | WEFT_CAP_LR, 0, false },
	{ "FLR inside an endless LOOP", reset_inside, CAPS | WEFT_CAP_LR, 0, true },
	{ "the list of a LOOP is unmapped while it runs", list_goes, CAPS | WEFT_CAP_LR, 0, false },
	{ "a user queue: ring, wrap, doorbell, RING", user_ring, WEFT_CAP_LR, 0, false },
	{ "ring and ring control that do not translate", user_faults, WEFT_CAP_LR, 0, false },
	{ "kind of queue and of address space agree", kinds, WEFT_CAP_LR, 0, false },
};
CT_SECTION(programs);
