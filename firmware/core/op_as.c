// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* AS_CREATE and AS_DESTROY: the card's address-space table. */
#include "op.h"

static int check_asid(struct wfw *fw, const struct weft_mbox_msg *req)
{
	return req->u.as.asid < fw->num_asids ? WFW_ARGS_OK : 0;
}

static int check_create(struct wfw *fw, const struct weft_mbox_msg *req)
{
	const struct weft_mbox_as *as = &req->u.as;

	if (check_asid(fw, req) != WFW_ARGS_OK)
		return 0;
	if (as->type != WEFT_AS_FENCE && as->type != WEFT_AS_LR)
		return 1;
	if (as->root % WFW_PAGE_BYTES || !wfw_in_carveout(fw, as->root, WFW_PAGE_BYTES))
		return 2;
	return WFW_ARGS_OK;
}

static uint16_t run_create(struct wfw *fw, const struct weft_mbox_msg *req, struct weft_mbox_msg *rsp)
{
	const struct weft_mbox_as *as = &req->u.as;
	uint16_t status;

	(void)rsp;
	if (as->type == WEFT_AS_LR && !(fw->caps & WEFT_CAP_LR))
		return WEFT_MBOX_NO_CAP;
	wfw_write32(fw, WEFT_CP_AS_ID, as->asid);
	wfw_write32(fw, WEFT_CP_AS_TYPE, as->type);
	wfw_write64(fw, WEFT_CP_AS_ROOT, as->root);
	wfw_write32(fw, WEFT_CP_AS_CMD, WEFT_CP_CREATE);
	status = (uint16_t)wfw_read32(fw, WEFT_CP_AS_STATUS);
	if (status == WEFT_MBOX_OK)
		fw->as_type[as->asid] = as->type == WEFT_AS_LR ? WFW_AS_LR : WFW_AS_FENCE;
	return status;
}

static uint16_t run_destroy(struct wfw *fw, const struct weft_mbox_msg *req, struct weft_mbox_msg *rsp)
{
	uint16_t status;

	(void)rsp;
	wfw_write32(fw, WEFT_CP_AS_ID, req->u.as.asid);
	wfw_write32(fw, WEFT_CP_AS_CMD, WEFT_CP_DESTROY);
	status = (uint16_t)wfw_read32(fw, WEFT_CP_AS_STATUS);
	if (status == WEFT_MBOX_OK)
		fw->as_type[req->u.as.asid] = WFW_AS_UNKNOWN;
	return status;
}

const struct wfw_op wfw_op_as_create = { .name = "AS_CREATE", .words = 4, .check = check_create, .run = run_create };
const struct wfw_op wfw_op_as_destroy = { .name = "AS_DESTROY", .words = 1, .check = check_asid, .run = run_destroy };
