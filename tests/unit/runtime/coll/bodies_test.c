/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Collectives in plans, played on the commands of their bodies: every element of every output has what it should, and one writer. */
#include <weft/plan_coll.h>

#include "../exec/ex.h"

#define MEMBERS	WEFT_REDUCTION_WIDTH
#define MOST	64u

/* What a body has of an edge's block: which edge, and where in the block of the whole. */
static void where(const struct weft_body *b, uint64_t operand, const struct weft_edge **whole, uint64_t *at)
{
	const struct weft_body_operand *o = weft_body_operand_of(b, operand);

	assert_non_null(o);
	*whole = o->edge->whole ? o->edge->whole : o->edge;
	*at = (operand & WEFT_OPERAND_OFFSET) + (o->edge->whole ? o->edge->part_offset : 0);
}

struct play {
	struct ex x;
	uint32_t members;
	struct weft_edge *in[MEMBERS], *out[MEMBERS];
	struct weft_body *body[MEMBERS];
	uint64_t got[MEMBERS][MEMBERS * MOST];		/* of each output element: sum of what its sources are called */
};

static uint64_t called(uint32_t member, uint64_t element)
{
	return (1ull << 2 * member) * 1000003 + element * 7919;
}

static void play(struct play *p)
{
	memset(p->got, 0, sizeof(p->got));
	for (uint32_t m = 0; m < p->members; m++)
		for (uint32_t i = 0; p->body[m] && i < p->body[m]->num_commands; i++) {
			const struct weft_command *c = &p->body[m]->command[i];

			assert_int_equal(c->op, WEFT_COMMAND_REDUCE);
			for (uint64_t n = 0; n < c->u.reduce.count; n++) {
				const struct weft_edge *e;
				uint64_t at, sum = 0;

				for (uint32_t s = 0; s < c->u.reduce.num_src; s++) {
					uint32_t of = 0;

					where(p->body[m], c->u.reduce.src[s], &e, &at);
					while (p->in[of] != e)
						of++;
					sum += called(of, at / 4 + n);
				}
				for (uint32_t d = 0; d < c->u.reduce.num_dst; d++) {
					uint32_t to = 0;

					where(p->body[m], c->u.reduce.dst[d], &e, &at);
					while (p->out[to] != e)
						to++;
					assert_int_equal(p->got[to][at / 4 + n], 0);
					p->got[to][at / 4 + n] = sum;
				}
			}
		}
}

static uint64_t all_of(uint32_t members, uint64_t element)
{
	uint64_t sum = 0;

	for (uint32_t m = 0; m < members; m++)
		sum += called(m, element);
	return sum;
}

static uint64_t wanted(uint32_t op, uint32_t members, uint32_t root, uint64_t count, uint32_t to, uint64_t element)
{
	switch (op) {
	case WEFT_COLL_ALL_REDUCE:
	case WEFT_COLL_REDUCE:
		return all_of(members, element);
	case WEFT_COLL_REDUCE_SCATTER:
		return all_of(members, to * count + element);
	case WEFT_COLL_ALL_GATHER:
		return called((uint32_t)(element / count), element % count);
	case WEFT_COLL_BROADCAST:
		return called(root, element);
	default:
		return called((uint32_t)(element / count), to * count + element % count);
	}
}

