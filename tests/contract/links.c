// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Waiting over links: peers that signal, parked queues that are stopped, suspended or unmapped, watches, masks, flushes. */
#include "lane.h"

#include <string.h>
#include <unistd.h>

#define CELLS		UINT64_C(0x30000000)
#define CELL(i)		(CELLS + 32u * (i))
#define PEER_CELLS	UINT64_C(0x32000000)
#define HOST_DATA	UINT64_C(0x33000000)
#define NONE		WEFT_FAULT_NONE

struct side {
	struct card *c;
	struct space *s;
	struct sem *p;
	struct queue *q;
};

static struct side side(struct card *c)
{
	struct side x = { .c = c };

	card_need(c);
	x.s = space_create_as(c, ~0u, WEFT_AS_LR);
	x.p = sem_create(c, true);
	sem_map(x.p, x.s, CELLS, PTE_SEM);
	x.q = queue_create(x.s, ~0u, 6);
	return x;
}

static void start(struct side *x, union weft_packet k)
{
	queue_push(x->q, &k);
	queue_kick(x->q);
}

static void parked(struct side *x)
{
	queue_wait_run(x->q, WEFT_QS_PARKED, 5000, NULL);
}

static struct weft_queue_state ended(struct side *x, uint32_t run, unsigned cause)
{
	struct weft_queue_state st;

	queue_wait_run(x->q, run, 5000, &st);
	CHECK_EQ(st.cause, cause, "cause");
	return st;
}

static void peers(void)
{
	cards_open(2);
	struct side a = side(&ct_cards[0]), b = side(&ct_cards[1]);

	sem_map(b.p, a.s, PEER_CELLS, PTE_SEM);
	for (unsigned i = 1; i <= 50; i++) {
		start(&b, pkt_wait(CELL(0), i, 0));
		if (i & 1)
			parked(&b);
		start(&a, pkt_signal(PEER_CELLS, i, 0, WEFT_SCOPE_QUEUE));
		queue_wait_done(b.q, 5000);
	}
	CHECK_EQ(counter(a.c, WEFT_CNT_CELL_WRITES, 2, a.s->asid), 50, "CELL_WRITES over the link");
	/* the bus leads to its own card as well, but no WAIT goes there */
	space_map(a.s, HOST_DATA, a.c->bus2 + a.p->off, 4096, PTE_SEM | PTE_BUS(1));
	start(&a, pkt_wait(HOST_DATA, 0, 0));
	ended(&a, WEFT_QS_FAULTED, WEFT_FAULT_PT_NOT_SEM);
}

static void stopped(void)
{
	struct side x = side(CARD);

	start(&x, pkt_wait(CELL(0), 1, 0));
	parked(&x);
	struct weft_mbox_msg m = { .op = WEFT_MBOX_QUEUE_DESTROY };
	m.u.arg[0] = x.q->id;
	CHECK_EQ(mbox_call(x.c, &m), WEFT_MBOX_BUSY, "status of QUEUE_DESTROY of a PARKED queue");
	CHECK_EQ(safe_call(x.c, WEFT_SAFE_QUEUE_STOP, x.q->id, 0, 0), WEFT_SAFE_OK, "status of QUEUE_STOP");
	ended(&x, WEFT_QS_STOPPED, WEFT_FAULT_STOPPED);
	CHECK(!sem_arm(x.p, 0), "still armed for a queue that was stopped");
}

static void suspended(void)
{
	struct side x = side(CARD);
	struct queue *k = queue_create(x.s, ~0u, 4);
	struct weft_mbox_msg m = { .op = WEFT_MBOX_SUSPEND };

	start(&x, pkt_wait(CELL(0), 1, 0));
	parked(&x);
	m.u.arg[0] = x.q->id;
	CHECK_EQ(mbox_call(x.c, &m), WEFT_MBOX_OK, "status of SUSPEND");
	ended(&x, WEFT_QS_SUSPENDED, NONE);
	CHECK(!sem_arm(x.p, 0), "still armed for a queue that is suspended");
	sem_signal(x.p, 0, 1, k, CELL(0));
	m = (struct weft_mbox_msg){ .op = WEFT_MBOX_RESUME };
	m.u.arg[0] = x.q->id;
	CHECK_EQ(mbox_call(x.c, &m), WEFT_MBOX_OK, "status of RESUME");
	queue_wait_done(x.q, 5000);
}

