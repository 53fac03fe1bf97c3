/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * How fast the control processor runs: a loop of the kind firmware spends its time in (half arithmetic, a third memory,
 * a branch in six, a call), against an empty C loop of the same number of dependent additions taken in turn with it.
 * Exit 1 below MIN_RATIO of the calibration, so that a tenfold loss shows on a machine of any speed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "rv64.h"
#include "rv64_enc.h"

#define INSNS		UINT64_C(50000000)
#define ROUNDS		7
#define MIN_RATIO	0.01

static uint8_t ram[1 << 16] __attribute__((aligned(8)));

/* Of this thread: what others take from the core is not counted. */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void program(void)
{
	const uint32_t code[] = {
		enc_u(0x17, 8, 0x4000),			/* s0 = data */
		enc_i(0x13, 7, 6, 5, 0x7f8),		/* loop: t1 = t0 & 0x7f8 */
		enc_r(0x33, 0, 0, 6, 6, 8),		/* t1 += s0 */
		enc_ld(7, 6, 0),
		enc_r(0x33, 4, 0, 7, 7, 5),		/* t2 ^= t0 */
		enc_i(0x13, 5, 28, 7, 7),		/* t3 = t2 >> 7 */
		enc_r(0x33, 0, 0, 9, 9, 28),
		enc_sd(9, 6, 0),
		enc_jal(1, 4 * 5),			/* call */
		enc_i(0x03, 2, 29, 6, 4),
		enc_b(1, 29, 0, 4 * 2),
		enc_addi(9, 9, 1),
		enc_jal(0, -4 * 11),
		enc_addi(5, 5, 24),			/* function */
		enc_r(0x3b, 0, 0x20, 10, 9, 5),
		enc_s(2, 8, 10, -4),
		enc_jalr(0, 1, 0),
	};

	for (size_t i = 0; i < sizeof(code); i++)
		ram[i] = ((const uint8_t *)code)[i];
}

int main(void)
{
	struct wcard_rv64 cpu;
	const struct wcard_rv64_config cfg = {.ram = ram, .ram_base = 0x80000000, .ram_bytes = sizeof(ram)};
	double rate[ROUNDS], ratio[ROUNDS];

	program();
	if (wcard_rv64_init(&cpu, &cfg))
		return 1;
	for (int i = 0; i < ROUNDS; i++) {
		volatile uint64_t sum = 0;
		double t0 = now(), t1, t2;

		if (wcard_rv64_run(&cpu, INSNS) != WCARD_RV64_BUDGET) {
			printf("the program stopped: cause %d\n", (int)cpu.mcause);
			return 1;
		}
		t1 = now();
		for (uint64_t k = 0; k < INSNS; k++)
			sum = sum + k;
		t2 = now();
		rate[i] = (double)INSNS / (t1 - t0) / 1e6;
		ratio[i] = (t2 - t1) / (t1 - t0);
	}
	qsort(rate, ROUNDS, sizeof(rate[0]), by_value);
	qsort(ratio, ROUNDS, sizeof(ratio[0]), by_value);
	printf("rv64: %.0f M instructions/s (median of %d, %.0f to %.0f), %.2f of memory additions\n", rate[ROUNDS / 2],
	       ROUNDS, rate[0], rate[ROUNDS - 1], ratio[ROUNDS / 2]);
	wcard_rv64_fini(&cpu);
	return ratio[ROUNDS / 2] < MIN_RATIO;
}
