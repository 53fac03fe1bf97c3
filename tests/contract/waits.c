// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Queues that wait: what their limit counts and what it does not, and that they hold no slot; watches. */
#include "cell.h"

#include <unistd.h>

#define CELLS		UINT64_C(0x90000000)
#define CELL(i)		(CELLS + 32u * (i))
#define LIMIT_MS	300u
#define MS		UINT64_C(1000000)

static struct card *c;
static struct space *s;
static struct sem *p;

static void open(void)
{
	c = CARD;
	card_need(c);
	s = space_create_as(c, ~0u, WEFT_AS_LR);
	p = sem_create(c, true);
	sem_map(p, s, CELLS, PTE_SEM);
}

static struct queue *waiter(uint32_t flags)
{
	struct weft_queue_desc how = { .band = WEFT_BAND_NORMAL, .weight = 100, .wait_limit_ns = LIMIT_MS * MS, .flags = flags };

	return queue_create_how(s, ~0u, 4, &how);
}

static void wait_for(struct queue *q, unsigned cell)
{
	union weft_packet k = pkt_wait(CELL(cell), 1, 0);

	queue_push(q, &k);
	queue_kick(q);
}

static uint64_t now(void)
{
	return rd64(c, WEFT_REG_CLOCK_NOW);
}

static void sleep_until(uint64_t card_ns)
{
	while (now() < card_ns)
		usleep(1000);
}

/* A queue that its limit stops, with 100 ms of it gone. */
static struct queue *waiting_100_ms(uint64_t *since)
{
	struct queue *q = waiter(WEFT_QUEUE_F_WAIT_STOPS);
	struct weft_queue_state st;

	wait_for(q, 0);
	queue_wait_run(q, WEFT_QS_PARKED, 2000, &st);
	*since = st.wait_since_ns;
	sleep_until(*since + 100 * MS);
	return q;
}

static void mbox(struct queue *q, uint16_t op)
{
	struct weft_mbox_msg m = { .op = op };
	unsigned status;

	m.u.arg[0] = q->id;
	status = mbox_call(c, &m);
	if (status == WEFT_MBOX_NO_CAP)
		ct_skip("SUSPEND and RESUME");
	CHECK_EQ(status, WEFT_MBOX_OK, "status of SUSPEND or RESUME");
}

/* Suspends a parked queue for so long; the card's time it took, at least and at most. */
static void suspended(struct queue *q, unsigned ms, uint64_t *least, uint64_t *most)
{
	struct weft_queue_state st;
	uint64_t before = now(), is, was;

	mbox(q, WEFT_MBOX_SUSPEND);
	queue_wait_run(q, WEFT_QS_SUSPENDED, 2000, &st);
	is = now();
	sleep_until(is + ms * MS);
	CHECK_EQ(queue_run(q), WEFT_QS_SUSPENDED, "state of a queue that is suspended longer than its limit");
	was = now();
	mbox(q, WEFT_MBOX_RESUME);
	queue_wait_run(q, WEFT_QS_PARKED, 2000, &st);
	*least = was - is;
	*most = now() - before;
}

static void not_suspended(void)
{
	struct weft_queue_state st;
	uint64_t least, most, since;

	open();
	struct queue *q = waiting_100_ms(&since);

	suspended(q, LIMIT_MS + 200, &least, &most);
	queue_state(q, &st);
	CHECK(st.wait_since_ns - since >= least && st.wait_since_ns - since <= most,
	      "wait_since_ns moved by %llu us, the queue was suspended for %llu … %llu us",
	      (unsigned long long)(st.wait_since_ns - since) / 1000, (unsigned long long)least / 1000,
	      (unsigned long long)most / 1000);
	/* what is left of the limit still counts, and nothing but that */
	since = st.wait_since_ns;
	while (queue_run(q) == WEFT_QS_PARKED && now() < since + 5000 * MS)
		usleep(1000);
	CHECK(now() - since >= LIMIT_MS * MS, "WAIT_LIMIT after %llu us", (unsigned long long)(now() - since) / 1000);
	queue_wait_run(q, WEFT_QS_FAULTED, 1000, &st);
	CHECK_EQ(st.cause, WEFT_FAULT_WAIT_LIMIT, "cause");
}

static void once(void)
{
	struct weft_queue_state st;
	uint64_t least, most;

	open();
	struct queue *q = waiter(0);
	uint32_t from = c->nevt;

	wait_for(q, 0);
	evt_wait(c, from, WEFT_EVT_WAIT_LIMIT, q->id, 5000);
	evt_poll(c);
	from = c->nevt;
	suspended(q, 20, &least, &most);
	/* nor does one that begins to count anew */
	sleep_until(now() + (LIMIT_MS + 50) * MS);
	evt_poll(c);
	CHECK(!evt_find(c, from, WEFT_EVT_WAIT_LIMIT, q->id), "a second event for one WAIT");
	/* the next WAIT is another one */
	from = c->nevt;
	wait_for(q, 1);
	sem_signal(p, 0, 1, q, CELL(0));
	WAIT_FOR(({ queue_state(q, &st); st.run == WEFT_QS_PARKED && st.wait_va == CELL(1); }), 2000, "the second WAIT");
	evt_wait(c, from, WEFT_EVT_WAIT_LIMIT, q->id, 5000);
}