static void one(uint32_t op, uint32_t members, uint32_t root, uint64_t count)
{
	const bool blocks_in = op == WEFT_COLL_REDUCE_SCATTER || op == WEFT_COLL_ALL_TO_ALL;
	const bool blocks_out = op == WEFT_COLL_ALL_GATHER || op == WEFT_COLL_ALL_TO_ALL;
	uint32_t device[MEMBERS];
	static struct play p;
	char name[16];

	memset(&p, 0, sizeof(p));
	ex_open(&p.x, NULL);
	p.members = members;
	for (uint32_t m = 0; m < members; m++) {
		struct weft_body *from;

		device[m] = m % EX_CARDS;
		snprintf(name, sizeof(name), "in %u", m);
		ok(weft_edge_create(p.x.plan, &(struct weft_edge_desc) { .size = sizeof(struct weft_edge_desc), .name = name,
				    .block_bytes = 4 * count * (blocks_in ? members : 1) }, &p.in[m]));
		from = ex_body(&p.x, name, device[m], NULL, 0);
		ok(weft_body_output(from, p.in[m], 1));
	}
	ok(weft_plan_coll(p.x.plan, &(struct weft_plan_coll_desc) {
		.size = sizeof(struct weft_plan_coll_desc), .op = op, .type = WEFT_TYPE_F32, .root = root, .num_members = members, .depth = 2,
		.name = "call", .count = count, .device = device, .in = p.in }, p.out, p.body));
	for (uint32_t m = 0; m < members; m++) {
		const bool has = op != WEFT_COLL_REDUCE || m == root;
		struct weft_body *to;

		assert_int_equal(p.out[m] != NULL, has);
		if (!has)
			continue;
		snprintf(name, sizeof(name), "to %u", m);
		to = ex_body(&p.x, name, device[m], NULL, 0);
		ok(weft_body_input(to, p.out[m], 1));
		ok(weft_body_copy(to, 0x1000, weft_body_in(to, p.out[m], 0), 4 * count * (blocks_out ? members : 1)));
	}
	ok(weft_plan_prepare(p.x.plan, NULL));
	play(&p);
	for (uint32_t m = 0; m < members; m++)
		for (uint64_t n = 0; p.out[m] && n < count * (blocks_out ? members : 1); n++)
			assert_int_equal(p.got[m][n], wanted(op, members, root, count, m, n));
	for (uint32_t m = 0; m < members; m++)
		if (p.out[m])
			assert_int_equal(p.out[m]->place, device[m]);
	ex_close(&p.x);
}

static void values(void **state)
{
	static const uint32_t ops[] = { WEFT_COLL_ALL_REDUCE, WEFT_COLL_REDUCE_SCATTER, WEFT_COLL_ALL_GATHER, WEFT_COLL_BROADCAST,
					WEFT_COLL_REDUCE, WEFT_COLL_ALL_TO_ALL };
	static const uint64_t counts[] = { 1, 2, 3, 17, MOST };
	static const uint32_t members[] = { 1, 2, 3, 4, 7, MEMBERS };

	(void)state;
	for (size_t o = 0; o < sizeof(ops) / sizeof(ops[0]); o++)
		for (size_t m = 0; m < sizeof(members) / sizeof(members[0]); m++)
			for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
				const bool rooted = ops[o] == WEFT_COLL_BROADCAST || ops[o] == WEFT_COLL_REDUCE;

				one(ops[o], members[m], 0, counts[c]);
				if (rooted && members[m] > 1)
					one(ops[o], members[m], members[m] - 1, counts[c]);
			}
}

/* Two calls in one lane of each card, in opposite orders: each member would wait for the other. */
static void opposite(void **state)
{
	struct weft_edge *in[2], *first[2], *second[2];
	struct ex x;

	(void)state;
	for (int wrong = 0; wrong < 2; wrong++) {
		struct weft_plan_coll_desc d = { .size = sizeof(d), .op = WEFT_COLL_ALL_REDUCE, .type = WEFT_TYPE_F32, .num_members = 2,
						 .depth = 1, .name = "a", .lane = "comm", .count = 8, .in = in };
		struct weft_edge *back;
		struct weft_body *b[2];

		ex_open(&x, NULL);
		for (uint32_t m = 0; m < 2; m++) {
			in[m] = ex_edge(&x, m ? "in 1" : "in 0", 1, 0, 0);
			ok(weft_body_output(ex_body(&x, m ? "from 1" : "from 0", m, NULL, 0), in[m], 1));
		}
		ok(weft_plan_coll(x.plan, &d, first, NULL));
		d.name = "b";
		d.in = first;		/* of what the first made */
		ok(weft_plan_coll(x.plan, &d, second, b));
		/* and the first of what the second made */
		back = ex_edge(&x, "back", 1, !wrong, WEFT_EDGE_CONTROL);
		ok(weft_body_output(b[0], back, 1));
		ok(weft_body_input(weft_plan_body(x.plan, "a 1"), back, 1));
		if (wrong)
			refused(weft_plan_prepare(x.plan, NULL), -EDEADLK, "a 1");
		else
			ok(weft_plan_prepare(x.plan, NULL));
		ex_close(&x);
	}
}

