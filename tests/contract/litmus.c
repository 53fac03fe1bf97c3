// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Memory order, as litmus tests run by lanes on one, two and three cards and by the host. Every run leaves what it read in
 * a log, and the logs are judged here. Section `weak` runs the same shapes with the flush left out, where the contract
 * promises nothing: on a card that delays and reorders posted writes (--weak) violations have to appear, or the tests
 * above them prove nothing.
 */
#include "lane.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#define SLOTS	8		/* message passing: data blocks in flight */
#define BATCH	50000		/* runs of one LOOP: what a log holds, a multiple of SLOTS */
#define WORD	16		/* bytes of a message */
#define SLOT_AT	(LANE_BYTES - 4096)
#define SYSTEM	WEFT_SCOPE_SYSTEM
#define QUEUE	WEFT_SCOPE_QUEUE

static unsigned long runs(void)
{
	long n = ct_count(4000);

	return ((unsigned long)(n ? n : 4000) + SLOTS - 1) / SLOTS * SLOTS;
}

/* Scope with this: by SIGNAL_ALL, with a cell of the lane's own card as first element; else by SIGNAL. */
#define LIST	0x80

static void add_signal(struct lane *l, unsigned place, unsigned cell, uint64_t base, uint8_t scope)
{
	enum { REFS_AT = LANE_BYTES - 4096, OTHER = 100 };
	unsigned own = (unsigned)(l->c - ct_cards);
	union weft_packet p = pkt_signal(LANE_CELL(place, cell), base, 1, scope & (uint8_t)~LIST);
	struct weft_cell_ref ref[2] = { { .cell = LANE_CELL(own, OTHER) }, { .cell = p.signal.u.one.cell, .base = base, .step = 1 } };

	if (scope & LIST) {
		memcpy(l->own + REFS_AT, ref, sizeof(ref));
		p.signal.op = WEFT_PKT_SIGNAL_ALL;
		p.signal.count = 2;
		p.signal.u.list = LANE_OWN + REFS_AT;
	}
	lane_add(l, p);
}

/* Runs of the next LOOP; 0 at the end. */
static unsigned long batch(unsigned long done)
{
	unsigned long left = runs() - done;

	return left < BATCH ? left : BATCH;
}

/* A host that polls what a lane signals: it must see the word within 5 s. */
static void await(volatile uint64_t *word, uint64_t wanted, struct lane *l)
{
	uint64_t until = 0;

	for (unsigned i = 0; (int64_t)(*word - wanted) < 0; i++) {
		if (i < 500)
			continue;
		if (!until)
			until = ct_now_ns() + UINT64_C(5000000000);
		sched_yield();
		if (queue_run(l->q) == WEFT_QS_FAULTED)
			queue_wait_done(l->q, 0);
		CHECK(ct_now_ns() < until, "the host's cell stays at %llu, below %llu, for 5 s", (unsigned long long)*word,
		      (unsigned long long)wanted);
	}
	atomic_thread_fence(memory_order_acquire);
}

static unsigned long differing(const uint8_t *log, const uint8_t *src, unsigned long n)
{
	unsigned long bad = 0;

	for (unsigned long i = 0; i < n; i++)
		bad += memcmp(log + i * WORD, src + i * WORD, WORD) != 0;
	return bad;
}

/* Numbers that RELU leaves as they are: above 0, finite, not denormal. */
static void positive(uint8_t *p, unsigned long bytes)
{
	uint32_t *word = (void *)p;

	for (unsigned long i = 0; i < bytes / 4; i++)
		word[i] = (word[i] & 0x3fffffff) | 0x00800000;
}

static union weft_packet relu(uint16_t dst, uint16_t src)
{
	return (union weft_packet){
		.exec = { .op = WEFT_PKT_EXEC, .flags = WEFT_PKT_TABLE, .oper = WEFT_OP_RELU_F32, .noperands = 2,
			  .u.index = { dst, src }, .dim = { WORD / 4 } },
	};
}

/*
 * Message passing. `from` writes a message at place `at` and signals `to`, which then reads it; both on cards. The reader
 * answers each message by a signal of its own, and the writer overwrites a block SLOTS messages later: a read that comes late
 * (read-to-write) shows as well.
 */
