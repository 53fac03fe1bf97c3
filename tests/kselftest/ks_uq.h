/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* User queues as a program has them: ring, doorbell and state mapped, cells in an object of their own. */
#ifndef KS_UQ_H
#define KS_UQ_H

#include "ks.h"

#include <pthread.h>

#include "../../firmware/abi/cell.h"
#include "../../firmware/abi/doorbell.h"

#define KS_RING_VA	0x500000000ULL
#define KS_CTL_VA	0x500100000ULL
#define KS_UDATA_VA	0x600000000ULL
#define KS_UDATA_BYTES	(1ULL << 20)
#define KS_CELLS_VA	0x700000000ULL
#define KS_RING_LOG2	6

struct ks_uq {
	int fd;
	uint32_t vm, queue;
	uint32_t serial;
	uint64_t caps;
	uint32_t cells_handle;
	uint64_t tail;
	uint64_t doorbell_offset, state_offset;
	union weft_packet *ring;
	volatile struct weft_ring_ctl *ctl;
	uint8_t *data;				/* local memory at KS_UDATA_VA */
	volatile struct weft_cell *cells;	/* one page of local memory at KS_CELLS_VA */
	volatile uint32_t *doorbell;
	const volatile struct weft_queue_state *state;
};

int ks_vm_create_lr(int fd, uint32_t *vm);

/* Everything but the queue. */
int ks_uq_open(struct ks_uq *q, int card);
/* What the queue is made with; a test changes fields before ks_uq_start_with(). */
struct drm_weft_user_queue_create ks_uq_args(const struct ks_uq *q);
int ks_uq_start_with(struct ks_uq *q, struct drm_weft_user_queue_create *args);
int ks_uq_start(struct ks_uq *q, const struct drm_weft_will *wills, uint32_t num_wills);
/* Both, without wills. */
int ks_uq_ready(struct ks_uq *q, int card);
/* Ends the queue and its mappings; another may be started. */
int ks_uq_stop(struct ks_uq *q);
void ks_uq_close(struct ks_uq *q);

/* Writes a packet and rings if the card wants it; no system call. */
void ks_uq_put(struct ks_uq *q, const union weft_packet *packet);
/* Retired packets reach `tail`: 0, -ETIME, or -EFAULT when the queue is not running any more. */
int ks_uq_drain(struct ks_uq *q);
/* State of the queue is `run` within 10 s. */
int ks_uq_reach(struct ks_uq *q, uint32_t run);

union weft_packet ks_pkt_fill(uint64_t dst, uint64_t bytes, uint8_t byte);
union weft_packet ks_pkt_copy(uint64_t dst, uint64_t src, uint64_t bytes);
union weft_packet ks_pkt_signal(uint64_t cell, uint64_t value, uint8_t words);
union weft_packet ks_pkt_wait(uint64_t cell, uint64_t value);

int ks_kick(int fd, uint32_t handle, uint64_t offset);
int ks_cell_wait(int fd, uint32_t handle, uint64_t offset, uint64_t value, uint64_t timeout_ns,
		 struct drm_weft_cell_wait *out);

/* A thread that sleeps on the first cell of `q` until it is 7. */
struct ks_sleeper {
	struct ks_uq q;
	pthread_t thread;
	int result;
};

/* `q` is open; the thread sleeps, as far as that can be known. */
int ks_sleeper_start(struct ks_sleeper *s);
/* Wakes it: what its call returned. */
int ks_sleeper_wake(struct ks_sleeper *s);

#endif
