// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* WAIT and SIGNAL word by word, END, poison, tags, lists, parking as the queue state shows it, KICK, watches. */
#include "cell.h"
#include "rig.h"

#include <string.h>
#include <unistd.h>

#define CELLS		UINT64_C(0x30000000)	/* page of cells, SEM, R, W */
#define CELL(i)		(CELLS + 32u * (i))
#define DATA		UINT64_C(0x31000000)	/* 64 KiB, R, W: lists */
#define REF(va, b, t)	((struct weft_cell_ref){ .cell = (va), .base = (b), .tag = (t) })

static struct card *c;
static struct space *s;
static struct queue *q, *kicker;
static struct sem *p;
static uint8_t *data;

static void open(void)
{
	card_need(CARD);
	c = CARD;
	s = space_create_as(c, ~0u, WEFT_AS_LR);
	p = sem_create(c, true);
	sem_map(p, s, CELLS, PTE_SEM);
	uint64_t off = user_alloc(c, 64 << 10, 4096);
	data = c->lmem + off;
	memset(data, 0, 64 << 10);
	space_map(s, DATA, off, 64 << 10, PTE_RW);
	q = queue_create(s, ~0u, 6);
	kicker = queue_create(s, ~0u, 4);
}

static void start(union weft_packet k)
{
	queue_push(q, &k);
	queue_kick(q);
}

static void done(union weft_packet k)
{
	start(k);
	queue_wait_done(q, 5000);
}

static void parked(unsigned i, uint64_t wanted)
{
	struct weft_queue_state st;

	queue_wait_run(q, WEFT_QS_PARKED, 5000, &st);
	CHECK_EQ(st.wait_va, CELL(i), "wait_va of a PARKED queue");
	CHECK_EQ(st.wait_value, wanted, "wait_value");
	uint64_t now = rd64(c, WEFT_REG_CLOCK_NOW);
	CHECK(st.wait_since_ns && st.wait_since_ns <= now && now - st.wait_since_ns < UINT64_C(20000000000),
	      "wait_since_ns is %llu at %llu", (unsigned long long)st.wait_since_ns, (unsigned long long)now);
	CHECK(sem_arm(p, i), "the arm word of a cell waited for is 0");
}

static struct weft_queue_state faulted(unsigned cause, uint64_t va)
{
	struct weft_queue_state st;

	WAIT_FOR(queue_run(q) == WEFT_QS_FAULTED || queue_head(q) == q->tail, 5000, "fault %u", cause);
	queue_state(q, &st);
	EXPECT_EQ(st.run, WEFT_QS_FAULTED, "run state");
	EXPECT_EQ(st.cause, cause, "cause");
	EXPECT_EQ(st.fault_va, va, "fault_va");
	if (st.run == WEFT_QS_FAULTED) {
		queue_destroy(q);
		q = queue_create(s, ~0u, 6);
	}
	return st;
}

static struct weft_queue_state refuse(union weft_packet k, unsigned cause, uint64_t va)
{
	start(k);
	return faulted(cause, va);
}

static void clear(unsigned i)
{
	memset((void *)(uintptr_t)sem_cell(p, i), 0, 32);
}

static void satisfied(void)
{
	open();
	sem_cell(p, 0)->value = 5;
	done(pkt_wait(CELL(0), 5, 1));
	done(pkt_wait(CELL(0), 0, 0));
	/* distance is signed: far behind is below, whatever the bits look like */
	sem_cell(p, 1)->value = UINT64_C(1) << 63;
	done(pkt_wait(CELL(1), (UINT64_C(1) << 63) - 7, 0));
	start(pkt_wait(CELL(0), 6, 0));
	parked(0, 6);
	CHECK(sem_signal(p, 0, 6, kicker, CELL(0)), "the host found no arm word");
	queue_wait_done(q, 5000);
	WAIT_FOR(!sem_arm(p, 0), 1000, "arm word cleared by the last waiter");
	/* outside LOOP `it` is 0, so only skew counts */
	union weft_packet k = pkt_wait(CELL(0), 10, 2);
	k.wait.skew = 2;
	done(k);
	k.wait.skew = 1;
	start(k);
	parked(0, 8);
}