static unsigned long message_by(bool exec, uint8_t scope, unsigned cards, unsigned from, unsigned to, unsigned at)
{
	struct arena a = arena_open(cards);
	struct lane w = lane_open(&a, from), r = lane_open(&a, to);
	unsigned long bad = 0, n;

	for (unsigned long done = 0; (n = batch(done)); done += n) {
		random_bytes(w.own, n * WORD);
		if (exec)
			positive(w.own, n * WORD);
		memset(r.own, 0, n * WORD);
		lane_clear(&w);
		lane_add(&w, pkt_wait(LANE_CELL(from, 0), done + 1 - SLOTS, 1));
		uint16_t dst = lane_operand(&w, LANE_PLACE(at) + SLOT_AT, 64, SLOTS), src = lane_operand(&w, LANE_OWN, WORD, BATCH);
		if (exec)
			lane_add(&w, relu(dst, src));
		else
			lane_copy(&w, dst, src, WORD);
		add_signal(&w, to, 1, done + 1, scope);
		lane_clear(&r);
		lane_add(&r, pkt_wait(LANE_CELL(to, 1), done + 1, 1));
		lane_copy(&r, lane_operand(&r, LANE_OWN, WORD, BATCH), lane_operand(&r, LANE_PLACE(at) + SLOT_AT, 64, SLOTS), WORD);
		lane_add(&r, pkt_signal(LANE_CELL(from, 0), done + 1, 1, QUEUE));
		lane_loop(&r, n);
		lane_loop(&w, n);
		lanes_wait(60000, &w, &r, NULL);
		bad += differing(r.own, w.own, n);
	}
	return bad;
}

static unsigned long message(uint8_t scope, unsigned cards, unsigned from, unsigned to, unsigned at)
{
	return message_by(false, scope, cards, from, to, at);
}

static unsigned long message_exec(uint8_t scope, unsigned cards, unsigned from, unsigned to, unsigned at)
{
	return message_by(true, scope, cards, from, to, at);
}

/* The same with the host as reader: it polls a cell in its own memory, reads at `at`, and answers by store and KICK. */
static unsigned long to_host(uint8_t scope, unsigned cards, unsigned from, unsigned at)
{
	struct arena a = arena_open(cards);
	struct lane w = lane_open(&a, from);
	volatile struct weft_cell *flag = arena_cell(&a, HOST, 1);
	uint8_t *slot = arena_at(&a, at) + SLOT_AT;
	unsigned long bad = 0, n;
	uint8_t got[WORD];

	for (unsigned long done = 0; (n = batch(done)); done += n) {
		random_bytes(w.own, n * WORD);
		lane_clear(&w);
		lane_add(&w, pkt_wait(LANE_CELL(from, 0), done + 1 - SLOTS, 1));
		lane_copy(&w, lane_operand(&w, LANE_PLACE(at) + SLOT_AT, 64, SLOTS), lane_operand(&w, LANE_OWN, WORD, BATCH), WORD);
		lane_add(&w, pkt_signal(LANE_CELL(HOST, 1), done + 1, 1, scope));
		lane_loop(&w, n);
		for (unsigned long i = 0; i < n; i++) {
			await(&flag->value, done + i + 1, &w);
			memcpy(got, slot + 64 * (i % SLOTS), WORD);
			bad += memcmp(got, w.own + i * WORD, WORD) != 0;
			sem_signal(a.cells[from], 0, done + i + 1, w.q, LANE_CELL(from, 0));
		}
		queue_wait_done(w.q, 60000);
	}
	return bad;
}

