// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "rig.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static void hello(void)
{
	struct card *c = CARD;
	static const struct { uint32_t lo, hi, status; } tries[] = {
		{ WEFT_CONTRACT_VERSION, WEFT_CONTRACT_VERSION, WEFT_MBOX_OK },
		{ 0, 0xffffffff, WEFT_MBOX_OK },
		{ 0, WEFT_CONTRACT_VERSION, WEFT_MBOX_OK },
		{ WEFT_CONTRACT_VERSION, 0xffff0000, WEFT_MBOX_OK },
		{ WEFT_CONTRACT(200, 0), WEFT_CONTRACT(201, 0), WEFT_MBOX_VERSION },
		{ 0, 0, WEFT_MBOX_VERSION },
		{ 5, 4, WEFT_MBOX_BAD_ARG },
	};

	for (unsigned i = 0; i < ARRAY_LEN(tries); i++) {
		struct weft_mbox_msg m = { .op = WEFT_MBOX_HELLO };

		card_bringup(c);
		m.u.hello.contract_min = tries[i].lo;
		m.u.hello.contract_max = tries[i].hi;
		memset(m.u.hello.reserved, 0xff, sizeof(m.u.hello.reserved));
		ct_about("HELLO %#x … %#x", tries[i].lo, tries[i].hi);
		CHECK_EQ(mbox_call(c, &m), tries[i].status, "status");
		if (tries[i].status == WEFT_MBOX_BAD_ARG)
			continue;
		struct weft_mbox_hello_rsp *r = &m.u.hello_rsp;
		CHECK(r->contract_min <= WEFT_CONTRACT_VERSION && r->contract_max >= WEFT_CONTRACT_VERSION,
		      "range %#x … %#x", r->contract_min, r->contract_max);
		if (tries[i].status == WEFT_MBOX_VERSION) {
			CHECK_EQ(r->contract, 0, "version chosen");
			continue;
		}
		uint32_t newest = r->contract_max < tries[i].hi ? r->contract_max : tries[i].hi;
		CHECK_EQ(r->contract, newest, "version chosen");
		CHECK_EQ(r->fw_version, rd32(c, WEFT_REG_FW_VERSION), "fw_version");
	}
	/* a second one that is refused does nothing, so what the first agreed on stays */
	card_bringup(c);
	for (unsigned i = 0; i < ARRAY_LEN(tries); i++) {
		struct weft_mbox_msg m = { .op = WEFT_MBOX_HELLO }, ping = { .op = WEFT_MBOX_PING };

		m.u.hello.contract_min = tries[i].lo;
		m.u.hello.contract_max = tries[i].hi;
		ct_about("second HELLO %#x … %#x", tries[i].lo, tries[i].hi);
		CHECK_EQ(mbox_call(c, &m), tries[i].status, "status");
		CHECK_EQ(mbox_call(c, &ping), WEFT_MBOX_OK, "status of PING after it");
	}
}

static void before_hello(void)
{
	struct card *c = CARD;

	card_reset(c);
	card_registers(c);
	if (!(c->caps & WEFT_CAP_FW_RESIDENT))
		CHECK_EQ(BOOT_STATE(card_boot(c, ct_fw, ct_fw_bytes)), WEFT_BOOT_RUNNING, "boot state");
	card_mailbox(c);
	for (uint16_t op = WEFT_MBOX_PING; op <= WEFT_MBOX_OP_COUNT; op++) {
		struct weft_mbox_msg m = { .op = op };

		ct_about("operation %u", op);
		CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_STATE, "status before HELLO");
	}
	ct_about("%s", "");
	mbox_hello(c);
}

