// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Park against signal, at every distance in time: no wake is lost (a lane would stand still with its cell satisfied), and
 * none comes to a queue that is gone or to one that waits for something else.
 */
#include "lane.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define ROUND	2000		/* waits of one LOOP, between changes of the lanes' pace */
#define ALIAS(i)	(UINT64_C(0x700000000000) + UINT64_C(0x10000) * (i))	/* further addresses of a page of cells */
#define WAITERS	4

/* Waits of a test: its part, in per cent, of all. */
static unsigned long waits(unsigned percent)
{
	long n = ct_count(40000);

	return (unsigned long)(n ? n : 40000) * percent / 100 + 1;
}

/* Both lanes wait and signal; each is a few NOPs early or late, another few each round. */
static void ping_pong(unsigned cards, unsigned c0, unsigned c1, unsigned percent)
{
	struct arena a = arena_open(cards);
	struct lane l[2] = { lane_open(&a, c0), lane_open(&a, c1) };
	unsigned card[2] = { c0, c1 };
	unsigned long n = waits(percent) / 2;

	for (unsigned long done = 0; done < n; done += ROUND) {
		for (unsigned i = 0; i < 2; i++) {
			lane_clear(&l[i]);
			lane_nops(&l[i], (unsigned)ct_below(6));
			if (i)
				lane_add(&l[1], pkt_wait(LANE_CELL(c1, 1), done + 1, 1));
			lane_nops(&l[i], (unsigned)ct_below(12));
			lane_add(&l[i], pkt_signal(LANE_CELL(card[!i], !i), done + 1, 1, WEFT_SCOPE_QUEUE));
			lane_nops(&l[i], (unsigned)ct_below(12));
			if (!i)
				lane_add(&l[0], pkt_wait(LANE_CELL(c0, 0), done + 1, 1));
		}
		for (unsigned i = 0; i < 2; i++)
			lane_loop(&l[i], ROUND);
		lanes_wait(20000, &l[0], &l[1], NULL);
	}
	for (unsigned i = 0; i < 2; i++)
		CHECK_EQ(sem_cell(a.cells[card[i]], i)->value, (n + ROUND - 1) / ROUND * ROUND, "value of a cell at the end");
}

static void same_card(void) { ping_pong(1, 0, 0, 35); }
static void two_cards(void) { ping_pong(2, 0, 1, 35); }

/*
 * WAITERS lanes, each at an address of its own, wait on one cell of card 0 that card `from` signals, or with `list` each on its
 * own that one SIGNAL_ALL names; the signaller goes on when all have answered. All of them must be woken each time.
 */
static void herd(unsigned cards, unsigned from, unsigned percent, bool list)
{
	struct arena a = arena_open(cards);
	struct lane s = lane_open(&a, from), w[WAITERS];
	unsigned long n = waits(percent) / WAITERS, round = ROUND / WAITERS;

	for (unsigned i = 0; i < WAITERS; i++) {
		w[i] = lane_open(&a, 0);
		sem_map(a.cells[0], w[i].s, ALIAS(i), PTE_SEM);
	}
	for (unsigned long done = 0; done < n; done += round) {
		union weft_packet all = pkt_signal(LANE_CELL(0, 9), done + 1, 1, WEFT_SCOPE_QUEUE);
		struct weft_cell_ref *ref = (void *)s.own;

		if (list) {
			all.signal.op = WEFT_PKT_SIGNAL_ALL;
			all.signal.count = WAITERS;
			all.signal.u.list = LANE_OWN;
		}
		lane_clear(&s);
		lane_nops(&s, (unsigned)ct_below(20));
		lane_add(&s, all);
		for (unsigned i = 0; i < WAITERS; i++) {
			lane_clear(&w[i]);
			ref[i] = (struct weft_cell_ref){ .cell = LANE_CELL(0, 9 + i), .base = done + 1, .step = 1 };
			lane_add(&w[i], pkt_wait(ALIAS(i) + 32 * (9 + (list ? i : 0)), done + 1, 1));
			lane_nops(&w[i], (unsigned)ct_below(8));
			lane_add(&w[i], pkt_signal(LANE_CELL(from, 16 + i), done + 1, 1, WEFT_SCOPE_QUEUE));
			lane_add(&s, pkt_wait(LANE_CELL(from, 16 + i), done + 1, 1));
		}
		for (unsigned i = 0; i < WAITERS; i++)
			lane_loop(&w[i], round);
		lane_loop(&s, round);
		queue_wait_done(s.q, 20000);
		for (unsigned i = 0; i < WAITERS; i++)
			queue_wait_done(w[i].q, 20000);
	}
}

