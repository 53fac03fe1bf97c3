/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Entry and traps. Interrupts are enabled one by one but never taken: wfi ends when one is pending, and the main loop
 * looks at everything. So the only trap there is, is a defect of the firmware itself.
 */
	.section .text.start, "ax"
	.globl	_start
_start:
	csrw	mie, zero
	la	t0, trap
	csrw	mtvec, t0
	la	sp, wfw_stack_top
	la	t0, wfw_bss_start
	la	t1, wfw_bss_end
1:	bgeu	t0, t1, 2f
	sd	zero, 0(t0)
	addi	t0, t0, 8
	j	1b
2:	li	t0, 0x888		/* MEIE | MTIE | MSIE */
	csrw	mie, t0
	la	a0, wfw_hal_rv64
	call	wfw_main
	j	dead

	.balign	4
trap:
	la	t0, dead		/* a second trap, while the first is logged, says nothing more */
	csrw	mtvec, t0
	csrw	mie, zero
	la	sp, wfw_stack_top	/* the old stack pointer may be the defect */
	csrr	a0, mcause
	csrr	a1, mepc
	csrr	a2, mtval
	call	wfw_trap
	.balign	4
dead:
	csrw	mie, zero		/* nothing ends wfi now: a dead processor costs nothing */
1:	wfi
	j	1b
