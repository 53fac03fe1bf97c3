/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The lists of a lane. Its loop has for each body, as far as it needs them: [RANGE of its skew] waits, [PRED: no bubble] commands,
 * [PRED: bubble, copies of tokens that stay] signals. A PRED ends a RANGE, so that one is repeated behind it.
 */
#include <errno.h>
#include <stdlib.h>

#include "exec.h"

#include "runtime/core/list.h"
#include "runtime/core/memory.h"
#include "runtime/core/user_queue.h"

#define POISON_PATTERN	0xdead0b10cdead0b1ull
#define INLINE_OPERANDS	3500u		/* of a list's 4096: bodies beyond them get a list of their own */
#define CACHED		32u

struct emit {
	struct weft_plan *plan;
	struct weft_plan_lane *lane;
	struct weft_body *body;
	struct weft_list *loop;		/* of the lane */
	struct weft_list *to;		/* that commands go to: loop, or the body's own */
	uint32_t range;			/* skew of the RANGE in force in `loop` */
	/* rotations of this body, in `to` */
	uint64_t key[CACHED], made[CACHED];
	uint32_t num_cached;
};

static int base_of(struct emit *e, const struct weft_body_operand *o, uint64_t *address)
{
	struct weft_memory *m;
	int ret = 0;

	if (o->constant)
		m = o->constant->memory[e->body->device];
	else
		ret = weft_edge_reach(o->edge, e->body->device, o->kind == WEFT_OPERAND_OUT, &m);
	if (!ret)
		*address = weft_memory_address(m) + (o->constant ? 0 : o->edge->offset);
	return ret;
}

static uint32_t rate_in(const struct weft_body *b, const struct weft_edge *e)
{
	for (uint32_t i = 0; i < b->num_in; i++)
		if (b->in[i].edge == e)
			return b->in[i].rate;
	return 1;
}

/* Blocks @first, @first + @rate … of an edge in turn, one in each firing: depth is a multiple of the rate. */
static void turn(const struct weft_edge *e, uint32_t rate, uint64_t first, struct weft_rotation *r)
{
	r->base += first % rate * e->stride;
	r->stride = rate * e->stride;
	r->depth = (uint16_t)(e->depth / rate);
	r->phase = (uint16_t)(first / rate % r->depth);
}

static int rotation_of(struct emit *e, uint64_t operand, struct weft_rotation *r)
{
	const struct weft_body_operand *o = weft_body_operand_of(e->body, operand);
	int ret;

	*r = (struct weft_rotation) { .size = sizeof(*r), .depth = 1, .mul = 1, .div = 1, .skew = (int32_t)e->body->skew };
	if (!o) {
		r->base = operand;
		return 0;
	}
	ret = base_of(e, o, &r->base);
	if (ret)
		return ret;
	if (o->kind == WEFT_OPERAND_IN) {
		turn(o->edge, rate_in(e->body, o->edge), o->j, r);
	} else if (o->kind == WEFT_OPERAND_OUT) {
		turn(o->edge, o->edge->rate, (uint64_t)o->edge->initial + o->j, r);
	} else if (o->kind == WEFT_OPERAND_TABLE) {
		r->stride = o->stride;
		r->depth = (uint16_t)o->entries;
		r->div = (uint16_t)o->firings;
		/* goes on where a snapshot was taken */
		r->skew -= (int32_t)(e->plan->start % ((uint64_t)o->entries * o->firings) * e->body->q %
				     ((uint64_t)o->entries * o->firings));
	}
	r->base += operand & WEFT_OPERAND_OFFSET;
	return 0;
}

static int operand(struct emit *e, uint64_t from, uint64_t *to);

static int choice(struct emit *e, const struct weft_body_operand *o, uint64_t *to)
{
	uint64_t index, *made = malloc(o->count * sizeof(*made));
	int ret = made ? operand(e, o->index, &index) : weft_fail(-ENOMEM, "body %s: choice", e->body->name);

	for (uint32_t i = 0; i < o->count && !ret; i++) {
		struct weft_rotation r;

		ret = rotation_of(e, o->choice[i], &r);
		if (!ret)
			ret = weft_list_rotation(e->to, &r, &made[i]);
	}
	if (!ret)
		ret = weft_list_choice(e->to, index, made, (uint16_t)o->count, to);
	free(made);
	return ret;
}

