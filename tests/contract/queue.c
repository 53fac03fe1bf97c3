// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "cell.h"

#include <stdatomic.h>
#include <string.h>

#define MAX_SPACES	64
#define MAX_QUEUES	(4096 + 512)

static struct space spaces[MAX_SPACES];
static struct queue queues[MAX_QUEUES];

static volatile uint64_t *table_at(struct card *c, uint64_t offset)
{
	return (volatile uint64_t *)(void *)(c->lmem + offset);
}

void pte_set(volatile uint64_t *entry, uint64_t value)
{
	atomic_thread_fence(memory_order_release);
	*entry = value;
	atomic_thread_fence(memory_order_seq_cst);
}

struct space *space_create_as(struct card *c, uint32_t asid, uint32_t type)
{
	struct weft_mbox_msg m = { .op = WEFT_MBOX_AS_CREATE };
	struct space *s = NULL;

	if (asid == ~0u) {
		asid = 0;
		for (unsigned i = 0; i < MAX_SPACES; i++)
			if (spaces[i].live && spaces[i].c == c && spaces[i].asid >= asid)
				asid = spaces[i].asid + 1;
	}
	for (unsigned i = 0; i < MAX_SPACES && !s; i++)
		if (!spaces[i].live)
			s = &spaces[i];
	CHECK(s, "more address spaces than a test should need");
	*s = (struct space){ .c = c, .asid = asid, .type = type, .root = carve_alloc(c, 4096) };
	m.u.as.asid = asid;
	m.u.as.type = type;
	m.u.as.root = s->root;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_OK, "status of AS_CREATE");
	s->live = true;
	return s;
}

struct space *space_create(struct card *c, uint32_t asid)
{
	return space_create_as(c, asid, WEFT_AS_FENCE);
}

void space_destroy(struct space *s)
{
	struct weft_mbox_msg m = { .op = WEFT_MBOX_AS_DESTROY };

	m.u.as.asid = s->asid;
	s->live = false;
	CHECK_EQ(mbox_call(s->c, &m), WEFT_MBOX_OK, "status of AS_DESTROY");
}

volatile uint64_t *space_entry(struct space *s, uint64_t va, unsigned level)
{
	uint64_t at = s->root;

	for (unsigned l = WEFT_PT_LEVELS - 1; l > level; l--) {
		volatile uint64_t *e = table_at(s->c, at) + (va >> WEFT_PT_SHIFT(l) & 511);

		if (!(*e & WEFT_PTE_VALID))
			pte_set(e, carve_alloc(s->c, 4096) | WEFT_PTE_VALID);
		at = *e & WEFT_PTE_ADDR_MASK;
	}
	return table_at(s->c, at) + (va >> WEFT_PT_SHIFT(level) & 511);
}

void space_map(struct space *s, uint64_t va, uint64_t addr, uint64_t bytes, uint64_t bits)
{
	bool fixed = (bits & WEFT_PTE_APERTURE_MASK) == PTE_SPARSE;

	for (uint64_t o = 0; o < bytes; o += WEFT_PAGE_BYTES)
		pte_set(space_entry(s, va + o, 0), (fixed ? 0 : addr + o) | bits | WEFT_PTE_VALID | WEFT_PTE_LEAF);
}

void space_map_2m(struct space *s, uint64_t va, uint64_t addr, uint64_t bytes, uint64_t bits)
{
	for (uint64_t o = 0; o < bytes; o += WEFT_PAGE2M_BYTES)
		pte_set(space_entry(s, va + o, 1), (addr + o) | bits | WEFT_PTE_VALID | WEFT_PTE_LEAF);
}

void space_unmap(struct space *s, uint64_t va, uint64_t bytes)
{
	for (uint64_t o = 0; o < bytes; o += WEFT_PAGE_BYTES)
		pte_set(space_entry(s, va + o, 0), 0);
}

unsigned space_invalidate(struct space *s, uint64_t va, uint64_t bytes)
{
	return safe_call(s->c, WEFT_SAFE_AS_INVALIDATE, s->asid, va, bytes);
}

