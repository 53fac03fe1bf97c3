// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Power states: a card in D3hot reaches nobody, is reached by nobody, and says afterwards that it had something to say. */
#include "cell.h"
#include "rig.h"

#include <string.h>
#include <unistd.h>

enum { D0 = 0, D3HOT = 3 };

/* Power management: the capability's control word. */
static unsigned pm_control(struct card *c)
{
	unsigned at = cfg_cap(c, 1);

	CHECK(at, "no power management capability");
	return at + 4;
}

static void power(struct card *c, unsigned state)
{
	unsigned pm = pm_control(c);

	cfg_wr(c, pm, (cfg_rd(c, pm, 2) & ~3u) | state, 2);
	if (state == D0)
		usleep(10000);	/* as PCI asks for */
	CHECK_EQ(cfg_rd(c, pm, 2) & 3, state, "power state");
}

/* Local memory as the host reaches it: through the bus, not through a mapping that may outlive the decoding. */
static uint32_t lmem_rd(struct card *c, uint64_t at)
{
	return (uint32_t)vu_read(&c->vu, WEFT_BAR_LMEM, at, 4);
}

static void d3hot(void)
{
	struct card *c = CARD;
	union weft_packet p = pkt_copy(RIG_LOCAL + 64, RIG_LOCAL, 64);
	uint64_t gen, limit, f;
	unsigned pm;

	card_need(c);
	struct rig r = rig_open(c);
	pm = pm_control(c);
	rig_run(&r, &p, 1);
	gen = rd64(c, WEFT_REG_RESET_GEN);
	limit = rd64(c, WEFT_REG_USER_LIMIT);
	memset(r.local, 0x5a, 64);
	CHECK(cfg_rd(c, pm, 2) & 8, "no No_Soft_Reset: the host would have to set everything up again");
	WAIT_FOR(queue_run(r.q) == WEFT_QS_IDLE, 5000, "the queue IDLE");
	/* Packets whose doorbell nobody will hear: they wait. */
	queue_push(r.q, &p);
	f = queue_push_fence(r.q, false);
	power(c, D3HOT);
	CHECK_EQ(cfg_rd(c, 0, 4), (uint32_t)WEFT_PCI_DEVICE << 16 | WEFT_PCI_VENDOR, "ids in D3hot");
	CHECK_EQ(rd32(c, WEFT_REG_MAGIC), ~0u, "a register in D3hot");
	CHECK_EQ(lmem_rd(c, r.local_off), ~0u, "local memory in D3hot");
	CHECK_EQ(vu_read(&c->vu, WEFT_BAR_DOORBELLS, (uint64_t)r.q->id * WEFT_DOORBELL_BYTES, 4), ~0u, "a doorbell read in D3hot");
	wr64(c, WEFT_REG_INJECT_ARG, 0x1234);
	wr32(c, WEFT_REG_FW_WATCHDOG_MS, 1);
	queue_kick(r.q);
	usleep(20000);
	CHECK(queue_fence(r.q) != f, "a doorbell was heard in D3hot");
	power(c, D0);
	CHECK_EQ(rd64(c, WEFT_REG_RESET_GEN), gen, "RESET_GEN");
	CHECK_EQ(rd64(c, WEFT_REG_USER_LIMIT), limit, "USER_LIMIT");
	CHECK(rd64(c, WEFT_REG_INJECT_ARG) != 0x1234, "a register was written in D3hot");
	CHECK(rd32(c, WEFT_REG_FW_WATCHDOG_MS) != 1, "a register was written in D3hot");
	CHECK_EQ(lmem_rd(c, r.local_off), 0x5a5a5a5au, "local memory after D3hot");
	queue_kick(r.q);
	queue_wait(r.q, f, 5000);
	CHECK_EQ(r.local[64], 0x5a, "byte copied after D3hot");
}

/* A state that does not exist, or is optional and left out, changes nothing. */
static void d1_d2(void)
{
	struct card *c = CARD;
	unsigned pm = pm_control(c);

	card_need(c);
	for (unsigned state = 1; state < 3; state++) {
		ct_about("D%u", state);
		cfg_wr(c, pm, (cfg_rd(c, pm, 2) & ~3u) | state, 2);
		CHECK_EQ(cfg_rd(c, pm, 2) & 3, D0, "power state");
		CHECK_EQ(rd32(c, WEFT_REG_MAGIC), WEFT_MAGIC, "MAGIC");
	}
	ct_about("%s", "");
}

/* Time limits run on, so a queue that waits too long there has an event that cannot be sent. */
static void overflow(void)
{
	struct card *c = CARD;
	struct weft_queue_desc how = { .band = WEFT_BAND_NORMAL, .weight = 100, .wait_limit_ns = 100000000 };

	card_need(c);
	struct space *s = space_create_as(c, ~0u, WEFT_AS_LR);
	struct sem *p = sem_create(c, false);
	struct queue *q = queue_create_how(s, ~0u, 4, &how);
	union weft_packet w = pkt_wait(UINT64_C(0x30000000), 1, 0);
	sem_map(p, s, UINT64_C(0x30000000), PTE_SEM);
	evt_poll(c);
	uint32_t from = c->nevt;
	queue_push(q, &w);
	queue_kick(q);
	queue_wait_run(q, WEFT_QS_PARKED, 5000, NULL);
	power(c, D3HOT);
	/* it may have been told of before */
	struct weft_event *next = (struct weft_event *)host_ptr(c->evt_iova) + c->evt_next;
	bool early = next->seq;
	usleep(200000);
	CHECK(early || !*(volatile uint32_t *)&next->seq, "an event was written in D3hot");
	power(c, D0);
	if (!early && !evt_find(c, from, WEFT_EVT_WAIT_LIMIT, q->id))
		CHECK_EQ(rd32(c, WEFT_REG_EVT_STATUS), WEFT_EVT_STATUS_OVERFLOW, "EVT_STATUS after an event of D3hot");
}

/* Neither data nor cells: for a peer it is not there. */
static void peer(void)
{
	struct card *c = CARD, *p = &ct_cards[1];
	const uint64_t va = RIG_PEER + 0x1000000;

	cards_open(2);
	card_need(c);
	card_need(p);
	struct rig r = rig_open(c);
	rig_map_peer(&r, p);
	volatile uint32_t *word = (void *)rig_peer(&r, p);
	union weft_packet k[2] = { pkt_fill(va, 4096, 4, 1), pkt_copy(RIG_LOCAL, va, 4096) };
	rig_run(&r, k, 2);
	power(p, D3HOT);
	k[0] = pkt_fill(va, 4096, 4, 2);
	for (unsigned i = 0; i < 2; i++)
		rig_fault(&r, &k[i], 1, (struct fault){ .cause = WEFT_FAULT_BUS, VA_IN(va, 4096) });
	CHECK_EQ(*word, 1, "word of a peer in D3hot");
	power(p, D0);
	CHECK_EQ(*word, 1, "word of a peer that was in D3hot");
	rig_run(&r, k, 2);
	CHECK_EQ(*word, 2, "word of the peer in D0");
}

static const struct ct_test tests[] = {
	{ "D3hot: out of reach, reaches nothing, keeps everything", d3hot, 0, 0, true },
	{ "there is no D1 and no D2", d1_d2, 0, 0, true },
	{ "D3hot: what would have been an event", overflow, WEFT_CAP_LR | WEFT_CAP_CELLS, 0, true },
	{ "D3hot: no peer reaches it", peer, 0, 2, true },
};
CT_SECTION(power);
