// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* DMA_UNMAP under traffic: answered only when nothing is in flight, BUS faults from then on. */
#include "cell.h"
#include "rig.h"

#include <string.h>
#include <unistd.h>

#define IOVA	UINT64_C(0x300000000)
#define BYTES	(1u << 20)

static void under_traffic(bool write)
{
	struct card *c = CARD;
	uint64_t va = UINT64_C(0x4c0000000000), off;
	union weft_packet p[16];

	card_need(c);
	struct rig r = rig_open(c);
	uint64_t back = host_alloc(BYTES);
	int fd = host_fd(back, &off);
	uint8_t *mem = host_ptr(back);
	space_map(r.s, va, IOVA, BYTES, PTE_RW | PTE_BUS(0));
	for (int round = 0; round < 10; round++) {
		uint32_t from = c->nevt;

		CHECK(!vu_dma_map(&c->vu, IOVA, BYTES, fd, off, mem), "DMA_MAP");
		for (unsigned i = 0; i < 16; i++)
			p[i] = write ? pkt_fill(va, BYTES, 8, 0x1111111111111111u * (i + 1)) : pkt_copy(RIG_LOCAL, va, BYTES);
		uint64_t f = 0;
		for (unsigned i = 0; i < 48; i++)
			queue_push(r.q, &p[i % 16]);
		f = queue_push_fence(r.q, true);
		queue_kick(r.q);
		usleep((useconds_t)ct_below(2500));
		vu_dma_unmap_send(&c->vu, IOVA, BYTES);
		CHECK(!vu_dma_unmap_reply(&c->vu, IOVA), "DMA_UNMAP under traffic");
		/* answered: the memory is ours */
		memset(mem, 0xa9, BYTES);
		usleep(2000);
		for (unsigned o = 0; o < BYTES; o++)
			CHECK(mem[o] == 0xa9, "byte %u was written after DMA_UNMAP was answered", o);
		if (queue_fence(r.q) == f) {	/* all of it ran before the unmap */
			p[0] = pkt_copy(RIG_LOCAL, va, 64);
			queue_push(r.q, &p[0]);
			f = queue_push_fence(r.q, true);
			queue_kick(r.q);
		}
		rig_expect_fault(&r, f, from, NULL, (struct fault){ .cause = WEFT_FAULT_BUS, VA_IN(va, BYTES) });
		rig_renew(&r);
	}
	/* mapped again, it works again: nothing of the refusal stays */
	CHECK(!vu_dma_map(&c->vu, IOVA, BYTES, fd, off, mem), "DMA_MAP");
	p[0] = pkt_fill(va, BYTES, 8, 0x77);
	rig_run(&r, p, 1);
	CHECK_EQ(*(uint64_t *)(void *)(mem + BYTES - 8), 0x77, "last word after mapping again");
	CHECK(!vu_dma_unmap(&c->vu, IOVA, BYTES), "DMA_UNMAP");
}

static void reads(void) { under_traffic(false); }
static void writes(void) { under_traffic(true); }

static void unmap_list(void)
{
	struct card *c = CARD;
	uint64_t va = UINT64_C(0x4d0000000000), off;

	/* the packet list itself lies in memory that goes away */
	card_need(c);
	struct rig r = rig_open(c);
	uint64_t back = host_alloc(65536);
	int fd = host_fd(back, &off);
	union weft_packet *l = host_ptr(back);
	for (unsigned i = 0; i < 1024; i++)
		l[i] = pkt_fill(RIG_LOCAL, 65536, 8, i);
	/* Pauses keep the card busy for long enough, on however crowded a machine. */
	for (unsigned i = 128; i < 1024 && c->caps & WEFT_CAP_TIMED; i += 128)
		l[i] = pkt_timed(10000000);
	space_map(r.s, va, IOVA, 65536, WEFT_PTE_R | PTE_BUS(0));
	CHECK(!vu_dma_map(&c->vu, IOVA, 65536, fd, off, l), "DMA_MAP");
	uint32_t from = c->nevt;
	uint64_t f = queue_submit(r.q, va, 1024, 0, 0);
	for (int i = 0; i < 10; i++)
		f = queue_submit(r.q, va, 1024, 0, 0);
	usleep(500);
	CHECK(!vu_dma_unmap(&c->vu, IOVA, 65536), "DMA_UNMAP");
	memset(l, 0xff, 65536);		/* would be unknown opcodes */
	if (queue_fence(r.q) == f)
		ct_skip("all packets ran before the unmap");
	rig_expect_fault(&r, f, from, NULL, (struct fault){ .cause = WEFT_FAULT_BUS, VA_IN(va, 65536) });
}

static void bystander(void)
{
	struct card *c = CARD;
	uint64_t off;
	union weft_packet p[20];

	/* unmapping one range leaves traffic to another alone */
	card_need(c);
	struct rig r = rig_open(c);
	uint64_t back = host_alloc(BYTES);
	int fd = host_fd(back, &off);
	for (int round = 0; round < 10; round++) {
		CHECK(!vu_dma_map(&c->vu, IOVA, BYTES, fd, off, host_ptr(back)), "DMA_MAP");
		for (unsigned i = 0; i < 20; i++)
			p[i] = pkt_copy(RIG_HOST, RIG_LOCAL, RIG_BYTES / 4);
		uint64_t f = rig_start(&r, p, 20);
		CHECK(!vu_dma_unmap(&c->vu, IOVA, BYTES), "DMA_UNMAP");
		queue_wait(r.q, f, 5000);
	}
}

