/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Calls: prepared with a program for each member, and posted by copies of those, which go on from what was posted before. */
#include "call.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cost.h"

#define COPY_ALIGN	256u
#define COPIES_BYTES	(64u << 10)	/* of a member's copies, and at least two */

/* --- what a call is --- */

static bool reduces(uint32_t op)
{
	return op == WEFT_COLL_ALL_REDUCE || op == WEFT_COLL_REDUCE_SCATTER || op == WEFT_COLL_REDUCE;
}

static void show(struct weft_coll *c)
{
	c->shown = (struct weft_message_call) {
		.op = c->call.op, .algorithm = c->call.algorithm, .type = c->type, .reduction = c->reduction, .root = c->call.root,
		.peer = c->call.peer, .ranks = c->call.ranks, .slot_bytes = (uint32_t)c->call.slot_bytes, .count = c->call.count,
	};
	c->shown.tag = weft_message_tag(&c->shown);
}

static int bad_buffer(const struct weft_comm *comm, const struct weft_window *w, uint64_t offset, uint64_t bytes, uint32_t element,
		      const char *name)
{
	if (w->comm != comm)
		return weft_fail(-EINVAL, "weft_coll_prepare: window %s is of another communicator", name);
	if (offset % element || offset > w->bytes || bytes > w->bytes - offset)
		return weft_fail(-EINVAL, "weft_coll_prepare: %s of %" PRIu64 " bytes at %" PRIu64 " of a window of %" PRIu64, name, bytes,
				 offset, w->bytes);
	return 0;
}

/* The most that a member has of a buffer. */
static uint64_t most(const struct weft_coll_call *c, uint64_t (*bytes)(const struct weft_coll_call *c, uint32_t rank))
{
	uint64_t n = 0;

	for (uint32_t r = 0; r < c->ranks; r++)
		n = bytes(c, r) > n ? bytes(c, r) : n;
	return n;
}

static int check(struct weft_coll *c, const struct weft_coll_desc *d)
{
	const uint32_t ranks = c->comm->ranks, element = d->type < WEFT_TYPE_U32 ? weft_type_bytes(d->type) : 0;
	const bool rooted = d->op == WEFT_COLL_BROADCAST || d->op == WEFT_COLL_REDUCE || d->op == WEFT_COLL_SEND;
	const bool nothing = d->op == WEFT_COLL_BARRIER;
	int ret;

	if (d->op >= WEFT_COLL_OPS || d->algorithm >= WEFT_COLL_ALGORITHMS || !element || d->pad || d->reduction > WEFT_REDUCTION_AVG ||
	    (d->reduction && !reduces(d->op)) || d->root >= ranks || d->peer >= ranks || (d->root && !rooted) ||
	    (d->peer && d->op != WEFT_COLL_SEND) || d->count > (1ull << 40) / ranks || (nothing && d->count))
		return weft_fail(-EINVAL, "weft_coll_prepare: operation %u, algorithm %u, type %u, reduction %u, root %u, peer %u, count %" PRIu64
				 " of %u members", d->op, d->algorithm, d->type, d->reduction, d->root, d->peer, d->count, ranks);
	c->call = (struct weft_coll_call) {
		.op = (enum weft_coll_op)d->op, .algorithm = (enum weft_coll_algorithm)d->algorithm, .ranks = ranks, .element = element,
		.root = d->root, .peer = d->peer, .averages = d->reduction == WEFT_REDUCTION_AVG, .count = d->count,
		.slot_bytes = c->comm->slot_bytes,
	};
	if (nothing)
		return d->in || d->out || d->in_offset || d->out_offset ? weft_fail(-EINVAL, "weft_coll_prepare: a barrier with buffers") : 0;
	if (!d->in && !d->out)
		return weft_fail(-EINVAL, "weft_coll_prepare: no window");
	c->call.in_place = !d->in || !d->out;
	if (c->call.in_place && (d->op == WEFT_COLL_SEND || (d->op == WEFT_COLL_REDUCE_SCATTER) != !d->out))
		return weft_fail(-EINVAL, "weft_coll_prepare: %s in place with the window of its %s", weft_coll_op_name(d->op),
				 d->in ? "inputs" : "outputs");
	ret = d->in ? weft_handle(d->in, WEFT_MAGIC_WINDOW, "weft_coll_prepare") : 0;
	if (!ret && d->out)
		ret = weft_handle(d->out, WEFT_MAGIC_WINDOW, "weft_coll_prepare");
	if (!ret && d->in)
		ret = bad_buffer(c->comm, d->in, d->in_offset, most(&c->call, weft_coll_in_bytes), element, "input");
	if (!ret && d->out)
		ret = bad_buffer(c->comm, d->out, d->out_offset, most(&c->call, weft_coll_out_bytes), element, "output");
	return ret;
}

