// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Requests by mailbox whose effect, or refusal, lies elsewhere: responses that stay, arm pages, the log. */
#include "cell.h"

#include <string.h>
#include <unistd.h>

/* A host that takes nothing: 64 responses fill the ring, and the 65th request waits until there is room for its own. */
static void untaken(void)
{
	struct card *c = CARD;
	uint32_t seq[WEFT_MBOX_SLOTS + 1];
	struct weft_mbox_msg m;

	card_need(c);
	for (unsigned i = 0; i < ARRAY_LEN(seq); i++) {
		if (i == WEFT_MBOX_SLOTS)
			WAIT_FOR(rd32(c, WEFT_REG_MBOX_RSP_TAIL) == c->rsp_head + WEFT_MBOX_SLOTS, 2000, "64 responses");
		m = (struct weft_mbox_msg){ .op = WEFT_MBOX_PING };
		m.u.arg[0] = i;
		mbox_post(c, &m);
		seq[i] = m.seq;
	}
	usleep(50000);
	CHECK_EQ(rd32(c, WEFT_REG_MBOX_RSP_TAIL), c->rsp_head + WEFT_MBOX_SLOTS, "MBOX_RSP_TAIL with 64 responses that nobody took");
	for (unsigned i = 0; i < ARRAY_LEN(seq); i++) {
		ct_about("response %u", i);
		mbox_take(c, &m);
		CHECK_EQ(m.seq, seq[i], "seq");
		CHECK_EQ(m.u.arg[0], i, "data");
	}
}

static void expect(struct card *c, const struct weft_mbox_arm *a, unsigned status, uint32_t word)
{
	struct weft_mbox_msg m = { .op = WEFT_MBOX_ARM_BIND, .u.armpage = *a };

	ct_about("ARM_BIND of SEM page %#llx, arm page %#llx", (unsigned long long)a->sem, (unsigned long long)a->arm);
	CHECK_EQ(mbox_call(c, &m), status, "status");
	if (status == WEFT_MBOX_BAD_ARG)
		CHECK_EQ(m.u.detail, word, "detail");
	ct_about("%s", "");
}

static void arm_bind(void)
{
	struct card *c = CARD;

	card_need(c);
	struct weft_mbox_arm good = { .sem = user_alloc(c, 4096, 4096), .arm = carve_alloc(c, 4096) }, a;
	const uint64_t sems[] = { good.sem + 32, c->limit, c->lmem_bytes, good.sem | UINT64_C(1) << 40 };
	const uint64_t arms[] = { good.arm + 32, good.sem + 4096, c->limit - 4096, c->lmem_bytes, good.arm | UINT64_C(1) << 40 };

	for (unsigned i = 0; i < ARRAY_LEN(sems); i++) {
		a = good;
		a.sem = sems[i];
		expect(c, &a, WEFT_MBOX_BAD_ARG, 0);
		a.arm = arms[i];
		expect(c, &a, WEFT_MBOX_BAD_ARG, 0);
	}
	for (unsigned i = 0; i < ARRAY_LEN(arms); i++) {
		a = good;
		a.arm = arms[i];
		expect(c, &a, WEFT_MBOX_BAD_ARG, 2);
	}
	for (unsigned i = 0; i < ARRAY_LEN(a.reserved); i++) {
		a = good;
		a.reserved[i] = 1;
		expect(c, &a, WEFT_MBOX_BAD_ARG, 4 + i);
	}
	expect(c, &good, WEFT_MBOX_OK, 0);
	good.arm = 0;
	expect(c, &good, WEFT_MBOX_OK, 0);
}

static unsigned call(struct card *c, uint16_t op, uint32_t arg)
{
	struct weft_mbox_msg m = { .op = op };

	m.u.arg[0] = arg;
	return mbox_call(c, &m);
}

/* What a refused and a served request add to the log; the line of a request is there when the next has been answered. */
static uint32_t logged(struct card *c, uint32_t level)
{
	uint32_t from;

	CHECK_EQ(call(c, WEFT_MBOX_LOG_LEVEL, level), WEFT_MBOX_OK, "status of LOG_LEVEL");
	CHECK_EQ(call(c, WEFT_MBOX_PING, 0), WEFT_MBOX_OK, "status of PING");
	CHECK_EQ(call(c, WEFT_MBOX_LOG_LEVEL, level), WEFT_MBOX_OK, "status of LOG_LEVEL");
	from = rd32(c, WEFT_REG_LOG_TAIL);
	CHECK_EQ(call(c, 77, 0), WEFT_MBOX_BAD_OP, "status of an unknown operation");
	CHECK_EQ(call(c, WEFT_MBOX_LOG_LEVEL, 3), WEFT_MBOX_BAD_ARG, "status of LOG_LEVEL 3");
	CHECK_EQ(call(c, WEFT_MBOX_PING, 0), WEFT_MBOX_OK, "status of PING");
	return rd32(c, WEFT_REG_LOG_TAIL) - from;
}

static void log_level(void)
{
	struct card *c = CARD;
	uint32_t bytes[3];

	card_need(c);
	wr32(c, WEFT_REG_LOG_BYTES, 4096);
	wr64(c, WEFT_REG_LOG_BASE, carve_alloc(c, 4096));
	for (uint32_t level = 3; level-- > 0;)
		bytes[level] = logged(c, level);
	ct_note("two refused requests and a PING: %u, %u, %u bytes of log at levels 0, 1, 2", bytes[0], bytes[1], bytes[2]);
	CHECK_EQ(bytes[0], 0, "bytes of log about requests at level 0");
	CHECK(bytes[1] <= bytes[2], "level 1 says more than level 2");
	CHECK_EQ(call(c, WEFT_MBOX_LOG_LEVEL, 1), WEFT_MBOX_OK, "status of LOG_LEVEL");
	wr64(c, WEFT_REG_LOG_BASE, 0);
	wr32(c, WEFT_REG_LOG_BYTES, 0);
}

static const struct ct_test tests[] = {
	{ "responses that were not taken stay", untaken, 0, 0, true },
	{ "ARM_BIND: each field", arm_bind, WEFT_CAP_CELLS, 0, false },
	{ "LOG_LEVEL: at 0 nothing of requests", log_level, 0, 0, false },
};
CT_SECTION(requests);
