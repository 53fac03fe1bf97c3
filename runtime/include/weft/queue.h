/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#ifndef WEFT_QUEUE_H
#define WEFT_QUEUE_H

#include "list.h"
#include "timeline.h"

#ifdef __cplusplus
extern "C" {
#endif

/** enum weft_priority - of a queue; REALTIME and HIGH need CAP_SYS_NICE. DEFAULT is NORMAL */
enum weft_priority {
	WEFT_PRIORITY_DEFAULT = 0,
	WEFT_PRIORITY_REALTIME = 1,
	WEFT_PRIORITY_HIGH = 2,
	WEFT_PRIORITY_NORMAL = 3,
	WEFT_PRIORITY_LOW = 4,
};

/**
 * struct weft_queue_config - what weft_queue_create() makes; NULL or all 0 (but size) gives the defaults
 * @size: sizeof
 * @name: shown in errors, copied; may be NULL
 * @priority: enum weft_priority
 * @max_jobs: jobs the hardware holds at once, 1 … 1024; 0 = 64
 * @run_limit_ms: a job that runs longer is stopped, 1 … 600000; 0 = 10000
 * @command_bytes: device memory for lists that are not committed; 0 = 256 KiB. A larger list is -E2BIG: commit it
 */
struct weft_queue_config {
	uint32_t size;
	uint32_t priority;
	const char *name;
	uint32_t max_jobs;
	uint32_t run_limit_ms;
	uint64_t command_bytes;
};

/** weft_queue_create() - @queue is destroyed by the caller. -EINVAL, -ENOTCONN, -EACCES (priority), -EDQUOT, -ENOSPC … */
int weft_queue_create(struct weft_device *device, const struct weft_queue_config *config, struct weft_queue **queue);

/**
 * weft_queue_destroy() - stop and free it; unfinished jobs are cancelled. Not from a callback of the queue (-EDEADLK)
 *
 * Callbacks not run yet run now, with status -ECANCELED. Return: 0, -EINVAL, -ENOTCONN, -EDEADLK.
 */
int weft_queue_destroy(struct weft_queue *queue);

/**
 * typedef weft_callback - runs on the queue's dispatcher thread once the job has ended
 * @data: as given at submit
 * @status: 0, or what weft_queue_wait() would return for the job
 *
 * Callbacks of a queue run in the order of its jobs. They may submit; they must not wait for a later job of the
 * same queue.
 */
typedef void (*weft_callback)(void *data, int status);

/**
 * struct weft_submit - one job
 * @size: sizeof
 * @num_waits: entries of @waits
 * @num_signals: entries of @signals; with @num_waits at most 63, else -E2BIG
 * @flags: 0
 * @list: what it runs; read before the call returns, must live (when committed: unchanged) until the job ends
 * @waits: the job starts when all are signalled; every one must be signalled by a job submitted before, or by the
 *	host before
 * @signals: signalled when it ends, also when it failed
 * @callback: may be NULL
 * @data: for @callback
 */
struct weft_submit {
	uint32_t size;
	uint32_t num_waits;
	uint32_t num_signals;
	uint32_t flags;
	struct weft_list *list;
	const struct weft_point *waits;
	const struct weft_point *signals;
	weft_callback callback;
	void *data;
};

/**
 * weft_queue_submit() - hand over one job
 * @seqno: out, number of the job in its queue, from 1; may be NULL
 *
 * Waits only when the queue's command memory is full: until the oldest job has ended, at most ten seconds.
 * Return: 0, -EINVAL, -ENOTCONN, -E2BIG, -ETIME, -ENODEV, -EOPNOTSUPP (timeline of another kind), -ENOMEM.
 */
int weft_queue_submit(struct weft_queue *queue, const struct weft_submit *submit, uint64_t *seqno);

/** weft_queue_run() - submit @list alone */
int weft_queue_run(struct weft_queue *queue, struct weft_list *list, uint64_t *seqno);

/**
 * weft_queue_wait() - wait until job @seqno has ended; 0 = the last one submitted
 *
 * Return: 0; -ETIME (text names queue, wanted and actual job); -EFAULT (a job faulted; the text has cause, packet,
 * operator and address), -ETIME with text "stopped" (run limit), -ECANCELED (stopped or reset): these stay, for the
 * jobs from the one at fault to the last submitted when it was noticed, until weft_queue_clear(); later jobs are not
 * affected. -EINVAL, -ENOTCONN, -ENODEV.
 */
int weft_queue_wait(struct weft_queue *queue, uint64_t seqno, uint64_t timeout_ns);

/** struct weft_queue_status - see struct drm_weft_queue_state of the driver's interface; @jobs and @done by the library */
struct weft_queue_status {
	uint32_t size;
	uint32_t run;
	uint32_t cause;			/* weft_fault_name() */
	uint32_t fault_packet;
	uint32_t fault_op;
	uint32_t faults;
	uint64_t fault_address;
	uint64_t retired;
	uint64_t busy_ns;
	uint64_t jobs;			/* submitted */
	uint64_t done;			/* ended */
};

/** weft_queue_status() - Return: 0, -EINVAL, -ENOTCONN, -ENODEV */
int weft_queue_status(struct weft_queue *queue, struct weft_queue_status *state);

/** weft_queue_clear() - take note of a fault: later waits succeed again. Return: 0, -EINVAL, -ENOTCONN, -ENODEV */
int weft_queue_clear(struct weft_queue *queue);

#ifdef __cplusplus
}
#endif
#endif
