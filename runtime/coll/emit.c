/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include "emit.h"

#include <errno.h>
#include <stdlib.h>

#include "times.h"

/* Operands that take turns with each arrival, made when they are first used. */
enum turn { ARRIVE, ARRIVED, INBOX_THERE, INBOX_HERE, TURNS };

_Static_assert(WEFT_COMM_ARRIVALS <= UINT16_MAX, "depth of a rotation");

struct emitter {
	const struct weft_comm *comm;
	const struct weft_comm_member *member;
	const struct weft_coll_call *call;
	uint32_t me;
	const struct weft_coll_steps *steps;
	uint64_t tag;
	struct weft_coll_program *program;
	uint64_t token[TURNS][WEFT_COLL_RANKS];		/* 0: not made */
	uint16_t sent[WEFT_COLL_RANKS];			/* in this call so far */
};

static int turn(struct emitter *e, enum turn kind, uint32_t rank, uint64_t *operand)
{
	struct weft_rotation r = { .size = sizeof(r), .depth = 2, .mul = 1, .div = 1 };
	struct weft_coll_program *p = e->program;
	const uint64_t slot = e->comm->slot_bytes;
	int ret;

	*operand = e->token[kind][rank];
	if (*operand)
		return 0;
	switch (kind) {
	case ARRIVE:
		r.base = weft_cell_address(e->member->cells_there[rank], WEFT_COMM_ARRIVAL);
		r.stride = WEFT_CELL_BYTES;
		break;
	case ARRIVED:
		r.base = weft_cell_address(e->member->cells[rank], WEFT_COMM_ARRIVAL);
		r.stride = WEFT_CELL_BYTES;
		break;
	case INBOX_THERE:
		r.base = weft_memory_address(e->member->inbox_there[rank]) + e->me * slot;
		r.stride = weft_comm_inbox_bytes(e->comm);
		break;
	default:
		r.base = weft_memory_address(e->member->inbox) + rank * slot;
		r.stride = weft_comm_inbox_bytes(e->comm);
		break;
	}
	if (!weft_room(&p->turn, p->num_turns, &p->room_turns, sizeof(p->turn[0])))
		return weft_fail(-ENOMEM, "collective call");
	ret = weft_list_rotation(p->list, &r, operand);
	if (ret)
		return ret;
	e->token[kind][rank] = *operand;
	p->turn[p->num_turns++] = (uint8_t)rank;
	return 0;
}

static int place(struct emitter *e, const struct weft_coll_buffers *b, struct weft_coll_place p, uint64_t *operand)
{
	if (p.part != WEFT_COLL_INBOX) {
		*operand = (p.part == WEFT_COLL_IN ? b->in : b->out)[p.rank] + p.offset;
		return 0;
	}
	return p.rank == e->me ? turn(e, INBOX_HERE, (uint32_t)(p.offset / e->comm->slot_bytes), operand) :
	       turn(e, INBOX_THERE, p.rank, operand);
}

static int cell(struct emitter *e, const struct weft_coll_step *s, uint32_t rank, struct weft_cell_item *item)
{
	struct weft_coll_program *p = e->program;
	struct weft_coll_from from = { .rank = (uint8_t)rank };
	int ret = 0;

	if (!weft_room(&p->cell, p->num_cells, &p->room_cells, sizeof(p->cell[0])))
		return weft_fail(-ENOMEM, "collective call");
	switch (s->kind) {
	case WEFT_COLL_STEP_ARRIVE:
	case WEFT_COLL_STEP_ARRIVED:
		*item = (struct weft_cell_item) { .base = 1, .step = 1, .tag = e->tag };
		ret = turn(e, s->kind == WEFT_COLL_STEP_ARRIVE ? ARRIVE : ARRIVED, rank, &item->cell);
		from.count = WEFT_COLL_OF_ARRIVALS;
		break;
	case WEFT_COLL_STEP_SIGNAL:
		*item = (struct weft_cell_item) { .base = ++e->sent[rank], .step = e->steps->signals[rank],
						  .cell = weft_cell_address(e->member->cells_there[rank], WEFT_COMM_PROGRESS) };
		from.count = WEFT_COLL_OF_SENT;
		break;
	default:
		*item = (struct weft_cell_item) { .base = s->number[rank], .step = e->steps->expects[rank],
						  .cell = weft_cell_address(e->member->cells[rank], WEFT_COMM_PROGRESS) };
		from.count = WEFT_COLL_OF_GOT;
		break;
	}
	p->cell[p->num_cells++] = from;
	return ret;
}

/*
 * What a signal is about may lie elsewhere than on the card of its cell: an arrival says that the inputs can be read, where pushing
 * does not make that needless, and in a ring a neighbour reads what lies here.
 */
