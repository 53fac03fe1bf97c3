// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* BAR0: every register of reg.h, its direction and its value after reset. */
#include "rig.h"

#include <unistd.h>

enum kind { RO = 1, RW = 2, WO = 4, W1C = 8, ACTS = 16 };
static const struct reg {
	const char *name;
	uint32_t at, bytes;
	unsigned kind;
	uint64_t cap;		/* behind this bit */
} regs[] = {
#define R(n, b, k, c) { #n, WEFT_REG_##n, b, k, c }
	R(MAGIC, 4, RO, 0), R(CONTRACT_MAX, 4, RO, 0), R(CONTRACT_MIN, 4, RO, 0), R(SERIAL, 4, RO, 0),
	R(CAPS, 8, RO, 0), R(LMEM_BYTES, 8, RO, 0), R(USER_LIMIT, 8, RW, 0), R(NUM_ASIDS, 4, RO, 0),
	R(NUM_QUEUES, 4, RO, 0), R(NUM_SLOTS, 4, RO, 0), R(NUM_ENGINES, 4, RO, 0), R(NUM_LINKS, 4, RO, 0),
	R(FENCE_LOOP_MAX, 4, RO, 0), R(RESET_GEN, 8, RO, 0), R(TIMED_WIDTH, 4, RO, 0), R(NUM_WATCHES, 4, RO, 0),
	R(HANG_MS, 4, RW, 0), R(FW_WATCHDOG_MS, 4, RW, 0), R(LINK_FLUSH(0), 8, RW, WEFT_CAP_SYSTEM_SCOPE),
	R(BOOT_CTRL, 4, WO | ACTS, 0), R(BOOT_STATUS, 4, RO, 0), R(BOOT_IMAGE, 8, RW, 0), R(BOOT_BYTES, 8, RW, 0),
	R(BOOT_ROLLBACK, 4, RO, 0), R(FW_VERSION, 4, RO, 0), R(FW_HEARTBEAT, 4, RO | ACTS, 0), R(MBOX_BASE, 8, RW, 0),
	R(MBOX_REQ_TAIL, 4, RW | ACTS, 0), R(MBOX_REQ_HEAD, 4, RO, 0), R(MBOX_RSP_TAIL, 4, RO, 0),
	R(MBOX_RSP_HEAD, 4, RW | ACTS, 0), R(LOG_BASE, 8, RW, 0), R(LOG_BYTES, 4, RW, 0), R(LOG_TAIL, 4, RO, 0),
	R(EVT_BASE, 8, RW, 0), R(EVT_LOG2, 4, RW, 0), R(EVT_ENABLE, 4, RW | ACTS, 0), R(EVT_TAIL, 4, RO, 0),
	R(EVT_HEAD, 4, RW, 0), R(EVT_STATUS, 4, RO | W1C, 0), R(IRQ_VECTORS, 4, RW | ACTS, 0),
	R(SAFE_ARG0, 8, RW, 0), R(SAFE_ARG1, 8, RW, 0), R(SAFE_ARG2, 8, RW, 0), R(SAFE_CMD, 8, WO | ACTS, 0),
	R(CLOCK_NOW, 8, RO | ACTS, 0), R(CLOCK_HOST, 8, RW, WEFT_CAP_CLOCK_PAIR),
	R(CLOCK_CARD, 8, RO | ACTS, WEFT_CAP_CLOCK_PAIR), R(CNT_SEL, 4, RW, WEFT_CAP_COUNTERS),
	R(CNT_VALUE, 8, RO | ACTS, WEFT_CAP_COUNTERS), R(WATCH_CELL, 8, RW, WEFT_CAP_WATCH),
	R(WATCH_VALUE, 8, RW, WEFT_CAP_WATCH), R(WATCH_COOKIE, 8, RW, WEFT_CAP_WATCH),
	R(WATCH_CMD, 4, WO | ACTS, WEFT_CAP_WATCH), R(TEMP_MC, 4, RO | ACTS, WEFT_CAP_TELEMETRY),
	R(POWER_MW, 4, RO | ACTS, WEFT_CAP_TELEMETRY), R(CLOCK_MHZ, 4, RO | ACTS, WEFT_CAP_TELEMETRY),
	R(THROTTLE, 4, RO, WEFT_CAP_TELEMETRY), R(ECC_CORRECTED, 4, RO, WEFT_CAP_TELEMETRY),
	R(TEMP_LIMIT_MC, 4, RO, WEFT_CAP_TELEMETRY), R(POWER_LIMIT_MW, 4, RO, WEFT_CAP_TELEMETRY),
	R(ECC_FATAL, 4, RO, WEFT_CAP_TELEMETRY), R(INJECT_ARG, 8, RW, WEFT_CAP_INJECT), R(INJECT, 4, WO | ACTS, WEFT_CAP_INJECT),
#undef R
};

