// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* What a fault costs: the queue that caused it, nobody else; what its record says. */
#include "rig.h"

#include <string.h>
#include <unistd.h>

static void record(void)
{
	struct card *c = CARD;
	union weft_packet p[40];

	card_need(c);
	struct rig r = rig_open(c);
	for (unsigned at = 0; at < 40; at += 13) {
		for (unsigned i = 0; i < 40; i++)
			p[i] = pkt_fill(RIG_LOCAL + 64 * i, 64, 4, 0x1000 + i);
		memset(r.local, 0, 4096);
		p[at] = pkt_copy(RIG_LOCAL + 8192, RIG_HOLE + 4096 * at + 64, 64);
		rig_fault(&r, p, 40, (struct fault){ .at = at, .cause = WEFT_FAULT_PT_INVALID, VA_IN(RIG_HOLE + 4096 * at + 64, 1) });
		for (unsigned i = 0; i < 40; i++)
			CHECK_EQ(*(uint32_t *)(void *)(r.local + 64 * i), i < at ? 0x1000 + i : 0, "word of a packet around a fault");
	}
}

static void stays(void)
{
	struct card *c = CARD;
	struct weft_queue_state st;
	union weft_packet p = { .hdr = { .op = 200 } };

	card_need(c);
	struct rig r = rig_open(c);
	uint32_t from = c->nevt;
	uint64_t f = rig_start(&r, &p, 1);
	rig_expect_fault(&r, f, from, &p, (struct fault){ .cause = WEFT_FAULT_OPCODE });
	queue_state(r.q, &st);
	uint64_t head = st.head, retired = st.retired;
	/* more work and doorbells: nothing may move */
	for (int i = 0; i < 3; i++) {
		queue_push_fence(r.q, true);
		queue_tail(r.q);
		queue_ring(r.q);
	}
	usleep(20000);
	queue_state(r.q, &st);
	CHECK_EQ(st.run, WEFT_QS_FAULTED, "state");
	CHECK_EQ(st.cause, WEFT_FAULT_OPCODE, "cause");
	CHECK_EQ(st.head, head, "head after the fault");
	CHECK_EQ(st.retired, retired, "retired after the fault");
	CHECK(!evt_find(c, from, WEFT_EVT_FENCE, r.q->id), "a FENCE event of a faulted queue");
	unsigned faults = 0;
	for (uint32_t i = from; i < c->nevt; i++)
		faults += c->evt[i].type == WEFT_EVT_FAULT && c->evt[i].queue == r.q->id;
	CHECK_EQ(faults, 1, "FAULT events of a queue that faulted once");
	CHECK_EQ(safe_call(c, WEFT_SAFE_QUEUE_STOP, r.q->id, 0, 0), WEFT_SAFE_OK, "QUEUE_STOP of a faulted queue");
	CHECK_EQ(queue_run(r.q), WEFT_QS_FAULTED, "state of a faulted queue after QUEUE_STOP");
	rig_renew(&r);
	CHECK_EQ(queue_fence(r.q), 0, "fence of the queue created anew");
	p = pkt_fill(RIG_LOCAL, 64, 4, 5);
	rig_run(&r, &p, 1);
}

