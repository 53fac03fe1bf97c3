/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * What calls the members of this process may come with, for the others: a table in memory that they can read and nobody else can
 * write. It outlives its process, as long as one that reads it is there.
 */
#ifndef WEFT_COLL_BOARD_H
#define WEFT_COLL_BOARD_H

#include "message.h"

struct weft_board {
	int fd;
	struct weft_message_call *call;	/* of WEFT_BOARD_CALLS */
	uint32_t next;
	int there[WEFT_COLL_RANKS];	/* those of the other processes, -1: none */
};

#define WEFT_BOARD_CALLS	1024u	/* the oldest make room */

int weft_board_init(struct weft_board *board);
void weft_board_fini(struct weft_board *board);
/* Takes a descriptor that another process says is its table: one that cannot fail when it is read. 0, -EPROTO with text */
int weft_board_adopt(struct weft_board *board, uint32_t process, int fd, const char *comm);
void weft_board_add(struct weft_board *board, const struct weft_message_call *call);
/* Whose tag it is; false: it is in no table */
bool weft_board_find(const struct weft_board *board, uint64_t tag, struct weft_message_call *call);

#endif
