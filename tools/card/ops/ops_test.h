/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* For tests and figures only. */
#ifndef WCARD_OPS_TEST_H
#define WCARD_OPS_TEST_H

/* Uses the kernels named, or the processor's best again for its name; -1 when it cannot run them. Not thread-safe. */
int wcard_ops_force(const char *isa);

#endif
