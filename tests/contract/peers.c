// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Two to four cards: data across by bus address, a BAR that moves, a card that is reset. */
#include "cell.h"
#include "rig.h"

#include <string.h>
#include <unistd.h>

#define PEER(i) (RIG_PEER + (i) * 0x1000000u)

static void all_up(unsigned n)
{
	cards_open(n);
	for (unsigned i = 0; i < n; i++)
		card_need(&ct_cards[i]);
}

static void across(void)
{
	unsigned n = ct_ncards;
	struct rig r[HOST_CARDS];
	static uint8_t data[100000];

	all_up(n);
	for (unsigned i = 0; i < n; i++) {
		r[i] = rig_open(&ct_cards[i]);
		for (unsigned k = 0; k < n; k++)
			if (k != i)
				rig_map_peer(&r[i], &ct_cards[k]);
	}
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < n; k++) {
			if (k == i)
				continue;
			ct_about("card %u to card %u", i, k);
			random_bytes(data, sizeof(data));
			memcpy(r[i].local + 3, data, sizeof(data));
			union weft_packet p[2] = {
				pkt_copy(PEER(k) + 5, RIG_LOCAL + 3, sizeof(data)),
				pkt_copy(RIG_HOST + 9, PEER(k) + 5, sizeof(data)),
			};
			rig_run(&r[i], p, 1);
			CHECK(!memcmp(rig_peer(&r[i], &ct_cards[k]) + 5, data, sizeof(data)), "written to the peer");
			rig_run(&r[i], p, 2);
			CHECK(!memcmp(r[i].host + 9, data, sizeof(data)), "read back from the peer");
		}
	ct_about("%s", "");
}

static void reduce(void)
{
	unsigned n = ct_ncards;

	all_up(n);
	struct rig r = rig_open(CARD);
	rig_operand(&r, 0, RIG_LOCAL);
	for (unsigned k = 1; k < n; k++) {
		rig_map_peer(&r, &ct_cards[k]);
		rig_operand(&r, k, PEER(k));
	}
	for (unsigned k = 0; k < n; k++)
		rig_operand(&r, n + k, (k ? PEER(k) : RIG_LOCAL) + 524288);
	for (uint32_t i = 0; i < 50000; i++) {
		((uint32_t *)(void *)r.local)[i] = i;
		for (unsigned k = 1; k < n; k++)
			((uint32_t *)(void *)rig_peer(&r, &ct_cards[k]))[i] = i << k;
	}
	union weft_packet p = pkt_reduce(WEFT_I32, WEFT_SUM, (uint8_t)n, (uint8_t)n, 0, (uint16_t)n, 50000);
	rig_run(&r, &p, 1);
	for (unsigned k = 0; k < n; k++)
		for (uint32_t i = 0; i < 50000; i++) {
			const uint8_t *at = (k ? rig_peer(&r, &ct_cards[k]) : r.local) + 524288;

			CHECK_EQ(((const uint32_t *)(const void *)at)[i], i * ((2u << (n - 1)) - 1), "sum over all cards, stored to each");
		}
}

static void at_once(void)
{
	unsigned n = ct_ncards;
	struct rig r[HOST_CARDS];
	uint64_t f[HOST_CARDS];
	union weft_packet p[40];

	all_up(n);
	for (unsigned i = 0; i < n; i++) {
		r[i] = rig_open(&ct_cards[i]);
		rig_map_peer(&r[i], &ct_cards[(i + 1) % n]);
		memset(r[i].local, (int)(0x40 + i), RIG_BYTES);
	}
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < 40; k++)
			p[k] = pkt_copy(PEER((i + 1) % n) + (k % 2) * 524288, RIG_LOCAL + k * 4096, 524288);
		f[i] = rig_start(&r[i], p, 40);
	}
	for (unsigned i = 0; i < n; i++)
		queue_wait(r[i].q, f[i], 10000);
	for (unsigned i = 0; i < n; i++)
		for (unsigned o = 0; o < RIG_PEER_BYTES; o += 61)
			CHECK_EQ(rig_peer(&r[i], &ct_cards[(i + 1) % n])[o], 0x40 + i, "byte from the neighbour");
}

