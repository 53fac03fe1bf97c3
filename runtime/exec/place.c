/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Where things lie: which cells a prepared plan has, on which card, and who waits for what in them. A wait that the order of a
 * lane makes true has no cell.
 */
#include <errno.h>
#include <stdlib.h>

#include "exec.h"

#include "runtime/core/device.h"
#include "runtime/plan/arcs.h"

static int cell_add(struct weft_plan *p, const struct weft_plan_cell *c, uint32_t *number)
{
	if (!weft_room(&p->cell, p->num_cells, &p->room_cells, sizeof(*c)))
		return weft_fail(-ENOMEM, "plan %s: cell %u", p->name, p->num_cells);
	p->cell[p->num_cells] = *c;
	p->cell[p->num_cells].index = p->num_cells_of[c->waiter][c->signaller]++;
	*number = p->num_cells++;
	return 0;
}

/* Between processes: in the inbox or the outbox of its edge, where its index is. */
static int peer_cell_add(struct weft_plan *p, const struct weft_plan_cell *c, uint32_t *number)
{
	if (!weft_room(&p->cell, p->num_cells, &p->room_cells, sizeof(*c)))
		return weft_fail(-ENOMEM, "plan %s: cell %u", p->name, p->num_cells);
	p->cell[p->num_cells] = *c;
	p->cell[p->num_cells].peer = true;
	*number = p->num_cells++;
	return 0;
}

struct weft_memory *weft_cell_here(const struct weft_plan *p, const struct weft_plan_cell *c)
{
	if (c->peer)
		return c->body ? NULL : c->edge->peer.inbox;
	return p->cells[c->waiter][c->signaller];
}

struct weft_memory *weft_cell_there(const struct weft_plan *p, const struct weft_plan_cell *c)
{
	return c->peer ? c->edge->peer.outbox : p->cells_there[c->waiter][c->signaller];
}

uint32_t weft_cell_copies(const struct weft_plan_cell *c)
{
	return c->peer && !c->body && c->role == WEFT_ROLE_CONSUMED ? c->edge->peer.consumers : 1;
}

static int tie_add(struct weft_ties *t, uint32_t cell, bool system, uint64_t base, uint64_t step)
{
	if (!weft_room(&t->tie, t->count, &t->room, sizeof(t->tie[0])))
		return weft_fail(-ENOMEM, "cells of a body");
	t->tie[t->count++] = (struct weft_tie) { .cell = cell, .system = system, .base = base, .step = step };
	return 0;
}

/*
 * In one lane both fire once in an iteration, so rates are equal; @ahead is how many firings the consumer is behind. Has the
 * producer always fired often enough when the consumer's turn comes, and the other way?
 */
static bool data_implied(const struct weft_edge *e, const struct weft_body *from, const struct weft_body *to)
{
	const int64_t p = e->rate, ahead = (int64_t)to->skew - from->skew;

	return from->lane == to->lane && e->initial + p * ahead >= (to->position > from->position ? 0 : p);
}

static bool credit_implied(const struct weft_edge *e, const struct weft_body *from, const struct weft_body *to)
{
	const int64_t p = e->rate, ahead = (int64_t)to->skew - from->skew;

	return from->lane == to->lane &&
	       e->depth >= e->initial + p * ahead + (to->position >= from->position ? p : 0);
}

/* Is something that the body wrote elsewhere than on @device? Cards other than the one with the data see the cell first, else. */
static bool writes_elsewhere(const struct weft_body *b, uint32_t device)
{
	for (uint32_t i = 0; i < b->num_out; i++)
		if (!(b->out[i].edge->flags & WEFT_EDGE_CONTROL) && b->out[i].edge->place != device)
			return true;
	return false;
}