static void kicks(void)
{
	open();
	uint64_t bad = counter(c, WEFT_CNT_BAD_KICKS, 0, 0);

	start(pkt_wait(CELL(3), 1, 0));
	parked(3, 1);
	queue_kick_cell(kicker, CELL(3));
	queue_kick_cell(kicker, CELL(4));
	parked(3, 1);
	CHECK_EQ(counter(c, WEFT_CNT_BAD_KICKS, 0, 0), bad, "BAD_KICKS after good ones");
	space_map(s, DATA + 0x100000, host_alloc(4096), 4096, PTE_SEM | PTE_BUS(0));
	queue_kick_cell(kicker, UINT64_C(0x7fffff000));
	queue_kick_cell(kicker, UINT64_C(1) << 60);
	queue_kick_cell(kicker, DATA + 0x100000);
	CHECK_EQ(counter(c, WEFT_CNT_BAD_KICKS, 0, 0), bad + 3, "BAD_KICKS");
	vu_write(&c->vu, VU_BAR4, (uint64_t)(c->nqueues - 1) * WEFT_DOORBELL_BYTES + WEFT_DB_KICK, CELL(3), 8);
	CHECK_EQ(counter(c, WEFT_CNT_BAD_KICKS, 0, 0), bad + 4, "BAD_KICKS after a KICK of a queue that does not exist");
	/* by another alias, without rights, somewhere inside the cell */
	sem_map(p, s, DATA + 0x200000, 0);
	sem_cell(p, 3)->value = 1;
	__sync_synchronize();
	queue_kick_cell(kicker, DATA + 0x200000 + 96 + 20);
	queue_wait_done(q, 5000);
}

static void rebound(void)
{
	open();
	start(pkt_wait(CELL(9), 1, 0));
	parked(9, 1);
	uint64_t old = p->arm;
	CHECK_EQ(sem_bind(p, carve_alloc(c, 4096)), WEFT_MBOX_OK, "status of ARM_BIND");
	CHECK(sem_arm(p, 9), "a cell waited for is not armed in a new arm page");
	CHECK(p->arm != old, "another arm page");
	old = p->arm;
	CHECK_EQ(sem_bind(p, 0), WEFT_MBOX_OK, "status of ARM_BIND that removes");
	CHECK(sem_signal(p, 9, 1, kicker, CELL(9)), "without an arm page a host kicks");
	queue_wait_done(q, 5000);
	/* it is the driver's again */
	memset(c->lmem + old, 0x6b, 4096);
	start(pkt_wait(CELL(9), 2, 0));
	queue_wait_run(q, WEFT_QS_PARKED, 5000, NULL);
	sem_signal(p, 9, 2, kicker, CELL(9));
	queue_wait_done(q, 5000);
	for (unsigned i = 0; i < 4096; i++)
		CHECK_EQ(c->lmem[old + i], 0x6b, "byte of a page that was an arm page");
}

/*
 * Between the page that is cleared and the waiters that are armed again the host sees nobody to kick. Rounds that meet that
 * moment are counted, and are few; what is stored in it wakes like anything else.
 */
static void bound_again(void)
{
	unsigned met = 0;

	open();
	for (unsigned i = 1; i <= 120 && met < 3; i++) {
		struct weft_mbox_msg m = { .op = WEFT_MBOX_ARM_BIND };
		uint64_t end = ct_now_ns() + 3000000;
		bool seen = false;

		start(pkt_wait(CELL(127), i, 0));
		queue_wait_run(q, WEFT_QS_PARKED, 5000, NULL);
		m.u.arg[0] = (uint32_t)p->off;
		m.u.arg[1] = (uint32_t)(p->off >> 32);
		m.u.arg[2] = (uint32_t)p->arm;
		m.u.arg[3] = (uint32_t)(p->arm >> 32);
		mbox_post(c, &m);
		while (!seen && ct_now_ns() < end)
			for (unsigned k = 0; k < 1000 && !seen; k++)
				seen = !sem_arm(p, 127);
		met += seen;
		sem_signal(p, 127, i, kicker, CELL(127));
		mbox_take(c, &m);
		CHECK_EQ(m.status, WEFT_MBOX_OK, "status of ARM_BIND");
		queue_wait_done(q, 2000);
	}
	ct_note("%u rounds met the moment without arm words", met);
}

