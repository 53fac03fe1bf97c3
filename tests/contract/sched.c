// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Who gets engines and slots: bands, floors, weights, turns over address spaces and cards, guarantees of FENCE spaces. */
#include "cell.h"
#include "load.h"

#include <string.h>
#include <unistd.h>

#define LONG_MS		400	/* of a measurement */
#define FLOOD		4000u
#define CELL_VA		UINT64_C(0x90000000)

static uint64_t share(uint64_t part, uint64_t all)
{
	return all ? part * 1000 / all : 0;
}

static void sleep_ms(unsigned ms)
{
	uint64_t end = ct_now_ns() + ms * UINT64_C(1000000);

	while (ct_now_ns() < end)
		usleep(1000);
}

/*
 * Engine time of n queues over at least `ms`, and until they had that much together: on a crowded bench machine engines get
 * less than that, and few slices make a bad mean.
 */
static void measure(struct queue *const q[], uint64_t got[], unsigned n, unsigned ms)
{
	uint64_t begin, all;

	sleep_ms(30);
	for (unsigned i = 0; i < n; i++)
		got[i] = load_busy(q[i]);
	begin = ct_now_ns();
	do {
		sleep_ms(ms);
		all = 0;
		for (unsigned i = 0; i < n; i++)
			all += load_busy(q[i]) - got[i];
	} while (all < 2 * ms * UINT64_C(1000000) && ct_now_ns() - begin < 10 * ms * UINT64_C(1000000));
	for (unsigned i = 0; i < n; i++)
		got[i] = load_busy(q[i]) - got[i];
}

static void spaces(void)
{
	struct card *c = CARD;
	struct queue *q[26];
	uint64_t got[26], all = 0;

	card_need(c);
	struct load one = load_open(c, lr_or_fence(c)), many = load_open(c, lr_or_fence(c));
	for (unsigned i = 0; i < 26; i++)
		q[i] = load_queue(i < 2 ? &one : &many, NULL);
	for (unsigned i = 0; i < 26; i++)
		load_start(i < 2 ? &one : &many, q[i]);
	measure(q, got, 26, LONG_MS);
	for (unsigned i = 0; i < 26; i++)
		all += got[i];
	ct_note("2 queues of one space got %llu per mille beside 24 of another", (unsigned long long)share(got[0] + got[1], all));
	CHECK(share(got[0] + got[1], all) >= 400 && share(got[0] + got[1], all) <= 600, "share of the space with 2 queues: %llu per mille",
	      (unsigned long long)share(got[0] + got[1], all));
	for (unsigned i = 2; i < 26; i++)
		CHECK(share(got[i], all) >= 10 && share(got[i], all) <= 35, "share of one of 24 equal queues: %llu per mille",
		      (unsigned long long)share(got[i], all));
}

static void weights(void)
{
	struct card *c = CARD;
	struct queue *q[8];
	uint64_t got[8], light = 0, heavy = 0;

	card_need(c);
	struct load l = load_open(c, lr_or_fence(c));
	for (unsigned i = 0; i < 8; i++)
		q[i] = load_queue(&l, &(struct weft_queue_desc){ .band = WEFT_BAND_NORMAL, .weight = i < 4 ? 100 : 300 });
	for (unsigned i = 0; i < 8; i++)
		load_start(&l, q[i]);
	measure(q, got, 8, LONG_MS);
	for (unsigned i = 0; i < 4; i++) {
		light += got[i];
		heavy += got[i + 4];
	}
	ct_note("weight 300 against 100: %llu per mille of the time", (unsigned long long)share(heavy, light + heavy));
	CHECK(share(heavy, light + heavy) >= 640 && share(heavy, light + heavy) <= 840, "weight 300 against 100 got %llu per mille",
	      (unsigned long long)share(heavy, light + heavy));
}

