// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* POLICY: floor share and slice of a priority band. */
#include "op.h"

#define FLOOR_MAX	1000	/* per mille */

static int check(struct wfw *fw, const struct weft_mbox_msg *req)
{
	(void)fw;
	if (req->u.arg[0] > WEFT_BAND_LOW)
		return 0;
	/* Every band keeps a floor share, and a slice that ends at once would run nothing. */
	if (req->u.arg[1] < 1 || req->u.arg[1] > FLOOR_MAX)
		return 1;
	return req->u.arg[2] ? WFW_ARGS_OK : 2;
}

static uint16_t run(struct wfw *fw, const struct weft_mbox_msg *req, struct weft_mbox_msg *rsp)
{
	(void)rsp;
	wfw_write32(fw, WEFT_CP_POL_BAND, req->u.arg[0]);
	wfw_write32(fw, WEFT_CP_POL_FLOOR, req->u.arg[1]);
	wfw_write32(fw, WEFT_CP_POL_SLICE, req->u.arg[2]);
	wfw_write32(fw, WEFT_CP_POL_CMD, WEFT_CP_CREATE);
	return WEFT_MBOX_OK;
}

const struct wfw_op wfw_op_policy = {
	.name = "POLICY", .cap = WEFT_CAP_BANDS, .words = 3, .check = check, .run = run };
