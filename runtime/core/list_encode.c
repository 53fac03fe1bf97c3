/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Commands to packets of the card contract: the one file of the library that knows them. Operands of EXEC and REDUCE
 * go through the operand table, where equal addresses share an entry; everything else is addressed inline.
 */
#include <errno.h>
#include <stdlib.h>

#include "cell.h"
#include "operand.h"
#include "packet.h"

#include "list.h"
#include "memory.h"

/* As large as this list may need it: a job of a few commands is encoded for each step of a training. */
struct table {
	struct weft_operand *entry;
	uint64_t *key;			/* address, or token of the list's own entry */
	uint32_t count, room;
	uint16_t *slot;			/* hash of addresses: entry + 1 */
	uint32_t slots;			/* a power of two */
	uint16_t *origin;		/* as in the image */
	uint32_t num_refs;
	struct weft_cell_ref *refs;	/* of WAIT_ALL and SIGNAL_ALL, one after the other */
};

static uint32_t hash(const struct table *t, uint64_t address)
{
	return (uint32_t)((address * 0x9e3779b97f4a7c15ull) >> 40) & (t->slots - 1);
}

static int add(struct table *t, uint64_t address)
{
	if (t->count == t->room)
		return -E2BIG;
	t->key[t->count] = address;
	t->entry[t->count] = (struct weft_operand) { .base = address, .depth = 1, .mul = 1, .div = 1 };
	t->origin[t->count] = WEFT_NO_ORIGIN;
	return (int)t->count++;
}

/* Entry of one address. */
static int one(struct table *t, uint64_t address)
{
	uint32_t at = hash(t, address);
	int index;

	if (address & WEFT_TOKEN)	/* the list's own come first */
		return (int)(address & ~WEFT_TOKEN);
	for (; t->slot[at]; at = (at + 1) & (t->slots - 1))
		if (t->key[t->slot[at] - 1] == address)
			return t->slot[at] - 1;
	index = add(t, address);
	if (index >= 0)
		t->slot[at] = (uint16_t)(index + 1);
	return index;
}

/* First of entries that follow each other, as REDUCE names them. */
static int run(struct table *t, const uint64_t *address, uint32_t count)
{
	int first;

	for (uint32_t at = 0; at + count <= t->count; at++) {
		uint32_t n = 0;

		while (n < count && t->key[at + n] == address[n])
			n++;
		if (n == count)
			return (int)at;
	}
	first = (int)t->count;
	for (uint32_t i = 0; i < count; i++) {
		int index = add(t, address[i]);

		if (index < 0)
			return -E2BIG;
		if (address[i] & WEFT_TOKEN) {	/* a copy, so that they follow each other */
			t->entry[index] = t->entry[address[i] & ~WEFT_TOKEN];
			t->origin[index] = (uint16_t)(address[i] & ~WEFT_TOKEN);
		}
	}
	return first;
}

static int encode_exec(struct table *t, const struct weft_command *c, union weft_packet *p)
{
	const struct weft_exec *e = &c->u.exec.exec;

	p->exec.op = WEFT_PKT_EXEC;
	p->exec.flags = WEFT_PKT_TABLE;
	p->exec.oper = (uint16_t)c->u.exec.kernel->card_operator;
	p->exec.noperands = (uint8_t)e->num_operands;
	for (uint32_t i = 0; i < e->num_operands; i++) {
		int index = one(t, e->operands[i]);

		if (index < 0)
			return index;
		p->exec.u.index[i] = (uint16_t)index;
	}
	memcpy(p->exec.dim, e->dims, sizeof(p->exec.dim));
	memcpy(p->exec.scalar, e->scalars, sizeof(p->exec.scalar));
	p->exec.scalar_mask = (uint8_t)e->scalar_mask;
	for (uint32_t i = 0; i < WEFT_EXEC_SCALARS; i++) {
		int index = e->scalar_mask >> i & 1 ? one(t, e->scalar_operands[i]) : 0;

		if (index < 0)
			return index;
		p->exec.scalar[i] |= (uint32_t)index;	/* one that is read is 0 there */
	}
	return 0;
}

