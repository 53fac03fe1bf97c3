/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A player of schedules, one step of one member at a time, that knows of every element who may touch it when. */
#ifndef CO_H
#define CO_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "runtime/coll/schedule.h"

#define CO_CALLS	8
#define CO_ELEMENTS	1024	/* of a buffer */

/* A step to be left out of what a member does in every call: the player has to notice. */
struct co_hole {
	uint32_t rank, step;	/* step = UINT32_MAX: none */
};

/*
 * Plays calls one after the other, all of the same members and on the same buffers, with members at random speeds; each member
 * writes its input before a call, and reads and overwrites its output after it. NULL, or what was wrong: static text.
 */
const char *co_play(const struct weft_coll_call *calls, uint32_t num, struct co_hole hole, uint64_t *seed);

uint64_t co_number(const char *name, uint64_t standard);
uint64_t co_below(uint64_t *seed, uint64_t n);

#endif
