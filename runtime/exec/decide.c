/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <stdlib.h>

#include "decide.h"

#include "runtime/plan/arcs.h"

#define MAX_SKEW	(1u << 20)
#define MAX_PLACE	(1ull << 46)
#define MAX_LAG		(WEFT_BUBBLES / 4)
#define MAX_WORDS	(1u << 27)
#define MAX_TEXT	4096u

static void put(struct weft_words *w, uint64_t value)
{
	if (w->failed || w->count == MAX_WORDS || !weft_room(&w->word, (uint32_t)w->count, &w->room, sizeof(value)))
		w->failed = true;
	else
		w->word[w->count++] = value;
}

static uint64_t take(struct weft_words *w)
{
	if (w->at == w->count)
		w->failed = true;
	return w->failed ? 0 : w->word[w->at++];
}

/* One that is at most @most, else the list is none. */
static uint64_t take_below(struct weft_words *w, uint64_t least, uint64_t most)
{
	const uint64_t value = take(w);

	if (value < least || value > most)
		w->failed = true;
	return w->failed ? least : value;
}

static void put_double(struct weft_words *w, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	put(w, bits);
}

static double take_double(struct weft_words *w)
{
	const uint64_t bits = take(w);
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static void put_text(struct weft_words *w, const char *text)
{
	const size_t bytes = strnlen(text, MAX_TEXT);

	put(w, bytes);
	for (size_t i = 0; i < bytes; i += 8) {
		uint64_t word = 0;

		memcpy(&word, text + i, bytes - i < 8 ? bytes - i : 8);
		put(w, word);
	}
}

static char *take_text(struct weft_words *w)
{
	const size_t bytes = take_below(w, 0, MAX_TEXT);
	char *text = w->failed ? NULL : calloc(1, bytes + 8);

	for (size_t i = 0; text && i < bytes; i += 8) {
		const uint64_t word = take(w);

		memcpy(text + i, &word, 8);
	}
	if (text)
		text[bytes] = 0;
	return text;
}

int weft_decisions_put(const struct weft_plan *p, struct weft_words *w)
{
	const struct weft_plan_report *r = &p->report;

	put_double(w, r->period_ns);
	put_double(w, r->pace_ns);
	put(w, r->memory_bytes);
	put(w, r->unshared_bytes);
	put_text(w, p->critical);
	put(w, p->lag);
	put(w, p->num_lanes);
	for (uint32_t i = 0; i <= p->num_devices; i++)
		put(w, p->place[i].bytes);
	for (uint32_t i = 0; i < p->num_edges; i++) {
		const struct weft_edge *e = p->edge[i];

		put(w, e->depth);
		put(w, e->place);
		put(w, e->stride);
		put(w, e->offset);
	}
	for (uint32_t i = 0; i < p->num_bodies; i++) {
		const struct weft_body *b = p->body[i];

		put(w, b->lane);
		put(w, b->position);
		put(w, b->skew);
		put(w, b->q);
		put(w, b->gated);
	}
	put(w, p->num_guards);
	for (uint32_t i = 0; i < p->num_guards; i++) {
		const struct weft_guard *g = &p->guard[i];

		put(w, g->from);
		put(w, g->to);
		put(w, g->edge);
		put(w, g->next_edge);
		put(w, g->consume);
		put(w, g->produce);
		put(w, g->tokens);
	}
	return w->failed ? weft_fail(-ENOMEM, "plan %s: its decisions", p->name) : 0;
}

static void take_report(struct weft_plan *p, struct weft_words *w)
{
	struct weft_plan_report *r = &p->report;

	r->size = sizeof(*r);
	r->num_bodies = p->num_bodies;
	r->num_edges = p->num_edges;
	r->period_ns = take_double(w);
	r->pace_ns = take_double(w);
	r->memory_bytes = take(w);
	r->unshared_bytes = take(w);
	p->critical = take_text(w);
	r->critical = p->critical;
	p->lag = r->lag = (uint32_t)take_below(w, 0, MAX_LAG);
	r->num_lanes = (uint32_t)take_below(w, 1, p->num_bodies);
	for (uint32_t i = 0; i <= p->num_devices; i++)
		p->place[i].bytes = take_below(w, 0, MAX_PLACE);
	r->host_bytes = p->place[p->num_devices].bytes;
}

/* Blocks inside their place, where the edge says, as many and as far apart as its ports ask for. */
static bool take_edge(struct weft_plan *p, struct weft_edge *e, struct weft_words *w)
{
	const uint64_t least = (e->block_bytes + WEFT_BLOCK_ALIGN - 1) / WEFT_BLOCK_ALIGN * WEFT_BLOCK_ALIGN;
	bool blocks, fits, many;

	e->depth = (uint32_t)take_below(w, 1, UINT16_MAX);
	e->place = (uint32_t)take_below(w, 0, p->num_devices);
	e->stride = take_below(w, 0, MAX_PLACE);
	e->offset = take_below(w, 0, MAX_PLACE);
	if (w->failed || !(e->flags & WEFT_EDGE_IMPORT ? e->num_consumers && !e->producer : e->producer != NULL))
		return false;
	e->rate = e->producer ? e->rate : 1;
	blocks = !(e->flags & WEFT_EDGE_CONTROL);
	fits = e->depth >= e->initial && (!e->wanted_depth || e->depth == e->wanted_depth) && !(blocks && e->depth % e->rate);
	many = e->rate > 1;
	for (uint32_t i = 0; i < e->num_consumers; i++) {
		const struct weft_consumer *c = &e->consumer[i];

		fits &= !(blocks && e->depth % c->rate) &&
			(!e->producer || (uint64_t)e->producer->q * e->rate == (uint64_t)c->body->q * c->rate);
		many |= c->rate > 1;
	}
	if (e->whole)
		return fits && e->place == e->whole->place && e->stride == e->whole->stride &&
		       e->offset == e->whole->offset + e->part_offset;
	if (e->flags & WEFT_EDGE_PEER) {	/* its blocks lie by themselves, here or there */
		p->peer_edge = p->peer_edge ? p->peer_edge : e;
		return fits && !p->lag && e->place < p->num_devices && !e->offset && e->stride == least;
	}
	if (!blocks)
		return fits;
	return fits && e->stride >= least && (!many || e->stride == least) && e->stride % WEFT_BLOCK_ALIGN == 0 &&
	       e->offset % WEFT_BLOCK_ALIGN == 0 && e->offset <= p->place[e->place].bytes &&
	       e->stride <= (p->place[e->place].bytes - e->offset) / e->depth &&
	       !(e->flags & WEFT_EDGE_HOST) == (e->place < p->num_devices) &&
	       (!e->wanted_device || e->place == e->wanted_device - 1);
}

static void take_bodies(struct weft_plan *p, struct weft_words *w)
{
	for (uint32_t i = 0; i < p->num_bodies; i++) {
		struct weft_body *b = p->body[i];

		b->lane = (uint32_t)take_below(w, 0, p->report.num_lanes - 1);
		b->position = (uint32_t)take_below(w, 0, p->num_bodies - 1);
		b->skew = (uint32_t)take_below(w, 0, MAX_SKEW);
		b->q = (uint32_t)take_below(w, 1, UINT16_MAX);
		b->gated = take_below(w, 0, 1);
	}
}

/* Each place of each lane has one body, and they are of one card and fire equally often. -EINVAL without text: not so */
static int make_lanes(struct weft_plan *p)
{
	bool gated = false;

	p->lane = calloc(p->report.num_lanes, sizeof(p->lane[0]));
	if (!p->lane)
		return -ENOMEM;
	p->num_lanes = p->report.num_lanes;
	for (uint32_t i = 0; i < p->num_bodies; i++) {
		p->lane[p->body[i]->lane].num_bodies++;
		gated |= p->body[i]->gated;
	}
	for (uint32_t i = 0; i < p->num_lanes; i++) {
		struct weft_plan_lane *l = &p->lane[i];

		l->body = l->num_bodies ? calloc(l->num_bodies, sizeof(l->body[0])) : NULL;
		if (!l->body)
			return l->num_bodies ? -ENOMEM : -EINVAL;
	}
	for (uint32_t i = 0; i < p->num_bodies; i++) {
		struct weft_body *b = p->body[i];
		struct weft_plan_lane *l = &p->lane[b->lane];

		if (b->position >= l->num_bodies || l->body[b->position])
			return -EINVAL;
		l->body[b->position] = b;
	}
	for (uint32_t i = 0; i < p->num_lanes; i++) {
		struct weft_plan_lane *l = &p->lane[i];
		const struct weft_body *first = l->body[0];

		l->device = first->device;
		l->name = strdup(first->lane_name ? first->lane_name : first->name);
		if (!l->name)
			return -ENOMEM;
		for (uint32_t j = 1; j < l->num_bodies; j++)
			if (l->body[j]->device != l->device || l->body[j]->q != first->q)
				return -EINVAL;
	}
	return gated ? 0 : -EINVAL;
}

/* Of two edges that share blocks: the consumer that gives them back, and the producer that waits for it. */
static bool guard_fits(const struct weft_plan *p, const struct weft_guard *g)
{
	const struct weft_edge *e = p->edge[g->edge], *next = p->edge[g->next_edge];
	bool consumes = false;

	for (uint32_t i = 0; i < e->num_consumers; i++)
		consumes |= e->consumer[i].body->id == g->from && e->consumer[i].rate == g->consume;
	return consumes && !((e->flags | next->flags) & WEFT_EDGE_PEER) && next->producer->id == g->to && next->rate == g->produce && (!g->tokens || g->tokens == e->depth) &&
	       e->depth == next->depth && e->place == next->place && e->offset == next->offset && e->stride == next->stride;
}

static int take_guards(struct weft_plan *p, struct weft_words *w)
{
	p->num_guards = (uint32_t)take_below(w, 0, p->num_edges ? (w->count - w->at) / 7 : 0);
	p->guard = calloc(p->num_guards + 1, sizeof(p->guard[0]));
	if (!p->guard)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->num_guards; i++) {
		struct weft_guard *g = &p->guard[i];

		g->from = (uint32_t)take_below(w, 0, p->num_bodies - 1);
		g->to = (uint32_t)take_below(w, 0, p->num_bodies - 1);
		g->edge = (uint32_t)take_below(w, 0, p->num_edges - 1);
		g->next_edge = (uint32_t)take_below(w, 0, p->num_edges - 1);
		g->consume = (uint32_t)take_below(w, 1, UINT16_MAX);
		g->produce = (uint32_t)take_below(w, 1, UINT16_MAX);
		g->tokens = (uint32_t)take_below(w, 0, UINT16_MAX);
		if (w->failed || !guard_fits(p, g))
			return -EINVAL;
	}
	return w->failed || w->at != w->count ? -EINVAL : 0;
}

