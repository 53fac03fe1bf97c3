/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The host as a producer and as a consumer. Its cells are stored and looked at by mapping; only to sleep, and to wake a card
 * where the process has no queue, it enters the kernel. One thread uses an end of an edge.
 */
#include <errno.h>

#include "exec.h"

static uint64_t per_sequence(const struct weft_edge *e)
{
	return (uint64_t)e->consumer[0].rate * e->consumer[0].body->q;
}

bool weft_feed_opens(const struct weft_plan *p)
{
	return p->prepared && p->cell[0].role != WEFT_ROLE_GATE;	/* gates come first */
}

int weft_feed_start(struct weft_plan *p)
{
	for (uint32_t i = 0; i < p->num_host_edges; i++) {
		struct weft_edge *e = p->host_edge[i];
		void *map = e->pointer;
		int ret = map ? 0 : weft_memory_map(p->place[e->place].memory, &map);

		if (ret)
			return ret;
		e->feed.block = (char *)map + e->offset;
		e->feed.taken = e->feed.done = 0;
		e->feed.ended = false;
	}
	return 0;
}

int weft_feed_even(const struct weft_plan *p)
{
	for (uint32_t i = 0; i < p->num_host_edges; i++) {
		const struct weft_edge *e = p->host_edge[i];

		if (!e->producer && e->feed.done != p->opened * per_sequence(e))
			return weft_fail(-EAGAIN, "plan %s: edge %s: %llu blocks committed, wanted %llu for the %llu sequences that are open",
					 p->name, e->name, (unsigned long long)e->feed.done,
					 (unsigned long long)(p->opened * per_sequence(e)), (unsigned long long)p->opened);
	}
	return 0;
}

/* One store, and at most one kick, for each card: to the value that all done tokens give, or END at it. */
static int tell(struct weft_edge *e)
{
	struct weft_plan *p = e->plan;
	int ret = 0;

	for (uint32_t i = 0; i < e->feed.num_cells; i++) {
		const struct weft_plan_cell *c = &p->cell[e->feed.cell[i]];
		int r = e->feed.ended ? weft_cell_end(weft_cell_here(p, c), c->index) :
			weft_cell_signal(weft_cell_here(p, c), c->index, p->config.cell_base + e->feed.done);

		ret = ret ? ret : r;
	}
	return ret;
}

int weft_feed_end(struct weft_plan *p)
{
	int ret = 0;

	for (uint32_t i = 0; i < p->num_host_edges && !ret; i++)
		if (!p->host_edge[i]->producer && !p->host_edge[i]->feed.ended) {
			p->host_edge[i]->feed.ended = true;
			ret = tell(p->host_edge[i]);
		}
	return ret;
}

enum end { FEEDS, PULLS, EITHER };

static int check(const struct weft_edge *e, enum end end, const char *call)
{
	int ret = weft_handle(e, WEFT_MAGIC_EDGE, call);

	if (!ret && !e->plan->loaded)
		ret = weft_fail(-EINVAL, "%s: edge %s: its plan is not loaded", call, e->name);
	if (!ret && e->flags & WEFT_EDGE_PEER)
		ret = weft_fail(-EINVAL, "%s: edge %s: another process is at its end, not the host", call, e->name);
	if (!ret && end != PULLS && e->producer && !(end == EITHER && e->flags & WEFT_EDGE_PULL))
		ret = weft_fail(-EINVAL, "%s: edge %s: body %s feeds it", call, e->name, e->producer->name);
	if (!ret && end == PULLS && !(e->flags & WEFT_EDGE_PULL))
		ret = weft_fail(-EINVAL, "%s: edge %s has no WEFT_EDGE_PULL", call, e->name);
	return ret;
}

static int check_take(const struct weft_edge *e, enum end end, uint32_t count, const void *blocks, const char *call)
{
	int ret = check(e, end, call);

	if (!ret && (!count || !blocks || count > e->depth - (e->feed.taken - e->feed.done)))
		ret = weft_fail(-EINVAL, "%s: edge %s: %u blocks of %u, of which %llu are in the caller's hands", call, e->name, count,
				e->depth, (unsigned long long)(e->feed.taken - e->feed.done));
	if (!ret && e->plan->faulted)
		ret = weft_plan_blame(e->plan, -EOWNERDEAD);
	if (!ret && e->feed.ended)
		ret = weft_fail(-EPIPE, "%s: edge %s: the host has ended it", call, e->name);
	return ret;
}

static int check_done(const struct weft_edge *e, enum end end, uint32_t count, const char *call)
{
	int ret = check(e, end, call);

	if (!ret && (!count || count > e->feed.taken - e->feed.done))
		ret = weft_fail(-EINVAL, "%s: edge %s: %u blocks; %llu are in the caller's hands", call, e->name, count,
				(unsigned long long)(e->feed.taken - e->feed.done));
	if (!ret && e->feed.ended)
		ret = weft_fail(-EPIPE, "%s: edge %s: the host has ended it", call, e->name);
	return ret;
}

