/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Edges without blocks. What two bodies share is memory that no edge owns, so nothing but the control edge between them keeps one
 * from reading before, and the other from writing after, it should.
 */
#include "plan_rig.h"

#define ENTRIES	10u		/* of the writer's table: entry i is all of i + 1 */
#define RUNS	60u

struct shared {
	struct rig r;
	struct weft_memory *memory, *seen;	/* of the reader's card; as the writer's has it */
	struct weft_body *write, *read;
	struct weft_edge *log;			/* of what the reader saw */
};

/* The writer puts entry after entry into the memory, the reader keeps what it finds; each sleeps before it does. */
struct order {
	uint32_t cards, rate, depth;		/* rate: of the reader */
	const char *lane;			/* of both; NULL: each its own */
	uint64_t write_ns, read_ns, base;
};

static int shared_open(struct weft *weft, struct shared *s, const struct order *o)
{
	const struct weft_plan_config config = { .size = sizeof(config), .cell_base = o->base };
	float contents[ENTRIES * N];
	struct weft_constant *table;
	struct weft_edge *full;

	*s = (struct shared) { 0 };
	for (uint32_t i = 0; i < ENTRIES * N; i++)
		contents[i] = (float)(1 + i / N);
	if (rig_open(weft, &s->r, o->cards, &config))
		return -1;
	RT_OK(weft_memory_alloc(s->r.card[o->cards - 1], BLOCK, WEFT_PLACE_LOCAL, &s->memory));
	RT_OK(weft_memory_import(s->r.card[0], s->memory, WEFT_ACCESS_READ | WEFT_ACCESS_WRITE, &s->seen));
	s->write = body_of(s->r.plan, "write", 0, o->lane, 0);
	s->read = body_of(s->r.plan, "read", o->cards - 1, o->lane, 0);
	full = edge_of(s->r.plan, "full", o->depth, WEFT_EDGE_CONTROL, 0, NULL);
	RT_CHECK(s->write && s->read && full, "%s", rt_text);
	RT_OK(weft_constant_create(s->r.plan, "table", sizeof(contents), NULL, &table));
	RT_OK(weft_constant_contents(table, contents, sizeof(contents)));
	RT_OK(weft_body_output(s->write, full, 1));
	RT_OK(weft_body_input(s->read, full, o->rate));
	s->log = log_of(s->r.plan, s->read, "log", RUNS);
	RT_CHECK(s->log, "%s", rt_text);
	RT_OK(weft_body_timed(s->write, o->write_ns));
	RT_OK(weft_body_copy(s->write, weft_memory_address(s->seen), weft_body_table(s->write, table, BLOCK, ENTRIES, 1), BLOCK));
	RT_OK(weft_body_timed(s->read, o->read_ns));
	RT_OK(weft_body_copy(s->read, weft_body_out(s->read, s->log, 0), weft_memory_address(s->memory), BLOCK));
	return 0;
}

static int shared_close(struct shared *s)
{
	RT_OK(weft_plan_destroy(s->r.plan));
	s->r.plan = NULL;
	RT_OK(weft_memory_destroy(s->seen));
	RT_OK(weft_memory_destroy(s->memory));
	return rig_close(&s->r);
}

static int order_of(struct weft *weft, const struct order *o)
{
	struct shared s;

	if (shared_open(weft, &s, o))
		return -1;
	RT_OK(weft_plan_load(s.r.plan));
	RT_OK(weft_plan_run(s.r.plan, RUNS, NULL));
	RT_OK(weft_plan_drain(s.r.plan, 60 * RT_SECOND));
	/* the last that was written before it may read, and nothing of what comes after */
	for (uint64_t seq = 0; seq < RUNS; seq++)
		if (log_is(s.log, seq, (float)(1 + ((seq + 1) * o->rate - 1) % ENTRIES)))
			return -1;
	RT_OK(weft_plan_end(s.r.plan, 60 * RT_SECOND));
	return shared_close(&s);
}

