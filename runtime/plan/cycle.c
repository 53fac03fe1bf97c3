/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The period by Newton's method on ratios: solve for a period; a cycle that forbids it gives the next, longer one. Each is
 * the ratio of a real cycle, so the last is exact. Howard's policy iteration does the same with less exact numbers.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cycle.h"
#include "depth.h"

#define MAX_NAMED	12	/* arcs of a long cycle that are written out */
#define MAX_DEEPER	64	/* cycles over one edge that are looked at for the depth that breaks all */

static void name_node(const struct weft_net *net, const struct weft_arcs *arcs, uint32_t node, struct weft_why *why)
{
	uint32_t g = arcs->giver[node];

	if (g < net->num_bodies)
		weft_why_add(why, "body %s", net->body[g].name);
	else
		weft_why_add(why, "who feeds edge %s", net->edge[g - net->num_bodies].name);
	if (weft_arcs_firings(arcs, g) > 1)
		weft_why_add(why, "[%u]", node - arcs->first[g]);
}

static void name_arc(const struct weft_net *net, const struct weft_arc_cause *arc, const struct weft_guard *guard,
		     struct weft_why *why)
{
	switch ((enum weft_arc_kind)arc->kind) {
	case WEFT_ARC_DATA:
		weft_why_add(why, " -(edge %s)-> ", net->edge[arc->id].name);
		break;
	case WEFT_ARC_CREDIT:
		weft_why_add(why, " -(credit of edge %s, depth %u)-> ", net->edge[arc->id].name, net->edge[arc->id].depth);
		break;
	case WEFT_ARC_SELF:
		weft_why_add(why, " -(its next firing)-> ");
		break;
	case WEFT_ARC_LANE:
		weft_why_add(why, " -(order of lane %u)-> ", arc->id);
		break;
	case WEFT_ARC_GUARD:
		weft_why_add(why, " -(blocks shared by edges %s and %s)-> ", net->edge[guard[arc->id].edge].name,
			     net->edge[guard[arc->id].next_edge].name);
		break;
	}
}

void weft_cycle_text(const struct weft_net *net, const struct weft_arcs *arcs, const struct weft_guard *guard,
		     const uint32_t *cycle, uint32_t length, struct weft_why *why)
{
	uint32_t first = 0;

	/* from its first body in the user's order, so that one cycle has one name */
	for (uint32_t k = 1; k < length; k++)
		if (arcs->arc[cycle[k]].from < arcs->arc[cycle[first]].from)
			first = k;
	for (uint32_t k = 0; k < length; k++) {
		uint32_t arc;

		if (length > MAX_NAMED && k == MAX_NAMED / 2) {
			k = length - MAX_NAMED / 2;
			weft_why_add(why, "… %u more … ", length - MAX_NAMED);
		}
		arc = cycle[(first + k) % length];
		name_node(net, arcs, arcs->arc[arc].from, why);
		name_arc(net, &arcs->cause[arc], guard, why);
	}
	name_node(net, arcs, arcs->arc[cycle[first]].from, why);
}

/* What of a cycle is changed most easily: a depth, then an order, then tokens. @to: where that arc leads, @need: tokens it lacks */
static const struct weft_arc_cause *best_help(const struct weft_net *net, const struct weft_potential *p, uint32_t edge,
					      uint32_t *to, int64_t *need)
{
	const struct weft_arc_cause *best = NULL;

	*need = 1;
	for (uint32_t k = 0; k < p->cycle_length; k++) {
		const struct weft_arc_cause *arc = &p->arcs->cause[p->cycle[k]];
		bool depth = arc->kind == WEFT_ARC_CREDIT && !(net->edge[arc->id].flags & WEFT_NET_STATE);

		*need -= p->arcs->arc[p->cycle[k]].tokens;
		if (!(depth || arc->kind == WEFT_ARC_LANE || arc->kind == WEFT_ARC_DATA) ||
		    (edge != WEFT_NET_NONE && !(depth && arc->id == edge)))
			continue;
		if (!best || (depth && best->kind != WEFT_ARC_CREDIT) ||
		    (arc->kind == WEFT_ARC_LANE && best->kind == WEFT_ARC_DATA)) {
			best = arc;
			*to = p->arcs->arc[p->cycle[k]].to;
		}
	}
	return best;
}