static void invalidated(void)
{
	struct side x = side(CARD);
	struct queue *other = queue_create(x.s, ~0u, 6), *k = queue_create(x.s, ~0u, 4);
	union weft_packet w = pkt_wait(CELL(0) + 0x100000, 1, 0);
	struct weft_queue_state before, after;

	sem_map(x.p, x.s, CELLS + 0x100000, PTE_SEM);
	start(&x, pkt_wait(CELL(0), 1, 0));
	queue_push(other, &w);
	queue_kick(other);
	parked(&x);
	queue_wait_run(other, WEFT_QS_PARKED, 5000, &before);
	CHECK_EQ(space_invalidate(x.s, 0, 0), WEFT_SAFE_OK, "status of AS_INVALIDATE");
	parked(&x);
	space_unmap(x.s, CELLS, 4096);
	CHECK_EQ(space_invalidate(x.s, CELLS, 4096), WEFT_SAFE_OK, "status of AS_INVALIDATE");
	CHECK_EQ(ended(&x, WEFT_QS_FAULTED, WEFT_FAULT_PT_INVALID).fault_va, CELL(0), "fault_va");
	queue_wait_run(other, WEFT_QS_PARKED, 5000, &after);
	CHECK(after.wait_since_ns == before.wait_since_ns && after.retired == before.retired, "the other waiter was disturbed");
	/* the same address, another cell: it waits there from now on */
	struct sem *two = sem_create(x.c, false);
	sem_map(two, x.s, CELLS + 0x100000, PTE_SEM);
	CHECK_EQ(space_invalidate(x.s, CELLS + 0x100000, 4096), WEFT_SAFE_OK, "status of AS_INVALIDATE");
	WAIT_FOR(!sem_arm(x.p, 0), 5000, "nobody at the old cell");
	queue_wait_run(other, WEFT_QS_PARKED, 5000, &after);
	sem_signal(two, 0, 1, k, CELL(0) + 0x100000);
	queue_wait_done(other, 5000);
	/* the same cell, without a right that a WAIT needs */
	static const struct { uint64_t bits; unsigned cause; } less[] = {
		{ PTE_RW, WEFT_FAULT_PT_NOT_SEM }, { WEFT_PTE_W | WEFT_PTE_SEM, WEFT_FAULT_PT_READ },
	};
	for (unsigned i = 0; i < ARRAY_LEN(less); i++) {
		queue_destroy(x.q);
		x.q = queue_create(x.s, ~0u, 6);
		sem_map(x.p, x.s, CELLS, PTE_SEM);
		CHECK_EQ(space_invalidate(x.s, CELLS, 4096), WEFT_SAFE_OK, "status of AS_INVALIDATE");
		start(&x, pkt_wait(CELL(0), 1, 0));
		parked(&x);
		sem_map(x.p, x.s, CELLS, less[i].bits);
		CHECK_EQ(space_invalidate(x.s, CELLS, 4096), WEFT_SAFE_OK, "status of AS_INVALIDATE");
		CHECK_EQ(ended(&x, WEFT_QS_FAULTED, less[i].cause).fault_va, CELL(0), "fault_va");
	}
}

static void watch(struct card *c, uint32_t cmd, uint64_t off, uint64_t value, uint64_t cookie)
{
	wr64(c, WEFT_REG_WATCH_CELL, off);
	wr64(c, WEFT_REG_WATCH_VALUE, value);
	wr64(c, WEFT_REG_WATCH_COOKIE, cookie);
	wr32(c, WEFT_REG_WATCH_CMD, cmd);
}

