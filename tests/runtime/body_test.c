/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Bodies: what each kind of edge, rate, lane and branch means, and that a plan pauses, drains, ends, fails and comes back. */
#include "plan_rig.h"

/* source: a table of @entries, the next one in each firing */
static int source_of(struct rig *r, struct weft_body *b, struct weft_edge *out, uint32_t entries, struct weft_constant **table)
{
	RT_OK(weft_constant_create(r->plan, "table", entries * BLOCK, NULL, table));
	RT_OK(weft_body_output(b, out, 1));
	RT_OK(weft_body_copy(b, weft_body_out(b, out, 0), weft_body_table(b, *table, BLOCK, entries, 1), BLOCK));
	return 0;
}

/*
 * @bodies in a chain, each adds its input to itself, on cards in turn; in lanes of their own or in one. @period: that is enough,
 * so that blocks may be shared; 0: the least.
 */
static int chain(struct weft *weft, uint32_t cards, uint32_t bodies, uint32_t depth, const char *lane, uint64_t base,
		 uint64_t period, uint64_t *saved)
{
	const struct weft_plan_config config = {
		.size = sizeof(config), .flags = WEFT_PLAN_POISON, .cell_base = base, .period_ns = period };
	struct weft_plan_report report = { .size = sizeof(report) };
	enum { ENTRIES = 7, RUNS = 40 };
	struct weft_body *b[8];
	struct weft_edge *e[9];
	struct weft_constant *table;
	struct rig r;
	char name[32];
	uint64_t first;

	if (rig_open(weft, &r, cards, &config))
		return -1;
	for (uint32_t i = 0; i < bodies; i++) {
		snprintf(name, sizeof(name), "b%u", i);
		b[i] = body_of(r.plan, name, i % cards, lane, 0);
		snprintf(name, sizeof(name), "e%u", i);
		e[i] = i + 1 < bodies ? edge_of(r.plan, name, depth, 0, 0, NULL) : NULL;
		if (!b[i])
			return -1;
	}
	e[bodies - 1] = edge_of(r.plan, "log", 64, WEFT_EDGE_NO_SHARE, 0, NULL);
	if (source_of(&r, b[0], e[0], ENTRIES, &table))
		return -1;
	for (uint32_t i = 1; i < bodies; i++) {
		uint64_t in;

		RT_OK(weft_body_input(b[i], e[i - 1], 1));
		RT_OK(weft_body_output(b[i], e[i], 1));
		in = weft_body_in(b[i], e[i - 1], 0);
		RT_OK(body_add(b[i], weft_body_out(b[i], e[i], 0), in, in));
	}
	RT_OK(weft_plan_prepare(r.plan, &report));
	*saved = report.unshared_bytes + 4096 - report.memory_bytes;	/* one page has the table */
	RT_OK(weft_plan_load(r.plan));
	if (table_fill(table, ENTRIES, 1))
		return -1;
	RT_OK(weft_plan_run(r.plan, 3, &first));
	RT_CHECK(first == 0, "first is %llu", (unsigned long long)first);
	RT_OK(weft_plan_wait(r.plan, 2, 10 * RT_SECOND));
	RT_OK(weft_plan_run(r.plan, RUNS - 3, &first));
	RT_CHECK(first == 3, "first is %llu", (unsigned long long)first);
	RT_OK(weft_plan_wait(r.plan, RUNS - 1, 10 * RT_SECOND));
	for (uint64_t s = 0; s < RUNS; s++)
		if (log_is(e[bodies - 1], s, (float)(1 + s % ENTRIES) * (float)(1 << (bodies - 1))))
			return -1;
	RT_IS(weft_plan_wait(r.plan, RUNS, 0), -EINVAL);
	RT_OK(weft_plan_end(r.plan, 10 * RT_SECOND));
	return rig_close(&r);
}

