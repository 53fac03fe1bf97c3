// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "op.h"

static int check(struct wfw *fw, const struct weft_mbox_msg *req)
{
	(void)fw;
	return req->u.arg[0] <= WFW_LOG_DEBUG ? WFW_ARGS_OK : 0;
}

static uint16_t run(struct wfw *fw, const struct weft_mbox_msg *req, struct weft_mbox_msg *rsp)
{
	(void)rsp;
	fw->log_level = req->u.arg[0];
	return WEFT_MBOX_OK;
}

const struct wfw_op wfw_op_log_level = { .name = "LOG_LEVEL", .words = 1, .check = check, .run = run };
