/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#ifndef WEFT_COLL_COMM_H
#define WEFT_COLL_COMM_H

#include <pthread.h>
#include <stdatomic.h>

#include "schedule.h"
#include "topology.h"

#include "runtime/core/list.h"
#include "runtime/core/memory.h"
#include "runtime/core/user_queue.h"

/* Cells that one member signals and another waits for: two for arrivals, which take turns, and one for progress in a call */
enum { WEFT_COMM_ARRIVAL, WEFT_COMM_PROGRESS = 2, WEFT_COMM_CELLS };

/*
 * A member, and what lies on its card. How many arrivals and signals there were between two members is known to both without
 * asking, as long as their calls are the same.
 */
struct weft_comm_member {
	struct weft_device *device;
	struct weft_user_queue *queue;
	struct weft_memory *done;				/* a cell: posts that have ended */
	struct weft_memory *cells[WEFT_COLL_RANKS];		/* here, signalled by that member */
	struct weft_memory *cells_there[WEFT_COLL_RANKS];	/* on that member's card, signalled by this one */
	struct weft_memory *inbox;				/* two of a slot for each member */
	struct weft_memory *inbox_there[WEFT_COLL_RANKS];	/* that member's */
	uint64_t arrivals[WEFT_COLL_RANKS];			/* with that member, of what is posted */
	uint64_t sent[WEFT_COLL_RANKS], got[WEFT_COLL_RANKS];	/* signals, the same */
	uint64_t posts;
};

struct weft_comm {
	uint32_t magic;
	uint32_t ranks, slot_bytes, posts;
	char name[WEFT_NAME_BYTES];
	uint32_t children;		/* windows and calls, under lock */
	atomic_bool broken;		/* a member has stopped, and a wait has said so */
	pthread_mutex_t lock;
	struct weft_coll *calls;	/* under lock */
	struct weft_coll_topology topology;	/* of the members */
	struct weft_comm_member member[WEFT_COLL_RANKS];
};

struct weft_window {
	uint32_t magic;
	struct weft_comm *comm;
	uint32_t users;			/* calls, under comm->lock */
	uint64_t bytes, base, span;	/* member m's is at base + m * span */
	struct weft_memory *memory[WEFT_COLL_RANKS];
	struct weft_memory *there[WEFT_COLL_RANKS][WEFT_COLL_RANKS];	/* [of member][in the address space of] */
};

/* Inbox that the call with @arrivals before it uses */
static inline uint64_t weft_comm_inbox_bytes(const struct weft_comm *comm)
{
	return (uint64_t)comm->ranks * comm->slot_bytes;
}

#endif
