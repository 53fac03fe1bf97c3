/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Calls in one line: prepared when they are first made with their arguments, kept, and posted. */
#include "call.h"

#include <errno.h>
#include <string.h>

#define GROUP	32u

/* Of a thread: what has been called since weft_group_begin() */
static _Thread_local struct {
	uint32_t depth, num;
	int failed;
	struct weft_coll *call[GROUP];
} group;

static bool same(const struct weft_coll_desc *a, const struct weft_coll_desc *b)
{
	return a->op == b->op && a->type == b->type && a->reduction == b->reduction && a->root == b->root && a->peer == b->peer &&
	       a->count == b->count && a->in == b->in && a->out == b->out && a->in_offset == b->in_offset && a->out_offset == b->out_offset;
}

/* One of those that were used longest ago and has ended makes room; none that the group of a thread has. */
static void make_room(struct weft_comm *comm)
{
	uint64_t after = 0;

	for (uint32_t tries = 0; tries < WEFT_COLL_KEPT - GROUP; tries++) {
		struct weft_coll *oldest = NULL;
		uint32_t num = 0;

		pthread_mutex_lock(&comm->lock);
		for (struct weft_coll *c = comm->calls; c; c = c->next) {
			num += c->kept != 0;
			if (c->kept > after && (!oldest || c->kept < oldest->kept))
				oldest = c;
		}
		pthread_mutex_unlock(&comm->lock);
		if (num < WEFT_COLL_KEPT || !oldest)
			return;
		after = oldest->kept;
		if (weft_coll_destroy(oldest) != -EBUSY)
			return;
	}
}

void weft_coll_forget(struct weft_comm *comm, const struct weft_window *window)
{
	uint64_t after = 0;

	for (;;) {
		struct weft_coll *next = NULL;

		pthread_mutex_lock(&comm->lock);
		for (struct weft_coll *c = comm->calls; c; c = c->next)
			if (c->kept > after && (!window || c->in == window || c->out == window) && (!next || c->kept < next->kept))
				next = c;
		pthread_mutex_unlock(&comm->lock);
		if (!next)
			return;
		after = next->kept;
		weft_coll_destroy(next);	/* one that has not ended stays, and is in the way of who asked */
	}
}

static int keep(struct weft_comm *comm, const struct weft_coll_desc *d, struct weft_coll **coll)
{
	struct weft_coll *c;
	int ret = weft_handle(comm, WEFT_MAGIC_COMM, "a collective call");

	if (ret)
		return ret;
	pthread_mutex_lock(&comm->lock);
	for (c = comm->calls; c && !(c->kept && same(&c->desc, d)); c = c->next)
		;
	if (c)
		c->kept = ++comm->uses;
	pthread_mutex_unlock(&comm->lock);
	if (!c) {
		make_room(comm);
		ret = weft_coll_prepare(comm, d, &c);
		if (ret)
			return ret;
		pthread_mutex_lock(&comm->lock);
		c->desc = *d;
		c->kept = ++comm->uses;
		pthread_mutex_unlock(&comm->lock);
	}
	*coll = c;
	return 0;
}

static int run(struct weft_comm *comm, const struct weft_coll_desc *d)
{
	struct weft_coll *coll = NULL;
	int ret;

	if (group.depth && group.num == GROUP)
		ret = weft_fail(-E2BIG, "a group of calls has at most %u", GROUP);
	else
		ret = keep(comm, d, &coll);
	if (!group.depth)
		return ret ? ret : weft_coll_post(coll, 1, WEFT_COLL_EVERYBODY);
	if (ret)
		group.failed = group.failed ? group.failed : ret;
	else
		group.call[group.num++] = coll;
	return ret;
}

int weft_group_begin(void)
{
	int ret = weft_ready(&weft_library, __func__);

	if (!ret && !group.depth++) {
		group.num = 0;
		group.failed = 0;
	}
	return ret;
}

