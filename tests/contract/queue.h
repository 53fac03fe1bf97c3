/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Address spaces with page tables of the test's own making, job queues and user queues. */
#ifndef CT_QUEUE_H
#define CT_QUEUE_H

#include "host.h"

#include "firmware/abi/packet.h"
#include "firmware/abi/operand.h"
#include "firmware/abi/op.h"
#include "firmware/abi/fault.h"
#include "firmware/abi/doorbell.h"

#define PTE_RW		(WEFT_PTE_R | WEFT_PTE_W)
#define PTE_BUS(link)	((uint64_t)WEFT_APERTURE_BUS << WEFT_PTE_APERTURE_SHIFT | (uint64_t)(link) << WEFT_PTE_LINK_SHIFT)
#define PTE_SPARSE	((uint64_t)WEFT_APERTURE_SPARSE << WEFT_PTE_APERTURE_SHIFT)

struct space {
	struct card *c;
	uint32_t asid, type;
	uint64_t root;
	bool live;
};

struct queue {
	struct card *c;
	struct space *s;
	uint32_t id;
	unsigned log2;
	uint64_t ring, ctl, state;	/* local-memory offsets */
	uint64_t ring_va, ctl_va;	/* user queues; else 0 */
	struct weft_queue_desc how;
	uint64_t tail, fence;
	bool live;
};

/* asid and id ~0u: the lowest free one */
struct space *space_create(struct card *c, uint32_t asid);	/* FENCE */
struct space *space_create_as(struct card *c, uint32_t asid, uint32_t type);
void space_destroy(struct space *s);
/* Pointer, in BAR2, to the entry of `va` at `level`; tables above it are made. */
volatile uint64_t *space_entry(struct space *s, uint64_t va, unsigned level);
void pte_set(volatile uint64_t *entry, uint64_t value);
/* Maps [va, va + bytes) with 4 KiB leaves; `bits` are R, W, aperture, link … without VALID and LEAF. */
void space_map(struct space *s, uint64_t va, uint64_t addr, uint64_t bytes, uint64_t bits);
void space_map_2m(struct space *s, uint64_t va, uint64_t addr, uint64_t bytes, uint64_t bits);
void space_unmap(struct space *s, uint64_t va, uint64_t bytes);	/* clears 4 KiB leaves; no invalidate */
unsigned space_invalidate(struct space *s, uint64_t va, uint64_t bytes);

void queue_desc(struct queue *q, struct weft_queue_desc *d);
/* A job queue, or a user queue in an LR space, whose ring and ring control are mapped at QUEUE_VA(id). */
struct queue *queue_create(struct space *s, uint32_t id, unsigned log2);
/* The same with limits, band, weight and flags of `how`; the rest of it is ignored. */
struct queue *queue_create_how(struct space *s, uint32_t id, unsigned log2, const struct weft_queue_desc *how);
/* Asks for it and goes on; queue_created() waits until all that were asked for exist. */
struct queue *queue_create_soon(struct space *s, uint32_t id, unsigned log2, const struct weft_queue_desc *how);
void queue_created(struct card *c);
#define QUEUE_VA(id)		(UINT64_C(0x600000000000) + (uint64_t)(id) * 0x1000000)
#define QUEUE_CTL_VA(id)	(QUEUE_VA(id) + 0x800000)
void queue_destroy(struct queue *q);
void queue_push(struct queue *q, const union weft_packet *p);	/* into the ring, waiting for room; tail not moved */
void queue_tail(struct queue *q);				/* stores tail; no doorbell */
bool queue_armed(struct queue *q);
void queue_ring(struct queue *q);				/* doorbell, whatever ARMED says */
void queue_kick(struct queue *q);				/* tail, full fence, ARMED, doorbell if set */
/* CALL of a list, then FENCE with event; returns the fence's value. */
uint64_t queue_submit(struct queue *q, uint64_t list, uint32_t n, uint64_t table, uint32_t ntable);
uint64_t queue_push_fence(struct queue *q, bool irq);
void queue_kick_cell(struct queue *q, uint64_t va);		/* KICK, whatever the arm word says */
volatile struct weft_ring_ctl *queue_ctl(struct queue *q);
/* A consistent copy of the queue state, tried for a second. */
void queue_state(struct queue *q, struct weft_queue_state *st);
uint64_t queue_fence(struct queue *q);
uint32_t queue_run(struct queue *q);
uint64_t queue_head(struct queue *q);
void queue_wait(struct queue *q, uint64_t fence, unsigned ms);
/* Every packet pushed so far has retired; fails at once when the queue ends otherwise. */
void queue_wait_done(struct queue *q, unsigned ms);
unsigned queue_ask(struct queue *q, uint16_t op);	/* a mailbox request about it: status */
void queue_wait_run(struct queue *q, uint32_t run, unsigned ms, struct weft_queue_state *st);

/* What a test left behind: stops and destroys every queue and space of a card, gives back memory. */
void card_tidy(struct card *c);
void card_forget(struct card *c);	/* after a reset: nothing of it exists any more */

#endif
