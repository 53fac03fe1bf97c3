/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * What calls the members of this process may come with, and how long each has waited for the others, for them: in memory that they
 * can read and nobody else can write. It outlives its process, as long as one that reads it is there.
 */
#ifndef WEFT_COLL_BOARD_H
#define WEFT_COLL_BOARD_H

#include "message.h"

#define WEFT_BOARD_CALLS	1024u	/* the oldest make room */
#define WEFT_BOARD_TIMES	WEFT_COMM_ARRIVALS

/* One arrival of a member: the @number-th since the communicator was made, 0: none yet */
struct weft_board_time {
	uint64_t number, waited_ns;
};

struct weft_board_page {
	struct weft_message_call call[WEFT_BOARD_CALLS];
	struct weft_board_time time[WEFT_COLL_RANKS][WEFT_BOARD_TIMES];	/* [member], of this process */
};

struct weft_board {
	int fd;
	struct weft_board_page *page;
	uint32_t next;
	int there[WEFT_COLL_RANKS];	/* those of the other processes, -1: none */
};

int weft_board_init(struct weft_board *board);
void weft_board_fini(struct weft_board *board);
/* Takes a descriptor that another process says is its table: one that cannot fail when it is read. 0, -EPROTO with text */
int weft_board_adopt(struct weft_board *board, uint32_t process, int fd, const char *comm);
void weft_board_add(struct weft_board *board, const struct weft_message_call *call);
/* Whose tag it is; false: it is in no table */
bool weft_board_find(const struct weft_board *board, uint64_t tag, struct weft_message_call *call);

/* An arrival of member @rank, of this process; and all that there are of one of process @process, or of this one where it has no table */
void weft_board_put_time(struct weft_board *board, uint32_t rank, struct weft_board_time time);
void weft_board_times(const struct weft_board *board, uint32_t process, uint32_t rank, struct weft_board_time time[WEFT_BOARD_TIMES]);

#endif