/* Operand of the body to one of the list: an address where nothing rotates. */
static int operand(struct emit *e, uint64_t from, uint64_t *to)
{
	const struct weft_body_operand *o = weft_body_operand_of(e->body, from);
	struct weft_rotation r;
	int ret;

	*to = from;
	if (!o)
		return 0;
	for (uint32_t i = 0; i < e->num_cached; i++)
		if (e->key[i] == from) {
			*to = e->made[i];
			return 0;
		}
	if (o->kind == WEFT_OPERAND_CHOICE) {
		ret = choice(e, o, to);
	} else {
		ret = rotation_of(e, from, &r);
		if (!ret && r.depth == 1)
			*to = r.base;
		else if (!ret)
			ret = weft_list_rotation(e->to, &r, to);
	}
	if (!ret && e->num_cached < CACHED) {
		e->key[e->num_cached] = from;
		e->made[e->num_cached++] = *to;
	}
	return ret;
}

static int emit_exec(struct emit *e, const struct weft_command *c)
{
	struct weft_exec x = c->u.exec.exec;
	int ret = 0;

	for (uint32_t i = 0; i < x.num_operands && !ret; i++)
		ret = operand(e, c->u.exec.exec.operands[i], &x.operands[i]);
	for (uint32_t i = 0; i < WEFT_EXEC_MAX_SCALARS && !ret; i++)
		if (x.scalar_mask >> i & 1)
			ret = operand(e, c->u.exec.exec.scalar_operands[i], &x.scalar_operands[i]);
	x.size = sizeof(x);
	return ret ? ret : weft_list_exec(e->to, c->u.exec.kernel->name, (enum weft_type)c->u.exec.kernel->type, &x);
}

static int emit_reduce(struct emit *e, const struct weft_command *c)
{
	uint64_t src[WEFT_REDUCTION_WIDTH], dst[WEFT_REDUCTION_WIDTH];
	int ret = 0;

	for (uint32_t i = 0; i < c->u.reduce.num_src && !ret; i++)
		ret = operand(e, c->u.reduce.src[i], &src[i]);
	for (uint32_t i = 0; i < c->u.reduce.num_dst && !ret; i++)
		ret = operand(e, c->u.reduce.dst[i], &dst[i]);
	return ret ? ret : weft_list_reduce(e->to, (enum weft_type)c->u.reduce.type, (enum weft_reduction)c->u.reduce.op, src,
					    c->u.reduce.num_src, dst, c->u.reduce.num_dst, c->u.reduce.count);
}

/* No predicate holds a TIMESTAMP back, so where one may be in force it goes by way of a copy. */
static int emit_timestamp(struct emit *e, uint64_t dst)
{
	const struct weft_plan *p = e->plan;
	const uint64_t word = weft_memory_address(p->card[e->body->device].own) + sizeof(uint32_t) * WEFT_BUBBLES +
			      sizeof(uint64_t) * e->body->id;
	int ret;

	if (!p->lag && !e->body->predicates)
		return weft_list_timestamp(e->to, dst);
	ret = weft_list_timestamp(e->to, word);
	return ret ? ret : weft_list_copy(e->to, dst, word, sizeof(uint64_t));
}

/* Cells that are not the plan's, in the middle of a body; END there ends the lane as everywhere. */
static int emit_foreign(struct emit *e, const struct weft_command *c)
{
	const struct weft_foreign *f = weft_body_foreign_of(e->body, c);
	const bool wait = c->op == WEFT_COMMAND_WAIT_ALL;
	const struct weft_cell_op op = {
		.size = sizeof(op), .skew = (int32_t)e->body->skew, .exit_levels = wait,
		.flags = f->flags & (WEFT_CELL_TAG | WEFT_CELL_SYSTEM),
	};

	return wait ? weft_list_wait_all(e->to, &op, f->item, f->count) : weft_list_signal_all(e->to, &op, f->item, f->count);
}

