// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Function-level reset: what is lost, what is kept, and that the card works again. */
#include "cell.h"
#include "load.h"

#include <string.h>
#include <unistd.h>

static void again(void)
{
	struct card *c = CARD;

	for (int round = 0; round < 5; round++) {
		uint64_t gen = rd64(c, WEFT_REG_RESET_GEN), clock = rd64(c, WEFT_REG_CLOCK_NOW);

		card_bringup(c);
		CHECK_EQ(rd64(c, WEFT_REG_RESET_GEN), gen + 1, "RESET_GEN");
		CHECK(rd64(c, WEFT_REG_CLOCK_NOW) > clock, "the card clock went back");
		struct rig r = rig_open(c);
		union weft_packet p = pkt_fill(RIG_LOCAL, 4096, 4, (uint32_t)round);
		rig_run(&r, &p, 1);
		CHECK_EQ(*(uint32_t *)(void *)(r.local + 4092), (uint32_t)round, "last word");
		CHECK_EQ(r.q->fence, 1, "fence values start anew");
		card_forget(c);
		host_rewind();
	}
}

static void lost(void)
{
	struct card *c = CARD;
	struct weft_mbox_msg m = { .op = WEFT_MBOX_AS_DESTROY };

	card_need(c);
	struct rig r = rig_open(c);
	union weft_packet p = pkt_copy(RIG_LOCAL, RIG_HOST, 4096);
	rig_run(&r, &p, 1);
	uint32_t asid = r.s->asid, id = r.q->id;
	uint64_t state = r.q->state, bytes = 0;
	if (c->caps & WEFT_CAP_COUNTERS)
		bytes = counter(c, WEFT_CNT_READ_BYTES, 0, WEFT_CNT_ALL);
	card_forget(c);
	card_bringup(c);
	if (c->caps & WEFT_CAP_COUNTERS) {
		CHECK(bytes, "nothing was counted before");
		CHECK_EQ(counter(c, WEFT_CNT_READ_BYTES, 0, WEFT_CNT_ALL), 0, "sum of READ_BYTES since the last FLR");
	}
	/* neither space nor queue exist */
	m.u.as.asid = asid;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_NOT_FOUND, "AS_DESTROY after FLR");
	m = (struct weft_mbox_msg){ .op = WEFT_MBOX_QUEUE_DESTROY };
	m.u.queue.id = id;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_NOT_FOUND, "QUEUE_DESTROY after FLR");
	/* the old queue's doorbell wakes nothing: its former state page stays as it is */
	uint64_t at = state;
	memset(c->lmem + at, 0x6b, 4096);
	vu_write(&c->vu, VU_BAR4, (uint64_t)id * 4096, 1, 4);
	usleep(5000);
	for (unsigned i = 0; i < 4096; i++)
		CHECK_EQ(c->lmem[at + i], 0x6b, "byte of a former queue state");
}

/* What has no queue and no address space to go with: a watch of a cell, a link that is masked. */
static void masks(void)
{
	struct card *c = CARD;
	bool mask = c->caps & WEFT_CAP_LINK_MASK;

	card_need(c);
	uint64_t off = sem_create(c, false)->off;
	for (uint32_t i = 0; i < 2; i++) {
		wr64(c, WEFT_REG_WATCH_CELL, off + 32 * i);
		wr64(c, WEFT_REG_WATCH_VALUE, 1);
		wr64(c, WEFT_REG_WATCH_COOKIE, 0xf1 + i);
		wr32(c, WEFT_REG_WATCH_CMD, WEFT_WATCH_INSERT | i);
	}
	if (mask)
		CHECK_EQ(safe_call(c, WEFT_SAFE_LINK_MASK, 0, 0, 0), WEFT_SAFE_OK, "status of LINK_MASK");
	card_forget(c);
	card_bringup(c);
	uint32_t from = c->nevt;
	struct rig r = rig_open(c);
	union weft_packet p[2] = { pkt_copy(RIG_HOST, RIG_LOCAL, 4096), pkt_copy(RIG_LOCAL, RIG_HOST, 4096) };
	rig_run(&r, p, 2);
	/* the same cells, of another life */
	struct space *s = space_create_as(c, ~0u, WEFT_AS_LR);
	struct queue *q = queue_create(s, ~0u, 4);
	memset(c->lmem + off, 0, 4096);
	space_map(s, 0x10000, off, 4096, PTE_SEM);
	for (unsigned i = 0; i < 2; i++) {
		p[i] = pkt_signal(0x10000 + 32 * i, 1, 0, WEFT_SCOPE_QUEUE);
		queue_push(q, &p[i]);
	}
	queue_kick(q);
	queue_wait_done(q, 5000);
	usleep(5000);
	evt_poll(c);
	CHECK(!evt_find(c, from, WEFT_EVT_WATCH, ~0u), "a watch fired that was inserted before FLR");
}

