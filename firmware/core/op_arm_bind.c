// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* ARM_BIND: which arm page belongs to a SEM page. */
#include "op.h"

static int check(struct wfw *fw, const struct weft_mbox_msg *req)
{
	const struct weft_mbox_arm *a = &req->u.armpage;
	uint64_t limit = wfw_read64(fw, WEFT_CP_USER_LIMIT);

	if (a->sem % WFW_PAGE_BYTES || a->sem >= limit)
		return 0;
	if (a->arm && (a->arm % WFW_PAGE_BYTES || !wfw_in_carveout(fw, a->arm, WFW_PAGE_BYTES)))
		return 2;
	return WFW_ARGS_OK;
}

static uint16_t run(struct wfw *fw, const struct weft_mbox_msg *req, struct weft_mbox_msg *rsp)
{
	const struct weft_mbox_arm *a = &req->u.armpage;

	(void)rsp;
	wfw_write64(fw, WEFT_CP_ARM_SEM, a->sem);
	wfw_write64(fw, WEFT_CP_ARM_ARM, a->arm);
	wfw_write32(fw, WEFT_CP_ARM_CMD, a->arm ? WEFT_CP_CREATE : WEFT_CP_DESTROY);
	return (uint16_t)wfw_read32(fw, WEFT_CP_ARM_STATUS);
}

const struct wfw_op wfw_op_arm_bind = {
	.name = "ARM_BIND", .cap = WEFT_CAP_CELLS, .words = 4, .check = check, .run = run };
