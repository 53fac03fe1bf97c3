// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Errors on request, the limits they exceed, the watchdog, and what outlives a firmware that died. */
#include "load.h"

#include <string.h>
#include <unistd.h>

static union weft_packet fill(unsigned i)
{
	return pkt_fill(RIG_LOCAL + 4096 * i, 4096, 4, i + 1);
}

static uint64_t submit(struct queue *q, union weft_packet p)
{
	queue_push(q, &p);
	uint64_t f = queue_push_fence(q, false);
	queue_kick(q);
	return f;
}

static void lost_irq(void)
{
	struct card *c = CARD;
	uint64_t before, sent;

	card_need(c);
	struct rig r = rig_open(c);
	struct queue *q = r.q;
	inject(c, WEFT_INJECT_LOST_IRQ, 0);
	before = counter(c, WEFT_CNT_IRQS, 0, 0);
	for (unsigned i = 0; i < 2; i++) {
		uint32_t from = c->nevt;

		queue_push_fence(q, true);
		queue_kick(q);
		/* the event is there, with or without its interrupt */
		evt_wait(c, from, WEFT_EVT_FENCE, q->id, 2000);
		WAIT_FOR(queue_run(q) == WEFT_QS_IDLE, 1000, "the queue IDLE");
	}
	sent = counter(c, WEFT_CNT_IRQS, 0, 0) - before;
	CHECK_EQ(sent, 1, "messages of two events, the first of them lost");
}

static void hang(void)
{
	struct card *c = CARD;
	struct weft_queue_state st;
	uint64_t start, f;

	card_need(c);
	struct rig r = rig_open(c), other = rig_open(c);
	for (unsigned round = 0; round < 2; round++) {
		struct weft_queue_desc how = { .band = WEFT_BAND_NORMAL, .weight = 100, .run_limit_ns = round ? 80000000 : 60000000000,
					       .wait_limit_ns = 60000000000 };
		struct queue *q = queue_create_how(r.s, ~0u, 4, &how);
		uint32_t from = c->nevt;

		wr32(c, WEFT_REG_HANG_MS, round ? 2000 : 150);
		inject(c, WEFT_INJECT_HANG, q->id);
		start = ct_now_ns();
		submit(q, fill(0));
		f = submit(other.q, fill(1));
		queue_wait(other.q, f, 1000);
		CHECK(queue_run(q) != WEFT_QS_FAULTED || ct_now_ns() - start > 70000000, "the hung queue faulted early");
		queue_wait_run(q, WEFT_QS_FAULTED, 2000, &st);
		CHECK_EQ(st.cause, round ? WEFT_FAULT_RUN_LIMIT : WEFT_FAULT_HANG, "cause");
		CHECK_EQ(st.fault_op, WEFT_PKT_FILL, "fault_op");
		CHECK_EQ(st.retired, 0, "packets retired");
		CHECK(ct_now_ns() - start >= (round ? 80000000 : 150000000), "faulted after %llu us",
		      (unsigned long long)(ct_now_ns() - start) / 1000);
		evt_wait(c, from, WEFT_EVT_FAULT, q->id, 1000);
		CHECK_EQ(queue_run(other.q) == WEFT_QS_FAULTED, 0, "another queue faulted");
	}
	/* without a limit only a stop ends it, and that works */
	wr32(c, WEFT_REG_HANG_MS, 0);
	struct queue *q = queue_create(r.s, ~0u, 4);
	inject(c, WEFT_INJECT_HANG, q->id);
	submit(q, fill(0));
	WAIT_FOR(queue_run(q) == WEFT_QS_RUNNING, 1000, "the queue RUNNING");
	usleep(30000);
	start = ct_now_ns();
	CHECK_EQ(safe_call(c, WEFT_SAFE_QUEUE_STOP, q->id, 0, 0), WEFT_SAFE_OK, "status of QUEUE_STOP");
	CHECK(ct_now_ns() - start < 500000000, "stopping a hung queue took %llu us", (unsigned long long)(ct_now_ns() - start) / 1000);
	CHECK_EQ(queue_run(q), WEFT_QS_STOPPED, "state");
	wr32(c, WEFT_REG_HANG_MS, 2000);
}

