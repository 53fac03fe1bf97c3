/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Communicators: queues, cells and inboxes of the members here, and those of other processes that they reach. */
#include "call.h"
#include "meet.h"
#include "times.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/core/card.h"

#define POSTS		64u

/* Where @from signals that it is at @to; one of the two may be elsewhere. */
static int cells_of(struct weft_comm *c, uint32_t to, uint32_t from)
{
	const struct weft_memory_desc desc = {
		.size = sizeof(desc), .bytes = WEFT_COMM_CELLS * WEFT_CELL_BYTES, .flags = WEFT_MEMORY_CELLS_PEER,
	};
	struct weft_comm_member *m = &c->member[to], *signaller = &c->member[from];
	int ret = weft_memory_create(m->device, &desc, &m->cells[from]);

	if (!ret)
		ret = weft_memory_map(m->cells[from], &(void *) { NULL });	/* now: after a fault it is to be looked at */
	if (!ret && weft_comm_mine(c, from))
		ret = weft_memory_import(signaller->device, m->cells[from], WEFT_ACCESS_READ | WEFT_ACCESS_SIGNAL,
					 &signaller->cells_there[to]);
	return ret;
}

static int memory_of(struct weft_comm *c, uint32_t rank)
{
	const struct weft_memory_desc done = { .size = sizeof(done), .bytes = WEFT_CELL_BYTES, .flags = WEFT_MEMORY_CELLS };
	struct weft_comm_member *m = &c->member[rank];
	int ret = weft_memory_create(m->device, &done, &m->done);

	if (!ret)
		ret = weft_memory_map(m->done, &(void *) { NULL });
	if (!ret && c->flags & WEFT_COMM_TIMES)
		ret = weft_times_init(c, rank);
	if (!ret)
		ret = weft_memory_alloc(m->device, 2 * weft_comm_inbox_bytes(c), WEFT_PLACE_LOCAL, &m->inbox);
	for (uint32_t r = 0; r < c->ranks && !ret; r++) {
		if (r == rank)
			continue;
		ret = cells_of(c, rank, r);
		if (!ret && weft_comm_mine(c, r))
			ret = weft_memory_import(c->member[r].device, m->inbox, WEFT_ACCESS_READ | WEFT_ACCESS_WRITE,
						 &c->member[r].inbox_there[rank]);
	}
	return ret;
}

/* Whoever waits for this member is told when it stops. */
static int queue_of(struct weft_comm *c, uint32_t rank)
{
	struct weft_will will[1 + WEFT_COMM_CELLS * WEFT_COLL_RANKS];
	struct weft_comm_member *m = &c->member[rank];
	char name[2 * WEFT_NAME_BYTES];
	struct weft_user_queue_config config = {
		.size = sizeof(config), .name = name, .priority = c->priority, .ring_lists = 2 * c->posts, .wills = will,
	};

	snprintf(name, sizeof(name), "%.*s/%u", (int)weft_name_cut(c->name, WEFT_NAME_BYTES - 4), c->name, rank);
	will[config.num_wills++] = (struct weft_will) { .cells = m->done, .id = rank + 1 };
	for (uint32_t r = 0; r < c->ranks; r++)
		for (uint32_t i = 0; i < WEFT_COMM_CELLS && r != rank; i++)
			will[config.num_wills++] = (struct weft_will) { .cells = m->cells_there[r], .index = i, .id = rank + 1 };
	return weft_user_queue_create(m->device, &config, &m->queue);
}

int weft_comm_stop(struct weft_comm *c)
{
	int ret = 0;

	pthread_rwlock_wrlock(&c->gate);
	for (uint32_t r = 0; r < c->ranks; r++) {
		int one = c->member[r].queue ? weft_user_queue_destroy(c->member[r].queue) : 0;

		c->member[r].queue = NULL;
		ret = ret ? ret : one;
	}
	pthread_rwlock_unlock(&c->gate);
	return ret;
}

void weft_comm_unreach(struct weft_comm *c, int *ret)
{
	for (uint32_t r = 0; r < c->ranks; r++)
		for (uint32_t s = 0; s < c->ranks; s++) {
			weft_memory_drop(&c->member[r].cells_there[s], ret);
			weft_memory_drop(&c->member[r].inbox_there[s], ret);
		}
}

