/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include "text_gen.h"

#include <weft/plan_text.h>

#define MOST	6u

struct gen {
	uint64_t rnd;
	struct weft_plan *plan;
	struct weft_edge *edge[MOST];
	struct weft_constant *constant[MOST];
	struct weft_body *body[MOST];
	uint32_t edges, constants, bodies;
	/* of one body */
	uint64_t read[64], write[16], block[32];
	uint32_t reads, writes, blocks;
};

static uint32_t below(struct gen *g, uint32_t n)
{
	return (uint32_t)(rt_random(&g->rnd) >> 33) % n;
}

static bool one_in(struct gen *g, uint32_t n)
{
	return !below(g, n);
}

/* Distinct by their number; some need quotes. */
static const char *name_of(struct gen *g, char *name, const char *what, uint32_t number)
{
	static const char *const odd[] = { "%s%u", "%s/%u", "%s.%u-a", "%s %u", "%s\"%u", "%s\\%u", "%s\n%u", "%s#%u", "%s\xc3\xbc%u",
					   "%s\x01%u", "%s(%u)" };

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	sprintf(name, odd[one_in(g, 3) ? below(g, 11) : 0], what, number);
#pragma GCC diagnostic pop
	return name;
}

static void contents_of(struct gen *g, unsigned char *data, uint64_t bytes)
{
	const uint32_t kind = below(g, 6), period = 1 + below(g, 80);

	for (uint64_t i = 0; i < bytes; i++)
		data[i] = kind == 0 ? 0 : kind == 1 ? (unsigned char)rt_random(&g->rnd) :
			  kind == 2 ? (i < period ? (unsigned char)rt_random(&g->rnd) : data[i % period]) : 0;
	for (uint64_t i = 0; kind >= 3 && i + 4 <= bytes; i += 4) {
		const uint32_t small = below(g, 70000), bits = weft_f32((float)((int32_t)below(g, 2000) - 1000) / 8);

		memcpy(data + i, kind == 3 || (kind == 5 && below(g, 2)) ? &small : &bits, 4);
	}
}

static void constants(struct gen *g)
{
	char name[64];

	g->constants = 1 + below(g, MOST);
	for (uint32_t i = 0; i < g->constants; i++) {
		const uint64_t bytes = one_in(g, 3) ? 4096ull << below(g, 20) : 64 + below(g, 300);

		ok(weft_constant_create(g->plan, name_of(g, name, "c", i), bytes, NULL, &g->constant[i]));
		if (one_in(g, 4)) {
			ok(weft_constant_file(g->constant[i], name_of(g, name, "file", i)));
		} else if (bytes < 8192 && one_in(g, 2)) {
			unsigned char *data = malloc(bytes);

			contents_of(g, data, bytes);
			ok(weft_constant_contents(g->constant[i], data, bytes));
			free(data);
		}
	}
}

/* Of the edge before it, if that may have parts and has room for one more. */
static bool part(struct gen *g, uint32_t i)
{
	struct weft_edge *before = i ? g->edge[i - 1] : NULL, *whole = before && before->whole ? before->whole : before;
	struct weft_edge_desc d = { .size = sizeof(d), .whole = whole };
	char name[64];

	if (!whole || whole->flags & (WEFT_EDGE_CONTROL | WEFT_EDGE_HOST | WEFT_EDGE_PEER) || !whole->wanted_depth || one_in(g, 2))
		return false;
	d.offset = whole->parts_end + 1 + below(g, 12);
	if (d.offset >= whole->block_bytes)
		return false;
	d.name = name_of(g, name, "e", i);
	d.block_bytes = 1 + below(g, (uint32_t)(whole->block_bytes - d.offset));
	ok(weft_edge_create(g->plan, &d, &g->edge[i]));
	return true;
}

