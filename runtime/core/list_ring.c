/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The ring of a user queue: packets, ring control, doorbell page and state page, as the card contract has them. */
#include <errno.h>
#include <stdatomic.h>

#include "doorbell.h"
#include "firmware/abi/queue.h"	/* the library has a queue.h of its own */
#include "packet.h"

#include "list.h"
#include "user_queue.h"

static struct weft_ring_ctl *ctl(const struct weft_user_queue *q)
{
	return (struct weft_ring_ctl *)((char *)q->memory->map + q->offset);
}

void weft_ring_init(struct weft_user_queue *q)
{
	memset(ctl(q), 0, sizeof(*ctl(q)));
	if (q->trace)
		ctl(q)->trace = q->trace->address;
	__atomic_store_n(&ctl(q)->armed, 1, __ATOMIC_RELEASE);
}

uint64_t weft_ring_ended(const struct weft_user_queue *q)
{
	return __atomic_load_n(&ctl(q)->head, __ATOMIC_ACQUIRE);
}

/* Packet @ahead of those that are posted next. */
static union weft_packet *next(const struct weft_user_queue *q, uint32_t ahead)
{
	union weft_packet *ring = (union weft_packet *)((char *)ctl(q) + WEFT_SYS_PAGE);

	return &ring[(q->tail + ahead) & ((1ull << q->ring_log2) - 1)];
}

static bool room(const struct weft_user_queue *q, uint32_t packets)
{
	return q->tail + packets - weft_ring_ended(q) <= 1ull << q->ring_log2;
}

static void publish(struct weft_user_queue *q, uint32_t packets)
{
	q->tail += packets;
	__atomic_store_n(&ctl(q)->tail, q->tail, __ATOMIC_RELEASE);
	/* The card arms, fences and looks at tail; so one of the two sees the other. */
	atomic_thread_fence(memory_order_seq_cst);
	if (__atomic_load_n(&ctl(q)->armed, __ATOMIC_RELAXED))
		*(volatile uint32_t *)((volatile char *)q->doorbell + WEFT_DB_RING) = 1;
}

int weft_ring_push(struct weft_user_queue *q, const struct weft_list *list, bool loop, uint64_t count)
{
	if (!room(q, 1))
		return -EAGAIN;
	weft_list_encode_call(list, loop, count, next(q, 0));
	publish(q, 1);
	return 0;
}

int weft_ring_push_copy(struct weft_user_queue *q, const struct weft_image *image, uint64_t address, uint64_t count, uint64_t cell,
			uint64_t value)
{
	if (!room(q, 2))
		return -EAGAIN;
	weft_image_call(image, address, count, next(q, 0));
	weft_encode_signal(cell, value, next(q, 1));
	publish(q, 2);
	return 0;
}

void weft_ring_kick(const struct weft_user_queue *q, uint64_t address)
{
	*(volatile uint64_t *)((volatile char *)q->doorbell + WEFT_DB_KICK) = address;
}

bool weft_ring_state(const struct weft_user_queue *q, struct weft_user_queue_state *out)
{
	const struct weft_queue_state *s = (const struct weft_queue_state *)(uintptr_t)q->state;
	uint64_t before, after;
	uint32_t depth;
	int tries = 1000000;	/* a card that is an emulator may lose its processor in the middle of a record */

	do {
		before = __atomic_load_n(&s->version, __ATOMIC_ACQUIRE);
		out->run = __atomic_load_n(&s->run, __ATOMIC_RELAXED);
		out->cause = __atomic_load_n(&s->cause, __ATOMIC_RELAXED);
		out->fault_packet = __atomic_load_n(&s->fault_packet, __ATOMIC_RELAXED);
		out->retired = __atomic_load_n(&s->retired, __ATOMIC_RELAXED);
		out->wait_address = __atomic_load_n(&s->wait_va, __ATOMIC_RELAXED);
		out->wait_value = __atomic_load_n(&s->wait_value, __ATOMIC_RELAXED);
		out->wait_since_ns = __atomic_load_n(&s->wait_since_ns, __ATOMIC_RELAXED);
		out->fault_list = __atomic_load_n(&s->fault_list, __ATOMIC_RELAXED);
		out->fault_address = __atomic_load_n(&s->fault_va, __ATOMIC_RELAXED);
		out->origin = __atomic_load_n(&s->origin, __ATOMIC_RELAXED);
		out->iteration = __atomic_load_n(&s->frame[1].it, __ATOMIC_RELAXED);
		out->progress_ns = __atomic_load_n(&s->progress_ns, __ATOMIC_RELAXED);
		depth = __atomic_load_n(&s->depth, __ATOMIC_RELAXED);
		depth = depth > 1 && depth <= WEFT_FRAMES ? depth - 1 : 0;
		out->list = depth ? __atomic_load_n(&s->frame[depth].list, __ATOMIC_RELAXED) : 0;
		out->packet = __atomic_load_n(&s->frame[depth].pc, __ATOMIC_RELAXED);
		atomic_thread_fence(memory_order_acquire);
		after = __atomic_load_n(&s->version, __ATOMIC_RELAXED);
	} while ((before != after || before & 1) && --tries);
	out->posted = q->tail;
	out->ended = __atomic_load_n(&ctl(q)->head, __ATOMIC_ACQUIRE);
	return tries;
}

_Static_assert(WEFT_RING_LOG2_MIN == 4 && WEFT_RING_LOG2_MAX == 16, "limits of weft_user_queue_config.ring_lists");

const char *weft_user_queue_run_name(uint32_t run)
{
	static const char *const names[] = {
		[WEFT_QS_NONE] = "none", [WEFT_QS_IDLE] = "idle", [WEFT_QS_READY] = "ready",
		[WEFT_QS_RUNNING] = "running", [WEFT_QS_PARKED] = "parked", [WEFT_QS_FAULTED] = "faulted",
		[WEFT_QS_STOPPED] = "stopped", [WEFT_QS_SUSPENDED] = "suspended",
	};

	return run < sizeof(names) / sizeof(names[0]) ? names[run] : "?";
}
