/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Commands of a body: recorded with operands in place of addresses, checked when the plan is prepared. */
#include <errno.h>
#include <stdlib.h>

#include "exec.h"

#include "runtime/core/device.h"
#include "runtime/core/list.h"

#define MAX_OPERANDS	(1u << 20)
#define MAX_COMMANDS	(1u << 16)
#define MAX_CHOICES	1024u

void weft_body_commands_free(struct weft_body *b)
{
	for (uint32_t i = 0; i < b->num_commands; i++)
		if (b->command[i].op == WEFT_COMMAND_REDUCE)
			free((void *)(uintptr_t)b->command[i].u.reduce.src);
	for (uint32_t i = 0; i < b->num_operands; i++)
		free(b->operand[i].choice);
	weft_body_foreign_free(b);
	free(b->command);
	free(b->operand);
}

struct weft_body_operand *weft_body_operand_of(const struct weft_body *b, uint64_t operand)
{
	const uint64_t at = (operand & ~WEFT_OPERAND_BIT) >> WEFT_OPERAND_SHIFT;

	return operand & WEFT_OPERAND_BIT && at < b->num_operands ? &b->operand[at] : NULL;
}

static int check_body(const struct weft_body *b, const char *call)
{
	int ret = weft_handle(b, WEFT_MAGIC_BODY, call);

	return ret ? ret : weft_plan_check(b->plan, true, call);
}

static uint64_t operand_add(struct weft_body *b, const struct weft_body_operand *o)
{
	if (b->num_operands == MAX_OPERANDS || !weft_room(&b->operand, b->num_operands, &b->room_operands, sizeof(*o))) {
		weft_fail(-ENOMEM, "body %s: operand %u", b->name, b->num_operands);
		return 0;
	}
	b->operand[b->num_operands] = *o;
	return WEFT_OPERAND_BIT | (uint64_t)b->num_operands++ << WEFT_OPERAND_SHIFT;
}

static uint64_t block(struct weft_body *b, struct weft_edge *e, uint32_t j, bool out, const char *call)
{
	const struct weft_port *port = NULL;

	if (check_body(b, call) || weft_handle(e, WEFT_MAGIC_EDGE, call))
		return 0;
	for (uint32_t i = 0; i < (out ? b->num_out : b->num_in); i++)
		if ((out ? b->out : b->in)[i].edge == e)
			port = &(out ? b->out : b->in)[i];
	if (!port || j >= port->rate || e->flags & WEFT_EDGE_CONTROL) {
		weft_fail(-EINVAL, "%s: body %s has no block %u %s edge %s", call, b->name, j, out ? "for" : "of", e->name);
		return 0;
	}
	return operand_add(b, &(struct weft_body_operand) {
		.kind = out ? WEFT_OPERAND_OUT : WEFT_OPERAND_IN, .edge = e, .j = j });
}

uint64_t weft_body_in(struct weft_body *body, struct weft_edge *edge, uint32_t j)
{
	return block(body, edge, j, false, __func__);
}

uint64_t weft_body_out(struct weft_body *body, struct weft_edge *edge, uint32_t j)
{
	return block(body, edge, j, true, __func__);
}

static bool same_plan(const struct weft_body *b, const struct weft_constant *c, const char *call)
{
	if (check_body(b, call) || weft_handle(c, WEFT_MAGIC_CONSTANT, call))
		return false;
	if (b->plan != c->plan)
		weft_fail(-EINVAL, "%s: body %s and constant %s are of different plans", call, b->name, c->name);
	return b->plan == c->plan;
}

uint64_t weft_body_constant(struct weft_body *body, struct weft_constant *constant)
{
	return same_plan(body, constant, __func__) ? operand_add(body, &(struct weft_body_operand) {
		.kind = WEFT_OPERAND_CONSTANT, .constant = constant }) : 0;
}

uint64_t weft_body_table(struct weft_body *body, struct weft_constant *constant, uint64_t stride, uint32_t entries,
			 uint32_t firings)
{
	if (!same_plan(body, constant, __func__))
		return 0;
	if (!entries || entries > 65535 || !firings || firings > 65535 || (uint64_t)entries * firings >= 1u << 31 || !stride ||
	    stride > constant->bytes || stride * entries > constant->bytes) {
		weft_fail(-EINVAL, "body %s: a table of %u entries, %llu bytes apart, each for %u firings, in %llu bytes", body->name,
			  entries, (unsigned long long)stride, firings, (unsigned long long)constant->bytes);
		return 0;
	}
	return operand_add(body, &(struct weft_body_operand) {
		.kind = WEFT_OPERAND_TABLE, .constant = constant, .stride = stride, .entries = entries, .firings = firings });
}