static int chains(struct weft *weft)
{
	static const uint64_t bases[] = { 0, (1ull << 32) - 2, (1ull << 63) - 2, UINT64_MAX - 1 };

	uint64_t saved;

	for (uint32_t depth = 1; depth < 4; depth++)
		if (chain(weft, 1, 8, depth, NULL, bases[depth - 1], 0, &saved) ||
		    chain(weft, 1, 5, depth, "one", bases[depth], 0, &saved))
			return -1;
	return 0;
}

/* Blocks that several edges use in turn are overwritten by each of their producers, and only when all have done with them. */
static int shared(struct weft *weft)
{
	const uint32_t cards = rig_reach(weft, 2) ? 1 : 2;
	uint64_t saved[3] = { 0 };

	if (chain(weft, 1, 8, 1, "one", 0, RT_SECOND, &saved[0]) || chain(weft, 1, 8, 1, NULL, 0, RT_SECOND, &saved[1]) ||
	    chain(weft, cards, 8, 2, NULL, UINT64_MAX - 5, RT_SECOND, &saved[2]))
		return -1;
	printf("# %llu, %llu and %llu bytes saved\n", (unsigned long long)saved[0], (unsigned long long)saved[1],
	       (unsigned long long)saved[2]);
	RT_CHECK(saved[0] && saved[1], "nothing is shared");
	return 0;
}

static int chain_cards(struct weft *weft)
{
	int ret = rig_reach(weft, 2);
	uint64_t saved;

	if (ret)
		return ret;
	return chain(weft, 2, 6, 2, NULL, 0, 0, &saved) || chain(weft, 2, 3, 1, "each", UINT64_MAX - 1, 0, &saved) ? -1 : 0;
}

/* A block comes back when the slowest of three consumers, one of them on another card where there is one, has returned it. */
static int three_consumers(struct weft *weft)
{
	static const uint64_t ns[3] = { 0, MS / 2, 2 * MS };
	const uint32_t cards = rig_reach(weft, 2) ? 1 : 2;
	const struct weft_plan_config config = { .size = sizeof(config), .flags = WEFT_PLAN_POISON };
	struct weft_body *src, *b[3];
	struct weft_edge *x, *log[3];
	struct weft_constant *table;
	struct rig r;

	if (rig_open(weft, &r, cards, &config))
		return -1;
	src = body_of(r.plan, "src", 0, NULL, 0);
	x = edge_of(r.plan, "x", 3, 0, 0, NULL);
	if (!src || !x || source_of(&r, src, x, 10, &table))
		return -1;
	for (int i = 0; i < 3; i++) {
		static const char *const names[3][2] = { { "fast", "log fast" }, { "slow", "log slow" }, { "slowest", "log slowest" } };

		b[i] = body_of(r.plan, names[i][0], i == 1 ? cards - 1 : 0, NULL, 0);
		log[i] = b[i] ? log_of(r.plan, b[i], names[i][1], 64) : NULL;
		if (!log[i])
			return -1;
		RT_OK(weft_body_input(b[i], x, 1));
		RT_OK(weft_body_timed(b[i], ns[i]));
		RT_OK(weft_body_copy(b[i], weft_body_out(b[i], log[i], 0), weft_body_in(b[i], x, 0), BLOCK));
	}
	RT_OK(weft_plan_load(r.plan));
	if (table_fill(table, 10, 1))
		return -1;
	RT_OK(weft_plan_run(r.plan, 50, NULL));
	RT_OK(weft_plan_wait(r.plan, 49, 10 * RT_SECOND));
	for (uint64_t s = 0; s < 50; s++)
		for (int i = 0; i < 3; i++)
			if (log_is(log[i], s, (float)(1 + s % 10)))
				return -1;
	return rig_close(&r);
}

