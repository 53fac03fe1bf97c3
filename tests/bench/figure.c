// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * How a figure is taken. The card runs lists of equal packets between two TIMESTAMPs, so that ours is the card's own
 * time while this process sleeps; the peer does the same on the engine's core while the card is idle.
 */
#include "figure.h"
#include "cell.h"

#include <math.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define AREA_VA(a)	(UINT64_C(0x100000000) + (a) * UINT64_C(0x40000000))
#define ROUND_NS	6e6	/* of one side of a pair: long against waking, short against a turn of other programs */
#define MAX_REPEATS	512
#define JOB_MS		30000
#define LOOP_LIST	0x10000		/* of RIG_LIST, behind the longest list of repeats */
#define LOOP_PACKETS	64
#define LOOP_COUNT	1024
#define CELL_VA		UINT64_C(0x12340000)
#define IN_LOOP(f)	((f)->work == PACKETS || (f)->work == WAITS)

const struct figure figures[] = {
	{ "copy.h2d", "GB/s", COPY, .dst = OTHER, .src = HOST, .target = 0.8 },
	{ "copy.d2h", "GB/s", COPY, .dst = HOST, .src = OTHER, .target = 0.8 },
	{ "copy.p2p", "GB/s", COPY, .dst = PEER, .src = OTHER, .target = 0.8 },
	{ "gemm.1024", "GFLOP/s", PRODUCT, .m = 1024, .n = 1024, .k = 1024, .target = 0.9 },
	{ "gemm.train", "GFLOP/s", PRODUCT, .m = 64, .n = 512, .k = 784, .target = 0.8 },
	{ "packet.ns", "ns", PACKETS, .target = 30 },
	{ "packet.wait_ns", "ns", WAITS, .target = 50 },
	{ "signal.hop_us", "us", OTHER_WORK, .target = 0.6, .sample = hop_sample, .engines = 2 },
	{ "sched.1000", "M/s", OTHER_WORK, .target = 0.9, .sample = crowd_sample, .against = "one queue", .most = 11 },
	{ "invalidate.us", "us", OTHER_WORK, .sample = invalidate_sample, .clock = "bench" },
	{ "stop.us", "us", OTHER_WORK, .sample = stop_sample, .clock = "bench" },
};
const unsigned num_figures = ARRAY_LEN(figures);

static void on_core(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((unsigned)core, &set);
	CHECK(!sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity to core %d", core);
}

/* The card's one engine is on the first core it may use; this process waits on the last. */
static void find_cores(struct bench *b)
{
	cpu_set_t set;

	CHECK(!sched_getaffinity(0, sizeof(set), &set), "sched_getaffinity");
	b->engine_core = -1;
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET((unsigned)i, &set)) {
			b->engine_core = b->engine_core < 0 ? i : b->engine_core;
			b->own_core = i;
		}
}

/* Local memory in 2 MiB leaves as the driver has it, the host's in 4 KiB ones. */
void bench_open(struct bench *b)
{
	struct space *s;
	uint64_t at;

	find_cores(b);
	cards_open(2);
	card_bringup(&ct_cards[0]);
	card_bringup(&ct_cards[1]);
	b->rig = rig_open(CARD);
	s = b->rig.s;
	for (enum area a = 0; a < AREAS; a++)
		b->va[a] = AREA_VA(a);
	for (enum area a = OWN; a <= OTHER; a++) {
		at = user_alloc(CARD, AREA_BYTES, WEFT_PAGE2M_BYTES);
		b->ptr[a] = CARD->lmem + at;
		space_map_2m(s, b->va[a], at, AREA_BYTES, PTE_RW);
	}
	at = host_alloc(AREA_BYTES);
	b->ptr[HOST] = host_ptr(at);
	space_map(s, b->va[HOST], at, AREA_BYTES, PTE_RW | PTE_BUS(0));
	at = user_alloc(&ct_cards[1], AREA_BYTES, WEFT_PAGE2M_BYTES);
	b->ptr[PEER] = ct_cards[1].lmem + at;
	b->lane = rig_open_on(space_create_as(CARD, ~0u, WEFT_AS_LR));
	sem_map(sem_create(CARD, false), b->lane.s, CELL_VA, PTE_SEM);
	space_map_2m(s, b->va[PEER], ct_cards[1].bus2 + at, AREA_BYTES, PTE_RW | PTE_BUS(2));
}