static void record_at_rest(void)
{
	struct weft_queue_state st;

	open();
	for (unsigned i = 1; i <= 10; i++) {
		usleep(5000);
		for (unsigned k = 0; k < 6; k++) {
			union weft_packet f = pkt_fill(DATA, 4096, 4, k);

			queue_push(q, &f);
		}
		start(pkt_wait(CELL(0), i, 0));
		queue_wait_run(q, WEFT_QS_PARKED, 5000, &st);
		CHECK(st.progress_ns >= st.wait_since_ns, "progress_ns is %llu ns before the WAIT",
		      (unsigned long long)(st.wait_since_ns - st.progress_ns));
		sem_signal(p, 0, i, kicker, CELL(0));
		queue_wait_done(q, 5000);
	}
}

static void ends(void)
{
	open();
	sem_cell(p, 0)->end = 1;
	done(pkt_wait(CELL(0), 1, 0));
	union weft_packet k = pkt_wait(CELL(0), 1, 0);
	k.wait.end_level = 0;
	refuse(k, WEFT_FAULT_NESTING, 0);
	sem_cell(p, 0)->value = 1;
	refuse(k, WEFT_FAULT_NESTING, 0);	/* before the cell is looked at */
	clear(0);
	start(pkt_wait(CELL(0), 1, 0));
	parked(0, 1);
	sem_cell(p, 0)->end = 1;
	sem_signal(p, 0, 0, kicker, CELL(0));
	queue_wait_done(q, 5000);
}

/* A LOOP that waits for n, n + 1, …, and is left by END after three. */
static void end_of_loop(void)
{
	open();
	union weft_packet body[2] = { pkt_wait(CELL(0), 1, 1), pkt_signal(CELL(1), 1, 1, WEFT_SCOPE_QUEUE) };

	body[0].wait.end_level = 0;
	memcpy(data, body, sizeof(body));
	union weft_packet k = pkt_loop(DATA, 2, 0, 0, 0);
	queue_push(q, &k);
	k = pkt_signal(CELL(2), 77, 0, WEFT_SCOPE_QUEUE);
	queue_push(q, &k);
	queue_kick(q);
	parked(0, 1);
	sem_signal(p, 0, 2, kicker, CELL(0));
	WAIT_FOR(sem_cell(p, 1)->value == 2, 5000, "two iterations");
	parked(0, 3);
	sem_signal(p, 0, 3, kicker, CELL(0));
	WAIT_FOR(sem_cell(p, 1)->value == 3, 5000, "three iterations");
	sem_cell(p, 0)->end = 1;
	__sync_synchronize();
	queue_kick_cell(kicker, CELL(0));
	queue_wait_done(q, 5000);
	CHECK_EQ(sem_cell(p, 1)->value, 3, "iterations signalled");
	CHECK_EQ(sem_cell(p, 2)->value, 77, "cell signalled behind the LOOP");
	/* the outer one of two */
	body[0].wait.end_level = 1;
	body[0].wait.u.one.base = 4;
	k = pkt_loop(DATA, 2, 0, 0, 0);
	memcpy(data, body, sizeof(body));
	memcpy(data + 1024, &k, sizeof(k));
	k = pkt_loop(DATA + 1024, 1, 0, 0, 0);
	queue_push(q, &k);
	k = pkt_signal(CELL(2), 78, 0, WEFT_SCOPE_QUEUE);
	queue_push(q, &k);
	queue_kick(q);
	queue_wait_done(q, 5000);
	CHECK_EQ(sem_cell(p, 1)->value, 3, "iterations signalled by the inner LOOP");
	CHECK_EQ(sem_cell(p, 2)->value, 78, "cell signalled behind both LOOPs");
}