static uint64_t get(struct card *c, const struct reg *r)
{
	return r->bytes == 8 ? rd64(c, r->at) : rd32(c, r->at);
}

static void put(struct card *c, const struct reg *r, uint64_t v)
{
	if (r->bytes == 8)
		wr64(c, r->at, v);
	else
		wr32(c, r->at, (uint32_t)v);
}

static void identity(void)
{
	struct card *c = CARD;
	uint64_t caps = rd64(c, WEFT_REG_CAPS);

	CHECK_EQ(rd32(c, WEFT_REG_MAGIC), WEFT_MAGIC, "MAGIC");
	uint32_t lo = rd32(c, WEFT_REG_CONTRACT_MIN), hi = rd32(c, WEFT_REG_CONTRACT_MAX);
	CHECK(lo <= WEFT_CONTRACT_VERSION && WEFT_CONTRACT_VERSION <= hi, "contract %#x … %#x does not hold %#x", lo, hi,
	      WEFT_CONTRACT_VERSION);
	CHECK(rd64(c, WEFT_REG_LMEM_BYTES) && !(rd64(c, WEFT_REG_LMEM_BYTES) % WEFT_PAGE2M_BYTES),
	      "LMEM_BYTES is no multiple of 2 MiB");
	CHECK(c->nasids >= 1 && c->nasids <= 1024, "NUM_ASIDS %u", c->nasids);
	CHECK(c->nqueues >= 1 && c->nqueues <= 4096, "NUM_QUEUES %u", c->nqueues);
	CHECK(c->nlinks >= 1 && c->nlinks <= 32, "NUM_LINKS %u", c->nlinks);
	CHECK(rd32(c, WEFT_REG_NUM_SLOTS) >= 1, "NUM_SLOTS 0");
	uint32_t engines = rd32(c, WEFT_REG_NUM_ENGINES), kinds = 0;
	CHECK(engines >= 1 && engines <= 0x7800 / 16, "NUM_ENGINES %u", engines);
	CHECK(!!(caps & WEFT_CAP_FW_RESIDENT) + !!(caps & WEFT_CAP_ROM_BOOT) >= 1, "neither FW_RESIDENT nor ROM_BOOT");
	CHECK(!(caps & WEFT_CAP_CELL_FAULTS) || (caps & WEFT_CAP_CELL_FAULT), "CELL_FAULTS without CELL_FAULT");
	CHECK(!(caps >> 26), "CAPS has bits without a name: %#llx", (unsigned long long)caps);
	for (uint32_t i = 0; i < engines; i++) {
		uint32_t e = WEFT_REG_ENGINES + 16 * i;

		kinds |= rd32(c, e);
		CHECK(rd32(c, e) && !(rd32(c, e) & ~15u), "engine %u: kinds %#x", i, rd32(c, e));
		CHECK(rd32(c, e + 8) >= 1, "engine %u: width 0", i);
		CHECK_EQ(rd32(c, e + 12), 0, "reserved word of an engine entry");
	}
	CHECK(kinds & WEFT_ENGINE_COPY, "no engine copies");
	CHECK(!(caps & WEFT_CAP_EXEC) || (kinds & WEFT_ENGINE_COMPUTE), "EXEC without an engine for it");
	CHECK(!(caps & WEFT_CAP_REDUCE) || (kinds & WEFT_ENGINE_REDUCE), "REDUCE without an engine for it");
	if (caps & WEFT_CAP_TIMED)
		CHECK_EQ(rd32(c, WEFT_REG_TIMED_WIDTH), rd32(c, WEFT_REG_NUM_SLOTS), "TIMED_WIDTH");
	if (!(caps & WEFT_CAP_LOOP))
		CHECK_EQ(rd32(c, WEFT_REG_FENCE_LOOP_MAX), 0, "FENCE_LOOP_MAX without LOOP");
}