static int encode_reduce(struct table *t, const struct weft_command *c, union weft_packet *p)
{
	int src = run(t, c->u.reduce.src, c->u.reduce.num_src);
	int dst = run(t, c->u.reduce.dst, c->u.reduce.num_dst);

	if (src < 0 || dst < 0)
		return -E2BIG;
	p->reduce.op = WEFT_PKT_REDUCE;
	p->reduce.flags = WEFT_PKT_TABLE;
	p->reduce.dtype = (uint8_t)c->u.reduce.type;
	p->reduce.rop = (uint8_t)c->u.reduce.op;
	p->reduce.nsrc = (uint8_t)c->u.reduce.num_src;
	p->reduce.ndst = (uint8_t)c->u.reduce.num_dst;
	p->reduce.src_first = (uint16_t)src;
	p->reduce.dst_first = (uint16_t)dst;
	p->reduce.count = c->u.reduce.count;
	return 0;
}

/* The library's types and reductions are those of the contract, by number. */
_Static_assert((int)WEFT_TYPE_F32 == WEFT_F32 && (int)WEFT_TYPE_BF16 == WEFT_BF16 && (int)WEFT_TYPE_I32 == WEFT_I32 &&
	       (int)WEFT_TYPE_U8 == WEFT_U8 && (int)WEFT_TYPE_U32 == WEFT_DTYPE_COUNT &&
	       (int)WEFT_REDUCTION_SUM == WEFT_SUM && (int)WEFT_REDUCTION_MAX == WEFT_MAX &&
	       (int)WEFT_REDUCTION_AVG == WEFT_AVG, "numbers of the contract");
_Static_assert(WEFT_EXEC_MAX_OPERANDS == WEFT_EXEC_OPERANDS && WEFT_EXEC_MAX_SCALARS == WEFT_EXEC_SCALARS &&
	       WEFT_REDUCTION_WIDTH == WEFT_REDUCE_MAX, "limits of the contract");

/* An operand field: inline, or when the packet's operands are in the table its index there. */
static int operand(struct table *t, uint8_t flags, uint64_t address, uint64_t *field)
{
	int index;

	*field = address;
	if (!(flags & WEFT_PKT_TABLE))
		return 0;
	index = one(t, address);
	*field = (uint64_t)index;
	return index < 0 ? index : 0;
}

static uint8_t tabled(uint64_t a, uint64_t b)
{
	return (a | b) & WEFT_TOKEN ? WEFT_PKT_TABLE : 0;
}

/* All of a WAIT or SIGNAL but what names the cells. */
static void encode_cell_op(const struct weft_cell_op *o, bool wait, uint8_t flags, union weft_packet *p)
{
	if (wait) {
		p->wait = (struct weft_pkt_wait) {
			.op = WEFT_PKT_WAIT, .flags = flags,
			.end_level = o->exit_levels ? (uint8_t)(o->exit_levels - 1) : WEFT_WAIT_NO_LOOP,
			.cell_flags = o->flags & WEFT_CELL_TAG ? WEFT_WAIT_TAG : 0,
			.exit = o->exit, .level = o->level, .skew = o->skew,
		};
		return;
	}
	p->signal = (struct weft_pkt_signal) {
		.op = WEFT_PKT_SIGNAL, .flags = flags, .words = o->flags & WEFT_CELL_KEEP ? 0 : WEFT_SIG_VALUE,
		.scope = o->flags & WEFT_CELL_SYSTEM ? WEFT_SCOPE_SYSTEM : WEFT_SCOPE_QUEUE,
		.level = o->level, .skew = o->skew,
	};
	p->signal.words |= o->flags & WEFT_CELL_TAG ? WEFT_SIG_TAG : 0;
	p->signal.words |= o->flags & WEFT_CELL_END ? WEFT_SIG_END : 0;
}

static int encode_cell(struct table *t, const struct weft_command *c, union weft_packet *p)
{
	const struct weft_cell_op *o = &c->u.cell;
	const uint8_t flags = tabled(o->cell, 0);
	uint64_t cell;
	int ret = operand(t, flags, o->cell, &cell);

	if (ret)
		return ret;
	encode_cell_op(o, c->op == WEFT_COMMAND_WAIT, flags, p);
	p->wait.u.one.cell = cell;
	p->wait.u.one.base = o->base;
	p->wait.u.one.step = o->step;
	p->wait.u.one.tag = o->tag;
	return 0;
}

