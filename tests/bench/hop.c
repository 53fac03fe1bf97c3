// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Two user queues on two cards wake each other in turn. Before each SIGNAL and after each WAIT a time stamp is stored;
 * both cards have one clock.
 */
#include "figure.h"
#include "cell.h"

#include <string.h>
#include <unistd.h>

#define HOPS		512
#define OWN_CELL	UINT64_C(0x12350000)
#define FAR_CELL	UINT64_C(0x12360000)
#define DONE_MS		10000

static void open_queues(struct bench *b)
{
	struct sem *cells[2];

	for (unsigned i = 0; i < 2; i++) {
		b->hop[i] = rig_open_on(space_create_as(&ct_cards[i], ~0u, WEFT_AS_LR));
		cells[i] = sem_create(&ct_cards[i], false);
		rig_bare_operand(&b->hop[i], 0, (struct weft_operand){ .base = RIG_LOCAL, .stride = 8, .depth = HOPS,
								       .mul = 1, .div = 1 });
	}
	for (unsigned i = 0; i < 2; i++) {
		sem_map(cells[i], b->hop[i].s, OWN_CELL, PTE_SEM);
		sem_map(cells[!i], b->hop[i].s, FAR_CELL, PTE_SEM);
	}
}

/* The queue of card 0 signals and then waits, that of card 1 waits and then signals; only the way there is taken. */
static void start(struct bench *b, unsigned card)
{
	struct rig *r = &b->hop[card];
	union weft_packet stamp = pkt_timestamp(0), loop = pkt_loop(RIG_LIST, 3, RIG_TABLE, 1, HOPS);
	union weft_packet signal = pkt_signal(FAR_CELL, b->hops + 1, 1, WEFT_SCOPE_QUEUE);
	union weft_packet wait = pkt_wait(OWN_CELL, b->hops + 1, 1);
	union weft_packet list[2][3] = { { stamp, signal, wait }, { wait, stamp, signal } };

	for (unsigned i = 0; i < 3; i++)
		if (list[card][i].hdr.op == WEFT_PKT_TIMESTAMP)
			list[card][i].hdr.flags = WEFT_PKT_TABLE;
	memcpy(r->list, list[card], sizeof(list[card]));
	memset(r->local, 0, HOPS * sizeof(uint64_t));
	queue_push(r->q, &loop);
	queue_kick(r->q);
}

double hop_sample(struct bench *b, double *ratio)
{
	double ns[HOPS];

	(void)ratio;
	if (!b->hop[0].q)
		open_queues(b);
	start(b, 1);
	start(b, 0);
	/* Whoever looks meanwhile takes a core from one of the two engines. */
	usleep(4 * HOPS);
	for (unsigned i = 0; i < 2; i++)
		queue_wait_done(b->hop[i].q, DONE_MS);
	b->hops += HOPS;
	for (unsigned i = 0; i < HOPS; i++) {
		uint64_t from, to;

		memcpy(&from, b->hop[0].local + 8 * i, sizeof(from));
		memcpy(&to, b->hop[1].local + 8 * i, sizeof(to));
		CHECK(from && to > from, "hop %u: stamps %llu and %llu", i, (unsigned long long)from, (unsigned long long)to);
		ns[i] = (double)(to - from);
	}
	sort(ns, HOPS);
	return ns[HOPS / 2] / 1000;
}
