/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Collectives as bodies of a plan, on one card to all: values, sequence after sequence, with blocks that are overwritten between. */
#include "plan_rig.h"

#include <stdlib.h>

#define MEMBERS	4u
#define ENTRIES	5u		/* of the inputs, in turn */
#define RUNS	23u
#define KEPT	64u		/* of them, and of bubbles */
#define MOST	1025u		/* elements of a call */

struct coll_rig {
	struct rig r;
	uint32_t device[MEMBERS];
	uint64_t in_elements;
	struct weft_constant *table[MEMBERS];
	struct weft_edge *in[MEMBERS];
	float *value[MEMBERS];		/* ENTRIES blocks */
};

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + 255) & ~255ull;
}

/* Members on cards in turn, each with a source that goes through a table. */
static int coll_open(struct weft *weft, struct coll_rig *c, uint32_t cards, uint64_t elements, uint64_t seed)
{
	const struct weft_plan_config config = { .size = sizeof(config), .flags = WEFT_PLAN_POISON };
	char name[16];

	*c = (struct coll_rig) { .in_elements = elements };
	if (rig_open(weft, &c->r, cards, &config))
		return -1;
	for (uint32_t m = 0; m < MEMBERS; m++) {
		struct weft_edge_desc e = { .size = sizeof(e), .name = name, .block_bytes = 4 * elements, .depth = 2 };
		struct weft_body *b;

		c->device[m] = m % cards;
		snprintf(name, sizeof(name), "in %u", m);
		b = body_of(c->r.plan, name, c->device[m], NULL, 0);
		RT_OK(weft_constant_create(c->r.plan, name, ENTRIES * round_up(4 * elements), NULL, &c->table[m]));
		RT_OK(weft_edge_create(c->r.plan, &e, &c->in[m]));
		RT_OK(weft_body_output(b, c->in[m], 1));
		RT_OK(weft_body_copy(b, weft_body_out(b, c->in[m], 0),
				     weft_body_table(b, c->table[m], round_up(4 * elements), ENTRIES, 1), 4 * elements));
		c->value[m] = malloc(ENTRIES * 4 * elements);
		RT_CHECK(c->value[m], "no memory");
		for (uint64_t i = 0; i < ENTRIES * elements; i++)
			c->value[m][i] = (float)(int32_t)(rt_random(&seed) >> 32) * 0x1p-31f;
	}
	return 0;
}

/* What an output had, for the test to look at. */
static struct weft_edge *keep(struct coll_rig *c, struct weft_edge *out, const char *name, uint32_t card, uint64_t elements)
{
	const struct weft_edge_desc d = {
		.size = sizeof(d), .name = name, .block_bytes = 4 * elements, .depth = KEPT, .flags = WEFT_EDGE_NO_SHARE };
	struct weft_body *b = body_of(c->r.plan, name, card, NULL, 0);
	struct weft_edge *log;

	if (!b || weft_edge_create(c->r.plan, &d, &log) || weft_body_input(b, out, 1) || weft_body_output(b, log, 1) ||
	    weft_body_copy(b, weft_body_out(b, log, 0), weft_body_in(b, out, 0), 4 * elements)) {
		rt_say(-1, "%s: %s", name, weft_last_error());
		return NULL;
	}
	return log;
}

static int run(struct coll_rig *c)
{
	RT_OK(weft_plan_load(c->r.plan));
	for (uint32_t m = 0; m < MEMBERS; m++)
		for (uint32_t i = 0; i < ENTRIES; i++)
			RT_OK(weft_constant_write(c->table[m], i * round_up(4 * c->in_elements), c->value[m] + i * c->in_elements,
						  4 * c->in_elements));
	RT_OK(weft_plan_run(c->r.plan, RUNS, NULL));
	RT_OK(weft_plan_wait(c->r.plan, RUNS - 1, 20 * RT_SECOND));
	return 0;
}

static int coll_close(struct coll_rig *c)
{
	for (uint32_t m = 0; m < MEMBERS; m++)
		free(c->value[m]);
	return rig_close(&c->r);
}