/* The packet holds where its elements are among those of the list; weft_image_place() makes it an address. */
static int encode_cells(struct table *t, const struct weft_command *c, union weft_packet *p)
{
	const uint32_t count = c->u.cells.count;
	const struct weft_cell_item *item = c->u.cells.items;
	uint64_t tokens = 0;
	uint8_t flags;

	for (uint32_t i = 0; i < count; i++)
		tokens |= item[i].cell;
	flags = tabled(tokens, 0);
	encode_cell_op(&c->u.cells.op, c->op == WEFT_COMMAND_WAIT_ALL, flags, p);
	p->wait.op = c->op == WEFT_COMMAND_WAIT_ALL ? WEFT_PKT_WAIT_ALL : WEFT_PKT_SIGNAL_ALL;
	p->wait.count = count;
	p->wait.u.list = (uint64_t)t->num_refs * sizeof(t->refs[0]);
	for (uint32_t i = 0; i < count; i++, item++) {
		struct weft_cell_ref *ref = &t->refs[t->num_refs++];
		int ret = operand(t, flags, item->cell, &ref->cell);

		if (ret)
			return ret;
		ref->base = item->base;
		ref->step = item->step;
		ref->tag = item->tag;
	}
	return 0;
}

static bool has_refs(uint32_t op)
{
	return op == WEFT_COMMAND_WAIT_ALL || op == WEFT_COMMAND_SIGNAL_ALL;
}

void weft_image_place(struct weft_image *image, uint64_t address)
{
	union weft_packet *p = image->bytes;

	for (uint32_t i = 0; i < image->num_packets && image->refs_offset < image->size; i++)
		if (p[i].hdr.op == WEFT_PKT_WAIT_ALL || p[i].hdr.op == WEFT_PKT_SIGNAL_ALL)
			p[i].wait.u.list += address + image->refs_offset - image->refs_address;
	image->refs_address = address + image->refs_offset;
}

void weft_image_copy(const struct weft_image *image, uint64_t address, const uint64_t *base, const uint16_t *phase, void *scratch,
		     void *to)
{
	const uint64_t num_refs = (image->size - image->refs_offset) / sizeof(struct weft_cell_ref);
	struct weft_image copy = *image;
	struct weft_operand *entry;
	struct weft_cell_ref *ref;

	/* the processor's own memory first: card memory is no place to read or to go back in */
	copy.bytes = memcpy(scratch, image->bytes, image->size);
	weft_image_place(&copy, address);
	entry = (void *)((char *)copy.bytes + image->table_offset);
	ref = (void *)((char *)copy.bytes + image->refs_offset);
	for (uint32_t i = 0; i < image->num_operands; i++)
		if (image->origin[i] != WEFT_NO_ORIGIN)
			entry[i].phase = phase[image->origin[i]];
	for (uint64_t i = 0; i < num_refs; i++)
		ref[i].base += base[i];
	memcpy(to, copy.bytes, image->size);
}

static void call(const struct weft_image *image, uint64_t address, bool loop, uint64_t count, union weft_packet *p)
{
	p->call = (struct weft_pkt_call) {
		.op = loop ? WEFT_PKT_LOOP : WEFT_PKT_CALL, .npackets = image->num_packets, .list = address,
		.ntable = image->num_operands, .table = image->num_operands ? address + image->table_offset : 0, .count = count,
	};
}

void weft_image_call(const struct weft_image *image, uint64_t address, uint64_t count, union weft_packet *p)
{
	call(image, address, true, count, p);
}

void weft_list_encode_call(const struct weft_list *list, bool loop, uint64_t count, union weft_packet *p)
{
	call(&list->image, list->address, loop, count, p);
}

void weft_encode_signal(uint64_t cell, uint64_t value, union weft_packet *p)
{
	encode_cell_op(&(struct weft_cell_op) { 0 }, false, 0, p);
	p->signal.u.one.cell = cell;
	p->signal.u.one.base = value;
}

_Static_assert((int)WEFT_COMPARE_LT == WEFT_CMP_LT && (int)WEFT_COMPARE_ALWAYS == WEFT_CMP_ALWAYS &&
	       WEFT_CELL_BYTES == sizeof(struct weft_cell) &&
	       offsetof(struct weft_pkt_wait, u) == offsetof(struct weft_pkt_signal, u) &&
	       offsetof(struct weft_pkt_wait, count) == offsetof(struct weft_pkt_signal, count), "numbers of the contract");