static bool elsewhere(const struct emitter *e, const struct weft_coll_step *s)
{
	return s->kind == WEFT_COLL_STEP_ARRIVE ? e->call->algorithm != WEFT_COLL_PUSH || e->call->op == WEFT_COLL_BARRIER :
	       s->kind == WEFT_COLL_STEP_SIGNAL && e->call->algorithm == WEFT_COLL_RING;
}

static int cells(struct emitter *e, const struct weft_coll_step *s)
{
	const bool tag = s->kind == WEFT_COLL_STEP_ARRIVE || s->kind == WEFT_COLL_STEP_ARRIVED;
	struct weft_cell_op op = {
		.size = sizeof(op), .flags = (tag ? WEFT_CELL_TAG : 0) | (elsewhere(e, s) ? WEFT_CELL_SYSTEM : 0),
	};
	struct weft_cell_item item[WEFT_COLL_RANKS];
	uint32_t n = 0;
	int ret = 0;

	for (uint32_t r = 0; r < e->comm->ranks && !ret; r++)
		if (s->ranks >> r & 1)
			ret = cell(e, s, r, &item[n++]);
	if (ret)
		return ret;
	return s->kind == WEFT_COLL_STEP_ARRIVE || s->kind == WEFT_COLL_STEP_SIGNAL ?
	       weft_list_signal_all(e->program->list, &op, item, n) : weft_list_wait_all(e->program->list, &op, item, n);
}

/* Where all take part: a call that two have among themselves is no arrival of the others. */
static int note(struct emitter *e, enum weft_times which)
{
	const struct weft_rotation r = {
		.size = sizeof(r), .depth = WEFT_COMM_ARRIVALS, .mul = 1, .div = 1, .stride = WEFT_TIMES_EACH * sizeof(uint64_t),
		.base = weft_memory_address(e->member->times) + which * sizeof(uint64_t),
	};
	struct weft_coll_program *p = e->program;
	uint64_t operand;
	int ret;

	if (!e->member->times || e->call->op == WEFT_COLL_SEND)
		return 0;
	if (!weft_room(&p->turn, p->num_turns, &p->room_turns, sizeof(p->turn[0])))
		return weft_fail(-ENOMEM, "collective call");
	ret = weft_list_rotation(p->list, &r, &operand);
	if (ret)
		return ret;
	p->turn[p->num_turns++] = WEFT_COLL_TIMED;
	p->timed = true;
	return weft_list_timestamp(p->list, operand);
}

static int work(struct emitter *e, const struct weft_coll_step *s, enum weft_type type, enum weft_reduction reduction,
		const struct weft_coll_buffers *b)
{
	uint64_t src[WEFT_COLL_RANKS], dst[WEFT_COLL_RANKS];
	int ret = 0;

	for (uint32_t i = 0; i < s->num_src && !ret; i++)
		ret = place(e, b, s->src[i], &src[i]);
	for (uint32_t i = 0; i < s->num_dst && !ret; i++)
		ret = place(e, b, s->dst[i], &dst[i]);
	/* one source: its bits */
	return ret ? ret : weft_list_reduce(e->program->list, type, s->num_src > 1 ? reduction : WEFT_REDUCTION_SUM, src, s->num_src,
					    dst, s->num_dst, s->count);
}

int weft_coll_emit(const struct weft_comm *comm, uint32_t rank, const struct weft_coll_call *call,
		   const struct weft_coll_steps *steps, enum weft_type type, enum weft_reduction reduction,
		   const struct weft_coll_buffers *buffers, uint64_t tag, struct weft_coll_program *program)
{
	struct emitter e = {
		.comm = comm, .member = &comm->member[rank], .call = call, .me = rank, .steps = steps, .tag = tag, .program = program,
	};
	int ret = weft_list_new(comm->member[rank].device, true, &program->list);

	for (uint32_t i = 0; i < steps->num && !ret; i++) {
		const struct weft_coll_step *s = &steps->step[i];

		ret = s->kind == WEFT_COLL_STEP_REDUCE ? work(&e, s, type, reduction, buffers) : cells(&e, s);
		if (!ret && (s->kind == WEFT_COLL_STEP_ARRIVE || s->kind == WEFT_COLL_STEP_ARRIVED))
			ret = note(&e, s->kind == WEFT_COLL_STEP_ARRIVE ? WEFT_TIMES_CAME : WEFT_TIMES_ALL);
	}
	return ret;
}

void weft_coll_program_free(struct weft_coll_program *program)
{
	if (program->list)
		weft_list_free(program->list);
	free(program->cell);
	free(program->turn);
	*program = (struct weft_coll_program) { 0 };
}