static void policies(void)
{
	struct card *c = CARD;

	/* with what the other bands have by default this is all there is */
	card_need(c);
	CHECK_EQ(policy(c, WEFT_BAND_LOW, 700, 1000000), WEFT_MBOX_OK, "status of POLICY");
	card_forget(c);
	card_bringup(c);
	CHECK_EQ(policy(c, WEFT_BAND_HIGH, 850, 1000000), WEFT_MBOX_OK, "status of POLICY, bands having their defaults again");
}

/* Whoever parks at a cell writes its arm word; in the next life other things lie where the arm page was. */
static void arm_pages(void)
{
	struct card *c = CARD;
	uint64_t arm = c->lmem_bytes - 4096, va = 0x10000;
	union weft_packet w = pkt_wait(va, 1, 0);

	card_need(c);
	struct sem *p = sem_create(c, false);
	uint64_t off = p->off;
	CHECK_EQ(sem_bind(p, arm), WEFT_MBOX_OK, "status of ARM_BIND");
	card_forget(c);
	card_bringup(c);
	c->user_next = off;
	p = sem_create(c, false);
	CHECK_EQ(p->off, off, "the page of cells");
	memset(c->lmem + arm, 0x6b, 4096);
	struct space *s = space_create_as(c, ~0u, WEFT_AS_LR);
	struct queue *q = queue_create(s, ~0u, 4);
	sem_map(p, s, va, PTE_SEM);
	queue_push(q, &w);
	queue_kick(q);
	queue_wait_run(q, WEFT_QS_PARKED, 5000, NULL);
	sem_signal(p, 0, 1, q, va);
	queue_wait_done(q, 5000);
	for (unsigned i = 0; i < 4096; i++)
		CHECK_EQ(c->lmem[arm + i], 0x6b, "byte of what was an arm page before FLR");
}

/* Every error that stays or waits for its occasion, and what was counted of those that happened. */
static void errors(void)
{
	struct card *c = CARD;
	union weft_packet p[2] = { pkt_fill(RIG_LOCAL, RIG_BYTES, 4, 1), pkt_fill(RIG_HOST, 4096, 4, 2) };
	bool told = c->caps & WEFT_CAP_TELEMETRY;
	uint32_t limit = rd32(c, WEFT_REG_TEMP_LIMIT_MC);

	card_need(c);
	struct rig r = rig_open(c);
	inject(c, WEFT_INJECT_ECC, r.local_off);
	rig_fault(&r, p, 1, (struct fault){ .cause = WEFT_FAULT_ECC, VA_IN(RIG_LOCAL, 1) });
	if (told)
		CHECK(rd32(c, WEFT_REG_ECC_FATAL), "no ECC_FATAL to begin with");
	inject(c, WEFT_INJECT_ECC, r.local_off + 8192);
	inject(c, WEFT_INJECT_HEAT, limit);
	inject(c, WEFT_INJECT_LINK_SLOW, UINT64_C(20000) << 32);
	inject(c, WEFT_INJECT_HANG, r.q->id);
	inject(c, WEFT_INJECT_SLOW, 1000000);
	card_forget(c);
	card_bringup(c);
	if (told) {
		CHECK_EQ(rd32(c, WEFT_REG_ECC_FATAL), 0, "ECC_FATAL after FLR");
		CHECK_EQ(rd32(c, WEFT_REG_ECC_CORRECTED), 0, "ECC_CORRECTED after FLR");
		CHECK(rd32(c, WEFT_REG_TEMP_MC) < limit, "%u m°C after FLR", rd32(c, WEFT_REG_TEMP_MC));
	}
	r = rig_open(c);
	card_flush_words(c);
	/* another error is on its way, to a queue that does not exist */
	inject(c, WEFT_INJECT_HANG, r.q->id + 1);
	rig_run(&r, p, 2);
}