uint64_t weft_body_choice(struct weft_body *body, uint64_t index, const uint64_t *choices, uint32_t count)
{
	struct weft_body_operand o = { .kind = WEFT_OPERAND_CHOICE, .index = index, .count = count }, *of;
	uint64_t operand;

	if (check_body(body, __func__))
		return 0;
	of = weft_body_operand_of(body, index);
	if (!count || count > MAX_CHOICES || !choices || (index & WEFT_OPERAND_BIT ? !of || of->kind == WEFT_OPERAND_CHOICE :
							  index % 4)) {
		weft_fail(-EINVAL, "body %s: a choice among %u, or by no operand", body->name, count);
		return 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		of = weft_body_operand_of(body, choices[i]);
		if (!of || of->kind == WEFT_OPERAND_CHOICE) {
			weft_fail(-EINVAL, "body %s: choice %u is no block and no constant", body->name, i);
			return 0;
		}
	}
	o.choice = malloc(count * sizeof(*choices));
	if (!o.choice) {
		weft_fail(-ENOMEM, "body %s: choice", body->name);
		return 0;
	}
	memcpy(o.choice, choices, count * sizeof(*choices));
	operand = operand_add(body, &o);
	if (!operand)
		free(o.choice);
	return operand;
}

int weft_body_command_add(struct weft_body *b, const struct weft_command *c)
{
	if (b->num_commands == MAX_COMMANDS)
		return weft_fail(-E2BIG, "body %s: more than %u commands", b->name, MAX_COMMANDS);
	if (!weft_room(&b->command, b->num_commands, &b->room_commands, sizeof(*c)))
		return weft_fail(-ENOMEM, "body %s: command %u", b->name, b->num_commands);
	b->command[b->num_commands++] = *c;
	b->engine |= c->op == WEFT_COMMAND_EXEC || c->op == WEFT_COMMAND_COPY || c->op == WEFT_COMMAND_REDUCE ||
		     c->op == WEFT_COMMAND_FILL;
	b->predicates |= c->op == WEFT_COMMAND_PRED;
	return 0;
}

int weft_body_exec(struct weft_body *body, const char *name, enum weft_type type, const struct weft_exec *exec)
{
	struct weft_command c = { .op = WEFT_COMMAND_EXEC };
	const struct weft_kernel *k;
	int ret = check_body(body, __func__);

	if (!ret)
		ret = weft_take(&c.u.exec.exec, sizeof(c.u.exec.exec), exec, offsetof(struct weft_exec, scalar_mask), __func__);
	if (!ret && !name)
		ret = weft_fail(-EINVAL, "weft_body_exec: no name");
	if (!ret)
		ret = weft_kernel_lookup(body->plan->card[body->device].device->kind, name, type, &k);
	if (ret)
		return ret;
	if (exec->num_operands < k->min_operands || exec->num_operands > k->max_operands)
		return weft_fail(-EINVAL, "body %s: %s/%s takes %u to %u operands, not %u", body->name, name, weft_type_name(type),
				 k->min_operands, k->max_operands, exec->num_operands);
	ret = weft_exec_scalars(&c.u.exec.exec, __func__);
	if (ret)
		return ret;
	c.u.exec.kernel = k;
	return weft_body_command_add(body, &c);
}

int weft_body_copy_rows(struct weft_body *body, uint64_t dst, uint64_t dst_pitch, uint64_t src, uint64_t src_pitch,
			uint64_t bytes, uint32_t rows)
{
	struct weft_command c = { .op = WEFT_COMMAND_COPY, .u.copy = {
		.dst = dst, .dst_pitch = dst_pitch, .src = src, .src_pitch = src_pitch, .bytes = bytes, .rows = rows } };
	int ret = check_body(body, __func__);

	if (ret)
		return ret;
	if (!rows || bytes >> 40 || (rows > 1 && (dst_pitch < bytes || src_pitch < bytes || dst_pitch >> 31 || src_pitch >> 31)))
		return weft_fail(-EINVAL, "body %s: a copy of %u rows of %llu bytes, or with a pitch below %llu bytes, or of 2^31 or more",
				 body->name, rows, (unsigned long long)bytes, (unsigned long long)bytes);
	return weft_body_command_add(body, &c);
}

