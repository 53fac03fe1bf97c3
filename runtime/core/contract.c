/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>

#include "fault.h"
#include "reg.h"

#include <weft/device.h>

#include "contract.h"

#define FAULT(name, text)	[WEFT_FAULT_##name] = text
static const char *const faults[WEFT_FAULT_COUNT] = {
	FAULT(NONE, "none"), FAULT(PT_INVALID, "pt_invalid"), FAULT(PT_READ, "pt_read"),
	FAULT(PT_WRITE, "pt_write"), FAULT(PT_FORMAT, "pt_format"), FAULT(PT_LIMIT, "pt_limit"),
	FAULT(PT_SEM, "pt_sem"), FAULT(PT_NOT_SEM, "pt_not_sem"), FAULT(PT_RANGE, "pt_range"),
	FAULT(ALIGN, "align"), FAULT(BUS, "bus"), FAULT(LINK_DOWN, "link_down"), FAULT(ECC, "ecc"),
	FAULT(OPCODE, "opcode"), FAULT(FIELD, "field"), FAULT(CAP, "cap"), FAULT(PRIVILEGE, "privilege"),
	FAULT(NESTING, "nesting"), FAULT(OPERAND, "operand"), FAULT(OPERATOR, "operator"),
	FAULT(SHAPE, "shape"), FAULT(OVERLAP, "overlap"), FAULT(INDEX, "index"), FAULT(RING, "ring"),
	FAULT(HANG, "hang"), FAULT(RUN_LIMIT, "run_limit"), FAULT(WAIT_LIMIT, "wait_limit"),
	FAULT(STOPPED, "stopped"), FAULT(RESET, "reset"), FAULT(INJECTED, "injected"),
	FAULT(MISMATCH, "mismatch"), FAULT(POISON, "poison"), FAULT(REVOKED, "revoked"),
	FAULT(PEER_LOST, "peer_lost"),
};

static const struct {
	uint64_t bit;
	const char *name;
} caps[] = {
	{ WEFT_CAP_FW_RESIDENT, "fw_resident" }, { WEFT_CAP_ROM_BOOT, "rom_boot" }, { WEFT_CAP_EXEC, "exec" },
	{ WEFT_CAP_REDUCE, "reduce" }, { WEFT_CAP_TIMED, "timed" }, { WEFT_CAP_CALL, "call" },
	{ WEFT_CAP_LR, "lr" }, { WEFT_CAP_CELLS, "cells" }, { WEFT_CAP_CELL_LISTS, "cell_lists" },
	{ WEFT_CAP_CELL_ADD, "cell_add" }, { WEFT_CAP_LOOP, "loop" }, { WEFT_CAP_PRED, "pred" },
	{ WEFT_CAP_INDIRECT, "indirect" }, { WEFT_CAP_WATCH, "watch" }, { WEFT_CAP_LINK_MASK, "link_mask" },
	{ WEFT_CAP_SYSTEM_SCOPE, "system_scope" }, { WEFT_CAP_TRACE, "trace" }, { WEFT_CAP_BANDS, "bands" },
	{ WEFT_CAP_ENGINE_RESET, "engine_reset" }, { WEFT_CAP_COUNTERS, "counters" },
	{ WEFT_CAP_CLOCK_PAIR, "clock_pair" }, { WEFT_CAP_TELEMETRY, "telemetry" },
	{ WEFT_CAP_INJECT, "inject" }, { WEFT_CAP_CELL_FAULT, "cell_fault" },
	{ WEFT_CAP_CELL_FAULTS, "cell_faults" }, { WEFT_CAP_PEER_IOVA, "peer_iova" },
};

const char *weft_fault_name(uint32_t cause)
{
	return cause < WEFT_FAULT_COUNT && faults[cause] ? faults[cause] : "unknown";
}

const char *weft_capability_name(uint32_t bit)
{
	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
		if (bit < 64 && caps[i].bit == WEFT_BIT64(bit))
			return caps[i].name;
	return NULL;
}

int weft_fault_errno(uint32_t cause)
{
	switch (cause) {
	case WEFT_FAULT_HANG:
	case WEFT_FAULT_RUN_LIMIT:
	case WEFT_FAULT_WAIT_LIMIT:
		return -ETIME;
	case WEFT_FAULT_STOPPED:
	case WEFT_FAULT_RESET:
		return -ECANCELED;
	default:
		return -EFAULT;
	}
}
