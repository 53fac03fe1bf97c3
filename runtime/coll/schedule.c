/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include "schedule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINE	64u

/* The member whose steps are made. */
struct maker {
	const struct weft_coll_call *call;
	uint32_t me;
	uint16_t others;		/* a bit for each */
	uint64_t bytes;			/* of count */
	struct weft_coll_steps *steps;
	bool failed;			/* no memory */
};

static struct weft_coll_step *step(struct maker *m, enum weft_coll_kind kind)
{
	static struct weft_coll_step nowhere;
	struct weft_coll_steps *s = m->steps;

	if (s->num == s->room) {
		const uint32_t room = s->room ? 2 * s->room : 8;
		struct weft_coll_step *more = realloc(s->step, room * sizeof(*more));

		if (!more) {
			m->failed = true;
			return &nowhere;
		}
		s->step = more;
		s->room = room;
	}
	memset(&s->step[s->num], 0, sizeof(s->step[0]));
	s->step[s->num].kind = kind;
	return &s->step[s->num++];
}

static uint16_t bit(uint32_t rank)
{
	return (uint16_t)(1u << rank);
}

static void arrive(struct maker *m)
{
	if (m->others)
		step(m, WEFT_COLL_STEP_ARRIVE)->ranks = m->others;
}

static void arrived(struct maker *m)
{
	if (m->others)
		step(m, WEFT_COLL_STEP_ARRIVED)->ranks = m->others;
}

static void meet(struct maker *m)
{
	arrive(m);
	arrived(m);
}

static void signal_to(struct maker *m, uint16_t ranks)
{
	if (!ranks)
		return;
	step(m, WEFT_COLL_STEP_SIGNAL)->ranks = ranks;
	for (uint32_t r = 0; r < m->call->ranks; r++)
		m->steps->signals[r] += ranks >> r & 1;
}

/* The next signal of each of them. */
static void wait_for(struct maker *m, uint16_t ranks)
{
	struct weft_coll_step *s;

	if (!ranks)
		return;
	s = step(m, WEFT_COLL_STEP_WAIT);
	s->ranks = ranks;
	for (uint32_t r = 0; r < m->call->ranks; r++)
		if (ranks >> r & 1)
			s->number[r] = ++m->steps->expects[r];
}

/* Everybody has what it wanted from everybody. */
static void part(struct maker *m)
{
	signal_to(m, m->others);
	wait_for(m, m->others);
}

static struct weft_coll_place at(enum weft_coll_part part, uint32_t rank, uint64_t offset)
{
	return (struct weft_coll_place) { .part = (uint8_t)part, .rank = (uint8_t)rank, .offset = offset };
}

/* The input of a member; in place it is where the output is. */
static struct weft_coll_place in(const struct maker *m, uint32_t rank, uint64_t offset)
{
	if (!m->call->in_place || m->call->op == WEFT_COLL_REDUCE_SCATTER)
		return at(WEFT_COLL_IN, rank, offset);
	return at(WEFT_COLL_OUT, rank, offset + (m->call->op == WEFT_COLL_ALL_GATHER ? rank * m->bytes : 0));
}

static struct weft_coll_place out(const struct maker *m, uint32_t rank, uint64_t offset)
{
	if (m->call->in_place && m->call->op == WEFT_COLL_REDUCE_SCATTER)
		return at(WEFT_COLL_IN, rank, offset + rank * m->bytes);
	return at(WEFT_COLL_OUT, rank, offset);
}

static struct weft_coll_place inbox(const struct maker *m, uint32_t rank, uint32_t from)
{
	return at(WEFT_COLL_INBOX, rank, from * m->call->slot_bytes);
}

static bool same(struct weft_coll_place a, struct weft_coll_place b)
{
	return a.part == b.part && a.rank == b.rank && a.offset == b.offset;
}

static void add_src(struct weft_coll_step *s, struct weft_coll_place p)
{
	s->src[s->num_src++] = p;
}

static void add_dst(struct weft_coll_step *s, struct weft_coll_place p)
{
	s->dst[s->num_dst++] = p;
}