/* And as writer: it stores at `at`, then the cell, looks at the arm word and kicks. */
static unsigned long from_host(unsigned cards, unsigned to, unsigned at)
{
	struct arena a = arena_open(cards);
	struct lane r = lane_open(&a, to);
	volatile struct weft_cell *ack = arena_cell(&a, HOST, 0);
	uint8_t *slot = arena_at(&a, at) + SLOT_AT;
	static uint8_t src[BATCH * WORD];
	unsigned long bad = 0, n;

	for (unsigned long done = 0; (n = batch(done)); done += n) {
		random_bytes(src, n * WORD);
		memset(r.own, 0, n * WORD);
		lane_clear(&r);
		lane_add(&r, pkt_wait(LANE_CELL(to, 1), done + 1, 1));
		lane_copy(&r, lane_operand(&r, LANE_OWN, WORD, BATCH), lane_operand(&r, LANE_PLACE(at) + SLOT_AT, 64, SLOTS), WORD);
		lane_add(&r, pkt_signal(LANE_CELL(HOST, 0), done + 1, 1, QUEUE));
		lane_loop(&r, n);
		for (unsigned long i = 0; i < n; i++) {
			await(&ack->value, done + i + 1 - SLOTS, &r);
			memcpy(slot + 64 * (i % SLOTS), src + i * WORD, WORD);
			sem_signal(a.cells[to], 1, done + i + 1, r.q, LANE_CELL(to, 1));
		}
		queue_wait_done(r.q, 60000);
		bad += differing(r.own, src, n);
	}
	return bad;
}

/*
 * Store buffering. Lanes meet at a barrier; then one writes x, flushes and reads y, the other writes y, flushes and reads x.
 * Not both may read 0. Words of a batch are all different ones.
 */
static unsigned long store(uint8_t scope, unsigned cards, unsigned c0, unsigned c1, unsigned x, unsigned y)
{
	enum { Y_AT = LANE_BYTES / 2, LOG_AT = LANE_BYTES / 2 };
	struct arena a = arena_open(cards);
	struct lane l[2] = { lane_open(&a, c0), lane_open(&a, c1) };
	unsigned card[2] = { c0, c1 };
	uint64_t at[2] = { LANE_PLACE(x), LANE_PLACE(y) + Y_AT };
	unsigned long bad = 0, n;

	for (unsigned long done = 0; (n = batch(done)); done += n) {
		memset(arena_at(&a, x), 0, n * 4);
		memset(arena_at(&a, y) + Y_AT, 0, n * 4);
		for (unsigned i = 0; i < 2; i++) {
			memset(l[i].own, 1, 4096);
			memset(l[i].own + LOG_AT, 0xff, n * 4);
			lane_clear(&l[i]);
			lane_add(&l[i], pkt_signal(LANE_CELL(card[!i], !i), done + 1, 1, QUEUE));
			lane_add(&l[i], pkt_wait(LANE_CELL(card[i], i), done + 1, 1));
			lane_copy(&l[i], lane_operand(&l[i], at[i], 4, BATCH), lane_operand(&l[i], LANE_OWN, 4, 1), 4);
			add_signal(&l[i], card[i], 2 + i, done + 1, scope);
			lane_copy(&l[i], lane_operand(&l[i], LANE_OWN + LOG_AT, 4, BATCH), lane_operand(&l[i], at[!i], 4, BATCH), 4);
		}
		lane_loop(&l[0], n);
		lane_loop(&l[1], n);
		lanes_wait(60000, &l[0], &l[1], NULL);
		const uint32_t *r0 = (void *)(l[0].own + LOG_AT), *r1 = (void *)(l[1].own + LOG_AT);
		for (unsigned long i = 0; i < n; i++)
			bad += !r0[i] && !r1[i];
	}
	return bad;
}

/* The same between a card, which writes host memory, and the host, which writes the card's. */
static unsigned long store_host(uint8_t scope)
{
	enum { LOG_AT = LANE_BYTES / 2 };
	struct arena a = arena_open(1);
	struct lane l = lane_open(&a, 0);
	volatile uint32_t *x = (void *)arena_at(&a, HOST), *y = (void *)arena_at(&a, 0);
	volatile struct weft_cell *met = arena_cell(&a, HOST, 0);
	static uint32_t r[BATCH];
	unsigned long bad = 0, n;

	for (unsigned long done = 0; (n = batch(done)); done += n) {
		memset(arena_at(&a, HOST), 0, n * 4);
		memset(arena_at(&a, 0), 0, n * 4);
		memset(l.own, 1, 4096);
		lane_clear(&l);
		lane_add(&l, pkt_signal(LANE_CELL(HOST, 0), done + 1, 1, QUEUE));
		lane_add(&l, pkt_wait(LANE_CELL(0, 0), done + 1, 1));
		lane_copy(&l, lane_operand(&l, LANE_PLACE(HOST), 4, BATCH), lane_operand(&l, LANE_OWN, 4, 1), 4);
		lane_add(&l, pkt_signal(LANE_CELL(0, 1), done + 1, 1, scope));
		lane_copy(&l, lane_operand(&l, LANE_OWN + LOG_AT, 4, BATCH), lane_operand(&l, LANE_PLACE(0), 4, BATCH), 4);
		lane_loop(&l, n);
		for (unsigned long i = 0; i < n; i++) {
			await(&met->value, done + i + 1, &l);
			sem_signal(a.cells[0], 0, done + i + 1, l.q, LANE_CELL(0, 0));
			y[i] = 1;
			atomic_thread_fence(memory_order_seq_cst);
			r[i] = x[i];
		}
		queue_wait_done(l.q, 60000);
		const uint32_t *log = (void *)(l.own + LOG_AT);
		for (unsigned long i = 0; i < n; i++)
			bad += !log[i] && !r[i];
	}
	return bad;
}