/* Three bands that always have work, each more than all engines can take. */
static void floors(void)
{
	static const uint8_t band[3] = { WEFT_BAND_HIGH, WEFT_BAND_NORMAL, WEFT_BAND_LOW };
	struct card *c = CARD;
	unsigned per = rd32(c, WEFT_REG_NUM_ENGINES);
	struct queue *q[3 * 8];
	uint64_t got[3 * 8], sum[3], all;

	card_need(c);
	if (per > 8)
		per = 8;
	struct load l[3];
	for (unsigned i = 0; i < 3; i++)
		l[i] = load_open(c, lr_or_fence(c));
	for (unsigned i = 0; i < 3 * per; i++)
		q[i] = load_queue(&l[i / per], &(struct weft_queue_desc){ .band = band[i / per] });
	for (unsigned i = 0; i < 3 * per; i++)
		load_start(&l[i / per], q[i]);
	for (unsigned round = 0; round < 2; round++) {
		uint32_t normal = round ? 300 : 100;

		CHECK_EQ(policy(c, WEFT_BAND_NORMAL, normal, 1000000), WEFT_MBOX_OK, "status of POLICY");
		measure(q, got, 3 * per, LONG_MS);
		memset(sum, 0, sizeof(sum));
		all = 0;
		for (unsigned i = 0; i < 3 * per; i++) {
			sum[i / per] += got[i];
			all += got[i];
		}
		ct_note("floors 200 %u 50: HIGH %llu, NORMAL %llu, LOW %llu per mille", normal, (unsigned long long)share(sum[0], all),
			(unsigned long long)share(sum[1], all), (unsigned long long)share(sum[2], all));
		CHECK(share(sum[1], all) >= normal * 8 / 10 && share(sum[1], all) <= normal * 14 / 10, "NORMAL got %llu per mille, floor %u",
		      (unsigned long long)share(sum[1], all), normal);
		CHECK(share(sum[2], all) >= 35 && share(sum[2], all) <= 85, "LOW got %llu per mille, floor 50",
		      (unsigned long long)share(sum[2], all));
	}
	CHECK_EQ(policy(c, WEFT_BAND_NORMAL, 100, 1000000), WEFT_MBOX_OK, "status of POLICY");
}

static void policy_checks(void)
{
	struct card *c = CARD;
	struct weft_mbox_msg m = { .op = WEFT_MBOX_POLICY, .u.arg = { WEFT_BAND_LOW, 701, 1000000 } };

	card_need(c);
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_BAD_ARG, "status of floors of 200 + 100 + 701");
	CHECK_EQ(m.u.detail, 1, "detail");
	m = (struct weft_mbox_msg){ .op = WEFT_MBOX_POLICY, .u.arg = { 4, 0, 1000000 } };
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_BAD_ARG, "status of a fifth band");
	CHECK_EQ(m.u.detail, 0, "detail");
	m = (struct weft_mbox_msg){ .op = WEFT_MBOX_POLICY, .u.arg = { 0, 0, 0 } };
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_BAD_ARG, "status of no slice");
	CHECK_EQ(m.u.detail, 2, "detail");
	CHECK_EQ(policy(c, WEFT_BAND_LOW, 700, 1000000), WEFT_MBOX_OK, "status of floors of 200 + 100 + 700");
	CHECK_EQ(policy(c, WEFT_BAND_LOW, 50, 1000000), WEFT_MBOX_OK, "status of POLICY");
}

/*
 * The share of a FENCE queue of the lowest band beside 8 REALTIME user queues, when all of them have nothing but `p`, which
 * engines of `kind` run.
 */