static struct weft_coll_step *work(struct maker *m, uint64_t count)
{
	struct weft_coll_step *s = step(m, WEFT_COLL_STEP_REDUCE);

	s->num_src = s->num_dst = 0;	/* after a failure it is one for all */
	s->count = count;
	return s;
}

/* @count elements from one place to another, if it is another. */
static void copy(struct maker *m, struct weft_coll_place dst, struct weft_coll_place src, uint64_t count)
{
	struct weft_coll_step *s;

	if (!count || same(dst, src))
		return;
	s = work(m, count);
	add_src(s, src);
	add_dst(s, dst);
}

/* All of count to the inboxes of @ranks, from an input that is the same for all. */
static void push(struct maker *m, uint16_t ranks, uint64_t offset)
{
	struct weft_coll_step *s;

	if (!m->call->count || !ranks)
		return;
	s = work(m, m->call->count);
	add_src(s, in(m, m->me, offset));
	for (uint32_t r = 0; r < m->call->ranks; r++)
		if (ranks >> r & 1)
			add_dst(s, inbox(m, r, m->me));
}

/* What everybody pushed, and the own input from @offset on, in the order of members. */
static void sum_inbox(struct maker *m, uint64_t offset)
{
	struct weft_coll_step *s;

	if (!m->call->count || (m->call->ranks == 1 && same(in(m, 0, offset), out(m, 0, 0))))
		return;
	s = work(m, m->call->count);
	for (uint32_t r = 0; r < m->call->ranks; r++)
		add_src(s, r == m->me ? in(m, r, offset) : inbox(m, m->me, r));
	add_dst(s, out(m, m->me, 0));
}

/* @count elements from everybody's input, to one member's output or to all. */
static void sum_from(struct maker *m, uint64_t in_offset, uint64_t out_offset, uint64_t count, uint16_t to)
{
	struct weft_coll_step *s;

	if (!count || (m->call->ranks == 1 && same(in(m, 0, in_offset), out(m, 0, out_offset))))
		return;
	s = work(m, count);
	for (uint32_t r = 0; r < m->call->ranks; r++)
		add_src(s, in(m, r, in_offset));
	for (uint32_t r = 0; r < m->call->ranks; r++)
		if (to >> r & 1)
			add_dst(s, out(m, r, out_offset));
}

static uint16_t all(const struct maker *m)
{
	return (uint16_t)(m->others | bit(m->me));
}

/* The member's slice of count, in bytes and elements. */
static uint64_t slice(const struct maker *m, uint32_t i, uint64_t *elements)
{
	uint64_t first;

	weft_coll_slice(m->call->count, m->call->element, m->call->ranks, i, &first, elements);
	return first * m->call->element;
}

static void push_all_reduce(struct maker *m)
{
	push(m, m->others, 0);
	meet(m);
	sum_inbox(m, 0);
}

static void direct_all_reduce(struct maker *m)
{
	uint64_t n, offset = slice(m, m->me, &n);

	meet(m);
	sum_from(m, offset, offset, n, all(m));
	part(m);
}

/*
 * Round t of the first half: slice me - 1 - t, as the left neighbour has it by now, and the own input of it. After n - 1 rounds
 * slice me + 1 is complete; in the second half it goes round.
 */
static void ring_all_reduce(struct maker *m)
{
	const uint32_t n = m->call->ranks, left = (m->me + n - 1) % n, right = (m->me + 1) % n;

	meet(m);
	for (uint32_t t = 0; t + 1 < n; t++) {
		uint64_t count, offset = slice(m, (m->me + 2 * n - 1 - t) % n, &count);

		if (t)
			wait_for(m, bit(left));
		if (count) {
			struct weft_coll_step *s = work(m, count);

			add_src(s, t ? at(WEFT_COLL_OUT, left, offset) : in(m, left, offset));
			add_src(s, in(m, m->me, offset));
			add_dst(s, out(m, m->me, offset));
		}
		signal_to(m, bit(right));
	}
	for (uint32_t t = 0; t + 1 < n; t++) {
		uint64_t count, offset = slice(m, (m->me + n - t) % n, &count);

		wait_for(m, bit(left));
		copy(m, out(m, m->me, offset), at(WEFT_COLL_OUT, left, offset), count);
		/* the last one tells the left neighbour that nobody reads there any more */
		signal_to(m, bit(t + 2 < n ? right : left));
	}
	wait_for(m, bit(right));
}