/* Operands of a product in OWN: A, B, the card's C and the peer's. */
static uint64_t operand_at(unsigned i)
{
	return i * (AREA_BYTES / 4);
}

static float *floats(struct bench *b, unsigned i)
{
	return (float *)(void *)(b->ptr[OWN] + operand_at(i));
}

static union weft_packet packet(struct bench *b, const struct figure *f)
{
	union weft_packet p = pkt_copy(b->va[f->dst], b->va[f->src], AREA_BYTES);
	static const unsigned order[] = { 2, 0, 1 };	/* C, A, B */
	const float one = 1;

	if (f->work == COPY)
		return p;
	memset(&p, 0, sizeof(p));
	if (IN_LOOP(f)) {
		struct rig *r = f->work == WAITS ? &b->lane : &b->rig;

		/* NOP, or a WAIT for what is there already. */
		if (f->work == WAITS)
			p = pkt_wait(CELL_VA, 0, 0);
		for (unsigned i = 0; i < LOOP_PACKETS; i++)
			memcpy(r->list + LOOP_LIST + i * sizeof(p), &p, sizeof(p));
		p = pkt_call(RIG_LIST + LOOP_LIST, LOOP_PACKETS, 0, 0);
		p.call.op = WEFT_PKT_LOOP;
		p.call.count = LOOP_COUNT;
		return p;
	}
	p.exec.op = WEFT_PKT_EXEC;
	p.exec.flags = WEFT_PKT_TABLE;
	p.exec.oper = WEFT_OP_GEMM_F32;
	p.exec.noperands = 3;
	p.exec.dim[0] = f->m;
	p.exec.dim[1] = f->n;
	p.exec.dim[2] = f->k;
	memcpy(&p.exec.scalar[0], &one, sizeof(one));
	for (unsigned i = 0; i < 3; i++) {
		p.exec.u.index[i] = (uint16_t)i;
		rig_operand(&b->rig, i, b->va[OWN] + operand_at(order[i]));
	}
	return p;
}

/* Asleep until an interrupt says that the fence may be there. */
static void wait_asleep(struct bench *b, uint64_t fence)
{
	struct card *c = b->rig.c;
	uint64_t until = ct_now_ns() + UINT64_C(1000000) * JOB_MS;

	while (queue_fence(b->rig.q) < fence && queue_run(b->rig.q) != WEFT_QS_FAULTED && ct_now_ns() < until) {
		struct pollfd p[HOST_VECTORS];

		for (unsigned i = 0; i < c->vectors; i++)
			p[i] = (struct pollfd){ .fd = c->irq[i], .events = POLLIN };
		poll(p, c->vectors, 100);
		for (unsigned i = 0; i < c->vectors; i++)
			irq_take(c, i);
	}
	queue_wait(b->rig.q, fence, 1);
	evt_poll(c);
	c->nevt = 0;
}

/* A user queue has no FENCE; its ring says when it is done. */
static void run_lane(struct rig *r, const union weft_packet *list, unsigned n)
{
	memcpy(r->list, list, n * sizeof(*list));
	union weft_packet p = pkt_call(RIG_LIST, n, 0, 0);

	queue_push(r->q, &p);
	queue_kick(r->q);
	queue_wait_done(r->q, JOB_MS);
}

/* Card time of one of `repeats` equal packets, ns. */
static double ours(struct bench *b, const struct figure *f, const union weft_packet *p, unsigned repeats)
{
	static union weft_packet list[MAX_REPEATS + 2];
	struct rig *r = f->work == WAITS ? &b->lane : &b->rig;
	volatile uint64_t *stamp = (volatile uint64_t *)(void *)r->local;

	stamp[0] = stamp[1] = 0;
	list[0] = pkt_timestamp(RIG_LOCAL);
	for (unsigned i = 0; i < repeats; i++)
		list[1 + i] = *p;
	list[1 + repeats] = pkt_timestamp(RIG_LOCAL + 8);
	if (f->work == WAITS)
		run_lane(r, list, repeats + 2);
	else
		wait_asleep(b, rig_start(r, list, repeats + 2));
	CHECK(stamp[0] && stamp[1] > stamp[0], "the card's clock did not move: %llu, %llu", (unsigned long long)stamp[0],
	      (unsigned long long)stamp[1]);
	return (double)(stamp[1] - stamp[0]) / repeats;
}