int weft_comm_free(struct weft_comm *c)
{
	int ret = weft_comm_stop(c);

	weft_comm_unreach(c, &ret);
	for (uint32_t r = 0; r < c->ranks; r++) {
		for (uint32_t s = 0; s < c->ranks; s++)
			weft_memory_drop(&c->member[r].cells[s], &ret);
		weft_memory_drop(&c->member[r].inbox, &ret);
		weft_memory_drop(&c->member[r].done, &ret);
		weft_memory_drop(&c->member[r].times, &ret);
	}
	weft_comm_table_close(c);
	weft_mesh_fini(&c->mesh);
	weft_board_fini(&c->board);
	pthread_mutex_destroy(&c->lock);
	pthread_mutex_destroy(&c->together);
	pthread_rwlock_destroy(&c->gate);
	c->magic = 0;
	free(c);
	return ret;
}

static int check_member(struct weft_device *d, uint32_t rank, const char *call)
{
	static const char *const needed[] = { "lr", "cells", "cell_lists", "loop", "reduce", "system_scope" };
	int ret = weft_handle(d, WEFT_MAGIC_DEVICE, call);

	if (ret)
		return ret;
	if (weft_backend(d) != &weft_backend_card)
		return weft_fail(-EOPNOTSUPP, "%s: member %u is no card but of kind %s", call, rank, d->kind->name);
	return weft_device_needs(d, needed, sizeof(needed) / sizeof(needed[0]), call);
}

/* Cards of this process: member @rank[i] is @device[i]; without @rank, i. */
static int check(struct weft_device *const *device, const uint32_t *rank, uint32_t count, struct weft_comm_config *config,
		 const char *call)
{
	for (uint32_t i = 0; i < count; i++) {
		int ret = check_member(device[i], rank ? rank[i] : i, call);

		if (ret)
			return ret;
		for (uint32_t k = 0; k < i; k++)
			if (device[k] == device[i] || device[k]->index == device[i]->index)
				return weft_fail(-EINVAL, "%s: members %u and %u are the same card", call, rank ? rank[k] : k, rank ? rank[i] : i);
	}
	config->slot_bytes = config->slot_bytes ? config->slot_bytes : WEFT_COLL_SLOT_BYTES;
	config->posts = config->posts ? config->posts : POSTS;
	if (config->slot_bytes < 256 || config->slot_bytes > 1u << 24 || config->slot_bytes % 64 || config->posts < 8 ||
	    config->posts > 4096 || (config->posts & (config->posts - 1)) || config->priority > WEFT_PRIORITY_LOW ||
	    config->flags & ~(uint32_t)WEFT_COMM_TIMES || config->pad)
		return weft_fail(-EINVAL, "%s: slot_bytes %u, posts %u, priority %u, flags %#x", call, config->slot_bytes, config->posts,
				 config->priority, config->flags);
	return 0;
}

/* Of cards that are elsewhere their numbers are known: all are of one machine. */
static int topology_of(struct weft_comm *c, const struct weft_coll_topology *topology, const char *call)
{
	uint32_t card[WEFT_COLL_RANKS];

	for (uint32_t r = 0; r < c->ranks; r++)
		card[r] = c->member[r].card;
	return weft_topology_of(topology, card, c->ranks, &c->topology, call);
}

struct weft_comm *weft_comm_new(uint32_t ranks, const struct weft_comm_config *config)
{
	const char *name = config->name ? config->name : "comm";
	struct weft_comm *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->magic = WEFT_MAGIC_COMM;
	c->ranks = ranks;
	c->slot_bytes = config->slot_bytes;
	c->posts = config->posts;
	c->priority = config->priority;
	c->flags = config->flags;
	c->table = -1;
	pthread_mutex_init(&c->lock, NULL);
	pthread_mutex_init(&c->together, NULL);
	pthread_rwlock_init(&c->gate, NULL);
	snprintf(c->name, sizeof(c->name), "%.*s", (int)weft_name_cut(name, WEFT_NAME_BYTES - 1), name);
	for (uint32_t r = 0; r < ranks; r++)
		c->member[r].old_rank = r;
	weft_mesh_alone(&c->mesh, c->name, ranks);
	c->board.fd = -1;
	for (uint32_t p = 0; p < WEFT_COLL_RANKS; p++)
		c->board.there[p] = -1;
	return c;
}

int weft_comm_build(struct weft_comm *c)
{
	int ret = weft_board_init(&c->board);

	for (uint32_t r = 0; r < c->ranks && !ret; r++)
		if (weft_comm_mine(c, r))
			ret = memory_of(c, r);
	ret = weft_share_members(c, ret);
	for (uint32_t r = 0; r < c->ranks && !ret; r++)
		if (weft_comm_mine(c, r))
			ret = queue_of(c, r);
	ret = weft_share_agree(c, ret);
	if (!ret)
		weft_comm_table_open(c);
	return ret;
}

static int undo(struct weft_comm *c, int ret, const char *call)
{
	struct weft_kept_error kept;

	weft_error_keep(&kept);
	weft_comm_free(c);
	return weft_fail_kept(ret, call, &kept);
}