static void push_reduce_scatter(struct maker *m)
{
	for (uint32_t r = 0; r < m->call->ranks; r++)
		push(m, m->others & bit(r), r * m->bytes);
	meet(m);
	sum_inbox(m, m->me * m->bytes);
}

static void direct_reduce_scatter(struct maker *m)
{
	meet(m);
	sum_from(m, m->me * m->bytes, 0, m->call->count, bit(m->me));
	part(m);
}

static void push_all_gather(struct maker *m)
{
	push(m, m->others, 0);
	meet(m);
	for (uint32_t r = 0; r < m->call->ranks; r++)
		copy(m, out(m, m->me, r * m->bytes), r == m->me ? in(m, r, 0) : inbox(m, m->me, r), m->call->count);
}

static void direct_all_gather(struct maker *m)
{
	meet(m);
	if (m->call->count && (m->others || !m->call->in_place)) {
		struct weft_coll_step *s = work(m, m->call->count);

		add_src(s, in(m, m->me, 0));
		for (uint32_t r = 0; r < m->call->ranks; r++)
			if (r != m->me || !m->call->in_place)
				add_dst(s, out(m, r, m->me * m->bytes));
	}
	part(m);
}

static void ring_all_gather(struct maker *m)
{
	const uint32_t n = m->call->ranks, left = (m->me + n - 1) % n, right = (m->me + 1) % n;

	meet(m);
	if (!m->call->in_place) {
		copy(m, out(m, m->me, m->me * m->bytes), in(m, m->me, 0), m->call->count);
		signal_to(m, bit(right));
	}
	for (uint32_t t = 0; t + 1 < n; t++) {
		const uint64_t offset = (m->me + 2 * n - 1 - t) % n * m->bytes;

		if (t || !m->call->in_place)	/* else its arrival says so */
			wait_for(m, bit(left));
		copy(m, out(m, m->me, offset), out(m, left, offset), m->call->count);
		signal_to(m, bit(t + 2 < n ? right : left));
	}
	wait_for(m, bit(right));
}

static void push_broadcast(struct maker *m)
{
	const uint32_t root = m->call->root;

	if (m->me == root)
		push(m, m->others, 0);
	meet(m);
	copy(m, out(m, m->me, 0), m->me == root ? in(m, root, 0) : inbox(m, m->me, root), m->call->count);
}

static void direct_broadcast(struct maker *m)
{
	uint64_t n, offset = slice(m, m->me, &n);

	meet(m);
	if (n && (m->others || !m->call->in_place)) {
		struct weft_coll_step *s = work(m, n);

		add_src(s, in(m, m->call->root, offset));
		for (uint32_t r = 0; r < m->call->ranks; r++)
			if (r != m->call->root || !m->call->in_place)
				add_dst(s, out(m, r, offset));
	}
	part(m);
}

static void pull_broadcast(struct maker *m)
{
	const uint32_t root = m->call->root;

	meet(m);
	copy(m, out(m, m->me, 0), in(m, root, 0), m->call->count);
	if (m->me == root)
		wait_for(m, m->others);
	else
		signal_to(m, bit(root));
}

static void push_reduce(struct maker *m)
{
	if (m->me != m->call->root)
		push(m, bit(m->call->root), 0);
	meet(m);
	if (m->me == m->call->root)
		sum_inbox(m, 0);
}

static void direct_reduce(struct maker *m)
{
	uint64_t n, offset = slice(m, m->me, &n);

	meet(m);
	sum_from(m, offset, offset, n, bit(m->call->root));
	part(m);
}

