// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* HELLO: the newest contract version that host, card and firmware all speak. */
#include "op.h"

static uint32_t newer(uint32_t a, uint32_t b) { return a > b ? a : b; }
static uint32_t older(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* Reserved words are not looked at: a newer host may use them, and is to be told our range. */
static int check(struct wfw *fw, const struct weft_mbox_msg *req)
{
	(void)fw;
	return req->u.hello.contract_min > req->u.hello.contract_max ? 0 : WFW_ARGS_OK;
}

static uint16_t run(struct wfw *fw, const struct weft_mbox_msg *req, struct weft_mbox_msg *rsp)
{
	const struct weft_mbox_hello *host = &req->u.hello;
	struct weft_mbox_hello_rsp *r = &rsp->u.hello_rsp;
	uint32_t min = newer(WFW_CONTRACT_MIN, wfw_read32(fw, WEFT_CP_CONTRACT_MIN));
	uint32_t max = older(WFW_CONTRACT_MAX, wfw_read32(fw, WEFT_CP_CONTRACT_MAX));
	uint32_t best = older(max, host->contract_max);

	bool agreed = min <= max && best >= min && best >= host->contract_min;

	/* What is refused changes nothing: a version agreed on before stays. */
	if (agreed)
		fw->contract = best;
	r->fw_version = wfw_read32(fw, WEFT_CP_FW_VERSION);
	r->contract = agreed ? best : 0;
	r->contract_min = min;
	r->contract_max = max;
	if (min > max) {
		/* The ROM lets no such image in. If it does, an own range says more than an empty one. */
		r->contract_min = WFW_CONTRACT_MIN;
		r->contract_max = WFW_CONTRACT_MAX;
	}
	if (!agreed) {
		wfw_log(fw, WFW_LOG_ERROR, "host speaks contract %u.%u to %u.%u, this firmware on this card %u.%u to %u.%u",
			host->contract_min >> 16, host->contract_min & 0xffff, host->contract_max >> 16,
			host->contract_max & 0xffff, r->contract_min >> 16, r->contract_min & 0xffff,
			r->contract_max >> 16, r->contract_max & 0xffff);
		return WEFT_MBOX_VERSION;
	}
	wfw_log(fw, WFW_LOG_INFO, "contract %u.%u agreed", fw->contract >> 16, fw->contract & 0xffff);
	return WEFT_MBOX_OK;
}

const struct wfw_op wfw_op_hello = { .name = "HELLO", .words = 14, .before_hello = true, .check = check, .run = run };
