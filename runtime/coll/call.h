/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#ifndef WEFT_COLL_CALL_H
#define WEFT_COLL_CALL_H

#include <weft/coll_quick.h>

#include "comm.h"
#include "emit.h"

#define WEFT_COLL_COPIES	64u

/* What a member here runs; of those elsewhere nothing */
struct weft_coll_part_of {
	struct weft_coll_program program;
	struct weft_coll_steps steps;
	struct weft_image image;
	struct weft_memory *memory;	/* copies */
	char *map;
	uint64_t stride;
	uint32_t num_copies, next;
	uint64_t ends[WEFT_COLL_COPIES];	/* lists of the ring that have ended when a copy is free again */
	uint64_t *base;			/* of one post … */
	uint16_t *phase;
	void *scratch;
};

struct weft_coll {
	uint32_t magic;
	struct weft_comm *comm;
	struct weft_coll *next;		/* comm->calls */
	struct weft_coll_call call;
	enum weft_type type;
	enum weft_reduction reduction;
	struct weft_window *in, *out;
	struct weft_message_call shown;	/* what others may see of it, and its tag */
	struct weft_coll_desc desc;	/* of one that is kept */
	uint64_t kept;			/* under comm->lock; not 0: made by weft_all_reduce() and the like, and used as the so-manieth */
	struct weft_coll_part_of part[WEFT_COLL_RANKS];
};

#define WEFT_COLL_KEPT	64u	/* of a communicator */
/* quick.c: destroys kept calls that use the window, or all; but for those that have not ended */
void weft_coll_forget(struct weft_comm *comm, const struct weft_window *window);

#endif