/*
 * The least depth, of those that the rates of its edge allow, with which the credit @arc into node @to is of a firing before
 * the one that the cycle makes wait for it: the cycle lacks @need tokens.
 */
static uint64_t deeper(const struct weft_net *net, const struct weft_arcs *arcs, const struct weft_arc_cause *arc, uint32_t to,
		       int64_t need)
{
	const struct weft_net_edge *e = &net->edge[arc->id];
	const struct weft_net_consumer *c = &e->consumer[arc->consumer];
	int64_t s = to - arcs->first[arcs->giver[to]], q = weft_arcs_firings(arcs, c->body);
	int64_t t = weft_arcs_return(s, c->consume, e->produce, e->initial, e->depth) - (need - 1) * q - 1;
	uint64_t depth = (uint64_t)((s + 1) * e->produce + e->initial - (t + 1) * c->consume), step = weft_depth_step(e);

	return step ? (depth + step - 1) / step * step : depth;
}

/* All arcs without tokens that are left over when those in order are taken away lead into a cycle: walk it backwards. */
static void short_cycle(struct weft_potential *p)
{
	const struct weft_arcs *a = p->arcs;
	uint32_t n = 0, x, y;

	for (x = 0; x < a->num_nodes; x++) {
		p->by[x] = WEFT_NET_NONE;
		p->mark[x] = 0;
	}
	for (uint32_t k = a->num_ordered; k < a->num_nodes; k++)
		p->mark[a->order[k]] = 1;
	for (uint32_t i = 0; i < a->num_arcs; i++)
		if (a->arc[i].tokens <= 0 && p->mark[a->arc[i].from] && p->mark[a->arc[i].to])
			p->by[a->arc[i].to] = i;
	for (x = a->order[a->num_ordered]; p->mark[x] == 1; x = a->arc[p->by[x]].from)
		p->mark[x] = 2;
	y = x;
	do {
		p->mark[n++] = p->by[y];
		y = a->arc[p->by[y]].from;
	} while (y != x);
	p->cycle_length = n;
	for (uint32_t k = 0; k < n; k++)
		p->cycle[k] = p->mark[n - 1 - k];
}

/* A cycle without a token, if there is one, in @p. */
static bool find_dead(struct weft_potential *p)
{
	const struct weft_arcs *a = p->arcs;

	if (a->num_ordered < a->num_nodes)
		short_cycle(p);
	else
		weft_potential_count(p, 1, (uint64_t)a->num_nodes + 1);
	return p->cycle_length;
}

/* @depth breaks one cycle over @edge, and there may be others: as deep as all of them need that are met. */
static uint64_t deep_enough(const struct weft_net *net, const struct weft_arcs *arcs, uint32_t edge, uint64_t depth)
{
	struct weft_net_edge *edges = malloc(net->num_edges * sizeof(*edges));
	uint32_t *q = malloc(net->num_bodies * sizeof(*q));
	struct weft_net more = *net;
	bool again = edges && q;

	for (uint32_t b = 0; again && b < net->num_bodies; b++)
		q[b] = weft_arcs_firings(arcs, b);
	if (again)
		memcpy(edges, net->edge, net->num_edges * sizeof(*edges));
	more.edge = edges;
	for (uint32_t n = 0; again && n < MAX_DEEPER && depth <= UINT32_MAX; n++) {
		const struct weft_arc_cause *arc;
		struct weft_potential p;
		struct weft_arcs a;
		uint32_t to;
		int64_t need;

		edges[edge].depth = (uint32_t)depth;
		if (weft_arcs_init(&a, &more, q, NULL, 0, NULL))
			break;
		again = !weft_potential_init(&p, &a);
		arc = again && find_dead(&p) ? best_help(&more, &p, edge, &to, &need) : NULL;
		again = arc;
		if (arc)
			depth = deeper(&more, &a, arc, to, need);
		weft_potential_fini(&p);
		weft_arcs_fini(&a);
	}
	free(edges);
	free(q);
	return depth;
}

