/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A plan to its text: what was built, in the order of constants, edges, bodies; parse.c reads it. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include <weft/plan_text.h>

#include "parse.h"


static bool plain(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/", *c))
			return false;
	return *name;
}

static void print_name(FILE *out, const char *name)
{
	if (plain(name)) {
		fputs(name, out);
		return;
	}
	fputc('"', out);
	for (const char *c = name; *c; c++)
		if (*c == '"' || *c == '\\')
			fprintf(out, "\\%c", *c);
		else if ((unsigned char)*c < 0x20 || *c == 0x7f)
			fprintf(out, "\\x%02x", (unsigned char)*c);
		else
			fputc(*c, out);
	fputc('"', out);
}

static void print_bytes(FILE *out, uint64_t bytes)
{
	static const char *const units[] = { "", " KiB", " MiB", " GiB", " TiB" };
	uint32_t unit = 0;

	while (bytes && bytes % 1024 == 0 && unit < 4) {
		bytes /= 1024;
		unit++;
	}
	fprintf(out, "%llu%s", (unsigned long long)bytes, units[unit]);
}

static void print_time(FILE *out, uint64_t ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	uint32_t unit = 0;

	while (ns && ns % 1000 == 0 && unit < 3) {
		ns /= 1000;
		unit++;
	}
	fprintf(out, "%llu %s", (unsigned long long)ns, units[unit]);
}

static void print_plan(FILE *out, const struct weft_plan *p)
{
	const struct weft_plan_config *c = &p->config;

	fprintf(out, "weft-plan %u\n\nplan ", WEFT_TEXT_VERSION);
	print_name(out, p->name);
	if (c->priority)
		fprintf(out, " priority %s", weft_word_priority[c->priority]);
	if (c->period_ns) {
		fputs(" period ", out);
		print_time(out, c->period_ns);
	}
	if (c->budget_bytes) {
		fputs(" budget ", out);
		print_bytes(out, c->budget_bytes);
	}
	if (c->flags & WEFT_PLAN_FEW_QUEUES)
		fputs(" few-queues", out);
	if (c->lanes)
		fprintf(out, " lanes %u", c->lanes);
	if (c->flags & WEFT_PLAN_POISON)
		fputs(" poison", out);
	if (c->flags & WEFT_PLAN_TRACE)
		fputs(" trace", out);
	if (c->cell_base)
		fprintf(out, " cell-base 0x%llx", (unsigned long long)c->cell_base);
	fprintf(out, "\ncards %u\n", p->num_devices);
}

static void print_constant(FILE *out, const struct weft_constant *c)
{
	fputs("constant ", out);
	print_name(out, c->name);
	fputc(' ', out);
	print_bytes(out, c->bytes);
	if (c->file) {
		fputs(" file ", out);
		print_name(out, c->file);
	} else if (c->contents) {
		weft_print_contents(out, c->contents, c->bytes);
	}
	fputc('\n', out);
}

/*
 * Where blocks lie by default goes by the first consumer there was. A text has consumers in the order of bodies, so where that
 * gives another card the edge says which one was meant.
 */
static uint32_t card_of(const struct weft_edge *e)
{
	const struct weft_body *first = NULL;

	if (e->whole || e->wanted_device || e->flags & (WEFT_EDGE_HOST | WEFT_EDGE_CONTROL | WEFT_EDGE_IMPORT) || !e->num_consumers)
		return e->wanted_device;
	for (uint32_t i = 0; i < e->num_consumers; i++)
		if (!first || e->consumer[i].body->id < first->id)
			first = e->consumer[i].body;
	return first->device == e->consumer[0].body->device ? 0 : 1 + e->consumer[0].body->device;
}

