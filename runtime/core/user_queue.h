/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#ifndef WEFT_CORE_USER_QUEUE_H
#define WEFT_CORE_USER_QUEUE_H

#include <weft/user_queue.h>

#include "card.h"
#include "list.h"
#include "memory.h"

struct weft_user_queue {
	uint32_t magic;
	uint32_t id, ring_log2;
	struct weft_device *device;
	struct weft_user_queue *next, **link;	/* device->ringer, under device->space */
	char name[WEFT_NAME_BYTES];
	struct weft_memory *memory;		/* at @offset: ring control, then the ring */
	uint64_t offset;
	bool shared;				/* the memory is somebody else's */
	struct weft_memory *trace;		/* trace ring; NULL: it does not trace */
	uint32_t trace_log2;
	volatile void *doorbell;
	const volatile void *state;
	uint64_t tail;
};

/* Host memory that one takes whose ring has room for @lists */
uint64_t weft_user_queue_bytes(uint32_t lists);
/*
 * As weft_user_queue_create(), with its ring at @offset (a multiple of 4096) of host memory of the device that others share and that
 * outlives it; NULL: in memory of its own
 */
int weft_user_queue_create_at(struct weft_device *device, const struct weft_user_queue_config *config, struct weft_memory *rings,
			      uint64_t offset, struct weft_user_queue **queue);

/* list_ring.c: the ring control page and the ring as the contract has them */
void weft_ring_init(struct weft_user_queue *queue);
int weft_ring_push(struct weft_user_queue *queue, const struct weft_list *list, bool loop, uint64_t count);
/*
 * A copy of an image (weft_image_copy()) that lies at device address @address is run @count times, then @cell gets @value: two
 * lists of the ring. 0, -EAGAIN
 */
int weft_ring_push_copy(struct weft_user_queue *queue, const struct weft_image *image, uint64_t address, uint64_t count,
			uint64_t cell, uint64_t value);
/* Lists that have ended, of as many as queue->tail */
uint64_t weft_ring_ended(const struct weft_user_queue *queue);
/* Bytes of @name, at most @most: what is too long is cut between two characters of UTF-8 */
size_t weft_name_cut(const char *name, size_t most);
/* false: no whole record was seen */
bool weft_ring_state(const struct weft_user_queue *queue, struct weft_user_queue_state *state);
/* list_cell.c: what the fault word of a cell says of the queue that stopped */
void weft_cell_fault_origin(uint64_t fault, uint32_t *cause, uint32_t *will);
/* trace_ring.c: bytes of one, and what it is at first; the ring control names it */
uint64_t weft_trace_bytes(uint32_t log2);
void weft_trace_init(struct weft_user_queue *queue);
/* with device->space */
void weft_ring_kick(const struct weft_user_queue *queue, uint64_t address);

#endif
