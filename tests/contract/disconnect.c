// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* The client vanishes, as a killed machine does; the next one must find a working card. */
#include "rig.h"

#include <string.h>
#include <unistd.h>

static void vanish(struct card *c)
{
	/* no orderly word: the socket closes with jobs under way */
	c->vectors = 0;
	for (unsigned i = 0; i < HOST_VECTORS; i++) {
		if (c->irq[i] >= 0)
			close(c->irq[i]);
		c->irq[i] = -1;
	}
	card_forget(c);
	vu_close(&c->vu);
	c->open = c->ready = false;
}

static void works(struct card *c)
{
	cards_open(c->index + 1);
	CHECK_EQ(vu_device_reset(&c->vu), 0, "error of DEVICE_RESET");
	card_configure(c);
	card_bringup(c);
	struct rig r = rig_open(c);
	union weft_packet p = pkt_copy(RIG_HOST, RIG_LOCAL, 4096);
	random_bytes(r.local, 4096);
	rig_run(&r, &p, 1);
	CHECK(!memcmp(r.host, r.local, 4096), "COPY for the new client");
	evt_wait(c, 0, WEFT_EVT_FENCE, r.q->id, 1000);
	card_forget(c);
	c->ready = false;
	host_rewind();
}

static void midway(void)
{
	struct card *c = CARD;
	union weft_packet p[40];

	for (int round = 0; round < 4; round++) {
		card_need(c);
		struct rig r = rig_open(c);
		for (unsigned i = 0; i < 40; i++)
			p[i] = pkt_copy(RIG_HOST, RIG_LOCAL, RIG_BYTES);
		if (round == 2 && c->caps & WEFT_CAP_TIMED)
			p[1] = pkt_timed(UINT64_C(60000000000));
		rig_start(&r, p, 40);
		usleep((useconds_t)ct_below(3000));
		uint8_t *mem = r.host;
		vanish(c);
		cards_open(1);
		CHECK_EQ(vu_device_reset(&c->vu), 0, "error of DEVICE_RESET");
		memset(mem, 0x3e, RIG_BYTES);
		usleep(3000);
		for (uint64_t o = 0; o < RIG_BYTES; o += 499)
			CHECK_EQ(mem[o], 0x3e, "byte of the old client's memory, written for nobody");
		host_rewind();
		works(c);
	}
}

static void half_message(void)
{
	struct card *c = CARD;
	static const uint8_t junk[3][24] = {
		{ 1, 0, 9, 0, 40 },				/* REGION_READ cut short */
		{ 1, 0, 9, 0, 0xff, 0xff, 0xff, 0x7f },		/* 2 GiB to come */
		{ 1, 0, 9, 0, 3 },				/* shorter than its header */
	};

	for (unsigned i = 0; i < 3; i++) {
		card_need(c);
		CHECK(write(c->vu.fd, junk[i], i ? 16 : 20) > 0, "write");
		usleep(2000);
		vanish(c);
		works(c);
	}
}

static void others_stay(void)
{
	struct card *c = CARD;
	union weft_packet p[20];

	cards_open(2);
	card_need(c);
	card_need(&ct_cards[1]);
	struct rig r = rig_open(c);
	for (unsigned i = 0; i < 20; i++)
		p[i] = pkt_copy(RIG_HOST, RIG_LOCAL, RIG_BYTES);
	uint64_t f = rig_start(&r, p, 20);
	vanish(&ct_cards[1]);
	queue_wait(r.q, f, 10000);
	union weft_packet k = pkt_fill(RIG_LOCAL, 64, 4, 4);
	rig_run(&r, &k, 1);
	/* back again; this card drops what it knew of the old one */
	CHECK(!vu_dma_unmap(&c->vu, ct_cards[1].bus2, ct_cards[1].lmem_bytes), "DMA_UNMAP of the vanished card's BAR2");
	cards_open(2);
	card_need(&ct_cards[1]);
}

static void often(void)
{
	struct card *c = CARD;

	for (int i = 0; i < 20; i++) {
		if (c->open)
			vanish(c);
		cards_open(1);
		CHECK_EQ(rd32(c, WEFT_REG_MAGIC), WEFT_MAGIC, "MAGIC for a new client");
	}
	works(c);
}

static const struct ct_test tests[] = {
	{ "with jobs under way", midway, 0, 0, true },
	{ "in the middle of a message", half_message, 0, 0, true },
	{ "other cards stay", others_stay, 0, 2, true },
	{ "twenty times", often, 0, 0, true },
};
CT_SECTION(disconnect);