/* The source fires four times in a sequence, the others once: sums of four blocks; and blocks of one firing are contiguous. */
static int accumulation(struct weft *weft)
{
	const struct weft_plan_config config = { .size = sizeof(config), .flags = WEFT_PLAN_POISON };
	struct weft_body *src, *sum, *pair;
	struct weft_edge *x, *y, *log, *halves;
	struct weft_constant *table;
	float got[2 * N];
	uint64_t in[4], out;
	struct rig r;

	if (rig_open(weft, &r, 1, &config))
		return -1;
	src = body_of(r.plan, "micro", 0, NULL, 0);
	sum = body_of(r.plan, "sum", 0, NULL, 0);
	pair = body_of(r.plan, "pair", 0, NULL, 0);
	x = edge_of(r.plan, "x", 8, 0, 0, NULL);
	y = edge_of(r.plan, "y", 2, 0, 0, NULL);
	if (!src || !sum || !pair || !x || !y || source_of(&r, src, x, 12, &table))
		return -1;
	log = log_of(r.plan, sum, "log", 32);
	halves = edge_of(r.plan, "halves", 16, WEFT_EDGE_NO_SHARE, 0, NULL);
	RT_OK(weft_body_input(sum, x, 4));
	RT_OK(weft_body_output(sum, y, 1));
	for (uint32_t j = 0; j < 4; j++)
		in[j] = weft_body_in(sum, x, j);
	out = weft_body_out(sum, log, 0);
	RT_OK(weft_body_reduce(sum, WEFT_TYPE_F32, WEFT_REDUCTION_SUM, in, 4, &out, 1, N));
	RT_OK(weft_body_copy(sum, weft_body_out(sum, y, 0), in[3], BLOCK));
	/* fires twice a sequence on two blocks of x at once, and gives two of its own */
	RT_OK(weft_body_input(pair, x, 2));
	RT_OK(weft_body_output(pair, halves, 2));
	RT_OK(weft_body_copy(pair, weft_body_out(pair, halves, 0), weft_body_in(pair, x, 0), 2 * BLOCK));
	{
		struct weft_body *end = body_of(r.plan, "end", 0, NULL, 0);

		RT_OK(weft_body_input(end, y, 1));
	}
	RT_OK(weft_plan_load(r.plan));
	if (table_fill(table, 12, 1))
		return -1;
	RT_OK(weft_plan_run(r.plan, 20, NULL));
	RT_OK(weft_plan_wait(r.plan, 19, 10 * RT_SECOND));
	for (uint64_t s = 0; s < 20; s++)
		if (log_is(log, s, (float)(4 * 4 * (s % 3) + 10)))
			return -1;
	for (uint64_t s = 17; s < 20; s++)
		for (uint32_t j = 0; j < 4; j++) {
			RT_OK(weft_edge_read(halves, s, j, got, BLOCK));
			RT_CHECK(got[0] == (float)(1 + 4 * (s % 3) + j), "sequence %llu, block %u is %g", (unsigned long long)s, j,
				 (double)got[0]);
		}
	RT_IS(weft_edge_read(halves, 15, 0, got, BLOCK), -ESTALE);
	RT_IS(weft_edge_read(halves, 20, 0, got, BLOCK), -EAGAIN);
	RT_OK(weft_plan_end(r.plan, 10 * RT_SECOND));
	return rig_close(&r);
}

