// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* FENCE as a flush of every link, flushes over links that are masked, and masks beside one another. */
#include "cell.h"
#include "rig.h"

#include <string.h>
#include <unistd.h>

#define PEER(i)	(RIG_PEER + 0x1000000u * (i))
#define CELL	UINT64_C(0x30000000)

/* FILL, then FENCE; the queue's state when it is at rest. */
static struct weft_queue_state fill_fence(struct rig *r, uint64_t va, uint64_t value)
{
	union weft_packet p = pkt_fill(va, 64, 8, value);
	struct weft_queue_state st;

	rig_run(r, &p, 1);
	queue_wait_run(r->q, WEFT_QS_IDLE, 5000, &st);
	return st;
}

/* The FENCE itself faults, and its value is not stored. */
static void no_fence(struct rig *r, uint64_t va)
{
	union weft_packet p = pkt_fill(va, 64, 8, 1);
	uint32_t from = r->c->nevt;
	uint64_t f = rig_start(r, &p, 1);

	rig_expect_fault(r, f, from, NULL, (struct fault){ .cause = WEFT_FAULT_LINK_DOWN });
	rig_renew(r);
}

static void fence(void)
{
	struct card *c = CARD;
	uint64_t word = host_alloc(4096);

	card_need(c);
	struct rig r = rig_open(c);
	wr64(c, WEFT_REG_LINK_FLUSH(0), 0);
	CHECK_EQ(fill_fence(&r, RIG_HOST, 1).dirty_links, 1, "dirty_links behind a FENCE, the link having no LINK_FLUSH");
	wr64(c, WEFT_REG_LINK_FLUSH(0), word);
	CHECK_EQ(fill_fence(&r, RIG_HOST, 2).dirty_links, 0, "dirty_links behind a FENCE");
	memset(host_ptr(word), 0xff, 8);
	no_fence(&r, RIG_HOST);
	wr64(c, WEFT_REG_LINK_FLUSH(0), HOST_NOBODY);
	no_fence(&r, RIG_HOST);
	wr64(c, WEFT_REG_LINK_FLUSH(0), 0);
	fill_fence(&r, RIG_HOST, 3);
}

/* What the FENCE's value says is so, wherever it was written; the host looks at once, and no event is in its way. */
static void visible(void)
{
	struct card *c = CARD;
	volatile uint64_t *at[3];
	uint64_t va[3];

	cards_open(3);
	for (unsigned i = 0; i < 3; i++)
		card_need(&ct_cards[i]);
	card_flush_words(c);
	struct rig r = rig_open(c);
	at[0] = (void *)r.host;
	va[0] = RIG_HOST;
	for (unsigned i = 1; i < 3; i++) {
		rig_map_peer(&r, &ct_cards[i]);
		at[i] = (void *)rig_peer(&r, &ct_cards[i]);
		va[i] = PEER(i);
	}
	for (uint64_t n = 1; n <= 400; n++) {
		uint64_t late = 0, until = ct_now_ns() + UINT64_C(5000000000);

		for (unsigned i = 0; i < 3; i++) {
			union weft_packet p = pkt_fill(va[i], 64, 8, n);

			queue_push(r.q, &p);
		}
		uint64_t f = queue_push_fence(r.q, false);
		queue_kick(r.q);
		while (queue_fence(r.q) != f)
			CHECK(ct_now_ns() < until, "no fence within 5 s");
		for (unsigned i = 0; i < 3; i++)
			late |= (uint64_t)(at[i][7] != n) << i;
		CHECK(!late, "the FENCE of round %llu is there, what was written before is not (links %#llx)", (unsigned long long)n,
		      (unsigned long long)late);
	}
}

static struct rig pair(void)
{
	cards_open(2);
	card_need(CARD);
	card_need(&ct_cards[1]);
	struct rig r = rig_open(CARD);
	rig_map_peer(&r, &ct_cards[1]);
	return r;
}

