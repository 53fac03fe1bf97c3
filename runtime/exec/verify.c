/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * What came from outside, decisions or what other processes give: would a plan with them stop for ever? The planner's own check,
 * without planning.
 */
#include <errno.h>

#include "decide.h"
#include "decided.h"

#include "runtime/plan/cycle.h"
#include "runtime/plan/rates.h"

static int live(const struct weft_plan *p, const struct weft_decided *d, struct weft_why *why)
{
	struct weft_arcs arcs = { 0 };
	int ret = weft_arcs_init(&arcs, &d->net, d->q, p->guard, p->num_guards, why);

	if (!ret)
		ret = weft_cycle_dead(&d->net, &arcs, p->num_guards ? p->guard : NULL, NULL, NULL, why);
	weft_arcs_fini(&arcs);
	return ret;
}

int weft_decisions_live(const struct weft_plan *p)
{
	struct weft_why why = { "" };
	struct weft_decided d;
	int ret = weft_decided_init(&d, p);

	if (!ret) {
		ret = live(p, &d, &why);
		if (ret)
			weft_fail(ret, "plan %s, as it was decided: %s", p->name, why.text);
	}
	weft_decided_fini(&d);
	return ret;
}

/* Each edge as the other process gives it, over so many sequences that each gives whole firings. 0 or -EOVERFLOW */
static int as_given(const struct weft_plan *p, struct weft_decided *d)
{
	uint64_t sequences = 1;

	for (uint32_t i = 0; i < p->num_edges; i++) {
		const struct weft_edge *e = p->edge[i];
		uint64_t need;

		if (!(e->flags & WEFT_EDGE_IMPORT))
			continue;
		d->net.edge[i].produce = e->peer.rate;
		d->net.edge[i].initial = e->peer.initial;
		need = e->peer.rate / weft_gcd(e->peer.rate, (uint64_t)e->consumer[0].body->q * e->consumer[0].rate);
		sequences *= need / weft_gcd(sequences, need);
		if (sequences > WEFT_MAX_NODES)
			return -EOVERFLOW;
	}
	for (uint32_t i = 0; i < p->num_bodies; i++) {
		if (d->q[i] * sequences > WEFT_MAX_NODES)
			return -EOVERFLOW;
		d->q[i] *= (uint32_t)sequences;
	}
	return 0;
}

int weft_peer_live(const struct weft_plan *p)
{
	const struct weft_edge *many = NULL;
	struct weft_why why = { "too many firings until all of them give whole ones" };
	struct weft_decided d;
	int ret;

	/* what comes one at a time was looked at when the plan was prepared, and is there the sooner the more is there at first */
	for (uint32_t i = 0; i < p->num_edges && !many; i++)
		if (p->edge[i]->flags & WEFT_EDGE_IMPORT && p->edge[i]->peer.rate > 1)
			many = p->edge[i];
	if (!many)
		return 0;
	ret = weft_decided_init(&d, p);
	if (!ret) {
		ret = as_given(p, &d);
		if (!ret)
			ret = live(p, &d, &why);
		if (ret)
			weft_fail(ret, "edge %s, of which the other process gives %u tokens at a time after %u at first: %s", many->name,
				  many->peer.rate, many->peer.initial, why.text);
	}
	weft_decided_fini(&d);
	return ret;
}