static void edges(struct gen *g)
{
	static const uint32_t flags[] = { 0, 0, WEFT_EDGE_STATE, WEFT_EDGE_CONTROL, WEFT_EDGE_HOST, WEFT_EDGE_NO_SHARE,
					  WEFT_EDGE_HOST | WEFT_EDGE_NO_SHARE, WEFT_EDGE_STATE | WEFT_EDGE_NO_SHARE,
					  WEFT_EDGE_EXPORT, WEFT_EDGE_EXPORT | WEFT_EDGE_CONTROL, WEFT_EDGE_IMPORT };
	char name[64];

	g->edges = 1 + below(g, MOST);
	for (uint32_t i = 0; i < g->edges; i++) {
		struct weft_edge_desc d = { .size = sizeof(d), .name = name_of(g, name, "e", i), .flags = flags[below(g, 11)] };
		unsigned char *data = NULL;

		if (part(g, i))
			continue;
		if (!(d.flags & WEFT_EDGE_CONTROL))
			d.block_bytes = one_in(g, 3) ? 256ull << below(g, 4) : 16 + below(g, 100);
		if (!(d.flags & WEFT_EDGE_STATE)) {
			d.initial = d.flags & WEFT_EDGE_IMPORT ? 0 : below(g, 3);
			d.depth = one_in(g, 2) && !(d.initial && d.flags & WEFT_EDGE_EXPORT) ? 0 : d.initial + 1 + below(g, 5);
		} else {
			d.initial = 1;
		}
		if (d.initial && d.block_bytes && one_in(g, 2)) {
			data = malloc(d.initial * d.block_bytes);
			contents_of(g, data, d.initial * d.block_bytes);
			d.contents = data;
		}
		if (!(d.flags & (WEFT_EDGE_HOST | WEFT_EDGE_CONTROL | WEFT_EDGE_IMPORT)))
			d.device = below(g, EX_CARDS + 1);
		ok(weft_edge_create(g->plan, &d, &g->edge[i]));
		free(data);
	}
}

static uint64_t some(struct gen *g, const uint64_t *from, uint32_t count)
{
	return from[below(g, count)] + (one_in(g, 3) ? 8 * (uint64_t)below(g, 300) : 0);
}

static void operands(struct gen *g, struct weft_body *b)
{
	g->reads = g->writes = g->blocks = 0;
	for (uint32_t i = 0; i < g->constants; i++)
		if (one_in(g, 2))
			g->block[g->blocks++] = weft_body_constant(b, g->constant[i]);
	for (uint32_t i = 0; i < b->num_in; i++)
		if (!(b->in[i].edge->flags & WEFT_EDGE_CONTROL))
			g->block[g->blocks++] = weft_body_in(b, b->in[i].edge, below(g, b->in[i].rate));
	for (uint32_t i = 0; i < b->num_out; i++)
		if (!(b->out[i].edge->flags & WEFT_EDGE_CONTROL))
			g->write[g->writes++] = g->block[g->blocks++] = weft_body_out(b, b->out[i].edge, below(g, b->out[i].rate));
	for (uint32_t i = 0; i < 3; i++)
		if (one_in(g, 2))
			g->block[g->blocks++] = weft_body_table(b, g->constant[0], 4 + below(g, 4), 1 + below(g, 8), 1 + below(g, 2));
	memcpy(g->read, g->block, g->blocks * sizeof(g->block[0]));
	g->reads = g->blocks;
	for (uint32_t i = 0; i < 3 && g->blocks && one_in(g, 2); i++) {
		uint64_t choice[5], n = 1 + below(g, 5);

		for (uint32_t k = 0; k < n; k++)
			choice[k] = some(g, g->block, g->blocks);
		g->read[g->reads++] = weft_body_choice(b, one_in(g, 5) ? 0x1000 : some(g, g->block, g->blocks) & ~3ull, choice,
						       (uint32_t)n);
	}
	for (uint32_t i = 0; i < g->reads; i++)
		assert_true(g->read[i]);
	/* a device address, where there is nothing else too */
	g->read[g->reads++] = g->write[g->writes++] = 0x10000 * (1ull + below(g, 100));
}

