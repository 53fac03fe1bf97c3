// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* SUSPEND and RESUME: which queues they take, where a queue stops, and what becomes of one that is suspended. */
#include "cell.h"
#include "rig.h"

#include <string.h>
#include <unistd.h>

#define CELLS	UINT64_C(0x90000000)
#define LONG_NS	UINT64_C(300000000)

static void suspend(struct queue *q)
{
	unsigned status = queue_ask(q, WEFT_MBOX_SUSPEND);

	if (status == WEFT_MBOX_NO_CAP)
		ct_skip("the card cannot SUSPEND");
	CHECK_EQ(status, WEFT_MBOX_OK, "status of SUSPEND");
}

static uint64_t submit(struct queue *q, union weft_packet p)
{
	queue_push(q, &p);
	uint64_t f = queue_push_fence(q, false);
	queue_kick(q);
	return f;
}

/* Neither operation takes a queue that has ended, and its state stays. */
static void refused(struct queue *q, uint32_t run, uint32_t cause)
{
	struct weft_queue_state st;

	queue_wait_run(q, run, 2000, &st);
	CHECK_EQ(queue_ask(q, WEFT_MBOX_SUSPEND), WEFT_MBOX_STATE, "status of SUSPEND");
	CHECK_EQ(queue_ask(q, WEFT_MBOX_RESUME), WEFT_MBOX_STATE, "status of RESUME");
	queue_state(q, &st);
	CHECK_EQ(st.run, run, "state afterwards");
	CHECK_EQ(st.cause, cause, "cause afterwards");
	queue_destroy(q);
}

static void states(void)
{
	struct card *c = CARD;
	union weft_packet bad = { .hdr = { .op = 255 } }, nop = { 0 };

	card_need(c);
	struct rig r = rig_open(c);
	suspend(r.q);
	CHECK_EQ(queue_ask(r.q, WEFT_MBOX_RESUME), WEFT_MBOX_OK, "status of RESUME");
	CHECK_EQ(queue_ask(r.q, WEFT_MBOX_RESUME), WEFT_MBOX_STATE, "status of RESUME of a queue that was resumed");
	queue_wait(r.q, submit(r.q, nop), 2000);
	CHECK_EQ(queue_ask(r.q, WEFT_MBOX_RESUME), WEFT_MBOX_STATE, "status of RESUME of a queue that was not suspended since");
	struct queue *q = queue_create(r.s, ~0u, 4);
	CHECK_EQ(queue_ask(q, WEFT_MBOX_RESUME), WEFT_MBOX_STATE, "status of RESUME of a new queue");
	ct_about("a STOPPED queue");
	CHECK_EQ(safe_call(c, WEFT_SAFE_QUEUE_STOP, q->id, 0, 0), WEFT_SAFE_OK, "status of QUEUE_STOP");
	refused(q, WEFT_QS_STOPPED, WEFT_FAULT_STOPPED);
	ct_about("a FAULTED queue");
	q = queue_create(r.s, ~0u, 4);
	submit(q, bad);
	refused(q, WEFT_QS_FAULTED, WEFT_FAULT_OPCODE);
	ct_about("a queue that was SUSPENDED when it was stopped");
	q = queue_create(r.s, ~0u, 4);
	suspend(q);
	queue_wait_run(q, WEFT_QS_SUSPENDED, 2000, NULL);
	CHECK_EQ(safe_call(c, WEFT_SAFE_QUEUE_STOP, q->id, 0, 0), WEFT_SAFE_OK, "status of QUEUE_STOP");
	refused(q, WEFT_QS_STOPPED, WEFT_FAULT_STOPPED);
}