static bool done(struct card *c, unsigned op, uint32_t seq)
{
	return rd32(c, WEFT_REG_SAFE_DONE(op)) == seq;
}

/* A queue inside a unit that obeys nothing, as its state tells; QUEUE_STOP of it, which does not complete. */
static uint32_t stick(struct rig *r, uint32_t what, uint32_t *engine)
{
	struct weft_queue_state st;
	struct card *c = r->c;
	uint32_t stop;

	wr32(c, WEFT_REG_HANG_MS, 50);
	inject(c, what, r->q->id);
	submit(r->q, fill(0));
	usleep(150000);
	queue_wait_run(r->q, WEFT_QS_RUNNING, 1000, &st);
	CHECK(st.engine, "the state of a running queue names no engine");
	*engine = st.engine - 1;
	stop = safe_start(c, WEFT_SAFE_QUEUE_STOP, r->q->id, 0, 0);
	usleep(100000);
	CHECK(!done(c, WEFT_SAFE_QUEUE_STOP, stop), "QUEUE_STOP completed while the unit goes on");
	return stop;
}

/* Whether the group of an engine has another one, which goes on. */
static bool others(struct card *c, uint32_t engine)
{
	return rd32(c, WEFT_REG_ENGINES + 16 * engine + 8) > 1;
}

/* ENGINE_RESET ends what QUEUE_STOP cannot, overtakes it, and costs nobody else. */
static void stuck(void)
{
	struct card *c = CARD;
	struct weft_queue_state st;
	union weft_packet p = fill(3);
	uint32_t stop, engine;

	card_need(c);
	struct rig r = rig_open(c), other = rig_open(c);
	stop = stick(&r, WEFT_INJECT_STUCK, &engine);
	if (others(c, engine))
		rig_run(&other, &p, 1);
	CHECK_EQ(safe_call(c, WEFT_SAFE_ENGINE_RESET, engine, 0, 0), WEFT_SAFE_OK, "status of ENGINE_RESET");
	CHECK_EQ(safe_wait(c, WEFT_SAFE_QUEUE_STOP, stop, 1000), WEFT_SAFE_OK, "status of QUEUE_STOP after it");
	queue_wait_run(r.q, WEFT_QS_STOPPED, 1000, &st);
	CHECK_EQ(st.cause, WEFT_FAULT_STOPPED, "cause");
	CHECK_EQ(st.engine, 0, "engine of a stopped queue");
	CHECK_EQ(st.retired, 0, "packets retired");
	rig_run(&other, &p, 1);
	rig_renew(&r);
	rig_run(&r, &p, 1);
	wr32(c, WEFT_REG_HANG_MS, 2000);
}

/* What no safe operation ends, FLR does. Another card's operations are not held up by it meanwhile. */
static void stuck_hard(void)
{
	struct card *c = CARD;
	union weft_packet p = fill(3);
	uint32_t reset, engine;

	cards_open(2);
	card_need(c);
	card_need(&ct_cards[1]);
	struct rig r = rig_open(c), far = rig_open(&ct_cards[1]);
	stick(&r, WEFT_INJECT_STUCK_HARD, &engine);
	reset = safe_start(c, WEFT_SAFE_ENGINE_RESET, engine, 0, 0);
	usleep(100000);
	CHECK(!done(c, WEFT_SAFE_ENGINE_RESET, reset), "ENGINE_RESET completed while the unit goes on");
	if (others(c, engine))
		rig_run(&far, &p, 1);
	CHECK_EQ(safe_call(&ct_cards[1], WEFT_SAFE_QUEUE_STOP, far.q->id, 0, 0), WEFT_SAFE_OK, "QUEUE_STOP on another card");
	card_bringup(c);
	card_forget(c);
	r = rig_open(c);
	rig_run(&r, &p, 1);
	rig_renew(&far);
	rig_run(&far, &p, 1);
}

