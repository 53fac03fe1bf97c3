/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* Calls in which every allocation fails once: what they work on, and the tables of them. */
#ifndef FAILNTH_H
#define FAILNTH_H

#include "ks_ring.h"
#include "ks_uq.h"

struct fn_state {
	struct ks_rig rig;
	uint32_t handle;	/* 1 MiB, not bound */
	uint32_t vm;		/* empty */
	struct ks_uq uq;	/* its queue is not made */
	struct ks_ring ring;
	uint32_t arg;		/* of the target */
};

#define FN_NO_NUMBER	-1	/* not an ioctl of the driver */

struct fn_target {
	const char *name;
	int number;		/* DRM_WEFT_*, of fn_uring DRM_WEFT_URING_* */
	int (*call)(struct fn_state *s);	/* creates nothing that outlives it, or undoes it with failures off */
	uint32_t arg;
};

/* More than one page of them: such a list comes from elsewhere. */
#define FN_MANY_WILLS	200

/* A user queue with @arg wills. */
int fn_user_queue(struct fn_state *s);

/* Each ends with a row without a name. */
extern const struct fn_target fn_calls[], fn_uring[];

/* No failure until fn_resume(): what a target needs, or undoes. */
int fn_pause(void);
void fn_resume(int left);

#endif