static int orders(struct weft *weft, uint32_t cards)
{
	const struct order runs[] = {
		{ .cards = cards, .rate = 1, .depth = 1, .write_ns = MS },
		{ .cards = cards, .rate = 1, .depth = 1, .read_ns = MS, .base = UINT64_MAX - 5 },
		{ .cards = cards, .rate = 4, .depth = 4, .write_ns = MS / 4, .read_ns = MS },
		{ .cards = 1, .rate = 1, .depth = 1, .lane = "one" },
	};

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		if (order_of(weft, &runs[i]))
			return -1;
	return 0;
}

static int one_card(struct weft *weft)
{
	return orders(weft, 1);
}

static int two_cards(struct weft *weft)
{
	int ret = rig_reach(weft, 2);

	return ret ? ret : orders(weft, 2);
}

/* It has been done @count times and no more. */
static int stays_at(struct weft_edge *log, uint64_t count, const char *what)
{
	float got[N];
	int ret = count ? -EAGAIN : 0;

	for (int i = 0; i < 10000 && ret == -EAGAIN; i++, usleep(1000))
		ret = weft_edge_read(log, count - 1, 0, got, BLOCK);
	RT_CHECK(!ret, "%s, %llu times: %s", what, (unsigned long long)count, weft_last_error());
	usleep(100000);
	ret = weft_edge_read(log, count, 0, got, BLOCK);
	RT_CHECK(ret == -EAGAIN, "%s, once more than %llu times: %d", what, (unsigned long long)count, ret);
	return 0;
}

/* Three tokens, one of them there before: the taker is one ahead of the giver at most, the giver two of the taker. */
static int bounds(struct weft *weft)
{
	enum { DEPTH = 3, INITIAL = 1, COUNT = 10 };
	struct weft_edge *edge, *log[2];
	struct weft_memory *cells;
	struct weft_body *b[2];
	struct rig r;

	if (rig_open(weft, &r, 1, NULL))
		return -1;
	RT_OK(weft_memory_create(r.card[0], &(struct weft_memory_desc) { .size = sizeof(struct weft_memory_desc), .bytes = 4096,
									.flags = WEFT_MEMORY_CELLS }, &cells));
	edge = edge_of(r.plan, "tokens", DEPTH, WEFT_EDGE_CONTROL, INITIAL, NULL);
	for (uint32_t i = 0; i < 2; i++) {
		static const char *const names[2][2] = { { "give", "given" }, { "take", "taken" } };

		b[i] = body_of(r.plan, names[i][0], 0, NULL, 0);
		log[i] = b[i] ? log_of(r.plan, b[i], names[i][1], 16) : NULL;
		RT_CHECK(edge && log[i], "%s", rt_text);
		RT_OK(weft_body_wait_all(b[i], "let go", 0, &(struct weft_body_cell) { .cells = cells, .index = i, .base = 1, .step = 1 }, 1));
		RT_OK(weft_body_fill(b[i], weft_body_out(b[i], log[i], 0), BLOCK, 1, 4));
	}
	RT_OK(weft_body_output(b[0], edge, 1));
	RT_OK(weft_body_input(b[1], edge, 1));
	RT_OK(weft_plan_load(r.plan));
	RT_OK(weft_plan_run(r.plan, COUNT, NULL));
	/* the taker may, the giver may not */
	RT_OK(weft_cell_signal(cells, 1, 3));
	if (stays_at(log[1], INITIAL, "taken"))
		return -1;
	/* and now the giver; the taker stops after its three */
	RT_OK(weft_cell_signal(cells, 0, COUNT));
	for (uint64_t taken = 3; taken < 6; taken++) {
		RT_OK(weft_cell_signal(cells, 1, taken));
		if (stays_at(log[1], taken, "taken") || stays_at(log[0], taken + DEPTH - INITIAL, "given"))
			return -1;
	}
	RT_OK(weft_cell_signal(cells, 1, COUNT));
	RT_OK(weft_plan_drain(r.plan, 60 * RT_SECOND));
	RT_OK(weft_plan_destroy(r.plan));
	r.plan = NULL;
	RT_OK(weft_memory_destroy(cells));
	return rig_close(&r);
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "writer and reader of memory that no edge owns take turns", one_card },
		{ "the same on two cards", two_cards },
		{ "neither side is further ahead than tokens and depth let it", bounds },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
