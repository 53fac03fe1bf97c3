/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A hart with 64 KiB of RAM, a trap vector that just stops, and a bus with eight bytes of device. */
#ifndef TEST_RV64_FIXTURE_H
#define TEST_RV64_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rv64.h"
#include "rv64_enc.h"

#define BASE		UINT64_C(0x80000000)
#define RAM_BYTES	0x10000u
#define VECTOR		(BASE + 0x8000)		/* holds WFI, then a jump to itself */
#define DATA		(BASE + 0x4000)
#define DEVICE		UINT64_C(0x10000000)	/* 4 KiB; beyond it the bus answers with an error */

#define NOP		0x00000013u
#define ECALL		0x00000073u
#define EBREAK		0x00100073u
#define MRET		0x30200073u
#define WFI		0x10500073u
#define FENCE_I		0x0000100fu

struct machine {
	struct wcard_rv64 cpu;
	uint8_t *ram;
	uint64_t at;				/* where the next instruction goes */
	uint64_t dev_value;			/* loads read it, stores write it */
	uint64_t dev_addr;
	unsigned dev_size, dev_loads, dev_stores;
	int raise;				/* line to raise at the next device store */
};

static inline void put32(struct machine *m, uint32_t raw)
{
	memcpy(m->ram + (m->at - BASE), &raw, 4);
	m->at += 4;
}

static inline void put16(struct machine *m, uint16_t raw)
{
	memcpy(m->ram + (m->at - BASE), &raw, 2);
	m->at += 2;
}

static inline uint64_t peek(const struct machine *m, uint64_t addr, unsigned size)
{
	uint64_t v = 0;

	memcpy(&v, m->ram + (addr - BASE), size);
	return v;
}

static inline void poke(struct machine *m, uint64_t addr, unsigned size, uint64_t v)
{
	memcpy(m->ram + (addr - BASE), &v, size);
}

int machine_setup(void **state);
int machine_teardown(void **state);

/* Forget what was put and start over at BASE with this address as mtvec. */
void machine_restart(struct machine *m);

/* Run what was put from pc until it waits, at most `max` instructions. */
enum wcard_rv64_stop machine_run(struct machine *m, uint64_t max);

/* Run until the trap vector waits and check where from and why. */
void expect_trap(struct machine *m, uint64_t cause, uint64_t epc, uint64_t tval);

/* Run n instructions, none of which may trap. */
void machine_steps(struct machine *m, unsigned n);

#define TEST(name)	cmocka_unit_test_setup_teardown(name, machine_setup, machine_teardown)

#endif
