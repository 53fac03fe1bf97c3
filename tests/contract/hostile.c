// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Two hostile address spaces. Each runs random packets with random addresses, cells and kicks; each has assets that its own
 * packets never name, but the other's do: memory filled with a secret, cells, a queue parked on one, a queue inside a LOOP.
 * Whatever either does, nothing of the other is written, read, woken or stopped.
 */
#include "cell.h"
#include "rig.h"

#include <string.h>
#include <unistd.h>

#define WORK		UINT64_C(0x10000000)	/* both: own local memory, the packet lists and tables among it */
#define WORK_BYTES	(UINT64_C(256) << 10)
#define LISTS_AT	(WORK_BYTES - (64 << 10))
#define TABLE_AT	(WORK_BYTES - (16 << 10))
#define GUEST		UINT64_C(0x20000000)	/* both: own guest memory */
#define PEER		UINT64_C(0x28000000)	/* both: own memory on card 1 */
#define PART		(UINT64_C(64) << 10)
#define CELLS		UINT64_C(0x30000000)	/* both: own cells */
#define ASSET(i)	(UINT64_C(0x510000000000) + UINT64_C(0x10000000) * (i))	/* one side's: local, then guest, then peer memory */
#define ASSET_CELLS(i)	(ASSET(i) + 0x8000000)
#define LIST_PACKETS	16
#define LISTS		8

struct side {
	unsigned i;
	struct space *s;
	struct queue *q, *waiter, *loop;
	struct sem *cells, *asset_cells;
	uint64_t work, guest, peer, asset[3], secret, ended, stops;
	uint64_t last;
	struct weft_queue_state parked;
};
static struct side side[2];
static bool peers;

static uint8_t *place(unsigned k, uint64_t at)
{
	return k == 0 ? CARD->lmem + at : k == 1 ? (uint8_t *)host_ptr(at) : ct_cards[1].lmem + at;
}

static void map_part(struct side *s, unsigned k, uint64_t va, uint64_t at)
{
	space_map(s->s, va, k == 2 ? ct_cards[1].bus2 + at : at, PART, PTE_RW | (k ? PTE_BUS(k == 2 ? 2 : 0) : 0));
}

/* An address for a packet of `s`, mostly its own, with room for `bytes`; else anything, the other's above all. */
static uint64_t address(struct side *s, uint64_t bytes, uint64_t align)
{
	unsigned other = !s->i;
	uint64_t a;

	switch (ct_below(32)) {
	case 0: a = ASSET(other) + 0x1000000 * ct_below(3) + ct_below(PART); break;
	case 1: a = ASSET_CELLS(other) + 32 * ct_below(128); break;
	case 2: a = side[other].asset[0] + ct_below(PART); break;		/* physical addresses, taken as virtual */
	case 3: a = CARD->bus2 + side[other].asset[0]; break;
	case 4: a = side[other].q->state + ct_below(4096); break;
	case 5: a = side[other].s->root + ct_below(4096); break;
	case 6: a = ct_rand() >> ct_below(40); break;
	case 7: a = WORK + WORK_BYTES - ct_below(bytes + 1); break;		/* across the end */
	case 8: a = QUEUE_VA(side[other].q->id) + ct_below(4096); break;
	case 9: case 10: a = CELLS + ct_below(4096); break;
	case 11: case 12: case 13: a = GUEST + ct_below(PART - bytes); break;
	case 14: case 15: a = PEER + ct_below(PART - bytes); break;
	default: a = WORK + ct_below(WORK_BYTES - bytes); break;
	}
	return ct_below(16) ? a & ~(align - 1) : a;
}

static uint64_t cell(struct side *s)
{
	return ct_below(4) ? CELLS + 32 * ct_below(128) : address(s, 32, 32);
}

static union weft_packet packet(struct side *s, unsigned depth)
{
	union weft_packet p = { 0 };
	uint64_t n = 1 + ct_below(ct_below(8) ? 256 : 8192);
	unsigned list = (unsigned)ct_below(LISTS);

