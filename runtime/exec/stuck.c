/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Why a plan stands still. Each lane is looked at once: it waits for a cell, works, or has stopped. A lane that waits for a cell
 * waits for the lane whose body signals it, and what stands at the end of such a chain is the root. Of several the worst
 * counts, so roots are spread over those who wait for them kind by kind, the worst first.
 */
#include <errno.h>
#include <stdlib.h>

#include <weft/look.h>

#include "exec.h"

#include "runtime/core/list.h"
#include "runtime/core/memory.h"
#include "runtime/core/user_queue.h"

#define NO_LANE	UINT32_MAX

/* Lane @from waits for lane @to, in a cell of the plan (or, stopped by it, in none). */
struct arrow {
	uint32_t from, to;
	const struct weft_tie *tie;
};

struct node {
	struct weft_stuck r;
	bool stands;			/* belongs into the report */
	bool known;			/* its root is */
	uint64_t firing;
};

struct look {
	struct weft_plan *p;
	struct node *node;		/* of a lane */
	struct arrow *arrow;
	uint32_t num_arrows, room_arrows;
	uint32_t *head, *next;		/* arrows into a lane */
	uint32_t *queue;
};

/* The least of all that it stands for. */
static uint64_t cell_value(const struct weft_plan *p, uint32_t cell, struct weft_cell_state *s)
{
	const struct weft_plan_cell *c = &p->cell[cell];

	*s = (struct weft_cell_state) { 0 };
	for (uint32_t i = 0; i < weft_cell_copies(c); i++) {
		struct weft_cell_state one = { 0 };

		weft_cell_read(weft_cell_here(p, c), c->index + i, &one);
		if (!i || (int64_t)(one.value - s->value) < 0)
			*s = one;
	}
	return s->value;
}

static bool cause_is(uint32_t cause, const char *name)
{
	return !strcmp(weft_fault_name(cause), name);
}

/* Firings that the body has signalled; false: it signals nothing. */
static bool fired(const struct weft_plan *p, const struct weft_body *b, uint64_t *count)
{
	struct weft_cell_state s;

	for (uint32_t i = 0; i < b->signals.count; i++) {
		const struct weft_tie *t = &b->signals.tie[i];

		if (p->cell[t->cell].peer)	/* in another process */
			continue;
		/* one that cannot be read has no value */
		*count = t->step ? (cell_value(p, t->cell, &s) - (t->base - t->step)) / t->step : 0;
		return t->step;
	}
	return false;
}

/*
 * Where a lane is that works: the card shows its packet as it was a moment ago, and from there on some bodies may have told that
 * they are through.
 */
static const struct weft_body *working(const struct weft_plan *p, const struct weft_plan_lane *l,
				       const struct weft_user_queue_state *s, uint64_t *firing)
{
	const struct weft_body *b = weft_lane_body_at(l, s->list, s->packet);
	uint64_t it = s->iteration, count;

	for (uint32_t i = 0; b && i <= l->num_bodies; i++) {
		*firing = it > b->skew ? it - b->skew : 0;
		if (it >= b->skew && (!fired(p, b, &count) || count <= *firing))
			return b;
		it += b->position + 1 == l->num_bodies;
		b = l->body[(b->position + 1) % l->num_bodies];
	}
	*firing = it;
	return b;
}

/* The same of a lane whose card tells nothing any more: by what its bodies told others. */
static const struct weft_body *unfinished(const struct weft_plan *p, const struct weft_plan_lane *l, uint64_t *firing)
{
	const struct weft_body *first = NULL;
	uint64_t least = UINT64_MAX, count;

	for (uint32_t i = 0; i < l->num_bodies; i++)
		if (fired(p, l->body[i], &count) && count + l->body[i]->skew < least) {
			first = l->body[i];
			least = count + first->skew;
			*firing = count;
		}
	return first;
}

static bool arrow_add(struct look *k, uint32_t from, uint32_t to, const struct weft_tie *tie)
{
	if (!weft_room(&k->arrow, k->num_arrows, &k->room_arrows, sizeof(k->arrow[0])))
		return false;
	k->arrow[k->num_arrows++] = (struct arrow) { .from = from, .to = to, .tie = tie };
	return true;
}

static const char *edge_name(const struct weft_plan_cell *c)
{
	return c->role == WEFT_ROLE_GATE ? "gate" : c->edge ? c->edge->name : "";
}

