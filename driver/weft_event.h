/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Interrupts and the event ring. Vectors are hints: any count >= 1, MSI-X or MSI, and a lost one is
 * made up for.
 */
#ifndef WEFT_EVENT_H
#define WEFT_EVENT_H

#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct weft_device;
struct weft_event;

/**
 * struct weft_event_ring - ring in coherent memory
 * @lock: taken in interrupts; guards @head
 * @ring: 2^log2 events
 * @bus: its address for the card
 * @head: events taken
 * @told: value of @head the card knows
 * @on: the card may write
 * @ecc_seen: uncorrectable memory errors that are counted, by the card's count since its reset
 * @vectors: interrupt vectors in use
 * @poll: looks at the ring while jobs are in flight or user queues exist, if an interrupt was lost
 */
struct weft_event_ring {
	spinlock_t lock;	/* head, told, on, ecc_seen */
	struct weft_event *ring;
	dma_addr_t bus;
	u32 log2;
	u32 head;
	u32 told;
	bool on;
	u32 ecc_seen;
	int vectors;
	struct delayed_work poll;
};

/* Vectors, handlers and memory, for the life of the binding. */
int weft_event_init(struct weft_device *w);
void weft_event_fini(struct weft_device *w);

/* Tells the card about the ring; again after every FLR. */
void weft_event_start(struct weft_device *w);
void weft_event_stop(struct weft_device *w);

/* Takes what is in the ring; any context. */
void weft_event_process(struct weft_device *w);

/* Tells the owners of queues, and all who wait, to look for themselves; any context. */
void weft_event_rescan(struct weft_device *w);

/* Something is in flight: keep polling slowly until nothing is. */
void weft_event_watch(struct weft_device *w);

#endif