/* One change that gives the cycle a token. */
static void name_help(const struct weft_net *net, const struct weft_potential *p, bool shares, struct weft_why *why)
{
	uint32_t to = 0;
	int64_t need;
	const struct weft_arc_cause *best = best_help(net, p, WEFT_NET_NONE, &to, &need);

	if (!best)
		return;
	if (best->kind == WEFT_ARC_CREDIT) {
		uint64_t depth = deeper(net, p->arcs, best, to, need);

		weft_why_add(why, "; depth %" PRIu64 " of edge %s would break it",
			     shares ? depth : deep_enough(net, p->arcs, best->id, depth), net->edge[best->id].name);
	} else if (best->kind == WEFT_ARC_LANE) {
		weft_why_add(why, "; another order of lane %u would break it", best->id);
	} else {
		weft_why_add(why, "; initial tokens on edge %s would break it", net->edge[best->id].name);
	}
}

int weft_cycle_dead(const struct weft_net *net, const struct weft_arcs *arcs, const struct weft_guard *guard,
		    uint32_t *stuck, uint32_t *num_stuck, struct weft_why *why)
{
	struct weft_potential p;
	int ret = 0;

	if (num_stuck)
		*num_stuck = 0;
	if (arcs->num_ordered == arcs->num_nodes && !arcs->negative)
		return 0;
	if (weft_potential_init(&p, arcs))
		return weft_why(why, -ENOMEM, "deadlocks: no memory");
	if (find_dead(&p)) {
		ret = weft_why(why, -EDEADLK, "the plan would stop: no token on the cycle ");
		weft_cycle_text(net, arcs, guard, p.cycle, p.cycle_length, why);
		if (why)
			name_help(net, &p, guard, why);
		for (uint32_t k = 0; stuck && k < p.cycle_length; k++)
			if (arcs->cause[p.cycle[k]].kind == WEFT_ARC_GUARD)
				stuck[(*num_stuck)++] = arcs->cause[p.cycle[k]].id;
	}
	weft_potential_fini(&p);
	return ret;
}

struct weft_ratio weft_cycle_groups(const struct weft_net *net, const uint32_t *q, uint32_t *group)
{
	struct weft_ratio worst = { 0, 1 };
	uint64_t *work = calloc((size_t)net->num_groups + 1, sizeof(*work));

	*group = WEFT_NET_NONE;
	for (uint32_t b = 0; work && b < net->num_bodies; b++)
		if (net->body[b].group != WEFT_NET_NONE)
			work[net->body[b].group] += q[b] * net->body[b].time_ns;
	for (uint32_t g = 0; work && g < net->num_groups; g++) {
		struct weft_ratio r = { work[g], net->group[g].width };

		if (weft_ratio_compare(r, worst) > 0) {
			worst = r;
			*group = g;
		}
	}
	free(work);
	return weft_ratio_lowest(worst);
}

/* Cycles that can be seen without a search: a body with itself and over one edge. A good start saves most of the work. */
static struct weft_ratio plain_cycles(const struct weft_net *net, const struct weft_arcs *arcs)
{
	struct weft_ratio most = { 0, 1 }, r;