static void fence_share(struct card *c, uint32_t kind, union weft_packet p, const char *what)
{
	struct load hog = load_open_of(c, WEFT_AS_LR, p), job = load_open_of(c, WEFT_AS_FENCE, p);
	uint64_t got[9] = { 0 }, all = 0, least = 80, engines = 0;
	struct queue *q[9];

	for (unsigned i = 0; i < 8; i++)
		q[i + 1] = load_queue(&hog, &(struct weft_queue_desc){ .band = WEFT_BAND_REALTIME });
	q[0] = load_queue(&job, &(struct weft_queue_desc){ .band = WEFT_BAND_LOW });
	for (unsigned i = 0; i < 8; i++)
		load_start(&hog, q[i + 1]);
	load_start(&job, q[0]);
	/* what it gets is not the floor of its band */
	CHECK_EQ(policy(c, WEFT_BAND_LOW, 0, 1000000), WEFT_MBOX_OK, "status of POLICY");
	for (uint32_t i = 0; i < rd32(c, WEFT_REG_NUM_ENGINES); i++)
		engines += rd32(c, WEFT_REG_ENGINES + 16 * i) & kind ? 1 : 0;
	CHECK(engines, "no engine runs %s", what);
	/* On a crowded bench machine the engine that has it may itself have to wait for a processor: the best of three counts. */
	for (unsigned k = 0; k < 3 && share(got[0], all) < 80; k++) {
		uint64_t begin = ct_now_ns();

		measure(q, got, 9, LONG_MS);
		begin = ct_now_ns() - begin;
		all = 0;
		for (unsigned i = 0; i < 9; i++)
			all += got[i];
		least = all < begin * engines * 7 / 10 ? 40 : 80;	/* engines that got no 70 % themselves */
		ct_note("%s: a LOW job queue beside 8 REALTIME user queues: %llu per mille", what, (unsigned long long)share(got[0], all));
	}
	for (unsigned i = 0; i < 9; i++)
		CHECK(queue_run(q[i]) != WEFT_QS_FAULTED, "%s: queue %u faulted", what, q[i]->id);
	CHECK(share(got[0], all) >= least, "%s: the FENCE space got %llu per mille", what, (unsigned long long)share(got[0], all));
	CHECK_EQ(policy(c, WEFT_BAND_LOW, 50, 1000000), WEFT_MBOX_OK, "status of POLICY");
	CHECK_EQ(safe_call(c, WEFT_SAFE_AS_STOP, hog.s->asid, 0, 0), WEFT_SAFE_OK, "status of AS_STOP");
	CHECK_EQ(safe_call(c, WEFT_SAFE_AS_STOP, job.s->asid, 0, 0), WEFT_SAFE_OK, "status of AS_STOP");
}

/* As many user queues as there are slots, each in a TIMED of an hour: a FENCE queue gets to its fence, and through TIMED. */
static void fence_slot(struct card *c)
{
	struct load idle = load_open(c, WEFT_AS_LR), late = load_open(c, WEFT_AS_FENCE);
	union weft_packet p = pkt_timed(UINT64_C(1) << 40), brief = pkt_timed(1000000);
	unsigned slots = rd32(c, WEFT_REG_NUM_SLOTS);

	if (slots > 200)
		return;
	for (unsigned i = 0; i < slots + 2; i++) {
		struct queue *t = load_queue(&idle, &(struct weft_queue_desc){ .band = WEFT_BAND_REALTIME });

		queue_push(t, &p);
		queue_kick(t);
	}
	struct queue *f = load_queue(&late, &(struct weft_queue_desc){ .band = WEFT_BAND_LOW });
	uint64_t fence = queue_push_fence(f, false);
	queue_kick(f);
	queue_wait(f, fence, 1000);
	for (unsigned i = 0; i < 10; i++)
		queue_push(f, &brief);
	fence = queue_push_fence(f, false);
	queue_kick(f);
	queue_wait(f, fence, 2000);
}

/* Whatever LR spaces do, REALTIME and with every slot they can get: a FENCE queue of the lowest band goes on. */
static void fence_spaces(void)
{
	struct card *c = CARD;

	card_need(c);
	fence_share(c, WEFT_ENGINE_COPY, pkt_fill(LOAD_VA, LOAD_BYTES, 4, 0), "FILL");
	if (c->caps & WEFT_CAP_TIMED)
		fence_slot(c);
}

/* Engines of one kind are all that both sides want: what it gets of the others does not make up for them. */
static void fence_each(void)
{
	struct card *c = CARD;
	union weft_packet relu = {
		.exec = { .op = WEFT_PKT_EXEC, .flags = WEFT_PKT_TABLE, .oper = WEFT_OP_RELU_F32, .noperands = 2,
			  .u.index = { 0, 1 }, .dim = { LOAD_BYTES / 2 / 4 } },
	};

	card_need(c);
	fence_share(c, WEFT_ENGINE_COPY, pkt_copy(LOAD_VA, LOAD_VA + LOAD_BYTES / 2, LOAD_BYTES / 2), "COPY");
	if (c->caps & WEFT_CAP_EXEC)
		fence_share(c, WEFT_ENGINE_COMPUTE, relu, "EXEC");
	if (c->caps & WEFT_CAP_REDUCE)
		fence_share(c, WEFT_ENGINE_REDUCE, pkt_reduce(WEFT_F32, WEFT_SUM, 2, 1, 0, 0, LOAD_BYTES / 2 / 4), "REDUCE");
}