/* One body writes 0, 1 or 2; others choose a constant by it, and execute or not; odd bits count. */
static int branches(struct weft *weft)
{
	struct weft_body *src, *pick, *only;
	struct weft_edge *which, *log, *log2;
	struct weft_constant *numbers, *values;
	uint64_t choice[3], index;
	uint32_t number[5] = { 2, 0, 1, 1, 0 };
	struct rig r;

	if (rig_open(weft, &r, 1, NULL))
		return -1;
	src = body_of(r.plan, "src", 0, NULL, 0);
	pick = body_of(r.plan, "pick", 0, "two", 0);
	only = body_of(r.plan, "only", 0, "two", 3);
	which = edge_of(r.plan, "which", 6, 0, 0, NULL);
	RT_OK(weft_constant_create(r.plan, "numbers", sizeof(number), NULL, &numbers));
	RT_OK(weft_constant_create(r.plan, "values", 3 * BLOCK, NULL, &values));
	RT_OK(weft_body_output(src, which, 1));
	RT_OK(weft_body_copy(src, weft_body_out(src, which, 0), weft_body_table(src, numbers, 4, 5, 1), 4));
	log = log_of(r.plan, pick, "log", 64);
	log2 = log_of(r.plan, only, "log2", 64);
	RT_OK(weft_body_input(pick, which, 1));
	RT_OK(weft_body_input(only, which, 1));
	index = weft_body_in(pick, which, 0);
	for (uint32_t i = 0; i < 3; i++)
		choice[i] = weft_body_constant(pick, values) + i * BLOCK;
	RT_OK(weft_body_copy(pick, weft_body_out(pick, log, 0), weft_body_choice(pick, index, choice, 3), BLOCK));
	RT_OK(weft_body_copy(only, weft_body_out(only, log2, 0), weft_body_constant(only, values), BLOCK));
	RT_OK(weft_body_pred(only, WEFT_COMPARE_EQ, weft_body_in(only, which, 0), 1));
	RT_OK(weft_body_copy(only, weft_body_out(only, log2, 0), weft_body_constant(only, values) + BLOCK, BLOCK));
	RT_OK(weft_body_pred(only, WEFT_COMPARE_GE, weft_body_in(only, which, 0), 2));
	RT_OK(weft_body_copy(only, weft_body_out(only, log2, 0), weft_body_constant(only, values) + 2 * BLOCK, BLOCK));
	RT_OK(weft_plan_load(r.plan));
	RT_OK(weft_constant_write(numbers, 0, number, sizeof(number)));
	if (table_fill(values, 3, 100))
		return -1;
	RT_OK(weft_plan_run(r.plan, 23, NULL));
	RT_OK(weft_plan_drain(r.plan, 10 * RT_SECOND));
	RT_OK(weft_plan_run(r.plan, 27, NULL));
	RT_OK(weft_plan_drain(r.plan, 10 * RT_SECOND));
	for (uint64_t s = 0; s < 50; s++)
		if (log_is(log, s, 100 + (float)number[s % 5]) || log_is(log2, s, 100 + (float)number[s % 5]))
			return -1;
	RT_OK(weft_plan_end(r.plan, 10 * RT_SECOND));
	RT_OK(weft_plan_end(r.plan, 10 * RT_SECOND));
	RT_OK(weft_plan_wait(r.plan, 49, 0));
	RT_IS(weft_plan_run(r.plan, 1, NULL), -EPIPE);
	RT_IS(weft_plan_drain(r.plan, RT_SECOND), -EPIPE);
	return rig_close(&r);
}

/*
 * x(s) from a table; y(s) = x(s) + y(s - 2), which goes round in an edge with two tokens; sum(s) = sum(s - 1) + x(s), state.
 * Lanes are skewed, so that sequences wait behind the gate.
 */
struct memory_plan {
	struct rig r;
	struct weft_constant *table;
	struct weft_edge *x, *y, *sum, *log_y, *log_sum;
};
enum { TABLE = 8 };

