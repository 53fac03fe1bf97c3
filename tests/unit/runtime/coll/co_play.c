/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Members have vector clocks, signals carry them, waits join them; each element remembers who wrote it last and who has read it
 * since, and when. Two accesses of which one writes, and of which neither knows of the other, are a race whatever order they
 * happened to be played in.
 */
#include "co.h"

#include <inttypes.h>

#define RANKS	WEFT_COLL_RANKS
#define SIGNALS	512	/* from one member to another in one play */

struct clock {
	uint32_t at[RANKS];
};

struct element {
	uint32_t value;
	uint32_t write_at, write_by;
	uint32_t read_at[RANKS];
};

/* From one member to another. */
struct line {
	uint32_t arrivals, arrivals_seen, signals, expected;	/* expected: of earlier calls */
	struct clock arrival[CO_CALLS + 1], signal[SIGNALS + 1];
	uint32_t tag[CO_CALLS + 1];
	uint32_t seen_at[CO_CALLS + 1];		/* arrival: the receiver's clock when it had waited for it */
};

struct member {
	struct clock clock;
	uint32_t call, step;
	bool begun;
	struct weft_coll_steps steps;
	uint32_t sent[RANKS];			/* signals to each, before this call */
};

struct world {
	const struct weft_coll_call *calls;
	uint32_t num_calls, ranks;
	struct co_hole hole;
	struct member member[RANKS];
	struct line line[RANKS][RANKS];		/* [from][to] */
	struct element in[RANKS][CO_ELEMENTS], out[RANKS][CO_ELEMENTS], inbox[RANKS][2][CO_ELEMENTS];
	const char *wrong;
	char text[256];
};

uint64_t co_number(const char *name, uint64_t standard)
{
	const char *text = getenv(name);
	uint64_t n = text && *text ? strtoull(text, NULL, 0) : standard;

	printf("# %s=%" PRIu64 "\n", name, n);
	return n;
}

uint64_t co_below(uint64_t *seed, uint64_t n)
{
	uint64_t x = *seed += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return (x ^ x >> 31) % n;
}

static void wrong(struct world *w, uint32_t rank, const char *what, uint32_t a, uint32_t b)
{
	if (w->wrong)
		return;
	snprintf(w->text, sizeof(w->text), "member %u, call %u, step %u: %s (%u, %u)", rank, w->member[rank].call, w->member[rank].step,
		 what, a, b);
	w->wrong = w->text;
}

static struct element *find(struct world *w, uint32_t me, struct weft_coll_place p, uint64_t i)
{
	const struct weft_coll_call *c = &w->calls[w->member[me].call];
	uint64_t at = p.offset / c->element + i;

	/* slots lie where they lie, whatever the size of elements */
	if (p.part == WEFT_COLL_INBOX)
		at = p.offset + i;
	if (at >= CO_ELEMENTS || p.offset % c->element) {
		wrong(w, me, "outside a buffer", p.part, p.rank);
		return &w->in[0][0];
	}
	if (p.part == WEFT_COLL_IN)
		return &w->in[p.rank][at];
	if (p.part == WEFT_COLL_OUT)
		return &w->out[p.rank][at];
	/* the inbox of this call: as many arrivals as there were before between the two whose slot it is */
	const uint32_t from = (uint32_t)(p.offset / c->slot_bytes);
	const uint32_t other = p.rank == me ? from : p.rank;

	if (from >= w->ranks || other == me) {
		wrong(w, me, "a slot of nobody, or its own", from, other);
		return &w->in[0][0];
	}
	/* the arrival of this call may have been signalled already */
	uint32_t calls = 0;
	for (uint32_t k = 0; k < w->member[me].call; k++) {
		const struct weft_coll_call *d = &w->calls[k];

		calls += d->op != WEFT_COLL_SEND || ((me == d->root || me == d->peer) && (other == d->root || other == d->peer));
	}
	return &w->inbox[p.rank][calls % 2][at];
}

static uint32_t load(struct world *w, uint32_t me, struct element *e)
{
	struct member *m = &w->member[me];

	if (e->write_at > m->clock.at[e->write_by])
		wrong(w, me, "reads what another writes meanwhile", e->write_by, 0);
	e->read_at[me] = m->clock.at[me];
	return e->value;
}

static void store(struct world *w, uint32_t me, struct element *e, uint32_t value)
{
	struct member *m = &w->member[me];

	if (e->write_at > m->clock.at[e->write_by])
		wrong(w, me, "writes what another writes meanwhile", e->write_by, 0);
	for (uint32_t r = 0; r < w->ranks; r++)
		if (e->read_at[r] > m->clock.at[r])
			wrong(w, me, "writes what another reads meanwhile", r, 0);
	e->value = value;
	e->write_by = me;
	e->write_at = m->clock.at[me];
}

static uint32_t mask(const struct weft_coll_call *c)
{
	return c->element == 4 ? UINT32_MAX : (1u << 8 * c->element) - 1;
}

