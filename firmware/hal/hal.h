/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * What the firmware core may do to the outside world. hal/rv64 does it on the control processor, hal/host on a
 * scripted model of its devices. The core calls nothing else.
 */
#ifndef WFW_HAL_H
#define WFW_HAL_H

#include <stddef.h>
#include <stdint.h>

struct wfw_hal {
	/* Registers by control-processor address (abi/cp.h), each with its own width. A write is ordered after every
	 * earlier read and write, local memory included. */
	uint32_t (*read32)(struct wfw_hal *hal, uint32_t reg);
	uint64_t (*read64)(struct wfw_hal *hal, uint32_t reg);
	void (*write32)(struct wfw_hal *hal, uint32_t reg, uint32_t value);
	void (*write64)(struct wfw_hal *hal, uint32_t reg, uint64_t value);
	/* Local memory by offset. The caller has checked that the range lies in the carve-out. */
	void (*lmem_read)(struct wfw_hal *hal, uint64_t offset, void *buf, size_t bytes);
	void (*lmem_write)(struct wfw_hal *hal, uint64_t offset, const void *buf, size_t bytes);
	/* Returns when an interrupt is pending, at once if one is already. May return for no reason. */
	void (*wait)(struct wfw_hal *hal);
};

#endif
