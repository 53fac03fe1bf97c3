/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* For tests: a well-signed firmware that does nothing, for ever, and answers nobody. */
	.section .text.start, "ax"
	.globl	_start
_start:
	j	_start
	.balign	16