static void show_tie(const struct weft_plan *p, struct node *n, const struct weft_tie *t)
{
	const struct weft_plan_cell *c = &p->cell[t->cell];
	struct weft_cell_state s;

	n->r.actual = cell_value(p, t->cell, &s) - p->config.cell_base;
	n->r.wanted = t->base + n->firing * t->step - p->config.cell_base;
	n->r.edge = edge_name(c);
	n->r.peer = c->body ? c->body->id : WEFT_STUCK_NOBODY;
	n->r.kind = c->role == WEFT_ROLE_GATE ? WEFT_STUCK_GATE : c->role == WEFT_ROLE_PRODUCED ? WEFT_STUCK_STARVED : WEFT_STUCK_CREDIT;
}

/* The lane sleeps in the waits of a body: an arrow for each cell that has not what is wanted. */
static bool parked_ties(struct look *k, uint32_t lane, const struct weft_body *b)
{
	struct node *n = &k->node[lane];
	bool any = false;

	for (uint32_t i = 0; i < b->waits.count; i++) {
		const struct weft_tie *t = &b->waits.tie[i];
		const struct weft_plan_cell *c = &k->p->cell[t->cell];
		struct weft_cell_state s;

		if ((int64_t)(cell_value(k->p, t->cell, &s) - (t->base + n->firing * t->step)) >= 0)
			continue;
		if (!any)
			show_tie(k->p, n, t);
		if (c->role == WEFT_ROLE_GATE)
			n->r.root_kind = WEFT_STUCK_GATE;	/* it is a root, unless something worse is */
		else if (!c->body)			/* the host's: the same */
			n->r.root_kind = c->role == WEFT_ROLE_PRODUCED ? WEFT_STUCK_STARVED : WEFT_STUCK_CREDIT;
		else if (!arrow_add(k, lane, c->body->lane, t))
			return false;
		any = true;
	}
	n->stands = any;
	return true;
}

/* It sleeps in cells that are not the plan's, or two tags differ there: @address is of the one. */
static void foreign(struct node *n, const struct weft_body *b, uint64_t address, bool tags)
{
	for (uint32_t i = 0; i < b->num_foreign; i++) {
		const struct weft_foreign *f = &b->foreign[i];

		for (uint32_t j = 0; j < f->count; j++) {
			const uint64_t wanted = f->cell[j].base + n->firing * f->cell[j].step;
			struct weft_cell_state s = { 0 };

			if (b->command[f->command].op != WEFT_COMMAND_WAIT_ALL || (address && f->item[j].cell != address) ||
			    weft_cell_read(f->cell[j].cells, f->cell[j].index, &s))
				continue;
			if (tags && (!(f->flags & WEFT_CELL_TAG) || (s.tag == f->cell[j].tag && s.value == wanted) ||
				     (int64_t)(s.value - wanted) < 0))
				continue;
			if (!tags && (int64_t)(s.value - wanted) >= 0)
				continue;
			n->stands = true;
			n->r.edge = f->name;
			n->r.wanted = tags ? f->cell[j].tag : wanted;
			n->r.actual = tags ? s.tag : s.value;
			n->r.kind = n->r.root_kind = tags ? WEFT_STUCK_MISMATCH :
						    f->flags & WEFT_BODY_CREDIT ? WEFT_STUCK_CREDIT : WEFT_STUCK_STARVED;
			return;
		}
	}
}

static bool looked_parked(struct look *k, uint32_t lane, const struct weft_user_queue_state *s)
{
	const struct weft_plan_lane *l = &k->p->lane[lane];
	const struct weft_body *b = weft_lane_body_at(l, s->list, s->packet);
	struct node *n = &k->node[lane];

	n->r.since_ns = s->wait_since_ns;
	if (!b)
		return true;
	n->r.body = b->id;
	n->firing = s->iteration > b->skew ? s->iteration - b->skew : 0;
	if (s->list == l->loop->address && s->packet == b->wait)
		return parked_ties(k, lane, b);
	foreign(n, b, s->wait_address, false);
	return true;
}

static void looked_working(struct look *k, uint32_t lane, const struct weft_user_queue_state *s, uint64_t now)
{
	struct node *n = &k->node[lane];
	const struct weft_body *b = working(k->p, &k->p->lane[lane], s, &n->firing);
	uint64_t age = now > s->progress_ns ? now - s->progress_ns : 0;

	n->r.since_ns = s->progress_ns;
	n->r.root_kind = WEFT_STUCK_WORKS;
	if (!b)
		return;
	n->r.body = b->id;
	if (age > WEFT_STUCK_LEAST_NS && age / WEFT_STUCK_TIMES > weft_body_time_ns(b))
		n->r.root_kind = WEFT_STUCK_HUNG;
	n->r.kind = n->r.root_kind;
	n->stands = n->r.kind == WEFT_STUCK_HUNG;
}