static void others(void)
{
	struct card *c = CARD;
	struct rig r[4];
	uint64_t f[4];
	union weft_packet bad[20], good[20];

	card_need(c);
	for (unsigned i = 0; i < 4; i++)
		r[i] = i == 1 ? r[0] : rig_open(c);
	r[1].q = queue_create(r[0].s, ~0u, 6);	/* same space as the faulting one */
	for (unsigned i = 0; i < 20; i++)
		bad[i] = good[i] = pkt_copy(RIG_LOCAL + (2u << 20), RIG_HOST, 100000);
	bad[19] = pkt_fill(RIG_HOLE, 64, 4, 0);
	for (int round = 0; round < 20; round++) {
		evt_poll(c);
		uint32_t from = c->nevt = 0;

		/* lists lie in one place per space: queue 1 runs its packets from the ring's second half of the list */
		memcpy(r[0].list, bad, sizeof(bad));
		if (r[0].call) {
			memcpy(r[0].list + 0x4000, good, sizeof(good));
			f[0] = queue_submit(r[0].q, RIG_LIST, 20, 0, 0);
			f[1] = queue_submit(r[1].q, RIG_LIST + 0x4000, 20, 0, 0);
		} else {
			f[0] = rig_start(&r[0], bad, 20);
			f[1] = rig_start(&r[1], good, 20);
		}
		f[2] = rig_start(&r[2], good, 20);
		f[3] = rig_start(&r[3], good, 20);
		for (unsigned i = 1; i < 4; i++)
			queue_wait(r[i].q, f[i], 5000);
		rig_expect_fault(&r[0], f[0], from, NULL, (struct fault){ .cause = WEFT_FAULT_PT_INVALID, VA_IN(RIG_HOLE, 1) });
		queue_destroy(r[0].q);
		uint64_t next = c->carve_next;
		c->carve_next = r[0].q->ring;
		r[0].q = queue_create(r[0].s, r[0].q->id, 6);
		c->carve_next = next > c->carve_next ? next : c->carve_next;
	}
}

static void storm(void)
{
	struct card *c = CARD;
	struct rig r[8];
	uint64_t f[8];

	card_need(c);
	for (unsigned i = 0; i < 8; i++)
		r[i] = rig_open(c);
	for (int round = 0; round < 10; round++) {
		evt_poll(c);
		c->nevt = 0;
		for (unsigned i = 0; i < 8; i++) {
			union weft_packet p = pkt_fill(RIG_HOLE + 64 * i, 64, 4, 0);

			f[i] = rig_start(&r[i], &p, 1);
		}
		for (unsigned i = 0; i < 8; i++)
			rig_expect_fault(&r[i], f[i], 0, NULL, (struct fault){ .cause = WEFT_FAULT_PT_INVALID, VA_IN(RIG_HOLE + 64 * i, 1) });
		for (unsigned i = 0; i < 8; i++)
			CHECK(!evt_find(c, (uint32_t)(evt_find(c, 0, WEFT_EVT_FAULT, r[i].q->id) - c->evt) + 1, WEFT_EVT_FAULT,
					r[i].q->id), "two FAULT events for one fault");
		for (unsigned i = 0; i < 8; i++) {
			uint64_t next = c->carve_next;

			queue_destroy(r[i].q);
			c->carve_next = r[i].q->ring;
			r[i].q = queue_create(r[i].s, r[i].q->id, 6);
			c->carve_next = next;
		}
	}
}

static void partial(void)
{
	struct card *c = CARD;
	uint64_t va = UINT64_C(0x460000000000);

	card_need(c);
	struct rig r = rig_open(c);
	/* the last page of a long operand is missing; packet index and address must still be right */
	uint64_t at = user_alloc(c, 1 << 20, 4096);
	space_map(r.s, va, at, 1 << 20, PTE_RW);
	union weft_packet p[3] = { [1] = pkt_copy(RIG_HOST, va, (1 << 20) + 8) };
	rig_fault(&r, p, 3, (struct fault){ .at = 1, .cause = WEFT_FAULT_PT_INVALID, VA_IN(va + (1 << 20), 1) });
	p[1] = pkt_copy(va, RIG_HOST, (1 << 20) + 8);
	rig_fault(&r, p, 3, (struct fault){ .at = 1, .cause = WEFT_FAULT_PT_INVALID, VA_IN(va + (1 << 20), 1) });
	p[1] = pkt_fill(va + 4096, 1 << 20, 8, 1);
	rig_fault(&r, p, 3, (struct fault){ .at = 1, .cause = WEFT_FAULT_PT_INVALID, VA_IN(va + (1 << 20), 1) });
	/* rows: the third one is missing */
	p[1] = pkt_copy(RIG_LOCAL, va + (1 << 20) - 8192, 64);
	p[1].copy.rows = 5;
	p[1].copy.src_pitch = 4096;
	p[1].copy.dst_pitch = 64;
	rig_fault(&r, p, 3, (struct fault){ .at = 1, .cause = WEFT_FAULT_PT_INVALID, VA_IN(va + (1 << 20), 1) });
	/* source before destination in one abort unit: the destination of an unreadable source is untouched */
	memset(r.local, 0x99, 4096);
	p[1] = pkt_copy(RIG_LOCAL, RIG_HOLE, 64);
	rig_fault(&r, p, 3, (struct fault){ .at = 1, .cause = WEFT_FAULT_PT_INVALID, VA_IN(RIG_HOLE, 1) });
	for (unsigned i = 0; i < 64; i++)
		CHECK_EQ(r.local[i], 0x99, "destination byte of a COPY whose source cannot be read");
}