static void ping(void)
{
	struct card *c = CARD;

	card_need(c);
	uint32_t from = c->nevt;
	for (int i = 0; i < 70; i++) {
		struct weft_mbox_msg m = { .op = WEFT_MBOX_PING };
		uint8_t data[56];

		random_bytes(data, sizeof(data));
		memcpy(m.u.data, data, sizeof(data));
		CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_OK, "status of PING");
		CHECK(!memcmp(m.u.data, data, sizeof(data)), "PING %d returned other data", i);
	}
	evt_wait(c, from, WEFT_EVT_MBOX, ~0u, 1000);
}

static void wrap(void)
{
	struct card *c = CARD;
	struct weft_mbox_msg m;
	uint32_t seq[WEFT_MBOX_SLOTS];

	card_need(c);
	for (int round = 0; round < 5; round++) {
		unsigned n = round == 1 ? WEFT_MBOX_SLOTS : (unsigned)ct_between(1, WEFT_MBOX_SLOTS);

		for (unsigned i = 0; i < n; i++) {
			m = (struct weft_mbox_msg){ .op = WEFT_MBOX_PING };
			m.u.arg[0] = i;
			mbox_post(c, &m);
			seq[i] = m.seq;
		}
		for (unsigned i = 0; i < n; i++) {
			mbox_take(c, &m);
			CHECK_EQ(m.seq, seq[i], "seq in order");
			CHECK_EQ(m.u.arg[0], i, "data in order");
		}
		CHECK_EQ(rd32(c, WEFT_REG_MBOX_REQ_HEAD), c->req_tail, "MBOX_REQ_HEAD");
		CHECK(!mbox_ready(c), "a response too many");
	}
}

static void unknown(void)
{
	static const uint16_t ops[] = { 0, WEFT_MBOX_OP_COUNT, 100, 0x102, 0xffff };
	struct card *c = CARD;

	card_need(c);
	for (unsigned i = 0; i < ARRAY_LEN(ops); i++) {
		struct weft_mbox_msg m = { .op = ops[i] };

		CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_BAD_OP, "status of an unknown operation");
	}
}

static void refuse(struct card *c, const struct weft_mbox_msg *good, unsigned word, uint32_t value, unsigned status)
{
	struct weft_mbox_msg m = *good;

	m.u.arg[word] = value;
	ct_about("operation %u, word %u = %#x", good->op, word, value);
	unsigned got = mbox_call(c, &m);
	EXPECT_EQ(got, status, "status");
	if (status == WEFT_MBOX_BAD_ARG && got == status)
		EXPECT_EQ(m.u.detail, word, "detail");
	ct_about("%s", "");
}

static void as_args(void)
{
	struct card *c = CARD;
	struct weft_mbox_msg g = { .op = WEFT_MBOX_AS_CREATE }, d = { .op = WEFT_MBOX_AS_DESTROY }, m;

	card_need(c);
	g.u.as.asid = 3;
	g.u.as.root = carve_alloc(c, 4096);
	refuse(c, &g, 0, c->nasids, WEFT_MBOX_BAD_ARG);
	refuse(c, &g, 0, ~0u, WEFT_MBOX_BAD_ARG);
	refuse(c, &g, 1, 2, WEFT_MBOX_BAD_ARG);
	refuse(c, &g, 2, (uint32_t)g.u.as.root + 8, WEFT_MBOX_BAD_ARG);
	refuse(c, &g, 2, (uint32_t)g.u.as.root + 0x800, WEFT_MBOX_BAD_ARG);
	refuse(c, &g, 2, 0, WEFT_MBOX_BAD_ARG);
	m = g;
	m.u.as.root = c->limit - 4096;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_BAD_ARG, "status of a root below USER_LIMIT");
	CHECK_EQ(m.u.detail, 2, "detail");
	m = g;
	m.u.as.root = c->lmem_bytes;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_BAD_ARG, "status of a root behind local memory");
	CHECK_EQ(m.u.detail, 2, "detail");
	m = g;
	m.u.as.root |= UINT64_C(1) << 40;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_BAD_ARG, "status of a root far behind local memory");
	CHECK_EQ(m.u.detail, 2, "detail");
	for (unsigned w = 4; w < 14; w++)
		refuse(c, &g, w, 1, WEFT_MBOX_BAD_ARG);
	if (c->caps & WEFT_CAP_LR) {
		m = g;
		m.u.as.type = WEFT_AS_LR;
		CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_OK, "status of AS_CREATE LR");
		d.u.as.asid = 3;
		m = d;
		CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_OK, "status of AS_DESTROY LR");
	} else {
		m = g;
		m.u.as.type = WEFT_AS_LR;
		unsigned s = mbox_call(c, &m);
		CHECK(s == WEFT_MBOX_NO_CAP, "LR space without WEFT_CAP_LR: status %u instead of NO_CAP", s);
	}
	m = g;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_OK, "status of AS_CREATE");
	m = g;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_EXISTS, "status of AS_CREATE again");
	d.u.as.asid = 4;
	refuse(c, &d, 0, c->nasids, WEFT_MBOX_BAD_ARG);
	refuse(c, &d, 0, 4, WEFT_MBOX_NOT_FOUND);
	refuse(c, &d, 0, 3, WEFT_MBOX_OK);
	refuse(c, &d, 0, 3, WEFT_MBOX_NOT_FOUND);
}

