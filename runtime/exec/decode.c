/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * A packet is ready when the one before it has retired; only a WAIT that parked is so later. Anything else that is ready
 * later comes after records that were lost.
 */
#include "decode.h"

void weft_decode_init(struct weft_decode *d, const struct weft_span_of *body, uint32_t num_bodies, uint64_t head)
{
	*d = (struct weft_decode) { .body = body, .num_bodies = num_bodies, .head = head };
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

static bool lose(struct weft_decode *d, const struct weft_user_queue_record *r, struct weft_fired *out)
{
	const bool done = take_out(d, out);

	d->lost = d->after_loss = true;
	d->inside = false;
	d->iteration += r->seq - (uint32_t)d->iteration;
	d->end_ns = r->end_ns;
	return done;
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

bool weft_decode_feed(struct weft_decode *d, const struct weft_user_queue_record *r, struct weft_fired *out)
{
	bool done = false, next, wait, gap;
	uint32_t packet, at;

	if (d->ended)
		return false;
	if (d->head) {
		d->head--;
		return false;
	}
	if (!d->begun && !begin(d, r))
		d->lost = true;
	else if (r->start_ns < d->loop_ns) {	/* the LOOP itself, and what comes after it */
		d->ended = true;
		return take_out(d, out);
	}
	next = r->seq != (uint32_t)d->iteration;
	if (d->lost) {
		if (!next || !d->after_loss) {
			d->after_loss = true;
			d->iteration += r->seq - (uint32_t)d->iteration;
			d->end_ns = r->end_ns;
			return false;
		}
		d->lost = d->after_loss = false;
	}
	if (d->inside && !next) {
		if (call_ended(d, r)) {
			d->inside = false;
			d->packet = d->body[d->at].call;
			add(d, r, false);
			return false;
		}
		if (r->ready_ns != d->end_ns)
			return lose(d, r, out);
		d->end_ns = r->end_ns;
		return false;
	}
	if (d->inside)
		return lose(d, r, out);
	/* the next packet is that of the list that a body calls; no other list begins with 0 behind the CALL's turn */
	if (!next && d->at < d->num_bodies && d->body[d->at].call == d->packet + 1 && !(r->packet & 0xffff)) {
		d->inside = true;
		d->inside_ns = r->start_ns;
		if (r->ready_ns != d->end_ns)
			return lose(d, r, out);
		d->end_ns = r->end_ns;
		return false;
	}
	packet = packet_of(r, next ? 0 : d->packet);
	at = body_at(d, packet, next ? 0 : d->at);
	if (at == d->num_bodies)
		return lose(d, r, out);
	wait = packet == d->body[at].wait;
	gap = r->ready_ns != d->end_ns && !(wait && r->ready_ns > d->end_ns);
	if (gap)
		return lose(d, r, out);
	if (next || at != d->at)
		done = take_out(d, out);
	d->iteration += r->seq - (uint32_t)d->iteration;
	d->packet = packet;
	d->at = at;
	/* a RANGE that is not reached yet leaves its own record and no other */
	if (d->iteration < d->body[at].skew)
		d->end_ns = r->end_ns;
	else
		add(d, r, wait);
	return done;
}