static void refusals(void **state)
{
	struct weft_edge *in[2], *out[2];
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	in[0] = ex_edge(&x, "in 0", 1, 0, 0);
	in[1] = NULL;
#define COLL(...) (&(struct weft_plan_coll_desc) { .size = sizeof(struct weft_plan_coll_desc), .op = WEFT_COLL_ALL_REDUCE, \
		.type = WEFT_TYPE_F32, .num_members = 2, .depth = 1, .name = "call", .count = 8, .in = in, __VA_ARGS__ })
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
	refused(weft_plan_coll(x.plan, COLL(), out, NULL), -EINVAL, "member 1 has no input");
	in[1] = ex_edge(&x, "in 1", 1, 0, 0);
	refused(weft_plan_coll(x.plan, COLL(.op = WEFT_COLL_SEND), out, NULL), -EOPNOTSUPP, "edges send");
	refused(weft_plan_coll(x.plan, COLL(.op = WEFT_COLL_BARRIER), out, NULL), -EOPNOTSUPP, "barrier");
	refused(weft_plan_coll(x.plan, COLL(.op = 99), out, NULL), -EOPNOTSUPP, "operation 99");
	refused(weft_plan_coll(x.plan, COLL(.type = WEFT_TYPE_U32), out, NULL), -EINVAL, "type");
	refused(weft_plan_coll(x.plan, COLL(.root = 1), out, NULL), -EINVAL, "root 1");
	refused(weft_plan_coll(x.plan, COLL(.op = WEFT_COLL_REDUCE, .root = 2), out, NULL), -EINVAL, "root 2");
	refused(weft_plan_coll(x.plan, COLL(.reduction = 5), out, NULL), -EINVAL, "reduction 5");
	refused(weft_plan_coll(x.plan, COLL(.op = WEFT_COLL_ALL_GATHER, .reduction = 1), out, NULL), -EINVAL, "reduction 1");
	refused(weft_plan_coll(x.plan, COLL(.num_members = 0), out, NULL), -EINVAL, "0 members");
	refused(weft_plan_coll(x.plan, COLL(.num_members = 17), out, NULL), -EINVAL, "17 members");
	refused(weft_plan_coll(x.plan, COLL(.depth = 0), out, NULL), -EINVAL, "depth 0");
	refused(weft_plan_coll(x.plan, COLL(.count = 0), out, NULL), -EINVAL, "0 elements");
	refused(weft_plan_coll(x.plan, COLL(.count = 1ull << 40), out, NULL), -EINVAL, "elements");
	refused(weft_plan_coll(x.plan, COLL(.in_offset = 2), out, NULL), -EINVAL, "at 2");
	refused(weft_plan_coll(x.plan, COLL(.name = ""), out, NULL), -EINVAL, "no name");
	refused(weft_plan_coll(x.plan, COLL(), NULL, NULL), -EINVAL, "no place");
#pragma GCC diagnostic pop
	/* beyond the blocks of its input: seen when all is checked */
	ok(weft_body_output(ex_body(&x, "from 0", 0, NULL, 0), in[0], 1));
	ok(weft_body_output(ex_body(&x, "from 1", 1, NULL, 0), in[1], 1));
	ok(weft_plan_coll(x.plan, COLL(.in_offset = BLOCK - 16), out, NULL));
	refused(weft_plan_prepare(x.plan, NULL), -EINVAL, "of edge in 0, which has");
	ex_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values), cmocka_unit_test(opposite), cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
