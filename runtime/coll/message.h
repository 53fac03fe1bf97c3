/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What processes of a communicator send each other, as bytes. Nothing in it is believed. */
#ifndef WEFT_COLL_MESSAGE_H
#define WEFT_COLL_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schedule.h"

#define WEFT_MESSAGE_VERSION	1u
#define WEFT_MESSAGE_SPANS	32u
/* Most descriptors of one: the table of calls, and of a members here the inbox and the cells of each of b there, a + b = RANKS */
#define WEFT_MESSAGE_FDS	(1 + WEFT_COLL_RANKS / 2 * (1 + WEFT_COLL_RANKS / 2))

enum weft_message_kind {
	WEFT_MESSAGE_HELLO = 1,		/* to who listens: which members there are here */
	WEFT_MESSAGE_PLACE,		/* and back: which process has which member, and sockets to the others */
	WEFT_MESSAGE_MEMORY,		/* table of calls; of each member its inbox and the receiver's cells */
	WEFT_MESSAGE_RANGES,		/* device addresses that are free for a window */
	WEFT_MESSAGE_WINDOW,		/* each member's memory of it */
	WEFT_MESSAGE_WORD,		/* of an agreement */
	WEFT_MESSAGE_REVOKE,		/* the communicator is given up; comes at any time */
	WEFT_MESSAGE_KINDS
};

/* What a process says when all are to agree; of shrinking: members that are left and posts that all of them have ended */
struct weft_message_word {
	int32_t status;			/* 0 or -errno */
	uint32_t members;		/* a bit for each */
	uint64_t ended;
};

/**
 * struct weft_message - any of them; unused parts are 0
 * @magic: filled and checked here, as is all up to and with @bytes, and @sum
 * @kind: enum weft_message_kind
 * @from: number of the sender's process; of HELLO 0
 * @epoch: of the communicator, from 1 on; of HELLO 0
 * @step: of the communicator's exchanges in this epoch; of HELLO, PLACE and REVOKE 0
 * @status: 0, or -errno: the sender has failed, and no descriptor comes with it
 * @fds: descriptors beside it
 * @hello: members of the communicator; what its members have to agree on; ranks and cards of those here
 * @place: processes; the receiver's number; of each member its process and card
 * @ranges: of the window and of all members' parts; lowest free ranges first
 * @word: processes whose words are known to the sender, and those
 */
struct weft_message {
	uint64_t magic;
	uint32_t version, bytes;
	uint32_t kind, from;
	uint64_t epoch, step;
	int32_t status;
	uint32_t fds;
	union {
		struct {
			uint32_t members, count, slot_bytes, posts;
			uint8_t rank[WEFT_COLL_RANKS];
			uint32_t card[WEFT_COLL_RANKS];
		} hello;
		struct {
			uint32_t processes, you;
			uint8_t process[WEFT_COLL_RANKS];
			uint32_t card[WEFT_COLL_RANKS];
		} place;
		struct {
			uint64_t bytes, span;
			uint64_t num;
			struct { uint64_t start, end; } range[WEFT_MESSAGE_SPANS];
		} ranges;
		struct {
			uint32_t known, pad;
			struct weft_message_word word[WEFT_COLL_RANKS];
		} word;
	};
	uint64_t sum;
};

/**
 * struct weft_message_due - what is waited for
 * @kind: enum weft_message_kind
 * @from: the sender's number; of HELLO and PLACE 0
 * @processes: there are; of PLACE what there is in the message
 * @members: of the communicator
 * @fds: descriptors it has to have; of PLACE that follows from it; UINT32_MAX: any number
 * @epoch: and @step: of it; of HELLO and PLACE 0
 * @comm: name for texts
 * @who: the lowest member of the sender's process, for texts; UINT32_MAX: not known yet
 */
struct weft_message_due {
	uint32_t kind, from, processes, members, fds, who;
	uint64_t epoch, step;
	const char *comm;
};

/* Fills what is filled here. */
void weft_message_seal(struct weft_message *message);
/*
 * Bytes that came with @fds descriptors, to a message that is whole, sound in itself and the one that is due. Return: 0;
 * -EPROTO; -ECONNABORTED: its sender has failed, and @message has it all the same. With text.
 */
int weft_message_read(const void *data, size_t bytes, uint32_t fds, const struct weft_message_due *due, struct weft_message *message);
/* Before it is taken out of the socket: its kind and epoch, if the first @bytes of it are those of a message */
bool weft_message_look(const void *data, size_t bytes, uint32_t *kind, uint64_t *epoch);
/* The text of a status that another process gave: only what is an errno is shown as one */
const char *weft_message_errno(int32_t status);

/* A call in words, in memory that another process shares: of @tag, or it is none. What is said fits the tag. */
struct weft_message_call {
	uint64_t tag;			/* stored last; 0: nothing */
	uint32_t op, algorithm, type, reduction, root, peer, ranks, slot_bytes;
	uint64_t count;
};

/* All that members have to agree on as one number, never 0 */
uint64_t weft_message_tag(const struct weft_message_call *call);
/* false: it is no call, or not that of @tag */
bool weft_message_call_ok(const struct weft_message_call *call, uint64_t tag);
/* "all-reduce of 5 f32 by direct"; of a call that is one */
const char *weft_message_call_text(const struct weft_message_call *call, char *text, size_t bytes);

#endif