void queue_desc(struct queue *q, struct weft_queue_desc *d)
{
	bool user = q->s->type == WEFT_AS_LR;

	*d = (struct weft_queue_desc){
		.id = q->id, .asid = (uint16_t)q->s->asid, .kind = user ? WEFT_QUEUE_USER : WEFT_QUEUE_JOB,
		.band = q->how.band, .ring = user ? q->ring_va : q->ring, .ctl = user ? q->ctl_va : q->ctl, .state = q->state,
		.run_limit_ns = q->how.run_limit_ns, .wait_limit_ns = q->how.wait_limit_ns,
		.ring_log2 = (uint8_t)q->log2, .weight = q->how.weight, .flags = q->how.flags,
	};
}

static unsigned asked;		/* QUEUE_CREATEs without an answer */

struct queue *queue_create_soon(struct space *s, uint32_t id, unsigned log2, const struct weft_queue_desc *how)
{
	struct weft_mbox_msg m = { .op = WEFT_MBOX_QUEUE_CREATE };
	bool user = s->type == WEFT_AS_LR;
	struct queue *q = NULL;

	if (id == ~0u) {
		id = 0;
		for (unsigned i = 0; i < MAX_QUEUES; i++)
			if (queues[i].live && queues[i].c == s->c && queues[i].id >= id)
				id = queues[i].id + 1;
	}
	for (unsigned i = 0; i < MAX_QUEUES && !q; i++)
		if (!queues[i].live)
			q = &queues[i];
	CHECK(q, "more queues than a test should need");
	*q = (struct queue){ .c = s->c, .s = s, .id = id, .log2 = log2, .how = *how };
	if (user) {
		q->ring = user_alloc(s->c, 64u << log2, 4096);
		q->ctl = user_alloc(s->c, 4096, 4096);
		q->ring_va = QUEUE_VA(id);
		q->ctl_va = QUEUE_CTL_VA(id);
		memset(s->c->lmem + q->ctl, 0, 4096);
		queue_ctl(q)->armed = 1;
		bool old = *space_entry(s, q->ring_va, 0) || *space_entry(s, q->ctl_va, 0);
		space_map(s, q->ring_va, q->ring, 64u << log2, WEFT_PTE_R);
		space_map(s, q->ctl_va, q->ctl, 4096, PTE_RW);
		if (old)	/* a queue of this number was there before */
			CHECK_EQ(space_invalidate(s, 0, 0), WEFT_SAFE_OK, "status of AS_INVALIDATE");
	} else {
		q->ring = carve_alloc(s->c, 64u << log2);
		q->ctl = carve_alloc(s->c, 4096);
	}
	q->state = carve_alloc(s->c, sizeof(struct weft_queue_state));
	queue_desc(q, &m.u.queue);
	mbox_post(s->c, &m);
	q->live = true;
	if (++asked == WEFT_MBOX_SLOTS / 2)
		queue_created(s->c);
	return q;
}

void queue_created(struct card *c)
{
	unsigned n = asked;
	struct weft_mbox_msg m;

	for (asked = 0; n; n--) {
		mbox_take(c, &m);
		CHECK_EQ(m.op, WEFT_MBOX_QUEUE_CREATE, "op of the answer");
		CHECK_EQ(m.status, WEFT_MBOX_OK, "status of QUEUE_CREATE");
	}
}

struct queue *queue_create_how(struct space *s, uint32_t id, unsigned log2, const struct weft_queue_desc *how)
{
	struct queue *q = queue_create_soon(s, id, log2, how);

	queue_created(s->c);
	return q;
}

struct queue *queue_create(struct space *s, uint32_t id, unsigned log2)
{
	struct weft_queue_desc how = { .band = WEFT_BAND_NORMAL, .weight = 100 };

	if (s->type == WEFT_AS_FENCE)	/* which may not do without */
		how.run_limit_ns = how.wait_limit_ns = UINT64_C(60000000000);
	return queue_create_how(s, id, log2, &how);
}

