// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "fw_rig.h"

int rig_setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	if (!r)
		return -1;
	cp_model_init(&r->m, RIG_LMEM);
	wfw_init(&r->fw, &r->m.hal);
	rig_run(r);
	r->m.mbox_base = RIG_MBOX;
	r->m.log_base = RIG_LOG;
	r->m.log_bytes = RIG_LOG_BYTES;
	*state = r;
	return 0;
}

int rig_setup_hello(void **state)
{
	if (rig_setup(state))
		return -1;
	return rig_hello(*state, WEFT_CONTRACT_VERSION, WEFT_CONTRACT_VERSION).status;
}

int rig_teardown(void **state)
{
	struct rig *r = *state;
	unsigned violations = r->m.violations;

	if (violations)
		fprintf(stderr, "%u violations, first: %s\n", violations, r->m.violation);
	cp_model_fini(&r->m);
	free(r);
	return violations ? -1 : 0;
}

void rig_run(struct rig *r)
{
	do
		while (wfw_step(&r->fw))
			;
	while (cp_model_pending(&r->m));
}

struct weft_mbox_msg rig_call(struct rig *r, struct weft_mbox_msg req)
{
	struct weft_mbox_msg rsp;

	req.seq = ++r->seq * 0x9e3779b9u;
	cp_model_post(&r->m, &req);
	rig_run(r);
	assert_true(cp_model_take(&r->m, &rsp));
	assert_int_equal(rsp.op, req.op);
	assert_int_equal(rsp.seq, req.seq);
	return rsp;
}

struct weft_mbox_msg rig_hello(struct rig *r, uint32_t min, uint32_t max)
{
	struct weft_mbox_msg m = { .op = WEFT_MBOX_HELLO };

	m.u.hello.contract_min = min;
	m.u.hello.contract_max = max;
	return rig_call(r, m);
}

struct weft_mbox_msg rig_as(uint32_t asid, uint32_t type)
{
	struct weft_mbox_msg m = { .op = WEFT_MBOX_AS_CREATE };

	m.u.as.asid = asid;
	m.u.as.type = type;
	m.u.as.root = RIG_ROOT + 4096 * asid;
	return m;
}

struct weft_mbox_msg rig_queue(uint32_t id, uint16_t asid, uint8_t kind)
{
	struct weft_mbox_msg m = { .op = WEFT_MBOX_QUEUE_CREATE };
	struct weft_queue_desc *q = &m.u.queue;

	q->id = id;
	q->asid = asid;
	q->kind = kind;
	q->band = WEFT_BAND_NORMAL;
	q->ring_log2 = 6;
	q->weight = 100;
	q->state = RIG_LIMIT + 0x80000 + 0x10000 * id;
	if (kind == WEFT_QUEUE_JOB) {
		q->ring = q->state + 0x1000;
		q->ctl = q->state + 0x2000;
		q->run_limit_ns = q->wait_limit_ns = 1000000000;
	} else {
		q->ring = UINT64_C(0x7f0000000000);
		q->ctl = UINT64_C(0x7f0000100000);
	}
	return m;
}

const char *rig_log(struct rig *r, uint32_t from)
{
	static char text[RIG_LOG_BYTES + 1];
	uint32_t n = r->m.log_tail - from;

	assert_true(n <= RIG_LOG_BYTES);
	for (uint32_t i = 0; i < n; i++)
		text[i] = (char)r->m.lmem[r->m.log_base + (from + i) % r->m.log_bytes];
	text[n] = 0;
	return text;
}