static void queue_args(void)
{
	struct card *c = CARD;

	card_need(c);
	struct space *s = space_create(c, 2);
	struct queue *q = queue_create(s, 5, 4);
	struct weft_mbox_msg g = { .op = WEFT_MBOX_QUEUE_CREATE }, m;

	queue_desc(q, &g.u.queue);
	refuse(c, &g, 0, 5, WEFT_MBOX_EXISTS);
	g.u.queue.id = 6;
	g.u.queue.ring = carve_alloc(c, 4096);
	g.u.queue.ctl = carve_alloc(c, 4096);
	g.u.queue.state = carve_alloc(c, 4096);
	refuse(c, &g, 0, c->nqueues, WEFT_MBOX_BAD_ARG);
	refuse(c, &g, 0, WEFT_QUEUE_NONE, WEFT_MBOX_BAD_ARG);
	for (unsigned w = 2; w <= 6; w += 2) {
		refuse(c, &g, w, g.u.arg[w] + 64, WEFT_MBOX_BAD_ARG);
		refuse(c, &g, w, 0, WEFT_MBOX_BAD_ARG);
		refuse(c, &g, w, (uint32_t)c->limit - 4096, WEFT_MBOX_BAD_ARG);
		refuse(c, &g, w, (uint32_t)c->lmem_bytes, WEFT_MBOX_BAD_ARG);
	}
	refuse(c, &g, 13, 1, WEFT_MBOX_BAD_ARG);
#define TRY(field, value, word) \
	do { \
		m = g; \
		m.u.queue.field = (value); \
		ct_about("QUEUE_CREATE, " #field " = " #value); \
		CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_BAD_ARG, "status"); \
		CHECK_EQ(m.u.detail, word, "detail"); \
		ct_about("%s", ""); \
	} while (0)
	TRY(asid, (uint16_t)0xffff, 1);
	TRY(kind, 2, 1);
	TRY(kind, 0xff, 1);
	TRY(band, 4, 1);
	TRY(run_limit_ns, 0, 8);
	TRY(wait_limit_ns, 0, 10);
	TRY(ring_log2, WEFT_RING_LOG2_MIN - 1, 12);
	TRY(ring_log2, WEFT_RING_LOG2_MAX + 1, 12);
	TRY(ring_log2, 255, 12);
	TRY(flags, 0x80, 12);
	TRY(weight, 0, 12);
	TRY(weight, 1001, 12);
	m = g;
	m.u.queue.flags = WEFT_QUEUE_F_TRACE;
	if (!(c->caps & WEFT_CAP_TRACE))
		CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_NO_CAP, "status of TRACE without WEFT_CAP_TRACE");
	/* a ring whose end lies behind local memory */
	m = g;
	m.u.queue.ring = c->lmem_bytes - 4096;
	m.u.queue.ring_log2 = 16;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_BAD_ARG, "status of a ring across the end of local memory");
	CHECK_EQ(m.u.detail, 2, "detail");
	m = g;
	m.u.queue.asid = 9;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_NOT_FOUND, "status with an address space that does not exist");
	m = g;
	m.u.queue.kind = WEFT_QUEUE_USER;
	unsigned st = mbox_call(c, &m);
	CHECK(st == WEFT_MBOX_STATE || st == WEFT_MBOX_BAD_ARG || st == WEFT_MBOX_NO_CAP,
	      "a user queue in a FENCE space: status %u", st);
	m = (struct weft_mbox_msg){ .op = WEFT_MBOX_QUEUE_DESTROY };
	refuse(c, &m, 0, 6, WEFT_MBOX_NOT_FOUND);
	refuse(c, &m, 0, c->nqueues, WEFT_MBOX_BAD_ARG);
	refuse(c, &m, 0, WEFT_QUEUE_NONE, WEFT_MBOX_BAD_ARG);
	m = g;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_OK, "status of the good request then");
	m = (struct weft_mbox_msg){ .op = WEFT_MBOX_QUEUE_DESTROY };
	m.u.queue.id = 6;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_OK, "status of QUEUE_DESTROY");
}

