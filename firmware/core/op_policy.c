// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* POLICY: floor share and slice of a priority band. */
#include "op.h"

#define FLOOR_MAX	1000	/* per mille */
#define SLICE_MAX_NS	100000000

static int check(struct wfw *fw, const struct weft_mbox_msg *req)
{
	(void)fw;
	if (req->u.arg[0] > WEFT_BAND_LOW)
		return 0;
	if (req->u.arg[1] > FLOOR_MAX)
		return 1;
	/* A slice that ends at once would run nothing, a long one would hold up everybody. */
	return req->u.arg[2] >= 1 && req->u.arg[2] <= SLICE_MAX_NS ? WFW_ARGS_OK : 2;
}

static uint16_t run(struct wfw *fw, const struct weft_mbox_msg *req, struct weft_mbox_msg *rsp)
{
	uint16_t status;

	wfw_write32(fw, WEFT_CP_POL_BAND, req->u.arg[0]);
	wfw_write32(fw, WEFT_CP_POL_FLOOR, req->u.arg[1]);
	wfw_write32(fw, WEFT_CP_POL_SLICE, req->u.arg[2]);
	wfw_write32(fw, WEFT_CP_POL_CMD, WEFT_CP_CREATE);
	status = (uint16_t)wfw_read32(fw, WEFT_CP_POL_STATUS);
	/* The card knows the other floors, also those an earlier firmware set: all it can refuse is the sum. */
	if (status == WEFT_MBOX_BAD_ARG)
		rsp->u.detail = 1;
	return status;
}

const struct wfw_op wfw_op_policy = {
	.name = "POLICY", .cap = WEFT_CAP_BANDS, .words = 3, .check = check, .run = run };
