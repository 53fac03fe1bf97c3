/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What start-up code calls. */
#ifndef WFW_MAIN_H
#define WFW_MAIN_H

#include <stdint.h>

#include "../hal/hal.h"

/* Never returns. */
void wfw_main(struct wfw_hal *hal);
/* Logs a trap of the firmware itself; the caller then stops the processor for good. */
void wfw_trap(uint64_t cause, uint64_t pc, uint64_t value);

#endif
