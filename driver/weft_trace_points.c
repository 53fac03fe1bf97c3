// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
/* The one file that makes the tracepoints of weft_trace.h. */
#define CREATE_TRACE_POINTS
#include "weft_trace.h"