static void exec(struct gen *g, struct weft_body *b)
{
	static const struct {
		const char *name;
		enum weft_type type;
		uint32_t operands;
	} kernels[] = { { "add", WEFT_TYPE_F32, 3 }, { "gemm", WEFT_TYPE_F32, 4 }, { "gather", WEFT_TYPE_U32, 3 } };
	struct weft_exec x = { .size = sizeof(x) };
	const uint32_t k = below(g, 3);

	x.num_operands = kernels[k].operands;
	for (uint32_t i = 0; i < x.num_operands; i++)
		x.operands[i] = i ? some(g, g->read, g->reads - 1 ? g->reads - 1 : 1) : g->write[below(g, g->writes)];
	for (uint32_t i = 0; i < below(g, WEFT_EXEC_MAX_DIMS + 1); i++)
		x.dims[i] = below(g, 2000);
	for (uint32_t i = 0; i < WEFT_EXEC_MAX_SCALARS; i++) {
		const uint32_t kind = below(g, 5);

		if (kind == 4) {
			x.scalar_mask |= 1u << i;
			x.scalar_operands[i] = g->read[below(g, g->reads)];
		} else {
			x.scalars[i] = kind == 0 ? (uint32_t)rt_random(&g->rnd) : kind == 1 ? weft_f32((float)below(g, 999) / 1000) :
				       kind == 2 ? below(g, 100000) : 0;
		}
	}
	ok(weft_body_exec(b, kernels[k].name, kernels[k].type, &x));
}

static void command(struct gen *g, struct weft_body *b)
{
	uint64_t src[WEFT_REDUCTION_WIDTH], dst[WEFT_REDUCTION_WIDTH];
	const uint64_t to = g->write[below(g, g->writes)], from = g->read[below(g, g->reads)];
	const uint32_t n = 1 + below(g, WEFT_REDUCTION_WIDTH), m = 1 + below(g, 3);

	switch (below(g, 8)) {
	case 0:
		exec(g, b);
		break;
	case 1:
		ok(weft_body_copy(b, to, from, below(g, 2) ? 8192 : below(g, 5000)));
		break;
	case 2:
		ok(weft_body_copy_rows(b, to, 64 + below(g, 64), from, 64 + below(g, 64), 64, 1 + below(g, 9)));
		break;
	case 3:
		ok(weft_body_fill(b, to, 8ull * below(g, 2000), one_in(g, 2) ? rt_random(&g->rnd) : weft_f32(2.5f), 1u << below(g, 4)));
		break;
	case 4:
		for (uint32_t i = 0; i < n; i++)
			src[i] = g->read[below(g, g->reads)];
		for (uint32_t i = 0; i < m; i++)
			dst[i] = g->write[below(g, g->writes)];
		ok(weft_body_reduce(b, (enum weft_type)below(g, 6), (enum weft_reduction)below(g, 5), src, n, dst, m, below(g, 9999)));
		break;
	case 5:
		ok(weft_body_timed(b, one_in(g, 2) ? 1000000ull * below(g, 5000) : rt_random(&g->rnd) >> 24));
		break;
	case 6:
		ok(weft_body_timestamp(b, to));
		break;
	default:
		ok(weft_body_pred(b, (enum weft_comparison)below(g, 5), from, below(g, 2) ? below(g, 9) : (uint32_t)rt_random(&g->rnd)));
		break;
	}
}

static void bodies(struct gen *g)
{
	uint64_t order = rt_random(&g->rnd);
	char name[64], lane[64];

	g->bodies = 1 + below(g, MOST);
	for (uint32_t i = 0; i < g->bodies; i++) {
		struct weft_body_desc d = { .size = sizeof(d), .name = name_of(g, name, "b", i), .device = below(g, EX_CARDS) };

		if (one_in(g, 2)) {
			d.lane = name_of(g, lane, "lane", below(g, 2));
			d.skew = one_in(g, 2) ? below(g, 1024) : 0;
		}
		d.time_ns = one_in(g, 2) ? 0 : one_in(g, 2) ? 1000ull * below(g, 1000000) : rt_random(&g->rnd) >> 20;
		d.priority = below(g, 5);
		ok(weft_body_create(g->plan, &d, &g->body[i]));
	}
	/* edges first consumed by any of them */
	for (uint32_t i = 0; i < g->edges; i++) {
		const uint32_t from = below(g, g->bodies + 1), rate = g->edge[i]->flags & WEFT_EDGE_STATE ? 1 : 1 + below(g, 4);

		if (from < g->bodies)
			ok(weft_body_output(g->body[from], g->edge[i], rate));
		for (uint32_t k = 0; k < g->bodies && !g->edge[i]->whole; k++)
			if (one_in(g, 2))
				ok(weft_body_input(g->body[(k + order) % g->bodies], g->edge[i], 1 + below(g, 4)));
	}
	for (uint32_t i = 0; i < g->bodies; i++) {
		operands(g, g->body[i]);
		for (uint32_t k = below(g, 8); k; k--)
			command(g, g->body[i]);
	}
}

