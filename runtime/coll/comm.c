/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Communicators of cards of this process: queues, cells and inboxes. */
#include "comm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/core/card.h"

#define POSTS		64u

static int cells_of(struct weft_comm *c, uint32_t to, uint32_t from)
{
	const struct weft_memory_desc desc = {
		.size = sizeof(desc), .bytes = WEFT_COMM_CELLS * WEFT_CELL_BYTES, .flags = WEFT_MEMORY_CELLS_PEER,
	};
	struct weft_comm_member *m = &c->member[to], *signaller = &c->member[from];
	int ret = weft_memory_create(m->device, &desc, &m->cells[from]);

	if (!ret)
		ret = weft_memory_map(m->cells[from], &(void *) { NULL });	/* now: after a fault it is to be looked at */
	return ret ? ret : weft_memory_import(signaller->device, m->cells[from], WEFT_ACCESS_READ | WEFT_ACCESS_SIGNAL,
					      &signaller->cells_there[to]);
}

static int memory_of(struct weft_comm *c, uint32_t rank)
{
	const struct weft_memory_desc done = { .size = sizeof(done), .bytes = WEFT_CELL_BYTES, .flags = WEFT_MEMORY_CELLS };
	struct weft_comm_member *m = &c->member[rank];
	int ret = weft_memory_create(m->device, &done, &m->done);

	if (!ret)
		ret = weft_memory_map(m->done, &(void *) { NULL });
	if (!ret)
		ret = weft_memory_alloc(m->device, 2 * weft_comm_inbox_bytes(c), WEFT_PLACE_LOCAL, &m->inbox);
	for (uint32_t r = 0; r < c->ranks && !ret; r++) {
		if (r == rank)
			continue;
		ret = cells_of(c, rank, r);
		if (!ret)
			ret = weft_memory_import(c->member[r].device, m->inbox, WEFT_ACCESS_READ | WEFT_ACCESS_WRITE,
						 &c->member[r].inbox_there[rank]);
	}
	return ret;
}

/* Whoever waits for this member is told when it stops. */
static int queue_of(struct weft_comm *c, uint32_t rank, uint32_t priority)
{
	struct weft_will will[1 + WEFT_COMM_CELLS * WEFT_COLL_RANKS];
	struct weft_comm_member *m = &c->member[rank];
	char name[2 * WEFT_NAME_BYTES];
	struct weft_user_queue_config config = {
		.size = sizeof(config), .name = name, .priority = priority, .ring_lists = 2 * c->posts, .wills = will,
	};

	snprintf(name, sizeof(name), "%.*s/%u", (int)weft_name_cut(c->name, WEFT_NAME_BYTES - 4), c->name, rank);
	will[config.num_wills++] = (struct weft_will) { .cells = m->done, .id = rank + 1 };
	for (uint32_t r = 0; r < c->ranks; r++)
		for (uint32_t i = 0; i < WEFT_COMM_CELLS && r != rank; i++)
			will[config.num_wills++] = (struct weft_will) { .cells = m->cells_there[r], .index = i, .id = rank + 1 };
	return weft_user_queue_create(m->device, &config, &m->queue);
}

static void drop(struct weft_memory **m, int *ret)
{
	int r = *m ? weft_memory_destroy(*m) : 0;

	*ret = *ret ? *ret : r;
	*m = NULL;
}

static int release(struct weft_comm *c)
{
	int ret = 0;

	for (uint32_t r = 0; r < c->ranks; r++) {
		int one = c->member[r].queue ? weft_user_queue_destroy(c->member[r].queue) : 0;

		ret = ret ? ret : one;
	}
	for (uint32_t r = 0; r < c->ranks; r++)
		for (uint32_t s = 0; s < c->ranks; s++) {
			drop(&c->member[r].cells_there[s], &ret);
			drop(&c->member[r].inbox_there[s], &ret);
		}
	for (uint32_t r = 0; r < c->ranks; r++) {
		for (uint32_t s = 0; s < c->ranks; s++)
			drop(&c->member[r].cells[s], &ret);
		drop(&c->member[r].inbox, &ret);
		drop(&c->member[r].done, &ret);
	}
	pthread_mutex_destroy(&c->lock);
	c->magic = 0;
	free(c);
	return ret;
}

