// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Event ring: order, wrap, overflow; interrupt vectors. */
#include "rig.h"

#include <string.h>
#include <unistd.h>

static void fences(struct queue *q, unsigned n, bool irq)
{
	uint64_t f = 0;

	for (unsigned i = 0; i < n; i++)
		f = queue_push_fence(q, irq);
	queue_kick(q);
	queue_wait(q, f, 3000);
}

static void order(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	evt_start(c, 5);
	for (int i = 0; i < 60; i++) {
		fences(r.q, (unsigned)ct_between(1, 16), true);
		WAIT_FOR((evt_poll(c), c->nevt >= r.q->fence), 1000, "event %llu", (unsigned long long)r.q->fence);
	}
	CHECK_EQ(c->nevt, r.q->fence, "number of events");
	for (uint32_t i = 0; i < c->nevt; i++) {
		const struct weft_event *e = &c->evt[i];

		CHECK_EQ(e->type, WEFT_EVT_FENCE, "type");
		CHECK_EQ(e->queue, r.q->id, "queue");
		CHECK_EQ(e->asid, r.s->asid, "asid");
		CHECK_EQ(e->value, i + 1, "value");
		CHECK_EQ(e->seq, i + 1, "seq");
		CHECK_EQ(e->flags | e->reserved, 0, "flags and reserved");
	}
	CHECK_EQ(rd32(c, WEFT_REG_EVT_TAIL), c->nevt, "EVT_TAIL");
	CHECK_EQ(rd32(c, WEFT_REG_EVT_STATUS), 0, "EVT_STATUS");
}

static void silent(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	evt_start(c, 6);
	fences(r.q, 10, false);
	CHECK_EQ(rd32(c, WEFT_REG_EVT_TAIL), 0, "EVT_TAIL after FENCEs without irq");
	wr32(c, WEFT_REG_EVT_ENABLE, 0);
	fences(r.q, 10, true);
	CHECK_EQ(rd32(c, WEFT_REG_EVT_TAIL), 0, "EVT_TAIL with the ring off");
	wr32(c, WEFT_REG_EVT_ENABLE, 1);
	fences(r.q, 1, true);
	evt_wait(c, 0, WEFT_EVT_FENCE, r.q->id, 1000);
	wr32(c, WEFT_REG_EVT_HEAD, rd32(c, WEFT_REG_EVT_TAIL));
	wr32(c, WEFT_REG_EVT_ENABLE, 1);	/* restarts at index 0 */
	CHECK_EQ(rd32(c, WEFT_REG_EVT_HEAD), 0, "EVT_HEAD after a restart");
	CHECK_EQ(rd32(c, WEFT_REG_EVT_TAIL), 0, "EVT_TAIL after a restart");
	c->evt_next = c->nevt = 0;
	memset(host_ptr(c->evt_iova), 0, 4096);
	fences(r.q, 1, true);
	CHECK_EQ(evt_wait(c, 0, WEFT_EVT_FENCE, r.q->id, 1000)->seq, 1, "seq after a restart");
}

