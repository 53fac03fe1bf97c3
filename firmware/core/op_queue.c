// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* QUEUE_CREATE, QUEUE_DESTROY, SUSPEND and RESUME: the card's queue table. */
#include "op.h"

#define VA_END		(UINT64_C(1) << 48)
#define WEIGHT_MAX	1000
#define FLAGS_ALL	(WEFT_QUEUE_F_WAIT_STOPS | WEFT_QUEUE_F_TRACE)

/* Indices of the descriptor's 32-bit words, for BAD_ARG. */
#define WORD(member)	((int)(offsetof(struct weft_queue_desc, member) / sizeof(uint32_t)))

static bool ring_log2_ok(const struct weft_queue_desc *q)
{
	return q->ring_log2 >= WEFT_RING_LOG2_MIN && q->ring_log2 <= WEFT_RING_LOG2_MAX;
}

/* Where the submitter's memory may lie: a job queue's in the carve-out, a user queue's in its address space. */
static bool place_ok(struct wfw *fw, const struct weft_queue_desc *q, uint64_t at, uint64_t bytes)
{
	if (at % WFW_PAGE_BYTES)
		return false;
	if (q->kind == WEFT_QUEUE_JOB)
		return wfw_in_carveout(fw, at, bytes);
	return at < VA_END && bytes <= VA_END - at;
}

/* Kind and address space must agree, if the firmware saw the space made; if not, the card's table decides. */
static bool space_ok(struct wfw *fw, const struct weft_queue_desc *q)
{
	uint8_t as;

	if (q->asid >= fw->num_asids || q->kind > WEFT_QUEUE_USER || q->band > WEFT_BAND_LOW)
		return false;
	as = fw->as_type[q->asid];
	return as == WFW_AS_UNKNOWN || as == (q->kind == WEFT_QUEUE_USER ? WFW_AS_LR : WFW_AS_FENCE);
}

static int check_id(struct wfw *fw, const struct weft_mbox_msg *req)
{
	return req->u.arg[0] < fw->num_queues ? WFW_ARGS_OK : WORD(id);
}

static int check_create(struct wfw *fw, const struct weft_mbox_msg *req)
{
	const struct weft_queue_desc *q = &req->u.queue;
	/* With a wrong size the ring is judged by its first page, so that the size's own word is named. */
	uint64_t ring_bytes = ring_log2_ok(q) ? UINT64_C(64) << q->ring_log2 : WFW_PAGE_BYTES;

	if (check_id(fw, req) != WFW_ARGS_OK)
		return WORD(id);
	if (!space_ok(fw, q))
		return WORD(asid);
	if (!place_ok(fw, q, q->ring, ring_bytes))
		return WORD(ring);
	if (!place_ok(fw, q, q->ctl, WFW_PAGE_BYTES))
		return WORD(ctl);
	if (q->state % WFW_PAGE_BYTES || !wfw_in_carveout(fw, q->state, sizeof(struct weft_queue_state)))
		return WORD(state);
	if (q->kind == WEFT_QUEUE_JOB && !q->run_limit_ns)
		return WORD(run_limit_ns);
	if (q->kind == WEFT_QUEUE_JOB && !q->wait_limit_ns)
		return WORD(wait_limit_ns);
	if (!ring_log2_ok(q) || (q->flags & ~FLAGS_ALL) || q->weight < 1 || q->weight > WEIGHT_MAX)
		return WORD(ring_log2);
	return WFW_ARGS_OK;
}

static uint16_t command(struct wfw *fw, uint32_t cmd)
{
	wfw_write32(fw, WEFT_CP_Q_CMD, cmd);
	return (uint16_t)wfw_read32(fw, WEFT_CP_Q_STATUS);
}

static uint16_t run_create(struct wfw *fw, const struct weft_mbox_msg *req, struct weft_mbox_msg *rsp)
{
	uint16_t status;

	if (req->u.queue.kind == WEFT_QUEUE_USER && !(fw->caps & WEFT_CAP_LR))
		return WEFT_MBOX_NO_CAP;
	if ((req->u.queue.flags & WEFT_QUEUE_F_TRACE) && !(fw->caps & WEFT_CAP_TRACE))
		return WEFT_MBOX_NO_CAP;
	for (uint32_t i = 0; i < sizeof(req->u.queue) / sizeof(uint32_t); i++)
		wfw_write32(fw, WEFT_CP_Q_DESC + 4 * i, req->u.arg[i]);
	status = command(fw, WEFT_CP_CREATE);
	/* All the card can still refuse is a space whose type only it knows. */
	if (status == WEFT_MBOX_BAD_ARG)
		rsp->u.detail = WORD(asid);
	return status;
}

static uint16_t on_id(struct wfw *fw, const struct weft_mbox_msg *req, uint32_t cmd)
{
	uint16_t status;

	wfw_write32(fw, WEFT_CP_Q_DESC, req->u.arg[0]);
	status = command(fw, cmd);
	/* A card without the command knows no better answer; its host asks for a feature, not for an operation. */
	return status == WEFT_MBOX_BAD_OP ? WEFT_MBOX_NO_CAP : status;
}

static uint16_t run_destroy(struct wfw *fw, const struct weft_mbox_msg *req, struct weft_mbox_msg *rsp)
{
	(void)rsp;
	return on_id(fw, req, WEFT_CP_DESTROY);
}

static uint16_t run_suspend(struct wfw *fw, const struct weft_mbox_msg *req, struct weft_mbox_msg *rsp)
{
	(void)rsp;
	return on_id(fw, req, WEFT_CP_SUSPEND);
}

static uint16_t run_resume(struct wfw *fw, const struct weft_mbox_msg *req, struct weft_mbox_msg *rsp)
{
	(void)rsp;
	return on_id(fw, req, WEFT_CP_RESUME);
}

const struct wfw_op wfw_op_queue_create = {
	.name = "QUEUE_CREATE", .words = WORD(reserved), .check = check_create, .run = run_create };
const struct wfw_op wfw_op_queue_destroy = {
	.name = "QUEUE_DESTROY", .words = 1, .check = check_id, .run = run_destroy };
const struct wfw_op wfw_op_suspend = { .name = "SUSPEND", .words = 1, .check = check_id, .run = run_suspend };
const struct wfw_op wfw_op_resume = { .name = "RESUME", .words = 1, .check = check_id, .run = run_resume };