/* What the cause of a lane's stop, or that of the lane which stopped it, says about the one where it began. */
static uint32_t kind_of(uint32_t cause)
{
	if (cause_is(cause, "mismatch"))
		return WEFT_STUCK_MISMATCH;
	if (cause_is(cause, "hang") || cause_is(cause, "run_limit"))
		return WEFT_STUCK_HUNG;
	return !cause || cause_is(cause, "stopped") || cause_is(cause, "reset") || weft_fault_passed_on(cause) ? WEFT_STUCK_DEAD_PEER :
		WEFT_STUCK_FAULT;
}

/* The end of an edge in another process stopped the lanes that wait there, and those others. */
static bool stopped_by_peer(struct look *k, uint32_t lane, const struct weft_edge *e)
{
	const uint32_t first = weft_peer_body(e)->lane;
	struct node *n = &k->node[lane];

	n->r.root_kind = 0;
	if (!weft_peer_in_lane(e, lane))
		return arrow_add(k, lane, first, NULL);
	n->r.root_kind = WEFT_STUCK_DEAD_PEER;
	n->r.edge = e->name;
	return true;
}

static bool looked_stopped(struct look *k, uint32_t lane, const struct weft_user_queue_state *s)
{
	const struct weft_plan_lane *l = &k->p->lane[lane];
	const struct weft_body *b = weft_lane_body_at(l, s->fault_list, s->fault_packet);
	const struct weft_edge *edge;
	uint32_t cause, will;
	struct node *n = &k->node[lane];

	weft_cell_fault_origin(s->origin, &cause, &will);
	n->stands = true;
	n->r.cause = s->cause;
	n->r.kind = n->r.root_kind = kind_of(s->cause);
	n->firing = b && s->iteration > b->skew ? s->iteration - b->skew : 0;
	if (!b)
		b = unfinished(k->p, l, &n->firing);
	n->r.body = b ? b->id : WEFT_STUCK_NOBODY;
	if (b && n->r.kind == WEFT_STUCK_MISMATCH)
		foreign(n, b, 0, true);
	if (!weft_fault_passed_on(s->cause))
		return true;
	n->r.kind = WEFT_STUCK_DEAD_PEER;
	edge = weft_peer_fault(k->p, s->origin);
	if (edge)
		return stopped_by_peer(k, lane, edge);
	n->r.root_kind = cause ? kind_of(cause) : WEFT_STUCK_DEAD_PEER;
	/* wills have the number of their lane, and one */
	if (!will || will > k->p->num_lanes || will - 1 == lane)
		return true;
	n->r.root_kind = 0;
	return arrow_add(k, lane, will - 1, NULL);
}

static bool look_at(struct look *k, uint32_t lane)
{
	const struct weft_plan_lane *l = &k->p->lane[lane];
	struct weft_user_queue_state s = { .size = sizeof(s) };
	struct node *n = &k->node[lane];
	uint64_t now = weft_now_ns() - (uint64_t)k->p->card[l->device].to_host_ns;
	const char *run;
	bool ok = true;

	n->r = (struct weft_stuck) {
		.body = WEFT_STUCK_NOBODY, .lane = lane, .device = l->device, .peer = WEFT_STUCK_NOBODY, .root = WEFT_STUCK_NOBODY,
		.name = "", .lane_name = l->name, .edge = "" };
	if (weft_user_queue_state(l->queue, &s))
		return true;
	run = weft_user_queue_run_name(s.run);
	if (!strcmp(run, "parked"))
		ok = looked_parked(k, lane, &s);
	else if (s.cause || !strcmp(run, "stopped") || !strcmp(run, "none"))
		ok = looked_stopped(k, lane, &s);
	else if (strcmp(run, "idle"))
		looked_working(k, lane, &s, now);
	if (!n->r.since_ns)
		n->r.since_ns = s.progress_ns;
	n->r.age_ns = n->r.since_ns && now > n->r.since_ns ? now - n->r.since_ns : 0;
	if (n->r.body != WEFT_STUCK_NOBODY) {
		const struct weft_body *b = k->p->body[n->r.body];

		n->r.name = b->name;
		n->r.seq = weft_plan_from_card(k->p, n->firing / b->q);
	}
	return ok;
}

