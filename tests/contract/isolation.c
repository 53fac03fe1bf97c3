// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Address spaces are apart: same addresses, other memory; nothing of an old space survives its number. */
#include "rig.h"

#include "firmware/abi/trace.h"

#include <string.h>

static void same_addresses(void)
{
	struct card *c = CARD;
	struct rig r[4];
	uint64_t f[4];
	union weft_packet p[20];

	card_need(c);
	for (unsigned i = 0; i < 4; i++) {
		r[i] = rig_open(c);
		memset(r[i].local, (int)(i + 1), RIG_BYTES);
	}
	for (int round = 0; round < 20; round++) {
		for (unsigned i = 0; i < 4; i++) {
			for (unsigned k = 0; k < 20; k++)
				p[k] = pkt_copy(RIG_HOST + k * 65536, RIG_LOCAL + k * 65536, 65536);
			f[i] = rig_start(&r[i], p, 20);
		}
		for (unsigned i = 0; i < 4; i++)
			queue_wait(r[i].q, f[i], 5000);
		for (unsigned i = 0; i < 4; i++)
			for (unsigned o = 0; o < 20 * 65536; o += 4093)
				CHECK_EQ(r[i].host[o], i + 1, "byte of a space's own memory");
		for (unsigned i = 0; i < 4; i++)
			memset(r[i].host, 0, 20 * 65536);
	}
}

static void not_shared(void)
{
	struct card *c = CARD;
	uint64_t va = UINT64_C(0x490000000000);

	card_need(c);
	struct rig a = rig_open(c), b = rig_open(c);
	uint64_t at = user_alloc(c, 4096, 4096);
	space_map(a.s, va, at, 4096, PTE_RW);
	union weft_packet p = pkt_fill(va, 4096, 4, 0x5ec2e7);
	rig_run(&a, &p, 1);
	p = pkt_copy(RIG_LOCAL, va, 64);
	rig_fault(&b, &p, 1, (struct fault){ .cause = WEFT_FAULT_PT_INVALID, VA_IN(va, 64) });
	rig_run(&a, &p, 1);
	rig_fault(&b, &p, 1, (struct fault){ .cause = WEFT_FAULT_PT_INVALID, VA_IN(va, 64) });
}

static void reused_number(void)
{
	struct card *c = CARD;
	uint64_t va = UINT64_C(0x4a0000155000);

	card_need(c);
	for (unsigned i = 0; i < 20; i++) {
		uint64_t user = c->user_next, carve = c->carve_next;
		struct space *s = space_create(c, 7 % c->nasids);
		struct rig r = rig_open_on(s);
		union weft_packet p = pkt_copy(RIG_LOCAL, va, 64);

		if (i & 1) {	/* the space before had it mapped and its translation in use */
			rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_PT_INVALID, VA_IN(va, 64) });
		} else {
			space_map(s, va, user_alloc(c, 4096, 4096), 4096, PTE_RW);
			for (unsigned k = 0; k < 4; k++)	/* by several engines */
				rig_run(&r, &p, 1);
		}
		queue_destroy(r.q);
		space_destroy(s);
		c->user_next = user;
		c->carve_next = carve;
		host_rewind();
	}
}

/* Whatever a job does, nothing at or above USER_LIMIT changes but the card's own records. */
static void carve_out(void)
{
	struct card *c = CARD;
	uint64_t va = UINT64_C(0x4b0000000000);

	card_need(c);
	struct rig r = rig_open(c);
	uint64_t trap = carve_alloc(c, 65536);
	memset(c->lmem + trap, 0x77, 65536);
	uint64_t last = c->limit - 4096;
	space_map(r.s, va, last, 4096, PTE_RW);
	space_map(r.s, va + 4096, c->limit, 4096, PTE_RW);
	space_map(r.s, va + 8192, trap, 4096, PTE_RW);
	uint8_t first = c->lmem[c->limit];
	union weft_packet p[4] = {
		pkt_fill(va, 8192, 4, 0xdeadbeef), pkt_copy(va + 8192, RIG_LOCAL, 64), pkt_copy(RIG_LOCAL, va + 8192, 64),
		pkt_timestamp(va + 8192),
	};
	rig_fault(&r, p, 1, (struct fault){ .cause = WEFT_FAULT_PT_LIMIT, VA_IN(va + 4096, 4096) });
	for (unsigned i = 1; i < 4; i++)
		rig_fault(&r, p + i, 1, (struct fault){ .cause = WEFT_FAULT_PT_LIMIT, VA_IN(va + 8192, 64) });
	for (unsigned i = 0; i < 65536; i++)
		CHECK_EQ(c->lmem[trap + i], 0x77, "byte of the carve-out");
	CHECK_EQ(c->lmem[c->limit], first, "first byte of the carve-out");
	if (r.call) {
		/* a packet list in the carve-out must not run either */
		uint32_t from = c->nevt;
		uint64_t f = queue_submit(r.q, va + 8192, 1, 0, 0);
		rig_expect_fault(&r, f, from, NULL, (struct fault){ .cause = WEFT_FAULT_PT_LIMIT, VA_IN(va + 8192, 64) });
		rig_renew(&r);
	}
}