/* By members in the fixed tree: an operation of which no order but that one gives the same; where another is allowed, a sum. */
static uint32_t tree(const struct weft_coll_call *c, const uint32_t *v, uint32_t n)
{
	uint32_t half = 1;

	if (n == 1)
		return v[0];
	while (half * 2 < n)
		half *= 2;
	if (!weft_coll_in_order(c))
		return (tree(c, v, half) + tree(c, v + half, n - half)) & mask(c);
	return (3 * tree(c, v, half) + 5 * tree(c, v + half, n - half) + 1) & mask(c);
}

static void join(struct clock *a, const struct clock *b)
{
	for (uint32_t r = 0; r < RANKS; r++)
		if (b->at[r] > a->at[r])
			a->at[r] = b->at[r];
}

/* What member @rank puts in at element @i */
static uint32_t given(const struct weft_coll_call *c, uint32_t call, uint32_t rank, uint64_t i)
{
	uint64_t seed = call * 1000003ull + rank * 10007ull + i * 31ull;

	return (uint32_t)co_below(&seed, 1ull << 32) & mask(c);
}

static bool takes_part(const struct weft_coll_call *c, uint32_t rank)
{
	return c->op != WEFT_COLL_SEND || rank == c->root || rank == c->peer;
}

/* What it is to find at element @i of its output: from the meaning of the operation alone. */
static uint32_t wanted(const struct weft_coll_call *c, uint32_t call, uint32_t rank, uint64_t i)
{
	uint32_t v[RANKS];

	for (uint32_t r = 0; r < c->ranks; r++)
		v[r] = given(c, call, r, c->op == WEFT_COLL_REDUCE_SCATTER ? rank * c->count + i : i);
	switch (c->op) {
	case WEFT_COLL_ALL_GATHER:
		return given(c, call, (uint32_t)(i / c->count), i % c->count);
	case WEFT_COLL_ALL_TO_ALL:
		return given(c, call, (uint32_t)(i / c->count), rank * c->count + i % c->count);
	case WEFT_COLL_BROADCAST:
	case WEFT_COLL_SEND:
		return given(c, call, c->root, i);
	default:
		return tree(c, v, c->ranks);
	}
}

static struct element *input(struct world *w, const struct weft_coll_call *c, uint32_t rank)
{
	if (!c->in_place || c->op == WEFT_COLL_REDUCE_SCATTER)
		return w->in[rank];
	return w->out[rank] + (c->op == WEFT_COLL_ALL_GATHER ? rank * c->count : 0);
}

static struct element *output(struct world *w, const struct weft_coll_call *c, uint32_t rank)
{
	return c->in_place && c->op == WEFT_COLL_REDUCE_SCATTER ? w->in[rank] + rank * c->count : w->out[rank];
}

static void begin(struct world *w, uint32_t me)
{
	struct member *m = &w->member[me];
	const struct weft_coll_call *c = &w->calls[m->call];

	assert_int_equal(weft_coll_schedule(c, me, &m->steps), 0);
	m->clock.at[me]++;
	for (uint64_t i = 0; i < weft_coll_in_bytes(c, me) / c->element && takes_part(c, me); i++)
		store(w, me, &input(w, c, me)[i], given(c, m->call, me, i));
	m->begun = true;
	m->step = 0;
}

static void end(struct world *w, uint32_t me)
{
	struct member *m = &w->member[me];
	const struct weft_coll_call *c = &w->calls[m->call];

	m->clock.at[me]++;
	for (uint64_t i = 0; i < weft_coll_out_bytes(c, me) / c->element; i++) {
		const uint32_t got = load(w, me, &output(w, c, me)[i]), want = wanted(c, m->call, me, i);

		if (got != want)
			wrong(w, me, "a wrong value", got, want);
		store(w, me, &output(w, c, me)[i], 0xdeadbeef);
	}
	for (uint32_t r = 0; r < w->ranks; r++) {
		m->sent[r] += m->steps.signals[r];
		w->line[r][me].expected += m->steps.expects[r];
	}
	weft_coll_steps_free(&m->steps);
	m->begun = false;
	m->call++;
}

static uint32_t tag_of(const struct weft_coll_call *c)
{
	return (uint32_t)(c->op * 1000 + c->algorithm * 100 + c->root * 10 + c->peer) ^ (uint32_t)c->count;
}

static bool can(const struct world *w, uint32_t me, const struct weft_coll_step *s)
{
	for (uint32_t r = 0; r < w->ranks; r++) {
		const struct line *l = &w->line[r][me];

		if (!(s->ranks >> r & 1))
			continue;
		if (s->kind == WEFT_COLL_STEP_ARRIVED && l->arrivals <= l->arrivals_seen)
			return false;
		if (s->kind == WEFT_COLL_STEP_WAIT && l->signals < l->expected + s->number[r])
			return false;
	}
	return true;
}