static int choose(struct weft_coll *c)
{
	char text[128];

	if (c->call.algorithm == WEFT_COLL_AUTO)
		return weft_coll_choose(&c->comm->topology, &c->call) ? weft_fail(-ENOMEM, "weft_coll_prepare: choosing an algorithm") : 0;
	if (weft_coll_can(&c->call))
		return 0;
	show(c);
	weft_message_call_text(&c->shown, text, sizeof(text));
	return weft_fail(-EOPNOTSUPP, "weft_coll_prepare: %s%s is not possible with slots of %u bytes", text,
			 c->call.in_place ? " in place" : "", c->comm->slot_bytes);
}

/* --- preparing --- */

static int copies(struct weft_coll_part_of *p, struct weft_device *d)
{
	int ret;

	p->stride = (p->image.size + COPY_ALIGN - 1) / COPY_ALIGN * COPY_ALIGN;
	p->num_copies = (uint32_t)(COPIES_BYTES / p->stride);
	p->num_copies = p->num_copies < 2 ? 2 : p->num_copies > WEFT_COLL_COPIES ? WEFT_COLL_COPIES : p->num_copies;
	ret = weft_memory_new(d, p->num_copies * p->stride, WEFT_PLACE_LOCAL, true, &p->memory);
	if (!ret)
		ret = weft_memory_map(p->memory, (void **)&p->map);
	if (ret)
		return ret;
	p->base = malloc((p->program.num_cells + 1) * sizeof(p->base[0]));
	p->phase = malloc((p->program.num_turns + 1) * sizeof(p->phase[0]));
	p->scratch = malloc(p->image.size);
	return p->base && p->phase && p->scratch ? 0 : weft_fail(-ENOMEM, "collective call");
}

static int prepare_part(struct weft_coll *c, uint32_t rank, const struct weft_coll_buffers *b)
{
	struct weft_coll_part_of *p = &c->part[rank];
	int ret = weft_coll_schedule(&c->call, rank, &p->steps);

	if (ret)
		return weft_fail(ret, "weft_coll_prepare: steps of member %u", rank);
	if (!p->steps.num)	/* no part in it, or nothing to do */
		return 0;
	ret = weft_coll_emit(c->comm, rank, &c->call, &p->steps, c->type, c->reduction, b, c->shown.tag, &p->program);
	if (!ret)
		ret = weft_list_encode(p->program.list, &p->image);
	return ret ? ret : copies(p, c->comm->member[rank].device);
}

static int release(struct weft_coll *c)
{
	int ret = 0;

	for (uint32_t r = 0; r < c->comm->ranks; r++) {
		struct weft_coll_part_of *p = &c->part[r];
		weft_memory_drop(&p->memory, &ret);
		weft_coll_program_free(&p->program);
		weft_coll_steps_free(&p->steps);
		free(p->image.bytes);
		free(p->base);
		free(p->phase);
		free(p->scratch);
	}
	c->magic = 0;
	free(c);
	return ret;
}

int weft_coll_prepare(struct weft_comm *comm, const struct weft_coll_desc *desc, struct weft_coll **coll)
{
	struct weft_coll_desc d;
	struct weft_coll_buffers b = { 0 };
	struct weft_coll *c;
	int ret = weft_handle(comm, WEFT_MAGIC_COMM, __func__);

	if (!ret)
		ret = weft_take(&d, sizeof(d), desc, sizeof(d), __func__);
	if (ret)
		return ret;
	if (!coll)
		return weft_fail(-EINVAL, "weft_coll_prepare: no place");
	c = calloc(1, sizeof(*c));
	if (!c)
		return weft_fail(-ENOMEM, "collective call");
	c->magic = WEFT_MAGIC_COLL;
	c->comm = comm;
	c->type = (enum weft_type)d.type;
	c->reduction = (enum weft_reduction)d.reduction;
	ret = check(c, &d);
	if (!ret)
		ret = choose(c);
	show(c);
	for (uint32_t r = 0; r < comm->ranks && !ret; r++) {
		b.in[r] = d.in ? weft_window_address(d.in, r) + d.in_offset : 0;
		b.out[r] = d.out ? weft_window_address(d.out, r) + d.out_offset : 0;
	}
	for (uint32_t r = 0; r < comm->ranks && !ret; r++)
		if (weft_comm_mine(comm, r))
			ret = prepare_part(c, r, &b);
	if (ret) {
		release(c);
		return ret;
	}
	c->in = d.in;
	c->out = d.out;
	pthread_mutex_lock(&comm->lock);
	comm->children++;
	if (c->in)
		c->in->users++;
	if (c->out)
		c->out->users++;
	c->next = comm->calls;
	comm->calls = c;
	weft_board_add(&comm->board, &c->shown);
	pthread_mutex_unlock(&comm->lock);
	*coll = c;
	return 0;
}