static void each(void)
{
	struct weft_queue_state st;
	uint64_t since;

	open();
	struct queue *q = waiting_100_ms(&since);

	sem_signal(p, 0, 1, q, CELL(0));
	queue_wait_done(q, 2000);
	wait_for(q, 1);
	queue_wait_run(q, WEFT_QS_PARKED, 2000, &st);
	CHECK_EQ(st.wait_va, CELL(1), "wait_va");
	CHECK(st.wait_since_ns >= since + 100 * MS, "wait_since_ns of a WAIT is that of the one before");
	since = st.wait_since_ns;
	queue_wait_run(q, WEFT_QS_FAULTED, 5000, &st);
	CHECK(now() - since >= LIMIT_MS * MS, "WAIT_LIMIT after %llu us", (unsigned long long)(now() - since) / 1000);
	CHECK_EQ(st.cause, WEFT_FAULT_WAIT_LIMIT, "cause");
}

static void slots(void)
{
	struct queue *q[256];
	struct weft_queue_state st;

	open();
	unsigned n = rd32(c, WEFT_REG_NUM_SLOTS) + 1;
	struct weft_queue_desc how = { .band = WEFT_BAND_NORMAL, .weight = 100 };
	union weft_packet nop = { 0 };

	if (n >= ARRAY_LEN(q))
		ct_skip("fewer than 255 slots");
	for (unsigned i = 0; i <= n; i++)
		q[i] = queue_create_soon(s, ~0u, 4, &how);
	queue_created(c);
	for (unsigned i = 0; i < n; i++)
		wait_for(q[i], 0);
	for (unsigned i = 0; i < n; i++)
		queue_wait_run(q[i], WEFT_QS_PARKED, 2000, &st);
	queue_push(q[n], &nop);
	queue_kick(q[n]);
	queue_wait_done(q[n], 2000);
	sem_signal(p, 0, 1, q[n], CELL(0));
	for (unsigned i = 0; i < n; i++)
		queue_wait_done(q[i], 2000);
}

/* A cell is looked at when its WAIT starts, and when that was woken. */
static void looks(void)
{
	open();
	struct queue *q = waiter(0);
	uint64_t before = counter(c, WEFT_CNT_CELL_READS, WEFT_CNT_LINK_LOCAL, s->asid);

	for (unsigned i = 0; i < 3; i++) {
		wait_for(q, i);
		queue_wait_run(q, WEFT_QS_PARKED, 2000, NULL);
		sem_signal(p, i, 1, q, CELL(i));
		queue_wait_done(q, 2000);
		CHECK_EQ(counter(c, WEFT_CNT_CELL_READS, WEFT_CNT_LINK_LOCAL, s->asid), before + 2 * (i + 1),
			 "CELL_READS of a WAIT that parked and was woken");
	}
}

static void watch(unsigned entry, unsigned cell, uint64_t value)
{
	wr64(c, WEFT_REG_WATCH_CELL, p->off + 32 * cell);
	wr64(c, WEFT_REG_WATCH_VALUE, value);
	wr64(c, WEFT_REG_WATCH_COOKIE, 100 + entry);
	wr32(c, WEFT_REG_WATCH_CMD, WEFT_WATCH_INSERT | entry);
}

/* Whatever is done to the cell afterwards, by the host and by an engine: the entry is empty, and it watches no more. */
static void watched(void)
{
	open();
	struct queue *q = waiter(0);
	union weft_packet k = pkt_signal(CELL(0), 3, 0, WEFT_SCOPE_QUEUE);
	uint32_t last = rd32(c, WEFT_REG_NUM_WATCHES) - 1, from = c->nevt, fired = 0;

	CHECK(last && last != ~0u, "NUM_WATCHES is %u", last + 1);
	watch(0, 0, 1);
	sem_signal(p, 0, 1, q, CELL(0));
	evt_wait(c, from, WEFT_EVT_WATCH, 0, 2000);
	CHECK(!sem_signal(p, 0, 2, q, CELL(0)), "still armed for a watch that fired");
	queue_kick_cell(q, CELL(0));
	queue_push(q, &k);
	queue_kick(q);
	queue_wait_done(q, 2000);
	sem_fault(p, 0, 1, q, CELL(0));
	queue_kick_cell(q, CELL(0));
	/* events come in their order: behind this one there is none of what was before */
	watch(last, 1, 1);
	sem_signal(p, 1, 1, q, CELL(1));
	evt_wait(c, from, WEFT_EVT_WATCH, last, 2000);
	for (uint32_t i = from; i < c->nevt; i++)
		fired += c->evt[i].type == WEFT_EVT_WATCH && !c->evt[i].queue;
	CHECK_EQ(fired, 1, "events of a watch");
}

static const struct ct_test tests[] = {
	{ "wait_limit_ns does not count suspended time", not_suspended, 0, 0, false },
	{ "wait_limit_ns: told once, suspended and resumed", once, 0, 0, false },
	{ "wait_limit_ns is of one WAIT", each, 0, 0, false },
	{ "more parked queues than slots", slots, 0, 0, false },
	{ "CELL_READS: at the start of a WAIT, and when it was woken", looks, WEFT_CAP_COUNTERS, 0, false },
	{ "a watch fires once", watched, WEFT_CAP_WATCH, 0, false },
};
CT_SECTION_OF(waits, WEFT_CAP_LR | WEFT_CAP_CELLS);