static int edge_cells(struct weft_plan *p, struct weft_edge *e)
{
	struct weft_body *from = e->producer;
	const uint64_t base = p->config.cell_base;
	uint32_t produced[WEFT_PLAN_DEVICES];
	int ret = 0;

	memset(produced, 0xff, sizeof(produced));
	for (uint32_t i = 0; i < e->num_consumers && !ret; i++) {
		struct weft_consumer *c = &e->consumer[i];
		struct weft_body *to = c->body;

		c->consumed = WEFT_NO_CELL;
		if (!data_implied(e, from, to)) {
			uint32_t *cell = &produced[to->device];

			if (*cell == WEFT_NO_CELL) {
				ret = cell_add(p, &(struct weft_plan_cell) {
					.role = WEFT_ROLE_PRODUCED, .waiter = to->device, .signaller = from->device,
					.initial = base + e->initial, .edge = e, .body = from }, cell);
				if (!ret)
					ret = tie_add(&from->signals, *cell, writes_elsewhere(from, to->device),
						      base + e->initial + e->rate, e->rate);
			}
			if (!ret)
				ret = tie_add(&to->waits, *cell, false, base + c->rate, c->rate);
		}
		if (ret || credit_implied(e, from, to))
			continue;
		ret = cell_add(p, &(struct weft_plan_cell) {
			.role = WEFT_ROLE_CONSUMED, .waiter = from->device, .signaller = to->device, .initial = base, .edge = e,
			.body = to }, &c->consumed);
		if (!ret)
			ret = tie_add(&to->signals, c->consumed, false, base + c->rate, c->rate);
		if (!ret)
			ret = tie_add(&from->waits, c->consumed, false, base + e->initial + e->rate - e->depth, e->rate);
	}
	return ret;
}

/* The host produces: it signals a cell on each consuming card, and looks at one on the card of each consumer. */
static int fed_cells(struct weft_plan *p, struct weft_edge *e)
{
	const uint64_t base = p->config.cell_base;
	uint32_t produced[WEFT_PLAN_DEVICES];
	int ret = 0;

	memset(produced, 0xff, sizeof(produced));
	for (uint32_t i = 0; i < e->num_consumers && !ret; i++) {
		struct weft_consumer *c = &e->consumer[i];
		const uint32_t card = c->body->device;

		if (produced[card] == WEFT_NO_CELL) {
			ret = cell_add(p, &(struct weft_plan_cell) {
				.role = WEFT_ROLE_PRODUCED, .waiter = card, .signaller = card, .initial = base, .edge = e }, &produced[card]);
			e->feed.cell[e->feed.num_cells++] = produced[card];
		}
		if (!ret)
			ret = tie_add(&c->body->waits, produced[card], false, base + c->rate, c->rate);
		if (!ret)
			ret = cell_add(p, &(struct weft_plan_cell) {
				.role = WEFT_ROLE_CONSUMED, .waiter = card, .signaller = card, .initial = base, .edge = e,
				.body = c->body }, &c->consumed);
		if (!ret)
			ret = tie_add(&c->body->signals, c->consumed, false, base + c->rate, c->rate);
	}
	return ret;
}

/* The host consumes: both cells lie on the producer's card. */
static int pulled_cells(struct weft_plan *p, struct weft_edge *e)
{
	struct weft_body *from = e->producer;
	const uint64_t base = p->config.cell_base;
	int ret = cell_add(p, &(struct weft_plan_cell) {
		.role = WEFT_ROLE_PRODUCED, .waiter = from->device, .signaller = from->device, .initial = base, .edge = e,
		.body = from }, &e->feed.produced);

	if (!ret)
		ret = tie_add(&from->signals, e->feed.produced, true, base + e->rate, e->rate);
	if (!ret)
		ret = cell_add(p, &(struct weft_plan_cell) {
			.role = WEFT_ROLE_CONSUMED, .waiter = from->device, .signaller = from->device, .initial = base, .edge = e },
			&e->feed.cell[e->feed.num_cells++]);
	return ret ? ret : tie_add(&from->waits, e->feed.cell[0], false, base + e->rate - e->depth, e->rate);
}

/* The first that a body looks at, before the gate: what ends or dies at the other end is seen while the plan pauses. */
static int tie_first(struct weft_ties *t, uint32_t cell, uint64_t base, uint64_t step)
{
	struct weft_tie tie;
	int ret = tie_add(t, cell, false, base, step);

	if (ret)
		return ret;
	tie = t->tie[t->count - 1];
	memmove(&t->tie[1], &t->tie[0], (t->count - 1) * sizeof(tie));
	t->tie[0] = tie;
	return 0;
}

/* A cell in the inbox of an edge, which nobody here signals. */
static int inbox_cell(struct weft_plan *p, struct weft_edge *e, enum weft_cell_role role, uint32_t *cell)
{
	const uint32_t device = weft_peer_body(e)->device;

	return peer_cell_add(p, &(struct weft_plan_cell) {
		.role = role, .waiter = device, .signaller = device, .initial = p->config.cell_base, .edge = e }, cell);
}