/* A process with thousands of queues that spin, and one with as many queues as engines. */
static void flood_of_queues(void)
{
	struct card *c = CARD;
	unsigned n = c->nqueues - 16 < FLOOD ? c->nqueues - 16 : FLOOD;
	static struct queue *many[FLOOD];
	uint64_t mine, all;
	struct queue *q[2];

	card_need(c);
	struct load hog = load_open(c, WEFT_AS_FENCE), victim = load_open(c, WEFT_AS_FENCE);
	for (unsigned i = 0; i < n; i++)
		many[i] = load_queue_soon(&hog, NULL);
	queue_created(c);
	for (unsigned i = 0; i < n; i++)
		load_start(&hog, many[i]);
	for (unsigned i = 0; i < 2; i++) {
		q[i] = load_queue(&victim, NULL);
		load_start(&victim, q[i]);
	}
	sleep_ms(50);
	all = card_busy(c);
	mine = load_busy(q[0]) + load_busy(q[1]);
	sleep_ms(LONG_MS);
	all = card_busy(c) - all;
	mine = load_busy(q[0]) + load_busy(q[1]) - mine;
	ct_note("2 queues beside %u that spin: %llu per mille", n, (unsigned long long)share(mine, all));
	CHECK(share(mine, all) >= 400, "the victim got %llu per mille", (unsigned long long)share(mine, all));
}

static void two_cards(void)
{
	struct card *a = &ct_cards[0], *b = &ct_cards[1];
	uint64_t hog, victim, end;
	union weft_packet nop = { 0 };

	cards_open(2);
	card_need(a);
	card_need(b);
	struct load la = load_open(a, lr_or_fence(a)), lb = load_open(b, lr_or_fence(b));
	struct queue *flood = load_queue(&la, NULL);
	for (unsigned i = 0; i < 16; i++)
		load_start(&la, load_queue(&la, &(struct weft_queue_desc){ .band = WEFT_BAND_REALTIME }));
	for (unsigned i = 0; i < 2; i++)
		load_start(&lb, load_queue(&lb, NULL));
	hog = card_busy(a);
	victim = card_busy(b);
	end = ct_now_ns() + LONG_MS * UINT64_C(1000000);
	while (ct_now_ns() < end) {
		/* packets now and then, so that doorbells of all kinds of states are among them */
		if (flood->tail - queue_head(flood) < 16)
			queue_push(flood, &nop);
		queue_tail(flood);
		for (unsigned k = 0; k < 8; k++)
			queue_ring(flood);
		for (unsigned k = 0; k < 8 && a->caps & WEFT_CAP_CELLS; k++)
			queue_kick_cell(flood, RIG_LOCAL + k * 4096);	/* good ones and bad ones: each is looked up */
	}
	hog = card_busy(a) - hog;
	victim = card_busy(b) - victim;
	ct_note("card 1 beside 16 queues and a flood of doorbells and kicks on card 0: %llu per mille", (unsigned long long)share(victim, hog + victim));
	CHECK(share(victim, hog + victim) >= 400, "card 1 got %llu per mille of the engines", (unsigned long long)share(victim, hog + victim));
}

