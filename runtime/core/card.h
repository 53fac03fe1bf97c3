/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What card.c and card_queue.c share. */
#ifndef WEFT_CORE_CARD_H
#define WEFT_CORE_CARD_H

#include "list.h"
#include "queue.h"
#include "timeline.h"

/* Device addresses from here up to 2^47 belong to windows, which lie at the same ones on all cards; others below. */
#define WEFT_WINDOWS_START	(1ull << 46)
#define WEFT_WINDOWS_END	(1ull << 47)

/* Handle of a timeline in the file of @device; made once. -EOPNOTSUPP for a timeline of another kind */
int weft_card_sync(struct weft_timeline *timeline, struct weft_device *device, uint32_t *handle);

/* Makes the address space of user queues, once, with everything bound in it that is bound in the other. */
int weft_card_lr(struct weft_device *device);

/* Places memory whose handle came by descriptor, with what the driver says of it; closes the handle when it fails. */
int weft_card_memory_adopt(struct weft_memory *memory);

int weft_card_queue_create(struct weft_queue *queue, const struct weft_queue_config *config);
void weft_card_queue_destroy(struct weft_queue *queue);
int weft_card_queue_submit(struct weft_queue *queue, const struct weft_submit *submit);
int weft_card_queue_done(struct weft_queue *queue, uint64_t *seqno);
int weft_card_queue_wait(struct weft_queue *queue, uint64_t seqno, uint64_t deadline_ns);
int weft_card_queue_check(struct weft_queue *queue, uint64_t seqno);
int weft_card_queue_status(struct weft_queue *queue, struct weft_queue_status *status);
/* Bytes that it takes on the card */
int weft_card_list_bytes(struct weft_list *list, uint64_t *bytes);
/* Written to @offset of local memory of the card, which the caller keeps */
int weft_card_list_place(struct weft_list *list, struct weft_memory *memory, uint64_t offset);
int weft_card_list_commit(struct weft_list *list);
void weft_card_list_drop(struct weft_list *list);

#endif
