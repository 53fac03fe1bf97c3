// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "rig.h"
#include "cell.h"

#include <string.h>

void random_bytes(void *p, size_t n)
{
	uint8_t *b = p;

	while (n) {
		uint64_t v = ct_rand();
		size_t k = n < 8 ? n : 8;

		memcpy(b, &v, k);
		b += k;
		n -= k;
	}
}

struct rig rig_open_on(struct space *s)
{
	struct card *c = s->c;
	struct rig r = { .c = c, .s = s, .call = c->caps & WEFT_CAP_CALL, .ntable = WEFT_OPERANDS_MAX };

	r.list_off = user_alloc(c, 128 << 10, 4096);
	r.table_off = user_alloc(c, 128 << 10, 4096);
	r.local_off = user_alloc(c, RIG_BYTES, 4096);
	r.host_iova = host_alloc(RIG_BYTES);
	r.list = c->lmem + r.list_off;
	r.table = c->lmem + r.table_off;
	r.local = c->lmem + r.local_off;
	r.host = host_ptr(r.host_iova);
	memset(r.table, 0, 128 << 10);
	memset(r.local, 0, RIG_BYTES);
	space_map(s, RIG_LIST, r.list_off, 128 << 10, WEFT_PTE_R);
	space_map(s, RIG_TABLE, r.table_off, 128 << 10, PTE_RW);
	space_map(s, RIG_LOCAL, r.local_off, RIG_BYTES, PTE_RW);
	space_map(s, RIG_HOST, r.host_iova, RIG_BYTES, PTE_RW | PTE_BUS(0));
	space_map(s, RIG_FRAG, HOST_FRAG, HOST_FRAGS * 4096u, PTE_RW | PTE_BUS(0));
	space_map(s, RIG_SPARSE, 0, 64 << 10, PTE_RW | PTE_SPARSE);
	space_entry(s, RIG_HOLE, 0);
	r.q = queue_create(s, ~0u, 6);
	return r;
}

struct rig rig_open(struct card *c)
{
	return rig_open_on(space_create(c, ~0u));
}

void rig_map_peer(struct rig *r, struct card *peer)
{
	uint64_t off = user_alloc(peer, RIG_PEER_BYTES, 4096);

	r->peer_off[peer->index] = off;
	memset(peer->lmem + off, 0, RIG_PEER_BYTES);
	space_map(r->s, RIG_PEER + peer->index * 0x1000000u, peer->bus2 + off, RIG_PEER_BYTES,
		  PTE_RW | PTE_BUS(peer->index + 1));
	/* a FENCE waits for what was written to a peer where it can read back */
	card_flush_words(r->c);
}

uint8_t *rig_peer(struct rig *r, struct card *peer)
{
	return peer->lmem + r->peer_off[peer->index];
}

uint8_t *rig_at(struct rig *r, uint64_t va)
{
	if (va >= RIG_LOCAL && va < RIG_LOCAL + RIG_BYTES)
		return r->local + (va - RIG_LOCAL);
	if (va >= RIG_HOST && va < RIG_HOST + RIG_BYTES)
		return r->host + (va - RIG_HOST);
	if (va >= RIG_FRAG && va < RIG_FRAG + HOST_FRAGS * 4096u)
		return host_ptr(HOST_FRAG + (va - RIG_FRAG));
	if (va >= RIG_TABLE && va < RIG_TABLE + (128 << 10))
		return r->table + (va - RIG_TABLE);
	for (unsigned i = 0; i < HOST_CARDS; i++)
		if (va >= RIG_PEER + i * 0x1000000u && va < RIG_PEER + i * 0x1000000u + RIG_PEER_BYTES)
			return ct_cards[i].lmem + r->peer_off[i] + (va - RIG_PEER - i * 0x1000000u);
	CHECK(false, "no window of the rig at %#llx", (unsigned long long)va);
	return NULL;
}

void rig_bare_operand(struct rig *r, unsigned i, struct weft_operand o)
{
	memcpy(r->table + 32u * i, &o, sizeof(o));
}

void rig_operand(struct rig *r, unsigned i, uint64_t va)
{
	rig_bare_operand(r, i, (struct weft_operand){ .base = va, .depth = 1, .mul = 1, .div = 1 });
}