static void carve_out(void)
{
	uint64_t va = UINT64_C(0x480000000000);

	/* The limit is the card's own; what a peer may reach is the mapping driver's business. Beyond BAR2 nobody answers. */
	all_up(2);
	struct rig r = rig_open(CARD);
	space_map(r.s, va, ct_cards[1].bus2 + ct_cards[1].lmem_bytes - 4096, 4096, PTE_RW | PTE_BUS(2));
	space_map(r.s, va + 4096, ct_cards[1].bus2 + UINT64_C(0x3fffff000), 4096, PTE_RW | PTE_BUS(2));
	union weft_packet p = pkt_copy(RIG_LOCAL, va, 4096);
	rig_run(&r, &p, 1);
	p = pkt_copy(RIG_LOCAL, va + 4096, 64);
	rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_BUS, VA_IN(va + 4096, 64) });
	/* the tag counts and masks; where an access goes is the address's business */
	rig_map_peer(&r, &ct_cards[1]);
	space_map(r.s, va + 8192, ct_cards[1].bus2 + r.peer_off[1], 4096, PTE_RW | PTE_BUS(0));
	p = pkt_fill(va + 8192, 4096, 4, 0x5eed);
	rig_run(&r, &p, 1);
	/* link 0 is what the FENCE flushed, not the way to the peer */
	WAIT_FOR(*(volatile uint32_t *)(void *)(rig_peer(&r, &ct_cards[1]) + 4092) == 0x5eed, 1000,
		 "word of the peer written by link 0");
}

static void moved(void)
{
	struct card *c = CARD, *p = &ct_cards[1];
	uint64_t old = 0, to = UINT64_C(0x5000000000);

	all_up(2);
	old = p->bus2;
	struct rig r = rig_open(c);
	rig_map_peer(&r, p);
	random_bytes(r.local, 4096);
	union weft_packet k = pkt_copy(PEER(1), RIG_LOCAL, 4096);
	rig_run(&r, &k, 1);
	/* as a host does it: unmap everywhere, memory off, new address, memory on, map everywhere */
	CHECK(!vu_dma_unmap(&c->vu, old, p->lmem_bytes), "DMA_UNMAP of the peer's BAR2");
	CHECK(!vu_dma_unmap(&p->vu, old, p->lmem_bytes), "DMA_UNMAP of the card's own BAR2");
	for (unsigned i = 2; i < HOST_CARDS; i++)
		if (ct_cards[i].open)
			CHECK(!vu_dma_unmap(&ct_cards[i].vu, old, p->lmem_bytes), "DMA_UNMAP of the peer's BAR2");
	cfg_wr(p, 4, 0, 2);
	rig_fault(&r, &k, 1, (struct fault){ .cause = WEFT_FAULT_BUS, VA_IN(PEER(1), 4096) });
	p->bus2 = to;
	card_configure(p);
	for (unsigned i = 0; i < HOST_CARDS; i++)
		if (ct_cards[i].open)
			CHECK(!vu_dma_map(&ct_cards[i].vu, to, p->lmem_bytes, -1, 0, NULL), "DMA_MAP of the moved BAR2");
	card_flush_words(c);
	space_map(r.s, PEER(1), to + r.peer_off[1], RIG_PEER_BYTES, PTE_RW | PTE_BUS(2));
	CHECK_EQ(space_invalidate(r.s, 0, 0), WEFT_SAFE_OK, "status of AS_INVALIDATE");
	memset(rig_peer(&r, p), 0, 4096);
	rig_run(&r, &k, 1);
	CHECK(!memcmp(rig_peer(&r, p), r.local, 4096), "COPY to the moved BAR");
	/* nobody answers at the old place */
	space_map(r.s, PEER(1), old + r.peer_off[1], 4096, PTE_RW | PTE_BUS(2));
	CHECK_EQ(space_invalidate(r.s, 0, 0), WEFT_SAFE_OK, "status of AS_INVALIDATE");
	rig_fault(&r, &k, 1, (struct fault){ .cause = WEFT_FAULT_BUS, VA_IN(PEER(1), 4096) });
}