static int memory_plan(struct weft *weft, struct memory_plan *m, uint32_t cards)
{
	const struct weft_plan_config config = { .size = sizeof(config), .flags = WEFT_PLAN_POISON };
	struct weft_body *src, *mix, *acc, *peek;
	float start[2 * N], zero[N];
	struct weft_plan *p;

	for (uint32_t i = 0; i < N; i++) {
		start[i] = 1000;
		start[N + i] = 2000;
		zero[i] = 5;
	}
	if (rig_open(weft, &m->r, cards, &config))
		return -1;
	p = m->r.plan;
	src = body_of(p, "src", 0, "left", 0);
	mix = body_of(p, "mix", 0, "left", 1);
	acc = body_of(p, "acc", cards - 1, "right", 0);
	peek = body_of(p, "peek", cards - 1, "right", 2);
	m->x = edge_of(p, "x", 4, 0, 0, NULL);
	m->y = edge_of(p, "y", 5, 0, 2, start);
	m->sum = edge_of(p, "sum", 1, WEFT_EDGE_STATE, 1, zero);
	RT_CHECK(src && mix && acc && peek && m->x && m->y && m->sum, "%s", rt_text);
	if (source_of(&m->r, src, m->x, TABLE, &m->table))
		return -1;
	m->log_y = log_of(p, mix, "log y", 64);
	m->log_sum = log_of(p, acc, "log sum", 64);
	RT_OK(weft_body_input(mix, m->x, 1));
	RT_OK(weft_body_input(mix, m->y, 1));
	RT_OK(weft_body_output(mix, m->y, 1));
	RT_OK(body_add(mix, weft_body_out(mix, m->y, 0), weft_body_in(mix, m->x, 0), weft_body_in(mix, m->y, 0)));
	RT_OK(weft_body_copy(mix, weft_body_out(mix, m->log_y, 0), weft_body_out(mix, m->y, 0), BLOCK));
	RT_OK(weft_body_input(acc, m->x, 1));
	RT_OK(weft_body_output(acc, m->sum, 1));
	RT_OK(body_add(acc, weft_body_out(acc, m->sum, 0), weft_body_out(acc, m->sum, 0), weft_body_in(acc, m->x, 0)));
	RT_OK(weft_body_copy(acc, weft_body_out(acc, m->log_sum, 0), weft_body_out(acc, m->sum, 0), BLOCK));
	/* peek is in step with x, not with the state, which is one block */
	RT_OK(weft_body_input(peek, m->x, 1));
	return 0;
}

static void memory_model(uint64_t count, float *y, float *sum)
{
	float d[2] = { 1000, 2000 }, total = 5;

	for (uint64_t s = 0; s < count; s++) {
		const float x = (float)(1 + s % TABLE);

		y[s] = d[s % 2] += x;
		sum[s] = total += x;
	}
}

static int memory_check(struct memory_plan *m, uint64_t from, uint64_t to, uint64_t skip)
{
	float y[256], sum[256];

	memory_model(to, y, sum);
	for (uint64_t s = from; s < to; s++)
		if (log_is(m->log_y, s - skip, y[s]) || log_is(m->log_sum, s - skip, sum[s]))
			return -1;
	return 0;
}