static void engine_reset(void)
{
	struct card *c = CARD;
	unsigned engines = rd32(c, WEFT_REG_NUM_ENGINES), n = 0, stopped;
	struct queue *q[8];

	card_need(c);
	struct load l = load_open(c, lr_or_fence(c));
	for (; n < 8; n++) {
		q[n] = load_queue(&l, NULL);
		load_start(&l, q[n]);
	}
	CHECK_EQ(safe_call(c, WEFT_SAFE_ENGINE_RESET, engines, 0, 0), WEFT_SAFE_BAD_ARG, "status of an engine that does not exist");
	/* between two queues an engine has none, then nothing is stopped */
	for (unsigned tries = stopped = 0; !stopped && tries < 100; tries++) {
		sleep_ms(2);
		CHECK_EQ(safe_call(c, WEFT_SAFE_ENGINE_RESET, 0, 0, 0), WEFT_SAFE_OK, "status of ENGINE_RESET");
		for (unsigned i = 0; i < n; i++)
			if (queue_run(q[i]) == WEFT_QS_STOPPED) {
				struct weft_queue_state st;

				queue_state(q[i], &st);
				CHECK_EQ(st.cause, WEFT_FAULT_STOPPED, "cause");
				stopped++;
			}
	}
	CHECK_EQ(stopped, 1, "queues stopped by resetting an engine that was busy");
	uint64_t before = card_busy(c);
	WAIT_FOR(card_busy(c) > before, 1000, "work after ENGINE_RESET");
	if (!(c->caps & WEFT_CAP_TIMED))
		return;
	unsigned timers = 0;
	while (timers < engines && !(rd32(c, WEFT_REG_ENGINES + 16 * timers) & WEFT_ENGINE_TIMED))
		timers++;
	struct queue *t = load_queue(&l, NULL);
	union weft_packet p = pkt_timed(UINT64_C(1) << 40);
	queue_push(t, &p);
	queue_kick(t);
	WAIT_FOR(queue_run(t) == WEFT_QS_RUNNING, 1000, "the timer queue RUNNING");
	sleep_ms(20);
	CHECK_EQ(safe_call(c, WEFT_SAFE_ENGINE_RESET, timers, 0, 0), WEFT_SAFE_OK, "status of ENGINE_RESET of the timers");
	CHECK_EQ(queue_run(t), WEFT_QS_STOPPED, "state of the queue in TIMED");
}

/* A WAIT that nobody satisfies: told once, and ended if asked for. */
static void wait_limit(void)
{
	struct card *c = CARD;
	union weft_packet p = pkt_wait(CELL_VA, 1, 0), nop = { 0 };

	card_need(c);
	struct space *s = space_create_as(c, ~0u, WEFT_AS_LR);
	struct sem *cells = sem_create(c, true);
	sem_map(cells, s, CELL_VA, PTE_SEM);
	for (unsigned stops = 0; stops < 2; stops++) {
		struct weft_queue_desc how = { .band = WEFT_BAND_NORMAL, .weight = 100, .wait_limit_ns = 60000000,
					       .flags = stops ? WEFT_QUEUE_F_WAIT_STOPS : 0 };
		struct queue *q = queue_create_how(s, ~0u, 4, &how);
		uint32_t from = c->nevt;
		uint64_t start = ct_now_ns();
		struct weft_queue_state st;

		queue_push(q, &p);
		queue_push(q, &nop);
		queue_kick(q);
		evt_wait(c, from, WEFT_EVT_WAIT_LIMIT, q->id, 2000);
		CHECK(ct_now_ns() - start >= 60000000, "event WAIT_LIMIT after %llu us", (unsigned long long)(ct_now_ns() - start) / 1000);
		if (stops) {
			queue_wait_run(q, WEFT_QS_FAULTED, 1000, &st);
			CHECK_EQ(st.cause, WEFT_FAULT_WAIT_LIMIT, "cause");
			CHECK_EQ(st.fault_op, WEFT_PKT_WAIT, "fault_op");
			CHECK_EQ(st.retired, 0, "packets retired");
			evt_wait(c, from, WEFT_EVT_FAULT, q->id, 1000);
			continue;
		}
		CHECK_EQ(queue_run(q), WEFT_QS_PARKED, "state");
		from = c->nevt;
		sleep_ms(150);
		evt_poll(c);
		CHECK(!evt_find(c, from, WEFT_EVT_WAIT_LIMIT, q->id), "a second event for one WAIT");
		sem_signal(cells, 0, 1, q, CELL_VA);
		queue_wait_done(q, 1000);
		sem_cell(cells, 0)->value = 0;
	}
}