static void print_edge(FILE *out, const struct weft_edge *e, bool decisions)
{
	const uint32_t card = card_of(e);

	fputs("edge ", out);
	print_name(out, e->name);
	fputc(' ', out);
	if (e->flags & WEFT_EDGE_CONTROL)
		fputs("control", out);
	else
		print_bytes(out, e->block_bytes);
	if (e->whole) {
		fputs(" part ", out);
		print_name(out, e->whole->name);
		fputc(' ', out);
		print_bytes(out, e->part_offset);
	} else if (e->flags & WEFT_EDGE_STATE) {
		fputs(" state", out);
	} else {
		if (e->wanted_depth)
			fprintf(out, " depth %u", e->wanted_depth);
		if (e->initial)
			fprintf(out, " initial %u", e->initial);
	}
	if (e->contents)
		weft_print_contents(out, e->contents, e->initial * e->block_bytes);
	if (e->flags & WEFT_EDGE_HOST)
		fputs(" host", out);
	if (card)
		fprintf(out, " card %u", card - 1);
	if (e->flags & WEFT_EDGE_NO_SHARE && !e->whole)
		fputs(" no-share", out);
	if (e->flags & WEFT_EDGE_PEER)
		fputs(e->flags & WEFT_EDGE_EXPORT ? " export" : " import", out);
	if (decisions && e->flags & WEFT_EDGE_CONTROL)
		fprintf(out, "  # depth %u", e->depth);
	else if (decisions && e->flags & WEFT_EDGE_IMPORT)
		fprintf(out, "  # depth %u, of the other process", e->depth);
	else if (decisions && e->flags & WEFT_EDGE_EXPORT)
		fprintf(out, "  # depth %u, on card %u, by themselves", e->depth, e->place);
	else if (decisions && e->place == e->plan->num_devices)
		fprintf(out, "  # depth %u, in host memory at %llu", e->depth, (unsigned long long)e->offset);
	else if (decisions)
		fprintf(out, "  # depth %u, on card %u at %llu", e->depth, e->place, (unsigned long long)e->offset);
	fputc('\n', out);
}

/* Tables and choices have a name: their number among those. */
static uint32_t defined_number(const struct weft_body *b, const struct weft_body_operand *o, const uint32_t *number)
{
	return number[o - b->operand];
}

static void print_operand(FILE *out, const struct weft_body *b, uint64_t operand, const uint32_t *number)
{
	const struct weft_body_operand *o = weft_body_operand_of(b, operand);
	const uint64_t offset = operand & WEFT_OPERAND_OFFSET;

	if (!o) {
		fprintf(out, "address(0x%llx)", (unsigned long long)operand);
		return;
	}
	switch (o->kind) {
	case WEFT_OPERAND_IN:
	case WEFT_OPERAND_OUT:
		fputs(o->kind == WEFT_OPERAND_IN ? "in(" : "out(", out);
		print_name(out, o->edge->name);
		if (o->j)
			fprintf(out, ", %u", o->j);
		fputc(')', out);
		break;
	case WEFT_OPERAND_CONSTANT:
		fputs("constant(", out);
		print_name(out, o->constant->name);
		fputc(')', out);
		break;
	default:
		fprintf(out, "%%%u", defined_number(b, o, number));
		break;
	}
	if (offset) {
		fputs(" + ", out);
		print_bytes(out, offset);
	}
}

static void print_operands(FILE *out, const struct weft_body *b, const uint64_t *operands, uint32_t count, const uint32_t *number)
{
	fputc('[', out);
	for (uint32_t i = 0; i < count; i++) {
		fputs(i ? ", " : "", out);
		print_operand(out, b, operands[i], number);
	}
	fputc(']', out);
}

static void print_defined(FILE *out, const struct weft_body *b, const struct weft_body_operand *o, const uint32_t *number)
{
	fprintf(out, "\t%%%u = ", defined_number(b, o, number));
	if (o->kind == WEFT_OPERAND_TABLE) {
		fputs("table ", out);
		print_name(out, o->constant->name);
		fputs(" stride ", out);
		print_bytes(out, o->stride);
		fprintf(out, " entries %u", o->entries);
		if (o->firings != 1)
			fprintf(out, " firings %u", o->firings);
	} else {
		fputs("choice ", out);
		print_operand(out, b, o->index, number);
		fputs(" of ", out);
		print_operands(out, b, o->choice, o->count, number);
	}
	fputc('\n', out);
}