/* The event ring goes to memory that is mapped for it. */
static void move_ring(struct card *c, int fd, uint64_t off, uint8_t *at)
{
	CHECK(!vu_dma_map(&c->vu, IOVA, 65536, fd, off, at), "DMA_MAP");
	wr32(c, WEFT_REG_EVT_ENABLE, 0);
	wr64(c, WEFT_REG_EVT_BASE, IOVA);
	wr32(c, WEFT_REG_EVT_ENABLE, 1);
}

static void event_ring(void)
{
	struct card *c = CARD;
	uint64_t off;

	/* the event ring goes away: a flag, not a dead card */
	card_need(c);
	struct rig r = rig_open(c);
	uint64_t back = host_alloc(65536);
	int fd = host_fd(back, &off);
	move_ring(c, fd, off, host_ptr(back));
	CHECK(!vu_dma_unmap(&c->vu, IOVA, 65536), "DMA_UNMAP");
	uint64_t f = queue_push_fence(r.q, true);
	queue_kick(r.q);
	queue_wait(r.q, f, 2000);
	WAIT_FOR(rd32(c, WEFT_REG_EVT_STATUS) & WEFT_EVT_STATUS_DMA, 1000, "EVT_STATUS.DMA");
	evt_start(c, 8);
}

/* Fences tell of themselves all the time; once DMA_UNMAP has answered, the ring's memory is the host's. */
static void event_ring_busy(void)
{
	struct card *c = CARD;
	uint64_t off;

	card_need(c);
	struct rig r = rig_open(c);
	uint64_t back = host_alloc(65536);
	int fd = host_fd(back, &off);
	uint8_t *at = host_ptr(back);
	for (unsigned round = 0; round < 30; round++) {
		uint64_t f = 0;

		move_ring(c, fd, off, at);
		for (unsigned i = 0; i < 32; i++)
			f = queue_push_fence(r.q, true);
		queue_kick(r.q);
		usleep((useconds_t)ct_below(200));
		CHECK(!vu_dma_unmap(&c->vu, IOVA, 65536), "DMA_UNMAP");
		memset(at, 0x22, 65536);
		queue_wait(r.q, f, 5000);
		for (unsigned i = 0; i < 65536; i++)
			CHECK(at[i] == 0x22, "byte %u of the event ring was written after DMA_UNMAP was answered", i);
	}
	evt_start(c, 8);
}

/* Memory that is mapped for reading alone: neither data nor cells are written there. */
static void read_only(void)
{
	struct { uint32_t argsz, flags; uint64_t offset, addr, size; } m = { 32, 1, 0, IOVA, 65536 };
	const uint64_t va = UINT64_C(0x4e0000000000), cell = va + 0x100000;
	struct card *c = CARD;
	char reply[64];

	card_need(c);
	struct rig r = rig_open(c);
	uint64_t back = host_alloc(65536);
	volatile uint64_t *mem = host_ptr(back);
	int fd = host_fd(back, &m.offset);
	mem[0] = 7;
	CHECK(!vu_call(&c->vu, VU_DMA_MAP, &m, sizeof(m), &fd, 1, reply, sizeof(reply), NULL), "DMA_MAP for reading");
	space_map(r.s, va, IOVA, 65536, PTE_RW | PTE_BUS(0));
	space_map(r.s, cell, IOVA, 4096, PTE_SEM | PTE_BUS(0));
	union weft_packet p[] = { pkt_copy(RIG_LOCAL, va, 4096), pkt_fill(va, 64, 8, 8), pkt_signal(cell, 9, 0, WEFT_SCOPE_QUEUE) };
	rig_run(&r, p, 1);
	CHECK_EQ(*(uint64_t *)(void *)r.local, 7, "word read");
	rig_fault(&r, &p[1], 1, (struct fault){ .cause = WEFT_FAULT_BUS, VA_IN(va, 64) });
	if (c->caps & WEFT_CAP_CELLS)
		rig_fault(&r, &p[2], 1, (struct fault){ .cause = WEFT_FAULT_BUS, VA_IN(cell, 1) });
	CHECK_EQ(mem[0], 7, "word of memory mapped for reading");
	CHECK(!vu_dma_unmap(&c->vu, IOVA, 65536), "DMA_UNMAP");
}

static const struct ct_test tests[] = {
	{ "memory mapped for reading alone", read_only, 0, 0, true },
	{ "while the card reads", reads, 0, 0, false },
	{ "while the card writes", writes, 0, 0, false },
	{ "of the memory that holds the packet list", unmap_list, WEFT_CAP_CALL, 0, false },
	{ "of other memory than the traffic's", bystander, 0, 0, false },
	{ "of the event ring", event_ring, 0, 0, false },
	{ "of the event ring, while events are written", event_ring_busy, 0, 0, false },
};
CT_SECTION(dma_unmap);
