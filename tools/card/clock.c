// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include <time.h>

#include "machine.h"

uint64_t wcard_now(const struct wcard_machine *m)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec - m->clock_base_ns;
}

void wcard_deadline(const struct wcard_machine *m, uint64_t card_ns, struct timespec *ts)
{
	const uint64_t far = UINT64_C(1) << 60;
	uint64_t ns = (card_ns < far ? card_ns : far) + m->clock_base_ns;

	ts->tv_sec = (time_t)(ns / 1000000000u);
	ts->tv_nsec = (long)(ns % 1000000000u);
}

void wcard_cond_init(pthread_cond_t *c)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(c, &attr);
	pthread_condattr_destroy(&attr);
}