void queue_destroy(struct queue *q)
{
	struct weft_mbox_msg m = { .op = WEFT_MBOX_QUEUE_DESTROY };

	m.u.queue.id = q->id;
	/* A fence is visible before its queue has come to rest; READY and RUNNING queues are BUSY. */
	WAIT_FOR(queue_run(q) != WEFT_QS_READY && queue_run(q) != WEFT_QS_RUNNING, 2000, "queue %u at rest", q->id);
	q->live = false;
	CHECK_EQ(mbox_call(q->c, &m), WEFT_MBOX_OK, "status of QUEUE_DESTROY");
}

volatile struct weft_ring_ctl *queue_ctl(struct queue *q)
{
	return (volatile void *)(q->c->lmem + q->ctl);
}

static volatile struct weft_queue_state *state_of(struct queue *q)
{
	return (volatile void *)(q->c->lmem + q->state);
}

uint64_t queue_head(struct queue *q) { return queue_ctl(q)->head; }
uint64_t queue_fence(struct queue *q) { return state_of(q)->fence; }
uint32_t queue_run(struct queue *q) { return state_of(q)->run; }
bool queue_armed(struct queue *q) { return queue_ctl(q)->armed; }

void queue_push(struct queue *q, const union weft_packet *p)
{
	uint64_t size = UINT64_C(1) << q->log2;

	if (q->tail - queue_head(q) >= size) {
		queue_kick(q);
		WAIT_FOR(q->tail - queue_head(q) < size, 5000, "room in the ring of queue %u", q->id);
	}
	memcpy(q->c->lmem + q->ring + 64 * (q->tail++ & (size - 1)), p, 64);
}

void queue_tail(struct queue *q)
{
	atomic_thread_fence(memory_order_seq_cst);
	queue_ctl(q)->tail = q->tail;
	atomic_thread_fence(memory_order_seq_cst);
}

void queue_ring(struct queue *q)
{
	vu_write(&q->c->vu, VU_BAR4, (uint64_t)q->id * WEFT_DOORBELL_BYTES + WEFT_DB_RING, 1, 4);
}

void queue_kick_cell(struct queue *q, uint64_t va)
{
	vu_write(&q->c->vu, VU_BAR4, (uint64_t)q->id * WEFT_DOORBELL_BYTES + WEFT_DB_KICK, va, 8);
}

void queue_kick(struct queue *q)
{
	queue_tail(q);
	if (queue_armed(q))
		queue_ring(q);
}

uint64_t queue_push_fence(struct queue *q, bool irq)
{
	union weft_packet p = { .fence = { .op = WEFT_PKT_FENCE, .irq = irq, .value = ++q->fence } };

	queue_push(q, &p);
	return q->fence;
}

uint64_t queue_submit(struct queue *q, uint64_t list, uint32_t n, uint64_t table, uint32_t ntable)
{
	union weft_packet p = {
		.call = { .op = WEFT_PKT_CALL, .npackets = n, .list = list, .table = table, .ntable = ntable },
	};

	queue_push(q, &p);
	uint64_t f = queue_push_fence(q, true);
	queue_kick(q);
	return f;
}

void queue_state(struct queue *q, struct weft_queue_state *st)
{
	volatile struct weft_queue_state *s = state_of(q);
	bool good = false;

	WAIT_FOR(({
		uint64_t before = s->version;

		atomic_thread_fence(memory_order_seq_cst);
		memcpy(st, (const void *)(uintptr_t)s, 1024);
		atomic_thread_fence(memory_order_seq_cst);
		good = !(before & 1) && s->version == before;
		good;
	}), 1000, "an even, stable version of the state of queue %u", q->id);
}

static void ended(struct queue *q, const char *instead)
{
	struct weft_queue_state st;

	queue_state(q, &st);
	CHECK(false, "queue %u ended in state %u instead of %s: cause %u, va %#llx, packet %u of list %#llx, op %#x, origin %#llx",
	      q->id, st.run, instead, st.cause, (unsigned long long)st.fault_va, st.fault_packet,
	      (unsigned long long)st.fault_list, st.fault_op, (unsigned long long)st.origin);
}

