// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* The mailbox: takes requests from the ring, answers each in order. The one parser of host messages. */
#include "op.h"

#define MSG_WORDS	((int)(sizeof((struct weft_mbox_msg *)0)->u.arg / sizeof(uint32_t)))

static const char *status_name(uint16_t status)
{
	static const char *const names[] = {
		[WEFT_MBOX_OK] = "OK", [WEFT_MBOX_BAD_OP] = "BAD_OP", [WEFT_MBOX_BAD_ARG] = "BAD_ARG",
		[WEFT_MBOX_BUSY] = "BUSY", [WEFT_MBOX_EXISTS] = "EXISTS", [WEFT_MBOX_NOT_FOUND] = "NOT_FOUND",
		[WEFT_MBOX_NO_CAP] = "NO_CAP", [WEFT_MBOX_VERSION] = "VERSION", [WEFT_MBOX_STATE] = "STATE",
	};

	return status < sizeof(names) / sizeof(names[0]) ? names[status] : "?";
}

static int first_wrong_word(struct wfw *fw, const struct wfw_op *op, const struct weft_mbox_msg *req)
{
	int wrong = op->check ? op->check(fw, req) : WFW_ARGS_OK;

	for (int i = op->words; wrong == WFW_ARGS_OK && i < MSG_WORDS; i++)
		if (req->u.arg[i])
			wrong = i;
	return wrong;
}

static uint16_t answer(struct wfw *fw, const struct wfw_op *op, const struct weft_mbox_msg *req,
		       struct weft_mbox_msg *rsp)
{
	int wrong;

	if (!fw->contract && !(op && op->before_hello))
		return WEFT_MBOX_STATE;
	if (!op)
		return WEFT_MBOX_BAD_OP;
	if (op->cap & ~fw->caps)
		return WEFT_MBOX_NO_CAP;
	wrong = first_wrong_word(fw, op, req);
	if (wrong != WFW_ARGS_OK) {
		rsp->u.detail = (uint32_t)wrong;
		return WEFT_MBOX_BAD_ARG;
	}
	return op->run(fw, req, rsp);
}

static void serve(struct wfw *fw, uint64_t base)
{
	uint64_t slot = (uint64_t)(fw->mbox_head % WEFT_MBOX_SLOTS) * sizeof(struct weft_mbox_msg);
	struct weft_mbox_msg req, rsp = { 0 };
	const struct wfw_op *op;

	/* Copied once: the host can write the slot while it is being checked. */
	fw->hal->lmem_read(fw->hal, base + slot, &req, sizeof(req));
	wfw_write32(fw, WEFT_CP_MBOX_REQ_HEAD, fw->mbox_head + 1);

	op = wfw_op_find(req.op);
	rsp.op = req.op;
	rsp.seq = req.seq;
	rsp.status = answer(fw, op, &req, &rsp);

	fw->hal->lmem_write(fw->hal, base + WEFT_MBOX_RSP_OFFSET + slot, &rsp, sizeof(rsp));
	wfw_write32(fw, WEFT_CP_MBOX_RSP_TAIL, ++fw->mbox_head);
	wfw_log(fw, rsp.status == WEFT_MBOX_OK ? WFW_LOG_DEBUG : WFW_LOG_INFO, "mailbox: %u %s seq %u: %s, detail %u",
		req.op, op ? op->name : "?", req.seq, status_name(rsp.status),
		rsp.status == WEFT_MBOX_OK ? 0 : rsp.u.detail);
}

void wfw_mbox_poll(struct wfw *fw)
{
	uint32_t head = wfw_read32(fw, WEFT_CP_MBOX_REQ_HEAD);
	uint32_t tail = wfw_read32(fw, WEFT_CP_MBOX_REQ_TAIL);
	uint32_t taken = wfw_read32(fw, WEFT_CP_MBOX_RSP_HEAD);
	uint64_t base;

	/*
	 * The card sets the indices to 0 when the host moves the mailbox. What is read around that is of two mailboxes;
	 * the first request to the new one raises the interrupt again.
	 */
	if (tail == head || head != wfw_read32(fw, WEFT_CP_MBOX_REQ_HEAD))
		return;
	fw->mbox_head = head;
	base = wfw_read64(fw, WEFT_CP_MBOX_BASE);
	if (tail - head > WEFT_MBOX_SLOTS || tail - taken > WEFT_MBOX_SLOTS || !base || base % WFW_PAGE_BYTES ||
	    !wfw_in_carveout(fw, base, WEFT_MBOX_BYTES)) {
		/* No place to answer: a response not taken is never overwritten. Looked at again with every heartbeat. */
		if (!fw->mbox_bad)
			wfw_log(fw, WFW_LOG_ERROR, "mailbox unusable: base 0x%lx, request tail %u, head %u, taken %u",
				(unsigned long)base, tail, head, taken);
		fw->mbox_bad = true;
		return;
	}
	fw->mbox_bad = false;
	while (fw->mbox_head != tail)
		serve(fw, base);
}