/* Pauses, drains, a snapshot into a second plan: both go on as one that was never stopped. */
static int snapshot(struct weft *weft)
{
	const uint32_t cards = rig_reach(weft, 2) ? 1 : 2;
	struct memory_plan a, b;
	float block[2 * N];
	uint64_t bytes;
	void *saved;

	if (memory_plan(weft, &a, cards))
		return -1;
	RT_IS(weft_edge_get(a.sum, block, BLOCK), -EINVAL);	/* not loaded */
	RT_OK(weft_plan_load(a.r.plan));
	if (table_fill(a.table, TABLE, 1))
		return -1;
	RT_OK(weft_plan_run(a.r.plan, 5, NULL));
	RT_IS(weft_edge_get(a.sum, block, BLOCK), -EBUSY);
	RT_OK(weft_plan_run(a.r.plan, 6, NULL));
	RT_OK(weft_plan_drain(a.r.plan, 10 * RT_SECOND));
	RT_OK(weft_plan_drain(a.r.plan, 10 * RT_SECOND));
	if (memory_check(&a, 0, 11, 0))
		return -1;
	RT_OK(weft_edge_get(a.sum, block, BLOCK));
	RT_CHECK(block[0] == 5 + 36 + 6, "state is %g", (double)block[0]);
	bytes = weft_plan_snapshot_bytes(a.r.plan);
	saved = malloc(bytes);
	RT_IS(weft_plan_save(a.r.plan, saved, bytes - 1), -EINVAL);
	RT_OK(weft_plan_save(a.r.plan, saved, bytes));
	RT_OK(weft_plan_run(a.r.plan, 1, NULL));
	RT_OK(weft_plan_drain(a.r.plan, 10 * RT_SECOND));
	RT_OK(weft_plan_run(a.r.plan, 20, NULL));
	RT_OK(weft_plan_drain(a.r.plan, 10 * RT_SECOND));
	if (memory_check(&a, 0, 32, 0))
		return -1;
	RT_OK(weft_plan_end(a.r.plan, 10 * RT_SECOND));
	if (rig_close(&a.r))
		return -1;
	if (memory_plan(weft, &b, 1))		/* on one card */
		return -1;
	RT_IS(weft_plan_restore(b.r.plan, saved, bytes - 8), -EINVAL);
	RT_OK(weft_plan_restore(b.r.plan, saved, bytes));
	RT_OK(weft_plan_load(b.r.plan));
	RT_IS(weft_plan_restore(b.r.plan, saved, bytes), -EBUSY);
	if (table_fill(b.table, TABLE, 1))
		return -1;
	RT_OK(weft_plan_run(b.r.plan, 9, NULL));
	RT_OK(weft_plan_drain(b.r.plan, 10 * RT_SECOND));
	RT_OK(weft_plan_run(b.r.plan, 12, NULL));
	RT_OK(weft_plan_drain(b.r.plan, 10 * RT_SECOND));
	if (memory_check(&b, 11, 32, 11))
		return -1;
	free(saved);
	return rig_close(&b.r);
}

/* State that the host replaces when nothing runs; tokens that go round are found after any number of bubbles. */
static int state_put(struct weft *weft)
{
	struct memory_plan m;
	float block[2 * N], got[2 * N];

	if (memory_plan(weft, &m, 1))
		return -1;
	RT_OK(weft_plan_load(m.r.plan));
	if (table_fill(m.table, TABLE, 1))
		return -1;
	for (int round = 0; round < 6; round++) {
		RT_OK(weft_plan_run(m.r.plan, (uint64_t)round + 1, NULL));
		RT_OK(weft_plan_drain(m.r.plan, 10 * RT_SECOND));
	}
	for (uint32_t i = 0; i < 2 * N; i++)
		block[i] = i < N ? 1000 : 2000;
	RT_OK(weft_edge_put(m.y, block, sizeof(block)));
	RT_OK(weft_edge_get(m.y, got, sizeof(got)));
	RT_CHECK(!memcmp(got, block, sizeof(got)), "tokens are %g and %g", (double)got[0], (double)got[N]);
	RT_OK(weft_plan_run(m.r.plan, 2, NULL));
	RT_OK(weft_plan_drain(m.r.plan, 10 * RT_SECOND));
	/* sequences 21 and 22 take entries 5 and 6 */
	if (log_is(m.log_y, 21, 1000 + 6) || log_is(m.log_y, 22, 2000 + 7))
		return -1;
	RT_IS(weft_edge_put(m.x, block, BLOCK), -EINVAL);
	return rig_close(&m.r);
}

/* More sequences at once, right after a drain, than the words that tell bubbles. */
static int long_run(struct weft *weft)
{
	struct memory_plan m;
	float block[N];

	if (memory_plan(weft, &m, 1))
		return -1;
	RT_OK(weft_plan_load(m.r.plan));
	for (uint32_t i = 0; i < N; i++)
		block[i] = 1;
	for (uint32_t i = 0; i < TABLE; i++)
		RT_OK(weft_constant_write(m.table, i * BLOCK, block, BLOCK));
	RT_OK(weft_plan_run(m.r.plan, 10, NULL));
	RT_OK(weft_plan_drain(m.r.plan, 10 * RT_SECOND));
	RT_OK(weft_plan_run(m.r.plan, 70000, NULL));
	RT_OK(weft_plan_drain(m.r.plan, 60 * RT_SECOND));
	return log_is(m.log_sum, 70009, 70015) ? -1 : rig_close(&m.r);
}

