/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pace.h"

#define NONE	WEFT_NET_NONE

struct node {
	uint64_t end;		/* of the firing that runs */
	uint32_t done, next;	/* firings ended; the one that starts next: done or done + 1 */
	uint32_t waits : 30;	/* arcs that hold the next one back */
	uint32_t listed : 1;	/* ready, in `fresh` or in a queue */
	uint32_t idle : 1;	/* takes no part: a part without any time never comes to rest */
};

struct in {
	uint32_t from;
	int32_t tokens;
};

struct queue {		/* of a group: nodes in the order served */
	uint32_t *node, at, num, room, busy;
};

struct turn {		/* of a lane: body @at runs firing @turn less its skew */
	int64_t turn;
	uint32_t at;
};

struct play {
	const struct weft_net *net;
	const struct weft_arcs *arcs;
	struct node *node;
	uint32_t *part;			/* of a node: one that stands for all that is connected */
	uint32_t *in_at;		/* arcs into each node, without those of lanes, which their turns stand for */
	struct in *in;
	struct queue *queue;
	struct turn *turn;
	uint32_t *heap, *fresh;		/* nodes that run, by end; nodes that became ready */
	uint32_t num_running, num_fresh;
	uint64_t now, limit, fired;	/* limit: sequences, 0: none */
	uint64_t *start;
};

/* Of a node: its body. A feeder's is NULL: it gives in no time, on no lane and no engine. */
static const struct weft_net_body *body_of(const struct play *p, uint32_t x)
{
	uint32_t b = p->arcs->giver[x];

	return b < p->net->num_bodies ? &p->net->body[b] : NULL;
}

static uint32_t group_of(const struct play *p, uint32_t x)
{
	return body_of(p, x) ? body_of(p, x)->group : NONE;
}

static uint32_t lane_of(const struct play *p, uint32_t x)
{
	return body_of(p, x) ? body_of(p, x)->lane : NONE;
}

/* --- nodes that run: a heap --- */

static bool sooner(const struct play *p, uint32_t a, uint32_t b)
{
	return p->node[a].end != p->node[b].end ? p->node[a].end < p->node[b].end : a < b;
}

static void heap_push(struct play *p, uint32_t x)
{
	uint32_t i = p->num_running++;

	for (; i && sooner(p, x, p->heap[(i - 1) / 2]); i = (i - 1) / 2)
		p->heap[i] = p->heap[(i - 1) / 2];
	p->heap[i] = x;
}

static uint32_t heap_pop(struct play *p)
{
	uint32_t top = p->heap[0], last = p->heap[--p->num_running], i = 0, c;

	while ((c = 2 * i + 1) < p->num_running) {
		c += c + 1 < p->num_running && sooner(p, p->heap[c + 1], p->heap[c]);
		if (!sooner(p, p->heap[c], last))
			break;
		p->heap[i] = p->heap[c];
		i = c;
	}
	p->heap[i] = last;
	return top;
}

/* --- readiness --- */

static bool in_turn(const struct play *p, uint32_t x)
{
	uint32_t b = p->arcs->giver[x], lane = lane_of(p, x);
	const struct turn *t;

	if (lane == NONE)
		return true;
	t = &p->turn[lane];
	return p->net->lane[lane].body[t->at] == b && t->turn - p->net->body[b].skew ==
	       ((int64_t)p->node[x].next * weft_arcs_firings(p->arcs, b) + (x - p->arcs->first[b]));
}

static void look(struct play *p, uint32_t x)
{
	struct node *n = &p->node[x];

	if (n->waits || n->listed || n->idle || n->next != n->done || (p->limit && n->next >= p->limit) || !in_turn(p, x))
		return;
	n->listed = true;
	p->fresh[p->num_fresh++] = x;
}

/* To the next body of the lane that has a firing in this turn. */
static void advance(struct play *p, uint32_t lane)
{
	const struct weft_net_lane *l = &p->net->lane[lane];
	struct turn *t = &p->turn[lane];

	for (uint32_t over = 0; over < l->num_bodies; ) {
		uint32_t b = l->body[t->at], q = weft_arcs_firings(p->arcs, b);
		int64_t n = t->turn - p->net->body[b].skew;

		if (n >= 0 && !(p->limit && n >= (int64_t)(p->limit * q))) {
			look(p, p->arcs->first[b] + (uint32_t)(n % q));
			return;
		}
		over = n < 0 ? 0 : over + 1;
		if (++t->at == l->num_bodies) {
			t->at = 0;
			t->turn++;
		}
	}
}