static double peer(struct bench *b, const struct figure *f, unsigned repeats)
{
	uint64_t start;

	on_core(b->engine_core);
	start = ct_now_ns();
	for (unsigned i = 0; i < repeats; i++) {
		if (f->work == COPY)
			peer_copy_bytes(b->ptr[f->dst], b->ptr[f->src], AREA_BYTES);
		else
			peer_multiply(f->m, f->n, f->k, floats(b, 0), floats(b, 1), floats(b, 3));
	}
	start = ct_now_ns() - start;
	on_core(b->own_core);
	return (double)start / repeats;
}

/* Known data, one run of each side, equal results. Also warms both. */
void figure_check(struct bench *b, const struct figure *f)
{
	union weft_packet p;

	on_core(b->own_core);
	if (f->sample) {
		double ratio;

		CHECK(f->sample(b, &ratio) > 0, "%s took no time", f->name);
		return;
	}
	if (IN_LOOP(f)) {
		uint64_t before = counter(b->rig.c, WEFT_CNT_PACKETS, 0, 0);

		p = packet(b, f);
		ours(b, f, &p, 1);
		/* Those of the LOOP, itself, two stamps, the CALL around them, and of a job its FENCE. */
		WAIT_FOR(counter(b->rig.c, WEFT_CNT_PACKETS, 0, 0) - before ==
			 LOOP_PACKETS * LOOP_COUNT + 4 + (f->work == PACKETS), 100, "packets of a LOOP retired");
		return;
	}
	if (f->work == COPY) {
		random_bytes(b->ptr[f->src], AREA_BYTES);
		memset(b->ptr[f->dst], 0, AREA_BYTES);
		p = packet(b, f);
		ours(b, f, &p, 1);
		CHECK(!memcmp(b->ptr[f->dst], b->ptr[f->src], AREA_BYTES), "%s: not what was copied", f->name);
		memset(b->ptr[f->dst], 0, AREA_BYTES);
		peer(b, f, 1);
		CHECK(!memcmp(b->ptr[f->dst], b->ptr[f->src], AREA_BYTES), "%s: the peer copied something else", f->name);
		return;
	}
	for (unsigned i = 0; i < 2; i++)
		for (uint64_t k = 0; k < AREA_BYTES / 4 / sizeof(float); k++)
			floats(b, i)[k] = (float)((double)ct_below(2001) / 1000 - 1);
	memset(floats(b, 2), 0xff, AREA_BYTES / 4);
	p = packet(b, f);
	ours(b, f, &p, 1);
	peer(b, f, 1);
	for (uint64_t k = 0; k < (uint64_t)f->m * f->n; k++)
		CHECK(fabsf(floats(b, 2)[k] - floats(b, 3)[k]) < 1e-3f, "%s: element %llu is %g, the peer's %g", f->name,
		      (unsigned long long)k, (double)floats(b, 2)[k], (double)floats(b, 3)[k]);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void sort(double *v, unsigned n)
{
	qsort(v, n, sizeof(*v), by_value);
}

void figure_take(struct bench *b, const struct figure *f, unsigned pairs, struct taken *t)
{
	double units = f->work == COPY ? (double)AREA_BYTES : 2.0 * f->m * f->n * f->k;
	bool time = IN_LOOP(f);
	double theirs[MAX_PAIRS], once;
	union weft_packet p;
	unsigned repeats;

	figure_check(b, f);
	if (f->sample) {
		*t = (struct taken){ .pairs = f->most && f->most < pairs ? f->most : pairs, .takes = 1, .peer = f->against };
		for (unsigned i = 0; i < t->pairs; i++)
			t->value[i] = f->sample(b, &t->ratio[i]);
		return;
	}
	p = packet(b, f);
	once = ours(b, f, &p, 1);
	repeats = once < ROUND_NS / MAX_REPEATS ? MAX_REPEATS : (unsigned)(ROUND_NS / once) + 1;
	*t = (struct taken){ .pairs = pairs, .peer = f->work == COPY || (!time && peer_product) };
	do {
		for (unsigned i = 0; i < pairs; i++) {
			double ns = ours(b, f, &p, repeats);

			t->value[i] = time ? ns / (LOOP_PACKETS * LOOP_COUNT) : units / ns;
			if (t->peer) {
				theirs[i] = peer(b, f, repeats);
				t->ratio[i] = theirs[i] / ns;
			}
		}
		t->takes++;
		if (!t->peer)
			return;
		sort(theirs, pairs);
		t->spread = theirs[pairs * 9 / 10] / theirs[pairs / 10];
	} while (t->spread > MAX_SPREAD && t->takes < MAX_TAKES);
}
