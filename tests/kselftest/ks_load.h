/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Load that is verified: a process on each card, with a job queue and a user queue, computes and compares every result
 * until it is stopped. What a fault may not cost others shows in it.
 */
#ifndef KS_LOAD_H
#define KS_LOAD_H

#include "ks_uq.h"

#define KS_LOAD_BYTES	65536

/* One round of a job queue or a user queue: 0, what the queue says, or -EBADMSG for a wrong result. */
int ks_load_run(struct ks_rig *rig, uint64_t salt);
int ks_load_post(struct ks_uq *q, uint8_t byte);

/* On every card but @but (-1: on all); returns when each has done a round. */
int ks_load_start(int but);
/* Each does two more rounds, with right results, in 60 s. */
int ks_load_goes_on(void);
/* Ends them; 0 when none has ever had a wrong result or an error. */
int ks_load_stop(void);

#endif