static void overflow(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	for (unsigned log2 = 5; log2 < 8; log2++) {
		unsigned size = 1u << log2;

		evt_start(c, log2);
		CHECK_EQ(rd32(c, WEFT_REG_EVT_STATUS), 0, "EVT_STATUS after a restart");
		uint64_t base = r.q->fence;
		for (unsigned left = size + 9; left;) {		/* nobody takes events meanwhile */
			unsigned n = left < 16 ? left : 16;

			fences(r.q, n, true);
			left -= n;
		}
		WAIT_FOR(rd32(c, WEFT_REG_EVT_STATUS) & WEFT_EVT_STATUS_OVERFLOW, 1000, "EVT_STATUS.OVERFLOW");
		CHECK_EQ(rd32(c, WEFT_REG_EVT_TAIL), size - 1, "EVT_TAIL of a full ring");
		CHECK_EQ(queue_fence(r.q), base + size + 9, "fence: what the lost event said can be read");
		evt_poll(c);
		CHECK_EQ(c->nevt, size - 1, "events that were kept");
		CHECK_EQ(c->evt[size - 2].value, base + size - 1, "value of the last event kept");
		wr32(c, WEFT_REG_EVT_STATUS, 0);
		wr32(c, WEFT_REG_EVT_STATUS, ~WEFT_EVT_STATUS_OVERFLOW);
		CHECK_EQ(rd32(c, WEFT_REG_EVT_STATUS), WEFT_EVT_STATUS_OVERFLOW, "EVT_STATUS after writes of 0 to its bit");
		wr32(c, WEFT_REG_EVT_STATUS, WEFT_EVT_STATUS_OVERFLOW);
		CHECK_EQ(rd32(c, WEFT_REG_EVT_STATUS), 0, "EVT_STATUS after clearing");
		uint32_t from = c->nevt;
		fences(r.q, 3, true);
		WAIT_FOR((evt_poll(c), c->nevt == from + 3), 1000, "events after an overflow");
		CHECK_EQ(c->evt[from].seq, size, "seq goes on after an overflow");
		CHECK_EQ(c->evt[from + 2].value, r.q->fence, "value");
	}
}

static void bad_ring(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	wr32(c, WEFT_REG_EVT_ENABLE, 0);
	wr64(c, WEFT_REG_EVT_BASE, HOST_NOBODY);
	wr32(c, WEFT_REG_EVT_ENABLE, 1);
	fences(r.q, 2, true);
	WAIT_FOR(rd32(c, WEFT_REG_EVT_STATUS) & WEFT_EVT_STATUS_DMA, 1000, "EVT_STATUS.DMA");
	static const uint32_t log2[] = { 0, 4, 17, 31, 255 };
	for (unsigned i = 0; i < ARRAY_LEN(log2); i++) {
		wr32(c, WEFT_REG_EVT_ENABLE, 0);
		wr64(c, WEFT_REG_EVT_BASE, c->evt_iova);
		wr32(c, WEFT_REG_EVT_LOG2, log2[i]);
		wr32(c, WEFT_REG_EVT_ENABLE, 1);
		CHECK_EQ(rd32(c, WEFT_REG_EVT_ENABLE), 0, "EVT_ENABLE with a bad EVT_LOG2");
	}
	wr32(c, WEFT_REG_EVT_LOG2, 6);
	wr64(c, WEFT_REG_EVT_BASE, c->evt_iova + 64);
	wr32(c, WEFT_REG_EVT_ENABLE, 1);
	CHECK_EQ(rd32(c, WEFT_REG_EVT_ENABLE), 0, "EVT_ENABLE with a misaligned EVT_BASE");
	evt_start(c, 6);
	/* a ring that is on stays where it is */
	wr64(c, WEFT_REG_EVT_BASE, HOST_NOBODY + 1);
	wr32(c, WEFT_REG_EVT_LOG2, 255);
	CHECK_EQ(rd64(c, WEFT_REG_EVT_BASE), c->evt_iova, "EVT_BASE, written while the ring is on");
	CHECK_EQ(rd32(c, WEFT_REG_EVT_LOG2), 6, "EVT_LOG2, written while the ring is on");
	fences(r.q, 1, true);
	evt_wait(c, 0, WEFT_EVT_FENCE, r.q->id, 1000);
}