static void busy(void)
{
	struct card *c = CARD;
	struct weft_mbox_msg m = { .op = WEFT_MBOX_AS_DESTROY };

	card_need(c);
	struct rig r = rig_open(c);
	union weft_packet p[8];

	m.u.as.asid = r.s->asid;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_BUSY, "status of AS_DESTROY with a queue");
	if (!(c->caps & WEFT_CAP_TIMED))
		return;		/* nothing else runs for so long as the request takes, for sure */
	for (unsigned i = 0; i < 8; i++)
		p[i] = pkt_timed(30000000);
	uint64_t f = rig_start(&r, p, 8);
	m = (struct weft_mbox_msg){ .op = WEFT_MBOX_QUEUE_DESTROY };
	m.u.queue.id = r.q->id;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_BUSY, "status of QUEUE_DESTROY of a running queue");
	queue_wait(r.q, f, 5000);
}

static void out_of_order(void)
{
	struct card *c = CARD;
	struct queue *q[12];
	struct space *s[4];

	card_need(c);
	for (unsigned i = 0; i < 4; i++)
		s[i] = space_create(c, (i * 7 + 1) % (c->nasids < 32 ? 4 : 29));
	for (unsigned i = 0; i < 12; i++)
		q[i] = queue_create(s[i % 4], c->nqueues - 1 - i, 4 + i % 3);
	for (unsigned i = 0; i < 12; i += 2)
		queue_destroy(q[(i * 5) % 12]);
	for (unsigned i = 0; i < 12; i += 2)
		q[i] = queue_create(s[(i + 1) % 4], c->nqueues - 1 - (i * 5) % 12, 5);
	for (unsigned i = 0; i < 12; i++) {
		uint64_t f = queue_push_fence(q[i], false);

		queue_kick(q[i]);
		queue_wait(q[i], f, 2000);
	}
	for (unsigned i = 0; i < 12; i++)
		queue_destroy(q[(i * 7 + 3) % 12]);
	for (unsigned i = 4; i-- > 0;)
		space_destroy(s[(i + 2) % 4]);
}

