// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Fault decoding: the card's fault queue becomes readable lines in the log. */
#include "../abi/fault.h"
#include "wfw.h"

#define FAULTS_PER_PASS	64

/* A switch without default, so that a cause without a text does not compile. */
static const char *explain(enum weft_fault cause)
{
	switch (cause) {
	case WEFT_FAULT_NONE:		return "NONE: no fault";
	case WEFT_FAULT_PT_INVALID:	return "PT_INVALID: nothing is mapped there";
	case WEFT_FAULT_PT_READ:	return "PT_READ: no right to read";
	case WEFT_FAULT_PT_WRITE:	return "PT_WRITE: no right to write";
	case WEFT_FAULT_PT_FORMAT:	return "PT_FORMAT: malformed page-table entry";
	case WEFT_FAULT_PT_LIMIT:	return "PT_LIMIT: entry on the wrong side of the user limit";
	case WEFT_FAULT_PT_SEM:		return "PT_SEM: data write to a cell page";
	case WEFT_FAULT_PT_NOT_SEM:	return "PT_NOT_SEM: cell operation outside a cell page";
	case WEFT_FAULT_PT_RANGE:	return "PT_RANGE: address beyond 48 bits";
	case WEFT_FAULT_ALIGN:		return "ALIGN: misaligned address";
	case WEFT_FAULT_BUS:		return "BUS: nobody answers at the bus address";
	case WEFT_FAULT_LINK_DOWN:	return "LINK_DOWN: link masked or silent";
	case WEFT_FAULT_ECC:		return "ECC: uncorrectable memory error";
	case WEFT_FAULT_OPCODE:		return "OPCODE: unknown packet";
	case WEFT_FAULT_FIELD:		return "FIELD: packet field out of range";
	case WEFT_FAULT_CAP:		return "CAP: packet not implemented by this card";
	case WEFT_FAULT_PRIVILEGE:	return "PRIVILEGE: packet not allowed in this space";
	case WEFT_FAULT_NESTING:	return "NESTING: too deep, or BREAK outside LOOP";
	case WEFT_FAULT_OPERAND:	return "OPERAND: bad operand index or entry";
	case WEFT_FAULT_OPERATOR:	return "OPERATOR: unknown operator";
	case WEFT_FAULT_SHAPE:		return "SHAPE: shape the operator does not take";
	case WEFT_FAULT_OVERLAP:	return "OVERLAP: source and destination overlap";
	case WEFT_FAULT_INDEX:		return "INDEX: index in data out of range";
	case WEFT_FAULT_RING:		return "RING: tail beyond the ring";
	case WEFT_FAULT_HANG:		return "HANG: no progress in time";
	case WEFT_FAULT_RUN_LIMIT:	return "RUN_LIMIT: ran too long";
	case WEFT_FAULT_WAIT_LIMIT:	return "WAIT_LIMIT: waited too long";
	case WEFT_FAULT_STOPPED:	return "STOPPED: by the host";
	case WEFT_FAULT_RESET:		return "RESET: card was reset";
	case WEFT_FAULT_INJECTED:	return "INJECTED: by the host";
	case WEFT_FAULT_MISMATCH:	return "MISMATCH: tags differ";
	case WEFT_FAULT_POISON:		return "POISON: the writer of the cell died";
	case WEFT_FAULT_REVOKED:	return "REVOKED: the cell's memory was taken back";
	case WEFT_FAULT_PEER_LOST:	return "PEER_LOST: the other card is gone";
	case WEFT_FAULT_COUNT:		break;
	}
	return "unknown cause";
}

const char *wfw_fault_name(uint32_t cause)
{
	return explain((enum weft_fault)cause);
}

bool wfw_fault_poll(struct wfw *fw)
{
	for (unsigned i = 0; i < FAULTS_PER_PASS; i++) {
		uint32_t queue = wfw_read32(fw, WEFT_CP_FAULT_QUEUE);
		uint32_t cause;
		uint64_t va;

		if (queue == WEFT_QUEUE_NONE)
			return false;
		cause = wfw_read32(fw, WEFT_CP_FAULT_CAUSE);
		va = wfw_read64(fw, WEFT_CP_FAULT_VA);		/* pops */
		wfw_log(fw, WFW_LOG_ERROR, "queue %u: fault %u %s, va 0x%lx", queue, cause, wfw_fault_name(cause),
			(unsigned long)va);
	}
	return wfw_read32(fw, WEFT_CP_FAULT_QUEUE) != WEFT_QUEUE_NONE;
}