static void poison(void)
{
	static const uint32_t cause[3] = { WEFT_FAULT_POISON, WEFT_FAULT_REVOKED, WEFT_FAULT_PEER_LOST };

	open();
	for (unsigned kind = 1; kind <= 3; kind++) {
		uint64_t word = WEFT_CELL_FAULT(kind, WEFT_FAULT_HANG, WEFT_CELL_ORIGIN(7, 0x1234 + kind));

		ct_about("kind %u", kind);
		clear(0);
		sem_cell(p, 0)->fault = word;
		struct weft_queue_state st = refuse(pkt_wait(CELL(0), 1, 0), cause[kind - 1], 0);
		CHECK_EQ(st.origin, word, "origin");
		CHECK_EQ(st.wait_va, CELL(0), "wait_va of a poisoned WAIT");
		clear(1);
		start(pkt_wait(CELL(1), 1, 0));
		parked(1, 1);
		CHECK_EQ(safe_call(c, WEFT_SAFE_CELL_FAULT, p->off + 32, word, 0), WEFT_SAFE_OK, "status of CELL_FAULT");
		st = faulted(cause[kind - 1], 0);
		CHECK_EQ(st.origin, word, "origin");
		CHECK_EQ(sem_cell(p, 1)->fault, word, "fault word");
		/* the first one stays, and a value that is there counts more */
		CHECK_EQ(safe_call(c, WEFT_SAFE_CELL_FAULT, p->off + 32, word + 0x10000, 0), WEFT_SAFE_OK, "status of CELL_FAULT");
		CHECK_EQ(sem_cell(p, 1)->fault, word, "fault word after a second one");
		sem_cell(p, 1)->value = 1;
		done(pkt_wait(CELL(1), 1, 0));
	}
	ct_about("%s", "");
	CHECK_EQ(safe_call(c, WEFT_SAFE_CELL_FAULT, p->off + 8, 1, 0), WEFT_SAFE_BAD_ARG, "status, cell misaligned");
	CHECK_EQ(safe_call(c, WEFT_SAFE_CELL_FAULT, p->off, 0, 0), WEFT_SAFE_BAD_ARG, "status, no fault word");
	CHECK_EQ(safe_call(c, WEFT_SAFE_CELL_FAULT, c->limit, 1, 0), WEFT_SAFE_BAD_ARG, "status, in the carve-out");
}