static void suspend(void)
{
	struct card *c = CARD;
	struct weft_mbox_msg m = { .op = WEFT_MBOX_SUSPEND };

	card_need(c);
	struct rig r = rig_open(c);
	union weft_packet p = pkt_fill(RIG_LOCAL, 64, 8, 0x1122334455667788);

	m.u.arg[0] = r.q->id;
	unsigned status = mbox_call(c, &m);
	if (status == WEFT_MBOX_NO_CAP)
		ct_skip("the card cannot SUSPEND");
	CHECK_EQ(status, WEFT_MBOX_OK, "status of SUSPEND");
	queue_wait_run(r.q, WEFT_QS_SUSPENDED, 1000, NULL);
	uint64_t f = rig_start(&r, &p, 1);
	queue_ring(r.q);
	usleep(30000);
	CHECK(queue_fence(r.q) != f, "a suspended queue ran");
	m = (struct weft_mbox_msg){ .op = WEFT_MBOX_RESUME };
	refuse(c, &m, 0, c->nqueues, WEFT_MBOX_BAD_ARG);
	refuse(c, &m, 0, r.q->id + 1, WEFT_MBOX_NOT_FOUND);
	refuse(c, &m, 5, 1, WEFT_MBOX_BAD_ARG);
	m.u.arg[0] = r.q->id;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_OK, "status of RESUME");
	queue_wait(r.q, f, 2000);
	CHECK_EQ(*(uint64_t *)(void *)r.local, 0x1122334455667788, "data after RESUME");
}

/* 40 answered and not taken, then 25 at once: none of these until there is room for all. */
static void too_far_for_answers(struct card *c)
{
	struct weft_mbox_msg m = { .op = WEFT_MBOX_PING };
	uint32_t answered = c->req_tail + 40, all = c->req_tail + 65;

	while (c->req_tail != answered)
		mbox_post(c, &m);
	WAIT_FOR(rd32(c, WEFT_REG_MBOX_RSP_TAIL) == answered, 2000, "40 responses");
	for (uint32_t i = answered; i != all; i++)
		memcpy(c->lmem + c->mbox + 64u * (i % WEFT_MBOX_SLOTS), &m, sizeof(m));
	atomic_thread_fence(memory_order_seq_cst);
	wr32(c, WEFT_REG_MBOX_REQ_TAIL, c->req_tail = all);
	usleep(20000);
	CHECK_EQ(rd32(c, WEFT_REG_MBOX_REQ_HEAD), answered, "MBOX_REQ_HEAD with 65 not taken");
	CHECK_EQ(rd32(c, WEFT_REG_MBOX_RSP_TAIL), answered, "MBOX_RSP_TAIL with 65 not taken");
	while (c->rsp_head != all) {
		mbox_take(c, &m);
		CHECK_EQ(m.status, WEFT_MBOX_OK, "status of PING");
	}
}

static void indices(void)
{
	struct card *c = CARD;
	struct weft_mbox_msg m = { .op = WEFT_MBOX_PING };

	card_need(c);
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_OK, "status of PING");
	uint32_t head = rd32(c, WEFT_REG_MBOX_REQ_HEAD), rsp = rd32(c, WEFT_REG_MBOX_RSP_TAIL);
	/* more than 64 ahead is ignored until it is not */
	wr32(c, WEFT_REG_MBOX_REQ_TAIL, c->rsp_head + 65);
	usleep(20000);
	CHECK_EQ(rd32(c, WEFT_REG_MBOX_REQ_HEAD), head, "MBOX_REQ_HEAD with 65 requests announced");
	CHECK_EQ(rd32(c, WEFT_REG_MBOX_RSP_TAIL), rsp, "MBOX_RSP_TAIL with 65 requests announced");
	wr32(c, WEFT_REG_MBOX_REQ_TAIL, c->req_tail);
	m = (struct weft_mbox_msg){ .op = WEFT_MBOX_PING };
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_OK, "status of PING then");
	too_far_for_answers(c);
	/* a new MBOX_BASE starts at 0; the greeting stays */
	c->mbox = carve_alloc(c, WEFT_MBOX_BYTES);
	wr64(c, WEFT_REG_MBOX_BASE, c->mbox);
	CHECK_EQ(rd32(c, WEFT_REG_MBOX_REQ_TAIL) | rd32(c, WEFT_REG_MBOX_REQ_HEAD) | rd32(c, WEFT_REG_MBOX_RSP_TAIL) |
		 rd32(c, WEFT_REG_MBOX_RSP_HEAD), 0, "indices after writing MBOX_BASE");
	c->req_tail = c->rsp_head = 0;
	mbox_hello(c);
	mbox_hello(c);	/* a second HELLO is answered like the first */
}

