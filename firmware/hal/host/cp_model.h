/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * A model of the control processor's devices (abi/cp.h) for native tests and fuzzing of the firmware core. Time moves
 * only when the test says so. What the firmware does that real hardware would not survive (wrong width, unknown
 * register, local memory outside the carve-out, values out of range in a table command) is counted, and described for
 * the first time it happened; a test ends by checking that nothing was.
 */
#ifndef CP_MODEL_H
#define CP_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "../../abi/cp.h"
#include "../../abi/mailbox.h"
#include "../hal.h"

#define CP_MODEL_ASIDS		8
#define CP_MODEL_QUEUES		16
#define CP_MODEL_FAULTS		128
#define CP_MODEL_ARMS		8

struct cp_model_fault {
	uint32_t queue;
	uint32_t cause;
	uint64_t va;
};

struct cp_model {
	struct wfw_hal hal;		/* first, so that one is the other */
	uint8_t *lmem;
	uint64_t lmem_bytes, user_limit, caps;
	uint32_t contract_min, contract_max, fw_version;

	uint64_t now_ns, timecmp_ns;
	uint32_t irq, irq_enable, heartbeat;
	uint64_t mbox_base, log_base;
	uint32_t req_tail, req_head, rsp_tail, rsp_head, log_bytes, log_tail;

	uint32_t as_id, as_type, as_status;
	uint64_t as_root;
	struct { bool used; uint32_t type; uint64_t root; } as[CP_MODEL_ASIDS];

	uint32_t q_window[14], q_status;
	bool no_suspend;		/* the card does not know SUSPEND and RESUME */
	struct { bool used, busy, suspended; struct weft_queue_desc desc; } queue[CP_MODEL_QUEUES];

	struct cp_model_fault fault[CP_MODEL_FAULTS];
	uint32_t fault_first, fault_end;	/* free running */

	uint64_t arm_sem, arm_arm;
	uint32_t arm_status;
	struct { uint64_t sem, arm; } arm[CP_MODEL_ARMS];
	uint32_t pol_band, pol_floor, pol_slice, pol_status, pol_cmds;
	struct { uint32_t floor, slice; } policy[4];	/* in force */

	unsigned waits;			/* calls of hal.wait */
	unsigned violations;
	char violation[128];		/* the first one */
};

/* All capabilities, contract 0.1, USER_LIMIT at half of lmem_bytes. Ends the process when out of memory. */
void cp_model_init(struct cp_model *m, uint64_t lmem_bytes);
void cp_model_fini(struct cp_model *m);
/* As it was after init. */
void cp_model_reset(struct cp_model *m);

/* The next interrupt would end a wait now. */
bool cp_model_pending(const struct cp_model *m);

/* Host side: writes a request and REQ_TAIL; takes the next response, false if there is none. */
void cp_model_post(struct cp_model *m, const struct weft_mbox_msg *req);
bool cp_model_take(struct cp_model *m, struct weft_mbox_msg *rsp);

/* The card faults a queue. */
void cp_model_fault(struct cp_model *m, uint32_t queue, uint32_t cause, uint64_t va);

#endif