/* Cell @index of the outbox of an edge, which body @b signals. */
static int outbox_cell(struct weft_plan *p, struct weft_edge *e, struct weft_body *b, enum weft_cell_role role, uint32_t index,
		       uint32_t made, uint32_t rate)
{
	const uint64_t initial = p->config.cell_base + made;
	uint32_t cell = WEFT_NO_CELL;
	int ret = peer_cell_add(p, &(struct weft_plan_cell) {
		.role = role, .waiter = b->device, .signaller = b->device, .index = index, .initial = initial, .edge = e, .body = b }, &cell);

	return ret ? ret : tie_add(&b->signals, cell, role == WEFT_ROLE_PRODUCED, initial + rate, rate);
}

/* Bodies of another process consume: each has its cell here, and what is made is told in one there. */
static int exported_cells(struct weft_plan *p, struct weft_edge *e)
{
	struct weft_body *from = e->producer;
	uint32_t cell = WEFT_NO_CELL;
	int ret = inbox_cell(p, e, WEFT_ROLE_CONSUMED, &cell);

	if (!ret)
		ret = tie_first(&from->waits, cell, p->config.cell_base + e->initial + e->rate - e->depth, e->rate);
	return ret ? ret : outbox_cell(p, e, from, WEFT_ROLE_PRODUCED, 0, e->initial, e->rate);
}

/* A body of another process produces: all consumers wait for one cell here, and each has one there. */
static int imported_cells(struct weft_plan *p, struct weft_edge *e)
{
	uint32_t cell = WEFT_NO_CELL;
	int ret = inbox_cell(p, e, WEFT_ROLE_PRODUCED, &cell);

	for (uint32_t i = 0; i < e->num_consumers && !ret; i++) {
		const struct weft_consumer *c = &e->consumer[i];

		ret = tie_first(&c->body->waits, cell, p->config.cell_base + c->rate, c->rate);
		if (!ret)
			ret = outbox_cell(p, e, c->body, WEFT_ROLE_CONSUMED, i, 0, c->rate);
	}
	return ret;
}

static int peer_cells(struct weft_plan *p, struct weft_edge *e)
{
	return e->flags & WEFT_EDGE_EXPORT ? exported_cells(p, e) : imported_cells(p, e);
}

static int host_cells(struct weft_plan *p, struct weft_edge *e)
{
	if (e->producer ? !(e->flags & WEFT_EDGE_PULL) : !(e->flags & WEFT_EDGE_HOST))
		return 0;
	if (!weft_room(&p->host_edge, p->num_host_edges, &p->room_host_edges, sizeof(e)))
		return weft_fail(-ENOMEM, "edge %s", e->name);
	p->host_edge[p->num_host_edges++] = e;
	e->feed = (struct weft_feed) { .produced = WEFT_NO_CELL };
	return e->producer ? pulled_cells(p, e) : fed_cells(p, e);
}

/* As above, of the order between the consumer of one edge and the producer of the next. */
static bool guard_implied(const struct weft_guard *g, const struct weft_body *from, const struct weft_body *to)
{
	const int64_t p = g->produce, ahead = (int64_t)to->skew - from->skew;

	return from->lane == to->lane && p * (ahead + (from->position < to->position)) >= p - (int64_t)g->tokens;
}

/* Blocks that another edge had before: its producer waits for their consumer, in a cell on its own card. */
static int guard_cell(struct weft_plan *p, const struct weft_guard *g)
{
	struct weft_body *from = p->body[g->from], *to = p->body[g->to];
	struct weft_edge *e = p->edge[g->edge];
	const uint64_t base = p->config.cell_base;
	uint32_t cell = WEFT_NO_CELL;
	int ret = 0;

	if (guard_implied(g, from, to))
		return 0;
	for (uint32_t i = 0; i < e->num_consumers; i++)		/* the consumed cell serves when it lies there */
		if (e->consumer[i].body == from && e->consumer[i].consumed != WEFT_NO_CELL && e->producer->device == to->device)
			cell = e->consumer[i].consumed;
	if (cell == WEFT_NO_CELL) {
		ret = cell_add(p, &(struct weft_plan_cell) {
			.role = WEFT_ROLE_GUARD, .waiter = to->device, .signaller = from->device, .initial = base, .edge = e,
			.body = from }, &cell);
		if (!ret)
			ret = tie_add(&from->signals, cell, false, base + g->consume, g->consume);
	}
	return ret ? ret : tie_add(&to->waits, cell, false, base + g->produce - g->tokens, g->produce);
}

