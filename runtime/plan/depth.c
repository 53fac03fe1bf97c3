/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * A schedule first: start times that keep the period without any credit. Each depth is then what the blocks of its edge are
 * out at once in that schedule, and the credits change nothing. Last, each depth is lowered while start times exist that
 * still keep the period: as every step only adds to what is asked, one that failed once need not be tried again, and when
 * all have been tried no single one can be lowered.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cycle.h"
#include "depth.h"

#define NONE		WEFT_NET_NONE
#define MAX_DEPTH	(1u << 20)
#define SEARCH		(1u << 23)	/* arcs looked at in the last part, and 16 times all of them */

struct depth {
	struct weft_net *net;
	const uint32_t *q;
	struct weft_ratio period;
	uint64_t lent;			/* ns given to firings that take none */
	struct weft_arcs arcs;
	struct weft_potential p;
	/* credit arcs by edge, consumer and firing of the producer */
	uint32_t *slot_at, *slot;
	/* raising start times round one arc more */
	weft_wide *raise;
	uint32_t *heap, *heap_at, num_heap;
	struct { uint32_t node; weft_wide start; } *undo;
	uint32_t num_undo, undo_room;
	uint64_t looked, most;
};

static uint64_t lcm(uint64_t a, uint64_t b)
{
	uint64_t x = a, y = b;

	while (y) {
		uint64_t r = x % y;

		x = y;
		y = r;
	}
	return a / x * b;
}

uint32_t weft_depth_step(const struct weft_net_edge *e)
{
	uint64_t step = e->produce;

	for (uint32_t j = 0; j < e->num_consumers && step <= MAX_DEPTH; j++)
		step = lcm(step, e->consumer[j].consume);
	return step <= MAX_DEPTH ? (uint32_t)step : 0;
}

uint32_t weft_depth_least(const struct weft_net_edge *e)
{
	uint64_t step = weft_depth_step(e), n = e->initial > 1 ? e->initial : 1;

	/* the step is a multiple of what one firing moves */
	if (!step || (n + step - 1) / step * step > MAX_DEPTH)
		return 0;
	return (uint32_t)((n + step - 1) / step * step);
}

static weft_wide weight(const struct depth *d, uint32_t i)
{
	const struct weft_arc *a = &d->arcs.arc[i];

	return (weft_wide)d->arcs.time[a->from] * d->period.den - (weft_wide)a->tokens * d->period.num;
}

static weft_wide floor_div(weft_wide a, weft_wide b)
{
	return a / b - (a % b < 0);
}

/* The least depth with which the credits of an edge ask nothing that the start times do not give already. */
static uint64_t depth_at(const struct depth *d, uint32_t edge)
{
	const struct weft_arcs *a = &d->arcs;
	const struct weft_net_edge *e = &d->net->edge[edge];
	uint32_t from = weft_arcs_giver(a, d->net, edge), u = a->first[from], num_u = weft_arcs_firings(a, from);
	uint64_t most = 1;

	for (uint32_t j = 0; j < e->num_consumers; j++) {
		const struct weft_net_consumer *c = &e->consumer[j];
		uint32_t v = a->first[c->body], num_v = d->q[c->body], best = 0;
		weft_wide ready = (weft_wide)a->time[v] * d->period.den;

		for (uint32_t r = 0; r < num_u; r++) {
			int64_t returned = INT64_MIN, need;

			/* the last firing of the consumer that has ended by then; a little after the first copy is enough */
			for (uint32_t k = 0; k < num_v; k++) {
				weft_wide late = d->p.start[u + r] - d->p.start[v + k] - ready;
				int64_t t = (int64_t)floor_div(late, d->period.num) * num_v + k;

				returned = t > returned ? t : returned;
			}
			need = (int64_t)e->initial + (int64_t)(r + 1) * e->produce - (returned + 1) * c->consume;
			if (need > (int64_t)best)
				best = need > UINT32_MAX ? UINT32_MAX : (uint32_t)need;
		}
		most = best > most ? best : most;
	}
	return most;
}