struct weft_plan *gen_plan(struct ex *x, uint64_t seed)
{
	static const char *const names[] = { "plan", "a plan", "p-1.2/3" };
	struct weft_plan_config config = { .size = sizeof(config) };
	struct gen g = { .rnd = seed };

	config.name = names[below(&g, 3)];
	config.flags = below(&g, 8);
	config.lanes = config.flags & WEFT_PLAN_FEW_QUEUES ? below(&g, 5) : 0;
	config.priority = below(&g, 5);
	config.budget_bytes = one_in(&g, 2) ? 0 : (uint64_t)below(&g, 1000) << 20;
	config.period_ns = one_in(&g, 2) ? 0 : below(&g, 100000);
	config.cell_base = one_in(&g, 2) ? 0 : rt_random(&g.rnd);
	ok(weft_plan_create(x->card, EX_CARDS, &config, &g.plan));
	constants(&g);
	edges(&g);
	bodies(&g);
	return g.plan;
}

/* Body @from to body @to, which fire @q times each in a sequence. */
static void joined(struct gen *g, uint32_t number, uint32_t from, uint32_t to, const uint32_t *q)
{
	const uint32_t all = q[from] * q[to], common = q[from] == q[to] ? all / q[from] : all;
	const uint32_t gives = common / q[from], takes = common / q[to];
	struct weft_edge_desc d = { .size = sizeof(d), .block_bytes = 64ull << below(g, 4) };
	struct weft_edge *e;
	char name[64];

	d.name = name_of(g, name, "e", number);
	d.depth = one_in(g, 3) ? gives * takes * (1 + below(g, 3)) : 0;
	d.initial = d.depth && one_in(g, 3) ? 1 : 0;
	d.flags = one_in(g, 4) ? WEFT_EDGE_HOST : one_in(g, 4) ? WEFT_EDGE_NO_SHARE : 0;
	ok(weft_edge_create(g->plan, &d, &e));
	ok(weft_body_output(g->body[from], e, gives));
	ok(weft_body_input(g->body[to], e, takes));
	ok(weft_body_copy(g->body[to], 0x1000, weft_body_in(g->body[to], e, takes - 1), d.block_bytes));
}

struct weft_plan *gen_balanced(struct ex *x, uint64_t seed)
{
	struct weft_plan_config config = { .size = sizeof(config), .flags = seed % 2 ? WEFT_PLAN_FEW_QUEUES : 0 };
	struct gen g = { .rnd = seed };
	uint32_t q[MOST], edges = 0;
	char name[64];

	ok(weft_plan_create(x->card, EX_CARDS, &config, &g.plan));
	g.bodies = 2 + below(&g, MOST - 1);
	for (uint32_t i = 0; i < g.bodies; i++) {
		struct weft_body_desc d = { .size = sizeof(d), .name = name_of(&g, name, "b", i), .device = below(&g, EX_CARDS) };

		q[i] = 1 + below(&g, 3);
		d.time_ns = 1000ull * below(&g, 9);
		ok(weft_body_create(g.plan, &d, &g.body[i]));
		/* all hang together, so that q is what it is */
		if (i)
			joined(&g, edges++, below(&g, i), i, q);
		if (i && one_in(&g, 2))
			joined(&g, edges++, below(&g, i), i, q);
	}
	return g.plan;
}

static void same_bytes(const void *a, const void *b, uint64_t bytes)
{
	static const char zeros[1 << 16];

	assert_true(bytes <= sizeof(zeros) || (!a && !b));
	if (a || b)
		assert_memory_equal(a ? a : zeros, b ? b : zeros, bytes);
}