static void serials(void)
{
	cards_open(ct_ncards);
	for (unsigned i = 0; i < ct_ncards; i++)
		for (unsigned j = 0; j < i; j++)
			CHECK(rd32(&ct_cards[i], WEFT_REG_SERIAL) != rd32(&ct_cards[j], WEFT_REG_SERIAL),
			      "cards %u and %u have the same serial", i, j);
}

static void after_reset(void)
{
	struct card *c = CARD;

	for (unsigned i = 0; i < ARRAY_LEN(regs); i++)
		if ((regs[i].kind & RW) && !(c->caps & regs[i].cap) == !regs[i].cap && regs[i].at != WEFT_REG_IRQ_VECTORS)
			put(c, &regs[i], regs[i].kind & ACTS ? 0 : 0x1000);
	card_reset(c);
	for (unsigned i = 0; i < ARRAY_LEN(regs); i++) {
		const struct reg *r = &regs[i];

		if (!(r->kind & RW) || (r->cap && !(c->caps & r->cap)))
			continue;
		ct_about("%s", r->name);
		CHECK_EQ(get(c, r), r->at == WEFT_REG_IRQ_VECTORS ? 1 : r->at == WEFT_REG_HANG_MS ? 2000 : 0, "value after FLR");
	}
	ct_about("%s", "");
	CHECK_EQ(rd32(c, WEFT_REG_EVT_TAIL), 0, "EVT_TAIL after FLR");
	CHECK_EQ(rd32(c, WEFT_REG_EVT_STATUS), 0, "EVT_STATUS after FLR");
	CHECK_EQ(rd32(c, WEFT_REG_MBOX_REQ_HEAD), 0, "MBOX_REQ_HEAD after FLR");
	CHECK_EQ(rd32(c, WEFT_REG_MBOX_RSP_TAIL), 0, "MBOX_RSP_TAIL after FLR");
	CHECK_EQ(rd32(c, WEFT_REG_LOG_TAIL), 0, "LOG_TAIL after FLR");
	if (!(c->caps & WEFT_CAP_FW_RESIDENT)) {
		CHECK_EQ(rd32(c, WEFT_REG_BOOT_STATUS), 0, "BOOT_STATUS after FLR");
		CHECK_EQ(rd32(c, WEFT_REG_FW_VERSION), 0, "FW_VERSION after FLR");
	} else {
		CHECK_EQ(rd32(c, WEFT_REG_BOOT_STATUS) & 0xff, WEFT_BOOT_RUNNING, "BOOT_STATUS of resident firmware");
	}
	for (unsigned op = 0; op < WEFT_SAFE_OP_COUNT; op++)
		CHECK_EQ(rd32(c, WEFT_REG_SAFE_DONE(op)), 0, "SAFE_DONE after FLR");
}

static void read_write(void)
{
	struct card *c = CARD;
	uint64_t v;

	card_reset(c);
	for (unsigned i = 0; i < ARRAY_LEN(regs); i++) {
		const struct reg *r = &regs[i];

		if (r->cap && !(c->caps & r->cap))
			continue;
		ct_about("%s", r->name);
		if ((r->kind & RW) && !(r->kind & ACTS)) {
			v = r->at == WEFT_REG_EVT_LOG2 ? 7 : r->at == WEFT_REG_LOG_BYTES ? 8192 :
			    r->at == WEFT_REG_CNT_SEL ? WEFT_CNT_SEL(0, 0, 0) :
			    r->at == WEFT_REG_EVT_HEAD ? 0 : c->lmem_bytes - WEFT_PAGE2M_BYTES;
			put(c, r, v);
			CHECK_EQ(get(c, r), v, "read back");
			put(c, r, 0);
			CHECK_EQ(get(c, r), 0, "read back");
		} else if ((r->kind & RO) && !(r->kind & (ACTS | W1C))) {
			v = get(c, r);
			put(c, r, ~v);
			CHECK_EQ(get(c, r), v, "a read-only register after a write");
		} else if (r->kind & WO) {
			CHECK_EQ(get(c, r), 0, "a write-only register");
		}
	}
}