int weft_group_end(uint64_t timeout_ns)
{
	const uint64_t deadline = weft_deadline_ns(timeout_ns);
	int ret = weft_ready(&weft_library, __func__);

	if (!ret && !group.depth)
		ret = weft_fail(-EINVAL, "weft_group_end: no group has begun");
	if (ret || --group.depth)
		return ret;
	if (group.failed)
		return weft_fail(group.failed, "weft_group_end: one of its calls was refused, none is posted");
	for (uint32_t i = 0; i < group.num && !ret; i++)
		while ((ret = weft_coll_post(group.call[i], 1, WEFT_COLL_EVERYBODY)) == -EAGAIN) {
			const uint64_t now = weft_now_ns();

			ret = weft_comm_wait(group.call[i]->comm, deadline > now ? deadline - now : 0);
			if (ret)
				break;
		}
	return ret;
}

int weft_barrier(struct weft_comm *comm)
{
	const struct weft_coll_desc d = { .size = sizeof(d), .op = WEFT_COLL_BARRIER };

	return run(comm, &d);
}

int weft_all_reduce(struct weft_comm *comm, struct weft_at in, struct weft_at out, uint64_t count, enum weft_type type,
		    enum weft_reduction reduction)
{
	const struct weft_coll_desc d = {
		.size = sizeof(d), .op = WEFT_COLL_ALL_REDUCE, .type = type, .reduction = reduction, .count = count,
		.in = in.window, .in_offset = in.offset, .out = out.window, .out_offset = out.offset,
	};

	return run(comm, &d);
}

int weft_reduce_scatter(struct weft_comm *comm, struct weft_at in, struct weft_at out, uint64_t count, enum weft_type type,
			enum weft_reduction reduction)
{
	const struct weft_coll_desc d = {
		.size = sizeof(d), .op = WEFT_COLL_REDUCE_SCATTER, .type = type, .reduction = reduction, .count = count,
		.in = in.window, .in_offset = in.offset, .out = out.window, .out_offset = out.offset,
	};

	return run(comm, &d);
}

int weft_all_gather(struct weft_comm *comm, struct weft_at in, struct weft_at out, uint64_t count, enum weft_type type)
{
	const struct weft_coll_desc d = {
		.size = sizeof(d), .op = WEFT_COLL_ALL_GATHER, .type = type, .count = count,
		.in = in.window, .in_offset = in.offset, .out = out.window, .out_offset = out.offset,
	};

	return run(comm, &d);
}

int weft_broadcast(struct weft_comm *comm, struct weft_at in, struct weft_at out, uint64_t count, enum weft_type type, uint32_t root)
{
	const struct weft_coll_desc d = {
		.size = sizeof(d), .op = WEFT_COLL_BROADCAST, .type = type, .root = root, .count = count,
		.in = in.window, .in_offset = in.offset, .out = out.window, .out_offset = out.offset,
	};

	return run(comm, &d);
}

int weft_reduce(struct weft_comm *comm, struct weft_at in, struct weft_at out, uint64_t count, enum weft_type type,
		enum weft_reduction reduction, uint32_t root)
{
	const struct weft_coll_desc d = {
		.size = sizeof(d), .op = WEFT_COLL_REDUCE, .type = type, .reduction = reduction, .root = root, .count = count,
		.in = in.window, .in_offset = in.offset, .out = out.window, .out_offset = out.offset,
	};

	return run(comm, &d);
}

int weft_all_to_all(struct weft_comm *comm, struct weft_at in, struct weft_at out, uint64_t count, enum weft_type type)
{
	const struct weft_coll_desc d = {
		.size = sizeof(d), .op = WEFT_COLL_ALL_TO_ALL, .type = type, .count = count,
		.in = in.window, .in_offset = in.offset, .out = out.window, .out_offset = out.offset,
	};

	return run(comm, &d);
}

int weft_send(struct weft_comm *comm, struct weft_at in, struct weft_at out, uint64_t count, enum weft_type type, uint32_t from,
	      uint32_t to)
{
	const struct weft_coll_desc d = {
		.size = sizeof(d), .op = WEFT_COLL_SEND, .type = type, .root = from, .peer = to, .count = count,
		.in = in.window, .in_offset = in.offset, .out = out.window, .out_offset = out.offset,
	};

	return run(comm, &d);
}