static int emit_command(struct emit *e, const struct weft_command *c)
{
	uint64_t a = 0, b = 0;
	int ret;

	switch (c->op) {
	case WEFT_COMMAND_EXEC:
		return emit_exec(e, c);
	case WEFT_COMMAND_REDUCE:
		return emit_reduce(e, c);
	case WEFT_COMMAND_WAIT_ALL:
	case WEFT_COMMAND_SIGNAL_ALL:
		return emit_foreign(e, c);
	case WEFT_COMMAND_COPY:
		ret = operand(e, c->u.copy.dst, &a);
		if (!ret)
			ret = operand(e, c->u.copy.src, &b);
		return ret ? ret : weft_list_copy_rows(e->to, a, c->u.copy.dst_pitch, b, c->u.copy.src_pitch, c->u.copy.bytes,
						       c->u.copy.rows);
	case WEFT_COMMAND_FILL:
		ret = operand(e, c->u.fill.dst, &a);
		return ret ? ret : weft_list_fill(e->to, a, c->u.fill.bytes, c->u.fill.pattern, c->u.fill.width);
	case WEFT_COMMAND_TIMED:
		return weft_list_timed(e->to, c->u.timed.ns);
	case WEFT_COMMAND_TIMESTAMP:
		ret = operand(e, c->u.timestamp.dst, &a);
		return ret ? ret : emit_timestamp(e, a);
	case WEFT_COMMAND_PRED:
		ret = operand(e, c->u.pred.operand, &a);
		return ret ? ret : weft_list_pred(e->to, (enum weft_comparison)c->u.pred.compare, a, c->u.pred.value);
	default:
		return weft_fail(-EINVAL, "body %s: command %u", e->body->name, c->op);
	}
}

/* One command for all cells; @range: in a loop, so with the body's skew. */
static int emit_ties(struct emit *e, struct weft_list *list, const struct weft_ties *t, bool signal)
{
	struct weft_cell_op op = { .size = sizeof(op), .skew = (int32_t)e->body->skew, .exit_levels = !signal };
	struct weft_cell_item *item;
	uint32_t all = 0, n = 0;
	int ret;

	for (uint32_t i = 0; i < t->count; i++)
		all += weft_cell_copies(&e->plan->cell[t->tie[i].cell]);
	if (!all)
		return 0;
	if (all > WEFT_CELL_ITEMS)	/* the plan alone has not so many */
		return weft_fail(-E2BIG, "body %s: %u cells to wait for, with those of consumers in other processes; %d at most", e->body->name,
				 all, WEFT_CELL_ITEMS);
	item = calloc(all, sizeof(*item));
	if (!item)
		return weft_fail(-ENOMEM, "body %s: cells", e->body->name);
	for (uint32_t i = 0; i < t->count; i++) {
		const struct weft_plan_cell *c = &e->plan->cell[t->tie[i].cell];
		struct weft_memory *cells = signal ? weft_cell_there(e->plan, c) : weft_cell_here(e->plan, c);

		for (uint32_t j = 0; j < weft_cell_copies(c); j++)
			item[n++] = (struct weft_cell_item) {
				.cell = weft_cell_address(cells, c->index + j), .base = t->tie[i].base, .step = t->tie[i].step };
		op.flags |= t->tie[i].system ? WEFT_CELL_SYSTEM : 0;
	}
	if (all == 1) {
		op.cell = item->cell;
		op.base = item->base;
		op.step = item->step;
		ret = signal ? weft_list_signal(list, &op) : weft_list_wait(list, &op);
	} else {
		ret = signal ? weft_list_signal_all(list, &op, item, all) : weft_list_wait_all(list, &op, item, all);
	}
	free(item);
	return ret;
}

static int emit_range(struct emit *e)
{
	int ret;

	if (e->range == e->body->skew)
		return 0;
	ret = weft_list_range(e->loop, 0, (int32_t)e->body->skew, 0);
	if (!ret)
		e->range = e->body->skew;
	return ret;
}

/* Predicate on the word of the sequence, in the lane's list. */
static int emit_bubble(struct emit *e, bool bubble)
{
	struct weft_rotation r = {
		.size = sizeof(r), .base = weft_memory_address(e->plan->card[e->body->device].own), .stride = sizeof(uint32_t),
		.depth = WEFT_BUBBLES, .mul = 1, .div = (uint16_t)e->body->q, .skew = (int32_t)e->body->skew,
	};
	uint64_t word;
	int ret = weft_list_rotation(e->loop, &r, &word);

	if (!ret)
		ret = weft_list_pred(e->loop, bubble ? WEFT_COMPARE_NE : WEFT_COMPARE_EQ, word, 0);
	e->range = 0;
	return ret ? ret : emit_range(e);
}

