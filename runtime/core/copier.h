/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The copier of a device: a queue of its own and a pinned buffer cut into slots, through which bytes of ordinary host
 * memory pass. Made by the first transfer of the device.
 */
#ifndef WEFT_CORE_COPIER_H
#define WEFT_CORE_COPIER_H

#include <weft/transfer.h>

#include "device.h"

#define WEFT_COPIER_SLOTS	4
#define WEFT_COPIER_SLOT_BYTES	(1u << 20)

struct weft_copier {
	struct weft_device *device;
	pthread_mutex_t lock;
	pthread_cond_t released;
	struct weft_queue *queue;
	struct weft_list *list;			/* built anew for each job */
	struct weft_timeline *done;		/* reached by the copier's jobs */
	struct weft_timeline *read;		/* reached when asynchronous reads are in host memory */
	uint64_t done_value, read_value;
	struct weft_memory *staging;
	struct {
		bool held;
		uint64_t seqno;			/* job that uses it */
	} slot[WEFT_COPIER_SLOTS];
	uint32_t next;
};

/* One job of the copier: exactly one of copy and fill. */
struct weft_copier_job {
	uint64_t dst, src, bytes;		/* device addresses; fill when width is not 0 */
	uint64_t pattern;
	uint32_t width;
	const struct weft_point *after;
	uint32_t num_after;
	void (*callback)(void *data, int status);
	void *data;
	struct weft_timeline *noted;		/* `value` of it will be signalled by the callback */
	uint64_t value;
};

int weft_copier_get(struct weft_device *device, struct weft_copier **copier);
/* NULL is fine. Waits for its jobs */
void weft_copier_destroy(struct weft_copier *copier);
/* Nothing of it is under way, as far as known without asking the card. */
bool weft_copier_idle(struct weft_device *device);
/* A slot, held; -EAGAIN when none is free and @block is false */
int weft_copier_take(struct weft_copier *copier, bool block);
/* Not held any more; its next user waits for job @seqno */
void weft_copier_release(struct weft_copier *copier, int slot, uint64_t seqno);
/* @done may be NULL */
int weft_copier_push(struct weft_copier *copier, const struct weft_copier_job *job, uint64_t *seqno,
		     struct weft_point *done);

static inline uint64_t weft_copier_slot(int slot)
{
	return (uint64_t)slot * WEFT_COPIER_SLOT_BYTES;
}

#endif