/* Causality: c0 writes at `at` and signals c1, which signals c2, which has to read what c0 wrote. */
static unsigned long cause(uint8_t scope, unsigned cards, unsigned c0, unsigned c1, unsigned c2, unsigned at)
{
	struct arena a = arena_open(cards);
	struct lane w = lane_open(&a, c0), m = lane_open(&a, c1), r = lane_open(&a, c2);
	unsigned long bad = 0, n;

	for (unsigned long done = 0; (n = batch(done)); done += n) {
		random_bytes(w.own, n * WORD);
		memset(r.own, 0, n * WORD);
		lane_clear(&w);
		lane_add(&w, pkt_wait(LANE_CELL(c0, 0), done + 1 - SLOTS, 1));
		lane_copy(&w, lane_operand(&w, LANE_PLACE(at) + SLOT_AT, 64, SLOTS), lane_operand(&w, LANE_OWN, WORD, BATCH), WORD);
		lane_add(&w, pkt_signal(LANE_CELL(c1, 1), done + 1, 1, scope));
		lane_clear(&m);
		lane_add(&m, pkt_wait(LANE_CELL(c1, 1), done + 1, 1));
		lane_add(&m, pkt_signal(LANE_CELL(c2, 2), done + 1, 1, QUEUE));
		lane_clear(&r);
		lane_add(&r, pkt_wait(LANE_CELL(c2, 2), done + 1, 1));
		lane_copy(&r, lane_operand(&r, LANE_OWN, WORD, BATCH), lane_operand(&r, LANE_PLACE(at) + SLOT_AT, 64, SLOTS), WORD);
		lane_add(&r, pkt_signal(LANE_CELL(c0, 0), done + 1, 1, QUEUE));
		lane_loop(&r, n);
		lane_loop(&m, n);
		lane_loop(&w, n);
		lanes_wait(60000, &w, &m, &r);
		bad += differing(r.own, w.own, n);
	}
	return bad;
}

/*
 * Read-to-write without any signal: c0 writes rising numbers to x, c1 copies x to y, c2 reads y, then x. What it reads
 * from x is never older than what it read from y, since c1 had read that from x before.
 */