static void reset_fails(void)
{
	struct card *c = CARD;
	union weft_packet p = fill(3);
	uint64_t gen;

	card_need(c);
	struct rig r = rig_open(c);
	gen = rd64(c, WEFT_REG_RESET_GEN);
	inject(c, WEFT_INJECT_RESET_FAILS, 0);
	cfg_wr(c, c->pcie + 8, cfg_rd(c, c->pcie + 8, 2) | 0x8000, 2);
	usleep(100000);
	CHECK_EQ(rd64(c, WEFT_REG_RESET_GEN), gen, "RESET_GEN after an FLR that fails");
	/* once */
	card_bringup(c);
	CHECK_EQ(rd64(c, WEFT_REG_RESET_GEN), gen + 1, "RESET_GEN after the next");
	card_forget(c);
	r = rig_open(c);
	rig_run(&r, &p, 1);
}

/* A slow unit is no hang while it stays below the limit, and one above it. */
static void slow(void)
{
	struct card *c = CARD;
	struct weft_queue_state st;
	uint64_t quick = ~UINT64_C(0), late;
	union weft_packet p = pkt_fill(RIG_LOCAL, RIG_BYTES, 4, 1);

	card_need(c);
	struct rig r = rig_open(c);
	for (unsigned i = 0; i < 6; i++) {
		late = ct_now_ns();
		rig_run(&r, &p, 1);
		late = ct_now_ns() - late;
		quick = late < quick ? late : quick;
	}
	inject(c, WEFT_INJECT_SLOW, 40);
	late = ct_now_ns();
	rig_run(&r, &p, 1);
	late = ct_now_ns() - late;
	ct_note("a FILL of 4 MiB: %llu us, 40 times as slow %llu us", (unsigned long long)quick / 1000, (unsigned long long)late / 1000);
	CHECK(late > 4 * quick, "SLOW 40: %llu ns instead of %llu", (unsigned long long)late, (unsigned long long)quick);
	wr32(c, WEFT_REG_HANG_MS, 20);
	inject(c, WEFT_INJECT_SLOW, 1000000);
	rig_start(&r, &p, 1);
	queue_wait_run(r.q, WEFT_QS_FAULTED, 2000, &st);
	CHECK_EQ(st.cause, WEFT_FAULT_HANG, "cause of a unit slower than HANG_MS");
	inject(c, WEFT_INJECT_SLOW, 1);
	wr32(c, WEFT_REG_HANG_MS, 2000);
	rig_renew(&r);
	rig_run(&r, &p, 1);
}

static void ecc(void)
{
	struct card *c = CARD;
	struct weft_queue_state st;
	uint32_t fatal, from = c->nevt;

	card_need(c);
	struct rig r = rig_open(c);
	fatal = c->caps & WEFT_CAP_TELEMETRY ? rd32(c, WEFT_REG_ECC_FATAL) : 0;
	inject(c, WEFT_INJECT_ECC, r.local_off + 3 * 4096 + 100);
	/* pages beside it are whole */
	union weft_packet p[3] = { fill(2), fill(4), pkt_copy(RIG_LOCAL + 64 * 4096, RIG_LOCAL, 16 * 4096) };
	rig_run(&r, p, 2);
	rig_start(&r, p + 2, 1);
	queue_wait_run(r.q, WEFT_QS_FAULTED, 2000, &st);
	CHECK_EQ(st.cause, WEFT_FAULT_ECC, "cause");
	CHECK_EQ(st.fault_va, RIG_LOCAL + 3 * 4096, "fault_va");
	const struct weft_event *e = evt_wait(c, from, WEFT_EVT_ECC, ~0u, 1000);
	CHECK_EQ(e->value, r.local_off + 3 * 4096 + 100, "offset in the event");
	if (c->caps & WEFT_CAP_TELEMETRY)
		CHECK_EQ(rd32(c, WEFT_REG_ECC_FATAL), fatal + 1, "ECC_FATAL");
	/* once */
	rig_renew(&r);
	rig_run(&r, p + 2, 1);
}