/* What faulted while no firmware ran waits for the next one, but not for that of another life. */
static void faults(void)
{
	static const char place[] = "5eed5eed5";	/* hardly by chance in a log */
	struct card *c = CARD;
	union weft_packet p = pkt_fill(UINT64_C(0x5eed5eed5000), 64, 4, 1);
	char log[16385];

	card_need(c);
	struct rig r = rig_open(c);
	wr32(c, WEFT_REG_BOOT_CTRL, WEFT_BOOT_CTRL_HALT);
	WAIT_FOR(BOOT_STATE(rd32(c, WEFT_REG_BOOT_STATUS)) == WEFT_BOOT_HALTED, 5000, "the processor halted");
	rig_start(&r, &p, 1);
	queue_wait_run(r.q, WEFT_QS_FAULTED, 5000, NULL);
	card_forget(c);
	card_reset(c);
	card_registers(c);
	uint64_t at = carve_alloc(c, sizeof(log) - 1);
	wr64(c, WEFT_REG_LOG_BASE, at);
	wr32(c, WEFT_REG_LOG_BYTES, sizeof(log) - 1);
	CHECK_EQ(BOOT_STATE(card_boot(c, ct_fw, ct_fw_bytes)), WEFT_BOOT_RUNNING, "boot state");
	card_mailbox(c);
	mbox_hello(c);
	usleep(20000);
	memcpy(log, c->lmem + at, sizeof(log) - 1);
	log[sizeof(log) - 1] = 0;
	CHECK(!memmem(log, sizeof(log) - 1, place, sizeof(place) - 1), "the firmware was told of a fault before FLR: %s", log);
}

static void midway(void)
{
	struct card *c = CARD;
	union weft_packet p[30];

	for (int round = 0; round < 36; round++) {
		card_need(c);
		struct rig r = rig_open(c);
		for (unsigned i = 0; i < 30; i++)
			p[i] = pkt_copy(RIG_HOST, RIG_LOCAL, RIG_BYTES);
		if (round % 6 == 5 && c->caps & WEFT_CAP_TIMED)
			p[0] = pkt_timed(UINT64_C(20000000000));
		rig_start(&r, p, 30);
		usleep((useconds_t)ct_below(4000));
		card_forget(c);
		uint64_t t = ct_now_ns();
		card_reset(c);
		CHECK(ct_now_ns() - t < UINT64_C(1000000000), "FLR under load took %llu ms",
		      (unsigned long long)(ct_now_ns() - t) / 1000000);
		/* bus mastering is off and everything stopped: guest memory is ours */
		/* few and fast: what is late comes within microseconds */
		for (uint64_t o = 0; o < RIG_BYTES; o += 4093)
			r.host[o] = 0x44;
		usleep(3000);
		for (uint64_t o = 0; o < RIG_BYTES; o += 4093)
			CHECK_EQ(r.host[o], 0x44, "byte of guest memory after FLR");
		host_rewind();
	}
	card_need(c);
	struct rig r = rig_open(c);
	union weft_packet k = pkt_fill(RIG_LOCAL, 64, 4, 3);
	rig_run(&r, &k, 1);
}