	switch (ct_below(20)) {
	case 0: case 1: case 2: case 3: case 4:
		p = pkt_copy(address(s, n, 1), address(s, n, 1), n);
		if (!ct_below(4)) {
			p.copy.rows = (uint32_t)ct_below(6);
			p.copy.src_pitch = n + ct_below(600);
			p.copy.dst_pitch = n + ct_below(600);
		}
		break;
	case 5: case 6: p = pkt_fill(address(s, n & ~7u, 8), n & ~7u, 8, ct_rand()); break;
	case 7: p = pkt_timestamp(address(s, 8, 8)); break;
	case 8: case 9: case 10:
		p = pkt_signal(cell(s), ct_below(1000), ct_below(3), (uint8_t)ct_below(2));
		p.signal.words = (uint8_t)ct_below(ct_below(8) ? 8 : 16);
		break;
	case 11:
		p = pkt_wait(cell(s), ct_below(1000), ct_below(3));
		p.wait.end_level = ct_below(2) ? 0 : WEFT_WAIT_NO_LOOP;
		break;
	case 12: case 13:
		p = pkt_call(ct_below(8) ? WORK + LISTS_AT + 64 * LIST_PACKETS * list : address(s, 64, 64),
			     1 + (uint32_t)ct_below(LIST_PACKETS), ct_below(8) ? WORK + TABLE_AT : address(s, 32, 32), 64);
		if (depth && ct_below(2)) {
			p.call.op = WEFT_PKT_LOOP;
			p.call.count = ct_below(64) ? 1 + ct_below(20) : 0;
		}
		break;
	case 14: p = pkt_pred(address(s, 4, 4), (uint8_t)ct_below(5), (uint32_t)ct_rand()); break;
	case 15: p = ct_below(2) ? pkt_range((int32_t)ct_below(8) - 4, ct_below(8)) : pkt_break(0); break;
	case 16:
		p = pkt_reduce(WEFT_I32, (uint8_t)ct_below(5), 1 + (uint8_t)ct_below(4), 1, (uint16_t)ct_below(60),
			       (uint16_t)ct_below(66), ct_below(100));
		break;
	case 17:
		p = (union weft_packet){
			.exec = { .op = WEFT_PKT_EXEC, .flags = WEFT_PKT_TABLE, .oper = WEFT_OP_ADD_F32, .noperands = 3,
				  .u.index = { (uint16_t)ct_below(64), (uint16_t)ct_below(64), (uint16_t)ct_below(64) },
				  .dim = { (uint32_t)ct_below(200) } },
		};
		break;
	case 18:
		p = pkt_copy(ct_below(64), ct_below(64), ct_below(256));
		p.copy.flags = WEFT_PKT_TABLE;
		break;
	default:
		random_bytes(&p, sizeof(p));
		p.hdr.op %= WEFT_PKT_OP_COUNT + 1;
		if (ct_below(2))
			memset(&p.word[5], 0, 24);
	}
	return p;
}

static void lists(struct side *s)
{
	union weft_packet *p = (void *)(CARD->lmem + s->work + LISTS_AT);
	struct weft_operand *o = (void *)(CARD->lmem + s->work + TABLE_AT);

	for (unsigned i = 0; i < LISTS * LIST_PACKETS; i++)
		p[i] = packet(s, 1);
	for (unsigned i = 0; i < 64; i++) {
		o[i] = (struct weft_operand){ .base = address(s, 1024, 4), .stride = 4 * ct_below(64),
					      .depth = 1 + (uint16_t)ct_below(4), .mul = 1, .div = 1 };
		if (!ct_below(16))
			random_bytes(&o[i], 32);
	}
}