static void link_down(void)
{
	struct card *c = CARD;
	struct weft_queue_state st;
	union weft_packet p = pkt_fill(RIG_HOST, 64, 4, 7), q = fill(0);
	uint32_t from = c->nevt;

	card_need(c);
	struct rig r = rig_open(c);
	rig_run(&r, &p, 1);
	inject(c, WEFT_INJECT_LINK_DOWN, 0);
	CHECK_EQ(evt_wait(c, from, WEFT_EVT_LINK, ~0u, 1000)->queue, 0, "link in the event");
	rig_start(&r, &p, 1);
	queue_wait_run(r.q, WEFT_QS_FAULTED, 2000, &st);
	CHECK_EQ(st.cause, WEFT_FAULT_LINK_DOWN, "cause");
	CHECK_EQ(st.fault_va, RIG_HOST, "fault_va");
	rig_renew(&r);
	rig_run(&r, &q, 1);
	card_bringup(c);
	card_forget(c);
	r = rig_open(c);
	rig_run(&r, &p, 1);
}

static void restart(struct card *c)
{
	uint32_t st = card_boot(c, ct_fw, ct_fw_bytes);

	CHECK_EQ(BOOT_STATE(st), WEFT_BOOT_RUNNING, "boot state after START");
	card_mailbox(c);
	mbox_hello(c);
}

/* Queues run on while the firmware is dead, safe operations work, and a new firmware finds all of it. */
static void firmware_crash(void)
{
	struct card *c = CARD;
	uint32_t beat, from;
	uint64_t start, f;

	card_need(c);
	CHECK(ct_fw, "needs --firmware");
	struct rig idle = rig_open(c), gone = rig_open(c), asleep = rig_open(c), busy = rig_open(c);
	union weft_packet list[64], timed = pkt_timed(600000000);
	for (unsigned i = 0; i < 64; i++)
		list[i] = fill(i);
	from = c->nevt;
	wr32(c, WEFT_REG_FW_WATCHDOG_MS, 150);
	f = rig_start(&busy, list, 64);
	queue_wait(busy.q, f, 1000);
	WAIT_FOR(queue_run(asleep.q) == WEFT_QS_IDLE, 100, "the queue IDLE");
	CHECK_EQ(queue_ask(asleep.q, WEFT_MBOX_SUSPEND), WEFT_MBOX_OK, "status of SUSPEND");
	if (c->caps & WEFT_CAP_TIMED)
		submit(idle.q, timed);
	usleep(250000);
	evt_poll(c);
	CHECK(!evt_find(c, from, WEFT_EVT_FW, ~0u), "event FW while the firmware lives");
	beat = rd32(c, WEFT_REG_FW_HEARTBEAT);
	inject(c, WEFT_INJECT_FW_CRASH, 0);
	start = ct_now_ns();
	CHECK_EQ(evt_wait(c, from, WEFT_EVT_FW, ~0u, 2000)->cause, WEFT_BOOT_RUNNING, "boot state in event FW");
	CHECK(ct_now_ns() - start >= 50000000, "the watchdog was early: %llu us", (unsigned long long)(ct_now_ns() - start) / 1000);
	CHECK(rd32(c, WEFT_REG_FW_HEARTBEAT) - beat <= 2, "the heart of a dead firmware beats");
	from = c->nevt;
	memset(busy.local, 0, 64 * 4096);
	f = rig_start(&busy, list, 64);
	queue_wait(busy.q, f, 1000);
	CHECK_EQ(((uint32_t *)(void *)busy.local)[63 * 1024], 64, "word written with the firmware dead");
	CHECK_EQ(safe_call(c, WEFT_SAFE_QUEUE_STOP, gone.q->id, 0, 0), WEFT_SAFE_OK, "status of QUEUE_STOP");
	CHECK_EQ(space_invalidate(busy.s, RIG_LOCAL, RIG_BYTES), WEFT_SAFE_OK, "status of AS_INVALIDATE");
	/* nor does anything that a processor would wake up for make it bite again */
	mbox_post(c, &(struct weft_mbox_msg){ .op = WEFT_MBOX_PING });
	wr32(c, WEFT_REG_FW_WATCHDOG_MS, 150);
	usleep(200000);
	evt_poll(c);
	CHECK(!evt_find(c, from, WEFT_EVT_FW, ~0u), "a second event FW for one START");
	start = ct_now_ns();
	restart(c);
	ct_note("restart with four queues: %llu us", (unsigned long long)(ct_now_ns() - start) / 1000);
	CHECK(ct_now_ns() - start < 500000000, "restart took %llu us", (unsigned long long)(ct_now_ns() - start) / 1000);
	f = submit(asleep.q, fill(5));
	usleep(20000);
	CHECK_EQ(queue_run(asleep.q), WEFT_QS_SUSPENDED, "state of the suspended queue");
	CHECK_EQ(queue_ask(asleep.q, WEFT_MBOX_RESUME), WEFT_MBOX_OK, "status of RESUME");
	queue_wait(asleep.q, f, 1000);
	f = rig_start(&busy, list, 64);
	queue_wait(busy.q, f, 1000);
	queue_destroy(gone.q);
	if (c->caps & WEFT_CAP_TIMED)
		queue_wait(idle.q, idle.q->fence, 2000);
	struct queue *fresh = queue_create(busy.s, ~0u, 4);
	f = submit(fresh, fill(9));
	queue_wait(fresh, f, 1000);
	/* the watchdog bites once for each START, not once */
	from = c->nevt;
	inject(c, WEFT_INJECT_FW_CRASH, 0);
	evt_wait(c, from, WEFT_EVT_FW, ~0u, 2000);
	restart(c);
	wr32(c, WEFT_REG_FW_WATCHDOG_MS, 0);
}