/* The limit decides what a leaf may name, whatever lies there: here it is lowered to 2 MiB before any space exists. */
static void low_limit(void)
{
	struct card *c = CARD;

	card_bringup(c);
	wr64(c, WEFT_REG_USER_LIMIT, WEFT_PAGE2M_BYTES);
	CHECK_EQ(rd64(c, WEFT_REG_USER_LIMIT), WEFT_PAGE2M_BYTES, "USER_LIMIT");
	c->user_next = 1u << 20;	/* lists and tables below the new limit, the 4 MiB of data across it */
	struct rig r = rig_open(c);
	uint64_t edge = RIG_LOCAL + WEFT_PAGE2M_BYTES - r.local_off;
	union weft_packet p = pkt_fill(edge - 4096, 4096, 4, 1);
	rig_run(&r, &p, 1);
	p = pkt_fill(edge - 4096, 8192, 4, 1);
	rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_PT_LIMIT, VA_IN(edge, 1) });
	p = pkt_fill(RIG_HOST, 64, 4, 1);
	rig_run(&r, &p, 1);	/* host memory is no matter of the limit */
}

static void frozen_limit(void)
{
	struct card *c = CARD;

	card_reset(c);
	card_registers(c);
	uint64_t bad[] = { c->limit + 4096, c->limit + (1u << 20), c->lmem_bytes + WEFT_PAGE2M_BYTES, ~UINT64_C(0) };
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		wr64(c, WEFT_REG_USER_LIMIT, bad[i]);
		EXPECT_EQ(rd64(c, WEFT_REG_USER_LIMIT), c->limit, "USER_LIMIT after a value that is none");
		wr64(c, WEFT_REG_USER_LIMIT, c->limit);
	}
	card_bringup(c);
	struct rig r = rig_open(c);
	wr64(c, WEFT_REG_USER_LIMIT, c->limit - WEFT_PAGE2M_BYTES);
	EXPECT_EQ(rd64(c, WEFT_REG_USER_LIMIT), c->limit, "USER_LIMIT written while an address space exists");
	union weft_packet p = pkt_fill(RIG_LOCAL, 64, 4, 1);
	rig_run(&r, &p, 1);
}

static void neighbour(void)
{
	cards_open(2);
	card_need(CARD);
	card_need(&ct_cards[1]);
	struct rig r = rig_open(CARD);
	union weft_packet p[10];
	for (unsigned i = 0; i < 10; i++)
		p[i] = pkt_copy(RIG_LOCAL, RIG_HOST, RIG_BYTES);
	uint64_t gen = rd64(CARD, WEFT_REG_RESET_GEN), f = rig_start(&r, p, 10);
	card_bringup(&ct_cards[1]);
	queue_wait(r.q, f, 10000);
	CHECK_EQ(rd64(CARD, WEFT_REG_RESET_GEN), gen, "RESET_GEN of the card that was not reset");
	rig_run(&r, p, 1);
}

static const struct ct_test tests[] = {
	{ "five times, working each time", again, 0, 0, true },
	{ "spaces, queues, counters are gone", lost, 0, 0, true },
	{ "watches and masked links are gone", masks, WEFT_CAP_WATCH | WEFT_CAP_CELLS | WEFT_CAP_LR, 0, true },
	{ "POLICY is gone", policies, WEFT_CAP_BANDS, 0, true },
	{ "bindings of arm pages are gone", arm_pages, WEFT_CAP_CELLS | WEFT_CAP_LR, 0, true },
	{ "errors on request, what they did and what was counted, are gone", errors, WEFT_CAP_INJECT | WEFT_CAP_SYSTEM_SCOPE, 0, true },
	{ "faults that no firmware took are gone", faults, WEFT_CAP_ROM_BOOT, 0, true },
	{ "in the middle of jobs", midway, 0, 0, true },
	{ "a lower USER_LIMIT: leaves across it fault", low_limit, 0, 0, true },
	{ "USER_LIMIT: bad values, frozen while a space exists", frozen_limit, 0, 0, true },
	{ "another card does not notice", neighbour, 0, 2, true },
};
CT_SECTION(flr);