static int take_depths(struct depth *d, struct weft_why *why)
{
	for (uint32_t i = 0; i < d->net->num_edges; i++) {
		struct weft_net_edge *e = &d->net->edge[i];
		uint64_t step, n;

		if (!weft_depth_free(e) || e->depth)
			continue;
		step = weft_depth_step(e);
		n = depth_at(d, i);
		n = (n + step - 1) / step * step;
		if (n > MAX_DEPTH)
			return weft_why(why, -EINVAL, "edge %s: the period needs more than %u blocks", e->name, MAX_DEPTH);
		e->depth = weft_depth_least(e) > n ? weft_depth_least(e) : (uint32_t)n;
	}
	return 0;
}

/*
 * Bodies start as early as they can. Where what they give is larger than what they take, it is shorter in memory when they
 * start as late as those after them allow; what feeds an edge takes nothing.
 */
static void start_late(struct depth *d)
{
	const struct weft_arcs *a = &d->arcs;
	uint64_t *gain = calloc((size_t)d->net->num_bodies + 1, sizeof(*gain)), *loss;

	loss = calloc((size_t)d->net->num_bodies + 1, sizeof(*loss));
	for (uint32_t i = 0; gain && loss && i < d->net->num_edges; i++) {
		const struct weft_net_edge *e = &d->net->edge[i];

		if (!weft_depth_free(e) || e->from == NONE)
			continue;
		gain[e->from] += e->block_bytes * e->produce;
		for (uint32_t j = 0; j < e->num_consumers; j++)
			loss[e->consumer[j].body] += e->block_bytes * e->consumer[j].consume;
	}
	for (uint32_t k = a->num_nodes; gain && loss && k--; ) {
		uint32_t x = a->order[k];
		weft_wide latest = 0;
		bool any = false;

		if (a->giver[x] < d->net->num_bodies && gain[a->giver[x]] <= loss[a->giver[x]])
			continue;
		for (uint32_t i = a->head[x]; i != NONE; i = a->arc[i].next) {
			weft_wide at = d->p.start[a->arc[i].to] - weight(d, i);

			if (a->arc[i].to == x)
				continue;
			latest = any && latest < at ? latest : at;
			any = true;
		}
		if (any && latest > d->p.start[x])
			d->p.start[x] = latest;
	}
	free(gain);
	free(loss);
}

/* --- one arc more, or one with fewer tokens --- */

static void heap_up(struct depth *d, uint32_t x, uint32_t i)
{
	for (; i && d->raise[x] > d->raise[d->heap[(i - 1) / 2]]; i = (i - 1) / 2) {
		d->heap[i] = d->heap[(i - 1) / 2];
		d->heap_at[d->heap[i]] = i;
	}
	d->heap[i] = x;
	d->heap_at[x] = i;
}

static uint32_t heap_pop(struct depth *d)
{
	uint32_t top = d->heap[0], last = d->heap[--d->num_heap], i = 0, c;

	while ((c = 2 * i + 1) < d->num_heap) {
		c += c + 1 < d->num_heap && d->raise[d->heap[c + 1]] > d->raise[d->heap[c]];
		if (d->raise[d->heap[c]] <= d->raise[last])
			break;
		d->heap[i] = d->heap[c];
		d->heap_at[d->heap[i]] = i;
		i = c;
	}
	if (d->num_heap) {
		d->heap[i] = last;
		d->heap_at[last] = i;
	}
	d->heap_at[top] = NONE;
	return top;
}

static void heap_clear(struct depth *d)
{
	while (d->num_heap) {
		uint32_t x = d->heap[--d->num_heap];

		d->raise[x] = 0;
		d->heap_at[x] = NONE;
	}
}

static bool note(struct depth *d, uint32_t x)
{
	if (d->num_undo == d->undo_room) {
		void *more = realloc(d->undo, 2 * (size_t)d->undo_room * sizeof(*d->undo));

		if (!more)
			return false;
		d->undo = more;
		d->undo_room *= 2;
	}
	d->undo[d->num_undo].node = x;
	d->undo[d->num_undo++].start = d->p.start[x];
	return true;
}