static void same_operand(const struct weft_body *a, uint64_t oa, const struct weft_body *b, uint64_t ob)
{
	const struct weft_body_operand *x = weft_body_operand_of(a, oa), *y = weft_body_operand_of(b, ob);

	assert_int_equal(!x, !y);
	if (!x) {
		assert_int_equal(oa, ob);
		return;
	}
	assert_int_equal(oa & WEFT_OPERAND_OFFSET, ob & WEFT_OPERAND_OFFSET);
	assert_int_equal(x->kind, y->kind);
	assert_int_equal(x->j, y->j);
	assert_int_equal(!x->edge, !y->edge);
	assert_int_equal(x->edge ? x->edge->id : 0, y->edge ? y->edge->id : 0);
	assert_int_equal(x->constant ? x->constant->id : 0, y->constant ? y->constant->id : 0);
	assert_int_equal(x->stride, y->stride);
	assert_int_equal(x->entries, y->entries);
	assert_int_equal(x->firings, y->firings);
	assert_int_equal(x->count, y->count);
	if (x->kind != WEFT_OPERAND_CHOICE)
		return;
	same_operand(a, x->index, b, y->index);
	for (uint32_t i = 0; i < x->count; i++)
		same_operand(a, x->choice[i], b, y->choice[i]);
}

static void same_command(const struct weft_body *a, const struct weft_command *x, const struct weft_body *b,
			 const struct weft_command *y)
{
	assert_int_equal(x->op, y->op);
	switch (x->op) {
	case WEFT_COMMAND_EXEC:
		assert_ptr_equal(x->u.exec.kernel, y->u.exec.kernel);
		assert_int_equal(x->u.exec.exec.num_operands, y->u.exec.exec.num_operands);
		assert_int_equal(x->u.exec.exec.scalar_mask, y->u.exec.exec.scalar_mask);
		assert_memory_equal(x->u.exec.exec.dims, y->u.exec.exec.dims, sizeof(x->u.exec.exec.dims));
		assert_memory_equal(x->u.exec.exec.scalars, y->u.exec.exec.scalars, sizeof(x->u.exec.exec.scalars));
		for (uint32_t i = 0; i < x->u.exec.exec.num_operands; i++)
			same_operand(a, x->u.exec.exec.operands[i], b, y->u.exec.exec.operands[i]);
		for (uint32_t i = 0; i < WEFT_EXEC_MAX_SCALARS; i++)
			if (x->u.exec.exec.scalar_mask >> i & 1)
				same_operand(a, x->u.exec.exec.scalar_operands[i], b, y->u.exec.exec.scalar_operands[i]);
		break;
	case WEFT_COMMAND_COPY:
		same_operand(a, x->u.copy.dst, b, y->u.copy.dst);
		same_operand(a, x->u.copy.src, b, y->u.copy.src);
		assert_int_equal(x->u.copy.dst_pitch, y->u.copy.dst_pitch);
		assert_int_equal(x->u.copy.src_pitch, y->u.copy.src_pitch);
		assert_int_equal(x->u.copy.bytes, y->u.copy.bytes);
		assert_int_equal(x->u.copy.rows, y->u.copy.rows);
		break;
	case WEFT_COMMAND_REDUCE:
		assert_int_equal(x->u.reduce.type, y->u.reduce.type);
		assert_int_equal(x->u.reduce.op, y->u.reduce.op);
		assert_int_equal(x->u.reduce.count, y->u.reduce.count);
		assert_int_equal(x->u.reduce.num_src, y->u.reduce.num_src);
		assert_int_equal(x->u.reduce.num_dst, y->u.reduce.num_dst);
		for (uint32_t i = 0; i < x->u.reduce.num_src + x->u.reduce.num_dst; i++)
			same_operand(a, x->u.reduce.src[i], b, y->u.reduce.src[i]);
		break;
	case WEFT_COMMAND_FILL:
		same_operand(a, x->u.fill.dst, b, y->u.fill.dst);
		assert_int_equal(x->u.fill.bytes, y->u.fill.bytes);
		assert_int_equal(x->u.fill.width, y->u.fill.width);
		assert_memory_equal(&x->u.fill.pattern, &y->u.fill.pattern, x->u.fill.width);
		break;
	case WEFT_COMMAND_TIMED:
		assert_int_equal(x->u.timed.ns, y->u.timed.ns);
		break;
	case WEFT_COMMAND_TIMESTAMP:
		same_operand(a, x->u.timestamp.dst, b, y->u.timestamp.dst);
		break;
	default:
		assert_int_equal(x->u.pred.compare, y->u.pred.compare);
		if (x->u.pred.compare == WEFT_COMPARE_ALWAYS)
			break;
		assert_int_equal(x->u.pred.value, y->u.pred.value);
		same_operand(a, x->u.pred.operand, b, y->u.pred.operand);
		break;
	}
}