/*
 * Twice as many queues as slots, each in TIMED after TIMED, three slices long: no engine is busy, yet every queue gets its
 * turn, while those that began first would go on for half a minute.
 */
static void slots_in_turn(void)
{
	struct card *c = CARD;
	unsigned n = 2 * rd32(c, WEFT_REG_NUM_SLOTS);
	struct weft_queue_desc d = { .band = WEFT_BAND_NORMAL, .weight = 100 };
	struct queue *q[256];

	if (!(c->caps & WEFT_CAP_TIMED))
		ct_skip("TIMED");
	if (n > ARRAY_LEN(q))
		ct_skip("fewer than 129 slots");
	card_need(c);
	if (c->caps & WEFT_CAP_BANDS)	/* else an engine whose thread lost its core could use a slice up */
		CHECK_EQ(policy(c, WEFT_BAND_NORMAL, 100, 10000000), WEFT_MBOX_OK, "status of POLICY");
	struct space *s = space_create_as(c, ~0u, lr_or_fence(c));
	uint64_t list = user_alloc(c, n * 128, 4096), stamps = user_alloc(c, 4096, 4096);
	volatile uint64_t *began = (volatile void *)(c->lmem + stamps);
	space_map(s, LOAD_VA, list, (n * 128 + 4095) & ~UINT64_C(4095), WEFT_PTE_R);
	space_map(s, CELL_VA, stamps, 4096, PTE_RW);
	if (s->type == WEFT_AS_FENCE)
		d.run_limit_ns = d.wait_limit_ns = UINT64_C(60000000000);
	for (unsigned i = 0; i < n; i++) {
		union weft_packet body[2] = { pkt_timestamp(CELL_VA + 8 * i), pkt_timed(30000000) };

		memcpy(c->lmem + list + 128 * i, body, sizeof(body));
		began[i] = 0;
		q[i] = queue_create_soon(s, ~0u, 4, &d);
	}
	queue_created(c);
	for (unsigned i = 0; i < n; i++) {
		union weft_packet p = pkt_loop(LOAD_VA + 128 * i, 2, 0, 0, 1000);

		queue_push(q[i], &p);
		queue_kick(q[i]);
	}
	for (unsigned i = 0; i < n; i++)
		WAIT_FOR(began[i], 3000, "a slot for queue %u of %u", i, n);
	if (c->caps & WEFT_CAP_BANDS)
		CHECK_EQ(policy(c, WEFT_BAND_NORMAL, 100, 1000000), WEFT_MBOX_OK, "status of POLICY");
}

static const struct ct_test tests[] = {
	{ "address spaces take turns, whatever queues they have", spaces, 0, 0, false },
	{ "weights of queues", weights, WEFT_CAP_BANDS, 0, false },
	{ "bands and floors", floors, WEFT_CAP_BANDS, 0, false },
	{ "POLICY: fields, sum of floors", policy_checks, WEFT_CAP_BANDS, 0, false },
	{ "a FENCE space beside REALTIME user queues: share and slot", fence_spaces, WEFT_CAP_BANDS | WEFT_CAP_LR | WEFT_CAP_LOOP, 0, false },
	{ "a FENCE space keeps its share of each kind of engine", fence_each, WEFT_CAP_BANDS | WEFT_CAP_LR | WEFT_CAP_LOOP, 0, false },
	{ "more queues in TIMED than slots", slots_in_turn, 0, 0, false },
	{ "4,000 spinning queues beside a victim", flood_of_queues, WEFT_CAP_LOOP, 0, true },
	{ "a hog and a flood of doorbells and kicks on another card", two_cards, WEFT_CAP_LOOP, 2, false },
	{ "wait_limit_ns: event, or the end of the queue", wait_limit, WEFT_CAP_LR | WEFT_CAP_CELLS, 0, false },
	{ "ENGINE_RESET", engine_reset, WEFT_CAP_ENGINE_RESET | WEFT_CAP_LOOP, 0, false },
};
CT_SECTION_OF(sched, WEFT_CAP_LOOP | WEFT_CAP_CALL);