static void herd_same(void) { herd(1, 0, 10, false); }
static void herd_peer(void) { herd(2, 1, 10, false); }
static void herd_list(void) { herd(2, 1, 10, true); }

static void await(volatile uint64_t *word, uint64_t wanted, struct lane *l)
{
	uint64_t until = ct_now_ns() + UINT64_C(5000000000);

	for (unsigned i = 1; (int64_t)(*word - wanted) < 0; i++) {
		if (i % 256)
			continue;
		sched_yield();
		CHECK(ct_now_ns() < until,
		      "a wake was lost: answer %llu did not come within 5 s; run %u, arm word %u, cell %llu", (unsigned long long)wanted,
		      queue_run(l->q), sem_arm(l->a->cells[0], 0), (unsigned long long)sem_cell(l->a->cells[0], 0)->value);
	}
}

/*
 * The host signals by store, arm word and KICK: in the doorbell page of the waiter's own queue, or, as another process would, in that
 * of a queue in another space, where the cell has another address.
 */
static void host_signals(unsigned percent, bool stranger)
{
	struct arena a = arena_open(1);
	struct lane l = lane_open(&a, 0), other = lane_open(&a, 0);
	volatile struct weft_cell *answer = arena_cell(&a, HOST, 0);
	unsigned long n = waits(percent), kicks = 0;

	sem_map(a.cells[0], other.s, ALIAS(7), PTE_SEM);
	for (unsigned long done = 0; done < n; done += ROUND) {
		lane_clear(&l);
		lane_nops(&l, (unsigned)ct_below(20));
		lane_add(&l, pkt_wait(LANE_CELL(0, 0), done + 1, 1));
		lane_add(&l, pkt_signal(LANE_CELL(HOST, 0), done + 1, 1, WEFT_SCOPE_QUEUE));
		lane_loop(&l, ROUND);
		for (unsigned long i = done; i < done + ROUND; i++) {
			/* at once, or when the waiter has looked for a while and parks */
			for (volatile unsigned delay = (unsigned)ct_below(ct_below(2) ? 400 : 20000); delay; delay--)
				;
			kicks += stranger ? sem_signal(a.cells[0], 0, i + 1, other.q, ALIAS(7)) :
				 sem_signal(a.cells[0], 0, i + 1, l.q, LANE_CELL(0, 0));
			if (ct_below(4))	/* now and then it runs ahead of the waiter */
				await(&answer->value, i + 1, &l);
		}
		queue_wait_done(l.q, 5000);
	}
	ct_note("%lu signals, %lu kicks", n, kicks);
	CHECK(kicks, "the arm word was never seen set");
}

static void host(void) { host_signals(5, false); }
static void process(void) { host_signals(5, true); }

static void parked(struct queue *q, uint64_t wanted)
{
	WAIT_FOR(queue_run(q) == WEFT_QS_PARKED, 2000, "queue %u parked (is %u)", q->id, queue_run(q));
	struct weft_queue_state st;
	queue_state(q, &st);
	CHECK_EQ(st.wait_value, wanted, "value waited for");
}

static void one_wait(struct lane *l, uint64_t va, uint64_t wanted)
{
	union weft_packet p = pkt_wait(va, wanted, 0);

	queue_push(l->q, &p);
	queue_kick(l->q);
}

/*
 * Two waiters of one cell, at two addresses. The translation of one is dropped, kept or taken away while both are parked: an
 * untouched waiter stays parked and is woken by the signal, the other is woken or, without its page, faults.
 */