static float input(const struct coll_rig *c, uint32_t member, uint64_t seq, uint64_t element)
{
	return c->value[member][seq % ENTRIES * c->in_elements + element];
}

/* By the tree that coll.h promises. */
static float combined(const struct coll_rig *c, uint32_t reduction, uint64_t seq, uint64_t element)
{
	float v[MEMBERS];

	for (uint32_t m = 0; m < MEMBERS; m++)
		v[m] = input(c, m, seq, element);
	if (reduction == WEFT_REDUCTION_MAX) {
		for (uint32_t m = 1; m < MEMBERS; m++)
			v[0] = v[m] > v[0] ? v[m] : v[0];
		return v[0];
	}
	return (v[0] + v[1]) + (v[2] + v[3]);
}

static float wanted(const struct coll_rig *c, const struct weft_plan_coll_desc *d, uint32_t to, uint64_t seq, uint64_t element)
{
	switch (d->op) {
	case WEFT_COLL_ALL_REDUCE:
	case WEFT_COLL_REDUCE:
		return combined(c, d->reduction, seq, element);
	case WEFT_COLL_REDUCE_SCATTER:
		return combined(c, d->reduction, seq, to * d->count + element);
	case WEFT_COLL_ALL_GATHER:
		return input(c, (uint32_t)(element / d->count), seq, element % d->count);
	case WEFT_COLL_BROADCAST:
		return input(c, d->root, seq, element);
	default:
		return input(c, (uint32_t)(element / d->count), seq, to * d->count + element % d->count);
	}
}

static int check(const struct coll_rig *c, const struct weft_plan_coll_desc *d, struct weft_edge *log, uint32_t to, uint64_t elements)
{
	static float got[MEMBERS * MOST];

	for (uint64_t s = 0; s < RUNS; s++) {
		RT_OK(weft_edge_read(log, s, 0, got, 4 * elements));
		for (uint64_t i = 0; i < elements; i++) {
			const float want = wanted(c, d, to, s, i);

			RT_CHECK(got[i] == want, "%s of %llu, member %u, sequence %llu, element %llu is %a, wanted %a",
				 weft_coll_op_name(d->op), (unsigned long long)d->count, to, (unsigned long long)s,
				 (unsigned long long)i, (double)got[i], (double)want);
		}
	}
	return 0;
}

static int call(struct weft *weft, uint32_t cards, uint32_t op, uint64_t count, uint32_t depth)
{
	const bool blocks_in = op == WEFT_COLL_REDUCE_SCATTER || op == WEFT_COLL_ALL_TO_ALL;
	const bool blocks_out = op == WEFT_COLL_ALL_GATHER || op == WEFT_COLL_ALL_TO_ALL;
	const uint64_t elements = count * (blocks_out ? MEMBERS : 1);
	struct weft_edge *out[MEMBERS], *log[MEMBERS] = { NULL };
	struct weft_plan_coll_desc d = {
		.size = sizeof(d), .op = op, .type = WEFT_TYPE_F32, .num_members = MEMBERS, .depth = depth, .name = "call", .count = count,
		.reduction = op == WEFT_COLL_REDUCE ? WEFT_REDUCTION_MAX : WEFT_REDUCTION_SUM,
	};
	struct coll_rig c;
	char name[16];

	if (coll_open(weft, &c, cards, count * (blocks_in ? MEMBERS : 1), count + op))
		return -1;
	d.root = op == WEFT_COLL_BROADCAST || op == WEFT_COLL_REDUCE ? 2 : 0;
	d.device = c.device;
	d.in = c.in;
	RT_OK(weft_plan_coll(c.r.plan, &d, out, NULL));
	for (uint32_t m = 0; m < MEMBERS; m++) {
		snprintf(name, sizeof(name), "log %u", m);
		log[m] = out[m] ? keep(&c, out[m], name, c.device[m], elements) : NULL;
		RT_CHECK(!log[m] == !out[m], "no log of member %u", m);
	}
	if (run(&c))
		return -1;
	for (uint32_t m = 0; m < MEMBERS; m++)
		if (log[m] && check(&c, &d, log[m], m, elements))
			return -1;
	return coll_close(&c);
}