/* What holds back firing `next`. */
static void recount(struct play *p, uint32_t x)
{
	struct node *n = &p->node[x];

	n->waits = 0;
	for (uint32_t k = p->in_at[x]; k < p->in_at[x + 1]; k++) {
		int64_t needs = (int64_t)n->next - p->in[k].tokens;

		n->waits += needs >= 0 && p->node[p->in[k].from].done <= (uint64_t)needs &&
			    !(p->limit && (uint64_t)needs >= p->limit);
	}
}

static void begin(struct play *p, uint32_t x)
{
	struct node *n = &p->node[x];
	uint32_t b = p->arcs->giver[x], q = weft_arcs_firings(p->arcs, b);

	n->listed = false;
	if (p->start)
		p->start[p->arcs->first[b] * p->limit + (uint64_t)n->next * q + (x - p->arcs->first[b])] = p->now;
	n->next++;
	n->end = p->now + p->arcs->time[x];
	p->fired++;
	recount(p, x);
	heap_push(p, x);
}

static void serve(struct play *p, uint32_t group)
{
	struct queue *q = &p->queue[group];

	while (q->num && q->busy < p->net->group[group].width) {
		q->busy++;
		q->num--;
		begin(p, q->node[q->at]);
		q->at = q->at + 1 == q->room ? 0 : q->at + 1;
	}
}

/* What waited for the firing of @x that has ended. */
static void tell(struct play *p, uint32_t x)
{
	const struct weft_arcs *a = p->arcs;
	uint64_t fired = p->node[x].done++;

	for (uint32_t i = a->head[x]; i != NONE; i = a->arc[i].next) {
		struct node *to = &p->node[a->arc[i].to];

		if (a->cause[i].kind == WEFT_ARC_LANE || (int64_t)fired + a->arc[i].tokens != (int64_t)to->next)
			continue;
		to->waits--;
		look(p, a->arc[i].to);
	}
}

static void finish(struct play *p, uint32_t x)
{
	uint32_t group = group_of(p, x), lane = lane_of(p, x);

	if (group != NONE)
		p->queue[group].busy--;
	tell(p, x);
	if (lane != NONE) {
		struct turn *t = &p->turn[lane];

		if (++t->at == p->net->lane[lane].num_bodies) {
			t->at = 0;
			t->turn++;
		}
		advance(p, lane);
	}
}