static int compare(const void *a, const void *b)
{
	const struct weft_edge *x = *(struct weft_edge *const *)a, *y = *(struct weft_edge *const *)b;

	return x->place != y->place ? (x->place < y->place ? -1 : 1) : x->offset != y->offset ? (x->offset < y->offset ? -1 : 1) : 0;
}

/* Blocks of two edges are the same, one for one, or apart. */
static int check_apart(const struct weft_plan *p)
{
	struct weft_edge **by = calloc(p->num_edges + 1, sizeof(*by));
	uint32_t n = 0;
	int ret = 0;

	if (!by)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->num_edges; i++)
		if (!weft_edge_blockless(p->edge[i]) && !(p->edge[i]->flags & WEFT_EDGE_PEER))
			by[n++] = p->edge[i];
	qsort(by, n, sizeof(*by), compare);
	for (uint32_t i = 1; i < n && !ret; i++) {
		const struct weft_edge *a = by[i - 1], *b = by[i];
		const bool same = a->offset == b->offset && a->stride == b->stride && a->depth == b->depth &&
				  !((a->flags | b->flags) & (WEFT_EDGE_NO_SHARE | WEFT_EDGE_STATE)) && !a->initial && !b->initial;

		if (a->place == b->place && !same && b->offset < a->offset + a->stride * a->depth)
			ret = -EINVAL;
	}
	free(by);
	return ret;
}