static void fires(struct card *c, uint32_t from, unsigned entry, uint64_t cookie)
{
	CHECK_EQ(evt_wait(c, from, WEFT_EVT_WATCH, entry, 2000)->value, cookie, "cookie of event WATCH");
	uint32_t first = (uint32_t)(evt_find(c, from, WEFT_EVT_WATCH, entry) - c->evt) + 1;
	evt_poll(c);
	CHECK(!evt_find(c, first, WEFT_EVT_WATCH, entry), "a watch fired twice");
}

static void watches(void)
{
	struct side x = side(CARD);
	uint32_t last = rd32(x.c, WEFT_REG_NUM_WATCHES) - 1, from = x.c->nevt;
	uint64_t bad = counter(x.c, WEFT_CNT_BAD_KICKS, 0, 0), off = x.p->off;

	CHECK(last != ~0u, "NUM_WATCHES is 0");
	/* by an engine; by the host; by a fault; there already; by END */
	watch(x.c, WEFT_WATCH_INSERT | 0, off, 3, 0xa0);
	start(&x, pkt_signal(CELL(0), 2, 0, WEFT_SCOPE_QUEUE));
	queue_wait_done(x.q, 5000);
	evt_poll(x.c);
	CHECK(!evt_find(x.c, from, WEFT_EVT_WATCH, ~0u), "a watch fired below its value");
	start(&x, pkt_signal(CELL(0), 3, 0, WEFT_SCOPE_QUEUE));
	fires(x.c, from, 0, 0xa0);
	watch(x.c, WEFT_WATCH_INSERT | last, off + 32, 1, 0xa1);
	CHECK(sem_signal(x.p, 1, 1, x.q, CELL(1)), "a cell with a watch is not armed");
	fires(x.c, from, last, 0xa1);
	watch(x.c, WEFT_WATCH_INSERT | 2, off + 64, 1, 0xa2);
	CHECK_EQ(safe_call(x.c, WEFT_SAFE_CELL_FAULT, off + 64, 1, 0), WEFT_SAFE_OK, "status of CELL_FAULT");
	fires(x.c, from, 2, 0xa2);
	watch(x.c, WEFT_WATCH_INSERT | 3, off, 3, 0xa3);
	fires(x.c, from, 3, 0xa3);
	union weft_packet k = pkt_signal(CELL(4), 0, 0, WEFT_SCOPE_QUEUE);
	k.signal.words = WEFT_SIG_END;
	watch(x.c, WEFT_WATCH_INSERT | 4, off + 128, 1, 0xa4);
	start(&x, k);
	fires(x.c, from, 4, 0xa4);
	/* replaced, removed */
	watch(x.c, WEFT_WATCH_INSERT | 5, off + 160, 1, 0xa5);
	watch(x.c, WEFT_WATCH_INSERT | 5, off + 192, 1, 0xa6);
	watch(x.c, WEFT_WATCH_INSERT | 6, off + 160, 1, 0xa7);
	watch(x.c, 6, 0, 0, 0);
	sem_signal(x.p, 5, 1, x.q, CELL(5));
	queue_kick_cell(x.q, CELL(5));
	sem_signal(x.p, 6, 1, x.q, CELL(6));
	fires(x.c, from, 5, 0xa6);
	CHECK(!evt_find(x.c, from, WEFT_EVT_WATCH, 6), "a watch fired after it was removed");
	CHECK_EQ(counter(x.c, WEFT_CNT_BAD_KICKS, 0, 0), bad, "BAD_KICKS");
	watch(x.c, WEFT_WATCH_INSERT | 7, off + 8, 1, 1);
	watch(x.c, WEFT_WATCH_INSERT | 7, x.c->limit, 1, 1);
	CHECK_EQ(counter(x.c, WEFT_CNT_BAD_KICKS, 0, 0), bad + 2, "BAD_KICKS after cells that are none");
}

