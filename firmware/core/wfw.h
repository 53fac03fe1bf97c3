/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The firmware's whole state, and its short ways to the hardware. */
#ifndef WFW_H
#define WFW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../abi/cp.h"
#include "../abi/mailbox.h"
#include "../abi/reg.h"
#include "../hal/hal.h"

/* Contract versions this firmware speaks; the image header must say the same. */
#define WFW_CONTRACT_MIN	WEFT_CONTRACT_VERSION
#define WFW_CONTRACT_MAX	WEFT_CONTRACT_VERSION

#define WFW_HEARTBEAT_NS	UINT64_C(50000000)	/* half of what the contract asks: one late beat is no death */
#define WFW_ASIDS_MAX		1024
#define WFW_LOG_EARLY_BYTES	1024

#define WFW_PAGE_BYTES		4096u

enum wfw_level { WFW_LOG_ERROR = 0, WFW_LOG_INFO = 1, WFW_LOG_DEBUG = 2 };

/* What is known of an address space. Not kept over a firmware restart, so UNKNOWN is not "does not exist": the card's
 * own table decides that. */
enum wfw_as { WFW_AS_UNKNOWN = 0, WFW_AS_FENCE = 1, WFW_AS_LR = 2 };

struct wfw {
	struct wfw_hal *hal;
	uint64_t caps;			/* WEFT_CAP_* of the card */
	uint32_t num_asids;
	uint32_t num_queues;
	uint32_t contract;		/* agreed by HELLO, 0 = no HELLO yet */
	uint64_t beat_due_ns;		/* card clock of the next heartbeat */
	uint32_t beat;

	uint32_t mbox_head;		/* requests answered = responses written, free running */
	bool mbox_bad;			/* the ring was unusable at the last look and that was logged */

	uint32_t log_level;		/* enum wfw_level */
	uint32_t log_tail;		/* bytes written to the ring, free running */
	uint32_t log_early_bytes;	/* text kept until the host gives a ring */
	char log_early[WFW_LOG_EARLY_BYTES];

	uint8_t as_type[WFW_ASIDS_MAX];	/* enum wfw_as */
};

static inline uint32_t wfw_read32(struct wfw *fw, uint32_t reg) { return fw->hal->read32(fw->hal, reg); }
static inline uint64_t wfw_read64(struct wfw *fw, uint32_t reg) { return fw->hal->read64(fw->hal, reg); }
static inline void wfw_write32(struct wfw *fw, uint32_t reg, uint32_t v) { fw->hal->write32(fw->hal, reg, v); }
static inline void wfw_write64(struct wfw *fw, uint32_t reg, uint64_t v) { fw->hal->write64(fw->hal, reg, v); }

/* Takes over the card after reset or restart; work left by an earlier firmware stays and is answered STATE. */
void wfw_init(struct wfw *fw, struct wfw_hal *hal);

/* One pass over everything that may need attention. Returns true if more is left than one pass does. */
bool wfw_step(struct wfw *fw);

/* Is [offset, offset + bytes) inside the carve-out? */
bool wfw_in_carveout(struct wfw *fw, uint64_t offset, uint64_t bytes);

/* Answers the waiting requests. */
void wfw_mbox_poll(struct wfw *fw);

/* Logs the waiting faults, at most 64; returns true if there are more. */
bool wfw_fault_poll(struct wfw *fw);
const char *wfw_fault_name(uint32_t cause);

/* Writes one line, time in front and newline behind, cut at 160 bytes. See format.c for what fmt may hold. */
__attribute__((format(printf, 3, 4)))
void wfw_log(struct wfw *fw, enum wfw_level level, const char *fmt, ...);
/* Moves text kept since boot to the ring, once there is one. */
void wfw_log_flush(struct wfw *fw);

#endif
