// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "op.h"

static uint16_t run(struct wfw *fw, const struct weft_mbox_msg *req, struct weft_mbox_msg *rsp)
{
	(void)fw;
	rsp->u = req->u;
	return WEFT_MBOX_OK;
}

const struct wfw_op wfw_op_ping = { .name = "PING", .words = 14, .run = run };