static void masked(void)
{
	cards_open(2);
	card_need(&ct_cards[1]);
	struct side x = side(CARD);
	struct sem *p = sem_create(&ct_cards[1], false);

	sem_map(p, x.s, PEER_CELLS, PTE_SEM);
	uint64_t off = user_alloc(&ct_cards[1], 4096, 4096);
	space_map(x.s, HOST_DATA, ct_cards[1].bus2 + off, 4096, PTE_RW | PTE_BUS(2));
	CHECK_EQ(safe_call(x.c, WEFT_SAFE_LINK_MASK, x.c->nlinks, 0, 0), WEFT_SAFE_BAD_ARG, "status, no such link");
	CHECK_EQ(safe_call(x.c, WEFT_SAFE_LINK_MASK, 2, 0, 0), WEFT_SAFE_OK, "status of LINK_MASK");
	union weft_packet k[3] = {
		pkt_signal(PEER_CELLS, 1, 0, WEFT_SCOPE_QUEUE), pkt_fill(HOST_DATA, 64, 8, 1), pkt_copy(HOST_DATA, HOST_DATA + 64, 64),
	};
	for (unsigned i = 0; i < 3; i++) {
		start(&x, k[i]);
		CHECK_EQ(ended(&x, WEFT_QS_FAULTED, WEFT_FAULT_LINK_DOWN).fault_va,
			 i == 2 ? HOST_DATA + 64 : i ? HOST_DATA : PEER_CELLS, "fault_va");
		queue_destroy(x.q);
		x.q = queue_create(x.s, ~0u, 6);
	}
	CHECK_EQ(sem_cell(p, 0)->value, 0, "cell behind a masked link");
	CHECK_EQ(safe_call(x.c, WEFT_SAFE_LINK_UNMASK, 2, 0, 0), WEFT_SAFE_OK, "status of LINK_UNMASK");
	for (unsigned i = 0; i < 3; i++)
		start(&x, k[i]);
	queue_wait_done(x.q, 5000);
}

static void flushed(void)
{
	struct side x = side(CARD);
	uint64_t at = host_alloc(4096), word = host_alloc(4096);
	struct weft_queue_state st;
	const uint64_t refused[3] = { 0, word, HOST_NOBODY };

	space_map(x.s, HOST_DATA, at, 4096, PTE_RW | PTE_BUS(0));
	union weft_packet k = pkt_signal(CELL(0), 1, 0, WEFT_SCOPE_SYSTEM);
	wr64(x.c, WEFT_REG_LINK_FLUSH(0), 0);
	start(&x, k);			/* nothing written, nothing to flush */
	queue_wait_done(x.q, 5000);
	memset(host_ptr(word), 0xff, 8);
	for (unsigned i = 0; i < 3; i++) {
		wr64(x.c, WEFT_REG_LINK_FLUSH(0), refused[i]);
		k.signal.u.one.base = 2 + i;
		start(&x, pkt_fill(HOST_DATA, 64, 8, i));
		start(&x, k);
		st = ended(&x, WEFT_QS_FAULTED, WEFT_FAULT_LINK_DOWN);
		CHECK_EQ(st.fault_va, 0, "fault_va of a flush");
		CHECK_EQ(st.dirty_links, 1, "dirty_links");
		CHECK_EQ(sem_cell(x.p, 0)->value, 1, "cell of a SIGNAL whose flush failed");
		queue_destroy(x.q);
		x.q = queue_create(x.s, ~0u, 6);
	}
	*(uint64_t *)host_ptr(word) = 0;
	wr64(x.c, WEFT_REG_LINK_FLUSH(0), word);
	start(&x, pkt_fill(HOST_DATA, 64, 8, 9));
	k.signal.scope = WEFT_SCOPE_QUEUE;
	start(&x, k);
	queue_wait_done(x.q, 5000);
	queue_wait_run(x.q, WEFT_QS_IDLE, 5000, &st);
	CHECK_EQ(st.dirty_links, 1, "dirty_links after scope QUEUE");
	k.signal.scope = WEFT_SCOPE_SYSTEM;
	start(&x, k);
	queue_wait_done(x.q, 5000);
	queue_wait_run(x.q, WEFT_QS_IDLE, 5000, &st);
	CHECK_EQ(st.dirty_links, 0, "dirty_links after scope SYSTEM");
	CHECK_EQ(*(uint64_t *)host_ptr(at), 9, "word written before it");
	wr64(x.c, WEFT_REG_LINK_FLUSH(0), 0);
}

