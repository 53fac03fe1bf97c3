/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Copyright 2026 The weft authors */
/*
 * Mailbox between the host driver and the firmware. At MBOX_BASE lie 64 request slots, then 64 response slots, 64
 * bytes each. Request i (free running) is written to slot i mod 64, then REQ_TAIL is set to i + 1; its response comes
 * in the response slots in the same order and carries its `seq`. At most 64 requests may be outstanding. A response
 * raises event WEFT_EVT_MBOX. HELLO must be the first request after boot or reset; before it every other answers
 * STATE. Checks are made in this order: STATE, BAD_OP, NO_CAP of the operation, words of u (BAD_ARG), the rest. Words
 * that an operation does not name, and reserved ones, must be 0; HELLO alone ignores its reserved words, so that a
 * newer host learns the range. A wrong 64-bit field counts by its first word, packed fields by their word.
 */
#ifndef WEFT_ABI_MAILBOX_H
#define WEFT_ABI_MAILBOX_H

#include "base.h"
#include "queue.h"

#define WEFT_MBOX_SLOTS			64
#define WEFT_MBOX_BYTES			8192
#define WEFT_MBOX_RSP_OFFSET		4096

enum weft_mbox_op {
	WEFT_MBOX_HELLO = 1,		/* version handshake: hello → hello_rsp */
	WEFT_MBOX_PING = 2,		/* u.data is returned unchanged */
	WEFT_MBOX_AS_CREATE = 3,	/* as: page-table root and type of an address space */
	WEFT_MBOX_AS_DESTROY = 4,	/* as.asid; BUSY while it has queues; drops its translations */
	WEFT_MBOX_QUEUE_CREATE = 5,	/* queue: all of struct weft_queue_desc */
	WEFT_MBOX_QUEUE_DESTROY = 6,	/* queue.id; the queue is stopped, faulted, idle or suspended, else BUSY */
	WEFT_MBOX_LOG_LEVEL = 7,	/* arg[0]: 0 errors, 1 info, 2 debug */
	WEFT_MBOX_SUSPEND = 8,		/* arg[0]: queue; state saved at a packet boundary */
	WEFT_MBOX_RESUME = 9,		/* arg[0]: queue */
	WEFT_MBOX_ARM_BIND = 10,	/* arm: registers or (arm = 0) removes a SEM page's arm page */
	WEFT_MBOX_POLICY = 11,		/* arg[0] band, arg[1] floor share per mille, arg[2] slice ns, 1 … 100,000,000 */
	WEFT_MBOX_OP_COUNT
};

enum weft_mbox_status {
	WEFT_MBOX_OK = 0,
	WEFT_MBOX_BAD_OP = 1,
	WEFT_MBOX_BAD_ARG = 2,		/* detail: index of the first wrong 32-bit word of u */
	WEFT_MBOX_BUSY = 3,
	WEFT_MBOX_EXISTS = 4,
	WEFT_MBOX_NOT_FOUND = 5,
	WEFT_MBOX_NO_CAP = 6,
	WEFT_MBOX_VERSION = 7,		/* no version in common; hello_rsp holds the firmware's range */
	WEFT_MBOX_STATE = 8,		/* HELLO not done, or the object is in the wrong state */
};

struct weft_mbox_hello {
	uint32_t contract_min;		/* range the host speaks; above contract_max: BAD_ARG */
	uint32_t contract_max;
	uint32_t reserved[12];
};

struct weft_mbox_hello_rsp {
	uint32_t contract_min;		/* range card and firmware speak together */
	uint32_t contract_max;
	uint32_t contract;		/* newest version in common; 0 with status VERSION */
	uint32_t fw_version;
	uint32_t reserved[10];
};

struct weft_mbox_as {
	uint32_t asid;
	uint32_t type;			/* WEFT_AS_FENCE or WEFT_AS_LR */
	uint64_t root;			/* local-memory offset of the level-3 table, 4 KiB aligned, carve-out */
	uint32_t reserved[10];
};

struct weft_mbox_arm {
	uint64_t sem;			/* local-memory offset of a 4 KiB SEM page, below USER_LIMIT */
	uint64_t arm;			/* local-memory offset of its arm page (cell.h), in the carve-out; 0 = remove */
	uint32_t reserved[10];
};

struct weft_mbox_msg {
	uint16_t op;			/* enum weft_mbox_op; same in the response */
	uint16_t status;		/* 0 in requests; enum weft_mbox_status in responses */
	uint32_t seq;			/* chosen by the host */
	union {
		uint32_t arg[14];
		uint8_t  data[56];
		struct weft_mbox_hello hello;
		struct weft_mbox_hello_rsp hello_rsp;
		struct weft_mbox_as as;
		struct weft_mbox_arm armpage;
		struct weft_queue_desc queue;
		uint32_t detail;	/* in refusals */
	} u;
};
WEFT_ASSERT_SIZE(struct weft_mbox_hello, 56);
WEFT_ASSERT_SIZE(struct weft_mbox_hello_rsp, 56);
WEFT_ASSERT_SIZE(struct weft_mbox_as, 56);
WEFT_ASSERT_SIZE(struct weft_mbox_arm, 56);
WEFT_ASSERT_SIZE(struct weft_mbox_msg, 64);
WEFT_ASSERT_AT(struct weft_mbox_msg, u, 8);

#endif
