/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Constants of exp, shared by the scalar and the vector form so that they agree bit for bit. */
#ifndef WCARD_OPS_EXP_H
#define WCARD_OPS_EXP_H

#define WCARD_LOG2E		1.44269504f
/* 1.5 * 2^23: adding it rounds to an integer, whose value is then in the low bits */
#define WCARD_MAGIC		12582912.0f
#define WCARD_MAGIC_BITS	0x4b400000u
/* ln 2 in two parts; the first has 10 bits, so n * hi is exact */
#define WCARD_LN2_HI		0.693359375f
#define WCARD_LN2_LO		-2.12194440e-4f
/* below this the result would be subnormal; it is 0 */
#define WCARD_EXP_MIN		-87.33654f
#define WCARD_EXP_C2		0.5f
#define WCARD_EXP_C3		1.6666665459e-1f
#define WCARD_EXP_C4		4.1665795894e-2f
#define WCARD_EXP_C5		8.3334519073e-3f
#define WCARD_EXP_C6		1.3981999507e-3f
#define WCARD_EXP_C7		1.9875691500e-4f
/* lanes of the sum of a row: column c goes to lane c mod 16, lanes are added as a balanced tree */
#define WCARD_LANES		16

#endif