static int take_all(struct weft_plan *p, struct weft_words *w)
{
	const char *what = "report";
	bool good = true;
	int ret = 0;

	take_report(p, w);
	if (!w->failed) {
		struct weft_words bodies = *w;

		/* edges are checked against what bodies have */
		bodies.at += 4ull * p->num_edges;
		if (bodies.at > bodies.count)
			w->failed = true;
		else
			take_bodies(p, &bodies);
		what = "bodies";
		for (uint32_t i = 0; i < p->num_edges && good && !bodies.failed && !w->failed; i++) {
			good = take_edge(p, p->edge[i], w);
			what = p->edge[i]->name;
		}
		w->failed |= bodies.failed;
		w->at = bodies.at;
	}
	if (!w->failed && good) {
		what = "lanes";
		ret = make_lanes(p);
	}
	if (!w->failed && good && !ret) {
		what = "blocks";
		ret = check_apart(p);
	}
	if (!w->failed && good && !ret) {
		what = "guards";
		ret = take_guards(p, w);
	}
	if (ret == -ENOMEM)
		return weft_fail(ret, "plan %s: its decisions", p->name);
	return w->failed || !good || ret ? weft_fail(-EINVAL, "plan %s: decisions that do not fit its text: %s", p->name, what) : 0;
}

int weft_decisions_take(struct weft_plan *p, struct weft_words *w)
{
	int ret = 0;

	if (!p->num_bodies)
		return weft_fail(-EINVAL, "plan %s has no bodies", p->name);
	for (uint32_t i = 0; i < p->num_bodies && !ret; i++)
		ret = weft_body_commands_check(p->body[i]);
	if (!ret)
		ret = take_all(p, w);
	if (!ret)
		ret = weft_decisions_live(p);
	if (!ret)
		ret = weft_plan_cells(p, p->guard, p->num_guards);
	if (ret)
		weft_plan_unprepare(p);
	else
		p->prepared = true;
	return ret;
}