static void halves(void)
{
	struct card *c = CARD;
	uint64_t v = c->lmem_bytes - 2 * WEFT_PAGE2M_BYTES;

	card_reset(c);
	CHECK_EQ(rd32(c, WEFT_REG_CAPS), c->caps & 0xffffffff, "low half of CAPS");
	CHECK_EQ(rd32(c, WEFT_REG_CAPS + 4), c->caps >> 32, "high half of CAPS");
	CHECK_EQ(rd32(c, WEFT_REG_LMEM_BYTES), c->lmem_bytes & 0xffffffff, "low half of LMEM_BYTES");
	CHECK_EQ(rd32(c, WEFT_REG_LMEM_BYTES + 4), c->lmem_bytes >> 32, "high half of LMEM_BYTES");
	wr32(c, WEFT_REG_EVT_BASE, 0x12345000);
	wr32(c, WEFT_REG_EVT_BASE + 4, 0x67);
	CHECK_EQ(rd64(c, WEFT_REG_EVT_BASE), UINT64_C(0x6712345000), "EVT_BASE written in two halves");
	wr64(c, WEFT_REG_USER_LIMIT, c->lmem_bytes);
	wr32(c, WEFT_REG_USER_LIMIT, (uint32_t)v);
	wr32(c, WEFT_REG_USER_LIMIT + 4, (uint32_t)(v >> 32));
	CHECK_EQ(rd64(c, WEFT_REG_USER_LIMIT), v, "USER_LIMIT written in two halves");
	uint64_t a = rd32(c, WEFT_REG_CLOCK_NOW), b = rd32(c, WEFT_REG_CLOCK_NOW + 4), now = rd64(c, WEFT_REG_CLOCK_NOW);
	CHECK(now - (a | b << 32) < UINT64_C(1000000000), "CLOCK_NOW read in two halves");
}

static void widths(void)
{
	struct card *c = CARD;
	static const struct { uint32_t at; unsigned bytes; } odd[] = {
		{ WEFT_REG_MAGIC, 1 }, { WEFT_REG_MAGIC, 2 }, { WEFT_REG_MAGIC + 2, 2 }, { WEFT_REG_MAGIC, 8 },
		{ WEFT_REG_CAPS, 2 }, { WEFT_REG_CAPS + 1, 1 }, { WEFT_REG_CAPS + 2, 4 }, { WEFT_REG_LMEM_BYTES + 4, 8 },
	};

	card_reset(c);
	for (unsigned i = 0; i < ARRAY_LEN(odd); i++) {
		uint64_t v = ~UINT64_C(0);

		ct_about("%u bytes at %#x", odd[i].bytes, odd[i].at);
		CHECK(!vu_try_read(&c->vu, VU_BAR0, odd[i].at, &v, odd[i].bytes), "an error instead of zeros");
		EXPECT_EQ(v << (64 - 8 * odd[i].bytes), 0, "value");
	}
	ct_about("%s", "");
	uint64_t v = ~UINT64_C(0);
	CHECK(!vu_try_write(&c->vu, VU_BAR0, WEFT_REG_EVT_LOG2, &v, 1), "a write of one byte");
	CHECK(!vu_try_write(&c->vu, VU_BAR0, WEFT_REG_EVT_LOG2 + 2, &v, 2), "a write of two bytes");
	CHECK_EQ(rd32(c, WEFT_REG_EVT_LOG2), 0, "EVT_LOG2 after writes of other widths");
}

static void unlisted(void)
{
	struct card *c = CARD;
	uint32_t engines = WEFT_REG_ENGINES + 16 * rd32(c, WEFT_REG_NUM_ENGINES);
	unsigned tried = 0;
	long n = ct_count(400);

	card_reset(c);
	for (uint32_t at = 0; at < WEFT_BAR_REGS_BYTES; at += 4) {
		bool listed = (at >= 0x400 && at < 0x480) || (at >= WEFT_REG_ENGINES && at < engines);

		if (c->caps & WEFT_CAP_SYSTEM_SCOPE)
			listed |= at >= WEFT_REG_LINK_FLUSH(0) && at < WEFT_REG_LINK_FLUSH(c->nlinks);
		if (c->msix && !(cfg_rd(c, c->msix + 4, 4) & 7))	/* table and PBA are emulated by the host */
			listed |= at >= 0x1000;
		for (unsigned i = 0; i < ARRAY_LEN(regs); i++)
			listed |= at >= regs[i].at && at < regs[i].at + regs[i].bytes;
		if (listed || (at >= 0x1000 && n && (long)ct_below(0x3c00) >= n))
			continue;
		ct_about("offset %#x", at);
		tried++;
		wr32(c, at, ~0u);
		CHECK_EQ(rd32(c, at), 0, "an unlisted register");
	}
	ct_about("%s", "");
	CHECK(tried >= 100, "only %u offsets tried", tried);
	CHECK_EQ(rd32(c, WEFT_REG_MAGIC), WEFT_MAGIC, "MAGIC afterwards");
}