static int gate_cell(struct weft_plan *p, struct weft_body *b)
{
	const uint64_t base = p->config.cell_base;
	uint32_t cell;
	int ret = 0;

	/* gates were made first */
	for (cell = 0; cell < p->num_cells && p->cell[cell].role == WEFT_ROLE_GATE; cell++)
		if (p->cell[cell].waiter == b->device && p->cell[cell].q == b->q)
			break;
	if (cell == p->num_cells || p->cell[cell].role != WEFT_ROLE_GATE)
		ret = cell_add(p, &(struct weft_plan_cell) {
			.role = WEFT_ROLE_GATE, .waiter = b->device, .signaller = b->device, .initial = base, .q = b->q }, &cell);
	return ret ? ret : tie_add(&b->waits, cell, false, base + 1, 1);
}

/* Nobody's firing for a sequence says that this one is done with it; and tokens that stay are found by the count of firings. */
static bool needs_done(const struct weft_body *b)
{
	bool said = false;

	for (uint32_t i = 0; i < b->num_out; i++) {
		const struct weft_edge *e = b->out[i].edge;

		if (e->initial || !e->num_consumers || e->flags & (WEFT_EDGE_NO_SHARE | WEFT_EDGE_PULL | WEFT_EDGE_EXPORT))
			return true;
		said |= e->initial < e->rate;
	}
	return !said;
}

static int done_cell(struct weft_plan *p, struct weft_body *b)
{
	const uint64_t base = p->config.cell_base;
	int ret = cell_add(p, &(struct weft_plan_cell) {
		.role = WEFT_ROLE_DONE, .waiter = b->device, .signaller = b->device, .initial = base, .body = b }, &b->done);

	return ret ? ret : tie_add(&b->signals, b->done, writes_elsewhere(b, b->device), base + 1, 1);
}

int weft_plan_cells(struct weft_plan *p, const struct weft_guard *guard, uint32_t num_guards)
{
	int ret = 0;

	for (uint32_t i = 0; i < p->num_bodies && !ret; i++)
		if (p->body[i]->gated)
			ret = gate_cell(p, p->body[i]);
	for (uint32_t i = 0; i < p->num_edges && !ret; i++)
		ret = p->edge[i]->producer ? edge_cells(p, p->edge[i]) : 0;
	for (uint32_t i = 0; i < p->num_edges && !ret; i++)
		ret = p->edge[i]->flags & WEFT_EDGE_PEER ? peer_cells(p, p->edge[i]) : host_cells(p, p->edge[i]);
	for (uint32_t i = 0; i < num_guards && !ret; i++)
		ret = guard_cell(p, &guard[i]);
	p->first_done = p->num_cells;
	for (uint32_t i = 0; i < p->num_bodies && !ret; i++) {
		struct weft_body *b = p->body[i];

		b->done = WEFT_NO_CELL;
		if (needs_done(b))
			ret = done_cell(p, b);
		if (!ret && (b->waits.count > WEFT_CELL_ITEMS || b->signals.count > WEFT_CELL_ITEMS))
			ret = weft_fail(-E2BIG, "body %s: %u cells to wait for, %u to signal; %d at most", b->name, b->waits.count,
					b->signals.count, WEFT_CELL_ITEMS);
	}
	return ret;
}

struct weft_memory *weft_edge_blocks(const struct weft_edge *e)
{
	return e->given ? e->given : e->flags & WEFT_EDGE_PEER ? e->peer.blocks : e->plan->place[e->place].memory;
}

int weft_edge_reach(struct weft_edge *e, uint32_t device, bool write, struct weft_memory **memory)
{
	struct weft_plan *p = e->plan;
	struct weft_memory **m = &p->place[e->place].reach[device][write];
	int ret = 0;

	if (e->flags & WEFT_EDGE_IMPORT) {	/* the card of its consumers has it */
		*memory = e->peer.blocks;
		return 0;
	}
	if (e->given || e->flags & WEFT_EDGE_EXPORT) {
		if (!e->reach)
			e->reach = calloc(2 * p->num_devices, sizeof(*m));
		if (!e->reach)
			return weft_fail(-ENOMEM, "edge %s", e->name);
		m = &e->reach[2 * device + write];
	}
	if (!*m)
		ret = weft_memory_import(p->card[device].device, weft_edge_blocks(e),
					 WEFT_ACCESS_READ | (write ? WEFT_ACCESS_WRITE : 0), m);
	*memory = *m;
	return ret;
}
