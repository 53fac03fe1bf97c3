/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Mailbox to the firmware: one request at a time, the answer matched by its sequence number, every
 * wait bounded.
 */
#ifndef WEFT_MBOX_H
#define WEFT_MBOX_H

#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <firmware/abi/mailbox.h>

struct weft_carve_block;
struct weft_device;

/**
 * struct weft_mbox - state
 * @slots: the message slots in the carve-out
 * @seq: of the last request
 * @req_tail: requests written
 * @rsp_head: responses taken
 * @dead: the firmware did not answer and could not be started again; nothing is asked until reset
 * @greeted: it has answered since the last reset
 * @crashed: the card says that it stopped; whoever takes the lock next starts it again
 * @crash_work: does so when nobody asks
 * @check_work: looks whether it lives, after events were dropped
 * @restarts: since @restarts_since (jiffies)
 */
struct weft_mbox {
	struct mutex lock;	/* one request at a time */
	wait_queue_head_t wq;
	struct weft_carve_block *slots;
	u32 seq;
	u32 req_tail;
	u32 rsp_head;
	bool dead;
	bool greeted;
	bool crashed;
	struct work_struct crash_work;
	struct work_struct check_work;
	u32 restarts;
	unsigned long restarts_since;
};

void weft_mbox_init(struct weft_device *w);

/* After boot: sets MBOX_BASE and shakes hands (HELLO). A refusal logs both version ranges. */
int weft_mbox_start(struct weft_device *w);

/*
 * Event FW, @state is the boot state; any context. The firmware is started again, and requests
 * under way are asked again.
 */
void weft_mbox_crashed(struct weft_device *w, u32 state);

/* That event may have been dropped: looks for itself; any context. */
void weft_mbox_suspect(struct weft_device *w);

/* At removal: no worker asks any more. */
void weft_mbox_fini(struct weft_device *w);

/*
 * Each returns 0 or: -EIO (refused, or the firmware is dead), -EBUSY, -EEXIST, -ENOENT,
 * -EOPNOTSUPP, -ENODEV (gone). Allocates nothing; may be called while signalling fences.
 */
int weft_mbox_as_create(struct weft_device *w, u32 asid, u32 type, u64 root);
int weft_mbox_as_destroy(struct weft_device *w, u32 asid);
int weft_mbox_queue_create(struct weft_device *w, const struct weft_queue_desc *desc);
int weft_mbox_queue_destroy(struct weft_device *w, u32 queue);

/* Between two packets, or off its cell; the state follows later. -EALREADY: stopped or faulted. */
int weft_mbox_queue_suspend(struct weft_device *w, u32 queue);
int weft_mbox_queue_resume(struct weft_device *w, u32 queue);

/*
 * The arm page of a SEM page, by local-memory offsets; @arm 0 removes it, and one that is not there
 * is removed.
 */
int weft_mbox_arm_bind(struct weft_device *w, u64 sem, u64 arm);

/*
 * The answer to @op that was asked again, of firmware that was started again: what it had done
 * before it stopped is done, and it says so with EXISTS or NOT_FOUND.
 */
void weft_mbox_forgive(struct weft_mbox_msg *msg, u16 op);

#endif