/* The list lies in the carve-out and names the cells of a page twice: the first word of each stays. */
static void poison_list(void)
{
	open();
	unsigned n = 2 * WEFT_CELLS_PER_PAGE;
	uint64_t at = carve_alloc(c, 4096), past = c->lmem_bytes - 16;
	struct weft_safe_fault *list = (void *)(c->lmem + at);
	uint64_t word = WEFT_CELL_FAULT(WEFT_CELL_POISON, WEFT_FAULT_HANG, WEFT_CELL_ORIGIN(7, 0)), last = c->limit - 32;

	for (unsigned i = 0; i < n; i++)
		list[i] = (struct weft_safe_fault){ p->off + 32 * (i % WEFT_CELLS_PER_PAGE), word + i };
	start(pkt_wait(CELL(WEFT_CELLS_PER_PAGE - 1), 1, 0));
	parked(WEFT_CELLS_PER_PAGE - 1, 1);
	CHECK_EQ(safe_call(c, WEFT_SAFE_CELL_FAULTS, at, n, 0), WEFT_SAFE_OK, "status of CELL_FAULTS");
	CHECK_EQ(faulted(WEFT_FAULT_POISON, 0).origin, word + WEFT_CELLS_PER_PAGE - 1, "origin of a waiter of the list");
	for (unsigned i = 0; i < WEFT_CELLS_PER_PAGE; i++)
		CHECK_EQ(sem_cell(p, i)->fault, word + i, "fault word of a cell named twice");
	/* one entry, the last of the list's page, and a cell at the end of what may be named */
	memset((void *)(uintptr_t)sem_cell(p, 0), 0, 4096);
	list[255] = (struct weft_safe_fault){ p->off, word };
	CHECK_EQ(safe_call(c, WEFT_SAFE_CELL_FAULTS, at + 255 * sizeof(*list), 1, 0), WEFT_SAFE_OK, "status, one entry");
	CHECK_EQ(sem_cell(p, 0)->fault, word, "fault word of a list of one");
	CHECK_EQ(sem_cell(p, 1)->fault, 0, "fault word of the cell beside it");
	/* bad entries are left out, the others are not */
	memset((void *)(uintptr_t)sem_cell(p, 0), 0, 4096);
	list[0] = (struct weft_safe_fault){ p->off + 8, word };
	list[1] = (struct weft_safe_fault){ p->off + 32, word };
	list[2] = (struct weft_safe_fault){ p->off + 64, 0 };
	list[3] = (struct weft_safe_fault){ c->limit, word };
	list[4] = (struct weft_safe_fault){ ~UINT64_C(31), word };
	list[5] = (struct weft_safe_fault){ last, word };
	list[6] = (struct weft_safe_fault){ p->off + 96, word };
	*(uint64_t *)(void *)(c->lmem + last + 24) = 0;
	CHECK_EQ(safe_call(c, WEFT_SAFE_CELL_FAULTS, at, 7, 0), WEFT_SAFE_BAD_ARG, "status with bad entries");
	CHECK_EQ(sem_cell(p, 0)->fault, 0, "fault word of a misaligned entry");
	CHECK_EQ(sem_cell(p, 1)->fault, word, "fault word between bad entries");
	CHECK_EQ(sem_cell(p, 2)->fault, 0, "fault word of an entry without one");
	CHECK_EQ(sem_cell(p, 3)->fault, word, "fault word behind bad entries");
	CHECK_EQ(*(uint64_t *)(void *)(c->lmem + last + 24), word, "fault word of the last cell below USER_LIMIT");
	/* bad lists do nothing at all */
	memset((void *)(uintptr_t)sem_cell(p, 0), 0, 4096);
	for (unsigned i = 0; i < n; i++)
		list[i] = (struct weft_safe_fault){ p->off + 32 * (i % WEFT_CELLS_PER_PAGE), word + i };
	memcpy(data, list, 4096);
	CHECK_EQ(safe_call(c, WEFT_SAFE_CELL_FAULTS, at, 0, 0), WEFT_SAFE_BAD_ARG, "status, no entry");
	CHECK_EQ(safe_call(c, WEFT_SAFE_CELL_FAULTS, at, WEFT_SAFE_FAULTS_MAX + 1, 0), WEFT_SAFE_BAD_ARG, "status, too many");
	CHECK_EQ(safe_call(c, WEFT_SAFE_CELL_FAULTS, at, UINT64_C(1) << 32 | 1, 0), WEFT_SAFE_BAD_ARG, "status, 2^32 + 1 entries");
	CHECK_EQ(safe_call(c, WEFT_SAFE_CELL_FAULTS, at + 8, 1, 0), WEFT_SAFE_BAD_ARG, "status, list misaligned");
	CHECK_EQ(safe_call(c, WEFT_SAFE_CELL_FAULTS, (uint64_t)(data - c->lmem), n, 0), WEFT_SAFE_BAD_ARG,
		 "status, list below USER_LIMIT");
	CHECK_EQ(safe_call(c, WEFT_SAFE_CELL_FAULTS, c->limit - 16, 2, 0), WEFT_SAFE_BAD_ARG, "status, list across USER_LIMIT");
	CHECK_EQ(safe_call(c, WEFT_SAFE_CELL_FAULTS, past, 2, 0), WEFT_SAFE_BAD_ARG, "status, list across the end");
	CHECK_EQ(safe_call(c, WEFT_SAFE_CELL_FAULTS, past + 16, 1, 0), WEFT_SAFE_BAD_ARG, "status, list behind the end");
	CHECK_EQ(safe_call(c, WEFT_SAFE_CELL_FAULTS, ~UINT64_C(15), 2, 0), WEFT_SAFE_BAD_ARG, "status, list across 2^64");
	for (unsigned i = 0; i < WEFT_CELLS_PER_PAGE; i++)
		CHECK_EQ(sem_cell(p, i)->fault, 0, "fault word after lists that were refused");
}

