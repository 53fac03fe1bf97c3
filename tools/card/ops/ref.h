/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The reference: each operator and REDUCE in plain scalar C, built everywhere, slow and obvious. Library weft_ref holds
 * these and the checks and nothing else, so it links alone; weft_ops holds the fast forms and needs weft_ref.
 */
#ifndef WCARD_REF_H
#define WCARD_REF_H

#include "ops.h"

/* The operator whose run() is the reference; check() and units() are the same as the fast one's. NULL when unknown. */
const struct wcard_op *wcard_ref_find(uint16_t id);
/* wcard_op_check() with the reference operator in *op. */
int wcard_ref_check(const struct weft_pkt_exec *p, const uint32_t scalar[WEFT_EXEC_SCALARS],
		    struct wcard_opnd_need need[WEFT_EXEC_OPERANDS], const struct wcard_op **op);
void wcard_ref_reduce(unsigned int dtype, unsigned int rop, const void *const src[], unsigned int nsrc,
		      void *const dst[], unsigned int ndst, size_t count);

float    wcard_f16_to_f32(uint16_t h);
uint16_t wcard_f32_to_f16(float f);
float    wcard_bf16_to_f32(uint16_t h);
uint16_t wcard_f32_to_bf16(float f);

#endif
