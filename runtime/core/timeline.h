/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#ifndef WEFT_CORE_TIMELINE_H
#define WEFT_CORE_TIMELINE_H

#include <weft/timeline.h>

#include "device.h"

#define WEFT_TIMELINE_TRAIL	64
#define WEFT_TIMELINE_PEERS	16

struct weft_timeline {
	uint32_t magic;
	bool internal;
	struct weft_device *device;
	char name[WEFT_NAME_BYTES];
	pthread_mutex_t lock;
	/* which job signals which value, the latest ones: to find the fault behind a value, and to name queues */
	struct {
		uint64_t value, queue_uid, seqno;
	} trail[WEFT_TIMELINE_TRAIL];
	uint32_t trail_at;
	/* card */
	uint32_t handle;
	struct {
		uint64_t device_uid;
		uint32_t handle;
	} peers[WEFT_TIMELINE_PEERS];
	uint32_t num_peers;
	/* soft */
	pthread_cond_t cond;
	uint64_t value;
};

int weft_timeline_new(struct weft_device *device, const char *name, bool internal, struct weft_timeline **timeline);
void weft_timeline_free(struct weft_timeline *timeline);
/* Job @seqno of @queue will signal @value. */
void weft_timeline_note(struct weft_timeline *timeline, uint64_t value, const struct weft_queue *queue, uint64_t seqno);

#endif
