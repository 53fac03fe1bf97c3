/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#ifndef WEFT_CORE_QUEUE_H
#define WEFT_CORE_QUEUE_H

#include <weft/queue.h>

#include "device.h"

#define WEFT_QUEUE_TRAIL	1024

struct weft_callback_entry {
	struct weft_callback_entry *next;
	uint64_t seqno;
	weft_callback callback;
	void *data;
};

struct weft_soft_job;

struct weft_queue {
	uint32_t magic;
	atomic_uint refs;		/* the owner, and those who look into it after weft_queue_get() */
	bool internal;
	bool dead;			/* destroyed: jobs after `settled` were cancelled */
	struct weft_device *device;
	struct weft_queue *next;	/* weft->queues */
	uint64_t uid;
	char name[WEFT_NAME_BYTES];
	pthread_mutex_t lock;
	uint64_t submitted, settled;
	/* jobs first … last have failed; nothing when first is 0 */
	struct {
		uint64_t first, last;
		int error;
		char text[256];
	} bad;
	/* dispatcher, dispatch.c */
	pthread_t dispatcher;
	bool dispatching, stopping;
	pthread_cond_t wake;
	struct weft_callback_entry *callbacks, **callbacks_end;
	/* card */
	uint32_t id, fence;		/* queue; timeline semaphore that reaches a job's number when it ends */
	uint32_t faults;		/* as last seen */
	uint64_t known_done;		/* jobs that have certainly ended */
	uint64_t good;			/* jobs that have certainly ended well */
	uint64_t lists[WEFT_QUEUE_TRAIL];	/* device address of the list of job n at n mod size */
	struct weft_memory *commands;	/* ring of lists that are not committed */
	uint64_t write;			/* next byte of it */
	struct {
		uint64_t seqno, start, end;
	} used[WEFT_QUEUE_TRAIL];	/* oldest first, from used_at */
	uint32_t used_at, used_count;
	/* soft */
	pthread_t worker;
	pthread_cond_t work, done_cond;
	struct weft_soft_job *jobs, **jobs_end;
	uint64_t done;
};

int weft_queue_new(struct weft_device *device, const struct weft_queue_config *config, bool internal,
		   struct weft_queue **queue);
/* Not from a callback of it. */
void weft_queue_free(struct weft_queue *queue);
/* The queue with this uid and one more reference, NULL when it is gone; put gives the reference back. */
struct weft_queue *weft_queue_get(uint64_t uid);
void weft_queue_put(struct weft_queue *queue);
/* How job @seqno, which has ended, did: 0 or a negative errno with text. Takes queue->lock */
int weft_queue_verdict(struct weft_queue *queue, uint64_t seqno);
/* With queue->lock: jobs @first to the last submitted have failed. */
void weft_queue_mark(struct weft_queue *queue, uint64_t first, uint64_t last, int error, const char *text);
int weft_queue_push(struct weft_queue *queue, const struct weft_submit *submit, uint64_t *seqno);

/* dispatch.c; with queue->lock. start is idempotent; stop runs what is left, without the lock */
int weft_dispatch_start(struct weft_queue *queue);
void weft_dispatch_add(struct weft_queue *queue, struct weft_callback_entry *entry);
void weft_dispatch_stop(struct weft_queue *queue);

#endif
