// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * A thousand queues with work on one engine, and one queue with all of it. They wait for one cell, so that all of them
 * become ready at once; each then runs its LOOP between two time stamps.
 */
#include "figure.h"
#include "cell.h"

#include <stdlib.h>
#include <string.h>

#define QUEUES		1000
#define CELL_VA		UINT64_C(0x12370000)
#define LIST		0x18000		/* of RIG_LIST */
#define PACKETS_EACH	64
#define COUNT		64		/* of a queue's LOOP */
#define JOB_MS		20000

static void open_queues(struct bench *b)
{
	const struct weft_queue_desc how = { .band = WEFT_BAND_NORMAL, .weight = 100 };

	b->crowd = calloc(QUEUES, sizeof(*b->crowd));
	CHECK(b->crowd, "out of memory");
	b->gate = sem_create(CARD, false);
	sem_map(b->gate, b->lane.s, CELL_VA, PTE_SEM);
	memset(b->lane.list + LIST, 0, PACKETS_EACH * sizeof(union weft_packet));
	for (unsigned i = 0; i < QUEUES; i++)
		b->crowd[i] = queue_create_soon(b->lane.s, ~0u, WEFT_RING_LOG2_MIN, &how);
	queue_created(CARD);
}

static void post(struct bench *b, unsigned i, uint64_t count)
{
	uint64_t stamps = RIG_LOCAL + 16 * i;
	union weft_packet p[] = { pkt_wait(CELL_VA, b->gates, 0), pkt_timestamp(stamps),
				  pkt_loop(RIG_LIST + LIST, PACKETS_EACH, 0, 0, count), pkt_timestamp(stamps + 8) };

	for (unsigned k = 0; k < ARRAY_LEN(p); k++)
		queue_push(b->crowd[i], &p[k]);
	queue_kick(b->crowd[i]);
}

/* ns in which the first n queues do it, from the first stamp to the last */
static double run(struct bench *b, unsigned n, uint64_t count)
{
	uint64_t first = UINT64_MAX, last = 0;

	b->gates++;
	memset(b->lane.local, 0, 16 * QUEUES);
	for (unsigned i = 0; i < n; i++)
		post(b, i, count);
	for (unsigned i = 0; i < n; i++)
		queue_wait_run(b->crowd[i], WEFT_QS_PARKED, JOB_MS, NULL);
	sem_signal(b->gate, 0, b->gates, b->crowd[0], CELL_VA);
	for (unsigned i = 0; i < n; i++)
		queue_wait_done(b->crowd[i], JOB_MS);
	for (unsigned i = 0; i < n; i++) {
		uint64_t t[2];

		memcpy(t, b->lane.local + 16 * i, sizeof(t));
		CHECK(t[0] && t[1] > t[0], "queue %u: stamps %llu and %llu", i, (unsigned long long)t[0],
		      (unsigned long long)t[1]);
		first = t[0] < first ? t[0] : first;
		last = t[1] > last ? t[1] : last;
	}
	return (double)(last - first);
}

double crowd_sample(struct bench *b, double *ratio)
{
	double many, one;

	if (!b->crowd)
		open_queues(b);
	many = run(b, QUEUES, COUNT);
	one = run(b, 1, COUNT * QUEUES);
	*ratio = one / many;
	return 1000.0 * PACKETS_EACH * COUNT * QUEUES / many;
}
