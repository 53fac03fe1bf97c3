// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Traffic that config space cuts off: once the write is answered nothing of it arrives any more. */
#include "rig.h"

#include <string.h>
#include <unistd.h>

#define PEER	(RIG_PEER + 0x1000000)
#define ROUNDS	16u

enum way { MASTER, SLEEP, DECODE, PEER_SLEEP, MOVE, WAYS };
static const char *const names[WAYS] = {
	"bus mastering off", "D3hot", "decoding off at the peer", "D3hot of the peer", "another BAR of the peer",
};

static void power(struct card *c, unsigned state)
{
	unsigned pm = cfg_cap(c, 1) + 4;

	cfg_wr(c, pm, (cfg_rd(c, pm, 2) & ~3u) | state, 2);
}

static void cut(struct card *c, struct card *p, enum way how)
{
	switch (how) {
	case MASTER: cfg_wr(c, 4, 2, 2); break;
	case SLEEP: power(c, 3); break;
	case DECODE: cfg_wr(p, 4, 4, 2); break;
	case PEER_SLEEP: power(p, 3); break;
	/* sizing, as some hosts do it with decoding on */
	case MOVE: cfg_wr(p, 0x1c, (uint32_t)(p->bus2 >> 32) + 0x1000, 4); break;
	case WAYS: break;
	}
}

static void mend(struct card *c, struct card *p, enum way how)
{
	switch (how) {
	case MASTER: cfg_wr(c, 4, 6, 2); break;
	case SLEEP: power(c, 0); break;
	case DECODE: cfg_wr(p, 4, 6, 2); break;
	case PEER_SLEEP: power(p, 0); break;
	case MOVE: cfg_wr(p, 0x1c, (uint32_t)(p->bus2 >> 32), 4); break;
	case WAYS: break;
	}
}

/* FILLs of card c arrive at `mem` all the time; few marks, set fast: a unit in flight writes for microseconds more. */
static void cut_often(struct rig *r, struct card *p, uint64_t va, volatile uint8_t *mem, enum way how)
{
	static union weft_packet k[200];

	ct_about("%s", names[how]);
	for (unsigned i = 0; i < ARRAY_LEN(k); i++)
		k[i] = pkt_fill(va, RIG_PEER_BYTES, 4, 0x77777777);
	for (unsigned round = 0; round < ROUNDS; round++) {
		mem[0] = 0;
		rig_start(r, k, ARRAY_LEN(k));
		WAIT_FOR(mem[0] == 0x77, 5000, "the first byte written");
		usleep((useconds_t)ct_below(1000));
		cut(r->c, p, how);
		for (uint64_t o = 0; o < RIG_PEER_BYTES; o += 1021)
			mem[o] = 0x22;
		usleep(1500);
		for (uint64_t o = 0; o < RIG_PEER_BYTES; o += 1021)
			CHECK(mem[o] == 0x22, "byte %llu was written after it was answered", (unsigned long long)o);
		mend(r->c, p, how);
		if (how == SLEEP || how == PEER_SLEEP)
			usleep(10000);
		if (queue_run(r->q) != WEFT_QS_FAULTED)
			CHECK_EQ(safe_call(r->c, WEFT_SAFE_QUEUE_STOP, r->q->id, 0, 0), WEFT_SAFE_OK, "status of QUEUE_STOP");
		rig_renew(r);
	}
	k[0] = pkt_fill(va, 64, 4, 0x55555555);
	rig_run(r, k, 1);
	WAIT_FOR(mem[0] == 0x55, 5000, "a byte written once all is as before");
	ct_about("%s", "");
}

static void host(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	cut_often(&r, NULL, RIG_HOST, r.host, MASTER);
	cut_often(&r, NULL, RIG_HOST, r.host, SLEEP);
}

/* The greatest number in the event ring. */
static uint32_t newest(struct card *c)
{
	volatile const struct weft_event *e = host_ptr(c->evt_iova);
	uint32_t most = 0;

	for (unsigned i = 0; i < 1u << c->evt_log2; i++)
		most = e[i].seq > most ? e[i].seq : most;
	return most;
}

static void events(void)
{
	struct card *c = CARD;

	card_need(c);
	struct space *s = space_create(c, ~0u);
	for (unsigned round = 0; round < 100; round++) {
		uint64_t fence = 0, end = ct_now_ns() + 2000000000;
		uint32_t last, from = 1 + ct_below(20);
		struct queue *q;

		evt_start(c, 7);
		q = queue_create(s, ~0u, 6);
		for (unsigned i = 0; i < 60; i++)
			fence = queue_push_fence(q, true);
		queue_kick(q);
		while (newest(c) < from && ct_now_ns() < end)
			;
		cut(c, NULL, MASTER);
		last = newest(c);
		usleep(300);
		CHECK_EQ(newest(c), last, "newest event after it was answered that bus mastering is off");
		mend(c, NULL, MASTER);
		queue_wait(q, fence, 2000);
		queue_destroy(q);
	}
	card_forget(c);
}

static void peers(void)
{
	struct card *c = CARD, *p = &ct_cards[1];

	cards_open(2);
	card_need(c);
	card_need(p);
	struct rig r = rig_open(c);
	rig_map_peer(&r, p);
	for (enum way how = MASTER; how < WAYS; how++)
		cut_often(&r, p, PEER, rig_peer(&r, p), how);
}

static const struct ct_test tests[] = {
	{ "what a card writes to host memory", host, 0, 0, true },
	{ "what a card writes to its event ring", events, 0, 0, true },
	{ "what a card writes to a peer", peers, 0, 2, true },
};
CT_SECTION(cut);
