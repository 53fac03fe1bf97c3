// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Mailbox: the firmware's core, natively, on the model of the control processor's devices. The input is a row of
 * records of one byte and 64: a request, a fault of a queue, or ring indices and bases as a bad host sets them. Every
 * request is answered once and in order, and the model sees nothing that hardware would not survive.
 */
#include "firmware/core/wfw.h"
#include "firmware/hal/host/cp_model.h"
#include "fuzz.h"

#define LMEM	(1u << 16)

static struct cp_model model;
static struct wfw fw;

static void run(void)
{
	unsigned int steps = 0;

	while (wfw_step(&fw) || cp_model_pending(&model))
		if (++steps > 10000)
			fuzz_wrong("the firmware does not come to rest");
}

static void request(const struct weft_mbox_msg *m)
{
	struct weft_mbox_msg rsp;

	cp_model_post(&model, m);
	run();
	if (!cp_model_take(&model, &rsp))
		fuzz_wrong("op %u has no answer", m->op);
	if (rsp.seq != m->seq || rsp.op != m->op || rsp.status > WEFT_MBOX_STATE)
		fuzz_wrong("op %u seq %u was answered as op %u seq %u status %u", m->op, m->seq, rsp.op, rsp.seq,
			   rsp.status);
	if (cp_model_take(&model, &rsp))
		fuzz_wrong("op %u has two answers", m->op);
}

/* What a host may do to the ring that is not a request; afterwards it begins anew, as a write of MBOX_BASE does. */
static void bad_ring(const uint64_t v[8])
{
	model.req_tail = model.req_head + (uint32_t)v[0];
	model.rsp_head = model.rsp_tail - (uint32_t)v[1];
	if (v[2] & 1)
		model.mbox_base = v[3];
	if (v[2] & 2)
		model.log_base = v[4];
	if (v[2] & 4)
		model.log_bytes = (uint32_t)v[5];
	model.irq |= WEFT_CP_IRQ_MBOX;
	run();
	model.mbox_base = model.user_limit;
	model.log_base = model.user_limit + 0x4000;
	model.log_bytes = 4096;
	model.req_tail = model.req_head = model.rsp_tail = model.rsp_head = 0;
	run();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct weft_mbox_msg hello = { .op = WEFT_MBOX_HELLO, .u.hello = { 0, UINT32_MAX } };
	struct fuzz_in in = { data, size };
	uint8_t setting = fuzz_u8(&in);

	if (!model.lmem)
		cp_model_init(&model, LMEM);
	else
		cp_model_reset(&model);
	if (setting & 1)
		model.caps = 0;
	model.no_suspend = setting & 2;
	wfw_init(&fw, &model.hal);
	model.mbox_base = model.user_limit;
	model.log_base = model.user_limit + 0x4000;
	model.log_bytes = setting & 4 ? 0 : 4096;
	if (!(setting & 8))
		request(&hello);
	while (in.n) {
		uint8_t kind = fuzz_u8(&in);
		union { struct weft_mbox_msg m; uint64_t v[8]; } u;

		fuzz_bytes(&in, &u, sizeof(u));
		model.now_ns += (uint64_t)(kind >> 4) * 10000000;
		switch (kind & 7) {
		case 6:
			/* that number says that there is no fault: a card with one cannot give it */
			if ((uint32_t)u.v[0] != WEFT_QUEUE_NONE)
				cp_model_fault(&model, (uint32_t)u.v[0], (uint32_t)u.v[1] % 64, u.v[2]);
			run();
			break;
		case 7:
			bad_ring(u.v);
			break;
		default:
			request(&u.m);
		}
		if (model.violations)
			fuzz_wrong("%u violations, first: %s", model.violations, model.violation);
	}
	fuzz_cover();
	return 0;
}