static unsigned long chain(unsigned cards, unsigned c0, unsigned c1, unsigned c2, unsigned x, unsigned y)
{
	enum { Y_AT = LANE_BYTES / 2, LOG_AT = LANE_BYTES / 2 };
	struct arena a = arena_open(cards);
	struct lane w = lane_open(&a, c0), m = lane_open(&a, c1), r = lane_open(&a, c2);
	uint64_t at_x = LANE_PLACE(x), at_y = LANE_PLACE(y) + Y_AT;
	unsigned long bad = 0, moved = 0, n = BATCH;	/* few runs would not meet */

	/* lanes of one card are to take turns often enough to meet */
	for (unsigned i = 0; i < cards; i++)
		card_slice(&ct_cards[i], 5000);
	for (unsigned long done = 0; done < runs() || (!moved && done < 40 * n); done += n) {
		for (unsigned long i = 0; i < n; i++)
			((uint32_t *)(void *)w.own)[i] = (uint32_t)(done + i + 1);
		lane_clear(&w);
		lane_copy(&w, lane_operand(&w, at_x, 0, 1), lane_operand(&w, LANE_OWN, 4, BATCH), 4);
		lane_clear(&m);
		lane_copy(&m, lane_operand(&m, at_y, 0, 1), lane_operand(&m, at_x, 0, 1), 4);
		lane_clear(&r);
		lane_copy(&r, lane_operand(&r, LANE_OWN, 4, BATCH), lane_operand(&r, at_y, 0, 1), 4);
		lane_copy(&r, lane_operand(&r, LANE_OWN + LOG_AT, 4, BATCH), lane_operand(&r, at_x, 0, 1), 4);
		lane_loop(&r, n);
		lane_loop(&m, n);
		lane_loop(&w, n);
		lanes_wait(60000, &w, &m, &r);
		const uint32_t *got_y = (void *)r.own, *got_x = (void *)(r.own + LOG_AT);
		for (unsigned long i = 0; i < n; i++)
			bad += got_x[i] < got_y[i];
		for (unsigned long i = 1; i < n; i++)
			moved += got_y[i] != got_y[i - 1];
	}
	for (unsigned i = 0; i < cards; i++)
		card_slice(&ct_cards[i], 1000000);
	ct_note("y moved %lu times under the reader", moved);
	CHECK(moved, "the lanes never met: y did not move under the reader in %lu runs", 40 * n);
	return bad;
}

static void none(unsigned long bad)
{
	CHECK(!bad, "%lu violations in %lu runs", bad, runs());
}

static void some(unsigned long bad)
{
	CHECK(bad, "no violation in %lu runs without the flush", runs());
	ct_note("%lu violations in %lu runs", bad, runs());
}