static void tags(void)
{
	open();
	union weft_packet k = pkt_wait(CELL(0), 3, 0);

	sem_cell(p, 0)->tag = 0xabc;
	sem_cell(p, 0)->value = 4;
	k.wait.cell_flags = WEFT_WAIT_TAG;
	k.wait.u.one.tag = 0xabc;
	done(k);
	k.wait.u.one.tag = 0xabd;
	CHECK_EQ(refuse(k, WEFT_FAULT_MISMATCH, 0).origin, 0xabc, "origin: the tag found");
	k.wait.cell_flags = 0;
	done(k);
}

static void wait_refused(void)
{
	open();
	union weft_packet good = pkt_wait(CELL(0), 0, 0), k = good;

	k.wait.count = 1; refuse(k, WEFT_FAULT_FIELD, 0); k = good;
	k.wait.cell_flags = 2; refuse(k, WEFT_FAULT_FIELD, 0); k = good;
	k.wait.reserved[2] = 1; refuse(k, WEFT_FAULT_FIELD, 0); k = good;
	k.wait.flags = 2; refuse(k, WEFT_FAULT_FIELD, 0); k = good;
	k.wait.level = 1; refuse(k, WEFT_FAULT_NESTING, 0); k = good;
	refuse(pkt_wait(CELL(0) + 8, 0, 0), WEFT_FAULT_ALIGN, CELL(0) + 8);
	refuse(pkt_wait(DATA, 0, 0), WEFT_FAULT_PT_NOT_SEM, DATA);
	refuse(pkt_wait(DATA + 0x300000, 0, 0), WEFT_FAULT_PT_INVALID, DATA + 0x300000);
	sem_map(p, s, DATA + 0x100000, WEFT_PTE_SEM | WEFT_PTE_W);
	refuse(pkt_wait(DATA + 0x100000, 0, 0), WEFT_FAULT_PT_READ, DATA + 0x100000);
	space_map(s, DATA + 0x200000, host_alloc(4096), 4096, PTE_SEM | PTE_BUS(0));
	refuse(pkt_wait(DATA + 0x200000, 0, 0), WEFT_FAULT_PT_NOT_SEM, DATA + 0x200000);
	k.wait.op = WEFT_PKT_WAIT_ALL; k.wait.u.list = DATA; refuse(k, WEFT_FAULT_FIELD, 0);
	k.wait.count = 4097; refuse(k, WEFT_FAULT_FIELD, 0);
	k.wait.count = 1; k.wait.u.list = DATA + 16; refuse(k, WEFT_FAULT_ALIGN, DATA + 16);

	struct space *fence = space_create(c, ~0u);
	sem_map(p, fence, CELLS, PTE_SEM);
	queue_destroy(q);
	q = queue_create(fence, ~0u, 6);
	start(good);
	WAIT_FOR(queue_run(q) == WEFT_QS_FAULTED, 5000, "fault of a WAIT in a FENCE space");
	struct weft_queue_state st;
	queue_state(q, &st);
	CHECK_EQ(st.cause, WEFT_FAULT_PRIVILEGE, "cause of a WAIT in a FENCE space");
}

static void wait_all(void)
{
	struct weft_cell_ref *ref;

	open();
	ref = (void *)data;
	ref[0] = REF(CELL(4), 1, 0);
	ref[1] = REF(CELL(2), 2, 0);
	ref[2] = REF(CELL(7), 3, 9);
	union weft_packet k = { .wait = { .op = WEFT_PKT_WAIT_ALL, .end_level = WEFT_WAIT_NO_LOOP, .count = 3, .u.list = DATA } };

	start(k);
	parked(4, 1);
	sem_signal(p, 2, 2, kicker, CELL(2));
	sem_signal(p, 4, 1, kicker, CELL(4));
	WAIT_FOR(sem_arm(p, 7), 5000, "parked on the third");
	parked(7, 3);
	CHECK(!sem_arm(p, 4), "still armed where nobody waits");
	sem_signal(p, 7, 3, kicker, CELL(7));
	queue_wait_done(q, 5000);
	sem_cell(p, 2)->fault = WEFT_CELL_FAULT(WEFT_CELL_POISON, 1, 1);
	ref[1].base = 3;
	CHECK_EQ(refuse(k, WEFT_FAULT_POISON, 0).wait_va, CELL(2), "wait_va");
	ref[1].base = 2;
	k.wait.cell_flags = WEFT_WAIT_TAG;
	CHECK_EQ(refuse(k, WEFT_FAULT_MISMATCH, 0).wait_va, CELL(7), "wait_va");
}

