// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Packets and operand tables: one or two queues run lists made of the input on the card's own engine, walker and bus,
 * until they come to rest or their time is up; then they are stopped and destroyed. Whatever the packets were, that
 * works, their records make sense, and no byte changed that their pages do not allow.
 *
 * The engine takes its turns in this thread, which costs no switch from one to another; where the plan says so it has a
 * thread, so that what is done to a queue meets it while it runs.
 *
 * Input: struct plan, packets (to SPACE_LIST), operand entries (to SPACE_TABLE), the rest to SPACE_DATA.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "firmware/abi/op.h"
#include "firmware/abi/operand.h"
#include "fuzz.h"
#include "space.h"
#include "tools/card/engine.h"

enum { USER = 1, TWO = 2, RING = 4, SUSPEND = 8, INVALIDATE = 16, LOOP = 32, LIMITS = 64, BANDS = 128 };

struct plan {
	uint8_t mode, npackets, ntable, second;	/* second: packet where the other queue's list begins */
	uint8_t count, beside, spare[2];	/* count: of LOOP; beside % 32 = 1: the engine has a thread */
};

#define ENGINE_NS	50000		/* what an execution may take … */
#define WALL_NS		1000000		/* … with a thread for the engine */
#define SLICE_NS	15000
#define QUEUES		2
#define RING_LOG2	6

struct queue {
	bool user;
	union weft_packet *ring;
	struct weft_ring_ctl *ctl;
	struct weft_queue_state *state;
	uint64_t tail;
};

static struct queue queue[QUEUES];
static atomic_bool beside;	/* the thread takes the engine's turns */
static bool threaded;

static int64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* The control processor's registers, as its firmware writes them. */
static void cp_store(uint64_t at, unsigned int bytes, uint64_t v)
{
	if (wcard_cp_bus.store(space_machine.card[0], at, bytes, v))
		fuzz_wrong("no register at %#lx", (unsigned long)at);
}

static uint32_t cp_load(uint64_t at)
{
	uint64_t v = 0;

	if (wcard_cp_bus.load(space_machine.card[0], at, 4, &v))
		fuzz_wrong("no register at %#lx", (unsigned long)at);
	return (uint32_t)v;
}

static uint32_t queue_cmd(uint32_t cmd, const struct weft_queue_desc *d)
{
	uint32_t words[sizeof(*d) / 4];

	memcpy(words, d, sizeof(words));
	for (unsigned int i = 0; i < sizeof(words) / 4; i++)
		cp_store(WEFT_CP_Q_DESC + 4 * i, 4, words[i]);
	cp_store(WEFT_CP_Q_CMD, 4, cmd);
	return cp_load(WEFT_CP_Q_STATUS);
}

static void *engine_main(void *arg)
{
	(void)arg;
	for (;;) {
		if (!atomic_load(&beside))
			nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
		else if (!wcard_sched_turn(&space_machine))
			sched_yield();
	}
	return NULL;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	pthread_t thread;

	(void)argc, (void)argv;
	space_init();
	for (unsigned int band = WEFT_BAND_REALTIME; band <= WEFT_BAND_LOW; band++) {
		cp_store(WEFT_CP_POL_BAND, 4, band);
		cp_store(WEFT_CP_POL_FLOOR, 4, 100);
		cp_store(WEFT_CP_POL_SLICE, 4, SLICE_NS);
		cp_store(WEFT_CP_POL_CMD, 4, WEFT_CP_CREATE);
		if (cp_load(WEFT_CP_POL_STATUS))
			fuzz_wrong("policy of band %u: status %u", band, cp_load(WEFT_CP_POL_STATUS));
	}
	for (unsigned int type = WEFT_AS_FENCE; type <= WEFT_AS_LR; type++) {
		cp_store(WEFT_CP_AS_ID, 4, type);
		cp_store(WEFT_CP_AS_TYPE, 4, type);
		cp_store(WEFT_CP_AS_ROOT, 8, SPACE_ROOT);
		cp_store(WEFT_CP_AS_CMD, 4, WEFT_CP_CREATE);
		if (cp_load(WEFT_CP_AS_STATUS) && (type == WEFT_AS_FENCE || (space_machine.caps & WEFT_CAP_LR)))
			fuzz_wrong("address space %u: status %u", type, cp_load(WEFT_CP_AS_STATUS));
	}
	if (pthread_create(&thread, NULL, engine_main, NULL))
		fuzz_wrong("no thread for the engine");
	return 0;
}