int weft_coll_destroy(struct weft_coll *coll)
{
	int ret = weft_handle(coll, WEFT_MAGIC_COLL, __func__);
	struct weft_comm *comm;
	struct weft_coll **p;
	bool broken;

	if (ret)
		return ret;
	comm = coll->comm;
	pthread_rwlock_rdlock(&comm->gate);
	broken = atomic_load(&comm->broken);
	/* a member that has stopped ends nothing any more; one that has not yet faults at what is taken away */
	for (uint32_t r = 0; r < comm->ranks && !broken; r++)
		for (uint32_t i = 0; i < coll->part[r].num_copies; i++)
			if (coll->part[r].ends[i] > weft_ring_ended(comm->member[r].queue))
				ret = weft_fail(-EBUSY, "weft_coll_destroy: member %u of communicator %s has not ended it", r, comm->name);
	pthread_rwlock_unlock(&comm->gate);
	if (ret)
		return ret;
	pthread_mutex_lock(&comm->lock);
	for (p = &comm->calls; *p != coll; p = &(*p)->next)
		;
	*p = coll->next;
	comm->children--;
	if (coll->in)
		coll->in->users--;
	if (coll->out)
		coll->out->users--;
	pthread_mutex_unlock(&comm->lock);
	return release(coll);
}

uint32_t weft_coll_algorithm(const struct weft_coll *coll)
{
	return coll ? coll->call.algorithm : 0;
}

/* --- posting and waiting --- */

/* Is there a copy that no post uses, and room in the ring? */
static bool free_copy(const struct weft_comm_member *m, const struct weft_coll_part_of *p, uint32_t posts)
{
	const uint64_t ended = weft_ring_ended(m->queue);

	return !p->steps.num || (m->queue->tail + 2 - ended <= 2ull * posts && p->ends[p->next] <= ended);
}

static void post(struct weft_comm_member *m, struct weft_coll_part_of *p, uint64_t times, uint32_t ranks)
{
	const uint64_t *const count[] = {
		[WEFT_COLL_OF_ARRIVALS] = m->arrivals, [WEFT_COLL_OF_SENT] = m->sent, [WEFT_COLL_OF_GOT] = m->got,
	};
	const uint64_t at = p->next * p->stride;

	if (!p->steps.num)
		return;
	for (uint32_t i = 0; i < p->program.num_cells; i++)
		p->base[i] = count[p->program.cell[i].count][p->program.cell[i].rank];
	for (uint32_t i = 0; i < p->program.num_turns; i++)
		p->phase[i] = (uint16_t)(p->program.turn[i] == WEFT_COLL_TIMED ? m->timed % WEFT_COMM_ARRIVALS : m->arrivals[p->program.turn[i]] & 1);
	weft_image_copy(&p->image, p->memory->address + at, p->base, p->phase, p->scratch, p->map + at);
	weft_ring_push_copy(m->queue, &p->image, p->memory->address + at, times, weft_cell_address(m->done, 0), ++m->posts);
	p->ends[p->next] = m->queue->tail - 1;
	p->next = (p->next + 1) % p->num_copies;
	for (uint32_t i = 0; i < p->steps.num; i++)
		if (p->steps.step[i].kind == WEFT_COLL_STEP_ARRIVE)
			for (uint32_t r = 0; r < ranks; r++)
				m->arrivals[r] += p->steps.step[i].ranks >> r & 1 ? times : 0;
	m->timed += p->program.timed ? times : 0;
	for (uint32_t r = 0; r < ranks; r++) {
		m->sent[r] += times * p->steps.signals[r];
		m->got[r] += times * p->steps.expects[r];
	}
}

int weft_coll_post(struct weft_coll *coll, uint64_t times, uint32_t members)
{
	int ret = weft_handle(coll, WEFT_MAGIC_COLL, __func__);
	struct weft_comm *comm;

	if (ret)
		return ret;
	comm = coll->comm;
	if (!times || times > 1ull << 32 || !members || members & ~WEFT_COLL_EVERYBODY)
		return weft_fail(-EINVAL, "weft_coll_post: %" PRIu64 " times, members %#x", times, members);
	members &= comm->mine;
	pthread_rwlock_rdlock(&comm->gate);	/* no system call but while it is revoked */
	if (atomic_load(&comm->broken))
		ret = weft_fail(-EOWNERDEAD, "weft_coll_post: a member of communicator %s has stopped, or it was revoked", comm->name);
	for (uint32_t r = 0; r < comm->ranks && !ret; r++)
		if (members >> r & 1 && !free_copy(&comm->member[r], &coll->part[r], comm->posts))
			ret = weft_fail(-EAGAIN, "weft_coll_post: member %u of communicator %s has %u posts that have not ended", r, comm->name,
					coll->part[r].num_copies < comm->posts ? coll->part[r].num_copies : comm->posts);
	for (uint32_t r = 0; r < comm->ranks && !ret; r++)
		if (members >> r & 1)
			post(&comm->member[r], &coll->part[r], times, comm->ranks);
	pthread_rwlock_unlock(&comm->gate);
	return ret;
}