static void print_exec(FILE *out, const struct weft_body *b, const struct weft_command *c, const uint32_t *number)
{
	const struct weft_exec *x = &c->u.exec.exec;
	uint32_t dims = WEFT_EXEC_MAX_DIMS, scalars = WEFT_EXEC_MAX_SCALARS;

	fputs("exec ", out);
	print_name(out, c->u.exec.kernel->name);
	fprintf(out, " %s ", weft_word_type[c->u.exec.kernel->type]);
	print_operands(out, b, x->operands, x->num_operands, number);
	while (dims && !x->dims[dims - 1])
		dims--;
	while (scalars && !x->scalars[scalars - 1] && !(x->scalar_mask >> (scalars - 1) & 1))
		scalars--;
	for (uint32_t i = 0; i < dims; i++)
		fprintf(out, "%s%u%s", i ? ", " : " dims [", x->dims[i], i + 1 < dims ? "" : "]");
	for (uint32_t i = 0; i < scalars; i++) {
		fputs(i ? ", " : " scalars [", out);
		if (x->scalar_mask >> i & 1) {
			fputc('*', out);
			print_operand(out, b, x->scalar_operands[i], number);
		} else {
			weft_print_word(out, x->scalars[i]);
		}
		fputs(i + 1 < scalars ? "" : "]", out);
	}
}

static void print_copy(FILE *out, const struct weft_body *b, const struct weft_command *c, const uint32_t *number)
{
	fputs("copy ", out);
	print_bytes(out, c->u.copy.bytes);
	fputs(" from ", out);
	print_operand(out, b, c->u.copy.src, number);
	if (c->u.copy.src_pitch) {
		fputs(" pitch ", out);
		print_bytes(out, c->u.copy.src_pitch);
	}
	fputs(" to ", out);
	print_operand(out, b, c->u.copy.dst, number);
	if (c->u.copy.dst_pitch) {
		fputs(" pitch ", out);
		print_bytes(out, c->u.copy.dst_pitch);
	}
	if (c->u.copy.rows != 1)
		fprintf(out, " rows %u", c->u.copy.rows);
}

static void print_fill(FILE *out, const struct weft_body *b, const struct weft_command *c, const uint32_t *number)
{
	const uint32_t width = c->u.fill.width;
	const uint64_t pattern = c->u.fill.pattern & (width == 8 ? UINT64_MAX : (1ull << 8 * width) - 1);

	fputs("fill ", out);
	print_bytes(out, c->u.fill.bytes);
	fputs(" at ", out);
	print_operand(out, b, c->u.fill.dst, number);
	fprintf(out, " with u%u ", 8 * width);
	if (width == 4)
		weft_print_word(out, (uint32_t)pattern);
	else
		fprintf(out, pattern < 65536 ? "%llu" : "0x%llx", (unsigned long long)pattern);
}

static void print_command(FILE *out, const struct weft_body *b, const struct weft_command *c, const uint32_t *number)
{
	fputc('\t', out);
	switch (c->op) {
	case WEFT_COMMAND_EXEC:
		print_exec(out, b, c, number);
		break;
	case WEFT_COMMAND_COPY:
		print_copy(out, b, c, number);
		break;
	case WEFT_COMMAND_REDUCE:
		fprintf(out, "reduce %s %s %llu from ", weft_word_reduction[c->u.reduce.op], weft_word_type[c->u.reduce.type],
			(unsigned long long)c->u.reduce.count);
		print_operands(out, b, c->u.reduce.src, c->u.reduce.num_src, number);
		fputs(" to ", out);
		print_operands(out, b, c->u.reduce.dst, c->u.reduce.num_dst, number);
		break;
	case WEFT_COMMAND_FILL:
		print_fill(out, b, c, number);
		break;
	case WEFT_COMMAND_TIMED:
		fputs("timed ", out);
		print_time(out, c->u.timed.ns);
		break;
	case WEFT_COMMAND_TIMESTAMP:
		fputs("timestamp to ", out);
		print_operand(out, b, c->u.timestamp.dst, number);
		break;
	default:
		if (c->u.pred.compare == WEFT_COMPARE_ALWAYS) {
			fputs("always", out);
			break;
		}
		fputs("when ", out);
		print_operand(out, b, c->u.pred.operand, number);
		fprintf(out, " %s %u", weft_word_compare[c->u.pred.compare], c->u.pred.value);
		break;
	}
	fputc('\n', out);
}

static void print_ports(FILE *out, bool in, const struct weft_port *ports, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (in && ports[i].edge->whole)
			continue;		/* comes with that */
		fprintf(out, "\t%s ", in ? "in" : "out");
		print_name(out, ports[i].edge->name);
		if (ports[i].rate != 1)
			fprintf(out, " rate %u", ports[i].rate);
		fputc('\n', out);
	}
}