/* Keeps one packet short; what is out of any range stays, to be refused. */
static void shorten(union weft_packet *p)
{
	switch (p->hdr.op) {
	case WEFT_PKT_TIMED:
		if (p->timed.ns <= UINT64_C(1) << 40)
			p->timed.ns %= 10000;
		break;
	case WEFT_PKT_EXEC:
		for (unsigned int i = 0; i < 4; i++)
			if (p->exec.dim[i] >> 24 != 0xff)
				p->exec.dim[i] &= p->exec.oper == WEFT_OP_GEMM_F32 ? 0x7 : 0x7f;
		break;
	case WEFT_PKT_REDUCE:
		if (p->reduce.count >> 56 != 0xff)
			p->reduce.count &= 0x3fff;
		break;
	default:
		break;
	}
}

/* Queue i of the contract, with rings where both sides know them. */
static void create(unsigned int i, const struct plan *plan)
{
	struct weft_queue_desc d = { .id = i, .ring_log2 = RING_LOG2, .weight = 100, .band = WEFT_BAND_NORMAL };
	uint64_t own = SPACE_LIMIT + 0x10000 + 0x4000 * i, ring = own, ctl = own + 0x1000;
	struct queue *q = &queue[i];
	uint32_t status;

	q->user = (plan->mode & USER) && (space_machine.caps & WEFT_CAP_LR);
	d.asid = q->user ? WEFT_AS_LR : WEFT_AS_FENCE;
	d.kind = q->user ? WEFT_QUEUE_USER : WEFT_QUEUE_JOB;
	d.state = own + 0x2000;
	d.run_limit_ns = d.wait_limit_ns = 1000000000;
	if (plan->mode & LIMITS)
		d.run_limit_ns = d.wait_limit_ns = 100000;
	if (plan->mode & BANDS)
		d.band = (uint8_t)(i ? WEFT_BAND_REALTIME : WEFT_BAND_LOW);
	d.ring = ring;
	d.ctl = ctl;
	if (q->user) {
		/* page 62 and 63 are what lies at 0x31000 and 0x30000 */
		d.ring = i ? 62 * SPACE_PAGE : 0xe000;
		d.ctl = i ? 63 * SPACE_PAGE : 0xf000;
		ring = i ? 0x31000 : 0xe000;
		ctl = i ? 0x30000 : 0xf000;
	}
	q->ring = (void *)space_lmem(ring);
	q->ctl = (void *)space_lmem(ctl);
	q->state = (void *)space_lmem(d.state);
	memset(q->ctl, 0, sizeof(*q->ctl));
	status = queue_cmd(WEFT_CP_CREATE, &d);
	if (status)
		fuzz_wrong("queue %u: status %u", i, status);
}

static void fill_ring(unsigned int i, const struct plan *plan, unsigned int first)
{
	union weft_packet call = { .call = { .op = plan->mode & LOOP ? WEFT_PKT_LOOP : WEFT_PKT_CALL } };
	const union weft_packet *list = (const void *)space_lmem(SPACE_LIST);
	struct queue *q = &queue[i];
	unsigned int n = plan->npackets - first;

	q->tail = 0;
	if (plan->mode & RING) {
		for (unsigned int k = 0; k < n && k < 1u << RING_LOG2; k++)
			q->ring[q->tail++] = list[first + k];
	} else {
		call.call.list = SPACE_LIST + first * WEFT_PACKET_BYTES;
		call.call.npackets = n;
		call.call.table = SPACE_TABLE;
		call.call.ntable = plan->ntable;
		call.call.count = plan->mode & LOOP ? plan->count : 0;
		q->ring[q->tail++] = call;
		q->ring[q->tail++] = (union weft_packet){ .fence = { .op = q->user ? WEFT_PKT_NOP : WEFT_PKT_FENCE } };
	}
	__atomic_store_n(&q->ctl->tail, q->tail, __ATOMIC_RELEASE);
	wcard_queue_doorbell(space_machine.card[0], i);
}

static bool at_rest(const struct queue *q)
{
	switch (__atomic_load_n(&q->state->run, __ATOMIC_ACQUIRE)) {
	case WEFT_QS_IDLE:
		return __atomic_load_n(&q->state->head, __ATOMIC_RELAXED) == q->tail;
	case WEFT_QS_PARKED:
	case WEFT_QS_FAULTED:
	case WEFT_QS_STOPPED:
	case WEFT_QS_SUSPENDED:
		return true;
	default:
		return false;
	}
}

/* Until all are at rest, or have had their time: an endless LOOP never is. */
static void settle(unsigned int n)
{
	int64_t end = now(CLOCK_MONOTONIC) + (threaded ? WALL_NS : ENGINE_NS);

	do {
		unsigned int rest = 0;

		for (unsigned int i = 0; i < n; i++)
			rest += at_rest(&queue[i]);
		if (rest == n)
			return;
		if (threaded)
			sched_yield();
		else
			wcard_sched_turn(&space_machine);
	} while (now(CLOCK_MONOTONIC) < end);
}

