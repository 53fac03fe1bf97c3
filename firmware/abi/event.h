/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Copyright 2026 The weft authors */
/*
 * Event ring in system memory. Event i (free running from 0) lies at index i mod size; the card writes it with `seq`
 * = i + 1 stored last, then sends an interrupt message. The host takes events while seq is the expected one and writes
 * EVT_HEAD before the ring can fill. When size - 1 events are outstanding the next is dropped and EVT_STATUS.OVERFLOW set; nothing is
 * lost, because everything an event says can be read elsewhere. Fields that are not named for a type are 0.
 */
#ifndef WEFT_ABI_EVENT_H
#define WEFT_ABI_EVENT_H

#include "base.h"

enum weft_event_type {
	WEFT_EVT_FENCE = 1,		/* queue, value: a FENCE with IRQ retired */
	WEFT_EVT_FAULT = 2,		/* queue, asid, cause, value = fault_va */
	WEFT_EVT_MBOX = 3,		/* responses are waiting */
	WEFT_EVT_SAFE = 4,		/* done: queue = operation, value = its sequence number, cause = status */
	WEFT_EVT_FW = 5,		/* the control processor stopped: cause = boot state */
	WEFT_EVT_WATCH = 6,		/* value = cookie */
	WEFT_EVT_WAIT_LIMIT = 7,	/* queue */
	WEFT_EVT_LINK = 8,		/* queue = link tag: went down */
	WEFT_EVT_ECC = 9,		/* value = local-memory offset */
	WEFT_EVT_THERMAL = 10,
};

struct weft_event {
	uint16_t type;
	uint16_t flags;
	uint32_t queue;
	uint32_t asid;
	uint32_t cause;
	uint64_t value;
	uint32_t reserved;
	uint32_t seq;
};
WEFT_ASSERT_SIZE(struct weft_event, 32);
WEFT_ASSERT_AT(struct weft_event, seq, 28);

#endif