	for (uint32_t b = 0; b < net->num_bodies; b++) {
		r = (struct weft_ratio) { (arcs->first[b + 1] - arcs->first[b]) * net->body[b].time_ns, 1 };
		if (r.num > most.num)
			most = r;
	}
	if (arcs->first[net->num_bodies] != net->num_bodies)
		return most;
	for (uint32_t i = 0; i < net->num_edges; i++) {
		const struct weft_net_edge *e = &net->edge[i];

		for (uint32_t j = 0; e->depth && e->from != WEFT_NET_NONE && j < e->num_consumers; j++) {
			uint32_t v = e->consumer[j].body;

			r = (struct weft_ratio) { net->body[e->from].time_ns + net->body[v].time_ns, e->depth };
			if (v != e->from && weft_ratio_compare(r, most) > 0)
				most = r;
		}
	}
	for (uint32_t i = 0; i < net->num_lanes; i++) {
		uint64_t sum = 0;

		for (uint32_t k = 0; k < net->lane[i].num_bodies; k++)
			sum += net->body[net->lane[i].body[k]].time_ns;
		if (weft_ratio_compare((struct weft_ratio) { sum, 1 }, most) > 0)
			most = (struct weft_ratio) { sum, 1 };
	}
	return weft_ratio_lowest(most);
}

/* The cycle that needs just @period: asking for a little less finds it. */
static void name_critical(const struct weft_net *net, struct weft_potential *p, const struct weft_guard *guard,
			  struct weft_ratio period, struct weft_critical *critical)
{
	uint64_t time;
	int64_t tokens;

	critical->group = WEFT_NET_NONE;
	critical->text.text[0] = 0;
	if (!p->cycle_length) {
		/* a little less than the period: the arcs of its cycle have no slack, so that one is found first */
		const uint64_t parts = UINT64_C(1) << 20;
		struct weft_ratio less = { period.num * parts - 1, period.den * parts };

		if (!period.num || period.num > UINT64_MAX / parts || period.den > UINT64_MAX / parts ||
		    !weft_potential_solve(p, less))
			return;
		weft_potential_cycle(p, &time, &tokens);
		if (weft_ratio_compare((struct weft_ratio) { time, (uint64_t)tokens }, period))
			return;
	}
	weft_cycle_text(net, p->arcs, guard, p->cycle, p->cycle_length, &critical->text);
}

/* The last cycle that forbade a period goes to @kept, if that is given; their number of arcs. */
static uint32_t find_period(const struct weft_net *net, struct weft_potential *p, struct weft_ratio atleast,
			    struct weft_ratio *period, uint32_t *kept)
{
	struct weft_ratio at = plain_cycles(net, p->arcs);
	uint32_t num_kept = 0;
	int64_t tokens;

	if (weft_ratio_compare(atleast, at) > 0)
		at = atleast;
	while (weft_potential_solve(p, at) == 1) {
		weft_potential_cycle(p, &at.num, &tokens);
		at.den = (uint64_t)tokens;
		at = weft_ratio_lowest(at);
		num_kept = kept ? p->cycle_length : 0;
		for (uint32_t k = 0; k < num_kept; k++)
			kept[k] = p->cycle[k];
		for (uint32_t x = 0; x < p->arcs->num_nodes; x++)
			p->start[x] = 0;
	}
	*period = at;
	return num_kept;
}

void weft_cycle_start(const struct weft_net *net, struct weft_potential *p, struct weft_ratio atleast,
		      struct weft_ratio *period)
{
	find_period(net, p, atleast, period, NULL);
}

int weft_cycle_period(const struct weft_net *net, const struct weft_arcs *arcs, const struct weft_guard *guard,
		      struct weft_ratio atleast, struct weft_ratio *period, struct weft_critical *critical,
		      struct weft_why *why)
{
	struct weft_potential p;
	uint32_t *kept, num_kept;

	if (weft_potential_init(&p, arcs))
		return weft_why(why, -ENOMEM, "period: no memory");
	kept = calloc((size_t)arcs->num_nodes + 1, sizeof(*kept));
	num_kept = find_period(net, &p, atleast, period, kept);
	if (critical && !num_kept && !weft_ratio_compare(atleast, *period)) {
		critical->group = WEFT_NET_NONE;
		critical->text.text[0] = 0;
	} else if (critical) {
		for (uint32_t k = 0; k < num_kept; k++)
			p.cycle[k] = kept[k];
		p.cycle_length = num_kept;
		name_critical(net, &p, guard, *period, critical);
	}
	free(kept);
	weft_potential_fini(&p);
	return 0;
}