static void push_all_to_all(struct maker *m)
{
	for (uint32_t r = 0; r < m->call->ranks; r++)
		push(m, m->others & bit(r), r * m->bytes);
	meet(m);
	for (uint32_t r = 0; r < m->call->ranks; r++)
		copy(m, out(m, m->me, r * m->bytes), r == m->me ? in(m, r, r * m->bytes) : inbox(m, m->me, r), m->call->count);
}

/* Each begins with itself, so that not all store to the same member. */
static void direct_all_to_all(struct maker *m)
{
	meet(m);
	for (uint32_t i = 0; i < m->call->ranks; i++) {
		const uint32_t r = (m->me + i) % m->call->ranks;

		copy(m, out(m, r, m->me * m->bytes), in(m, m->me, r * m->bytes), m->call->count);
	}
	part(m);
}

static void staged_all_to_all(struct maker *m)
{
	const uint64_t piece = m->call->slot_bytes / m->call->element;
	uint64_t n;

	meet(m);
	copy(m, out(m, m->me, m->me * m->bytes), in(m, m->me, m->me * m->bytes), m->call->count);
	for (uint64_t done = 0; done < m->call->count && m->others; done += n) {
		const uint64_t offset = done * m->call->element;

		n = m->call->count - done < piece ? m->call->count - done : piece;
		if (done)	/* theirs are free again */
			wait_for(m, m->others);
		for (uint32_t r = 0; r < m->call->ranks; r++)
			if (r != m->me)
				copy(m, inbox(m, r, m->me), in(m, m->me, r * m->bytes + offset), n);
		part(m);
		for (uint32_t r = 0; r < m->call->ranks; r++)
			if (r != m->me)
				copy(m, out(m, m->me, r * m->bytes + offset), inbox(m, m->me, r), n);
		if (done + n < m->call->count)
			signal_to(m, m->others);
	}
}

static void push_send(struct maker *m)
{
	if (m->me == m->call->root)
		push(m, m->others, 0);
	meet(m);
	if (m->me == m->call->peer)
		copy(m, out(m, m->me, 0), m->me == m->call->root ? in(m, m->me, 0) : inbox(m, m->me, m->call->root), m->call->count);
}

static void direct_send(struct maker *m)
{
	meet(m);
	if (m->me == m->call->root) {
		copy(m, out(m, m->call->peer, 0), in(m, m->me, 0), m->call->count);
		signal_to(m, m->others);
	} else {
		wait_for(m, m->others);
	}
}

static void (*const makers[WEFT_COLL_OPS][WEFT_COLL_ALGORITHMS])(struct maker *m) = {
	[WEFT_COLL_BARRIER] = { [WEFT_COLL_PUSH] = meet },
	[WEFT_COLL_ALL_REDUCE] = { [WEFT_COLL_PUSH] = push_all_reduce, [WEFT_COLL_DIRECT] = direct_all_reduce,
				   [WEFT_COLL_RING] = ring_all_reduce },
	[WEFT_COLL_REDUCE_SCATTER] = { [WEFT_COLL_PUSH] = push_reduce_scatter, [WEFT_COLL_DIRECT] = direct_reduce_scatter },
	[WEFT_COLL_ALL_GATHER] = { [WEFT_COLL_PUSH] = push_all_gather, [WEFT_COLL_DIRECT] = direct_all_gather,
				   [WEFT_COLL_RING] = ring_all_gather },
	[WEFT_COLL_BROADCAST] = { [WEFT_COLL_PUSH] = push_broadcast, [WEFT_COLL_DIRECT] = direct_broadcast,
				  [WEFT_COLL_PULL] = pull_broadcast },
	[WEFT_COLL_REDUCE] = { [WEFT_COLL_PUSH] = push_reduce, [WEFT_COLL_DIRECT] = direct_reduce },
	[WEFT_COLL_ALL_TO_ALL] = { [WEFT_COLL_PUSH] = push_all_to_all, [WEFT_COLL_DIRECT] = direct_all_to_all,
				   [WEFT_COLL_STAGED] = staged_all_to_all },
	[WEFT_COLL_SEND] = { [WEFT_COLL_PUSH] = push_send, [WEFT_COLL_DIRECT] = direct_send },
};