static void vectors_of(struct card *c, bool msi)
{
	struct queue *q[8];

	struct rig r = rig_open(c);
	q[0] = r.q;
	for (unsigned i = 1; i < 8; i++)
		q[i] = queue_create(r.s, ~0u, 5);
	for (unsigned n = 1; n <= 8; n = n < 4 ? n + 1 : n + 4) {
		if (msi && (n & (n - 1)))
			continue;
		irq_setup(c, n, msi);
		if (c->vectors != n)
			continue;
		evt_start(c, 8);
		for (unsigned i = 0; i < 8; i++) {
			unsigned want = q[i]->id % n;

			for (unsigned v = 0; v < n; v++)
				irq_take(c, v);
			fences(q[i], 1, true);
			ct_about("%s, %u vectors, queue %u", msi ? "MSI" : "MSI-X", n, q[i]->id);
			uint64_t got = 0;
			WAIT_FOR((got += irq_take(c, want)) > 0, 1000, "an interrupt on vector %u", want);
			usleep(300);
			for (unsigned v = 0; v < n; v++)
				CHECK(v == want || !irq_take(c, v), "an interrupt on vector %u instead", v);
		}
		/* every other event: vector 0 */
		for (unsigned v = 0; v < n; v++)
			irq_take(c, v);
		space_invalidate(r.s, 0, 0);
		ct_about("%s, %u vectors, SAFE event", msi ? "MSI" : "MSI-X", n);
		WAIT_FOR(irq_take(c, 0), 1000, "an interrupt on vector 0");
		for (unsigned v = 1; v < n; v++)
			CHECK(!irq_take(c, v), "an interrupt on vector %u instead", v);
		ct_about("%s", "");
	}
	irq_setup(c, HOST_VECTORS, ct_opt.msi);
}

static void msix(void)
{
	card_need(CARD);
	if (!CARD->msix)
		ct_skip("no MSI-X capability");
	vectors_of(CARD, false);
}

static void msi(void)
{
	card_need(CARD);
	if (!CARD->msi)
		ct_skip("no MSI capability");
	vectors_of(CARD, true);
}

/* The event, and what it announces, are in memory before the interrupt arrives. */
static void memory_first(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	evt_start(c, 8);
	for (int i = 0; i < 200; i++) {
		unsigned v = r.q->id % c->vectors;

		irq_take(c, v);
		union weft_packet p = pkt_fill(RIG_HOST, 256, 4, (uint32_t)i + 1);
		uint64_t f = rig_start(&r, &p, 1);
		WAIT_FOR(irq_take(c, v), 1000, "interrupt %d", i);
		CHECK_EQ(queue_fence(r.q), f, "fence when the interrupt came");
		CHECK_EQ(*(uint32_t *)(void *)(r.host + 252), (uint32_t)i + 1, "data when the interrupt came");
		uint32_t from = c->nevt;
		CHECK(evt_find(c, from, WEFT_EVT_FENCE, r.q->id), "no event in the ring when the interrupt came");
	}
}

static void counted(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	uint64_t e = counter(c, WEFT_CNT_EVENTS, 0, 0), i = counter(c, WEFT_CNT_IRQS, 0, 0), d = counter(c, WEFT_CNT_DOORBELLS, 0, 0);
	fences(r.q, 9, true);
	WAIT_FOR(counter(c, WEFT_CNT_EVENTS, 0, 0) - e == 9, 1000, "counter EVENTS moving by 9");
	uint64_t irqs = counter(c, WEFT_CNT_IRQS, 0, 0) - i;
	CHECK(irqs >= 1 && irqs <= 9, "counter IRQS moved by %llu for 9 events", (unsigned long long)irqs);
	queue_ring(r.q);
	queue_ring(r.q);
	CHECK(counter(c, WEFT_CNT_DOORBELLS, 0, 0) - d >= 2, "counter DOORBELLS");
}

static const struct ct_test tests[] = {
	{ "order, seq, content, wrap", order, 0, 0, false },
	{ "FENCE without irq, ring off, restart", silent, 0, 0, false },
	{ "overflow: flag, nothing lost, goes on", overflow, 0, 0, false },
	{ "a ring nobody answers for", bad_ring, 0, 0, false },
	{ "MSI-X with 1 to 8 vectors", msix, 0, 0, false },
	{ "MSI with 1 to 8 vectors", msi, 0, 0, false },
	{ "fence, data and event before the interrupt", memory_first, 0, 0, false },
	{ "counters of events, interrupts, doorbells", counted, WEFT_CAP_COUNTERS, 0, false },
};
CT_SECTION(events);
