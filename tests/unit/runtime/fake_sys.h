/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * A second implementation of runtime/core/sys.h: cards in this process. It keeps files, objects, address spaces, queues
 * and semaphores as the driver does, translates every address, checks reserved fields, and runs packets by the card's
 * reference operators. Jobs run in the thread that makes them ready.
 */
#ifndef FAKE_SYS_H
#define FAKE_SYS_H

#include "runtime/core/sys.h"

struct fake {
	int cards;
	bool no_p2p;		/* imports of a peer's local memory are refused */
	bool hold;		/* jobs stay queued until fake_release() */
	uint32_t uapi;		/* 0 = the right one */
	uint64_t lmem_bytes;	/* per card, 0 = 64 MiB */
	unsigned long calls;	/* calls made, mappings included */
	unsigned long scans, submits;
	int fail_at;		/* the call with this number (from 1, counted in `fallible`) fails with -ENOMEM; 0 = none */
	int fallible;
};

extern struct fake fake;
extern const struct weft_sys fake_sys;

void fake_reset(int cards);
void fake_release(void);
/* descriptors, handles, objects, semaphores, mappings and queues alive */
int fake_live(void);
/* bytes of the list last submitted, as the card would fetch them: packets, then the table; returns packets */
int fake_last_list(const void **packets, const void **table, uint32_t *num_operands);

#endif