static void same_ports(const struct weft_port *a, const struct weft_port *b, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(a[i].edge->id, b[i].edge->id);
		assert_int_equal(a[i].rate, b[i].rate);
	}
}

static void same_body(const struct weft_body *a, const struct weft_body *b)
{
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->lane_name ? a->lane_name : "", b->lane_name ? b->lane_name : "");
	assert_int_equal(a->device, b->device);
	assert_int_equal(a->wanted_skew, b->wanted_skew);
	assert_int_equal(a->priority, b->priority);
	assert_int_equal(a->time_ns, b->time_ns);
	assert_int_equal(a->num_in, b->num_in);
	assert_int_equal(a->num_out, b->num_out);
	same_ports(a->in, b->in, a->num_in);
	same_ports(a->out, b->out, a->num_out);
	assert_int_equal(a->num_commands, b->num_commands);
	for (uint32_t i = 0; i < a->num_commands; i++)
		same_command(a, &a->command[i], b, &b->command[i]);
}

/* Where blocks lie when nothing is said goes by the first consumer, as in prepare.c. */
static uint32_t place_of(const struct weft_edge *e)
{
	return e->wanted_device || e->flags & (WEFT_EDGE_HOST | WEFT_EDGE_CONTROL | WEFT_EDGE_IMPORT) || !e->num_consumers ?
	       e->wanted_device : 1 + e->consumer[0].body->device;
}

void gen_same(const struct weft_plan *a, const struct weft_plan *b)
{
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->config.flags, b->config.flags);
	assert_int_equal(a->config.priority, b->config.priority);
	assert_int_equal(a->config.lanes, b->config.lanes);
	assert_int_equal(a->config.budget_bytes, b->config.budget_bytes);
	assert_int_equal(a->config.period_ns, b->config.period_ns);
	assert_int_equal(a->config.cell_base, b->config.cell_base);
	assert_int_equal(a->num_devices, b->num_devices);
	assert_int_equal(a->num_constants, b->num_constants);
	assert_int_equal(a->num_edges, b->num_edges);
	assert_int_equal(a->num_bodies, b->num_bodies);
	for (uint32_t i = 0; i < a->num_constants; i++) {
		assert_string_equal(a->constant[i]->name, b->constant[i]->name);
		assert_int_equal(a->constant[i]->bytes, b->constant[i]->bytes);
		assert_string_equal(a->constant[i]->file ? a->constant[i]->file : "", b->constant[i]->file ? b->constant[i]->file : "");
		same_bytes(a->constant[i]->contents, b->constant[i]->contents, a->constant[i]->bytes);
	}
	for (uint32_t i = 0; i < a->num_edges; i++) {
		const struct weft_edge *x = a->edge[i], *y = b->edge[i];

		assert_string_equal(x->name, y->name);
		assert_int_equal(x->flags, y->flags);
		assert_int_equal(x->block_bytes, y->block_bytes);
		assert_int_equal(x->whole ? 1 + x->whole->id : 0, y->whole ? 1 + y->whole->id : 0);
		assert_int_equal(x->part_offset, y->part_offset);
		assert_int_equal(x->parts_end, y->parts_end);
		assert_int_equal(x->wanted_depth, y->wanted_depth);
		assert_int_equal(x->initial, y->initial);
		assert_int_equal(x->whole ? 0 : place_of(x), y->whole ? 0 : place_of(y));
		assert_int_equal(x->rate, y->rate);
		assert_int_equal(x->num_consumers, y->num_consumers);
		same_bytes(x->contents, y->contents, x->initial * x->block_bytes);
	}
	for (uint32_t i = 0; i < a->num_bodies; i++)
		same_body(a->body[i], b->body[i]);
}

char *gen_print(const struct weft_plan *plan, uint32_t flags, size_t *bytes)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, bytes);

	assert_non_null(f);
	ok(weft_plan_print(plan, flags, f));
	fclose(f);
	return text;
}