/* What several reads say, of one moment or of two that follow: only what is said again and again counts. */
static void telemetry(void)
{
	struct card *c = CARD;
	uint32_t idle, most = 0, full, mc, limit = rd32(c, WEFT_REG_POWER_LIMIT_MW), slow = 0, told = 0;
	uint64_t end;

	card_bringup(c);	/* not as warm as the tests before have left it */
	card_forget(c);
	struct load l = load_open(c, WEFT_AS_FENCE);
	rd32(c, WEFT_REG_POWER_MW);
	usleep(100000);
	idle = rd32(c, WEFT_REG_POWER_MW);
	full = rd32(c, WEFT_REG_CLOCK_MHZ);
	mc = rd32(c, WEFT_REG_TEMP_MC);
	for (unsigned i = 0; i < 16; i++)
		load_start(&l, load_queue(&l, NULL));
	end = ct_now_ns() + 400000000;
	while (ct_now_ns() < end) {
		uint32_t mw = rd32(c, WEFT_REG_POWER_MW), mhz = rd32(c, WEFT_REG_CLOCK_MHZ), why = rd32(c, WEFT_REG_THROTTLE);

		CHECK(!limit || mw <= limit, "power %u mW, limit %u mW", mw, limit);
		CHECK(mhz > 0, "clock 0 MHz");
		CHECK(!(why & ~3u), "THROTTLE %#x", why);
		most = mw > most ? mw : most;
		slow += mhz < full;
		told += why != 0;
		usleep(2000);
	}
	ct_note("idle %u mW, busy %u mW, %u m°C, %u MHz; slower than %u MHz %u times, throttled %u times", idle, most,
		rd32(c, WEFT_REG_TEMP_MC), rd32(c, WEFT_REG_CLOCK_MHZ), full, slow, told);
	CHECK(most > idle, "power %u mW at work, %u mW at rest", most, idle);
	CHECK(slow < 3 || told, "%u times slower than at rest, and THROTTLE does not say why", slow);
	WAIT_FOR(rd32(c, WEFT_REG_TEMP_MC) > mc, 3000, "a temperature above %u m°C at work", mc);
	CHECK(rd32(c, WEFT_REG_TEMP_MC) > 10000 && rd32(c, WEFT_REG_TEMP_MC) < 110000, "temperature %u m°C", rd32(c, WEFT_REG_TEMP_MC));
}