static int print_body(FILE *out, const struct weft_body *b, bool decisions)
{
	uint32_t *number = calloc(b->num_operands + 1, sizeof(*number)), next = 0;

	if (!number)
		return weft_fail(-ENOMEM, "body %s", b->name);
	fputs("\nbody ", out);
	print_name(out, b->name);
	if (b->device)
		fprintf(out, " card %u", b->device);
	if (b->lane_name) {
		fputs(" lane ", out);
		print_name(out, b->lane_name);
	}
	if (b->wanted_skew)
		fprintf(out, " skew %u", b->wanted_skew);
	if (b->time_ns) {
		fputs(" time ", out);
		print_time(out, b->time_ns);
	}
	if (b->priority)
		fprintf(out, " priority %s", weft_word_priority[b->priority]);
	if (decisions)
		fprintf(out, "  # lane %s, skew %u, %u times in a sequence", b->plan->lane[b->lane].name, b->skew, b->q);
	fputc('\n', out);
	print_ports(out, true, b->in, b->num_in);
	print_ports(out, false, b->out, b->num_out);
	for (uint32_t i = 0; i < b->num_operands; i++)
		if (b->operand[i].kind >= WEFT_OPERAND_TABLE) {
			number[i] = next++;
			print_defined(out, b, &b->operand[i], number);
		}
	for (uint32_t i = 0; i < b->num_commands; i++)
		print_command(out, b, &b->command[i], number);
	free(number);
	return 0;
}

/* 0, or what of the plan is no matter of its own, so that a text cannot give it */
static int check_own(const struct weft_plan *plan)
{
	for (uint32_t i = 0; i < plan->num_constants; i++)
		if (plan->constant[i]->given)
			return weft_fail(-EINVAL, "weft_plan_print: constant %s lies in memory of the caller's, which no text gives",
					 plan->constant[i]->name);
	for (uint32_t i = 0; i < plan->num_edges; i++) {
		const struct weft_edge *e = plan->edge[i];

		if (e->given || e->flags & WEFT_EDGE_PULL || (plan->prepared && !e->producer && !(e->flags & WEFT_EDGE_IMPORT)))
			return weft_fail(-EINVAL, "weft_plan_print: edge %s has the host at an end, which no text gives", e->name);
	}
	for (uint32_t i = 0; i < plan->num_bodies; i++)
		for (uint32_t k = 0; k < plan->body[i]->num_commands; k++)
			if (plan->body[i]->command[k].op == WEFT_COMMAND_WAIT_ALL ||
			    plan->body[i]->command[k].op == WEFT_COMMAND_SIGNAL_ALL)
				return weft_fail(-EINVAL, "weft_plan_print: body %s has cells of the caller's, which no text gives",
						 plan->body[i]->name);
	return 0;
}

int weft_plan_print(const struct weft_plan *plan, uint32_t flags, FILE *out)
{
	const bool decisions = flags & WEFT_PRINT_DECISIONS;
	int ret = weft_plan_check(plan, false, __func__);
	locale_t c, before;

	if (ret)
		return ret;
	if (!out || (flags & ~WEFT_PRINT_DECISIONS) || (decisions && !plan->prepared))
		return weft_fail(-EINVAL, "weft_plan_print: flags %#x, no file, or decisions of plan %s, which is not prepared", flags,
				 plan->name);
	ret = check_own(plan);
	if (ret)
		return ret;
	c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!c)
		return weft_fail(-ENOMEM, "weft_plan_print");
	before = uselocale(c);
	print_plan(out, plan);
	fputs(plan->num_constants ? "\n" : "", out);
	for (uint32_t i = 0; i < plan->num_constants; i++)
		print_constant(out, plan->constant[i]);
	fputs(plan->num_edges ? "\n" : "", out);
	for (uint32_t i = 0; i < plan->num_edges; i++)
		print_edge(out, plan->edge[i], decisions);
	for (uint32_t i = 0; i < plan->num_bodies && !ret; i++)
		ret = print_body(out, plan->body[i], decisions);
	uselocale(before);
	freelocale(c);
	if (!ret && (ferror(out) || fflush(out)))
		ret = weft_fail(-EIO, "weft_plan_print: the file took no more");
	return ret;
}
