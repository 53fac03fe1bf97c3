/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: user queues
 *
 * A user queue is a ring in the process's memory and a doorbell in its address space: posting a list enters no kernel.
 * The card runs the lists in order. They may wait for and signal cells, and loop, so that cards drive each other with
 * the host asleep. Nothing tells the host that a list has ended but a cell that it signals, or weft_user_queue_state().
 * A user queue that faults stays so, and poisons the cells of its wills. Needs a card with capability lr.
 */
#ifndef WEFT_USER_QUEUE_H
#define WEFT_USER_QUEUE_H

#include "cell.h"
#include "queue.h"

#ifdef __cplusplus
extern "C" {
#endif

struct weft_user_queue;

/**
 * struct weft_will - a cell that the queue's lists signal
 * @cells: memory made with WEFT_MEMORY_CELLS, or an import of it with WEFT_ACCESS_SIGNAL
 * @index: cell in it
 * @id: shown as the origin of the poison
 */
struct weft_will {
	struct weft_memory *cells;
	uint32_t index;
	uint32_t id;
};

#define WEFT_USER_QUEUE_WAIT_STOPS	0x1	/* a wait beyond wait_limit_ns stops the queue, else the driver counts it */
#define WEFT_USER_QUEUE_TRACE		0x2	/* the card keeps a record of each packet; weft_user_queue_trace() */

/**
 * struct weft_user_queue_config - what weft_user_queue_create() makes; NULL or all 0 (but size) gives the defaults
 * @size: sizeof
 * @priority: enum weft_priority
 * @name: shown in errors and, to root, by weft top; UTF-8, copied; the first WEFT_NAME_BYTES - 1 bytes, control characters as
 *	'?'; may be NULL
 * @ring_lists: lists that can be posted and not yet ended, 16 … 65536, a power of two; 0 = 256
 * @weight: share among the process's queues on the card, 1 … 1000; 0 = 100
 * @run_limit_ns: running time between two progress marks; 0 = none
 * @wait_limit_ns: time of one wait; 0 = none. Beyond it the state shows cause "wait_limit" with WAIT_STOPS; without, it is
 *	one more in wait_limits of weft_device_stats()
 * @flags: WEFT_USER_QUEUE_*
 * @num_wills: entries of @wills, at most 4096
 * @wills: copied
 * @trace_records: with TRACE: records that can wait to be taken, 16 … 1048576, a power of two; 0 = 1024. Else 0
 * @pad: 0
 */
struct weft_user_queue_config {
	uint32_t size;
	uint32_t priority;
	const char *name;
	uint32_t ring_lists;
	uint32_t weight;
	uint64_t run_limit_ns;
	uint64_t wait_limit_ns;
	uint32_t flags;
	uint32_t num_wills;
	const struct weft_will *wills;
	uint32_t trace_records;
	uint32_t pad;
};

/**
 * weft_user_queue_create() - @queue is destroyed by the caller
 *
 * Return: 0, -EINVAL, -ENOTCONN, -EOPNOTSUPP (the card, or its kind, has none, or does not trace), -EACCES (priority;
 * rights of a will), -EDQUOT, -ENOSPC, -ENODEV, -ENOMEM.
 */
int weft_user_queue_create(struct weft_device *device, const struct weft_user_queue_config *config,
			   struct weft_user_queue **queue);

/** weft_user_queue_destroy() - stop it; cells of wills that have not ended are poisoned. 0, -EINVAL, -ENOTCONN, -ENODEV */
int weft_user_queue_destroy(struct weft_user_queue *queue);

/**
 * weft_user_queue_post() - run a committed list once, behind what was posted before; no system call
 *
 * One thread posts to a queue at a time. Return: 0, -EAGAIN (the ring is full), -EINVAL, -ENOTCONN.
 */
int weft_user_queue_post(struct weft_user_queue *queue, struct weft_list *list);

/** weft_user_queue_loop() - run it @count times, 0 = until a wait ends it or weft_list_break(); as weft_user_queue_post() */
int weft_user_queue_loop(struct weft_user_queue *queue, struct weft_list *list, uint64_t count);

/**
 * struct weft_user_queue_state - as the card shows it
 * @run: enum weft_queue_run of the card contract; weft_user_queue_run_name()
 * @cause: weft_fault_name(), 0 when it runs
 * @posted: lists posted
 * @ended: lists ended
 * @retired: packets
 * @wait_address: cell waited for while parked
 * @wait_value: value wanted
 * @wait_since_ns: card clock
 * @fault_address: first byte that could not be accessed
 * @origin: word of the cell that stopped it
 * @iteration: of the outermost loop
 * @fault_list: device address of the list that @fault_packet is an index into; 0: the packet of the ring
 * @list: device address of the innermost list that it is in, 0: the ring
 * @packet: index there; while it runs, of a moment ago
 * @pad: 0
 * @progress_ns: card clock when a packet last retired; while it runs, up to a moment ago
 */
struct weft_user_queue_state {
	uint32_t size;
	uint32_t run;
	uint32_t cause;
	uint32_t fault_packet;
	uint64_t posted, ended, retired;
	uint64_t wait_address, wait_value, wait_since_ns;
	uint64_t fault_address, origin, iteration;
	uint64_t fault_list;
	uint64_t list;
	uint32_t packet;
	uint32_t pad;
	uint64_t progress_ns;
};

/**
 * weft_user_queue_state() - look, without a system call
 *
 * Return: 0, -EINVAL, -ENOTCONN; -EAGAIN: the card was in the middle of writing its record all the time (milliseconds).
 */
int weft_user_queue_state(struct weft_user_queue *queue, struct weft_user_queue_state *state);

/**
 * struct weft_user_queue_record - one packet that retired; times are of the card's clock, ns (weft_device_clock())
 * @lane: the queue's number on the card
 * @packet: index in its list, low 16 bits
 * @seq: iteration of the innermost loop, low 32 bits; outside loops the number of the posted list
 * @pad: 0
 * @ready_ns: it could have started: the packet before it had retired, or its wait was woken
 * @start_ns: it started
 * @end_ns: it retired
 *
 * It has no size: it does not change.
 */
struct weft_user_queue_record {
	uint32_t lane, packet, seq, pad;
	uint64_t ready_ns, start_ns, end_ns;
};

/**
 * weft_user_queue_trace() - take the oldest records out, without a system call
 * @queue: made with WEFT_USER_QUEUE_TRACE
 * @records: room for @max
 * @max: 0 only asks for @dropped
 * @dropped: out, records lost so far because as many as trace_records waited; may be NULL
 *
 * One thread takes from a queue at a time; another may post to it. A record may come a moment after what its packet did
 * is seen. What was not taken is lost with the queue. Return: number of records, 0 when none waits; -EINVAL (also a queue
 * that does not trace), -ENOTCONN.
 */
int weft_user_queue_trace(struct weft_user_queue *queue, struct weft_user_queue_record *records, uint32_t max,
			  uint64_t *dropped);

/** weft_user_queue_run_name() - "running", "parked" …, "?" for an unknown number */
const char *weft_user_queue_run_name(uint32_t run);

#ifdef __cplusplus
}
#endif
#endif