static unsigned thermal_events(struct card *c, uint32_t from)
{
	unsigned n = 0;

	evt_poll(c);
	for (uint32_t i = from; i < c->nevt; i++)
		n += c->evt[i].type == WEFT_EVT_THERMAL;
	return n;
}

static void heat(void)
{
	struct card *c = CARD;
	uint32_t limit = rd32(c, WEFT_REG_TEMP_LIMIT_MC), before, from = c->nevt;

	card_need(c);
	CHECK(limit > 0, "TEMP_LIMIT_MC is 0");
	before = rd32(c, WEFT_REG_TEMP_MC);
	CHECK(before < limit, "%u m°C at rest, limit %u", before, limit);
	CHECK(!(rd32(c, WEFT_REG_THROTTLE) & 1), "throttled at rest");
	inject(c, WEFT_INJECT_HEAT, limit);
	CHECK(rd32(c, WEFT_REG_TEMP_MC) >= limit, "temperature %u", rd32(c, WEFT_REG_TEMP_MC));
	CHECK(rd32(c, WEFT_REG_THROTTLE) & 1, "not throttled at %u m°C", rd32(c, WEFT_REG_TEMP_MC));
	evt_wait(c, from, WEFT_EVT_THERMAL, ~0u, 1000);
	/* hotter still: it has begun already */
	inject(c, WEFT_INJECT_HEAT, limit + 1000);
	CHECK(rd32(c, WEFT_REG_THROTTLE) & 1, "not throttled at %u m°C", rd32(c, WEFT_REG_TEMP_MC));
	inject(c, WEFT_INJECT_HEAT, 0);
	usleep(5000);
	CHECK(rd32(c, WEFT_REG_TEMP_MC) < limit, "temperature %u after the heat", rd32(c, WEFT_REG_TEMP_MC));
	CHECK(!(rd32(c, WEFT_REG_THROTTLE) & 1), "still throttled");
	inject(c, WEFT_INJECT_HEAT, limit);
	WAIT_FOR(thermal_events(c, from) >= 2, 1000, "event THERMAL of the second time");
	usleep(10000);
	CHECK_EQ(thermal_events(c, from), 2, "events THERMAL of two times too hot");
	inject(c, WEFT_INJECT_HEAT, 0);
}

static const struct ct_test tests[] = {
	{ "lost interrupt", lost_irq, WEFT_CAP_INJECT | WEFT_CAP_COUNTERS, 0, false },
	{ "hang: HANG_MS, run_limit_ns, QUEUE_STOP", hang, WEFT_CAP_INJECT, 0, false },
	{ "a unit that obeys ENGINE_RESET only", stuck, WEFT_CAP_INJECT | WEFT_CAP_ENGINE_RESET, 0, false },
	{ "a unit that obeys FLR only", stuck_hard, WEFT_CAP_INJECT | WEFT_CAP_ENGINE_RESET, 0, false },
	{ "FLR that fails", reset_fails, WEFT_CAP_INJECT, 0, false },
	{ "slow units", slow, WEFT_CAP_INJECT, 0, false },
	{ "uncorrectable memory error", ecc, WEFT_CAP_INJECT, 0, false },
	{ "link down", link_down, WEFT_CAP_INJECT, 0, false },
	{ "firmware crash, watchdog, restart with queues", firmware_crash, WEFT_CAP_INJECT | WEFT_CAP_ROM_BOOT, 0, false },
	{ "too hot: throttled, event THERMAL", heat, WEFT_CAP_INJECT | WEFT_CAP_TELEMETRY, 0, false },
	{ "telemetry follows the load", telemetry, WEFT_CAP_TELEMETRY | WEFT_CAP_LOOP, 0, false },
};
CT_SECTION(inject);