static void words(void)
{
	open();
	union weft_packet good = pkt_signal(CELL(0), 11, 3, WEFT_SCOPE_QUEUE), k = good;

	memset((void *)(uintptr_t)sem_cell(p, 0), 0x55, 32);
	k.signal.skew = -2;
	done(k);
	CHECK_EQ(sem_cell(p, 0)->value, 17, "value");
	CHECK(sem_cell(p, 0)->tag == sem_cell(p, 0)->end && sem_cell(p, 0)->fault == UINT64_C(0x5555555555555555),
	      "words not named");
	k = good;
	k.signal.words = WEFT_SIG_TAG; k.signal.u.one.tag = 99; done(k);
	CHECK_EQ(sem_cell(p, 0)->tag, 99, "tag");
	CHECK_EQ(sem_cell(p, 0)->value, 17, "value");
	k.signal.words = WEFT_SIG_END; done(k);
	CHECK_EQ(sem_cell(p, 0)->end, 1, "end");
	k = good;
	k.signal.words = WEFT_SIG_ADD; refuse(k, WEFT_FAULT_PT_WRITE, CELL(0));
	sem_map(p, s, DATA + 0x100000, PTE_SEM | WEFT_PTE_ATOMIC);
	k.signal.u.one.cell = DATA + 0x100000; done(k); done(k);
	CHECK_EQ(sem_cell(p, 0)->value, 17 + 22, "value after two additions");
	/* its own memory by the bus */
	space_map(s, DATA + 0x100000, c->bus2 + p->off, 4096, PTE_SEM | WEFT_PTE_ATOMIC | PTE_BUS(1));
	CHECK_EQ(space_invalidate(s, 0, 0), WEFT_SAFE_OK, "status of AS_INVALIDATE");
	refuse(k, WEFT_FAULT_PT_WRITE, DATA + 0x100000);
	k = good;
	k.signal.words = 0; refuse(k, WEFT_FAULT_FIELD, 0);
	k.signal.words = 16; refuse(k, WEFT_FAULT_FIELD, 0);
	k.signal.words = WEFT_SIG_ADD | WEFT_SIG_VALUE; refuse(k, WEFT_FAULT_FIELD, 0);
	k.signal.words = WEFT_SIG_ADD | WEFT_SIG_END; refuse(k, WEFT_FAULT_FIELD, 0);
	k = good; k.signal.scope = 2; refuse(k, WEFT_FAULT_FIELD, 0);
	k = good; k.signal.count = 1; refuse(k, WEFT_FAULT_FIELD, 0);
	k = good; k.signal.reserved0 = 1; refuse(k, WEFT_FAULT_FIELD, 0);
	refuse(pkt_signal(DATA, 1, 0, 0), WEFT_FAULT_PT_NOT_SEM, DATA);
	refuse(pkt_signal(CELL(0) + 16, 1, 0, 0), WEFT_FAULT_ALIGN, CELL(0) + 16);
	sem_map(p, s, DATA + 0x200000, WEFT_PTE_SEM | WEFT_PTE_R);
	refuse(pkt_signal(DATA + 0x200000, 1, 0, 0), WEFT_FAULT_PT_WRITE, DATA + 0x200000);
	refuse(pkt_fill(CELL(5), 32, 8, 1), WEFT_FAULT_PT_SEM, CELL(5));
	/* a cell of the host */
	uint64_t host = host_alloc(4096);
	space_map(s, DATA + 0x300000, host, 4096, PTE_SEM | PTE_BUS(0));
	done(pkt_signal(DATA + 0x300000 + 64, 42, 0, WEFT_SCOPE_QUEUE));
	WAIT_FOR(*(volatile uint64_t *)host_ptr(host + 64) == 42, 1000, "cell in host memory signalled");
}

