/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Packet records of one lane, in the order the card made them, to firings of its bodies. It knows nothing of queues: what a
 * lane's loop looks like it is told, and where records are missing, too.
 */
#ifndef WEFT_EXEC_DECODE_H
#define WEFT_EXEC_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/user_queue.h>

#define WEFT_NO_PACKET	UINT32_MAX

/* Packets of a body in its lane's loop: first … last - 1. */
struct weft_span_of {
	uint32_t first, last;
	uint32_t wait;			/* its WAIT, or WEFT_NO_PACKET */
	uint32_t call;			/* its CALL of a list of its own, or WEFT_NO_PACKET */
	uint32_t skew;
};

struct weft_fired {
	uint32_t position;		/* body of the lane */
	uint64_t firing;
	uint64_t ready_ns, start_ns, end_ns, wait_ns;
};

struct weft_decode {
	const struct weft_span_of *body;
	uint32_t num_bodies;
	bool plain;			/* no body calls a list, so a packet's index says what it is */
	uint64_t head;			/* records before those of the loop, still to come */
	bool begun, ended;
	bool lost;			/* records are missing: nothing is known until an iteration begins, or a body if plain */
	bool after_loss;		/* and one record of this one was seen */
	uint64_t loop_ns;		/* the loop began no later */
	uint64_t iteration, end_ns;	/* of the record before */
	uint32_t packet;		/* in the loop */
	uint32_t at;			/* body of it */
	/* inside a list of the body's own */
	bool inside;
	uint64_t inside_ns;
	/* what the firing is known of so far */
	bool open, whole;
	struct weft_fired fired;
};

/* @head: records that come before the loop's own */
void weft_decode_init(struct weft_decode *d, const struct weft_span_of *body, uint32_t num_bodies, uint64_t head);
/* true: *out is a firing that has ended */
bool weft_decode_feed(struct weft_decode *d, const struct weft_user_queue_record *r, struct weft_fired *out);
/* Records are missing here: what they cut into is left out, and what follows until it is known again where it belongs. As weft_decode_feed() */
bool weft_decode_gap(struct weft_decode *d, struct weft_fired *out);
/* The same, where no record waits: what ended with the last one */
bool weft_decode_flush(struct weft_decode *d, struct weft_fired *out);

#endif
