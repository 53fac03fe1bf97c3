/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * A record has a packet's index and the iteration, but not the list. A list that a body calls begins where its CALL's turn is,
 * and ends with the record of that CALL, which began before all of them.
 */
#include "decode.h"

void weft_decode_init(struct weft_decode *d, const struct weft_span_of *body, uint32_t num_bodies, uint64_t head)
{
	*d = (struct weft_decode) { .body = body, .num_bodies = num_bodies, .head = head, .plain = true };
	for (uint32_t i = 0; i < num_bodies; i++)
		d->plain &= body[i].call == WEFT_NO_PACKET && body[i].last <= 0x10000;
}

static bool take_out(struct weft_decode *d, struct weft_fired *out)
{
	const bool whole = d->open && d->whole;

	if (whole)
		*out = d->fired;
	d->open = d->whole = false;
	return whole;
}

bool weft_decode_flush(struct weft_decode *d, struct weft_fired *out)
{
	return d->open && d->whole && take_out(d, out);
}

/* The body with packet @packet, from the one before on; num_bodies: none. */
static uint32_t body_at(const struct weft_decode *d, uint32_t packet, uint32_t from)
{
	while (from < d->num_bodies && packet >= d->body[from].last)
		from++;
	return from < d->num_bodies && packet >= d->body[from].first ? from : d->num_bodies;
}

/* The index of the packet that the record is of, whose low bits it has; it is not before @least. */
static uint32_t packet_of(const struct weft_user_queue_record *r, uint32_t least)
{
	const uint32_t packet = (least & ~0xffffu) | (r->packet & 0xffff);

	return packet < least ? packet + 0x10000u : packet;
}

bool weft_decode_gap(struct weft_decode *d, struct weft_fired *out)
{
	d->lost = true;
	d->after_loss = d->inside = false;
	return take_out(d, out);
}

/* In the list of the body's own; true: its CALL has ended, and the record is that of the CALL. */
static bool call_ended(const struct weft_decode *d, const struct weft_user_queue_record *r)
{
	return (d->body[d->at].call & 0xffff) == (r->packet & 0xffff) && r->start_ns <= d->inside_ns;
}

static void add(struct weft_decode *d, const struct weft_user_queue_record *r, bool wait)
{
	const struct weft_span_of *b = &d->body[d->at];

	if (!d->open) {
		d->open = true;
		d->whole = false;
		d->fired = (struct weft_fired) {
			.position = d->at, .firing = d->iteration - b->skew, .ready_ns = r->ready_ns, .start_ns = r->start_ns };
	}
	if (wait) {
		d->fired.wait_ns += r->ready_ns > d->end_ns ? r->ready_ns - d->end_ns : 0;
		d->fired.ready_ns = r->ready_ns;
		d->fired.start_ns = r->start_ns;
	}
	d->fired.end_ns = r->end_ns;
	d->whole |= d->packet + 1 == b->last;
	d->end_ns = r->end_ns;
}

static bool begin(struct weft_decode *d, const struct weft_user_queue_record *r)
{
	d->begun = true;
	d->loop_ns = r->start_ns;
	d->end_ns = r->ready_ns;
	d->iteration = r->seq;
	d->packet = d->at = 0;
	return r->packet == 0;
}

/* The record is of a list that a body calls, or of the CALL when that is over. */
static bool inside(struct weft_decode *d, const struct weft_user_queue_record *r)
{
	/* no other list begins with 0 where the CALL's turn is */
	if (!d->inside && d->body[d->at].call == d->packet + 1 && !(r->packet & 0xffff)) {
		d->inside = true;
		d->inside_ns = r->start_ns;
	} else if (d->inside && call_ended(d, r)) {
		d->inside = false;
		d->packet = d->body[d->at].call;
		add(d, r, false);
		return true;
	}
	d->end_ns = d->inside ? r->end_ns : d->end_ns;
	return d->inside;
}

static bool begins(const struct weft_decode *d, const struct weft_user_queue_record *r)
{
	const uint32_t at = body_at(d, r->packet, 0);

	return at < d->num_bodies && d->body[at].first == r->packet;
}

bool weft_decode_feed(struct weft_decode *d, const struct weft_user_queue_record *r, struct weft_fired *out)
{
	bool done = false, next;
	uint32_t at;

	if (d->ended)
		return false;
	if (d->head) {
		d->head--;
		return false;
	}
	if (!d->begun && !begin(d, r)) {
		d->lost = true;
	} else if (r->start_ns < d->loop_ns) {	/* the LOOP itself, and what comes after it */
		d->ended = true;
		return take_out(d, out);
	}
	next = r->seq != (uint32_t)d->iteration;
	if (d->lost && !(next && d->after_loss) && !(d->plain && begins(d, r))) {
		d->after_loss = true;
		d->iteration += r->seq - (uint32_t)d->iteration;
		d->end_ns = r->end_ns;
		return false;
	}
	next |= d->lost;
	if (d->lost && !d->after_loss)
		d->end_ns = r->ready_ns;
	d->lost = d->after_loss = false;
	if (!next && inside(d, r))
		return false;
	d->packet = packet_of(r, next ? 0 : d->packet);
	at = body_at(d, d->packet, next ? 0 : d->at);
	if (at == d->num_bodies || (next && d->inside))
		return weft_decode_gap(d, out);		/* no record of this lane: it may come to itself */
	if (next || at != d->at)
		done = take_out(d, out);
	d->iteration += r->seq - (uint32_t)d->iteration;
	d->at = at;
	/* a RANGE that is not reached yet leaves its own record and no other */
	if (d->iteration < d->body[at].skew)
		d->end_ns = r->end_ns;
	else
		add(d, r, d->packet == d->body[at].wait);
	return done;
}
