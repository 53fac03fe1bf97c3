/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What two processes send each other about an edge, as bytes. Nothing in it is believed. */
#ifndef WEFT_EXEC_OFFER_H
#define WEFT_EXEC_OFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEFT_OFFER_VERSION	3u
#define WEFT_OFFER_NAME		256u
#define WEFT_OFFER_FDS		2u	/* the cells, then the blocks: of the producer, and where there are any */
#define WEFT_OFFER_CONSUMERS	128u	/* at most, of an edge in the importing plan: a page has as many cells */

enum weft_offer_end { WEFT_OFFER_PRODUCER = 1, WEFT_OFFER_CONSUMER = 2 };

/* weft_offer.flags */
#define WEFT_OFFER_CONTROL	0x1	/* no blocks */

/**
 * struct weft_offer - one end of an edge, the first message of each side; its descriptors are beside it
 * @head: filled and checked here
 * @end: whose end it is
 * @flags: WEFT_OFFER_*
 * @epoch: the sender's number of this load, not 0
 * @block_bytes: of one block; 0 with CONTROL. Blocks follow each other at this distance rounded up to 256
 * @first: value of the cells before the first firing (weft_plan_config.cell_base)
 * @tokens: that went through it before, by the snapshot that the plan goes on from; 0: it goes on from none
 * @depth: blocks D
 * @initial: tokens k; of the producer, else 0
 * @block_access: WEFT_ACCESS_READ of the producer where there are blocks, else 0: what the descriptor lets the other side do
 * @cell_access: WEFT_ACCESS_READ | WEFT_ACCESS_SIGNAL, the same of the cells that the sender waits for, from the first in their memory on:
 *	of the consumer one, of the producer WEFT_OFFER_CONSUMERS
 * @consumers: of the consumer: how many bodies, and so cells of the producer, 1 … WEFT_OFFER_CONSUMERS; of the producer 0
 * @rate: of the producer: tokens of a firing, 1 … 65535; of the consumer 0
 * @name: of the edge, ended and filled up by 0
 * @sum: of all bytes before
 */
struct weft_offer_head {
	uint64_t magic;
	uint32_t version, bytes;
};

struct weft_offer {
	struct weft_offer_head head;
	uint32_t end, flags;
	uint64_t epoch, block_bytes, first, tokens;
	uint32_t depth, initial, block_access, cell_access;
	uint32_t consumers, rate;
	char name[WEFT_OFFER_NAME];
	uint64_t sum;
};

/**
 * struct weft_offer_ready - the last message of each side
 * @epoch: of the offer that it answers, so that what another load left in the socket is not taken for it; 0: none came
 * @status: 0: all cells of the sender have their first values; or -errno: its load failed
 */
struct weft_offer_ready {
	struct weft_offer_head head;
	uint64_t epoch;
	int32_t status;
	uint32_t pad;
	uint64_t sum;
};

/* Fills @head and @sum. */
void weft_offer_seal(struct weft_offer *offer);
void weft_offer_ready_seal(struct weft_offer_ready *ready);

/*
 * Bytes that came with @fds descriptors, to a message that is whole and sound in itself; the other end is @end. Return: 0, or
 * -EPROTO with a text about edge @edge.
 */
int weft_offer_read(const void *data, size_t bytes, uint32_t fds, enum weft_offer_end end, const char *edge,
		    struct weft_offer *offer);
/* The same of the last message: it answers our @epoch, or says that the load failed, -ECONNABORTED */
int weft_offer_ready_read(const void *data, size_t bytes, uint32_t fds, uint64_t epoch, const char *edge);
/* Is it, while an offer is waited for, word of a load that failed? 0, or -ECONNABORTED with text */
int weft_offer_refused(const void *data, size_t bytes, const char *edge);

/* Do two ends belong together? 0, or -EINVAL with a text that has both */
int weft_offer_match(const struct weft_offer *ours, const struct weft_offer *theirs);

#endif