static void others(void)
{
	struct card *c = CARD;
	struct weft_mbox_msg m = { .op = WEFT_MBOX_LOG_LEVEL };

	card_need(c);
	for (uint32_t level = 0; level < 3; level++)
		refuse(c, &m, 0, level, WEFT_MBOX_OK);
	refuse(c, &m, 0, 3, WEFT_MBOX_BAD_ARG);
	refuse(c, &m, 1, 1, WEFT_MBOX_BAD_ARG);
	/* what the card cannot do is refused before what was asked of it is looked at */
	m.op = WEFT_MBOX_POLICY;
	memset(&m.u, 0xff, sizeof(m.u));
	if (!(c->caps & WEFT_CAP_BANDS))
		CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_NO_CAP, "status of POLICY without WEFT_CAP_BANDS");
	m.op = WEFT_MBOX_ARM_BIND;
	memset(&m.u, 0xff, sizeof(m.u));
	if (!(c->caps & WEFT_CAP_CELLS))
		CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_NO_CAP, "status of ARM_BIND without WEFT_CAP_CELLS");
}

static void log_ring(void)
{
	struct card *c = CARD;
	struct weft_mbox_msg m = { .op = WEFT_MBOX_LOG_LEVEL };

	card_need(c);
	uint64_t at = carve_alloc(c, 4096);
	uint32_t tail = rd32(c, WEFT_REG_LOG_TAIL);

	wr32(c, WEFT_REG_LOG_BYTES, 4096);
	wr64(c, WEFT_REG_LOG_BASE, at);
	m.u.arg[0] = 2;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_OK, "status of LOG_LEVEL");
	m = (struct weft_mbox_msg){ .op = 77 };
	mbox_call(c, &m);
	space_create(c, ~0u);
	uint32_t end = rd32(c, WEFT_REG_LOG_TAIL);
	for (uint32_t i = tail; i != end; i++) {
		uint8_t ch = c->lmem[at + i % 4096];

		CHECK(ch == '\n' || (ch >= 0x20 && ch < 0x7f), "byte %#x at %u of the log", ch, i);
	}
	if (end == tail)
		ct_note("no text at level debug");
	wr64(c, WEFT_REG_LOG_BASE, 0);
	wr32(c, WEFT_REG_LOG_BYTES, 0);
}

static const struct ct_test tests[] = {
	{ "HELLO ranges", hello, 0, 0, true },
	{ "everything before HELLO answers STATE", before_hello, 0, 0, true },
	{ "PING returns its data", ping, 0, 0, false },
	{ "64 outstanding, in order, across the wrap", wrap, 0, 0, false },
	{ "unknown operations", unknown, 0, 0, false },
	{ "AS_CREATE and AS_DESTROY: each field", as_args, 0, 0, false },
	{ "QUEUE_CREATE and QUEUE_DESTROY: each field", queue_args, 0, 0, false },
	{ "BUSY: a space with queues, a running queue", busy, 0, 0, false },
	{ "create and destroy out of order", out_of_order, 0, 0, false },
	{ "SUSPEND and RESUME", suspend, 0, 0, false },
	{ "LOG_LEVEL; POLICY and ARM_BIND without capability", others, 0, 0, false },
	{ "indices: too far ahead, a new MBOX_BASE", indices, 0, 0, true },
	{ "firmware log is text", log_ring, 0, 0, false },
};
CT_SECTION(mailbox);