/* One body reads behind its block's page: it is named with sequence and card, and everybody else stops. */
static int fault(struct weft *weft)
{
	struct weft_plan_error error = { .size = sizeof(error) };
	struct weft_body *src, *bad, *sink;
	struct weft_edge *x, *y;
	struct weft_constant *numbers;
	uint32_t number[4] = { 0, 0, 0, 1 };
	uint64_t choice[1];
	struct rig r;

	if (rig_open(weft, &r, 1, NULL))
		return -1;
	src = body_of(r.plan, "src", 0, NULL, 0);
	bad = body_of(r.plan, "bad", 0, NULL, 0);
	sink = body_of(r.plan, "sink", 0, NULL, 0);
	x = edge_of(r.plan, "x", 2, 0, 0, NULL);
	y = edge_of(r.plan, "y", 2, 0, 0, NULL);
	RT_OK(weft_constant_create(r.plan, "numbers", sizeof(number), NULL, &numbers));
	RT_OK(weft_body_output(src, x, 1));
	RT_OK(weft_body_input(bad, x, 1));
	RT_OK(weft_body_output(bad, y, 1));
	RT_OK(weft_body_input(sink, y, 1));
	RT_OK(weft_body_timed(bad, 1000));
	choice[0] = weft_body_in(bad, x, 0);
	RT_OK(weft_body_pred(bad, WEFT_COMPARE_EQ, weft_body_table(bad, numbers, 4, 4, 1), 1));
	RT_OK(weft_body_copy(bad, weft_body_out(bad, y, 0), 0x1234000, BLOCK));
	RT_CHECK(choice[0], "%s", weft_last_error());
	RT_OK(weft_plan_load(r.plan));
	RT_OK(weft_constant_write(numbers, 0, number, sizeof(number)));
	RT_OK(weft_plan_last_error(r.plan, &error));
	RT_CHECK(!error.cause && !*error.body, "cause %u", error.cause);
	RT_OK(weft_plan_run(r.plan, 100, NULL));
	RT_IS(weft_plan_wait(r.plan, 99, 10 * RT_SECOND), -EOWNERDEAD);
	RT_CHECK(strstr(weft_last_error(), "body bad") && strstr(weft_last_error(), "sequence 3"), "%s", weft_last_error());
	RT_OK(weft_plan_last_error(r.plan, &error));
	RT_CHECK(!strcmp(error.body, "bad") && error.seq == 3 && error.device == 0 && error.address == 0x1234000 &&
		 !strcmp(error.lane, "bad"), "body %s, sequence %llu, %s at %#llx", error.body, (unsigned long long)error.seq,
		 weft_fault_name(error.cause), (unsigned long long)error.address);
	RT_IS(weft_plan_drain(r.plan, RT_SECOND), -EOWNERDEAD);
	RT_IS(weft_plan_run(r.plan, 1, NULL), -EOWNERDEAD);
	/* it can be loaded again */
	RT_OK(weft_plan_unload(r.plan));
	RT_OK(weft_plan_load(r.plan));
	RT_OK(weft_plan_run(r.plan, 3, NULL));
	RT_OK(weft_plan_wait(r.plan, 2, 10 * RT_SECOND));
	return rig_close(&r);
}