int weft_body_copy(struct weft_body *body, uint64_t dst, uint64_t src, uint64_t bytes)
{
	return weft_body_copy_rows(body, dst, 0, src, 0, bytes, 1);
}

int weft_body_fill(struct weft_body *body, uint64_t dst, uint64_t bytes, uint64_t pattern, uint32_t width)
{
	struct weft_command c = { .op = WEFT_COMMAND_FILL, .u.fill = {
		.dst = dst, .bytes = bytes, .pattern = pattern, .width = width } };
	int ret = check_body(body, __func__);

	if (ret)
		return ret;
	if (width < 1 || width > 8 || (width & (width - 1)) || bytes % width || (dst & WEFT_OPERAND_OFFSET) % width)
		return weft_fail(-EINVAL, "body %s: a fill of width %u for %llu bytes", body->name, width, (unsigned long long)bytes);
	return weft_body_command_add(body, &c);
}

int weft_body_reduce(struct weft_body *body, enum weft_type type, enum weft_reduction op, const uint64_t *src,
		     uint32_t num_src, const uint64_t *dst, uint32_t num_dst, uint64_t count)
{
	struct weft_command c = { .op = WEFT_COMMAND_REDUCE, .u.reduce = {
		.type = type, .op = op, .num_src = num_src, .num_dst = num_dst, .count = count } };
	uint64_t *both;
	int ret = check_body(body, __func__);

	if (ret)
		return ret;
	if ((unsigned int)type >= WEFT_TYPE_U32 || (unsigned int)op > WEFT_REDUCTION_AVG || !src || !dst || !num_src ||
	    num_src > WEFT_REDUCTION_WIDTH || !num_dst || num_dst > WEFT_REDUCTION_WIDTH || count >> 40)
		return weft_fail(-EINVAL, "body %s: a reduction of type %d, operation %d, %u sources, %u destinations", body->name,
				 (int)type, (int)op, num_src, num_dst);
	both = malloc((num_src + num_dst) * sizeof(*both));
	if (!both)
		return weft_fail(-ENOMEM, "body %s: reduction", body->name);
	memcpy(both, src, num_src * sizeof(*both));
	memcpy(both + num_src, dst, num_dst * sizeof(*both));
	c.u.reduce.src = both;
	c.u.reduce.dst = both + num_src;
	ret = weft_body_command_add(body, &c);
	if (ret)
		free(both);
	return ret;
}

int weft_body_timed(struct weft_body *body, uint64_t ns)
{
	int ret = check_body(body, __func__);

	if (ret)
		return ret;
	if (ns > 1ull << 40)
		return weft_fail(-EINVAL, "body %s: more than 2^40 ns", body->name);
	return weft_body_command_add(body, &(struct weft_command) { .op = WEFT_COMMAND_TIMED, .u.timed = { .ns = ns } });
}

int weft_body_timestamp(struct weft_body *body, uint64_t dst)
{
	int ret = check_body(body, __func__);

	if (ret)
		return ret;
	if (dst % 8)
		return weft_fail(-EINVAL, "body %s: a time stamp that is not aligned to 8 bytes", body->name);
	return weft_body_command_add(body, &(struct weft_command) { .op = WEFT_COMMAND_TIMESTAMP, .u.timestamp = { .dst = dst } });
}

int weft_body_pred(struct weft_body *body, enum weft_comparison compare, uint64_t operand, uint32_t value)
{
	int ret = check_body(body, __func__);

	if (ret)
		return ret;
	if ((unsigned int)compare > WEFT_COMPARE_ALWAYS || (operand & WEFT_OPERAND_OFFSET) % 4)
		return weft_fail(-EINVAL, "body %s: comparison %d of %#llx", body->name, (int)compare, (unsigned long long)operand);
	return weft_body_command_add(body, &(struct weft_command) {
		.op = WEFT_COMMAND_PRED, .u.pred = { .operand = operand, .compare = compare, .value = value } });
}

