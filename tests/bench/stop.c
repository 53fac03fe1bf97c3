// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Two operations that must not take long, on a queue in the midst of work: forgetting translations of its space, and
 * stopping it. Register writes and reads over the socket are part of it, as they are for a driver.
 */
#include "figure.h"

#include <unistd.h>

#define BUSY		64		/* copies of 16 MiB: some 40 ms */
#define OP_MS		2000
#define STATE_MS	10000

static void start(struct bench *b)
{
	static union weft_packet p[BUSY];

	for (unsigned i = 0; i < BUSY; i++)
		p[i] = pkt_copy(b->va[OTHER], b->va[HOST], AREA_BYTES);
	rig_start(&b->rig, p, BUSY);
	WAIT_FOR(queue_run(b->rig.q) == WEFT_QS_RUNNING, STATE_MS, "the queue RUNNING");
	usleep((useconds_t)ct_below(1000));
}

static double timed(struct bench *b, unsigned op, uint64_t arg)
{
	uint64_t t = ct_now_ns();
	uint32_t seq = safe_start(b->rig.c, op, arg, 0, 0);

	CHECK_EQ(safe_wait(b->rig.c, op, seq, OP_MS), WEFT_SAFE_OK, "status");
	return (double)(ct_now_ns() - t) / 1000;
}

/* Also ends the work of a sample, so that no other figure meets it. */
static double stop(struct bench *b)
{
	double us = timed(b, WEFT_SAFE_QUEUE_STOP, b->rig.q->id);

	queue_wait_run(b->rig.q, WEFT_QS_STOPPED, STATE_MS, NULL);
	rig_renew(&b->rig);
	evt_poll(b->rig.c);
	b->rig.c->nevt = 0;
	return us;
}

double invalidate_sample(struct bench *b, double *ratio)
{
	double us;

	(void)ratio;
	start(b);
	us = timed(b, WEFT_SAFE_AS_INVALIDATE, b->rig.s->asid);
	CHECK_EQ(queue_run(b->rig.q), WEFT_QS_RUNNING, "state of the queue afterwards");
	stop(b);
	return us;
}

double stop_sample(struct bench *b, double *ratio)
{
	(void)ratio;
	start(b);
	return stop(b);
}