static bool is_call(const struct weft_coll_call *c)
{
	return (unsigned int)c->op < WEFT_COLL_OPS && (unsigned int)c->algorithm < WEFT_COLL_ALGORITHMS && c->ranks &&
	       c->ranks <= WEFT_COLL_RANKS && (c->element == 1 || c->element == 2 || c->element == 4) && c->root < c->ranks &&
	       c->peer < c->ranks && c->count < UINT64_MAX / c->element / c->ranks;
}

bool weft_coll_can(const struct weft_coll_call *c)
{
	if (!is_call(c) || !makers[c->op][c->algorithm])
		return false;
	switch (c->algorithm) {
	case WEFT_COLL_PUSH:
		return c->op == WEFT_COLL_BARRIER || c->count * c->element <= c->slot_bytes;
	case WEFT_COLL_STAGED:
		return c->slot_bytes >= c->element;
	case WEFT_COLL_RING:
		return c->ranks > 1 && !(c->op == WEFT_COLL_ALL_REDUCE && c->averages);
	case WEFT_COLL_DIRECT:
		return c->op != WEFT_COLL_ALL_TO_ALL || !c->in_place || c->ranks == 1;
	default:
		return true;
	}
}

bool weft_coll_in_order(const struct weft_coll_call *c)
{
	return c->op != WEFT_COLL_ALL_REDUCE || c->algorithm != WEFT_COLL_RING;
}

uint64_t weft_coll_in_bytes(const struct weft_coll_call *c, uint32_t rank)
{
	const uint64_t bytes = c->count * c->element;

	switch (c->op) {
	case WEFT_COLL_BARRIER:
		return 0;
	case WEFT_COLL_BROADCAST:
	case WEFT_COLL_SEND:
		return rank == c->root ? bytes : 0;
	case WEFT_COLL_REDUCE_SCATTER:
	case WEFT_COLL_ALL_TO_ALL:
		return bytes * c->ranks;
	default:
		return bytes;
	}
}

uint64_t weft_coll_out_bytes(const struct weft_coll_call *c, uint32_t rank)
{
	const uint64_t bytes = c->count * c->element;

	switch (c->op) {
	case WEFT_COLL_BARRIER:
		return 0;
	case WEFT_COLL_REDUCE:
		return rank == c->root ? bytes : 0;
	case WEFT_COLL_SEND:
		return rank == c->peer ? bytes : 0;
	case WEFT_COLL_ALL_GATHER:
	case WEFT_COLL_ALL_TO_ALL:
		return bytes * c->ranks;
	default:
		return bytes;
	}
}

void weft_coll_slice(uint64_t count, uint32_t element, uint32_t n, uint32_t i, uint64_t *first, uint64_t *elements)
{
	const uint64_t line = LINE / element, lines = (count + line - 1) / line;
	const uint64_t from = (lines / n * i + lines % n * i / n) * line, to = (lines / n * (i + 1) + lines % n * (i + 1) / n) * line;

	*first = from < count ? from : count;
	*elements = (to < count ? to : count) - *first;
}

int weft_coll_schedule(const struct weft_coll_call *call, uint32_t rank, struct weft_coll_steps *steps)
{
	struct maker m = { .call = call, .me = rank, .steps = steps, .bytes = call->count * call->element };

	memset(steps, 0, sizeof(*steps));
	if (!weft_coll_can(call) || rank >= call->ranks)
		return -EINVAL;
	m.others = (uint16_t)((1u << call->ranks) - 1) & (uint16_t)~bit(rank);
	if (call->op == WEFT_COLL_SEND)
		m.others &= bit(call->root) | bit(call->peer);
	if (call->op == WEFT_COLL_SEND && rank != call->root && rank != call->peer)
		return 0;
	makers[call->op][call->algorithm](&m);
	if (!m.failed)
		return 0;
	weft_coll_steps_free(steps);
	return -ENOMEM;
}

void weft_coll_steps_free(struct weft_coll_steps *steps)
{
	free(steps->step);
	memset(steps, 0, sizeof(*steps));
}