/* Of the doorbells of a queue that has work and was not told, only the one of 4 bytes is heard. */
static void doorbells(void)
{
	static const struct { uint32_t at, bytes; } other[] = { { 0, 1 }, { 0, 2 }, { 0, 8 }, { 4, 4 }, { 8, 4 }, { 2, 2 } };
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	union weft_packet p = pkt_fill(RIG_LOCAL, 64, 8, 1);
	rig_run(&r, &p, 1);
	queue_wait_run(r.q, WEFT_QS_IDLE, 5000, NULL);
	uint64_t f = queue_push_fence(r.q, false);
	queue_tail(r.q);
	for (unsigned i = 0; i < ARRAY_LEN(other); i++)
		vu_write(&c->vu, VU_BAR4, (uint64_t)r.q->id * WEFT_DOORBELL_BYTES + other[i].at, 0, other[i].bytes);
	usleep(20000);
	CHECK(queue_fence(r.q) != f, "a write that is no doorbell was heard");
	queue_ring(r.q);
	queue_wait(r.q, f, 5000);
}

static void clock_runs(void)
{
	struct card *c = CARD;
	uint64_t h0 = ct_now_ns(), a = rd64(c, WEFT_REG_CLOCK_NOW);

	usleep(50000);
	uint64_t b = rd64(c, WEFT_REG_CLOCK_NOW), h1 = ct_now_ns();
	CHECK(b > a, "CLOCK_NOW stands still");
	CHECK(b - a >= 45000000 && b - a <= h1 - h0 + 5000000, "CLOCK_NOW went %llu ns in 50 ms", (unsigned long long)(b - a));
}

static void clock_pair(void)
{
	struct card *c = CARD;

	for (int i = 0; i < 10; i++) {
		uint64_t a = rd64(c, WEFT_REG_CLOCK_NOW);

		wr64(c, WEFT_REG_CLOCK_HOST, 1000u + (unsigned)i);
		uint64_t b = rd64(c, WEFT_REG_CLOCK_NOW), latch = rd64(c, WEFT_REG_CLOCK_CARD);
		CHECK(latch >= a && latch <= b, "CLOCK_CARD %llu is not between %llu and %llu", (unsigned long long)latch,
		      (unsigned long long)a, (unsigned long long)b);
		CHECK_EQ(rd64(c, WEFT_REG_CLOCK_CARD), latch, "CLOCK_CARD read twice");
		CHECK_EQ(rd64(c, WEFT_REG_CLOCK_HOST), 1000u + (unsigned)i, "CLOCK_HOST");
	}
}

static void telemetry(void)
{
	struct card *c = CARD;
	uint32_t t = rd32(c, WEFT_REG_TEMP_MC);

	CHECK(t > 0 && t < 150000, "TEMP_MC %u", t);
	CHECK(rd32(c, WEFT_REG_POWER_MW) > 0, "POWER_MW 0");
	CHECK(rd32(c, WEFT_REG_CLOCK_MHZ) > 0, "CLOCK_MHZ 0");
}

static const struct ct_test tests[] = {
	{ "identity, counts, engine table", identity, 0, 0, false },
	{ "serials differ", serials, 0, 2, false },
	{ "values after FLR", after_reset, 0, 0, true },
	{ "RW reads back, RO ignores writes, WO reads 0", read_write, 0, 0, true },
	{ "64-bit registers by halves", halves, 0, 0, true },
	{ "other widths and misaligned accesses read 0", widths, 0, 0, true },
	{ "unlisted offsets read 0 and ignore writes", unlisted, 0, 0, true },
	{ "doorbells of other widths and places are ignored", doorbells, 0, 0, false },
	{ "card clock runs in ns", clock_runs, 0, 0, false },
	{ "clock pair", clock_pair, WEFT_CAP_CLOCK_PAIR, 0, false },
	{ "telemetry is not zero", telemetry, WEFT_CAP_TELEMETRY, 0, false },
};
CT_SECTION(registers);