/* A safe operation, to its completion. */
static void safe(uint32_t op, uint64_t arg)
{
	struct wcard_card *c = space_machine.card[0];
	static uint32_t seq;
	uint64_t cmd = op | (uint64_t)++seq << 32, none = 0;
	uint32_t done;

	wcard_regs_write(c, WEFT_REG_SAFE_ARG0, 8, (const uint8_t *)&arg);
	wcard_regs_write(c, WEFT_REG_SAFE_ARG1, 8, (const uint8_t *)&none);
	wcard_regs_write(c, WEFT_REG_SAFE_ARG2, 8, (const uint8_t *)&none);
	wcard_regs_write(c, WEFT_REG_SAFE_CMD, 8, (const uint8_t *)&cmd);
	if (!wcard_safe_turn(&space_machine))
		fuzz_wrong("safe operation %u was not taken", op);
	wcard_regs_read(c, WEFT_REG_SAFE_DONE(op), 4, (uint8_t *)&done);
	if (done != seq)
		fuzz_wrong("safe operation %u does not complete", op);
	wcard_regs_read(c, WEFT_REG_SAFE_STATUS(op), 4, (uint8_t *)&done);
	if (done)
		fuzz_wrong("safe operation %u: status %u", op, done);
}

/* The record after everything: it says why, and it holds together. */
static void check_record(unsigned int i)
{
	const struct weft_queue_state *s = queue[i].state;

	if (s->version & 1 || s->depth < 1 || s->depth > WEFT_FRAMES)
		fuzz_wrong("queue %u: version %lu, depth %u", i, (unsigned long)s->version, s->depth);
	if (s->run == WEFT_QS_STOPPED ? s->cause == WEFT_FAULT_NONE : s->run != WEFT_QS_FAULTED)
		fuzz_wrong("queue %u was stopped and is in state %u, cause %u", i, s->run, s->cause);
	if (!s->cause || s->cause >= WEFT_FAULT_COUNT || (s->run == WEFT_QS_FAULTED && s->cause == WEFT_FAULT_STOPPED))
		fuzz_wrong("queue %u: state %u, cause %u", i, s->run, s->cause);
	if (s->cause >= WEFT_FAULT_OPCODE && s->fault_va)
		fuzz_wrong("queue %u: cause %u with address %#lx", i, s->cause, (unsigned long)s->fault_va);
	if (s->head > queue[i].tail && !queue[i].user)
		fuzz_wrong("queue %u retired %lu of %lu packets", i, (unsigned long)s->head, (unsigned long)queue[i].tail);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	struct plan plan;
	unsigned int n, slots;

	fuzz_bytes(&in, &plan, sizeof(plan));
	plan.npackets = plan.npackets % 64 + 1;
	plan.ntable %= 129;
	n = plan.mode & TWO ? 2 : 1;
	space_restore();
	fuzz_bytes(&in, space_lmem(SPACE_LIST), plan.npackets * sizeof(union weft_packet));
	fuzz_bytes(&in, space_lmem(SPACE_TABLE), plan.ntable * sizeof(struct weft_operand));
	if (in.n)
		fuzz_bytes(&in, space_lmem(SPACE_DATA), in.n < SPACE_END - SPACE_DATA ? in.n : SPACE_END - SPACE_DATA);
	slots = (SPACE_END - SPACE_LIST) / sizeof(union weft_packet);
	for (unsigned int i = 0; i < slots; i++)
		shorten((union weft_packet *)(void *)space_lmem(SPACE_LIST) + i);
	threaded = plan.beside % 32 == 1;
	for (unsigned int i = 0; i < n; i++)
		create(i, &plan);
	atomic_store(&beside, threaded);
	for (unsigned int i = 0; i < n; i++)
		fill_ring(i, &plan, i ? plan.second % plan.npackets : 0);
	if (plan.mode & INVALIDATE)
		safe(WEFT_SAFE_AS_INVALIDATE, queue[0].user ? WEFT_AS_LR : WEFT_AS_FENCE);
	if (plan.mode & SUSPEND)
		queue_cmd(WEFT_CP_SUSPEND, &(struct weft_queue_desc){ .id = 0 });
	settle(n);
	if (plan.mode & SUSPEND) {
		queue_cmd(WEFT_CP_RESUME, &(struct weft_queue_desc){ .id = 0 });
		settle(n);
	}
	for (unsigned int i = 0; i < n; i++)
		safe(WEFT_SAFE_QUEUE_STOP, i);
	/* its turn, if it has one, ends by the stop */
	atomic_store(&beside, false);
	for (unsigned int i = 0; i < n; i++) {
		uint32_t status;

		check_record(i);
		status = queue_cmd(WEFT_CP_DESTROY, &(struct weft_queue_desc){ .id = i });
		if (status)
			fuzz_wrong("queue %u is not destroyed: status %u", i, status);
	}
	space_verify();
	fuzz_cover();
	return 0;
}
