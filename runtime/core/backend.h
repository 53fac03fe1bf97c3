/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * What implements the objects of a device kind: card.c by the kernel driver, soft.c by host memory and threads. The
 * callers have checked handles and arguments; every operation returns 0 or a negative errno with text set.
 */
#ifndef WEFT_CORE_BACKEND_H
#define WEFT_CORE_BACKEND_H

#include <weft/queue.h>

#include "library.h"

struct weft_backend {
	int (*device_open)(struct weft_device *device);
	void (*device_close)(struct weft_device *device);
	/* fills address, bytes and what the backend keeps; device, place and bytes wanted are set */
	int (*memory_create)(struct weft_memory *memory);
	/* origin and access are set; origin's device has the same backend */
	int (*memory_import)(struct weft_memory *import);
	int (*memory_map)(struct weft_memory *memory);
	int (*memory_destroy)(struct weft_memory *memory);
	int (*timeline_create)(struct weft_timeline *timeline);
	void (*timeline_destroy)(struct weft_timeline *timeline);
	int (*timeline_value)(struct weft_timeline *timeline, uint64_t *value);
	int (*timeline_signal)(struct weft_timeline *timeline, uint64_t value);
	/* no text for -ETIME */
	int (*timeline_wait)(struct weft_timeline *timeline, uint64_t value, uint64_t deadline_ns);
	int (*queue_create)(struct weft_queue *queue, const struct weft_queue_config *config);
	/* every job has ended or is cancelled on return, and every waiter woken */
	void (*queue_destroy)(struct weft_queue *queue);
	/* with queue->lock; job queue->submitted + 1 */
	int (*queue_submit)(struct weft_queue *queue, const struct weft_submit *submit);
	int (*queue_done)(struct weft_queue *queue, uint64_t *seqno);
	/* without queue->lock; no text for -ETIME */
	int (*queue_wait)(struct weft_queue *queue, uint64_t seqno, uint64_t deadline_ns);
	/* with queue->lock: brings queue->bad up to date once job @seqno has ended */
	int (*queue_check)(struct weft_queue *queue, uint64_t seqno);
	int (*queue_status)(struct weft_queue *queue, struct weft_queue_status *status);
	int (*list_commit)(struct weft_list *list);
	void (*list_drop)(struct weft_list *list);
};

extern const struct weft_backend weft_backend_card;
extern const struct weft_backend weft_backend_soft;
extern const struct weft_kind weft_kind_host;

#endif
