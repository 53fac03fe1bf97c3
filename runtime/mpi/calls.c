/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include "calls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "node.h"
#include "types.h"

#define SLICE_NS	5000000ull	/* between two looks at what MPI has to do */

/* What is found out of a call before it is carried out */
struct look {
	struct wmpi_comm *c;
	enum weft_type type;
	enum weft_reduction reduction;
	uint32_t element;		/* bytes; 1 of what is moved */
	enum wmpi_why why;		/* that it cannot be taken, as seen here */
	struct wmpi_words words;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* What all ranks see alike without asking: MPI wants these to be the same everywhere. */
static enum wmpi_why refuse(const struct wmpi_call *call, struct look *l)
{
	l->c = wmpi_comm_of(call->mpi);
	if (!l->c)
		return WMPI_OFF;
	if (!l->c->fits || l->c->refused || call->root < 0 || call->root >= l->c->size)
		return WMPI_COMMUNICATOR;
	if (!call->count)
		return WMPI_COUNT;
	l->element = 1;
	if (!call->reduces)
		return WMPI_TAKEN;
	if (!wmpi_type(call->type, &l->type))
		return WMPI_TYPE;
	if (!wmpi_operation(call->op, &l->reduction))
		return WMPI_OPERATION;
	l->element = weft_type_bytes(l->type);
	return WMPI_TAKEN;
}

/* --- places of buffers --- */

/* Where @bytes at @pointer are; the window is NULL while the communicator has none. */
static bool find(const struct wmpi_comm *c, const void *pointer, uint64_t bytes, struct weft_at *at, uint64_t *place)
{
	const uintptr_t p = (uintptr_t)pointer, from = (uintptr_t)wmpi_node.map;

	if (p >= from && p - from < wmpi_node.bytes) {
		*at = (struct weft_at) { c->heap, p - from };
		*place = wmpi_node.address + at->offset;
		return bytes <= wmpi_node.bytes - at->offset;
	}
	if (!c->comm || weft_window_find(c->comm, pointer, bytes, &at->window, &at->offset))
		return false;
	*place = weft_window_address(at->window, 0) + at->offset;
	return true;
}

static void look(const struct wmpi_call *call, struct look *l)
{
	struct wmpi_words *w = &l->words;
	const uint64_t block = call->count * l->element;
	uint64_t in = 0, out = 0;
	struct weft_at at;

	*w = (struct wmpi_words) { WMPI_STATE_YES, WMPI_ANYWHERE, WMPI_ANYWHERE, WMPI_ANYWHERE, WMPI_ANYWHERE };
	l->why = WMPI_TAKEN;
	if (!call->same_type)
		l->why = WMPI_TYPE;
	else if ((call->in && (!find(l->c, call->in, call->in_blocks * block, &at, &in) || in % l->element)) ||
		 (call->out && call->out_matters && (!find(l->c, call->out, call->out_blocks * block, &at, &out) || out % l->element)))
		l->why = WMPI_MEMORY;
	if (l->why)
		w->state = WMPI_STATE_NO;
	else if (l->c->broken)
		w->state = WMPI_STATE_BROKEN;
	if (w->state != WMPI_STATE_YES)
		return;
	if (call->in)
		wmpi_words_place(&w->in, &w->not_in, in);
	if (call->out && call->out_matters)
		wmpi_words_place(&w->out, &w->not_out, out);
}

/* Whose output does not matter here is told where it is: in the heap, or in the window of the input. */
static bool find_place(const struct wmpi_comm *c, int64_t place, const struct weft_at *in, struct weft_at *at)
{
	const uint64_t address = (uint64_t)place;

	if (address >= wmpi_node.address && address - wmpi_node.address < wmpi_node.bytes)
		*at = (struct weft_at) { c->heap, address - wmpi_node.address };
	else if (in->window && address - weft_window_address(in->window, 0) <
		 weft_memory_bytes(weft_window_memory(in->window, (uint32_t)c->rank)))
		*at = (struct weft_at) { in->window, address - weft_window_address(in->window, 0) };
	else
		return false;
	return true;
}

/* --- deciding --- */

/*
 * What is remembered of an earlier call helps nobody: a rank that finds its buffers known cannot know that the others do. So ranks
 * are asked each time, unless the user has said that they never differ. Who does not look at all its buffers has to ask even then.
 */
static int agree(const struct wmpi_call *call, struct look *l)
{
	const bool known = wmpi_node.symmetric && l->c->comm && call->kind != WMPI_REDUCE;
	const uint64_t from = now_ns();
	int ret;

	look(call, l);
	if (known)
		return MPI_SUCCESS;
	ret = PMPI_Allreduce(MPI_IN_PLACE, &l->words, sizeof(l->words) / sizeof(int64_t), MPI_INT64_T, MPI_MIN, call->mpi);
	if (!ret)
		wmpi_count_agreed(now_ns() - from);
	return ret;
}

static enum wmpi_why judge(const struct look *l)
{
	const struct wmpi_words *w = &l->words;

