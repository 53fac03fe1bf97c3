/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Commands to packets of the card contract: the one file of the library that knows them. Operands of EXEC and REDUCE
 * go through the operand table, where equal addresses share an entry; everything else is addressed inline.
 */
#include <errno.h>
#include <stdlib.h>

#include "operand.h"
#include "packet.h"

#include "list.h"

struct table {
	struct weft_operand entry[WEFT_OPERANDS_MAX];
	uint32_t count;
	uint16_t slot[4 * WEFT_OPERANDS_MAX];	/* hash of addresses: entry + 1 */
};

static uint32_t hash(uint64_t address)
{
	return (uint32_t)((address * 0x9e3779b97f4a7c15ull) >> 50) % (4 * WEFT_OPERANDS_MAX);
}

static int add(struct table *t, uint64_t address)
{
	if (t->count == WEFT_OPERANDS_MAX)
		return -E2BIG;
	t->entry[t->count] = (struct weft_operand) { .base = address, .depth = 1, .mul = 1, .div = 1 };
	return (int)t->count++;
}

/* Entry of one address. */
static int one(struct table *t, uint64_t address)
{
	uint32_t at = hash(address);
	int index;

	for (; t->slot[at]; at = (at + 1) % (4 * WEFT_OPERANDS_MAX))
		if (t->entry[t->slot[at] - 1].base == address)
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

		while (n < count && t->entry[at + n].base == address[n])
			n++;
		if (n == count)
			return (int)at;
	}
	first = (int)t->count;
	for (uint32_t i = 0; i < count; i++)
		if (add(t, address[i]) < 0)
			return -E2BIG;
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

static int encode(struct table *t, const struct weft_command *c, union weft_packet *p)
{
	switch ((enum weft_command_op)c->op) {
	case WEFT_COMMAND_EXEC:
		return encode_exec(t, c, p);
	case WEFT_COMMAND_REDUCE:
		return encode_reduce(t, c, p);
	case WEFT_COMMAND_COPY:
		p->copy = (struct weft_pkt_copy) {
			.op = WEFT_PKT_COPY, .rows = c->u.copy.rows, .dst = c->u.copy.dst, .src = c->u.copy.src,
			.bytes = c->u.copy.bytes, .dst_pitch = c->u.copy.dst_pitch, .src_pitch = c->u.copy.src_pitch,
		};
		return 0;
	case WEFT_COMMAND_FILL:
		p->fill = (struct weft_pkt_fill) {
			.op = WEFT_PKT_FILL, .width = (uint8_t)c->u.fill.width, .dst = c->u.fill.dst,
			.bytes = c->u.fill.bytes, .pattern = c->u.fill.pattern,
		};
		return 0;
	case WEFT_COMMAND_TIMED:
		p->timed = (struct weft_pkt_timed) { .op = WEFT_PKT_TIMED, .ns = c->u.timed.ns };
		return 0;
	case WEFT_COMMAND_TIMESTAMP:
		p->timestamp = (struct weft_pkt_timestamp) { .op = WEFT_PKT_TIMESTAMP, .dst = c->u.timestamp.dst };
		return 0;
	}
	return -EINVAL;
}

/* The table is large and the lists of copies are short. */
static bool needs_table(const struct weft_commands *commands)
{
	for (uint32_t i = 0; i < commands->count; i++)
		if (commands->command[i].op == WEFT_COMMAND_EXEC || commands->command[i].op == WEFT_COMMAND_REDUCE)
			return true;
	return false;
}

int weft_list_encode(const struct weft_commands *commands, struct weft_image *image)
{
	uint64_t packet_bytes = (uint64_t)commands->count * WEFT_PACKET_BYTES, table_bytes;
	bool tabled = needs_table(commands);
	struct table *t = tabled ? calloc(1, sizeof(*t)) : NULL;
	char *bytes = calloc(1, packet_bytes + (tabled ? sizeof(t->entry) : 0));
	int ret = bytes && (t || !tabled) ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < commands->count && !ret; i++)
		ret = encode(t, &commands->command[i], (union weft_packet *)(bytes + (size_t)i * WEFT_PACKET_BYTES));
	if (ret) {
		free(t);
		free(bytes);
		return weft_fail(ret, "list of %u commands: at most %u distinct operands", commands->count,
				 WEFT_OPERANDS_MAX);
	}
	table_bytes = tabled ? (uint64_t)t->count * sizeof(t->entry[0]) : 0;
	if (tabled)
		memcpy(bytes + packet_bytes, t->entry, table_bytes);
	*image = (struct weft_image) {
		.bytes = bytes, .num_packets = commands->count, .num_operands = tabled ? t->count : 0,
		.table_offset = packet_bytes, .size = packet_bytes + table_bytes,
	};
	free(t);
	return 0;
}
