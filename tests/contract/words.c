// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* The words of a cell beside one another: which counts when several say something, and in which order they are stored. */
#include "cell.h"

#include <string.h>

#define CELLS	UINT64_C(0x30000000)
#define LIST	UINT64_C(0x31000000)
#define DONE	UINT64_C(0x32000000)	/* a page of cells that the tests' own SIGNALs go to */
#define CELL(i)	(CELLS + 32u * (i))
#define ALL	(WEFT_SIG_VALUE | WEFT_SIG_TAG | WEFT_SIG_END)

struct words {
	struct space *s;
	struct sem *p, *done;
	struct queue *q, *by;
	union weft_packet *list;
};

static struct words words_open(void)
{
	struct words w = { 0 };
	uint64_t off;

	card_need(CARD);
	w.s = space_create_as(CARD, ~0u, WEFT_AS_LR);
	w.p = sem_create(CARD, true);
	w.done = sem_create(CARD, false);
	sem_map(w.p, w.s, CELLS, PTE_SEM);
	sem_map(w.done, w.s, DONE, PTE_SEM);
	off = user_alloc(CARD, 65536, 4096);
	w.list = (void *)(CARD->lmem + off);
	space_map(w.s, LIST, off, 65536, PTE_RW);
	w.q = queue_create(w.s, ~0u, 8);
	w.by = queue_create(w.s, ~0u, 8);
	return w;
}

/* A list: WAIT for 1 at cell i, left by END, and a SIGNAL that tells of it. */
static union weft_packet waits(struct words *w, unsigned i, uint64_t count)
{
	union weft_packet list[2] = { pkt_wait(CELL(i), 1, 0), pkt_signal(DONE + 32u * i, 1, 1, WEFT_SCOPE_QUEUE) };

	list[0].wait.end_level = 0;
	memcpy(w->list + 2 * i, list, sizeof(list));
	return pkt_loop(LIST + 128u * i, 2, 0, 0, count);
}

static void order(void)
{
	struct words w = words_open();
	struct weft_queue_state st;
	uint64_t word = WEFT_CELL_FAULT(WEFT_CELL_POISON, WEFT_FAULT_HANG, WEFT_CELL_ORIGIN(7, 1));
	union weft_packet k = waits(&w, 0, 3), m = waits(&w, 1, 3), n = waits(&w, 2, 3);

	sem_cell(w.p, 0)->value = 1;
	sem_cell(w.p, 0)->end = 1;
	sem_cell(w.p, 1)->value = 1;
	sem_cell(w.p, 1)->end = 1;
	sem_cell(w.p, 1)->fault = word;
	sem_cell(w.p, 2)->end = 1;
	sem_cell(w.p, 2)->fault = word;
	queue_push(w.q, &k);
	queue_push(w.q, &m);
	queue_kick(w.q);
	queue_wait_done(w.q, 5000);
	CHECK_EQ(sem_cell(w.done, 0)->value, 3, "iterations of a LOOP whose cell has the value and END");
	CHECK_EQ(sem_cell(w.done, 1)->value, 3, "iterations of a LOOP whose cell has the value, END and a fault");
	queue_push(w.q, &n);
	queue_kick(w.q);
	queue_wait_run(w.q, WEFT_QS_FAULTED, 5000, &st);
	CHECK_EQ(st.cause, WEFT_FAULT_POISON, "cause of a WAIT whose cell has END and a fault");
	CHECK_EQ(st.origin, word, "origin");
}

/* The host stores the value, then END, while the card looks: whoever sees END sees the value. */
static void overlooked(void)
{
	enum { ROUNDS = 6, N = WEFT_CELLS_PER_PAGE };
	struct words w = words_open();

	for (unsigned round = 0; round < ROUNDS; round++) {
		memset((void *)(uintptr_t)sem_cell(w.p, 0), 0, 4096);
		memset((void *)(uintptr_t)sem_cell(w.done, 0), 0, 4096);
		for (unsigned i = 0; i < N; i++) {
			union weft_packet k = waits(&w, i, 1);

			queue_push(w.q, &k);
		}
		queue_kick(w.q);
		for (unsigned i = 0; i < N; i++) {
			uint64_t until = ct_now_ns() + ct_below(60000);

			while (ct_now_ns() < until)
				;
			__atomic_store_n(&sem_cell(w.p, i)->value, 1, __ATOMIC_RELEASE);
			__atomic_store_n(&sem_cell(w.p, i)->end, 1, __ATOMIC_RELEASE);
			__sync_synchronize();
			if (sem_arm(w.p, i))
				queue_kick_cell(w.by, CELL(i));
		}
		queue_wait_done(w.q, 5000);
		for (unsigned i = 0; i < N; i++)
			CHECK_EQ(sem_cell(w.done, i)->value, 1, "cell behind a WAIT whose value was stored before END");
	}
}

/* A host that polls, and a queue that compares tags, see no word before the one that comes first. */
static void stored(void)
{
	enum { ROUNDS = 6, N = WEFT_CELLS_PER_PAGE };
	struct words w = words_open();

	for (uint64_t round = 0; round < ROUNDS; round++) {
		memset((void *)(uintptr_t)sem_cell(w.p, 0), 0, 4096);
		for (unsigned i = 0; i < N; i++) {
			union weft_packet k = pkt_signal(CELL(i), 1, 0, WEFT_SCOPE_QUEUE), m = pkt_wait(CELL(i), 1, 0);

			k.signal.words = ALL;
			m.wait.cell_flags = WEFT_WAIT_TAG;
			k.signal.u.one.tag = m.wait.u.one.tag = UINT64_C(0x7a60000000000001) * (round * N + i + 1);
			queue_push(w.by, &k);
			queue_push(w.q, &m);
		}
		queue_kick(w.q);
		queue_kick(w.by);
		for (unsigned i = 0; i < N; i++) {
			uint64_t tag = UINT64_C(0x7a60000000000001) * (round * N + i + 1), until = ct_now_ns() + UINT64_C(5000000000);
			uint64_t value, end = 0;

			while (!end) {
				end = __atomic_load_n(&sem_cell(w.p, i)->end, __ATOMIC_ACQUIRE);
				value = __atomic_load_n(&sem_cell(w.p, i)->value, __ATOMIC_ACQUIRE);
				CHECK(value || !end, "cell %u: END is stored, the value is not", i);
				if (value)
					CHECK_EQ(__atomic_load_n(&sem_cell(w.p, i)->tag, __ATOMIC_ACQUIRE), tag,
						 "tag of a cell whose value is stored");
				CHECK(end || ct_now_ns() < until, "cell %u: no END for 5 s", i);
			}
		}
		queue_wait_done(w.q, 5000);
		queue_wait_done(w.by, 5000);
	}
}

static const struct ct_test tests[] = {
	{ "a value before END and fault, a fault before END", order, 0, 0, false },
	{ "a value stored before END is never overlooked", overlooked, 0, 0, false },
	{ "SIGNAL stores tag, value, end", stored, 0, 0, false },
};
CT_SECTION_OF(words, WEFT_CAP_CELLS | WEFT_CAP_LR | WEFT_CAP_LOOP | WEFT_CAP_CALL);