/* With an IOMMU the map is the permission: without it the peer is out of reach, although its BAR answers. */
static void not_mapped(void)
{
	struct card *c = CARD, *p = &ct_cards[1];

	all_up(2);
	struct rig r = rig_open(c);
	rig_map_peer(&r, p);
	union weft_packet k = pkt_fill(PEER(1), 4096, 4, 1);
	rig_run(&r, &k, 1);
	CHECK(!vu_dma_unmap(&c->vu, p->bus2, p->lmem_bytes), "DMA_UNMAP of the peer's BAR2");
	k = pkt_fill(PEER(1), 4096, 4, 2);
	uint32_t from = c->nevt;
	uint64_t f = rig_start(&r, &k, 1);
	rig_expect_fault(&r, f, from, &k, (struct fault){ .cause = WEFT_FAULT_BUS, VA_IN(PEER(1), 4096) });
	CHECK_EQ(*(uint32_t *)(void *)rig_peer(&r, p), 1, "word of the peer behind a removed map");
	rig_renew(&r);
	CHECK(!vu_dma_map(&c->vu, p->bus2, p->lmem_bytes, -1, 0, NULL), "DMA_MAP of the peer's BAR2");
	rig_run(&r, &k, 1);
	/* mapped, but the peer does not decode memory */
	cfg_wr(p, 4, 0x4, 2);
	k = pkt_fill(PEER(1), 4096, 4, 3);
	from = c->nevt;
	f = rig_start(&r, &k, 1);
	rig_expect_fault(&r, f, from, &k, (struct fault){ .cause = WEFT_FAULT_BUS, VA_IN(PEER(1), 4096) });
	cfg_wr(p, 4, 0x6, 2);
	CHECK_EQ(*(uint32_t *)(void *)rig_peer(&r, p), 2, "word of a peer that did not decode memory");
	rig_renew(&r);
	rig_run(&r, &k, 1);
}

static void peer_reset(void)
{
	struct card *c = CARD, *p = &ct_cards[1];

	all_up(2);
	struct rig r = rig_open(c);
	rig_map_peer(&r, p);
	union weft_packet k[2] = { pkt_fill(PEER(1), 65536, 8, 1), pkt_fill(RIG_LOCAL, 64, 4, 9) };
	rig_run(&r, k, 2);
	/* FLR of the peer clears its BARs: nobody answers until the host restores them */
	cfg_wr(p, p->pcie + 8, cfg_rd(p, p->pcie + 8, 2) | 0x8000, 2);
	p->ready = false;
	card_forget(p);
	WAIT_FOR(!(cfg_rd(p, 4, 2) & 2), 1000, "COMMAND cleared by FLR of the peer");
	rig_fault(&r, k, 2, (struct fault){ .cause = WEFT_FAULT_BUS, .or_cause = WEFT_FAULT_LINK_DOWN, VA_IN(PEER(1), 65536) });
	card_bringup(p);
	k[0] = pkt_fill(PEER(1), 65536, 8, 2);
	rig_run(&r, k, 2);
	CHECK_EQ(*(uint64_t *)(void *)rig_peer(&r, p), 2, "word written to the peer after its reset");
}

static const struct ct_test tests[] = {
	{ "COPY between all pairs", across, 0, 2, false },
	{ "REDUCE over all cards, stored to each", reduce, WEFT_CAP_REDUCE | WEFT_CAP_CALL, 2, false },
	{ "all cards at once", at_once, 0, 2, false },
	{ "the edges of a peer's BAR, its memory by link 0", carve_out, 0, 2, false },
	{ "a peer whose BAR is not mapped is out of reach", not_mapped, 0, 2, false },
	{ "a peer's BAR moves", moved, 0, 2, true },
	{ "a peer is reset", peer_reset, 0, 2, true },
};
CT_SECTION(peers);