static int take_config(struct weft_comm_config *to, const struct weft_comm_config *from, const char *call)
{
	*to = (struct weft_comm_config) { .size = sizeof(*to) };
	return from ? weft_take(to, sizeof(*to), from, offsetof(struct weft_comm_config, topology), call) : 0;
}

int weft_comm_create(struct weft_device *const *members, uint32_t count, const struct weft_comm_config *config,
		     struct weft_comm **comm)
{
	struct weft_comm_config given;
	struct weft_comm *c;
	int ret = weft_ready(&weft_library, __func__);

	if (!ret)
		ret = take_config(&given, config, __func__);
	if (!ret && (!members || !count || count > WEFT_COLL_RANKS || !comm))
		ret = weft_fail(-EINVAL, "weft_comm_create: %u members, 1 to %u are possible", count, WEFT_COLL_RANKS);
	if (!ret)
		ret = check(members, NULL, count, &given, __func__);
	if (ret)
		return ret;
	c = weft_comm_new(count, &given);
	if (!c)
		return weft_fail(-ENOMEM, "communicator");
	c->mine = (1u << count) - 1;
	for (uint32_t r = 0; r < count; r++) {
		c->member[r].device = members[r];
		c->member[r].card = members[r]->index;
	}
	ret = topology_of(c, given.topology, __func__);
	if (!ret)
		ret = weft_comm_build(c);
	if (ret)
		return undo(c, ret, __func__);
	*comm = c;
	return 0;
}

static int check_meeting(const struct weft_comm_meeting *m)
{
	uint32_t seen = 0;

	if (!m->path || !m->timeout_ns || m->pad || m->members < 2 || m->members > WEFT_COLL_RANKS || !m->count || m->count >= m->members ||
	    !m->devices || !m->ranks)
		return weft_fail(-EINVAL, "weft_comm_join: %u of %u members, 2 to %u of which some are elsewhere are possible; a path and a "
				 "time are needed", m->count, m->members, WEFT_COLL_RANKS);
	for (uint32_t i = 0; i < m->count; i++) {
		if (m->ranks[i] >= m->members || seen >> m->ranks[i])
			return weft_fail(-EINVAL, "weft_comm_join: member %u of %u; ranks ascend", m->ranks[i], m->members);
		seen |= 1u << m->ranks[i];
	}
	return 0;
}

int weft_comm_join(const struct weft_comm_meeting *meeting, const struct weft_comm_config *config, struct weft_comm **comm)
{
	struct weft_comm_meeting m;
	struct weft_comm_config given;
	struct weft_meet meet = { 0 };
	struct weft_comm *c;
	int ret = weft_ready(&weft_library, __func__);

	if (!ret)
		ret = weft_take(&m, sizeof(m), meeting, sizeof(m), __func__);
	if (!ret)
		ret = take_config(&given, config, __func__);
	if (!ret && !comm)
		ret = weft_fail(-EINVAL, "weft_comm_join: no place");
	if (!ret)
		ret = check_meeting(&m);
	if (!ret)
		ret = check(m.devices, m.ranks, m.count, &given, __func__);
	if (ret)
		return ret;
	c = weft_comm_new(m.members, &given);
	if (!c)
		return weft_fail(-ENOMEM, "communicator");
	meet = (struct weft_meet) { .path = m.path, .count = m.count, .slot_bytes = given.slot_bytes, .posts = given.posts };
	for (uint32_t i = 0; i < m.count; i++) {
		c->mine |= 1u << m.ranks[i];
		c->member[m.ranks[i]].device = m.devices[i];
		meet.rank[i] = (uint8_t)m.ranks[i];
		meet.card[i] = m.devices[i]->index;
	}
	weft_mesh_begin(&c->mesh, m.timeout_ns);
	ret = weft_meet(&c->mesh, &meet);
	for (uint32_t r = 0; r < c->ranks; r++)
		c->member[r].card = meet.card[r];
	if (!ret)
		ret = topology_of(c, given.topology, __func__);
	if (!ret)
		ret = weft_comm_build(c);
	if (ret)
		return undo(c, ret, __func__);
	*comm = c;
	return 0;
}

int weft_comm_destroy(struct weft_comm *comm)
{
	int ret = weft_handle(comm, WEFT_MAGIC_COMM, __func__);
	uint32_t children;

	if (ret)
		return ret;
	weft_coll_forget(comm, NULL);
	pthread_mutex_lock(&comm->lock);
	children = comm->children;
	pthread_mutex_unlock(&comm->lock);
	return children ? weft_fail(-EINVAL, "communicator %s: %u windows and calls are left", comm->name, children) :
	       weft_comm_free(comm);
}
