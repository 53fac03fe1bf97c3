/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A firmware core on a model of its devices, with mailbox and log set up. */
#ifndef FW_RIG_H
#define FW_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/abi/fault.h"
#include "firmware/core/wfw.h"
#include "firmware/hal/host/cp_model.h"

#define RIG_LMEM	(8u << 20)
#define RIG_LIMIT	(RIG_LMEM / 2)
#define RIG_MBOX	(RIG_LIMIT + 0x10000)
#define RIG_LOG		(RIG_LIMIT + 0x20000)
#define RIG_LOG_BYTES	4096u
#define RIG_ROOT	(RIG_LIMIT + 0x40000)

struct rig {
	struct cp_model m;
	struct wfw fw;
	uint32_t seq;
};

/* Booted, mailbox and log set, no HELLO yet. */
int rig_setup(void **state);
/* The same with HELLO done. */
int rig_setup_hello(void **state);
/* Fails when the firmware did what hardware would not survive. */
int rig_teardown(void **state);

/* Passes of the main loop until it would sleep. */
void rig_run(struct rig *r);
/* Sends one request and returns its response; checks op and seq. */
struct weft_mbox_msg rig_call(struct rig *r, struct weft_mbox_msg req);
struct weft_mbox_msg rig_hello(struct rig *r, uint32_t min, uint32_t max);

/* Valid requests, to be spoilt. */
struct weft_mbox_msg rig_as(uint32_t asid, uint32_t type);
struct weft_mbox_msg rig_queue(uint32_t id, uint16_t asid, uint8_t kind);

/* The log text from byte `from` on, at most one ring; 0-terminated. */
const char *rig_log(struct rig *r, uint32_t from);

#define assert_refused(r, req, want_status, want_detail) do {			\
	struct weft_mbox_msg rsp_ = rig_call(r, req);				\
	assert_int_equal(rsp_.status, want_status);				\
	assert_int_equal(rsp_.u.detail, want_detail);				\
} while (0)
#define assert_ok(r, req)	assert_int_equal(rig_call(r, req).status, WEFT_MBOX_OK)

#endif