void queue_wait_done(struct queue *q, unsigned ms)
{
	WAIT_FOR(queue_head(q) == q->tail || queue_run(q) == WEFT_QS_FAULTED || queue_run(q) == WEFT_QS_STOPPED, ms,
		 "queue %u having retired %llu ring packets (head %llu, run %u, wants %llu at %#llx)", q->id,
		 (unsigned long long)q->tail, (unsigned long long)queue_head(q), queue_run(q),
		 (unsigned long long)state_of(q)->wait_value, (unsigned long long)state_of(q)->wait_va);
	if (queue_head(q) != q->tail)
		ended(q, "retiring its packets");
}

void queue_wait(struct queue *q, uint64_t fence, unsigned ms)
{
	WAIT_FOR((int64_t)(queue_fence(q) - fence) >= 0 || queue_run(q) == WEFT_QS_FAULTED || queue_run(q) == WEFT_QS_STOPPED,
		 ms, "fence %llu of queue %u (is %llu, run %u, head %llu)", (unsigned long long)fence, q->id,
		 (unsigned long long)queue_fence(q), queue_run(q), (unsigned long long)queue_head(q));
	if ((int64_t)(queue_fence(q) - fence) < 0)
		ended(q, "reaching its fence");
}

unsigned queue_ask(struct queue *q, uint16_t op)
{
	struct weft_mbox_msg m = { .op = op, .u.arg = { q->id } };

	return mbox_call(q->c, &m);
}

void queue_wait_run(struct queue *q, uint32_t run, unsigned ms, struct weft_queue_state *st)
{
	struct weft_queue_state mine;

	WAIT_FOR(queue_run(q) == run, ms, "queue %u in state %u (is %u, fence %llu)", q->id, run, queue_run(q),
		 (unsigned long long)queue_fence(q));
	queue_state(q, st ? st : &mine);
}

static void destroyed(struct card *c, unsigned n)
{
	struct weft_mbox_msg m;

	while (n--) {
		mbox_take(c, &m);
		CHECK_EQ(m.op, WEFT_MBOX_QUEUE_DESTROY, "op of the answer");
		CHECK_EQ(m.status, WEFT_MBOX_OK, "status of QUEUE_DESTROY");
	}
}

/* Of stopped queues, thousands perhaps: many requests at a time. */
static void destroy_all(struct card *c)
{
	unsigned n = 0;

	for (unsigned i = 0; i < MAX_QUEUES; i++) {
		struct weft_mbox_msg m = { .op = WEFT_MBOX_QUEUE_DESTROY, .u.queue.id = queues[i].id };

		if (!queues[i].live || queues[i].c != c)
			continue;
		queues[i].live = false;
		mbox_post(c, &m);
		if (++n == WEFT_MBOX_SLOTS) {
			destroyed(c, n);
			n = 0;
		}
	}
	destroyed(c, n);
}

void card_tidy(struct card *c)
{
	for (unsigned i = 0; i < MAX_SPACES; i++)
		if (spaces[i].live && spaces[i].c == c)
			CHECK_EQ(safe_call(c, WEFT_SAFE_AS_STOP, spaces[i].asid, 0, 0), WEFT_SAFE_OK, "status of AS_STOP");
	destroy_all(c);
	for (unsigned i = 0; i < MAX_SPACES; i++)
		if (spaces[i].live && spaces[i].c == c)
			space_destroy(&spaces[i]);
	sem_tidy(c);
	evt_poll(c);
	evt_start(c, 8);
	c->user_next = 0;
	c->carve_next = c->mbox + WEFT_MBOX_BYTES;
}

void card_forget(struct card *c)
{
	for (unsigned i = 0; i < MAX_SPACES; i++)
		if (spaces[i].c == c)
			spaces[i].live = false;
	for (unsigned i = 0; i < MAX_QUEUES; i++)
		if (queues[i].c == c)
			queues[i].live = false;
	sem_forget(c);
}