/* A shape as it must hold, and, where it rests on the flush, without it. */
#define HOLDS(name, expression) static void name(void) { none(expression); }
#define FLUSH(name, shape, ...) \
	static void name(void) { none(shape(SYSTEM, ##__VA_ARGS__)); } \
	static void name##_without(void) { some(shape(QUEUE, ##__VA_ARGS__)); }
#define FLUSH_LIST(name, shape, ...) \
	static void name(void) { none(shape(SYSTEM | LIST, ##__VA_ARGS__)); } \
	static void name##_without(void) { some(shape(QUEUE | LIST, ##__VA_ARGS__)); }

HOLDS(mp_one, message(QUEUE, 1, 0, 0, 0))
HOLDS(mp_same, message(QUEUE, 2, 0, 1, 1))
HOLDS(mp_own, message(SYSTEM, 2, 0, 1, 0))
FLUSH(mp_one_host, message, 1, 0, 0, HOST)
FLUSH(mp_two_host, message, 2, 0, 1, HOST)
FLUSH(mp_three, message, 3, 0, 1, 2)
FLUSH_LIST(mp_two_host_list, message, 2, 0, 1, HOST)
HOLDS(mp_exec_same, message_exec(QUEUE, 2, 0, 1, 1))
FLUSH(mp_exec, message_exec, 3, 0, 1, 2)
HOLDS(mp_to_host_same, to_host(QUEUE, 1, 0, HOST))
HOLDS(mp_to_host_own, to_host(SYSTEM, 1, 0, 0))
FLUSH(mp_to_host_peer, to_host, 2, 0, 1)
HOLDS(mp_from_host, from_host(1, 0, 0))
HOLDS(mp_from_host_memory, from_host(1, 0, HOST))
HOLDS(mp_from_host_peer, from_host(2, 0, 1))
HOLDS(sb_one, store(SYSTEM, 1, 0, 0, 0, 0))
FLUSH(sb_two, store, 2, 0, 1, 1, 0)
FLUSH(sb_three, store, 3, 0, 1, 2, HOST)
FLUSH(sb_host, store_host)
FLUSH_LIST(sb_two_list, store, 2, 0, 1, 1, 0)
HOLDS(wrc_one, cause(SYSTEM, 1, 0, 0, 0, 0))
FLUSH(wrc_two, cause, 2, 0, 1, 1, HOST)
FLUSH(wrc_three, cause, 3, 0, 1, 2, 2)
FLUSH(wrc_three_host, cause, 3, 0, 1, 2, HOST)
HOLDS(rtw_one, chain(1, 0, 0, 0, 0, 0))
HOLDS(rtw_two, chain(2, 0, 1, 0, 1, 0))
HOLDS(rtw_three, chain(3, 0, 1, 2, 2, 0))
HOLDS(rtw_host, chain(3, 0, 1, 2, HOST, HOST))

#define NEED (WEFT_CAP_LR | WEFT_CAP_LOOP | WEFT_CAP_CALL)
#define C WEFT_CAP_CELLS
#define S (WEFT_CAP_CELLS | WEFT_CAP_SYSTEM_SCOPE)
#define L (S | WEFT_CAP_CELL_LISTS)
static const struct ct_test tests[] = {
	{ "message passing, one card", mp_one, C, 0, false },
	{ "message passing, one card, data in host memory", mp_one_host, S, 0, false },
	{ "message passing, two cards, data and signal together", mp_same, C, 2, false },
	{ "message passing, two cards, data stays with the writer", mp_own, S, 2, false },
	{ "message passing, two cards, data in host memory", mp_two_host, S, 2, false },
	{ "message passing, two cards, data in host memory, by SIGNAL_ALL", mp_two_host_list, L, 2, false },
	{ "message passing, three cards, data on the third", mp_three, S, 3, false },
	{ "message passing, two cards, data by EXEC and signal together", mp_exec_same, C | WEFT_CAP_EXEC, 2, false },
	{ "message passing, three cards, data by EXEC on the third", mp_exec, S | WEFT_CAP_EXEC, 3, false },
	{ "message passing, card to host, data and signal together", mp_to_host_same, C, 0, false },
	{ "message passing, card to host, data on the card", mp_to_host_own, S, 0, false },
	{ "message passing, card to host, data on a peer", mp_to_host_peer, S, 2, false },
	{ "message passing, host to card", mp_from_host, C, 0, false },
	{ "message passing, host to card, data in host memory", mp_from_host_memory, C, 0, false },
	{ "message passing, host to card, data on a peer", mp_from_host_peer, C, 2, false },
	{ "store buffering, one card", sb_one, S, 0, false },
	{ "store buffering, two cards", sb_two, S, 2, false },
	{ "store buffering, two cards, by SIGNAL_ALL", sb_two_list, L, 2, false },
	{ "store buffering, three cards and host memory", sb_three, S, 3, false },
	{ "store buffering, card and host", sb_host, S, 0, false },
	{ "causality, one card", wrc_one, S, 0, false },
	{ "causality, two cards", wrc_two, S, 2, false },
	{ "causality, three cards", wrc_three, S, 3, false },
	{ "causality, three cards, data in host memory", wrc_three_host, S, 3, false },
	{ "read-to-write, one card", rtw_one, 0, 0, false },
	{ "read-to-write, two cards", rtw_two, 0, 2, false },
	{ "read-to-write, three cards", rtw_three, 0, 3, false },
	{ "read-to-write, three cards, all in host memory", rtw_host, 0, 3, false },
};
CT_SECTION_OF(litmus, NEED);

static const struct ct_test without[] = {
	{ "message passing, one card, data in host memory", mp_one_host_without, S, 0, false },
	{ "message passing, two cards, data in host memory", mp_two_host_without, S, 2, false },
	{ "message passing, two cards, data in host memory, by SIGNAL_ALL", mp_two_host_list_without, L, 2, false },
	{ "message passing, three cards, data on the third", mp_three_without, S, 3, false },
	{ "message passing, three cards, data by EXEC on the third", mp_exec_without, S | WEFT_CAP_EXEC, 3, false },
	{ "message passing, card to host, data on a peer", mp_to_host_peer_without, S, 2, false },
	{ "store buffering, two cards", sb_two_without, S, 2, false },
	{ "store buffering, two cards, by SIGNAL_ALL", sb_two_list_without, L, 2, false },
	{ "store buffering, three cards and host memory", sb_three_without, S, 3, false },
	{ "store buffering, card and host", sb_host_without, S, 0, false },
	{ "causality, two cards", wrc_two_without, S, 2, false },
	{ "causality, three cards", wrc_three_without, S, 3, false },
	{ "causality, three cards, data in host memory", wrc_three_host_without, S, 3, false },
};
const struct ct_section ct_section_weak = { .name = "weak", .tests = without, .ntests = ARRAY_LEN(without), .caps = NEED };