static void signal_all(void)
{
	struct weft_cell_ref *ref;

	open();
	ref = (void *)data;
	for (unsigned i = 0; i < 64; i++)
		ref[i] = REF(CELL(i), 100 + i, i);
	union weft_packet k = { .signal = { .op = WEFT_PKT_SIGNAL_ALL, .words = WEFT_SIG_VALUE | WEFT_SIG_TAG, .count = 64,
					    .u.list = DATA } };
	ref[63].cell = DATA;
	refuse(k, WEFT_FAULT_PT_NOT_SEM, DATA);
	for (unsigned i = 0; i < 64; i++)
		CHECK_EQ(sem_cell(p, i)->value, 0, "cell of a list that failed");
	ref[63].cell = CELL(63);
	done(k);
	for (unsigned i = 0; i < 64; i++)
		CHECK(sem_cell(p, i)->value == 100 + i && sem_cell(p, i)->tag == i, "cell %u of a list", i);
	k.signal.count = 0; refuse(k, WEFT_FAULT_FIELD, 0);
}

static void counted(void)
{
	open();
	uint64_t r = counter(c, WEFT_CNT_CELL_READS, WEFT_CNT_LINK_LOCAL, s->asid);
	uint64_t w = counter(c, WEFT_CNT_CELL_WRITES, WEFT_CNT_LINK_LOCAL, s->asid), h = counter(c, WEFT_CNT_CELL_WRITES, 0, s->asid);

	space_map(s, DATA + 0x300000, host_alloc(4096), 4096, PTE_SEM | PTE_BUS(0));
	for (unsigned i = 0; i < 5; i++)
		done(pkt_wait(CELL(0), 0, 0));
	for (unsigned i = 0; i < 3; i++)
		done(pkt_signal(CELL(0), i, 0, WEFT_SCOPE_QUEUE));
	done(pkt_signal(DATA + 0x300000, 1, 0, WEFT_SCOPE_QUEUE));
	CHECK_EQ(counter(c, WEFT_CNT_CELL_READS, WEFT_CNT_LINK_LOCAL, s->asid), r + 5, "CELL_READS");
	CHECK_EQ(counter(c, WEFT_CNT_CELL_WRITES, WEFT_CNT_LINK_LOCAL, s->asid), w + 3, "CELL_WRITES, local");
	CHECK_EQ(counter(c, WEFT_CNT_CELL_WRITES, 0, s->asid), h + 1, "CELL_WRITES, host");
}

static const struct ct_test tests[] = {
	{ "WAIT: satisfied, parked, woken by the host", satisfied, 0, 0, false },
	{ "KICK: aliases, cells nobody waits for, addresses that lead nowhere", kicks, WEFT_CAP_COUNTERS, 0, false },
	{ "arm pages come and go under a waiter", rebound, 0, 0, false },
	{ "an arm page bound again under a waiter: no wake is lost", bound_again, 0, 0, false },
	{ "the record of a queue that parked is not behind", record_at_rest, 0, 0, false },
	{ "END without LOOP", ends, 0, 0, false },
	{ "END leaves a LOOP", end_of_loop, WEFT_CAP_LOOP, 0, false },
	{ "POISON, REVOKED, PEER_LOST, and CELL_FAULT", poison, WEFT_CAP_CELL_FAULT, 0, false },
	{ "CELL_FAULTS: a list, bad entries, bad lists", poison_list, WEFT_CAP_CELL_FAULTS, 0, false },
	{ "tags", tags, 0, 0, false },
	{ "WAIT: what is refused", wait_refused, WEFT_CAP_CELL_LISTS, 0, false },
	{ "WAIT_ALL", wait_all, WEFT_CAP_CELL_LISTS, 0, false },
	{ "SIGNAL: words, ADD, what is refused", words, WEFT_CAP_CELL_ADD, 0, false },
	{ "SIGNAL_ALL: all or none", signal_all, WEFT_CAP_CELL_LISTS, 0, false },
	{ "cells are counted apart", counted, WEFT_CAP_COUNTERS, 0, false },
};
CT_SECTION_OF(cells, WEFT_CAP_CELLS | WEFT_CAP_LR);
