/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The text of debugfs's `queues`, `spaces` and `firmware`, as far as weft top shows it; words that it does not know are passed over. */
#ifndef WEFT_TOOL_TOP_PARSE_H
#define WEFT_TOOL_TOP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct top_queue {
	uint32_t id, space;
	bool user, known;			/* known: the card was asked */
	char run[16], cause[16];
	char name[33];				/* "": none; what a terminal should not get is '?' */
	uint64_t retired, busy_ns;
	bool waits;
	uint64_t wait_va, wait_value, wait_since_ns;
	bool cell_known;			/* the cell it waits for, a moment later than the wait */
	uint64_t cell_value, cell_end, cell_fault;
	uint64_t iteration;			/* of its outermost loop */
	bool loops;
	bool in_list;				/* the innermost list that it is in, and the packet */
	uint64_t list, packet;
	uint64_t client;			/* whose space it has, 0: not known */
};

/* Queues of @text into @queue, at most @max of them. Return: how many there are */
uint32_t top_parse_queues(const char *text, struct top_queue *queue, uint32_t max);
/* Clients of @text, the text of `spaces`, to queues */
void top_parse_spaces(const char *text, struct top_queue *queue, uint32_t count);
/* The card's clock, 0 when the card was not asked */
uint64_t top_parse_clock(const char *text);

#endif