static void mask(struct card *c, unsigned op, unsigned link)
{
	CHECK_EQ(safe_call(c, op, link, 0, 0), WEFT_SAFE_OK, "status of LINK_MASK or LINK_UNMASK");
}

/* The link was written to, then masked: that cannot be flushed any more. */
static void masked_fence(void)
{
	struct rig r = pair();
	struct card *c = r.c;
	union weft_packet p = pkt_fill(PEER(1), 64, 8, 1);

	card_flush_words(c);
	queue_push(r.q, &p);
	queue_kick(r.q);
	queue_wait_run(r.q, WEFT_QS_IDLE, 5000, NULL);
	mask(c, WEFT_SAFE_LINK_MASK, 2);
	uint32_t from = c->nevt;
	uint64_t f = queue_push_fence(r.q, false);
	queue_kick(r.q);
	rig_expect_fault(&r, f, from, NULL, (struct fault){ .cause = WEFT_FAULT_LINK_DOWN });
	mask(c, WEFT_SAFE_LINK_UNMASK, 2);
	rig_renew(&r);
	CHECK_EQ(fill_fence(&r, PEER(1), 2).dirty_links, 0, "dirty_links behind a FENCE, the link unmasked");
}

static void masked_signal(void)
{
	struct rig r = pair();
	struct card *c = r.c;
	struct space *s = space_create_as(c, ~0u, WEFT_AS_LR);
	struct sem *cells = sem_create(c, false);
	struct queue *q = queue_create(s, ~0u, 4);
	struct weft_queue_state st;
	union weft_packet p = pkt_fill(PEER(1), 64, 8, 1), k = pkt_signal(CELL, 1, 0, WEFT_SCOPE_SYSTEM);

	card_flush_words(c);
	sem_map(cells, s, CELL, PTE_SEM);
	space_map(s, PEER(1), ct_cards[1].bus2 + r.peer_off[1], 4096, PTE_RW | PTE_BUS(2));
	queue_push(q, &p);
	queue_kick(q);
	queue_wait_done(q, 5000);
	mask(c, WEFT_SAFE_LINK_MASK, 2);
	queue_push(q, &k);
	queue_kick(q);
	queue_wait_run(q, WEFT_QS_FAULTED, 5000, &st);
	CHECK_EQ(st.cause, WEFT_FAULT_LINK_DOWN, "cause");
	CHECK_EQ(st.fault_va, 0, "fault_va of a flush");
	CHECK_EQ(sem_cell(cells, 0)->value, 0, "cell of a SIGNAL whose flush failed");
	mask(c, WEFT_SAFE_LINK_UNMASK, 2);
}

static void unmask_one(void)
{
	struct rig r = pair();
	union weft_packet p[2] = { pkt_fill(PEER(1), 64, 8, 1), pkt_fill(RIG_HOST, 64, 8, 2) };

	mask(r.c, WEFT_SAFE_LINK_MASK, 0);
	mask(r.c, WEFT_SAFE_LINK_MASK, 2);
	mask(r.c, WEFT_SAFE_LINK_UNMASK, 2);
	rig_run(&r, p, 1);
	rig_fault(&r, p, 2, (struct fault){ .at = 1, .cause = WEFT_FAULT_LINK_DOWN, VA_IN(RIG_HOST, 1) });
	mask(r.c, WEFT_SAFE_LINK_UNMASK, 0);
	rig_run(&r, p, 2);
}

#define S WEFT_CAP_SYSTEM_SCOPE
#define M WEFT_CAP_LINK_MASK
static const struct ct_test tests[] = {
	{ "FENCE cleans links, and faults where it cannot", fence, S, 0, false },
	{ "a FENCE is seen behind what was written to host and peers", visible, S, 3, false },
	{ "FENCE behind writes to a link that was masked since", masked_fence, S | M, 2, false },
	{ "SIGNAL behind writes to a link that was masked since", masked_signal, S | M | WEFT_CAP_CELLS | WEFT_CAP_LR, 2, false },
	{ "LINK_UNMASK leaves other links masked", unmask_one, M, 2, false },
};
CT_SECTION(flush);