static void side_open(unsigned i, uint32_t type)
{
	struct side *s = &side[i];
	struct card *c = CARD;
	bool cells = type == WEFT_AS_LR && (c->caps & WEFT_CAP_CELLS);

	*s = (struct side){ .i = i, .s = space_create_as(c, ~0u, type), .secret = ct_rand() | 1 };
	s->work = user_alloc(c, WORK_BYTES, 4096);
	s->guest = host_alloc(PART);
	random_bytes(c->lmem + s->work, WORK_BYTES);
	space_map(s->s, WORK, s->work, WORK_BYTES, PTE_RW);
	map_part(s, 1, GUEST, s->guest);
	for (unsigned k = 0; k < (peers ? 3 : 2); k++) {
		s->asset[k] = k == 1 ? host_alloc(PART) : user_alloc(k ? &ct_cards[1] : c, PART, 4096);
		map_part(s, k, ASSET(i) + 0x1000000 * k, s->asset[k]);
		for (unsigned o = 0; o < PART; o += 8)
			memcpy(place(k, s->asset[k]) + o, &s->secret, 8);
	}
	if (peers) {
		s->peer = user_alloc(&ct_cards[1], PART, 4096);
		memset(ct_cards[1].lmem + s->peer, 0, PART);
		map_part(s, 2, PEER, s->peer);
	}
	s->cells = sem_create(c, c->caps & WEFT_CAP_CELLS);
	s->asset_cells = sem_create(c, c->caps & WEFT_CAP_CELLS);
	sem_map(s->cells, s->s, CELLS, PTE_SEM | WEFT_PTE_ATOMIC);
	sem_map(s->asset_cells, s->s, ASSET_CELLS(i), PTE_SEM);
	s->q = queue_create(s->s, ~0u, 6);
	if (!cells)
		return;
	union weft_packet p = pkt_wait(ASSET_CELLS(i), 1, 0);
	s->waiter = queue_create(s->s, ~0u, 4);
	queue_push(s->waiter, &p);
	queue_kick(s->waiter);
	queue_wait_run(s->waiter, WEFT_QS_PARKED, 2000, &s->parked);
	if (!(c->caps & WEFT_CAP_LOOP))
		return;
	uint64_t list = user_alloc(c, 4096, 4096), va = ASSET_CELLS(i) + 0x10000;
	union weft_packet body[2] = {
		pkt_wait(ASSET_CELLS(i) + 64, 1, 1), pkt_signal(ASSET_CELLS(i) + 32, 1, 1, WEFT_SCOPE_QUEUE),
	};
	memcpy(c->lmem + list, body, sizeof(body));
	space_map(s->s, va, list, 4096, WEFT_PTE_R);
	s->loop = queue_create(s->s, ~0u, 4);
	p = pkt_loop(va, 2, 0, 0, 0);
	queue_push(s->loop, &p);
	queue_kick(s->loop);
}

static void no_secret(struct side *of, const uint8_t *at, uint64_t bytes, const char *where)
{
	uint64_t turned[8], word;

	for (unsigned k = 0; k < 8; k++)
		turned[k] = k ? of->secret << 8 * k | of->secret >> (64 - 8 * k) : of->secret;
	for (uint64_t o = 0; o < bytes; o += 8) {
		memcpy(&word, at + o, 8);
		for (unsigned k = 0; k < 8; k++)
			CHECK(word != turned[k], "side %u has read the other's memory: its secret is at %llu of %s", !of->i,
			      (unsigned long long)o, where);
	}
}

static void judge(struct side *s)
{
	struct side *other = &side[!s->i];

	for (unsigned k = 0; k < (peers ? 3 : 2); k++)
		for (unsigned o = 0; o < PART; o += 8)
			CHECK(!memcmp(place(k, s->asset[k]) + o, &s->secret, 8), "byte %u of side %u's memory at place %u was written", o,
			      s->i, k);
	no_secret(s, CARD->lmem + other->work, WORK_BYTES, "local memory");
	no_secret(s, host_ptr(other->guest), PART, "guest memory");
	if (peers)
		no_secret(s, ct_cards[1].lmem + other->peer, PART, "peer memory");
	for (unsigned i = 0; i < WEFT_CELLS_PER_PAGE; i++) {
		volatile struct weft_cell *k = sem_cell(s->asset_cells, i);

		CHECK(!k->end && !k->tag && !k->fault && (i == 1 || i == 2 || !k->value), "cell %u of side %u was written", i, s->i);
	}
	if (s->waiter) {
		struct weft_queue_state st;

		queue_state(s->waiter, &st);
		CHECK(st.run == WEFT_QS_PARKED && st.retired == s->parked.retired && st.wait_since_ns == s->parked.wait_since_ns,
		      "side %u's parked queue was woken or stopped: run %u, cause %u", s->i, st.run, st.cause);
	}
	if (s->loop) {	/* does as many iterations as it is told, not one more, not one less */
		volatile struct weft_cell *done = sem_cell(s->asset_cells, 1);
		struct weft_queue_state st;

		queue_wait_run(s->loop, WEFT_QS_PARKED, 2000, &st);
		CHECK_EQ(done->value, s->last, "iterations of a loop that nobody told to go on");
		CHECK_EQ(st.retired, 2 * s->last, "packets retired by that loop");
		s->last += 1 + ct_below(5);
		sem_signal(s->asset_cells, 2, s->last, s->loop, ASSET_CELLS(s->i) + 64);
		WAIT_FOR(done->value == s->last, 2000, "side %u's loop going on to %llu (is %llu)", s->i,
			 (unsigned long long)s->last, (unsigned long long)done->value);
	}
}

