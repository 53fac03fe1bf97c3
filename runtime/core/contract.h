/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What the numbers of faults and capabilities of the card contract mean to the library. */
#ifndef WEFT_CORE_CONTRACT_H
#define WEFT_CORE_CONTRACT_H

#include <stdint.h>

/* -EFAULT for a fault of the job, -ETIME for a time limit, -ECANCELED for a stop or a reset */
int weft_fault_errno(uint32_t cause);

#endif