static void arrive(struct world *w, uint32_t me, uint32_t to)
{
	struct line *l = &w->line[me][to];
	const uint32_t v = ++l->arrivals;

	/* cells are double-buffered: the last but one has to have been taken */
	if (v > 2 && (!l->seen_at[v - 2] || l->seen_at[v - 2] > w->member[me].clock.at[to]))
		wrong(w, me, "arrives before an earlier arrival was taken", to, v);
	l->arrival[v] = w->member[me].clock;
	l->tag[v] = tag_of(&w->calls[w->member[me].call]);
}

static void arrived(struct world *w, uint32_t me, uint32_t from)
{
	struct line *l = &w->line[from][me];
	const uint32_t v = ++l->arrivals_seen;

	join(&w->member[me].clock, &l->arrival[v]);
	l->seen_at[v] = w->member[me].clock.at[me];
	if (l->tag[v] != tag_of(&w->calls[w->member[me].call]))
		wrong(w, me, "another's tag", from, v);
}

static void reduce(struct world *w, uint32_t me, const struct weft_coll_step *s)
{
	const struct weft_coll_call *c = &w->calls[w->member[me].call];
	uint32_t v[RANKS];

	if (!s->num_src || !s->num_dst || !s->count)
		wrong(w, me, "nothing to reduce", s->num_src, s->num_dst);
	for (uint64_t i = 0; i < s->count && !w->wrong; i++) {
		for (uint32_t k = 0; k < s->num_src; k++)
			v[k] = load(w, me, find(w, me, s->src[k], i));
		for (uint32_t k = 0; k < s->num_dst; k++)
			store(w, me, find(w, me, s->dst[k], i), s->num_src ? tree(c, v, s->num_src) : 0);
	}
}

static void take(struct world *w, uint32_t me, const struct weft_coll_step *s)
{
	struct member *m = &w->member[me];

	m->clock.at[me]++;
	if (s->kind == WEFT_COLL_STEP_REDUCE)
		reduce(w, me, s);
	for (uint32_t r = 0; r < w->ranks; r++) {
		if (!(s->ranks >> r & 1))
			continue;
		if (r == me)
			wrong(w, me, "signals itself", r, 0);
		if (s->kind == WEFT_COLL_STEP_ARRIVE)
			arrive(w, me, r);
		else if (s->kind == WEFT_COLL_STEP_ARRIVED)
			arrived(w, me, r);
		else if (s->kind == WEFT_COLL_STEP_SIGNAL && w->line[me][r].signals == SIGNALS)
			wrong(w, me, "more signals than the test has room for", r, 0);
		else if (s->kind == WEFT_COLL_STEP_SIGNAL)
			w->line[me][r].signal[++w->line[me][r].signals] = m->clock;
		else if (s->kind == WEFT_COLL_STEP_WAIT)
			join(&m->clock, &w->line[r][me].signal[w->line[r][me].expected + s->number[r]]);
	}
}

/* One step of one member; false: it has to wait, or has done all. */
static bool advance(struct world *w, uint32_t me)
{
	struct member *m = &w->member[me];
	const struct weft_coll_step *s;

	if (m->call == w->num_calls)
		return false;
	if (!m->begun) {
		begin(w, me);
		return true;
	}
	if (m->step == m->steps.num) {
		end(w, me);
		return true;
	}
	s = &m->steps.step[m->step];
	if (me == w->hole.rank && m->step == w->hole.step) {
		/* what it would have counted it counts all the same */
		for (uint32_t r = 0; r < w->ranks && s->kind == WEFT_COLL_STEP_ARRIVED; r++)
			w->line[r][me].arrivals_seen += s->ranks >> r & 1;
	} else {
		if (!can(w, me, s))
			return false;
		take(w, me, s);
	}
	m->step++;
	return true;
}

const char *co_play(const struct weft_coll_call *calls, uint32_t num, struct co_hole hole, uint64_t *seed)
{
	static char text[256];
	struct world *w = calloc(1, sizeof(*w));
	bool moved = true;

	assert_non_null(w);
	w->calls = calls;
	w->num_calls = num;
	w->ranks = calls[0].ranks;
	w->hole = hole;
	while (moved && !w->wrong) {
		const uint32_t first = (uint32_t)co_below(seed, w->ranks);

		moved = false;
		for (uint32_t i = 0; i < w->ranks && !moved; i++)
			moved = advance(w, (first + i) % w->ranks);
	}
	for (uint32_t r = 0; r < w->ranks; r++) {
		if (w->member[r].call < num)
			wrong(w, r, "stands still", 0, 0);
		weft_coll_steps_free(&w->member[r].steps);
	}
	for (uint32_t a = 0; a < w->ranks && !w->wrong; a++)
		for (uint32_t b = 0; b < w->ranks; b++)
			if (w->line[a][b].signals != w->line[a][b].expected)
				wrong(w, b, "signals that nobody waits for", w->line[a][b].signals, w->line[a][b].expected);
	snprintf(text, sizeof(text), "%s", w->wrong ? w->wrong : "");
	free(w);
	return *text ? text : NULL;
}