/* A new queue in the memory of the old one. */
static void renew(struct side *s)
{
	struct queue old = *s->q;
	uint64_t user = CARD->user_next, carve = CARD->carve_next;

	queue_destroy(s->q);
	CARD->carve_next = old.s->type == WEFT_AS_LR ? old.state : old.ring;
	if (old.s->type == WEFT_AS_LR)
		CARD->user_next = old.ring;
	s->q = queue_create(s->s, old.id, old.log2);
	CARD->user_next = user;
	CARD->carve_next = carve;
	s->ended++;
}

static bool resting(struct queue *q)
{
	uint32_t run = queue_run(q);

	return run == WEFT_QS_FAULTED || run == WEFT_QS_STOPPED || (run == WEFT_QS_IDLE && queue_head(q) == q->tail);
}

static void settle(struct side *s)
{
	uint64_t until = ct_now_ns() + 1000000;
	unsigned round = 0;

	while (!resting(s->q) && ct_now_ns() < until)
		ct_nap(&round);
	CHECK(queue_run(s->q) != WEFT_QS_STOPPED, "side %u's queue was stopped by nobody of its own", s->i);
	if (!resting(s->q)) {	/* parked for good, or an endless LOOP */
		CHECK_EQ(safe_call(CARD, WEFT_SAFE_QUEUE_STOP, s->q->id, 0, 0), WEFT_SAFE_OK, "status of QUEUE_STOP");
		s->stops++;
	}
	if (queue_run(s->q) != WEFT_QS_IDLE)
		renew(s);
}

static void attack(uint32_t type)
{
	struct card *c = CARD;
	long want = ct_count(3000), packets = 0;

	peers = ct_ncards > 1 && c->nlinks > 2;
	cards_open(peers ? 2 : 1);
	card_need(c);
	card_flush_words(c);
	if (peers)
		card_need(&ct_cards[1]);
	side_open(0, type);
	side_open(1, type);
	if (!want)
		want = 3000;
	for (unsigned round = 0; packets < want; round++) {
		unsigned n = 1 + (unsigned)ct_below(8);

		for (unsigned i = 0; i < 2; i++) {
			if (!(round & 7))
				lists(&side[i]);
			for (unsigned k = 0; k < n; k++) {
				union weft_packet p = packet(&side[i], 1);

				queue_push(side[i].q, &p);
			}
		}
		queue_kick(side[0].q);
		queue_kick(side[1].q);
		if (!(round & 3))
			queue_kick_cell(side[round >> 2 & 1].q, ct_below(2) ? cell(&side[round >> 2 & 1]) : ct_rand());
		settle(&side[0]);
		settle(&side[1]);
		packets += n;
		evt_poll(c);
		c->nevt = 0;
		if (!(round & 63)) {
			judge(&side[0]);
			judge(&side[1]);
		}
	}
	for (unsigned i = 0; i < 2; i++)
		judge(&side[i]);
	ct_note("%ld packets of each side; %llu and %llu queues ended, %llu and %llu by a stop", packets,
		(unsigned long long)side[0].ended, (unsigned long long)side[1].ended, (unsigned long long)side[0].stops,
		(unsigned long long)side[1].stops);
}

static void fence(void) { attack(WEFT_AS_FENCE); }
static void lr(void) { attack(WEFT_AS_LR); }

static const struct ct_test tests[] = {
	{ "two FENCE spaces: random packets and addresses", fence, 0, 0, false },
	{ "two LR spaces: random packets, addresses, cells, kicks", lr, WEFT_CAP_LR, 0, false },
};
CT_SECTION(hostile);