static bool stays(const struct weft_edge *e)
{
	return e->initial && e->depth > e->initial && !(e->flags & WEFT_EDGE_CONTROL);
}

/* In a bubble tokens that wait for later sequences go on, as if nothing had been between: token t becomes token t + initial. */
static int emit_stays(struct emit *e)
{
	const struct weft_body *b = e->body;
	bool any = false;
	int ret = 0;

	for (uint32_t i = 0; i < b->num_out; i++)
		any |= stays(b->out[i].edge);
	if (!any || !e->plan->lag)
		return 0;
	ret = emit_bubble(e, true);
	for (uint32_t i = 0; i < b->num_out && !ret; i++) {
		struct weft_edge *edge = b->out[i].edge;
		struct weft_memory *m = NULL;

		if (!stays(edge))
			continue;
		ret = weft_edge_reach(edge, b->device, true, &m);
		for (uint32_t j = 0; j < edge->rate && !ret; j++) {
			struct weft_rotation r = {
				.size = sizeof(r), .base = weft_memory_address(m) + edge->offset, .mul = 1, .div = 1,
				.skew = (int32_t)b->skew,
			}, s = r;
			uint64_t dst, src;

			turn(edge, edge->rate, j, &s);
			turn(edge, edge->rate, (uint64_t)edge->initial + j, &r);
			ret = weft_list_rotation(e->loop, &r, &dst);
			if (!ret)
				ret = weft_list_rotation(e->loop, &s, &src);
			if (!ret)
				ret = weft_list_copy(e->loop, dst, src, weft_edge_own_bytes(edge));
		}
	}
	return ret;
}

/* Bytes of a block: all, or those of its producer's part, which may end and begin anywhere. */
static uint64_t poisoned(const struct weft_edge *e)
{
	if (!e->whole && !e->parts_end)
		return e->stride;
	return e->offset % 8 ? 0 : weft_edge_own_bytes(e) & ~7ull;
}

static int emit_poison(struct emit *e)
{
	int ret = 0;

	for (uint32_t i = 0; i < e->body->num_out && !ret; i++) {
		struct weft_edge *edge = e->body->out[i].edge;
		struct weft_memory *m = NULL;

		if (edge->flags & (WEFT_EDGE_STATE | WEFT_EDGE_CONTROL) || !poisoned(edge))
			continue;
		ret = weft_edge_reach(edge, e->body->device, true, &m);
		for (uint32_t j = 0; j < edge->rate && !ret; j++) {
			struct weft_rotation r = {
				.size = sizeof(r), .base = weft_memory_address(m) + edge->offset, .mul = 1, .div = 1,
				.skew = (int32_t)e->body->skew,
			};
			uint64_t dst;

			turn(edge, edge->rate, (uint64_t)edge->initial + j, &r);
			ret = weft_list_rotation(e->to, &r, &dst);
			if (!ret)
				ret = weft_list_fill(e->to, dst, poisoned(edge), POISON_PATTERN, 8);
		}
	}
	return ret;
}

/* What the body does, into the lane's list or one of its own: where its predicates must not end those of the lane. */
static int emit_work(struct emit *e)
{
	const bool poison = e->plan->config.flags & WEFT_PLAN_POISON;
	struct weft_body *b = e->body;
	bool own = (b->predicates && (e->plan->lag || b->skew)) || e->loop->num_entries > INLINE_OPERANDS || b->num_operands > 512;
	int ret = 0;

	if (!b->num_commands && !(poison && b->num_out))
		return emit_stays(e);
	if (e->plan->lag)
		ret = emit_bubble(e, false);
	e->to = e->loop;
	if (!ret && own) {
		ret = weft_list_create(e->plan->card[b->device].device, &b->inner);
		e->to = b->inner;
	}
	e->num_cached = 0;
	if (!ret && poison)
		ret = emit_poison(e);
	for (uint32_t i = 0; i < b->num_commands && !ret; i++)
		ret = emit_command(e, &b->command[i]);
	if (!ret && own && weft_list_length(b->inner)) {
		ret = weft_arena_commit(e->plan, b->device, b->inner);
		b->call = (uint32_t)weft_list_length(e->loop);
		if (!ret)
			ret = weft_list_call(e->loop, b->inner);
	} else if (!ret && b->predicates) {
		ret = weft_list_pred(e->loop, WEFT_COMPARE_ALWAYS, 0, 0);
	}
	return ret ? ret : emit_stays(e);
}

