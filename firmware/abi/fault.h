/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Copyright 2026 The weft authors */
/*
 * Causes with which a queue faults. Reported in the queue state, in event WEFT_EVT_FAULT, and in the fault word of
 * cells. Numbers are append-only.
 */
#ifndef WEFT_ABI_FAULT_H
#define WEFT_ABI_FAULT_H

enum weft_fault {
	WEFT_FAULT_NONE = 0,
	/* translation; fault_va is the first byte that cannot be accessed */
	WEFT_FAULT_PT_INVALID = 1,	/* an entry on the way is not valid */
	WEFT_FAULT_PT_READ = 2,		/* no R */
	WEFT_FAULT_PT_WRITE = 3,	/* no W */
	WEFT_FAULT_PT_FORMAT = 4,	/* reserved bits, a link the card has not, or a leaf where none may be */
	WEFT_FAULT_PT_LIMIT = 5,	/* a local leaf at or above USER_LIMIT, or a table below it */
	WEFT_FAULT_PT_SEM = 6,		/* data write to a SEM page */
	WEFT_FAULT_PT_NOT_SEM = 7,	/* cell operation on a page without SEM, or WAIT not in own local memory */
	WEFT_FAULT_PT_RANGE = 8,	/* address beyond 48 bits */
	WEFT_FAULT_ALIGN = 9,		/* misaligned packet list, operand, cell or element */
	WEFT_FAULT_BUS = 10,		/* nobody answers at the bus address */
	WEFT_FAULT_LINK_DOWN = 11,	/* the link is masked or does not answer */
	WEFT_FAULT_ECC = 12,		/* uncorrectable memory error */
	/* packets; fault_va is 0 */
	WEFT_FAULT_OPCODE = 16,		/* unknown opcode */
	WEFT_FAULT_FIELD = 17,		/* a reserved field or unlisted flag is not 0, or a value is out of range */
	WEFT_FAULT_CAP = 18,		/* known, but not implemented by this card */
	WEFT_FAULT_PRIVILEGE = 19,	/* FENCE outside the ring of a job queue, WAIT or long LOOP in a FENCE space */
	WEFT_FAULT_NESTING = 20,	/* more than 4 levels, or BREAK outside LOOP */
	WEFT_FAULT_OPERAND = 21,	/* operand index beyond the table, malformed entry, indirect index out of range */
	WEFT_FAULT_OPERATOR = 22,	/* unknown operator of EXEC */
	WEFT_FAULT_SHAPE = 23,		/* number of operands, dimension or leading dimension the operator does not take */
	WEFT_FAULT_OVERLAP = 24,	/* source and destination overlap in a way the packet forbids */
	WEFT_FAULT_INDEX = 25,		/* an index in data (gather) is out of range */
	WEFT_FAULT_RING = 26,		/* tail - head larger than the ring */
	/* supervision */
	WEFT_FAULT_HANG = 32,		/* running, no unit retired in time */
	WEFT_FAULT_RUN_LIMIT = 33,
	WEFT_FAULT_WAIT_LIMIT = 34,
	WEFT_FAULT_STOPPED = 35,	/* by the host */
	WEFT_FAULT_RESET = 36,
	WEFT_FAULT_INJECTED = 37,
	/* cells */
	WEFT_FAULT_MISMATCH = 48,	/* tags differ */
	WEFT_FAULT_POISON = 49,
	WEFT_FAULT_REVOKED = 50,
	WEFT_FAULT_PEER_LOST = 51,
	WEFT_FAULT_COUNT
};

#endif