static int encode(struct table *t, const struct weft_command *c, union weft_packet *p)
{
	uint64_t dst, src;
	uint8_t flags;
	int ret;

	switch ((enum weft_command_op)c->op) {
	case WEFT_COMMAND_EXEC:
		return encode_exec(t, c, p);
	case WEFT_COMMAND_REDUCE:
		return encode_reduce(t, c, p);
	case WEFT_COMMAND_COPY:
		flags = tabled(c->u.copy.dst, c->u.copy.src);
		ret = operand(t, flags, c->u.copy.dst, &dst);
		if (!ret)
			ret = operand(t, flags, c->u.copy.src, &src);
		if (ret)
			return ret;
		p->copy = (struct weft_pkt_copy) {
			.op = WEFT_PKT_COPY, .flags = flags, .rows = c->u.copy.rows, .dst = dst, .src = src,
			.bytes = c->u.copy.bytes, .dst_pitch = c->u.copy.dst_pitch, .src_pitch = c->u.copy.src_pitch,
		};
		return 0;
	case WEFT_COMMAND_FILL:
		flags = tabled(c->u.fill.dst, 0);
		ret = operand(t, flags, c->u.fill.dst, &dst);
		if (ret)
			return ret;
		p->fill = (struct weft_pkt_fill) {
			.op = WEFT_PKT_FILL, .flags = flags, .width = (uint8_t)c->u.fill.width, .dst = dst,
			.bytes = c->u.fill.bytes, .pattern = c->u.fill.pattern,
		};
		return 0;
	case WEFT_COMMAND_TIMED:
		p->timed = (struct weft_pkt_timed) { .op = WEFT_PKT_TIMED, .ns = c->u.timed.ns };
		return 0;
	case WEFT_COMMAND_TIMESTAMP:
		flags = tabled(c->u.timestamp.dst, 0);
		ret = operand(t, flags, c->u.timestamp.dst, &dst);
		if (ret)
			return ret;
		p->timestamp = (struct weft_pkt_timestamp) { .op = WEFT_PKT_TIMESTAMP, .flags = flags, .dst = dst };
		return 0;
	case WEFT_COMMAND_WAIT:
	case WEFT_COMMAND_SIGNAL:
		return encode_cell(t, c, p);
	case WEFT_COMMAND_WAIT_ALL:
	case WEFT_COMMAND_SIGNAL_ALL:
		return encode_cells(t, c, p);
	case WEFT_COMMAND_CALL:
		weft_list_encode_call(c->u.call.inner, c->u.call.loop, c->u.call.count, p);
		return 0;
	case WEFT_COMMAND_RANGE:
		p->range = (struct weft_pkt_range) {
			.op = WEFT_PKT_RANGE, .level = (uint16_t)c->u.range.level, .skew = c->u.range.skew,
			.last = c->u.range.last,
		};
		return 0;
	case WEFT_COMMAND_PRED:
		flags = tabled(c->u.pred.operand, 0);
		ret = operand(t, flags, c->u.pred.operand, &src);
		if (ret)
			return ret;
		p->pred = (struct weft_pkt_pred) {
			.op = WEFT_PKT_PRED, .flags = flags, .compare = (uint8_t)c->u.pred.compare,
			.imm = c->u.pred.value, .operand = src,
		};
		return 0;
	case WEFT_COMMAND_BREAK:
		p->nop = (struct weft_pkt_nop) { .op = WEFT_PKT_BREAK, .level = (uint16_t)c->u.level };
		return 0;
	}
	return -EINVAL;
}