static void unmapping(void)
{
	struct arena a = arena_open(1);
	struct lane stays = lane_open(&a, 0), goes = lane_open(&a, 0);
	unsigned long n = waits(1) / 4 + 20;
	struct weft_queue_state st;

	sem_map(a.cells[0], goes.s, ALIAS(0), PTE_SEM);
	for (unsigned long i = 1; i <= n; i++) {
		bool unmap = i % 4 == 0;

		one_wait(&stays, LANE_CELL(0, 5), i);
		one_wait(&goes, ALIAS(0) + 5 * 32, i);
		if (i & 1) {	/* else the invalidate races with the parking */
			parked(stays.q, i);
			parked(goes.q, i);
		}
		if (unmap)
			space_unmap(goes.s, ALIAS(0), 4096);
		CHECK_EQ(space_invalidate(goes.s, ALIAS(0), 4096), WEFT_SAFE_OK, "status of AS_INVALIDATE");
		if (unmap) {
			queue_wait_run(goes.q, WEFT_QS_FAULTED, 2000, &st);
			CHECK_EQ(st.cause, WEFT_FAULT_PT_INVALID, "cause of a waiter whose page is gone");
			CHECK_EQ(st.fault_va, ALIAS(0) + 5 * 32, "fault_va of a waiter whose page is gone");
		}
		parked(stays.q, i);
		sem_signal(a.cells[0], 5, i, stays.q, LANE_CELL(0, 5));
		queue_wait_done(stays.q, 2000);
		if (!unmap) {
			queue_wait_done(goes.q, 2000);
			continue;
		}
		queue_destroy(goes.q);
		sem_map(a.cells[0], goes.s, ALIAS(0), PTE_SEM);
		uint64_t user = goes.q->ring, carve = goes.q->state, user_next = goes.c->user_next, carve_next = goes.c->carve_next;
		goes.c->user_next = user;	/* its memory again, for there is no free */
		goes.c->carve_next = carve;
		goes.q = queue_create(goes.s, goes.q->id, 4);
		goes.c->user_next = user_next;
		goes.c->carve_next = carve_next;
	}
}

/* A parked queue is stopped and destroyed; what it waited for is then signalled, by store and KICK and by an engine. */
static void freed(void)
{
	struct arena a = arena_open(1);
	struct lane by = lane_open(&a, 0), heir = lane_open(&a, 0);
	uint64_t user = CARD->user_next, carve = CARD->carve_next;
	unsigned long n = waits(1) / 4 + 20;
	struct weft_queue_state before, after;
	static uint8_t state[4096];

	one_wait(&heir, LANE_CELL(0, 7), 1);
	parked(heir.q, 1);
	queue_state(heir.q, &before);
	for (unsigned long i = 1; i <= n; i++) {
		CARD->user_next = user;
		CARD->carve_next = carve;
		struct lane l = lane_open(&a, 0);

		one_wait(&l, LANE_CELL(0, 6), i);
		if (i & 1)
			parked(l.q, i);
		CHECK_EQ(safe_call(CARD, i & 2 ? WEFT_SAFE_AS_STOP : WEFT_SAFE_QUEUE_STOP, i & 2 ? l.s->asid : l.q->id, 0, 0),
			 WEFT_SAFE_OK, "status of the stop");
		CHECK_EQ(queue_run(l.q), WEFT_QS_STOPPED, "state of a stopped waiter");
		if (i & 4)
			queue_destroy(l.q);
		memcpy(state, CARD->lmem + l.q->state, sizeof(state));
		CHECK_EQ(sem_arm(a.cells[0], 6), 0, "arm word of a cell whose last waiter is gone");
		sem_cell(a.cells[0], 6)->value = i;
		queue_kick_cell(by.q, LANE_CELL(0, 6));
		union weft_packet p = pkt_signal(LANE_CELL(0, 6), i, 0, WEFT_SCOPE_QUEUE);
		queue_push(by.q, &p);
		queue_kick(by.q);
		queue_wait_done(by.q, 2000);
		CHECK(!memcmp(state, CARD->lmem + l.q->state, sizeof(state)), "the record of a queue that is gone changed");
		if (!(i & 4))
			queue_destroy(l.q);
		space_destroy(l.s);
	}
	queue_state(heir.q, &after);
	CHECK(!memcmp(&before, &after, 256), "a waiter of another cell was disturbed");
	sem_signal(a.cells[0], 7, 1, heir.q, LANE_CELL(0, 7));
	queue_wait_done(heir.q, 2000);
}

static const struct ct_test tests[] = {
	{ "two lanes of one card", same_card, 0, 0, false },
	{ "lanes of two cards", two_cards, 0, 2, false },
	{ "four waiters of one cell, at four addresses", herd_same, 0, 0, false },
	{ "four waiters, signalled by a peer", herd_peer, 0, 2, false },
	{ "four waiters of four cells, signalled by a peer's SIGNAL_ALL", herd_list, WEFT_CAP_CELL_LISTS, 2, false },
	{ "the host stores and kicks", host, 0, 0, false },
	{ "the host stores, and kicks by another space's doorbell", process, 0, 0, false },
	{ "unmapping under parked waiters", unmapping, 0, 0, false },
	{ "none woken after it is gone", freed, 0, 0, false },
};
CT_SECTION_OF(torture, WEFT_CAP_LR | WEFT_CAP_CELLS | WEFT_CAP_LOOP);