/* Until so many tokens have been counted in cell @number; @count: those there are. -EAGAIN in place of -ETIME when not to sleep */
static int wait_for(struct weft_edge *e, uint32_t number, int64_t tokens, uint64_t deadline, bool sleeps, uint64_t *count)
{
	struct weft_plan *p = e->plan;
	const struct weft_plan_cell *c = &p->cell[number];
	const uint64_t now = weft_now_ns();
	struct weft_cell_state s = { 0 };
	int ret = weft_cell_wait(weft_cell_here(p, c), c->index, p->config.cell_base + (uint64_t)tokens,
				 sleeps && deadline > now ? deadline - now : 0, &s);

	*count = s.value - p->config.cell_base;
	if (ret == -ETIME) {
		ret = weft_fail(sleeps ? -ETIME : -EAGAIN, "edge %s: body %s has %s %llu blocks, wanted %lld", e->name, c->body->name,
				e->producer ? "made" : "returned", (unsigned long long)*count, (long long)tokens);
		return weft_plan_blame(p, ret);
	}
	if (ret == -EPIPE)
		return weft_fail(ret, "edge %s: body %s has ended, having %s %llu blocks; wanted %lld", e->name, c->body->name,
				 e->producer ? "made" : "returned", (unsigned long long)*count, (long long)tokens);
	return ret == -EOWNERDEAD ? weft_plan_blame(p, ret) : ret;
}

static void *block(const struct weft_edge *e, uint64_t token)
{
	return e->feed.block + token % e->depth * e->stride;
}

int weft_edge_push(struct weft_edge *edge, uint32_t count, uint64_t timeout_ns, void **blocks)
{
	const uint64_t deadline = weft_deadline_ns(timeout_ns);
	int ret = check_take(edge, FEEDS, count, blocks, __func__);
	uint64_t returned;

	for (uint32_t i = 0; !ret && i < edge->num_consumers; i++)
		ret = wait_for(edge, edge->consumer[i].consumed, (int64_t)(edge->feed.taken + count) - edge->depth, deadline,
			       timeout_ns, &returned);
	for (uint32_t i = 0; !ret && i < count; i++)
		blocks[i] = block(edge, edge->feed.taken++);
	return ret;
}

/* with lock: a sequence is open when the host has fed all of it */
static void open_fed(struct weft_plan *p)
{
	uint64_t least = UINT64_MAX;

	for (uint32_t i = 0; i < p->num_host_edges; i++)
		if (!p->host_edge[i]->producer && p->host_edge[i]->feed.done / per_sequence(p->host_edge[i]) < least)
			least = p->host_edge[i]->feed.done / per_sequence(p->host_edge[i]);
	p->opened = least;
}

int weft_edge_commit(struct weft_edge *edge, uint32_t count)
{
	struct weft_plan *p;
	int ret = check_done(edge, FEEDS, count, __func__);

	if (ret)
		return ret;
	p = edge->plan;
	pthread_mutex_lock(&p->lock);
	p->idle = false;
	edge->feed.done += count;
	if (weft_feed_opens(p))
		open_fed(p);
	ret = tell(edge);
	pthread_mutex_unlock(&p->lock);
	return ret;
}

int weft_edge_pull(struct weft_edge *edge, uint32_t count, uint64_t timeout_ns, const void **blocks)
{
	const uint64_t deadline = weft_deadline_ns(timeout_ns);
	int ret = check_take(edge, PULLS, count, blocks, __func__);
	uint64_t made;

	if (ret)
		return ret;
	ret = wait_for(edge, edge->feed.produced, (int64_t)(edge->feed.taken + count), deadline, timeout_ns, &made);
	if (ret == -EPIPE && made > edge->feed.taken) {		/* the last ones */
		count = (uint32_t)(made - edge->feed.taken);
		ret = 0;
	}
	for (uint32_t i = 0; !ret && i < count; i++)
		blocks[i] = block(edge, edge->feed.taken++);
	return ret ? ret : (int)count;
}

int weft_edge_return(struct weft_edge *edge, uint32_t count)
{
	int ret = check_done(edge, PULLS, count, __func__);

	if (ret)
		return ret;
	edge->feed.done += count;
	return tell(edge);
}

int weft_edge_finish(struct weft_edge *edge)
{
	int ret = check(edge, EITHER, __func__);

	if (ret)
		return ret;
	pthread_mutex_lock(&edge->plan->lock);
	if (!edge->feed.ended) {
		edge->feed.ended = true;
		ret = tell(edge);
	}
	pthread_mutex_unlock(&edge->plan->lock);
	return ret;
}