	if (w->state == WMPI_STATE_BROKEN)
		return WMPI_FAILED;
	if (w->state == WMPI_STATE_NO)
		return l->why ? l->why : WMPI_ELSEWHERE;
	return wmpi_words_same(w->in, w->not_in) && wmpi_words_same(w->out, w->not_out) ? WMPI_TAKEN : WMPI_PLACE;
}

/* --- carrying out --- */

static int post(const struct wmpi_call *call, const struct look *l, struct weft_at in, struct weft_at out)
{
	const uint32_t root = (uint32_t)call->root;
	struct weft_comm *comm = l->c->comm;
	enum weft_type type = l->type;
	uint64_t count = call->count;

	if (!call->reduces) {
		/* what is moved has no type; the larger of two that all ranks find fit */
		const bool words = !((count | in.offset | out.offset) % 4);

		type = words ? WEFT_TYPE_I32 : WEFT_TYPE_U8;
		count /= words ? 4 : 1;
	}
	switch (call->kind) {
	case WMPI_ALLREDUCE:
		return weft_all_reduce(comm, in, out, count, type, l->reduction);
	case WMPI_REDUCE:
		return weft_reduce(comm, in, out, count, type, l->reduction, root);
	case WMPI_BCAST:
		return weft_broadcast(comm, in, out, count, type, root);
	case WMPI_ALLGATHER:
		return weft_all_gather(comm, in, out, count, type);
	case WMPI_REDUCE_SCATTER_BLOCK:
		return weft_reduce_scatter(comm, in, out, count, type, l->reduction);
	case WMPI_ALLTOALL:
		return weft_all_to_all(comm, in, out, count, type);
	case WMPI_BARRIER:
		return weft_barrier(comm);
	default:
		return -EINVAL;
	}
}

/* MPI wants the rank's block at the beginning, weft leaves it in its place. */
static int to_front(const struct wmpi_call *call, const struct look *l, struct weft_at in)
{
	const uint64_t block = call->count * l->element, mine = (uint64_t)l->c->rank * block;
	struct weft_memory *memory = weft_window_memory(in.window, (uint32_t)l->c->rank);

	return mine ? weft_memory_copy(memory, in.offset, memory, in.offset + mine, block, 0) : 0;
}

/* Others may not come before they have what this rank began to send them, which MPI goes on with only when it is called. */
static int wait_for(struct weft_comm *comm)
{
	const uint64_t deadline = now_ns() + wmpi_node.timeout_ns;
	int ret, found;

	for (;;) {
		const uint64_t now = now_ns(), left = deadline > now ? deadline - now : 0;

		ret = weft_comm_wait(comm, left < SLICE_NS ? left : SLICE_NS);
		if (ret != -ETIME || !left)
			return ret;
		PMPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, wmpi_node.mpi, &found, MPI_STATUS_IGNORE);
	}
}

static int carry_out(const struct wmpi_call *call, const struct look *l, struct weft_at in, struct weft_at out)
{
	int ret = post(call, l, in, out);

	if (!ret)
		ret = wait_for(l->c->comm);
	if (!ret && call->kind == WMPI_REDUCE_SCATTER_BLOCK && call->in_place)
		ret = to_front(call, l, in);
	if (ret)
		wmpi_comm_break(l->c, ret);
	return ret;
}

/* The buffers as weft takes them; all ranks find them, or none. */
static bool buffers(const struct wmpi_call *call, const struct look *l, struct weft_at *in, struct weft_at *out)
{
	const uint64_t block = call->count * l->element;
	uint64_t place;

	*in = *out = (struct weft_at) { NULL, 0 };
	if (call->in && !find(l->c, call->in, call->in_blocks * block, in, &place))
		return false;
	if (call->kind == WMPI_REDUCE) {
		if (!find_place(l->c, l->words.out, in, out))
			return false;
		/* the root's MPI_IN_PLACE: its output is where the others' input is */
		if (l->words.in == l->words.out)
			*in = (struct weft_at) { NULL, 0 };
		return true;
	}
	return !call->out || find(l->c, call->out, call->out_blocks * block, out, &place);
}

static int failed(const struct wmpi_call *call, struct wmpi_comm *c)
{
	if (!c->broken) {
		c->broken = true;
		snprintf(c->why, sizeof(c->why), "weft: an earlier call of this communicator has failed at another rank");
	}
	wmpi_count(call->kind, WMPI_FAILED);
	return wmpi_comm_raise(c);
}

int wmpi_call_run(const struct wmpi_call *call, bool *taken)
{
	struct look l = { 0 };
	struct weft_at in, out;
	enum wmpi_why why = refuse(call, &l);
	int ret;

	*taken = false;
	if (!why) {
		ret = agree(call, &l);
		if (ret) {
			*taken = true;
			return ret;
		}
		why = judge(&l);
	}
	/* the first one: all ranks are here */
	if (!why && !l.c->comm && wmpi_comm_join(l.c))
		why = WMPI_COMMUNICATOR;
	if (!why && !buffers(call, &l, &in, &out))
		why = WMPI_PLACE;
	*taken = !why || why == WMPI_FAILED;
	if (*taken)
		l.c->used = true;
	if (why == WMPI_FAILED || (!why && carry_out(call, &l, in, out)))
		return failed(call, l.c);
	wmpi_count(call->kind, why);
	return MPI_SUCCESS;
}

int wmpi_call_barrier(MPI_Comm mpi, bool *taken)
{
	const struct wmpi_call call = { .kind = WMPI_BARRIER, .mpi = mpi };
	struct look l = { .c = wmpi_comm_known(mpi) };

	*taken = l.c && l.c->used;
	if (!*taken) {
		wmpi_count(WMPI_BARRIER, wmpi_node.mpi == MPI_COMM_NULL ? WMPI_OFF : WMPI_COMMUNICATOR);
		return MPI_SUCCESS;
	}
	/* nobody is asked: all ranks have taken calls before, and one that has failed has woken the others */
	if (l.c->broken || carry_out(&call, &l, (struct weft_at) { NULL, 0 }, (struct weft_at) { NULL, 0 }))
		return failed(&call, l.c);
	wmpi_count(WMPI_BARRIER, WMPI_TAKEN);
	return MPI_SUCCESS;
}
