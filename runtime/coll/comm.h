/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#ifndef WEFT_COLL_COMM_H
#define WEFT_COLL_COMM_H

#include <pthread.h>
#include <stdatomic.h>

#include <weft/comm_join.h>

#include "board.h"
#include "mesh.h"
#include "schedule.h"
#include "topology.h"

#include "runtime/core/list.h"
#include "runtime/core/memory.h"
#include "runtime/core/user_queue.h"

/* Cells that one member signals and another waits for: two for arrivals, which take turns, and one for progress in a call */
enum { WEFT_COMM_ARRIVAL, WEFT_COMM_PROGRESS = 2, WEFT_COMM_CELLS };

/*
 * A member, and what lies on its card. How many arrivals and signals there were between two members is known to both without
 * asking, as long as their calls are the same. Of a member of another process there is its card's number only; what is its is
 * among the imports of those here.
 */
struct weft_comm_member {
	struct weft_device *device;				/* NULL: of another process */
	uint32_t card;
	uint32_t old_rank;					/* in the communicator that this one was shrunk from, else its own */
	struct weft_user_queue *queue;				/* NULL: it was stopped */
	struct weft_memory *done;				/* a cell: posts that have ended */
	struct weft_memory *cells[WEFT_COLL_RANKS];		/* here, signalled by that member */
	struct weft_memory *cells_there[WEFT_COLL_RANKS];	/* on that member's card, signalled by this one */
	struct weft_memory *inbox;				/* two of a slot for each member */
	struct weft_memory *inbox_there[WEFT_COLL_RANKS];	/* that member's */
	uint64_t arrivals[WEFT_COLL_RANKS];			/* with that member, of what is posted */
	uint64_t sent[WEFT_COLL_RANKS], got[WEFT_COLL_RANKS];	/* signals, the same */
	uint64_t posts;
	struct weft_memory *times;	/* two of the card's clock for each of its last arrivals, see times.h; NULL: none are taken */
	const uint64_t *times_map;
	uint64_t timed, told;		/* arrivals that were posted; and those whose times are on the board */
};

struct weft_comm {
	uint32_t magic;
	uint32_t ranks, slot_bytes, posts, priority, flags;
	uint32_t mine;			/* members of this process, a bit for each */
	uint64_t ended;			/* posts that all members had ended before it was shrunk to this one */
	char name[WEFT_NAME_BYTES];
	uint32_t children;		/* windows and calls, under lock */
	atomic_bool broken;		/* a member has stopped, and a wait has said so; or it was revoked */
	atomic_uint revoker;		/* 1 + a member of the process that did it, or shrinks it already; 0: nobody has */
	atomic_bool given_up;		/* it was revoked on purpose */
	pthread_mutex_t lock;
	pthread_rwlock_t gate;		/* of queues: read by who posts or looks, written by who stops them. Outside of lock */
	pthread_mutex_t together;	/* of the mesh. Outside of both */
	struct weft_mesh mesh;
	struct weft_board board;
	struct weft_coll *calls;	/* under lock */
	struct weft_coll_topology topology;	/* of the members */
	struct weft_window *windows;	/* under lock */
	uint64_t uses;			/* of calls that are kept, under lock */
	struct weft_comm_arrivals arrivals;	/* as far as they were counted, under lock */
	int table;			/* memfd, -1: none */
	bool shrunk;			/* under together */
	struct weft_comm_member member[WEFT_COLL_RANKS];
};

struct weft_window {
	uint32_t magic;
	struct weft_comm *comm;
	struct weft_window *next;	/* comm->windows */
	uint32_t users;			/* calls and views, under comm->lock */
	uint64_t bytes, base, span;	/* member m's is at base + m * span */
	struct weft_window *of;		/* of a view, which has nothing of its own: member m's is that of this one's of_member[m] */
	uint8_t of_member[WEFT_COLL_RANKS];
	struct weft_memory *memory[WEFT_COLL_RANKS];
	struct weft_memory *there[WEFT_COLL_RANKS][WEFT_COLL_RANKS];	/* [of member][in the address space of] */
};

/* Inbox that the call with @arrivals before it uses */
static inline uint64_t weft_comm_inbox_bytes(const struct weft_comm *comm)
{
	return (uint64_t)comm->ranks * comm->slot_bytes;
}

static inline bool weft_comm_mine(const struct weft_comm *comm, uint32_t rank)
{
	return comm->mine >> rank & 1;
}

/* comm.c: a communicator with its fields and mesh, and its memory, cells and queues, made by all its processes together */
struct weft_comm *weft_comm_new(uint32_t ranks, const struct weft_comm_config *config);
/* 0; -EOWNERDEAD, -ECANCELED, -ENODEV: a process or card was lost meanwhile, all processes agree; other -errno; with text */
int weft_comm_build(struct weft_comm *comm);
int weft_comm_free(struct weft_comm *comm);
/* Stops what runs here; whoever waits for a member of this process stops, too. Once: then queues are NULL */
int weft_comm_stop(struct weft_comm *comm);
/* All that members here reach of others' */
void weft_comm_unreach(struct weft_comm *comm, int *ret);

/* table.c: what weft top can be told of it, plan_table.h; without one it works as well */
void weft_comm_table_open(struct weft_comm *comm);
void weft_comm_table_close(struct weft_comm *comm);

/* wait.c: was it revoked, or shrunk by another process? Asks what the other processes have sent, unless they do something together right now */
bool weft_comm_revoked(struct weft_comm *comm);

/* window.c: the lowest base with @need bytes that is free in all @num processes, by what each says, or 0: each finds the same */
uint64_t weft_window_base(const struct weft_message *all, uint32_t num, uint64_t need);
/* one of its communicator from now on */
void weft_window_add(struct weft_window *window);
/* what members here reach of others' parts of it */
void weft_window_unreach(struct weft_window *window, int *ret);

/* share.c: memory of members for those of other processes; both are called by all processes together */
int weft_share_members(struct weft_comm *comm, int status);
/* Memory of a window: of members here at @memory, imports at @there of those elsewhere */
int weft_share_window(struct weft_comm *comm, struct weft_window *window, int status);
/* What they say at the end: 0 if nobody has failed. @retry: of all, the same in each process. With text */
int weft_share_agree(struct weft_comm *comm, int status);

#endif