static uint64_t dirty(struct lane *l)
{
	struct weft_queue_state st;

	lane_loop(l, 1);
	queue_wait_done(l->q, 5000);
	queue_wait_run(l->q, WEFT_QS_IDLE, 5000, &st);
	lane_clear(l);
	return st.dirty_links;
}

/* Each kind of write to host memory: link 0 is dirty behind it, and clean again behind a SIGNAL of scope SYSTEM. */
static void dirtied(void)
{
	static const char *const what[] = { "SIGNAL", "COPY", "FILL", "TIMESTAMP", "EXEC", "REDUCE" };
	struct arena a = arena_open(1);
	struct lane l = lane_open(&a, 0);
	union weft_packet k[] = {
		pkt_signal(LANE_CELL(HOST, 0), 1, 0, WEFT_SCOPE_QUEUE), pkt_copy(LANE_PLACE(HOST), LANE_OWN, 64),
		pkt_fill(LANE_PLACE(HOST), 64, 8, 1), pkt_timestamp(LANE_PLACE(HOST)),
		{ .exec = { .op = WEFT_PKT_EXEC, .flags = WEFT_PKT_TABLE, .oper = WEFT_OP_RELU_F32, .noperands = 2,
			    .u.index = { 0, 1 }, .dim = { 16 } } },
		pkt_reduce(WEFT_F32, WEFT_SUM, 1, 1, 1, 0, 16),
	};
	const uint64_t need[] = { 0, 0, 0, 0, WEFT_CAP_EXEC, WEFT_CAP_REDUCE };

	for (unsigned i = 0; i < ARRAY_LEN(k); i++) {
		if (need[i] & ~l.c->caps)
			continue;
		ct_about("%s", what[i]);
		if (need[i]) {
			lane_operand(&l, LANE_PLACE(HOST), 0, 1);
			lane_operand(&l, LANE_OWN, 0, 1);
		}
		lane_add(&l, k[i]);
		CHECK_EQ(dirty(&l), 1, "dirty_links behind a write to host memory");
		lane_add(&l, pkt_signal(LANE_CELL(0, 0), i + 1, 0, WEFT_SCOPE_SYSTEM));
		CHECK_EQ(dirty(&l), 0, "dirty_links behind scope SYSTEM");
	}
	ct_about("%s", "");
}

/*
 * Packets of one kind write `bytes` at `peer`, behind link 2. It is masked: do they stay as the host leaves them? False when
 * they had all been run before that, which then shows nothing.
 */
static bool mask_and_look(struct rig *r, const union weft_packet *p, unsigned n, volatile uint8_t *peer, uint64_t bytes, unsigned us)
{
	uint64_t before = counter(r->c, WEFT_CNT_WRITE_BYTES, 2, r->s->asid), fence = rig_start(r, p, n);

	WAIT_FOR(counter(r->c, WEFT_CNT_WRITE_BYTES, 2, r->s->asid) != before, 5000, "a byte written to the peer");
	usleep((useconds_t)ct_below(3000));
	CHECK_EQ(safe_call(r->c, WEFT_SAFE_LINK_MASK, 2, 0, 0), WEFT_SAFE_OK, "status of LINK_MASK");
	for (uint64_t o = 0; o < bytes; o += 64)
		peer[o] = 0x22;
	usleep(us);
	for (uint64_t o = 0; o < bytes; o += 64)
		CHECK(peer[o] == 0x22, "byte %llu of a peer was written after LINK_MASK had completed", (unsigned long long)o);
	WAIT_FOR(queue_run(r->q) == WEFT_QS_FAULTED || queue_fence(r->q) == fence, 5000, "the queue FAULTED");
	CHECK_EQ(safe_call(r->c, WEFT_SAFE_LINK_UNMASK, 2, 0, 0), WEFT_SAFE_OK, "status of LINK_UNMASK");
	if (queue_run(r->q) != WEFT_QS_FAULTED)
		return false;
	struct weft_queue_state st;
	queue_state(r->q, &st);
	CHECK_EQ(st.cause, WEFT_FAULT_LINK_DOWN, "cause");
	CHECK_EQ(st.fault_op & 0xff, p->hdr.op, "opcode in fault_op");
	rig_renew(r);
	return true;
}