static int emit_body(struct emit *e)
{
	struct weft_body *b = e->body;
	int ret;

	b->first = (uint32_t)weft_list_length(e->loop);
	b->wait = b->call = UINT32_MAX;
	ret = emit_range(e);
	if (b->waits.count)
		b->wait = (uint32_t)weft_list_length(e->loop);
	if (!ret)
		ret = emit_ties(e, e->loop, &b->waits, false);
	if (!ret)
		ret = emit_work(e);
	if (!ret)
		ret = emit_ties(e, e->loop, &b->signals, true);
	b->last = (uint32_t)weft_list_length(e->loop);
	return ret;
}

/* Cells that the lane signals, each once: to their first value, or to END with the value they have. */
static int emit_all(struct emit *e, struct weft_list *list, bool end)
{
	const struct weft_plan *p = e->plan;
	struct weft_cell_op op = { .size = sizeof(op), .flags = end ? WEFT_CELL_END | WEFT_CELL_KEEP | WEFT_CELL_SYSTEM : 0 };
	int ret = 0;

	for (uint32_t i = 0; i < e->lane->num_bodies && !ret; i++) {
		const struct weft_ties *t = &e->lane->body[i]->signals;
		struct weft_cell_item *item = calloc(t->count + 1, sizeof(*item));
		uint32_t n = 0;

		if (!item)
			return weft_fail(-ENOMEM, "lane %s: cells", e->lane->name);
		for (uint32_t j = 0; j < t->count; j++) {
			const struct weft_plan_cell *c = &p->cell[t->tie[j].cell];

			if (end || c->initial)
				item[n++] = (struct weft_cell_item) {
					.cell = weft_cell_address(weft_cell_there(p, c), c->index), .base = end ? 0 : c->initial };
		}
		if (n)
			ret = weft_list_signal_all(list, &op, item, n);
		free(item);
	}
	return ret;
}

static int emit_lists(struct emit *e)
{
	int ret = 0;

	for (uint32_t i = 0; i < e->lane->num_bodies && !ret; i++) {
		e->body = e->lane->body[i];
		ret = emit_body(e);
	}
	if (!ret)
		ret = emit_all(e, e->lane->head, false);
	if (!ret)
		ret = emit_all(e, e->lane->tail, true);
	if (!ret && weft_list_length(e->lane->head))
		ret = weft_arena_commit(e->plan, e->lane->device, e->lane->head);
	if (!ret)
		ret = weft_arena_commit(e->plan, e->lane->device, e->lane->loop);
	return ret ? ret : weft_arena_commit(e->plan, e->lane->device, e->lane->tail);
}

int weft_lane_emit(struct weft_plan *plan, struct weft_plan_lane *lane)
{
	struct weft_device *d = plan->card[lane->device].device;
	struct emit e = { .plan = plan, .lane = lane };
	int ret = weft_list_create(d, &lane->loop);

	if (!ret)
		ret = weft_list_create(d, &lane->head);
	if (!ret)
		ret = weft_list_create(d, &lane->tail);
	if (ret)
		return ret;
	e.loop = lane->loop;
	return emit_lists(&e);
}

void weft_lane_drop(struct weft_plan_lane *lane)
{
	for (uint32_t i = 0; i < lane->num_bodies; i++) {
		if (lane->body[i]->inner)
			weft_list_destroy(lane->body[i]->inner);
		lane->body[i]->inner = NULL;
	}
	if (lane->head)
		weft_list_destroy(lane->head);
	if (lane->loop)
		weft_list_destroy(lane->loop);
	if (lane->tail)
		weft_list_destroy(lane->tail);
	lane->head = lane->loop = lane->tail = NULL;
}