/* Spreads the roots of one kind over all that wait for them and have no worse one. */
static void spread(struct look *k, uint32_t kind)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < k->p->num_lanes; i++)
		if (!k->node[i].known && k->node[i].r.root_kind == kind) {
			k->node[i].known = true;
			k->node[i].r.root = k->node[i].r.body;
			k->queue[count++] = i;
		}
	for (uint32_t at = 0; at < count; at++) {
		const struct node *to = &k->node[k->queue[at]];

		for (uint32_t a = k->head[k->queue[at]]; a != NO_LANE; a = k->next[a]) {
			struct node *n = &k->node[k->arrow[a].from];

			if (n->known)
				continue;
			n->known = true;
			if (k->arrow[a].tie)
				show_tie(k->p, n, k->arrow[a].tie);
			else
				n->r.peer = to->r.body;
			n->r.root = to->r.root;
			n->r.root_kind = kind;
			if (kind == WEFT_STUCK_GATE)
				n->r.kind = kind;
			k->queue[count++] = k->arrow[a].from;
		}
	}
}

static bool link_arrows(struct look *k)
{
	k->next = calloc(k->num_arrows + 1, sizeof(k->next[0]));
	if (!k->next)
		return false;
	for (uint32_t i = 0; i < k->p->num_lanes; i++)
		k->head[i] = NO_LANE;
	for (uint32_t a = k->num_arrows; a--;) {
		k->next[a] = k->head[k->arrow[a].to];
		k->head[k->arrow[a].to] = a;
	}
	return true;
}

/* Before another: the worse root; of one kind the root itself, then who waits the longest. */
static int by_weight(const void *a, const void *b)
{
	const struct weft_stuck *x = &((const struct node *)a)->r, *y = &((const struct node *)b)->r;
	const bool self = x->root == x->body, other = y->root == y->body;

	if (x->root_kind != y->root_kind)
		return x->root_kind > y->root_kind ? -1 : 1;
	if (self != other)
		return self ? -1 : 1;
	return x->age_ns > y->age_ns ? -1 : x->age_ns < y->age_ns;
}

static bool look(struct look *k)
{
	const uint32_t lanes = k->p->num_lanes;

	k->node = calloc(lanes + 1, sizeof(k->node[0]));
	k->head = calloc(lanes + 1, sizeof(k->head[0]));
	k->queue = calloc(lanes + 1, sizeof(k->queue[0]));
	if (!k->node || !k->head || !k->queue)
		return false;
	for (uint32_t i = 0; i < lanes; i++)
		if (!look_at(k, i))
			return false;
	if (!link_arrows(k))
		return false;
	for (uint32_t kind = WEFT_STUCK_MISMATCH; kind >= WEFT_STUCK_GATE; kind--)
		spread(k, kind);
	for (uint32_t i = 0; i < lanes; i++)
		if (!k->node[i].known) {	/* they wait for each other */
			k->node[i].r.root = k->node[i].r.body;
			k->node[i].r.root_kind = k->node[i].r.kind;
		}
	return true;
}

static void look_fini(struct look *k)
{
	free(k->node);
	free(k->arrow);
	free(k->head);
	free(k->next);
	free(k->queue);
}

int weft_plan_stuck(struct weft_plan *plan, struct weft_stuck *reports, uint32_t max, size_t stride)
{
	struct look k = { .p = plan };
	uint32_t count = 0;
	int ret = weft_plan_check(plan, false, __func__);

	if (ret)
		return ret;
	if (!plan->loaded || (max && (!reports || stride < sizeof(*reports) || stride % sizeof(void *))))
		return weft_fail(-EINVAL, "weft_plan_stuck: plan %s %s", plan->name, plan->loaded ? "has reports of a fixed size" :
				 "is not loaded");
	if (!look(&k)) {
		look_fini(&k);
		return weft_fail(-ENOMEM, "weft_plan_stuck: plan %s", plan->name);
	}
	for (uint32_t i = 0; i < plan->num_lanes; i++)
		if (k.node[i].stands)
			k.node[count++] = k.node[i];
	qsort(k.node, count, sizeof(k.node[0]), by_weight);
	for (uint32_t i = 0; i < count && i < max; i++) {
		k.node[i].r.size = sizeof(k.node[i].r);
		memcpy((char *)reports + i * stride, &k.node[i].r, sizeof(k.node[i].r));
	}
	look_fini(&k);
	return (int)count;
}