/*
 * Start times that satisfy arc @i too, all others being satisfied. Who has to rise most rises first, so each rises once; when
 * that comes back to where the arc begins there are none. False: there are none, or it would take too long.
 */
static bool admit(struct depth *d, uint32_t i)
{
	const struct weft_arcs *a = &d->arcs;
	uint32_t from = a->arc[i].from, x = a->arc[i].to;
	weft_wide lack = d->p.start[from] + weight(d, i) - d->p.start[x];

	if (lack <= 0)
		return true;
	if (x == from)
		return false;
	d->raise[x] = lack;
	heap_up(d, x, d->num_heap++);
	while (d->num_heap) {
		x = heap_pop(d);
		if (!note(d, x)) {
			d->raise[x] = 0;
			break;
		}
		d->p.start[x] += d->raise[x];
		d->raise[x] = 0;
		for (uint32_t k = a->head[x]; k != NONE; k = a->arc[k].next) {
			uint32_t y = a->arc[k].to;

			lack = d->p.start[x] + weight(d, k) - d->p.start[y];
			d->looked++;
			if (lack <= d->raise[y])
				continue;
			if (y == from || d->looked > d->most) {
				heap_clear(d);
				return false;
			}
			d->raise[y] = lack;
			heap_up(d, y, d->heap_at[y] == NONE ? d->num_heap++ : d->heap_at[y]);
		}
	}
	return !d->num_heap;
}

static void set_credits(struct depth *d, uint32_t edge, uint32_t depth, bool check, bool *fits)
{
	const struct weft_net_edge *e = &d->net->edge[edge];
	uint32_t at = d->slot_at[edge], num = weft_arcs_firings(&d->arcs, weft_arcs_giver(&d->arcs, d->net, edge));

	*fits = true;
	for (uint32_t j = 0; j < e->num_consumers && *fits; j++) {
		const struct weft_net_consumer *c = &e->consumer[j];

		for (uint32_t r = 0; r < num && *fits; r++, at++) {
			int64_t t = weft_arcs_return(r, c->consume, e->produce, e->initial, depth);
			int32_t tokens;
			uint32_t from = weft_arcs_node(d->arcs.first[c->body], d->q[c->body], t, &tokens);

			weft_arcs_move(&d->arcs, d->slot[at], from, tokens);
			*fits = !check || admit(d, d->slot[at]);
		}
	}
}

static bool try_depth(struct depth *d, uint32_t edge, uint32_t depth)
{
	bool fits, undone;

	d->num_undo = 0;
	set_credits(d, edge, depth, true, &fits);
	if (fits) {
		d->net->edge[edge].depth = depth;
		return true;
	}
	while (d->num_undo--)
		d->p.start[d->undo[d->num_undo].node] = d->undo[d->num_undo].start;
	set_credits(d, edge, d->net->edge[edge].depth, false, &undone);
	return false;
}

/* A producer and a consumer that take turns: fewer blocks need no trial to be refused. */
static uint32_t floor_of(const struct depth *d, const struct weft_net_edge *e)
{
	uint64_t most = weft_depth_least(e), t_u = e->from == NONE ? 0 : d->arcs.time[d->arcs.first[e->from]];

	for (uint32_t j = 0; e->from != NONE && j < e->num_consumers; j++) {
		uint32_t v = e->consumer[j].body;
		weft_wide both = ((weft_wide)t_u + d->arcs.time[d->arcs.first[v]]) * d->period.den;
		weft_wide n = (both + d->period.num - 1) / d->period.num;

		if (d->q[e->from] == 1 && d->q[v] == 1 && e->produce == 1 && v != e->from && n > (weft_wide)most)
			most = (uint64_t)n;
	}
	return (uint32_t)most;
}

static int by_bytes(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return x[0] != y[0] ? (x[0] < y[0]) - (x[0] > y[0]) : (x[1] > y[1]) - (x[1] < y[1]);
}

