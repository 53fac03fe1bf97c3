/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What packets compute, written from the contract's text alone. */
#ifndef CT_MODEL_H
#define CT_MODEL_H

#include <stdbool.h>
#include <stdint.h>

unsigned model_elem_bytes(unsigned dtype);
float model_half(uint16_t h);
uint16_t model_to_half(float f);
float model_bf16(uint16_t h);
uint16_t model_to_bf16(float f);
/* Element-wise reduction of n sources in the balanced tree of packet.h. */
void model_reduce(unsigned dtype, unsigned rop, unsigned n, const void *const *src, uint64_t count, void *dst);
/* Element i is equal to the bit: a NaN result is canonical, and which zero stands is defined. */
bool model_equal(unsigned dtype, const void *a, const void *b, uint64_t i);
float model_colsum(const float *x, unsigned rows, unsigned cols, unsigned col);

#endif