static void mask_often(struct rig *r, const union weft_packet *p, unsigned n, uint64_t bytes, unsigned us, unsigned times)
{
	volatile uint8_t *peer = rig_peer(r, &ct_cards[1]);
	unsigned met = 0;

	for (unsigned i = 0; i < 4 * times && met < times; i++)
		met += mask_and_look(r, p, n, peer, bytes, us);
	CHECK_EQ(met, times, "times that the link was masked while packets wrote over it");
}

static struct rig rig_and_peer(void)
{
	struct rig r;

	cards_open(2);
	card_need(CARD);
	card_need(&ct_cards[1]);
	r = rig_open(CARD);
	rig_map_peer(&r, &ct_cards[1]);
	return r;
}

static void masked_fill(void)
{
	struct rig r = rig_and_peer();
	static union weft_packet p[1600];

	for (unsigned i = 0; i < ARRAY_LEN(p); i++)
		p[i] = pkt_fill(RIG_PEER + 0x1000000, RIG_PEER_BYTES, 4, 0x77777777);
	mask_often(&r, p, ARRAY_LEN(p), RIG_PEER_BYTES, 1500, 30);
}

/* One GEMM takes long: A and B are as wide and as high as they are because every 2 MiB of them are the same. */
static void masked_gemm(void)
{
	enum { SIDE = 512, INNER = 32768 };
	const uint64_t a = UINT64_C(0x480000000000), b = UINT64_C(0x490000000000), bytes = UINT64_C(4) * SIDE * INNER;
	struct rig r = rig_and_peer();
	uint64_t at = user_alloc(r.c, WEFT_PAGE2M_BYTES, WEFT_PAGE2M_BYTES);
	union weft_packet p = {
		.exec = { .op = WEFT_PKT_EXEC, .flags = WEFT_PKT_TABLE, .oper = WEFT_OP_GEMM_F32, .noperands = 3,
			  .u.index = { 0, 1, 2 }, .dim = { SIDE, SIDE, INNER }, .scalar = { 0x3f800000u } },
	};

	memset(r.c->lmem + at, 0, WEFT_PAGE2M_BYTES);
	for (uint64_t o = 0; o < bytes; o += WEFT_PAGE2M_BYTES) {
		space_map_2m(r.s, a + o, at, WEFT_PAGE2M_BYTES, PTE_RW);
		space_map_2m(r.s, b + o, at, WEFT_PAGE2M_BYTES, PTE_RW);
	}
	rig_operand(&r, 0, RIG_PEER + 0x1000000);
	rig_operand(&r, 1, a);
	rig_operand(&r, 2, b);
	mask_often(&r, &p, 1, UINT64_C(4) * SIDE * SIDE, 15000, 8);
}

static void slow(struct card *c, uint64_t us)
{
	wr64(c, WEFT_REG_INJECT_ARG, us << 32);
	wr32(c, WEFT_REG_INJECT, WEFT_INJECT_LINK_SLOW);
}