static int find_slots(struct depth *d)
{
	struct weft_arcs *a = &d->arcs;
	uint64_t n = 0;

	d->slot_at = calloc((size_t)d->net->num_edges + 1, sizeof(*d->slot_at));
	if (!d->slot_at)
		return -ENOMEM;
	for (uint32_t i = 0; i < d->net->num_edges; i++) {
		uint32_t from = weft_arcs_giver(a, d->net, i);

		d->slot_at[i] = (uint32_t)n;
		if (from != NONE)
			n += (uint64_t)d->net->edge[i].num_consumers * weft_arcs_firings(a, from);
	}
	d->slot = calloc(n + 1, sizeof(*d->slot));
	d->raise = calloc((size_t)a->num_nodes + 1, sizeof(*d->raise));
	d->heap = calloc((size_t)a->num_nodes + 1, sizeof(*d->heap));
	d->heap_at = malloc(((size_t)a->num_nodes + 1) * sizeof(*d->heap_at));
	d->undo_room = 1024;
	d->undo = malloc(d->undo_room * sizeof(*d->undo));
	if (!d->slot || !d->raise || !d->heap || !d->heap_at || !d->undo)
		return -ENOMEM;
	memset(d->heap_at, 0xff, ((size_t)a->num_nodes + 1) * sizeof(*d->heap_at));
	for (uint32_t i = 0; i < a->num_arcs; i++) {
		const struct weft_arc_cause *of = &a->cause[i];
		uint32_t to = a->arc[i].to, u = a->giver[to];

		if (of->kind == WEFT_ARC_CREDIT)
			d->slot[d->slot_at[of->id] + of->consumer * weft_arcs_firings(a, u) + (to - a->first[u])] = i;
	}
	return 0;
}

/* Largest blocks first: what one edge gives up another may need. */
static int lower(struct depth *d)
{
	uint64_t (*edge)[2] = malloc(((size_t)d->net->num_edges + 1) * sizeof(*edge));
	uint32_t n = 0;

	if (!edge)
		return -ENOMEM;
	for (uint32_t i = 0; i < d->net->num_edges; i++) {
		const struct weft_net_edge *e = &d->net->edge[i];

		if (!weft_depth_free(e) || !e->num_consumers || weft_arcs_giver(&d->arcs, d->net, i) == NONE ||
		    e->depth <= floor_of(d, e))
			continue;
		edge[n][0] = e->block_bytes * weft_depth_step(e);
		edge[n++][1] = i;
	}
	qsort(edge, n, sizeof(*edge), by_bytes);
	d->most = SEARCH + 16ull * d->arcs.num_arcs;
	for (uint32_t k = 0; k < n && d->looked <= d->most; k++) {
		struct weft_net_edge *e = &d->net->edge[edge[k][1]];
		uint32_t step = weft_depth_step(e), least = floor_of(d, e);

		while (e->depth >= least + step && try_depth(d, (uint32_t)edge[k][1], e->depth - step))
			;
	}
	free(edge);
	return 0;
}

/* What one half of an edge is filled in while the other is used, beside what its consumers need of each other. */
static void spare(struct depth *d)
{
	bool fits;

	for (uint32_t i = 0; i < d->net->num_edges && d->arcs.num_givers > d->net->num_bodies; i++) {
		struct weft_net_edge *e = &d->net->edge[i];

		if (!weft_depth_free(e) || e->from != NONE || weft_arcs_giver(&d->arcs, d->net, i) == NONE)
			continue;
		e->depth += weft_depth_least(e);
		set_credits(d, i, e->depth, false, &fits);
	}
}

static int make_arcs(struct depth *d, struct weft_why *why)
{
	int ret = weft_arcs_init(&d->arcs, d->net, d->q, NULL, 0, why);

	d->lent = 0;
	for (uint32_t x = 0; !ret && x < d->arcs.first[d->net->num_bodies]; x++) {
		d->lent += !d->arcs.time[x];
		d->arcs.time[x] += !d->arcs.time[x];
	}
	return ret;
}