static int calls(struct weft *weft, uint32_t cards)
{
	static const uint32_t ops[] = { WEFT_COLL_ALL_REDUCE, WEFT_COLL_REDUCE_SCATTER, WEFT_COLL_ALL_GATHER, WEFT_COLL_BROADCAST,
					WEFT_COLL_REDUCE, WEFT_COLL_ALL_TO_ALL };
	static const uint64_t counts[] = { 1, 3, 17 };

	/* of each the largest, and one of the others in turn */
	for (uint32_t o = 0; o < sizeof(ops) / sizeof(ops[0]); o++)
		if (call(weft, cards, ops[o], counts[(o + cards) % 3], 1 + o % 3) || call(weft, cards, ops[o], MOST, 1 + (o + 1) % 3))
			return -1;
	return 0;
}

static int calls_one(struct weft *weft)
{
	return calls(weft, 1);
}

static int calls_more(struct weft *weft)
{
	int ret = rig_reach(weft, 2);

	if (!ret)
		ret = calls(weft, 2);
	return ret || weft_device_count(weft, "card") < (int)MEMBERS ? ret : calls(weft, MEMBERS);
}

/* Of what one call makes the next takes its part; a body is given more to do; all in one plan, and the sums are those of one call. */
static int composed(struct weft *weft)
{
	struct weft_edge *all[MEMBERS], *scattered[MEMBERS], *gathered[MEMBERS], *log[2];
	const uint32_t cards = rig_reach(weft, 2) ? 1 : 2;
	struct weft_plan_coll_desc d = {
		.size = sizeof(d), .op = WEFT_COLL_ALL_REDUCE, .type = WEFT_TYPE_F32, .num_members = MEMBERS, .depth = 2, .name = "all",
		.count = MEMBERS * 100 };
	static float a[MEMBERS * 100], b[MEMBERS * 100];
	struct weft_body *body[MEMBERS];
	struct coll_rig c;

	if (coll_open(weft, &c, cards, d.count, 77))
		return -1;
	d.device = c.device;
	d.in = c.in;
	RT_OK(weft_plan_coll(c.r.plan, &d, all, NULL));
	d.op = WEFT_COLL_REDUCE_SCATTER;
	d.name = "scattered";
	d.count /= MEMBERS;
	RT_OK(weft_plan_coll(c.r.plan, &d, scattered, body));
	for (uint32_t m = 0; m < MEMBERS; m++) {
		const uint64_t block = weft_body_out(body[m], scattered[m], 0);
		const struct weft_exec e = { .size = sizeof(e), .num_operands = 3, .operands = { block, block, block }, .dims = { 100 } };

		RT_OK(weft_body_exec(body[m], "add", WEFT_TYPE_F32, &e));
	}
	d.op = WEFT_COLL_ALL_GATHER;
	d.name = "gathered";
	d.in = scattered;
	RT_OK(weft_plan_coll(c.r.plan, &d, gathered, NULL));
	log[0] = keep(&c, all[3], "log of all", c.device[3], MEMBERS * 100);
	log[1] = keep(&c, gathered[1], "log of gathered", c.device[1], MEMBERS * 100);
	RT_CHECK(log[0] && log[1], "no logs");
	if (run(&c))
		return -1;
	for (uint64_t s = 0; s < RUNS; s++) {
		RT_OK(weft_edge_read(log[0], s, 0, a, sizeof(a)));
		RT_OK(weft_edge_read(log[1], s, 0, b, sizeof(b)));
		for (uint32_t i = 0; i < MEMBERS * 100; i++)
			RT_CHECK(a[i] == combined(&c, WEFT_REDUCTION_SUM, s, i) && b[i] == a[i] + a[i],
				 "sequence %llu, element %u: %a in one call, %a in two, twice", (unsigned long long)s, i, (double)a[i],
				 (double)b[i]);
	}
	return coll_close(&c);
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "every operation on one card", calls_one },
		{ "every operation over cards", calls_more },
		{ "calls that build on each other, in one plan", composed },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
