/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * What does not obey is made to, by the next stage, which costs more. This block owns their order:
 *
 *   stage          costs                    told by                     next when
 *   queue stop     the queue                its fences, QUEUE_STATE     safe_timeout_ms is over
 *   engine reset   the same queue,          the same, cause HANG        that, again; or the card
 *                  alone on its engine      and stage ENGINE_RESET      has no ENGINE_RESET, or
 *                                                                       tells no engine
 *   reset (FLR)    every queue of the card  -ECANCELED                  RESET_GEN has not moved
 *   wedged         every user of the card   -EIO, uevent WEDGED=rebind  bound again: FLR first
 *
 * Firmware has no part in the first two. When it does not answer a request it is started again
 * (weft_mbox.c), which costs nobody anything; when that fails queues run on, new ones are -EIO, and
 * the reset is left to the administrator, until a queue has to be removed whose stop does not
 * complete.
 */
#ifndef WEFT_ESCALATE_H
#define WEFT_ESCALATE_H

#include <linux/types.h>

#include <firmware/abi/safe.h>

struct weft_device;
struct weft_hwq;

/*
 * Stops a queue; its @stage is the enum drm_weft_stage it took. 0 when nothing of
 * it is in flight; -EIO when the card refused; -ETIME when it takes a reset, which has been
 * scheduled. At most three times safe_timeout_ms. Takes safe.lock, allocates nothing; may be called
 * while signalling fences.
 */
int weft_escalate_stop(struct weft_device *w, struct weft_hwq *q);

/*
 * Operation @op with number @seq did not complete, and nothing but a reset helps: -ETIME; 0 when
 * the card is gone.
 */
int weft_escalate_reset(struct weft_device *w, enum weft_safe_op op, u32 seq, u64 arg0, u64 arg1);

#endif
