/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* Calls in which every allocation fails once: what they work on, and the tables of them. */
#ifndef FAILNTH_H
#define FAILNTH_H

#include "ks_ring.h"
#include "ks_uq.h"

enum fn_foreign { FN_PEER, FN_UDMABUF, FN_FOREIGN };

struct fn_state {
	struct ks_rig rig;
	uint32_t handle;	/* 1 MiB, not bound */
	uint32_t vm;		/* empty */
	struct ks_uq uq;	/* its queue is not made */
	struct ks_ring ring;
	struct ks_rig owner;	/* of another card */
	int foreign[FN_FOREIGN];	/* dma-bufs of 1 MiB that are not this card's */
	uint32_t arg;		/* of the target */
};

#define FN_NO_NUMBER	-1	/* not an ioctl of the driver */

struct fn_target {
	const char *name;
	int number;		/* DRM_WEFT_*, of fn_uring DRM_WEFT_URING_* */
	int (*call)(struct fn_state *s);	/* creates nothing that outlives it, or undoes it with failures off */
	uint32_t arg;
	int least;	/* so many allocations must fail at least, lest a target pass that injects nothing; 0: it makes none */
	bool worker;	/* those of the ring's worker fail, not the caller's */
};

/* More than one page of them: such a list comes from elsewhere. */
#define FN_MANY_WILLS	200

/* A user queue with @arg wills. */
int fn_user_queue(struct fn_state *s);

/* Each ends with a row without a name. */
extern const struct fn_target fn_calls[], fn_uring[];

/* No failure until fn_resume(), of the caller or of the worker: what a target needs, or undoes. */
int fn_pause(void);
void fn_resume(int left);

#endif