static int check_member(struct weft_device *d, uint32_t rank)
{
	static const char *const needed[] = { "lr", "cells", "cell_lists", "loop", "reduce", "system_scope" };
	int ret = weft_handle(d, WEFT_MAGIC_DEVICE, "weft_comm_create");

	if (ret)
		return ret;
	if (weft_backend(d) != &weft_backend_card)
		return weft_fail(-EOPNOTSUPP, "weft_comm_create: member %u is no card but of kind %s", rank, d->kind->name);
	return weft_device_needs(d, needed, sizeof(needed) / sizeof(needed[0]), "weft_comm_create");
}

static int check(struct weft_device *const *members, uint32_t count, struct weft_comm_config *config, struct weft_comm **comm)
{
	if (!members || !count || count > WEFT_COLL_RANKS || !comm)
		return weft_fail(-EINVAL, "weft_comm_create: %u members, 1 to %u are possible", count, WEFT_COLL_RANKS);
	for (uint32_t i = 0; i < count; i++) {
		int ret = check_member(members[i], i);

		if (ret)
			return ret;
		for (uint32_t k = 0; k < i; k++)
			if (members[k] == members[i] || members[k]->index == members[i]->index)
				return weft_fail(-EINVAL, "weft_comm_create: members %u and %u are the same card", k, i);
	}
	config->slot_bytes = config->slot_bytes ? config->slot_bytes : WEFT_COLL_SLOT_BYTES;
	config->posts = config->posts ? config->posts : POSTS;
	if (config->slot_bytes < 256 || config->slot_bytes > 1u << 24 || config->slot_bytes % 64 || config->posts < 8 ||
	    config->posts > 4096 || (config->posts & (config->posts - 1)) || config->priority > WEFT_PRIORITY_LOW)
		return weft_fail(-EINVAL, "weft_comm_create: slot_bytes %u, posts %u, priority %u", config->slot_bytes, config->posts,
				 config->priority);
	return 0;
}

static int topology_of(struct weft_comm *c, const struct weft_coll_topology *topology)
{
	uint32_t card[WEFT_COLL_RANKS];

	for (uint32_t r = 0; r < c->ranks; r++)
		card[r] = c->member[r].device->index;
	return weft_topology_of(topology, card, c->ranks, &c->topology, "weft_comm_create");
}

int weft_comm_create(struct weft_device *const *members, uint32_t count, const struct weft_comm_config *config,
		     struct weft_comm **comm)
{
	struct weft_comm_config given = { .size = sizeof(given) };
	struct weft_comm *c;
	int ret = weft_ready(&weft_library, __func__);

	if (!ret && config)
		ret = weft_take(&given, sizeof(given), config, offsetof(struct weft_comm_config, topology), __func__);
	if (!ret)
		ret = check(members, count, &given, comm);
	if (ret)
		return ret;
	c = calloc(1, sizeof(*c));
	if (!c)
		return weft_fail(-ENOMEM, "communicator");
	c->magic = WEFT_MAGIC_COMM;
	c->ranks = count;
	c->slot_bytes = given.slot_bytes;
	c->posts = given.posts;
	pthread_mutex_init(&c->lock, NULL);
	snprintf(c->name, sizeof(c->name), "%.*s", (int)weft_name_cut(given.name ? given.name : "comm", WEFT_NAME_BYTES - 1),
		 given.name ? given.name : "comm");
	for (uint32_t r = 0; r < count; r++)
		c->member[r].device = members[r];
	ret = topology_of(c, given.topology);
	for (uint32_t r = 0; r < count && !ret; r++)
		ret = memory_of(c, r);
	for (uint32_t r = 0; r < count && !ret; r++)
		ret = queue_of(c, r, given.priority);
	if (ret) {
		char text[256];

		snprintf(text, sizeof(text), "%s", weft_last_error());	/* what is undone must not hide why */
		release(c);
		return weft_fail(ret, "weft_comm_create: %s", text);
	}
	*comm = c;
	return 0;
}

int weft_comm_destroy(struct weft_comm *comm)
{
	int ret = weft_handle(comm, WEFT_MAGIC_COMM, __func__);
	uint32_t children;

	if (ret)
		return ret;
	pthread_mutex_lock(&comm->lock);
	children = comm->children;
	pthread_mutex_unlock(&comm->lock);
	return children ? weft_fail(-EINVAL, "communicator %s: %u windows and calls are left", comm->name, children) : release(comm);
}