/* TIMED is one packet: the queue is on no engine, and is suspended when it is over. */
static void timed(void)
{
	struct card *c = CARD;
	struct weft_queue_state st;

	card_need(c);
	struct rig r = rig_open(c);
	uint64_t start = rd64(c, WEFT_REG_CLOCK_NOW), f = submit(r.q, pkt_timed(LONG_NS));
	WAIT_FOR(({ queue_state(r.q, &st); st.run == WEFT_QS_RUNNING && !st.engine; }), LONG_NS / 1000000,
		 "a queue RUNNING on no engine, inside TIMED (is %u on %u)", st.run, st.engine);
	usleep(20000);	/* a card need not tell engines */
	suspend(r.q);
	queue_wait_run(r.q, WEFT_QS_SUSPENDED, 2000, &st);
	CHECK(rd64(c, WEFT_REG_CLOCK_NOW) - start >= LONG_NS, "SUSPENDED %llu us after TIMED of %llu us was submitted",
	      (unsigned long long)(rd64(c, WEFT_REG_CLOCK_NOW) - start) / 1000, (unsigned long long)LONG_NS / 1000);
	CHECK_EQ(st.retired, 1, "packets retired when it is SUSPENDED");
	CHECK_EQ(st.engine, 0, "engine of a SUSPENDED queue");
	CHECK(st.fence != f, "a FENCE behind SUSPEND took effect");
	CHECK_EQ(queue_ask(r.q, WEFT_MBOX_RESUME), WEFT_MBOX_OK, "status of RESUME");
	queue_wait(r.q, f, 2000);
	queue_state(r.q, &st);
	CHECK_EQ(st.retired, 2, "packets retired");
}

/* The record says NONE, what the queue had not begun never happens, and its number is free. */
static void gone(struct queue *q)
{
	struct weft_queue_state st;

	queue_wait_run(q, WEFT_QS_SUSPENDED, 2000, NULL);
	CHECK_EQ(queue_ask(q, WEFT_MBOX_QUEUE_DESTROY), WEFT_MBOX_OK, "status of QUEUE_DESTROY of a SUSPENDED queue");
	q->live = false;
	queue_state(q, &st);
	CHECK_EQ(st.run, WEFT_QS_NONE, "state of a destroyed queue");
	CHECK_EQ(st.cause, 0, "cause of a destroyed queue");
	CHECK_EQ(queue_ask(q, WEFT_MBOX_RESUME), WEFT_MBOX_NOT_FOUND, "status of RESUME then");
}

static void destroyed(void)
{
	struct card *c = CARD;
	union weft_packet p = pkt_fill(RIG_LOCAL, 64, 4, 7);
	struct queue *q;

	card_need(c);
	struct rig r = rig_open(c);
	memset(r.local, 0, 64);
	for (unsigned work = 0; work < 2; work++) {
		q = queue_create(r.s, ~0u, 4);
		suspend(q);
		if (work)
			submit(q, p);
		gone(q);
	}
	if (c->caps & WEFT_CAP_TIMED) {
		q = queue_create(r.s, ~0u, 4);
		submit(q, pkt_timed(100000000));
		submit(q, p);
		suspend(q);
		gone(q);
	}
	usleep(10000);
	CHECK_EQ(*(uint32_t *)(void *)r.local, 0, "word that a destroyed queue would have written");
	struct queue *next = queue_create(r.s, q->id, 4);
	queue_wait(next, submit(next, p), 2000);
	CHECK_EQ(*(uint32_t *)(void *)r.local, 7, "word written by the next queue of that number");
}

static void destroyed_waiter(void)
{
	struct card *c = CARD;
	union weft_packet k = pkt_wait(CELLS, 1, 0);

	card_need(c);
	struct space *s = space_create_as(c, ~0u, WEFT_AS_LR);
	struct sem *p = sem_create(c, true);
	struct queue *q = queue_create(s, ~0u, 4);
	sem_map(p, s, CELLS, PTE_SEM);
	queue_push(q, &k);
	queue_kick(q);
	queue_wait_run(q, WEFT_QS_PARKED, 2000, NULL);
	CHECK_EQ(queue_ask(q, WEFT_MBOX_QUEUE_DESTROY), WEFT_MBOX_BUSY, "status of QUEUE_DESTROY of a PARKED queue");
	suspend(q);
	gone(q);
	CHECK(!sem_arm(p, 0), "still armed for a queue that is destroyed");
	q = queue_create(s, q->id, 4);
	sem_signal(p, 0, 1, q, CELLS);
	queue_push(q, &k);
	queue_kick(q);
	queue_wait_done(q, 2000);
}

static const struct ct_test tests[] = {
	{ "STATE: stopped, faulted, not suspended", states, 0, 0, false },
	{ "TIMED ends first, on no engine", timed, WEFT_CAP_TIMED, 0, false },
	{ "QUEUE_DESTROY of a SUSPENDED queue", destroyed, 0, 0, false },
	{ "QUEUE_DESTROY of a SUSPENDED waiter", destroyed_waiter, WEFT_CAP_CELLS | WEFT_CAP_LR, 0, false },
};
CT_SECTION(suspend);