static void all_spaces(void)
{
	struct card *c = CARD;
	unsigned n = c->nasids < 64 ? c->nasids : 64;
	struct space *s[64];
	struct queue *q[64];
	uint64_t at[64], va = RIG_LOCAL;

	card_need(c);
	for (unsigned i = 0; i < n; i++) {
		/* spread over the numbers, the first and the last among them */
		s[i] = space_create(c, (uint32_t)((uint64_t)i * (c->nasids - 1) / (n - 1)));
		at[i] = user_alloc(c, 4096, 4096);
		space_map(s[i], va, at[i], 4096, PTE_RW);
		q[i] = queue_create(s[i], ~0u, 4);
	}
	for (unsigned i = 0; i < n; i++) {
		union weft_packet p = pkt_fill(va, 4096, 4, 0xa0000000 + i);

		queue_push(q[i], &p);
		queue_push_fence(q[i], false);
		queue_kick(q[i]);
	}
	for (unsigned i = 0; i < n; i++)
		queue_wait(q[i], 1, 5000);
	for (unsigned i = 0; i < n; i++)
		CHECK_EQ(*(uint32_t *)(void *)(c->lmem + at[i] + 4092), 0xa0000000 + i, "word of each space");
}

/* The card's own words, where a space has SPARSE pages for them: another's writes to its own must not be read there. */
static void sparse_words(void)
{
	struct card *c = CARD;
	const uint64_t end = RIG_SPARSE + (64 << 10);
	union weft_packet fill = pkt_fill(RIG_SPARSE, 64 << 10, 4, 5), nop = { 0 };

	card_need(c);
	struct rig a = rig_open(c);
	struct space *b = space_create_as(c, ~0u, WEFT_AS_LR);
	uint64_t at = user_alloc(c, 4096, 4096);
	memset(c->lmem + at, 0, 4096);
	space_map(b, end - 4096, 0, 4096, PTE_RW | PTE_SPARSE);
	space_map(b, end, at, 4096, PTE_RW);
	/* a new queue each time: what cannot be used ends its tracing */
	for (unsigned round = 0; round < 24; round++) {
		struct queue *q = queue_create_how(b, ~0u, 6, &(struct weft_queue_desc){
			.band = WEFT_BAND_NORMAL, .weight = 100, .flags = WEFT_QUEUE_F_TRACE,
			.run_limit_ns = UINT64_C(60000000000), .wait_limit_ns = UINT64_C(60000000000) });

		/* its header ends where the records begin: 5 written, 2^5 in all, were the fill read there */
		queue_ctl(q)->trace = end - sizeof(struct weft_trace_ring);
		for (unsigned k = 0; k <= round % 3; k++)	/* engines may take turns */
			rig_run(&a, &fill, 1);
		queue_push(q, &nop);
		queue_kick(q);
		queue_wait_done(q, 1000);
		queue_destroy(q);
	}
	for (unsigned o = 0; o < 4096; o += 4)
		CHECK_EQ(*(uint32_t *)(void *)(c->lmem + at + o), 0, "a word behind the header that reads as 0");
}

static const struct ct_test tests[] = {
	{ "the same addresses name other memory", same_addresses, 0, 0, false },
	{ "a page of one space is not there in another", not_shared, 0, 0, false },
	{ "a reused number brings no old translation", reused_number, 0, 0, false },
	{ "the carve-out cannot be reached", carve_out, 0, 0, false },
	{ "what one space writes to SPARSE no word of another reads", sparse_words, WEFT_CAP_TRACE | WEFT_CAP_LR, 0, false },
	{ "many spaces, numbers up to the last", all_spaces, 0, 0, false },
};
CT_SECTION(isolation);