/* A link that is late, on a machine that may be late itself: only the link's own time counts. */
static void flushed_in_time(void)
{
	static const uint32_t too_long[] = { 5500, UINT32_MAX };
	struct side x = side(CARD);
	uint64_t at = host_alloc(4096), word = host_alloc(4096), start_ns, ns;
	union weft_packet k = pkt_signal(CELL(0), 1, 0, WEFT_SCOPE_SYSTEM);
	struct weft_queue_state st;

	space_map(x.s, HOST_DATA, at, 4096, PTE_RW | PTE_BUS(0));
	wr64(x.c, WEFT_REG_LINK_FLUSH(0), word);
	slow(x.c, 4500);
	for (unsigned i = 1; i <= 20; i++) {
		k.signal.u.one.base = i;
		start_ns = ct_now_ns();
		start(&x, pkt_fill(HOST_DATA, 64, 8, i));
		start(&x, k);
		queue_wait_done(x.q, 5000);
		ns = ct_now_ns() - start_ns;
		CHECK(ns >= 4500000, "a flush over a link that takes 4,500 us took %llu us", (unsigned long long)ns / 1000);
		CHECK_EQ(sem_cell(x.p, 0)->value, i, "cell of a SIGNAL whose flush took 4,500 us");
	}
	for (unsigned i = 0; i < ARRAY_LEN(too_long); i++) {
		slow(x.c, too_long[i]);
		k.signal.u.one.base = 30;
		start(&x, pkt_fill(HOST_DATA, 64, 8, i));
		start(&x, k);
		st = ended(&x, WEFT_QS_FAULTED, WEFT_FAULT_LINK_DOWN);
		CHECK_EQ(st.fault_va, 0, "fault_va of a flush");
		CHECK_EQ(st.dirty_links, 1, "dirty_links");
		CHECK_EQ(sem_cell(x.p, 0)->value, 20, "cell of a SIGNAL whose flush took too long");
		queue_destroy(x.q);
		x.q = queue_create(x.s, ~0u, 6);
	}
	slow(x.c, 0);
	start(&x, pkt_fill(HOST_DATA, 64, 8, 9));
	start(&x, k);
	queue_wait_done(x.q, 5000);
	/* it answers nothing at all, a flush included */
	start(&x, pkt_fill(HOST_DATA, 64, 8, 9));
	queue_wait_done(x.q, 5000);
	wr64(x.c, WEFT_REG_INJECT_ARG, 0);
	wr32(x.c, WEFT_REG_INJECT, WEFT_INJECT_LINK_DOWN);
	k.signal.u.one.base = 31;
	start(&x, k);
	ended(&x, WEFT_QS_FAULTED, WEFT_FAULT_LINK_DOWN);
	CHECK_EQ(sem_cell(x.p, 0)->value, 30, "cell of a SIGNAL over a link that is down");
}

#define M (WEFT_CAP_LINK_MASK | WEFT_CAP_COUNTERS | WEFT_CAP_CALL)
static const struct ct_test tests[] = {
	{ "a peer's SIGNAL wakes", peers, WEFT_CAP_COUNTERS, 2, false },
	{ "a PARKED queue is stopped", stopped, 0, 0, false },
	{ "a PARKED queue is suspended and goes on", suspended, 0, 0, false },
	{ "AS_INVALIDATE under PARKED queues", invalidated, 0, 0, false },
	{ "watches", watches, WEFT_CAP_WATCH | WEFT_CAP_CELL_FAULT | WEFT_CAP_COUNTERS, 0, false },
	{ "LINK_MASK and LINK_UNMASK", masked, WEFT_CAP_LINK_MASK, 2, false },
	{ "LINK_MASK under FILLs to a peer", masked_fill, M, 2, false },
	{ "LINK_MASK in the middle of a GEMM", masked_gemm, M | WEFT_CAP_EXEC, 2, false },
	{ "everything that writes over a link makes it dirty", dirtied, WEFT_CAP_SYSTEM_SCOPE | WEFT_CAP_LOOP | WEFT_CAP_CALL, 0, false },
	{ "flush words and dirty_links", flushed, WEFT_CAP_SYSTEM_SCOPE, 0, false },
	{ "a flush takes 5 ms at most, else LINK_DOWN", flushed_in_time, WEFT_CAP_SYSTEM_SCOPE | WEFT_CAP_INJECT, 0, true },
};
CT_SECTION_OF(links, WEFT_CAP_CELLS | WEFT_CAP_LR);