/* A wait that runs out says who has not fired; nothing is allocated while a plan runs. */
static int quiet(struct weft *weft)
{
	struct weft_memory_info before = { .size = sizeof(before) }, after = { .size = sizeof(after) };
	struct weft_body *slow;
	struct rig r;

	if (rig_open(weft, &r, 1, NULL))
		return -1;
	slow = body_of(r.plan, "slow", 0, NULL, 0);
	RT_OK(weft_body_timed(slow, 200 * MS));
	RT_IS(weft_plan_run(r.plan, 1, NULL), -EINVAL);		/* not loaded */
	RT_OK(weft_plan_load(r.plan));
	RT_OK(weft_device_memory(r.card[0], &before));
	RT_OK(weft_plan_run(r.plan, 2, NULL));
	RT_IS(weft_plan_wait(r.plan, 1, 10 * MS), -ETIME);
	RT_CHECK(strstr(weft_last_error(), "body slow") && strstr(weft_last_error(), "wanted 2"), "%s", weft_last_error());
	RT_OK(weft_plan_wait(r.plan, 1, 10 * RT_SECOND));
	RT_OK(weft_device_memory(r.card[0], &after));
	RT_CHECK(after.free_bytes == before.free_bytes, "%lld bytes", (long long)(before.free_bytes - after.free_bytes));
	RT_IS(weft_plan_load(r.plan), -EBUSY);
	return rig_close(&r);
}

/* A scalar for each sequence: the operator reads it out of a table when it runs; another table is written while nothing runs. */
static int sequence_scalars(struct weft *weft)
{
	enum { ENTRIES = 5, EACH = 2, RUNS = 14 };
	struct weft_exec gemm = { .size = sizeof(gemm), .num_operands = 3, .dims = { 1, N, 1 }, .scalar_mask = 1 };
	struct weft_constant *ones, *rate;
	struct weft_edge *log;
	struct weft_body *b;
	float alpha[ENTRIES];
	struct rig r;

	if (rig_open(weft, &r, 1, NULL))
		return -1;
	b = body_of(r.plan, "b", 0, NULL, 0);
	log = b ? log_of(r.plan, b, "log", 2 * RUNS) : NULL;
	RT_CHECK(log, "%s", rt_text);
	RT_OK(weft_constant_create(r.plan, "ones", BLOCK, NULL, &ones));
	RT_OK(weft_constant_create(r.plan, "rate", sizeof(alpha), NULL, &rate));
	gemm.operands[0] = weft_body_out(b, log, 0);
	gemm.operands[1] = gemm.operands[2] = weft_body_constant(b, ones);
	gemm.scalar_operands[0] = weft_body_table(b, rate, sizeof(float), ENTRIES, EACH);
	RT_OK(weft_body_exec(b, "gemm", WEFT_TYPE_F32, &gemm));
	RT_OK(weft_plan_load(r.plan));
	if (table_fill(ones, 1, 1))
		return -1;
	for (uint32_t run = 0; run < 2; run++) {
		for (uint32_t i = 0; i < ENTRIES; i++)
			alpha[i] = (float)(100 * run + i);
		RT_OK(weft_constant_write(rate, 0, alpha, sizeof(alpha)));
		RT_OK(weft_plan_run(r.plan, RUNS, NULL));
		RT_OK(weft_plan_drain(r.plan, 10 * RT_SECOND));
		for (uint32_t i = RUNS * run; i < RUNS * (run + 1); i++)
			if (log_is(log, i, (float)(100 * run + i / EACH % ENTRIES)))
				return -1;
	}
	return rig_close(&r);
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "chains, in lanes of their own and in one, from cell values that wrap", chains },
		{ "a chain over two cards", chain_cards },
		{ "edges share blocks, also of depth 2 and over two cards", shared },
		{ "a block comes back when its slowest consumer has returned it", three_consumers },
		{ "rates: accumulation over four blocks", accumulation },
		{ "choices and predicates, in a skewed lane", branches },
		{ "drain, snapshot, restore: as if never stopped", snapshot },
		{ "state is replaced between runs", state_put },
		{ "a run longer than the words of bubbles", long_run },
		{ "a body that faults is named, and stops the plan", fault },
		{ "a time-out names the body; no memory is taken while it runs", quiet },
		{ "a scalar for each sequence, from a table that is replaced between runs", sequence_scalars },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