uint64_t rig_start(struct rig *r, const union weft_packet *p, unsigned n)
{
	if (r->call) {
		CHECK(n <= 2048, "list too long");
		memcpy(r->list, p, n * sizeof(*p));
		return queue_submit(r->q, RIG_LIST, n, RIG_TABLE, r->ntable);
	}
	for (unsigned i = 0; i < n; i++)
		queue_push(r->q, &p[i]);
	uint64_t f = queue_push_fence(r->q, true);
	queue_kick(r->q);
	return f;
}

void rig_run(struct rig *r, const union weft_packet *p, unsigned n)
{
	uint64_t fence = rig_start(r, p, n);

	queue_wait(r->q, fence, 10000);
	if (fence % 64 == 0) {
		evt_poll(r->c);
		if (r->c->nevt > EVT_LOG_MAX / 2)
			r->c->nevt = 0;
	}
}

void rig_renew(struct rig *r)
{
	queue_destroy(r->q);
	/* The carve-out has no free; a queue's memory is a few pages. Taking the old ones again checks re-use too. */
	struct queue old = *r->q;
	uint64_t next = r->c->carve_next, user_next = r->c->user_next;

	if (r->s->type == WEFT_AS_LR) {
		r->c->user_next = old.ring;
		r->c->carve_next = old.state;
	} else {
		r->c->carve_next = old.ring;
	}
	r->q = queue_create(r->s, ~0u, old.log2);
	if (r->c->carve_next < next)
		r->c->carve_next = next;
	if (r->c->user_next < user_next)
		r->c->user_next = user_next;
}

void rig_expect_fault(struct rig *r, uint64_t fence, uint32_t evt_from, const union weft_packet *p, struct fault f)
{
	struct weft_queue_state st;

	WAIT_FOR(queue_run(r->q) == WEFT_QS_FAULTED || queue_fence(r->q) == fence, 5000,
		 "fault %u (queue is in state %u)", f.cause, queue_run(r->q));
	queue_state(r->q, &st);
	CHECK(st.run == WEFT_QS_FAULTED, "no fault; cause %u was due", f.cause);
	CHECK(st.cause == f.cause || (f.or_cause && st.cause == f.or_cause),
	      "cause %u instead of %u (va %#llx, packet %u of list %#llx, op %#x)", st.cause, f.cause,
	      (unsigned long long)st.fault_va, st.fault_packet, (unsigned long long)st.fault_list, st.fault_op);
	CHECK(st.fence != fence, "the FENCE behind a fault was executed");
	if (f.lo != 1)
		CHECK(f.hi ? st.fault_va >= f.lo && st.fault_va < f.hi : !st.fault_va,
		      "cause %u: fault_va %#llx is not in [%#llx, %#llx)", st.cause, (unsigned long long)st.fault_va,
		      (unsigned long long)f.lo, (unsigned long long)f.hi);
	if (p) {
		uint64_t list = r->call ? RIG_LIST : 0;
		uint32_t index = r->call ? f.at : (uint32_t)(r->q->tail - 1) - f.at;
		uint32_t op = p->hdr.op;

		if (op == WEFT_PKT_EXEC)
			op |= (uint32_t)p->exec.oper << 8;
		CHECK_EQ(st.fault_list, list, "fault_list");
		if (r->call)
			CHECK_EQ(st.fault_packet, index, "fault_packet");
		CHECK_EQ(st.fault_op, op, "fault_op");
	}
	const struct weft_event *e = evt_wait(r->c, evt_from, WEFT_EVT_FAULT, r->q->id, 1000);
	CHECK_EQ(e->asid, r->s->asid, "asid of the FAULT event");
	CHECK_EQ(e->cause, st.cause, "cause of the FAULT event");
	CHECK_EQ(e->value, st.fault_va, "value of the FAULT event");
}

struct expectation {
	struct rig *r;
	uint64_t fence;
	uint32_t from;
	const union weft_packet *p;
	struct fault f;
};

static void expect(void *argument)
{
	struct expectation *e = argument;

	rig_expect_fault(e->r, e->fence, e->from, e->p, e->f);
}

void rig_fault(struct rig *r, const union weft_packet *p, unsigned n, struct fault f)
{
	evt_poll(r->c);
	if (r->c->nevt > EVT_LOG_MAX / 2)
		r->c->nevt = 0;
	uint32_t from = r->c->nevt;
	uint64_t fence = rig_start(r, p, n);

	struct expectation e = { r, fence, from, &p[f.at], f };
	ct_softly(expect, &e);
	if (queue_run(r->q) == WEFT_QS_FAULTED)
		rig_renew(r);
}