/* What a host reads that looks only after it has destroyed the queue. */
static void outlives(void)
{
	struct card *c = CARD;
	struct weft_queue_state st;
	union weft_packet p[3] = { [1] = pkt_copy(RIG_LOCAL, RIG_HOLE + 64, 64) };

	card_need(c);
	struct rig r = rig_open(c);
	uint32_t from = c->nevt;
	uint64_t f = rig_start(&r, p, 3);
	rig_expect_fault(&r, f, from, &p[1], (struct fault){ .at = 1, .cause = WEFT_FAULT_PT_INVALID, VA_IN(RIG_HOLE + 64, 1) });
	CHECK_EQ(safe_call(c, WEFT_SAFE_QUEUE_STOP, r.q->id, 0, 0), WEFT_SAFE_OK, "QUEUE_STOP of a faulted queue");
	queue_destroy(r.q);
	queue_state(r.q, &st);
	CHECK_EQ(st.run, WEFT_QS_NONE, "run of a destroyed queue");
	CHECK_EQ(st.cause, WEFT_FAULT_PT_INVALID, "cause of a destroyed queue");
	CHECK_EQ(st.fault_va, RIG_HOLE + 64, "fault_va of a destroyed queue");
	CHECK_EQ(st.fault_op, WEFT_PKT_COPY, "fault_op of a destroyed queue");
	CHECK_EQ(st.fault_list, r.call ? RIG_LIST : 0, "fault_list of a destroyed queue");
	CHECK_EQ(st.fault_packet, 1, "fault_packet of a destroyed queue");
	CHECK_EQ(safe_call(c, WEFT_SAFE_QUEUE_STOP, r.q->id, 0, 0), WEFT_SAFE_BAD_ARG, "QUEUE_STOP of a destroyed queue");
	r.q = queue_create(r.s, ~0u, 6);
	CHECK_EQ(safe_call(c, WEFT_SAFE_QUEUE_STOP, r.q->id, 0, 0), WEFT_SAFE_OK, "QUEUE_STOP");
	queue_destroy(r.q);
	queue_state(r.q, &st);
	CHECK_EQ(st.run, WEFT_QS_NONE, "run of a queue stopped and destroyed");
	CHECK_EQ(st.cause, WEFT_FAULT_STOPPED, "cause of a queue stopped and destroyed");
}

static const struct ct_test tests[] = {
	{ "cause, address, list, packet; nothing behind retires", record, 0, 0, false },
	{ "a faulted queue stays so until destroyed", stays, 0, 0, false },
	{ "queues of the same and of other spaces go on", others, 0, 0, false },
	{ "eight queues fault at once, ten times", storm, 0, 0, false },
	{ "faults in the middle of operands", partial, 0, 0, false },
	{ "the record outlives the queue", outlives, 0, 0, false },
};
CT_SECTION(faults);
