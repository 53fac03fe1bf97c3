/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#ifndef WEFT_CORE_HOST_REF_H
#define WEFT_CORE_HOST_REF_H

#include <weft/kernel.h>

extern const struct weft_kernel weft_builtin_kernels[];
extern const uint32_t weft_num_builtin_kernels;

#endif