/* The list's own operands come first in the table, in the order they were made. */
static int encode_entries(struct table *t, const struct weft_list *list)
{
	t->count = list->num_entries;
	for (uint32_t i = 0; i < list->num_entries; i++) {
		const struct weft_rotation *r = &list->entries[i].rotation;

		t->key[i] = WEFT_TOKEN | i;
		t->origin[i] = (uint16_t)i;
		t->entry[i] = (struct weft_operand) {
			.base = r->base, .stride = r->stride, .depth = r->depth, .phase = r->phase, .mul = r->mul,
			.div = r->div, .skew = r->skew, .level = (uint8_t)r->level,
		};
	}
	for (uint32_t i = 0; i < list->num_entries; i++) {
		const struct weft_entry *e = &list->entries[i];
		struct weft_operand_indirect in = { .first = e->first, .count = e->count };
		int index;

		if (!e->choice)
			continue;
		index = one(t, e->index);
		if (index < 0)
			return index;
		in.index = (uint16_t)index;
		t->entry[i] = (struct weft_operand) { .depth = 1, .mul = 1, .div = 1, .flags = WEFT_OPND_INDIRECT };
		memcpy(&t->entry[i].base, &in, sizeof(in));
	}
	return 0;
}

/* Operands it may have in the table, and elements of WAIT_ALL and SIGNAL_ALL. */
static uint64_t most_operands(const struct weft_list *list, uint64_t *refs)
{
	const struct weft_commands *commands = list->commands;
	/* With an index each. Where the list has operands of its own, every field of a packet may be in the table. */
	uint64_t n = 2ull * list->num_entries, fields = list->num_entries ? 2ull * commands->count : 0;

	*refs = 0;
	for (uint32_t i = 0; i < commands->count; i++) {
		const struct weft_command *c = &commands->command[i];

		if (c->op == WEFT_COMMAND_EXEC)
			n += c->u.exec.exec.num_operands + WEFT_EXEC_SCALARS;
		else if (c->op == WEFT_COMMAND_REDUCE)
			n += (uint64_t)c->u.reduce.num_src + c->u.reduce.num_dst;
		*refs += has_refs(c->op) ? c->u.cells.count : 0;
	}
	n += fields + (fields ? *refs : 0);
	return n < WEFT_OPERANDS_MAX ? n : WEFT_OPERANDS_MAX;
}

/* Packets, then room for operands, then elements, then the operands' origins: all zero. */
static int table_new(struct table *t, uint64_t packet_bytes, uint64_t room, uint64_t refs, char **bytes)
{
	const uint64_t table_bytes = room * sizeof(t->entry[0]);

	*t = (struct table) { .room = (uint32_t)room, .slots = 1 };
	while (t->slots < 2 * room)
		t->slots *= 2;
	*bytes = calloc(1, packet_bytes + table_bytes + refs * sizeof(t->refs[0]) + room * sizeof(t->origin[0]));
	t->key = malloc(room * sizeof(t->key[0]) + 1);
	t->slot = calloc(t->slots, sizeof(t->slot[0]));
	if (!*bytes || !t->key || !t->slot)
		return -ENOMEM;
	t->entry = (void *)(*bytes + packet_bytes);
	t->refs = (void *)(*bytes + packet_bytes + table_bytes);
	t->origin = (void *)(t->refs + refs);
	return 0;
}

int weft_list_encode(const struct weft_list *list, struct weft_image *image)
{
	const struct weft_commands *commands = list->commands;
	uint64_t packet_bytes = (uint64_t)commands->count * WEFT_PACKET_BYTES, refs, end;
	uint64_t room = most_operands(list, &refs);
	struct table t;
	char *bytes;
	int ret = table_new(&t, packet_bytes, room, refs, &bytes);

	if (!ret)
		ret = encode_entries(&t, list);
	for (uint32_t i = 0; i < commands->count && !ret; i++)
		ret = encode(&t, &commands->command[i], (union weft_packet *)(bytes + (size_t)i * WEFT_PACKET_BYTES));
	free(t.key);
	free(t.slot);
	if (ret) {
		free(bytes);
		return weft_fail(ret, "list of %u commands: at most %u distinct operands", commands->count,
				 WEFT_OPERANDS_MAX);
	}
	end = packet_bytes + (uint64_t)t.count * sizeof(t.entry[0]);
	memmove(bytes + end, t.refs, refs * sizeof(t.refs[0]));
	*image = (struct weft_image) {
		.bytes = bytes, .num_packets = commands->count, .num_operands = t.count,
		.table_offset = packet_bytes, .size = end + refs * sizeof(t.refs[0]), .refs_offset = end, .origin = t.origin,
	};
	return 0;
}
