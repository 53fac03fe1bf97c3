/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* Numbers of the contract by name, for dumps, debugfs. An unknown one is "unknown", never NULL. */
#ifndef WEFT_NAMES_H
#define WEFT_NAMES_H

#include <linux/types.h>

const char *weft_name_fault(u32 cause);
const char *weft_name_run(u32 run);
const char *weft_name_packet(u32 op);
const char *weft_name_event(u32 type);
const char *weft_name_safe(u32 op);
const char *weft_name_mbox(u32 op);

/* enum weft_state */
const char *weft_name_state(int state);

#endif
