// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Start, main loop, heartbeat, and the end after a trap. */
#include "../abi/layout.h"	/* checked here, for the control processor */
#include "main.h"
#include "wfw.h"

void wfw_init(struct wfw *fw, struct wfw_hal *hal)
{
	uint32_t version;

	*fw = (struct wfw){ .hal = hal, .log_level = WFW_LOG_INFO };
	fw->caps = wfw_read64(fw, WEFT_CP_CAPS);
	fw->num_asids = wfw_read32(fw, WEFT_CP_NUM_ASIDS);
	if (fw->num_asids > WFW_ASIDS_MAX)
		fw->num_asids = WFW_ASIDS_MAX;
	fw->num_queues = wfw_read32(fw, WEFT_CP_NUM_QUEUES);
	fw->log_tail = wfw_read32(fw, WEFT_CP_LOG_TAIL);
	fw->beat = wfw_read32(fw, WEFT_CP_HEARTBEAT);
	fw->beat_due_ns = wfw_read64(fw, WEFT_CP_MTIME);

	wfw_write32(fw, WEFT_CP_IRQ_ENABLE, WEFT_CP_IRQ_MBOX | WEFT_CP_IRQ_FAULT);

	version = wfw_read32(fw, WEFT_CP_FW_VERSION);
	wfw_log(fw, WFW_LOG_INFO, "weft firmware %u.%u.%u, %u address spaces, %u queues, capabilities 0x%lx",
		version >> 16, version >> 8 & 0xff, version & 0xff, fw->num_asids, fw->num_queues,
		(unsigned long)fw->caps);
}

bool wfw_in_carveout(struct wfw *fw, uint64_t offset, uint64_t bytes)
{
	uint64_t limit = wfw_read64(fw, WEFT_CP_USER_LIMIT), end = wfw_read64(fw, WEFT_CP_LMEM_BYTES);

	/* 0: the host has not set one, nothing is ours yet. */
	return limit && offset >= limit && offset <= end && bytes <= end - offset;
}

static void heartbeat(struct wfw *fw)
{
	uint64_t now = wfw_read64(fw, WEFT_CP_MTIME);

	if (now < fw->beat_due_ns)
		return;
	wfw_write32(fw, WEFT_CP_HEARTBEAT, ++fw->beat);
	fw->beat_due_ns = now + WFW_HEARTBEAT_NS;
	wfw_write64(fw, WEFT_CP_MTIMECMP, fw->beat_due_ns);
}

bool wfw_step(struct wfw *fw)
{
	uint32_t irq = wfw_read32(fw, WEFT_CP_IRQ);
	bool more;

	/* Cleared before looking: what comes during the pass raises it again and ends the next wait at once. */
	if (irq)
		wfw_write32(fw, WEFT_CP_IRQ, irq);
	wfw_log_flush(fw);
	wfw_mbox_poll(fw);
	more = wfw_fault_poll(fw);
	heartbeat(fw);
	return more;
}

static struct wfw the_fw;

void wfw_main(struct wfw_hal *hal)
{
	wfw_init(&the_fw, hal);
	for (;;)
		if (!wfw_step(&the_fw))
			hal->wait(hal);
}

void wfw_trap(uint64_t cause, uint64_t pc, uint64_t value)
{
	if (the_fw.hal)
		wfw_log(&the_fw, WFW_LOG_ERROR, "firmware trap: cause %lu, pc 0x%lx, value 0x%lx; stopped",
			(unsigned long)cause, (unsigned long)pc, (unsigned long)value);
}