static int by_index(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Feeders give at once, so that who waits for them is ready together with whoever else is. */
static void feed_fresh(struct play *p)
{
	for (uint32_t i = 0; i < p->num_fresh; ) {
		uint32_t x = p->fresh[i];

		if (body_of(p, x)) {
			i++;
			continue;
		}
		p->fresh[i] = p->fresh[--p->num_fresh];
		p->node[x].listed = false;
		p->node[x].next++;
		recount(p, x);
		tell(p, x);
		look(p, x);
	}
}

static void serve_fresh(struct play *p)
{
	if (p->arcs->num_givers > p->net->num_bodies)
		feed_fresh(p);
	if (p->net->num_groups)
		qsort(p->fresh, p->num_fresh, sizeof(*p->fresh), by_index);
	for (uint32_t i = 0; i < p->num_fresh; i++) {
		uint32_t x = p->fresh[i], group = group_of(p, x);
		struct queue *q = &p->queue[group == NONE ? 0 : group];
		uint32_t at;

		if (group == NONE) {
			begin(p, x);
			continue;
		}
		at = q->at + q->num++;
		q->node[at >= q->room ? at - q->room : at] = x;
	}
	p->num_fresh = 0;
	for (uint32_t g = 0; g < p->net->num_groups; g++)
		serve(p, g);
}

/* Everything that ends at the next time at which something does. False: nothing runs */
static bool step(struct play *p)
{
	if (!p->num_running)
		return false;
	p->now = p->node[p->heap[0]].end;
	while (p->num_running && p->node[p->heap[0]].end == p->now)
		finish(p, heap_pop(p));
	serve_fresh(p);
	return true;
}

/* --- set-up --- */

static uint32_t part_of(struct play *p, uint32_t x)
{
	while (p->part[x] != x)
		x = p->part[x] = p->part[p->part[x]];
	return x;
}

static void find_parts(struct play *p)
{
	uint32_t n = p->arcs->num_nodes;

	for (uint32_t x = 0; x < n; x++) {
		p->part[x] = x;
		p->node[x].idle = true;
	}
	for (uint32_t i = 0; i < p->arcs->num_arcs; i++) {
		uint32_t a = part_of(p, p->arcs->arc[i].from), b = part_of(p, p->arcs->arc[i].to);

		p->part[a > b ? a : b] = a > b ? b : a;
	}
	for (uint32_t x = 0; x < n; x++) {
		p->part[x] = part_of(p, x);
		if (p->arcs->time[x])
			p->node[p->part[x]].idle = false;
	}
	for (uint32_t x = 0; x < n; x++)
		p->node[x].idle = p->node[p->part[x]].idle && !p->limit;
}

static int init_queues(struct play *p)
{
	for (uint32_t x = 0; x < p->arcs->num_nodes; x++) {
		uint32_t g = group_of(p, x);

		if (g != NONE)
			p->queue[g].room++;
	}
	for (uint32_t g = 0; g < p->net->num_groups; g++) {
		p->queue[g].node = calloc((size_t)p->queue[g].room + 1, sizeof(uint32_t));
		if (!p->queue[g].node)
			return -ENOMEM;
	}
	return 0;
}

static void fini(struct play *p)
{
	for (uint32_t g = 0; p->queue && g < p->net->num_groups; g++)
		free(p->queue[g].node);
	free(p->node);
	free(p->part);
	free(p->in_at);
	free(p->in);
	free(p->queue);
	free(p->turn);
	free(p->heap);
	free(p->fresh);
}

static int init(struct play *p)
{
	const struct weft_arcs *a = p->arcs;
	size_t n = (size_t)a->num_nodes + 2;

	p->node = calloc(n, sizeof(*p->node));
	p->part = calloc(n, sizeof(*p->part));
	p->in_at = calloc(n, sizeof(*p->in_at));
	p->in = calloc((size_t)a->num_arcs + 1, sizeof(*p->in));
	p->queue = calloc((size_t)p->net->num_groups + 1, sizeof(*p->queue));
	p->turn = calloc((size_t)p->net->num_lanes + 1, sizeof(*p->turn));
	p->heap = calloc(n, sizeof(*p->heap));
	p->fresh = calloc(n, sizeof(*p->fresh));
	if (!p->node || !p->part || !p->in_at || !p->in || !p->queue || !p->turn || !p->heap || !p->fresh || init_queues(p)) {
		fini(p);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < a->num_arcs; i++)
		p->in_at[a->arc[i].to + 2] += a->cause[i].kind != WEFT_ARC_LANE;
	for (uint32_t x = 0; x < a->num_nodes; x++)
		p->in_at[x + 2] += p->in_at[x + 1];
	for (uint32_t i = 0; i < a->num_arcs; i++)
		if (a->cause[i].kind != WEFT_ARC_LANE)
			p->in[p->in_at[a->arc[i].to + 1]++] = (struct in) { a->arc[i].from, a->arc[i].tokens };
	find_parts(p);
	for (uint32_t x = 0; x < a->num_nodes; x++)
		recount(p, x);
	for (uint32_t i = 0; i < p->net->num_lanes; i++)
		if (p->net->lane[i].num_bodies)
			advance(p, i);
	for (uint32_t x = 0; x < a->num_nodes; x++)
		look(p, x);
	serve_fresh(p);
	return 0;
}

int weft_pace_run(const struct weft_net *net, const struct weft_arcs *arcs, uint64_t sequences, uint64_t *start,
		  uint64_t *makespan_ns, struct weft_why *why)
{
	struct play p = { .net = net, .arcs = arcs, .limit = sequences, .start = start };
	int ret = 0;

	*makespan_ns = 0;
	if (!sequences)
		return 0;
	if (init(&p))
		return weft_why(why, -ENOMEM, "pace: no memory");
	while (step(&p))
		;
	*makespan_ns = p.now;
	for (uint32_t x = 0; x < arcs->first[net->num_bodies] && !ret; x++)
		if (p.node[x].done != sequences)
			ret = weft_why(why, -EDEADLK, "pace: body %s stops after %llu of %llu sequences",
				       net->body[arcs->giver[x]].name, (unsigned long long)p.node[x].done,
				       (unsigned long long)sequences);
	fini(&p);
	return ret;
}

/* --- steady state --- */

/* The state at one time, counted from there; Brent's method keeps one and takes a later one each time twice as late. */
struct past {
	uint64_t now, *done, *rest;	/* rest: time to run, one more; 0: does not run */
	uint32_t *at, **queued, *num;
};

static void past_fini(struct past *s, uint32_t num_groups)
{
	for (uint32_t g = 0; s->queued && g < num_groups; g++)
		free(s->queued[g]);
	free(s->queued);
	free(s->num);
	free(s->done);
	free(s->rest);
	free(s->at);
}

static int past_init(struct past *s, const struct play *p)
{
	uint32_t n = p->arcs->num_nodes;
	int ret = 0;

	s->done = calloc((size_t)n + 1, sizeof(*s->done));
	s->rest = calloc((size_t)n + 1, sizeof(*s->rest));
	s->at = calloc((size_t)p->net->num_lanes + 1, sizeof(*s->at));
	s->num = calloc((size_t)p->net->num_groups + 1, sizeof(*s->num));
	s->queued = calloc((size_t)p->net->num_groups + 1, sizeof(*s->queued));
	if (!s->done || !s->rest || !s->at || !s->num || !s->queued)
		ret = -ENOMEM;
	for (uint32_t g = 0; !ret && g < p->net->num_groups; g++) {
		s->queued[g] = calloc((size_t)p->queue[g].room + 1, sizeof(uint32_t));
		ret = s->queued[g] ? 0 : -ENOMEM;
	}
	if (ret)
		past_fini(s, p->net->num_groups);
	return ret;
}

static uint64_t rest_of(const struct play *p, uint32_t x)
{
	return p->node[x].next > p->node[x].done ? p->node[x].end - p->now + 1 : 0;
}

static uint32_t queued(const struct queue *q, uint32_t i)
{
	uint32_t at = q->at + i;

	return q->node[at >= q->room ? at - q->room : at];
}

static void past_take(struct past *s, const struct play *p)
{
	s->now = p->now;
	for (uint32_t x = 0; x < p->arcs->num_nodes; x++) {
		s->done[x] = p->node[x].done;
		s->rest[x] = rest_of(p, x);
	}
	for (uint32_t i = 0; i < p->net->num_lanes; i++)
		s->at[i] = p->turn[i].at;
	for (uint32_t g = 0; g < p->net->num_groups; g++) {
		s->num[g] = p->queue[g].num;
		for (uint32_t i = 0; i < s->num[g]; i++)
			s->queued[g][i] = queued(&p->queue[g], i);
	}
}

static bool past_same(const struct past *s, const struct play *p)
{
	for (uint32_t x = 0; x < p->arcs->num_nodes; x++) {
		uint32_t part = p->part[x];

		if ((uint64_t)p->node[x].done - p->node[part].done != s->done[x] - s->done[part] || rest_of(p, x) != s->rest[x])
			return false;
	}
	for (uint32_t i = 0; i < p->net->num_lanes; i++)
		if (p->turn[i].at != s->at[i])
			return false;
	for (uint32_t g = 0; g < p->net->num_groups; g++) {
		if (p->queue[g].num != s->num[g])
			return false;
		for (uint32_t i = 0; i < s->num[g]; i++)
			if (queued(&p->queue[g], i) != s->queued[g][i])
				return false;
	}
	return true;
}

/* Of the part that did least since. */
static struct weft_ratio slowest(const struct past *s, const struct play *p)
{
	struct weft_ratio most = { 0, 1 };

	for (uint32_t x = 0; x < p->arcs->num_nodes; x++) {
		struct weft_ratio r = { p->now - s->now, p->node[x].done - s->done[x] };

		if (p->part[x] == x && !p->node[x].idle && r.den && weft_ratio_compare(r, most) > 0)
			most = r;
	}
	return weft_ratio_lowest(most);
}

int weft_pace(const struct weft_net *net, const struct weft_arcs *arcs, uint64_t max_firings, struct weft_pace *pace,
	      struct weft_why *why)
{
	struct play p = { .net = net, .arcs = arcs };
	uint64_t looks = 0, again = 1, seen = UINT64_MAX;
	struct past s = { 0 };
	uint32_t main_part = 0;

	*pace = (struct weft_pace) { .period = { 0, 1 }, .exact = true };
	if (init(&p))
		return weft_why(why, -ENOMEM, "pace: no memory");
	if (past_init(&s, &p)) {
		fini(&p);
		return weft_why(why, -ENOMEM, "pace: no memory");
	}
	while (main_part < arcs->num_nodes && p.node[main_part].idle)
		main_part++;
	past_take(&s, &p);
	while (main_part < arcs->num_nodes && step(&p)) {
		if (p.fired >= max_firings) {
			pace->exact = false;
			break;
		}
		if (p.node[main_part].done == seen)
			continue;
		seen = p.node[main_part].done;
		if (seen && past_same(&s, &p))
			break;
		/* without a return, what is measured is no less than the later half */
		if (++looks >= again && p.fired <= max_firings / 2) {
			past_take(&s, &p);
			again *= 2;
		}
	}
	pace->period = slowest(&s, &p);
	pace->firings = p.fired;
	past_fini(&s, net->num_groups);
	fini(&p);
	return 0;
}