/* Depths as they are before any is chosen: those that the host alone asks for, and none that bounds. */
static int unbound(struct weft_net *net, struct weft_why *why)
{
	for (uint32_t i = 0; i < net->num_edges; i++) {
		struct weft_net_edge *e = &net->edge[i];
		uint32_t least;

		if (!weft_depth_free(e))
			continue;
		least = weft_depth_least(e);
		if (!least)
			return weft_why(why, -EINVAL, "edge %s: its rates need more than %u blocks", e->name, MAX_DEPTH);
		e->depth = 0;
		if (!e->num_consumers || (e->from == NONE && !weft_arcs_fed(e)))
			e->depth = 2 * least;
	}
	return 0;
}

/* The cycle is looked for only now that somebody wants to read of it. */
static int too_fast(struct depth *d, struct weft_ratio target, struct weft_ratio groups, uint32_t group, struct weft_why *why)
{
	struct weft_critical critical;
	int ret = weft_cycle_period(d->net, &d->arcs, NULL, groups, &d->period, &critical, why);

	if (ret)
		return ret;
	weft_why(why, -ERANGE, "a period of %.0f ns cannot be kept: ", weft_ratio_ns(target));
	if (!weft_ratio_compare(groups, d->period))
		weft_why_add(why, "engines of group %s", d->net->group[group].name);
	else
		weft_why_add(why, "%s", critical.text.text);
	weft_why_add(why, " need %.0f ns", weft_ratio_ns(d->period));
	return -ERANGE;
}

/* The period, and start times that keep it. */
static int best_period(struct depth *d, struct weft_ratio target, struct weft_why *why)
{
	struct weft_ratio groups, best;
	uint32_t group;
	int ret = weft_cycle_dead(d->net, &d->arcs, NULL, NULL, NULL, why);

	if (!ret)
		ret = weft_potential_init(&d->p, &d->arcs);
	if (ret)
		return ret;
	groups = weft_cycle_groups(d->net, d->q, &group);
	weft_cycle_start(d->net, &d->p, groups, &best);
	if (target.num && weft_ratio_compare((struct weft_ratio) { target.num + d->lent * target.den, target.den }, best) < 0)
		return too_fast(d, target, groups, group, why);
	d->period = weft_ratio_compare(target, best) > 0 ? target : best;
	if (!d->period.num)
		d->period = (struct weft_ratio) { 1, 1 };
	if (weft_ratio_compare(d->period, best)) {
		memset(d->p.start, 0, d->arcs.num_nodes * sizeof(*d->p.start));
		weft_potential_solve(&d->p, d->period);
	}
	return 0;
}

/* To the caller, with the times as they are. */
static void hand_over(struct depth *d, struct weft_arcs *arcs)
{
	for (uint32_t x = 0; d->lent && x < d->arcs.first[d->net->num_bodies]; x++)
		d->arcs.time[x] = d->net->body[d->arcs.giver[x]].time_ns;
	*arcs = d->arcs;
	d->arcs = (struct weft_arcs) { 0 };
}

int weft_depth_choose(struct weft_net *net, const uint32_t *q, struct weft_ratio target, struct weft_ratio *period,
		      bool *minimal, struct weft_arcs *arcs, struct weft_why *why)
{
	struct depth d = { .net = net, .q = q };
	int ret = unbound(net, why);

	*minimal = true;
	if (ret)
		return ret;
	ret = make_arcs(&d, why);
	if (!ret)
		ret = best_period(&d, target, why);
	if (ret)
		goto out;
	*period = d.period;
	start_late(&d);
	ret = take_depths(&d, why);
	if (ret)
		goto out;
	/* the same nodes, so the start times stay, and satisfy the credits too */
	weft_arcs_fini(&d.arcs);
	ret = make_arcs(&d, why);
	if (!ret)
		ret = find_slots(&d);
	if (!ret)
		ret = lower(&d);
	if (!ret)
		spare(&d);
	*minimal = d.looked <= d.most;
	if (!ret && arcs)
		hand_over(&d, arcs);
out:
	weft_potential_fini(&d.p);
	weft_arcs_fini(&d.arcs);
	free(d.slot_at);
	free(d.slot);
	free(d.raise);
	free(d.heap);
	free(d.heap_at);
	free(d.undo);
	return ret == -ENOMEM ? weft_why(why, ret, "depths: no memory") : ret;
}