/* @bytes at an operand, to be written or read: is it one, and does it stay inside what it names? */
static int inside(struct weft_body *b, uint64_t operand, uint64_t bytes, bool write, const char *what)
{
	const struct weft_body_operand *o = weft_body_operand_of(b, operand);
	const uint64_t offset = operand & WEFT_OPERAND_OFFSET;
	uint64_t room;
	int ret = 0;

	if (!(operand & WEFT_OPERAND_BIT))
		return operand ? 0 : weft_fail(-EINVAL, "body %s: %s: an operand is 0", b->name, what);
	if (!o)
		return weft_fail(-EINVAL, "body %s: %s: an operand of another body", b->name, what);
	if (o->kind == WEFT_OPERAND_CHOICE) {
		if (offset)
			return weft_fail(-EINVAL, "body %s: %s: an offset to a choice", b->name, what);
		for (uint32_t i = 0; i < o->count && !ret; i++)
			ret = inside(b, o->choice[i], bytes, write, what);
		return ret ? ret : inside(b, o->index, 4, false, "the number of a choice");
	}
	if (o->constant) {
		if (write)
			return weft_fail(-EINVAL, "body %s: %s writes to constant %s", b->name, what, o->constant->name);
		o->constant->users |= 1u << b->device;
		room = o->kind == WEFT_OPERAND_TABLE ? o->constant->bytes - o->stride * (o->entries - 1) : o->constant->bytes;
	} else {
		if (write && o->kind == WEFT_OPERAND_IN)
			return weft_fail(-EINVAL, "body %s: %s writes to edge %s, which it consumes", b->name, what, o->edge->name);
		/* blocks of one firing may be taken as one */
		room = o->kind == WEFT_OPERAND_IN ? o->edge->block_bytes : weft_edge_own_bytes(o->edge);
		if (!o->edge->whole && !o->edge->parts_end && room % WEFT_BLOCK_ALIGN == 0 && (o->kind == WEFT_OPERAND_IN || o->edge->initial % o->edge->rate == 0)) {
			uint32_t rate = o->edge->rate;

			for (uint32_t i = 0; i < b->num_in && o->kind == WEFT_OPERAND_IN; i++)
				if (b->in[i].edge == o->edge)
					rate = b->in[i].rate;
			room *= rate - o->j;
		}
	}
	if (offset > room || bytes > room - offset)
		return weft_fail(-EINVAL, "body %s: %s: %llu bytes at %llu of %s %s, which has %llu", b->name, what,
				 (unsigned long long)bytes, (unsigned long long)offset, o->constant ? "constant" : "edge",
				 o->constant ? o->constant->name : o->edge->name, (unsigned long long)room);
	return 0;
}

static int command_check(struct weft_body *b, const struct weft_command *c)
{
	uint64_t extra, bytes;
	int ret = 0;

	switch (c->op) {
	case WEFT_COMMAND_EXEC:
		/* how much an operator reads and writes is the card's to know; the first operand is written */
		for (uint32_t i = 0; i < c->u.exec.exec.num_operands && !ret; i++)
			ret = inside(b, c->u.exec.exec.operands[i], 1, !i, c->u.exec.kernel->name);
		for (uint32_t i = 0; i < WEFT_EXEC_MAX_SCALARS && !ret; i++)
			if (c->u.exec.exec.scalar_mask >> i & 1)
				ret = inside(b, c->u.exec.exec.scalar_operands[i], 4, false, c->u.exec.kernel->name);
		return ret;
	case WEFT_COMMAND_COPY:
		extra = c->u.copy.rows - 1;
		ret = inside(b, c->u.copy.dst, extra * c->u.copy.dst_pitch + c->u.copy.bytes, true, "copy");
		return ret ? ret : inside(b, c->u.copy.src, extra * c->u.copy.src_pitch + c->u.copy.bytes, false, "copy");
	case WEFT_COMMAND_REDUCE:
		bytes = c->u.reduce.count * weft_type_bytes((enum weft_type)c->u.reduce.type);
		for (uint32_t i = 0; i < c->u.reduce.num_src && !ret; i++)
			ret = inside(b, c->u.reduce.src[i], bytes, false, "reduce");
		for (uint32_t i = 0; i < c->u.reduce.num_dst && !ret; i++)
			ret = inside(b, c->u.reduce.dst[i], bytes, true, "reduce");
		return ret;
	case WEFT_COMMAND_FILL:
		return inside(b, c->u.fill.dst, c->u.fill.bytes, true, "fill");
	case WEFT_COMMAND_TIMESTAMP:
		return inside(b, c->u.timestamp.dst, 8, true, "time stamp");
	case WEFT_COMMAND_PRED:
		return c->u.pred.compare == WEFT_COMPARE_ALWAYS ? 0 : inside(b, c->u.pred.operand, 4, false, "predicate");
	default:
		return 0;
	}
}

int weft_body_commands_check(struct weft_body *body)
{
	int ret = 0;

	for (uint32_t i = 0; i < body->num_commands && !ret; i++)
		ret = command_check(body, &body->command[i]);
	return ret;
}
