/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* Job queues: one scheduler, one entity, one hardware queue each. */
#ifndef WEFT_QUEUE_H
#define WEFT_QUEUE_H

#include <linux/mutex.h>
#include <linux/wait.h>
#include <drm/gpu_scheduler.h>

#include "weft_hwq.h"

struct weft_device;
struct weft_fence;
struct weft_file;
struct weft_vm;

/** struct weft_queue_fault - what stopped the queue last */
struct weft_queue_fault {
	u32 cause;
	u32 packet;
	u32 op;
	u64 va;
	u64 list;
};

/**
 * struct weft_queue - a job queue
 * @hw: its reference count is this queue's, held by file and jobs
 * @submit_lock: order of arm and push
 * @hw_lock: who stops, removes and re-creates the hardware queue, and who stops the scheduler's
 *	worker, until it starts it again
 * @lock: taken in interrupts; guards @in_flight, @seqno, @epoch, @dead, @error
 * @in_flight: fences of jobs in the ring, in order
 * @seqno: value of the last FENCE packet
 * @epoch: jobs armed in an earlier one are cancelled instead of run
 * @dead: takes no job any more; they end with @error
 * @gen: reset generation it lives in
 * @extended: how often the oldest job's limit was extended because it got no turn
 * @busy_mark: engine time when the job before it ended
 * @starved: the same of all jobs
 * @pending: jobs pushed and not freed
 * @faults: times stopped and set up again
 */
struct weft_queue {
	struct weft_device *w;
	struct weft_file *f;
	struct weft_vm *vm;
	struct weft_hwq hw;
	struct drm_gpu_scheduler *sched;
	struct drm_sched_entity entity;
	struct mutex submit_lock;	/* arm, then push */
	struct mutex hw_lock;	/* life on the card */
	spinlock_t lock;	/* in_flight, seqno, epoch, dead, error */
	struct list_head in_flight;
	u64 context;
	u64 seqno;
	u64 epoch;
	bool dead;
	int error;
	u64 gen;
	u32 run_limit_ms;
	u32 extended;
	u32 starved;
	u64 busy_mark;
	u32 faults;
	struct weft_queue_fault fault;
	atomic_t pending;
	wait_queue_head_t idle_wq;
	struct work_struct free_work;
};

/* By id; NULL when there is none. */
struct weft_queue *weft_queue_get(struct weft_file *f, u32 id);
void weft_queue_put(struct weft_queue *q);

/* Ends fences the card has completed. Any context. */
void weft_queue_complete(struct weft_hwq *hw);

/*
 * Ends what is left in flight: the oldest with @first, the others with @rest; jobs not yet in the
 * ring end with -ECANCELED. The hardware queue is stopped. @dead: for good.
 */
void weft_queue_fail(struct weft_queue *q, int first, int rest, bool dead);

/*
 * The same, for good, of a queue that does not stop. The card may still write, so it is taken off
 * the bus before any fence ends, and reset; fences do not wait for the reset, which waits for
 * everybody who is inside the driver.
 */
void weft_queue_condemn(struct weft_queue *q, int first, int rest);

/* Before FLR or after a loss: every queue of the card ends with @error. */
void weft_queue_fail_all(struct weft_device *w, int error);

int weft_queue_create_ioctl(struct weft_device *w, struct weft_file *f, void *data);
int weft_queue_destroy_ioctl(struct weft_device *w, struct weft_file *f, void *data);
int weft_queue_state_ioctl(struct weft_device *w, struct weft_file *f, void *data);

#endif
