/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Mailbox operations: each is one `struct wfw_op` of its own file and one row of the table in op.c. */
#ifndef WFW_OP_H
#define WFW_OP_H

#include "wfw.h"

#define WFW_ARGS_OK	(-1)

struct wfw_op {
	const char *name;
	uint64_t cap;		/* WEFT_CAP_* bits the card must have, else NO_CAP */
	uint8_t words;		/* 32-bit words of u the operation names; the others must be 0 */
	bool before_hello;
	/* Looks at the named words in order: index of the first wrong one, or WFW_ARGS_OK. NULL: any are right. */
	int (*check)(struct wfw *fw, const struct weft_mbox_msg *req);
	/* Does it, with checked words. rsp->u is 0 on entry. Returns enum weft_mbox_status. */
	uint16_t (*run)(struct wfw *fw, const struct weft_mbox_msg *req, struct weft_mbox_msg *rsp);
};

/* NULL: no such operation. */
const struct wfw_op *wfw_op_find(uint16_t op);

/* X(suffix of WEFT_MBOX_, suffix of wfw_op_) */
#define WFW_OPS(X)				\
	X(HELLO, hello)				\
	X(PING, ping)				\
	X(AS_CREATE, as_create)			\
	X(AS_DESTROY, as_destroy)		\
	X(QUEUE_CREATE, queue_create)		\
	X(QUEUE_DESTROY, queue_destroy)		\
	X(LOG_LEVEL, log_level)			\
	X(SUSPEND, suspend)			\
	X(RESUME, resume)			\
	X(ARM_BIND, arm_bind)			\
	X(POLICY, policy)

#define WFW_OP_DECLARE(id, fn) extern const struct wfw_op wfw_op_##fn;
WFW_OPS(WFW_OP_DECLARE)
#undef WFW_OP_DECLARE

#endif
