// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/array_size.h>

#include <firmware/abi/event.h>
#include <firmware/abi/fault.h>
#include <firmware/abi/mailbox.h>
#include <firmware/abi/packet.h>
#include <firmware/abi/queue.h>
#include <firmware/abi/safe.h>

#include "weft_device.h"
#include "weft_names.h"

#define NAME(prefix, name) [prefix##name] = #name

static const char * const faults[] = {
	NAME(WEFT_FAULT_, NONE), NAME(WEFT_FAULT_, PT_INVALID), NAME(WEFT_FAULT_, PT_READ),
	NAME(WEFT_FAULT_, PT_WRITE), NAME(WEFT_FAULT_, PT_FORMAT), NAME(WEFT_FAULT_, PT_LIMIT),
	NAME(WEFT_FAULT_, PT_SEM), NAME(WEFT_FAULT_, PT_NOT_SEM), NAME(WEFT_FAULT_, PT_RANGE),
	NAME(WEFT_FAULT_, ALIGN), NAME(WEFT_FAULT_, BUS), NAME(WEFT_FAULT_, LINK_DOWN),
	NAME(WEFT_FAULT_, ECC), NAME(WEFT_FAULT_, OPCODE), NAME(WEFT_FAULT_, FIELD),
	NAME(WEFT_FAULT_, CAP), NAME(WEFT_FAULT_, PRIVILEGE), NAME(WEFT_FAULT_, NESTING),
	NAME(WEFT_FAULT_, OPERAND), NAME(WEFT_FAULT_, OPERATOR), NAME(WEFT_FAULT_, SHAPE),
	NAME(WEFT_FAULT_, OVERLAP), NAME(WEFT_FAULT_, INDEX), NAME(WEFT_FAULT_, RING),
	NAME(WEFT_FAULT_, HANG), NAME(WEFT_FAULT_, RUN_LIMIT), NAME(WEFT_FAULT_, WAIT_LIMIT),
	NAME(WEFT_FAULT_, STOPPED), NAME(WEFT_FAULT_, RESET), NAME(WEFT_FAULT_, INJECTED),
	NAME(WEFT_FAULT_, MISMATCH), NAME(WEFT_FAULT_, POISON), NAME(WEFT_FAULT_, REVOKED),
	NAME(WEFT_FAULT_, PEER_LOST),
};

static const char * const runs[] = {
	NAME(WEFT_QS_, NONE), NAME(WEFT_QS_, IDLE), NAME(WEFT_QS_, READY), NAME(WEFT_QS_, RUNNING),
	NAME(WEFT_QS_, PARKED), NAME(WEFT_QS_, FAULTED), NAME(WEFT_QS_, STOPPED),
	NAME(WEFT_QS_, SUSPENDED),
};

static const char * const packets[] = {
	NAME(WEFT_PKT_, NOP), NAME(WEFT_PKT_, EXEC), NAME(WEFT_PKT_, COPY), NAME(WEFT_PKT_, REDUCE),
	NAME(WEFT_PKT_, FILL), NAME(WEFT_PKT_, TIMED), NAME(WEFT_PKT_, WAIT),
	NAME(WEFT_PKT_, WAIT_ALL), NAME(WEFT_PKT_, SIGNAL), NAME(WEFT_PKT_, SIGNAL_ALL),
	NAME(WEFT_PKT_, FENCE), NAME(WEFT_PKT_, TIMESTAMP), NAME(WEFT_PKT_, CALL),
	NAME(WEFT_PKT_, LOOP), NAME(WEFT_PKT_, RANGE), NAME(WEFT_PKT_, PRED),
	NAME(WEFT_PKT_, BREAK),
};

static const char * const events[] = {
	NAME(WEFT_EVT_, FENCE), NAME(WEFT_EVT_, FAULT), NAME(WEFT_EVT_, MBOX),
	NAME(WEFT_EVT_, SAFE), NAME(WEFT_EVT_, FW), NAME(WEFT_EVT_, WATCH),
	NAME(WEFT_EVT_, WAIT_LIMIT), NAME(WEFT_EVT_, LINK), NAME(WEFT_EVT_, ECC),
	NAME(WEFT_EVT_, THERMAL),
};

static const char * const safes[] = {
	NAME(WEFT_SAFE_, QUEUE_STOP), NAME(WEFT_SAFE_, AS_STOP), NAME(WEFT_SAFE_, AS_INVALIDATE),
	NAME(WEFT_SAFE_, LINK_MASK), NAME(WEFT_SAFE_, LINK_UNMASK), NAME(WEFT_SAFE_, ENGINE_RESET),
	NAME(WEFT_SAFE_, CELL_FAULT), NAME(WEFT_SAFE_, CELL_FAULTS),
};

static const char * const mboxes[] = {
	NAME(WEFT_MBOX_, HELLO), NAME(WEFT_MBOX_, PING), NAME(WEFT_MBOX_, AS_CREATE),
	NAME(WEFT_MBOX_, AS_DESTROY), NAME(WEFT_MBOX_, QUEUE_CREATE),
	NAME(WEFT_MBOX_, QUEUE_DESTROY), NAME(WEFT_MBOX_, LOG_LEVEL), NAME(WEFT_MBOX_, SUSPEND),
	NAME(WEFT_MBOX_, RESUME), NAME(WEFT_MBOX_, ARM_BIND), NAME(WEFT_MBOX_, POLICY),
};

static const char * const states[] = {
	NAME(WEFT_, UP), NAME(WEFT_, RESETTING), NAME(WEFT_, WEDGED), NAME(WEFT_, LOST),
};

/* A number added to the contract needs its name. */
static_assert(ARRAY_SIZE(faults) == WEFT_FAULT_COUNT && ARRAY_SIZE(packets) == WEFT_PKT_OP_COUNT &&
	      ARRAY_SIZE(safes) == WEFT_SAFE_OP_COUNT && ARRAY_SIZE(mboxes) == WEFT_MBOX_OP_COUNT);

static const char *look_up(const char * const *table, u32 count, u32 number)
{
	return number < count && table[number] ? table[number] : "unknown";
}

const char *weft_name_fault(u32 cause)
{
	return look_up(faults, ARRAY_SIZE(faults), cause);
}

const char *weft_name_run(u32 run)
{
	return look_up(runs, ARRAY_SIZE(runs), run);
}

const char *weft_name_packet(u32 op)
{
	return look_up(packets, ARRAY_SIZE(packets), op);
}

const char *weft_name_event(u32 type)
{
	return look_up(events, ARRAY_SIZE(events), type);
}

const char *weft_name_safe(u32 op)
{
	return look_up(safes, ARRAY_SIZE(safes), op);
}

const char *weft_name_mbox(u32 op)
{
	return look_up(mboxes, ARRAY_SIZE(mboxes), op);
}

const char *weft_name_state(int state)
{
	return look_up(states, ARRAY_SIZE(states), state);
}
